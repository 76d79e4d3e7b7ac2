//! The port suite: what each port of the core promises, as cases that any implementation can be given to.
//!
//! In scope: the promises the traits of `m365-ports` state. Out of scope: what only one host has (files, locks,
//! bindings); its own tests show that. Invariants: no runtime, socket, clock or randomness of its own, so that a Worker
//! can run the same cases; a failed promise is an error with a sentence, never a panic. Every case wants an
//! implementation over an empty store.

mod database;
mod database_threads;
mod directory;
mod registry;
mod runtime;

use anyhow::Result;
use m365_ports::BoxFuture;

pub use database::DATABASE;
pub use database_threads::DATABASE_THREADS;
pub use directory::{
    DIRECTORY, PerimeterKept, one_cell_wins_the_race, perimeter_records_are_bounded,
    places_of_expired_clients_are_free,
};
pub use registry::REGISTRY;
pub use runtime::{BACKGROUND, CLOCK, ENTROPY, TIMER};

/// One promise of a port.
#[derive(Debug)]
pub struct PortCase<P: ?Sized> {
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// Shows that it holds; the error says what did not.
    pub run: fn(&P) -> Result<()>,
}

/// One promise of a port whose methods wait.
#[derive(Debug)]
pub struct AsyncPortCase<P: ?Sized> {
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// Shows that it holds; the error says what did not.
    pub run: for<'a> fn(&'a P) -> BoxFuture<'a, Result<()>>,
}
