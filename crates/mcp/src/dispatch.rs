//! From one well-formed request to its result: find the method, check its parameters, run it.
//!
//! Source: MCP, "Tools", "Resources", "Prompts", "Completion", "Logging", "Pagination" and "Ping" of each revision; MCP
//! 2026-07-28, "Discover".

use std::sync::Arc;

use http::{HeaderMap, HeaderValue};
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::agreement::{agree, negotiate, take_capabilities};
use crate::client::{Client, ClientCapabilities, LOG_LEVELS, Outbox, Session};
use crate::headers;
use crate::message::{Id, Request};
use crate::method::Method;
use crate::page::page;
use crate::refusal::{ProtocolRefusal, Refusal};
use crate::revision::{Era, Revision};
use crate::round_trip::Settled;
use crate::server::{CompletionCall, CompletionReference, Server, ToolCall};
use crate::wire::{self, Outcome};
use crate::wire_lists;

/// Why a request has no result.
pub(crate) enum Failure {
    /// Refused here.
    Protocol(ProtocolRefusal),
    /// Names a revision that is not spoken here.
    Revision {
        /// The name, for the answer.
        requested: String,
    },
    /// Refused by the application, in this revision.
    Application(Revision, Refusal),
    /// As above, about this URI.
    UnknownResource(Revision, String),
    /// The person must visit these addresses first, told to a client of 2025-11-25.
    UrlElicitation(Vec<Value>),
}

impl Failure {
    /// The refusal to tell the application of: it knows of its own ones.
    pub(crate) fn protocol_refusal(&self) -> Option<ProtocolRefusal> {
        match self {
            Self::Protocol(refusal) => Some(*refusal),
            Self::Revision { .. } => Some(ProtocolRefusal::UnsupportedRevision),
            Self::Application(..) | Self::UnknownResource(..) | Self::UrlElicitation(_) => None,
        }
    }
}

impl From<ProtocolRefusal> for Failure {
    fn from(refusal: ProtocolRefusal) -> Self {
        Self::Protocol(refusal)
    }
}

/// A result, and the session that it opens.
pub(crate) struct Success {
    pub(crate) result: Box<RawValue>,
    pub(crate) session: Option<HeaderValue>,
}

/// What came with a request besides its message.
#[derive(Clone, Copy)]
pub(crate) struct Envelope<'a> {
    pub(crate) server: &'a dyn Server,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) outbox: Option<&'a Outbox>,
}

impl Envelope<'_> {
    /// Answers one request that stands alone in its body.
    pub(crate) async fn answer(self, request: &mut Request) -> Result<Success, Failure> {
        let revision = agree(self.headers, request)?;
        let method = Method::find(revision.era(), &request.method, self.server.offers())?;
        self.exchange(revision, request).run(method, &mut request.params).await
    }

    /// Answers one request of a batch, which only one revision has.
    pub(crate) async fn answer_in_batch(self, request: &mut Request) -> Result<Success, Failure> {
        if request.names_revision() {
            return Err(ProtocolRefusal::BatchModern.into());
        }
        match Method::find(Era::Legacy, &request.method, self.server.offers())? {
            Method::Initialize => Err(ProtocolRefusal::BatchInitialize.into()),
            method => self.exchange(Revision::V2025_03_26, request).run(method, &mut request.params).await,
        }
    }

    fn exchange(&self, revision: Revision, request: &Request) -> Exchange<'_> {
        Exchange { envelope: *self, revision, id: request.id.clone(), method: request.method.clone() }
    }
}

/// One request on its way to its result.
pub(crate) struct Exchange<'a> {
    pub(crate) envelope: Envelope<'a>,
    pub(crate) revision: Revision,
    id: Id,
    /// The method as text.
    pub(crate) method: String,
}

impl Exchange<'_> {
    async fn run(self, method: Method, params: &mut Map<String, Value>) -> Result<Success, Failure> {
        let (server, revision) = (self.envelope.server, self.revision);
        match method {
            Method::Complete => self.complete(params).await,
            Method::Discover => self.discover(),
            Method::Initialize => self.initialize(params),
            Method::Ping => self.write(&self.outcome(wire::Empty {})),
            Method::PromptsGet => self.get_prompt(params).await,
            Method::PromptsList => {
                self.list(params, server.prompts(), |items| wire_lists::Prompts::new(revision, items))
            }
            Method::ResourceTemplatesList => self.list(params, server.resource_templates(), |items| {
                wire_lists::ResourceTemplates::new(revision, items)
            }),
            Method::ResourcesList => {
                self.list(params, server.resources(), |items| wire_lists::Resources::new(revision, items))
            }
            Method::ResourcesRead => self.read_resource(params).await,
            Method::ResourcesSubscribe => {
                take_text(params, "uri").ok_or(ProtocolRefusal::ResourceUri)?;
                self.write(&self.outcome(wire::Empty {}))
            }
            Method::SetLogLevel => {
                let level = take_text(params, "level").filter(|level| LOG_LEVELS.contains(&level.as_str()));
                server.set_log_level(&level.ok_or(ProtocolRefusal::LogLevel)?);
                self.write(&self.outcome(wire::Empty {}))
            }
            Method::ToolsCall => self.call_tool(params).await,
            Method::ToolsList => {
                self.list(params, server.tools(), |items| wire_lists::Tools::new(revision, items))
            }
        }
    }

    fn discover(&self) -> Result<Success, Failure> {
        let info = self.envelope.server.info();
        let discovered = wire::Discovered::new(self.revision, info, self.envelope.server.offers());
        self.write(&self.outcome(discovered).introducing(self.revision, info).cached(wire::LIST_TTL_MS))
    }

    /// Opens a session where the application has them.
    fn initialize(&self, params: &Map<String, Value>) -> Result<Success, Failure> {
        let revision = negotiate(params)?;
        let declared = params.get("capabilities").and_then(Value::as_object);
        let declared = declared.map(ClientCapabilities::parse).unwrap_or_default();
        let session = self.envelope.server.open_session(declared);
        let (info, offers) = (self.envelope.server.info(), self.envelope.server.offers());
        let initialized = wire::Initialized::new(revision, info, offers);
        let success = self.write(&Outcome::new(revision, info, initialized))?;
        Ok(Success { session: session.and_then(|id| HeaderValue::try_from(id).ok()), ..success })
    }

    async fn call_tool(&self, params: &mut Map<String, Value>) -> Result<Success, Failure> {
        let target = params.get("name").and_then(Value::as_str).ok_or(ProtocolRefusal::ToolName)?;
        self.agree_on_target(target)?;
        let asker = self.asker(params).await?;
        let name = take_text(params, "name").ok_or(ProtocolRefusal::ToolName)?;
        let call = ToolCall { name, arguments: take_arguments(params)? };
        let answered = self.envelope.server.call_tool(call, asker.client.clone()).await;
        let answered = answered.map_err(|refusal| self.refused(refusal))?;
        match self.settle(&asker, answered)? {
            Settled::Complete(mut result) => {
                let meta = result.meta.take();
                self.write(&self.outcome(wire_lists::Called::new(self.revision, result)).with_meta(meta))
            }
            Settled::Asked(success) => Ok(success),
        }
    }

    async fn read_resource(&self, params: &mut Map<String, Value>) -> Result<Success, Failure> {
        let target = params.get("uri").and_then(Value::as_str).ok_or(ProtocolRefusal::ResourceUri)?;
        self.agree_on_target(target)?;
        let asker = self.asker(params).await?;
        let uri = take_text(params, "uri").ok_or(ProtocolRefusal::ResourceUri)?;
        let answered = match self.envelope.server.read_resource(&uri, asker.client.clone()).await {
            Ok(answered) => answered,
            Err(Refusal::UnknownResource) => return Err(Failure::UnknownResource(self.revision, uri)),
            Err(refusal) => return Err(self.refused(refusal)),
        };
        match self.settle(&asker, answered)? {
            Settled::Complete(mut contents) => {
                let meta = contents.meta.take();
                let outcome = self.outcome(wire_lists::Read::new(uri, contents));
                self.write(&outcome.cached(wire::CONTENTS_TTL_MS).with_meta(meta))
            }
            Settled::Asked(success) => Ok(success),
        }
    }

    async fn get_prompt(&self, params: &mut Map<String, Value>) -> Result<Success, Failure> {
        let target = params.get("name").and_then(Value::as_str).ok_or(ProtocolRefusal::PromptName)?;
        self.agree_on_target(target)?;
        let asker = self.asker(params).await?;
        let name = take_text(params, "name").ok_or(ProtocolRefusal::PromptName)?;
        let arguments = take_arguments(params)?;
        let answered = self.envelope.server.prompt(&name, arguments, asker.client.clone()).await;
        let answered = answered.map_err(|refusal| self.refused(refusal))?;
        match self.settle(&asker, answered)? {
            Settled::Complete(prompt) => self.write(&self.outcome(wire_lists::Got::new(prompt))),
            Settled::Asked(success) => Ok(success),
        }
    }

    async fn complete(&self, params: &mut Map<String, Value>) -> Result<Success, Failure> {
        let client = Arc::new(self.client(params));
        let call = completion_call(params)?;
        let completion = self.envelope.server.complete(call, client).await;
        let completion = completion.map_err(|refusal| self.refused(refusal))?;
        self.write(&self.outcome(wire_lists::Completed::new(completion)))
    }

    /// What 2026-07-28 asks of a request that names a tool, a prompt or a resource.
    fn agree_on_target(&self, target: &str) -> Result<(), ProtocolRefusal> {
        match self.revision.era() {
            Era::Legacy => Ok(()),
            Era::Modern => headers::agree_on_name(self.envelope.headers, target),
        }
    }

    /// The page of a list that the parameters ask for.
    fn list<T, W: Serialize>(
        &self,
        params: &Map<String, Value>,
        items: Vec<T>,
        write: impl FnOnce(Vec<T>) -> W,
    ) -> Result<Success, Failure> {
        let (items, next) = page(&self.method, items, self.envelope.server.page_size(), params)?;
        self.write(&self.outcome(wire_lists::Page::new(write(items), next)).cached(wire::LIST_TTL_MS))
    }

    /// The client behind the request.
    pub(crate) fn client(&self, params: &mut Map<String, Value>) -> Client {
        let Envelope { server, headers, outbox } = self.envelope;
        let (session, declared) = match self.revision.era() {
            Era::Legacy => (server.session(headers::session(headers)), Map::new()),
            // The stateless revisions have no session, whatever the header says.
            Era::Modern => (Session::default(), take_capabilities(params)),
        };
        let mut client = Client::new(self.revision, &self.id, session, outbox.cloned());
        client.read_meta(params, &declared);
        client
    }

    fn outcome<T: Serialize>(&self, result: T) -> Outcome<T> {
        Outcome::new(self.revision, self.envelope.server.info(), result)
    }

    pub(crate) fn write<T: Serialize>(&self, outcome: &Outcome<T>) -> Result<Success, Failure> {
        let result = to_raw_value(outcome).map_err(|_| {
            let sentence =
                "The call was made, but its result could not be written; do not repeat it.".to_owned();
            self.refused(Refusal::Fault { sentence })
        })?;
        Ok(Success { result, session: None })
    }

    pub(crate) fn refused(&self, refusal: Refusal) -> Failure {
        Failure::Application(self.revision, refusal)
    }
}

fn take_text(params: &mut Map<String, Value>, name: &str) -> Option<String> {
    match params.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn take_object(params: &mut Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
    match params.remove(name) {
        Some(Value::Object(object)) => Some(object),
        _ => None,
    }
}

fn take_arguments(params: &mut Map<String, Value>) -> Result<Map<String, Value>, ProtocolRefusal> {
    match params.remove("arguments") {
        None => Ok(Map::new()),
        Some(Value::Object(arguments)) => Ok(arguments),
        Some(_) => Err(ProtocolRefusal::Arguments),
    }
}

fn completion_call(params: &mut Map<String, Value>) -> Result<CompletionCall, ProtocolRefusal> {
    let reference = take_object(params, "ref").and_then(|mut reference| {
        match reference.get("type").and_then(Value::as_str)? {
            "ref/prompt" => take_text(&mut reference, "name").map(CompletionReference::Prompt),
            "ref/resource" => take_text(&mut reference, "uri").map(CompletionReference::Template),
            _ => None,
        }
    });
    let reference = reference.ok_or(ProtocolRefusal::CompletionReference)?;
    let wrong = ProtocolRefusal::CompletionArgument;
    let mut argument = take_object(params, "argument").ok_or(wrong)?;
    let context = match params.remove("context") {
        None => Map::new(),
        Some(Value::Object(mut context)) => match context.remove("arguments") {
            None => Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err(wrong),
        },
        Some(_) => return Err(wrong),
    };
    let value = take_text(&mut argument, "value").ok_or(wrong)?;
    let argument = take_text(&mut argument, "name").ok_or(wrong)?;
    Ok(CompletionCall { reference, argument, value, context })
}
