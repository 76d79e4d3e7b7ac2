//! Event streams, read as they come: the answer to a POST that reports on its way, and the stream of an HTTP+SSE session.
//!
//! Source: HTML, "Server-sent events"; RFC 9112 sections 6 and 7. Invariants: nothing waits without end; a stream that is
//! dropped closes its connection, as a client that leaves does.

use std::io::{self, BufRead as _, BufReader, Read};
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::Value;

use crate::http::{Answer, Request};
use crate::raw::Connection;

/// How long the next bytes may take: longer than the time between two signs of life.
const BYTES_WITHIN: Duration = Duration::from_secs(45);
/// Signs of life that may come instead of an event.
const MOST_COMMENTS: usize = 8;
/// Longest line of a head or of an event, in bytes.
const MOST_LINE: u64 = 8 * 1024 * 1024;

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its type; `message` where none is given.
    pub kind: String,
    /// Its data.
    pub data: String,
}

/// What came next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Next {
    Event(Event),
    Comment,
    End,
}

/// An answer that is read as it comes.
#[derive(Debug)]
pub struct Events {
    /// Status and headers; the body as well, where it is not an event stream.
    pub answer: Answer,
    stream: Option<BufReader<Body>>,
}

impl Events {
    /// Sends the request and reads the head of the answer.
    ///
    /// # Errors
    /// Where there is no HTTP answer.
    pub fn open(request: &Request) -> Result<Self> {
        let (url, bytes) = request.on_the_wire()?;
        let mut from = BufReader::new(Connection::open(&url, &bytes, BYTES_WITHIN)?);
        let asked = request.to_string();
        let (status, headers) = head(&mut from).with_context(|| format!("no answer to {asked}"))?;
        let mut answer = Answer::new(asked, status, headers, Vec::new());
        let mut body = Body::of(from, &answer)?;
        let kind = answer.header("content-type").unwrap_or_default();
        if status == 200 && kind.starts_with("text/event-stream") {
            return Ok(Self { answer, stream: Some(BufReader::new(body)) });
        }
        body.read_to_end(&mut answer.body)?;
        Ok(Self { answer, stream: None })
    }

    /// Whether it is an event stream.
    #[must_use]
    pub const fn is_stream(&self) -> bool {
        self.stream.is_some()
    }

    /// The next event; none where the stream has ended.
    ///
    /// # Errors
    /// Where it is no event stream, or nothing comes.
    pub fn event(&mut self) -> Result<Option<Event>> {
        for _ in 0..MOST_COMMENTS {
            match self.next()? {
                Next::Event(event) => return Ok(Some(event)),
                Next::End => return Ok(None),
                Next::Comment => {}
            }
        }
        bail!("nothing but comments: {}", self.answer)
    }

    /// The next message.
    ///
    /// # Errors
    /// As [`Events::event`], and where the stream ends or the event is something else.
    pub fn message(&mut self) -> Result<Value> {
        let event = self.event()?.with_context(|| format!("the stream ended: {}", self.answer))?;
        ensure!(event.kind == "message", "not a message: {event:?}");
        serde_json::from_str(&event.data).with_context(|| event.data.clone())
    }

    /// Every message until the stream ends.
    ///
    /// # Errors
    /// As [`Events::message`].
    pub fn messages(&mut self) -> Result<Vec<Value>> {
        let mut messages = Vec::new();
        while let Some(event) = self.event()? {
            ensure!(event.kind == "message", "not a message: {event:?}");
            messages.push(serde_json::from_str(&event.data).with_context(|| event.data.clone())?);
        }
        Ok(messages)
    }

    /// Waits for a sign of life before the next event.
    ///
    /// # Errors
    /// Where something else comes, or nothing.
    pub fn sign_of_life(&mut self) -> Result<()> {
        let next = self.next()?;
        ensure!(next == Next::Comment, "not a comment: {next:?}");
        Ok(())
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// Where an event comes, or nothing.
    pub fn ended(&mut self) -> Result<()> {
        let event = self.event()?;
        ensure!(event.is_none(), "the stream goes on: {event:?}");
        Ok(())
    }

    fn next(&mut self) -> Result<Next> {
        let stream = self.stream.as_mut().with_context(|| format!("no event stream: {}", self.answer))?;
        let mut event = Event { kind: "message".to_owned(), data: String::new() };
        let mut has_data = false;
        loop {
            let Some(line) = line(stream).with_context(|| self.answer.to_string())? else {
                return Ok(Next::End);
            };
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "" if line.is_empty() && has_data => return Ok(Next::Event(event)),
                "" if line.is_empty() => {}
                "" => return Ok(Next::Comment),
                "event" => value.clone_into(&mut event.kind),
                "data" => {
                    if has_data {
                        event.data.push('\n');
                    }
                    event.data.push_str(value);
                    has_data = true;
                }
                _ => {}
            }
        }
    }
}

/// The body of an answer, as RFC 9112 section 6.3 frames it.
#[derive(Debug)]
struct Body {
    from: BufReader<Connection>,
    framing: Framing,
}

#[derive(Debug)]
enum Framing {
    /// Until the connection is closed, or so many bytes.
    Plain(u64),
    /// In chunks: what is left of this one.
    Chunks(u64),
    /// The last chunk has come.
    Over,
}

impl Body {
    fn of(from: BufReader<Connection>, answer: &Answer) -> Result<Self> {
        let chunked = answer.header("transfer-encoding").is_some_and(|coding| coding == "chunked");
        let length = answer.header("content-length").map(str::parse).transpose()?;
        let framing = if chunked { Framing::Chunks(0) } else { Framing::Plain(length.unwrap_or(u64::MAX)) };
        Ok(Self { from, framing })
    }

    /// The size of the next chunk.
    fn next_chunk(&mut self) -> io::Result<u64> {
        let size = line(&mut self.from)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        let size = size.split(';').next().unwrap_or_default().trim();
        u64::from_str_radix(size, 16).map_err(io::Error::other)
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if matches!(self.framing, Framing::Chunks(0)) {
            let size = self.next_chunk()?;
            self.framing = if size == 0 { Framing::Over } else { Framing::Chunks(size) };
        }
        let (Framing::Plain(left) | Framing::Chunks(left)) = &mut self.framing else { return Ok(0) };
        let read = (&mut self.from).take(*left).read(buffer)?;
        *left = left.saturating_sub(read as u64);
        if matches!(self.framing, Framing::Chunks(0)) {
            // Each chunk ends with a line end of its own.
            line(&mut self.from)?;
        }
        Ok(read)
    }
}

/// Status and headers, names in lower case.
fn head(from: &mut BufReader<Connection>) -> Result<(u16, Vec<(String, String)>)> {
    let first = line(from)?.context("the server closed")?;
    let status = first.split(' ').nth(1).and_then(|code| code.parse().ok());
    let status = status.with_context(|| format!("not a status line: {first}"))?;
    let mut headers = Vec::new();
    while let Some(line) = line(from)?.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').with_context(|| format!("not a header: {line}"))?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok((status, headers))
}

/// A line without its end; none where the sender has closed, cleanly or not.
fn line(from: &mut impl io::BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    match from.take(MOST_LINE).read_until(b'\n', &mut line) {
        Err(error) if !is_closed(&error) => return Err(error),
        _ if line.is_empty() => return Ok(None),
        _ => {}
    }
    let line = String::from_utf8(line).map_err(io::Error::other)?;
    Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
}

fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionAborted | ConnectionReset | UnexpectedEof)
}
