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
use async_trait::async_trait;
use futures_channel::oneshot;
use futures_util::future::{Either, pending, select};
use http::HeaderValue;
use m365_auth::entra::session::MicrosoftSession;
use m365_graph::{
    Account, Action, ActionError, Answer, Context, GraphClient, Invocation, Ports, Position, Watch,
};
use m365_journal::{JournalError, Outcome};
use m365_mcp::{Client, Refusal};
use m365_policy::{Decision, Denial, Question, decide};
use m365_ports::Verdict;
use m365_types::{Actor, ClientId, Intent, ScopeSet};
use serde_json::{Map, Value};

use crate::cell::{COPY_FRESH, CallName, Caller, Cancellation, Cell};
use crate::offer;

/// A call that ended well.
pub(crate) struct Done {
    pub(crate) text: String,
    pub(crate) structured: Value,
}

/// A call that did not.
pub(crate) enum Stop {
    /// The person must sign in to Microsoft first, in a browser; the sentence says where.
    SignIn(String),
    /// The arguments do not fit, or what they name does not exist, as the sentence says. Nothing was done.
    Absent(String),
    /// The caller can act on this sentence.
    Told(String),
    /// The protocol has its own answer.
    Refused(Refusal),
}

/// A call whose intent stands in the journal.
struct Recorded {
    action: &'static Action,
    invocation: Box<dyn Invocation>,
    /// The arguments as they were recorded.
    arguments: Map<String, Value>,
    position: Option<Position>,
    intent: Intent,
    account: Account,
    /// Held to the end of the call.
    _place: SemaphoreGuardArc,
}

impl Recorded {
    /// The arguments that the action has. What else a client sent along is ignored, and a cursor must not carry it.
    fn known_arguments(&self) -> Map<String, Value> {
        let schema = self.action.input_schema();
        let known = |name: &str| schema.get("properties").is_some_and(|known| known.get(name).is_some());
        let arguments = self.arguments.iter().filter(|(name, _)| known(name));
        arguments.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

/// Whoever waits for a call: hears how far it has come, and may no longer want it.
struct Waiting {
    client: Arc<Client>,
    cancellation: Arc<Cancellation>,
}

/// Cancels the call of a client that leaves, where leaving means that.
struct Leaving {
    cancellation: Arc<Cancellation>,
    cancels: bool,
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
        client: &Arc<Client>,
    ) -> Result<Done, Stop> {
        let (cell, spec) = (&self.cell, &action.spec);
        let (arguments, position) = self.continued(action, arguments)?;
        let invocation = match action.parse(&arguments) {
            Ok(invocation) => invocation,
            Err(errors) => {
                self.record_denial(action, "argument.invalid");
                return Err(Stop::Absent(errors.to_string()));
            }
        };
        let question = Question {
            actor: self.actor.clone(),
            action: spec,
            reach: invocation.reach(),
            scopes: invocation.scopes(spec),
            toolset: &cell.core().config.toolset,
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
        let given = Value::Object(arguments);
        let intent = cell.journal().intend(permit, &given, cell.now()).map_err(not_recorded)?;
        let arguments = if let Value::Object(arguments) = given { arguments } else { Map::new() };
        let recorded = Recorded { action, invocation, arguments, position, intent, account, _place: place };
        self.detach(recorded, client).await
    }

    /// What a list's cursor stands for: the arguments it was given for, and where it goes on.
    fn continued(
        &self,
        action: &'static Action,
        arguments: Map<String, Value>,
    ) -> Result<(Map<String, Value>, Option<Position>), Stop> {
        let cursor = arguments.get("cursor").filter(|cursor| action.is_paged() && !cursor.is_null());
        let Some(cursor) = cursor else { return Ok((arguments, None)) };
        let opened = cursor.as_str().and_then(|cursor| self.cell.open_cursor(action.spec.name, cursor));
        let (arguments, position) = opened.ok_or_else(|| {
            self.record_denial(action, "argument.cursor");
            Stop::Told("The argument `cursor` is not one that this tool gave to this person within the last hour. Call the tool again without it.".to_owned())
        })?;
        Ok((arguments, Some(position)))
    }

    /// Hands the recorded call to the background and waits for its answer.
    async fn detach(&self, recorded: Recorded, client: &Arc<Client>) -> Result<Done, Stop> {
        let (sender, receiver) = oneshot::channel();
        let Actor { client: of, grant, .. } = self.actor.clone();
        let name = CallName { client: of, grant, key: client.key().clone() };
        let (place, ending) = self.cell.in_flight().enter(name, self.turn);
        let (cell, microsoft) = (self.cell.clone(), self.microsoft.clone());
        let waiting = Waiting { client: client.clone(), cancellation: place.cancellation.clone() };
        // Dropped with this future: when the answer is there, or when nobody waits for it any more.
        let _leaving =
            Leaving { cancellation: place.cancellation.clone(), cancels: client.cancels_by_leaving() };
        self.cell.core().ports.background.spawn(Box::pin(async move {
            let ended = cell.act(&microsoft, &recorded, &waiting).await;
            // Over: nobody can end or cancel it any more.
            drop(place);
            // The receiver is gone where the client is; the record is written all the same.
            drop(sender.send(ended));
        }));
        let answered = std::pin::pin!(self.answered(receiver));
        let ended = std::pin::pin!(self.ended(ending));
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
    async fn ended(&self, mut ending: oneshot::Receiver<()>) -> Stop {
        let cell = &self.cell;
        loop {
            match select(&mut ending, cell.core().ports.timer.sleep(COPY_FRESH)).await {
                Either::Left((Ok(()), _)) => break,
                // The call is over, and its answer is on the way.
                Either::Left((Err(oneshot::Canceled), _)) => pending::<()>().await,
                Either::Right(((), _)) => {
                    if cell.stand().await.is_err() {
                        break;
                    }
                }
            }
        }
        let challenge = cell.core().server.challenge(self.resource, Some("invalid_token"), None);
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
            offered: offer::names(&self.cell.core().config.toolset),
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
                let challenge =
                    self.cell.core().server.challenge(self.resource, Some("insufficient_scope"), Some(all));
                match HeaderValue::try_from(challenge) {
                    Ok(challenge) => Stop::Refused(Refusal::InsufficientScope { challenge }),
                    Err(_) => Stop::Told(denial.sentence()),
                }
            }
            Denial::NotOffered | Denial::Profile { .. } | Denial::Service => Stop::Told(denial.sentence()),
        }
    }
}

impl Cell {
    /// Runs a recorded call and records how it ended.
    async fn act(
        &self,
        microsoft: &Arc<MicrosoftSession>,
        recorded: &Recorded,
        waiting: &Waiting,
    ) -> Result<Done, Stop> {
        let Recorded { invocation, intent, account, .. } = recorded;
        let actor = intent.permit().actor();
        let tokens = microsoft.clone().tokens(actor.request);
        let ports = &self.core().ports;
        let lent = Ports {
            upstream: &*self.core().upstream,
            tokens: &tokens,
            timer: &*ports.timer,
            entropy: &*ports.entropy,
            clock: &*ports.clock,
            watch: waiting,
        };
        let ended = {
            // Whoever cancels while waiting for a place needs none: the first exchange is not begun any more.
            let place = std::pin::pin!(self.calls().acquire());
            let cancelled = std::pin::pin!(waiting.cancellation.cancelled());
            let _place = select(place, cancelled).await;
            let graph = GraphClient::new(lent, intent);
            let documents = self.documents();
            let context = Context {
                graph: &graph,
                now: self.now(),
                request: actor.request,
                account,
                position: recorded.position.as_ref(),
                zone: self.zone(),
                documents: &documents,
            };
            let ended = invocation.run(&context).await;
            (ended, graph.traces())
        };
        let (ended, traces) = ended;
        let outcome = outcome(&ended, traces);
        log(actor, intent, &outcome);
        match self.conclude(intent, &outcome) {
            Ok(()) => ended.map(|answer| self.with_cursor(recorded, answer)).map_err(|error| stop(&error)),
            Err(error) => {
                tracing::error!(requestId = %actor.request, %error, "the outcome of a call could not be recorded");
                Err(Stop::Told("The call was made, but its outcome could not be recorded, so its result is withheld. Look before you repeat it, and tell the operator.".into()))
            }
        }
    }

    /// The answer with the cursor that continues it.
    fn with_cursor(&self, recorded: &Recorded, answer: Answer) -> Done {
        let Answer { mut text, mut structured, next } = answer;
        if let (Some(next), Some(object)) = (next, structured.as_object_mut()) {
            let cursor = self.seal_cursor(recorded.action.spec.name, &recorded.known_arguments(), &next);
            text.push_str("\nThe list goes on: call this tool again with `cursor` set to ");
            text.push_str(&cursor);
            object.insert("nextCursor".to_owned(), cursor.into());
        }
        Done { text, structured }
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

impl Drop for Leaving {
    fn drop(&mut self) {
        // After the answer this does nothing: the call is over.
        if self.cancels {
            self.cancellation.cancel();
        }
    }
}

#[async_trait]
impl Watch for Waiting {
    fn progress(&self, done: u32, message: &'static str) {
        self.client.progress(done, None, message);
    }

    fn is_cancelled(&self) -> bool {
        self.cancellation.is_cancelled()
    }

    async fn cancelled(&self) {
        self.cancellation.cancelled().await;
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
