//! An answer that comes piece by piece: what a call says on its way, then its result, as server-sent events.
//!
//! Source: HTML, "Server-sent events"; MCP, Streamable HTTP, "Sending Messages to the Server" of each revision.
//!
//! Invariants: whoever drops the body drops the call that feeds it; every message before the result is written before
//! it; a call that says nothing on its way is answered as plain JSON, with its status.

use std::collections::VecDeque;
use std::convert::Infallible;

use bytes::Bytes;
use futures_channel::mpsc::UnboundedReceiver;
use futures_util::future::{BoxFuture, Either, select};
use futures_util::stream::{self, Stream, StreamExt as _};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, StreamBody};

use crate::reply::Reply;

/// The body of an answer: whole, or as it comes.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A body that is here.
#[must_use]
pub fn whole(body: Bytes) -> Body {
    Full::new(body).boxed_unsync()
}

/// One message as an event (HTML, "Parsing an event stream"). JSON has no line breaks outside its texts, and none
/// unescaped within.
#[must_use]
pub fn event(message: &[u8]) -> Bytes {
    let mut event = Vec::with_capacity(message.len() + 24);
    event.extend_from_slice(b"event: message\ndata: ");
    event.extend_from_slice(message);
    event.extend_from_slice(b"\n\n");
    event.into()
}

/// A call under way, and what it says.
pub(crate) struct Underway {
    pub(crate) call: BoxFuture<'static, Option<Reply>>,
    pub(crate) inbox: UnboundedReceiver<Vec<u8>>,
}

/// How the answer begins.
pub(crate) enum Beginning {
    /// The call ended without saying anything before.
    Ended(Option<Reply>),
    /// It has said something.
    Said(Body),
}

impl Underway {
    /// Waits until the call ends or says something.
    pub(crate) async fn begin(mut self) -> Beginning {
        match select(self.inbox.next(), &mut self.call).await {
            Either::Left((Some(first), _)) => Beginning::Said(events(self.rest(VecDeque::from([first])))),
            Either::Left((None, _)) => Beginning::Ended(self.call.await),
            Either::Right((reply, _)) => {
                let mut said = self.said();
                if said.is_empty() {
                    return Beginning::Ended(reply);
                }
                said.extend(reply.map(|reply| reply.body));
                Beginning::Said(events(stream::iter(said)))
            }
        }
    }

    /// What the call says, and last what it answers.
    pub(crate) fn messages(self) -> impl Stream<Item = Vec<u8>> + Send {
        self.rest(VecDeque::new())
    }

    fn rest(self, said: VecDeque<Vec<u8>>) -> impl Stream<Item = Vec<u8>> + Send {
        stream::unfold((said, Some(self)), |(mut said, underway)| async move {
            if let Some(message) = said.pop_front() {
                return Some((message, (said, underway)));
            }
            let mut underway = underway?;
            match select(underway.inbox.next(), &mut underway.call).await {
                Either::Left((Some(message), _)) => Some((message, (said, Some(underway)))),
                // The call holds the other end until it is over.
                Either::Left((None, _)) => {
                    let reply = underway.call.await?;
                    Some((reply.body, (said, None)))
                }
                Either::Right((reply, _)) => {
                    said.extend(underway.said());
                    said.extend(reply.map(|reply| reply.body));
                    said.pop_front().map(|message| (message, (said, None)))
                }
            }
        })
    }

    /// What was said and not yet taken.
    fn said(&mut self) -> VecDeque<Vec<u8>> {
        std::iter::from_fn(|| self.inbox.try_recv().ok()).collect()
    }
}

fn events(messages: impl Stream<Item = Vec<u8>> + Send + 'static) -> Body {
    StreamBody::new(messages.map(|message| Ok(Frame::data(event(&message))))).boxed_unsync()
}
