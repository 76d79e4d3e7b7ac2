//! `cargo xtask check`: every rule of this repository that a machine can judge.

mod adapters;
mod clippy_bans;
mod deny;
mod dependencies;
mod deployment;
mod documents;
mod fences;
mod policy;
mod room_table;
mod size;
mod test_files;
mod tool_steps;
mod wrangler_config;

use clap::Args;

use crate::run::say;
use crate::stopwatch::Stopwatch;
use crate::workspace::Workspace;

/// Options of `cargo xtask check`.
#[derive(Args)]
pub(crate) struct Options {
    /// Run only these steps, by name.
    #[arg(value_name = "STEP", value_parser = STEPS.map(|step| step.name))]
    only: Vec<String>,
}

/// One check of the list.
struct Step {
    name: &'static str,
    run: fn(&Workspace) -> anyhow::Result<Verdict>,
}

/// What a step found: sentences that say what to do, and a remark for its line.
#[derive(Default)]
struct Verdict {
    remark: String,
    findings: Vec<String>,
}

/// The steps, cheap ones first.
const STEPS: [Step; 14] = [
    Step { name: "fmt", run: tool_steps::fmt },
    Step { name: "fences", run: fences::check },
    Step { name: "adapters", run: adapters::check },
    Step { name: "size", run: size::check },
    Step { name: "dependencies", run: dependencies::check },
    Step { name: "documents", run: documents::check },
    Step { name: "wrangler", run: wrangler_config::check },
    Step { name: "clippy", run: tool_steps::clippy },
    Step { name: "fuzz", run: tool_steps::fuzz },
    Step { name: "doc", run: tool_steps::doc },
    Step { name: "policy", run: policy::check },
    Step { name: "generated", run: tool_steps::generated },
    Step { name: "deny", run: deny::check },
    Step { name: "deployment", run: deployment::check },
];

impl Verdict {
    fn of(findings: Vec<String>) -> Self {
        Self { remark: String::new(), findings }
    }
}

/// Runs the steps and tells whether all passed.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> bool {
    let chosen = STEPS
        .iter()
        .filter(|step| options.only.is_empty() || options.only.iter().any(|only| only == step.name));
    let mut failed = Vec::new();
    for step in chosen {
        let watch = Stopwatch::start();
        let verdict = (step.run)(workspace)
            .unwrap_or_else(|error| Verdict::of(vec![format!("The step could not finish: {error:#}")]));
        let outcome = if verdict.findings.is_empty() { "ok  " } else { "FAIL" };
        let seconds = watch.elapsed().as_secs_f64();
        say(format!("{outcome} {seconds:6.1} s  {:<12} {}", step.name, verdict.remark).trim_end());
        for finding in &verdict.findings {
            say(&format!("     {}", finding.trim_end().replace('\n', "\n     ")));
        }
        if !verdict.findings.is_empty() {
            failed.push(step.name);
        }
    }
    if !failed.is_empty() {
        say(&format!("Failed: {}. Run one alone with `cargo xtask check STEP`.", failed.join(", ")));
    }
    failed.is_empty()
}
