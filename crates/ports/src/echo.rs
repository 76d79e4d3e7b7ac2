//! Having the gateway's data loss prevention look at a result before it is handed out.

use async_trait::async_trait;
use bytes::Bytes;
use m365_types::Intent;

use crate::Trace;

/// Longest payload that can be inspected, in bytes: above the largest result of any tool.
pub const ECHO_BYTES_MAX: usize = 1 << 20;

/// A payload that passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The payload, byte for byte as it was sent.
    pub payload: Bytes,
    /// Whether a policy of data loss prevention flagged it without blocking.
    pub flagged: bool,
    /// The exchange.
    pub trace: Trace,
}

/// Why a payload did not pass: then nobody may see it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EchoError {
    /// The answer was not what was sent: something changed it, or it came out of a cache.
    #[error("the result came back from inspection changed, so it is not handed out")]
    Altered {
        /// The exchange.
        trace: Trace,
    },
    /// Data loss prevention blocked it.
    #[error("data loss prevention blocked the result")]
    DlpBlocked {
        /// The exchange.
        trace: Trace,
    },
    /// The gateway or our own echo route refused.
    #[error("the result could not be inspected: the AI Gateway answered with code {code}")]
    Gateway {
        /// The gateway's code, or the HTTP status of the echo.
        code: u32,
        /// The exchange.
        trace: Trace,
    },
    /// Larger than what can be inspected: nothing was sent.
    #[error("the result is too large to be inspected")]
    TooLarge,
    /// The gateway could not be reached, or did not answer in time.
    #[error("the result could not be inspected: the AI Gateway could not be reached")]
    Unreachable {
        /// The exchange.
        trace: Trace,
    },
}

impl EchoError {
    /// The exchange, where there was one.
    #[must_use]
    pub const fn trace(&self) -> Option<&Trace> {
        match self {
            Self::TooLarge => None,
            Self::Altered { trace }
            | Self::DlpBlocked { trace }
            | Self::Gateway { trace, .. }
            | Self::Unreachable { trace } => Some(trace),
        }
    }
}

/// Inspection of results by the gateway. Consistency: none; each call is one exchange, and nothing is kept of it. Fails
/// closed: a payload that did not come back unchanged has not been inspected.
#[async_trait]
pub trait Echo: Send + Sync {
    /// Sends the JSON of a result through the gateway to our own echo route and back. Does not retry.
    ///
    /// # Errors
    /// [`EchoError`]
    async fn inspect(&self, intent: &Intent, payload: Bytes) -> Result<Inspection, EchoError>;
}
