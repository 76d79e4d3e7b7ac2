//! A service token of Access: the perimeter lets it through, and behind it nothing opens but discovery.

use http::Method;
use m365_app::config::Ingress;
use m365_app::routes::{Gate, ROUTES};
use serde_json::{Value, json};

use super::Examination;
use super::mcp_gate::{MCP, refused};
use super::report::{Report, Unmet, Verdict, demand};
use super::table::{SERVICE, SERVICE_BOUND};
use crate::remote::credentials::ServiceToken;
use crate::remote::wire::Ask;

/// A guarded path that answers in JSON, so that the server's own refusal is told from that of Access.
const GUARDED: &str = "/me/journal";

/// Looks at what the service token opens.
pub(super) async fn examine(examination: &Examination, mode: Ingress, report: &mut Report) {
    let both = [&SERVICE, &SERVICE_BOUND];
    let Some(token) = &examination.service_token else {
        return report.skip(&both, "no credential was given with --service-token-file");
    };
    if !examination.target.is_private() {
        return report.skip(&both, "credentials are not sent without TLS");
    }
    report.hide(token.secret());
    report.record(&SERVICE, passes(examination, token).await);
    report.record(&SERVICE_BOUND, bound(examination, mode, token).await);
}

fn with_token(ask: Ask, token: &ServiceToken) -> Ask {
    ask.header("cf-access-client-id", token.id())
        .header("cf-access-client-secret", token.secret().expose().clone())
}

async fn passes(examination: &Examination, token: &ServiceToken) -> Verdict {
    let ask = with_token(Ask::get(examination.target.at(GUARDED)), token);
    let answer = examination.wire.send(ask).await?;
    let by_server = answer.json().get("request_id").is_some_and(Value::is_string);
    demand(by_server || answer.status == 200, || match answer.redirect() {
        Some(_) => "Access sends the service token to its login page".to_owned(),
        None => format!("Access answered {}", answer.status),
    })?;
    Ok("Access lets the service token through".to_owned())
}

async fn bound(examination: &Examination, mode: Ingress, token: &ServiceToken) -> Verdict {
    let guarded = || {
        ROUTES
            .iter()
            .filter(|route| matches!(route.gate, Gate::Access | Gate::Operator) && route.exists_in(mode))
    };
    for route in guarded() {
        let method = route.methods.first().unwrap_or(&Method::GET);
        let mut ask = Ask::new(method, examination.target.at(route.path));
        if method == Method::POST {
            ask = ask.form(&[]);
        }
        let answer = examination.wire.send(with_token(ask, token)).await?;
        let shut = answer.status == 403
            || answer.redirect().is_some_and(|to| to.path().starts_with("/cdn-cgi/access/"));
        demand(shut, || {
            format!("{method} {} with the service token answered {}", route.path, answer.status)
        })?;
    }
    match mode {
        Ingress::Managed => discovers(examination, token).await?,
        Ingress::Oauth => {
            let ask = Ask::post(examination.target.at(MCP)).json(&json!({}));
            refused(&examination.wire.send(with_token(ask, token)).await?, "the service token alone")?;
        }
    }
    let health =
        examination.wire.send(with_token(Ask::get(examination.target.at("/healthz")), token)).await?;
    demand(health.status == 200, || {
        format!("GET /healthz with the service token answered {}", health.status)
    })
    .map_err(|_| Unmet::Failed("discovery does not open with the service token".to_owned()))?;
    Ok(format!("{} paths stay shut", guarded().count() + 1))
}

/// Where Access authorizes clients, the service token is one: it may list what there is and call none of it.
async fn discovers(examination: &Examination, token: &ServiceToken) -> Result<(), Unmet> {
    for (method, params, opens) in [
        ("tools/list", json!({}), true),
        ("tools/call", json!({ "name": "authenticate", "arguments": {} }), false),
    ] {
        let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
        let ask = Ask::post(examination.target.at(MCP))
            .header("accept", "application/json, text/event-stream")
            .json(&message);
        let answer = examination.wire.send(with_token(ask, token)).await?;
        let document = answer.json();
        let done = document.get("result").is_some_and(|result| result.get("isError") != Some(&json!(true)));
        demand(done == opens, || format!("{method} with the service token answered {}", answer.status))?;
    }
    Ok(())
}
