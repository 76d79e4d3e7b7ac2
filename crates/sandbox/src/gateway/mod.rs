//! The simulated Cloudflare AI Gateway, as far as custom providers and two dynamic routes go.
//!
//! Source: Cloudflare's AI Gateway documentation and live observations (custom providers, `cf-aig-*` headers, error
//! bodies). In scope: `{any method} /v1/{account}/{gateway}/custom-{slug}/{path}`, authentication, metadata, logs,
//! data-loss prevention, rate limit, retries, timeout, and the cache, which by default answers one user with another
//! user's answer; chat completions of dynamic routes on a gateway of their own. Out of scope: policies, and spend limits
//! and guardrails but for their refusals. Invariants: everything that reaches Graph is
//! logged unless the caller turned logging off; no `cf-aig-*` header leaves towards Graph.

mod cache;
mod dlp;
mod echo;
mod errors;
mod forward;
mod llm;
mod log;
mod metadata;
#[cfg(test)]
mod tests;
mod webhook;

pub use self::webhook::WEBHOOK_HOSTS;

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde_json::Value;

use self::cache::Cache;
use self::errors::GatewayError;
use self::forward::Forwarded;
use self::log::{LogRow, Logs};
use crate::estate::Estate;
use crate::faults::{Fault, Target, wait_ms};
use crate::graph::ids::Serial;
use crate::graph::{HOSTS, bearer, recorded_body};
use crate::recorder::{Recorded, shown_headers};
use crate::server::closed_connection;

/// Largest request body, in bytes.
const MAX_BODY_BYTES: usize = 25 * 1024 * 1024;
/// The custom provider in front of `https://graph.microsoft.com`.
const GRAPH: &str = "custom-msgraph";
/// The custom provider in front of the server under test.
const ECHO: &str = "custom-m365-echo";

/// What a custom provider of the account stands in front of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Provider {
    Graph,
    /// A host that keeps content, as `custom-` and its name with `-` for each dot.
    Host(&'static str),
    /// A host that receives webhooks, named in the same way.
    Webhook(&'static str),
    /// The server under test.
    Echo,
    /// Language models, on a gateway of their own.
    Llm,
}

impl Provider {
    fn named(slug: &str) -> Option<Self> {
        let is_of =
            |host: &&&'static str| slug.strip_prefix("custom-") == Some(host.replace('.', "-").as_str());
        match slug {
            GRAPH => Some(Self::Graph),
            ECHO => Some(Self::Echo),
            _ => {
                let keeper = HOSTS.iter().find(is_of).map(|host| Self::Host(host));
                keeper.or_else(|| WEBHOOK_HOSTS.iter().find(is_of).map(|host| Self::Webhook(host)))
            }
        }
    }

    fn slug(self) -> String {
        match self {
            Self::Graph => GRAPH.to_owned(),
            Self::Echo => ECHO.to_owned(),
            Self::Llm => "compat".to_owned(),
            Self::Host(host) | Self::Webhook(host) => format!("custom-{}", host.replace('.', "-")),
        }
    }
}

/// Logs, cache and connections of the simulated gateway.
#[derive(Default)]
pub struct Gateway {
    cache: Cache,
    edge: echo::Edge,
    logs: Logs,
    serial: Serial,
}

impl Gateway {
    /// A gateway that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The kept log rows, oldest first, each an object with at least `id`, `metadata`, `status`, `path`, `method`.
    #[must_use]
    pub fn logs(&self) -> Vec<Value> {
        self.logs.rows(usize::MAX).iter().rev().map(|row| row.json()).collect()
    }

    /// At most `limit` log rows, newest first.
    #[must_use]
    pub fn newest_logs(&self, limit: usize) -> Vec<Value> {
        self.logs.rows(limit).iter().map(|row| row.json()).collect()
    }
}

/// The routes below `/gateway`.
pub fn router() -> Router<Arc<Estate>> {
    Router::new().fallback(serve)
}

/// What came in, once it is known to be for this gateway.
struct Inbound {
    provider: Provider,
    person: Option<String>,
    method: http::Method,
    /// Path of the provider, such as `/v1.0/me`.
    path: String,
    query: String,
    headers: HeaderMap,
    body: Bytes,
    started_ms: u64,
}

/// What goes back, before the gateway's own headers are added.
struct Outbound {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    cached: bool,
    dlp: Option<dlp::Finding>,
}

async fn serve(State(estate): State<Arc<Estate>>, request: Request) -> Response {
    let request_id = estate.gateway.serial.mint(estate.clock.now_ms());
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, MAX_BODY_BYTES).await else {
        return GatewayError::too_large().response(&request_id);
    };
    let person = person(&estate, parts.uri.path(), &parts.headers);
    let (path, query) = (parts.uri.path(), parts.uri.query().unwrap_or_default());
    estate.recorder.record(Recorded {
        target: Target::Gateway,
        person: person.clone(),
        method: parts.method.to_string(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: shown_headers(&parts.headers),
        body: recorded_body(&body),
    });
    let (provider, provider_path) = match admit(&estate, path, &parts.headers) {
        Ok((provider, provider_path)) => (provider, provider_path.to_owned()),
        Err(error) => return error.response(&request_id),
    };
    let started_ms = estate.clock.now_ms();
    let fault = estate.faults.take(Target::Gateway, path, person.as_deref());
    let inbound = Inbound {
        provider,
        person,
        method: parts.method,
        path: provider_path,
        query: query.to_owned(),
        headers: parts.headers,
        body,
        started_ms,
    };
    if let Some(Fault::Reset) = fault {
        return closed_connection();
    }
    let outbound = answer(&estate, &inbound, fault).await;
    respond(&estate, inbound, outbound, &request_id)
}

/// The provider and the path behind its slug, if the caller may use this gateway.
fn admit<'a>(
    estate: &Estate,
    path: &'a str,
    headers: &HeaderMap,
) -> Result<(Provider, &'a str), GatewayError> {
    let config = &estate.config;
    let rest = path.strip_prefix("/v1/").ok_or_else(GatewayError::no_gateway)?;
    let (account, rest) = rest.split_once('/').ok_or_else(GatewayError::no_gateway)?;
    let (gateway, rest) = rest.split_once('/').ok_or_else(GatewayError::no_gateway)?;
    let of_models = gateway == config.llm_gateway_id;
    if account != config.account_id || (gateway != config.gateway_id && !of_models) {
        return Err(GatewayError::no_gateway());
    }
    let token = header(headers, "cf-aig-authorization").and_then(|value| value.strip_prefix("Bearer "));
    if token != Some(config.gateway_token.as_str()) {
        return Err(GatewayError::unauthorized());
    }
    if of_models {
        let is_chat = rest == llm::PATH;
        return if is_chat { Ok((Provider::Llm, path)) } else { Err(GatewayError::no_provider()) };
    }
    let slash = rest.find('/').ok_or_else(GatewayError::no_provider)?;
    let (slug, provider_path) = rest.split_at(slash);
    let provider = Provider::named(slug).ok_or_else(GatewayError::no_provider)?;
    Ok((provider, provider_path))
}

async fn answer(estate: &Arc<Estate>, inbound: &Inbound, fault: Option<Fault>) -> Outbound {
    let forced_hit = fault == Some(Fault::CacheHit);
    match fault {
        Some(Fault::Delay { ms }) => wait_ms(ms).await,
        Some(Fault::DlpRequest) => {
            return GatewayError::dlp_request().outbound(Some(dlp::Finding::blocked(dlp::Check::Request)));
        }
        Some(Fault::Malformed) => return malformed(),
        Some(Fault::GuardrailPrompt) => return GatewayError::guardrail_prompt().outbound(None),
        Some(Fault::GuardrailResponse) => return GatewayError::guardrail_response().outbound(None),
        Some(Fault::RateLimit) => return GatewayError::rate_limited().outbound(None),
        Some(Fault::SpendLimit) => return GatewayError::spend_limited().outbound(None),
        Some(Fault::Status { status }) => return GatewayError::of_status(status).outbound(None),
        _ => {}
    }
    let key = cache::key(inbound);
    let cacheable = header(&inbound.headers, "cf-aig-skip-cache") != Some("true");
    if let Some(key) = key.as_ref().filter(|_| cacheable || forced_hit)
        && let Some(known) = estate.gateway.cache.find(key, estate.clock.now_ms())
    {
        return known;
    }
    let mut flagged = dlp::scan(&inbound.body, dlp::Check::Request);
    let mut outbound = match forward::send(estate, inbound).await {
        Forwarded::Answer(response) => Outbound {
            status: response.status,
            headers: response.headers,
            body: response.body,
            cached: forced_hit,
            dlp: None,
        },
        Forwarded::TimedOut => return GatewayError::timed_out().outbound(flagged),
        Forwarded::Unreachable => return GatewayError::unreachable().outbound(flagged),
    };
    if fault == Some(Fault::DlpResponse) {
        return GatewayError::dlp_response().outbound(Some(dlp::Finding::blocked(dlp::Check::Response)));
    }
    flagged = flagged.or_else(|| dlp::scan(&outbound.body, dlp::Check::Response));
    outbound.dlp = flagged;
    if let Some(key) = key.filter(|_| cacheable && outbound.status == StatusCode::OK) {
        estate.gateway.cache.keep(key, &outbound, cache::until_ms(inbound, estate.clock.now_ms()));
    }
    outbound
}

fn respond(estate: &Estate, inbound: Inbound, outbound: Outbound, request_id: &str) -> Response {
    let log_id = estate.gateway.serial.mint(estate.clock.now_ms());
    let event_id = header(&inbound.headers, "cf-aig-event-id").map(str::to_owned);
    let logged = header(&inbound.headers, "cf-aig-collect-log") != Some("false");
    let mut response = Response::new(Body::from(outbound.body.clone()));
    *response.status_mut() = outbound.status;
    let headers = response.headers_mut();
    headers.clone_from(&outbound.headers);
    headers.remove("content-length");
    let provider = inbound.provider.slug();
    let dlp = outbound.dlp.as_ref().map(|finding| finding.json().to_string());
    let own = [
        ("cf-aig-request-id", Some(request_id)),
        ("cf-aig-log-id", logged.then_some(log_id.as_str())),
        ("cf-aig-step", Some("0")),
        ("cf-aig-provider", Some(provider.as_str())),
        ("cf-aig-cache-status", Some(if outbound.cached { "HIT" } else { "MISS" })),
        ("cf-aig-event-id", event_id.as_deref()),
        ("cf-aig-dlp", dlp.as_deref()),
    ];
    for (name, value) in own {
        if let Some(Ok(value)) = value.map(HeaderValue::from_str) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
    if logged {
        let now_ms = estate.clock.now_ms();
        estate.gateway.logs.push(LogRow::new(log_id, inbound, outbound, now_ms));
    }
    response
}

fn malformed() -> Outbound {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let body = Bytes::from_static(b"{\"value\":[{\"id\":");
    Outbound { status: StatusCode::OK, headers, body, cached: false, dlp: None }
}

/// Whose Microsoft token the request carries; where none belongs in it, whom its metadata name.
fn person(estate: &Estate, path: &str, headers: &HeaderMap) -> Option<String> {
    if path.contains(ECHO) || path.ends_with(llm::PATH) {
        let named = metadata::kept(header(headers, "cf-aig-metadata"));
        let person = estate.people.find(named.get("userEmail")?.as_str()?)?;
        return Some(person.email.clone());
    }
    let token = bearer(headers)?;
    estate.microsoft_tokens.open_access(token, estate.clock.now_ms()).ok().map(|claims| claims.email)
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}
