//! What Entra is asked for beside scopes: our capability of continuous access evaluation, and the claims of a challenge.
//!
//! Source: Microsoft identity platform, "Claims challenges, claims requests and client capabilities" and "Continuous
//! access evaluation"; OpenID Connect Core section 5.5 for the form.
//!
//! Invariants: every request for a token declares the capability; a challenge is forwarded only as it was parsed here, and
//! what cannot be parsed is not forwarded; where a challenge names the capability itself, the challenge wins.

use serde_json::{Map, Value, json};

/// A longer challenge is refused: it travels in a redirect's address.
const MAX_BYTES: usize = 4 * 1024;
/// Members of a claims request (OpenID Connect Core section 5.5, and the access token that Microsoft adds).
const TARGETS: [&str; 3] = ["access_token", "id_token", "userinfo"];

/// The claims of a challenge that Graph or Entra made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClaimsChallenge(Box<Map<String, Value>>);

impl ClaimsChallenge {
    /// Reads a claims request: one object per target, each with at least one claim.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.len() > MAX_BYTES {
            return None;
        }
        let members: Map<String, Value> = serde_json::from_str(text).ok()?;
        let is_request = |(target, claims): (&String, &Value)| {
            TARGETS.contains(&target.as_str()) && claims.as_object().is_some_and(|claims| !claims.is_empty())
        };
        (!members.is_empty() && members.iter().all(is_request)).then(|| Self(Box::new(members)))
    }

    /// Its JSON text.
    pub(super) fn text(&self) -> String {
        Value::Object(Map::clone(&self.0)).to_string()
    }
}

/// The `claims` parameter: the capability, and the challenge where there is one.
pub(super) fn claims_parameter(challenge: Option<&ClaimsChallenge>) -> String {
    let mut claims = json!({"access_token": {"xms_cc": {"values": ["cp1"]}}});
    if let Some(ClaimsChallenge(members)) = challenge {
        for (target, asked) in members.iter() {
            merge(&mut claims, target, asked);
        }
    }
    claims.to_string()
}

/// Adds the claims of one target; a claim that is there is replaced.
fn merge(claims: &mut Value, target: &str, asked: &Value) {
    let Some(targets) = claims.as_object_mut() else { return };
    let known = targets.entry(target).or_insert_with(|| json!({}));
    if let (Some(known), Some(asked)) = (known.as_object_mut(), asked.as_object()) {
        known.extend(asked.clone());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn merged(challenge: &str) -> Value {
        let challenge = ClaimsChallenge::parse(challenge).expect("a challenge");
        serde_json::from_str(&claims_parameter(Some(&challenge))).expect("JSON")
    }

    #[test]
    fn without_a_challenge_only_the_capability_is_declared() {
        assert_eq!(claims_parameter(None), r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#);
    }

    #[test]
    fn a_challenge_keeps_its_claims_beside_the_capability() {
        let nbf = json!({"essential": true, "value": "1604106651"});
        assert_eq!(
            merged(r#"{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}"#),
            json!({"access_token": {"nbf": nbf, "xms_cc": {"values": ["cp1"]}}})
        );
        assert_eq!(
            merged(r#"{"id_token":{"auth_time":null},"access_token":{"acrs":{"value":"c1"}}}"#),
            json!({"id_token": {"auth_time": null},
                "access_token": {"acrs": {"value": "c1"}, "xms_cc": {"values": ["cp1"]}}})
        );
    }

    #[test]
    fn a_challenge_wins_inside_its_own_members() {
        assert_eq!(
            merged(r#"{"access_token":{"xms_cc":{"values":["cp2"]}}}"#),
            json!({"access_token": {"xms_cc": {"values": ["cp2"]}}})
        );
    }

    #[test]
    fn what_is_no_claims_request_or_too_long_is_refused() {
        let at = |length: usize| {
            let frame = r#"{"access_token":{"nbf":""}}"#.len();
            format!(r#"{{"access_token":{{"nbf":"{}"}}}}"#, "9".repeat(length - frame))
        };
        assert!(ClaimsChallenge::parse(&at(MAX_BYTES)).is_some());
        assert!(ClaimsChallenge::parse(&at(MAX_BYTES + 1)).is_none());
        for text in [
            "",
            "[]",
            "{}",
            "null",
            r#"{"access_token":{}}"#,
            r#"{"access_token":null}"#,
            r#"{"access_token":"x"}"#,
            r#"{"access_token":{"nbf":null},"scope":{"a":null}}"#,
            r#"{"access_token":{"nbf":null}} x"#,
            r#"{"access_token":{"nbf":"#,
        ] {
            assert!(ClaimsChallenge::parse(text).is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_refused_or_read_back_as_it_was_understood(text in r#"\{"(access_token|id_token|x)":\{"[a-z"\\]{0,6}":[0-9"a-z{}:]{0,8}\}\}"#) {
            if let Some(challenge) = ClaimsChallenge::parse(&text) {
                prop_assert_eq!(ClaimsChallenge::parse(&challenge.text()), Some(challenge.clone()));
                let parameter = claims_parameter(Some(&challenge));
                prop_assert!(serde_json::from_str::<Map<String, Value>>(&parameter).is_ok());
            }
        }
    }
}
