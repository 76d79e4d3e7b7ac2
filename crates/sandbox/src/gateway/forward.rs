//! Passing a request on to the provider, with the gateway's retries and timeout.
//!
//! Source: AI Gateway's request handling. Unless `cf-aig-max-attempts` says otherwise a failing provider is tried
//! three times, writes included, so a caller that forgets the header can send a mail three times. A timeout ends
//! the waiting, not the provider's work.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, header};

use super::{Inbound, Provider, header as text, llm, webhook};
use crate::estate::Estate;
use crate::graph::{GraphRequest, GraphResponse};

const DEFAULT_ATTEMPTS: u32 = 3;
const MOST_ATTEMPTS: u32 = 5;

/// How the provider answered.
pub(super) enum Forwarded {
    Answer(GraphResponse),
    TimedOut,
    Unreachable,
}

/// Sends the request until it is answered below 500 or the attempts are used up.
pub(super) async fn send(estate: &Arc<Estate>, inbound: &Inbound) -> Forwarded {
    let attempts = number(&inbound.headers, "cf-aig-max-attempts").unwrap_or(DEFAULT_ATTEMPTS);
    let timeout = number(&inbound.headers, "cf-aig-request-timeout");
    let mut last = Forwarded::Unreachable;
    for _ in 0..attempts.clamp(1, MOST_ATTEMPTS) {
        last = attempt(estate, inbound, timeout).await;
        if matches!(&last, Forwarded::Answer(response) if !response.status.is_server_error()) {
            break;
        }
    }
    last
}

async fn attempt(estate: &Arc<Estate>, inbound: &Inbound, timeout_ms: Option<u32>) -> Forwarded {
    let request = GraphRequest {
        method: inbound.method.clone(),
        path: inbound.path.clone(),
        query: inbound.query.clone(),
        headers: upstream_headers(&inbound.headers),
        body: inbound.body.clone(),
    };
    let (behind, provider, person) = (Arc::clone(estate), inbound.provider, inbound.person.clone());
    let mut work = Box::pin(async move {
        match provider {
            Provider::Graph => behind.graph.handle(&behind, request).await,
            Provider::Host(host) => behind.graph.transfer(&behind, host, request).await,
            Provider::Webhook(host) => webhook::receive(&behind, host, request).await,
            Provider::Echo => behind.gateway.edge.pass(&behind, request).await,
            Provider::Llm => llm::answer(&behind, person.as_deref(), request).await,
        }
    });
    let answered = match timeout_ms {
        None => work.await,
        Some(ms) => {
            let patience = Duration::from_millis(u64::from(ms));
            if let Ok(answered) = tokio::time::timeout(patience, &mut work).await {
                answered
            } else {
                // The provider goes on: whether the effect happened is unknown to the caller.
                tokio::spawn(work);
                return Forwarded::TimedOut;
            }
        }
    };
    answered.map_or(Forwarded::Unreachable, Forwarded::Answer)
}

fn upstream_headers(headers: &HeaderMap) -> HeaderMap {
    let own = [header::HOST, header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH];
    headers
        .iter()
        .filter(|(name, _)| !name.as_str().starts_with("cf-aig-") && !own.contains(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn number(headers: &HeaderMap, name: &str) -> Option<u32> {
    text(headers, name).and_then(|value| value.parse().ok())
}
