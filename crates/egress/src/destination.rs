//! The closed table of destinations, parsed once at start.
//!
//! Base URLs are https with a host name; plain http and loopback exist only for development. A base may carry a
//! path of plain segments, no user information, query or fragment.

use http::Uri;
use m365_types::{Method, TenantId};
use url::{Host, Url};

use crate::llm::{ChatPlace, LlmGateway};
use crate::provider::Providers;
use crate::transfer::TransferHosts;
use crate::webhooks::WebhookPlaces;

/// Whether destinations on this machine are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loopback {
    /// Never, by whatever scheme.
    Refused,
    /// Allowed, with plain http too.
    Development,
}

/// Version of the Graph API; the table of calls is written against it, so there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GraphVersion {
    /// `v1.0`
    V1,
}

impl GraphVersion {
    /// Reads `GRAPH_API_VERSION`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        (text == Self::V1.as_str()).then_some(Self::V1)
    }

    /// The segment in paths.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "v1.0",
        }
    }
}

/// The AI Gateway and the Graph behind it.
#[derive(Clone, Debug)]
pub struct GatewayRoute {
    /// `AI_GATEWAY_BASE_URL`: what stands before `/v1/{account}/{gateway}`.
    pub base_url: Url,
    /// `AI_GATEWAY_ACCOUNT_ID`
    pub account_id: String,
    /// `AI_GATEWAY_ID`
    pub gateway_id: String,
    /// `GRAPH_API_VERSION`
    pub api_version: GraphVersion,
    /// `SHAREPOINT_HOSTS`: where Graph may send for the content of files.
    pub sharepoint_hosts: Vec<String>,
    /// `WEBHOOK_URLS`: who is told what happened, each on a host of its own.
    pub webhooks: Vec<Url>,
    /// The gateway of models, where there is one.
    pub llm: Option<LlmGateway>,
    /// `INSPECT_RESPONSES`: whether results go through the gateway to our own echo route.
    pub echo: bool,
}

/// Microsoft Entra of one tenant.
#[derive(Clone, Debug)]
pub struct EntraRoute {
    /// `ENTRA_BASE_URL`
    pub base_url: Url,
    /// `MICROSOFT_TENANT_ID`
    pub tenant: TenantId,
}

/// Cloudflare Access of one team.
#[derive(Clone, Debug)]
pub struct AccessRoute {
    /// `ACCESS_TEAM_DOMAIN`
    pub team_domain: Url,
}

/// Where client metadata documents come from.
#[derive(Clone, Debug, Default)]
pub struct ClientMetadataRoute {
    /// `CLIENT_METADATA_HOSTS`: host names, each exactly as it stands in a document's URL.
    pub hosts: Vec<String>,
    /// `CLIENT_METADATA_BASE_URL`: what stands in for those hosts in development.
    pub base_url: Option<Url>,
}

/// Why a configured destination is refused. Names the setting, never its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// The same host twice.
    #[error("{0} lists a host twice; each receiver has a host of its own")]
    Doubled(&'static str),
    /// Only for development, on this machine.
    #[error("{0} is for development, and points at this machine or nowhere")]
    Development(&'static str),
    /// User information, a query, a fragment or an unusual path.
    #[error("{0} must be a scheme, a host and at most a plain path")]
    Extra(&'static str),
    /// A number instead of a name, or no host.
    #[error("{0} must name a host")]
    Host(&'static str),
    /// This machine, outside development.
    #[error("{0} points at this machine, which only development allows")]
    Loopback(&'static str),
    /// Two hosts whose custom providers would have one name.
    #[error(
        "{0} lists two hosts whose names differ only in `.` and `-`: the gateway could not tell them apart"
    )]
    Provider(&'static str),
    /// Not https.
    #[error("{0} must be an https URL")]
    Scheme(&'static str),
    /// Not a plain path segment.
    #[error("{0} may hold only letters, digits, `-` and `_`")]
    Segment(&'static str),
    /// Required, unless the gateway is on this machine.
    #[error(
        "AI_GATEWAY_SERVICE_TOKEN is missing or is not a header value; the AI Gateway does not answer without it"
    )]
    Token,
}

/// Custom provider of the gateway whose base is the Graph host.
const PROVIDER: &str = "custom-msgraph";
/// Custom provider of the gateway whose base is our own public URL.
pub(crate) const ECHO_PROVIDER: &str = "custom-m365-echo";
/// The path of our own that gives back what it is sent.
const ECHO_PATH: &str = "/echo";

/// Everything that may be dialled.
#[derive(Clone, Debug)]
pub struct Destinations {
    pub(crate) graph: Base,
    pub(crate) transfers: TransferHosts,
    pub(crate) entra_token: Base,
    pub(crate) entra_keys: Base,
    pub(crate) entra_discovery: Base,
    pub(crate) access_keys: Base,
    pub(crate) documents: DocumentHosts,
    pub(crate) webhooks: WebhookPlaces,
    pub(crate) llm: Option<ChatPlace>,
    pub(crate) echo: Option<Base>,
}

impl Destinations {
    /// Builds the table.
    ///
    /// # Errors
    /// [`DestinationError`], naming the first setting that does not fit.
    pub fn new(
        gateway: &GatewayRoute,
        entra: &EntraRoute,
        access: &AccessRoute,
        documents: &ClientMetadataRoute,
        loopback: Loopback,
    ) -> Result<Self, DestinationError> {
        let account = segment("AI_GATEWAY_ACCOUNT_ID", &gateway.account_id)?;
        let id = segment("AI_GATEWAY_ID", &gateway.gateway_id)?;
        let version = gateway.api_version.as_str();
        let (files, hooks) = (&gateway.sharepoint_hosts, &gateway.webhooks);
        let account =
            Base::parse("AI_GATEWAY_BASE_URL", &gateway.base_url, loopback)?.below(&format!("/v1/{account}"));
        let llm = gateway.llm.as_ref().map(|llm| ChatPlace::new(&account, llm)).transpose()?;
        let (echo, gateway) = (gateway.echo, account.below(&format!("/{id}")));
        let mut providers = Providers::default();
        let tenant = entra.tenant;
        let entra = Base::parse("ENTRA_BASE_URL", &entra.base_url, loopback)?;
        let access = Base::parse("ACCESS_TEAM_DOMAIN", &access.team_domain, loopback)?;
        Ok(Self {
            transfers: TransferHosts::new(gateway.clone(), files, &mut providers)?,
            webhooks: WebhookPlaces::new(&gateway, hooks, &mut providers)?,
            llm,
            echo: echo.then(|| gateway.below(&format!("/{ECHO_PROVIDER}{ECHO_PATH}"))),
            graph: gateway.below(&format!("/{PROVIDER}/{version}")),
            entra_token: entra.below(&format!("/{tenant}/oauth2/v2.0/token")),
            entra_keys: entra.below(&format!("/{tenant}/discovery/v2.0/keys")),
            entra_discovery: entra.below(&format!("/{tenant}/v2.0/.well-known/openid-configuration")),
            access_keys: access.below("/cdn-cgi/access/certs"),
            documents: DocumentHosts::new(documents, loopback)?,
        })
    }

    /// Entra's token endpoint: POST.
    #[must_use]
    pub fn entra_token(&self) -> String {
        self.entra_token.text()
    }

    /// Entra's signing keys: GET.
    #[must_use]
    pub fn entra_keys(&self) -> String {
        self.entra_keys.text()
    }

    /// Entra's discovery document: GET.
    #[must_use]
    pub fn entra_discovery(&self) -> String {
        self.entra_discovery.text()
    }

    /// The signing keys of the Access team: GET.
    #[must_use]
    pub fn access_keys(&self) -> String {
        self.access_keys.text()
    }
}

/// Scheme, host, port and a path without trailing slash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Base {
    https: bool,
    host: String,
    port: u16,
    path: String,
    pub(crate) loopback: bool,
}

impl Base {
    pub(crate) fn parse(
        setting: &'static str,
        url: &Url,
        loopback: Loopback,
    ) -> Result<Self, DestinationError> {
        let (host, local) = match url.host() {
            Some(Host::Domain(name)) => {
                (name.to_owned(), name == "localhost" || name.ends_with(".localhost"))
            }
            Some(Host::Ipv4(address)) if address.is_loopback() => (address.to_string(), true),
            Some(Host::Ipv6(address)) if address.is_loopback() => (format!("[{address}]"), true),
            Some(Host::Ipv4(_) | Host::Ipv6(_)) | None => return Err(DestinationError::Host(setting)),
        };
        if local && loopback == Loopback::Refused {
            return Err(DestinationError::Loopback(setting));
        }
        let https = match url.scheme() {
            "https" => true,
            "http" if local => false,
            _ => return Err(DestinationError::Scheme(setting)),
        };
        let path = url.path().trim_end_matches('/');
        let bare = url.username().is_empty() && url.password().is_none();
        if !bare || url.query().is_some() || url.fragment().is_some() || !is_plain_path(path) {
            return Err(DestinationError::Extra(setting));
        }
        let port = url.port_or_known_default().ok_or(DestinationError::Host(setting))?;
        Ok(Self { https, host, port, path: path.to_owned(), loopback: local })
    }

    pub(crate) fn below(&self, path: &str) -> Self {
        Self { path: format!("{}{path}", self.path), ..self.clone() }
    }

    /// The absolute URL.
    pub(crate) fn text(&self) -> String {
        let scheme = if self.https { "https" } else { "http" };
        if self.has_default_port() {
            format!("{scheme}://{}{}", self.host, self.path)
        } else {
            format!("{scheme}://{}:{}{}", self.host, self.port, self.path)
        }
    }

    const fn has_default_port(&self) -> bool {
        self.port == if self.https { 443 } else { 80 }
    }

    /// Whether the URI has this scheme, host and port, and nothing else before its path.
    fn hosts(&self, uri: &Uri) -> bool {
        let scheme = if self.https { "https" } else { "http" };
        let Some(authority) = uri.authority().map(http::uri::Authority::as_str) else { return false };
        let spelled = format!("{}:{}", self.host, self.port);
        let named = authority.eq_ignore_ascii_case(&spelled)
            || (self.has_default_port() && authority.eq_ignore_ascii_case(&self.host));
        named && uri.scheme_str() == Some(scheme)
    }
}

/// One row of the table: a method, and a place or all that is below it.
#[derive(Clone, Debug)]
pub(crate) struct Admitted {
    pub(crate) methods: &'static [Method],
    pub(crate) base: Base,
    pub(crate) extent: Extent,
}

/// How much of a place a row opens.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Extent {
    /// The path itself, without query.
    Exact,
    /// Paths below it, with or without query.
    Below,
}

impl Admitted {
    pub(crate) fn admits(&self, method: &http::Method, uri: &Uri) -> bool {
        let path_fits = match self.extent {
            Extent::Exact => uri.path() == self.base.path && uri.query().is_none(),
            Extent::Below => uri
                .path()
                .strip_prefix(self.base.path.as_str())
                .and_then(|rest| rest.strip_prefix('/'))
                .is_some_and(|rest| rest.split('/').all(is_plain_segment)),
        };
        path_fits
            && self.base.hosts(uri)
            && self.methods.iter().any(|admitted| admitted.as_str() == method.as_str())
    }
}

/// The hosts of client metadata documents: `https://HOST/PATH` on the default port, and nothing else in the request.
#[derive(Clone, Debug)]
pub(crate) struct DocumentHosts {
    hosts: Vec<String>,
    stand_in: Option<Base>,
}

impl DocumentHosts {
    fn new(route: &ClientMetadataRoute, loopback: Loopback) -> Result<Self, DestinationError> {
        const HOSTS: &str = "CLIENT_METADATA_HOSTS";
        const BASE: &str = "CLIENT_METADATA_BASE_URL";
        if !route.hosts.iter().all(|host| is_host_name(host)) {
            return Err(DestinationError::Host(HOSTS));
        }
        let stand_in = route.base_url.as_ref().map(|url| Base::parse(BASE, url, loopback)).transpose()?;
        if stand_in.as_ref().is_some_and(|base| !base.loopback) {
            return Err(DestinationError::Development(BASE));
        }
        Ok(Self { hosts: route.hosts.clone(), stand_in })
    }

    /// The address to dial for this document, where it is one of a listed host.
    pub(crate) fn address(&self, method: &http::Method, uri: &Uri) -> Option<DocumentAddress> {
        let host =
            self.hosts.iter().find(|host| uri.authority().is_some_and(|named| named.as_str() == *host))?;
        let path = uri.path().strip_prefix('/')?;
        let segments = path.strip_suffix('/').unwrap_or(path);
        let plain = uri.query().is_none() && segments.split('/').all(is_plain_segment);
        if method != http::Method::GET || uri.scheme_str() != Some("https") || !plain {
            return None;
        }
        let Some(base) = &self.stand_in else { return Some(DocumentAddress::Own) };
        format!("{}/{host}/{path}", base.text()).parse().ok().map(DocumentAddress::StandIn)
    }
}

/// Where a document is dialled.
#[derive(Debug)]
pub(crate) enum DocumentAddress {
    /// At its own host, on the public Internet.
    Own,
    /// At what stands in for it.
    StandIn(Uri),
}

/// A host name of the public Internet in canonical form, without a port.
pub(crate) fn is_host_name(host: &str) -> bool {
    matches!(Host::parse(host), Ok(Host::Domain(name)) if name == host) && host.contains('.')
}

/// A path of unreserved characters (RFC 3986 section 2.3), without empty segments.
pub(crate) fn is_plain_path(path: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    path.bytes().all(plain) && !path.contains("//")
}

/// Neither empty nor a dot segment, in whatever encoding; a backslash would be one on the other side.
fn is_plain_segment(segment: &str) -> bool {
    let dots = segment.to_ascii_lowercase().replace("%2e", ".");
    !matches!(dots.as_str(), "" | "." | "..") && !segment.contains('\\')
}

pub(crate) fn segment<'a>(setting: &'static str, text: &'a str) -> Result<&'a str, DestinationError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if (1..=64).contains(&text.len()) && text.bytes().all(plain) {
        Ok(text)
    } else {
        Err(DestinationError::Segment(setting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(url: &str, loopback: Loopback) -> Result<String, DestinationError> {
        Base::parse("SETTING", &Url::parse(url).unwrap(), loopback).map(|base| base.text())
    }

    #[test]
    fn only_https_with_a_host_name_passes() {
        for (url, result) in [
            ("https://gateway.ai.cloudflare.com", Ok("https://gateway.ai.cloudflare.com")),
            ("https://Example.com:443/a/b/", Ok("https://example.com/a/b")),
            ("https://example.com:8443", Ok("https://example.com:8443")),
            ("http://example.com", Err(DestinationError::Scheme("SETTING"))),
            ("ftp://example.com", Err(DestinationError::Scheme("SETTING"))),
            ("https://169.254.169.254", Err(DestinationError::Host("SETTING"))),
            ("https://0x7f.1", Err(DestinationError::Loopback("SETTING"))),
            ("https://[::ffff:7f00:1]", Err(DestinationError::Host("SETTING"))),
            ("https://localhost", Err(DestinationError::Loopback("SETTING"))),
            ("http://127.0.0.1:8790", Err(DestinationError::Loopback("SETTING"))),
            ("https://user@example.com", Err(DestinationError::Extra("SETTING"))),
            ("https://:secret@example.com", Err(DestinationError::Extra("SETTING"))),
            ("https://example.com/?a=b", Err(DestinationError::Extra("SETTING"))),
            ("https://example.com/#a", Err(DestinationError::Extra("SETTING"))),
            ("https://example.com/a%2Fb", Err(DestinationError::Extra("SETTING"))),
            ("https://example.com//a", Err(DestinationError::Extra("SETTING"))),
        ] {
            assert_eq!(parsed(url, Loopback::Refused), result.map(str::to_owned), "{url}");
        }
    }

    #[test]
    fn development_allows_loopback_and_plain_http_only_there() {
        for (url, result) in [
            ("http://127.0.0.1:8790/gateway", Ok("http://127.0.0.1:8790/gateway")),
            ("http://[::1]:8790", Ok("http://[::1]:8790")),
            ("http://localhost", Ok("http://localhost")),
            ("http://example.com", Err(DestinationError::Scheme("SETTING"))),
            ("http://10.0.0.1", Err(DestinationError::Host("SETTING"))),
        ] {
            assert_eq!(parsed(url, Loopback::Development), result.map(str::to_owned), "{url}");
        }
    }

    #[test]
    fn gateway_and_account_are_single_plain_segments() {
        for (text, fits) in
            [("023e105f4ecef8ad", true), ("m365-graph", true), ("", false), ("a/b", false), ("..", false)]
        {
            assert_eq!(segment("SETTING", text).is_ok(), fits, "{text}");
        }
    }

    #[test]
    fn the_only_graph_version_is_the_one_the_table_was_written_for() {
        assert_eq!(GraphVersion::parse("v1.0"), Some(GraphVersion::V1));
        assert_eq!(GraphVersion::parse("beta"), None);
    }
}
