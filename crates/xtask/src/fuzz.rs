//! `cargo xtask fuzz`: the fuzz targets of `fuzz/`, each for a few seconds on top of its corpus.
//!
//! In scope: building them with the engine's instrumentation, running as many at once as there are processors, and what
//! keeps the folder in order: its lock repeats the versions of the workspace, every target has a corpus, no input is
//! large. Out of scope: long runs, for which `cargo fuzz` has the tools.
//!
//! The pinned stable compiler is enough, because no sanitizer is built in: there is no unsafe code here to watch, and the
//! properties are the targets' own. New inputs are kept below the target folder; whoever wants one in the repository
//! copies it.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use clap::Args;

use crate::run::{self, Captured, say};
use crate::workspace::Workspace;

const FOLDER: &str = "fuzz";
const MANIFEST: &str = "fuzz/Cargo.toml";
const LOCK: &str = "fuzz/Cargo.lock";
/// Largest input in the repository, in bytes.
const MAX_INPUT_BYTES: u64 = 4096;
/// How much of a failure is shown, in lines.
const LAST_LINES: usize = 25;
/// What only the fuzz folder depends on.
const OF_THE_ENGINE: [&str; 3] = ["arbitrary", "jobserver", "libfuzzer-sys"];
/// The engine's instrumentation: what `cargo fuzz` asks of the compiler, without a sanitizer.
const RUSTFLAGS: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=3 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0";

/// Options of `cargo xtask fuzz`.
#[derive(Args)]
pub(crate) struct Options {
    /// How long each target runs, in seconds; the inputs of its corpus come first.
    #[arg(long, value_name = "N", default_value_t = 10)]
    seconds: u32,
    /// Where the engine's randomness begins; 0 for somewhere else each time.
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u32,
    /// Write the lock of the fuzz folder anew from that of the workspace, and run nothing.
    #[arg(long)]
    lock: bool,
    /// Run this target only.
    target: Option<String>,
}

/// Builds and runs the targets, and tells whether every property held.
pub(crate) fn perform(workspace: &Workspace, options: &Options) -> anyhow::Result<bool> {
    if options.lock {
        return write_lock(workspace).map(|()| true);
    }
    let mut targets = targets(&workspace.root)?;
    if let Some(wanted) = &options.target {
        anyhow::ensure!(
            targets.contains(wanted),
            "there is no target {wanted}; there are: {}",
            targets.join(", ")
        );
        targets.retain(|target| target == wanted);
    }
    let findings = disorder(workspace)?;
    for finding in &findings {
        say(finding);
    }
    if !findings.is_empty() {
        return Ok(false);
    }
    say("building the fuzz targets");
    let Some(programs) = build(workspace, options.target.as_deref())? else { return Ok(false) };
    let ran = run_all(workspace, options, &programs, &targets)?;
    Ok(ran.iter().all(|held| *held))
}

/// What is not as it should be in the fuzz folder.
pub(crate) fn disorder(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let mut findings = corpus_findings(&workspace.root, &targets(&workspace.root)?)?;
    findings.extend(lock_findings(&workspace.read("Cargo.lock")?, &workspace.read(LOCK)?));
    let format = ["fmt", "--manifest-path", MANIFEST, "--", "--check"];
    if !run::capture(&mut workspace.cargo(&format))?.success {
        findings.push(format!("{FOLDER} is not formatted; run `cargo fmt --manifest-path {MANIFEST}`."));
    }
    Ok(findings)
}

/// Clippy over the fuzz folder, warnings denied. It shares what was checked for the workspace, and needs no engine.
pub(crate) fn clippy(workspace: &Workspace) -> Command {
    let mut command = workspace.cargo(&["clippy", "--quiet", "--locked", "--manifest-path", MANIFEST]);
    command.env("CUSTOM_LIBFUZZER_PATH", "/nowhere/libfuzzer.a").arg("--target-dir").arg(&workspace.target);
    command.args(["--", "-D", "warnings"]);
    command
}

/// The names of the targets, in order.
fn targets(root: &Path) -> anyhow::Result<Vec<String>> {
    let mut names: Vec<String> = files(&root.join(FOLDER).join("fuzz_targets"))?
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn corpus_findings(root: &Path, targets: &[String]) -> anyhow::Result<Vec<String>> {
    let corpus = root.join(FOLDER).join("corpus");
    let mut findings = Vec::new();
    for folder in files(&corpus)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if !targets.contains(&name) {
            findings.push(format!("{FOLDER}/corpus/{name} belongs to no target; remove it."));
        }
    }
    for target in targets {
        let folder = corpus.join(target);
        let inputs = if folder.is_dir() { files(&folder)? } else { Vec::new() };
        if inputs.is_empty() {
            findings.push(format!("{target} has no corpus; put inputs into {FOLDER}/corpus/{target}."));
        }
        for input in inputs {
            if input.metadata()?.len() > MAX_INPUT_BYTES {
                findings.push(format!(
                    "{} is longer than {MAX_INPUT_BYTES} bytes; minimise it.",
                    input.display()
                ));
            }
        }
    }
    Ok(findings)
}

/// Packages that the fuzz folder has in another version than the workspace.
fn lock_findings(workspace: &str, fuzz: &str) -> Vec<String> {
    let known = locked(workspace);
    let foreign = locked(fuzz).into_iter().filter(|(name, version)| {
        let own = OF_THE_ENGINE.contains(&name.as_str()) || name == "m365-fuzz";
        !own && !known.contains(&(name.clone(), version.clone()))
    });
    foreign
        .map(|(name, version)| {
            format!("{LOCK} has {name} {version}, the workspace does not; run `cargo xtask fuzz --lock`.")
        })
        .collect()
}

/// Names and versions in a lock.
fn locked(lock: &str) -> BTreeSet<(String, String)> {
    let value = |entry: &str, key: &str| {
        let (_, rest) = entry.split_once(&format!("{key} = \""))?;
        rest.split_once('"').map(|(value, _)| value.to_owned())
    };
    let entries = lock.split("[[package]]").skip(1);
    entries.filter_map(|entry| Some((value(entry, "name")?, value(entry, "version")?))).collect()
}

/// Starts from the versions of the workspace; cargo leaves out what is not needed and adds the engine.
fn write_lock(workspace: &Workspace) -> anyhow::Result<()> {
    fs::copy(workspace.root.join("Cargo.lock"), workspace.root.join(LOCK))?;
    let mut resolve = workspace.cargo(&["metadata", "--format-version", "1", "--manifest-path", MANIFEST]);
    run::stdout_of(&mut resolve).map(drop)
}

/// Builds the targets and tells where they are; nothing where that fails, for cargo has said why.
fn build(workspace: &Workspace, only: Option<&str>) -> anyhow::Result<Option<PathBuf>> {
    let machine = machine()?;
    let folder = workspace.target.join(FOLDER);
    // A target is named so that the flags do not reach what runs at build time.
    let mut command =
        workspace.cargo(&["build", "--quiet", "--locked", "--release", "--manifest-path", MANIFEST]);
    command.arg("--target").arg(&machine).arg("--target-dir").arg(&folder).env("RUSTFLAGS", RUSTFLAGS);
    if let Some(only) = only {
        command.args(["--bin", only]);
    }
    let built = run::stream(&mut command)?.success;
    Ok(built.then(|| folder.join(machine).join("release")))
}

/// The name of this machine's platform.
fn machine() -> anyhow::Result<String> {
    let said = run::stdout_of(Command::new("rustc").arg("-vV"))?;
    let host = said.lines().find_map(|line| line.strip_prefix("host: "));
    host.map(str::to_owned).context("`rustc -vV` names no host")
}

/// Runs every target, as many at once as there are processors, and tells of each whether its properties held.
fn run_all(
    workspace: &Workspace,
    options: &Options,
    programs: &Path,
    targets: &[String],
) -> anyhow::Result<Vec<bool>> {
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::new());
    let work = || {
        while let Some(target) = targets.get(next.fetch_add(1, Ordering::Relaxed)) {
            let held = run_one(workspace, options, programs, target);
            results.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(held);
        }
    };
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..processors.min(targets.len()) {
            scope.spawn(work);
        }
    });
    results.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).into_iter().collect()
}

fn run_one(workspace: &Workspace, options: &Options, programs: &Path, target: &str) -> anyhow::Result<bool> {
    let own = |name: &str| workspace.target.join(FOLDER).join(name).join(target);
    let (found, failures) = (own("corpus"), own("artifacts"));
    fs::create_dir_all(&found)?;
    fs::create_dir_all(&failures)?;
    let folder = workspace.root.join(FOLDER);
    let mut command = Command::new(programs.join(target));
    command.current_dir(&folder);
    for (name, value) in [("max_total_time", options.seconds), ("seed", options.seed), ("max_len", 4096)] {
        command.arg(format!("-{name}={value}"));
    }
    command.args(["-timeout=10", "-rss_limit_mb=2048", "-print_final_stats=1"]);
    command.arg(format!("-artifact_prefix={}/", failures.display()));
    let dictionary = folder.join("dictionaries").join(format!("{target}.dict"));
    if dictionary.is_file() {
        command.arg(format!("-dict={}", dictionary.display()));
    }
    // The engine writes into the first of its folders only.
    let captured = run::capture(command.arg(&found).arg(folder.join("corpus").join(target)))?;
    report(target, &captured, &failures);
    Ok(captured.success)
}

fn report(target: &str, captured: &Captured, failures: &Path) {
    let runs = captured.text.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    let runs = runs.map_or("no", str::trim);
    if captured.success {
        say(&format!("ok   {target:<16} {runs} runs"));
        return;
    }
    let lines: Vec<&str> = captured.text.lines().collect();
    let last = lines.get(lines.len().saturating_sub(LAST_LINES)..).unwrap_or_default();
    say(&format!("FAIL {target:<16} {runs} runs\n     {}", last.join("\n     ")));
    say(&format!(
        "     The input is in {}; CONTRIBUTING.md says how to run and minimise it.",
        failures.display()
    ));
}

fn files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).with_context(|| format!("{} cannot be listed", folder.display()))?;
    entries.map(|entry| Ok(entry?.path())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = "version = 4\n\n[[package]]\nname = \"url\"\nversion = \"2.5.8\"\n\n[[package]]\nname = \"rsa\"\nversion = \"0.9.8\"\n";

    #[test]
    fn the_versions_of_the_workspace_and_the_engine_pass() {
        let fuzz = "[[package]]\nname = \"libfuzzer-sys\"\nversion = \"0.4.13\"\n[[package]]\nname = \"m365-fuzz\"\nversion = \"0.1.0\"\n[[package]]\nname = \"url\"\nversion = \"2.5.8\"\n";
        assert!(lock_findings(WORKSPACE, fuzz).is_empty());
    }

    #[test]
    fn another_version_and_another_package_are_named() {
        let fuzz = "[[package]]\nname = \"url\"\nversion = \"2.5.7\"\n[[package]]\nname = \"rand\"\nversion = \"0.9.0\"\n";
        let findings = lock_findings(WORKSPACE, fuzz);
        assert_eq!(findings.len(), 2);
        assert!(findings[1].contains("url 2.5.7"));
    }

    #[test]
    fn a_target_needs_a_corpus_and_a_corpus_a_target() {
        let place = tempfile::tempdir().unwrap();
        let corpus = place.path().join("fuzz/corpus");
        for folder in ["with", "stray"] {
            fs::create_dir_all(corpus.join(folder)).unwrap();
        }
        fs::write(corpus.join("with/small"), "x").unwrap();
        let targets = ["with".to_owned()];
        let findings = corpus_findings(place.path(), &targets).unwrap();
        assert_eq!(findings.len(), 1);
        assert!(findings[0].contains("fuzz/corpus/stray"));
        fs::remove_dir(corpus.join("stray")).unwrap();
        fs::write(corpus.join("with/large"), vec![b'x'; 5000]).unwrap();
        assert_eq!(corpus_findings(place.path(), &targets).unwrap().len(), 1);
        assert_eq!(
            corpus_findings(place.path(), &["without".to_owned(), "with".to_owned()]).unwrap().len(),
            2
        );
    }
}
