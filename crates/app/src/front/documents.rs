//! What the front answers itself: metadata documents, registration, liveness.

use bytes::Bytes;
use http::{Response, StatusCode};
use m365_ports::PerimeterRecord;
use m365_types::AuditKind;
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
            Handler::ProtectedResource => document(&server.protected_resource()),
            Handler::Health => Ok(json(StatusCode::OK, &json!({ "status": "ok" }))),
            Handler::Register => {
                let registered = self.core.clients.register(&body).await?;
                let record = PerimeterRecord {
                    at: self.core.ports.clock.now(),
                    kind: AuditKind::ClientRegistered,
                    request_id: arrival.request.to_string(),
                    route: arrival.route.path.to_owned(),
                    code: "registered".to_owned(),
                    status: StatusCode::CREATED.as_u16(),
                    client: Some(registered.client().id().clone()),
                };
                self.record(record).await;
                Ok(json_text(StatusCode::CREATED, registered.body().expose().clone()))
            }
            Handler::Authorize
            | Handler::Callback
            | Handler::Connect
            | Handler::Consent
            | Handler::Mcp
            | Handler::Me
            | Handler::MeRevoke
            | Handler::MeSignOut
            | Handler::Revoke
            | Handler::Token => Err(Failure::of(&errors::INTERNAL)),
        }
    }
}

fn document<T: serde::Serialize>(document: &T) -> Result<Response<Bytes>, Failure> {
    let text = serde_json::to_string(document).map_err(|_| Failure::of(&errors::INTERNAL))?;
    Ok(json_text(StatusCode::OK, text))
}
