//! Discovery before sign-in: whom Access has vouched for may be told what there is, and nothing else.
//!
//! Source: MCP, `initialize`, `server/discover` and the lists. What they tell are constants of this build under the
//! deployment's profile: no person's data, and the same for everybody. No cell is asked, and none comes to be.
//!
//! Invariants: only where the deployment turned it on, which it can only where Access guards the route; only without an
//! `Authorization` header, so that a token that does not count is never answered as if there were none; only for a POST of
//! a body in which every message is one of the named methods. A refusal leaves one perimeter record.

use std::sync::Arc;

use async_trait::async_trait;
use axum::body::Body;
use http::header::AUTHORIZATION;
use http::{Method, Request, Response};
use m365_mcp::{
    Answered, Client, Offers, PromptDescriptor, ProtocolRefusal, Refusal, ResourceContents,
    ResourceDescriptor, Server, ServerInfo, TemplateDescriptor, ToolCall, ToolDescriptor, ToolResult,
};
use m365_ports::PerimeterRecord;
use m365_types::{RequestId, Toolset};

use super::{Arrival, Front};
use crate::config::Ingress;
use crate::core::Core;
use crate::errors;
use crate::offer;
use crate::respond::Failure;
use crate::routes::{Handler, Route};

/// Somebody who has not signed in to this server.
struct Visitor {
    core: Arc<Core>,
    request: RequestId,
    route: &'static Route,
}

impl Visitor {
    fn toolset(&self) -> &Toolset {
        &self.core.config.toolset
    }
}

impl Front {
    /// Whether the request may only ask what there is. In `managed` an assertion is all there is, so nobody is a visitor.
    pub(super) fn is_visitor(&self, arrival: &Arrival) -> bool {
        let config = &self.core.config;
        config.access.discovery
            && config.ingress == Ingress::Oauth
            && matches!(arrival.route.handler, Handler::Mcp | Handler::Sse)
            && !arrival.head.headers.contains_key(AUTHORIZATION)
    }

    /// Answers a visitor: what is not discovery needs a token.
    pub(super) async fn receive(&self, arrival: &Arrival, body: Body) -> Result<Response<Body>, Failure> {
        self.core.perimeter.verify(&arrival.head.headers).await?;
        let body = self.read_body(arrival, body).await?;
        if arrival.head.method != Method::POST || !m365_mcp::only_discovers(&body) {
            let challenge = self.core.server.challenge(arrival.route.resource(), None, None);
            return Err(Failure::of(&errors::TOKEN_MISSING).challenging(challenge));
        }
        tracing::info!(requestId = %arrival.request, route = arrival.route.path, code = "discovery", "perimeter");
        let mut request = Request::new(body);
        *request.method_mut() = arrival.head.method.clone();
        *request.headers_mut() = arrival.head.headers.clone();
        let visitor = Visitor { core: self.core.clone(), request: arrival.request, route: arrival.route };
        Ok(m365_mcp::handle(Arc::new(visitor), request).await.map(Body::new))
    }
}

#[async_trait]
impl Server for Visitor {
    fn info(&self) -> ServerInfo {
        offer::INFO
    }

    fn offers(&self) -> Offers {
        offer::OFFERS
    }

    fn tools(&self) -> Vec<ToolDescriptor> {
        offer::tools(self.toolset())
    }

    fn resources(&self) -> Vec<ResourceDescriptor> {
        offer::resources(self.toolset())
    }

    fn resource_templates(&self) -> Vec<TemplateDescriptor> {
        offer::resource_templates(self.toolset())
    }

    fn prompts(&self) -> Vec<PromptDescriptor> {
        offer::prompt_descriptors(self.toolset())
    }

    async fn call_tool(&self, _: ToolCall, _: Arc<Client>) -> Result<Answered<ToolResult>, Refusal> {
        Err(Refusal::UnknownTool)
    }

    async fn read_resource(&self, _: &str, _: Arc<Client>) -> Result<Answered<ResourceContents>, Refusal> {
        Err(Refusal::UnknownResource)
    }

    async fn refused(&self, refusal: ProtocolRefusal) {
        let Route { path, audit, .. } = *self.route;
        let code = format!("mcp.{}", refusal.word());
        tracing::info!(requestId = %self.request, route = path, code, "discovery refused");
        let record = PerimeterRecord {
            at: self.core.ports.clock.now(),
            kind: audit,
            request_id: self.request.to_string(),
            route: path.to_owned(),
            code,
            status: refusal.status().as_u16(),
            client: None,
        };
        if let Err(error) = self.core.ports.directory.record_perimeter(record).await {
            tracing::error!(requestId = %self.request, %error, "a perimeter record could not be written");
        }
    }
}
