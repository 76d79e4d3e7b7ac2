//! Telling operators' systems what happened.

use async_trait::async_trait;
use m365_types::WebhookEvent;

/// One event for one receiver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookDelivery {
    /// The receiver, one of [`Webhooks::receivers`].
    pub receiver: String,
    /// What it is told.
    pub event: WebhookEvent,
}

/// Why a receiver has not, or may not have, taken an event. In every case the same event may be sent again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// The receiver is none of the configured ones: nothing was sent.
    #[error("the receiver is not one that WEBHOOK_URLS lists")]
    Forbidden,
    /// Data loss prevention stopped it.
    #[error("data loss prevention blocked the webhook")]
    DlpBlocked,
    /// The gateway refused for a reason of its own.
    #[error("the AI Gateway refused the webhook with code {code}")]
    Gateway {
        /// Its internal code.
        code: u32,
    },
    /// The answer was a cached copy, or did not come through the gateway.
    #[error("the answer of the AI Gateway was not usable")]
    Malformed,
    /// The gateway's rate limit.
    #[error("the AI Gateway's rate limit was reached")]
    RateLimited,
    /// The receiver answered something else than a success.
    #[error("the receiver answered with status {status}")]
    Refused {
        /// HTTP status.
        status: u16,
    },
    /// Gateway or receiver could not be reached, or did not answer in time.
    #[error("the receiver could not be reached")]
    Unreachable,
}

/// The one way to the receivers of webhooks. Consistency: none. Each call is one attempt; a failed one may have arrived,
/// so whoever calls it tries again, and receivers tell events apart by their id.
#[async_trait]
pub trait Webhooks: Send + Sync {
    /// The configured receivers, by host name.
    fn receivers(&self) -> Vec<String>;

    /// Makes one attempt, signed for this moment.
    ///
    /// # Errors
    /// [`WebhookError`]
    async fn deliver(&self, delivery: &WebhookDelivery) -> Result<(), WebhookError>;
}
