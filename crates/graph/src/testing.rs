//! Fakes of the ports for the tests of this crate: scripted answers, waiting that only moves the clock.

use std::collections::VecDeque;
use std::future::pending;
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use m365_ports::{
    Clock, Content, Document, DocumentError, DocumentReader, DocumentText, Entropy, GraphAnswer,
    GraphRequest, Llm, LlmAnswer, LlmError, LlmPrompt, LlmRefusal, LlmRoute, Timer, TokenError, TokenSource,
    Trace, Transfer, Upstream, UpstreamError,
};
use m365_types::{
    AccessSubject, ActionSpec, Actor, ClientId, ConfidentialSources, Email, GrantId, Identity, Intent,
    InternalDomains, Labels, Oid, Permit, Person, Posture, Principal, RequestId, ResolvedEffect, Scope,
    ScopeSet, Secret, Stage, TenantId, Terms, UnixMillis,
};
use serde_json::{Map, Value};

use crate::{
    Account, ActionError, Answer, Context, GraphClient, Ports, Position, Watch, ZoneMemory, catalog,
};

pub(crate) const REQUEST: RequestId = RequestId::from_random([0x5a; 16]);
/// 2026-11-22T12:00:00Z
pub(crate) const NOW: UnixMillis = UnixMillis::from_secs(1_795_348_800);

/// The tenant of whoever is signed in, and their object id.
pub(crate) const TENANT: &str = "2432b57b-0abd-43db-aa7b-16eadd115d34";
pub(crate) const OID: &str = "87d349ed-44d7-43e1-9a83-5f2406dee5bd";

pub(crate) fn arguments(given: Value) -> Map<String, Value> {
    match given {
        Value::Object(map) => map,
        other => panic!("not an object: {other}"),
    }
}

/// Answers a request as a server of its own would.
type Server = Box<dyn Fn(&GraphRequest) -> Scripted + Send + Sync>;

/// The domains of the organisation.
pub(crate) static INTERNAL: LazyLock<InternalDomains> =
    LazyLock::new(|| InternalDomains::new(["contoso.example".to_owned(), "x.example".to_owned()]));

/// Answers in order, and keeps what was asked.
#[derive(Default)]
pub(crate) struct World {
    answers: Mutex<VecDeque<Scripted>>,
    server: Option<Server>,
    /// Time that passed since [`NOW`].
    pub(crate) passed: Mutex<Duration>,
    /// How long every exchange takes.
    pub(crate) exchange: Duration,
    /// After so many exchanges the caller cancels.
    pub(crate) cancelled_after: Option<usize>,
    /// Whether a cancelled caller is what ends a wait; the time of the wait then never comes.
    pub(crate) waits_forever: bool,
    pub(crate) reports: Mutex<Vec<(u32, &'static str)>>,
    pub(crate) asked: Mutex<Vec<(GraphRequest, String)>>,
    pub(crate) waits: Mutex<Vec<Duration>>,
    pub(crate) replaced: Mutex<Vec<Option<String>>>,
    pub(crate) token_error: Option<TokenError>,
    pub(crate) zone: ZoneMemory,
    /// What was asked of hosts that keep content.
    pub(crate) transfers: Mutex<Vec<Transfer>>,
    /// What the client and the Microsoft token may do, where it is not what [`account`] says.
    pub(crate) scopes: Option<&'static str>,
    /// Why no document can be read; where nothing says so, the text of a document is its bytes.
    pub(crate) unread: Option<DocumentError>,
    /// The sensitivity labels that every document has.
    pub(crate) sensitivity: Vec<String>,
    /// The language model; none where nothing says so.
    pub(crate) llm: Option<ScriptedLlm>,
    /// The places that the operator calls confidential.
    pub(crate) confidential: ConfidentialSources,
    /// What stands against the person's calls.
    pub(crate) labels: Labels,
    /// The documents that were read.
    pub(crate) documents: Mutex<Vec<Document>>,
}

impl World {
    pub(crate) fn answering(answers: impl IntoIterator<Item = Scripted>) -> Self {
        Self { answers: Mutex::new(answers.into_iter().collect()), ..Self::default() }
    }

    pub(crate) fn with_json(body: &Value) -> Self {
        Self::answering([ok(body)])
    }

    pub(crate) fn serving(server: impl Fn(&GraphRequest) -> Scripted + Send + Sync + 'static) -> Self {
        Self { server: Some(Box::new(server)), ..Self::default() }
    }

    pub(crate) fn requests(&self) -> Vec<GraphRequest> {
        self.asked.lock().unwrap().iter().map(|(request, _)| request.clone()).collect()
    }

    /// Parses and runs an action; what was sent stays here.
    pub(crate) fn run(&self, name: &str, given: Value) -> Result<Answer, ActionError> {
        self.run_traced(name, given).0
    }

    pub(crate) fn run_traced(&self, name: &str, given: Value) -> (Result<Answer, ActionError>, Vec<Trace>) {
        self.run_from(name, given, None)
    }

    /// The same for a list that is continued.
    pub(crate) fn run_from(
        &self,
        name: &str,
        given: Value,
        position: Option<&Position>,
    ) -> (Result<Answer, ActionError>, Vec<Trace>) {
        let action = catalog().find(|action| action.spec.name == name).unwrap();
        let invocation = action.parse(&arguments(given)).unwrap();
        let intent = intent_under(self.labels, Stage::Act, &action.spec, invocation.scopes(&action.spec));
        let graph = GraphClient::new(self.ports(), &intent);
        let account = self.account();
        let context = Context { position, ..self.context(&graph, &account) };
        let result = invocation.run(&context).now_or_never().expect("the fakes never wait");
        if let Ok(answer) = &result {
            conforms(&answer.structured, &action.output_schema(), "$");
            assert!(answer.next.is_none() || (action.is_paged() && answer.structured["more"] == true));
        }
        (result, graph.traces())
    }

    /// Whoever calls, with the permissions of this world.
    fn account(&self) -> Account {
        let mut account = account();
        if let Some(scopes) = self.scopes {
            account.granted = ScopeSet::parse(scopes).0;
            account.microsoft_scopes = account.granted.clone();
        }
        account
    }

    fn context<'a>(&'a self, graph: &'a GraphClient<'a>, account: &'a Account) -> Context<'a> {
        Context {
            graph,
            now: self.now(),
            request: REQUEST,
            account,
            position: None,
            zone: &self.zone,
            documents: self,
            internal: &INTERNAL,
            confidential: &self.confidential,
        }
    }

    /// Parses an action and looks at what it would do, with a permit that only looks; what was sent stays here.
    pub(crate) fn look(&self, name: &str, given: Value) -> Result<ResolvedEffect, ActionError> {
        let action = catalog().find(|action| action.spec.name == name).unwrap();
        let invocation = action.parse(&arguments(given)).unwrap();
        assert!(invocation.must_look(), "nothing makes it look");
        let intent = intent_of(Stage::Look, &action.spec, invocation.scopes(&action.spec));
        let graph = GraphClient::new(self.ports(), &intent);
        let account = self.account();
        let context = self.context(&graph, &account);
        invocation.look(&context).now_or_never().expect("the fakes never wait")
    }

    pub(crate) fn ports(&self) -> Ports<'_> {
        Ports {
            upstream: self,
            tokens: self,
            timer: self,
            entropy: self,
            clock: self,
            watch: self,
            llm: self.llm.as_ref().map(|llm| llm as &dyn Llm),
        }
    }

    pub(crate) fn pass(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }
}

impl World {
    /// The same for a client and a token that may do this.
    pub(crate) fn allowed(self, scopes: &'static str) -> Self {
        Self { scopes: Some(scopes), ..self }
    }
}

pub(crate) fn account() -> Account {
    Account {
        email: Email::parse("alex@contoso.example").unwrap(),
        microsoft: Some("alex@contoso.example".into()),
        granted: ScopeSet::parse("Mail.Read User.Read").0,
        microsoft_scopes: ScopeSet::parse("Mail.Read User.Read").0,
        sign_in_url: "https://m365.example/connect".into(),
        offered: catalog().map(|action| action.spec.name).collect(),
    }
}

pub(crate) fn intent(spec: &'static ActionSpec, scopes: Vec<Scope>) -> Intent {
    intent_of(Stage::Act, spec, scopes)
}

pub(crate) fn intent_of(stage: Stage, spec: &'static ActionSpec, scopes: Vec<Scope>) -> Intent {
    intent_under(Labels::NONE, stage, spec, scopes)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test issues what the perimeter, the decision and the journal issue"
)]
pub(crate) fn intent_under(
    labels: Labels,
    stage: Stage,
    spec: &'static ActionSpec,
    scopes: Vec<Scope>,
) -> Intent {
    let person = Person {
        subject: AccessSubject::parse("alex").unwrap(),
        email: Email::parse("alex@contoso.example").unwrap(),
        oid: None,
        groups: Vec::new(),
        posture: Posture::default(),
    };
    let actor = Actor {
        principal: Principal::issue(Identity::Person(person), NOW),
        microsoft: Some((TenantId::parse(TENANT).unwrap(), Oid::parse(OID).unwrap())),
        client: Some(ClientId::parse("client").unwrap()),
        grant: Some(GrantId::from_random([1; 16])),
        request: REQUEST,
    };
    let terms = Terms { stage, labels, ..Terms::plain(m365_types::Reach::default(), scopes, "test") };
    Intent::recorded(Permit::issue(actor, spec, terms), 1)
}

/// What the arguments alone say that a call does.
pub(crate) fn effect(name: &str, given: Value) -> ResolvedEffect {
    let action = catalog().find(|action| action.spec.name == name).unwrap();
    action.parse(&arguments(given)).unwrap().effect()
}

/// A language model that answers everything alike, and keeps what it was asked.
pub(crate) struct ScriptedLlm {
    pub(crate) answer: Result<LlmAnswer, LlmError>,
    pub(crate) asked: Mutex<Vec<LlmPrompt>>,
}

impl ScriptedLlm {
    pub(crate) fn answering(text: &str) -> Self {
        let answer = LlmAnswer { text: text.to_owned(), truncated: false, trace: trace(200) };
        Self { answer: Ok(answer), asked: Mutex::default() }
    }

    pub(crate) fn refusing(refusal: LlmRefusal) -> Self {
        Self { answer: Err(LlmError { refusal, trace: Some(trace(403)) }), asked: Mutex::default() }
    }

    pub(crate) fn prompts(&self) -> Vec<LlmPrompt> {
        self.asked.lock().unwrap().clone()
    }
}

#[async_trait]
impl Llm for ScriptedLlm {
    fn has(&self, route: LlmRoute) -> bool {
        route == LlmRoute::Summary
    }

    async fn complete(&self, _: &Intent, prompt: LlmPrompt) -> Result<LlmAnswer, LlmError> {
        self.asked.lock().unwrap().push(prompt);
        self.answer.clone()
    }
}

/// What Graph will say to one request.
pub(crate) enum Scripted {
    Answer(GraphAnswer),
    Refusal(UpstreamError),
}

pub(crate) fn ok(body: &Value) -> Scripted {
    Scripted::Answer(answer(200, Bytes::from(body.to_string())))
}

pub(crate) fn accepted() -> Scripted {
    Scripted::Answer(answer(202, Bytes::new()))
}

/// The JSON that a request carries.
pub(crate) fn json_of(request: &GraphRequest) -> &Value {
    match &request.body {
        Some(Content::Json(value)) => value,
        other => panic!("not JSON: {other:?}"),
    }
}

/// An answer with nothing beside its body.
pub(crate) fn answer(status: u16, body: Bytes) -> GraphAnswer {
    GraphAnswer { status, body, media_type: None, location: None, trace: trace(status) }
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
        self.pass(self.exchange);
        self.asked.lock().unwrap().push((request.clone(), token.expose().clone()));
        let scripted = match &self.server {
            Some(server) => server(&request),
            None => self.answers.lock().unwrap().pop_front().expect("one more request than answers"),
        };
        match scripted {
            Scripted::Answer(answer) => Ok(answer),
            Scripted::Refusal(error) => Err(error),
        }
    }

    async fn batch(
        &self,
        intent: &Intent,
        token: &Secret<String>,
        requests: Vec<GraphRequest>,
    ) -> Result<Vec<Result<GraphAnswer, UpstreamError>>, UpstreamError> {
        let mut answers = Vec::new();
        for request in requests {
            answers.push(self.call(intent, token, request).await);
        }
        Ok(answers)
    }

    async fn transfer(&self, _: &Intent, transfer: Transfer) -> Result<GraphAnswer, UpstreamError> {
        self.transfers.lock().unwrap().push(transfer);
        match self.answers.lock().unwrap().pop_front().expect("one more transfer than answers") {
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
        if self.waits_forever {
            pending::<()>().await;
        }
        self.pass(duration);
    }
}

impl Clock for World {
    fn now(&self) -> UnixMillis {
        NOW.plus(*self.passed.lock().unwrap())
    }
}

#[async_trait]
impl Watch for World {
    fn progress(&self, done: u32, message: &'static str) {
        self.reports.lock().unwrap().push((done, message));
    }

    fn is_cancelled(&self) -> bool {
        self.cancelled_after.is_some_and(|exchanges| self.asked.lock().unwrap().len() >= exchanges)
    }

    async fn cancelled(&self) {
        if !self.is_cancelled() {
            pending::<()>().await;
        }
    }
}

#[async_trait]
impl DocumentReader for World {
    async fn read(&self, document: Document) -> Result<DocumentText, DocumentError> {
        let text = String::from_utf8_lossy(&document.bytes).into_owned();
        self.documents.lock().unwrap().push(document);
        match self.unread {
            None => {
                Ok(DocumentText { text, sensitivity: self.sensitivity.clone(), ..DocumentText::default() })
            }
            Some(error) => Err(error),
        }
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
        if let Some(declared) = schema["properties"].get(name) {
            conforms(inner, declared, &format!("{at}.{name}"));
        }
    }
    for inner in value.as_array().into_iter().flatten() {
        conforms(inner, &schema["items"], &format!("{at}[]"));
    }
}
