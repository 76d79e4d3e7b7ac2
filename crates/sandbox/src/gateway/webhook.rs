//! The receivers of webhooks: hosts that take whatever they are posted and answer nothing.
//!
//! What they received is read with the control `requests` as target `webhook`; faults make them slow, refuse or hang up.

use http::{HeaderMap, Method, StatusCode};

use crate::estate::Estate;
use crate::faults::{Fault, Target, wait_ms};
use crate::graph::{GraphRequest, GraphResponse, Unreachable, recorded_body};
use crate::recorder::{Recorded, shown_headers};

/// Hosts of the account that receive webhooks, each with a custom provider named after it.
pub const WEBHOOK_HOSTS: [&str; 2] = ["alerts.contoso.example", "hooks.contoso.example"];

/// Takes one delivery.
pub(super) async fn receive(
    estate: &Estate,
    host: &'static str,
    request: GraphRequest,
) -> Result<GraphResponse, Unreachable> {
    let path = format!("/{host}{}", request.path);
    let fault = estate.faults.take(Target::Webhook, &path, None);
    estate.recorder.record(Recorded {
        target: Target::Webhook,
        person: None,
        method: request.method.to_string(),
        path,
        query: request.query,
        headers: shown_headers(&request.headers),
        body: recorded_body(&request.body),
    });
    let status = match fault {
        Some(Fault::Reset | Fault::Malformed) => return Err(Unreachable),
        Some(Fault::RateLimit) => StatusCode::TOO_MANY_REQUESTS,
        Some(Fault::Status { status }) => {
            StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
        }
        Some(Fault::Delay { ms }) => {
            wait_ms(ms).await;
            StatusCode::OK
        }
        _ if request.method != Method::POST => StatusCode::METHOD_NOT_ALLOWED,
        _ => StatusCode::OK,
    };
    Ok(GraphResponse { status, headers: HeaderMap::new(), body: bytes::Bytes::new() })
}
