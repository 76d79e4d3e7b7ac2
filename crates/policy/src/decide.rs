//! The decision itself: pure, total, deterministic, and the only issuer of a [`Permit`].

use m365_types::{ActionSpec, Actor, Effect, Permit, Reach, Scope, ScopeSet, Toolset};

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
    /// The permissions this very call needs; becomes part of the permit.
    pub scopes: Vec<Scope>,
    /// What the deployment offers.
    pub toolset: &'a Toolset,
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
/// 1. a rule must permit the effect to this kind of principal under this profile, where a change to what others use too
///    counts as reaching them;
/// 2. the deployment must offer the row;
/// 3. the grant must cover every permission of the call, and the row must declare each.
pub fn decide(question: Question<'_>) -> Decision {
    let Question { actor, action, reach, scopes, toolset, granted } = question;
    let kind = PrincipalKind::of(&actor.principal);
    let effect = if reach.shared && action.effect == Effect::Write { Effect::Send } else { action.effect };
    // 1.
    let Some(rule) = rules::permitting(kind, toolset.profile, effect) else {
        return Decision::Deny(match kind {
            PrincipalKind::Person => Denial::Profile { effect, profile: toolset.profile },
            PrincipalKind::Service => Denial::Service,
        });
    };
    // 2.
    if !toolset.admits(action) {
        return Decision::Deny(Denial::NotOffered);
    }
    // 3.
    let declared: ScopeSet = action.all_scopes().collect();
    let missing = granted.intersection(&declared).missing(&scopes);
    if !missing.is_empty() {
        return Decision::Deny(Denial::Scopes { missing, all: scopes.into_iter().collect() });
    }
    #[expect(clippy::disallowed_methods, reason = "this is the decision, the one issuer of permits")]
    let permit = Permit::issue(actor, action, reach, scopes, rule.name);
    Decision::Permit(permit)
}

#[cfg(test)]
mod tests;
