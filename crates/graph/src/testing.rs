//! Fakes of the ports for the tests of this crate: scripted answers, waiting that only counts.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use m365_ports::{
    Entropy, GraphAnswer, GraphRequest, Timer, TokenError, TokenSource, Trace, Upstream, UpstreamError,
};
use m365_types::{
    AccessSubject, Actor, ClientId, Email, GrantId, Identity, Intent, Permit, Person, Posture, Principal,
    RequestId, Scope, ScopeSet, Secret, UnixMillis,
};
use serde_json::{Map, Value};

use crate::{Account, Action, ActionError, Answer, Context, GraphClient, Ports, find_resource, find_tool};

pub(crate) const REQUEST: RequestId = RequestId::from_random([0x5a; 16]);
/// 2026-11-22T12:00:00Z
pub(crate) const NOW: UnixMillis = UnixMillis::from_secs(1_795_348_800);

pub(crate) fn arguments(given: Value) -> Map<String, Value> {
    match given {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

/// Answers in order, and keeps what was asked.
#[derive(Default)]
pub(crate) struct World {
    answers: Mutex<VecDeque<Scripted>>,
    pub(crate) asked: Mutex<Vec<(GraphRequest, String)>>,
    pub(crate) waits: Mutex<Vec<Duration>>,
    pub(crate) replaced: Mutex<Vec<Option<String>>>,
    pub(crate) token_error: Option<TokenError>,
}

impl World {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Scripted>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() }
    }

    pub(crate) fn with_json(body: &Value) -> Self {
        Self::answering([ok(body)])
    }

    pub(crate) fn requests(&self) -> Vec<GraphRequest> {
        self.asked.lock().unwrap().iter().map(|(request, _)| request.clone()).collect()
    }

    /// Parses and runs an action; what was sent stays here.
    pub(crate) fn run(&self, name: &str, given: Value) -> Result<Answer, ActionError> {
        self.run_traced(name, given).0
    }

    pub(crate) fn run_traced(&self, name: &str, given: Value) -> (Result<Answer, ActionError>, Vec<Trace>) {
        let action = find_tool(name).or_else(|| find_resource(name)).unwrap();
        let invocation = action.parse(&arguments(given)).unwrap();
        let intent = intent(action);
        let ports = Ports { upstream: self, tokens: self, timer: self, entropy: self };
        let graph = GraphClient::new(ports, &intent);
        let account = account();
        let context = Context { graph: &graph, now: NOW, request: REQUEST, account: &account };
        let result = invocation.run(&context).now_or_never().expect("the fakes never wait");
        if let Ok(answer) = &result {
            conforms(&answer.structured, &action.output_schema(), "$");
        }
        (result, graph.traces())
    }
}

pub(crate) fn account() -> Account {
    Account {
        email: Email::parse("alex@contoso.example").unwrap(),
        microsoft: Some("alex@contoso.example".into()),
        granted: ScopeSet::parse("Mail.Read User.Read").0,
        microsoft_scopes: ScopeSet::parse("Mail.Read User.Read").0,
        sign_in_url: "https://m365.example/connect".into(),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test issues what the perimeter, the decision and the journal issue"
)]
fn intent(action: &'static Action) -> Intent {
    let person = Person {
        subject: AccessSubject::parse("alex").unwrap(),
        email: Email::parse("alex@contoso.example").unwrap(),
        oid: None,
        groups: Vec::new(),
        posture: Posture::default(),
    };
    let actor = Actor {
        principal: Principal::issue(Identity::Person(person), NOW),
        microsoft: None,
        client: Some(ClientId::parse("client").unwrap()),
        grant: Some(GrantId::from_random([1; 16])),
        request: REQUEST,
    };
    Intent::recorded(Permit::issue(actor, &action.spec, m365_types::Reach::default(), "test"), 1)
}

/// What Graph will say to one request.
pub(crate) enum Scripted {
    Answer(GraphAnswer),
    Refusal(UpstreamError),
}

pub(crate) fn ok(body: &Value) -> Scripted {
    Scripted::Answer(GraphAnswer { status: 200, body: Bytes::from(body.to_string()), trace: trace(200) })
}

pub(crate) fn accepted() -> Scripted {
    Scripted::Answer(GraphAnswer { status: 202, body: Bytes::new(), trace: trace(202) })
}

pub(crate) fn trace(status: u16) -> Trace {
    Trace { status: Some(status), ..Trace::default() }
}

pub(crate) fn refused(status: u16, retry_after: Option<f64>, claims: Option<&str>) -> Scripted {
    Scripted::Refusal(UpstreamError::Graph {
        status,
        code: String::new(),
        retry_after: retry_after.map(Duration::from_secs_f64),
        claims: claims.map(str::to_owned),
        trace: trace(status),
    })
}

pub(crate) fn throttled(retry_after: Option<f64>) -> Scripted {
    let retry_after = retry_after.map(Duration::from_secs_f64);
    Scripted::Refusal(UpstreamError::GraphRateLimited { retry_after, trace: trace(429) })
}

#[async_trait]
impl Upstream for World {
    async fn call(
        &self,
        _: &Intent,
        token: &Secret<String>,
        request: GraphRequest,
    ) -> Result<GraphAnswer, UpstreamError> {
        assert!(request.call.admits(request.call.method, &request.path), "{}", request.path);
        self.asked.lock().unwrap().push((request, token.expose().clone()));
        match self.answers.lock().unwrap().pop_front().expect("one more request than answers") {
            Scripted::Answer(answer) => Ok(answer),
            Scripted::Refusal(error) => Err(error),
        }
    }
}

#[async_trait]
impl TokenSource for World {
    async fn access_token(&self, _: &[Scope]) -> Result<Secret<String>, TokenError> {
        self.token_error.clone().map_or_else(|| Ok(Secret::new("first".into())), Err)
    }

    async fn replace(
        &self,
        rejected: &Secret<String>,
        claims: Option<&str>,
    ) -> Result<Secret<String>, TokenError> {
        assert_eq!(rejected.expose(), "first");
        self.replaced.lock().unwrap().push(claims.map(str::to_owned));
        Ok(Secret::new("second".into()))
    }

    async fn challenged_again(&self, rejected: &Secret<String>, claims: &str) -> TokenError {
        assert_eq!(rejected.expose(), "second");
        TokenError::SignInNeeded { sentence: format!("Open https://m365.example/connect for {claims}.") }
    }
}

#[async_trait]
impl Timer for World {
    async fn sleep(&self, duration: Duration) {
        self.waits.lock().unwrap().push(duration);
    }
}

impl Entropy for World {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// The part of JSON Schema the output schemas use: type, properties, required, items, const, enum.
fn conforms(value: &Value, schema: &Value, at: &str) {
    if let Some(wanted) = schema.get("const") {
        assert_eq!(value, wanted, "{at}");
    }
    if let Some(words) = schema["enum"].as_array() {
        assert!(words.contains(value), "{at}: {value}");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    match &schema["type"] {
        Value::String(wanted) => assert_eq!(kind, wanted, "{at}"),
        Value::Array(wanted) => assert!(wanted.iter().any(|wanted| wanted == kind), "{at}"),
        _ => {}
    }
    for required in schema["required"].as_array().into_iter().flatten() {
        assert!(value.get(required.as_str().unwrap()).is_some(), "{at} lacks {required}");
    }
    for (name, inner) in value.as_object().into_iter().flatten() {
        let declared =
            schema["properties"].get(name).unwrap_or_else(|| panic!("{at}.{name} is not in the schema"));
        conforms(inner, declared, &format!("{at}.{name}"));
    }
    for inner in value.as_array().into_iter().flatten() {
        conforms(inner, &schema["items"], &format!("{at}[]"));
    }
}
