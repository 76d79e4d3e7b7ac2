//! The rules that hold where the operator gives no others.
//!
//! What reaches other people carries no keys; what leaves the organisation carries no payment data either. National ids
//! are often meant to be sent, so they are only reported. Reading goes on whatever is in a mailbox: keys in results are
//! replaced before the model sees them, and nothing blocks a result.

use m365_types::Effect;

use super::detectors::Kind;
use super::rules::{Action, Directions, Recipients};

/// A row.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) kinds: &'static [Kind],
    pub(super) action: Action,
    pub(super) direction: Directions,
    /// Effects it holds for; empty means every one.
    pub(super) effects: &'static [Effect],
    pub(super) recipients: Recipients,
}

/// Every rule.
pub(super) static RULES: [Rule; 5] = [
    Rule {
        name: "keys-to-others",
        kinds: &[Kind::AccessKey, Kind::PrivateKey],
        action: Action::Block,
        direction: Directions::Arguments,
        effects: &[Effect::Send],
        recipients: Recipients::Any,
    },
    // A draft to someone outside is written before it is sent, and may be sent by hand.
    Rule {
        name: "keys-to-outside",
        kinds: &[Kind::AccessKey, Kind::PrivateKey],
        action: Action::Block,
        direction: Directions::Arguments,
        effects: &[],
        recipients: Recipients::External,
    },
    Rule {
        name: "payment-data-to-outside",
        kinds: &[Kind::BankAccount, Kind::PaymentCard],
        action: Action::Block,
        direction: Directions::Arguments,
        effects: &[],
        recipients: Recipients::External,
    },
    Rule {
        name: "national-ids-to-others",
        kinds: &[Kind::NationalId],
        action: Action::Flag,
        direction: Directions::Arguments,
        effects: &[Effect::Send],
        recipients: Recipients::Any,
    },
    Rule {
        name: "keys-in-results",
        kinds: &[Kind::AccessKey, Kind::PrivateKey],
        action: Action::Redact,
        direction: Directions::Results,
        effects: &[],
        recipients: Recipients::Any,
    },
];
