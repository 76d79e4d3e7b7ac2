//! `cf-aig-metadata`: what the gateway's logs say about an exchange.
//!
//! The gateway keeps the first five keys and silently drops the rest, and drops everything where one value is
//! null or nested. A struct of five texts can be neither.

use std::fmt::Write as _;

use http::HeaderValue;
use m365_types::{Identity, Intent, RequestId};
use serde::Serialize;

/// Longest value, in characters: a client id fits, and all five stay far below header limits.
const VALUE_MAX_CHARS: usize = 512;
/// Stands where there is nothing to say.
const NONE: &str = "-";

/// Exactly the five keys, in the order of the log columns.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Metadata {
    user_id: String,
    user_email: String,
    mcp_tool: String,
    request_id: String,
    mcp_client: String,
}

impl Metadata {
    pub(crate) fn of(intent: &Intent) -> Self {
        let permit = intent.permit();
        let actor = permit.actor();
        let (subject, email) = match actor.principal.identity() {
            Identity::Person(person) => (person.subject.as_str(), person.email.as_str()),
            Identity::Service(service) => (service.client_id.as_str(), NONE),
        };
        let user_id = actor.microsoft.map_or_else(|| clean(subject), |(_, oid)| oid.to_string());
        Self {
            user_id,
            user_email: clean(email),
            mcp_tool: clean(permit.action().name),
            request_id: actor.request.to_string(),
            mcp_client: actor
                .client
                .as_ref()
                .map_or_else(|| NONE.to_owned(), |client| clean(client.as_str())),
        }
    }

    /// Of a webhook: nobody asked for it, so it names nobody.
    pub(crate) fn of_webhook(request: Option<RequestId>) -> Self {
        let none = || NONE.to_owned();
        Self {
            user_id: none(),
            user_email: none(),
            mcp_tool: "webhook".to_owned(),
            request_id: request.map_or_else(none, |request| request.to_string()),
            mcp_client: none(),
        }
    }

    /// The header value: JSON in which all that is not ASCII is escaped (RFC 8259 section 7).
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        let json = serde_json::to_string(self).ok()?;
        let mut ascii = String::with_capacity(json.len());
        for character in json.chars() {
            if character.is_ascii() {
                ascii.push(character);
            } else {
                for unit in character.encode_utf16(&mut [0; 2]) {
                    write!(ascii, "\\u{unit:04x}").ok()?;
                }
            }
        }
        HeaderValue::try_from(ascii).ok()
    }
}

fn clean(text: &str) -> String {
    let kept: String = text.chars().filter(|c| !c.is_control()).take(VALUE_MAX_CHARS).collect();
    if kept.is_empty() { NONE.to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(value: &str) -> Metadata {
        let value = || clean(value);
        Metadata {
            user_id: value(),
            user_email: value(),
            mcp_tool: value(),
            request_id: value(),
            mcp_client: value(),
        }
    }

    #[test]
    fn the_header_is_five_texts_in_ascii_whatever_the_values() {
        for (value, seen) in [
            ("", "-"),
            ("a\"b\\c", "a\"b\\c"),
            ("zoë🦀@example", "zoë🦀@example"),
            ("a\r\nx-evil: 1", "ax-evil: 1"),
            ("\0", "-"),
        ] {
            let header = metadata(value).header().unwrap();
            let text = header.to_str().unwrap();
            assert!(text.bytes().all(|byte| (0x20..0x7f).contains(&byte)), "{text}");
            let object: serde_json::Map<_, _> = serde_json::from_str(text).unwrap();
            let keys = ["mcpClient", "mcpTool", "requestId", "userEmail", "userId"];
            let mut found: Vec<_> = object.keys().map(String::as_str).collect();
            found.sort_unstable();
            assert_eq!(found, keys);
            assert!(object.values().all(|found| found == seen), "{text}");
        }
    }

    #[test]
    fn a_long_value_is_cut() {
        assert!(metadata(&"é".repeat(5000)).header().unwrap().len() < 5 * 6 * VALUE_MAX_CHARS + 100);
    }
}
