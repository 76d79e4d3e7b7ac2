//! `cargo xtask worker size`: how large the Worker is, how long it takes to start, and what weighs most.

use std::fs;
use std::process::Command;
use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::attribution::Attribution;
use super::build::Built;
use super::start::{self, Starts};
use super::{Profile, Which, build};
use crate::bench::machine;
use crate::run::{self, say};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Options of `cargo xtask worker size`.
#[derive(Args)]
pub(crate) struct Options {
    /// How often the Worker is started, each time beside an empty one
    #[arg(long, default_value_t = 15)]
    starts: usize,
    /// How many crates are named
    #[arg(long, default_value_t = 15)]
    crates: usize,
}

/// Aims: bytes of wasm that ships, and processor time of a start.
const AIM_BYTES: u64 = 1_572_864;
const AIM_BYTES_OF_DOCUMENTS: u64 = 2_097_152;
const AIM_START: Duration = Duration::from_millis(100);

/// Builds the Worker as it ships and reports.
pub(crate) fn perform(workspace: &Workspace, tools: &Tools<'_>, options: &Options) -> anyhow::Result<bool> {
    let documents = build(workspace, tools, Which::Documents, Profile::Release)?;
    say("the Worker that reads documents:");
    for line in sizes(tools, &documents, AIM_BYTES_OF_DOCUMENTS)? {
        say(&line);
    }
    let built = build(workspace, tools, Which::Shipped, Profile::Release)?;
    say("the Worker:");
    for line in sizes(tools, &built, AIM_BYTES)? {
        say(&line);
    }
    let starts = start::measure(workspace, tools, &built, options.starts)?;
    for line in start_lines(&starts) {
        say(&line);
    }
    let names = fs::read(&built.with_names)?;
    for line in heaviest(&Attribution::of(&names)?, options.crates) {
        say(&line);
    }
    Ok(true)
}

fn sizes(tools: &Tools<'_>, built: &Built, aim: u64) -> anyhow::Result<Vec<String>> {
    let wasm = fs::metadata(built.wasm())?.len();
    let before = fs::metadata(&built.with_names)?.len();
    let script = built.folder.join("index.js");
    let compressed = [gzip_bytes(tools, built.wasm().as_path())?, gzip_bytes(tools, &script)?];
    Ok(vec![
        format!("wasm   {wasm} bytes, aim {aim}: {}", met(wasm <= aim)),
        format!("       {before} bytes before wasm-opt, with the names of functions"),
        format!("gzip   {} bytes of wasm, {} bytes of JavaScript (level 9)", compressed[0], compressed[1]),
    ])
}

fn start_lines(starts: &Starts) -> Vec<String> {
    let processor = Spread::of(&starts.processor);
    vec![
        format!(
            "start  {} of processor time, aim {} ms: {}",
            processor.text(),
            AIM_START.as_millis(),
            met(processor.median <= AIM_START)
        ),
        format!("       {} until the first answer", Spread::of(&starts.wall).text()),
        format!(
            "       medians (and range) over {} starts: a new workerd loads the Worker and answers GET /healthz, less the same with an empty Worker; all threads",
            starts.processor.len()
        ),
        format!("       {}", machine::describe()),
    ]
}

fn heaviest(attribution: &Attribution, crates: usize) -> Vec<String> {
    let share = |bytes: usize| bytes * 100 / attribution.code_bytes.max(1);
    let mut lines = vec![format!(
        "code   {} bytes before wasm-opt, {} of constants; by the crate a function is named after:",
        attribution.code_bytes, attribution.data_bytes
    )];
    let named = attribution.crates.iter().take(crates);
    lines.extend(named.map(|(name, bytes)| format!("       {bytes:>8}  {:>2} %  {name}", share(*bytes))));
    let others: usize = attribution.crates.iter().skip(crates).map(|(_, bytes)| bytes).sum();
    lines.push(format!("       {others:>8}  {:>2} %  all others", share(others)));
    lines
}

const fn met(yes: bool) -> &'static str {
    if yes { "met" } else { "missed" }
}

/// The size of a file compressed as wrangler says it: gzip, by Node.
fn gzip_bytes(tools: &Tools<'_>, file: &std::path::Path) -> anyhow::Result<u64> {
    let script = "const {gzipSync} = require('node:zlib'); console.log(gzipSync(require('node:fs').readFileSync(process.argv[1]), {level: 9}).length)";
    let said = run::stdout_of(Command::new(tools.node()?).args(["--eval", script]).arg(file))?;
    said.trim().parse().context("Node printed no size")
}

/// Median and range of several times.
struct Spread {
    least: Duration,
    median: Duration,
    most: Duration,
}

impl Spread {
    fn of(times: &[Duration]) -> Self {
        let mut sorted = times.to_vec();
        sorted.sort_unstable();
        let at = |index: usize| sorted.get(index).copied().unwrap_or_default();
        Self { least: at(0), median: at(sorted.len() / 2), most: at(sorted.len().saturating_sub(1)) }
    }

    fn text(&self) -> String {
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        format!("{:.0} ms ({:.0} to {:.0})", ms(self.median), ms(self.least), ms(self.most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_is_the_middle_and_the_ends() {
        let times = [30, 10, 20].map(Duration::from_millis);
        assert_eq!(Spread::of(&times).text(), "20 ms (10 to 30)");
        assert_eq!(Spread::of(&[]).text(), "0 ms (0 to 0)");
    }

    #[test]
    fn crates_beyond_the_named_ones_are_added_up() {
        let crates = vec![("a".to_owned(), 60), ("b".to_owned(), 30), ("c".to_owned(), 10)];
        let lines = heaviest(&Attribution { crates, code_bytes: 100, data_bytes: 5 }, 1);
        assert_eq!(lines.len(), 3);
        assert!(lines[1].ends_with("60 %  a") && lines[2].ends_with("40 %  all others"));
    }
}
