//! The keys of the Access team: RSA keys in a JSON Web Key Set (RFC 7517, RFC 7518 section 6.3).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;

use super::Examination;
use super::report::{Unmet, Verdict, demand};
use crate::remote::target::Target;
use crate::remote::wire::Ask;

const CERTS: &str = "/cdn-cgi/access/certs";
/// 2048 bits (RFC 7518 section 3.3).
const SHORTEST_MODULUS_BYTES: usize = 256;

/// Looks at the keys of the team domain.
pub(super) async fn published(examination: &Examination, team: Option<&Target>) -> Verdict {
    let Some(team) = team else {
        let why = "Access does not say whose login it is; name the team with --team-domain";
        return Err(Unmet::NotChecked(why.to_owned()));
    };
    demand(team.is_private(), || format!("{team} is plain http: anybody in between can replace its keys"))?;
    let answer = examination.wire.send(Ask::get(team.at(CERTS))).await?;
    demand(answer.status == 200, || format!("{team}{CERTS} answered {}", answer.status))?;
    let document = answer.json();
    let keys = document.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let usable = keys.iter().filter(|key| is_usable(key)).count();
    demand(usable > 0, || format!("{team}{CERTS} holds {} keys, none of them usable", keys.len()))?;
    Ok(format!("{usable} usable keys at {team}"))
}

/// The name of a published key, to forge under.
pub(super) async fn a_name(examination: &Examination, team: Option<&Target>) -> Option<String> {
    let answer = examination.wire.send(Ask::get(team?.at(CERTS))).await.ok()?;
    let name = answer.json().pointer("/keys/0/kid").and_then(Value::as_str).map(str::to_owned);
    name.filter(|name| name.len() <= 256)
}

fn is_usable(key: &Value) -> bool {
    let text = |name: &str| key.get(name).and_then(Value::as_str).unwrap_or_default();
    let modulus = URL_SAFE_NO_PAD.decode(text("n")).unwrap_or_default();
    let exponent = URL_SAFE_NO_PAD.decode(text("e")).unwrap_or_default();
    text("kty") == "RSA"
        && !text("kid").is_empty()
        && matches!(text("alg"), "" | "RS256")
        && modulus.len() >= SHORTEST_MODULUS_BYTES
        && exponent.last().is_some_and(|last| last % 2 == 1)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_an_rsa_key_of_2048_bits_with_a_name_is_usable() {
        let modulus = |bytes: usize| URL_SAFE_NO_PAD.encode(vec![0xf1; bytes]);
        let key = json!({ "kty": "RSA", "kid": "a", "alg": "RS256", "n": modulus(256), "e": "AQAB" });
        assert!(is_usable(&key));
        for (name, value) in [
            ("kty", json!("EC")),
            ("kid", json!("")),
            ("alg", json!("RS1")),
            ("n", json!(modulus(128))),
            ("n", json!("not base64!")),
            ("n", Value::Null),
            ("e", json!("")),
        ] {
            let mut other = key.clone();
            other[name] = value;
            assert!(!is_usable(&other), "{other}");
        }
    }
}
