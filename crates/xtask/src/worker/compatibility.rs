//! Which behaviour of the runtime the Worker is deployed with; everything here runs it with the same.

use anyhow::Context;
use serde_json::Value;

use crate::workspace::Workspace;

/// The configuration that operators copy.
pub(crate) const CONFIGURATION: &str = "wrangler.example.jsonc";

/// Compatibility date and flags of the configuration.
pub(crate) struct Compatibility {
    /// `compatibility_date`
    pub(crate) date: String,
    /// `compatibility_flags`
    pub(crate) flags: Vec<String>,
}

impl Compatibility {
    /// Reads them from the configuration.
    pub(crate) fn of(workspace: &Workspace) -> anyhow::Result<Self> {
        Self::parse(&workspace.read(CONFIGURATION)?).with_context(|| {
            format!("{CONFIGURATION} must be JSON with comments on lines of their own and say a compatibility_date")
        })
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        let configuration: Value = serde_json::from_str(&without_comments(text))?;
        let date = configuration.get("compatibility_date").and_then(Value::as_str);
        let flags = configuration.get("compatibility_flags").and_then(Value::as_array);
        let flags = flags.into_iter().flatten().filter_map(Value::as_str);
        Ok(Self {
            date: date.context("compatibility_date is missing")?.to_owned(),
            flags: flags.map(str::to_owned).collect(),
        })
    }
}

/// The text without the lines that are comments.
fn without_comments(text: &str) -> String {
    text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_and_flags_are_read_past_comments() {
        let text = r#"// "compatibility_date": "x"
            { "a": "http://b",
              // A comment.
              "compatibility_date": "2026-01-02", "compatibility_flags": ["f"] }"#;
        let found = Compatibility::parse(text).unwrap();
        assert_eq!((found.date.as_str(), found.flags), ("2026-01-02", vec!["f".to_owned()]));
    }

    #[test]
    fn a_configuration_without_a_date_is_refused() {
        assert!(Compatibility::parse("{}").is_err());
        assert!(Compatibility::parse("{ \"compatibility_date\": \"2026-01-02\", }").is_err());
    }
}
