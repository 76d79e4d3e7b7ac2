//! Dynamic client registration: public clients with redirects the administrator allows.
//!
//! Source: RFC 7591; the refusal's text is the one that was measured at Cloudflare.

use std::net::IpAddr;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use http::header::CACHE_CONTROL;
use http::{HeaderMap, Method, StatusCode, Uri};
use serde::Deserialize;
use serde_json::json;
use url::{Host, Url};

use super::grants::Client;
use super::{REGISTRATION_PATH, error, not_enabled};
use crate::access::{ManagedOauth, injected, record};
use crate::estate::Estate;

/// The metadata that matter; others are ignored, as RFC 7591 section 2 allows.
#[derive(Deserialize)]
struct Metadata {
    #[serde(default)]
    redirect_uris: Vec<String>,
    #[serde(default)]
    client_name: String,
    token_endpoint_auth_method: Option<String>,
}

pub(super) async fn register(
    State(estate): State<Arc<Estate>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    record(&estate, &Method::POST, &uri, &headers, None);
    let Some(managed) = estate.access.perimeter.managed_oauth().filter(|managed| managed.registration) else {
        return not_enabled();
    };
    if let Some(answer) = injected(&estate, REGISTRATION_PATH, None).await {
        return answer;
    }
    let Ok(metadata) = serde_json::from_slice::<Metadata>(&body) else {
        return error("invalid_client_metadata", "The request body is not valid client metadata");
    };
    let allowed = |redirect: &String| is_allowed(managed, redirect);
    if metadata.redirect_uris.is_empty() || !metadata.redirect_uris.iter().all(allowed) {
        let description = "redirect_uri is not allowed by the account configuration";
        return error("invalid_client_metadata", description);
    }
    if metadata.token_endpoint_auth_method.is_some_and(|method| method != "none") {
        return error("invalid_client_metadata", "token_endpoint_auth_method is not supported");
    }
    let client = Client { name: metadata.client_name, redirect_uris: metadata.redirect_uris };
    let client_id = estate.access.oauth.register(client.clone());
    let answer = json!({
        "client_id": client_id,
        "client_name": client.name,
        "redirect_uris": client.redirect_uris,
        "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
    });
    (StatusCode::CREATED, [(CACHE_CONTROL, "no-store")], Json(answer)).into_response()
}

fn is_allowed(managed: &ManagedOauth, redirect: &str) -> bool {
    if managed.allowed_uris.iter().any(|allowed| allowed == redirect) {
        return true;
    }
    let Ok(url) = Url::parse(redirect) else { return false };
    let plain = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
    let loopback = match url.host() {
        Some(Host::Domain(name)) => managed.any_on_localhost && name == "localhost",
        Some(Host::Ipv4(address)) => managed.any_on_loopback && IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => managed.any_on_loopback && IpAddr::V6(address).is_loopback(),
        None => false,
    };
    plain && loopback && url.fragment().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_and_listed_redirects_are_allowed_and_look_alikes_are_not() {
        let managed = ManagedOauth::default();
        for good in [
            "http://127.0.0.1:4711/callback",
            "http://127.9.9.9/x",
            "http://[::1]:80/x",
            "http://localhost:1/x",
            "https://claude.ai/api/mcp/auth_callback",
        ] {
            assert!(is_allowed(&managed, good), "{good}");
        }
        for bad in [
            "",
            "https://claude.ai/api/mcp/auth_callback/x",
            "https://claude.ai.evil.example/api/mcp/auth_callback",
            "http://localhost.evil.example/x",
            "http://127.0.0.1.evil.example/x",
            "http://user@127.0.0.1/x",
            "http://127.0.0.1/x#y",
            "https://127.0.0.1/x",
            "javascript:alert(1)",
        ] {
            assert!(!is_allowed(&managed, bad), "{bad}");
        }
    }

    #[test]
    fn an_administrator_can_forbid_loopback() {
        let managed =
            ManagedOauth { any_on_localhost: false, any_on_loopback: false, ..ManagedOauth::default() };
        assert!(!is_allowed(&managed, "http://127.0.0.1:1/x"));
        assert!(!is_allowed(&managed, "http://localhost:1/x"));
    }
}
