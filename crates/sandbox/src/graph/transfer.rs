//! The hosts that keep content: pre-authenticated downloads and upload sessions.
//!
//! Source: Graph, `driveItem` content and `createUploadSession`, `attachment` `createUploadSession`. In scope: what such
//! an address does. Invariants: the address alone opens it, a request with `Authorization` is refused, and nothing is
//! answered twice from one upload session once that is complete.

use http::StatusCode;
use serde_json::json;

use super::call::Answer;
use super::errors::{GraphError, Workload};
use super::{
    GraphRequest, GraphResponse, Halt, Tenant, Unreachable, drive_address, header, recorded_body, signed,
    suffer,
};
use crate::estate::Estate;
use crate::faults::Target;
use crate::recorder::{Recorded, shown_headers};

/// Hosts of the simulated tenant's content: OneDrive, SharePoint, attachments of Outlook.
pub const HOSTS: [&str; 3] = ["contoso-my.sharepoint.com", "contoso.sharepoint.com", "outlook.office.com"];

impl Tenant {
    /// Answers one request to a host that keeps content.
    ///
    /// # Errors
    /// [`Unreachable`] when a fault closes the connection.
    pub async fn transfer(
        &self,
        estate: &Estate,
        host: &'static str,
        request: GraphRequest,
    ) -> Result<GraphResponse, Unreachable> {
        let now_ms = estate.clock.now_ms();
        let person = drive_address::person_of(&request);
        estate.recorder.record(Recorded {
            target: Target::Sharepoint,
            person: person.clone(),
            method: request.method.to_string(),
            path: format!("/{host}{}", request.path),
            query: String::new(),
            headers: shown_headers(&request.headers),
            body: recorded_body(&request.body),
        });
        let fault = estate.faults.take(Target::Sharepoint, &request.path, person.as_deref());
        let answer = match suffer(fault, Workload::Drive, estate.clock.now_secs()).await {
            Err(Halt::Unreachable | Halt::Malformed) => return Err(Unreachable),
            Err(Halt::Refused(error)) => refusal(&error),
            Ok(()) if header(&request.headers, "authorization").is_some() => {
                Answer::raw(StatusCode::UNAUTHORIZED.as_u16(), Vec::new())
            }
            Ok(()) => self.keep_or_give(host, &request, signed(now_ms)),
        };
        let id = self.serial.mint(now_ms);
        Ok(answer.into_response(now_ms, &id, &id))
    }

    fn keep_or_give(&self, host: &str, request: &GraphRequest, now_ms: i64) -> Answer {
        match (host, request.method.as_str()) {
            ("outlook.office.com", "PUT") => super::attachment::keep_part(self, now_ms, request),
            ("contoso-my.sharepoint.com" | "contoso.sharepoint.com", "GET") => {
                drive_address::give(self, host, request, now_ms).unwrap_or_else(|error| refusal(&error))
            }
            ("contoso-my.sharepoint.com" | "contoso.sharepoint.com", "PUT") => {
                drive_address::keep_part(self, host, request, now_ms).unwrap_or_else(|error| refusal(&error))
            }
            _ => Answer::raw(StatusCode::NOT_FOUND.as_u16(), Vec::new()),
        }
    }
}

/// The refusal of a host that keeps content: an envelope without ids.
fn refusal(error: &GraphError) -> Answer {
    let body = json!({"error": {"code": error.code, "message": error.message}});
    Answer { headers: error.headers(), ..Answer::json(error.status, &body) }
}
