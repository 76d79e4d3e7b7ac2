//! The bearer gate of `/mcp` as a stranger sees it: 401 before anything of MCP, and the challenge (RFC 6750 section 3,
//! RFC 9728 section 5.1).

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_app::config::Ingress;
use m365_ports::EntropyExt as _;
use serde_json::json;

use super::report::{Report, Verdict, demand};
use super::table::{CHALLENGE, MCP_CLOSED, MCP_MADE_UP};
use super::text::quoted;
use super::{Examination, managed};
use crate::remote::wire::{Answer, Ask};

/// Path of the endpoint.
pub(super) const MCP: &str = "/mcp";
/// Path of its metadata.
pub(super) const RESOURCE_METADATA: &str = "/.well-known/oauth-protected-resource/mcp";

/// Looks at the gate.
pub(super) async fn examine(examination: &Examination, mode: Ingress, report: &mut Report) {
    report.record(&MCP_CLOSED, closed(examination).await);
    report.record(&MCP_MADE_UP, made_up(examination).await);
    report.record(&CHALLENGE, challenged(examination, mode).await);
}

async fn closed(examination: &Examination) -> Verdict {
    for method in ["initialize", "tools/list", "tools/call"] {
        let answer = examination.wire.send(message(examination, MCP, method)).await?;
        refused(&answer, &format!("{method} without a token"))?;
    }
    Ok("POST without a token answered 401".to_owned())
}

async fn made_up(examination: &Examination) -> Verdict {
    let random = URL_SAFE_NO_PAD.encode(examination.entropy.bytes::<48>());
    let part = |value: serde_json::Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let claims =
        json!({ "iss": examination.target.origin(), "aud": examination.target.at(MCP), "sub": "somebody" });
    let jwt = format!("{}.{}.", part(json!({ "alg": "none", "typ": "JWT" })), part(claims));
    for (what, token) in
        [("a random text", random.clone()), ("our form", format!("m365a_{random}")), ("a JWT", jwt)]
    {
        let ask = message(examination, MCP, "tools/list").header("authorization", format!("Bearer {token}"));
        refused(&examination.wire.send(ask).await?, &format!("a made-up token ({what})"))?;
    }
    let query = format!("{MCP}?access_token=m365a_{random}");
    refused(
        &examination.wire.send(message(examination, &query, "tools/list")).await?,
        "a token in the query",
    )?;
    Ok("4 made-up tokens answered 401".to_owned())
}

fn message(examination: &Examination, path: &str, method: &str) -> Ask {
    Ask::post(examination.target.at(path))
        .header("accept", "application/json, text/event-stream")
        .json(&json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": {} }))
}

/// A 401 that holds nothing of MCP.
pub(super) fn refused(answer: &Answer, about: &str) -> Result<(), super::report::Unmet> {
    demand(answer.status == 401, || format!("{about} answered {}", answer.status))?;
    let document = answer.json();
    let speaks = ["jsonrpc", "result", "tools"].iter().any(|name| document.get(name).is_some());
    demand(!speaks, || format!("{about} answered 401 with MCP in it"))
}

/// GET, because some clients open with it (and must be told the same before their method matters).
async fn challenged(examination: &Examination, mode: Ingress) -> Verdict {
    let answer = examination.wire.send(Ask::get(examination.target.at(MCP))).await?;
    demand(answer.status == 401, || format!("GET {MCP} answered {}", answer.status))?;
    let challenges = answer.all("www-authenticate");
    let [challenge] = challenges.as_slice() else {
        return Err(super::report::Unmet::Failed(format!("{} challenges instead of one", challenges.len())));
    };
    let named = parameter(challenge, "resource_metadata");
    let metadata = match mode {
        Ingress::Managed => managed::RESOURCE_METADATA,
        Ingress::Oauth => RESOURCE_METADATA,
    };
    let right = challenge.starts_with("Bearer ") && named == Some(&examination.target.at(metadata));
    demand(right, || format!("the challenge is {}", quoted(challenge)))?;
    if mode == Ingress::Managed {
        return Ok("one Bearer challenge that names the metadata of Access for this address".to_owned());
    }
    let scope = parameter(challenge, "scope").unwrap_or_default();
    let fits = !scope.is_empty() && !scope.split(' ').any(|word| word == "offline_access");
    demand(fits && parameter(challenge, "error").is_none(), || {
        format!("the challenge is {}", quoted(challenge))
    })?;
    Ok("one Bearer challenge that names the metadata of this address".to_owned())
}

/// A quoted parameter of a challenge.
fn parameter<'a>(challenge: &'a str, name: &str) -> Option<&'a str> {
    let mut rest = challenge;
    while let Some((before, after)) = rest.split_once(&format!("{name}=\"")) {
        let (value, tail) = after.split_once('"')?;
        if before.is_empty() || before.ends_with([' ', ',']) {
            return Some(value);
        }
        rest = tail;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_by_its_whole_name() {
        let challenge = "Bearer x_scope=\"no\", scope=\"a b\", resource_metadata=\"https://a/b\"";
        assert_eq!(parameter(challenge, "scope"), Some("a b"));
        assert_eq!(parameter(challenge, "resource_metadata"), Some("https://a/b"));
        assert_eq!(parameter(challenge, "error"), None);
        assert_eq!(parameter("Bearer scope=\"open", "scope"), None);
    }
}
