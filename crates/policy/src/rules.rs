//! The rules as a table over (principal kind, profile, effect). What no row permits is denied.

use std::fmt::Write as _;

use m365_types::{ActionSpec, Effect, Identity, Principal, Profile, Toolset};

/// The axis of the table that says what sort of principal asks.
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
        match principal.identity() {
            Identity::Person(_) => Self::Person,
            Identity::Service(_) => Self::Service,
        }
    }
}

/// One row: under this profile, this kind of principal may cause these effects.
#[derive(Debug, PartialEq, Eq)]
pub struct Rule {
    /// Name of the row; `basis` of the records it permits.
    pub name: &'static str,
    /// Who asks.
    pub principal: PrincipalKind,
    /// The deployment's profile.
    pub profile: Profile,
    /// What may be caused.
    pub effects: &'static [Effect],
}

const RULES: &[Rule] = &[
    Rule {
        name: "person.read-only",
        principal: PrincipalKind::Person,
        profile: Profile::ReadOnly,
        effects: &[Effect::Read],
    },
    Rule {
        name: "person.standard",
        principal: PrincipalKind::Person,
        profile: Profile::Standard,
        effects: &[Effect::Read, Effect::Write],
    },
    Rule {
        name: "person.full",
        principal: PrincipalKind::Person,
        profile: Profile::Full,
        effects: &[Effect::Read, Effect::Write, Effect::Send, Effect::Destroy],
    },
];

/// The rules in force, for the reference documents.
#[must_use]
pub const fn rules() -> &'static [Rule] {
    RULES
}

/// The row that permits the effect, where there is one.
pub(crate) fn permitting(
    principal: PrincipalKind,
    profile: Profile,
    effect: Effect,
) -> Option<&'static Rule> {
    RULES
        .iter()
        .find(|rule| rule.principal == principal && rule.profile == profile && rule.effects.contains(&effect))
}

/// Whether people are shown the action: what no one may call is not listed.
#[must_use]
pub fn visible(action: &ActionSpec, toolset: &Toolset) -> bool {
    permitting(PrincipalKind::Person, toolset.profile, action.effect).is_some() && toolset.admits(action)
}

/// What is in force as canonical text: the rules, and what the deployment offers. Its hash names the policy in every
/// journal record.
#[must_use]
pub fn policy_text(toolset: &Toolset) -> String {
    let mut text =
        String::from("m365-policy/2\ndefault deny\nscopes grant-covers-call\nshared write is send\n");
    for rule in RULES {
        let effects: Vec<_> = rule.effects.iter().map(|effect| effect.as_str()).collect();
        let (principal, profile) = (rule.principal.as_str(), rule.profile.as_str());
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "permit {} {principal} {profile} {}", rule.name, effects.join(","));
    }
    let _ = writeln!(text, "offer profile {}", toolset.profile);
    for (word, names) in [("only", &toolset.allow), ("never", &toolset.deny)] {
        for name in names {
            let _ = writeln!(text, "offer {word} {name}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_every_rule_and_what_is_offered_and_is_stable() {
        let (allow, deny) = (["getEmails"].into(), ["sendEmail"].into());
        let toolset = Toolset { allow, deny, ..Toolset::of(Profile::Standard) };
        assert_eq!(
            policy_text(&toolset),
            "m365-policy/2\n\
             default deny\n\
             scopes grant-covers-call\n\
             shared write is send\n\
             permit person.read-only person read-only read\n\
             permit person.standard person standard read,write\n\
             permit person.full person full read,write,send,destroy\n\
             offer profile standard\n\
             offer only getEmails\n\
             offer never sendEmail\n"
        );
    }

    #[test]
    fn no_two_rules_share_a_name_or_a_place_in_the_table() {
        for (index, rule) in RULES.iter().enumerate() {
            for other in &RULES[index + 1..] {
                assert_ne!(rule.name, other.name);
                assert!((rule.principal, rule.profile) != (other.principal, other.profile));
            }
        }
    }
}
