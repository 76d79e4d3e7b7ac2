//! `cargo xtask bench worker`: the Worker in workerd, beside the native host, an empty Worker and the gateway alone.
//!
//! What lies between the Worker and the native host is what the runtime costs; what lies between the Worker and the
//! empty one is what we do in it. Out of scope: Cloudflare's machines, where storage, network and KV are others.

use std::path::Path;

use clap::Args;
use serde_json::{Value, json};

use super::comparison::{Aim, Comparison};
use super::native;
use super::process::Process;
use super::report::Report;
use super::rounds::{Plan, Variant, answered, tool_succeeded};
use super::sign_in::{self, Calls};
use super::site::{self, Site};
use super::wire::Prepared;
use crate::run::say;
use crate::tools::Tools;
use crate::worker::{Profile, Script, Which, Workerd, build};
use crate::workspace::Workspace;

/// Options of `cargo xtask bench worker`.
#[derive(Args)]
pub(crate) struct Options {
    /// Numbers of clients, each with one connection and one call at a time.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16])]
    clients: Vec<usize>,
    #[command(flatten)]
    plan: Plan,
}

/// The servers, as the table calls them.
const WORKER: &str = "Worker in workerd";
const NATIVE: &str = "native host";
const EMPTY: &str = "empty Worker in workerd";
const SERVERS: [&str; 3] = [WORKER, NATIVE, EMPTY];

/// The aims for the Worker.
const AIMS: [Aim; 2] = [
    Aim { clients: 1, text: "p50 at most 3 ms", value: |figures| figures.p50_ms, met: |value| value <= 3.0 },
    Aim {
        clients: 16,
        text: "at least 1500 calls/s",
        value: |figures| figures.calls_per_second,
        met: |value| value >= 1500.0,
    },
];

/// Everything that runs during the measurement.
struct Running {
    worker: Site,
    native: Site,
    empty: Process,
    by_worker: Vec<Calls>,
    by_native: Vec<Calls>,
    by_empty: Prepared,
    answer_bytes: usize,
}

/// Resident memory before the load and after it, in MB, in the order of [`SERVERS`].
struct Resident {
    idle: [f64; 3],
    loaded: [f64; 3],
}

/// Runs the measurement and prints or writes its result.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    let running = Running::start(workspace, options.plan.people)?;
    let idle = running.resident()?;
    let rows = options.plan.run(&running.variants(), &options.clients)?;
    let comparison = Comparison { rows: &rows, measured: WORKER, with: &[NATIVE, EMPTY], aims: &AIMS };
    let resident = Resident { idle, loaded: running.resident()? };
    let report = Report {
        name: "worker",
        method: format!("{}; {}", options.plan.method(), running.method()),
        remarks: [comparison.table(), resident.text(), comparison.verdict()].join("\n\n"),
        more: json!({
            "worker_divided_by": comparison.ratios_json(), "aims": comparison.aims_json(),
            "resident_mb": resident.json(),
        }),
        rows,
    };
    if options.plan.write {
        report.write(workspace)?;
    }
    say(&if options.plan.json { report.json().to_string() } else { report.table() });
    Ok(true)
}

impl Running {
    fn start(workspace: &Workspace, people: usize) -> anyhow::Result<Self> {
        let tools = Tools::of(workspace)?;
        let program = native::build(workspace)?;
        let built = build(workspace, &tools, Which::Test, Profile::Release)?;
        let workerd = Workerd::of(workspace, &tools)?;
        let place = workspace.target.join("xtask-bench-worker");
        let worker = Site::start(&program, &place.join("worker"), 1, |settings| {
            let settings_of_both = [settings.plain.as_slice(), &settings.secret].concat();
            let folder = place.join("worker").join("workerd");
            workerd.serving(&folder, &settings.address, Script::Built(&built), &settings_of_both)
        })?;
        let by_worker = sign_in::people(&worker, people)?;
        let native = native::start(&program, &place.join("native"), 1)?;
        let by_native = sign_in::people(&native, people)?;
        let answer_bytes = by_worker.iter().map(|calls| calls.answer_bytes).max().unwrap_or_default();
        let (empty, by_empty) = start_empty(&workerd, &place.join("empty"), answer_bytes)?;
        Ok(Self { worker, native, empty, by_worker, by_native, by_empty, answer_bytes })
    }

    /// The variants in the order of each round.
    fn variants(&self) -> [Variant<'_>; 4] {
        let of_worker = |name, requests, succeeded: fn(&[u8]) -> bool, server| Variant {
            name,
            requests,
            succeeded,
            server,
            estate: &self.worker.estate,
        };
        let (worker, native) = (self.by_worker.iter(), self.by_native.iter());
        [
            of_worker(
                WORKER,
                worker.clone().map(|calls| &calls.origin).collect(),
                tool_succeeded,
                &self.worker.server,
            ),
            Variant {
                name: NATIVE,
                requests: native.map(|calls| &calls.origin).collect(),
                succeeded: tool_succeeded,
                server: &self.native.server,
                estate: &self.native.estate,
            },
            of_worker(EMPTY, vec![&self.by_empty], answered, &self.empty),
            of_worker(
                "straight to the gateway",
                worker.map(|calls| &calls.straight).collect(),
                answered,
                &self.worker.server,
            ),
        ]
    }

    /// What is particular to this measurement, in words.
    fn method(&self) -> String {
        format!(
            "every request past the edge; the Worker is the release build of the one for tests, because the one that ships refuses addresses of loopback; workerd itself, without miniflare, Durable Objects on disk, KV in memory; each host has an estate of its own; the empty Worker answers as many bytes as the tool result has ({})",
            self.answer_bytes
        )
    }

    /// Resident memory now, in MB, in the order of [`SERVERS`].
    fn resident(&self) -> anyhow::Result<[f64; 3]> {
        let (worker, native) = (&self.worker.server, &self.native.server);
        Ok([worker.resident_megabytes()?, native.resident_megabytes()?, self.empty.resident_megabytes()?])
    }
}

/// Starts a Worker that answers that many bytes and does nothing for them.
fn start_empty(workerd: &Workerd, folder: &Path, bytes: usize) -> anyhow::Result<(Process, Prepared)> {
    let address = site::free_address()?;
    let script = format!(
        "const text = 'x'.repeat({bytes});\nexport default {{ fetch() {{ return new Response(text); }} }};\n"
    );
    let mut command = workerd.serving(folder, &address, Script::Module(&script), &[])?;
    let request = Prepared::new("POST", &format!("http://{address}/mcp"), &[], b"{}")?;
    let (process, (), _) = Process::start(&mut command, || site::healthy(&request))?;
    Ok((process, request))
}

impl Resident {
    fn text(&self) -> String {
        let servers = SERVERS.iter().zip(self.idle.iter().zip(&self.loaded));
        let servers = servers.map(|(name, (idle, loaded))| format!("{name} {idle:.0} and {loaded:.0} MB"));
        format!("Resident before the load and after it: {}.", servers.collect::<Vec<_>>().join("; "))
    }

    fn json(&self) -> Value {
        let servers = SERVERS.iter().zip(self.idle.iter().zip(&self.loaded));
        let one = |(name, (idle, loaded))| json!({ "server": name, "idle": idle, "after_load": loaded });
        servers.map(one).collect()
    }
}
