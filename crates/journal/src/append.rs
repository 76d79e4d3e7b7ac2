//! Writing: the intent before the effect, the outcome after it, denials and the events of other rooms.

use std::borrow::Cow;
use std::sync::Arc;

use m365_ports::{
    AuditEvent, AuditLog, Database, Durability, HighWater, Sql, SqlError, Trace, Verdict, transact,
};
use m365_seal::Mac;
use m365_types::{
    ActionSpec, Actor, AuditKind, CellId, Effect, Intent, Labels, Permit, Posture, RequestId, Stage, Terms,
    UnixMillis,
};

use crate::JournalError;
use crate::chain::{self, Hash};
use crate::digest;
use crate::record::{ActorIds, Decision, Phase, Record, VERSION};
use crate::timestamp::rfc3339;

/// What wrote the records and under which rules.
#[derive(Clone)]
pub struct Provenance {
    /// Tells the hash of the policy in force, hex. A call's records name the one that was asked.
    pub policy: Arc<dyn Fn() -> Arc<str> + Send + Sync>,
    /// Identifier of the build.
    pub build: String,
}

/// How a call ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Done, denied, failed, or not known.
    pub verdict: Verdict,
    /// A code of the errors table, `ok`, or a Graph error code; never text of a caller.
    pub code: String,
    /// HTTP status of the last exchange, where there was one.
    pub status: Option<u16>,
    /// Every exchange made for the call, in order.
    pub traces: Vec<Trace>,
    /// Length of the result given to the client, in bytes.
    pub bytes: u64,
    /// The labels that the result carries.
    pub labels: Labels,
    /// What was noticed on the way, as fixed words: findings of data loss prevention, by rule and detector.
    pub notes: Vec<String>,
}

/// Why a call was denied.
#[derive(Clone, Copy, Debug)]
pub struct Denied<'a> {
    /// A fixed word.
    pub code: &'a str,
    /// The rule that said no, where one did.
    pub basis: Option<&'a str>,
}

impl<'a> Denied<'a> {
    /// By no rule.
    #[must_use]
    pub const fn of(code: &'a str) -> Self {
        Self { code, basis: None }
    }
}

/// The journal of one cell. Cheap to make; holds no state of the chain.
pub struct Journal {
    pub(crate) database: Arc<dyn Database>,
    pub(crate) genesis: Hash,
    cell: CellId,
    digests: Mac,
    provenance: Provenance,
}

impl Journal {
    /// The journal in the cell's database, whose [`crate::schema`] has been run.
    ///
    /// `digests` is the authenticator of the purpose `JournalDigest`.
    #[must_use]
    pub fn open(database: Arc<dyn Database>, cell: CellId, digests: Mac, provenance: Provenance) -> Self {
        Self { genesis: chain::genesis(&cell), database, cell, digests, provenance }
    }

    /// Commits the intent record and with it turns the permit into the key to the effect.
    ///
    /// Records of reads survive a crash of the process, all others a loss of power.
    ///
    /// # Errors
    /// [`JournalError`]; then there is no intent and there must be no effect.
    pub fn intend(
        &self,
        permit: Permit,
        arguments: &serde_json::Value,
        now: UnixMillis,
    ) -> Result<Intent, JournalError> {
        self.intend_with(permit, arguments, now, |_| Ok(()))
    }

    /// The same, together with what else must change in the same transaction: an approval that is spent, a limit that is
    /// used. What fails there takes the record along.
    ///
    /// # Errors
    /// What `also` gives, or a [`JournalError`]; then there is no intent and there must be no effect.
    pub fn intend_with<E: From<SqlError> + From<JournalError>>(
        &self,
        permit: Permit,
        arguments: &serde_json::Value,
        now: UnixMillis,
        also: impl FnOnce(&dyn Sql) -> Result<(), E>,
    ) -> Result<Intent, E> {
        let (actor, terms) = (permit.actor(), permit.terms());
        let record = Record {
            decision: Some(Decision::Permit),
            basis: Some(digest::word(permit.basis())),
            target: digest::target(&self.digests, &terms.reach.target),
            recipients: digest::recipients(&self.digests, &terms.reach.recipients),
            arguments_digest: Some(digest::arguments(&self.digests, arguments).map_err(JournalError::from)?),
            posture: posture(actor),
            labels: terms.labels.iter().collect(),
            approval: terms.approval.map(|approval| approval.id),
            ..self.of_permitted(Phase::Intent, &permit, now)
        };
        let head = transact(&*self.database, durability(&permit), |sql| {
            also(sql)?;
            Ok::<_, E>(chain::append(sql, &self.genesis, now, record)?)
        })?;
        #[expect(
            clippy::disallowed_methods,
            reason = "the record is committed: the one place that may say so"
        )]
        let intent = Intent::recorded(permit, head.sequence);
        Ok(intent)
    }

    /// Commits the outcome record of an intent, as durably as the intent. Returns how far the journal has come,
    /// for the directory.
    ///
    /// # Errors
    /// [`JournalError`]; the effect has happened all the same, so the caller tries again and raises an alarm.
    pub fn conclude(
        &self,
        intent: &Intent,
        outcome: &Outcome,
        now: UnixMillis,
    ) -> Result<HighWater, JournalError> {
        self.conclude_with(intent, outcome, now, |_| Ok(()))
    }

    /// The same, together with what the answer brings along: labels.
    ///
    /// # Errors
    /// As [`Journal::conclude`].
    pub fn conclude_with(
        &self,
        intent: &Intent,
        outcome: &Outcome,
        now: UnixMillis,
        also: impl FnOnce(&dyn Sql) -> Result<(), SqlError>,
    ) -> Result<HighWater, JournalError> {
        let record = Record {
            verdict: Some(outcome.verdict),
            code: Some(digest::word(&outcome.code)),
            status: outcome.status,
            traces: digest::traces(&outcome.traces),
            bytes: Some(outcome.bytes),
            labels: outcome.labels.iter().collect(),
            notes: outcome.notes.iter().map(|note| digest::word(note).into_owned()).collect(),
            intent: Some(intent.sequence()),
            ..self.of_permitted(Phase::Outcome, intent.permit(), now)
        };
        // A label must outlast what was read under it.
        let known = intent.permit().terms().labels;
        let durability =
            if known.union(outcome.labels) == known { durability(intent.permit()) } else { Durability::Full };
        let head = transact(&*self.database, durability, |sql| {
            also(sql)?;
            chain::append(sql, &self.genesis, now, record)
        })?;
        Ok(head.mark(&self.cell))
    }

    /// Commits the record of a denial, in a transaction with what else is to change.
    ///
    /// # Errors
    /// [`JournalError`]; the caller is refused all the same.
    pub fn deny(
        &self,
        actor: &Actor,
        action: &'static ActionSpec,
        denied: Denied<'_>,
        now: UnixMillis,
        also: impl FnOnce(&dyn Sql) -> Result<(), SqlError>,
    ) -> Result<HighWater, JournalError> {
        let record = Record {
            decision: Some(Decision::Deny),
            verdict: Some(Verdict::Denied),
            code: Some(digest::word(denied.code)),
            basis: denied.basis.map(digest::word),
            ..self.of_call(Phase::Event, actor, action, now)
        };
        let head = transact(&*self.database, Durability::Process, |sql| {
            also(sql)?;
            chain::append(sql, &self.genesis, now, record)
        })?;
        Ok(head.mark(&self.cell))
    }

    /// How far the journal has come; number 0 and the cell's genesis where it is empty.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn high_water(&self) -> Result<HighWater, JournalError> {
        let head = transact(&*self.database, Durability::Process, |sql| chain::head(sql, &self.genesis))?;
        Ok(head.mark(&self.cell))
    }

    /// Whether the journal has come as far as was noted of it, by the same way. Where not, the cell was restored
    /// from a copy, or cut: it must not write before an operator has looked.
    ///
    /// # Errors
    /// [`JournalError`]
    pub fn reaches(&self, noted: &HighWater) -> Result<bool, JournalError> {
        let found = transact(&*self.database, Durability::Process, |sql| {
            chain::hash_at(sql, &self.genesis, noted.sequence)
        })?;
        Ok(found.is_some_and(|hash| m365_types::hex(&hash) == noted.head))
    }

    /// A record of this moment with nothing but what every record says.
    pub(crate) fn blank(
        &self,
        phase: Phase,
        kind: AuditKind,
        request_id: RequestId,
        now: UnixMillis,
    ) -> Record<'_> {
        Record {
            v: VERSION,
            sequence: 0,
            at: rfc3339(now),
            phase,
            kind,
            tool: None,
            effect: None,
            decision: None,
            basis: None,
            verdict: None,
            code: None,
            status: None,
            request_id,
            actor: ActorIds::default(),
            client: None,
            grant: None,
            target: None,
            recipients: None,
            arguments_digest: None,
            policy: Cow::Owned((self.provenance.policy)().to_string()),
            build: Cow::Borrowed(&self.provenance.build),
            traces: Vec::new(),
            bytes: None,
            posture: None,
            stage: None,
            labels: Vec::new(),
            notes: Vec::new(),
            approval: None,
            operator: None,
            intent: None,
        }
    }

    /// A record of a permitted call names the policy that permitted it, and says where it was a look alone: who reads of a
    /// look to send must not take it for a message.
    fn of_permitted<'a>(&'a self, phase: Phase, permit: &'a Permit, now: UnixMillis) -> Record<'a> {
        let Terms { policy, stage, .. } = permit.terms();
        let policy = Cow::Borrowed(&**policy);
        let stage = (*stage == Stage::Look).then_some(*stage);
        Record { policy, stage, ..self.of_call(phase, permit.actor(), permit.action(), now) }
    }

    fn of_call<'a>(
        &'a self,
        phase: Phase,
        actor: &'a Actor,
        action: &'static ActionSpec,
        now: UnixMillis,
    ) -> Record<'a> {
        Record {
            tool: Some(Cow::Borrowed(action.name)),
            effect: Some(action.effect),
            actor: ActorIds::of(actor),
            client: actor.client.as_ref().map(Cow::Borrowed),
            grant: actor.grant,
            ..self.blank(phase, action.audit, actor.request, now)
        }
    }
}

impl AuditLog for Journal {
    fn append(&self, sql: &dyn Sql, event: &AuditEvent) -> Result<u64, SqlError> {
        let (tid, oid) = event.microsoft.unzip();
        let record = Record {
            verdict: Some(event.verdict),
            code: Some(digest::word(&event.code)),
            actor: ActorIds { subject: event.subject.clone(), service: None, tid, oid },
            client: event.client.as_ref().map(Cow::Borrowed),
            grant: event.grant,
            traces: digest::traces(&event.traces),
            posture: event.posture.as_ref().filter(|posture| !posture.is_empty()).map(Cow::Borrowed),
            operator: event.operator.as_ref().map(Cow::Borrowed),
            approval: event.approval,
            ..self.blank(Phase::Event, event.kind, event.request, event.at)
        };
        Ok(chain::append(sql, &self.genesis, event.at, record)?.sequence)
    }
}

fn posture(actor: &Actor) -> Option<Cow<'_, Posture>> {
    let posture = &actor.principal.person()?.posture;
    (!posture.is_empty()).then_some(Cow::Borrowed(posture))
}

const fn durability(permit: &Permit) -> Durability {
    match (permit.action().effect, permit.terms().stage) {
        (Effect::Read, _) | (_, Stage::Look) => Durability::Process,
        (Effect::Write | Effect::Send | Effect::Destroy, Stage::Act) => Durability::Full,
    }
}
