//! `POST /$batch`: up to twenty requests in one.
//!
//! Source: Graph's JSON batching page. Each part is answered exactly as the same request on its own would be, with the
//! token of the batch; a part whose dependency failed is answered 424. Parts run one after the other, which is one of
//! the orders a caller must expect. A malformed batch is refused as a whole.

use std::collections::HashMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::{Map, Value, json};

use super::GraphRequest;
use super::call::{Answer, Call};
use super::errors::GraphError;

const MOST_PARTS: usize = 20;

/// One part, checked.
struct Part {
    id: String,
    request: GraphRequest,
    depends_on: Vec<String>,
}

/// Runs every part.
pub(super) async fn run(call: &Call<'_>) -> Result<Answer, GraphError> {
    let parts = parts(call)?;
    let mut statuses: HashMap<String, u16> = HashMap::new();
    let mut responses = Vec::with_capacity(parts.len());
    for part in parts {
        let failed = |id: &String| statuses.get(id).is_none_or(|status| *status >= 400);
        let response = if part.depends_on.iter().any(failed) {
            json!({"id": part.id, "status": 424, "headers": {}, "body": {"error": {
                "code": "FailedDependency", "message": "A request this one depends on failed."}}})
        } else {
            answer(call, &part).await
        };
        let status =
            response.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
        statuses.insert(part.id, status.unwrap_or(500));
        responses.push(response);
    }
    Ok(Answer::json(200, &json!({"responses": responses})))
}

async fn answer(call: &Call<'_>, part: &Part) -> Value {
    let Ok(response) = call.tenant.handle(call.estate, part.request.clone()).await else {
        return json!({"id": part.id, "status": 504, "headers": {}});
    };
    let headers: Map<String, Value> = response
        .headers
        .iter()
        .filter(|(name, _)| {
            [
                "content-type",
                "location",
                "retry-after",
                "preference-applied",
                "request-id",
                "www-authenticate",
            ]
            .contains(&name.as_str())
        })
        .filter_map(|(name, value)| Some((name.to_string(), Value::String(value.to_str().ok()?.to_owned()))))
        .collect();
    let mut answer = json!({"id": part.id, "status": response.status.as_u16(), "headers": headers});
    let is_json = response.headers.get("content-type").is_some_and(is_json);
    let body = if is_json { serde_json::from_slice(&response.body).ok() } else { None };
    let encoded = || (!response.body.is_empty()).then(|| Value::String(STANDARD.encode(&response.body)));
    if let (Some(body), Some(answer)) = (body.or_else(encoded), answer.as_object_mut()) {
        answer.insert("body".to_owned(), body);
    }
    answer
}

fn is_json(media_type: &HeaderValue) -> bool {
    media_type.to_str().is_ok_and(|text| text.starts_with("application/json"))
}

/// What a part carries: JSON as it is, anything else in base64.
fn part_body(body: Option<&Value>, headers: &HeaderMap) -> Option<Bytes> {
    match body {
        None => Some(Bytes::new()),
        Some(Value::String(text)) if !headers.get("content-type").is_none_or(is_json) => {
            STANDARD.decode(text).ok().map(Bytes::from)
        }
        Some(body) => Some(Bytes::from(body.to_string())),
    }
}

fn parts(call: &Call<'_>) -> Result<Vec<Part>, GraphError> {
    let invalid = || GraphError::bad_request("Invalid batch payload format.");
    if call.body.keys().any(|name| name != "requests") {
        return Err(invalid());
    }
    let listed = call.body.get("requests").and_then(Value::as_array).ok_or_else(invalid)?;
    if listed.is_empty() || listed.len() > MOST_PARTS {
        return Err(GraphError::bad_request(format!(
            "Number of batch request steps must be between 1 and {MOST_PARTS}."
        )));
    }
    let mut parts: Vec<Part> = Vec::new();
    for entry in listed {
        let part = part(call, entry).ok_or_else(invalid)?;
        if parts.iter().any(|known| known.id.eq_ignore_ascii_case(&part.id)) {
            return Err(GraphError::bad_request("Batch request step ids must be unique."));
        }
        let known = |id: &String| parts.iter().any(|known| &known.id == id);
        if !part.depends_on.iter().all(known) {
            return Err(GraphError::bad_request(
                "A batch request step depends on a step that does not come before it.",
            ));
        }
        parts.push(part);
    }
    Ok(parts)
}

fn part(call: &Call<'_>, entry: &Value) -> Option<Part> {
    let entry = entry.as_object()?;
    let allowed = ["id", "method", "url", "headers", "body", "dependsOn", "atomicityGroup"];
    if entry.keys().any(|name| !allowed.contains(&name.as_str())) {
        return None;
    }
    let text = |name: &str| entry.get(name).and_then(Value::as_str);
    let url = text("url")?.trim_start_matches('/');
    // Nested batches and absolute URLs are refused by the service.
    if url.starts_with("$batch") || url.contains("://") {
        return None;
    }
    let (path, query) = url.split_once('?').unwrap_or((url, ""));
    let mut headers = part_headers(entry.get("headers"))?;
    if let Some(token) = call.request.headers.get("authorization") {
        headers.insert("authorization", token.clone());
    }
    let body = part_body(entry.get("body"), &headers)?;
    let method = Method::from_bytes(text("method")?.as_bytes()).ok()?;
    let depends_on = entry.get("dependsOn").and_then(Value::as_array).into_iter().flatten();
    Some(Part {
        id: text("id")?.to_owned(),
        request: GraphRequest {
            method,
            path: format!("/v1.0/{path}"),
            query: query.to_owned(),
            headers,
            body,
        },
        depends_on: depends_on.filter_map(Value::as_str).map(str::to_owned).collect(),
    })
}

fn part_headers(listed: Option<&Value>) -> Option<HeaderMap> {
    let mut headers = HeaderMap::new();
    for (name, value) in listed.and_then(Value::as_object).into_iter().flatten() {
        let name = HeaderName::from_bytes(name.to_ascii_lowercase().as_bytes()).ok()?;
        headers.append(name, HeaderValue::from_str(value.as_str()?).ok()?);
    }
    Some(headers)
}
