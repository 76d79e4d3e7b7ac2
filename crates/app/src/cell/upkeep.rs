//! What a cell does off the path of requests, when its alarm rings: it tells the directory how far its journal has
//! come, forgets what has expired, and tells receivers of webhooks what happened.

use std::sync::atomic::Ordering;
use std::time::Duration;

use m365_ports::{Durability, SqlError, transact};

use super::{Cell, Rooms, approvals, carried, owner};

/// The directory hears of new records at most this often, in one message for all of them.
const TELL_AFTER: Duration = Duration::from_secs(5);
/// After a directory that did not answer.
const TELL_AGAIN_AFTER: Duration = Duration::from_mins(1);
/// Least time between two looks for what has expired.
const SWEEP_AFTER: Duration = Duration::from_hours(1);

impl Cell {
    /// The alarm rings. A host calls this when the moment that [`m365_ports::Alarm::ring_at`] asked for has come; once
    /// too often does no harm.
    pub async fn ring(&self) {
        // A cell that must not write stays as it is; it looks again when it is asked for something.
        if self.stand().await.is_err() {
            self.tell_behind().await;
            return self.alarm.ring_at(self.now().plus(SWEEP_AFTER));
        }
        self.tell_directory().await;
        if let Err(error) = self.sweep() {
            tracing::error!(cell = %self.id, %error, "what has expired could not be forgotten");
            self.alarm.ring_at(self.now().plus(SWEEP_AFTER));
        }
        self.tell_policies().await;
        self.deliver_webhooks().await;
    }

    /// Something may have been recorded or stored: the alarm rings soon.
    pub(crate) fn ring_soon(&self) {
        self.alarm.ring_at(self.now().plus(TELL_AFTER));
    }

    pub(super) async fn tell_directory(&self) {
        let Ok(mark) = self.journal.high_water() else {
            return self.alarm.ring_at(self.now().plus(TELL_AGAIN_AFTER));
        };
        let sequence = mark.sequence;
        if sequence == 0 || sequence == self.told_sequence.load(Ordering::Relaxed) {
            return;
        }
        // What the directory has heard of must not be lost with the power: a cell behind its mark may not write.
        if let Err(error) = self.settle() {
            tracing::error!(cell = %self.id, %error, "the journal could not be made durable");
            return self.alarm.ring_at(self.now().plus(TELL_AGAIN_AFTER));
        }
        match self.core.ports.directory.note_high_water(mark).await {
            Ok(()) => self.told_sequence.store(sequence, Ordering::Relaxed),
            Err(error) => {
                tracing::warn!(cell = %self.id, %error, "a journal's high-water could not be noted");
                self.alarm.ring_at(self.now().plus(TELL_AGAIN_AFTER));
            }
        }
    }

    /// Makes everything committed so far durable: a write that survives loss of power takes along all before it.
    fn settle(&self) -> Result<(), SqlError> {
        transact(&*self.database, Durability::Full, |sql| {
            sql.run("UPDATE standing SET carried_out = carried_out WHERE id = 1", &[]).map(drop)
        })
    }

    /// Forgets what has expired, and asks to be woken when the next thing does.
    fn sweep(&self) -> Result<(), SqlError> {
        let Some(rooms) = self.known_rooms()? else { return Ok(()) };
        let now = self.now();
        let due = rooms.swept.load(Ordering::Relaxed).saturating_add(millis(SWEEP_AFTER));
        if now.as_millis() < due {
            return Ok(());
        }
        let next = rooms.grants.sweep()?;
        let next_state = transact(&*self.database, Durability::Process, |sql| {
            approvals::sweep(sql, now)?;
            carried::sweep(sql, now)
        })?;
        rooms.swept.store(now.as_millis(), Ordering::Relaxed);
        if let Some(next) = next.into_iter().chain(next_state).min() {
            self.alarm.ring_at(next.max(now.plus(SWEEP_AFTER)));
        }
        Ok(())
    }

    /// The rooms, where the cell has an owner.
    pub(super) fn known_rooms(&self) -> Result<Option<&Rooms>, SqlError> {
        if let Some(rooms) = self.rooms.get() {
            return Ok(Some(rooms));
        }
        let owner = owner::of(&*self.database, None)?;
        Ok(owner.map(|owner| self.rooms.get_or_init(|| self.build_rooms(owner))))
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
