//! What every exchange through the gateway says: who we are, on whose behalf, and to keep, repeat and remember nothing.
//!
//! Source: Cloudflare AI Gateway, request headers.

use http::{HeaderMap, HeaderValue};
use m365_types::Secret;

use crate::destination::{Base, DestinationError};
use crate::metadata::Metadata;

/// The right to use the gateway.
#[derive(Clone, Debug)]
pub(crate) struct Credential(Option<Secret<String>>);

impl Credential {
    /// `AI_GATEWAY_SERVICE_TOKEN`; may be absent only where the gateway is on this machine.
    ///
    /// # Errors
    /// [`DestinationError::Token`]
    pub(crate) fn new(token: Option<Secret<String>>, gateway: &Base) -> Result<Self, DestinationError> {
        match &token {
            None if !gateway.loopback => Err(DestinationError::Token),
            Some(text) if text.expose().is_empty() || bearer(text).is_none() => Err(DestinationError::Token),
            Some(_) | None => Ok(Self(token)),
        }
    }

    /// The headers of one exchange. After `patience_millis` without a first byte the gateway gives up; that is less than
    /// our own patience, so that we hear its reason.
    pub(crate) fn headers(&self, metadata: &Metadata, patience_millis: &'static str) -> Option<HeaderMap> {
        let mut headers = HeaderMap::with_capacity(16);
        if let Some(token) = &self.0 {
            headers.insert("cf-aig-authorization", bearer(token)?);
        }
        headers.insert("cf-aig-metadata", metadata.header()?);
        for (name, value) in [
            ("cf-aig-skip-cache", "true"),
            ("cf-aig-max-attempts", "1"),
            ("cf-aig-collect-log-payload", "false"),
            ("cf-aig-request-timeout", patience_millis),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        Some(headers)
    }
}

/// `Bearer` and the token, marked so that no debug output shows it.
pub(crate) fn bearer(token: &Secret<String>) -> Option<HeaderValue> {
    let text = Secret::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(text.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}
