//! Discovery, keys and logout.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, Uri};
use serde_json::{Value, json};

use super::{Aadsts, Injected, check_tenant, injected, issuer, record, tenant_url};
use crate::access::redirect;
use crate::estate::Estate;
use crate::sign_in_page::notice;

/// `/{tenant}/v2.0/.well-known/openid-configuration`.
pub(super) async fn configuration(
    State(estate): State<Arc<Estate>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    record(&estate, &Method::GET, &uri, &headers, (None, Value::Null));
    if let Some(answer) = refused(&estate, &tenant, &uri, &headers).await {
        return answer;
    }
    let base = tenant_url(&estate);
    Json(json!({
        "issuer": issuer(&estate),
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "claims_supported": ["sub", "iss", "aud", "exp", "iat", "nonce", "preferred_username", "name", "tid", "ver",
            "oid", "email", "acct"],
        "request_uri_parameter_supported": false,
        "http_logout_supported": true,
        "frontchannel_logout_supported": true,
        "tenant_region_scope": "EU",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
    }))
    .into_response()
}

/// `/{tenant}/discovery/v2.0/keys`.
pub(super) async fn keys(
    State(estate): State<Arc<Estate>>,
    Path(tenant): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    record(&estate, &Method::GET, &uri, &headers, (None, Value::Null));
    if let Some(answer) = refused(&estate, &tenant, &uri, &headers).await {
        return answer;
    }
    let issuer = issuer(&estate);
    // The first request may have to wait for the key to be made, which must not hold up other requests.
    let published = tokio::task::spawn_blocking(move || {
        estate.signing_key(&estate.keys.entra)?;
        Ok::<_, crate::state::StateFault>(estate.keys.entra.published()?)
    });
    let Ok(Ok(keys)) = published.await else { return crate::access::keys_unavailable() };
    let keys: Vec<Value> = keys
        .iter()
        .map(|key| {
            let mut jwk = key.jwk();
            if let Some(fields) = jwk.as_object_mut() {
                fields.remove("alg");
                fields.insert("x5t".to_owned(), json!(key.kid()));
                fields.insert("issuer".to_owned(), json!(issuer));
            }
            jwk
        })
        .collect();
    Json(json!({ "keys": keys })).into_response()
}

/// `/{tenant}/oauth2/v2.0/logout`.
pub(super) async fn logout(
    State(estate): State<Arc<Estate>>,
    Path(tenant): Path<String>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    record(&estate, &method, &uri, &headers, (None, Value::Null));
    if let Some(answer) = refused(&estate, &tenant, &uri, &headers).await {
        return answer;
    }
    let query = uri.query().unwrap_or_default().as_bytes();
    let wanted = url::form_urlencoded::parse(query).find(|(name, _)| name == "post_logout_redirect_uri");
    match wanted {
        Some((_, address)) if address == estate.config.redirect_uri() => redirect(&address),
        _ => notice(StatusCode::OK, "You signed out of your account", "It's a good idea to close this page."),
    }
}

/// The answer of a fault or of an unknown tenant.
async fn refused(estate: &Estate, tenant: &str, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    match injected(estate, uri, None).await {
        Some(Injected::Answer(answer)) => return Some(answer),
        Some(Injected::Error(error)) => return Some(error.answer(estate, headers)),
        None => {}
    }
    check_tenant(estate, tenant).err().map(|unknown: Aadsts| unknown.answer(estate, headers))
}
