//! Who asks, and what a profile shows: the table that the shipped profiles in Cedar are held against.

use std::fmt::Write as _;

use m365_types::{ActionSpec, Effect, Identity, Principal, Profile, Toolset};

use crate::bundle::PolicyBundle;

/// What sort of principal asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrincipalKind {
    /// Someone who signed in.
    Person,
    /// A service token.
    Service,
}

impl PrincipalKind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Person, Self::Service];

    /// The word used in documents and in the text of the rules.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Service => "service",
        }
    }

    /// The kind of a verified principal.
    #[must_use]
    pub const fn of(principal: &Principal) -> Self {
        Self::of_identity(principal.identity())
    }

    /// The kind of an identity, verified or not.
    #[must_use]
    pub const fn of_identity(identity: &Identity) -> Self {
        match identity {
            Identity::Person(_) => Self::Person,
            Identity::Service(_) => Self::Service,
        }
    }
}

/// The effects that a profile shows people.
pub(crate) const fn effects(profile: Profile) -> &'static [Effect] {
    match profile {
        Profile::ReadOnly => &[Effect::Read],
        Profile::Standard => &[Effect::Read, Effect::Write],
        Profile::Full => Effect::ALL,
    }
}

/// Whether people are shown the action: what the deployment's profile and names leave out is not listed. Policies of an
/// operator's own may permit less than is shown; they cannot be known before a person asks.
#[must_use]
pub fn visible(action: &ActionSpec, toolset: &Toolset) -> bool {
    effects(toolset.profile).contains(&action.effect) && toolset.admits(action)
}

/// What is offered, and under which set, as canonical text. Its hash names the policy in every journal record.
pub(crate) fn in_force(toolset: &Toolset, bundle_hash: &str) -> String {
    let mut text = format!("m365-policy/3\nset {bundle_hash}\n");
    // Writing to a `String` cannot fail.
    let _ = writeln!(text, "offer profile {}", toolset.profile);
    for (word, names) in [("only", &toolset.allow), ("never", &toolset.deny)] {
        for name in names {
            let _ = writeln!(text, "offer {word} {name}");
        }
    }
    text
}

/// The policies that ship, one file after the other, for the reference documents.
#[must_use]
pub fn policy_text() -> String {
    let bundle = PolicyBundle::standard();
    let texts: Vec<&str> = bundle.policies.values().map(String::as_str).collect();
    texts.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_in_force_names_the_set_and_what_is_offered() {
        let (allow, deny) = (["getEmails"].into(), ["sendEmail"].into());
        let toolset = Toolset { allow, deny, ..Toolset::of(Profile::Standard) };
        assert_eq!(
            in_force(&toolset, "abc"),
            "m365-policy/3\n\
             set abc\n\
             offer profile standard\n\
             offer only getEmails\n\
             offer never sendEmail\n"
        );
    }
}
