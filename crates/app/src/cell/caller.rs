//! One caller's view of the server: the MCP core asks it for lists, calls, prompts and completions.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use m365_auth::entra::session::{MicrosoftAccount, MicrosoftSession};
use m365_auth::oauth::metadata::Resource;
use m365_graph::{Action, Reference, find_completion, find_resource, find_template, find_tool};
use m365_mcp::{
    Answered, CallKey, Client, ClientCapabilities, Completion, CompletionCall, CompletionReference, Content,
    Input, InputRequest, InputRequired, Offers, PromptDescriptor, PromptResult, ProtocolRefusal, Refusal,
    RequestState, ResourceBody, ResourceContents, ResourceDescriptor, Server, ServerInfo, Session,
    TemplateDescriptor, ToolCall, ToolDescriptor, ToolResult,
};
use m365_ports::{SqlError, Verdict};
use m365_types::{ActionKind, Actor, AuditKind, ScopeSet, Toolset};
use serde_json::{Map, Value};

use super::Cell;
use super::streams::OpenStream;
use crate::offer;
use crate::pipeline::{Done, Stop};

/// Key of the request id in the metadata of a result.
const REQUEST_ID_KEY: &str = "m365-mcp/requestId";
/// Name of the one thing that clients are asked: to have their person sign in to Microsoft.
const SIGN_IN: &str = "microsoftSignIn";
/// Name of the other: to have their person look at what a call would do.
const APPROVAL: &str = "approval";
const APPROVAL_MESSAGE: &str =
    "This call waits for your approval. Open the page, look at what would happen, and say yes or no.";
const SIGN_IN_MESSAGE: &str =
    "Microsoft 365 is not connected. Open the page, sign in to Microsoft, and come back.";

/// One authenticated request's view of the server. A batch asks it for several calls, each with a `requestId` of its own.
pub(crate) struct Caller {
    pub(crate) cell: Arc<Cell>,
    pub(crate) microsoft: Arc<MicrosoftSession>,
    /// The Microsoft account as it was when the request came.
    pub(crate) account: Option<MicrosoftAccount>,
    pub(crate) actor: Actor,
    pub(crate) granted: ScopeSet,
    /// When the token was found good, for [`super::InFlight::enter`].
    pub(crate) turn: u64,
    /// What the token is for.
    pub(crate) resource: Resource,
    /// Where answers go.
    pub(crate) channel: Channel,
    /// Whether a call has taken the id of the HTTP request.
    pub(super) id_taken: AtomicBool,
}

/// Where answers go.
#[derive(Clone)]
pub(crate) enum Channel {
    /// Into the answer of the request.
    Answer,
    /// Into a stream that is open beside it.
    Stream(Arc<OpenStream>),
}

impl Caller {
    fn toolset(&self) -> &Toolset {
        &self.cell.core.config.toolset
    }

    /// The caller of the next call: the first keeps the id of the HTTP request, every further one has a fresh one.
    fn next_call(&self) -> Self {
        let mut actor = self.actor.clone();
        if self.id_taken.swap(true, Ordering::Relaxed) {
            actor.request = self.cell.core.new_request();
        }
        Self {
            cell: self.cell.clone(),
            microsoft: self.microsoft.clone(),
            account: self.account.clone(),
            actor,
            granted: self.granted.clone(),
            turn: self.turn,
            resource: self.resource,
            channel: self.channel.clone(),
            id_taken: AtomicBool::new(true),
        }
    }

    fn meta(&self) -> Map<String, Value> {
        Map::from_iter([(REQUEST_ID_KEY.to_owned(), self.actor.request.to_string().into())])
    }

    fn record_refused(&self, code: &str) {
        let actor = &self.actor;
        let mut event = self.cell.event(actor.request, AuditKind::RequestRefused, Verdict::Denied, code);
        event.subject = actor.principal.person().map(|person| person.subject.clone());
        event.microsoft = actor.microsoft;
        event.client.clone_from(&actor.client);
        event.grant = actor.grant;
        self.cell.record(&event);
    }

    /// Performs the action, or asks the client to have its person sign in first. Who was asked and said no is not asked
    /// again, and who said yes but has not signed in is told so.
    async fn perform_or_ask<T>(
        &self,
        action: &'static Action,
        arguments: Map<String, Value>,
        client: &Arc<Client>,
        answer: impl FnOnce(Result<Done, String>) -> Result<T, Refusal>,
    ) -> Result<Answered<T>, Refusal> {
        let answered = client.input().filter(|input| input.state.is_some());
        let asked = answered.and_then(|input: &Input| input.action(SIGN_IN));
        let asked_to_approve = answered.and_then(|input: &Input| input.action(APPROVAL));
        if asked.is_some_and(|action| action != "accept") {
            self.record_refused("sign_in.declined");
            let sentence = "Nothing was done: the person did not want to sign in to Microsoft now.";
            return answer(Err(sentence.to_owned())).map(Answered::Complete);
        }
        if asked_to_approve.is_some_and(|action| action != "accept") {
            self.record_refused("approval.declined");
            let sentence = "Nothing was done: the person did not want to look at what would happen now.";
            return answer(Err(sentence.to_owned())).map(Answered::Complete);
        }
        match self.perform(action, arguments, client).await {
            Ok(done) => answer(Ok(done)).map(Answered::Complete),
            Err(Stop::Absent(_)) if action.spec.kind == ActionKind::Template => Err(Refusal::UnknownResource),
            Err(Stop::Absent(sentence) | Stop::Told(sentence)) => {
                answer(Err(sentence)).map(Answered::Complete)
            }
            Err(Stop::SignIn(sentence)) if asked.is_some() => answer(Err(sentence)).map(Answered::Complete),
            Err(Stop::SignIn(sentence)) => {
                let url = self.cell.core.connect_url();
                Ok(Answered::InputRequired(Box::new(InputRequired {
                    requests: vec![InputRequest::url(SIGN_IN, &url, SIGN_IN_MESSAGE)],
                    state: Some(Vec::new()),
                    otherwise: answer(Err(sentence)),
                })))
            }
            Err(Stop::Approval { sentence, .. }) if asked_to_approve.is_some() => {
                answer(Err(sentence)).map(Answered::Complete)
            }
            Err(Stop::Approval { sentence, url }) => Ok(Answered::InputRequired(Box::new(InputRequired {
                requests: vec![InputRequest::url(APPROVAL, &url, APPROVAL_MESSAGE)],
                state: Some(Vec::new()),
                otherwise: answer(Err(sentence)),
            }))),
            Err(Stop::Refused(refusal)) => Err(refusal),
        }
    }

    fn store_failed(&self, error: SqlError) -> Refusal {
        tracing::error!(requestId = %self.actor.request, %error, "a request state could not be spent");
        let sentence =
            "The server cannot check the requestState right now. Nothing was done. Try again in a minute.";
        Refusal::Unavailable { sentence: sentence.to_owned(), retry_after: None }
    }
}

#[async_trait]
impl Server for Caller {
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

    async fn call_tool(&self, call: ToolCall, client: Arc<Client>) -> Result<Answered<ToolResult>, Refusal> {
        let caller = self.next_call();
        let Some(action) = find_tool(&call.name) else {
            caller.record_refused("tool.unknown");
            return Err(Refusal::UnknownTool);
        };
        let meta = Some(caller.meta());
        let answer = |ended| {
            Ok(match ended {
                Ok(Done { text, structured }) => {
                    let structured = if let Value::Object(map) = structured { Some(map) } else { None };
                    ToolResult { structured, meta, ..ToolResult::text(text) }
                }
                Err(sentence) => ToolResult { meta, ..ToolResult::error(sentence) },
            })
        };
        caller.perform_or_ask(action, call.arguments, &client, answer).await
    }

    async fn read_resource(
        &self,
        uri: &str,
        client: Arc<Client>,
    ) -> Result<Answered<ResourceContents>, Refusal> {
        let caller = self.next_call();
        let found = find_resource(uri).map(|action| (action, Map::new())).or_else(|| find_template(uri));
        let Some((action, arguments)) = found else {
            caller.record_refused("resource.unknown");
            return Err(Refusal::UnknownResource);
        };
        let meta = Some(caller.meta());
        // A resource has no error result of its own, so what a tool would say becomes the error's sentence.
        let answer = |ended: Result<Done, String>| match ended {
            Ok(Done { text, .. }) => {
                Ok(ResourceContents { mime_type: "application/json", body: ResourceBody::Text(text), meta })
            }
            Err(sentence) => Err(Refusal::Failed { sentence }),
        };
        caller.perform_or_ask(action, arguments, &client, answer).await
    }

    async fn prompt(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        _client: Arc<Client>,
    ) -> Result<Answered<PromptResult>, Refusal> {
        let caller = self.next_call();
        let Some(prompt) = offer::find_prompt(name, self.toolset()) else {
            caller.record_refused("prompt.unknown");
            return Err(Refusal::UnknownPrompt);
        };
        let text = prompt.text(&arguments).map_err(|sentence| {
            caller.record_refused("prompt.argument");
            Refusal::InvalidParams { sentence }
        })?;
        Ok(Answered::Complete(PromptResult {
            description: prompt.summary,
            messages: vec![Content::Text(text)],
        }))
    }

    async fn complete(&self, call: CompletionCall, client: Arc<Client>) -> Result<Completion, Refusal> {
        let caller = self.next_call();
        let known = match &call.reference {
            CompletionReference::Prompt(name) => offer::find_prompt(name, self.toolset()).is_some(),
            CompletionReference::Template(uri) => {
                offer::resource_templates(self.toolset()).iter().any(|template| template.uri_template == uri)
            }
        };
        if !known {
            caller.record_refused("completion.unknown");
            return Err(Refusal::UnknownReference);
        }
        let reference = match &call.reference {
            CompletionReference::Prompt(name) => Reference::Prompt(name),
            CompletionReference::Template(uri) => Reference::Template(uri),
        };
        // An argument that nothing completes is answered with nothing.
        let Some(action) = find_completion(reference, &call.argument) else {
            return Ok(Completion::default());
        };
        let mut arguments = call.context;
        arguments.insert("value".to_owned(), call.value.into());
        match caller.perform(action, arguments, &client).await {
            Ok(done) => Ok(completion(&done.structured)),
            // What nothing fits is completed by nothing.
            Err(Stop::Absent(_)) => Ok(Completion::default()),
            Err(Stop::SignIn(sentence) | Stop::Told(sentence) | Stop::Approval { sentence, .. }) => {
                Err(Refusal::Failed { sentence })
            }
            Err(Stop::Refused(refusal)) => Err(refusal),
        }
    }

    fn open_session(&self, declared: ClientCapabilities) -> Option<String> {
        match &self.channel {
            Channel::Answer => Some(self.cell.seal_session(self.actor.grant, declared)),
            // The stream is the session, and its client knows no other.
            Channel::Stream(stream) => {
                stream.declare(declared);
                None
            }
        }
    }

    fn session(&self, id: Option<&str>) -> Session {
        match &self.channel {
            Channel::Answer => {
                let opened = id.and_then(|id| Some((id, self.cell.open_session(self.actor.grant, id)?)));
                opened.map_or_else(Session::default, |(id, capabilities)| Session {
                    id: Some(id.to_owned()),
                    capabilities,
                })
            }
            Channel::Stream(stream) => {
                Session { id: Some(stream.id.clone()), capabilities: stream.declared() }
            }
        }
    }

    fn cancel(&self, call: &CallKey) {
        self.cell.in_flight.cancel(self.actor.grant, call);
    }

    fn seal_state(&self, state: &RequestState) -> Result<String, Refusal> {
        Ok(self.cell.seal_state(self.actor.grant, state))
    }

    async fn spend_state(&self, state: &str) -> Result<Option<RequestState>, Refusal> {
        self.cell.spend_state(self.actor.grant, state).map_err(|error| self.store_failed(error))
    }

    async fn refused(&self, refusal: ProtocolRefusal) {
        self.next_call().record_refused(&format!("mcp.{}", refusal.word()));
    }
}

fn completion(structured: &Value) -> Completion {
    let values = structured.get("values").and_then(Value::as_array);
    let values = values.into_iter().flatten().filter_map(|value| value.as_str().map(str::to_owned)).collect();
    Completion {
        values,
        total: structured.get("total").and_then(Value::as_u64),
        has_more: structured.get("hasMore").and_then(Value::as_bool).unwrap_or_default(),
    }
}
