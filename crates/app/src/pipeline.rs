//! One action from arguments to answer: parse, decide, record the intent, act, record the outcome.
//!
//! Invariants:
//! * there is no way from arguments to an effect but through a `Permit` and a committed `Intent`: the types of
//!   `policy`, `journal`, `graph` and `egress` do not fit together in any other order;
//! * between intent and outcome the work is detached: a client that goes away cannot cut an effect from its record;
//! * every end writes exactly one record or pair of records.

use std::sync::Arc;
use std::time::Duration;

use async_lock::SemaphoreGuardArc;
use futures_channel::oneshot;
use futures_util::future::{Either, select};
use http::HeaderValue;
use m365_auth::entra::session::MicrosoftSession;
use m365_graph::{Account, Action, ActionError, Answer, Context, GraphClient, Invocation, Ports};
use m365_journal::{JournalError, Outcome};
use m365_mcp::Refusal;
use m365_policy::{Decision, Denial, Question, decide};
use m365_ports::Verdict;
use m365_types::{Actor, ClientId, Intent, ScopeSet};
use serde_json::{Map, Value};

use crate::cell::{COPY_FRESH, Caller, Cell, Place};

/// A call that ended well.
pub(crate) struct Done {
    pub(crate) text: String,
    pub(crate) structured: Value,
}

/// A call that did not.
pub(crate) enum Stop {
    /// The caller can act on this sentence.
    Told(String),
    /// The protocol has its own answer.
    Refused(Refusal),
}

/// A call whose intent stands in the journal.
struct Recorded {
    invocation: Box<dyn Invocation>,
    intent: Intent,
    account: Account,
    /// Held to the end of the call.
    _place: SemaphoreGuardArc,
}

/// How long a caller with too many calls under way is asked to wait.
const BUSY_WAIT: Duration = Duration::from_secs(10);
/// Tries of the closing record; its transaction may meet a reader of the file.
const CONCLUDE_TRIES: u32 = 3;

impl Caller {
    /// Performs one action for this caller.
    pub(crate) async fn perform(
        &self,
        action: &'static Action,
        arguments: Map<String, Value>,
    ) -> Result<Done, Stop> {
        let (cell, spec) = (&self.cell, &action.spec);
        let invocation = match action.parse(&arguments) {
            Ok(invocation) => invocation,
            Err(errors) => {
                self.record_denial(action, "argument.invalid");
                return Err(Stop::Told(errors.to_string()));
            }
        };
        let question = Question {
            actor: self.actor.clone(),
            action: spec,
            reach: invocation.reach(),
            profile: cell.core().config.profile,
            granted: &self.granted,
        };
        let permit = match decide(question) {
            Decision::Permit(permit) => permit,
            Decision::Deny(denial) => {
                self.record_denial(action, denial.code());
                return Err(self.denied(&denial));
            }
        };
        let Some(place) = cell.admit_call() else {
            self.record_denial(action, "calls.too_many");
            return Err(Stop::Refused(too_many_calls()));
        };
        // Read before the intent: what fails here must not leave an intent without outcome.
        let account = self.account()?;
        let intent =
            cell.journal().intend(permit, &Value::Object(arguments), cell.now()).map_err(not_recorded)?;
        self.detach(Recorded { invocation, intent, account, _place: place }).await
    }

    /// Hands the recorded call to the background and waits for its answer.
    async fn detach(&self, recorded: Recorded) -> Result<Done, Stop> {
        let (sender, receiver) = oneshot::channel();
        let place = self.cell.in_flight().enter(self.actor.client.clone(), self.turn);
        let (cell, microsoft) = (self.cell.clone(), self.microsoft.clone());
        self.cell.core().ports.background.spawn(Box::pin(async move {
            let ended = cell.act(&microsoft, &recorded).await;
            // The receiver is gone where the client is; the record is written all the same.
            drop(sender.send(ended));
        }));
        let answered = std::pin::pin!(self.answered(receiver));
        let ended = std::pin::pin!(self.ended(place));
        match select(answered, ended).await {
            Either::Left((answer, _)) => answer,
            Either::Right((stop, _)) => Err(stop),
        }
    }

    async fn answered(&self, receiver: oneshot::Receiver<Result<Done, Stop>>) -> Result<Done, Stop> {
        receiver.await.unwrap_or_else(|_| {
            let sentence = format!("Something went wrong on our side. Whether the call had an effect is unknown: look before you repeat it. Tell the operator request {}.", self.actor.request);
            Err(Stop::Refused(Refusal::Fault { sentence }))
        })
    }

    /// Completes when an order ends the call, or when the cell no longer knows whether one does.
    async fn ended(&self, mut place: Place) -> Stop {
        let cell = &self.cell;
        loop {
            match select(&mut place.ended, cell.core().ports.timer.sleep(COPY_FRESH)).await {
                Either::Left(_) => break,
                Either::Right(((), _)) => {
                    if cell.stand().await.is_err() {
                        break;
                    }
                }
            }
        }
        let challenge = cell.core().server.challenge(Some("invalid_token"), None);
        match HeaderValue::try_from(challenge) {
            Ok(challenge) => Stop::Refused(Refusal::SessionEnded { challenge }),
            Err(_) => {
                Stop::Told("The session was ended. Whether the call had an effect is unknown.".to_owned())
            }
        }
    }

    fn account(&self) -> Result<Account, Stop> {
        let Some(person) = self.actor.principal.person() else {
            return Err(Stop::Told(Denial::Service.sentence()));
        };
        let linked = self.account.as_ref().filter(|account| account.is_signed_in);
        Ok(Account {
            email: person.email.clone(),
            microsoft: linked
                .map(|account| account.name.clone().map_or_else(|| account.oid.to_string(), String::from)),
            granted: self.granted.clone(),
            microsoft_scopes: linked.map_or_else(ScopeSet::default, |account| account.scopes.clone()),
            sign_in_url: self.cell.core().connect_url(),
        })
    }

    fn record_denial(&self, action: &'static Action, code: &str) {
        let written = self.cell.journal().deny(&self.actor, &action.spec, code, self.cell.now());
        if let Err(error) = written {
            tracing::error!(requestId = %self.actor.request, %error, "a denial could not be recorded");
        }
    }

    fn denied(&self, denial: &Denial) -> Stop {
        match denial {
            Denial::Scopes { all, .. } => {
                let challenge = self.cell.core().server.challenge(Some("insufficient_scope"), Some(all));
                match HeaderValue::try_from(challenge) {
                    Ok(challenge) => Stop::Refused(Refusal::InsufficientScope { challenge }),
                    Err(_) => Stop::Told(denial.sentence()),
                }
            }
            Denial::Profile { .. } | Denial::Service => Stop::Told(denial.sentence()),
        }
    }
}

impl Cell {
    /// Runs a recorded call and records how it ended.
    async fn act(
        &self,
        microsoft: &Arc<MicrosoftSession>,
        Recorded { invocation, intent, account, .. }: &Recorded,
    ) -> Result<Done, Stop> {
        let actor = intent.permit().actor();
        let tokens = microsoft.clone().tokens(actor.request);
        let ports = &self.core().ports;
        let lent = Ports {
            upstream: &*self.core().upstream,
            tokens: &tokens,
            timer: &*ports.timer,
            entropy: &*ports.entropy,
        };
        let graph = GraphClient::new(lent, intent);
        let context = Context { graph: &graph, now: self.now(), request: actor.request, account };
        let ended = {
            let _place = self.calls().acquire().await;
            invocation.run(&context).await
        };
        let outcome = outcome(&ended, graph.traces());
        log(actor, intent, &outcome);
        match self.conclude(intent, &outcome) {
            Ok(()) => ended
                .map(|Answer { text, structured }| Done { text, structured })
                .map_err(|error| Stop::Told(error.sentence())),
            Err(error) => {
                tracing::error!(requestId = %actor.request, %error, "the outcome of a call could not be recorded");
                Err(Stop::Told("The call was made, but its outcome could not be recorded, so its result is withheld. Look before you repeat it, and tell the operator.".into()))
            }
        }
    }

    fn conclude(&self, intent: &Intent, outcome: &Outcome) -> Result<(), JournalError> {
        let mut tried = 1;
        loop {
            match self.journal().conclude(intent, outcome, self.now()) {
                Ok(_) => {
                    self.ring_soon();
                    return Ok(());
                }
                Err(error) if tried >= CONCLUDE_TRIES => return Err(error),
                Err(_) => tried += 1,
            }
        }
    }
}

fn outcome(ended: &Result<Answer, ActionError>, traces: Vec<m365_ports::Trace>) -> Outcome {
    let (verdict, code, bytes) = match ended {
        Ok(answer) => (Verdict::Done, "ok".to_owned(), answer.text.len() as u64),
        Err(error) if error.maybe_done() => (Verdict::Unknown, error.code().to_owned(), 0),
        Err(error) => (Verdict::Failed, error.code().to_owned(), 0),
    };
    let status = traces.last().and_then(|trace| trace.status);
    Outcome { verdict, code, status, traces, bytes }
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

fn too_many_calls() -> Refusal {
    let sentence = "Too many calls are under way for this person. Nothing was done. Wait for some of them to end, then try again.";
    Refusal::Unavailable { sentence: sentence.to_owned(), retry_after: Some(BUSY_WAIT) }
}

fn not_recorded(error: JournalError) -> Stop {
    tracing::error!(%error, "an intent could not be recorded");
    Stop::Refused(Refusal::Unavailable { sentence: format!("Nothing was done: {error}."), retry_after: None })
}
