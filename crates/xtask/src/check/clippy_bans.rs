//! The bans of `clippy.toml`: what is banned, and which adapter files may lift the ban.
//!
//! Reads the one-entry-per-line form that file keeps to; an entry in another form is an error, not a pass.

use std::path::Path;

/// What kind of thing is banned; the lint has its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Banned {
    /// `disallowed-methods`.
    Method,
    /// `disallowed-types`.
    Type,
}

/// One entry of `clippy.toml`.
#[derive(Debug)]
pub(super) struct Ban {
    /// Method or type.
    pub(super) banned: Banned,
    /// The path as written, such as `std::time::Instant::now`.
    pub(super) path: String,
    /// Files below `crates/` that the reason names as adapters.
    pub(super) adapters: Vec<String>,
}

impl Ban {
    /// How code usually writes the thing: type and method, or the type alone.
    pub(super) fn usual_name(&self) -> &str {
        let segments = if self.banned == Banned::Method { 2 } else { 1 };
        let start = self.path.rmatch_indices("::").nth(segments - 1).map_or(0, |(at, _)| at + 2);
        self.path.get(start..).unwrap_or(&self.path)
    }
}

/// Reads every entry of the two lists.
pub(super) fn parse(text: &str) -> anyhow::Result<Vec<Ban>> {
    let mut list = None;
    let mut bans = Vec::new();
    for line in text.lines().map(str::trim) {
        match (line, list) {
            ("disallowed-methods = [", _) => list = Some(Banned::Method),
            ("disallowed-types = [", _) => list = Some(Banned::Type),
            ("]", _) => list = None,
            (entry, Some(banned)) if entry.starts_with('{') => bans.push(parse_entry(entry, banned)?),
            (entry, Some(_)) => {
                anyhow::ensure!(
                    entry.is_empty() || entry.starts_with('#'),
                    "clippy.toml: `{entry}` is not one entry on one line"
                );
            }
            _ => {}
        }
    }
    anyhow::ensure!(!bans.is_empty(), "clippy.toml bans nothing; its form may have changed");
    Ok(bans)
}

fn parse_entry(entry: &str, banned: Banned) -> anyhow::Result<Ban> {
    let path = value(entry, "path");
    let reason = value(entry, "reason");
    let (Some(path), Some(reason)) = (path, reason) else {
        anyhow::bail!("clippy.toml: `{entry}` lacks a path or a reason");
    };
    let adapters = reason
        .split([' ', ',', ';', ':'])
        .filter(|word| Path::new(word).extension().is_some_and(|end| end == "rs") && word.contains('/'))
        .map(|word| format!("crates/{word}"))
        .collect();
    Ok(Ban { banned, path: path.to_owned(), adapters })
}

fn value<'a>(entry: &'a str, key: &str) -> Option<&'a str> {
    let (_, rest) = entry.split_once(&format!("{key} = \""))?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_give_path_and_adapters() {
        let bans = parse(
            "disallowed-methods = [\n  { path = \"std::env::var\", reason = \"read once; adapters: a/src/b.rs, c/src/d.rs\" },\n]\ndisallowed-types = [\n  { path = \"std::net::TcpStream\", reason = \"no\" },\n]\n",
        )
        .unwrap();
        assert_eq!(bans[0].adapters, ["crates/a/src/b.rs", "crates/c/src/d.rs"]);
        assert_eq!(bans[0].usual_name(), "env::var");
        assert_eq!(bans[1].usual_name(), "TcpStream");
        assert!(bans[1].adapters.is_empty());
    }

    #[test]
    fn an_entry_over_several_lines_or_without_reason_is_refused() {
        assert!(parse("disallowed-methods = [\n  { path = \"a::b\" },\n]\n").is_err());
        assert!(parse("disallowed-methods = [\n  \"a::b\",\n]\n").is_err());
        assert!(parse("disallowed-methods = [\n]\n").is_err());
    }
}
