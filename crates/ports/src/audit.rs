//! Writing journal records from inside another room's transaction.

use m365_types::{
    AccessSubject, ApprovalId, AuditKind, ClientId, GrantId, Oid, OperatorNote, Posture, RequestId, TenantId,
    UnixMillis,
};
use serde::{Deserialize, Serialize};

use crate::{Sql, SqlError, Trace};

/// How the recorded matter ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// It was done.
    Done,
    /// It was refused by us.
    Denied,
    /// It was tried and failed.
    Failed,
    /// It was tried, and nothing says whether it was done.
    Unknown,
}

/// A record that is complete in itself: authorization, sign-in, refusals. Carries identifiers only, never content.
#[derive(Clone, Debug)]
pub struct AuditEvent {
    /// When.
    pub at: UnixMillis,
    /// What it is about.
    pub kind: AuditKind,
    /// How it ended.
    pub verdict: Verdict,
    /// The request it happened in.
    pub request: RequestId,
    /// The person whose cell this is, where known.
    pub subject: Option<AccessSubject>,
    /// The linked Microsoft account.
    pub microsoft: Option<(TenantId, Oid)>,
    /// The client.
    pub client: Option<ClientId>,
    /// The grant.
    pub grant: Option<GrantId>,
    /// A code of the errors table, an AADSTS code or another fixed word; never free text of a caller.
    pub code: String,
    /// Exchanges with other systems, in order.
    pub traces: Vec<Trace>,
    /// How the person had signed in, where the record is of a consent.
    pub posture: Option<Posture>,
    /// Whose order it was, where an operator acted.
    pub operator: Option<OperatorNote>,
    /// The question to a person that it is about.
    pub approval: Option<ApprovalId>,
}

/// The journal of the cell, as other rooms see it.
pub trait AuditLog: Send + Sync {
    /// Appends the record in the caller's transaction and returns its number: both are committed, or neither.
    ///
    /// # Errors
    /// [`SqlError`]; the caller's transaction must then fail too.
    fn append(&self, sql: &dyn Sql, event: &AuditEvent) -> Result<u64, SqlError>;
}
