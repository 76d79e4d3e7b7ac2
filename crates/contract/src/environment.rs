//! What the suite is told from outside; the only place that reads the environment.

use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

/// The program that reads journals, and natively the host: `M365_MCP_BIN`, else `m365-mcp` in the folder above the one of
/// this test program.
#[must_use]
pub fn binary() -> Option<PathBuf> {
    variable("M365_MCP_BIN").map(PathBuf::from).or_else(|| {
        let test = std::env::current_exe().ok()?;
        let beside = test.parent()?.parent()?.join("m365-mcp");
        beside.is_file().then_some(beside)
    })
}

/// Another host than the native one, `M365_MCP_HOST`: a JSON array of its program and first arguments. It takes the
/// options of `demo` after them.
///
/// # Errors
/// Where the variable is not such an array.
pub fn other_host() -> Result<Option<Vec<String>>> {
    variable("M365_MCP_HOST").as_deref().map(command_line).transpose()
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

/// Where what became of each case is written at the end of a run: `M365_RESULTS`.
#[must_use]
pub fn results_file() -> Option<PathBuf> {
    variable("M365_RESULTS").map(PathBuf::from)
}

/// The command that starts Node.js: `NODE`, else `node`.
#[must_use]
pub fn node() -> String {
    variable("NODE").unwrap_or_else(|| "node".to_owned())
}

/// The browser: `CHROMIUM`, else the first `chromium` in the folders of `PATH`.
#[must_use]
pub fn chromium() -> Option<PathBuf> {
    variable("CHROMIUM").map(PathBuf::from).or_else(|| {
        let folders = variable("PATH")?;
        std::env::split_paths(&folders)
            .map(|folder| folder.join("chromium"))
            .find(|program| program.is_file())
    })
}

fn command_line(text: &str) -> Result<Vec<String>> {
    let words: Vec<String> = serde_json::from_str(text).with_context(|| {
        format!("M365_MCP_HOST is not a JSON array of a program and its arguments: {text}")
    })?;
    ensure!(!words.is_empty(), "M365_MCP_HOST names no program");
    Ok(words)
}

#[expect(clippy::disallowed_methods, reason = "this is the environment adapter of the suite")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_a_list_of_words_and_nothing_else() {
        let host = command_line(r#"["node", "dev.mjs", "--built"]"#).expect("a list");
        assert_eq!(host, ["node", "dev.mjs", "--built"]);
        for wrong in ["node dev.mjs", "[]", r#"["node", 1]"#, r#"{"program":"node"}"#] {
            assert!(command_line(wrong).is_err(), "{wrong}");
        }
    }
}
