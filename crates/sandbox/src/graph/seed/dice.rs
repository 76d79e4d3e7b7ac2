//! Choices that look random and are not: everything follows from the name they start from.

use crate::graph::ids::spread;

/// A deterministic sequence of choices.
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) fn new(name: &str) -> Self {
        // FNV-1a: any stable spread of the name will do.
        let state = name.bytes().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
        });
        Self { state }
    }

    /// A number from 0 up to but not including `end`.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.state = self.state.wrapping_add(1);
        spread(self.state) % end.max(1)
    }

    /// One of a list; its default when the list is empty.
    pub(super) fn pick<T: Clone + Default>(&mut self, list: &[T]) -> T {
        let length = u64::try_from(list.len()).unwrap_or_default();
        let position = usize::try_from(self.below(length)).unwrap_or_default();
        list.get(position).cloned().unwrap_or_default()
    }

    /// True `percent` times out of a hundred.
    pub(super) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    /// Milliseconds from 0 up to but not including `end`.
    pub(super) fn ms(&mut self, end: i64) -> i64 {
        i64::try_from(self.below(end.unsigned_abs())).unwrap_or_default()
    }
}
