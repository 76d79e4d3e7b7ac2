//! Clients of other makers, end to end: each finds the authorization server, registers, sends its person to sign in,
//! calls a tool, and gets nothing more once the person has ended the connection.

mod application;
pub(super) mod program;

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};
use url::Url;

use self::application::Application;
use self::program::Program;
use crate::browser::Browser;
use crate::control::Person;
use crate::environment;
use crate::html::forms;
use crate::http::Request;
use crate::json::Look as _;
use crate::oauth::Discovered;
use crate::site::Site;

/// A folder for each client.
pub(super) const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients");

table! { "clients":
    own the_official_typescript_sdk_signs_in_and_calls_tools,
    own the_second_typescript_sdk_signs_in_and_steps_up_after_a_handshake,
    own the_second_typescript_sdk_signs_in_and_steps_up_without_a_handshake,
    own the_official_python_sdk_signs_in_and_steps_up_after_a_handshake,
    own the_official_python_sdk_signs_in_and_steps_up_without_a_handshake,
    own the_official_typescript_sdk_speaks_the_transport_of_2024_11_05,
    own the_official_python_sdk_speaks_the_transport_of_2024_11_05,
    shared clients_with_a_metadata_document_sign_in_without_registering,
    shared mcp_remote_signs_in_and_bridges_tool_calls_after_a_handshake,
    shared mcp_remote_signs_in_and_bridges_tool_calls_without_a_handshake,
    shared mcp_remote_bridges_the_transport_of_2024_11_05,
    shared the_inspectors_command_line_signs_in_and_calls_a_tool,
    shared the_inspectors_command_line_speaks_the_transport_of_2024_11_05,
    shared the_conformance_suite_finds_nothing_to_fail_or_to_warn_about,
}

/// Version 1 presents its refresh token when a scope is missing, before it would ask the person, and gives up when that
/// changes nothing; so it tells its application of the 403 instead of stepping up.
fn the_official_typescript_sdk_signs_in_and_calls_tools(site: &Site) -> Result<()> {
    let mut application = Application::start(site, "typescript", node("typescript", "client.mjs")?, &[])?;
    application.connects("legacy", Some("Mail.Read User.Read"))?;
    application.works()?;
    application.helps()?;
    application.is_told_of_progress()?;
    application.gives_up()?;
    application.has_its_person_sign_in()?;
    application.stays_refused()?;
    application.refreshes()?;
    application.stops_when_revoked()
}

fn the_second_typescript_sdk_signs_in_and_steps_up_after_a_handshake(site: &Site) -> Result<()> {
    lives(site, node("typescript-v2", "client.mjs")?, "legacy")
}

fn the_second_typescript_sdk_signs_in_and_steps_up_without_a_handshake(site: &Site) -> Result<()> {
    lives(site, node("typescript-v2", "client.mjs")?, "auto")
}

fn the_official_python_sdk_signs_in_and_steps_up_after_a_handshake(site: &Site) -> Result<()> {
    lives(site, python("python", "client.py")?, "legacy")
}

fn the_official_python_sdk_signs_in_and_steps_up_without_a_handshake(site: &Site) -> Result<()> {
    lives(site, python("python", "client.py")?, "auto")
}

/// The life of a grant, as an SDK with every ability lives it.
fn lives(site: &Site, script: Command, mode: &str) -> Result<()> {
    let mut application = Application::start(site, "sdk", script, &[])?;
    application.connects(mode, Some("Mail.Read User.Read"))?;
    application.works()?;
    application.helps()?;
    application.is_told_of_progress()?;
    application.gives_up()?;
    application.has_its_person_sign_in()?;
    application.steps_up()?;
    application.refreshes()?;
    application.stops_when_revoked()
}

fn the_official_typescript_sdk_speaks_the_transport_of_2024_11_05(site: &Site) -> Result<()> {
    streams(site, node("typescript", "client.mjs")?, true)
}

/// It does not say which revision was agreed, so it gets what the oldest revisions have.
fn the_official_python_sdk_speaks_the_transport_of_2024_11_05(site: &Site) -> Result<()> {
    streams(site, python("python", "client.py")?, false)
}

/// What an SDK of today does over the transport of yesterday.
fn streams(site: &Site, script: Command, is_structured: bool) -> Result<()> {
    let mut application = Application::start_at(site, &site.edge("/sse")?, "stream", script, &[])?;
    application.is_structured = is_structured;
    application.connects("sse", None)?;
    application.works()?;
    application.helps()?;
    application.is_told_of_progress()?;
    application.gives_up()?;
    if is_structured {
        application.has_its_person_sign_in()?;
    }
    application.ends_when_revoked()
}

/// The document is that of an editor; the simulated estate publishes it.
fn clients_with_a_metadata_document_sign_in_without_registering(site: &Site) -> Result<()> {
    let document = "https://vscode.dev/oauth/client-metadata.json";
    for client in ["typescript", "typescript-v2"] {
        let arguments = ["http://127.0.0.1:33418/", document];
        let mut application = Application::start(site, "document", node(client, "client.mjs")?, &arguments)?;
        application.connects("auto", None)?;
        application.is_known_as(document)?;
        application.works()?;
        application.stops_when_revoked()?;
    }
    Ok(())
}

fn mcp_remote_signs_in_and_bridges_tool_calls_after_a_handshake(site: &Site) -> Result<()> {
    bridges(site, &site.mcp, &["--protocol", "legacy"])
}

fn mcp_remote_signs_in_and_bridges_tool_calls_without_a_handshake(site: &Site) -> Result<()> {
    bridges(site, &site.mcp, &["--protocol", "auto"])
}

fn mcp_remote_bridges_the_transport_of_2024_11_05(site: &Site) -> Result<()> {
    bridges(site, &site.edge("/sse")?, &["--transport", "sse-only"])
}

/// A desktop application speaks to the bridge over stdio; the bridge signs in and speaks to us.
fn bridges(site: &Site, url: &Url, options: &[&str]) -> Result<()> {
    let (person, mut browser) = visitor(site, "bridge")?;
    let mut command = node("mcp-remote", "node_modules/mcp-remote/dist/proxy.js")?;
    command.arg(url.as_str()).args(options).args(["--auth-timeout", "120"]);
    let mut bridge = Bridge { program: Program::start(command)?, asked: 0 };
    let to_visit = |line: &str| authorize_url(site, line);
    let hello = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "contract", "version": "1" } });
    let id = bridge.ask("initialize", &hello)?;
    return_to_client(&mut browser, &bridge.program.error(to_visit)?)?;
    answer(&bridge.program, id)?;
    send(&mut bridge.program, &json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }))?;
    let tools = bridge.result("tools/list", &json!({}))?;
    ensure!(tools.list("/tools")?.len() > 5, "{}", bridge.program.failed("too few tools"));
    let call = json!({ "name": "getEmails", "arguments": { "count": 1 } });
    let emails = bridge.result("tools/call", &call)?;
    ensure!(
        emails.at("/content/0/text").is_string() && emails.at("/isError") != &Value::Bool(true),
        "{emails}"
    );
    let profile = bridge.result("resources/read", &json!({ "uri": "microsoft://profile" }))?;
    ensure!(profile.text("/contents/0/text")?.contains(&person.email), "another person: {profile}");
    let prompt = bridge.result("prompts/get", &json!({ "name": "weeklyReview" }))?;
    ensure!(prompt.at("/messages/0/content/text").is_string(), "{prompt}");
    ensure!(!bridge.result("prompts/list", &json!({}))?.list("/prompts")?.is_empty(), "no prompts");
    let templates = bridge.result("resources/templates/list", &json!({}))?;
    ensure!(templates.list("/resourceTemplates")?.len() == 4, "{templates}");
    let typed = json!({ "ref": { "type": "ref/prompt", "name": "summarizeUnread" }, "argument": { "name": "folder", "value": "arch" } });
    let completed = bridge.result("completion/complete", &typed)?;
    ensure!(completed.strings("/completion/values") == ["archive"], "{completed}");
    revoke(site, &mut browser)?;
    bridge.ask("tools/call", &call)?;
    // It can do no more than ask the person again.
    bridge.program.error(to_visit).map(drop)
}

/// A running bridge, and how often it was asked something.
struct Bridge {
    program: Program,
    asked: i64,
}

impl Bridge {
    /// Sends a request; returns its id.
    fn ask(&mut self, method: &str, params: &Value) -> Result<i64> {
        self.asked += 1;
        send(&mut self.program, &request(self.asked, method, params))?;
        Ok(self.asked)
    }

    fn result(&mut self, method: &str, params: &Value) -> Result<Value> {
        let id = self.ask(method, params)?;
        answer(&self.program, id)
    }
}

fn the_inspectors_command_line_signs_in_and_calls_a_tool(site: &Site) -> Result<()> {
    inspects(site, &site.mcp)
}

/// It tells the transport by the end of the address.
fn the_inspectors_command_line_speaks_the_transport_of_2024_11_05(site: &Site) -> Result<()> {
    inspects(site, &site.edge("/sse")?)
}

/// Each command is a run of its own; those after the first use what it stored.
fn inspects(site: &Site, url: &Url) -> Result<()> {
    let (person, mut browser) = visitor(site, "inspector")?;
    let launcher = "node_modules/@modelcontextprotocol/inspector/clients/launcher/build/index.js";
    let command = |arguments: &[&str]| -> Result<Command> {
        let mut command = node("inspector", launcher)?;
        command.args(["--cli", url.as_str(), "--format", "json", "--connect-timeout", "0"]).args(arguments);
        // It refuses to ask a person without a terminal unless it may open a browser; `BROWSER` makes that harmless.
        command.env("MCP_AUTO_OPEN_ENABLED", "true").env("MCP_INSPECTOR_SECRET_STORE", "file");
        Ok(command)
    };
    let first = ["--callback-url", "http://127.0.0.1:0/oauth/callback", "--method", "tools/list"];
    let list = Program::start(command(&first)?)?;
    let home = list.home();
    return_to_client(&mut browser, &list.error(|line| authorize_url(site, line))?)?;
    ensure!(result(list)?.list("/result/tools")?.len() > 5, "too few tools");
    let run = |arguments: &[&str]| {
        let arguments = [&["--stored-auth-only", "--method"], arguments].concat();
        Program::start_at(command(&arguments)?, home.clone())
    };
    let call = ["tools/call", "--tool-name", "getEmails", "--tool-arg", "count=1"];
    let emails = result(run(&call)?)?;
    ensure!(emails.at("/result/content/0/text").is_string(), "{emails}");
    let profile = result(run(&["resources/read", "--uri", "microsoft://profile"])?)?;
    ensure!(profile.to_string().contains(&person.email), "another person: {profile}");
    let prompts = result(run(&["prompts/list"])?)?;
    ensure!(prompts.list("/result/prompts")?.len() == 5, "{prompts}");
    let get = ["prompts/get", "--prompt-name", "prepareForMeeting", "--prompt-args", "meeting=Budget"];
    let prompt = result(run(&get)?)?;
    ensure!(prompt.text("/result/messages/0/content/text")?.contains("\"Budget\""), "{prompt}");
    let templates = result(run(&["resources/templates/list"])?)?;
    ensure!(templates.list("/result/resourceTemplates")?.len() == 4, "{templates}");
    let messages = site.control.graph("messages", &person.email)?;
    let id = messages.first().context("a message")?.text("/id")?;
    let id: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    let message = result(run(&["resources/read", "--uri", &format!("microsoft://messages/{id}")])?)?;
    ensure!(message.text("/result/contents/0/text")?.contains("\"body\""), "{message}");
    revoke(site, &mut browser)?;
    let refused = run(&call)?;
    refused.error(|line| line.contains("auth_required").then_some(()))?;
    ensure!(!refused.finish()?.0.success(), "a revoked grant still works");
    Ok(())
}

fn the_conformance_suite_finds_nothing_to_fail_or_to_warn_about(site: &Site) -> Result<()> {
    let (_, mut browser) = visitor(site, "conformance")?;
    // It listens where it is told to, not where it finds a place.
    let port = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port().to_string();
    let discovered = Discovered::at(&site.mcp)?;
    let metadata = Discovered::public_client(&format!("http://127.0.0.1:{port}/callback"));
    let registered = discovered.register(&metadata)?.expect(&[201])?.json()?;
    let report = tempfile::tempdir()?;
    let mut command = node("conformance", "node_modules/@modelcontextprotocol/conformance/dist/index.js")?;
    command.args(["authorization", "--url", discovered.server.text("/issuer")?]);
    command.args(["--client-id", registered.text("/client_id")?, "--resource", site.mcp.as_str()]);
    command.args(["--port", &port, "--output-dir"]).arg(report.path());
    let running = Program::start(command)?;
    return_to_client(&mut browser, &running.output(|line| authorize_url(site, line))?)?;
    let (status, said) = running.finish()?;
    ensure!(status.success(), "{said}");
    let checks = checks(report.path())?;
    for check in ["authorization-server-metadata", "authorization-code-grant"] {
        ensure!(checks.iter().any(|(id, _, _)| id == check), "{check} was not made: {checks:?}");
    }
    for (id, status, whole) in &checks {
        ensure!(matches!(status.as_str(), "INFO" | "SUCCESS"), "{id}: {whole}");
    }
    Ok(())
}

/// Every check in the suite's report: its id, how it ended, and all that is said of it.
pub(super) fn checks(report: &Path) -> Result<Vec<(String, String, Value)>> {
    let mut checks = Vec::new();
    for scenario in fs::read_dir(report)? {
        let file = scenario?.path().join("checks.json");
        let made: Value = serde_json::from_slice(&fs::read(&file)?)?;
        for check in made.list("")? {
            checks.push((check.text("/id")?.to_owned(), check.text("/status")?.to_owned(), check.clone()));
        }
    }
    Ok(checks)
}

/// A new person with a browser.
fn visitor(site: &Site, name: &str) -> Result<(Person, Browser)> {
    let person = site.person(name)?;
    let browser = Browser::signed_in(&site.control, &site.mcp, &person.email)?;
    Ok((person, browser))
}

/// The address of ours that a client tells its person to visit, where the line holds one.
fn authorize_url(site: &Site, line: &str) -> Option<Url> {
    let address = line.get(line.find(site.edge("/authorize?").ok()?.as_str())?..)?;
    Url::parse(address.split_whitespace().next()?).ok()
}

/// Visits the address and agrees to everything, until the redirect to the client; returns where that leads.
fn agree(browser: &mut Browser, url: &Url) -> Result<Url> {
    let redirect = application::parameter(url, "redirect_uri").context("no redirect_uri")?;
    browser.agree(url, &redirect)
}

/// Does the same, and follows the redirect to the client, which listens there.
fn return_to_client(browser: &mut Browser, url: &Url) -> Result<()> {
    let callback = agree(browser, url)?;
    Request::get(&callback).send()?.expect(&[200]).map(drop)
}

/// The person ends the only connection there is.
fn revoke(site: &Site, browser: &mut Browser) -> Result<()> {
    press(site, browser, "/me/revoke")
}

/// Presses the button of this form on the person's own page.
fn press(site: &Site, browser: &mut Browser, action: &str) -> Result<()> {
    let page = browser.page(&site.me)?;
    let form = forms(&page.answer.text()).into_iter().find(|form| form.action == action);
    let form = form.with_context(|| format!("no form for {action}: {}", page.answer))?;
    browser.submit(&page, &form, None)?.page()?.answer.expect(&[200]).map(drop)
}

fn request(id: i64, method: &str, params: &Value) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

fn send(program: &mut Program, message: &Value) -> Result<()> {
    program.write(&message.to_string())
}

/// The result of the request with this id.
fn answer(program: &Program, id: i64) -> Result<Value> {
    let message = program.output(|line| {
        serde_json::from_str::<Value>(line).ok().filter(|message| message.at("/id").as_i64() == Some(id))
    })?;
    message.get("result").cloned().with_context(|| message.to_string())
}

/// What a program that ends by itself printed, as JSON.
fn result(program: Program) -> Result<Value> {
    let (status, said) = program.finish()?;
    ensure!(status.success(), "it failed: {said}");
    serde_json::from_str(&said).with_context(|| said.clone())
}

/// Node with a script of the client's folder, whose packages must be there.
pub(super) fn node(client: &str, script: &str) -> Result<Command> {
    installed(client, "node_modules", Command::new(environment::node()), script)
}

/// The Python of the client's virtual environment with a script of its folder.
fn python(client: &str, script: &str) -> Result<Command> {
    let interpreter = PathBuf::from(FOLDER).join(client).join("venv/bin/python");
    installed(client, "venv", Command::new(interpreter), script)
}

fn installed(client: &str, packages: &str, mut interpreter: Command, script: &str) -> Result<Command> {
    let folder = Path::new(FOLDER).join(client);
    ensure!(
        folder.join(packages).is_dir(),
        "{client} is not installed: run `cargo xtask test clients`, which installs every client first"
    );
    interpreter.arg(folder.join(script));
    Ok(interpreter)
}
