//! Vocabulary shared by every room: secrets, typed ids, time, principal, permit and the table vocabulary.
//!
//! In scope: types whose misuse must not compile. Out of scope: input and output, policy, storage.
//!
//! Invariants carried by construction:
//! * a [`Secret`] cannot be printed, serialised or compared with `==`;
//! * a [`Principal`] exists only where the perimeter issued it, a [`Permit`] only where the decision did, and an
//!   [`Intent`] only where the journal committed a record. `clippy.toml` bans the three constructors everywhere else.

mod audit;
mod call;
mod confidential;
mod hex;
mod id;
mod label;
mod operator;
mod permit;
mod principal;
mod resolved;
mod scope;
mod secret;
mod table;
mod time;
mod webhook;

pub use audit::AuditKind;
pub use call::{Call, Method, PathError, Retry, decode_segment, encode_segment};
pub use confidential::{ConfidentialSources, NoPlace};
pub use hex::hex;
pub use id::{
    AccessSubject, ApprovalId, CellId, ClientId, Email, GrantId, IdError, Oid, RequestId, TenantId, WebhookId,
};
pub use label::{Label, Labels};
pub use operator::{OperatorNote, Order, OrderKind, Reason};
pub use permit::{Actor, Approval, Intent, Permit, Stage, Terms};
pub use principal::{Identity, Person, Posture, Principal, Service};
pub use resolved::{
    Audience, EffectBody, EffectFile, Fact, InternalDomains, Members, Recipient, ResolvedEffect, Role,
    Standing,
};
pub use scope::{Scope, ScopeSet};
pub use secret::Secret;
pub use table::{ActionKind, ActionSpec, Effect, Profile, Reach, Sensitivity, Toolset};
pub use time::UnixMillis;
pub use webhook::{WebhookEvent, WebhookKind};
