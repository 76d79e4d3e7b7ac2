//! Streams of the transport of 2024-11-05: a GET keeps one open, and messages posted beside it are answered in it.
//!
//! Source: MCP 2024-11-05, "HTTP with SSE"; HTML, "Server-sent events".
//!
//! In scope: ids, whose a stream is, how many there may be, how long an idle one lives. Out of scope: what the messages
//! mean. Invariants: an id is 32 random bytes and opens nothing outside the cell and the grant it was made for; a person
//! has at most [`MAX_STREAMS`]; a stream ends with its grant, with its token's life, when it was idle for [`IDLE`], when
//! its reader leaves or reads too slowly; nothing is kept of it afterwards.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_channel::mpsc::{UnboundedReceiver, UnboundedSender, unbounded};
use futures_util::StreamExt as _;
use futures_util::future::{Either, select};
use futures_util::stream::{Stream, unfold};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use m365_mcp::{Body, ClientCapabilities, event};
use m365_ports::{Clock, Timer};
use m365_types::{ClientId, GrantId, UnixMillis};

use super::keep_alive::COMMENT;

/// Streams of one person at a time; another one closes the oldest.
const MAX_STREAMS: usize = 8;
/// A stream into which nothing was posted for so long ends.
const IDLE: Duration = Duration::from_mins(15);
/// A comment this often keeps what stands between from closing the connection, and finds out whether anybody reads.
const KEEP_ALIVE_EVERY: Duration = Duration::from_secs(15);
/// Bytes that may wait for a reader; a slower one is cut off.
const MAX_UNREAD_BYTES: usize = 4 << 20;

/// The open streams of one cell, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    open: Mutex<Vec<Arc<OpenStream>>>,
}

/// Whose a stream is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct StreamOwner {
    pub(crate) client: Option<ClientId>,
    pub(crate) grant: Option<GrantId>,
}

/// One open stream.
#[derive(Debug)]
pub(crate) struct OpenStream {
    pub(crate) id: String,
    owner: StreamOwner,
    life: Mutex<Life>,
    declared: Mutex<ClientCapabilities>,
    sender: UnboundedSender<Bytes>,
    unread: AtomicUsize,
}

#[derive(Clone, Copy, Debug)]
struct Life {
    used: UnixMillis,
    /// When the newest token used with it ends.
    expires: UnixMillis,
}

impl Streams {
    /// Opens a stream: its body, whose first event says where messages are to be posted.
    pub(crate) fn open(
        self: &Arc<Self>,
        owner: StreamOwner,
        random: [u8; 32],
        (now, expires): (UnixMillis, UnixMillis),
        ports: (Arc<dyn Clock>, Arc<dyn Timer>),
    ) -> Body {
        let (sender, receiver) = unbounded();
        let stream = Arc::new(OpenStream {
            id: URL_SAFE_NO_PAD.encode(random),
            owner,
            life: Mutex::new(Life { used: now, expires }),
            declared: Mutex::default(),
            sender,
            unread: AtomicUsize::new(0),
        });
        let endpoint = format!("event: endpoint\ndata: /messages?sessionId={}\n\n", stream.id);
        stream.push(endpoint.into());
        self.keep(|stream| stream.is_alive(now));
        {
            let mut open = self.lock();
            open.push(stream.clone());
            let surplus = open.len().saturating_sub(MAX_STREAMS);
            open.drain(..surplus).for_each(|oldest| oldest.close());
        }
        let reader = Reader { of: self.clone(), stream, receiver, ports };
        StreamBody::new(reader.frames()).boxed_unsync()
    }

    /// The stream of that id, where it is this owner's and still open. Asking counts as use.
    /// A stream lives as long as the newest token that was used with it.
    pub(crate) fn find(
        &self,
        id: &str,
        owner: &StreamOwner,
        now: UnixMillis,
        expires: UnixMillis,
    ) -> Option<Arc<OpenStream>> {
        let stream = self.lock().iter().find(|stream| stream.id == id && stream.owner == *owner).cloned()?;
        if stream.is_alive(now) {
            stream.use_until(now, expires);
            return Some(stream);
        }
        self.forget(id);
        None
    }

    /// Ends every stream, or those of one client.
    pub(crate) fn end(&self, client: Option<&ClientId>) {
        self.retain(|owner| client.is_some_and(|client| owner.client.as_ref() != Some(client)));
    }

    /// Ends the streams of whoever is not kept.
    pub(crate) fn retain(&self, keep: impl Fn(&StreamOwner) -> bool) {
        self.keep(|stream| keep(&stream.owner));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn forget(&self, id: &str) {
        self.keep(|stream| stream.id != id);
    }

    fn keep(&self, keep: impl Fn(&OpenStream) -> bool) {
        self.lock().retain(|stream| {
            let kept = keep(stream);
            if !kept {
                stream.close();
            }
            kept
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Arc<OpenStream>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl OpenStream {
    /// Puts a message into the stream. What comes after its end is lost, as its reader is.
    pub(crate) fn say(&self, message: &[u8]) {
        self.push(event(message));
    }

    /// What the client declared when it initialized in this stream.
    pub(crate) fn declared(&self) -> ClientCapabilities {
        *self.declared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn declare(&self, declared: ClientCapabilities) {
        *self.declared.lock().unwrap_or_else(PoisonError::into_inner) = declared;
    }

    fn push(&self, event: Bytes) {
        let length = event.len();
        if self.unread.fetch_add(length, Ordering::Relaxed).saturating_add(length) > MAX_UNREAD_BYTES {
            return self.close();
        }
        // Whoever is gone needs no news.
        drop(self.sender.unbounded_send(event));
    }

    fn close(&self) {
        self.sender.close_channel();
    }

    fn is_alive(&self, now: UnixMillis) -> bool {
        let life = *self.life.lock().unwrap_or_else(PoisonError::into_inner);
        !self.sender.is_closed() && now < life.expires && now.since(life.used) < IDLE
    }

    fn use_until(&self, now: UnixMillis, expires: UnixMillis) {
        let mut life = self.life.lock().unwrap_or_else(PoisonError::into_inner);
        *life = Life { used: now, expires: life.expires.max(expires) };
    }
}

/// The reading end.
struct Reader {
    of: Arc<Streams>,
    stream: Arc<OpenStream>,
    receiver: UnboundedReceiver<Bytes>,
    ports: (Arc<dyn Clock>, Arc<dyn Timer>),
}

impl Reader {
    fn frames(self) -> impl Stream<Item = Result<Frame<Bytes>, Infallible>> + Send {
        unfold(self, |mut reader| async move {
            let event = reader.next().await?;
            Some((Ok(Frame::data(event)), reader))
        })
    }

    /// The next event, or a comment where there is none for a while; nothing once the stream is over.
    async fn next(&mut self) -> Option<Bytes> {
        let (clock, timer) = &self.ports;
        match select(self.receiver.next(), timer.sleep(KEEP_ALIVE_EVERY)).await {
            Either::Left((event, _)) => {
                let event = event?;
                self.stream.unread.fetch_sub(event.len(), Ordering::Relaxed);
                Some(event)
            }
            Either::Right(((), _)) => self.stream.is_alive(clock.now()).then(|| Bytes::from_static(COMMENT)),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.of.forget(&self.stream.id);
    }
}

#[cfg(test)]
#[path = "streams_tests.rs"]
mod tests;
