//! How the Access application stands before the server.
//!
//! Source: Cloudflare's documentation of self-hosted applications, of application paths, and of Managed OAuth.
//! Invariant: an application with Managed OAuth bypasses nothing, because Cloudflare's documents tell those who run an
//! authorization server of their own behind Access not to enable it.

/// What the edge lets through, and who answers the clients that speak OAuth.
#[derive(Clone, Debug)]
pub enum Perimeter {
    /// The server answers them; these paths need no sign-in: exact (`/mcp`) or everything beneath (`/.well-known/*`).
    Bypassing(Vec<String>),
    /// Access answers them, and guards every path.
    ManagedOauth(ManagedOauth),
}

impl Default for Perimeter {
    fn default() -> Self {
        Self::Bypassing(Vec::new())
    }
}

/// What an administrator sets (`oauth_configuration` of the application).
#[derive(Clone, Debug)]
pub struct ManagedOauth {
    /// Whether clients may register by themselves (`dynamic_client_registration.enabled`).
    pub registration: bool,
    /// Redirects that may be registered, exact or with `*` at the end (`allowed_uris`).
    pub allowed_uris: Vec<String>,
    /// Whether every redirect to `localhost` may be registered (`allow_any_on_localhost`).
    pub any_on_localhost: bool,
    /// Whether every redirect to a loopback address may be registered (`allow_any_on_loopback`).
    pub any_on_loopback: bool,
    /// How long an access token lasts, in seconds (`grant.access_token_lifetime`).
    pub access_token_secs: u64,
    /// How long a grant lasts, in seconds (`grant.session_duration`).
    pub session_secs: u64,
}

impl Default for ManagedOauth {
    fn default() -> Self {
        Self {
            registration: true,
            allowed_uris: vec!["https://claude.ai/api/mcp/auth_callback".to_owned()],
            any_on_localhost: true,
            any_on_loopback: true,
            access_token_secs: 15 * 60,
            session_secs: 24 * 3600,
        }
    }
}

impl Perimeter {
    /// Whether this path needs no sign-in. A path with dot segments always needs one: what the origin makes of it
    /// is not known here.
    pub(crate) fn bypasses(&self, path: &str) -> bool {
        let Self::Bypassing(patterns) = self else { return false };
        !has_dot_segment(path)
            && patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
                Some(prefix) => path.starts_with(prefix),
                None => path == pattern,
            })
    }

    /// Managed OAuth, where it is enabled.
    pub(crate) const fn managed_oauth(&self) -> Option<&ManagedOauth> {
        match self {
            Self::Bypassing(_) => None,
            Self::ManagedOauth(managed) => Some(managed),
        }
    }
}

fn has_dot_segment(path: &str) -> bool {
    let plain = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace(['\\'], "/");
    plain.split('/').any(|segment| segment == "." || segment == "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_and_prefix_patterns_bypass_and_nothing_else_does() {
        let perimeter = Perimeter::Bypassing(vec!["/mcp".to_owned(), "/.well-known/*".to_owned()]);
        for path in ["/mcp", "/.well-known/", "/.well-known/oauth-protected-resource/mcp"] {
            assert!(perimeter.bypasses(path), "{path}");
        }
        for path in ["/", "/mcp/", "/mcp2", "/MCP", "/.well-known", "/consent", "/x/.well-known/y"] {
            assert!(!perimeter.bypasses(path), "{path}");
        }
    }

    #[test]
    fn a_path_with_dot_segments_never_bypasses() {
        let perimeter = Perimeter::Bypassing(vec!["/.well-known/*".to_owned()]);
        for path in [
            "/.well-known/../consent",
            "/.well-known/%2e%2E/consent",
            "/.well-known/..%2fconsent",
            "/.well-known/.\\x",
        ] {
            assert!(!perimeter.bypasses(path), "{path}");
        }
    }

    #[test]
    fn managed_oauth_bypasses_nothing() {
        let perimeter = Perimeter::ManagedOauth(ManagedOauth::default());
        for path in ["/", "/mcp", "/healthz", "/.well-known/oauth-authorization-server"] {
            assert!(!perimeter.bypasses(path), "{path}");
        }
    }
}
