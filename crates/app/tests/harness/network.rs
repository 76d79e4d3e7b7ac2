//! The world outside: Access's keys, Entra's keys and tokens, Graph behind the AI Gateway. Everything is recorded.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use futures_channel::oneshot;
use http::{Method, Request, Response};
use m365_ports::{Bounds, Clock as _, Outbound, OutboundError};
use m365_types::Scope;
use serde_json::{Value, json};

use super::keys::Signer;
use super::models::{FakeModels, MODELS};
use super::people::Person;
use super::ports::FrozenClock;

pub(crate) const ACCESS: &str = "https://contoso.cloudflareaccess.com";
pub(crate) const AUDIENCE: &str = "4714c1358e65fe4b408ad6d432a5f878f08194bdb4752441fd56faefa9b2b6f2";
pub(crate) const ENTRA: &str = "https://login.microsoftonline.com";
pub(crate) const TENANT: &str = "11111111-2222-3333-4444-555555555555";
pub(crate) const ENTRA_CLIENT: &str = "22222222-3333-4444-5555-666666666666";
const GATEWAY: &str = "https://gateway.ai.cloudflare.com/v1/0123456789abcdef/m365-graph";
const GRAPH: &str = "https://gateway.ai.cloudflare.com/v1/0123456789abcdef/m365-graph/custom-msgraph/v1.0";

/// A row of the table of destinations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Destination {
    AccessKeys,
    /// Our own echo route, behind the gateway.
    Echo,
    EntraKeys,
    EntraToken,
    Graph,
    Model,
    /// A second receiver of webhooks.
    OtherWebhook,
    Webhook,
}

impl Destination {
    /// Written here once more and not taken from the server: a destination it invents has to fail.
    fn of(method: &Method, url: &str) -> Option<Self> {
        let entra = format!("{ENTRA}/{TENANT}");
        if url.starts_with(&format!("{GRAPH}/")) {
            return Some(Self::Graph);
        }
        [
            (Method::GET, format!("{ACCESS}/cdn-cgi/access/certs"), Self::AccessKeys),
            (Method::GET, format!("{entra}/discovery/v2.0/keys"), Self::EntraKeys),
            (Method::POST, format!("{entra}/oauth2/v2.0/token"), Self::EntraToken),
            (Method::POST, MODELS.to_owned(), Self::Model),
            (Method::POST, format!("{GATEWAY}/custom-m365-echo/echo"), Self::Echo),
            (Method::POST, format!("{GATEWAY}/custom-alerts-contoso-example/"), Self::OtherWebhook),
            (Method::POST, format!("{GATEWAY}/custom-hooks-contoso-example/m365"), Self::Webhook),
        ]
        .into_iter()
        .find(|(known, place, _)| known == method && place == url)
        .map(|(_, _, destination)| destination)
    }
}

/// Answers what the real systems would answer at best, and keeps what it was sent.
pub(crate) struct FakeNetwork {
    clock: Arc<FrozenClock>,
    sent: Mutex<Vec<(Destination, Request<Bytes>)>>,
    /// What Graph answers, in order; the last again and again.
    graph: Mutex<VecDeque<(u16, String)>>,
    pub(crate) models: FakeModels,
    /// With what the gateway refuses what goes to the echo, where it does.
    echo_refusal: Mutex<Option<(u16, u32)>>,
    entra_refuses: AtomicBool,
    tokens_are_short: AtomicBool,
    webhooks_fail: AtomicBool,
    /// The destination that does not answer for now, and who waits for it.
    held: Mutex<(Option<Destination>, Vec<oneshot::Sender<()>>)>,
}

impl FakeNetwork {
    pub(crate) fn new(clock: Arc<FrozenClock>) -> Self {
        Self {
            clock,
            sent: Mutex::default(),
            graph: Mutex::new([(200, "{}".to_owned())].into()),
            models: FakeModels::default(),
            echo_refusal: Mutex::default(),
            entra_refuses: AtomicBool::new(false),
            tokens_are_short: AtomicBool::new(false),
            webhooks_fail: AtomicBool::new(false),
            held: Mutex::default(),
        }
    }

    /// What Graph answers from now on.
    pub(crate) fn graph_answers(&self, status: u16, body: &str) {
        self.graph_plays([(status, body)]);
    }

    /// What Graph answers from now on, in order; the last again and again.
    pub(crate) fn graph_plays<'a>(&self, answers: impl IntoIterator<Item = (u16, &'a str)>) {
        let answers = answers.into_iter().map(|(status, body)| (status, body.to_owned())).collect();
        *self.graph.lock().unwrap() = answers;
    }

    /// Entra gives tokens that are renewed before each use.
    pub(crate) fn give_short_tokens(&self) {
        self.tokens_are_short.store(true, Ordering::SeqCst);
    }

    /// Entra renews no token any more.
    pub(crate) fn refuse_tokens(&self) {
        self.entra_refuses.store(true, Ordering::SeqCst);
    }

    /// Whether the first receiver of webhooks takes nothing for now.
    pub(crate) fn fail_webhooks(&self, fail: bool) {
        self.webhooks_fail.store(fail, Ordering::SeqCst);
    }

    /// The gateway refuses what goes to the echo from now on.
    pub(crate) fn refuse_echo(&self, status: u16, code: u32) {
        *self.echo_refusal.lock().unwrap() = Some((status, code));
    }

    fn echo(&self, body: Bytes) -> Response<Bytes> {
        let mut response = match *self.echo_refusal.lock().unwrap() {
            Some((status, code)) => answer(status, &refusal(status, code)),
            None => Response::new(body),
        };
        response.headers_mut().insert("cf-aig-log-id", "echo-log-1".parse().unwrap());
        response
    }

    fn webhook(&self) -> Response<Bytes> {
        let status = if self.webhooks_fail.load(Ordering::SeqCst) { 503 } else { 200 };
        through_the_gateway(status, String::new())
    }

    /// What is sent there from now on arrives, and is not answered before [`FakeNetwork::release`].
    pub(crate) fn hold(&self, destination: Destination) {
        self.held.lock().unwrap().0 = Some(destination);
    }

    /// Answers what was held.
    pub(crate) fn release(&self) {
        let (_, waiting) = std::mem::take(&mut *self.held.lock().unwrap());
        // Whoever is gone needs no answer.
        for waits in waiting {
            let _ = waits.send(());
        }
    }

    fn gate(&self, destination: Destination) -> Option<oneshot::Receiver<()>> {
        let mut held = self.held.lock().unwrap();
        (held.0 == Some(destination)).then(|| {
            let (opens, gate) = oneshot::channel();
            held.1.push(opens);
            gate
        })
    }

    /// What was sent there since the last time of asking.
    pub(crate) fn take(&self, destination: Destination) -> Vec<Request<Bytes>> {
        let mut sent = self.sent.lock().unwrap();
        let (taken, kept) = std::mem::take(&mut *sent).into_iter().partition(|(to, _)| *to == destination);
        *sent = kept;
        Vec::into_iter(taken).map(|(_, request)| request).collect()
    }

    fn entra_token(&self, body: &[u8]) -> Response<Bytes> {
        let fields: Vec<_> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| {
            fields
                .iter()
                .find(|(known, _)| known == name)
                .map(|(_, value)| value.as_str())
                .unwrap_or_default()
        };
        if self.entra_refuses.load(Ordering::SeqCst) {
            return answer(400, &json!({ "error": "invalid_grant", "error_codes": [700_082] }));
        }
        let scopes: Vec<&str> = Scope::ALL.iter().map(|scope| scope.as_str()).collect();
        let life = if self.tokens_are_short.load(Ordering::SeqCst) { 30 } else { 3600 };
        let mut tokens = json!({
            "token_type": "Bearer", "access_token": "entra-access-token", "refresh_token": "entra-refresh-token",
            "scope": scopes.join(" "), "expires_in": life,
        });
        // The code of the simulated sign-in says who signed in and for which nonce.
        if let Some((name, nonce)) = field("code").split_once('~') {
            tokens["id_token"] = Person::named(name).id_token(nonce, self.clock.now().as_secs()).into();
        }
        answer(200, &tokens)
    }

    fn graph(&self) -> Response<Bytes> {
        let mut answers = self.graph.lock().unwrap();
        let last = answers.len() <= 1;
        let (status, body) = answers.front().cloned().unwrap_or((500, String::new()));
        if !last {
            answers.pop_front();
        }
        let mut response = through_the_gateway(status, body);
        response.headers_mut().insert("request-id", "graph-1".parse().unwrap());
        response
    }
}

#[async_trait]
impl Outbound for FakeNetwork {
    async fn send(&self, request: Request<Bytes>, _: Bounds) -> Result<Response<Bytes>, OutboundError> {
        let url = request.uri().to_string();
        let Some(destination) = Destination::of(request.method(), &url) else {
            panic!("the server dialled {} {url}, which is no row of the destinations", request.method());
        };
        let body = request.body().clone();
        self.sent.lock().unwrap().push((destination, request));
        if let Some(gate) = self.gate(destination) {
            gate.await.unwrap();
        }
        Ok(match destination {
            Destination::AccessKeys => answer(200, &Signer::Access.key_set()),
            Destination::Echo => self.echo(body),
            Destination::EntraKeys => answer(200, &Signer::Entra.key_set()),
            Destination::EntraToken => self.entra_token(&body),
            Destination::Graph => self.graph(),
            Destination::Model => self.models.answer(),
            Destination::OtherWebhook => through_the_gateway(204, String::new()),
            Destination::Webhook => self.webhook(),
        })
    }
}

/// How the gateway says that it refuses.
pub(super) fn refusal(status: u16, code: u32) -> Value {
    json!({
        "success": false, "error": [{ "code": code, "message": "refused" }],
        "name": "AiGatewayError", "httpCode": status, "internalCode": code,
    })
}

fn through_the_gateway(status: u16, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status.try_into().unwrap();
    response.headers_mut().insert("cf-aig-log-id", "log-1".parse().unwrap());
    response
}

fn answer(status: u16, body: &Value) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_string()));
    *response.status_mut() = status.try_into().unwrap();
    response
}

/// A Graph request's path below the API version, without its query.
pub(crate) fn graph_path(request: &Request<Bytes>) -> String {
    let url = request.uri().to_string();
    let path = url.strip_prefix(GRAPH).unwrap();
    path.split('?').next().unwrap().to_owned()
}
