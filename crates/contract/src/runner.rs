//! Runs the table of cases: shared ones on one site in parallel, the others each on a site that nobody else is using.
//! Cases that ask for settings have sites of their own, which those with equal settings share in the same way.
//!
//! A site of the second kind is handed on when its case has passed: cases there expect to be alone, not to be first. After
//! a failure it is ended, so that no failure causes another.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use anyhow::{Context as _, Result, anyhow};
use libtest_mimic::{Arguments, Conclusion, Failed, Trial};

use crate::adversary::days::tallies;
use crate::cases::{Case, Needs, Settings};
use crate::environment;
use crate::site::Site;

/// Cases that run at once: the machine of a CI job has few cores, and some cases only wait.
const THREADS: usize = 4;

/// The sites of a run, by the settings they started with.
struct Sites {
    groups: Mutex<BTreeMap<Settings, Arc<Group>>>,
}

/// Sites with equal settings.
#[derive(Default)]
struct Group {
    /// The one that cases share; every case, where a site was running already.
    shared: OnceLock<Result<Site, String>>,
    /// Those that a case has left.
    free: Mutex<Vec<Site>>,
    /// Cases that have not run yet.
    waiting: AtomicUsize,
}

/// Runs what the arguments select.
pub fn run(mut arguments: Arguments, cases: &[&'static [Case]]) -> Conclusion {
    let attached = environment::running_site().is_some();
    let threads = if attached { 1 } else { THREADS };
    arguments.test_threads.get_or_insert(threads);
    let native = matches!(environment::other_host(), Ok(None));
    let all = cases.iter().copied().flatten();
    let (mut ordered, foreign): (Vec<_>, Vec<_>) =
        all.partition(|case| native || case.needs != Needs::Native);
    // Sites with settings of their own come one after the other, so that few of them run at a time.
    ordered.sort_by_key(|case| (case.settings.is_empty(), case.settings, turn(case.needs)));
    announce(&foreign);
    let sites = Arc::new(Sites::of(&ordered));
    let outcomes = Arc::new(Outcomes::default());
    let trials = ordered.into_iter().map(|case| trial(case, &sites, &outcomes, attached)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    outcomes.keep();
    // Ends the sites, which record what they saw; leaving the process would not.
    drop(sites);
    conclusion
}

/// What became of the cases that ran.
#[derive(Default)]
struct Outcomes(Mutex<BTreeMap<&'static str, &'static str>>);

impl Outcomes {
    fn note(&self, case: &Case, passed: bool) {
        let outcome = if passed { "passed" } else { "failed" };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(case.name, outcome);
    }

    /// Writes them to the file that was asked for. Where it cannot be written it is missing, and whoever asked says so.
    fn keep(&self) {
        let Some(file) = environment::results_file() else { return };
        let outcomes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let outcomes = outcomes.iter().map(|(name, outcome)| ((*name).to_owned(), (*outcome).to_owned()));
        let all: BTreeMap<String, String> = outcomes.chain(tallies()).collect();
        drop(std::fs::write(file, serde_json::json!(all).to_string()));
    }
}

/// Sites of one's own take long to start, so they come first; what uses a site up comes last.
const fn turn(needs: Needs) -> u8 {
    match needs {
        Needs::Native | Needs::Own | Needs::Process => 0,
        Needs::Files | Needs::Shared => 1,
        Needs::Last | Needs::Spent => 2,
    }
}

/// Says which cases are about another host, so that nothing is left out unseen.
fn announce(foreign: &[&Case]) {
    if foreign.is_empty() {
        return;
    }
    let names: Vec<_> = foreign.iter().map(|case| case.name).collect();
    let (number, names) = (names.len(), names.join("\n  "));
    // Without a place to write there is nobody to be told.
    let _ = writeln!(std::io::stdout(), "\n{number} cases are about the native host only:\n  {names}");
}

fn trial(case: &'static Case, sites: &Arc<Sites>, outcomes: &Arc<Outcomes>, attached: bool) -> Trial {
    let (sites, outcomes) = (Arc::clone(sites), Arc::clone(outcomes));
    let body = move || {
        let outcome = sites.group(case).and_then(|group| perform(case, &group, attached));
        sites.done(case);
        outcomes.note(case, outcome.is_ok());
        outcome.map_err(|error| Failed::from(format!("{error:#}")))
    };
    // A running site cannot be killed, its journal is not ours to read, and it has the settings it has.
    let hosted = matches!(case.needs, Needs::Files | Needs::Native | Needs::Process | Needs::Spent);
    Trial::test(case.name, body).with_ignored_flag(attached && (hosted || !case.settings.is_empty()))
}

fn perform(case: &Case, sites: &Group, attached: bool) -> Result<()> {
    match case.needs {
        Needs::Files | Needs::Shared => on(sites.shared(case)?, case),
        Needs::Last | Needs::Native | Needs::Own | Needs::Process | Needs::Spent if attached => {
            let site = sites.shared(case)?;
            site.control.clear_faults()?;
            let outcome = on(site, case);
            site.control.clear_faults()?;
            outcome
        }
        Needs::Native | Needs::Own | Needs::Process => {
            let site = sites.take(case)?;
            on(&site, case)?;
            site.control.clear_faults()?;
            sites.leave(site);
            Ok(())
        }
        Needs::Last | Needs::Spent => on(&sites.take(case)?, case),
    }
}

/// Runs the case; a failure comes with what the host wrote last.
fn on(site: &Site, case: &Case) -> Result<()> {
    (case.run)(site).map_err(|error| anyhow!("{error:#}{}", site.last_words()))
}

impl Sites {
    fn of(cases: &[&'static Case]) -> Self {
        let mut groups: BTreeMap<_, Arc<Group>> = BTreeMap::new();
        for case in cases {
            groups.entry(case.settings).or_default().waiting.fetch_add(1, Ordering::Relaxed);
        }
        Self { groups: Mutex::new(groups) }
    }

    fn group(&self, case: &Case) -> Result<Arc<Group>> {
        let groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        groups.get(case.settings).cloned().with_context(|| format!("no sites for {:?}", case.settings))
    }

    /// Ends the sites that no further case needs. Where cases were left out, that is at the end of the run.
    fn done(&self, case: &Case) {
        let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
        let last =
            groups.get(case.settings).is_some_and(|group| group.waiting.fetch_sub(1, Ordering::Relaxed) == 1);
        let ended = last.then(|| groups.remove(case.settings));
        // Ending a site takes its time, and others want to start theirs.
        drop(groups);
        drop(ended);
    }
}

impl Group {
    fn shared(&self, case: &Case) -> Result<&Site> {
        let started = self.shared.get_or_init(|| start(case).map_err(|error| format!("{error:#}")));
        started.as_ref().map_err(|error| anyhow!("the shared site did not start: {error}"))
    }

    fn take(&self, case: &Case) -> Result<Site> {
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner).pop();
        free.map_or_else(|| start(case), Ok)
    }

    fn leave(&self, site: Site) {
        self.free.lock().unwrap_or_else(PoisonError::into_inner).push(site);
    }
}

fn start(case: &Case) -> Result<Site> {
    if case.settings.is_empty() { Site::start() } else { Site::start_with(case.settings) }
}
