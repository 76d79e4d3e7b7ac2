//! A light HTTP/1.1 client: one kept connection, prepared request bytes, no parsing beyond what ends an answer.
//!
//! It exists because the load generator shares two cores with what it measures. Scope: answers with
//! `Content-Length` or chunked bodies, from a server on loopback.

use std::io::{Read, Write};
use std::time::Duration;

use anyhow::{Context, ensure};

/// The socket under the load generator.
#[expect(
    clippy::disallowed_types,
    reason = "the load generator is a client and needs the lightest one there is"
)]
type Socket = std::net::TcpStream;

/// How long one answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request as the bytes that go over the wire.
#[derive(Clone)]
pub(crate) struct Prepared {
    /// Host and port to connect to.
    pub(crate) authority: String,
    bytes: Vec<u8>,
}

impl Prepared {
    /// Prepares a request to an `http://` URL. `Content-Length` is added, and `Host` unless the headers hold one.
    pub(crate) fn new(
        method: &str,
        url: &str,
        headers: &[(String, String)],
        body: &[u8],
    ) -> anyhow::Result<Self> {
        let rest = url.strip_prefix("http://").with_context(|| format!("{url} is not an http URL"))?;
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        let mut head = format!("{method} /{path} HTTP/1.1\r\n");
        if !headers.iter().any(|(name, _)| name == "host") {
            head.extend(["host: ", authority, "\r\n"]);
        }
        head.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        Ok(Self { authority: authority.to_owned(), bytes })
    }
}

/// One kept connection.
pub(crate) struct Connection {
    socket: Socket,
    received: Vec<u8>,
}

/// A complete answer, borrowed from the connection.
pub(crate) struct Answer<'a> {
    /// Status code.
    pub(crate) status: u16,
    /// Body as sent, chunk framing included.
    pub(crate) body: &'a [u8],
}

impl Connection {
    /// Connects to host and port.
    pub(crate) fn open(authority: &str) -> anyhow::Result<Self> {
        #[expect(
            clippy::disallowed_types,
            reason = "the load generator is a client and needs the lightest one there is"
        )]
        let socket = std::net::TcpStream::connect(authority);
        let socket = socket.with_context(|| format!("no server listens at {authority}"))?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { socket, received: Vec::with_capacity(64 * 1024) })
    }

    /// Sends the request and waits for the whole answer.
    pub(crate) fn call(&mut self, request: &Prepared) -> anyhow::Result<Answer<'_>> {
        self.received.clear();
        self.socket.write_all(&request.bytes)?;
        let head = loop {
            if let Some(head) = Head::parse(&self.received)? {
                break head;
            }
            self.read_more()?;
        };
        while !head.is_complete(&self.received) {
            self.read_more()?;
        }
        Ok(Answer { status: head.status, body: self.received.get(head.length..).unwrap_or_default() })
    }

    fn read_more(&mut self) -> anyhow::Result<()> {
        let mut block = [0_u8; 16 * 1024];
        let count = self.socket.read(&mut block).context("the server did not answer in time")?;
        ensure!(count > 0, "the server closed the connection");
        self.received.extend_from_slice(block.get(..count).unwrap_or_default());
        Ok(())
    }
}

/// What the head of an answer says about its end.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    length: usize,
    body: Body,
}

#[derive(Debug, PartialEq, Eq)]
enum Body {
    Chunked,
    Length(usize),
}

impl Head {
    /// The head, once its empty line has arrived.
    fn parse(received: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(received.get(..end).unwrap_or_default())?;
        let mut lines = text.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok());
        let mut body = Body::Length(0);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            if name.eq_ignore_ascii_case("content-length") {
                body = Body::Length(value.trim().parse()?);
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                body = Body::Chunked;
            }
        }
        Ok(Some(Self { status: status.context("an answer without a status")?, length: end + 4, body }))
    }

    fn is_complete(&self, received: &[u8]) -> bool {
        match self.body {
            Body::Chunked => received.ends_with(b"0\r\n\r\n"),
            Body::Length(body) => received.len() >= self.length + body,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_carries_host_and_length() {
        let headers = [("accept".to_owned(), "a/b".to_owned())];
        let request = Prepared::new("POST", "http://127.0.0.1:1/mcp?x=1", &headers, b"{}").unwrap();
        assert_eq!(request.authority, "127.0.0.1:1");
        let text = String::from_utf8(request.bytes).unwrap();
        assert_eq!(
            text,
            "POST /mcp?x=1 HTTP/1.1\r\nhost: 127.0.0.1:1\r\ncontent-length: 2\r\naccept: a/b\r\n\r\n{}"
        );
        assert!(Prepared::new("GET", "https://a/", &[], b"").is_err());
    }

    #[test]
    fn a_given_host_replaces_the_one_of_the_url() {
        let headers = [("host".to_owned(), "edge:2".to_owned())];
        let request = Prepared::new("GET", "http://127.0.0.1:1/", &headers, b"").unwrap();
        assert_eq!(request.bytes, b"GET / HTTP/1.1\r\ncontent-length: 0\r\nhost: edge:2\r\n\r\n");
    }

    #[test]
    fn an_answer_ends_where_its_head_says() {
        let head = Head::parse(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{").unwrap().unwrap();
        assert_eq!((head.status, &head.body), (200, &Body::Length(2)));
        assert!(!head.is_complete(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{"));
        assert!(head.is_complete(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"));
        let chunked = Head::parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap().unwrap();
        assert!(chunked.is_complete(b"...2\r\n{}\r\n0\r\n\r\n"));
        assert!(Head::parse(b"HTTP/1.1 200 OK\r\n").unwrap().is_none());
    }

    /// A server that takes one connection, answers each request head with the next text, then closes.
    fn server(answers: &'static [&'static str]) -> String {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let authority = listener.local_addr().unwrap().to_string();
        std::thread::spawn(move || {
            let (mut socket, _) = listener.accept().unwrap();
            let mut block = [0_u8; 1024];
            for answer in answers {
                assert!(socket.read(&mut block).unwrap() > 0);
                socket.write_all(answer.as_bytes()).unwrap();
            }
        });
        authority
    }

    #[test]
    fn a_connection_is_kept_between_answers_and_a_closed_one_is_an_error() {
        let authority = server(&[
            "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
            "HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n",
        ]);
        let request = Prepared::new("GET", &format!("http://{authority}/a"), &[], b"").unwrap();
        let mut connection = Connection::open(&authority).unwrap();
        let first = connection.call(&request).unwrap();
        assert_eq!((first.status, first.body), (200, b"{}".as_slice()));
        assert_eq!(connection.call(&request).unwrap().status, 429);
        assert!(connection.call(&request).is_err());
    }
}
