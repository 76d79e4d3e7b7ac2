//! Raw workerd: its configuration and the command that runs it, with nothing else in a request's path.
//!
//! A folder holds the configuration, the files it names and the storage of Durable Objects. Settings are named in the
//! configuration and reach the Worker through the environment of workerd, so that no file holds them. KV is a Worker
//! that keeps values in memory and forgets nothing. Source: `workerd.capnp` of the installed package.
//!
//! Invariant: nothing that runs here reaches another machine.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Compatibility;
use super::build::Built;
use crate::tools::Tools;
use crate::workspace::Workspace;

/// workerd, with the behaviour that the Worker is deployed with.
pub(crate) struct Workerd {
    program: PathBuf,
    compatibility: Compatibility,
}

/// What it runs.
#[derive(Clone, Copy)]
pub(crate) enum Script<'a> {
    /// The Worker, with its Durable Objects and its KV namespace.
    Built(&'a Built),
    /// One module of JavaScript that is bound to nothing.
    Module(&'a str),
}

/// The two files of a built Worker, under the names it imports them by.
const FILES: [&str; 2] = ["index.js", "index_bg.wasm"];

/// What a built Worker has beyond one module: files, Durable Objects and bindings.
const WASM: &str = r#"(name = "./index_bg.wasm", wasm = embed "index_bg.wasm"), "#;
const OBJECTS: &str = r#"  durableObjectNamespaces = [
    (className = "Cell", uniqueKey = "cells", enableSql = true),
    (className = "Directory", uniqueKey = "directory", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "storage"),
"#;
const BINDINGS: &str = r#"    (name = "CELL", durableObjectNamespace = "Cell"),
    (name = "DIRECTORY", durableObjectNamespace = "Directory"),
    (name = "OAUTH_KV", kvNamespace = "registry"),
"#;

/// KV as the runtime asks for it: the path is the key, the body the value.
const REGISTRY: &str = "const kept = new Map();
export default {
  async fetch(request) {
    const key = new URL(request.url).pathname;
    if (request.method === 'PUT') kept.set(key, await request.text());
    if (request.method === 'DELETE') kept.delete(key);
    return kept.has(key) ? new Response(kept.get(key)) : new Response(null, { status: 404 });
  },
};
";

impl Workerd {
    /// Installs it at its first use on this machine.
    pub(crate) fn of(workspace: &Workspace, tools: &Tools<'_>) -> anyhow::Result<Self> {
        Ok(Self { program: tools.packages()?.workerd()?, compatibility: Compatibility::of(workspace)? })
    }

    /// Fills a fresh folder; returns the command that serves it at an address of loopback.
    pub(crate) fn serving(
        &self,
        folder: &Path,
        address: &str,
        script: Script<'_>,
        settings: &[(String, String)],
    ) -> anyhow::Result<Command> {
        if folder.exists() {
            fs::remove_dir_all(folder)?;
        }
        fs::create_dir_all(folder.join("storage"))?;
        match script {
            Script::Built(built) => {
                for file in FILES {
                    fs::copy(built.folder.join(file), folder.join(file))?;
                }
            }
            Script::Module(text) => fs::write(folder.join("index.js"), text)?,
        }
        fs::write(folder.join("registry.js"), REGISTRY)?;
        let names: Vec<&str> = settings.iter().map(|(name, _)| name.as_str()).collect();
        let is_built = matches!(script, Script::Built(_));
        fs::write(
            folder.join("config.capnp"),
            configuration(&self.compatibility, address, is_built, &names),
        )?;
        let mut command = Command::new(&self.program);
        command.args(["serve", "config.capnp"]).current_dir(folder);
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        Ok(command)
    }
}

fn configuration(compatibility: &Compatibility, address: &str, is_built: bool, settings: &[&str]) -> String {
    let flags: Vec<String> = compatibility.flags.iter().map(|flag| format!("\"{flag}\"")).collect();
    let settings =
        settings.iter().map(|name| format!("    (name = \"{name}\", fromEnvironment = \"{name}\"),\n"));
    let only_built = |text: &'static str| if is_built { text } else { "" };
    format!(
        r#"using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .main),
    (name = "registry", worker = .registry),
    (name = "storage", disk = (path = "storage", writable = true)),
    (name = "internet", network = (allow = ["local"])),
  ],
  sockets = [ (name = "http", address = "{address}", http = (), service = "main") ]
);
const registry :Workerd.Worker = (
  modules = [ (name = "registry.js", esModule = embed "registry.js") ],
  compatibilityDate = "{date}"
);
const main :Workerd.Worker = (
  modules = [ (name = "index.js", esModule = embed "index.js"), {wasm}],
  compatibilityDate = "{date}",
  compatibilityFlags = [ {flags} ],
{objects}  bindings = [
{bindings}{settings}  ]
);
"#,
        date = compatibility.date,
        flags = flags.join(", "),
        settings = settings.collect::<String>(),
        wasm = only_built(WASM),
        objects = only_built(OBJECTS),
        bindings = only_built(BINDINGS),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configured(is_built: bool) -> String {
        let compatibility = Compatibility { date: "2026-01-02".to_owned(), flags: vec!["f".to_owned()] };
        configuration(&compatibility, "127.0.0.1:0", is_built, &["PUBLIC_URL"])
    }

    #[test]
    fn one_module_has_neither_wasm_nor_storage() {
        let text = configured(false);
        assert!(!text.contains("wasm") && !text.contains("enableSql") && !text.contains("kvNamespace"));
    }

    #[test]
    fn the_worker_has_its_module_and_the_behaviour_it_is_deployed_with() {
        let text = configured(true);
        assert!(text.contains("embed \"index_bg.wasm\"") && text.contains("compatibilityFlags = [ \"f\" ]"));
    }

    #[test]
    fn a_setting_is_named_and_its_value_comes_from_the_environment() {
        assert!(configured(true).contains("(name = \"PUBLIC_URL\", fromEnvironment = \"PUBLIC_URL\")"));
    }
}
