//! The journal as the live page sees it.
//!
//! The sandbox plays the systems around the server and must not know how the server keeps its journal, so the
//! binary that runs both hands in this read-only view. In scope: the newest records. Out of scope: verification of
//! the chain, which belongs to the journal itself.

use serde_json::Value;

/// A read-only view of the server's journal, newest record first.
pub trait JournalFeed: Send + Sync {
    /// At most `limit` records, newest first. Each is a JSON object with at least `requestId`, `atMs`, `kind`,
    /// `decision`, `status`, `person` and `tool`; a value that does not apply is null.
    fn recent(&self, limit: usize) -> Vec<Value>;
}
