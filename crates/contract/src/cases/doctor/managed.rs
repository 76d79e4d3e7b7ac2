//! Deployments with Managed OAuth that Access does not wholly cover.

use super::broken::{Broken, changes};

const SERVER: &str = "/.well-known/oauth-authorization-server";

/// Every row.
pub(super) const ROWS: &[Broken] = &[
    changes("ingress.whole", "a path of machines passes Access", |request, answer| {
        if request.path() == "/token" {
            answer.set_header("x-request-id", "7e9f4253-1437-45e7-a9e8-be1db711cc3c");
        }
    }),
    changes("ingress.whole", "a path is open", |request, answer| {
        if request.path() == "/register" {
            answer.status = 201;
        }
    }),
    changes("ingress.whole", "codes without S256 are offered", |request, answer| {
        if request.path() == SERVER {
            answer.body = String::from_utf8_lossy(&answer.body).replace("S256", "plain").into_bytes();
        }
    }),
    changes("ingress.whole", "clients are sent elsewhere for tokens", |request, answer| {
        if request.path() == SERVER {
            answer.body =
                String::from_utf8_lossy(&answer.body).replace("/access/oauth/", "/evil/").into_bytes();
        }
    }),
    changes("mcp.challenge", "there are two challenges", |request, answer| {
        if request.path() == "/mcp" {
            answer.headers.push(("www-authenticate".to_owned(), "Basic realm=\"a\"".to_owned()));
        }
    }),
];
