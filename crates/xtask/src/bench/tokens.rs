//! `cargo xtask bench tokens`: what a model has to read, in tokens as bytes / 4, beside the most used peer.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, ensure};
use clap::Args;
use m365_contract::browser::Browser;
use m365_contract::control::Control;
use m365_contract::http::Request;
use m365_contract::json::Look;
use m365_contract::mcp::Mcp;
use m365_contract::oauth::Discovered;
use serde_json::{Value, json};
use url::Url;

use super::process::Process;
use super::report;
use super::sign_in::microsoft_token;
use crate::run::{self, say};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Options of `cargo xtask bench tokens`.
#[derive(Args)]
pub(crate) struct Options {
    /// Write the figures into docs/benchmarks.md.
    #[arg(long)]
    write: bool,
}

/// The peer's lock and the scripts that measure it.
const PEER: &str = "crates/xtask/peers/softeria";
/// Who is measured.
const PERSON: &str = "tokens@contoso.example";
/// Bytes that stand for a token.
const BYTES_PER_TOKEN: usize = 4;

/// One line of the result, in bytes.
struct Line {
    what: String,
    ours: usize,
    /// The most that ours may be, in tokens.
    budget: usize,
    peer: u64,
}

impl Line {
    fn tokens(&self) -> usize {
        self.ours.div_ceil(BYTES_PER_TOKEN)
    }

    fn fits(&self) -> bool {
        self.tokens() <= self.budget
    }
}

/// Runs the measurement and prints or writes its result.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let build = ["build", "--locked", "--package", "m365-host-native"];
    ensure!(run::stream(&mut workspace.cargo(&build))?.success, "the build failed");
    let program = workspace.target.join("debug").join("m365-mcp");
    let folder = workspace.target.join("xtask-tokens");
    let read_only = Demo::start(&program, &folder, "read-only")?.tools()?;
    let demo = Demo::start(&program, &folder, "full")?;
    let full = demo.tools()?;
    let longest = demo.longest_mail()?;
    let mails = demo.mcp.tool("getEmails", &json!({ "count": 10 }))?;
    let letter = demo.mcp.tool("getEmail", &json!({ "id": longest.text("/id")? }))?;
    let peer = measure_peer(workspace, &demo, longest.text("/id")?)?;
    let largest = full.iter().map(size).max().unwrap_or_default();
    let of_peer =
        |at: &str| peer.pointer(at).and_then(Value::as_u64).with_context(|| format!("no {at} in {peer}"));
    let list = |tools: &[Value]| size(&json!({ "tools": tools }));
    let (few, all) = (of_peer("/readOnly/tools")?, of_peer("/full/tools")?);
    let html = longest.text("/body/content")?.len();
    let lines = [
        Line {
            what: format!("`tools/list`, read-only ({} tools; peer {few})", read_only.len()),
            ours: list(&read_only),
            budget: 6_000,
            peer: of_peer("/readOnly/bytes")?,
        },
        Line {
            what: format!("`tools/list`, full ({} tools; peer {all})", full.len()),
            ours: list(&full),
            budget: 15_000,
            peer: of_peer("/full/bytes")?,
        },
        Line { what: "largest tool".to_owned(), ours: largest, budget: 600, peer: of_peer("/largest")? },
        Line {
            what: "ten mails".to_owned(),
            ours: size(mails.result()?),
            budget: 1_500,
            peer: of_peer("/mails")?,
        },
        Line {
            what: format!("one newsletter of {} kB HTML", html / 1000),
            ours: size(letter.result()?),
            budget: 2_500,
            peer: of_peer("/newsletter")?,
        },
    ];
    let table = table(&lines, peer.text("/version")?);
    if options.write {
        report::write(workspace, "tokens", &table)?;
    }
    say(&table);
    Ok(lines.iter().all(Line::fits))
}

fn table(lines: &[Line], version: &str) -> String {
    let mut text = format!(
        "Tokens as bytes / 4 of the JSON a client gets (results with text and structured content together). Peer: `@softeria/ms-365-mcp-server` {version}, `--org-mode`, asked the same of the same mailbox in the same run.\n\n| | ours | budget | peer | peer / ours |\n|---|---:|---:|---:|---:|\n"
    );
    for line in lines {
        let (ours, peer) = (line.tokens() as u64, line.peer.div_ceil(BYTES_PER_TOKEN as u64));
        let over = if line.fits() { "" } else { " **over**" };
        let tenths = peer * 10 / ours.max(1);
        let ratio =
            if tenths < 100 { format!("{}.{}", tenths / 10, tenths % 10) } else { (tenths / 10).to_string() };
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| {} | {ours}{over} | {} | {peer} | {ratio} |", line.what, line.budget);
    }
    text
}

/// A demo of its own, and a person who signed in to it.
struct Demo {
    /// Ends with it.
    _process: Process,
    control: Control,
    config: Value,
    mcp: Mcp,
}

impl Demo {
    fn start(program: &Path, folder: &Path, profile: &str) -> anyhow::Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        std::fs::create_dir_all(folder)?;
        let ready_file = folder.join("ready.json");
        let mut command = Command::new(program);
        command.args(["demo", "--port", "0", "--origin-port", "0", "--sandbox-port", "0", "--set"]);
        command.arg(format!("PROFILE={profile}")).arg("--data-dir").arg(folder.join("data"));
        command.arg("--ready-file").arg(&ready_file);
        let read = || serde_json::from_str::<Value>(&std::fs::read_to_string(&ready_file).ok()?).ok();
        let (process, ready, _) = Process::start(&mut command, read)?;
        let sandbox = Url::parse(ready.text("/sandbox")?)?;
        let config = Request::get(sandbox.join("/_control/config")?).send()?.expect(&[200])?.json()?;
        let control = Control::new(sandbox);
        control.person(&json!({ "email": PERSON }))?;
        let endpoint = Url::parse(ready.text("/mcp")?)?;
        let mut browser = Browser::signed_in(&control, &endpoint, PERSON)?;
        let client = Discovered::at(&endpoint)?.client()?;
        let attempt = client.attempt()?;
        let mcp = Mcp::new(&endpoint, &client.grant(&mut browser, &attempt)?.access);
        Ok(Self { _process: process, control, config, mcp })
    }

    /// Every tool, page by page.
    fn tools(&self) -> anyhow::Result<Vec<Value>> {
        let (mut tools, mut params) = (Vec::new(), json!({}));
        loop {
            let page = self.mcp.send("tools/list", &params)?;
            let page = page.result()?;
            tools.extend(page.at("/tools").as_array().cloned().unwrap_or_default());
            let Some(cursor) = page.at("/nextCursor").as_str() else { return Ok(tools) };
            params = json!({ "cursor": cursor });
        }
    }

    /// The message with the longest body in the mailbox.
    fn longest_mail(&self) -> anyhow::Result<Value> {
        let length = |mail: &Value| mail.pointer("/body/content").and_then(Value::as_str).map_or(0, str::len);
        let mails = self.control.graph("messages", PERSON)?;
        mails.into_iter().max_by_key(length).context("the mailbox is empty")
    }
}

fn size(value: &Value) -> usize {
    value.to_string().len()
}

/// Asks the peer the same, as the same person.
fn measure_peer(workspace: &Workspace, demo: &Demo, newsletter: &str) -> anyhow::Result<Value> {
    let tools = Tools::of(workspace)?;
    let graph = format!(
        "{}/v1/{}/{}/custom-msgraph",
        demo.config.text("/aiGatewayBaseUrl")?,
        demo.config.text("/accountId")?,
        demo.config.text("/gatewayId")?
    );
    let mut command = Command::new(tools.node()?);
    command.arg(workspace.root.join(PEER).join("measure.mjs"));
    command.env("PEER_PACKAGES", tools.npm_folder(PEER)?).env("GATEWAY_GRAPH", graph);
    command.env("GATEWAY_TOKEN", demo.config.text("/gatewayToken")?);
    command.env("MICROSOFT_TOKEN", microsoft_token(&demo.config, PERSON)?).env("NEWSLETTER", newsletter);
    let said = run::stdout_of(&mut command)?;
    serde_json::from_str(&said).with_context(|| format!("the peer's script printed {said}"))
}
