//! The decision: a pure function from principal, table row, reach, profile and granted scopes to a permit.
//!
//! In scope: the rules as data, the decision over them, what a profile shows, the canonical text of the rules, and in
//! [`dlp`] the inspection of content.
//! Out of scope: labels, approvals, input and output of any kind.
//!
//! Invariants:
//! * what no rule permits is denied;
//! * [`decide`] is total and deterministic, and the only place that issues a [`m365_types::Permit`];
//! * a narrower profile or fewer scopes never turn a no into a yes.

mod decide;
mod denial;
pub mod dlp;
mod limits;
mod rules;

pub use decide::{Ask, Decision, Frame, Policies, Question, decide, effect_of};
pub use denial::Denial;
pub use limits::{Cost, Counts, Limit, Limits, LimitsError, Per, Window};
pub use rules::{PrincipalKind, Rule, policy_text, rules, visible};
