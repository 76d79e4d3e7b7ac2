//! Redirect URIs: which ones a client may register, and which one an authorization request may name.
//!
//! Sources: RFC 6749 section 3.1.2, RFC 8252 section 7.3 (loopback ports), RFC 9700 section 2.1 (exact matching).
//!
//! Invariants: a [`RedirectUri`] is byte for byte in the form its parser would write, so what is compared, what is
//! shown and where the browser goes are the same; https goes only to the operator's list; http only to loopback;
//! `localhost` and `127.0.0.1` are different hosts.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

const MAX_URI_BYTES: usize = 1024;
const MAX_SEGMENT_BYTES: usize = 128;

/// Why a redirect URI is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RedirectError {
    /// Not an absolute URI in canonical form, or one with user information, a fragment or a dot segment.
    #[error(
        "The redirect URI is not an absolute URI in canonical form without user information and fragment."
    )]
    Malformed,
    /// Neither loopback http nor on the operator's list.
    #[error(
        "The redirect URI is neither a loopback address nor on the operator's list. Ask the operator to allow it."
    )]
    NotAllowed,
}

/// A redirect URI of canonical form: https, or http on a loopback host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RedirectUri {
    text: String,
    host: String,
    /// Scheme, host, path and query without the port, where the host is loopback.
    loopback: Option<String>,
}

impl RedirectUri {
    /// Parses a redirect URI.
    ///
    /// # Errors
    /// [`RedirectError::Malformed`]
    pub fn parse(text: &str) -> Result<Self, RedirectError> {
        let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
        let hidden = ['#', '@', '\\', '"', '<', '>', '`', '{', '}', '|', '^'];
        if text.is_empty() || text.len() > MAX_URI_BYTES || !printable || text.contains(hidden) {
            return Err(RedirectError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| RedirectError::Malformed)?;
        let host = url.host().ok_or(RedirectError::Malformed)?;
        let is_loopback = is_loopback(&host);
        let scheme_ok = url.scheme() == "https" || (url.scheme() == "http" && is_loopback);
        if !scheme_ok || !is_canonical(text, &url) || has_hidden_segment(url.path()) {
            return Err(RedirectError::Malformed);
        }
        let host = host.to_string();
        let loopback = (is_loopback && url.scheme() == "http").then(|| {
            let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
            format!("http://{host}{}{query}", url.path())
        });
        Ok(Self { text: text.to_owned(), host, loopback })
    }

    /// The URI as the client wrote it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host, for a consent page.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether it leads to this host on its default port.
    pub(super) fn is_at(&self, host: &str) -> bool {
        let authority = self.text.strip_prefix("https://").and_then(|rest| rest.split(['/', '?']).next());
        authority == Some(host)
    }

    /// Whether it leads to the person's own machine.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.loopback.is_some()
    }

    /// Whether a request may name `asked` where this one is registered: equal byte for byte, or both loopback and
    /// equal apart from the port.
    #[must_use]
    pub fn admits(&self, asked: &Self) -> bool {
        self.text == asked.text || (self.loopback.is_some() && self.loopback == asked.loopback)
    }

    /// The URI with response parameters added to its query (RFC 6749 section 4.1.2).
    #[must_use]
    pub fn with(&self, parameters: &[(&str, &str)]) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(parameters);
        let separator = if self.text.contains('?') { '&' } else { '?' };
        format!("{}{separator}{}", self.text, query.finish())
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = RedirectError;
    fn try_from(text: String) -> Result<Self, RedirectError> {
        Self::parse(&text)
    }
}

impl From<RedirectUri> for String {
    fn from(uri: RedirectUri) -> Self {
        uri.text
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.octets() == [127, 0, 0, 1],
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// The parser would write the same text; only an empty path may be left out.
fn is_canonical(text: &str, url: &Url) -> bool {
    let written = url.as_str();
    text == written || (url.path() == "/" && url.query().is_none() && written.strip_suffix('/') == Some(text))
}

/// Encoded separators and dots, and path parameters, are read differently by different servers.
pub(super) fn has_hidden_segment(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    path.contains(';')
        || path.contains("//")
        || ["%2f", "%5c", "%2e", "%25", "%00"].iter().any(|hidden| lower.contains(hidden))
}

/// The operator's list of https redirect URIs. In a pattern one whole path segment may be `*`.
#[derive(Clone, Debug)]
pub struct RedirectPolicy(Vec<Pattern>);

#[derive(Clone, Debug)]
struct Pattern {
    before: String,
    /// What follows the variable segment; absent where the pattern is a whole URI.
    after: Option<String>,
}

/// Redirects of the clients in common use (their vendors' documents).
pub const WELL_KNOWN_REDIRECTS: &[&str] = &[
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
    "https://chatgpt.com/connector/oauth/*",
    "https://chatgpt.com/connector_platform_oauth_redirect",
    // Cloudflare's MCP server portals; `https://<portal>/servers-callback` is each operator's own.
    "https://oauth-callbacks.cloudflareaccess.com/cdn-cgi/access/outbound-oauth-callback",
];

impl RedirectPolicy {
    /// Parses patterns, each an https redirect URI with at most one segment `*` in its path.
    ///
    /// # Errors
    /// [`RedirectError::Malformed`] for the first pattern that is none.
    pub fn parse(patterns: &[impl AsRef<str>]) -> Result<Self, RedirectError> {
        patterns.iter().map(|pattern| Pattern::parse(pattern.as_ref())).collect::<Result<_, _>>().map(Self)
    }

    /// Checks a redirect URI that a client wants to register.
    ///
    /// # Errors
    /// [`RedirectError`]
    pub fn admit(&self, text: &str) -> Result<RedirectUri, RedirectError> {
        let uri = RedirectUri::parse(text)?;
        let listed = self.0.iter().any(|pattern| pattern.matches(uri.as_str()));
        if uri.is_loopback() || listed { Ok(uri) } else { Err(RedirectError::NotAllowed) }
    }
}

impl Pattern {
    fn parse(pattern: &str) -> Result<Self, RedirectError> {
        let example = RedirectUri::parse(&pattern.replacen("/*", "/x", 1))?;
        if example.is_loopback() || example.as_str().contains('*') {
            return Err(RedirectError::Malformed);
        }
        let Some((before, after)) = pattern.split_once("/*") else {
            return Ok(Self { before: pattern.to_owned(), after: None });
        };
        let whole_segment = after.is_empty() || after.starts_with('/');
        let in_path =
            before.strip_prefix("https://").is_some_and(|rest| !rest.is_empty() && !rest.contains('?'));
        if !whole_segment || !in_path {
            return Err(RedirectError::Malformed);
        }
        Ok(Self { before: format!("{before}/"), after: Some(after.to_owned()) })
    }

    fn matches(&self, uri: &str) -> bool {
        let Some(after) = &self.after else { return uri == self.before };
        let segment = uri.strip_prefix(&self.before).and_then(|rest| rest.strip_suffix(after.as_str()));
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        segment.is_some_and(|id| (1..=MAX_SEGMENT_BYTES).contains(&id.len()) && id.bytes().all(plain))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy() -> RedirectPolicy {
        RedirectPolicy::parse(WELL_KNOWN_REDIRECTS).unwrap()
    }

    #[test]
    fn the_redirects_of_well_known_clients_and_loopback_are_admitted() {
        for uri in [
            "https://claude.ai/api/mcp/auth_callback",
            "https://vscode.dev/redirect",
            "https://chatgpt.com/connector/oauth/abc-DEF_123",
            "https://oauth-callbacks.cloudflareaccess.com/cdn-cgi/access/outbound-oauth-callback",
            "http://localhost:33418/callback",
            "http://localhost/callback",
            "http://127.0.0.1:33418/",
            "http://127.0.0.1",
            "http://[::1]:7777/oauth/callback?x=1",
        ] {
            assert_eq!(policy().admit(uri).map(String::from), Ok(uri.to_owned()));
        }
    }

    #[test]
    fn look_alikes_of_listed_redirects_are_not_admitted() {
        for uri in [
            "https://claude.ai/api/mcp/auth_callback/",
            "https://claude.ai/api/mcp/auth_callback?x",
            "https://claude.ai.evil.example/api/mcp/auth_callback",
            "https://evilclaude.ai/api/mcp/auth_callback",
            "https://claude.ai:444/api/mcp/auth_callback",
            "https://chatgpt.com/connector/oauth/",
            "https://chatgpt.com/connector/oauth/a/b",
            "https://chatgpt.com/connector/oauth/a?x=1",
            "https://chatgpt.com/connector/oauth/a%20b",
            "https://chatgpt.com/connector/oauth/*",
            "https://evil.example/callback",
            "https://localhost/callback",
            "https://127.0.0.1/callback",
        ] {
            assert_eq!(policy().admit(uri), Err(RedirectError::NotAllowed), "{uri}");
        }
    }

    #[test]
    fn every_other_form_is_malformed() {
        for uri in [
            "",
            " ",
            "callback",
            "/callback",
            "//claude.ai/callback",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "file:///etc/passwd",
            "blob:https://claude.ai/x",
            "claude://callback",
            "com.example.app:/callback",
            " https://claude.ai/api/mcp/auth_callback",
            "https://claude.ai/api/mcp/auth_callback ",
            "ht\ttps://claude.ai/api/mcp/auth_callback",
            "https://claude.ai/api/mcp/auth_call\nback",
            "https://claude.ai/\u{202e}x",
            "HTTPS://claude.ai/api/mcp/auth_callback",
            "https://CLAUDE.ai/api/mcp/auth_callback",
            "https://claude.ai:443/api/mcp/auth_callback",
            "https:claude.ai/api/mcp/auth_callback",
            "https:\\\\claude.ai\\x",
            "https://user@claude.ai/api/mcp/auth_callback",
            "https://claude.ai@evil.example/",
            "https://claude.ai/api/mcp/auth_callback#",
            "https://claude.ai/api/mcp/auth_callback#x",
            "https://claude.ai/api/../api/mcp/auth_callback",
            "https://claude.ai/api/%2e%2e/x",
            "https://claude.ai/api/..%2fx",
            "https://claude.ai/api/..;/x",
            "http://claude.ai/api/mcp/auth_callback",
            "http://127.0.0.1.evil.example/callback",
            "http://127.1/callback",
            "http://2130706433/callback",
            "http://127.0.0.2/callback",
            "http://0.0.0.0/callback",
            "http://[::ffff:127.0.0.1]/callback",
            "http://localhost.evil.example/callback",
            "http://LOCALHOST/callback",
            "http://localhost:99999/callback",
        ] {
            assert_eq!(policy().admit(uri), Err(RedirectError::Malformed), "{uri:?}");
        }
    }

    #[test]
    fn only_the_port_of_loopback_may_differ() {
        let uri = |text| RedirectUri::parse(text).unwrap();
        let registered = uri("http://localhost/callback");
        assert!(registered.admits(&uri("http://localhost:51234/callback")));
        for other in [
            "http://127.0.0.1:51234/callback",
            "http://[::1]/callback",
            "http://localhost/callback/",
            "http://localhost/callback?x=1",
            "http://localhost/",
        ] {
            assert!(!registered.admits(&uri(other)), "{other}");
        }
        assert!(!uri("https://a.example/x").admits(&uri("https://a.example:8443/x")));
    }

    #[test]
    fn patterns_that_could_match_more_than_one_segment_are_refused() {
        for pattern in [
            "https://*/callback",
            "https://a.example/x*",
            "https://a.example/*x",
            "https://a.example/*/*",
            "https://a.example/?*",
            "http://localhost/*",
            "http://a.example/x",
            "*",
        ] {
            assert!(RedirectPolicy::parse(&[pattern]).is_err(), "{pattern}");
        }
        let policy = RedirectPolicy::parse(&["https://a.example/t/*/callback"]).unwrap();
        assert!(policy.admit("https://a.example/t/one/callback").is_ok());
        assert!(policy.admit("https://a.example/t/one/two/callback").is_err());
        assert!(policy.admit("https://a.example/t/callback").is_err());
    }

    #[test]
    fn parameters_extend_an_existing_query() {
        let uri = RedirectUri::parse("http://localhost/cb?a=1").unwrap();
        assert_eq!(uri.with(&[("state", "x y&z")]), "http://localhost/cb?a=1&state=x+y%26z");
    }

    proptest! {
        #[test]
        fn whatever_is_admitted_leads_where_the_policy_says(text in "(https?|HTTP|ftp)://[a-z0-9.@:/\\\\?#*%;\\[\\]-]{0,40}") {
            if let Ok(uri) = policy().admit(&text) {
                let url = Url::parse(&text).unwrap();
                let listed = [
                    "claude.ai", "claude.com", "vscode.dev", "insiders.vscode.dev", "chatgpt.com",
                    "oauth-callbacks.cloudflareaccess.com",
                ];
                let host = url.host_str().unwrap();
                prop_assert!(uri.is_loopback() || (url.scheme() == "https" && listed.contains(&host)));
                prop_assert!(url.username().is_empty() && url.password().is_none() && url.fragment().is_none());
                prop_assert_eq!(uri.host(), host);
            }
        }

        #[test]
        fn matching_is_equality_apart_from_loopback_ports(
            hosts in (0..4_usize, 0..4_usize), ports in (any::<u16>(), any::<u16>()), paths in ("/[a-c]{0,2}", "/[a-c]{0,2}"),
        ) {
            let host = |index: usize| ["localhost", "127.0.0.1", "[::1]", "a.example"][index];
            let text = |host: &str, port: u16, path: &str| {
                let (scheme, default) = if host == "a.example" { ("https", 443) } else { ("http", 80) };
                let port = if port == default { String::new() } else { format!(":{port}") };
                format!("{scheme}://{host}{port}{path}")
            };
            let a = RedirectUri::parse(&text(host(hosts.0), ports.0, &paths.0)).unwrap();
            let b = RedirectUri::parse(&text(host(hosts.1), ports.1, &paths.1)).unwrap();
            let same_place = hosts.0 == hosts.1 && paths.0 == paths.1;
            let expected = same_place && (hosts.0 != 3 || ports.0 == ports.1);
            prop_assert_eq!(a.admits(&b), expected);
            prop_assert_eq!(b.admits(&a), expected);
            prop_assert!(a.admits(&a));
        }

        #[test]
        fn added_parameters_never_change_where_the_redirect_leads(state in "\\PC{0,60}") {
            let uri = RedirectUri::parse("https://claude.ai/api/mcp/auth_callback").unwrap();
            let url = Url::parse(&uri.with(&[("state", &state)])).unwrap();
            prop_assert_eq!(&url[..url::Position::AfterPath], uri.as_str());
            prop_assert_eq!(url.query_pairs().next().unwrap().1, state.as_str());
            prop_assert!(url.fragment().is_none());
        }
    }
}
