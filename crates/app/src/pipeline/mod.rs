//! One action from arguments to answer: parse, decide, record the intent, act, record the outcome.
//!
//! Invariants:
//! * there is no way from arguments to an effect but through a `Permit` and a committed `Intent`: the types of
//!   `policy`, `journal`, `graph` and `egress` do not fit together in any other order;
//! * between intent and outcome the work is detached: a client that goes away cannot cut an effect from its record;
//! * every end writes exactly one record or pair of records.

mod call;
mod classifier;
mod decision;
mod inspection;

use std::sync::Arc;
use std::time::Duration;

use async_lock::SemaphoreGuardArc;
use async_trait::async_trait;
use call::Call;
use decision::Denied;
use futures_channel::oneshot;
use futures_util::future::{Either, pending, select};
use http::HeaderValue;
use m365_graph::{Account, Action, Position, Watch};
use m365_journal::JournalError;
use m365_mcp::{Client, Refusal};
use m365_policy::Denial;
use m365_types::{Actor, Intent, ScopeSet, Stage};
use serde_json::{Map, Value};

use crate::cell::{COPY_FRESH, CallName, Caller, Cancellation};
use crate::{errors, offer};
use inspection::Remarks;

/// A call that ended well.
pub(crate) struct Done {
    pub(crate) text: String,
    pub(crate) structured: Value,
}

/// A call that did not.
pub(crate) enum Stop {
    /// The person must sign in to Microsoft first, in a browser; the sentence says where.
    SignIn(String),
    /// Somebody must say yes to exactly this effect first, on the page at `url`; the sentence says so too.
    Approval { sentence: String, url: String },
    /// The arguments do not fit, or what they name does not exist, as the sentence says. Nothing was done.
    Absent(String),
    /// The caller can act on this sentence.
    Told(String),
    /// The protocol has its own answer.
    Refused(Refusal),
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

impl Caller {
    /// Performs one action for this caller.
    pub(crate) async fn perform(
        &self,
        action: &'static Action,
        arguments: Map<String, Value>,
        client: &Arc<Client>,
    ) -> Result<Done, Stop> {
        let cell = &self.cell;
        if cell.core().fresh_policies().await.is_none() {
            cell.record_denial(&self.actor, action, Denied::of(errors::POLICY.code));
            return Err(no_policy());
        }
        self.refuse_services(action)?;
        let (arguments, position) = self.continued(action, arguments)?;
        let invocation = match action.parse(&arguments) {
            Ok(invocation) => invocation,
            Err(errors) => {
                cell.record_denial(&self.actor, action, Denied::of("argument.invalid"));
                return Err(Stop::Absent(errors.to_string()));
            }
        };
        let mut checked = Call {
            cell: cell.clone(),
            microsoft: self.microsoft.clone(),
            actor: self.actor.clone(),
            granted: self.granted.clone(),
            resource: self.resource,
            action,
            invocation,
            arguments: Value::Object(arguments),
            position,
            // Read before the intent: what fails here must not leave an intent without outcome.
            account: self.account()?,
            remarks: Remarks::default(),
        };
        let labels = cell.labels_of_call().map_err(|error| not_recorded(error.into()))?;
        checked.inspect_arguments(labels)?;
        let stage = if checked.must_look() { Stage::Look } else { Stage::Act };
        let effect = checked.invocation.effect();
        let permit = checked.decided(stage, &effect)?;
        let Some(place) = cell.admit_call() else {
            cell.record_denial(&self.actor, action, Denied::of("calls.too_many"));
            return Err(Stop::Refused(too_many_calls()));
        };
        let intent = checked.intend(permit, &effect)?;
        self.detach(checked, intent, place, client).await
    }

    /// No rule lets a service act: there is no account in whose name it could. That is said and recorded before anything
    /// else about the call.
    fn refuse_services(&self, action: &'static Action) -> Result<(), Stop> {
        if self.actor.principal.person().is_some() {
            return Ok(());
        }
        self.cell.record_denial(&self.actor, action, Denied::of(Denial::Service.code()));
        Err(Stop::Told(Denial::Service.sentence()))
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
            self.cell.record_denial(&self.actor, action, Denied::of("argument.cursor"));
            Stop::Told("The argument `cursor` is not one that this tool gave to this person within the last hour. Call the tool again without it.".to_owned())
        })?;
        Ok((arguments, Some(position)))
    }

    /// Hands the recorded call to the background and waits for its answer.
    async fn detach(
        &self,
        call: Call,
        intent: Intent,
        admitted: SemaphoreGuardArc,
        client: &Arc<Client>,
    ) -> Result<Done, Stop> {
        let (sender, receiver) = oneshot::channel();
        let Actor { client: of, grant, .. } = self.actor.clone();
        let name = CallName { client: of, grant, key: client.key().clone() };
        let (place, ending) = self.cell.in_flight().enter(name, self.turn);
        let waiting = Waiting { client: client.clone(), cancellation: place.cancellation.clone() };
        // Dropped with this future: when the answer is there, or when nobody waits for it any more.
        let _leaving =
            Leaving { cancellation: place.cancellation.clone(), cancels: client.cancels_by_leaving() };
        self.cell.core().ports.background.spawn(Box::pin(async move {
            let ended = call.run(intent, &waiting).await;
            drop(admitted);
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

fn too_many_calls() -> Refusal {
    let sentence = "Too many calls are under way for this person. Nothing was done. Wait for some of them to end, then try again.";
    Refusal::Unavailable { sentence: sentence.to_owned(), retry_after: Some(BUSY_WAIT) }
}

fn no_policy() -> Stop {
    let sentence = errors::POLICY.sentence.to_owned();
    Stop::Refused(Refusal::Unavailable { sentence, retry_after: None })
}

fn not_recorded(error: JournalError) -> Stop {
    tracing::error!(%error, "an intent could not be recorded");
    Stop::Refused(Refusal::Unavailable { sentence: format!("Nothing was done: {error}."), retry_after: None })
}
