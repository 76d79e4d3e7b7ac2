//! Controls of the simulated Entra: its app registration, its cloud, and whom continuous access evaluation challenges.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Answer, Refused, parse};
use crate::entra::{Challenge, Cloud};
use crate::estate::Estate;

/// Validity of a made certificate where none is asked for, in days.
const DAYS: u32 = 365;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct EntraOrder {
    certificate: Option<String>,
    cloud: Option<String>,
    long_lived: Option<bool>,
}

/// `POST /_control/entra`: registers a certificate in place of those before, moves the tenant to another cloud, or lets
/// access tokens of capable clients live 28 hours.
pub(super) async fn entra(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: EntraOrder = parse(&body)?;
    let cloud = order.cloud.map(|name| {
        Cloud::named(&name).ok_or_else(|| Refused::bad(format!("There is no cloud \"{name}\".")))
    });
    let cloud = cloud.transpose()?;
    let registered = order
        .certificate
        .map(|pem| estate.entra.credentials.register(&pem).map_err(|fault| Refused::bad(fault.to_string())));
    let thumbprint = registered.transpose()?;
    if let Some(cloud) = cloud {
        estate.entra.move_to(cloud);
    }
    if let Some(long_lived) = order.long_lived {
        estate.entra.live_long(long_lived);
    }
    Ok(Json(json!({ "thumbprint": thumbprint, "cloud": estate.entra.cloud().name })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CertificateOrder {
    days: Option<u32>,
}

/// `POST /_control/certificate`: makes a key with its certificate, registers the certificate, and answers both as PEM.
pub(super) async fn certificate(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: CertificateOrder = parse(&body)?;
    let made = tokio::task::spawn_blocking(move || estate.make_certificate(order.days.unwrap_or(DAYS)));
    match made.await {
        Ok(Ok(pem)) => Ok(Json(json!({ "pem": pem }))),
        Ok(Err(fault)) => Err(Refused::bad(fault.to_string())),
        Err(_) => Err(Refused::bad("The certificate could not be made. Try again.")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TokenOrder {
    #[serde(default)]
    claims: Map<String, Value>,
}

/// `POST /_control/federated_token`: a token of the platform that the app registration trusts, or one wrong in its claims.
pub(super) async fn federated_token(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: TokenOrder = parse(&body)?;
    let made = tokio::task::spawn_blocking(move || estate.federated_token(&order.claims));
    match made.await {
        Ok(token) => Ok(Json(json!({ "token": token? }))),
        Err(_) => Err(Refused::bad("The token could not be made. Try again.")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChallengeOrder {
    email: String,
    status: Option<u16>,
    #[serde(default)]
    interaction: bool,
}

/// `POST /_control/challenge`: Graph refuses the tokens a person has, with a claims challenge, until Entra has issued one
/// that was asked for with its claims; with `interaction`, Entra does so after a sign-in only.
pub(super) async fn challenge(State(estate): State<Arc<Estate>>, body: Bytes) -> Answer {
    let order: ChallengeOrder = parse(&body)?;
    let Some(person) = estate.people.find(&order.email) else {
        return Err(Refused::bad(format!("There is no person \"{}\".", order.email)));
    };
    let status = order.status.unwrap_or(401);
    if !matches!(status, 401 | 403) {
        return Err(Refused::bad("\"status\" is 401 or 403."));
    }
    let challenge =
        Challenge { status, not_before_secs: estate.clock.now_secs(), interaction: order.interaction };
    estate.entra.challenges.make(&person.oid, challenge);
    Ok(Json(json!({ "claims": challenge.claims() })))
}
