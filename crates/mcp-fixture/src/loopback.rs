//! Whether a request was meant for this machine: the names in `Host` and `Origin`.
//!
//! Source: MCP 2025-11-25, Streamable HTTP, "Security Warning". A page elsewhere can have its own name resolve to the
//! loopback address, but not make a browser send another name.

use http::{HeaderMap, header, uri::Authority};

const NAMES: [&str; 3] = ["localhost", "127.0.0.1", "[::1]"];

/// Whether every name that the request says it is for, and comes from, is one of this machine.
pub(crate) fn is_meant(headers: &HeaderMap) -> bool {
    let host = headers.get(header::HOST).and_then(|value| value.to_str().ok());
    let mut origins = headers.get_all(header::ORIGIN).iter();
    host.is_some_and(is_ours) && origins.all(|value| value.to_str().is_ok_and(is_our_origin))
}

fn is_our_origin(origin: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| origin.strip_prefix(scheme).is_some_and(is_ours))
}

fn is_ours(authority: &str) -> bool {
    !authority.contains('@') && authority.parse::<Authority>().is_ok_and(|name| NAMES.contains(&name.host()))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn requests_for_and_from_other_names_are_not_meant_for_this_machine() {
        let table = [
            (Some("localhost:8080"), None, true),
            (Some("127.0.0.1:8080"), Some("http://127.0.0.1:8080"), true),
            (Some("[::1]"), Some("http://localhost:3000"), true),
            (None, None, false),
            (Some("evil.example.com"), None, false),
            (Some("localhost.evil.example.com"), None, false),
            (Some("localhost@evil.example.com"), None, false),
            (Some("evil.example.com@localhost"), None, false),
            (Some("localhost"), Some("http://evil.example.com"), false),
            (Some("localhost"), Some("null"), false),
            (Some("localhost"), Some("localhost"), false),
            (Some("evil.example.com"), Some("http://localhost"), false),
        ];
        for (host, origin, expected) in table {
            let mut headers = HeaderMap::new();
            for (name, value) in [(header::HOST, host), (header::ORIGIN, origin)] {
                if let Some(value) = value {
                    headers.insert(name, HeaderValue::from_static(value));
                }
            }
            assert_eq!(is_meant(&headers), expected, "{host:?} {origin:?}");
        }
    }
}
