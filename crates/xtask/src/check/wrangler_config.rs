//! `wrangler.example.jsonc`: it requires the settings the program requires, binds what the Worker asks for, holds
//! placeholders only, and opens no way in but the guarded host name.

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::Value;

use super::Verdict;
use crate::workspace::{File, Workspace};

const FILE: &str = "wrangler.example.jsonc";
/// Generated from the table of settings; the step `generated` keeps it true.
const SETTINGS: &str = "docs/generated/configuration.md";
const WORKER: &str = "m365-host-worker";
const PLACEHOLDER: &str = "REPLACE";
/// Everything the file may say. `vars`, `ai`, `env` and `build` are not among it.
const KEYS: &[&str] = &[
    "$schema",
    "compatibility_date",
    "compatibility_flags",
    "durable_objects",
    "kv_namespaces",
    "main",
    "migrations",
    "name",
    "observability",
    "preview_urls",
    "routes",
    "secrets",
    "workers_dev",
];

/// Node's globals are on by default at the dates of this file; these turn them off.
const NODE_OFF: [&str; 2] = ["no_nodejs_compat", "no_nodejs_compat_v2"];

/// Compares the file with the settings and with the sources of the Worker.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let config = parse(&workspace.read(FILE)?)?;
    let required = required_settings(&workspace.read(SETTINGS)?);
    let worker = workspace.packages.iter().find(|package| package.name == WORKER);
    let sources = workspace.sources(worker.with_context(|| format!("there is no crate {WORKER}"))?)?;
    let mut findings = shape(&config);
    findings.extend(differ("secrets.required", &secrets(&config), &required));
    findings.extend(differ(
        "the bindings",
        &bindings(&config),
        &quoted_after(&sources, "const BINDING: &str = \""),
    ));
    let classes = names_after(&sources, "#[durable_object", "pub struct ");
    findings.extend(differ(
        "the Durable Object classes",
        &texts(&config, "/durable_objects/bindings", "class_name"),
        &classes,
    ));
    findings.extend(differ("the migrations", &migrated(&config), &classes));
    let remark = format!("{} required secrets", required.len());
    Ok(Verdict { remark, findings })
}

/// JSON with comments on lines of their own.
fn parse(text: &str) -> anyhow::Result<Value> {
    let json: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    serde_json::from_str(&json.join("\n"))
        .with_context(|| format!("{FILE} is not JSON with whole-line comments"))
}

/// Names of the rows that the generated table marks as required.
fn required_settings(table: &str) -> BTreeSet<String> {
    let row = |line: &str| {
        let mut cells = line.split('|').map(str::trim).skip(1);
        let name = cells.next()?.trim_matches('`').to_owned();
        (cells.next()? == "required").then_some(name)
    };
    table.lines().filter_map(row).collect()
}

fn shape(config: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    let keys = config.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    findings.extend(
        keys.filter(|key| !KEYS.contains(key))
            .map(|key| format!("{FILE} must not have `{key}`; settings are secrets.")),
    );
    let flags = strings(config.get("compatibility_flags"));
    findings.extend(NODE_OFF.iter().filter(|flag| !flags.contains(**flag)).map(|flag| {
        format!("{FILE} must have the flag `{flag}`: with Node's globals, `process.env` holds every secret.")
    }));
    for closed in ["workers_dev", "preview_urls"] {
        if config.get(closed) != Some(&Value::Bool(false)) {
            findings.push(format!("{FILE} must say `\"{closed}\": false`: no way in may go around Access."));
        }
    }
    let named = [("/routes", "pattern"), ("/kv_namespaces", "id")];
    let values = named.iter().flat_map(|(list, key)| texts(config, list, key));
    findings.extend(
        values
            .filter(|value| !value.starts_with(PLACEHOLDER))
            .map(|value| format!("{FILE} holds `{value}` where a placeholder ({PLACEHOLDER}…) belongs.")),
    );
    findings
}

fn secrets(config: &Value) -> BTreeSet<String> {
    strings(config.pointer("/secrets/required"))
}

fn bindings(config: &Value) -> BTreeSet<String> {
    let objects = texts(config, "/durable_objects/bindings", "name");
    objects.into_iter().chain(texts(config, "/kv_namespaces", "binding")).collect()
}

fn migrated(config: &Value) -> BTreeSet<String> {
    let steps = config.get("migrations").and_then(Value::as_array).into_iter().flatten();
    steps.flat_map(|step| strings(step.get("new_sqlite_classes"))).collect()
}

/// The texts under `key` in a list of objects.
fn texts(config: &Value, list: &str, key: &str) -> BTreeSet<String> {
    let items = config.pointer(list).and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.get(key)?.as_str().map(str::to_owned)).collect()
}

fn strings(list: Option<&Value>) -> BTreeSet<String> {
    let items = list.and_then(Value::as_array).into_iter().flatten();
    items.filter_map(|item| item.as_str().map(str::to_owned)).collect()
}

/// What stands between `before` and the next quotation mark.
fn quoted_after(sources: &[File], before: &str) -> BTreeSet<String> {
    let parts = sources.iter().flat_map(|file| file.text.split(before).skip(1));
    parts.filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect()
}

/// The identifier behind `name` in the first place it follows `mark`.
fn names_after(sources: &[File], mark: &str, name: &str) -> BTreeSet<String> {
    let parts = sources.iter().flat_map(|file| file.text.split(mark).skip(1));
    let identifier = |rest: &str| {
        let behind = rest.split_once(name)?.1;
        behind.split(|letter: char| !letter.is_alphanumeric()).next().map(str::to_owned)
    };
    parts.filter_map(identifier).collect()
}

fn differ(what: &str, found: &BTreeSet<String>, wanted: &BTreeSet<String>) -> Vec<String> {
    let missing = wanted.difference(found).map(|name| format!("{FILE}: {what} lack `{name}`."));
    let surplus =
        found.difference(wanted).map(|name| format!("{FILE}: {what} name `{name}`, which nothing reads."));
    missing.chain(surplus).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"// A comment.
        { "name": "x", "compatibility_flags": ["no_nodejs_compat", "no_nodejs_compat_v2"], "workers_dev": false, "preview_urls": false,
          // Another.
          "routes": [{ "pattern": "REPLACE.example", "custom_domain": true }],
          "secrets": { "required": ["A", "B"] } }"#;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn comments_are_skipped_and_a_closed_file_of_placeholders_passes() {
        let config = parse(GOOD).unwrap();
        assert!(shape(&config).is_empty());
        assert_eq!(secrets(&config), set(&["A", "B"]));
        assert!(parse("{ \"a\": 1, // behind\n }").is_err());
    }

    #[test]
    fn an_open_host_a_value_a_vars_block_and_node_are_each_named() {
        let text = GOOD
            .replace("\"preview_urls\": false", "\"preview_urls\": true, \"vars\": { \"PROFILE\": \"full\" }")
            .replace("REPLACE.example", "mcp.contoso.example")
            .replace("\"no_nodejs_compat\", ", "");
        let findings = shape(&parse(&text).unwrap());
        assert_eq!(findings.len(), 4, "{findings:?}");
        assert!(findings.iter().any(|finding| finding.contains("preview_urls")));
        assert!(findings.iter().any(|finding| finding.contains("vars")));
        assert!(findings.iter().any(|finding| finding.contains("`no_nodejs_compat`")));
        assert!(findings.iter().any(|finding| finding.contains("mcp.contoso.example")));
    }

    #[test]
    fn only_required_rows_of_the_table_are_required() {
        let table = "| Name | Need |\n| --- | --- |\n| `A` | required | - |\n| `B` | optional | `x` |\n";
        assert_eq!(required_settings(table), set(&["A"]));
        assert_eq!(differ("x", &set(&["A", "C"]), &set(&["A", "B"])).len(), 2);
    }

    #[test]
    fn names_are_read_out_of_the_sources() {
        let text = "const BINDING: &str = \"CELL\";\n#[durable_object(fetch)]\npub struct Directory {\n}";
        let sources = [File { path: "a.rs".into(), text: text.into() }];
        assert_eq!(quoted_after(&sources, "const BINDING: &str = \""), set(&["CELL"]));
        assert_eq!(names_after(&sources, "#[durable_object", "pub struct "), set(&["Directory"]));
    }
}
