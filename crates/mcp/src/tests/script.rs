//! A server that does what the call says, and keeps what reached it.

use std::collections::BTreeMap;
use std::ops::Deref;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use futures_channel::oneshot;
use serde_json::{Map, Value, json};

use super::object;
use crate::*;

/// A picture.
pub(super) const ICONS: &[Icon] =
    &[Icon { src: "data:image/png;base64,AA==", mime_type: "image/png", sizes: &["48x48"] }];
/// Everything a server may offer.
pub(super) const EVERYTHING: Offers =
    Offers { completions: true, logging: true, prompts: true, subscriptions: true };
const NAMES: [&str; 5] = ["one", "two", "three", "four", "five"];
const URIS: [&str; 5] =
    ["scripted://one", "scripted://two", "scripted://three", "scripted://four", "scripted://five"];

/// How the server is set up, and what it heard.
pub(super) struct Script {
    pub(super) refusal: Option<Refusal>,
    pub(super) offers: Offers,
    /// How many items each list has; tools have `echo` before.
    pub(super) items: usize,
    pub(super) page_size: usize,
    pub(super) icons: &'static [Icon],
    pub(super) completion: Completion,
    pub(super) heard: Mutex<Heard>,
    /// The only session there may be.
    pub(super) session: Option<&'static str>,
    declared: Mutex<ClientCapabilities>,
    /// States by name, `None` where they are spent.
    states: Mutex<BTreeMap<String, Option<RequestState>>>,
    questions: Mutex<BTreeMap<String, oneshot::Sender<Value>>>,
    /// A call that waited for ever was dropped.
    pub(super) dropped: Arc<AtomicBool>,
}

/// What reached the server.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) calls: Vec<ToolCall>,
    pub(super) cancelled: Vec<CallKey>,
    pub(super) clients: Vec<Arc<Client>>,
    pub(super) completions: Vec<CompletionCall>,
    pub(super) levels: Vec<String>,
    pub(super) prompts: Vec<(String, Map<String, Value>)>,
    pub(super) reads: Vec<String>,
    pub(super) refused: Vec<ProtocolRefusal>,
}

impl Heard {
    pub(super) fn effects(&self) -> usize {
        self.calls.len() + self.completions.len() + self.prompts.len() + self.reads.len()
    }
}

/// The server, shared with the calls it runs.
#[derive(Clone)]
pub(super) struct Scripted(Arc<Script>);

impl Default for Scripted {
    fn default() -> Self {
        Self::with(|_| {})
    }
}

impl Deref for Scripted {
    type Target = Script;

    fn deref(&self) -> &Script {
        &self.0
    }
}

impl Scripted {
    pub(super) fn with(set_up: impl FnOnce(&mut Script)) -> Self {
        let mut script = Script {
            refusal: None,
            offers: Offers::default(),
            items: 1,
            page_size: 100,
            icons: &[],
            completion: Completion::default(),
            heard: Mutex::default(),
            session: None,
            declared: Mutex::default(),
            states: Mutex::default(),
            questions: Mutex::default(),
            dropped: Arc::default(),
        };
        set_up(&mut script);
        Self(Arc::new(script))
    }

    pub(super) fn refusing(refusal: Refusal) -> Self {
        Self::with(|script| script.refusal = Some(refusal))
    }

    pub(super) fn offering_everything() -> Self {
        Self::with(|script| script.offers = EVERYTHING)
    }

    pub(super) fn server(&self) -> Arc<dyn Server> {
        Arc::clone(&self.0) as Arc<dyn Server>
    }

    pub(super) fn effects(&self) -> usize {
        self.heard.lock().unwrap().effects()
    }

    pub(super) fn last_refusal(&self) -> Option<ProtocolRefusal> {
        let refused = &self.heard.lock().unwrap().refused;
        assert!(refused.len() <= 1, "told once: {refused:?}");
        refused.last().copied()
    }

    /// The client of the last call, as the server sees it.
    pub(super) fn client(&self) -> Arc<Client> {
        Arc::clone(self.heard.lock().unwrap().clients.last().unwrap())
    }
}

impl Script {
    fn refuse(&self) -> Result<(), Refusal> {
        self.refusal.clone().map_or(Ok(()), Err)
    }

    fn meet(&self, client: &Arc<Client>) {
        self.heard.lock().unwrap().clients.push(Arc::clone(client));
    }

    async fn act(&self, call: &ToolCall, client: &Client) -> Result<Answered<ToolResult>, Refusal> {
        let arguments = &call.arguments;
        match call.name.as_str() {
            "echo" => Ok(Answered::Complete(echo(arguments))),
            "speak" => speak(arguments, client).map(Answered::Complete),
            "wait" => {
                let _told = TellsDrop(Arc::clone(&self.dropped));
                speak(arguments, client)?;
                std::future::pending().await
            }
            "ask" => {
                let kind = kind(arguments["kind"].as_str().unwrap());
                let answer = client.ask(self, kind, json!({"about": "you"})).await;
                Ok(Answered::Complete(match answer {
                    Ok(answer) => ToolResult::text(answer.to_string()),
                    Err(not_asked) => ToolResult::error(not_asked.to_string()),
                }))
            }
            "need" => {
                Ok(need(arguments, client, || ToolResult::text("done"), Ok(ToolResult::error("otherwise"))))
            }
            "fail-or-need" => {
                let sentence = "otherwise".to_owned();
                let otherwise = Err(Refusal::InvalidParams { sentence });
                Ok(need(arguments, client, || ToolResult::text("done"), otherwise))
            }
            _ => Err(Refusal::UnknownTool),
        }
    }
}

fn echo(arguments: &Map<String, Value>) -> ToolResult {
    let meta = json!({"example.com/a": 1, "io.modelcontextprotocol/serverInfo": "forged"});
    ToolResult {
        structured: Some(object(json!({"said": arguments}))),
        is_error: arguments.contains_key("fail"),
        meta: arguments.contains_key("meta").then(|| object(meta)),
        ..ToolResult::text("said")
    }
}

/// Says what the arguments list: numbers are progress, words are levels of log messages, `cancelled` ends the call.
fn speak(arguments: &Map<String, Value>, client: &Client) -> Result<ToolResult, Refusal> {
    for said in arguments.get("say").and_then(Value::as_array).into_iter().flatten() {
        match (said.as_u64(), said.as_str()) {
            (Some(done), _) => client.progress(u32::try_from(done).unwrap(), Some(9), "so far"),
            (None, Some("without a total")) => client.progress(1, None, "so far"),
            (None, Some("cancelled")) => return Err(Refusal::Cancelled),
            (None, Some("unavailable")) => {
                return Err(Refusal::Unavailable { sentence: "Try later.".to_owned(), retry_after: None });
            }
            (None, Some("debug")) => client.log("debug", "text"),
            (None, Some("error")) => client.log("error", "text"),
            _ => panic!("nothing to say: {said}"),
        }
    }
    Ok(ToolResult::text("said"))
}

fn kind(word: &str) -> InputKind {
    match word {
        "form" => InputKind::ElicitForm,
        "url" => InputKind::ElicitUrl,
        "roots" => InputKind::Roots,
        _ => InputKind::Sampling,
    }
}

/// Needs what the argument `kinds` lists, under the names of the kinds, until answers have come; with `state`, until the
/// state has come too.
fn need<T>(
    arguments: &Map<String, Value>,
    client: &Client,
    done: impl FnOnce() -> T,
    otherwise: Result<T, Refusal>,
) -> Answered<T> {
    let state = arguments.get("state").and_then(Value::as_str).map(|text| text.as_bytes().to_vec());
    if client.input().is_some_and(|input| !input.responses.is_empty() && input.state == state) {
        return Answered::Complete(done());
    }
    let kinds = arguments.get("kinds").and_then(Value::as_array).cloned().unwrap_or_default();
    let request = |word: &str| match word {
        "form" => InputRequest {
            name: "form",
            kind: InputKind::ElicitForm,
            params: object(json!({"message": "Who?"})),
        },
        "url" => InputRequest::url("url", "https://scripted.example/connect", "Connect first."),
        "roots" => InputRequest { name: "roots", kind: InputKind::Roots, params: Map::new() },
        _ => InputRequest { name: "sampling", kind: InputKind::Sampling, params: Map::new() },
    };
    let requests = kinds.iter().filter_map(Value::as_str).map(request).collect();
    Answered::InputRequired(Box::new(InputRequired { requests, state, otherwise }))
}

struct TellsDrop(Arc<AtomicBool>);

impl Drop for TellsDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

#[async_trait]
impl Server for Script {
    fn info(&self) -> ServerInfo {
        ServerInfo {
            name: "scripted",
            title: "Scripted server",
            version: "1.2.3",
            website_url: Some("https://scripted.example/"),
            icons: self.icons,
            instructions: "Call echo.",
        }
    }

    fn offers(&self) -> Offers {
        self.offers
    }

    fn page_size(&self) -> usize {
        self.page_size
    }

    fn tools(&self) -> Vec<ToolDescriptor> {
        let describe = |name| ToolDescriptor {
            name,
            title: "Echo",
            description: "Says it again.",
            input_schema: object(json!({"type": "object"})),
            output_schema: Some(object(json!({"type": "object", "properties": {"said": {}}}))),
            annotations: ToolAnnotations {
                read_only: true,
                destructive: false,
                idempotent: Some(true),
                open_world: false,
            },
        };
        ["echo"].into_iter().chain(NAMES).take(self.items).map(describe).collect()
    }

    fn resources(&self) -> Vec<ResourceDescriptor> {
        let describe = |(uri, name)| ResourceDescriptor {
            uri,
            name,
            title: "One",
            description: "The only one.",
            mime_type: "text/plain",
            icons: self.icons,
        };
        URIS.into_iter().zip(NAMES).take(self.items).map(describe).collect()
    }

    fn resource_templates(&self) -> Vec<TemplateDescriptor> {
        let describe = |name| TemplateDescriptor {
            uri_template: "scripted://{name}",
            name,
            title: "Any",
            description: "Any of them.",
            mime_type: "text/plain",
            icons: self.icons,
        };
        NAMES.into_iter().take(self.items).map(describe).collect()
    }

    fn prompts(&self) -> Vec<PromptDescriptor> {
        let describe = |name| PromptDescriptor {
            name,
            title: "Greeting",
            description: "Greets somebody.",
            arguments: vec![PromptArgumentDescriptor {
                name: "whom",
                title: "Whom",
                description: "Who is greeted.",
                required: true,
            }],
            icons: self.icons,
        };
        NAMES.into_iter().take(self.items).map(describe).collect()
    }

    async fn call_tool(&self, call: ToolCall, client: Arc<Client>) -> Result<Answered<ToolResult>, Refusal> {
        self.heard.lock().unwrap().calls.push(call.clone());
        self.meet(&client);
        self.refuse()?;
        self.act(&call, &client).await
    }

    async fn read_resource(
        &self,
        uri: &str,
        client: Arc<Client>,
    ) -> Result<Answered<ResourceContents>, Refusal> {
        self.heard.lock().unwrap().reads.push(uri.to_owned());
        self.meet(&client);
        self.refuse()?;
        let contents = |body| ResourceContents { mime_type: "text/plain", body, meta: None };
        match uri {
            "scripted://one" => Ok(Answered::Complete(contents(ResourceBody::Text("contents".into())))),
            "scripted://bytes" => Ok(Answered::Complete(contents(ResourceBody::Blob("AA==".into())))),
            "scripted://need" => {
                let arguments = object(json!({"kinds": ["form"], "state": "here"}));
                let done = || contents(ResourceBody::Text("done".into()));
                Ok(need(&arguments, &client, done, Err(Refusal::UnknownResource)))
            }
            _ => Err(Refusal::UnknownResource),
        }
    }

    async fn prompt(
        &self,
        name: &str,
        arguments: Map<String, Value>,
        client: Arc<Client>,
    ) -> Result<Answered<PromptResult>, Refusal> {
        self.heard.lock().unwrap().prompts.push((name.to_owned(), arguments.clone()));
        self.meet(&client);
        self.refuse()?;
        let say = |text: &str| PromptResult {
            description: "Greets somebody.",
            messages: vec![
                Content::Text(text.to_owned()),
                Content::Image(Media { mime_type: "image/png", base64: "AA==".into() }),
                Content::Audio(Media { mime_type: "audio/wav", base64: "AA==".into() }),
                Content::Resource {
                    uri: "scripted://one".into(),
                    mime_type: "text/plain",
                    body: ResourceBody::Text("contents".into()),
                },
            ],
        };
        match name {
            "one" => Ok(Answered::Complete(say("Hello."))),
            "need" => Ok(need(&arguments, &client, || say("done"), Err(Refusal::UnknownPrompt))),
            _ => Err(Refusal::UnknownPrompt),
        }
    }

    async fn complete(&self, call: CompletionCall, client: Arc<Client>) -> Result<Completion, Refusal> {
        self.heard.lock().unwrap().completions.push(call.clone());
        self.meet(&client);
        self.refuse()?;
        let known = [
            CompletionReference::Prompt("one".into()),
            CompletionReference::Template("scripted://{name}".into()),
        ];
        known.contains(&call.reference).then(|| self.completion.clone()).ok_or(Refusal::UnknownReference)
    }

    fn open_session(&self, declared: ClientCapabilities) -> Option<String> {
        *self.declared.lock().unwrap() = declared;
        self.session.map(str::to_owned)
    }

    fn session(&self, id: Option<&str>) -> Session {
        match id.filter(|id| Some(*id) == self.session) {
            Some(id) => Session { id: Some(id.to_owned()), capabilities: *self.declared.lock().unwrap() },
            None => Session::default(),
        }
    }

    fn cancel(&self, call: &CallKey) {
        self.heard.lock().unwrap().cancelled.push(call.clone());
    }

    fn seal_state(&self, state: &RequestState) -> Result<String, Refusal> {
        let mut states = self.states.lock().unwrap();
        let name = format!("state-{}", states.len());
        states.insert(name.clone(), Some(state.clone()));
        Ok(name)
    }

    async fn spend_state(&self, state: &str) -> Result<Option<RequestState>, Refusal> {
        if state == "unfathomable" {
            return Err(Refusal::Fault { sentence: "The states cannot be read.".to_owned() });
        }
        Ok(self.states.lock().unwrap().get_mut(state).and_then(Option::take))
    }

    fn question(&self) -> Option<(String, oneshot::Receiver<Value>)> {
        self.session?;
        let (sender, receiver) = oneshot::channel();
        self.questions.lock().unwrap().insert("question".to_owned(), sender);
        Some(("question".to_owned(), receiver))
    }

    fn answered(&self, id: &str, result: Option<Value>) {
        if let (Some(sender), Some(result)) = (self.questions.lock().unwrap().remove(id), result) {
            drop(sender.send(result));
        }
    }

    fn set_log_level(&self, level: &str) {
        self.heard.lock().unwrap().levels.push(level.to_owned());
    }

    async fn refused(&self, refusal: ProtocolRefusal) {
        self.heard.lock().unwrap().refused.push(refusal);
    }
}
