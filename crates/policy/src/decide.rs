//! The decision itself: pure, total, deterministic, and the only issuer of a [`Permit`].

use m365_types::{ActionSpec, Actor, Permit, Profile, Reach, ScopeSet};

use crate::{Denial, PrincipalKind, rules};

/// Everything the decision looks at.
#[derive(Debug)]
pub struct Question<'a> {
    /// Who acts; becomes part of the permit.
    pub actor: Actor,
    /// The row asked for.
    pub action: &'static ActionSpec,
    /// Whom this very call reaches; becomes part of the permit.
    pub reach: Reach,
    /// The deployment's profile.
    pub profile: Profile,
    /// The scopes of the grant behind the token.
    pub granted: &'a ScopeSet,
}

/// The answer.
#[derive(Debug)]
#[must_use]
pub enum Decision {
    /// The call may happen, once its intent is recorded.
    Permit(Permit),
    /// The call may not happen; the denial is to be recorded too.
    Deny(Denial),
}

/// Answers the question:
/// 1. a rule must permit the effect to this kind of principal under this profile;
/// 2. the grant must cover every scope of the row.
pub fn decide(question: Question<'_>) -> Decision {
    let Question { actor, action, reach, profile, granted } = question;
    let kind = PrincipalKind::of(&actor.principal);
    // 1.
    let Some(rule) = rules::permitting(kind, profile, action.effect) else {
        return Decision::Deny(match kind {
            PrincipalKind::Person => Denial::Profile { effect: action.effect, profile },
            PrincipalKind::Service => Denial::Service,
        });
    };
    // 2.
    let missing = granted.missing(action.scopes);
    if !missing.is_empty() {
        return Decision::Deny(Denial::Scopes { missing, all: action.scopes.iter().copied().collect() });
    }
    #[expect(clippy::disallowed_methods, reason = "this is the decision, the one issuer of permits")]
    let permit = Permit::issue(actor, action, reach, rule.name);
    Decision::Permit(permit)
}

#[cfg(test)]
mod tests;
