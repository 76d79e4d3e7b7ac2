//! Continuous access evaluation: who is challenged, and which tokens meet the challenge.
//!
//! Source: Microsoft's documentation of continuous access evaluation and of claims challenges. Only a client that
//! declared the capability `cp1` is challenged; to all others a token is good until it expires. A challenge asks for a
//! token that is not older than a moment, by the claim `nbf`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What a client asked of its access token in the parameter `claims`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Continuous {
    /// It declared that it understands challenges.
    pub capable: bool,
    /// The moment its token must not be older than, in seconds since the Unix epoch.
    pub not_before_secs: Option<u64>,
}

impl Continuous {
    /// Reads the parameter; `None` where it is not a JSON object of objects.
    pub(super) fn parse(claims: &str) -> Option<Self> {
        let members: serde_json::Map<String, Value> = serde_json::from_str(claims).ok()?;
        if !members.values().all(Value::is_object) {
            return None;
        }
        let asked = members.get("access_token").cloned().unwrap_or_default();
        let capabilities = asked.pointer("/xms_cc/values").and_then(Value::as_array);
        let moment = asked.pointer("/nbf/value").and_then(Value::as_str);
        Some(Self {
            capable: capabilities.is_some_and(|known| known.iter().any(|known| known == "cp1")),
            not_before_secs: moment.and_then(|moment| moment.parse().ok()),
        })
    }

    /// What either of two requests asked for.
    pub(super) fn or(self, other: Self) -> Self {
        Self {
            capable: self.capable || other.capable,
            not_before_secs: self.not_before_secs.max(other.not_before_secs),
        }
    }
}

/// A challenge in force.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// HTTP status of Graph's answer, 401 or 403.
    pub(crate) status: u16,
    /// Tokens must not be older, in seconds since the Unix epoch.
    pub(crate) not_before_secs: u64,
    /// Whether only a sign-in meets it, and no refresh.
    pub(crate) interaction: bool,
}

impl Challenge {
    /// The claims it demands, as JSON text.
    pub(crate) fn claims(&self) -> String {
        let moment = json!({"essential": true, "value": self.not_before_secs.to_string()});
        json!({"access_token": {"nbf": moment}}).to_string()
    }

    fn is_met(&self, token: Continuous) -> bool {
        token.not_before_secs.is_some_and(|moment| moment >= self.not_before_secs)
    }
}

/// The challenges in force, by `oid`.
#[derive(Default)]
pub(crate) struct Challenges(Mutex<BTreeMap<String, Challenge>>);

impl Challenges {
    /// Challenges an account from now on.
    pub(crate) fn make(&self, oid: &str, challenge: Challenge) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(oid.to_owned(), challenge);
    }

    /// The challenge that a token of this account does not meet.
    pub(crate) fn unmet(&self, oid: &str, token: Continuous) -> Option<Challenge> {
        let challenges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        challenges.get(oid).copied().filter(|challenge| token.capable && !challenge.is_met(token))
    }

    /// Whether a refresh that asks for this must be refused, because only a sign-in will do.
    pub(super) fn needs_sign_in(&self, oid: &str, asked: Continuous) -> bool {
        let challenges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        challenges.get(oid).is_some_and(|challenge| challenge.interaction && challenge.is_met(asked))
    }

    /// The account has signed in; a refresh will do from now on.
    pub(super) fn signed_in(&self, oid: &str, asked: Continuous) {
        let mut challenges = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(challenge) = challenges.get_mut(oid).filter(|challenge| challenge.is_met(asked)) {
            challenge.interaction = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_capable_are_challenged_and_only_claims_meet_it() {
        let challenges = Challenges::default();
        let challenge = Challenge { status: 401, not_before_secs: 100, interaction: false };
        challenges.make("o", challenge);
        let token = |claims: &str| Continuous::parse(claims).expect("claims");
        let capable = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
        let older = r#"{"access_token":{"xms_cc":{"values":["cp1"]},"nbf":{"value":"99"}}}"#;
        let meeting = r#"{"access_token":{"xms_cc":{"values":["cp1"]},"nbf":{"value":"100"}}}"#;
        assert_eq!(challenges.unmet("o", Continuous::default()), None);
        assert_eq!(challenges.unmet("o", token(capable)), Some(challenge));
        assert_eq!(challenges.unmet("o", token(older)), Some(challenge));
        assert_eq!(challenges.unmet("o", token(meeting)), None);
        assert_eq!(challenges.unmet("p", token(capable)), None);
    }

    #[test]
    fn where_interaction_is_wanted_a_refresh_does_after_a_sign_in() {
        let challenges = Challenges::default();
        challenges.make("o", Challenge { status: 401, not_before_secs: 100, interaction: true });
        let asked = Continuous { capable: true, not_before_secs: Some(100) };
        assert!(challenges.needs_sign_in("o", asked));
        challenges.signed_in("o", Continuous { capable: true, not_before_secs: None });
        assert!(challenges.needs_sign_in("o", asked), "a sign-in without the claims is not enough");
        challenges.signed_in("o", asked);
        assert!(!challenges.needs_sign_in("o", asked));
    }

    #[test]
    fn claims_that_are_no_object_of_objects_are_refused() {
        for claims in ["", "[]", "{", r#"{"access_token":1}"#] {
            assert_eq!(Continuous::parse(claims), None, "{claims}");
        }
        assert_eq!(Continuous::parse("{}"), Some(Continuous::default()));
    }
}
