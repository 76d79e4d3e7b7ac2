//! Clients of other makers, end to end.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::environment;
use crate::json::Look as _;
use crate::site::Site;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/clients/typescript");

table! { "clients":
    shared the_official_typescript_sdk_signs_in_and_calls_tools,
}

fn the_official_typescript_sdk_signs_in_and_calls_tools(site: &Site) -> Result<()> {
    let folder = Path::new(FOLDER);
    ensure!(
        folder.join("node_modules").is_dir(),
        "the SDK is not installed: run `npm ci` in clients/typescript, or `cargo xtask test`"
    );
    let person = site.person("typescript")?;
    let cookie = site.control.assertion(&json!({ "email": person.email }))?.cookie;
    let run = Command::new(environment::node())
        .arg("client.mjs")
        .arg(site.mcp.as_str())
        .arg(cookie)
        .current_dir(folder)
        .output();
    let run = run.context("Node.js could not be started")?;
    let shown = format!("{}\n{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    ensure!(run.status.success(), "the SDK failed: {shown}");
    let result: Value = serde_json::from_slice(&run.stdout).with_context(|| shown.clone())?;
    ensure!(result.strings("/tools").len() == 9 && result.strings("/resources").len() == 3, "{shown}");
    ensure!(
        result.at("/emails/isError") != &Value::Bool(true)
            && result.at("/emails/structuredContent").is_object(),
        "{shown}"
    );
    ensure!(result.at("/profile").to_string().contains(&person.email), "{shown}");
    ensure!(result.at("/refused") == &Value::Bool(true), "{shown}");
    Ok(())
}
