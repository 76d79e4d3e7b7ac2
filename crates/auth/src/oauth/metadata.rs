//! What the server says about itself: RFC 9728 (protected resource) and RFC 8414 (authorization server).
//!
//! Sources: RFC 9728, RFC 8414, draft-ietf-oauth-client-id-metadata-document (authorization server metadata).
//!
//! Invariants: S256 is the only challenge method (RFC 7636); `iss` stands on every authorization response
//! (RFC 9207); nothing is named that is not implemented; `offline_access` is not a scope here.

use m365_types::{Scope, ScopeSet};
use serde::Serialize;

/// This server as OAuth names it.
#[derive(Clone, Debug)]
pub struct ServerMetadata {
    /// `PUBLIC_URL`: origin without a trailing slash; also the issuer.
    pub public_url: String,
    /// Every scope that a client may be granted.
    pub scopes: ScopeSet,
    /// Those that a client is told to ask for, and gets where it names none; the others are asked for by the call that
    /// needs them.
    pub asked: ScopeSet,
    /// Which clients may come.
    pub welcomes: Welcomes,
}

/// The kinds of clients that the operator lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Welcomes {
    /// Those that register themselves (RFC 7591).
    pub registration: bool,
    /// Those with a metadata document at a listed host.
    pub documents: bool,
}

/// A protected resource of this server: each is an audience of its own, with a metadata document of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resource {
    /// `PUBLIC_URL/mcp`
    Mcp,
    /// `PUBLIC_URL/sse`
    Sse,
}

impl Resource {
    /// Every resource.
    pub const ALL: &'static [Self] = &[Self::Mcp, Self::Sse];

    /// Its path.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Mcp => "/mcp",
            Self::Sse => "/sse",
        }
    }
}

/// Whether what was granted for one audience is good for another (RFC 8707 section 2.2): for itself, and, where no
/// resource was named when it was granted, for every resource of this server.
pub(crate) fn covers(granted: &str, asked: &str) -> bool {
    let at = |resource: &Resource| asked.strip_suffix(resource.path()) == Some(granted);
    granted == asked || Resource::ALL.iter().any(at)
}

/// Protected resource metadata (RFC 9728 section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ProtectedResource {
    resource: String,
    authorization_servers: [String; 1],
    scopes_supported: Vec<Scope>,
    bearer_methods_supported: [&'static str; 1],
    resource_name: &'static str,
}

/// Authorization server metadata (RFC 8414 section 2).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuthorizationServer {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    registration_endpoint: Option<String>,
    revocation_endpoint: String,
    scopes_supported: Vec<Scope>,
    response_types_supported: [&'static str; 1],
    response_modes_supported: [&'static str; 1],
    grant_types_supported: [&'static str; 2],
    token_endpoint_auth_methods_supported: [&'static str; 3],
    revocation_endpoint_auth_methods_supported: [&'static str; 3],
    code_challenge_methods_supported: [&'static str; 1],
    authorization_response_iss_parameter_supported: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id_metadata_document_supported: Option<bool>,
}

const AUTH_METHODS: [&str; 3] = ["none", "client_secret_basic", "client_secret_post"];

impl ServerMetadata {
    /// The issuer identifier, `iss` of every authorization response.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.public_url
    }

    /// The audience of one resource.
    #[must_use]
    pub fn resource(&self, resource: Resource) -> String {
        format!("{}{}", self.public_url, resource.path())
    }

    /// The audience that a `resource` parameter names (RFC 8707 section 2): one of this server's resources, apart from one
    /// trailing slash. Clients older than that parameter name none; what they get is for this server, whichever of its
    /// resources they know.
    #[must_use]
    pub fn audience(&self, resource: Option<&str>) -> Option<String> {
        let Some(given) = resource else { return Some(self.public_url.clone()) };
        let given = given.strip_suffix('/').unwrap_or(given);
        Resource::ALL.iter().map(|resource| self.resource(*resource)).find(|ours| ours == given)
    }

    /// The document below `/.well-known/oauth-protected-resource` at the resource's path; that of `/mcp` at the root too.
    #[must_use]
    pub fn protected_resource(&self, resource: Resource) -> ProtectedResource {
        ProtectedResource {
            resource: self.resource(resource),
            authorization_servers: [self.public_url.clone()],
            scopes_supported: self.asked.iter().collect(),
            bearer_methods_supported: ["header"],
            resource_name: "Microsoft 365 through the organisation's governed gateway",
        }
    }

    /// The document at `/.well-known/oauth-authorization-server`.
    #[must_use]
    pub fn authorization_server(&self) -> AuthorizationServer {
        let at = |path: &str| format!("{}{path}", self.public_url);
        AuthorizationServer {
            issuer: self.public_url.clone(),
            authorization_endpoint: at("/authorize"),
            token_endpoint: at("/token"),
            registration_endpoint: self.welcomes.registration.then(|| at("/register")),
            revocation_endpoint: at("/revoke"),
            scopes_supported: self.scopes.iter().collect(),
            response_types_supported: ["code"],
            response_modes_supported: ["query"],
            grant_types_supported: ["authorization_code", "refresh_token"],
            token_endpoint_auth_methods_supported: AUTH_METHODS,
            revocation_endpoint_auth_methods_supported: AUTH_METHODS,
            code_challenge_methods_supported: ["S256"],
            authorization_response_iss_parameter_supported: true,
            client_id_metadata_document_supported: self.welcomes.documents.then_some(true),
        }
    }

    /// `WWW-Authenticate` of a 401 or 403 at a resource (RFC 6750 section 3, RFC 9728 section 5.1). `error` is left out where
    /// the request carried no token. `scopes` are those the operation needs; without any, those that are asked for anyway.
    #[must_use]
    pub fn challenge(
        &self,
        resource: Resource,
        error: Option<&'static str>,
        scopes: Option<&ScopeSet>,
    ) -> String {
        let metadata = format!("{}/.well-known/oauth-protected-resource{}", self.public_url, resource.path());
        let scope = scopes.unwrap_or(&self.asked);
        let error = error.map(|word| format!("error=\"{word}\", ")).unwrap_or_default();
        format!("Bearer {error}resource_metadata=\"{metadata}\", scope=\"{scope}\"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server() -> ServerMetadata {
        let scopes = [Scope::MailRead, Scope::UserRead].into_iter().collect();
        let welcomes = Welcomes { registration: true, documents: true };
        let asked = [Scope::MailRead].into_iter().collect();
        ServerMetadata { public_url: "https://mcp.contoso.example".into(), scopes, asked, welcomes }
    }

    #[test]
    fn what_the_operator_has_closed_is_not_advertised() {
        let open = serde_json::to_value(server().authorization_server()).unwrap();
        assert_eq!(open["registration_endpoint"], "https://mcp.contoso.example/register");
        assert_eq!(open["client_id_metadata_document_supported"], true);
        assert!(open["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&"none".into()));
        let welcomes = Welcomes { registration: false, documents: false };
        let closed = ServerMetadata { welcomes, ..server() }.authorization_server();
        let closed = serde_json::to_value(closed).unwrap();
        assert!(closed.get("registration_endpoint").is_none());
        assert!(closed.get("client_id_metadata_document_supported").is_none());
    }

    #[test]
    fn a_resource_is_its_exact_url_and_offline_access_is_absent() {
        let sse = serde_json::to_value(server().protected_resource(Resource::Sse)).unwrap();
        assert_eq!(sse["resource"], "https://mcp.contoso.example/sse");
        let document = serde_json::to_value(server().protected_resource(Resource::Mcp)).unwrap();
        assert_eq!(document["resource"], "https://mcp.contoso.example/mcp");
        assert_eq!(document["authorization_servers"][0], "https://mcp.contoso.example");
        assert_eq!(document["scopes_supported"], serde_json::json!(["Mail.Read"]));
        assert!(!document.to_string().contains("offline_access"));
    }

    #[test]
    fn only_what_is_implemented_is_advertised() {
        let document = serde_json::to_value(server().authorization_server()).unwrap();
        assert_eq!(document["issuer"], "https://mcp.contoso.example");
        assert_eq!(document["code_challenge_methods_supported"], serde_json::json!(["S256"]));
        assert_eq!(document["response_types_supported"], serde_json::json!(["code"]));
        assert_eq!(document["scopes_supported"], serde_json::json!(["Mail.Read", "User.Read"]));
        assert_eq!(
            document["grant_types_supported"],
            serde_json::json!(["authorization_code", "refresh_token"])
        );
        assert_eq!(document["authorization_response_iss_parameter_supported"], true);
        assert!(document.get("jwks_uri").is_none());
    }

    #[test]
    fn one_trailing_slash_is_the_only_tolerance_of_the_audience() {
        let server = server();
        let ours = Some("https://mcp.contoso.example/mcp".to_owned());
        for same in ["https://mcp.contoso.example/mcp", "https://mcp.contoso.example/mcp/"] {
            assert_eq!(server.audience(Some(same)), ours);
        }
        let sse = server.audience(Some("https://mcp.contoso.example/sse"));
        assert_eq!(sse.as_deref(), Some("https://mcp.contoso.example/sse"));
        for other in [
            "https://mcp.contoso.example/mcp//",
            "https://mcp.contoso.example/mcp-other",
            "https://mcp.contoso.example/mcp#x",
            "https://mcp.contoso.example/mcp?x",
            "https://mcp.contoso.example:443/mcp",
            "HTTPS://mcp.contoso.example/mcp",
            "https://MCP.contoso.example/mcp",
            "http://mcp.contoso.example/mcp",
            "https://mcp.contoso.example/./mcp",
            "https://mcp.contoso.example",
            "/mcp",
            "javascript:alert(1)",
        ] {
            assert_eq!(server.audience(Some(other)), None, "{other}");
        }
    }

    #[test]
    fn what_was_granted_for_one_resource_is_not_good_for_the_other() {
        let server = server();
        let [mcp, sse] = [Resource::Mcp, Resource::Sse].map(|resource| server.resource(resource));
        let unnamed = server.audience(None).unwrap();
        assert!(covers(&mcp, &mcp) && covers(&sse, &sse) && covers(&unnamed, &mcp) && covers(&unnamed, &sse));
        assert!(!covers(&mcp, &sse) && !covers(&sse, &mcp) && !covers(&mcp, &unnamed));
        assert!(!covers(&unnamed, "https://mcp.contoso.example.evil.example/mcp"));
    }

    #[test]
    fn a_challenge_names_an_error_only_where_a_token_was_presented() {
        assert!(!server().challenge(Resource::Mcp, None, None).contains("error"));
        assert_eq!(
            server().challenge(Resource::Mcp, Some("invalid_token"), None),
            "Bearer error=\"invalid_token\", resource_metadata=\"https://mcp.contoso.example/.well-known/\
             oauth-protected-resource/mcp\", scope=\"Mail.Read\""
        );
    }
}
