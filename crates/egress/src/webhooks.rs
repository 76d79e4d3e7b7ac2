//! Webhooks through the AI Gateway, to the listed receivers alone.
//!
//! Sources: Standard Webhooks 1.0 (headers, signed content); Cloudflare AI Gateway, custom providers.
//!
//! Invariants: a receiver is an https address whose host has a custom provider of its own; what is sent is an event of
//! identifiers, signed for the moment of the attempt; the answer's body is not used.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request};
use m365_ports::{
    Bounds, Clock, Network, Outbound as _, OutboundError, WebhookDelivery, WebhookError, Webhooks,
};
use m365_seal::WebhookKeys;
use url::Url;

use crate::classify::{Word, word};
use crate::destination::{Base, DestinationError, is_plain_path};
use crate::door::Guard;
use crate::gateway::{AGENT, JSON};
use crate::headers::Credential;
use crate::metadata::Metadata;
use crate::provider::{Providers, provider};
use crate::transfer::is_plain;

const SETTING: &str = "WEBHOOK_URLS";
const BOUNDS: Bounds =
    Bounds { network: Network::Configured, timeout: Duration::from_secs(15), max_response_bytes: 64 * 1024 };
const GATEWAY_TIMEOUT_MILLIS: &str = "12000";

/// Where the receivers are behind the gateway.
#[derive(Clone, Debug, Default)]
pub(crate) struct WebhookPlaces(Vec<Place>);

#[derive(Clone, Debug)]
struct Place {
    host: String,
    base: Base,
}

impl WebhookPlaces {
    pub(crate) fn new(
        gateway: &Base,
        urls: &[Url],
        providers: &mut Providers,
    ) -> Result<Self, DestinationError> {
        let places = urls.iter().map(|url| Place::new(gateway, url)).collect::<Result<Vec<_>, _>>()?;
        let hosts: Vec<String> = places.iter().map(|place| place.host.clone()).collect();
        if hosts.iter().collect::<BTreeSet<_>>().len() < hosts.len() {
            return Err(DestinationError::Doubled(SETTING));
        }
        providers.admit(SETTING, &hosts)?;
        Ok(Self(places))
    }

    pub(crate) fn bases(&self) -> impl Iterator<Item = &Base> {
        self.0.iter().map(|place| &place.base)
    }
}

impl Place {
    fn new(gateway: &Base, url: &Url) -> Result<Self, DestinationError> {
        if url.scheme() != "https" {
            return Err(DestinationError::Scheme(SETTING));
        }
        let host = url.host_str().unwrap_or_default();
        if !is_plain(url) || url.query().is_some() || url.fragment().is_some() || !is_plain_path(url.path()) {
            return Err(DestinationError::Extra(SETTING));
        }
        let base = gateway.below(&format!("/{}{}", provider(host), url.path()));
        Ok(Self { host: host.to_owned(), base })
    }
}

pub(crate) struct GatewayWebhooks {
    door: Guard,
    places: WebhookPlaces,
    credential: Credential,
    keys: WebhookKeys,
    clock: Arc<dyn Clock>,
}

impl GatewayWebhooks {
    pub(crate) const fn new(
        door: Guard,
        places: WebhookPlaces,
        credential: Credential,
        keys: WebhookKeys,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { door, places, credential, keys, clock }
    }

    fn request(&self, delivery: &WebhookDelivery) -> Option<Request<Bytes>> {
        let place = self.places.0.iter().find(|place| place.host == delivery.receiver)?;
        let event = &delivery.event;
        let body = serde_json::to_vec(event).ok()?;
        let (id, second) = (event.id.to_string(), self.clock.now().as_secs());
        let signature = self.keys.sign(&id, second, &body);
        let metadata = Metadata::of_webhook(event.request_id);
        let mut headers = self.credential.headers(&metadata, GATEWAY_TIMEOUT_MILLIS)?;
        headers.insert(CONTENT_TYPE, JSON);
        headers.insert(USER_AGENT, HeaderValue::from_static(AGENT));
        headers.insert("webhook-id", HeaderValue::try_from(id).ok()?);
        headers.insert("webhook-timestamp", HeaderValue::from(second));
        headers.insert("webhook-signature", HeaderValue::try_from(signature).ok()?);
        let mut request = Request::new(body.into());
        *request.method_mut() = Method::POST;
        *request.uri_mut() = place.base.text().parse().ok()?;
        *request.headers_mut() = headers;
        Some(request)
    }

    async fn attempt(&self, delivery: &WebhookDelivery) -> Result<(), WebhookError> {
        let request = self.request(delivery).ok_or(WebhookError::Forbidden)?;
        let answer = self.door.send(request, BOUNDS).await.map_err(|error| match error {
            OutboundError::Destination => WebhookError::Forbidden,
            OutboundError::TooLarge => WebhookError::Malformed,
            OutboundError::Connect | OutboundError::Protocol | OutboundError::Timeout => {
                WebhookError::Unreachable
            }
        })?;
        match word(answer.status(), answer.headers(), answer.body()) {
            Word::Passed => Ok(()),
            Word::Behind(status) => Err(WebhookError::Refused { status }),
            Word::Gateway(code) => Err(WebhookError::Gateway { code }),
            Word::DlpRequest | Word::DlpResponse => Err(WebhookError::DlpBlocked),
            Word::RateLimited => Err(WebhookError::RateLimited),
            Word::Unreachable => Err(WebhookError::Unreachable),
            Word::Unusable => Err(WebhookError::Malformed),
        }
    }
}

#[async_trait]
impl Webhooks for GatewayWebhooks {
    fn receivers(&self) -> Vec<String> {
        self.places.0.iter().map(|place| place.host.clone()).collect()
    }

    async fn deliver(&self, delivery: &WebhookDelivery) -> Result<(), WebhookError> {
        let result = self.attempt(delivery).await;
        tracing::info!(
            webhookId = %delivery.event.id,
            kind = delivery.event.kind.as_str(),
            receiver = delivery.receiver,
            requestId = delivery.event.request_id.map(tracing::field::display),
            error = result.as_ref().err().map(tracing::field::display),
            "webhook"
        );
        result
    }
}

#[cfg(test)]
mod tests;
