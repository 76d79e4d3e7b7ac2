//! Questions to the person whether one exact effect may happen, and their answers.
//!
//! Invariants: an approval is bound to the person (the cell), the grant, the tool, the arguments and the resolved effect by
//! one digest; it is answered on a page behind Access only; it is spent in the transaction of the intent it lets through,
//! by one statement, so once under any race; it ends minutes after it was asked for or given. Where the same call would
//! have another effect by now, what was asked or approved before is void.
//!
//! At most [`WAITING_MOST`] questions of a person wait. A call that would ask one more is refused: what a person has open
//! before them does not vanish because an assistant asks on.

use std::collections::BTreeSet;
use std::time::Duration;

use m365_ports::{
    AuditEvent, AuditLog as _, Durability, EntropyExt as _, Row, Sql, SqlError, Verdict, transact,
};
use m365_seal::AssociatedData;
use m365_types::{
    ActionSpec, Actor, Approval, ApprovalId, AuditKind, ClientId, Email, GrantId, ResolvedEffect, UnixMillis,
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Cell;
use crate::approval_link::{ApprovalLink, LINK_PARAMETER};

/// Statements that create the table.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS approval (id TEXT PRIMARY KEY, link TEXT NOT NULL, call BLOB NOT NULL, digest BLOB NOT NULL, \
     grant_id TEXT, client TEXT, tool TEXT NOT NULL, shown BLOB NOT NULL, basis TEXT NOT NULL, reason TEXT NOT NULL, \
     second_person INTEGER NOT NULL, request TEXT NOT NULL, asked INTEGER NOT NULL, expires INTEGER NOT NULL, \
     state TEXT NOT NULL) STRICT",
    "CREATE INDEX IF NOT EXISTS approval_call ON approval (call)",
];

/// How long a question waits for its answer, and an answer for its call.
pub(crate) const APPROVAL_LIFE: Duration = Duration::from_mins(10);
/// Questions of one person that wait at a time.
pub(crate) const WAITING_MOST: usize = 20;
/// Characters that are kept of each text among the arguments: the effect says what matters, these only how it was asked.
const ARGUMENT_MOST: usize = 4_000;

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
    /// Something else would happen by now.
    Void,
}

impl ApprovalState {
    const ALL: [Self; 5] = [Self::Asked, Self::Approved, Self::Denied, Self::Spent, Self::Void];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Approved => "approved",
            Self::Denied => "denied",
            Self::Spent => "spent",
            Self::Void => "void",
        }
    }
}

/// A question as it is stored.
#[derive(Clone, Debug)]
pub(crate) struct StoredApproval {
    pub(crate) id: ApprovalId,
    /// The sealed text of its link.
    pub(crate) link: String,
    pub(crate) digest: [u8; 32],
    pub(crate) state: ApprovalState,
    pub(crate) tool: String,
    pub(crate) grant: Option<GrantId>,
    pub(crate) client: Option<ClientId>,
    pub(crate) reason: String,
    pub(crate) second_person: bool,
    pub(crate) asked: UnixMillis,
    pub(crate) expires: UnixMillis,
    pub(crate) shown: Shown,
}

/// What a person is shown; kept sealed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Shown {
    /// Whose assistant asks.
    pub(crate) person: Option<Email>,
    /// What would happen.
    pub(crate) effect: ResolvedEffect,
    /// How it was asked for, long texts cut.
    pub(crate) arguments: Value,
}

/// What is asked.
pub(crate) struct Asking<'a> {
    pub(crate) actor: &'a Actor,
    pub(crate) action: &'static ActionSpec,
    pub(crate) arguments: &'a Value,
    pub(crate) effect: &'a ResolvedEffect,
    pub(crate) ask: &'a m365_policy::Ask,
}

/// What has become of a question.
pub(crate) enum Asked {
    /// Yes; not spent yet. Beside it where it was said.
    Approved(Approval, String),
    /// No.
    Denied,
    /// Not asked: too many wait.
    TooMany,
    /// It waits, at this address.
    Waiting(String),
}

/// What an approval is bound to. The person is the cell.
struct Binding {
    /// This grant, this tool, these arguments.
    call: [u8; 32],
    /// And this effect.
    whole: [u8; 32],
}

impl Binding {
    fn of(asking: &Asking<'_>) -> Result<Self, SqlError> {
        let digest = |bound: Value| {
            let canonical = serde_json_canonicalizer::to_vec(&bound).map_err(|_| SqlError::Shape)?;
            Ok(Sha256::digest(canonical).into())
        };
        let (grant, tool) = (asking.actor.grant, asking.action.name);
        let Asking { arguments, effect, .. } = asking;
        Ok(Self {
            call: digest(serde_json::json!(["call/1", grant, tool, arguments]))?,
            whole: digest(serde_json::json!(["approval/1", grant, tool, arguments, effect]))?,
        })
    }
}

const COLUMNS: &str =
    "id, state, tool, grant_id, client, reason, second_person, link, asked, expires, shown, digest";

impl Cell {
    /// What has become of the question for exactly this; asked where it was not.
    pub(crate) fn approval_for(&self, asking: &Asking<'_>) -> Result<Asked, SqlError> {
        let (binding, live) = (Binding::of(asking)?, self.live_grants()?);
        transact(&*self.database, Durability::Full, |sql| {
            let found = self.approval_of(sql, &binding.whole)?;
            // A yes of the person is none where a second person's is demanded by now.
            let found = found.filter(|found| found.second_person || !asking.ask.second_person);
            if let Some(found) = found {
                let (address, by_second_person) = (self.approve_url(&found.link), found.second_person);
                return Ok(match found.state {
                    ApprovalState::Approved => {
                        Asked::Approved(Approval { id: found.id, by_second_person }, address)
                    }
                    ApprovalState::Denied => Asked::Denied,
                    ApprovalState::Asked | ApprovalState::Spent | ApprovalState::Void => {
                        Asked::Waiting(address)
                    }
                });
            }
            sql.run(
                "UPDATE approval SET state = 'void' WHERE call = ?1 AND state IN ('asked', 'approved')",
                &[binding.call.as_slice().into()],
            )?;
            if self.waiting_of(sql, &live)?.len() >= WAITING_MOST {
                return Ok(Asked::TooMany);
            }
            let (id, link) = self.ask_approval(sql, asking, &binding)?;
            self.journal.append(sql, &self.asked_event(asking, id))?;
            Ok(Asked::Waiting(self.approve_url(&link)))
        })
    }

    /// The questions that wait for their answer, newest first. One that does not open is left out.
    pub(crate) fn waiting_approvals(&self) -> Result<Vec<StoredApproval>, SqlError> {
        let live = self.live_grants()?;
        transact(&*self.database, Durability::Process, |sql| {
            let ids = self.waiting_of(sql, &live)?;
            let found = ids.into_iter().map(|id| match self.approval(sql, id) {
                Err(SqlError::Shape) => Ok(None),
                found => found,
            });
            found.filter_map(Result::transpose).collect()
        })
    }

    fn waiting_of(&self, sql: &dyn Sql, live: &BTreeSet<GrantId>) -> Result<Vec<ApprovalId>, SqlError> {
        let rows = sql.run(
            "SELECT id, grant_id FROM approval WHERE state = 'asked' AND expires > ?1 ORDER BY asked DESC",
            &[self.now().as_millis().into()],
        )?;
        let mut waiting = Vec::new();
        for row in rows {
            let grant = (!row.is_null(1)).then(|| row.text(1)).transpose()?.map(GrantId::parse);
            let counts = grant.is_none_or(|grant| grant.is_ok_and(|grant| live.contains(&grant)));
            if counts {
                waiting.push(ApprovalId::parse(row.text(0)?).map_err(|_| SqlError::Shape)?);
            }
        }
        Ok(waiting)
    }

    fn live_grants(&self) -> Result<BTreeSet<GrantId>, SqlError> {
        let Some(rooms) = self.known_rooms()? else { return Ok(BTreeSet::new()) };
        let now = self.now();
        let live = rooms.grants.grants()?.into_iter().filter(|grant| now < grant.ends);
        Ok(live.map(|grant| grant.grant).collect())
    }

    /// Where the person looks at the question of this link.
    pub(crate) fn approve_url(&self, link: &str) -> String {
        format!("{}/approve?{LINK_PARAMETER}={link}", self.core.config.issuer())
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
            "SELECT {COLUMNS} FROM approval WHERE digest = ?1 AND expires > ?2 AND state NOT IN ('spent', 'void') \
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

    /// Asks. Returns the question and its link.
    fn ask_approval(
        &self,
        sql: &dyn Sql,
        asking: &Asking<'_>,
        binding: &Binding,
    ) -> Result<(ApprovalId, String), SqlError> {
        let entropy = &*self.core.ports.entropy;
        let (actor, now) = (asking.actor, self.now());
        let id = ApprovalId::from_random(entropy.bytes());
        let link = self.core.approvals.seal(entropy, &ApprovalLink { cell: self.id.clone(), id });
        let shown = Shown {
            person: actor.principal.person().map(|person| person.email.clone()),
            effect: asking.effect.clone(),
            arguments: cut(asking.arguments.clone()),
        };
        let sealed = self.sealed_effects().seal_json(entropy.bytes(), &self.place(id), &shown);
        sql.run(
            "INSERT INTO approval (id, link, call, digest, grant_id, client, tool, shown, basis, reason, second_person, \
             request, asked, expires, state) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, 'asked')",
            &[
                id.to_string().into(),
                link.as_str().into(),
                binding.call.as_slice().into(),
                binding.whole.as_slice().into(),
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
        Ok((id, link))
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
        let shown = self.sealed_effects().open_json(&self.place(id), row.blob(10)?);
        Ok(StoredApproval {
            id,
            link: row.text(7)?.to_owned(),
            digest: row.blob(11)?.try_into().map_err(|_| SqlError::Shape)?,
            state: state.ok_or(SqlError::Shape)?,
            tool: row.text(2)?.to_owned(),
            grant,
            client,
            reason: row.text(5)?.to_owned(),
            second_person: row.unsigned(6)? > 0,
            asked: UnixMillis::from_millis(row.unsigned(8)?),
            expires: UnixMillis::from_millis(row.unsigned(9)?),
            shown: shown.map_err(|_| SqlError::Shape)?,
        })
    }
}

/// The arguments with every long text cut, and the number of its characters beside it.
fn cut(value: Value) -> Value {
    match value {
        Value::String(text) => {
            let Some((end, _)) = text.char_indices().nth(ARGUMENT_MOST) else { return Value::String(text) };
            let left = text.get(..end).unwrap_or_default();
            Value::String(format!("{left}… ({} characters)", text.chars().count()))
        }
        Value::Array(items) => items.into_iter().map(cut).collect(),
        Value::Object(fields) => fields.into_iter().map(|(name, value)| (name, cut(value))).collect(),
        other => other,
    }
}

/// Forgets questions that ended a day ago.
pub(super) fn sweep(sql: &dyn Sql, now: UnixMillis) -> Result<(), SqlError> {
    let day = u64::try_from(Duration::from_hours(24).as_millis()).unwrap_or(u64::MAX);
    let before = now.as_millis().saturating_sub(day);
    sql.run("DELETE FROM approval WHERE expires <= ?1", &[before.into()]).map(drop)
}
