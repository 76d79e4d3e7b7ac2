//! The directory: one small strongly consistent cell for what must be unique or counted across people.

use std::time::Duration;

use async_trait::async_trait;
use m365_types::{
    AccessSubject, AuditKind, CellId, ClientId, Email, Oid, OperatorNote, Order, RequestId, TenantId,
    UnixMillis,
};
use serde::{Deserialize, Serialize};

/// Why the directory did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DirectoryError {
    /// It could not be read or written.
    #[error("the directory did not answer")]
    Unavailable,
}

/// Answer to [`Directory::pin_microsoft`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum PinOutcome {
    /// The account belongs to this cell, from now on or already.
    Pinned,
    /// The account belongs to another person's cell.
    TakenByAnother,
    /// This cell is pinned to another account.
    OtherAccount,
}

/// Answer to [`Directory::count_registration`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum RegistrationOutcome {
    /// Counted; within the quota.
    Counted,
    /// The quota of the minute or of live clients is used up.
    QuotaReached,
}

/// How far a cell's journal had come when it last said so: a cell behind it was restored or cut.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HighWater {
    /// The cell.
    pub cell: CellId,
    /// Number of its newest record.
    pub sequence: u64,
    /// Hash of its newest record, lower-case hex.
    pub head: String,
}

/// A person that the directory knows, because they have linked a Microsoft account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownPerson {
    /// Their cell.
    pub cell: CellId,
    /// Their Access subject.
    pub subject: AccessSubject,
    /// Their Access e-mail when they last linked.
    pub email: Email,
}

/// An order with who gave it, when and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IssuedOrder {
    /// What is ordered.
    pub order: Order,
    /// Whose order it is.
    pub note: OperatorNote,
    /// When.
    pub at: UnixMillis,
    /// The request it came in.
    pub request: RequestId,
}

/// What a cell must know before it acts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Standing {
    /// Orders for this cell that came after those it has carried out, by number. At most [`ORDERS_AT_ONCE`].
    pub orders: Vec<(u64, IssuedOrder)>,
    /// The number up to which `orders` is complete.
    pub upto: u64,
    /// Whether there are more.
    pub more: bool,
    /// How far the cell's journal had come when it last said so.
    pub mark: Option<HighWater>,
}

/// Orders in one [`Standing`].
pub const ORDERS_AT_ONCE: u64 = 100;

/// Something that reached no cell: a refusal at the front, or a registration. Carries no content and no address of
/// the caller.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PerimeterRecord {
    /// When.
    pub at: UnixMillis,
    /// What it is about.
    pub kind: AuditKind,
    /// `requestId` the caller was given.
    pub request_id: String,
    /// Route path of the table, `-` where none matched.
    pub route: String,
    /// Cause of the refusal, or another fixed word.
    pub code: String,
    /// HTTP status.
    pub status: u16,
    /// The client it is about, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
}

impl PerimeterRecord {
    /// The record of the same registration, refused because the quota is used up.
    #[must_use]
    pub fn over_quota(self) -> Self {
        Self { code: REGISTRATION_QUOTA.to_owned(), status: 429, client: None, ..self }
    }
}

/// Code of a registration that was refused because the quota is used up.
pub const REGISTRATION_QUOTA: &str = "registration_quota";

/// What became of an operator's policy set in one process of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub enum PolicySighting {
    /// It loads and is to come into force.
    InForce {
        /// Hash of what is in force, the set with what the deployment offers, as in records.
        hash: String,
        /// Hash of the set.
        set: String,
        /// Version of a signed set.
        version: Option<u64>,
    },
    /// It was refused.
    Refused {
        /// Digest of what was read, lower-case hex.
        digest: String,
        /// Why, in one fixed word.
        reason: String,
    },
}

/// Answer to [`Directory::sight_policy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "standing")]
pub enum PolicyStanding {
    /// It may count.
    Noted {
        /// Number of the sighting, where nobody is known to have told of it.
        untold: Option<u64>,
    },
    /// A newer set was in force before, in whatever process: this one must not come into force.
    Older {
        /// Version of the newest.
        in_force: u64,
    },
}

/// A policy sighting as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyNote {
    /// When it was first made.
    pub at: UnixMillis,
    /// What was seen.
    pub sighting: PolicySighting,
}

/// How long the set before the newest still counts: stores of configuration hand out old answers for a while (Workers KV:
/// 60 seconds, <https://developers.cloudflare.com/kv/concepts/how-kv-works/>).
pub const POLICY_OVERLAP: Duration = Duration::from_mins(2);

/// The directory. Consistency: linearizable; each method is one transaction.
#[async_trait]
pub trait Directory: Send + Sync {
    /// Claims a Microsoft account for a person's cell. Idempotent for the same pair. Where it is pinned the person is
    /// noted, so that an operator can name them.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn pin_microsoft(
        &self,
        person: &KnownPerson,
        tenant: TenantId,
        oid: Oid,
    ) -> Result<PinOutcome, DirectoryError>;

    /// The people of this Access subject, e-mail address or cell.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn find_people(&self, name: &str) -> Result<Vec<KnownPerson>, DirectoryError>;

    /// Cells in the order of their names, those after `after`, at most `limit`.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn cells(&self, after: Option<&CellId>, limit: u64) -> Result<Vec<CellId>, DirectoryError>;

    /// Adds an order to the log and returns its number. In the same transaction [`Order::Unpin`] frees the account, and
    /// [`Order::Readmit`] forgets how far the cell's journal had come.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn issue(&self, order: IssuedOrder) -> Result<u64, DirectoryError>;

    /// What a cell that has carried out the orders up to `after` must know; a cell that never asked has none to carry
    /// out, since it had nothing when they were given.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn standing(&self, cell: &CellId, after: Option<u64>) -> Result<Standing, DirectoryError>;

    /// Counts one dynamic registration at `now` that lives until `expires`. Its record is written in the same
    /// transaction: as it is where the registration is counted, else as that of a refusal
    /// ([`PerimeterRecord::over_quota`]).
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn count_registration(
        &self,
        now: UnixMillis,
        expires: UnixMillis,
        record: Option<PerimeterRecord>,
    ) -> Result<RegistrationOutcome, DirectoryError>;

    /// Notes how far a journal has come. Never lowers what is noted.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn note_high_water(&self, mark: HighWater) -> Result<(), DirectoryError>;

    /// What was noted for the cell.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn high_water(&self, cell: &CellId) -> Result<Option<HighWater>, DirectoryError>;

    /// Writes a perimeter record, rate-bounded: beyond the bound it is counted instead of kept.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn record_perimeter(&self, record: PerimeterRecord) -> Result<(), DirectoryError>;

    /// Notes what became of a policy set, once for every change; what is in force first of all changes nothing. A signed
    /// set comes into force only where this says so: one older than the newest that was ever in force does not, except the
    /// one before it within [`POLICY_OVERLAP`].
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn sight_policy(
        &self,
        sighting: &PolicySighting,
        now: UnixMillis,
    ) -> Result<PolicyStanding, DirectoryError>;

    /// Somebody has told of the sighting with this number, for good.
    ///
    /// # Errors
    /// [`DirectoryError`]
    async fn policy_told(&self, number: u64) -> Result<(), DirectoryError>;
}
