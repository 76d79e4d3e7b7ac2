//! When a call is repeated, and after how long.
//!
//! Sources: Graph's throttling page; RFC 9110 section 10.2.3 (`Retry-After`). Refused for load (429) means not acted
//! on, so every call may be repeated; after 503 and 504 only a call without further effect. Waiting is bounded for the
//! whole action: past the bound the caller is told when to come back.

use std::time::Duration;

use m365_ports::UpstreamError;
use m365_types::Retry;

/// Tries of one request, the first included.
pub(crate) const TRIES: u32 = 3;
/// Waiting of one action, all its requests together.
pub(crate) const WAITING: Duration = Duration::from_secs(20);
/// A whole action, after which no further exchange or wait begins: clients give a call 300 seconds (Claude) or less, and
/// an exchange that has begun may take 30 more.
pub(crate) const WHOLE: Duration = Duration::from_secs(90);
/// First wait where the server names none; doubles.
const BASE: Duration = Duration::from_secs(1);

/// How long to wait before try number `tried + 1`; `None` where there is none. `jitter` is a random number that
/// spreads callers: over the upper half of a wait of ours, or up to a tenth on top of the server's.
pub(crate) fn wait(error: &UpstreamError, retry: Retry, tried: u32, jitter: u16) -> Option<Duration> {
    let again = match error {
        UpstreamError::GraphRateLimited { .. } => true,
        UpstreamError::Graph { status, .. } => {
            *status == 429 || (matches!(status, 503 | 504) && retry == Retry::Idempotent)
        }
        _ => false,
    };
    if !again || tried >= TRIES {
        return None;
    }
    let share = f64::from(jitter) / f64::from(u16::MAX);
    Some(match retry_after(error) {
        Some(asked) => asked.saturating_add((asked.min(WAITING) / 10).mul_f64(share)),
        None => (BASE * 2_u32.saturating_pow(tried.saturating_sub(1))).mul_f64(0.5 + share / 2.0),
    })
}

/// How long the server asked to wait.
pub(crate) const fn retry_after(error: &UpstreamError) -> Option<Duration> {
    match error {
        UpstreamError::GraphRateLimited { retry_after, .. } | UpstreamError::Graph { retry_after, .. } => {
            *retry_after
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use m365_ports::Trace;

    use super::*;

    fn throttled(secs: Option<f64>) -> UpstreamError {
        UpstreamError::GraphRateLimited {
            retry_after: secs.map(Duration::from_secs_f64),
            trace: Trace::default(),
        }
    }

    fn graph(status: u16) -> UpstreamError {
        UpstreamError::Graph {
            status,
            code: String::new(),
            retry_after: None,
            claims: None,
            trace: Trace::default(),
        }
    }

    #[test]
    fn what_may_be_repeated_depends_on_the_answer_and_the_call() {
        for (error, idempotent, refused_only) in [
            (throttled(None), true, true),
            (graph(429), true, true),
            (graph(503), true, false),
            (graph(504), true, false),
            (graph(500), false, false),
            (graph(400), false, false),
            (graph(403), false, false),
            (UpstreamError::GatewayUnreachable { maybe_sent: false, trace: Trace::default() }, false, false),
            (UpstreamError::GatewayRateLimited { trace: Trace::default() }, false, false),
            (UpstreamError::DlpRequest { trace: Trace::default() }, false, false),
            (UpstreamError::Malformed { trace: Trace::default() }, false, false),
            (UpstreamError::Forbidden, false, false),
        ] {
            assert_eq!(wait(&error, Retry::Idempotent, 1, 0).is_some(), idempotent, "{error:?}");
            assert_eq!(wait(&error, Retry::RefusedOnly, 1, 0).is_some(), refused_only, "{error:?}");
        }
    }

    #[test]
    fn the_server_s_wait_is_kept_to_the_fraction_and_ours_doubles() {
        let after = |error: &UpstreamError, tried, jitter| {
            wait(error, Retry::Idempotent, tried, jitter).map(|wait| wait.as_millis())
        };
        assert_eq!(after(&throttled(Some(2.128)), 1, 0), Some(2128));
        assert_eq!(after(&throttled(Some(2.0)), 1, u16::MAX), Some(2200));
        assert_eq!((after(&graph(503), 1, 0), after(&graph(503), 2, 0)), (Some(500), Some(1000)));
        assert_eq!(
            (after(&graph(503), 1, u16::MAX), after(&graph(503), 2, u16::MAX)),
            (Some(1000), Some(2000))
        );
        assert_eq!(after(&graph(503), TRIES, 0), None);
    }
}
