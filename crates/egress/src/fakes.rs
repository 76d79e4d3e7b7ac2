//! What stands in for the world in tests: a transport that records, a fixed entropy, a permitted intent.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use m365_ports::{Bounds, Clock, Entropy, Network, Outbound, OutboundError};
use m365_types::{
    AccessSubject, ActionKind, ActionSpec, Actor, AuditKind, Call, ClientId, Effect, Email, GrantId,
    Identity, Intent, Oid, Permit, Person, Posture, Principal, Reach, RequestId, Scope, Secret, TenantId,
    Terms, UnixMillis,
};
use url::Url;

use crate::{
    AccessRoute, ClientMetadataRoute, DestinationError, Destinations, Door, EntraRoute, GatewayRoute,
    GraphVersion, LlmGateway, Loopback,
};

pub(crate) const MESSAGES: Call = Call::get("/me/mailFolders/{folder}/messages");
pub(crate) const SEND: Call = Call::post("/me/sendMail");
pub(crate) static READ_MESSAGES: Call = MESSAGES;
pub(crate) static SEND_MAIL: Call = SEND;
pub(crate) static OTHER: Call = Call::get("/users");

static ACTION: ActionSpec = ActionSpec {
    name: "getEmails",
    kind: ActionKind::Tool,
    title: "Mail",
    summary: "Reads mail.",
    effect: Effect::Read,
    scopes: &[Scope::MailRead],
    further_scopes: &[],
    calls: &[MESSAGES, SEND],
    untrusted: true,
    sensitivity: &[],
    audit: AuditKind::MailRead,
};

/// Answers what it was told to and keeps what it was sent.
pub(crate) struct Recording {
    pub(crate) sent: Mutex<Vec<Request<Bytes>>>,
    pub(crate) networks: Mutex<Vec<Network>>,
    pub(crate) answer: Box<dyn Fn() -> Result<Response<Bytes>, OutboundError> + Send + Sync>,
}

impl Recording {
    pub(crate) fn answering(
        answer: impl Fn() -> Result<Response<Bytes>, OutboundError> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self { sent: Mutex::default(), networks: Mutex::default(), answer: Box::new(answer) })
    }

    pub(crate) fn empty() -> Arc<Self> {
        Self::answering(|| Ok(Response::new(Bytes::new())))
    }

    /// What was sent since the last time of asking.
    pub(crate) fn take(&self) -> Vec<Request<Bytes>> {
        std::mem::take(&mut self.sent.lock().unwrap())
    }
}

#[async_trait]
impl Outbound for Recording {
    async fn send(&self, request: Request<Bytes>, bounds: Bounds) -> Result<Response<Bytes>, OutboundError> {
        self.sent.lock().unwrap().push(request);
        self.networks.lock().unwrap().push(bounds.network);
        (self.answer)()
    }
}

/// Every byte is 7.
pub(crate) struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(7);
    }
}

/// The clock stands still.
pub(crate) struct Noon;

impl Clock for Noon {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_secs(1_800_000_000)
    }
}

/// The right to use the gateway.
pub(crate) fn token() -> Secret<String> {
    Secret::new("gateway-secret".to_owned())
}

/// An answer that came through the gateway.
pub(crate) fn answered(
    status: u16,
    headers: &'static [(&'static str, &'static str)],
    body: impl Into<Bytes>,
) -> Arc<Recording> {
    let body = body.into();
    Recording::answering(move || {
        let mut builder = Response::builder().status(status).header("cf-aig-log-id", "01JLOG");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        Ok(builder.body(body.clone()).unwrap())
    })
}

/// The gateway's own refusal.
pub(crate) fn refused(status: u16, code: u32) -> Arc<Recording> {
    let body = serde_json::json!({
        "success": false, "error": [{"code": code, "message": "m"}], "name": "AiGatewayError",
        "httpCode": status, "internalCode": code,
    });
    answered(status, &[], body.to_string())
}

pub(crate) fn destinations() -> Destinations {
    destinations_at("https://gateway.ai.cloudflare.com", Loopback::Refused)
}

pub(crate) fn destinations_at(gateway: &str, loopback: Loopback) -> Destinations {
    let hosts = vec!["claude.ai".to_owned(), "vscode.dev".to_owned()];
    with_documents(gateway, &ClientMetadataRoute { hosts, base_url: None }, loopback).unwrap()
}

pub(crate) fn with_documents(
    gateway: &str,
    documents: &ClientMetadataRoute,
    loopback: Loopback,
) -> Result<Destinations, DestinationError> {
    let url = |text| Url::parse(text).unwrap();
    Destinations::new(
        &GatewayRoute {
            base_url: url(gateway),
            account_id: "acc".to_owned(),
            gateway_id: "m365-graph".to_owned(),
            api_version: GraphVersion::V1,
            sharepoint_hosts: vec!["contoso-my.sharepoint.com".to_owned()],
            webhooks: vec![url("https://hooks.contoso.example/m365")],
            llm: Some(LlmGateway {
                gateway_id: "m365-llm".to_owned(),
                classifier: None,
                summary: Some("summary".to_owned()),
            }),
            echo: true,
        },
        &EntraRoute {
            base_url: url("https://login.microsoftonline.com"),
            tenant: TenantId::parse("11111111-2222-3333-4444-555555555555").unwrap(),
        },
        &AccessRoute { team_domain: url("https://contoso.cloudflareaccess.com") },
        documents,
        loopback,
    )
}

pub(crate) fn door(raw: &Arc<Recording>) -> Door {
    Door::new(raw.clone(), destinations())
}

pub(crate) fn intent(microsoft: Option<(TenantId, Oid)>) -> Intent {
    let person = Person {
        subject: AccessSubject::parse("access-subject").unwrap(),
        email: Email::parse("alex@contoso.example").unwrap(),
        oid: None,
        groups: vec![],
        posture: Posture::default(),
    };
    #[expect(clippy::disallowed_methods, reason = "the tests stand in for perimeter, decision and journal")]
    let intent = {
        let principal = Principal::issue(Identity::Person(person), UnixMillis::from_secs(1));
        let actor = Actor {
            principal,
            microsoft,
            client: Some(ClientId::parse("client-1").unwrap()),
            grant: Some(GrantId::from_random([1; 16])),
            request: RequestId::from_random([2; 16]),
        };
        Intent::recorded(
            Permit::issue(
                actor,
                &ACTION,
                Terms::plain(Reach::default(), vec![Scope::MailRead], "person.full"),
            ),
            1,
        )
    };
    intent
}
