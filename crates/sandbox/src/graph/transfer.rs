//! The hosts that keep content: pre-authenticated downloads and upload sessions.
//!
//! Source: Graph, `driveItem` content and `createUploadSession`, `attachment` `createUploadSession`. In scope: what such
//! an address does. Invariants: the address alone opens it, a request with `Authorization` is refused, and nothing is
//! answered twice from one upload session once that is complete.

use http::StatusCode;

use super::call::Answer;
use super::{GraphRequest, GraphResponse, Tenant, Unreachable, header, recorded_body, suffer};
use crate::estate::Estate;
use crate::faults::Target;
use crate::graph::errors::Workload;
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
        estate.recorder.record(Recorded {
            target: Target::Sharepoint,
            person: None,
            method: request.method.to_string(),
            path: format!("/{host}{}", request.path),
            query: String::new(),
            headers: shown_headers(&request.headers),
            body: recorded_body(&request.body),
        });
        let fault = estate.faults.take(Target::Sharepoint, &request.path, None);
        if suffer(fault, Workload::Drive, estate.clock.now_secs()).await.is_err() {
            return Err(Unreachable);
        }
        let answer = if header(&request.headers, "authorization").is_some() {
            Answer::raw(StatusCode::UNAUTHORIZED.as_u16(), Vec::new())
        } else {
            self.keep_or_give(host, super::signed(now_ms), &request)
        };
        let id = self.serial.mint(now_ms);
        Ok(answer.into_response(now_ms, &id, &id))
    }

    fn keep_or_give(&self, host: &str, now_ms: i64, request: &GraphRequest) -> Answer {
        match (host, request.method.as_str()) {
            ("outlook.office.com", "PUT") => super::attachment::keep_part(self, now_ms, request),
            ("contoso-my.sharepoint.com" | "contoso.sharepoint.com", "GET") => {
                super::drive::give(self, request)
            }
            ("contoso-my.sharepoint.com" | "contoso.sharepoint.com", "PUT") => {
                super::drive::keep_part(self, request)
            }
            _ => Answer::raw(StatusCode::NOT_FOUND.as_u16(), Vec::new()),
        }
    }
}
