//! One Graph call a row may make: a method and a path template whose variables are single, encoded segments.
//!
//! Source: RFC 3986 section 3.3 (path segments). The encoding keeps only unreserved characters, so no argument
//! can add a segment, a query or a dot segment.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Deserialize, Serialize};

/// HTTP method of a Graph call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// GET
    Get,
    /// POST
    Post,
    /// PUT
    Put,
    /// PATCH
    Patch,
    /// DELETE
    Delete,
}

impl Method {
    /// The method on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// When a call may be repeated after an answer that left its fate unknown or refused it for load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// On 429, 503 and 504: repeating has no further effect (a read, or a write with an idempotency key).
    Idempotent,
    /// On 429 only: Graph has certainly not acted.
    RefusedOnly,
}

/// A Graph call in a row of the table.
#[derive(Debug, PartialEq, Eq)]
pub struct Call {
    /// Method.
    pub method: Method,
    /// Path below the API version, variables in braces: `/me/mailFolders/{folder}/messages`. A variable may have a colon
    /// behind it, which begins or ends a path relative to an item (Graph, path-based addressing of drive items):
    /// `/me/drive/items/{folder}:/{name}:/content`.
    pub template: &'static str,
    /// When it may be repeated.
    pub retry: Retry,
    /// Whether it only reads, whatever its method (RFC 9110 section 9.2.1).
    pub safe: bool,
    /// Whether `/users/{mailbox}` may stand for the `/me` it begins with: the same call in another mailbox.
    pub mailbox: bool,
}

/// Why arguments do not make a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// A segment is empty, a dot segment, too long, or holds a control character.
    #[error("the identifier is empty, too long, a dot segment or holds a control character")]
    Segment,
    /// Another number of segments than the template has variables.
    #[error("the path takes another number of identifiers")]
    Arity,
}

/// RFC 3986 section 2.3: unreserved characters stay, all else is encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// RFC 3986 section 3.3: what stands in a segment as it is, letters and digits aside.
const PCHAR: &[u8] = b"-._~!$&'()*+,;=:@";
/// Graph identifiers are below 500 bytes; this leaves room and bounds the URL.
const SEGMENT_MAX_BYTES: usize = 1024;

impl Call {
    const fn new(method: Method, template: &'static str, retry: Retry) -> Self {
        Self { method, template, retry, safe: false, mailbox: false }
    }

    /// A read.
    #[must_use]
    pub const fn get(template: &'static str) -> Self {
        Self { safe: true, ..Self::new(Method::Get, template, Retry::Idempotent) }
    }

    /// A read whose question is too large for a URL.
    #[must_use]
    pub const fn query(template: &'static str) -> Self {
        Self { safe: true, ..Self::new(Method::Post, template, Retry::Idempotent) }
    }

    /// A write without an idempotency key.
    #[must_use]
    pub const fn post(template: &'static str) -> Self {
        Self::new(Method::Post, template, Retry::RefusedOnly)
    }

    /// A write that carries an idempotency key in its body.
    #[must_use]
    pub const fn post_idempotent(template: &'static str) -> Self {
        Self::new(Method::Post, template, Retry::Idempotent)
    }

    /// A change to something that is there. Made twice it is the same change, but people may be told of it twice.
    #[must_use]
    pub const fn patch(template: &'static str) -> Self {
        Self::new(Method::Patch, template, Retry::RefusedOnly)
    }

    /// Content put in its place: put twice it is the same content.
    #[must_use]
    pub const fn put(template: &'static str) -> Self {
        Self::new(Method::Put, template, Retry::Idempotent)
    }

    /// The same call, in another person's or a shared mailbox too.
    #[must_use]
    pub const fn or_mailbox(self) -> Self {
        Self { mailbox: true, ..self }
    }

    /// Fills the template: each variable becomes exactly one encoded segment.
    ///
    /// # Errors
    /// [`PathError::Segment`] for an unusable identifier, [`PathError::Arity`] for a wrong count.
    pub fn path(&self, segments: &[&str]) -> Result<String, PathError> {
        self.path_in(None, segments)
    }

    /// The same in another mailbox, where one is named.
    ///
    /// # Errors
    /// As [`Call::path`]; [`PathError::Arity`] where the call is for the person's own mailbox alone.
    pub fn path_in(&self, mailbox: Option<&str>, segments: &[&str]) -> Result<String, PathError> {
        let mut given = segments.iter();
        let mut path = String::with_capacity(self.template.len() + 64);
        let mut rest = self.template;
        if let Some(mailbox) = mailbox {
            rest = self.below_mailbox().ok_or(PathError::Arity)?;
            check_segment(mailbox)?;
            path.push_str("/users/");
            path.extend(utf8_percent_encode(mailbox, SEGMENT));
        }
        for part in rest.split('/').skip(1) {
            path.push('/');
            let Some(suffix) = suffix_of_variable(part) else {
                path.push_str(part);
                continue;
            };
            let segment = given.next().ok_or(PathError::Arity)?;
            check_segment(segment)?;
            path.extend(utf8_percent_encode(segment, SEGMENT));
            path.push_str(suffix);
        }
        if given.next().is_some() { Err(PathError::Arity) } else { Ok(path) }
    }

    /// Whether a finished path is one this template can make: same fixed parts, and variables that are single
    /// segments in canonical encoding. Egress asks again, so a path built elsewhere cannot pass.
    #[must_use]
    pub fn admits(&self, method: Method, path: &str) -> bool {
        let elsewhere = || {
            let (mailbox, rest) = path.strip_prefix("/users/")?.split_once('/')?;
            let below = self.below_mailbox()?.strip_prefix('/')?;
            Some(is_canonical(mailbox) && fits(below, rest))
        };
        method == self.method && (fits(self.template, path) || elsewhere() == Some(true))
    }

    /// What follows `/me` in the template, where another mailbox may take its place.
    fn below_mailbox(&self) -> Option<&'static str> {
        self.template.strip_prefix("/me").filter(|_| self.mailbox)
    }
}

fn fits(template: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    let each = template.split('/').all(|want| {
        parts.next().is_some_and(|part| match suffix_of_variable(want) {
            Some(suffix) => part.strip_suffix(suffix).is_some_and(is_canonical),
            None => part == want,
        })
    });
    each && parts.next().is_none()
}

/// What stands behind the variable in this part of a template; nothing where the part is fixed. No encoded segment holds a
/// colon, so one behind it is the template's.
fn suffix_of_variable(part: &str) -> Option<&str> {
    part.strip_prefix('{').and_then(|part| part.split_once('}')).map(|(_, suffix)| suffix)
}

/// An identifier as one path segment, in the one encoding that paths and URIs of ours use.
#[must_use]
pub fn encode_segment(identifier: &str) -> String {
    utf8_percent_encode(identifier, SEGMENT).to_string()
}

/// The identifier behind one path segment as somebody else wrote it, decoded once. `None` where it is not exactly one
/// segment (RFC 3986 section 3.3: `pchar` and well-formed escapes), or not one that [`Call::path`] takes.
#[must_use]
pub fn decode_segment(encoded: &str) -> Option<String> {
    let mut escapes = encoded.split('%');
    let plain = |part: &str| part.bytes().all(|b| b.is_ascii_alphanumeric() || PCHAR.contains(&b));
    let escape = |part: &str| {
        let digits = part.get(..2).unwrap_or_default();
        digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_hexdigit())
    };
    if !escapes.next().is_some_and(plain) || !escapes.all(|part| escape(part) && plain(part)) {
        return None;
    }
    let decoded = percent_encoding::percent_decode_str(encoded).decode_utf8().ok()?;
    check_segment(&decoded).ok().map(|()| decoded.into_owned())
}

fn check_segment(segment: &str) -> Result<(), PathError> {
    let dots = matches!(segment, "." | "..");
    if segment.is_empty()
        || dots
        || segment.len() > SEGMENT_MAX_BYTES
        || segment.chars().any(char::is_control)
    {
        return Err(PathError::Segment);
    }
    Ok(())
}

fn is_canonical(encoded: &str) -> bool {
    let Ok(decoded) = percent_encoding::percent_decode_str(encoded).decode_utf8() else { return false };
    check_segment(&decoded).is_ok() && utf8_percent_encode(&decoded, SEGMENT).to_string() == encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MESSAGES: Call = Call::get("/me/mailFolders/{folder}/messages");

    #[test]
    fn hostile_segments_stay_one_segment_or_are_refused() {
        for (segment, path) in [
            ("inbox", "/me/mailFolders/inbox/messages"),
            ("../../users", "/me/mailFolders/..%2F..%2Fusers/messages"),
            ("a?$select=mail#", "/me/mailFolders/a%3F%24select%3Dmail%23/messages"),
            ("AAMk/+=", "/me/mailFolders/AAMk%2F%2B%3D/messages"),
            ("%2e%2e", "/me/mailFolders/%252e%252e/messages"),
        ] {
            assert_eq!(MESSAGES.path(&[segment]).as_deref(), Ok(path));
        }
        for segment in ["", ".", "..", "a\nb", "a\0"] {
            assert_eq!(MESSAGES.path(&[segment]), Err(PathError::Segment));
        }
    }

    #[test]
    fn the_number_of_identifiers_must_fit() {
        assert_eq!(MESSAGES.path(&[]), Err(PathError::Arity));
        assert_eq!(MESSAGES.path(&["a", "b"]), Err(PathError::Arity));
    }

    #[test]
    fn egress_admits_only_what_the_template_makes() {
        assert!(MESSAGES.admits(Method::Get, "/me/mailFolders/inbox/messages"));
        for (method, path) in [
            (Method::Post, "/me/mailFolders/inbox/messages"),
            (Method::Get, "/me/mailFolders/inbox/messages/x"),
            (Method::Get, "/me/mailFolders/../messages"),
            (Method::Get, "/me/mailFolders/%2E%2E/messages"),
            (Method::Get, "/me/mailFolders/a%2fb/messages"),
            (Method::Get, "/me/mailFolders/inbox/messages?$top=1"),
            (Method::Get, "/me/mailFolders//messages"),
            (Method::Get, "/me/mailFolders/inbox"),
        ] {
            assert!(!MESSAGES.admits(method, path), "{path}");
        }
    }

    #[test]
    fn another_mailbox_takes_the_place_of_me_where_the_call_says_so() {
        const SHARED: Call = Call::get("/me/messages/{message}").or_mailbox();
        let path = SHARED.path_in(Some("a/b@contoso.example"), &["AA="]).unwrap();
        assert_eq!(path, "/users/a%2Fb%40contoso.example/messages/AA%3D");
        assert!(SHARED.admits(Method::Get, &path));
        assert_eq!(SHARED.path(&["AA="]).as_deref(), Ok("/me/messages/AA%3D"));
        assert_eq!(MESSAGES.path_in(Some("b@contoso.example"), &["inbox"]), Err(PathError::Arity));
        assert_eq!(SHARED.path_in(Some(".."), &["AA="]), Err(PathError::Segment));
        for path in [
            "/users/b%40contoso.example/mailFolders/inbox/messages",
            "/users/b@contoso.example/messages/AA%3D",
            "/users/../messages/AA%3D",
            "/users/messages/AA%3D",
            "/users//messages/AA%3D",
            "/users/b/x/messages/AA%3D",
        ] {
            assert!(!SHARED.admits(Method::Get, path), "{path}");
        }
        assert!(!MESSAGES.admits(Method::Get, "/users/b/mailFolders/inbox/messages"));
    }

    #[test]
    fn a_path_below_an_item_keeps_the_template_s_colons_and_encodes_every_other() {
        const UPLOAD: Call = Call::put("/me/drive/items/{folder}:/{name}:/content");
        for (folder, name, path) in [
            ("root", "Plan 1.txt", "/me/drive/items/root:/Plan%201.txt:/content"),
            ("01A", "x:/y:", "/me/drive/items/01A:/x%3A%2Fy%3A:/content"),
            ("01A:", ":", "/me/drive/items/01A%3A:/%3A:/content"),
        ] {
            assert_eq!(UPLOAD.path(&[folder, name]).as_deref(), Ok(path));
            assert!(UPLOAD.admits(Method::Put, path), "{path}");
        }
        assert_eq!(UPLOAD.path(&["01A", ".."]), Err(PathError::Segment));
        assert_eq!(UPLOAD.path(&["01A"]), Err(PathError::Arity));
        for path in [
            "/me/drive/items/01A/Plan.txt:/content",
            "/me/drive/items/01A:/Plan.txt/content",
            "/me/drive/items/01A::/Plan.txt:/content",
            "/me/drive/items/:/Plan.txt:/content",
            "/me/drive/items/01A:/..:/content",
            "/me/drive/items/01A:/a/b:/content",
            "/me/drive/items/01A:/a%3A/content",
            "/me/drive/items/01A:/:/content",
        ] {
            assert!(!UPLOAD.admits(Method::Put, path), "{path}");
        }
    }

    #[test]
    fn a_segment_is_decoded_once_or_not_at_all() {
        for (encoded, identifier) in [
            ("AAMk%2F%2b=", "AAMk/+="),
            ("a+b", "a+b"),
            ("%2525", "%25"),
            ("%C3%BC", "ü"),
            ("19:x@y", "19:x@y"),
        ] {
            assert_eq!(decode_segment(encoded).as_deref(), Some(identifier), "{encoded}");
        }
        for encoded in [
            "", ".", "..", "%2e", "%2E%2e", "a/b", "a?b", "a#b", "a b", "a\\b", "ü", "%", "%2", "%zz",
            "a%0Ab", "%00", "%ff", "%c3", "a\"b", "<a>", "{id}",
        ] {
            assert_eq!(decode_segment(encoded), None, "{encoded}");
        }
        assert_eq!(decode_segment(&"a".repeat(1024)).map(|id| id.len()), Some(1024));
        assert_eq!(decode_segment(&"a".repeat(1025)), None);
    }

    proptest! {
        #[test]
        fn what_is_encoded_decodes_to_the_same_and_nothing_panics(text in "\\PC{0,40}") {
            let encoded = encode_segment(&text);
            prop_assert_eq!(decode_segment(&encoded), check_segment(&text).ok().map(|()| text.clone()));
            if let Some(identifier) = decode_segment(&text) {
                prop_assert!(MESSAGES.path(&[&identifier]).is_ok());
            }
        }

        #[test]
        fn every_built_path_is_admitted_and_has_the_template_s_shape(folder in "\\PC{1,40}") {
            if let Ok(path) = MESSAGES.path(&[&folder]) {
                prop_assert!(MESSAGES.admits(Method::Get, &path));
                prop_assert_eq!(path.matches('/').count(), 4);
                prop_assert!(!path.contains(['?', '#', '\\', ';']));
            }
        }
    }
}
