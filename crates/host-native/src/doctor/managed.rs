//! A deployment with `INGRESS=managed`: Access is the authorization server of its clients and answers every stranger.
//!
//! Source: Cloudflare's documentation of Managed OAuth; the form of the challenge and of the metadata is what was
//! measured there. In scope: which mode an address shows, and that Access is in front of all of it. Out of scope: a sign-in
//! as a client, which needs Access's own pages; checks of the server's answers, which no stranger gets to see.

use http::Method;
use m365_app::config::Ingress;
use m365_app::routes::{ROUTES, Route};
use serde_json::{Value, json};

use super::mcp_gate::MCP;
use super::report::{Report, Unmet, Verdict, demand};
use super::table::{
    BYPASS, CORS, Check, DISCREET, DOCUMENT_CORS, HOST, INGRESS, METHOD, ORIGIN, PKCE, REFUSALS,
    REGISTRATION, REQUEST_ID, RESOURCE, SERVER, SIZE, SOFTWARE, TYPE,
};
use super::text::quoted;
use super::{Examination, names};
use crate::remote::wire::{Answer, Ask};

/// Path of the metadata that Access answers for the endpoint.
pub(super) const RESOURCE_METADATA: &str = "/.well-known/cloudflare-access-protected-resource/mcp";
const SERVER_METADATA: &str = "/.well-known/oauth-authorization-server";
/// Below it are the endpoints of Managed OAuth, on the team domain.
const ENDPOINTS: &str = "/cdn-cgi/access/oauth/";
/// Why a check cannot be made there.
pub(super) const SHUT: &str = "INGRESS=managed: Access answers every stranger before the server does, and is their authorization server";
/// Checks of what a stranger gets from the server itself.
const OF_THE_SERVER: &[&Check] = &[
    &BYPASS,
    &RESOURCE,
    &SERVER,
    &PKCE,
    &DOCUMENT_CORS,
    &REGISTRATION,
    &HOST,
    &ORIGIN,
    &CORS,
    &REFUSALS,
    &REQUEST_ID,
    &SOFTWARE,
    &DISCREET,
    &SIZE,
    &TYPE,
    &METHOD,
];

/// Which mode the address shows: `managed` where Access itself refuses a client and names its own metadata.
pub(super) async fn mode(examination: &Examination) -> Ingress {
    let ask = Ask::get(examination.target.at(MCP)).header("accept", "text/event-stream");
    let Ok(answer) = examination.wire.send(ask).await else { return Ingress::Oauth };
    let challenged = answer.all("www-authenticate").iter().any(|value| value.contains(RESOURCE_METADATA));
    if is_of_access(&answer) && answer.status == 401 && challenged {
        Ingress::Managed
    } else {
        Ingress::Oauth
    }
}

/// Looks at what is particular about the mode, and says what cannot be looked at.
pub(super) async fn examine(examination: &Examination, report: &mut Report) {
    report.record(&INGRESS, whole(examination).await);
    names::examine_closed(examination, report).await;
    report.skip(OF_THE_SERVER, SHUT);
}

/// Whether an answer is not the server's: each of its own names its request.
pub(super) fn is_of_access(answer: &Answer) -> bool {
    answer.header("x-request-id").is_none()
}

/// Access answers on every path there is, those of our own authorization server included.
async fn whole(examination: &Examination) -> Verdict {
    let others = ROUTES.iter().filter(|route| route.path != SERVER_METADATA);
    for route in others.clone() {
        shut(examination, route).await?;
    }
    let resource = document(examination, RESOURCE_METADATA).await?;
    expect(&resource, "resource", &json!(examination.target.at(MCP)))?;
    let server = document(examination, SERVER_METADATA).await?;
    expect(&server, "code_challenge_methods_supported", &json!(["S256"]))?;
    for name in ["authorization_endpoint", "token_endpoint"] {
        let place = server.get(name).and_then(Value::as_str).unwrap_or_default();
        let named = examination.team.as_ref().is_none_or(|team| place.starts_with(&team.at(ENDPOINTS)));
        demand(named && place.contains(ENDPOINTS), || format!("{name} is {}", quoted(place)))?;
    }
    Ok(format!("INGRESS=managed: Access answers {} paths and authorizes clients", others.count()))
}

async fn shut(examination: &Examination, route: &Route) -> Result<(), Unmet> {
    let method = route.methods.first().unwrap_or(&Method::GET);
    let answer = examination.wire.send(Ask::new(method, examination.target.at(route.path))).await?;
    demand(is_of_access(&answer), || format!("{method} {} reached the server", route.path))?;
    let refused = matches!(answer.status, 401 | 403) || answer.redirect().is_some();
    demand(refused, || format!("{method} {} answered {}", route.path, answer.status))
}

async fn document(examination: &Examination, path: &str) -> Result<Value, Unmet> {
    let answer = examination.wire.send(Ask::get(examination.target.at(path))).await?;
    demand(is_of_access(&answer) && answer.status == 200, || {
        format!("GET {path} answered {}", answer.status)
    })?;
    Ok(answer.json())
}

fn expect(document: &Value, name: &str, wanted: &Value) -> Result<(), Unmet> {
    let found = document.get(name).unwrap_or(&Value::Null);
    demand(found == wanted, || format!("{name} is {} and must be {wanted}", quoted(&found.to_string())))
}
