//! The decision itself: pure, total, deterministic, and the only issuer of a [`Permit`].

use m365_types::{
    ActionSpec, Actor, Approval, Effect, Labels, Permit, ResolvedEffect, Scope, ScopeSet, Stage, Terms,
    UnixMillis,
};

use crate::engine::{Answers, Verdict};
use crate::facts::{Facts, Yes};
use crate::{Denial, Policies, PrincipalKind, rules};

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
/// 1. the policies must permit it, at least with somebody's yes;
/// 2. the deployment must offer the row;
/// 3. the grant must cover every permission of the call, and the row must declare each;
/// 4. where the policies permit it only with a yes, that yes must be there: the person's, or a second person's.
///
/// The policies are asked without a yes first. A permit to look is given where the answer would not be no.
pub fn decide(policies: &Policies, question: Question<'_>) -> Decision {
    let Question { actor, action, stage, effect, scopes, granted, labels, approval, now } = question;
    let frame = policies.frame();
    let facts = Facts {
        identity: actor.principal.identity(),
        client: actor.client.as_ref(),
        action,
        effect,
        labels,
        now,
    };
    let audience = effect.audience(&frame.internal);
    // 1.
    let ruling = rule(&policies.answers(&facts, &audience), effect_of(action, effect));
    if let Ruling::Never(verdict) = &ruling {
        return Decision::Deny(denial(verdict, policies, &facts));
    }
    // 2.
    if !frame.toolset.admits(action) {
        return Decision::Deny(Denial::NotOffered);
    }
    // 3.
    let declared: ScopeSet = action.all_scopes().collect();
    let missing = granted.intersection(&declared).missing(&scopes);
    if !missing.is_empty() {
        return Decision::Deny(Denial::Scopes { missing, all: scopes.into_iter().collect() });
    }
    // 4.
    let basis = match ruling.settled_by(approval) {
        Ok(basis) => basis,
        Err(ask) if stage == Stage::Act => return Decision::Ask(ask),
        Err(ask) => ask.basis,
    };
    let terms = Terms {
        stage,
        reach: effect.reach(),
        scopes,
        basis,
        policy: policies.hash().clone(),
        labels,
        approval,
    };
    #[expect(clippy::disallowed_methods, reason = "this is the decision, the one issuer of permits")]
    let permit = Permit::issue(actor, action, terms);
    Decision::Permit(permit)
}

/// What the policies say to one question, whoever has said yes to it.
pub(crate) enum Ruling {
    /// Permitted as it is.
    Freely(Verdict),
    /// Permitted with a yes: what speaks against it without one, and what permits it then.
    WithYes(Ask, Verdict),
    /// Not permitted, whoever says yes; what speaks against it.
    Never(Verdict),
}

/// Asks as often as it takes.
pub(crate) fn rule(answers: &Answers<'_>, class: Effect) -> Ruling {
    let without = answers.with(Yes::Nobodys);
    if without.allowed {
        return Ruling::Freely(without);
    }
    // What cannot be evaluated once is not asked again with more.
    if without.failed {
        return Ruling::Never(without);
    }
    let with = answers.with(Yes::Persons);
    if with.allowed {
        return Ruling::WithYes(demand(&without, class, false), with);
    }
    if with.failed {
        return Ruling::Never(with);
    }
    let with = answers.with(Yes::SecondPersons);
    if with.allowed { Ruling::WithYes(demand(&without, class, true), with) } else { Ruling::Never(with) }
}

impl Ruling {
    /// The policies that permit it with the yes there is.
    ///
    /// # Errors
    /// The question that somebody has to answer first.
    fn settled_by(self, approval: Option<Approval>) -> Result<String, Ask> {
        match self {
            // A never was answered before.
            Self::Freely(verdict) | Self::Never(verdict) => Ok(verdict.basis()),
            Self::WithYes(ask, verdict) => match approval {
                Some(approval) if approval.by_second_person || !ask.second_person => Ok(verdict.basis()),
                _ => Err(ask),
            },
        }
    }
}

fn demand(without: &Verdict, class: Effect, second_person: bool) -> Ask {
    let deed = match class {
        Effect::Read => "looks something up",
        Effect::Write => "changes something",
        Effect::Send => "reaches other people",
        Effect::Destroy => "removes something",
    };
    let why = match without.messages.as_slice() {
        [] => "the organisation's policy permits that only with an approval".to_owned(),
        messages => messages.join(", and "),
    };
    Ask { basis: without.basis(), second_person, reason: format!("the call {deed}, and {why}") }
}

fn denial(verdict: &Verdict, policies: &Policies, facts: &Facts<'_>) -> Denial {
    let (class, profile) = (effect_of(facts.action, facts.effect), policies.frame().toolset.profile);
    if verdict.failed {
        return Denial::Policy;
    }
    match PrincipalKind::of_identity(facts.identity) {
        PrincipalKind::Service => Denial::Service,
        PrincipalKind::Person if !verdict.policies.is_empty() => Denial::Rule {
            rule: verdict.basis(),
            reason: match verdict.messages.as_slice() {
                [] => "a rule forbids it".to_owned(),
                messages => messages.join(", and "),
            },
        },
        PrincipalKind::Person if !rules::effects(profile).contains(&class) => {
            Denial::Profile { effect: class, profile }
        }
        PrincipalKind::Person => {
            Denial::Rule { rule: NO_RULE.to_owned(), reason: "no rule permits it".to_owned() }
        }
    }
}

/// What stands in a record where no policy applied.
pub(crate) const NO_RULE: &str = "-";

/// What the call does to the world: a change to what others use too reaches them.
#[must_use]
pub fn effect_of(action: &ActionSpec, effect: &ResolvedEffect) -> Effect {
    let class = effect.class.unwrap_or(action.effect);
    if effect.shared && class == Effect::Write { Effect::Send } else { class }
}

#[cfg(test)]
mod tests;
