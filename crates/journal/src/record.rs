//! The record: what one row of the journal says. Its JSON text is what is stored, hashed and exported.

use std::borrow::Cow;

use m365_ports::{Trace, Verdict};
use m365_types::{
    AccessSubject, Actor, ApprovalId, AuditKind, ClientId, Effect, GrantId, Identity, Label, Oid,
    OperatorNote, Posture, RequestId, Stage, TenantId,
};
use serde::{Deserialize, Serialize};

/// Version of the record's form.
pub(crate) const VERSION: u8 = 1;

/// Where in a call the record stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// Complete in itself: a denial, an authorization, a sign-in.
    Event,
    /// Written before the effect.
    Intent,
    /// Written after it.
    Outcome,
}

impl Phase {
    /// The word in the column `phase`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Intent => "intent",
            Self::Outcome => "outcome",
        }
    }
}

/// What the decision said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// No; `code` says why.
    Deny,
    /// Yes; `basis` names the rule.
    Permit,
}

/// Who acted, by identifiers only.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ActorIds {
    /// Access subject of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<AccessSubject>,
    /// Client id of a service token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<AccessSubject>,
    /// Tenant of the linked Microsoft account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tid: Option<TenantId>,
    /// Object id of the linked Microsoft account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oid: Option<Oid>,
}

impl ActorIds {
    pub(crate) fn of(actor: &Actor) -> Self {
        let (subject, service) = match actor.principal.identity() {
            Identity::Person(person) => (Some(person.subject.clone()), None),
            Identity::Service(service) => (None, Some(service.client_id.clone())),
        };
        let (tid, oid) = actor.microsoft.unzip();
        Self { subject, service, tid, oid }
    }
}

/// Whom a call reached, without naming them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recipients {
    /// How many addresses.
    pub count: usize,
    /// How many different domains.
    pub domains: usize,
    /// Keyed digest of each address, in order, lower-case hex.
    pub digests: Vec<String>,
}

/// One record. Absent fields do not apply to its phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record<'a> {
    /// Version of this form.
    pub v: u8,
    /// Number in the chain, from 1.
    pub sequence: u64,
    /// When, RFC 3339 in UTC with milliseconds.
    pub at: String,
    /// Where in a call.
    pub phase: Phase,
    /// What it is about.
    pub kind: AuditKind,
    /// Tool name or resource URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Cow<'a, str>>,
    /// What the tool does to the world.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Effect>,
    /// What the decision said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// The rule that said yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Cow<'a, str>>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// Fixed word for why it ended so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Cow<'a, str>>,
    /// HTTP status of the last exchange.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    /// The call: the same value is in the gateway's metadata and in the logs.
    pub request_id: RequestId,
    /// Who acted.
    pub actor: ActorIds,
    /// The client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Cow<'a, ClientId>>,
    /// The grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// Mailbox, team or drive acted on: an identifier, or a keyed digest where it is an address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Cow<'a, str>>,
    /// Whom the call reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipients: Option<Recipients>,
    /// Keyed digest of the arguments in canonical form (RFC 8785), lower-case hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arguments_digest: Option<String>,
    /// Hash of the policy in force.
    pub policy: Cow<'a, str>,
    /// The build that wrote the record.
    pub build: Cow<'a, str>,
    /// Exchanges with other systems, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<Trace>,
    /// Length of the answer given to the client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// How the person had signed in: of a consent and of an intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posture: Option<Cow<'a, Posture>>,
    /// Of an intent and its outcome: that it was for finding out what the effect would be, and for nothing else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<Stage>,
    /// Of an intent: what stood against the person's calls. Of an outcome: what its result added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<Label>,
    /// Of an outcome: what was noticed on the way, as fixed words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The question whose answer let the call happen, or that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalId>,
    /// Whose order it was, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operator: Option<Cow<'a, OperatorNote>>,
    /// Of an outcome: the number of its intent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub intent: Option<u64>,
}
