//! What is inspected, and what comes of it.

use std::fmt;

use m365_types::Effect;
use serde::Serialize;

/// Which way a content travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the assistant to a tool.
    Arguments,
    /// From a tool to the assistant.
    Results,
}

/// The call a content belongs to.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// Which way it travels.
    pub direction: Direction,
    /// Name of the tool.
    pub tool: &'a str,
    /// What the tool does.
    pub effect: Effect,
    /// Whether the label `untrusted` stands.
    pub untrusted: bool,
    /// Whether the label `confidential` stands.
    pub confidential: bool,
    /// Whether the call reaches someone outside the organisation.
    pub external_recipients: bool,
}

/// That a rule found something, never what it found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Name of the rule.
    pub rule: String,
    /// Name of the detector.
    pub detector: String,
    /// How many different values.
    pub count: usize,
}

/// What becomes of a content. `T` is its own form: text or JSON.
#[derive(Clone, PartialEq, Eq)]
pub enum Verdict<T> {
    /// It may not pass.
    Blocked {
        /// The rule that says so.
        rule: String,
        /// What happened, why, and what to do, for the caller.
        sentence: String,
    },
    /// Nothing was found.
    Clean,
    /// It passes as it is, and the findings are recorded.
    Flagged,
    /// This copy passes in its place.
    Redacted(T),
}

/// The fixed word of journal and errors table for a call that was blocked.
pub const BLOCKED: &str = "dlp.blocked";

impl<T> Verdict<T> {
    /// The same verdict on another form of the content.
    pub(super) fn map<U>(self, convert: impl FnOnce(T) -> U) -> Verdict<U> {
        match self {
            Self::Blocked { rule, sentence } => Verdict::Blocked { rule, sentence },
            Self::Clean => Verdict::Clean,
            Self::Flagged => Verdict::Flagged,
            Self::Redacted(copy) => Verdict::Redacted(convert(copy)),
        }
    }

    /// The fixed word of records.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Blocked { .. } => BLOCKED,
            Self::Clean => "dlp.clean",
            Self::Flagged => "dlp.flagged",
            Self::Redacted(_) => "dlp.redacted",
        }
    }
}

// Written by hand: a redacted copy is still someone's mail.
impl<T> fmt::Debug for Verdict<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Blocked { rule, .. } => {
                f.debug_struct("Blocked").field("rule", rule).finish_non_exhaustive()
            }
            Self::Clean => f.write_str("Clean"),
            Self::Flagged => f.write_str("Flagged"),
            Self::Redacted(_) => f.write_str("Redacted(..)"),
        }
    }
}

/// The outcome of an inspection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection<T> {
    /// What becomes of the content.
    pub verdict: Verdict<T>,
    /// What was found, by rule and detector.
    pub findings: Vec<Finding>,
}

/// What a block says, in the words of the gateway's own data loss prevention.
pub(super) fn sentence(direction: Direction, found: &[&str], message: Option<&str>) -> String {
    let found = found.join(", ");
    let (happened, next) = match direction {
        Direction::Arguments => (
            format!(
                "The organisation's data loss prevention stopped the request because of what is in it ({found}). \
                 Nothing was sent."
            ),
            "Take the sensitive content out, or ask the security team. Do not repeat or reword it to get past.",
        ),
        Direction::Results => (
            format!(
                "The organisation's data loss prevention stopped the answer because of what is in it ({found})."
            ),
            "Ask for something narrower, or ask the security team. Repeating the same call fails again.",
        ),
    };
    match message {
        Some(message) => format!("{happened} {} {next}", message.trim()),
        None => format!("{happened} {next}"),
    }
}
