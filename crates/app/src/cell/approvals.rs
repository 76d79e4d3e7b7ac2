//! Questions to the person whether one exact effect may happen, and their answers.
//!
//! Invariants: an approval is bound to the person (the cell), the grant, the tool, the arguments and the resolved effect by
//! one digest; it is answered on a page behind Access only; it is spent in the transaction of the intent it lets through,
//! by one statement, so once under any race; it ends minutes after it was asked for or given.

use std::time::Duration;

use m365_ports::{
    AuditEvent, AuditLog as _, Durability, EntropyExt as _, Row, Sql, SqlError, Verdict, transact,
};
use m365_seal::AssociatedData;
use m365_types::{
    ActionSpec, Actor, Approval, ApprovalId, AuditKind, ClientId, GrantId, RequestId, ResolvedEffect,
    UnixMillis,
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Cell;

/// Statements that create the table.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS approval (id TEXT PRIMARY KEY, digest BLOB NOT NULL, grant_id TEXT, client TEXT, \
     tool TEXT NOT NULL, effect BLOB NOT NULL, basis TEXT NOT NULL, reason TEXT NOT NULL, \
     second_person INTEGER NOT NULL, request TEXT NOT NULL, asked INTEGER NOT NULL, expires INTEGER NOT NULL, \
     state TEXT NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS approval_digest ON approval (digest)",
];

/// How long a question waits for its answer, and an answer for its call.
pub(crate) const APPROVAL_LIFE: Duration = Duration::from_mins(10);

/// Where a question stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApprovalState {
    /// Nobody has answered.
    Asked,
    /// Yes.
    Approved,
    /// No.
    Denied,
    /// Yes, and it has happened.
    Spent,
}

impl ApprovalState {
    const ALL: [Self; 4] = [Self::Asked, Self::Approved, Self::Denied, Self::Spent];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Spent => "spent",
        }
    }
}

/// A question as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredApproval {
    pub(crate) id: ApprovalId,
    pub(crate) state: ApprovalState,
    pub(crate) tool: String,
    pub(crate) grant: Option<GrantId>,
    pub(crate) client: Option<ClientId>,
    pub(crate) reason: String,
    pub(crate) second_person: bool,
    pub(crate) request: RequestId,
    pub(crate) asked: UnixMillis,
    pub(crate) expires: UnixMillis,
    pub(crate) effect: ResolvedEffect,
}

/// What is asked.
pub(crate) struct Asking<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) action: &'static ActionSpec,
    pub(crate) digest: [u8; 32],
    pub(crate) effect: &'a ResolvedEffect,
    pub(crate) ask: &'a m365_policy::Ask,
}

/// What has become of a question.
pub(crate) enum Asked {
    /// Yes; not spent yet.
    Approved(Approval),
    /// No.
    Denied,
    /// It waits, on the page of this id.
    Waiting(ApprovalId),
}

/// What an approval is bound to: this grant, this tool, these arguments, this effect. The person is the cell.
pub(crate) fn binding(
    grant: Option<GrantId>,
    tool: &str,
    arguments: &Value,
    effect: &ResolvedEffect,
) -> Result<[u8; 32], SqlError> {
    let bound = serde_json::json!(["approval/1", grant, tool, arguments, effect]);
    let canonical = serde_json_canonicalizer::to_vec(&bound).map_err(|_| SqlError::Shape)?;
    Ok(Sha256::digest(canonical).into())
}

const COLUMNS: &str =
    "id, state, tool, grant_id, client, reason, second_person, request, asked, expires, effect";

impl Cell {
    /// What has become of the question for exactly this; asked where it was not.
    pub(crate) fn approval_for(&self, asking: &Asking<'_>) -> Result<Asked, SqlError> {
        transact(&*self.database, Durability::Full, |sql| {
            let asked = self.approval_of(sql, &asking.digest)?;
            Ok(match asked.map(|asked| (asked.state, asked)) {
                Some((ApprovalState::Approved, asked)) => {
                    Asked::Approved(Approval { id: asked.id, by_second_person: asked.second_person })
                }
                Some((ApprovalState::Denied, _)) => Asked::Denied,
                Some((ApprovalState::Asked | ApprovalState::Spent, asked)) => Asked::Waiting(asked.id),
                None => {
                    let id = self.ask_approval(sql, asking)?;
                    self.journal.append(sql, &self.asked_event(asking, id))?;
                    Asked::Waiting(id)
                }
            })
        })
    }

    /// Where the person looks at the question.
    pub(crate) fn approve_url(&self, id: ApprovalId) -> String {
        format!("{}/approve?id={id}", self.core.config.issuer())
    }

    fn asked_event(&self, asking: &Asking<'_>, id: ApprovalId) -> AuditEvent {
        let actor = asking.actor;
        let mut event =
            self.event(actor.request, AuditKind::ApprovalAsked, Verdict::Done, asking.action.name);
        event.subject = actor.principal.person().map(|person| person.subject.clone());
        event.microsoft = actor.microsoft;
        event.client.clone_from(&actor.client);
        event.grant = actor.grant;
        event.approval = Some(id);
        event
    }

    /// The newest question of this digest that still counts.
    pub(crate) fn approval_of(
        &self,
        sql: &dyn Sql,
        digest: &[u8; 32],
    ) -> Result<Option<StoredApproval>, SqlError> {
        let statement = format!(
            "SELECT {COLUMNS} FROM approval WHERE digest = ?1 AND expires > ?2 AND state <> 'spent' \
             ORDER BY asked DESC LIMIT 1"
        );
        let rows = sql.run(&statement, &[digest.as_slice().into(), self.now().as_millis().into()])?;
        rows.first().map(|row| self.stored_approval(row)).transpose()
    }

    /// One question, whatever has become of it.
    pub(crate) fn approval(&self, sql: &dyn Sql, id: ApprovalId) -> Result<Option<StoredApproval>, SqlError> {
        let statement = format!("SELECT {COLUMNS} FROM approval WHERE id = ?1");
        let rows = sql.run(&statement, &[id.to_string().into()])?;
        rows.first().map(|row| self.stored_approval(row)).transpose()
    }

    /// Asks.
    pub(crate) fn ask_approval(&self, sql: &dyn Sql, asking: &Asking<'_>) -> Result<ApprovalId, SqlError> {
        let id = ApprovalId::from_random(self.core.ports.entropy.bytes());
        let sealed =
            self.sealed_effects().seal_json(self.core.ports.entropy.bytes(), &self.place(id), asking.effect);
        let (actor, now) = (asking.actor, self.now());
        sql.run(
            "INSERT INTO approval (id, digest, grant_id, client, tool, effect, basis, reason, second_person, request, \
             asked, expires, state) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'asked')",
            &[
                id.to_string().into(),
                asking.digest.as_slice().into(),
                actor.grant.map(|grant| grant.to_string()).into(),
                actor.client.as_ref().map(ClientId::as_str).into(),
                asking.action.name.into(),
                sealed.into(),
                asking.ask.basis.as_str().into(),
                asking.ask.reason.as_str().into(),
                i64::from(asking.ask.second_person).into(),
                actor.request.to_string().into(),
                now.as_millis().into(),
                now.plus(APPROVAL_LIFE).as_millis().into(),
            ],
        )?;
        Ok(id)
    }

    /// Answers a question that still waits. Tells whether it did.
    pub(crate) fn answer_approval(
        &self,
        sql: &dyn Sql,
        id: ApprovalId,
        answer: ApprovalState,
    ) -> Result<bool, SqlError> {
        let now = self.now();
        let rows = sql.run(
            "UPDATE approval SET state = ?1, expires = ?2 WHERE id = ?3 AND state = 'asked' AND expires > ?4 RETURNING id",
            &[
                answer.as_str().into(),
                now.plus(APPROVAL_LIFE).as_millis().into(),
                id.to_string().into(),
                now.as_millis().into(),
            ],
        )?;
        Ok(!rows.is_empty())
    }

    /// Spends a yes. Tells whether there was one left.
    pub(crate) fn spend_approval(&self, sql: &dyn Sql, id: ApprovalId) -> Result<bool, SqlError> {
        let rows = sql.run(
            "UPDATE approval SET state = 'spent' WHERE id = ?1 AND state = 'approved' AND expires > ?2 RETURNING id",
            &[id.to_string().into(), self.now().as_millis().into()],
        )?;
        Ok(!rows.is_empty())
    }

    fn sealed_effects(&self) -> m365_seal::Sealer {
        self.core.config.keys.sealer(m365_seal::Purpose::Approval)
    }

    fn place(&self, id: ApprovalId) -> AssociatedData {
        AssociatedData::of(&["approval", "effect", &id.to_string(), self.id.as_str()])
    }

    fn stored_approval(&self, row: &Row) -> Result<StoredApproval, SqlError> {
        let id = ApprovalId::parse(row.text(0)?).map_err(|_| SqlError::Shape)?;
        let state = row.text(1)?;
        let state = ApprovalState::ALL.into_iter().find(|known| known.as_str() == state);
        let text = |column| (!row.is_null(column)).then(|| row.text(column)).transpose();
        let grant = text(3)?.map(GrantId::parse).transpose().map_err(|_| SqlError::Shape)?;
        let client = text(4)?.map(ClientId::parse).transpose().map_err(|_| SqlError::Shape)?;
        let effect = self.sealed_effects().open_json(&self.place(id), row.blob(10)?);
        Ok(StoredApproval {
            id,
            state: state.ok_or(SqlError::Shape)?,
            tool: row.text(2)?.to_owned(),
            grant,
            client,
            reason: row.text(5)?.to_owned(),
            second_person: row.unsigned(6)? > 0,
            request: RequestId::parse(row.text(7)?).map_err(|_| SqlError::Shape)?,
            asked: UnixMillis::from_millis(row.unsigned(8)?),
            expires: UnixMillis::from_millis(row.unsigned(9)?),
            effect: effect.map_err(|_| SqlError::Shape)?,
        })
    }
}

/// Forgets questions that ended a day ago.
pub(super) fn sweep(sql: &dyn Sql, now: UnixMillis) -> Result<(), SqlError> {
    let day = u64::try_from(Duration::from_hours(24).as_millis()).unwrap_or(u64::MAX);
    let before = now.as_millis().saturating_sub(day);
    sql.run("DELETE FROM approval WHERE expires <= ?1", &[before.into()]).map(drop)
}
