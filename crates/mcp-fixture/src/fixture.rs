//! The fixture as an application of the dispatcher: the tables, and what is remembered between requests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures_channel::oneshot;
use m365_mcp::{
    Answered, Client, ClientCapabilities, Completion, CompletionCall, InputRequired, Offers,
    PromptDescriptor, PromptResult, ProtocolRefusal, Refusal, RequestState, ResourceContents,
    ResourceDescriptor, Server, ServerInfo, Session, TemplateDescriptor, ToolCall, ToolDescriptor,
    ToolResult,
};
use serde_json::{Map, Value};

use crate::input::{Heard, Inquiry};
use crate::memory::Memory;
use crate::tools::Run;
use crate::{completions, prompts, resources, tools};

const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

/// The application, for everybody who asks.
#[derive(Debug, Default)]
pub(crate) struct Fixture {
    sessions: Memory<ClientCapabilities>,
    questions: Memory<oneshot::Sender<Value>>,
    states: Memory<RequestState>,
    /// The lowest level of log messages, as a place in [`LEVELS`].
    lowest_level: AtomicUsize,
}

impl Fixture {
    /// Sends a log message that is not below the level that was set.
    pub(crate) fn log(&self, client: &Client, level: &'static str, text: &str) {
        let lowest = self.lowest_level.load(Ordering::Relaxed);
        if LEVELS.iter().skip(lowest).any(|known| *known == level) {
            client.log(level, text);
        }
    }

    async fn answer<T>(
        &self,
        inquiry: &Inquiry,
        client: &Client,
        arguments: &Map<String, Value>,
        complete: impl FnOnce(&Map<String, Value>) -> T,
        otherwise: Result<T, Refusal>,
    ) -> Result<Answered<T>, Refusal> {
        match inquiry.hear(self, client, arguments).await {
            Heard::Answers(answers) => Ok(Answered::Complete(complete(&answers))),
            Heard::Needed(requests, state) => {
                Ok(Answered::InputRequired(Box::new(InputRequired { requests, state, otherwise })))
            }
            Heard::Nothing => otherwise.map(Answered::Complete),
        }
    }
}

#[async_trait]
impl Server for Fixture {
    fn info(&self) -> ServerInfo {
        ServerInfo {
            name: env!("CARGO_PKG_NAME"),
            title: "Fixture",
            version: env!("CARGO_PKG_VERSION"),
            website_url: None,
            icons: &[],
            instructions: "Call what the scenario names; the answers are fixed.",
        }
    }

    fn offers(&self) -> Offers {
        Offers { completions: true, logging: true, prompts: true, subscriptions: true }
    }

    fn tools(&self) -> Vec<ToolDescriptor> {
        tools::list()
    }

    fn resources(&self) -> Vec<ResourceDescriptor> {
        resources::list()
    }

    fn resource_templates(&self) -> Vec<TemplateDescriptor> {
        resources::templates()
    }

    fn prompts(&self) -> Vec<PromptDescriptor> {
        prompts::list()
    }

    async fn call_tool(&self, call: ToolCall, client: Arc<Client>) -> Result<Answered<ToolResult>, Refusal> {
        match tools::find(&call.name).ok_or(Refusal::UnknownTool)? {
            Run::NeedsSampling(_) if !client.capabilities().sampling => Err(tools::missing_sampling()),
            Run::Gives(result) | Run::NeedsSampling(result) => Ok(Answered::Complete(result())),
            Run::Tells(result) => Ok(Answered::Complete(result(self, &client))),
            Run::Asks(asking) => {
                let complete = |answers: &Map<String, Value>| ToolResult::text((asking.say)(answers));
                let otherwise = ToolResult::error("The client cannot be asked for what this tool needs.");
                self.answer(&asking.inquiry, &client, &call.arguments, complete, Ok(otherwise)).await
            }
        }
    }

    async fn read_resource(
        &self,
        uri: &str,
        _client: Arc<Client>,
    ) -> Result<Answered<ResourceContents>, Refusal> {
        resources::read(uri).map(Answered::Complete)
    }

    async fn prompt(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        client: Arc<Client>,
    ) -> Result<Answered<PromptResult>, Refusal> {
        let prompt = prompts::find(name).ok_or(Refusal::UnknownPrompt)?;
        let refused = |sentence: String| Refusal::InvalidParams { sentence };
        if let Some(missing) = prompt.missing(&arguments) {
            return Err(refused(format!("The argument {missing} is missing or is not a text.")));
        }
        let Some(inquiry) = prompt.inquiry else { return Ok(Answered::Complete(prompt.say(&arguments))) };
        let otherwise = Err(refused("The client cannot be asked for what this prompt needs.".to_owned()));
        self.answer(inquiry, &client, &arguments, |answers| prompt.say(answers), otherwise).await
    }

    async fn complete(&self, call: CompletionCall, _client: Arc<Client>) -> Result<Completion, Refusal> {
        completions::complete(&call)
    }

    fn open_session(&self, declared: ClientCapabilities) -> Option<String> {
        Some(self.sessions.keep(declared))
    }

    fn session(&self, id: Option<&str>) -> Session {
        let known = id.and_then(|id| Some((id, self.sessions.find(id)?)));
        known.map_or_else(Session::default, |(id, capabilities)| Session {
            id: Some(id.to_owned()),
            capabilities,
        })
    }

    fn seal_state(&self, state: &RequestState) -> Result<String, Refusal> {
        Ok(self.states.keep(state.clone()))
    }

    async fn spend_state(&self, state: &str) -> Result<Option<RequestState>, Refusal> {
        Ok(self.states.take(state))
    }

    fn question(&self) -> Option<(String, oneshot::Receiver<Value>)> {
        let (sender, receiver) = oneshot::channel();
        Some((self.questions.keep(sender), receiver))
    }

    fn answered(&self, id: &str, result: Option<Value>) {
        // Without a result the sender is dropped, and whoever waits hears of that.
        if let (Some(sender), Some(result)) = (self.questions.take(id), result) {
            drop(sender.send(result));
        }
    }

    fn set_log_level(&self, level: &str) {
        if let Some(place) = LEVELS.iter().position(|known| *known == level) {
            self.lowest_level.store(place, Ordering::Relaxed);
        }
    }

    async fn refused(&self, _refusal: ProtocolRefusal) {}
}
