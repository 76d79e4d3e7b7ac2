//! What each port of the core promises, as cases that any implementation can be given to.
//!
//! In scope: the promises the traits of `m365-ports` state. Out of scope: what only one host has (files, locks,
//! bindings, a store that is slow or fails); its own tests show that. Invariants: no runtime, socket, clock or randomness
//! of its own, so that a Worker runs the same cases as a process; a failed promise is an error with a sentence, never a
//! panic. Every case wants an implementation over an empty store.
//!
//! What a host can run: every table, but [`DATABASE_PANIC`] only where it outlives a panic (a Worker leaves it to a test
//! that looks at the storage afterwards), and [`DATABASE_THREADS`] only where it has threads.

mod database;
mod database_panic;
mod database_tasks;
mod database_threads;
mod directory;
mod directory_race;
mod policies;
mod registry;
mod runtime;
mod signer;
mod table;

use anyhow::Result;
use m365_ports::BoxFuture;

pub use database::DATABASE;
pub use database_panic::{DATABASE_PANIC, die_in_a_transaction, expect_nothing_of_the_dead};
pub use database_tasks::DATABASE_TASKS;
pub use database_threads::DATABASE_THREADS;
pub use directory::{
    DIRECTORY, PerimeterKept, perimeter_records_are_bounded, places_of_expired_clients_are_free,
};
pub use directory_race::{DIRECTORY_RACE, one_cell_wins_the_race};
pub use registry::REGISTRY;
pub use runtime::{BACKGROUND, CLOCK, ENTROPY, TIMER};
pub use signer::{KeyKind, SIGNER, SignerBench, SigningPair};

/// One promise of a port.
#[derive(Debug)]
pub struct PortCase<P: ?Sized> {
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// Shows that it holds; the error says what did not.
    pub run: fn(&P) -> Result<()>,
}

/// One promise of a port whose methods wait, or of one that several tasks use.
#[derive(Debug)]
pub struct AsyncPortCase<P: ?Sized> {
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// Shows that it holds; the error says what did not.
    pub run: for<'a> fn(&'a P) -> BoxFuture<'a, Result<()>>,
}
