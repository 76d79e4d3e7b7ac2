//! One call with checked arguments, from its intent to its answer; what is decided on the way is in [`super::decision`].
//!
//! A call whose effect only Graph can tell is two: one that looks, decided by its arguments, and one that acts, decided by
//! what was seen. Each has its own pair of records.

use std::sync::Arc;

use futures_util::future::select;
use m365_auth::entra::session::MicrosoftSession;
use m365_auth::oauth::metadata::Resource;
use m365_graph::{Account, Action, ActionError, Answer, Context, GraphClient, Invocation, Ports, Position};
use m365_journal::{JournalError, Outcome};
use m365_mcp::Refusal;
use m365_ports::{Sql, Trace, Verdict};
use m365_types::{
    Actor, ClientId, Effect, Intent, Label, Labels, ResolvedEffect, ScopeSet, Sensitivity, Stage,
};
use serde_json::{Map, Value};

use super::inspection::Remarks;
use super::{Done, Stop, Waiting, not_recorded};
use crate::cell::Cell;

/// One call with checked arguments, on its way from decision to answer.
pub(super) struct Call {
    pub(super) cell: Arc<Cell>,
    pub(super) microsoft: Arc<MicrosoftSession>,
    pub(super) actor: Actor,
    pub(super) granted: ScopeSet,
    pub(super) resource: Resource,
    pub(super) action: &'static Action,
    pub(super) invocation: Box<dyn Invocation>,
    /// The arguments as they are recorded.
    pub(super) arguments: Value,
    pub(super) position: Option<Position>,
    pub(super) account: Account,
    /// What was noticed so far.
    pub(super) remarks: Remarks,
}

/// Why a call that was made has no answer.
pub(super) enum Unanswered {
    Failed(ActionError),
    /// The answer may not be handed out.
    Withheld {
        code: &'static str,
        sentence: String,
    },
}

impl Unanswered {
    pub(super) const fn withheld(code: &'static str, sentence: String) -> Self {
        Self::Withheld { code, sentence }
    }

    fn stop(&self) -> Stop {
        match self {
            Self::Failed(error) => stop(error),
            Self::Withheld { sentence, .. } => Stop::Told(sentence.clone()),
        }
    }
}

const ENDED: &str = "Nothing was done: the session was ended while the call was under way.";
/// Tries of the closing record; its transaction may meet a reader of the file.
const CONCLUDE_TRIES: u32 = 3;

impl Call {
    /// Whether the effect is one that only Graph can tell. A call that only reads changes nothing that could be told.
    pub(super) fn must_look(&self) -> bool {
        self.action.spec.effect != Effect::Read && self.invocation.must_look()
    }

    /// Runs a recorded call to its end. Where the intent is to look, what is seen is decided on anew.
    pub(super) async fn run(mut self, intent: Intent, waiting: &Waiting) -> Result<Done, Stop> {
        // Whoever cancels while waiting for a place needs none: the first exchange is not begun any more.
        let cell = self.cell.clone();
        let place = std::pin::pin!(cell.calls().acquire());
        let cancelled = std::pin::pin!(waiting.cancellation.cancelled());
        let _place = select(place, cancelled).await;
        if intent.permit().terms().stage == Stage::Act {
            return self.act(&intent, waiting).await;
        }
        let effect = self.look(&intent, waiting).await?;
        // Minutes may have passed since the token was looked at, and an order may have come.
        if self.cell.stand().await.is_err() || !self.still_granted() {
            return Err(Stop::Told(ENDED.to_owned()));
        }
        let labels = self.cell.labels_of_call().map_err(|error| not_recorded(error.into()))?;
        self.inspect_effect(labels, &effect)?;
        let permit = self.decided(Stage::Act, &effect)?;
        self.act(&self.intend(permit, &effect)?, waiting).await
    }

    fn still_granted(&self) -> bool {
        self.actor.grant.is_none_or(|grant| self.cell.has_grant(grant))
    }

    /// Finds out what the effect would be, and records that as a call of its own.
    async fn look(&self, intent: &Intent, waiting: &Waiting) -> Result<ResolvedEffect, Stop> {
        let looking = async |context: &Context<'_>| {
            // A look that nobody is signed in for would find out nothing, and people would be asked in vain.
            context.graph.sign_in().await?;
            self.invocation.look(context).await
        };
        let (ended, traces) = self.with_context(intent, waiting, looking).await;
        let (verdict, code) = ended.as_ref().map_or_else(failed, |_| (Verdict::Done, "ok".to_owned()));
        let status = traces.last().and_then(|trace| trace.status);
        let (labels, notes) = (Labels::NONE, Vec::new());
        let outcome = Outcome { verdict, code, status, traces, bytes: 0, labels, notes };
        self.conclude(intent, &outcome).map_err(|error| self.unrecorded(error))?;
        ended.map_err(|error| stop(&error))
    }

    /// Has the effect and records how it ended.
    async fn act(&self, intent: &Intent, waiting: &Waiting) -> Result<Done, Stop> {
        let (ended, traces) =
            self.with_context(intent, waiting, async |context| self.invocation.run(context).await).await;
        let mut remarks = Remarks::default();
        let ended = match ended {
            Ok(answer) => self.inspect_answer(intent, answer, &mut remarks).await,
            Err(error) => Err(Unanswered::Failed(error)),
        };
        let outcome = self.outcome(&ended, traces, remarks);
        log(&self.actor, intent, &outcome);
        match self.conclude(intent, &outcome) {
            Ok(()) => ended.map(|answer| self.with_cursor(answer)).map_err(|unanswered| unanswered.stop()),
            Err(error) => Err(self.unrecorded(error)),
        }
    }

    /// Lends what a running call can use.
    async fn with_context<T>(
        &self,
        intent: &Intent,
        waiting: &Waiting,
        body: impl AsyncFnOnce(&Context<'_>) -> Result<T, ActionError>,
    ) -> (Result<T, ActionError>, Vec<Trace>) {
        let (cell, ports) = (&self.cell, &self.cell.core().ports);
        let tokens = self.microsoft.clone().tokens(self.actor.request);
        let lent = Ports {
            upstream: &*cell.core().upstream,
            tokens: &tokens,
            timer: &*ports.timer,
            entropy: &*ports.entropy,
            clock: &*ports.clock,
            watch: waiting,
            llm: cell.core().llm.as_deref(),
        };
        let graph = GraphClient::new(lent, intent);
        let documents = cell.documents();
        let context = Context {
            graph: &graph,
            now: cell.now(),
            request: self.actor.request,
            account: &self.account,
            position: self.position.as_ref(),
            zone: cell.zone(),
            documents: &documents,
            internal: &cell.core().config.internal,
            confidential: &cell.core().config.confidential,
        };
        let ended = body(&context).await;
        (ended, graph.traces())
    }

    fn outcome(
        &self,
        ended: &Result<Answer, Unanswered>,
        mut traces: Vec<Trace>,
        remarks: Remarks,
    ) -> Outcome {
        let (verdict, code) = match ended {
            Ok(_) => (Verdict::Done, "ok".to_owned()),
            Err(Unanswered::Failed(error)) => failed(error),
            // The call was made; nobody hears what came of it.
            Err(Unanswered::Withheld { code, .. }) => (Verdict::Done, (*code).to_owned()),
        };
        let (bytes, labels) = match ended {
            Ok(answer) => (answer.text.len() as u64, self.labels(answer)),
            Err(_) => (0, Labels::NONE),
        };
        let status = traces.last().and_then(|trace| trace.status);
        traces.extend(remarks.traces);
        let notes = self.remarks.notes.iter().cloned().chain(remarks.notes).collect();
        Outcome { verdict, code, status, traces, bytes, labels, notes }
    }

    /// What the answer brings along: what its row says, where it comes from, and what it says itself.
    pub(super) fn labels(&self, answer: &Answer) -> Labels {
        let of_row = [
            self.action.spec.untrusted.then_some(Label::Untrusted),
            self.reads_in_confidence().then_some(Label::Confidential),
        ];
        of_row.into_iter().flatten().collect::<Labels>().union(answer.labels)
    }

    /// Whether the call shows what lies in a place that the operator calls confidential.
    fn reads_in_confidence(&self) -> bool {
        if !self.action.spec.sensitivity.contains(&Sensitivity::Place) {
            return false;
        }
        let effect = self.invocation.effect();
        let (target, folder) = (effect.target.as_str(), effect.folder.as_deref());
        let sources = &self.cell.core().config.confidential;
        // A person's own mailbox is a place by their address too.
        let own = [Some(self.account.email.as_str()), self.account.microsoft.as_deref()];
        let names = own.into_iter().flatten().filter(|_| target == "me" || target.starts_with("me/"));
        sources.holds(target, folder)
            || names.map(|name| format!("users/{name}")).any(|place| sources.holds(&place, folder))
    }

    /// Records the outcome and takes up its labels in one transaction.
    fn conclude(&self, intent: &Intent, outcome: &Outcome) -> Result<(), JournalError> {
        let (cell, mut tried) = (&self.cell, 1);
        loop {
            let named = (self.action.spec.name, self.actor.request);
            let also = |sql: &dyn Sql| {
                cell.tell_of(sql, &self.actor, (self.action.spec.audit, &outcome.code))?;
                cell.take_up(sql, outcome.labels, named)
            };
            match cell.journal().conclude_with(intent, outcome, cell.now(), also) {
                Ok(_) => {
                    cell.ring_soon();
                    return Ok(());
                }
                Err(error) if tried >= CONCLUDE_TRIES => return Err(error),
                Err(_) => tried += 1,
            }
        }
    }

    fn unrecorded(&self, error: JournalError) -> Stop {
        tracing::error!(requestId = %self.actor.request, %error, "the outcome of a call could not be recorded");
        Stop::Told("The call was made, but its outcome could not be recorded, so its result is withheld. Look before you repeat it, and tell the operator.".into())
    }

    /// The answer with the cursor that continues it.
    fn with_cursor(&self, answer: Answer) -> Done {
        let Answer { mut text, mut structured, next, labels: _ } = answer;
        if let (Some(next), Some(object)) = (next, structured.as_object_mut()) {
            let cursor = self.cell.seal_cursor(self.action.spec.name, &self.known_arguments(), &next);
            text.push_str("\nThe list goes on: call this tool again with `cursor` set to ");
            text.push_str(&cursor);
            object.insert("nextCursor".to_owned(), cursor.into());
        }
        Done { text, structured }
    }

    /// The arguments that the action has. What else a client sent along is ignored, and a cursor must not carry it.
    fn known_arguments(&self) -> Map<String, Value> {
        let schema = self.action.input_schema();
        let known = |name: &str| schema.get("properties").is_some_and(|known| known.get(name).is_some());
        let arguments = self.arguments.as_object().into_iter().flatten().filter(|(name, _)| known(name));
        arguments.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

fn stop(error: &ActionError) -> Stop {
    if error.needs_sign_in() {
        Stop::SignIn(error.sentence())
    } else if error.is_not_found() {
        Stop::Absent(error.sentence())
    } else if error.is_cancelled() {
        Stop::Refused(Refusal::Cancelled)
    } else {
        Stop::Told(error.sentence())
    }
}

fn failed(error: &ActionError) -> (Verdict, String) {
    let verdict = if error.maybe_done() { Verdict::Unknown } else { Verdict::Failed };
    (verdict, error.code().to_owned())
}

fn log(actor: &Actor, intent: &Intent, outcome: &Outcome) {
    let ids = |pick: fn(&m365_ports::Trace) -> Option<&String>| {
        outcome.traces.iter().filter_map(pick).map(String::as_str).collect::<Vec<_>>().join(",")
    };
    tracing::info!(
        requestId = %actor.request,
        tool = intent.permit().action().name,
        client = actor.client.as_ref().map_or("-", ClientId::as_str),
        code = outcome.code,
        aiGatewayLogId = ids(|trace| trace.ai_gateway_log_id.as_ref()),
        graphRequestId = ids(|trace| trace.graph_request_id.as_ref()),
        "call"
    );
}
