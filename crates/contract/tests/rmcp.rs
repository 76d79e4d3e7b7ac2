//! The official Rust SDK's client against `demo`: once with each lifecycle, with a bearer token the suite obtained.

use anyhow::{Context as _, Result, ensure};
use m365_contract::json::Look as _;
use m365_contract::session::Session;
use m365_contract::site::Site;
use rmcp::model::{CallToolRequestParams, ClientConfig, ProtocolVersion, ReadResourceRequestParams};
use rmcp::transport::StreamableHttpClientTransport;
use rmcp::transport::streamable_http_client::StreamableHttpClientTransportConfig;
use rmcp::{ClientLifecycleMode, ClientServiceExt as _};
use serde_json::{Value, json};

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
    let client = ClientConfig::default().serve_with_lifecycle(transport, lifecycle).await?;

    let tools = client.list_all_tools().await?;
    ensure!(tools.len() == 9, "tools: {tools:?}");
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
    client.cancel().await.context("the client ends")?;
    Ok(())
}
