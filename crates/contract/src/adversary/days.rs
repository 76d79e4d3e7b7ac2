//! Honest working days: what an assistant does for people in four jobs, and how often they are asked to approve.
//!
//! A rule that stops every attack by asking about everything is worth little, so the number of questions of each day is part
//! of what is promised: a day fails where it needs more approvals than its row says, and also where it needs fewer, since
//! then either a rule is gone or the row is out of date. Each call must do its work.

mod steps;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use super::assistant::{Order, approval_link};
use super::stage::Stage;
use crate::approval::Decision;
use crate::cases::{Case, shared};
use crate::json::Look as _;
use crate::site::Site;

/// One working day.
#[derive(Clone, Copy, Debug)]
pub struct Day {
    /// Name of the case that lives it.
    pub name: &'static str,
    /// Whose assistant, in words.
    pub whose: &'static str,
    /// What it does, in its order.
    pub steps: &'static [Step],
    /// How many approvals the day needs.
    pub approvals_expected: usize,
}

/// One call of a day.
#[derive(Clone, Copy, Debug)]
pub struct Step {
    /// The tool.
    pub tool: &'static str,
    /// Its arguments, from what is there and from what earlier calls answered.
    pub arguments: fn(&Working<'_>) -> Result<Value>,
    /// Whether it is denied, as the person's organisation wants it.
    pub denied: bool,
}

/// A day as it goes.
#[derive(Debug)]
pub struct Working<'a> {
    /// The person and what they have.
    pub stage: Stage<'a>,
    /// The newest structured answer of each tool.
    pub answers: BTreeMap<&'static str, Value>,
}

impl Working<'_> {
    /// A text of the newest answer of a tool.
    ///
    /// # Errors
    /// Where there is none.
    pub fn told(&self, tool: &str, pointer: &str) -> Result<&str> {
        self.answers.get(tool).with_context(|| format!("{tool} was not called yet"))?.text(pointer)
    }
}

/// Every day.
pub const DAYS: &[Day] = &[
    Day {
        name: "adversary::the_working_day_of_a_sales_person",
        whose: "a sales person",
        steps: steps::SALES,
        approvals_expected: 3,
    },
    Day {
        name: "adversary::the_working_day_of_an_executive",
        whose: "an executive",
        steps: steps::EXECUTIVE,
        approvals_expected: 5,
    },
    Day {
        name: "adversary::the_working_day_of_an_engineer",
        whose: "an engineer",
        steps: steps::ENGINEER,
        approvals_expected: 3,
    },
    Day {
        name: "adversary::the_working_day_of_somebody_in_human_resources",
        whose: "somebody in human resources",
        steps: steps::PEOPLE,
        approvals_expected: 2,
    },
];

/// The cases that live them.
pub const CASES: &[Case] = &[
    shared("adversary::the_working_day_of_a_sales_person", |site| live(site, 0)),
    shared("adversary::the_working_day_of_an_executive", |site| live(site, 1)),
    shared("adversary::the_working_day_of_an_engineer", |site| live(site, 2)),
    shared("adversary::the_working_day_of_somebody_in_human_resources", |site| live(site, 3)),
];

/// What the days of this run came to, by the name of the case.
static TALLIES: Mutex<BTreeMap<&'static str, Tally>> = Mutex::new(BTreeMap::new());

/// What a day came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Calls that did their work.
    pub calls: usize,
    /// How often the person was asked.
    pub approvals: usize,
    /// Calls that were denied.
    pub denied: usize,
}

/// What the days of this run came to, by the name of the case and in words.
#[must_use]
pub fn tallies() -> Vec<(String, String)> {
    let tallies = TALLIES.lock().unwrap_or_else(PoisonError::into_inner);
    let words = |tally: &Tally| {
        format!("{} calls, {} approvals, {} denied", tally.calls, tally.approvals, tally.denied)
    };
    tallies.iter().map(|(name, tally)| (format!("{name}: tally"), words(tally))).collect()
}

fn live(site: &Site, number: usize) -> Result<()> {
    let day = DAYS.get(number).context("a day")?;
    let mut working = Working { stage: Stage::set(site)?, answers: BTreeMap::new() };
    let mut tally = Tally::default();
    let mut asked_for = Vec::new();
    for step in day.steps {
        let questions = tally.approvals;
        take(&mut working, step, &mut tally).with_context(|| format!("{}: {}", day.name, step.tool))?;
        if tally.approvals > questions {
            asked_for.push(step.tool);
        }
    }
    TALLIES.lock().unwrap_or_else(PoisonError::into_inner).insert(day.name, tally);
    // Without a place to write there is nobody to be told.
    let _ = writeln!(
        std::io::stdout(),
        "the day of {}: {} calls, {} approvals ({}), {} denied",
        day.whose,
        tally.calls,
        tally.approvals,
        asked_for.join(", "),
        tally.denied
    );
    ensure!(
        tally.approvals == day.approvals_expected,
        "{} approvals were needed, {} are expected; asked for: {asked_for:?}",
        tally.approvals,
        day.approvals_expected
    );
    Ok(())
}

fn take(working: &mut Working<'_>, step: &Step, tally: &mut Tally) -> Result<()> {
    let order = Order::new(step.tool, (step.arguments)(working)?);
    let mut reply = working.stage.call(&order)?;
    if let Some(link) = approval_link(&reply) {
        ensure!(!step.denied, "somebody may approve what is to be denied: {}", reply.answer);
        working.stage.answer(&link, Decision::Approve)?;
        tally.approvals += 1;
        reply = working.stage.call(&order)?;
    }
    if step.denied {
        reply.failure()?;
        tally.denied += 1;
        return Ok(());
    }
    working.answers.insert(step.tool, reply.content()?.clone());
    tally.calls += 1;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_day_is_a_case_of_a_dozen_calls_or_two() {
        assert!(DAYS.len() >= 4);
        for (day, case) in DAYS.iter().zip(CASES) {
            assert_eq!(day.name, case.name);
            assert!((12..=25).contains(&day.steps.len()), "{}: {} calls", day.name, day.steps.len());
            assert!(day.approvals_expected < day.steps.len() / 2, "{}", day.name);
        }
    }
}
