//! A site at another origin of this computer: where a client's redirect leads, or where an attacker's page lies.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use anyhow::Result;
use url::Url;

use crate::http::Request;

const LANDED: &str =
    "<!doctype html><html lang=en><title>Landed</title><h1>The application has your answer</h1>";

/// The site. It serves one page at `/page`, and says at every other address that the browser has landed.
#[derive(Debug)]
pub struct Elsewhere {
    address: SocketAddr,
    ended: Arc<AtomicBool>,
    server: Option<JoinHandle<()>>,
}

impl Elsewhere {
    /// Serves this page at a port of its own.
    ///
    /// # Errors
    /// Where there is no port.
    pub fn serving(page: &str) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let (address, ended) = (listener.local_addr()?, Arc::new(AtomicBool::new(false)));
        let (page, over) = (page.to_owned(), ended.clone());
        let server = thread::spawn(move || {
            for mut visitor in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                // A browser that hangs up has seen enough.
                answer(&mut visitor, &page).ok();
            }
        });
        Ok(Self { address, ended, server: Some(server) })
    }

    /// An address there.
    ///
    /// # Errors
    /// Where the path is not one.
    pub fn at(&self, path: &str) -> Result<Url> {
        Ok(Url::parse(&format!("http://{}{path}", self.address))?)
    }
}

impl Drop for Elsewhere {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // One more visitor, so that the server looks up.
        Request::get(format!("http://{}/", self.address)).send().ok();
        if let Some(server) = self.server.take() {
            server.join().ok();
        }
    }
}

fn answer(visitor: &mut (impl Read + Write), page: &str) -> Result<()> {
    let mut lines = BufReader::new(&mut *visitor).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    drop(lines);
    let body = if request.starts_with("GET /page ") { page } else { LANDED };
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/html; charset=utf-8\r\nconnection: close";
    write!(visitor, "{head}\r\ncontent-length: {length}\r\n\r\n{body}")?;
    Ok(())
}
