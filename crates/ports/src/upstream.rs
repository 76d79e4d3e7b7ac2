//! Governed calls to Microsoft Graph: nothing goes out without an [`Intent`].

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use m365_types::{Call, Intent, Scope, Secret};
use serde::{Deserialize, Serialize};

/// A Graph request made of typed parts by `graph`; egress checks it once more against its row.
#[derive(Clone, Debug)]
pub struct GraphRequest {
    /// The row's call.
    pub call: &'static Call,
    /// Path below the API version, from [`Call::path`].
    pub path: String,
    /// Query options, unencoded.
    pub query: Vec<(&'static str, String)>,
    /// Values of the `Prefer` header.
    pub prefer: Vec<String>,
    /// Further headers.
    pub headers: Vec<GraphHeader>,
    /// What it carries.
    pub body: Option<Content>,
}

/// A header that a Graph request may carry besides those of every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GraphHeader {
    /// `Accept`, where the answer is not JSON.
    Accept(&'static str),
    /// `ConsistencyLevel: eventual`, which advanced queries of the directory demand.
    ConsistencyLevelEventual,
    /// `If-Match` with an entity tag as Graph gave it (RFC 9110 section 13.1.1).
    IfMatch(String),
}

/// What a Graph request carries.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// JSON
    Json(serde_json::Value),
    /// Bytes of this media type.
    Bytes {
        /// `Content-Type`
        media_type: String,
        /// The bytes.
        bytes: Bytes,
    },
}

impl From<serde_json::Value> for Content {
    fn from(value: serde_json::Value) -> Self {
        Self::Json(value)
    }
}

/// Bytes to or from an address that Graph handed out for them (`@microsoft.graph.downloadUrl`, `uploadUrl`). Such an
/// address is a credential: it goes to a host that the operator has listed, without any token, and into no log or record.
#[derive(Clone, Debug)]
pub struct Transfer {
    /// The address.
    pub url: Secret<String>,
    /// What is uploaded; nothing where it is a download.
    pub upload: Option<UploadPart>,
}

/// One part of an upload session (Graph, `createUploadSession`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UploadPart {
    /// Where in the whole the part begins, in bytes.
    pub offset: u64,
    /// Bytes of the whole.
    pub total: u64,
    /// The part.
    pub bytes: Bytes,
}

/// Graph's answer with the identifiers of that very exchange.
#[derive(Clone, Debug)]
pub struct GraphAnswer {
    /// HTTP status: a success, or 302 where the content lies elsewhere.
    pub status: u16,
    /// Body, possibly empty.
    pub body: Bytes,
    /// `Content-Type` of the body, where there was one.
    pub media_type: Option<String>,
    /// Where the content lies, with a 302.
    pub location: Option<Secret<String>>,
    /// Where the exchange can be found again.
    pub trace: Trace,
}

/// Identifiers of one exchange, for the journal.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// Our `client-request-id` for this exchange.
    pub client_request_id: String,
    /// `cf-aig-log-id` of the gateway; absent where the gateway did not answer.
    pub ai_gateway_log_id: Option<String>,
    /// `request-id` of Graph; absent where Graph did not answer.
    pub graph_request_id: Option<String>,
    /// HTTP status; absent where there was no answer.
    pub status: Option<u16>,
}

/// Why Graph gave no success. Classified in one place, by `egress`.
#[derive(Clone, Debug, thiserror::Error)]
pub enum UpstreamError {
    /// The request is not one its row may make: nothing was sent.
    #[error("the request is not one this action may make")]
    Forbidden,
    /// The content lies on a host that the operator has not listed (`SHAREPOINT_HOSTS`): nothing was sent.
    #[error("the content lies on the host {host}, which SHAREPOINT_HOSTS does not list")]
    UnlistedHost {
        /// The host's name; empty where the address is none that could be listed.
        host: String,
    },
    /// The gateway could not be reached, or broke off.
    #[error("the AI Gateway could not be reached")]
    GatewayUnreachable {
        /// Whether the request may have been acted on.
        maybe_sent: bool,
        /// The exchange.
        trace: Trace,
    },
    /// The gateway refused for a reason of its own.
    #[error("the AI Gateway refused the request with code {code}")]
    Gateway {
        /// Its internal code.
        code: u32,
        /// The exchange.
        trace: Trace,
    },
    /// Data loss prevention stopped the request.
    #[error("data loss prevention blocked the request")]
    DlpRequest {
        /// The exchange.
        trace: Trace,
    },
    /// Data loss prevention stopped the answer; the effect may have happened.
    #[error("data loss prevention blocked the answer")]
    DlpResponse {
        /// The exchange.
        trace: Trace,
    },
    /// The gateway's rate limit.
    #[error("the AI Gateway's rate limit was reached")]
    GatewayRateLimited {
        /// The exchange.
        trace: Trace,
    },
    /// Graph's throttling.
    #[error("Microsoft Graph is throttling")]
    GraphRateLimited {
        /// How long to wait, where Graph said so.
        retry_after: Option<Duration>,
        /// The exchange.
        trace: Trace,
    },
    /// Graph refused.
    #[error("Microsoft Graph answered {status} {code}")]
    Graph {
        /// HTTP status.
        status: u16,
        /// The deepest known error code; empty where there was none.
        code: String,
        /// How long to wait, where Graph said so.
        retry_after: Option<Duration>,
        /// The claims challenge of a 401 or 403 (continuous access evaluation), decoded.
        claims: Option<String>,
        /// The exchange.
        trace: Trace,
    },
    /// The answer was not what HTTP or the gateway promise, or a cached copy of somebody's answer.
    #[error("the answer of the AI Gateway was not usable")]
    Malformed {
        /// The exchange.
        trace: Trace,
    },
}

impl UpstreamError {
    /// The identifiers of the exchange, where there was one.
    #[must_use]
    pub const fn trace(&self) -> Option<&Trace> {
        match self {
            Self::Forbidden | Self::UnlistedHost { .. } => None,
            Self::GatewayUnreachable { trace, .. }
            | Self::Gateway { trace, .. }
            | Self::DlpRequest { trace }
            | Self::DlpResponse { trace }
            | Self::GatewayRateLimited { trace }
            | Self::GraphRateLimited { trace, .. }
            | Self::Graph { trace, .. }
            | Self::Malformed { trace } => Some(trace),
        }
    }
}

/// The one way to Graph.
#[async_trait]
pub trait Upstream: Send + Sync {
    /// Makes one exchange for a recorded intent, with this Microsoft access token. Does not retry.
    ///
    /// # Errors
    /// [`UpstreamError`]
    async fn call(
        &self,
        intent: &Intent,
        token: &Secret<String>,
        request: GraphRequest,
    ) -> Result<GraphAnswer, UpstreamError>;

    /// Makes several requests in one exchange (Graph, JSON batching: at most 20, in any order), and gives what became of
    /// each, in their order.
    ///
    /// # Errors
    /// [`UpstreamError`] where the batch as a whole failed, [`UpstreamError::Forbidden`] where one request is not admitted.
    async fn batch(
        &self,
        intent: &Intent,
        token: &Secret<String>,
        requests: Vec<GraphRequest>,
    ) -> Result<Vec<Result<GraphAnswer, UpstreamError>>, UpstreamError>;

    /// Moves bytes for a recorded intent. Does not retry.
    ///
    /// # Errors
    /// [`UpstreamError`]
    async fn transfer(&self, intent: &Intent, transfer: Transfer) -> Result<GraphAnswer, UpstreamError>;
}

/// Why there is no Microsoft access token.
#[derive(Clone, Debug, thiserror::Error)]
pub enum TokenError {
    /// No Microsoft account is linked, or its tokens are gone: the person must sign in.
    #[error("{sentence}")]
    SignInNeeded {
        /// What the person must do, for the tool result.
        sentence: String,
    },
    /// Microsoft or the organisation refuses; somebody else must act.
    #[error("{sentence}")]
    Refused {
        /// Who must do what.
        sentence: String,
    },
    /// Entra or our store did not answer; trying again later may help.
    #[error("{sentence}")]
    Unavailable {
        /// What happened.
        sentence: String,
    },
}

/// Microsoft access tokens of the person whose cell this is. Single flight: parallel callers share one refresh.
#[async_trait]
pub trait TokenSource: Send + Sync {
    /// A token that holds the scopes and does not expire within a minute.
    ///
    /// # Errors
    /// [`TokenError`]
    async fn access_token(&self, scopes: &[Scope]) -> Result<Secret<String>, TokenError>;

    /// A token other than `rejected`, which Graph did not accept, honouring a claims challenge where there is one.
    /// `rejected` is not handed out again, whatever comes of it.
    ///
    /// # Errors
    /// [`TokenError`]
    async fn replace(
        &self,
        rejected: &Secret<String>,
        claims: Option<&str>,
    ) -> Result<Secret<String>, TokenError>;

    /// Graph challenges a replaced token again: no further attempt is made until the person has signed in, and that
    /// sign-in asks for these claims. Answers what the person must do.
    async fn challenged_again(&self, rejected: &Secret<String>, claims: &str) -> TokenError;
}
