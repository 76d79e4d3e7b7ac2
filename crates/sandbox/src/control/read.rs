//! Controls that read what the estate holds and received.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, RawQuery, State};
use http::StatusCode;
use serde::Deserialize;
use serde::de::IntoDeserializer as _;
use serde::de::value::Error as ValueError;
use serde_json::json;

use super::{Answer, Refused};
use crate::estate::Estate;
use crate::faults::Target;

/// The filters a reading control may take.
#[derive(Default)]
struct Filter {
    target: Option<Target>,
    person: Option<String>,
}

impl Filter {
    fn parse(query: Option<&str>) -> Result<Self, Refused> {
        let mut filter = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
            match name.as_ref() {
                "person" => filter.person = Some(value.into_owned()),
                "target" => {
                    let target = Target::deserialize(value.as_ref().into_deserializer());
                    filter.target = Some(target.map_err(|_: ValueError| {
                        Refused::bad("\"target\" is one of access, clients, entra, gateway, graph, llm, sharepoint, webhook.")
                    })?);
                }
                _ => return Err(Refused::bad(format!("There is no filter \"{name}\"."))),
            }
        }
        Ok(filter)
    }
}

/// `GET /_control/config`: what the server under test needs to know.
pub(super) async fn config(State(estate): State<Arc<Estate>>) -> Answer {
    let config = &estate.config;
    Ok(Json(json!({
        "accessTeamDomain": config.sandbox_url,
        "accessAud": config.access_aud,
        "entraBaseUrl": format!("{}/entra", config.sandbox_url),
        "tenantId": config.tenant_id,
        "tenantName": config.tenant_name,
        "clientId": config.client_id,
        "clientSecret": config.client_secret,
        "aiGatewayBaseUrl": format!("{}/gateway", config.sandbox_url),
        "accountId": config.account_id,
        "gatewayId": config.gateway_id,
        "llmGatewayId": config.llm_gateway_id,
        "webhookHosts": crate::gateway::WEBHOOK_HOSTS,
        "gatewayToken": config.gateway_token,
        "graphApiVersion": "v1.0",
        "serviceTokens": estate.service_tokens.all(),
        "clientMetadataBaseUrl": format!("{}/_clients", config.sandbox_url),
        "publicUrl": config.edge_url,
        "redirectUri": config.redirect_uri(),
    })))
}

/// `GET /_control/requests?target=…&person=…`: what the systems received, oldest first.
pub(super) async fn requests(State(estate): State<Arc<Estate>>, RawQuery(query): RawQuery) -> Answer {
    let filter = Filter::parse(query.as_deref())?;
    let requests = estate.recorder.matching(filter.target, filter.person.as_deref());
    Ok(Json(json!({ "requests": requests })))
}

/// `DELETE /_control/requests`: forgets them.
pub(super) async fn forget(State(estate): State<Arc<Estate>>) -> Answer {
    estate.recorder.clear();
    Ok(Json(json!({})))
}

/// `GET /_control/gateway/logs`.
pub(super) async fn gateway_logs(State(estate): State<Arc<Estate>>) -> Answer {
    Ok(Json(json!({ "logs": estate.gateway.logs() })))
}

/// `GET /_control/graph/{collection}?person=…`: what callers made, or what there is, so that its ids are known.
pub(super) async fn graph(
    State(estate): State<Arc<Estate>>,
    Path(collection): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let filter = Filter::parse(query.as_deref())?;
    match estate.graph.collection(&estate, &collection, filter.person.as_deref()) {
        Some(items) => Ok(Json(json!({ "items": items }))),
        None => Err(Refused {
            status: StatusCode::NOT_FOUND,
            sentence: "The simulated Graph has no such collection, or not for this person.".to_owned(),
        }),
    }
}
