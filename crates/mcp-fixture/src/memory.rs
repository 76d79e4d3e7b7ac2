//! What the fixture remembers between requests, under names that nobody can guess.
//!
//! Invariants: a state is given back once, to whoever has its name, as it was kept; a question is answered once.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use rand_core::{OsRng, RngCore as _};

/// Values by random names.
#[derive(Debug)]
pub(crate) struct Memory<T> {
    kept: Mutex<BTreeMap<String, T>>,
}

impl<T> Default for Memory<T> {
    fn default() -> Self {
        Self { kept: Mutex::default() }
    }
}

impl<T> Memory<T> {
    /// Keeps a value and names it.
    pub(crate) fn keep(&self, value: T) -> String {
        let mut drawn = [0_u8; 16];
        OsRng.fill_bytes(&mut drawn);
        let name = BASE64_URL_SAFE_NO_PAD.encode(drawn);
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(name.clone(), value);
        name
    }

    /// Gives a value away.
    pub(crate) fn take(&self, name: &str) -> Option<T> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(name)
    }

    /// Shows a value.
    pub(crate) fn find(&self, name: &str) -> Option<T>
    where
        T: Clone,
    {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_taken_is_gone_and_what_is_shown_stays() {
        let memory = Memory::default();
        let (first, second) = (memory.keep(1), memory.keep(1));
        assert_ne!(first, second);
        assert_eq!((memory.find(&first), memory.take(&first), memory.take(&first)), (Some(1), Some(1), None));
        assert_eq!((memory.find(&second), memory.find("")), (Some(1), None));
    }
}
