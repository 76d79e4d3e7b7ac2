//! The grants of one person, in their cell's database.
//!
//! In scope: every transition of spent transactions, codes, grants and tokens. Out of scope: which routes lead here.
//!
//! Invariants: a transition is one transaction and writes its journal record in it; the machine of `grant` decides,
//! this module reads what it needs and writes what it decided; tokens are kept as hashes, a successor that may have
//! to be repeated is kept sealed. Atomic by the database port's serialisable transactions.

use std::sync::Arc;

use m365_ports::{
    AuditEvent, AuditLog, Clock, Database, Durability, Entropy, Sql, SqlError, Verdict, transact,
};
use m365_seal::{Keys, Purpose, Sealer};
use m365_types::{AccessSubject, AuditKind, CellId, ClientId, GrantId, RequestId, UnixMillis};

use super::handle::Handles;

mod access;
mod consent;
mod issue;
mod ledger;
mod remembered;
mod rows;

pub use super::grant::{Ending, GrantRefusal, Lifetimes};
pub use access::{LiveToken, TokenRefusal};
pub use consent::IssuedCode;
pub use ledger::GrantSummary;
pub use rows::SCHEMA;

/// What the rooms of a cell share.
#[derive(Clone)]
pub struct CellPorts {
    /// Whose cell.
    pub cell: CellId,
    /// The Access subject the cell belongs to.
    pub subject: AccessSubject,
    /// Its database.
    pub database: Arc<dyn Database>,
    /// Its journal.
    pub audit: Arc<dyn AuditLog>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
}

impl CellPorts {
    /// A record of this cell with nothing but what every record has.
    pub(crate) fn event(
        &self,
        request: RequestId,
        kind: AuditKind,
        verdict: Verdict,
        code: &str,
    ) -> AuditEvent {
        AuditEvent {
            at: self.clock.now(),
            kind,
            verdict,
            request,
            subject: Some(self.subject.clone()),
            microsoft: None,
            client: None,
            grant: None,
            code: code.to_owned(),
            traces: Vec::new(),
            posture: None,
            operator: None,
            approval: None,
        }
    }

    /// One transition, durable against loss of power.
    pub(crate) fn transition<T, E: From<SqlError>>(
        &self,
        body: impl FnOnce(&dyn Sql) -> Result<T, E>,
    ) -> Result<T, E> {
        transact(&*self.database, Durability::Full, body)
    }
}

/// The grants of one person.
pub struct GrantStore {
    ports: CellPorts,
    handles: Handles,
    column: Sealer,
    issuer: String,
    lives: Lifetimes,
}

impl GrantStore {
    /// Over tables made by [`SCHEMA`]; `public_url` is the issuer.
    #[must_use]
    pub fn new(ports: CellPorts, keys: &Keys, public_url: String, lives: Lifetimes) -> Self {
        let (handles, column) = (Handles::new(keys), keys.sealer(Purpose::Column));
        Self { ports, handles, column, issuer: public_url, lives }
    }

    fn now(&self) -> UnixMillis {
        self.ports.clock.now()
    }

    fn event(&self, about: &About<'_>, kind: AuditKind, verdict: Verdict, code: &str) -> AuditEvent {
        let mut event = self.ports.event(about.request, kind, verdict, code);
        event.client = Some(about.client.clone());
        event.grant = about.grant;
        event
    }

    fn record(
        &self,
        sql: &dyn Sql,
        about: &About<'_>,
        kind: AuditKind,
        verdict: Verdict,
        code: &str,
    ) -> Result<(), SqlError> {
        let event = self.event(about, kind, verdict, code);
        self.ports.audit.append(sql, &event).map(|_| ())
    }
}

/// What the records of one transition have in common.
#[derive(Clone, Copy)]
struct About<'a> {
    request: RequestId,
    client: &'a ClientId,
    grant: Option<GrantId>,
}

/// Whether an order of an operator came after this moment and ended everything begun before.
pub(crate) fn is_cut_off(sql: &dyn Sql, begun: UnixMillis) -> Result<bool, SqlError> {
    rows::is_cut_off(sql, begun)
}

/// Spends a transaction: whether this is the first time, and nothing has cut it off.
pub(crate) fn spend(sql: &dyn Sql, id: &str, expires: UnixMillis, now: UnixMillis) -> Result<bool, SqlError> {
    rows::spend(sql, id, expires, now)
}

#[cfg(test)]
mod model_tests;
#[cfg(test)]
mod tests;
