//! Comments in a stream that is silent for a while: what stands between keeps the connection open, and a reader who has
//! left is noticed by the first comment that reaches nobody.
//!
//! Source: HTML, "Server-sent events", authoring notes.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::stream::unfold;
use http::Response;
use http::header::CONTENT_TYPE;
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use m365_mcp::Body;
use m365_ports::Timer;

/// The comment.
pub(super) const COMMENT: &[u8] = b": still here\n\n";
/// Silence in the answer to a call. Short, since in 2026-07-28 leaving cancels: until it is noticed, work goes on.
const SILENCE: Duration = Duration::from_secs(5);

/// The answer, kept alive if it is an event stream.
pub(super) fn kept_alive(answer: Response<Body>, timer: Arc<dyn Timer>) -> Response<Body> {
    if answer.headers().get(CONTENT_TYPE).is_none_or(|kind| kind != "text/event-stream") {
        return answer;
    }
    answer.map(|body| {
        let frames = unfold((body, timer), |(mut body, timer)| async move {
            let frame = match select(body.frame(), timer.sleep(SILENCE)).await {
                Either::Left((frame, _)) => frame?,
                Either::Right(((), _)) => Ok(Frame::data(Bytes::from_static(COMMENT))),
            };
            Some((frame, (body, timer)))
        });
        StreamBody::new(frames).boxed_unsync()
    })
}
