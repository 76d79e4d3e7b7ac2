//! What the front answers itself: metadata documents, registration, liveness.

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::json;

use super::{Arrival, Front};
use crate::errors;
use crate::respond::{Failure, json, json_text};
use crate::routes::Handler;

impl Front {
    /// Answers a public row.
    pub(super) async fn document(&self, arrival: &Arrival, body: Bytes) -> Result<Response<Bytes>, Failure> {
        let server = &self.core.server;
        match arrival.route.handler {
            Handler::AuthorizationServer => document(&server.authorization_server()),
            Handler::ProtectedResource => document(&server.protected_resource(arrival.route.resource())),
            Handler::Health => Ok(json(StatusCode::OK, &json!({ "status": "ok" }))),
            Handler::Register => {
                let (request, route) = (arrival.request, arrival.route.path);
                let registered = self.core.clients.register(request, route, &body).await?;
                let client = registered.client().id();
                tracing::info!(requestId = %request, route, %client, code = "registered", "perimeter");
                Ok(json_text(StatusCode::CREATED, registered.body().expose().clone()))
            }
            Handler::Approve
            | Handler::ApproveAnswer
            | Handler::Authorize
            | Handler::Callback
            | Handler::Connect
            | Handler::Consent
            | Handler::Echo
            | Handler::Mcp
            | Handler::Me
            | Handler::MeJournal
            | Handler::MeLabels
            | Handler::MeRevoke
            | Handler::MeRevokeAll
            | Handler::MeSignOut
            | Handler::Messages
            | Handler::OperatorKill
            | Handler::OperatorReadmit
            | Handler::OperatorUnpin
            | Handler::OperatorVisit
            | Handler::Revoke
            | Handler::Sse
            | Handler::Token => Err(Failure::of(&errors::INTERNAL)),
        }
    }
}

fn document<T: serde::Serialize>(document: &T) -> Result<Response<Bytes>, Failure> {
    let text = serde_json::to_string(document).map_err(|_| Failure::of(&errors::INTERNAL))?;
    Ok(json_text(StatusCode::OK, text))
}
