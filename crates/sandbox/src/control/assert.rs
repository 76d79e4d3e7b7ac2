//! `POST /_control/assert`: an assertion to order, genuine or wrong in exactly one way.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, Refused, parse};
use crate::access::assertion::{COOKIE_NAME, Identity, SESSION_SECS, claims};
use crate::estate::Estate;
use crate::keys::{SigningKey, unsigned};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Order {
    email: Option<String>,
    service: Option<String>,
    #[serde(default)]
    claims: Map<String, Value>,
    ttl: Option<i64>,
    #[serde(default)]
    alg: Alg,
    kid: Option<String>,
    #[serde(default)]
    key: Key,
}

#[derive(Clone, Copy, Default, Deserialize)]
enum Alg {
    #[serde(rename = "none")]
    None,
    #[serde(rename = "HS256")]
    Hs256,
    #[default]
    #[serde(rename = "RS256")]
    Rs256,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Key {
    #[default]
    Current,
    Foreign,
    Previous,
}

/// Answers `{"assertion", "cookie"}`.
pub(super) async fn assert(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: Order = parse(&body)?;
    let claims = ordered_claims(&estate, &order)?;
    let key = ordered_key(&estate, order.key)?;
    let kid = order.kid.as_deref().unwrap_or(key.kid());
    let assertion = sign(&key, order.alg, kid, &claims)?;
    Ok(Json(json!({"assertion": assertion, "cookie": format!("{COOKIE_NAME}={assertion}")})))
}

fn ordered_claims(estate: &Estate, order: &Order) -> Result<Value, Refused> {
    let ttl = order.ttl.unwrap_or(SESSION_SECS);
    let mut made = match (&order.email, &order.service) {
        (Some(email), None) => {
            let person = estate.people.find(email);
            let person = person.ok_or_else(|| {
                Refused::bad(format!("There is no person \"{email}\": add them with /_control/person first."))
            })?;
            claims(estate, Identity::Person(&person), ttl)
        }
        (None, Some(service)) => {
            if estate.service_tokens.find(service).is_none() {
                let sentence = "There is no such service token: see serviceTokens in /_control/config.";
                return Err(Refused::bad(sentence));
            }
            claims(estate, Identity::Service(service), ttl)
        }
        _ => return Err(Refused::bad("Say who it is about: either \"email\" or \"service\".")),
    };
    if let Some(fields) = made.as_object_mut() {
        for (name, value) in &order.claims {
            if value.is_null() {
                fields.remove(name);
            } else {
                fields.insert(name.clone(), value.clone());
            }
        }
    }
    Ok(made)
}

fn ordered_key(estate: &Estate, key: Key) -> Result<Arc<SigningKey>, Refused> {
    match key {
        Key::Current => Ok(estate.signing_key(&estate.keys.access)?),
        Key::Foreign => Ok(estate.signing_key(&estate.keys.foreign)?),
        Key::Previous => {
            let sentence = "There is no previous key yet: rotate with /_control/rotate first.";
            estate.keys.access.previous().ok_or_else(|| Refused::bad(sentence))
        }
    }
}

fn sign(key: &SigningKey, alg: Alg, kid: &str, claims: &Value) -> Result<String, Refused> {
    let header = |alg: &str| json!({"alg": alg, "kid": kid, "typ": "JWT"});
    match alg {
        Alg::None => Ok(format!("{}.", unsigned(&header("none"), claims))),
        Alg::Hs256 => {
            // The classic confusion: the published key taken for an HMAC secret.
            let secret = EncodingKey::from_secret(key.public_pem().as_bytes());
            let message = unsigned(&header("HS256"), claims);
            let signature = crypto::sign(message.as_bytes(), &secret, Algorithm::HS256)
                .map_err(|_| Refused::bad("The assertion could not be signed with HS256."))?;
            Ok(format!("{message}.{signature}"))
        }
        Alg::Rs256 => key
            .sign(&header("RS256"), claims)
            .map_err(|_| Refused::bad("The assertion could not be signed with RS256.")),
    }
}
