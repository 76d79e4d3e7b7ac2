//! The line that says a server is ready.

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;

use crate::output;

/// What the line says; absent fields are left out.
#[derive(Debug, Default, Serialize)]
#[serde(tag = "event", rename = "ready")]
pub(crate) struct Ready<'a> {
    /// Address for MCP clients, through Access.
    pub(crate) mcp: String,
    /// The server itself, behind the edge.
    pub(crate) origin: String,
    /// The simulated systems.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sandbox: Option<String>,
    /// The person's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) me: Option<String>,
    /// Who can sign in.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(crate) people: &'a [&'a str],
    /// Who of them operates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) operator: Option<&'a str>,
}

/// Prints the line on standard output, and into the file where one is asked for. The file appears whole.
///
/// # Errors
/// Where the file cannot be written.
pub(crate) fn announce(ready: &Ready<'_>, file: Option<&Path>) -> anyhow::Result<()> {
    let line = serde_json::to_string(ready)?;
    if let Some(file) = file {
        let temporary = file.with_extension("partial");
        std::fs::write(&temporary, format!("{line}\n"))
            .and_then(|()| std::fs::rename(&temporary, file))
            .with_context(|| format!("cannot write the ready file {}", file.display()))?;
    }
    output::line(&line);
    Ok(())
}

/// Completes at Ctrl-C or SIGTERM.
///
/// # Errors
/// Where signals cannot be watched.
pub(crate) async fn stop_asked() -> anyhow::Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    output::note("Stopping: requests under way may end.");
    Ok(())
}
