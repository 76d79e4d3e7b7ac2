//! What the HTTP headers of a request must say, before and beside its body.
//!
//! Source: RFC 9110 sections 5.3, 5.5, 8.3 and 12.5.1; MCP 2026-07-28, Streamable HTTP, "Request Metadata" and
//! "Server Validation".
//!
//! Invariant: a header that decides anything must be there exactly once; a second copy is never ignored, because
//! another reader on the way might have taken that one.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};

use crate::refusal::ProtocolRefusal;
use crate::revision::VersionHeader;

const PROTOCOL_VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const MCP_METHOD: HeaderName = HeaderName::from_static("mcp-method");
/// The header that names a session, in answers and in requests.
pub(crate) const SESSION_ID: HeaderName = HeaderName::from_static("mcp-session-id");
const MCP_NAME: HeaderName = HeaderName::from_static("mcp-name");

/// The request headers that [`crate::handle`] reads. Whoever forwards a request must keep all their copies.
pub const REQUEST_HEADERS: [HeaderName; 6] =
    [header::ACCEPT, header::CONTENT_TYPE, PROTOCOL_VERSION, MCP_METHOD, MCP_NAME, SESSION_ID];

/// Revisions are dates of ten characters; the value is echoed in an error, so its length is bounded.
pub(crate) const MAX_VERSION_BYTES: usize = 64;

/// Admits only a POST of JSON whose sender takes JSON back.
pub(crate) fn admit(method: &Method, headers: &HeaderMap) -> Result<(), ProtocolRefusal> {
    if method != Method::POST {
        Err(ProtocolRefusal::MethodNotAllowed)
    } else if !is_json(headers) {
        Err(ProtocolRefusal::UnsupportedMediaType)
    } else if !accepts_json(headers) {
        Err(ProtocolRefusal::NotAcceptable)
    } else {
        Ok(())
    }
}

/// The revision header.
pub(crate) fn version(headers: &HeaderMap) -> VersionHeader<'_> {
    match only(headers, &PROTOCOL_VERSION) {
        Ok(None) => VersionHeader::Absent,
        Ok(Some(text)) if !text.is_empty() && text.len() <= MAX_VERSION_BYTES => VersionHeader::Named(text),
        Ok(Some(_)) | Err(Unusable) => VersionHeader::Unusable,
    }
}

/// The session id, where exactly one is named.
pub(crate) fn session(headers: &HeaderMap) -> Option<&str> {
    only(headers, &SESSION_ID).ok().flatten()
}

/// Whether the sender names event streams among what it takes. A wildcard does not count: probes send it.
pub(crate) fn accepts_events(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|range| essence(range).eq_ignore_ascii_case("text/event-stream") && !is_weightless(range))
}

/// Requires `Mcp-Method` to repeat the method of the body.
pub(crate) fn agree_on_method(headers: &HeaderMap, method: &str) -> Result<(), ProtocolRefusal> {
    match only(headers, &MCP_METHOD) {
        Ok(Some(text)) if text == method => Ok(()),
        _ => Err(ProtocolRefusal::MethodHeader),
    }
}

/// Requires `Mcp-Name` to repeat the tool name or resource URI of the body, as it stands or in the Base64 form.
pub(crate) fn agree_on_name(headers: &HeaderMap, name: &str) -> Result<(), ProtocolRefusal> {
    let agrees = match only(headers, &MCP_NAME) {
        Ok(Some(text)) => match text.strip_prefix("=?base64?").and_then(|rest| rest.strip_suffix("?=")) {
            Some(encoded) => BASE64_STANDARD.decode(encoded).is_ok_and(|bytes| bytes == name.as_bytes()),
            None => text == name,
        },
        Ok(None) | Err(Unusable) => false,
    };
    if agrees { Ok(()) } else { Err(ProtocolRefusal::NameHeader) }
}

struct Unusable;

/// The value of a header that may be there once, as visible ASCII without surrounding white space.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, Unusable> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    if values.next().is_some() {
        return Err(Unusable);
    }
    first.map(|value| value.to_str().map(trim).map_err(|_| Unusable)).transpose()
}

fn is_json(headers: &HeaderMap) -> bool {
    only(headers, &header::CONTENT_TYPE)
        .is_ok_and(|value| value.is_some_and(|text| essence(text).eq_ignore_ascii_case("application/json")))
}

/// RFC 9110 section 12.5.1: the most specific range that fits decides; weight zero means "not acceptable".
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    values
        .filter_map(|value| HeaderValue::to_str(value).ok())
        .flat_map(|value| value.split(','))
        .filter_map(|range| specificity(essence(range)).map(|rank| (rank, !is_weightless(range))))
        .max()
        .is_some_and(|(_, wanted)| wanted)
}

fn specificity(range: &str) -> Option<u8> {
    ["*/*", "application/*", "application/json"]
        .iter()
        .zip(0..)
        .find(|(known, _)| range.eq_ignore_ascii_case(known))
        .map(|(_, rank)| rank)
}

fn is_weightless(range: &str) -> bool {
    range.split(';').skip(1).filter_map(|parameter| parameter.split_once('=')).any(|(name, weight)| {
        trim(name).eq_ignore_ascii_case("q") && trim(weight).parse::<f32>().is_ok_and(|weight| weight <= 0.0)
    })
}

fn essence(text: &str) -> &str {
    trim(text.split_once(';').map_or(text, |(essence, _)| essence))
}

/// RFC 9110 section 5.5: surrounding spaces and tabs are not part of a value.
fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &HeaderName, values: &[&str]) -> HeaderMap {
        values
            .iter()
            .map(|value| (name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap()))
            .collect()
    }

    #[test]
    fn accept_admits_json_or_refuses_it() {
        let table: &[(&[&str], bool)] = &[
            (&[], true),
            (&["*/*"], true),
            (&["application/*"], true),
            (&["application/json"], true),
            (&["Application/JSON; charset=utf-8"], true),
            (&["application/json, text/event-stream"], true),
            (&["text/event-stream", "application/json"], true),
            (&["text/event-stream, */*;q=0.1"], true),
            (&["application/json;q=0, */*;q=0, application/json"], true),
            (&["text/event-stream"], false),
            (&["application/json;q=0"], false),
            (&["application/json; Q=0.000, */*"], false),
            (&["application/*;q=0, */*"], false),
            (&[""], false),
            (&["application/jsonx"], false),
            (&["\u{e9}"], false),
        ];
        for (values, expected) in table {
            assert_eq!(accepts_json(&with(&header::ACCEPT, values)), *expected, "{values:?}");
        }
    }

    #[test]
    fn content_type_is_json_with_any_parameters() {
        let table: &[(&[&str], bool)] = &[
            (&["application/json"], true),
            (&["APPLICATION/JSON ; charset=utf-8"], true),
            (&[], false),
            (&["text/plain"], false),
            (&["application/json-patch+json"], false),
            (&["application/json, text/plain"], false),
            (&["application/json", "application/json"], false),
        ];
        for (values, expected) in table {
            assert_eq!(is_json(&with(&header::CONTENT_TYPE, values)), *expected, "{values:?}");
        }
    }

    #[test]
    fn the_version_header_is_one_short_text_or_unusable() {
        let long = "1".repeat(MAX_VERSION_BYTES + 1);
        let table: &[(&[&str], VersionHeader<'_>)] = &[
            (&[], VersionHeader::Absent),
            (&[" 2025-11-25\t"], VersionHeader::Named("2025-11-25")),
            (&["rubbish"], VersionHeader::Named("rubbish")),
            (&["2025-11-25", "2025-11-25"], VersionHeader::Unusable),
            (&[""], VersionHeader::Unusable),
            (&[&long], VersionHeader::Unusable),
            (&["2025-11-25\u{e9}"], VersionHeader::Unusable),
        ];
        for (values, expected) in table {
            assert_eq!(version(&with(&PROTOCOL_VERSION, values)), *expected, "{values:?}");
        }
    }

    /// The encoded values are the examples of the specification's table "Value Encoding".
    #[test]
    fn the_name_header_agrees_plain_or_encoded_and_never_by_chance() {
        let table: &[(&[&str], &str, bool)] = &[
            (&["getEmails"], "getEmails", true),
            (&["  getEmails  "], "getEmails", true),
            (&["=?base64?SGVsbG8sIOS4lueVjA==?="], "Hello, 世界", true),
            (&["=?base64?IHBhZGRlZCA=?="], " padded ", true),
            (&["=?base64?bGluZTEKbGluZTI=?="], "line1\nline2", true),
            (&["=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?="], "=?base64?literal?=", true),
            (&["=?base64?literal?="], "=?base64?literal?=", false),
            (&["=?base64??="], "", true),
            (&["=?base64?="], "=?base64?=", true),
            (&["=?BASE64?Z2V0RW1haWxz?="], "getEmails", false),
            (&["=?base64?Z2V0RW1haWxz"], "getEmails", false),
            (&["=?base64?Z2V0RW1haWx?="], "getEmail", false),
            (&["GETEMAILS"], "getEmails", false),
            (&["getEmails", "getEmails"], "getEmails", false),
            (&["世界"], "世界", false),
            (&[], "getEmails", false),
            (&[], "", false),
        ];
        for (values, name, expected) in table {
            assert_eq!(agree_on_name(&with(&MCP_NAME, values), name).is_ok(), *expected, "{values:?} {name}");
        }
    }

    #[test]
    fn the_method_header_agrees_in_its_exact_case() {
        assert!(agree_on_method(&with(&MCP_METHOD, &["tools/list"]), "tools/list").is_ok());
        for values in [&["TOOLS/LIST"][..], &["tools/call"], &["tools/list", "tools/list"], &[]] {
            assert_eq!(
                agree_on_method(&with(&MCP_METHOD, values), "tools/list"),
                Err(ProtocolRefusal::MethodHeader)
            );
        }
    }
}
