//! Data-loss prevention: what a finding looks like, and the one policy this gateway always has.
//!
//! Source: the `cf-aig-dlp` header. Blocking is done by fault injection; the standing policy only flags, and what it
//! flags is the card number every payment provider publishes for tests, so that nothing believable trips it.

use serde_json::{Value, json};

const TEST_CARDS: [&[u8]; 2] = [b"4111111111111111", b"4111 1111 1111 1111"];

/// Which direction was scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Check {
    Request,
    Response,
}

/// What a scan found and what was done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    check: Check,
    blocked: bool,
}

impl Finding {
    pub(super) fn blocked(check: Check) -> Self {
        Self { check, blocked: true }
    }

    /// `BLOCK` or `FLAG`.
    pub(super) fn action(self) -> &'static str {
        if self.blocked { "BLOCK" } else { "FLAG" }
    }

    /// The header value.
    pub(super) fn json(self) -> Value {
        let check = match self.check {
            Check::Request => "REQUEST",
            Check::Response => "RESPONSE",
        };
        json!({"findings": [{
            "profile": {"context": {}, "entry_ids": ["a1b7a1c0-6d0e-4a3b-9f0e-1f5d2c3b4a55"],
                        "profile_id": "d8fcfc9c-773c-405e-8426-21ecbb67ba93"},
            "policy_ids": ["block-and-flag-cards"], "check": check}], "action": self.action()})
    }
}

/// Scans text for the test card number.
pub(super) fn scan(body: &[u8], check: Check) -> Option<Finding> {
    // Every answer passes here, so only the places that begin like a card are compared in full.
    let mut rest = body;
    while let Some(at) = rest.iter().position(|byte| *byte == b'4') {
        rest = rest.get(at..).unwrap_or_default();
        if TEST_CARDS.iter().any(|card| rest.starts_with(card)) {
            return Some(Finding { check, blocked: false });
        }
        rest = rest.get(1..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_test_card_is_flagged() {
        assert_eq!(scan(b"pay with 4111 1111 1111 1111", Check::Request).unwrap().action(), "FLAG");
        assert!(scan(b"4111 is a year", Check::Request).is_none());
        assert!(scan(b"", Check::Response).is_none());
    }
}
