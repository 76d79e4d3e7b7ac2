//! `wrangler.example.jsonc`: it requires the settings the program requires, binds what the Worker asks for, holds
//! placeholders only, and opens no way in but the guarded host name. `wrangler.documents.example.jsonc`: it is bound to
//! nothing, has no way in, and is the Worker that the other file names.

use std::collections::BTreeSet;

use anyhow::Context;
use serde_json::Value;

use super::Verdict;
use crate::workspace::{File, Workspace};

const FILE: &str = "wrangler.example.jsonc";
const DOCUMENTS: &str = "wrangler.documents.example.jsonc";
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
    "services",
    "workers_dev",
];
/// Everything the other file may say: nothing by which the Worker could be reached or could reach anything.
const KEYS_OF_DOCUMENTS: &[&str] = &[
    "$schema",
    "compatibility_date",
    "compatibility_flags",
    "limits",
    "main",
    "name",
    "observability",
    "preview_urls",
    "workers_dev",
];

/// Node's globals are on by default at the dates of this file; these turn them off.
const NODE_OFF: [&str; 2] = ["no_nodejs_compat", "no_nodejs_compat_v2"];

/// Compares the file with the settings and with the sources of the Worker.
pub(super) fn check(workspace: &Workspace) -> anyhow::Result<Verdict> {
    let config = parse(FILE, &workspace.read(FILE)?)?;
    let documents = parse(DOCUMENTS, &workspace.read(DOCUMENTS)?)?;
    let required = required_settings(&workspace.read(SETTINGS)?);
    let worker = workspace.packages.iter().find(|package| package.name == WORKER);
    let sources = workspace.sources(worker.with_context(|| format!("there is no crate {WORKER}"))?)?;
    let mut findings = shape(&config);
    findings.extend(closed(FILE, &config));
    findings.extend(foreign_keys(FILE, &config, KEYS));
    findings.extend(foreign_keys(DOCUMENTS, &documents, KEYS_OF_DOCUMENTS));
    findings.extend(closed(DOCUMENTS, &documents));
    findings.extend(apart(&config, &documents));
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
fn parse(file: &str, text: &str) -> anyhow::Result<Value> {
    let json: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    serde_json::from_str(&json.join("\n"))
        .with_context(|| format!("{file} is not JSON with whole-line comments"))
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
    let flags = strings(config.get("compatibility_flags"));
    let mut findings: Vec<String> = NODE_OFF
        .iter()
        .filter(|flag| !flags.contains(**flag))
        .map(|flag| {
            format!(
                "{FILE} must have the flag `{flag}`: with Node's globals, `process.env` holds every secret."
            )
        })
        .collect();
    let named = [("/routes", "pattern"), ("/kv_namespaces", "id")];
    let values = named.iter().flat_map(|(list, key)| texts(config, list, key));
    findings.extend(
        values
            .filter(|value| !value.starts_with(PLACEHOLDER))
            .map(|value| format!("{FILE} holds `{value}` where a placeholder ({PLACEHOLDER}…) belongs.")),
    );
    findings
}

fn foreign_keys(file: &str, config: &Value, known: &[&str]) -> Vec<String> {
    let keys = config.as_object().into_iter().flatten().map(|(key, _)| key.as_str());
    let foreign = keys.filter(|key| !known.contains(key));
    foreign
        .map(|key| format!("{file} must not have `{key}`; settings are secrets of the other Worker."))
        .collect()
}

/// Ways in that would go around Access.
fn closed(file: &str, config: &Value) -> Vec<String> {
    let open = ["workers_dev", "preview_urls"];
    let open = open.iter().filter(|way| config.get(**way) != Some(&Value::Bool(false)));
    open.map(|way| format!("{file} must say `\"{way}\": false`: no way in may go around Access.")).collect()
}

/// The Worker that reads documents is the one the other is bound to, behaves alike, and its time is limited.
fn apart(config: &Value, documents: &Value) -> Vec<String> {
    let mut findings = Vec::new();
    let bound = texts(config, "/services", "service");
    let name: BTreeSet<String> =
        documents.get("name").and_then(Value::as_str).map(str::to_owned).into_iter().collect();
    if bound != name {
        findings.push(format!("{DOCUMENTS} must have the name that `services` of {FILE} is bound to."));
    }
    for same in ["compatibility_date", "compatibility_flags"] {
        if config.get(same) != documents.get(same) {
            findings
                .push(format!("{DOCUMENTS} must have the `{same}` of {FILE}; tests run both with the same."));
        }
    }
    if documents.pointer("/limits/cpu_ms").and_then(Value::as_u64).is_none() {
        findings.push(format!("{DOCUMENTS} must have `limits.cpu_ms`: a document may not run on."));
    }
    findings
}

fn secrets(config: &Value) -> BTreeSet<String> {
    strings(config.pointer("/secrets/required"))
}

fn bindings(config: &Value) -> BTreeSet<String> {
    let objects = texts(config, "/durable_objects/bindings", "name");
    let services = texts(config, "/services", "binding");
    objects.into_iter().chain(texts(config, "/kv_namespaces", "binding")).chain(services).collect()
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

    fn findings_of(config: &Value) -> Vec<String> {
        [shape(config), closed(FILE, config), foreign_keys(FILE, config, KEYS)].concat()
    }

    #[test]
    fn the_worker_for_documents_is_the_one_that_is_bound_and_limited() {
        let main = serde_json::json!({ "services": [{ "binding": "D", "service": "docs" }], "compatibility_date": "1" });
        let good =
            serde_json::json!({ "name": "docs", "compatibility_date": "1", "limits": { "cpu_ms": 1 } });
        assert!(apart(&main, &good).is_empty());
        let bad = serde_json::json!({ "name": "other", "compatibility_date": "2", "services": [] });
        assert_eq!(apart(&main, &bad).len(), 3);
        assert_eq!(foreign_keys(DOCUMENTS, &bad, KEYS_OF_DOCUMENTS).len(), 1);
    }

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn comments_are_skipped_and_a_closed_file_of_placeholders_passes() {
        let config = parse(FILE, GOOD).unwrap();
        assert!(findings_of(&config).is_empty());
        assert_eq!(secrets(&config), set(&["A", "B"]));
        assert!(parse(FILE, "{ \"a\": 1, // behind\n }").is_err());
    }

    #[test]
    fn an_open_host_a_value_a_vars_block_and_node_are_each_named() {
        let text = GOOD
            .replace("\"preview_urls\": false", "\"preview_urls\": true, \"vars\": { \"PROFILE\": \"full\" }")
            .replace("REPLACE.example", "mcp.contoso.example")
            .replace("\"no_nodejs_compat\", ", "");
        let findings = findings_of(&parse(FILE, &text).unwrap());
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
