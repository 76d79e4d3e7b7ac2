//! Reading a body within the limits of its row.

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderMap, Method};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};

use super::{Arrival, BODY_TIMEOUT, Front};
use crate::errors;
use crate::respond::Failure;
use crate::routes::Content;

impl Front {
    /// The whole body: no longer than the row allows, within [`BODY_TIMEOUT`], of the row's content type.
    pub(super) async fn read_body(&self, arrival: &Arrival, body: Body) -> Result<Bytes, Failure> {
        let (route, headers) = (arrival.route, &arrival.head.headers);
        if route.content == Content::None || arrival.head.method == Method::GET {
            return Ok(Bytes::new());
        }
        check_content(headers, route.content)?;
        if declared_length(headers).is_some_and(|length| length > route.body_cap as u64) {
            return Err(Failure::of(&errors::BODY_TOO_LARGE));
        }
        let limited = Box::pin(Limited::new(body, route.body_cap).collect());
        match select(limited, self.core.ports.timer.sleep(BODY_TIMEOUT)).await {
            Either::Left((Ok(collected), _)) => Ok(collected.to_bytes()),
            Either::Left((Err(error), _)) if error.is::<LengthLimitError>() => {
                Err(Failure::of(&errors::BODY_TOO_LARGE))
            }
            Either::Left((Err(_), _)) => Err(Failure::of(&errors::REQUEST_MALFORMED)),
            Either::Right(((), _)) => Err(Failure::of(&errors::TIMEOUT)),
        }
    }
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn check_content(headers: &HeaderMap, content: Content) -> Result<(), Failure> {
    if headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding != "identity") {
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
