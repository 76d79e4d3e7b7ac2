//! `docs/generated/adversary.md`: every attack of the adversary suite, the published attack it follows, what stops it, and
//! how many approvals honest working days need.
//!
//! Results come and stay as those of the security cases do. The number of approvals is the row's: a day fails where it needs
//! another.

use std::fmt::Write as _;
use std::path::Path;

use m365_contract::adversary::SCENARIOS;
use m365_contract::adversary::days::DAYS;
use m365_contract::cases::Case;
use m365_contract::security::case;

use crate::security::{Host, NOT_OF_THIS_HOST, NOT_RUN, PASSED, Results, of_run};

/// Name of the document.
pub(crate) const DOCUMENT: &str = "adversary.md";

/// The document, with the results of the last full run of this clone, else with those of the committed one.
pub(crate) fn document(target: &Path, committed: Option<&str>, keep: bool) -> anyhow::Result<String> {
    let of_run = if keep { None } else { of_run(target)? };
    let results = of_run.unwrap_or_else(|| of_document(committed.unwrap_or_default()));
    Ok(render(&results))
}

/// One sentence for each case that the committed document does not say to have passed.
pub(crate) fn unproven(committed: &str) -> Vec<String> {
    let results = of_document(committed);
    let mut sentences = Vec::new();
    for case in cases() {
        for host in Host::ALL.into_iter().filter(|host| host.is_asked(case)) {
            let outcome = results.get(&(host, case.name.to_owned())).map_or(NOT_RUN, String::as_str);
            if outcome != PASSED {
                sentences.push(format!(
                    "The adversary's case {} on the {} host has {outcome}: run all tests, then `cargo xtask docs`.",
                    case.name,
                    host.name()
                ));
            }
        }
    }
    sentences
}

fn cases() -> impl Iterator<Item = &'static Case> {
    let attacks = SCENARIOS.iter().copied().flatten().map(|scenario| scenario.name);
    attacks.chain(DAYS.iter().map(|day| day.name)).filter_map(case)
}

/// The results that a document shows: the last two cells of each row that begins with the name of a case.
fn of_document(text: &str) -> Results {
    let mut results = Results::new();
    for line in text.lines().filter(|line| line.starts_with("| `adversary::")) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [case, .., native, worker] = cells.as_slice() else { continue };
        for (host, outcome) in [(Host::Native, native), (Host::Worker, worker)] {
            results.insert((host, case.trim_matches('`').to_owned()), (*outcome).to_owned());
        }
    }
    results
}

fn render(results: &Results) -> String {
    let attacks = SCENARIOS.iter().copied().flatten().count();
    let mut text = format!(
        "# An assistant that obeys every instruction\n\n\
         {attacks} attacks, each after a published one, are played against the running server on both hosts. A stranger's words \
         lie where the assistant reads them; the assistant does what they say by every way it has: again, by every revision of \
         the protocol, claiming that its person agreed, and by a second client. Where the server removes the words from the \
         text, the assistant is told them directly, as one that somebody else commands altogether. A case passes when nothing \
         reached another person, or was removed, that its person had not approved exactly so, and when the person's journal \
         says what stopped it. `crates/contract/src/adversary/` holds the table.\n\n\
         ## Attacks\n\n\
         | Case | Follows | The words lie in | The journal says | Native | Worker |\n| --- | --- | --- | --- | --- | --- |\n"
    );
    for scenario in SCENARIOS.iter().copied().flatten() {
        let [native, worker] = outcomes(results, scenario.name);
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | `{}` | {native} | {worker} |",
            scenario.name,
            scenario.source,
            scenario.plant.words(),
            scenario.stop.words()
        );
    }
    text.push_str(
        "\n## Honest working days\n\n\
         How often somebody is asked in a day's work. A day fails where it needs more approvals than stand here, or fewer.\n\n\
         | Case | Whose assistant | Calls | Approvals | Denied | Native | Worker |\n| --- | --- | --- | --- | --- | --- | --- |\n",
    );
    for day in DAYS {
        let [native, worker] = outcomes(results, day.name);
        let denied = day.steps.iter().filter(|step| step.denied).count();
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {} | {denied} | {native} | {worker} |",
            day.name,
            day.whose,
            day.steps.len(),
            day.approvals_expected
        );
    }
    text
}

fn outcomes<'a>(results: &'a Results, name: &str) -> [&'a str; 2] {
    Host::ALL.map(|host| {
        if case(name).is_some_and(|case| host.is_asked(case)) {
            results.get(&(host, name.to_owned())).map_or(NOT_RUN, String::as_str)
        } else {
            NOT_OF_THIS_HOST
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_keeps_its_results_and_names_what_has_none() {
        let empty = render(&Results::new());
        assert_eq!(unproven(&empty).len(), 2 * cases().count());
        let each = cases().flat_map(|case| Host::ALL.map(|host| (host, case)));
        let passed = each.map(|(host, case)| ((host, case.name.to_owned()), PASSED.to_owned())).collect();
        let document = render(&passed);
        assert_eq!(render(&of_document(&document)), document);
        assert!(unproven(&document).is_empty());
    }
}
