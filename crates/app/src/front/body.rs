//! Reading a body within the limits of its row.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::future::{Either, select};
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, TRANSFER_ENCODING};
use http::{HeaderMap, Method};
use http_body_util::BodyExt as _;

use super::{Arrival, BODY_TIMEOUT, Front};
use crate::errors;
use crate::respond::Failure;
use crate::routes::Content;

/// How much of a body that is too long is read and thrown away before the connection is given up.
const DISCARDED_BYTES: usize = 8 * 1024 * 1024;

impl Front {
    /// The whole body: no longer than the row allows, within [`BODY_TIMEOUT`], of the row's content type.
    pub(super) async fn read_body(&self, arrival: &Arrival, body: Body) -> Result<Bytes, Failure> {
        let (route, headers) = (arrival.route, &arrival.head.headers);
        if route.content == Content::None || arrival.head.method == Method::GET {
            return Ok(Bytes::new());
        }
        check_content(headers, route.content)?;
        let arrived = Box::pin(collect(body, route.body_cap));
        match select(arrived, self.core.ports.timer.sleep(BODY_TIMEOUT)).await {
            Either::Left((result, _)) => result,
            Either::Right(((), _)) => Err(Failure::of(&errors::TIMEOUT)),
        }
    }
}

/// Reads to the end, keeping at most `cap` bytes. What is too long is read on and thrown away up to a bound: a
/// sender that is still writing would otherwise see a broken connection instead of the answer.
async fn collect(mut body: Body, cap: usize) -> Result<Bytes, Failure> {
    let (mut kept, mut seen) = (BytesMut::new(), 0_usize);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Err(Failure::of(&errors::REQUEST_MALFORMED)) };
        let Ok(data) = frame.into_data() else { continue };
        seen = seen.saturating_add(data.len());
        if seen <= cap {
            kept.extend_from_slice(&data);
        } else if seen > cap.saturating_add(DISCARDED_BYTES) {
            break;
        }
    }
    if seen > cap { Err(Failure::of(&errors::BODY_TOO_LARGE)) } else { Ok(kept.freeze()) }
}

fn is_chunked(coding: &http::HeaderValue) -> bool {
    coding.to_str().is_ok_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}

fn check_content(headers: &HeaderMap, content: Content) -> Result<(), Failure> {
    // A transfer coding beside `chunked` is compression too (RFC 9112 section 7.2).
    let encoded = headers.get_all(CONTENT_ENCODING).iter().any(|coding| coding != "identity");
    if encoded || headers.get_all(TRANSFER_ENCODING).iter().any(|coding| !is_chunked(coding)) {
        return Err(Failure::of(&errors::CONTENT_TYPE)
            .saying("Compressed bodies are not accepted; send the body as it is."));
    }
    let wanted = match content {
        Content::Any | Content::None => return Ok(()),
        Content::Form => "application/x-www-form-urlencoded",
        Content::Json => "application/json",
    };
    let essence = |value: &http::HeaderValue| {
        let text = value.to_str().unwrap_or_default();
        text.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(wanted)
    };
    if headers.get(CONTENT_TYPE).is_some_and(essence) {
        return Ok(());
    }
    Err(Failure::of(&errors::CONTENT_TYPE).saying(format!("This address takes {wanted}.")))
}
