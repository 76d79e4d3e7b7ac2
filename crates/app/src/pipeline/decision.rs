//! What stands between checked arguments and an effect: the policy's answer, the person's, and the record with its limits.

use std::sync::Arc;

use http::HeaderValue;
use m365_graph::Action;
pub(super) use m365_journal::Denied;
use m365_journal::JournalError;
use m365_mcp::Refusal;
use m365_policy::{Ask, Cost, Decision, Denial, Policies, Question, decide, effect_of};
use m365_ports::{Sql, SqlError};
use m365_types::{Actor, Approval, ClientId, Intent, Labels, Permit, ResolvedEffect, Stage, Terms};

use super::call::Call;
use super::{Stop, no_policy, not_recorded};
use crate::cell::{APPROVAL_LIFE, Asked, Asking, Cell, LimitReached, WAITING_MOST, charge};

const DENIED_BY_PERSON: &str =
    "Nothing was done: the person looked at what would happen and said no. Do not ask for the same again.";
const SPENT: &str = "Nothing was done by this call: the approval was used by another call, or has ended. Look before you repeat it.";

impl Call {
    /// Asks the policy, and where it demands an approval, the person. A no is recorded.
    pub(super) fn decided(&self, stage: Stage, effect: &ResolvedEffect) -> Result<Permit, Stop> {
        let labels = self.cell.labels_of_call().map_err(|error| not_recorded(error.into()))?;
        match self.ask_policy(stage, effect, labels, None)? {
            Decision::Permit(permit) => Ok(permit),
            Decision::Deny(denial) => Err(self.denied(&denial)),
            Decision::Ask(ask) => {
                let standing = self.cell.approval_for(&self.asking(effect, &ask));
                let (approval, address) = match standing.map_err(|error| not_recorded(error.into()))? {
                    Asked::Approved(approval, address) => (approval, address),
                    Asked::Denied => {
                        self.cell.record_denial(&self.actor, self.action, Denied::of("approval.denied"));
                        return Err(Stop::Told(DENIED_BY_PERSON.to_owned()));
                    }
                    Asked::TooMany => {
                        self.cell.record_denial(&self.actor, self.action, Denied::of("approval.too_many"));
                        return Err(Stop::Told(self.too_many_questions(&ask)));
                    }
                    Asked::Waiting(address) => return Err(waiting(&ask, address)),
                };
                match self.ask_policy(stage, effect, labels, Some(approval))? {
                    Decision::Permit(permit) => Ok(permit),
                    Decision::Ask(ask) => Err(waiting(&ask, address)),
                    Decision::Deny(denial) => Err(self.denied(&denial)),
                }
            }
        }
    }

    /// What is in force now.
    pub(super) fn policies(&self) -> Result<Arc<Policies>, Stop> {
        self.cell.core().policies().ok_or_else(no_policy)
    }

    fn ask_policy(
        &self,
        stage: Stage,
        effect: &ResolvedEffect,
        labels: Labels,
        approval: Option<Approval>,
    ) -> Result<Decision, Stop> {
        let policies = self.policies()?;
        let question = Question {
            actor: self.actor.clone(),
            action: &self.action.spec,
            stage,
            effect,
            scopes: self.invocation.scopes(&self.action.spec),
            granted: &self.granted,
            labels,
            approval,
            now: self.cell.now(),
        };
        Ok(decide(&policies, question))
    }

    fn asking<'a>(&'a self, effect: &'a ResolvedEffect, ask: &'a Ask) -> Asking<'a> {
        let (actor, action) = (&self.actor, &self.action.spec);
        Asking { actor, action, arguments: &self.arguments, effect, ask }
    }

    fn too_many_questions(&self, ask: &Ask) -> String {
        format!(
            "Nothing was done: {}, so it must be approved, and {WAITING_MOST} questions wait for this person already. \
             Ask the person to answer them at {}/me; unanswered ones end after {} minutes. Then call this tool again.",
            ask.reason,
            self.cell.core().config.issuer(),
            APPROVAL_LIFE.as_secs() / 60
        )
    }

    fn denied(&self, denial: &Denial) -> Stop {
        let basis = if let Denial::Rule { rule, .. } = denial { Some(rule.as_str()) } else { None };
        self.cell.record_denial(&self.actor, self.action, Denied { code: denial.code(), basis });
        match denial {
            Denial::Scopes { all, .. } => {
                let server = &self.cell.core().server;
                let challenge = server.challenge(self.resource, Some("insufficient_scope"), Some(all));
                match HeaderValue::try_from(challenge) {
                    Ok(challenge) => Stop::Refused(Refusal::InsufficientScope { challenge }),
                    Err(_) => Stop::Told(denial.sentence()),
                }
            }
            Denial::NotOffered
            | Denial::Policy
            | Denial::Profile { .. }
            | Denial::Rule { .. }
            | Denial::Service => Stop::Told(denial.sentence()),
        }
    }

    /// Records the intent, and with it uses limits and spends the approval that the permit rests on.
    pub(super) fn intend(&self, permit: Permit, effect: &ResolvedEffect) -> Result<Intent, Stop> {
        let (cell, policies) = (&self.cell, self.policies()?);
        let Terms { approval, stage, .. } = *permit.terms();
        let audience = effect.audience(&policies.frame().internal);
        let cost = Cost {
            action: &self.action.spec,
            effect: effect_of(&self.action.spec, effect),
            client: self.actor.client.as_ref().map_or("-", ClientId::as_str),
            call: stage == Stage::Look || !self.must_look(),
            reached: (stage == Stage::Act).then(|| (&audience, effect.bytes())),
        };
        let also = |sql: &dyn Sql| {
            charge(sql, policies.limits(), &cost, cell.now())?.map_err(Unintended::Limit)?;
            match approval {
                Some(approval) if !cell.spend_approval(sql, approval.id)? => Err(Unintended::Spent),
                _ => Ok(()),
            }
        };
        cell.journal().intend_with(permit, &self.arguments, cell.now(), also).map_err(|error| match error {
            Unintended::Journal(error) => not_recorded(error),
            Unintended::Limit(reached) => {
                let denied = Denied { code: "limit.reached", basis: Some(&reached.name) };
                cell.record_denial(&self.actor, self.action, denied);
                Stop::Told(reached.sentence(cell.now()))
            }
            Unintended::Spent => {
                cell.record_denial(&self.actor, self.action, Denied::of("approval.spent"));
                Stop::Told(SPENT.to_owned())
            }
        })
    }
}

impl Cell {
    pub(super) fn record_denial(&self, actor: &Actor, action: &'static Action, denied: Denied<'_>) {
        let tell = |sql: &dyn Sql| self.tell_of(sql, actor, (action.spec.audit, denied.code));
        if let Err(error) = self.journal().deny(actor, &action.spec, denied, self.now(), tell) {
            tracing::error!(requestId = %actor.request, %error, "a denial could not be recorded");
        }
    }
}

fn waiting(ask: &Ask, url: String) -> Stop {
    let who =
        if ask.second_person { "a second person must approve it" } else { "the person must approve it" };
    let sentence = format!(
        "Nothing was done yet: {}, so {who} first. Ask the person to open {url} and to look at what would happen. \
         After the approval, call this tool again with exactly the same arguments; it then happens once. \
         The link ends after {} minutes.",
        ask.reason,
        APPROVAL_LIFE.as_secs() / 60
    );
    Stop::Approval { sentence, url }
}

/// Why an intent did not come about.
enum Unintended {
    Journal(JournalError),
    Limit(LimitReached),
    Spent,
}

impl From<JournalError> for Unintended {
    fn from(error: JournalError) -> Self {
        Self::Journal(error)
    }
}

impl From<SqlError> for Unintended {
    fn from(error: SqlError) -> Self {
        Self::Journal(error.into())
    }
}
