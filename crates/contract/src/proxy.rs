//! A reverse proxy in front of a running site that breaks one thing: what a broken deployment looks like from outside.
//! Or that adds a credential to every request, for a client that has no place for one.
//!
//! It speaks HTTP/1.1, one request per connection, and stands in for the edge under its own address: every mention of
//! the edge becomes its own on the way out, and the other way round on the way in; so does the team domain, whose keys
//! it passes on. Invariant: without a fault, what stands behind cannot be told from the site itself.

use std::io::{BufRead as _, BufReader, BufWriter, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result, bail};
use url::Url;

use crate::http::{Answer, Request};
use crate::site::Site;

/// Path of the team domain's keys, which the proxy passes on to the sandbox.
pub const KEYS: &str = "/cdn-cgi/access/certs";
/// Longest line of a head, and longest body, in bytes.
const MOST: u64 = 4 * 1024 * 1024;
/// Fields that are about one connection.
const HOP_BY_HOP: [&str; 4] = ["connection", "content-length", "keep-alive", "transfer-encoding"];

/// Names and values of headers.
pub type Headers = Vec<(String, String)>;

/// A request on its way to the site.
#[derive(Clone, Debug)]
pub struct Inbound {
    /// Method.
    pub method: String,
    /// Path and query.
    pub target: String,
    /// Headers, names in lower case.
    pub headers: Headers,
    /// Body.
    pub body: Vec<u8>,
}

/// An answer on its way to the client.
#[derive(Clone, Debug)]
pub struct Outbound {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Headers,
    /// Body.
    pub body: Vec<u8>,
}

/// What is broken.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Changes the request, or answers in place of the site.
    pub request: fn(&mut Inbound, &Behind) -> Option<Outbound>,
    /// Changes the answer.
    pub answer: fn(&Inbound, &mut Outbound),
}

/// Nothing is broken.
pub const FAITHFUL: Fault = Fault { request: |_, _| None, answer: |_, _| {} };

/// What stands behind the proxy.
#[derive(Clone, Debug)]
pub struct Behind {
    /// Host and port of the edge.
    pub edge: String,
    /// Host and port of the sandbox.
    pub sandbox: String,
}

/// A running proxy; it ends when it is dropped.
#[derive(Debug)]
pub struct Proxy {
    /// Its address, in place of the edge's.
    pub url: Url,
    targets: Arc<Mutex<Vec<String>>>,
    stop: Arc<AtomicBool>,
    accepting: Option<JoinHandle<()>>,
}

impl Proxy {
    /// Starts a proxy in front of the site.
    ///
    /// # Errors
    /// Where no port is free.
    pub fn start(site: &Site, fault: Fault) -> Result<Self> {
        Self::begin(site, fault, Headers::new())
    }

    /// Starts a proxy in front of the site that adds these headers to every request and breaks nothing.
    ///
    /// # Errors
    /// As [`Proxy::start`].
    pub fn adding(site: &Site, headers: Headers) -> Result<Self> {
        Self::begin(site, FAITHFUL, headers)
    }

    fn begin(site: &Site, fault: Fault, added: Headers) -> Result<Self> {
        let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        let authority = listener.local_addr()?.to_string();
        let url = Url::parse(&format!("http://{authority}/"))?;
        let behind =
            Behind { edge: site.mcp.authority().to_owned(), sandbox: site.sandbox.authority().to_owned() };
        let (targets, stop) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let way = Arc::new(Way { authority, behind, fault, added, targets: Arc::clone(&targets) });
        let stopped = Arc::clone(&stop);
        let accepting = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    return;
                }
                let (Ok(stream), way) = (stream, Arc::clone(&way)) else { continue };
                // A client that goes away has nothing to be told.
                thread::spawn(move || way.serve(&stream, &stream).ok());
            }
        });
        Ok(Self { url, targets, stop, accepting: Some(accepting) })
    }

    /// Paths and queries asked for so far.
    #[must_use]
    pub fn targets(&self) -> Vec<String> {
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for the next connection.
        Request::get(&self.url).send().ok();
        if let Some(accepting) = self.accepting.take() {
            accepting.join().ok();
        }
    }
}

/// The way of one request through the proxy.
struct Way {
    authority: String,
    behind: Behind,
    fault: Fault,
    /// Headers that go with every request to the site.
    added: Headers,
    targets: Arc<Mutex<Vec<String>>>,
}

impl Way {
    fn serve(&self, from: impl Read, to: impl Write) -> Result<()> {
        let mut request = Inbound::read(from)?;
        self.targets.lock().unwrap_or_else(PoisonError::into_inner).push(request.target.clone());
        let names = [(self.authority.as_str(), self.behind.edge.as_str())];
        request.target = renamed(&request.target, &names);
        rename(&mut request.headers, &mut request.body, &names);
        let mut answer = match (self.fault.request)(&mut request, &self.behind) {
            Some(answer) => answer,
            None => self.forward(&request)?,
        };
        let own = self.authority.as_str();
        let names = [(self.behind.edge.as_str(), own), (self.behind.sandbox.as_str(), own)];
        rename(&mut answer.headers, &mut answer.body, &names);
        (self.fault.answer)(&request, &mut answer);
        answer.write(BufWriter::new(to))
    }

    fn forward(&self, request: &Inbound) -> Result<Outbound> {
        let keys = request.target == KEYS;
        let authority = if keys { &self.behind.sandbox } else { &self.behind.edge };
        let mut onward = Request::new(&request.method, format!("http://{authority}{}", request.target));
        for (name, value) in request.headers.iter().chain(&self.added) {
            // Only the edge knows itself by the name that was asked for.
            let stays = HOP_BY_HOP.contains(&name.as_str()) || (keys && name == "host");
            if !stays {
                onward = onward.header(name, value);
            }
        }
        if !request.body.is_empty() {
            onward = onward.bytes(request.body.clone());
        }
        Ok(Outbound::of(&onward.send()?))
    }
}

impl Inbound {
    /// A header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// The path without the query.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// Whether it is this method and path.
    #[must_use]
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path() == path
    }

    /// Whether the body holds this text.
    #[must_use]
    pub fn says(&self, text: &str) -> bool {
        String::from_utf8_lossy(&self.body).contains(text)
    }

    fn read(stream: impl Read) -> Result<Self> {
        let mut reader = BufReader::new(stream.take(2 * MOST));
        let mut line = || -> Result<String> {
            let mut line = String::new();
            reader.read_line(&mut line)?;
            Ok(line.trim_end().to_owned())
        };
        let first = line()?;
        let [method, target, _] = first.split(' ').collect::<Vec<_>>()[..] else {
            bail!("not a request: {first}")
        };
        let mut headers = Headers::new();
        loop {
            let line = line()?;
            let Some((name, value)) = line.split_once(':') else { break };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let (method, target) = (method.to_owned(), target.to_owned());
        let mut request = Self { method, target, headers, body: Vec::new() };
        let length: u64 = request.header("content-length").unwrap_or("0").parse().context("a length")?;
        reader.take(length.min(MOST)).read_to_end(&mut request.body)?;
        Ok(request)
    }
}

impl Outbound {
    /// An answer of this status, type and body.
    #[must_use]
    pub fn new(status: u16, kind: &str, body: &str) -> Self {
        let headers = vec![("content-type".to_owned(), kind.to_owned())];
        Self { status, headers, body: body.as_bytes().to_vec() }
    }

    /// Removes a header.
    pub fn drop_header(&mut self, name: &str) {
        self.headers.retain(|(known, _)| known != name);
    }

    /// Puts a header in place of all of its name.
    pub fn set_header(&mut self, name: &str, value: &str) {
        self.drop_header(name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// Replaces a text in every header of this name.
    pub fn change_header(&mut self, name: &str, from: &str, to: &str) {
        for (_, value) in self.headers.iter_mut().filter(|(known, _)| known == name) {
            *value = value.replace(from, to);
        }
    }

    /// Replaces a text in the body.
    pub fn change_body(&mut self, from: &str, to: &str) {
        self.body = String::from_utf8_lossy(&self.body).replace(from, to).into_bytes();
    }

    fn of(answer: &Answer) -> Self {
        let headers = answer.all_headers().iter().filter(|(name, _)| !HOP_BY_HOP.contains(&name.as_str()));
        Self { status: answer.status, headers: headers.cloned().collect(), body: answer.body.clone() }
    }

    fn write(&self, mut to: impl Write) -> Result<()> {
        write!(to, "HTTP/1.1 {} -\r\nconnection: close\r\n", self.status)?;
        for (name, value) in &self.headers {
            write!(to, "{name}: {value}\r\n")?;
        }
        if self.status != 204 && self.status != 304 {
            write!(to, "content-length: {}\r\n", self.body.len())?;
        }
        to.write_all(b"\r\n")?;
        to.write_all(&self.body)?;
        Ok(to.flush()?)
    }
}

fn rename(headers: &mut Headers, body: &mut Vec<u8>, names: &[(&str, &str)]) {
    for (_, value) in headers {
        *value = renamed(value, names);
    }
    if let Ok(text) = std::str::from_utf8(body) {
        *body = renamed(text, names).into_bytes();
    }
}

/// Replaces each name by its other, also where the colon is percent-encoded.
fn renamed(text: &str, names: &[(&str, &str)]) -> String {
    names.iter().fold(text.to_owned(), |text, (from, to)| {
        text.replace(from, to).replace(&from.replace(':', "%3A"), &to.replace(':', "%3A"))
    })
}
