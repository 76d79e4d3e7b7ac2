//! The decision's no: closed, with a code for records and a sentence for people.

use m365_types::{Effect, Profile, Scope, ScopeSet};

/// Why a call may not happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// The deployment's profile does not allow the effect to anyone.
    Profile {
        /// What the call would do.
        effect: Effect,
        /// The profile in force.
        profile: Profile,
    },
    /// The operator does not offer the row.
    NotOffered,
    /// The policy could not be evaluated on the call; what cannot be decided is not permitted.
    Policy,
    /// A rule of the policy forbids it, or none permits it.
    Rule {
        /// Its name, for the record.
        rule: String,
        /// Why, for people: completes "Nothing was done, because …".
        reason: String,
    },
    /// The grant lacks permissions of the row. The client may ask the person for them.
    Scopes {
        /// What the grant lacks, in the order of the row.
        missing: Vec<Scope>,
        /// Every scope of the call, for the challenge of RFC 6750 section 3.1.
        all: ScopeSet,
    },
    /// Service tokens may not call actions.
    Service,
}

impl Denial {
    /// The fixed word of journal and errors table.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotOffered => "denied.not_offered",
            Self::Policy => "denied.policy_error",
            Self::Profile { .. } => "denied.profile",
            Self::Rule { .. } => "denied.rule",
            Self::Scopes { .. } => "denied.scopes",
            Self::Service => "denied.service",
        }
    }

    /// What happened, why, and what to do next, for the caller.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self {
            Self::Profile { effect, profile } => format!(
                "Nothing was done: this server runs with the profile `{profile}`, which does not allow it to {}. \
                 An operator can choose a wider profile.",
                deed(*effect)
            ),
            Self::NotOffered => "Nothing was done: the operator of this server does not offer this tool. \
                                 An operator can add it to what is offered."
                .to_owned(),
            Self::Policy => {
                "Nothing was done: the organisation's policy could not be evaluated on this call. \
                             Tell the operator."
                    .to_owned()
            }
            Self::Rule { reason, .. } => format!(
                "Nothing was done, because {reason}. That is the organisation's policy, and no approval changes it."
            ),
            Self::Scopes { missing, .. } => {
                let names: Vec<_> = missing.iter().map(|scope| scope.as_str()).collect();
                format!(
                    "Nothing was done: this client was not given the permission {}. \
                     Connect the client again and allow it.",
                    names.join(", ")
                )
            }
            Self::Service => "Nothing was done: a service token may not act for a person. \
                              Sign in as a person to use this action."
                .to_owned(),
        }
    }
}

/// Completes "does not allow it to …".
const fn deed(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "read",
        Effect::Write => "change anything",
        Effect::Send => "send, post or invite",
        Effect::Destroy => "delete anything",
    }
}
