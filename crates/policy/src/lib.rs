//! The decision: a pure function from who asks, table row, resolved effect, labels and policies to a permit.
//!
//! In scope: the policies that ship, the schema that the tool table makes, loading and checking a set, the decision over
//! it, what a profile shows, saying why, the limits as data, and in [`dlp`] the inspection of content. Source: the Cedar
//! policy language (docs.cedarpolicy.com).
//! Out of scope: where a set comes from and who signed it, keeping labels and approvals, input and output of any kind.
//!
//! Invariants:
//! * what no policy permits is denied, and so is what cannot be evaluated;
//! * [`decide`] is total and deterministic, and the only place that issues a [`m365_types::Permit`];
//! * a narrower profile or fewer scopes never turn a no into a yes, and no approval turns a no into a yes;
//! * a set is in force as a whole or not at all.

mod bundle;
mod cases;
mod decide;
mod denial;
pub mod dlp;
mod engine;
mod error;
mod explain;
mod facts;
mod limits;
mod load;
mod policies;
mod rules;
mod schema;

pub use bundle::{
    BUNDLE_BYTES_MAX, POLICIES_MAX, POLICY_FILES_MAX, PolicyBundle, STANDARD_CASES, SignedBundle,
};
pub use cases::{Case, CaseError, Cases, parse_case};
pub use decide::{Ask, Decision, Question, decide, effect_of};
pub use denial::Denial;
pub use engine::Verdict;
pub use error::{Place, PolicyError, PolicyErrors};
pub use explain::{Explanation, Outcome, explain, explain_outcome, fits_schema};
pub use facts::Facts;
pub use limits::{Cost, Counts, Limit, Limits, LimitsError, Per, Window};
pub use policies::{Frame, Policies};
pub use rules::{PrincipalKind, policy_text, visible};
pub use schema::schema_text;
