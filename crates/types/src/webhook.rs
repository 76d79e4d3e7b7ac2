//! What operators' systems are told: kinds of events, as data, and an event of identifiers alone.
//!
//! Invariant: no field of an event can hold free text, a name or an address; there is no constructor that takes any.

use serde::{Deserialize, Serialize};

use crate::{ApprovalId, CellId, ClientId, GrantId, RequestId, UnixMillis, WebhookId};

macro_rules! kinds {
    ($($variant:ident $name:literal $meaning:literal,)*) => {
        /// What a webhook tells of.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum WebhookKind {
            $(#[doc = $meaning] #[serde(rename = $name)] $variant,)*
        }

        impl WebhookKind {
            /// Every kind, by name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name, `type` in the body.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One sentence for the reference documents.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

kinds! {
    ApprovalAsked "approval.asked" "A call waits for a person to approve what it would do.",
    ApprovalDecided "approval.decided" "A person said yes or no to what a call would do.",
    DlpBlocked "dlp.blocked" "Data loss prevention stopped a call or its answer.",
    IdentityMismatch "identity.mismatch" "Two proofs of identity that belong together name different people.",
    JournalBehind "journal.behind" "A cell's journal is behind what the directory had noted: the cell was restored from a copy, or cut.",
    OperatorKill "operator.kill" "An operator ended sessions.",
    PolicyChanged "policy.changed" "Another set of policies is in force.",
    PolicyRefused "policy.refused" "A set of policies was refused; the one before stays in force.",
    TokenReused "token.reused" "A code or refresh token was presented a second time; its family ended.",
}

/// One event. Its JSON is the body of the webhook: `type`, `id`, `at`, and of the rest what there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WebhookEvent {
    /// What it tells of.
    #[serde(rename = "type")]
    pub kind: WebhookKind,
    /// The event, the same in every attempt: receivers drop what they have seen.
    pub id: WebhookId,
    /// When it happened, in milliseconds since 1970.
    pub at: UnixMillis,
    /// The person's cell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cell: Option<CellId>,
    /// The request it happened in: the journal's record has the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<RequestId>,
    /// The grant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
    /// The client, by the identifier it is registered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<ClientId>,
    /// The question that is asked or answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<ApprovalId>,
}

impl WebhookEvent {
    /// An event that says nothing but what and when.
    #[must_use]
    pub const fn new(kind: WebhookKind, id: WebhookId, at: UnixMillis) -> Self {
        Self { kind, id, at, cell: None, request_id: None, grant: None, client: None, approval: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_alphabetical_order_without_repetition() {
        assert!(WebhookKind::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    }
}
