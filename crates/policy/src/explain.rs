//! Which policy decides, and why: the same answers that [`crate::decide`] rests on, for people who write policies. It
//! issues nothing.

use crate::decide::{NO_RULE, Ruling, rule};
use crate::engine::{Answers, Verdict};
use crate::facts::{Facts, Yes};
use crate::{Policies, effect_of};

/// What the policies say to one call. What the deployment offers and what the client was granted are not looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// How it ends.
    pub outcome: Outcome,
    /// The policies that decide that, joined by commas; `-` where none applies.
    pub basis: String,
    /// Without a yes.
    pub without: Verdict,
    /// With the person's.
    pub approved: Verdict,
    /// With a second person's.
    pub second_person: Verdict,
}

/// How a call ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It happens.
    Permit,
    /// It waits for the person's yes.
    Approval,
    /// It waits for somebody else's yes.
    SecondPerson,
    /// It does not happen.
    Deny,
    /// It does not happen, because a policy cannot be evaluated on it.
    Error,
}

impl Outcome {
    /// Every outcome.
    pub const ALL: &'static [Self] =
        &[Self::Permit, Self::Approval, Self::SecondPerson, Self::Deny, Self::Error];

    /// The word in case tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Permit => "permit",
            Self::Approval => "approval",
            Self::SecondPerson => "second-person",
            Self::Deny => "deny",
            Self::Error => "error",
        }
    }
}

impl Verdict {
    /// The policies that decided, as records name them.
    pub(crate) fn basis(&self) -> String {
        if self.policies.is_empty() { NO_RULE.to_owned() } else { self.policies.join(",") }
    }
}

/// Says what the policies say, and why.
#[must_use]
pub fn explain(policies: &Policies, facts: &Facts<'_>) -> Explanation {
    let audience = facts.effect.audience(&policies.frame().internal);
    let answers = policies.answers(facts, &audience);
    let (outcome, basis) = ruled(&answers, facts);
    let [without, approved, second_person] =
        [Yes::Nobodys, Yes::Persons, Yes::SecondPersons].map(|yes| answers.with(yes));
    Explanation { outcome, basis, without, approved, second_person }
}

/// How a call ends and which policies decide that, asked no oftener than a decision asks.
#[must_use]
pub fn explain_outcome(policies: &Policies, facts: &Facts<'_>) -> (Outcome, String) {
    let audience = facts.effect.audience(&policies.frame().internal);
    ruled(&policies.answers(facts, &audience), facts)
}

fn ruled(answers: &Answers<'_>, facts: &Facts<'_>) -> (Outcome, String) {
    match rule(answers, effect_of(facts.action, facts.effect)) {
        Ruling::Freely(verdict) => (Outcome::Permit, verdict.basis()),
        Ruling::WithYes(ask, _) if ask.second_person => (Outcome::SecondPerson, ask.basis),
        Ruling::WithYes(ask, _) => (Outcome::Approval, ask.basis),
        Ruling::Never(verdict) if verdict.failed => (Outcome::Error, verdict.basis()),
        Ruling::Never(verdict) => (Outcome::Deny, verdict.basis()),
    }
}

/// Whether Cedar itself finds the question that these facts make to be one of the schema. For tests: an answer does not
/// depend on it, and it costs as much.
#[must_use]
pub fn fits_schema(policies: &Policies, facts: &Facts<'_>) -> bool {
    let audience = facts.effect.audience(&policies.frame().internal);
    policies.answers(facts, &audience).fits_schema()
}
