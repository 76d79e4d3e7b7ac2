//! Alarms of open cells: one moment each, in memory. The server looks for due ones once a second.

use std::sync::atomic::{AtomicU64, Ordering};

use m365_ports::Alarm;
use m365_types::UnixMillis;

/// No moment is pending.
const NONE: u64 = u64::MAX;

/// The pending moment of one cell.
#[derive(Debug)]
pub(crate) struct PendingAlarm(AtomicU64);

impl PendingAlarm {
    /// An alarm that is due.
    pub(crate) const fn due_at_once() -> Self {
        Self(AtomicU64::new(0))
    }

    /// Whether the alarm is due; if so, nothing is pending any more.
    pub(crate) fn take(&self, now: UnixMillis) -> bool {
        let due = |at: u64| (at != NONE && at <= now.as_millis()).then_some(NONE);
        self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, due).is_ok()
    }
}

impl Alarm for PendingAlarm {
    fn ring_at(&self, at: UnixMillis) {
        self.0.fetch_min(at.as_millis(), Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> UnixMillis {
        UnixMillis::from_millis(millis)
    }

    #[test]
    fn the_earliest_moment_asked_for_wins_and_rings_once() {
        let alarm = PendingAlarm::due_at_once();
        assert!(alarm.take(at(1)));
        alarm.ring_at(at(20));
        alarm.ring_at(at(10));
        alarm.ring_at(at(30));
        assert!(!alarm.take(at(9)));
        assert!(alarm.take(at(10)));
        assert!(!alarm.take(at(100)));
    }

    #[test]
    fn without_a_moment_nothing_is_ever_due() {
        let alarm = PendingAlarm::due_at_once();
        assert!(alarm.take(at(0)));
        assert!(!alarm.take(at(u64::MAX)));
    }
}
