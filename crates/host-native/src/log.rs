//! Logs on standard error: lines for people, JSON for machines. Field names are those of the journal.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;

/// Starts logging. A server logs what it does; other commands only what goes wrong.
pub(crate) fn start(server: bool, json: bool) {
    let default = if server { "warn,m365_app=info,m365_mcp=info" } else { "warn" };
    let filter = crate::environment::Environment::variable("LOG").unwrap_or_else(|| default.to_owned());
    let filter = EnvFilter::try_new(filter).unwrap_or_else(|_| EnvFilter::new(default));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // A second start would only be refused: the first one keeps working.
    if json {
        drop(builder.json().flatten_event(true).try_init());
    } else {
        drop(builder.with_ansi(std::io::stderr().is_terminal()).try_init());
    }
}
