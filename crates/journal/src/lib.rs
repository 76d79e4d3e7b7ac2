//! Intent and outcome records of one cell in a hash chain, and its verifier.
//!
//! In scope: appending records inside the transaction of the state they record, closing what a crash left open,
//! reading, verifying. Out of scope: where a cell's high-water is kept (the directory), witnesses outside the
//! operator's reach: until there are some, the chain is evidence against outsiders, not against its operator.
//!
//! Invariants:
//! * an [`m365_types::Intent`] exists only after the transaction of its record has been committed;
//! * a record holds identifiers and keyed digests, never content, addresses or tokens;
//! * the head of the chain is read inside the transaction that appends, so nothing is remembered that a failed
//!   transaction would falsify;
//! * one INSERT per record, and every statement is a constant.
//!
//! Atomic because: one transaction at a time per database (`m365_ports::Database`), so the head read is the head
//! appended to.

mod append;
mod chain;
mod digest;
mod error;
mod read;
mod record;
mod timestamp;
mod unfinished;
mod verify;

pub use append::{Denied, Journal, Outcome, Provenance};
pub use chain::schema;
pub use error::JournalError;
pub use read::{Entry, newest, records_after, records_of};
pub use record::{ActorIds, Decision, Phase, Recipients, Record};
pub use timestamp::rfc3339;
pub use verify::{Broken, Reason, Verified, VerifyError, verify};
