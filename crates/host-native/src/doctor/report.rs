//! What was found: one finding per check, its rendering, and the exit status.

use std::process::ExitCode;

use m365_ports::OutboundError;
use m365_types::Secret;
use serde_json::{Value, json};

use super::table::{CHECKS, Check, Severity};
use super::text::Cleaner;

/// Exit status where a check of severity `error` failed.
const EXIT_ERROR: u8 = 1;
/// Exit status where only checks of severity `warning` failed.
const EXIT_WARNING: u8 = 3;

/// Why a check did not hold.
#[derive(Debug)]
pub(super) enum Unmet {
    /// What was seen instead.
    Failed(String),
    /// It could not be looked at, and why.
    NotChecked(String),
}

/// What a check says: what was seen where it holds.
pub(super) type Verdict = Result<String, Unmet>;

impl From<OutboundError> for Unmet {
    fn from(error: OutboundError) -> Self {
        Self::Failed(format!("no answer: {error}"))
    }
}

/// Fails with what was seen unless the condition holds.
pub(super) fn demand(holds: bool, seen: impl FnOnce() -> String) -> Result<(), Unmet> {
    if holds { Ok(()) } else { Err(Unmet::Failed(seen())) }
}

/// How one check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Ok,
    Error,
    Warning,
    NotChecked,
}

impl Ending {
    /// The word at the beginning of a line.
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "FAIL",
            Self::Warning => "warn",
            Self::NotChecked => "not checked",
        }
    }

    /// The word in JSON.
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Error => "fail",
            Self::Warning => "warn",
            Self::NotChecked => "not-checked",
        }
    }
}

struct Finding {
    check: &'static Check,
    ending: Ending,
    seen: String,
}

/// The findings of one examination.
#[derive(Default)]
pub(super) struct Report {
    findings: Vec<Finding>,
    cleaner: Cleaner,
}

impl Report {
    /// From now on this text appears in no finding.
    pub(super) fn hide(&mut self, secret: &Secret<String>) {
        self.cleaner.hide(secret);
    }

    /// Adds what a check says, cleaned, and whether it holds.
    pub(super) fn record(&mut self, check: &'static Check, verdict: Verdict) -> bool {
        let (ending, seen) = match (verdict, check.severity) {
            (Ok(seen), _) => (Ending::Ok, seen),
            (Err(Unmet::NotChecked(why)), _) => (Ending::NotChecked, why),
            (Err(Unmet::Failed(seen)), Severity::Error) => (Ending::Error, seen),
            (Err(Unmet::Failed(seen)), Severity::Warning) => (Ending::Warning, seen),
        };
        self.findings.push(Finding { check, ending, seen: self.cleaner.clean(&seen) });
        ending == Ending::Ok
    }

    /// Adds a check that cannot be looked at.
    pub(super) fn skip(&mut self, checks: &[&'static Check], why: &str) {
        for check in checks {
            self.record(check, Err(Unmet::NotChecked(why.to_owned())));
        }
    }

    /// In the order of the table, every check once: one that nothing was said about was not checked.
    pub(super) fn complete(mut self) -> Self {
        let known =
            |report: &Self, check: &Check| report.findings.iter().any(|finding| finding.check.id == check.id);
        for check in CHECKS {
            if !known(&self, check) {
                self.skip(&[check], "the address does not answer");
            }
        }
        let place = |finding: &Finding| CHECKS.iter().position(|check| check.id == finding.check.id);
        self.findings.sort_by_key(place);
        self
    }

    /// One line per check.
    pub(super) fn lines(&self) -> Vec<String> {
        let line = |finding: &Finding| {
            let Finding { check, ending, seen } = finding;
            let line = format!("{:<11}  {:<21}  {seen}", ending.word(), check.id);
            match ending {
                Ending::Error | Ending::Warning => format!("{line}. What to do: {}", check.todo),
                Ending::Ok | Ending::NotChecked => line,
            }
        };
        self.findings.iter().map(line).collect()
    }

    /// How many of each ending.
    pub(super) fn summary(&self) -> String {
        let [ok, error, warning, not_checked] = self.counts();
        format!("{ok} ok, {error} failed, {warning} warnings, {not_checked} not checked")
    }

    /// The findings as one document.
    pub(super) fn document(&self, address: &str, at: &str) -> Value {
        let finding = |finding: &Finding| {
            let Finding { check, ending, seen } = finding;
            let failed = matches!(ending, Ending::Error | Ending::Warning);
            json!({
                "id": check.id, "severity": check.severity.as_str(), "result": ending.name(), "proves": check.proves,
                "seen": seen, "todo": failed.then_some(check.todo),
            })
        };
        let [ok, error, warning, not_checked] = self.counts();
        json!({
            "url": address,
            "at": at,
            "version": env!("CARGO_PKG_VERSION"),
            "verdict": if error > 0 { "error" } else if warning > 0 { "warning" } else { "ok" },
            "counts": { "ok": ok, "fail": error, "warn": warning, "notChecked": not_checked },
            "checks": self.findings.iter().map(finding).collect::<Vec<_>>(),
        })
    }

    /// The exit status by severity.
    pub(super) fn exit_code(&self) -> ExitCode {
        match self.counts() {
            [_, 0, 0, _] => ExitCode::SUCCESS,
            [_, 0, _, _] => ExitCode::from(EXIT_WARNING),
            _ => ExitCode::from(EXIT_ERROR),
        }
    }

    fn counts(&self) -> [usize; 4] {
        [Ending::Ok, Ending::Error, Ending::Warning, Ending::NotChecked]
            .map(|ending| self.findings.iter().filter(|finding| finding.ending == ending).count())
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::{CLOCK, HSTS, REACHABLE, TLS};
    use super::*;

    fn report(verdicts: Vec<(&'static Check, Verdict)>) -> Report {
        let mut report = Report::default();
        for (check, verdict) in verdicts {
            report.record(check, verdict);
        }
        report
    }

    fn failed() -> Verdict {
        Err(Unmet::Failed("seen".into()))
    }

    #[test]
    fn the_exit_status_is_the_worst_severity_that_failed() {
        let exit = |verdicts| format!("{:?}", report(verdicts).exit_code());
        let code = |status: u8| format!("{:?}", ExitCode::from(status));
        let skipped = || Err(Unmet::NotChecked("why".into()));
        assert_eq!(exit(vec![(&REACHABLE, Ok("fine".into())), (&TLS, skipped())]), code(0));
        assert_eq!(exit(vec![(&REACHABLE, Ok("fine".into())), (&HSTS, failed())]), code(3));
        assert_eq!(exit(vec![(&HSTS, failed()), (&CLOCK, failed())]), code(1));
    }

    #[test]
    fn a_failed_check_says_what_to_do_and_another_does_not() {
        let lines = report(vec![(&CLOCK, failed()), (&TLS, Ok("fine".into()))]).lines();
        assert!(lines[0].starts_with("FAIL ") && lines[0].contains("seen. What to do: "), "{}", lines[0]);
        assert!(lines[1].starts_with("ok ") && !lines[1].contains("What to do"), "{}", lines[1]);
    }

    #[test]
    fn a_complete_report_holds_every_check_once_in_the_order_of_the_table() {
        let report = report(vec![(&CLOCK, Ok("b".into())), (&REACHABLE, Ok("a".into()))]).complete();
        let ids: Vec<_> = report.findings.iter().map(|finding| finding.check.id).collect();
        assert_eq!(ids, CHECKS.iter().map(|check| check.id).collect::<Vec<_>>());
        let document = report.document("https://mcp.example.com", "2026-11-22T15:00:00.000Z");
        assert_eq!(document["checks"].as_array().unwrap().len(), CHECKS.len());
        assert_eq!((&document["counts"]["ok"], &document["verdict"]), (&json!(2), &json!("ok")));
    }

    #[test]
    fn nothing_a_stranger_said_reaches_a_line_raw() {
        let mut report = Report::default();
        report.hide(&Secret::new("the-cookie-of-the-operator".into()));
        let hostile = "\u{1b}[31mthe-cookie-of-the-operator\n".repeat(100);
        report.record(&TLS, Err(Unmet::Failed(hostile)));
        let line = report.lines().remove(0);
        assert!(
            line.chars().all(|c| c.is_ascii_graphic() || c == ' ') && !line.contains("the-cookie"),
            "{line}"
        );
        assert!(line.len() < 1000, "{}", line.len());
    }
}
