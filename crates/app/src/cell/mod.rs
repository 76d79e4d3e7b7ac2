//! A person's cell: everything of one person behind one database.
//!
//! In scope: opening the sealed context, dispatching a route to its handler, recording what is refused here.
//! Atomicity: every transition is one transaction of the cell's [`Database`]; requests of one cell run concurrently.

mod announced;
mod approvals;
mod approve;
mod authorize;
mod caller;
mod carried;
mod documents;
mod errand;
mod in_flight;
mod keep_alive;
mod labels;
mod mcp;
mod me;
mod outbox;
mod owner;
mod policy_news;
mod standing;
mod streams;
mod token;
mod upkeep;
mod usage;

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

use async_lock::{Semaphore, SemaphoreGuardArc};
use bytes::Bytes;
use http::{Request, Response};
use m365_auth::context::{SealedContext, Vouched};
use m365_auth::entra::session::MicrosoftSession;
use m365_auth::oauth::metadata::Resource;
use m365_auth::oauth::store::{CellPorts, GrantStore};
use m365_auth::perimeter::{accompany, admit};
use m365_graph::ZoneMemory;
use m365_journal::{Journal, Provenance};
use m365_mcp::{Body, whole};
use m365_ports::{Alarm, AuditEvent, AuditLog, Database, Durability, SqlError, Verdict, transact};
use m365_seal::Purpose;
use m365_types::{AccessSubject, AuditKind, CellId, Identity, Person, Principal, RequestId, UnixMillis};

pub(crate) use approvals::{APPROVAL_LIFE, Asked, Asking, WAITING_MOST};
pub(crate) use caller::Caller;
pub(crate) use in_flight::{CallName, Cancellation, InFlight};
pub(crate) use me::records;
pub use owner::cell_named_in;
pub(crate) use standing::COPY_FRESH;
pub(crate) use usage::{LimitReached, charge};

use announced::Announced;
use carried::Carried;
use documents::OneAtATime;
use outbox::{Behind, Outbox};
use streams::Streams;

use crate::core::Core;
use crate::errors;
use crate::pages::Onward;
use crate::respond::Failure;
use crate::routes::{Face, Handler, ROUTES, Route};

/// Outlook serves four requests of one mailbox at a time; a fifth is refused (Microsoft Graph throttling limits).
const CALLS_PER_MAILBOX: usize = 4;
/// Calls of one person under way or waiting for a place. A waiting call outlives its client, so without a bound anyone
/// with a token could queue effects and memory without end.
const CALLS_ADMITTED: usize = 64;

/// Statements that create a cell's tables, in order.
pub const CELL_SCHEMA: &[fn() -> &'static [&'static str]] = &[
    || owner::SCHEMA,
    || carried::SCHEMA,
    || standing::SCHEMA,
    || labels::SCHEMA,
    || approvals::SCHEMA,
    || usage::SCHEMA,
    || outbox::SCHEMA,
    m365_journal::schema,
    || m365_auth::oauth::store::SCHEMA,
    || m365_auth::entra::session::SCHEMA,
];

/// One person's cell.
pub struct Cell {
    core: Arc<Core>,
    id: CellId,
    database: Arc<dyn Database>,
    journal: Arc<Announced>,
    rooms: OnceLock<Rooms>,
    calls: Semaphore,
    documents: Semaphore,
    admitted: Arc<Semaphore>,
    alarm: Arc<dyn Alarm>,
    /// Number of the newest record that the directory was told of by this object.
    told_sequence: AtomicU64,
    known: standing::Known,
    in_flight: Arc<InFlight>,
    streams: Arc<Streams>,
    carried: Carried,
    zone: ZoneMemory,
    behind: Behind,
}

/// What a cell has once its owner is known.
struct Rooms {
    owner: AccessSubject,
    /// When expired rows were last forgotten.
    swept: AtomicU64,
    grants: GrantStore,
    microsoft: Arc<MicrosoftSession>,
}

impl std::fmt::Debug for Cell {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Cell({})", self.id)
    }
}

/// A request inside the cell, its context opened.
struct Inside<'a> {
    request: RequestId,
    context: &'a SealedContext,
    http: &'a Request<Bytes>,
    /// The protected resource that the route belongs to.
    resource: Resource,
}

impl Cell {
    /// Wakes the cell over a database that has [`CELL_SCHEMA`]. It writes nothing but its name before it knows where it
    /// stands.
    ///
    /// # Errors
    /// [`SqlError`] where the database does not answer or is another cell's.
    pub fn wake(
        core: Arc<Core>,
        id: CellId,
        database: Arc<dyn Database>,
        alarm: Arc<dyn Alarm>,
    ) -> Result<Arc<Self>, SqlError> {
        owner::name(&*database, &id)?;
        let policies = core.clone();
        let policy = Arc::new(move || {
            policies.policies().map_or_else(|| "-".into(), |policies| policies.hash().clone())
        });
        let provenance = Provenance { policy, build: env!("CARGO_PKG_VERSION").to_owned() };
        let digests = core.config.keys.mac(Purpose::JournalDigest);
        let carried = Carried::new(core.config.keys.sealer(Purpose::Carried), id.clone());
        let journal = Journal::open(database.clone(), id.clone(), digests, provenance);
        let receivers = core.webhooks.as_ref().map(|webhooks| webhooks.receivers()).unwrap_or_default();
        let outbox = Outbox::new(id.clone(), receivers, core.ports.entropy.clone());
        let journal = Arc::new(Announced::new(journal, outbox));
        Ok(Arc::new(Self {
            core,
            id,
            database,
            journal,
            rooms: OnceLock::new(),
            calls: Semaphore::new(CALLS_PER_MAILBOX),
            documents: Semaphore::new(1),
            admitted: Arc::new(Semaphore::new(CALLS_ADMITTED)),
            alarm,
            told_sequence: AtomicU64::new(0),
            known: standing::Known::default(),
            in_flight: Arc::default(),
            streams: Arc::default(),
            carried,
            zone: ZoneMemory::default(),
            behind: Behind::default(),
        }))
    }

    /// Answers a request that the front has forwarded.
    pub async fn handle(self: &Arc<Self>, http: Request<Bytes>) -> Response<Body> {
        let opened = self.core.contexts.open(&self.id, http.headers());
        let route = opened
            .as_ref()
            .ok()
            .and_then(|context| ROUTES.iter().find(|route| route.path == context.route()));
        let (Ok(context), Some(route)) = (&opened, route) else {
            // Only the front can seal a context: this is a fault of ours or an attempt to go around the front.
            let request = self.core.new_request();
            tracing::error!(cell = %self.id, requestId = %request, "a request without a valid context reached the cell");
            return Failure::of(&errors::INTERNAL).render(Face::OAuth, request).map(whole);
        };
        let inside = Inside { request: context.request(), context, http: &http, resource: route.resource() };
        let answer = match (context.errand(), self.may_act(route, context).await) {
            (Some(errand), _) => self.run_errand(&inside, errand).await.map(|answer| answer.map(whole)),
            (None, Ok(())) => self.dispatch(route, &inside).await,
            (None, Err(failure)) => Err(failure),
        };
        self.ring_soon();
        match answer {
            Ok(response) => response,
            Err(mut failure) => {
                if failure.row.code == errors::RESTORED.code || failure.row.code == errors::STANDING.code {
                    self.record_outside(route, &inside, &failure).await;
                } else if !failure.recorded {
                    self.record_refusal(route, &inside, &failure);
                }
                if failure.row.code == errors::REAUTH.code {
                    failure.onward = Some(Onward::SignInAgain(self.core.config.access.logout_url()));
                }
                failure.render(route.face, inside.request).map(whole)
            }
        }
    }

    /// Whether the cell may answer this route now. A restored cell can be looked at.
    async fn may_act(&self, route: &Route, context: &SealedContext) -> Result<(), Failure> {
        if context.errand().is_some() {
            return Ok(());
        }
        match self.stand().await {
            Err(failure) if failure.row.code == errors::RESTORED.code && route.handler.only_looks() => Ok(()),
            stands => stands,
        }
    }

    /// The rooms of the owner, who is known from the cell's own row or, the first time, from the verified context.
    fn rooms(&self, inside: &Inside<'_>) -> Result<&Rooms, Failure> {
        if let Some(rooms) = self.rooms.get() {
            return Ok(rooms);
        }
        // Only whom this cell is named after can become its owner.
        let present = inside.context.vouched().map(Vouched::identity);
        let present = present.filter(|identity| self.core.cell_of_identity(identity) == self.id);
        let present = present.map(|identity| match identity {
            Identity::Person(person) => person.subject.clone(),
            Identity::Service(service) => service.client_id.clone(),
        });
        let owner = owner::of(&*self.database, present)?;
        // A cell without an owner has never issued anything, so whatever was presented means nothing here.
        let owner = owner.ok_or_else(|| Failure::of(&errors::TOKEN_INVALID))?;
        Ok(self.rooms.get_or_init(|| self.build_rooms(owner)))
    }

    /// The rooms for a request that came with a token: an assertion beside it must name the owner.
    fn rooms_beside(&self, inside: &Inside<'_>) -> Result<&Rooms, Failure> {
        let rooms = self.rooms(inside)?;
        if let Some(beside) = inside.context.vouched() {
            accompany(&rooms.owner, beside)?;
        }
        Ok(rooms)
    }

    fn build_rooms(&self, owner: AccessSubject) -> Rooms {
        let (core, keys) = (&self.core, &self.core.config.keys);
        let ports = CellPorts {
            cell: self.id.clone(),
            subject: owner.clone(),
            database: self.database.clone(),
            audit: self.journal.clone(),
            clock: core.ports.clock.clone(),
            entropy: core.ports.entropy.clone(),
        };
        let grants = GrantStore::new(ports.clone(), keys, core.config.issuer().to_owned(), core.lifetimes);
        let directory = core.ports.directory.clone();
        let microsoft = MicrosoftSession::new(ports, keys, core.entra.clone(), directory, core.connect_url());
        Rooms { owner, swept: AtomicU64::new(0), grants, microsoft: Arc::new(microsoft) }
    }

    async fn dispatch(
        self: &Arc<Self>,
        route: &Route,
        inside: &Inside<'_>,
    ) -> Result<Response<Body>, Failure> {
        let answer = match route.handler {
            Handler::Mcp => return self.mcp(inside).await,
            Handler::Messages => return self.messages(inside),
            Handler::Sse => return self.sse(inside).await,
            Handler::Approve => self.approve(inside),
            Handler::ApproveAnswer => self.approve_answer(inside),
            Handler::Authorize => self.authorize(inside).await,
            Handler::Callback => self.callback(inside).await,
            Handler::Connect => self.connect(inside),
            Handler::Consent => self.consent(inside).await,
            Handler::Me => self.me(inside),
            Handler::MeJournal => self.me_journal(inside),
            Handler::MeLabels => self.me_labels(inside),
            Handler::MeRevoke => self.me_revoke(inside),
            Handler::MeRevokeAll => self.me_revoke_all(inside),
            Handler::MeSignOut => self.me_sign_out(inside),
            Handler::Revoke => self.revoke(inside),
            Handler::Token => self.token(inside),
            Handler::AuthorizationServer
            | Handler::Echo
            | Handler::Health
            | Handler::OperatorKill
            | Handler::OperatorReadmit
            | Handler::OperatorUnpin
            | Handler::OperatorVisit
            | Handler::ProtectedResource
            | Handler::Register => Err(Failure::of(&errors::INTERNAL)),
        };
        // Any of these may have ended a grant.
        self.end_streams_of_ended_grants();
        answer.map(|answer| answer.map(whole))
    }

    /// The person whom the front verified. Only routes behind the Access gate ask.
    fn person(inside: &Inside<'_>) -> Result<Principal, Failure> {
        inside.context.evidence().map(admit).ok_or_else(|| Failure::of(&errors::ACCESS_REFUSED))
    }

    /// One record for a request that was refused in this cell. Where it cannot be written the caller is refused all
    /// the same, and the log says so.
    fn record_refusal(&self, route: &Route, inside: &Inside<'_>, failure: &Failure) {
        tracing::info!(requestId = %inside.request, route = route.path, code = failure.cause, "refused");
        let verdict = if failure.row.status.is_server_error() { Verdict::Failed } else { Verdict::Denied };
        let mut event = self.event(inside.request, route.audit, verdict, &failure.cause);
        event.subject = person_of(inside.context).map(|person| person.subject.clone());
        event.client = inside.context.client().cloned();
        self.record(&event);
    }

    /// A record of this cell with nothing but what every record has.
    fn event(&self, request: RequestId, kind: AuditKind, verdict: Verdict, code: &str) -> AuditEvent {
        AuditEvent {
            at: self.now(),
            kind,
            verdict,
            request,
            subject: None,
            microsoft: None,
            client: None,
            grant: None,
            code: code.to_owned(),
            traces: Vec::new(),
            posture: None,
            operator: None,
            approval: None,
        }
    }

    fn record(&self, event: &AuditEvent) {
        let written = transact(&*self.database, Durability::Process, |sql| self.journal.append(sql, event));
        if let Err(error) = written {
            tracing::error!(requestId = %event.request, %error, "a refusal could not be recorded");
        }
    }

    pub(crate) fn now(&self) -> UnixMillis {
        self.core.ports.clock.now()
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }

    pub(crate) fn journal(&self) -> &Journal {
        &self.journal
    }

    pub(crate) const fn zone(&self) -> &ZoneMemory {
        &self.zone
    }

    /// The reader of documents, as this person has it.
    pub(crate) fn documents(&self) -> OneAtATime<'_> {
        OneAtATime::new(&*self.core.ports.documents, &self.documents)
    }

    pub(crate) fn calls(&self) -> &Semaphore {
        &self.calls
    }

    pub(crate) fn in_flight(&self) -> &Arc<InFlight> {
        &self.in_flight
    }

    /// The right to queue one more call of this person; given back when the guard is dropped.
    pub(crate) fn admit_call(&self) -> Option<SemaphoreGuardArc> {
        self.admitted.try_acquire_arc()
    }
}

/// The person that the front verified, where it verified one.
fn person_of(context: &SealedContext) -> Option<&Person> {
    match context.vouched()?.identity() {
        Identity::Person(person) => Some(person),
        Identity::Service(_) => None,
    }
}
