//! What the suite is told from outside; the only place that reads the environment.

use std::path::PathBuf;

/// The host's binary: `M365_MCP_BIN`, else `m365-mcp` in the folder above the one of this test program.
#[must_use]
pub fn binary() -> Option<PathBuf> {
    variable("M365_MCP_BIN").map(PathBuf::from).or_else(|| {
        let test = std::env::current_exe().ok()?;
        let beside = test.parent()?.parent()?.join("m365-mcp");
        beside.is_file().then_some(beside)
    })
}

/// The ready line of a site that runs already: `M365_MCP_URLS`.
#[must_use]
pub fn running_site() -> Option<String> {
    variable("M365_MCP_URLS")
}

/// Where the requests that reached the simulated Graph are appended: `M365_RECORD`.
#[must_use]
pub fn record_file() -> Option<PathBuf> {
    variable("M365_RECORD").map(PathBuf::from)
}

/// The command that starts Node.js: `NODE`, else `node`.
#[must_use]
pub fn node() -> String {
    variable("NODE").unwrap_or_else(|| "node".to_owned())
}

#[expect(clippy::disallowed_methods, reason = "this is the environment adapter of the suite")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}
