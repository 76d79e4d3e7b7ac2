//! The decision itself: pure, total, deterministic, and the only issuer of a [`Permit`].

use std::sync::Arc;

use m365_types::{
    ActionSpec, Actor, Approval, Audience, Effect, InternalDomains, Label, Labels, Permit, ResolvedEffect,
    Scope, ScopeSet, Stage, Terms, Toolset, UnixMillis,
};

use crate::dlp::Dlp;
use crate::{Denial, Limits, PrincipalKind, rules};

/// What is in force.
#[derive(Debug)]
pub struct Policies {
    frame: Frame,
    limits: Limits,
    dlp: Dlp,
    hash: Arc<str>,
}

/// What the deployment says besides policy.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What is offered.
    pub toolset: Toolset,
    /// Who is inside.
    pub internal: InternalDomains,
}

impl Policies {
    /// The set that ships.
    #[must_use]
    pub fn standard(frame: Frame, hash: &str) -> Self {
        Self { frame, limits: Limits::standard(), dlp: Dlp::standard(), hash: hash.into() }
    }

    /// What the deployment says besides policy.
    #[must_use]
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// What is looked for in what goes in and out.
    #[must_use]
    pub const fn dlp(&self) -> &Dlp {
        &self.dlp
    }

    /// How much may be done.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The name of the set: its hash, lower-case hex.
    #[must_use]
    pub const fn hash(&self) -> &Arc<str> {
        &self.hash
    }
}

/// Everything the decision looks at.
#[derive(Debug)]
pub struct Question<'a> {
    /// Who acts; becomes part of the permit.
    pub actor: Actor,
    /// The row asked for.
    pub action: &'static ActionSpec,
    /// How far the permit is to go.
    pub stage: Stage,
    /// What this very call will do, as far as it is known.
    pub effect: &'a ResolvedEffect,
    /// The permissions this very call needs; becomes part of the permit.
    pub scopes: Vec<Scope>,
    /// The scopes of the grant behind the token.
    pub granted: &'a ScopeSet,
    /// What stands against the person's calls.
    pub labels: Labels,
    /// The person's yes to exactly this effect, where there is one.
    pub approval: Option<Approval>,
    /// When it is asked.
    pub now: UnixMillis,
}

/// The answer.
#[derive(Debug)]
#[must_use]
pub enum Decision {
    /// The call may happen, once its intent is recorded.
    Permit(Permit),
    /// The call may happen once somebody has said yes to exactly its effect.
    Ask(Ask),
    /// The call may not happen; the denial is to be recorded too.
    Deny(Denial),
}

/// What has to be asked first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The rule that demands it, for the record.
    pub basis: String,
    /// Whether the yes must come from somebody else than the person.
    pub second_person: bool,
    /// Why, for people: completes "An approval is needed because …".
    pub reason: String,
}

/// Answers the question:
/// 1. a rule must permit the effect to this kind of principal under this profile, where a change to what others use too
///    counts as reaching them;
/// 2. the deployment must offer the row;
/// 3. the grant must cover every permission of the call, and the row must declare each;
/// 4. what is confidential does not leave the organisation;
/// 5. what reaches others or removes something needs an approval, unless everybody is inside and no label stands.
///
/// A permit to look is given where the answer would not be no.
pub fn decide(policies: &Policies, question: Question<'_>) -> Decision {
    let Question { actor, action, stage, effect, scopes, granted, labels, approval, now: _ } = question;
    let Frame { toolset, internal } = &policies.frame;
    let kind = PrincipalKind::of(&actor.principal);
    let class = effect_of(action, effect);
    // 1.
    let Some(rule) = rules::permitting(kind, toolset.profile, class) else {
        return Decision::Deny(match kind {
            PrincipalKind::Person => Denial::Profile { effect: class, profile: toolset.profile },
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
    let audience = effect.audience(internal);
    // 4.
    if matches!(class, Effect::Send | Effect::Destroy)
        && audience.outside > 0
        && labels.has(Label::Confidential)
    {
        return Decision::Deny(Denial::Rule {
            rule: "confidential.outside".to_owned(),
            reason: "what was read is confidential, and somebody it would reach is outside the organisation"
                .to_owned(),
        });
    }
    // 5.
    if stage == Stage::Act
        && approval.is_none()
        && let Some(ask) = approval_needed(class, &audience, labels)
    {
        return Decision::Ask(ask);
    }
    let terms = Terms {
        stage,
        reach: effect.reach(),
        scopes,
        basis: rule.name.to_owned(),
        policy: policies.hash.clone(),
        labels,
        approval,
    };
    #[expect(clippy::disallowed_methods, reason = "this is the decision, the one issuer of permits")]
    let permit = Permit::issue(actor, action, terms);
    Decision::Permit(permit)
}

/// What the call does to the world: a change to what others use too reaches them.
#[must_use]
pub fn effect_of(action: &ActionSpec, effect: &ResolvedEffect) -> Effect {
    if effect.shared && action.effect == Effect::Write { Effect::Send } else { action.effect }
}

fn approval_needed(class: Effect, audience: &Audience, labels: Labels) -> Option<Ask> {
    let deed = match class {
        Effect::Read | Effect::Write => return None,
        Effect::Send => "reaches other people",
        Effect::Destroy => "removes something",
    };
    let reason = if audience.outside > 0 {
        "somebody it would reach is outside the organisation"
    } else if audience.unknown > 0 {
        "it is not known whether everybody it would reach is inside the organisation"
    } else if labels.is_empty() {
        return None;
    } else {
        "the assistant has read words that you did not write"
    };
    Some(Ask {
        basis: "approval.reaching".to_owned(),
        second_person: false,
        reason: format!("the call {deed}, and {reason}"),
    })
}

#[cfg(test)]
mod tests;
