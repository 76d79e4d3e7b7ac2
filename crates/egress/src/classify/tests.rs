use http::HeaderValue;
use http::header::WWW_AUTHENTICATE;
use proptest::prelude::*;
use serde_json::json;

use super::*;

fn found(status: u16, headers: &[(&str, &str)], body: &str) -> Result<GraphAnswer, UpstreamError> {
    let header = |(name, value): &(&str, &str)| {
        (HeaderName::try_from(*name).unwrap(), HeaderValue::try_from(*value).unwrap())
    };
    let headers = headers.iter().map(header).collect();
    let body = Bytes::copy_from_slice(body.as_bytes());
    classify("mine", StatusCode::from_u16(status).unwrap(), &headers, &body)
}

/// One word for what was found, with the value that matters.
fn word(result: &Result<GraphAnswer, UpstreamError>) -> String {
    match result {
        Ok(answer) => format!("ok {}", answer.status),
        Err(UpstreamError::Forbidden) => "forbidden".to_owned(),
        Err(UpstreamError::GatewayUnreachable { maybe_sent, .. }) => format!("unreachable {maybe_sent}"),
        Err(UpstreamError::Gateway { code, .. }) => format!("gateway {code}"),
        Err(UpstreamError::DlpRequest { .. }) => "dlp request".to_owned(),
        Err(UpstreamError::DlpResponse { .. }) => "dlp response".to_owned(),
        Err(UpstreamError::GatewayRateLimited { .. }) => "gateway rate".to_owned(),
        Err(UpstreamError::GraphRateLimited { retry_after, .. }) => format!("graph rate {retry_after:?}"),
        Err(UpstreamError::Graph { status, code, .. }) => format!("graph {status} {code}"),
        Err(UpstreamError::Malformed { .. }) => "malformed".to_owned(),
        Err(UpstreamError::UnlistedHost { .. }) => "unlisted".to_owned(),
    }
}

fn gateway_body(status: u16, code: u32) -> String {
    json!({
        "success": false, "result": [], "messages": [], "error": [{"code": code, "message": "m"}],
        "name": "AiGatewayError", "httpCode": status, "internalCode": code,
    })
    .to_string()
}

const LOG: (&str, &str) = ("cf-aig-log-id", "01JLOG");

#[test]
fn every_documented_refusal_of_the_gateway_is_told_apart() {
    for (status, code, wanted) in [
        (400, 2001, "gateway 2001"),
        (400, 2008, "gateway 2008"),
        (401, 2009, "gateway 2009"),
        (400, 2009, "gateway 2009"),
        (429, 2003, "gateway rate"),
        (429, 2045, "gateway 2045"),
        (429, 2041, "gateway 2041"),
        (400, 2029, "dlp request"),
        (400, 2030, "dlp response"),
        (424, 2016, "gateway 2016"),
        (424, 2017, "gateway 2017"),
        (402, 2021, "gateway 2021"),
        (503, 7013, "gateway 7013"),
        (400, 2040, "gateway 2040"),
        (404, 7003, "gateway 7003"),
        (502, 2005, "gateway 2005"),
    ] {
        for headers in [&[LOG][..], &[]] {
            assert_eq!(word(&found(status, headers, &gateway_body(status, code))), wanted, "{status} {code}");
        }
    }
    let listed = json!({"name": "AiGatewayError", "error": [{"code": 2003}]}).to_string();
    assert_eq!(word(&found(429, &[], &listed)), "gateway rate");
    let policy = json!({"success": false, "error": {"message": "Access denied by policy"}}).to_string();
    assert_eq!(word(&found(403, &[LOG], &policy)), "gateway 403");
    let cap = json!({
        "success": false, "error": {"message": "Spending limit exceeded"}, "bucket": "b", "spent": 2, "limit": 1,
    });
    assert_eq!(word(&found(429, &[LOG], &cap.to_string())), "gateway 429");
}

#[test]
fn dlp_that_only_flags_lets_the_answer_through_and_a_block_does_not() {
    let verdict = |action: &str, check: &str| {
        json!({"findings": [{"profile": {}, "policy_ids": [], "check": check}], "action": action}).to_string()
    };
    let (flag, request) = (verdict("FLAG", "RESPONSE"), verdict("BLOCK", "REQUEST"));
    let response = verdict("BLOCK", "RESPONSE");
    assert_eq!(word(&found(200, &[LOG, ("cf-aig-dlp", &flag)], "{}")), "ok 200");
    assert_eq!(word(&found(400, &[LOG, ("cf-aig-dlp", &flag)], "")), "graph 400 ");
    assert_eq!(word(&found(400, &[LOG, ("cf-aig-dlp", &request)], "")), "dlp request");
    assert_eq!(word(&found(400, &[LOG, ("cf-aig-dlp", &response)], "")), "dlp response");
    assert_eq!(word(&found(400, &[LOG, ("cf-aig-dlp", "not JSON")], "")), "graph 400 ");
}

#[test]
fn a_success_counts_only_fresh_and_through_the_gateway() {
    for (status, headers, wanted) in [
        (200, &[LOG][..], "ok 200"),
        (204, &[LOG], "ok 204"),
        (202, &[LOG, ("cf-aig-cache-status", "MISS")], "ok 202"),
        (200, &[], "malformed"),
        (200, &[("cf-aig-log-id", " ")], "malformed"),
        (200, &[LOG, ("cf-aig-cache-status", "HIT")], "malformed"),
        (200, &[LOG, ("cf-aig-cache-status", "MISS"), ("cf-aig-cache-status", "hit")], "malformed"),
        (404, &[LOG, ("cf-aig-cache-status", "HIT")], "malformed"),
        (302, &[LOG, ("location", "https://contoso.sharepoint.com/x")], "ok 302"),
        (302, &[("location", "https://contoso.sharepoint.com/x")], "malformed"),
        (302, &[LOG], "malformed"),
        (301, &[LOG, ("location", "https://contoso.sharepoint.com/x")], "malformed"),
        (304, &[LOG], "malformed"),
        (101, &[LOG], "malformed"),
    ] {
        assert_eq!(word(&found(status, headers, "{}")), wanted, "{status} {headers:?}");
    }
}

#[test]
fn graph_s_own_refusals_keep_status_code_and_patience() {
    let envelope = |code: &str| json!({"error": {"code": code, "message": "m"}}).to_string();
    for (status, code) in [
        (400, "RequestBroker--ParseUri"),
        (401, "InvalidAuthenticationToken"),
        (403, "Authorization_RequestDenied"),
        (404, "ErrorItemNotFound"),
        (409, "nameAlreadyExists"),
        (412, ""),
        (503, "serviceNotAvailable"),
        (504, "UnknownError"),
    ] {
        for headers in [&[LOG][..], &[]] {
            assert_eq!(word(&found(status, headers, &envelope(code))), format!("graph {status} {code}"));
        }
    }
    for (retry_after, wanted) in [
        ("10", "Some(10s)"),
        ("2.128", "Some(2.128s)"),
        ("0", "Some(0ns)"),
        ("999999999999999999999999", "Some(86400s)"),
        ("Fri, 31 Dec 1999 23:59:59 GMT", "None"),
        ("-1", "None"),
        ("1e3", "None"),
        ("inf", "None"),
        ("", "None"),
    ] {
        let throttled = found(429, &[LOG, ("retry-after", retry_after)], &envelope("TooManyRequests"));
        assert_eq!(word(&throttled), format!("graph rate {wanted}"), "{retry_after}");
    }
    assert_eq!(word(&found(429, &[LOG], &envelope("ApplicationThrottled"))), "graph rate None");
    let Err(UpstreamError::Graph { retry_after, .. }) = found(503, &[LOG, ("retry-after", "30")], "") else {
        panic!("not Graph's");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(30)));
}

#[test]
fn an_error_without_a_word_of_graph_or_gateway_is_the_edge_s() {
    let page = "<html>Bad gateway</html>";
    for (status, headers, wanted) in [
        (502, &[][..], "unreachable true"),
        (530, &[], "unreachable true"),
        (429, &[], "gateway rate"),
        (403, &[], "malformed"),
        (502, &[LOG], "graph 502 "),
        (429, &[LOG], "graph rate None"),
        (504, &[("request-id", "graph-1")], "graph 504 "),
    ] {
        assert_eq!(word(&found(status, headers, page)), wanted, "{status} {headers:?}");
    }
}

#[test]
fn a_claims_challenge_is_read_where_it_can_be_answered() {
    let challenge = concat!(
        r#"Bearer realm="", error="insufficient_claims", "#,
        r#"claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYwNDEwNjY1MSJ9fX0=""#
    );
    for (status, challenged) in [(401, true), (403, true), (404, false)] {
        let headers =
            [LOG, (WWW_AUTHENTICATE.as_str(), r#"Basic realm="x""#), (WWW_AUTHENTICATE.as_str(), challenge)];
        let Err(UpstreamError::Graph { claims, .. }) = found(status, &headers, "") else {
            panic!("not Graph's")
        };
        let decoded = r#"{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}"#;
        assert_eq!(claims.as_deref(), challenged.then_some(decoded), "{status}");
    }
}

#[test]
fn the_trace_holds_the_identifiers_of_this_exchange() {
    let body = json!({"error": {"code": "x", "innerError": {"request-id": "from-body"}}}).to_string();
    let error = found(404, &[LOG], &body).unwrap_err();
    let trace = Trace {
        client_request_id: "mine".to_owned(),
        ai_gateway_log_id: Some("01JLOG".to_owned()),
        graph_request_id: Some("from-body".to_owned()),
        status: Some(404),
    };
    assert_eq!(error.trace(), Some(&trace));
    let error = found(404, &[LOG, ("request-id", "from-header")], &body).unwrap_err();
    assert_eq!(error.trace().unwrap().graph_request_id.as_deref(), Some("from-header"));
}

#[test]
fn only_what_cannot_have_been_acted_on_is_certain() {
    for (status, headers, body, maybe) in [
        (400, &[LOG][..], gateway_body(400, 2029), false),
        (400, &[LOG], gateway_body(400, 2030), true),
        (429, &[LOG], gateway_body(429, 2003), false),
        (502, &[LOG], gateway_body(502, 2005), true),
        (401, &[LOG], gateway_body(401, 2009), false),
        (404, &[LOG], String::new(), false),
        (504, &[LOG], String::new(), true),
        (429, &[LOG], String::new(), false),
        (200, &[], String::new(), true),
    ] {
        let error = found(status, headers, &body).unwrap_err();
        assert_eq!(may_have_acted(&error), maybe, "{status} {body}");
    }
    assert!(!may_have_acted(&UpstreamError::Forbidden));
}

proptest! {
    #[test]
    fn any_answer_is_classified_and_no_error_repeats_its_body(
        status in 100_u16..600,
        logged in any::<bool>(),
        body in "\\PC{0,80}",
        code in "\\PC{8,80}",
    ) {
        let headers = if logged { &[LOG][..] } else { &[] };
        let enveloped = json!({"error": {"code": code, "message": body}}).to_string();
        for text in [&body, &enveloped] {
            match found(status, headers, text) {
                Ok(answer) => prop_assert!(logged && (200..300).contains(&answer.status)),
                Err(error) => prop_assert!(body.len() < 8 || !error.to_string().contains(&body)),
            }
        }
    }
}
