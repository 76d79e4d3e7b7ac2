//! Controls that change the estate: people, faults, keys, the clock, sessions.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Refused, parse};
use crate::entra::known_aadsts;
use crate::estate::Estate;
use crate::faults::{Fault, Rule, Target};
use crate::people::PersonEntry;
use crate::state::StateFault;

const LONGEST_DELAY_MS: u64 = 60_000;

/// `POST /_control/person`: adds a person, or changes the named fields of one.
pub(super) async fn person(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let entry: PersonEntry = parse(&body)?;
    let person = estate.people.add(entry).map_err(|refused| Refused::bad(refused.to_string()))?;
    estate.save()?;
    Ok(Json(json!({
        "email": person.email,
        "displayName": person.display_name,
        "oid": person.oid,
        "accessSubject": person.access_subject,
        "groups": person.groups,
        "guest": person.guest,
        "domain": person.domain,
        "microsoft": person.microsoft,
        "consent": person.consent,
    })))
}

#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    CacheHit,
    ClaimsChallenge,
    Delay,
    DlpRequest,
    DlpResponse,
    GuardrailPrompt,
    GuardrailResponse,
    Malformed,
    RateLimit,
    Reset,
    SpendLimit,
    Status,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultOrder {
    target: Target,
    #[serde(rename = "match")]
    path_prefix: Option<String>,
    person: Option<String>,
    kind: Kind,
    status: Option<u16>,
    ms: Option<u64>,
    times: Option<u32>,
    aadsts: Option<u32>,
}

/// `POST /_control/fault`: adds a fault behind those in force.
pub(super) async fn fault(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: FaultOrder = parse(&body)?;
    let fault = checked_fault(&order)?;
    if order.path_prefix.as_deref().is_some_and(|prefix| !prefix.starts_with('/')) {
        return Err(Refused::bad("\"match\" is the beginning of a path and starts with a slash."));
    }
    if let Some(person) = order.person.as_deref()
        && estate.people.find(person).is_none()
    {
        return Err(Refused::bad(format!("There is no person \"{person}\" this fault could apply to.")));
    }
    estate.faults.add(Rule {
        target: order.target,
        path_prefix: order.path_prefix,
        person: order.person,
        fault,
        times: order.times,
    });
    Ok(Json(json!({})))
}

/// The fault an order describes, if its fields fit together.
fn checked_fault(order: &FaultOrder) -> Result<Fault, Refused> {
    let is_status = matches!(order.kind, Kind::Status);
    let is_challenge = matches!(order.kind, Kind::ClaimsChallenge);
    if order.times == Some(0) {
        return Err(Refused::bad("\"times\" is how often the fault applies: at least 1, or leave it out."));
    }
    if order.status.is_some() && !is_status && !is_challenge {
        return Err(Refused::bad("\"status\" goes with kinds \"status\" and \"claims_challenge\" only."));
    }
    if order.ms.is_some() && !matches!(order.kind, Kind::Delay) {
        return Err(Refused::bad("\"ms\" goes with kind \"delay\" only."));
    }
    if order.aadsts.is_some() && !(is_status && order.target == Target::Entra) {
        return Err(Refused::bad("\"aadsts\" goes with target \"entra\" and kind \"status\" only."));
    }
    let fault = match order.kind {
        Kind::CacheHit => Fault::CacheHit,
        Kind::ClaimsChallenge => match order.status.unwrap_or(401) {
            status @ (401 | 403) => Fault::ClaimsChallenge { status },
            _ => return Err(Refused::bad("The \"status\" of a claims challenge is 401 or 403.")),
        },
        Kind::Delay => match order.ms {
            Some(ms) if ms <= LONGEST_DELAY_MS => Fault::Delay { ms },
            _ => return Err(Refused::bad("A delay needs \"ms\", at most 60000.")),
        },
        Kind::DlpRequest => Fault::DlpRequest,
        Kind::DlpResponse => Fault::DlpResponse,
        Kind::GuardrailPrompt => Fault::GuardrailPrompt,
        Kind::GuardrailResponse => Fault::GuardrailResponse,
        Kind::Malformed => Fault::Malformed,
        Kind::RateLimit => Fault::RateLimit,
        Kind::Reset => Fault::Reset,
        Kind::SpendLimit => Fault::SpendLimit,
        Kind::Status => match (order.aadsts, order.status) {
            (Some(code), _) if known_aadsts(code) => Fault::Aadsts { code },
            (Some(code), _) => {
                return Err(Refused::bad(format!("The simulated Entra does not know AADSTS{code}.")));
            }
            (None, Some(status @ 400..=599)) => Fault::Status { status },
            _ => return Err(Refused::bad("A status fault needs \"status\", 400 to 599.")),
        },
    };
    let gateway_only = matches!(
        fault,
        Fault::CacheHit
            | Fault::DlpRequest
            | Fault::DlpResponse
            | Fault::GuardrailPrompt
            | Fault::GuardrailResponse
            | Fault::SpendLimit
    );
    if gateway_only && order.target != Target::Gateway {
        return Err(Refused::bad("This kind of fault exists at the gateway only."));
    }
    if is_challenge && order.target != Target::Graph {
        return Err(Refused::bad("A claims challenge is Graph's alone."));
    }
    Ok(fault)
}

/// `DELETE /_control/fault`: clears every fault.
pub(super) async fn clear_faults(State(estate): State<Arc<Estate>>) -> Answer {
    estate.faults.clear();
    Ok(Json(json!({})))
}

/// `POST /_control/service`: makes an Access service token.
pub(super) async fn service(State(estate): State<Arc<Estate>>) -> Answer {
    let token = estate.service_tokens.create();
    estate.save()?;
    Ok(Json(json!({ "clientId": token.client_id, "clientSecret": token.client_secret })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RotateOrder {
    target: Target,
}

/// `POST /_control/rotate`: a new signing key; the one before the current one goes.
pub(super) async fn rotate(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: RotateOrder = parse(&body)?;
    if matches!(order.target, Target::Clients | Target::Gateway | Target::Graph) {
        return Err(Refused::bad("Only \"access\" and \"entra\" have signing keys."));
    }
    let rotated = tokio::task::spawn_blocking(move || {
        let access = order.target == Target::Access;
        let ring = if access { &estate.keys.access } else { &estate.keys.entra };
        ring.rotate()?;
        estate.save()?;
        Ok::<_, StateFault>(ring.current()?.0.kid().to_owned())
    });
    match rotated.await {
        Ok(kid) => Ok(Json(json!({ "kid": kid? }))),
        Err(_) => Err(Refused::bad("The key could not be made. Try again.")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockOrder {
    advance_secs: i64,
}

/// `POST /_control/clock`: moves the clock.
pub(super) async fn clock(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: ClockOrder = parse(&body)?;
    estate.clock.advance_secs(order.advance_secs);
    estate.save()?;
    Ok(Json(json!({ "nowMs": estate.clock.now_ms() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RevokeOrder {
    email: String,
}

/// `POST /_control/revoke`: ends the Microsoft sessions of a person until the next sign-in.
pub(super) async fn revoke(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: RevokeOrder = parse(&body)?;
    let Some(person) = estate.people.find(&order.email) else {
        return Err(Refused::bad(format!("There is no person \"{}\".", order.email)));
    };
    estate.microsoft_tokens.revoke_sessions(&person.oid);
    estate.save()?;
    Ok(Json(json!({})))
}
