//! One fetch: GET without credentials, bounded in time and size, nothing but 200 and JSON.

use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, Request, StatusCode};
use m365_ports::{Bounds, Network, Outbound, OutboundError};

use super::{DocumentRefusal, DocumentUrl};

const BOUNDS: Bounds = Bounds {
    network: Network::PublicInternet,
    timeout: Duration::from_secs(5),
    // What the draft recommends.
    max_response_bytes: 5 * 1024,
};
/// A document is fresh for no longer, whatever its host says.
const LONGEST_FRESH: Duration = Duration::from_mins(10);
/// And for no shorter, so that its host cannot make us ask for it with every request.
const SHORTEST_FRESH: Duration = Duration::from_mins(1);

/// A document as it came.
pub(super) struct Fetched {
    pub(super) body: Bytes,
    /// How long it is fresh.
    pub(super) fresh: Duration,
}

pub(super) async fn document(outbound: &dyn Outbound, url: &DocumentUrl) -> Result<Fetched, DocumentRefusal> {
    let request = Request::get(url.id.as_str())
        .header(ACCEPT, "application/json")
        .body(Bytes::new())
        .map_err(|_| DocumentRefusal::Url)?;
    let response = outbound.send(request, BOUNDS).await.map_err(|error| match error {
        OutboundError::Connect | OutboundError::Protocol => DocumentRefusal::Unreachable,
        OutboundError::Destination => DocumentRefusal::Host,
        OutboundError::Timeout => DocumentRefusal::Timeout,
        OutboundError::TooLarge => DocumentRefusal::TooLarge,
    })?;
    if response.status() != StatusCode::OK {
        return Err(DocumentRefusal::Status);
    }
    if !is_json(response.headers()) {
        return Err(DocumentRefusal::ContentType);
    }
    let fresh = fresh_for(response.headers());
    Ok(Fetched { body: response.into_body(), fresh })
}

/// `application/json`, or a type with the suffix `+json` (RFC 6839 section 3.1).
fn is_json(headers: &HeaderMap) -> bool {
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let (Some(kind), None) = (types.next(), types.next()) else { return false };
    let kind =
        kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind.strip_prefix("application/").is_some_and(|subtype| subtype == "json" || subtype.ends_with("+json"))
}

/// From `Cache-Control` (RFC 9111 section 5.2.2), within our own limits.
fn fresh_for(headers: &HeaderMap) -> Duration {
    let directives = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let seconds = directives.flat_map(|value| value.split(',')).filter_map(|directive| {
        let directive = directive.trim().to_ascii_lowercase();
        match directive.split_once('=') {
            Some(("max-age", age)) => Some(age.trim_matches('"').parse().unwrap_or(0)),
            _ => matches!(directive.as_str(), "no-cache" | "no-store").then_some(0),
        }
    });
    let asked = seconds.min().map_or(LONGEST_FRESH, Duration::from_secs);
    asked.clamp(SHORTEST_FRESH, LONGEST_FRESH)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &http::HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn json_is_told_by_the_one_content_type() {
        for kind in ["application/json", "Application/JSON; charset=utf-8", "application/oauth-client+json"] {
            assert!(is_json(&headers(&CONTENT_TYPE, &[kind])), "{kind}");
        }
        for kinds in [
            &[][..],
            &["text/html"],
            &["text/json"],
            &["application/jsonp"],
            &["application/json", "text/html"],
            &["text/html; x=application/json"],
            &[""],
        ] {
            assert!(!is_json(&headers(&CONTENT_TYPE, kinds)), "{kinds:?}");
        }
    }

    #[test]
    fn a_document_is_fresh_as_long_as_it_says_between_one_minute_and_ten() {
        for (control, seconds) in [
            (&[][..], 600),
            (&["public"], 600),
            (&["max-age=120"], 120),
            (&["public, Max-Age=\"120\""], 120),
            (&["max-age=31536000"], 600),
            (&["max-age=1"], 60),
            (&["max-age=x"], 60),
            (&["max-age=300", "no-store"], 60),
            (&["no-cache"], 60),
        ] {
            assert_eq!(fresh_for(&headers(&CACHE_CONTROL, control)).as_secs(), seconds, "{control:?}");
        }
    }
}
