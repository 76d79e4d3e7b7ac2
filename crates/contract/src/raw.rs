//! Bytes on a socket, for requests no HTTP client would send and answers none would read.
#![expect(
    clippy::disallowed_types,
    reason = "malformed HTTP can only be written to a raw socket; the suite is a client"
)]

use std::io::{self, Read, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use url::Url;

use crate::http::Answer;
use crate::site::Site;

/// Sends the bytes and reads until the server closes; the answer is empty where it closed without one.
///
/// # Errors
/// Where there is no connection, or the server neither answers nor closes within the time limit.
pub fn exchange(base: &Url, bytes: &[u8], limit: Duration) -> Result<Vec<u8>> {
    let mut stream = connect(base, limit)?;
    // A server that refuses early may close before it has read everything; its answer still counts.
    let written = stream.write_all(bytes);
    let mut received = Vec::new();
    let read = stream.read_to_end(&mut received);
    if received.is_empty() && read.as_ref().is_err_and(is_silence) {
        bail!("the server neither answered nor closed within {limit:?}");
    }
    drop(written);
    Ok(received)
}

/// Sends the bytes, waits as `until` says, and closes without reading an answer.
///
/// # Errors
/// Where there is no connection, and what `until` says.
pub fn send_after(base: &Url, bytes: &[u8], until: impl FnOnce() -> Result<()>) -> Result<()> {
    let mut stream = connect(base, Duration::from_secs(10))?;
    stream.write_all(bytes)?;
    until()?;
    stream.shutdown(Shutdown::Both)?;
    Ok(())
}

/// A connection whose answer is read as it comes. It is closed when it is dropped.
#[derive(Debug)]
pub struct Connection(TcpStream);

impl Connection {
    /// Sends the bytes; a read then waits no longer than this.
    ///
    /// # Errors
    /// Where there is no connection.
    pub fn open(base: &Url, bytes: &[u8], limit: Duration) -> Result<Self> {
        let mut stream = connect(base, limit)?;
        stream.write_all(bytes)?;
        Ok(Self(stream))
    }
}

impl Read for Connection {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

/// Connections on which nothing has been said.
#[derive(Debug)]
pub struct Silent(Vec<TcpStream>);

impl Silent {
    /// How many.
    #[must_use]
    pub const fn count(&self) -> usize {
        self.0.len()
    }
}

/// Opens so many connections, says the same beginning of a request on each, and holds them.
///
/// # Errors
/// Where one cannot be opened.
pub fn hold(base: &Url, count: usize, beginning: &[u8]) -> Result<Silent> {
    let mut held = Vec::new();
    for _ in 0..count {
        let mut stream = connect(base, Duration::from_secs(10))?;
        // One that is refused at once may be closed already.
        drop(stream.write_all(beginning));
        held.push(stream);
    }
    Ok(Silent(held))
}

/// Sends a beginning and then a drop of more about once a second, until the server closes; what it answered.
///
/// # Errors
/// Where there is no connection, or the server still listens after so many drops.
pub fn trickle(base: &Url, beginning: &[u8], drop_of_more: &[u8], drops: usize) -> Result<Vec<u8>> {
    let mut stream = connect(base, Duration::from_secs(1))?;
    stream.write_all(beginning)?;
    let mut received = Vec::new();
    for _ in 0..drops {
        let mut part = [0; 4096];
        match stream.read(&mut part) {
            Ok(0) => return Ok(received),
            Ok(read) => received.extend_from_slice(part.get(..read).unwrap_or_default()),
            Err(error) if is_silence(&error) => {}
            Err(_) => return Ok(received),
        }
        // What was closed in between is seen by the next read.
        drop(stream.write_all(drop_of_more));
    }
    bail!(
        "the server still listens after {drops} drops; it answered {:?}",
        String::from_utf8_lossy(&received)
    )
}

/// As [`exchange`], for one request with `Connection: close`, read as an answer.
///
/// # Errors
/// As [`exchange`], and where the answer is not HTTP.
pub fn request(base: &Url, head: &str, body: &[u8]) -> Result<Answer> {
    let mut bytes = head.replace('\n', "\r\n").into_bytes();
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes.extend_from_slice(body);
    let asked = format!("RAW {base} {}", head.lines().next().unwrap_or_default());
    parse(asked, &exchange(base, &bytes, Duration::from_mins(1))?)
}

/// A POST of a body with its length, straight to the origin under the edge's name: no proxy in between can answer
/// for it.
///
/// # Errors
/// As [`request`].
pub fn post(site: &Site, path: &str, headers: &str, body: &[u8]) -> Result<Answer> {
    let host = site.mcp.authority();
    let length = body.len();
    let head =
        format!("POST {path} HTTP/1.1\nHost: {host}\n{headers}\nContent-Length: {length}\nConnection: close");
    request(&site.origin, &head, body)
}

fn is_silence(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

fn connect(base: &Url, limit: Duration) -> Result<TcpStream> {
    let address =
        base.socket_addrs(|| None)?.into_iter().next().with_context(|| format!("no address in {base}"))?;
    let stream = TcpStream::connect_timeout(&address, limit)?;
    stream.set_read_timeout(Some(limit))?;
    stream.set_write_timeout(Some(limit))?;
    Ok(stream)
}

fn parse(asked: String, bytes: &[u8]) -> Result<Answer> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let (head, body) = match end {
        Some(end) => (bytes.get(..end).unwrap_or_default(), bytes.get(end + 4..).unwrap_or_default()),
        None => bail!("not an HTTP answer to {asked}: {:?}", String::from_utf8_lossy(bytes)),
    };
    let head = String::from_utf8_lossy(head);
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
    let headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let status = status.with_context(|| format!("no status line in the answer to {asked}: {head}"))?;
    Ok(Answer::new(asked, status, headers, body.to_vec()))
}
