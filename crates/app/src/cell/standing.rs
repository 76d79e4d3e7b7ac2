//! Whether a cell may act: it has carried out every operator's order that is older than half a minute, and its journal
//! has come as far as the directory knows of.
//!
//! Invariants: an order is carried out once, in one transaction with its records; a cell whose copy of the orders is
//! older than [`COPY_LASTS`] and cannot be renewed acts for nobody; a cell behind its mark was restored from a copy, and
//! writes nothing before an operator readmits it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use m365_auth::oauth::store::Ending;
use m365_ports::{Durability, IssuedOrder, PerimeterRecord, Sql, SqlError, Standing, Verdict, transact};
use m365_types::{ClientId, Order, OrderKind, UnixMillis, WebhookId};

use super::outbox::behind_id;
use super::{Cell, Inside, Rooms};
use crate::errors;
use crate::respond::Failure;
use crate::routes::Route;

/// Statements that create the table.
pub(super) const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS standing (id INTEGER PRIMARY KEY CHECK (id = 1), carried_out INTEGER NOT NULL) STRICT",
];

/// A copy of the orders younger than this is good.
pub(crate) const COPY_FRESH: Duration = Duration::from_secs(30);
/// Until this age it is used while the directory does not answer.
pub(crate) const COPY_LASTS: Duration = Duration::from_mins(1);

/// What a cell knows of its standing; nothing when it has just woken.
#[derive(Default)]
pub(super) struct Known(Mutex<State>);

#[derive(Clone, Copy, Default)]
struct State {
    read_at: Option<UnixMillis>,
    restored: bool,
    /// When the cell was found behind its mark, and the event that tells of it.
    behind: Option<(UnixMillis, WebhookId)>,
    /// Whether intents that a crash left open were closed.
    closed: bool,
}

/// What the orders of one look came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct CarriedOut {
    pub(super) orders: u64,
    pub(super) grants: u64,
    pub(super) erased: bool,
    pub(super) calls: u64,
}

impl Known {
    fn get(&self) -> State {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where the cell is behind its mark, since when, and the event that tells of it.
    pub(super) fn behind(&self) -> Option<(UnixMillis, WebhookId)> {
        self.get().behind
    }

    fn update(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Cell {
    /// Whether the cell may act now; looks at the orders where its copy is old.
    pub(crate) async fn stand(&self) -> Result<(), Failure> {
        let age = self.known.get().read_at.map(|at| self.now().since(at));
        if age.is_none_or(|age| age >= COPY_FRESH) {
            match self.look().await {
                Ok(_) => {}
                Err(failure) if failure.row.code == errors::STANDING.code => {
                    if age.is_none_or(|age| age >= COPY_LASTS) {
                        return Err(failure);
                    }
                }
                Err(failure) => return Err(failure),
            }
        }
        if self.known.get().restored { Err(Failure::of(&errors::RESTORED)) } else { Ok(()) }
    }

    /// Looks at the orders now and carries out what is new.
    pub(super) async fn look(&self) -> Result<CarriedOut, Failure> {
        let mut total = CarriedOut::default();
        loop {
            let after = self.carried_out()?;
            let standing = self.core.ports.directory.standing(&self.id, after).await;
            let standing = standing.map_err(|_| Failure::of(&errors::STANDING))?;
            if !self.reaches(&standing)? {
                tracing::error!(cell = %self.id, "the cell's journal is behind what was noted of it: restored from a copy");
                let now = self.now();
                self.known.update(|state| {
                    (state.restored, state.read_at) = (true, Some(now));
                    if state.behind.is_none() {
                        state.behind = standing.mark.as_ref().map(|mark| (now, behind_id(mark)));
                    }
                });
                return Ok(total);
            }
            self.close_unfinished()?;
            let done = self.carry_out(&standing)?;
            total.orders += done.orders;
            total.grants += done.grants;
            total.erased |= done.erased;
            total.calls += done.calls;
            if !standing.more {
                self.known.update(|state| {
                    (state.restored, state.read_at, state.behind) = (false, Some(self.now()), None);
                });
                return Ok(total);
            }
        }
    }

    /// The record of a refusal in a cell that must not write: in the perimeter's journal.
    pub(super) async fn record_outside(&self, route: &Route, inside: &Inside<'_>, failure: &Failure) {
        let record = PerimeterRecord {
            at: self.now(),
            kind: route.audit,
            request_id: inside.request.to_string(),
            route: route.path.to_owned(),
            code: failure.cause.clone(),
            status: failure.row.status.as_u16(),
            client: None,
        };
        if let Err(error) = self.core.ports.directory.record_perimeter(record).await {
            tracing::error!(requestId = %inside.request, %error, "a refusal could not be recorded");
        }
    }

    /// Number of the last order carried out; `None` in a cell that never asked.
    fn carried_out(&self) -> Result<Option<u64>, SqlError> {
        transact(&*self.database, Durability::Process, |sql| {
            let rows = sql.run("SELECT carried_out FROM standing WHERE id = 1", &[])?;
            rows.first().map(|row| row.unsigned(0)).transpose()
        })
    }

    fn reaches(&self, standing: &Standing) -> Result<bool, Failure> {
        let Some(mark) = &standing.mark else { return Ok(true) };
        self.journal.reaches(mark).map_err(|error| {
            tracing::error!(cell = %self.id, %error, "the journal cannot be compared with its mark");
            Failure::of(&errors::JOURNAL)
        })
    }

    /// Closes, once, the intents that a crash left without outcome.
    fn close_unfinished(&self) -> Result<(), Failure> {
        if self.known.get().closed {
            return Ok(());
        }
        let closed = self.journal.close_unfinished(self.now()).map_err(|error| {
            tracing::error!(cell = %self.id, %error, "unfinished intents could not be closed");
            Failure::of(&errors::JOURNAL)
        })?;
        if closed > 0 {
            tracing::warn!(cell = %self.id, closed, "calls without outcome were closed as unknown");
        }
        self.known.update(|state| state.closed = true);
        Ok(())
    }

    fn carry_out(&self, standing: &Standing) -> Result<CarriedOut, Failure> {
        let rooms = self.known_rooms()?;
        let mut done = CarriedOut::default();
        let mut ordered = Vec::new();
        transact(&*self.database, Durability::Full, |sql| {
            // Asked again in the transaction that writes: two requests may have looked side by side.
            let rows = sql.run("SELECT carried_out FROM standing WHERE id = 1", &[])?;
            let after = rows.first().map(|row| row.unsigned(0)).transpose()?;
            if after == Some(standing.upto) {
                return Ok::<_, SqlError>(());
            }
            for (number, issued) in &standing.orders {
                if after.is_none_or(|after| *number > after) {
                    if let Some(rooms) = rooms {
                        self.obey(sql, rooms, issued, &mut done)?;
                    }
                    ordered.push(&issued.order);
                }
            }
            let statement = "INSERT INTO standing (id, carried_out) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET \
                             carried_out = MAX(carried_out, excluded.carried_out)";
            sql.run(statement, &[standing.upto.into()]).map(drop)
        })?;
        // Calls that were let in before the orders were written.
        for order in ordered {
            done.calls += self.in_flight.end(client_of(order));
            self.streams.end(client_of(order));
        }
        Ok(done)
    }

    fn obey(
        &self,
        sql: &dyn Sql,
        rooms: &Rooms,
        issued: &IssuedOrder,
        done: &mut CarriedOut,
    ) -> Result<(), SqlError> {
        let (request, order) = (issued.request, &issued.order);
        let ended = rooms.grants.end_every(sql, request, client_of(order), Ending::ByOperator)?;
        done.erased |= match order.kind() {
            OrderKind::KillClient => false,
            OrderKind::KillEveryone | OrderKind::KillPerson | OrderKind::Readmit => {
                rooms.microsoft.erase(sql)?
            }
            OrderKind::Unpin => rooms.microsoft.unlink(sql)?,
        };
        done.orders += 1;
        done.grants += ended;
        let mut event = self.event(request, order.kind().audit(), Verdict::Done, order.kind().as_str());
        event.subject = Some(rooms.owner.clone());
        event.client = client_of(order).cloned();
        event.operator = Some(issued.note.clone());
        m365_ports::AuditLog::append(&*self.journal, sql, &event).map(drop)
    }
}

const fn client_of(order: &Order) -> Option<&ClientId> {
    match order {
        Order::KillClient(client) => Some(client),
        Order::KillEveryone | Order::KillPerson(_) | Order::Unpin(_) | Order::Readmit(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_renewed_well_before_it_is_too_old() {
        assert!(COPY_FRESH * 2 <= COPY_LASTS);
    }
}
