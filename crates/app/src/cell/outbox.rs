//! Events that receivers of webhooks have not taken yet.
//!
//! An event is held, once for every receiver, in the transaction of its cause. The cell's alarm delivers it off the path
//! of requests, at least once: what is not known to have arrived is sent again, later and later, for three days. Then it
//! is given up, with a record and a line in the log. Receivers tell events apart by their id.
//!
//! A cell that is behind its mark must not write, so it tells of that without holding anything: the event follows from
//! what it finds whenever it looks, and has the same id every time.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use m365_ports::{
    AuditLog as _, Durability, Entropy, EntropyExt as _, HighWater, Row, Sql, SqlError, WebhookDelivery,
    WebhookError, transact,
};
use m365_types::{Actor, AuditKind, CellId, UnixMillis, WebhookEvent, WebhookId, WebhookKind};
use sha2::{Digest as _, Sha256};

use super::Cell;
use super::announced::{told_of, undelivered};

/// Statements that create the table.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS outbox (id TEXT NOT NULL, receiver TEXT NOT NULL, event TEXT NOT NULL, since INTEGER NOT NULL, \
     tries INTEGER NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (id, receiver)) STRICT, WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS outbox_due ON outbox (due)",
];

/// First pause after an attempt that failed; every further one doubles it, up to the longest.
const PAUSE: Duration = Duration::from_secs(10);
const PAUSE_MAX: Duration = Duration::from_hours(1);
/// After this long an event is given up.
const GIVEN_UP_AFTER: Duration = Duration::from_hours(3 * 24);
/// Events that wait in one cell: what strangers can cause must not fill it.
const HELD_MAX: u64 = 1000;
/// Attempts of one ring of the alarm.
const AT_ONCE: u64 = 32;

/// Where the events of one cell wait.
pub(super) struct Outbox {
    cell: CellId,
    receivers: Vec<String>,
    entropy: Arc<dyn Entropy>,
}

/// One event that waits for one receiver.
struct Held {
    receiver: String,
    event: WebhookEvent,
    since: UnixMillis,
    tries: u64,
}

impl Outbox {
    pub(super) const fn new(cell: CellId, receivers: Vec<String>, entropy: Arc<dyn Entropy>) -> Self {
        Self { cell, receivers, entropy }
    }

    /// An event of this cell.
    pub(super) fn event(&self, kind: WebhookKind, at: UnixMillis) -> WebhookEvent {
        let mut event = WebhookEvent::new(kind, WebhookId::from_random(self.entropy.bytes()), at);
        event.cell = Some(self.cell.clone());
        event
    }

    /// Holds an event for every receiver. Answers whether there was room.
    pub(super) fn hold(&self, sql: &dyn Sql, event: &WebhookEvent) -> Result<bool, SqlError> {
        if self.receivers.is_empty() {
            return Ok(true);
        }
        let rows = sql.run("SELECT COUNT(*) FROM outbox", &[])?;
        if rows.first().ok_or(SqlError::Shape)?.unsigned(0)? >= HELD_MAX {
            return Ok(false);
        }
        let text = serde_json::to_string(event).map_err(|_| SqlError::Shape)?;
        let at = event.at.as_millis();
        for receiver in &self.receivers {
            sql.run(
                "INSERT INTO outbox (id, receiver, event, since, tries, due) VALUES (?1, ?2, ?3, ?4, 0, ?4) \
                 ON CONFLICT DO NOTHING",
                &[event.id.to_string().into(), receiver.as_str().into(), text.as_str().into(), at.into()],
            )?;
        }
        Ok(true)
    }

    /// How long to wait after so many attempts: up to a quarter more than the rule says, so that cells do not come together.
    fn pause(&self, tries: u64) -> Duration {
        let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(16);
        let pause = PAUSE.saturating_mul(1 << doublings).min(PAUSE_MAX);
        pause + (pause / 4).mul_f64(f64::from(u16::from_be_bytes(self.entropy.bytes())) / f64::from(u16::MAX))
    }
}

impl Held {
    fn of(row: &Row) -> Result<Self, SqlError> {
        Ok(Self {
            receiver: row.text(0)?.to_owned(),
            event: serde_json::from_str(row.text(1)?).map_err(|_| SqlError::Shape)?,
            since: UnixMillis::from_millis(row.unsigned(2)?),
            tries: row.unsigned(3)?,
        })
    }
}

impl Cell {
    /// Has receivers told of the record of a call, in its transaction, where its kind and code are ones they are told of.
    ///
    /// # Errors
    /// [`SqlError`]; the caller's transaction must then fail too.
    pub(crate) fn tell_of(
        &self,
        sql: &dyn Sql,
        actor: &Actor,
        (kind, code): (AuditKind, &str),
    ) -> Result<(), SqlError> {
        let Some(kind) = told_of(kind, code) else { return Ok(()) };
        let mut event = self.journal.outbox().event(kind, self.now());
        event.request_id = Some(actor.request);
        (event.grant, event.client) = (actor.grant, actor.client.clone());
        self.journal.tell(sql, &event)
    }

    /// Delivers what is due, and asks to be woken for the rest.
    pub(super) async fn deliver_webhooks(&self) {
        let due = match self.due_webhooks() {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(cell = %self.id, %error, "waiting webhooks could not be read");
                return self.alarm.ring_at(self.now().plus(PAUSE));
            }
        };
        // A receiver that has just failed is not made to fail again for each of its events.
        let mut silent = BTreeSet::new();
        for held in due {
            if silent.contains(&held.receiver) {
                continue;
            }
            let delivery = WebhookDelivery { receiver: held.receiver.clone(), event: held.event.clone() };
            let result = match &self.core.webhooks {
                Some(webhooks) => webhooks.deliver(&delivery).await,
                None => Err(WebhookError::Forbidden),
            };
            if result.is_err() && result != Err(WebhookError::Forbidden) {
                silent.insert(held.receiver.clone());
            }
            if let Err(error) = self.settle_webhook(&held, result) {
                tracing::error!(cell = %self.id, %error, "the end of a webhook could not be written; it is sent again");
            }
        }
        if let Ok(Some(next)) = self.next_webhook() {
            self.alarm.ring_at(next.max(self.now().plus(PAUSE)));
        }
    }

    fn due_webhooks(&self) -> Result<Vec<Held>, SqlError> {
        let now = self.now().as_millis();
        transact(&*self.database, Durability::Process, |sql| {
            let statement =
                "SELECT receiver, event, since, tries FROM outbox WHERE due <= ?1 ORDER BY due, id LIMIT ?2";
            sql.run(statement, &[now.into(), AT_ONCE.into()])?.iter().map(Held::of).collect()
        })
    }

    fn next_webhook(&self) -> Result<Option<UnixMillis>, SqlError> {
        transact(&*self.database, Durability::Process, |sql| {
            let rows = sql.run("SELECT due FROM outbox ORDER BY due LIMIT 1", &[])?;
            rows.first().map(|row| row.unsigned(0).map(UnixMillis::from_millis)).transpose()
        })
    }

    fn settle_webhook(&self, held: &Held, result: Result<(), WebhookError>) -> Result<(), SqlError> {
        let (now, id) = (self.now(), held.event.id.to_string());
        let key = [id.as_str().into(), held.receiver.as_str().into()];
        transact(&*self.database, Durability::Process, |sql| {
            let error = match result {
                Ok(()) => {
                    return sql.run("DELETE FROM outbox WHERE id = ?1 AND receiver = ?2", &key).map(drop);
                }
                Err(error) => error,
            };
            let over = error == WebhookError::Forbidden || now.since(held.since) >= GIVEN_UP_AFTER;
            if !over {
                let tries = held.tries + 1;
                let due = now.plus(self.journal.outbox().pause(tries)).as_millis();
                let [id, receiver] = key;
                let statement = "UPDATE outbox SET tries = ?3, due = ?4 WHERE id = ?1 AND receiver = ?2";
                return sql.run(statement, &[id, receiver, tries.into(), due.into()]).map(drop);
            }
            sql.run("DELETE FROM outbox WHERE id = ?1 AND receiver = ?2", &key)?;
            tracing::error!(
                cell = %self.id, webhookId = id, kind = held.event.kind.as_str(), receiver = held.receiver,
                tries = held.tries + 1, %error, "a webhook is given up"
            );
            let request = held.event.request_id.unwrap_or_else(|| self.core.new_request());
            let record = undelivered(&WebhookEvent { at: now, ..held.event.clone() }, request);
            self.ring_soon();
            self.journal.append(sql, &record).map(drop)
        })
    }

    /// Tells every receiver that has not been told yet that this cell is behind its mark.
    pub(super) async fn tell_behind(&self) {
        let (Some(webhooks), Some((at, id))) = (&self.core.webhooks, self.known.behind()) else { return };
        let mut event = WebhookEvent::new(WebhookKind::JournalBehind, id, at);
        event.cell = Some(self.id.clone());
        for receiver in webhooks.receivers() {
            if self.behind.knows(&receiver) {
                continue;
            }
            let delivery = WebhookDelivery { receiver: receiver.clone(), event: event.clone() };
            match webhooks.deliver(&delivery).await {
                Ok(()) => self.behind.told(receiver),
                Err(error) => {
                    tracing::error!(cell = %self.id, receiver, %error, "a receiver could not be told of a restored cell");
                    self.alarm.ring_at(self.now().plus(PAUSE_MAX / 12));
                }
            }
        }
    }
}

/// Whom this object has told that its cell is behind.
#[derive(Default)]
pub(super) struct Behind(Mutex<BTreeSet<String>>);

impl Behind {
    fn knows(&self, receiver: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(receiver)
    }

    fn told(&self, receiver: String) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(receiver);
    }
}

/// The id of the event that a cell is behind this mark: the same whenever it is found.
pub(super) fn behind_id(mark: &HighWater) -> WebhookId {
    id_of(&["m365-behind/1", mark.cell.as_str(), &mark.sequence.to_string(), &mark.head])
}

/// The id of an event that follows from these parts, whoever tells of it.
pub(super) fn id_of(parts: &[&str]) -> WebhookId {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut id = [0; 16];
    id.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    WebhookId::from_random(id)
}
