//! The address under examination, and the addresses named beside it.
//!
//! Invariant: a [`Target`] is an http or https origin without user information; whether credentials may travel to it
//! is a property of the type, asked in one place.

use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

/// An origin: scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    url: Url,
    /// Without a trailing slash.
    origin: String,
}

impl Target {
    /// The origin of a URL; `None` where it is not http or https, or carries user information.
    pub(crate) fn of(url: &Url) -> Option<Self> {
        let plain = matches!(url.scheme(), "http" | "https")
            && url.host().is_some()
            && url.username().is_empty()
            && url.password().is_none();
        plain.then(|| Self { url: url.clone(), origin: url.origin().ascii_serialization() })
    }

    /// `https://mcp.example.com`
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Host and port as a `Host` header carries them.
    pub(crate) fn authority(&self) -> &str {
        self.origin.split_once("://").map_or("", |(_, authority)| authority)
    }

    /// The host's name or address.
    pub(crate) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// A URL below the origin.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.origin)
    }

    /// Whether it is https.
    pub(crate) fn is_https(&self) -> bool {
        self.url.scheme() == "https"
    }

    /// Whether it is this machine.
    pub(crate) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(Host::Domain(name)) => name == "localhost",
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => false,
        }
    }

    /// Whether a credential may be sent there: nobody in between can read it.
    pub(crate) fn is_private(&self) -> bool {
        self.is_https() || self.is_loopback()
    }

    /// The same host and port, spoken to without TLS.
    pub(crate) fn without_tls(&self, port: u16) -> String {
        format!("http://{}:{port}", self.host())
    }

    /// The port, the scheme's own where none is written.
    pub(crate) fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or(443)
    }

    /// Whether the port is the one of https.
    pub(crate) fn has_standard_port(&self) -> bool {
        self.is_https() && self.url.port().is_none()
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.origin)
    }
}

impl FromStr for Target {
    type Err = String;

    /// A host name means https. The path may be empty, `/`, or that of the MCP endpoint, which people have at hand.
    fn from_str(text: &str) -> Result<Self, String> {
        let full = if text.contains("://") { text.to_owned() } else { format!("https://{text}") };
        let url = Url::parse(&full)
            .map_err(|error| format!("is not an address such as https://mcp.example.com ({error})"))?;
        let bare =
            matches!(url.path(), "" | "/" | "/mcp") && url.query().is_none() && url.fragment().is_none();
        match Self::of(&url) {
            Some(target) if bare => Ok(target),
            _ => {
                Err("must be a host, such as https://mcp.example.com, without user name and path".to_owned())
            }
        }
    }
}

/// A host name that must not answer, with the schemes to try.
#[derive(Clone, Debug)]
pub(crate) struct ClosedHost {
    /// One origin where a scheme was given, else both.
    pub(crate) origins: Vec<Target>,
}

impl FromStr for ClosedHost {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains("://") {
            return Ok(Self { origins: vec![text.parse()?] });
        }
        let origins = ["https", "http"].map(|scheme| format!("{scheme}://{text}").parse());
        Ok(Self { origins: origins.into_iter().collect::<Result<_, String>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(text: &str) -> Target {
        text.parse().unwrap()
    }

    #[test]
    fn a_name_means_https_and_the_mcp_address_is_understood() {
        for text in ["mcp.example.com", "https://mcp.example.com/", "https://MCP.example.com:443/mcp"] {
            assert_eq!(target(text).origin(), "https://mcp.example.com", "{text}");
        }
        let local = target("http://127.0.0.1:8787/mcp");
        assert_eq!(
            (local.authority(), local.at("/me").as_str()),
            ("127.0.0.1:8787", "http://127.0.0.1:8787/me")
        );
    }

    #[test]
    fn an_address_with_more_than_a_host_is_refused() {
        for text in [
            "https://user@mcp.example.com",
            "https://user:word@mcp.example.com",
            "https://mcp.example.com/other",
            "https://mcp.example.com/?a=1",
            "https://mcp.example.com/#a",
            "ftp://mcp.example.com",
            "",
            "https://",
        ] {
            assert!(text.parse::<Target>().is_err(), "{text}");
        }
    }

    #[test]
    fn credentials_travel_over_tls_or_within_the_machine_only() {
        for (text, private) in [
            ("https://mcp.example.com", true),
            ("http://127.0.0.1:8787", true),
            ("http://[::1]:8787", true),
            ("http://localhost:8787", true),
            ("http://mcp.example.com", false),
            ("http://127.0.0.1.example.com", false),
        ] {
            assert_eq!(target(text).is_private(), private, "{text}");
        }
    }

    #[test]
    fn a_closed_host_without_a_scheme_is_tried_both_ways() {
        let origins = |text: &str| {
            let host: ClosedHost = text.parse().unwrap();
            host.origins.iter().map(Target::to_string).collect::<Vec<_>>()
        };
        assert_eq!(
            origins("m365.team.workers.dev"),
            ["https://m365.team.workers.dev", "http://m365.team.workers.dev"]
        );
        assert_eq!(origins("http://127.0.0.1:8788"), ["http://127.0.0.1:8788"]);
        assert!("a b".parse::<ClosedHost>().is_err());
    }
}
