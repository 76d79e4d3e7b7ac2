//! Deployments whose documents, registration or names are broken.

use super::broken::{ALLOW_ORIGIN, Broken, answers, changes};
use crate::proxy::Outbound;

const SERVER: &str = "/.well-known/oauth-authorization-server";
const RESOURCE: &str = "/.well-known/oauth-protected-resource";

/// Every row.
pub(super) const ROWS: &[Broken] = &[
    changes("metadata.resource", "the resource is another", |request, answer| {
        if request.path() == RESOURCE {
            answer.change_body("/mcp\"", "/other\"");
        }
    }),
    changes("metadata.resource", "the authorization server is another", |request, answer| {
        if request.path().starts_with(RESOURCE) {
            answer.change_body("[\"http://127.0.0.1", "[\"https://evil.example");
        }
    }),
    changes("metadata.server", "the issuer is another", |request, answer| {
        if request.path() == SERVER {
            answer.change_body("\"issuer\":\"http://", "\"issuer\":\"https://");
        }
    }),
    changes("metadata.server", "the token endpoint is elsewhere", |request, answer| {
        if request.path() == SERVER {
            answer.change_body(
                "\"token_endpoint\":\"http://127.0.0.1",
                "\"token_endpoint\":\"http://evil.example",
            );
        }
    }),
    changes("metadata.pkce", "plain PKCE is offered", |request, answer| {
        if request.path() == SERVER {
            answer.change_body("[\"S256\"]", "[\"plain\",\"S256\"]");
        }
    }),
    changes("metadata.pkce", "passwords are taken", |request, answer| {
        if request.path() == SERVER {
            answer.change_body("\"authorization_code\",", "\"authorization_code\",\"password\",");
        }
    }),
    changes("metadata.cors", "clients in browsers cannot read the documents", |request, answer| {
        if request.path().starts_with("/.well-known/") {
            answer.drop_header(ALLOW_ORIGIN);
        }
    }),
    changes("metadata.cors", "documents are read with credentials", |request, answer| {
        if request.path() == SERVER {
            answer.set_header("access-control-allow-credentials", "true");
        }
    }),
    answers("registration.redirect", "a client with a foreign redirect registers", |request, _| {
        let foreign = request.is("POST", "/register") && request.says("https://doctor-probe");
        foreign.then(|| Outbound::new(201, "application/json", r#"{"client_id":"a"}"#))
    }),
    answers("names.host", "every host name is answered", |request, behind| {
        for (_, value) in request.headers.iter_mut().filter(|(name, _)| name == "host") {
            value.clone_from(&behind.edge);
        }
        None
    }),
    answers("names.origin", "the origin of a request is lost", |request, _| {
        request.headers.retain(|(name, _)| name != "origin");
        None
    }),
];
