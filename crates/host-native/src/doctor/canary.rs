//! One harmless call: list the tools, read one message, and find the call in the journal with the log id of the
//! gateway and the request id of Graph.
//!
//! Source: MCP 2026-07-28 over Streamable HTTP. What the call returns is not looked at and not shown.

use m365_types::{RequestId, Secret};
use serde_json::{Value, json};

use super::Examination;
use super::mcp_gate::MCP;
use super::report::{Report, Unmet, Verdict, demand};
use super::sign_in::Tokens;
use super::table::{CALL, JOURNAL, TOOLS};
use super::text::quoted;
use crate::remote::credentials::AccessToken;
use crate::remote::wire::{Answer, Ask};

/// The scope that the canary needs, and all that is asked for.
pub(super) const SCOPE: &str = "Mail.Read";
const TOOL: &str = "getEmails";
const REVISION: &str = "2026-07-28";
const REQUEST_ID: &str = "m365-mcp/requestId";
/// Hex digits of SHA-256.
const POLICY_HASH_LENGTH: usize = 64;

/// Looks at tools, call and record.
pub(super) async fn examine(
    examination: &Examination,
    token: &AccessToken,
    tokens: &Tokens,
    report: &mut Report,
) {
    if !report.record(&TOOLS, listed(examination, tokens).await) {
        return report.skip(&[&CALL, &JOURNAL], "the canary is not a tool that only reads");
    }
    match called(examination, tokens).await {
        Ok(request) => {
            report.record(&CALL, Ok(format!("{TOOL} answered, request {request}")));
            report.record(&JOURNAL, recorded(examination, token, request).await);
        }
        Err(unmet) => {
            report.record(&CALL, Err(unmet));
            report.skip(&[&JOURNAL], "there was no call");
        }
    }
}

/// Sends a message with the access token.
///
/// # Errors
/// Where there is no answer.
pub(super) async fn send(
    examination: &Examination,
    token: &Secret<String>,
    method: &str,
    tool: Option<(&str, Value)>,
) -> Result<Answer, m365_ports::OutboundError> {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": REVISION,
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let mut ask = Ask::post(examination.target.at(MCP))
        .header("accept", "application/json, text/event-stream")
        .header("authorization", format!("Bearer {}", token.expose()))
        .header("mcp-protocol-version", REVISION)
        .header("mcp-method", method);
    let params = match tool {
        Some((name, arguments)) => {
            ask = ask.header("mcp-name", name);
            json!({ "_meta": meta, "name": name, "arguments": arguments })
        }
        None => json!({ "_meta": meta }),
    };
    let message = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    examination.wire.send(ask.json(&message)).await
}

async fn listed(examination: &Examination, tokens: &Tokens) -> Verdict {
    let answer = send(examination, &tokens.access, "tools/list", None).await?;
    demand(answer.status == 200, || format!("tools/list answered {}", answer.status))?;
    let document = answer.json();
    let tools =
        document.pointer("/result/tools").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let canary = tools.iter().find(|tool| tool.get("name").is_some_and(|name| name == TOOL));
    let canary = canary
        .ok_or_else(|| Unmet::Failed(format!("{} tools, and {TOOL} is not among them", tools.len())))?;
    let reads = canary.pointer("/annotations/readOnlyHint") == Some(&Value::Bool(true));
    demand(reads, || format!("{TOOL} is not marked as reading only"))?;
    Ok(format!("{} tools", tools.len()))
}

/// Reads one message; the id of the call.
async fn called(examination: &Examination, tokens: &Tokens) -> Result<RequestId, Unmet> {
    let arguments = json!({ "count": 1 });
    let answer = send(examination, &tokens.access, "tools/call", Some((TOOL, arguments))).await?;
    let document = answer.json();
    let result = document.get("result").unwrap_or(&Value::Null);
    let failed = result.get("isError") == Some(&Value::Bool(true));
    let said =
        |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(quoted).unwrap_or_default();
    demand(answer.status == 200 && result.is_object(), || {
        format!("{TOOL} answered {} {}", answer.status, said("/error/message"))
    })?;
    demand(!failed, || format!("{TOOL} failed: {}", said("/result/content/0/text")))?;
    let id = result.pointer("/_meta").and_then(|meta| meta.get(REQUEST_ID)).and_then(Value::as_str);
    let id = id.and_then(|id| RequestId::parse(id).ok());
    id.ok_or_else(|| Unmet::Failed(format!("{TOOL} answered without a request id")))
}

async fn recorded(examination: &Examination, token: &AccessToken, request: RequestId) -> Verdict {
    let path = format!("/me/journal?requestId={request}");
    let ask = Ask::get(examination.target.at(&path)).header("cookie", token.cookies(&[]));
    let answer = examination.wire.send(ask).await?;
    demand(answer.status == 200, || format!("GET /me/journal answered {}", answer.status))?;
    let document = answer.json();
    let records = document.get("records").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let of_call = |phase: &str| {
        let named = |record: &&Value| record.get("requestId").is_some_and(|id| *id == request.to_string());
        records.iter().filter(named).find(|record| record.get("phase").is_some_and(|found| found == phase))
    };
    let (Some(intent), Some(outcome)) = (of_call("intent"), of_call("outcome")) else {
        return Err(Unmet::Failed(format!(
            "{} records of request {request}, not intent and outcome",
            records.len()
        )));
    };
    let number = |record: &Value| record.get("sequence").and_then(Value::as_u64);
    demand(number(intent) < number(outcome), || "the intent was not recorded before the outcome".to_owned())?;
    demand(outcome.get("verdict").is_some_and(|verdict| verdict == "done"), || {
        "the outcome is not done".to_owned()
    })?;
    let policy = outcome.get("policy").and_then(Value::as_str).unwrap_or_default();
    demand(policy.len() == POLICY_HASH_LENGTH, || "the outcome names no policy".to_owned())?;
    Ok(format!("{}, policy {}", traced(outcome)?, quoted(policy)))
}

/// Every exchange passed the gateway and reached Graph.
fn traced(outcome: &Value) -> Result<String, Unmet> {
    let traces = outcome.get("traces").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    demand(!traces.is_empty(), || "the outcome names no exchange with Graph".to_owned())?;
    let id =
        |trace: &Value, name: &str| trace.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    for trace in traces {
        for (name, system) in [("aiGatewayLogId", "the AI Gateway"), ("graphRequestId", "Graph")] {
            demand(!id(trace, name).is_empty(), || format!("an exchange has no id of {system} ({name})"))?;
        }
    }
    let newest = traces.last().unwrap_or(&Value::Null);
    let (gateway, graph) = (id(newest, "aiGatewayLogId"), id(newest, "graphRequestId"));
    Ok(format!("intent and outcome, gateway log {}, Graph request {}", quoted(&gateway), quoted(&graph)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_without_the_gateway_s_id_went_around_it() {
        let outcome = |trace: Value| json!({ "traces": [trace] });
        let whole = json!({ "aiGatewayLogId": "a", "graphRequestId": "b" });
        assert!(traced(&outcome(whole.clone())).is_ok());
        for name in ["aiGatewayLogId", "graphRequestId"] {
            for missing in [Value::Null, json!("")] {
                let mut trace = whole.clone();
                trace[name] = missing;
                assert!(traced(&outcome(trace)).is_err(), "{name}");
            }
        }
        assert!(traced(&json!({ "traces": [] })).is_err());
        assert!(traced(&json!({})).is_err());
    }
}
