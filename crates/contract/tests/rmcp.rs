//! The official Rust SDK's client against `demo`: once with each lifecycle, with a bearer token the suite obtained.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use m365_contract::json::Look as _;
use m365_contract::session::Session;
use m365_contract::site::Site;
use rmcp::model::{
    CallToolRequestParams, ClientConfig, GetPromptRequestParams, ProgressNotificationParam, ProtocolVersion,
    ReadResourceRequestParams,
};
use rmcp::service::{NotificationContext, RunningService};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientHandler, ClientLifecycleMode, ClientServiceExt as _, RoleClient};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

/// How long a notification may take that came before an answer.
const TOLD_WITHIN: Duration = Duration::from_secs(30);

/// An application that keeps what it is told of progress.
struct Listening {
    config: ClientConfig,
    told: UnboundedSender<f64>,
}

impl ClientHandler for Listening {
    fn get_info(&self) -> ClientConfig {
        self.config.clone()
    }

    async fn on_progress(&self, told: ProgressNotificationParam, _: NotificationContext<RoleClient>) {
        self.told.send(told.progress).ok();
    }
}

#[test]
fn rmcp_lists_calls_and_reads_after_initialize() -> Result<()> {
    drive(ClientLifecycleMode::Initialize)
}

#[test]
fn rmcp_lists_calls_and_reads_after_discover() -> Result<()> {
    drive(ClientLifecycleMode::Discover { preferred_versions: vec![ProtocolVersion::V_2026_07_28] })
}

fn drive(lifecycle: ClientLifecycleMode) -> Result<()> {
    let site = Site::start()?;
    let session = Session::open(&site, "rmcp")?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    runtime.block_on(converse(&session, lifecycle))
}

async fn converse(session: &Session<'_>, lifecycle: ClientLifecycleMode) -> Result<()> {
    let config = StreamableHttpClientTransportConfig::with_uri(session.site.mcp.as_str())
        .auth_header(session.tokens.access.clone());
    let transport = StreamableHttpClientTransport::from_config(config);
    let (told, mut hears) = unbounded_channel();
    let application = Listening { config: ClientConfig::default(), told };
    let client = application.serve_with_lifecycle(transport, lifecycle).await?;

    let tools = client.list_all_tools().await?;
    ensure!(tools.len() == 60, "tools: {tools:?}");
    let call = |name: &'static str, arguments: Value| {
        let params = CallToolRequestParams::new(name)
            .with_arguments(arguments.as_object().cloned().unwrap_or_default());
        client.call_tool(params)
    };
    let emails = serde_json::to_value(call("getEmails", json!({ "count": 3 })).await?)?;
    ensure!(
        emails.at("/structuredContent").is_object() && emails.at("/isError") != &Value::Bool(true),
        "{emails}"
    );
    let state = serde_json::to_value(call("authenticate", json!({})).await?)?;
    ensure!(state.to_string().contains(&session.person.email), "{state}");
    let refused = serde_json::to_value(
        call("getEmails", json!({ "count": 0 })).await.map_err(|error| error.to_string()),
    )?;
    ensure!(refused.to_string().contains("count"), "{refused}");

    let resources = client.list_all_resources().await?;
    ensure!(resources.len() == 3, "resources: {resources:?}");
    let profile = client.read_resource(ReadResourceRequestParams::new("microsoft://profile")).await?;
    let text = serde_json::to_value(profile)?.text("/contents/0/text")?.to_owned();
    ensure!(text.contains(&session.person.email), "{text}");
    helps(session, &client).await?;
    is_told(&client, &mut hears).await?;
    client.cancel().await.context("the client ends")?;
    Ok(())
}

/// Prompts, completions and templates.
async fn helps(session: &Session<'_>, client: &RunningService<RoleClient, Listening>) -> Result<()> {
    let prompts = client.list_all_prompts().await?;
    ensure!(prompts.len() == 5, "prompts: {prompts:?}");
    let arguments = json!({ "meeting": "Budget" }).as_object().cloned().unwrap_or_default();
    let asked = GetPromptRequestParams::new("prepareForMeeting").with_arguments(arguments);
    let prompt = serde_json::to_value(client.get_prompt(asked).await?)?;
    ensure!(prompt.text("/messages/0/content/text")?.contains("\"Budget\""), "{prompt}");
    let missing = client.get_prompt(GetPromptRequestParams::new("prepareForMeeting")).await;
    ensure!(
        missing.is_err_and(|error| error.to_string().contains("meeting")),
        "a prompt without what it needs"
    );
    let folders = client.complete_prompt_simple("summarizeUnread", "folder", "arch").await?;
    ensure!(folders == ["archive"], "{folders:?}");
    let templates = client.list_all_resource_templates().await?;
    ensure!(templates.len() == 4, "templates: {templates:?}");
    let people = session.site.control.graph("people", &session.person.email)?;
    let id = people.first().context("somebody")?.text("/id")?;
    let uri = format!("microsoft://people/{id}");
    let person = serde_json::to_value(client.read_resource(ReadResourceRequestParams::new(uri)).await?)?;
    ensure!(person.text("/contents/0/text")?.contains(id), "{person}");
    Ok(())
}

/// This SDK asks for progress with every request.
async fn is_told(
    client: &RunningService<RoleClient, Listening>,
    hears: &mut UnboundedReceiver<f64>,
) -> Result<()> {
    while hears.try_recv().is_ok() {}
    client.call_tool(CallToolRequestParams::new("getEmails")).await?;
    let first = tokio::time::timeout(TOLD_WITHIN, hears.recv()).await?.context("progress")?;
    ensure!(first >= 0.0, "{first}");
    Ok(())
}
