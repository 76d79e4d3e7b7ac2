//! Runs the table of cases: shared ones on one site in parallel, the others each on a site of its own.

use std::sync::{Arc, OnceLock};

use anyhow::{Result, anyhow};
use libtest_mimic::{Arguments, Conclusion, Failed, Trial};

use crate::cases::{Case, Needs};
use crate::environment;
use crate::site::Site;

/// Sites that run at once: the machine of a CI job has few cores.
const THREADS: usize = 3;

type Shared = Arc<OnceLock<Result<Site, String>>>;

/// Runs what the arguments select.
pub fn run(mut arguments: Arguments, cases: &[&'static [Case]]) -> Conclusion {
    let attached = environment::running_site().is_some();
    let threads = if attached { 1 } else { THREADS };
    arguments.test_threads.get_or_insert(threads);
    let shared = Shared::default();
    let mut ordered: Vec<&'static Case> = cases.iter().copied().flatten().collect();
    if attached {
        ordered.sort_by_key(|case| match case.needs {
            Needs::Shared => 0,
            Needs::Own | Needs::Process => 1,
            Needs::Last => 2,
        });
    }
    let trials = ordered.into_iter().map(|case| trial(case, &shared, attached)).collect();
    let conclusion = libtest_mimic::run(&arguments, trials);
    // Ends the shared site, which records what it saw; leaving the process would not.
    drop(shared);
    conclusion
}

fn trial(case: &'static Case, shared: &Shared, attached: bool) -> Trial {
    let shared = Arc::clone(shared);
    let body = move || perform(case, &shared, attached).map_err(|error| Failed::from(format!("{error:#}")));
    // A running site cannot be killed, and its journal is not ours to read.
    Trial::test(case.name, body).with_ignored_flag(attached && case.needs == Needs::Process)
}

fn perform(case: &Case, shared: &Shared, attached: bool) -> Result<()> {
    match case.needs {
        Needs::Shared => on(site_of(shared)?, case),
        Needs::Last | Needs::Own | Needs::Process if attached => {
            let site = site_of(shared)?;
            site.control.clear_faults()?;
            let outcome = on(site, case);
            site.control.clear_faults()?;
            outcome
        }
        Needs::Last | Needs::Own | Needs::Process => on(&Site::start()?, case),
    }
}

/// Runs the case; a failure on a host that has ended says so.
fn on(site: &Site, case: &Case) -> Result<()> {
    (case.run)(site).map_err(|error| anyhow!("{error:#}{}", site.epitaph()))
}

fn site_of(shared: &Shared) -> Result<&Site> {
    let started = shared.get_or_init(|| Site::start().map_err(|error| format!("{error:#}")));
    started.as_ref().map_err(|error| anyhow!("the shared site did not start: {error}"))
}
