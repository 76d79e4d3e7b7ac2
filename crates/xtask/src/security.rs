//! `docs/generated/security-cases.md`: the catalogue of attacks, what shows each entry, and what the last full run saw.
//!
//! A run of the black-box suite writes what became of each case to `target/security-results-<host>.json`. A full run of
//! the tests fails unless every case that the catalogue names passed on both hosts ([`judge`]). `cargo xtask docs` takes
//! the results from those files where both are there, else it keeps those of the committed document; the check has no run
//! to look at and always keeps them. So a document that is up to date says of every case that it passed, and what it says
//! comes from a run; a case that no run has seen stands there as `not run`, and the check names it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use m365_contract::cases::Case;
use m365_contract::security::{CATALOGUE, Proof, Row, case, is_native_only, named_cases};

/// Name of the document.
pub(crate) const DOCUMENT: &str = "security-cases.md";
const HEADING: &str = "## Results";
pub(crate) const PASSED: &str = "passed";
pub(crate) const NOT_RUN: &str = "not run";
pub(crate) const NOT_OF_THIS_HOST: &str = "-";

/// A host that the suite runs against.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Host {
    /// The native host.
    Native,
    /// The Worker in workerd.
    Worker,
}

/// What became of each case, by host and name.
pub(crate) type Results = BTreeMap<(Host, String), String>;

impl Host {
    pub(crate) const ALL: [Self; 2] = [Self::Native, Self::Worker];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Worker => "worker",
        }
    }

    /// The host of a run of the tests, by what the run is called; `None` where it is no run of the black-box suite.
    pub(crate) fn of_suite(name: &str) -> Option<Self> {
        match name {
            "black-box suite" => Some(Self::Native),
            "black-box suite in workerd" => Some(Self::Worker),
            _ => None,
        }
    }

    /// Where a run on this host writes what became of its cases.
    pub(crate) fn results_file(self, target: &Path) -> PathBuf {
        target.join(format!("security-results-{}.json", self.name()))
    }

    pub(crate) fn is_asked(self, case: &Case) -> bool {
        self == Self::Native || !is_native_only(case)
    }
}

/// Forgets earlier results, so that none is taken for one of this run.
pub(crate) fn forget(target: &Path) -> anyhow::Result<()> {
    for host in Host::ALL {
        match std::fs::remove_file(host.results_file(target)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}

/// One sentence for every case of the catalogue that a full run did not see pass.
pub(crate) fn judge(target: &Path) -> anyhow::Result<Vec<String>> {
    let results = of_run(target)?.unwrap_or_default();
    Ok(missing(&results))
}

/// The document, with the results of the last full run of this clone, else with those of the committed one.
pub(crate) fn document(target: &Path, committed: Option<&str>, keep: bool) -> anyhow::Result<String> {
    let of_run = if keep { None } else { of_run(target)? };
    let results = of_run.unwrap_or_else(|| of_document(committed.unwrap_or_default()));
    Ok(render(&results))
}

/// What the committed document does not say to have passed.
pub(crate) fn unproven(committed: &str) -> Vec<String> {
    missing(&of_document(committed))
}

fn missing(results: &Results) -> Vec<String> {
    let mut sentences = Vec::new();
    for case in named_cases() {
        for host in Host::ALL.into_iter().filter(|host| host.is_asked(case)) {
            let outcome = results.get(&(host, case.name.to_owned())).map_or(NOT_RUN, String::as_str);
            if outcome != PASSED {
                sentences.push(format!(
                    "The catalogue of attacks names the case {}, which on the {} host has {outcome}: run all tests, then `cargo xtask docs`.",
                    case.name,
                    host.name()
                ));
            }
        }
    }
    sentences
}

/// The results of both hosts, where both were written.
pub(crate) fn of_run(target: &Path) -> anyhow::Result<Option<Results>> {
    let mut results = Results::new();
    for host in Host::ALL {
        let file = host.results_file(target);
        let text = match std::fs::read_to_string(&file) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            read => read.with_context(|| format!("{} cannot be read", file.display()))?,
        };
        let of_host: BTreeMap<String, String> =
            serde_json::from_str(&text).with_context(|| format!("{} holds no results", file.display()))?;
        results.extend(of_host.into_iter().map(|(case, outcome)| ((host, case), outcome)));
    }
    Ok(Some(results))
}

/// The results that a document shows.
fn of_document(text: &str) -> Results {
    let lines = text.lines().skip_while(|line| *line != HEADING).filter(|line| line.starts_with("| `"));
    let mut results = Results::new();
    for line in lines {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, case, native, worker, _] = cells.as_slice() else { continue };
        for (host, outcome) in [(Host::Native, native), (Host::Worker, worker)] {
            results.insert((host, case.trim_matches('`').to_owned()), (*outcome).to_owned());
        }
    }
    results
}

fn render(results: &Results) -> String {
    let cases = named_cases();
    let passed = |host: Host| {
        let asked = cases.iter().filter(|case| host.is_asked(case));
        let passed = asked.clone().filter(|case| outcome(results, host, case) == PASSED).count();
        format!("{passed} of {}", asked.count())
    };
    let mut text = format!(
        "# Security cases\n\n\
         Every entry of the catalogue of attacks, the published weaknesses of the TypeScript original and of peers included: \
         what holds here, and the cases of the black-box suite that show it. A case is named `group::sentence` and stands in \
         `crates/contract/src/cases/`; what is named with a file is a test beside the code, where no black box can show it.\n\n\
         Every group named `catalogue` also holds each refusal to one rule: a client error unless another is said, no secret \
         and nothing of the inside in body, headers, log or records, and exactly one audit record.\n\n\
         The last full run saw {} cases pass on the native host, and {} in workerd. `cargo xtask test` fails unless all do.\n",
        passed(Host::Native),
        passed(Host::Worker)
    );
    for part in CATALOGUE {
        // Writing to a String cannot fail.
        let _ = write!(
            text,
            "\n## {}\n\n| Entry | What holds | Native | Worker | Shown by |\n| --- | --- | --- | --- | --- |\n",
            part.title
        );
        text.extend(part.rows.iter().map(|row| line(row, results)));
    }
    let _ = write!(
        text,
        "\n{HEADING}\n\nWhat the last full run saw of each case.\n\n| Case | Native | Worker |\n| --- | --- | --- |\n"
    );
    for case in cases {
        let [native, worker] = Host::ALL.map(|host| outcome(results, host, case));
        let _ = writeln!(text, "| `{}` | {native} | {worker} |", case.name);
    }
    text
}

fn outcome<'a>(results: &'a Results, host: Host, case: &Case) -> &'a str {
    if host.is_asked(case) {
        results.get(&(host, case.name.to_owned())).map_or(NOT_RUN, String::as_str)
    } else {
        NOT_OF_THIS_HOST
    }
}

fn line(row: &Row, results: &Results) -> String {
    let shown = row.proofs.iter().map(|proof| match proof {
        Proof::Case(name) => format!("`{name}`"),
        Proof::Test(file, name) => format!("test `{name}` in `{file}`"),
    });
    let mut shown = shown.collect::<Vec<_>>().join("<br>");
    if !row.note.is_empty() {
        let between = if shown.is_empty() { "" } else { "<br>" };
        shown = format!("{shown}{between}{}", row.note);
    }
    let [native, worker] = Host::ALL.map(|host| of_row(row, results, host));
    format!("| {} | {} | {native} | {worker} | {shown} |\n", row.id, row.property.replace('|', "\\|"))
}

/// What a host shows of a row: the one outcome of its cases, or each that there is.
fn of_row(row: &Row, results: &Results, host: Host) -> String {
    let cases = row.proofs.iter().filter_map(|proof| match proof {
        Proof::Case(name) => case(name),
        Proof::Test(..) => None,
    });
    let outcomes: BTreeSet<&str> =
        cases.filter(|case| host.is_asked(case)).map(|case| outcome(results, host, case)).collect();
    if outcomes.is_empty() {
        return NOT_OF_THIS_HOST.to_owned();
    }
    outcomes.into_iter().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all_passed() -> Results {
        let cases = named_cases();
        let each = cases.iter().flat_map(|case| Host::ALL.map(|host| (host, case)));
        each.map(|(host, case)| ((host, case.name.to_owned()), PASSED.to_owned())).collect()
    }

    #[test]
    fn a_document_keeps_its_results_and_one_without_them_is_found() {
        let document = render(&all_passed());
        assert_eq!(render(&of_document(&document)), document);
        assert!(unproven(&document).is_empty());
        let empty = render(&Results::new());
        assert!(empty.contains("0 of "));
        assert_eq!(unproven(&empty).len(), missing(&Results::new()).len());
        assert!(!unproven(&empty).is_empty());
    }

    #[test]
    fn a_case_that_failed_or_did_not_run_is_named_with_its_host() {
        let mut results = all_passed();
        let name = named_cases().first().map(|case| case.name).unwrap();
        results.insert((Host::Native, name.to_owned()), "failed".to_owned());
        results.remove(&(Host::Worker, named_cases().last().map(|case| case.name.to_owned()).unwrap()));
        let sentences = missing(&results);
        assert!(sentences[0].contains(name) && sentences[0].contains("native"), "{sentences:?}");
        assert!(sentences.len() == 1 || sentences[1].contains("worker"), "{sentences:?}");
    }

    #[test]
    fn results_of_a_run_count_only_where_both_hosts_wrote_theirs() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(Host::Native.results_file(folder.path()), "{\"a::b\":\"passed\"}").unwrap();
        assert_eq!(of_run(folder.path()).unwrap(), None);
        std::fs::write(Host::Worker.results_file(folder.path()), "{}").unwrap();
        assert_eq!(of_run(folder.path()).unwrap().unwrap().len(), 1);
        assert!(!judge(folder.path()).unwrap().is_empty());
        forget(folder.path()).unwrap();
        forget(folder.path()).unwrap();
        assert_eq!(of_run(folder.path()).unwrap(), None);
    }
}
