//! What the endpoint does with HTTP that is not a well-formed message.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::Request;
use crate::json::Look as _;
use crate::mcp::{LEGACY, Reply};
use crate::raw;
use crate::session::Session;
use crate::site::Site;

table! { "mcp_transport":
    shared get_and_delete_with_a_token_are_405,
    shared a_foreign_null_or_doubled_origin_is_403,
    shared an_origin_of_our_own_is_accepted,
    native an_empty_origin_is_403,
    shared a_foreign_host_name_is_refused,
    shared text_that_is_not_json_is_a_parse_error,
    shared json_that_is_not_a_request_is_an_invalid_request,
    shared deep_doubled_and_large_messages_are_refused,
    shared another_content_type_is_refused,
    shared any_accept_that_admits_json_works,
    shared a_session_id_of_the_client_is_ignored,
    shared batches_exist_in_one_revision_only,
    shared every_call_of_a_batch_has_a_request_id_of_its_own,
    shared malformed_http_is_refused_and_hurts_nobody,
    shared a_client_that_dawdles_is_cut_off,
    shared a_token_of_one_person_never_opens_another,
}

fn get_and_delete_with_a_token_are_405(site: &Site) -> Result<()> {
    let session = Session::open(site, "methods")?;
    for method in ["GET", "DELETE", "PUT", "PATCH"] {
        Request::new(method, &site.mcp).bearer(&session.tokens.access).send()?.expect(&[405])?;
    }
    Ok(())
}

fn a_foreign_null_or_doubled_origin_is_403(site: &Site) -> Result<()> {
    let session = Session::open(site, "origin")?;
    let message = session.mcp.message("tools/list", &Value::Null);
    let own = site.mcp.origin().ascii_serialization();
    for origin in [
        "https://evil.example",
        "null",
        "http://127.0.0.1:1",
        &format!("{own}.evil.example"),
        &own.to_uppercase(),
    ] {
        let answer = session.mcp.request(&message).header("origin", origin).send()?;
        answer.expect(&[403]).with_context(|| format!("{origin:?}"))?;
    }
    let twice = session.mcp.request(&message).header("origin", &own).header("origin", "https://evil.example");
    twice.send()?.expect(&[400, 403])?;
    Ok(())
}

/// No browser sends one. workerd takes such a header away, so that a Worker cannot tell it from none.
fn an_empty_origin_is_403(site: &Site) -> Result<()> {
    let session = Session::open(site, "empty-origin")?;
    let message = session.mcp.message("tools/list", &Value::Null);
    session.mcp.request(&message).header("origin", "").send()?.expect(&[403])?;
    Ok(())
}

fn an_origin_of_our_own_is_accepted(site: &Site) -> Result<()> {
    let session = Session::open(site, "own-origin")?;
    let message = session.mcp.message("tools/list", &Value::Null);
    let own = site.mcp.origin().ascii_serialization();
    session.mcp.request(&message).header("origin", &own).send()?.expect(&[200])?;
    Ok(())
}

fn a_foreign_host_name_is_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "host")?;
    let body = session.mcp.message("tools/list", &Value::Null).to_string();
    for host in ["evil.example", "127.0.0.1.evil.example", "localhost:1", ""] {
        let head = format!(
            "POST /mcp HTTP/1.1\nHost: {host}\nAuthorization: Bearer {}\nContent-Type: application/json\nContent-Length: {}\nConnection: close",
            session.tokens.access,
            body.len()
        );
        raw::request(&site.origin, &head, body.as_bytes())?
            .expect(&[400, 403, 421])
            .with_context(|| format!("{host:?}"))?;
    }
    Ok(())
}

fn text_that_is_not_json_is_a_parse_error(site: &Site) -> Result<()> {
    let session = Session::open(site, "parse")?;
    let bodies: [&[u8]; 9] = [
        b"",
        b"{",
        b"{]",
        b"{\"jsonrpc\":\"2.0\",}",
        b"\xff\xfe{}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"a\x00b\"}",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\\ud800\"}",
        b"{} {}",
        b"'{}'",
    ];
    for body in bodies {
        let reply = Reply::read(session.mcp.bare().body("application/json", body).send()?)?;
        reply.expect_error(&[400], &[-32700]).with_context(|| String::from_utf8_lossy(body).into_owned())?;
    }
    let nul = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{\"a\":\"\\u0000\"}}";
    Reply::read(session.mcp.bare().body("application/json", nul).send()?)?
        .expect_error(&[400], &[-32700, -32600, -32602])?;
    Ok(())
}

fn json_that_is_not_a_request_is_an_invalid_request(site: &Site) -> Result<()> {
    let session = Session::open(site, "invalid")?;
    for body in [
        json!(7),
        json!("x"),
        json!(null),
        json!({}),
        json!({ "jsonrpc": "1.0", "id": 1, "method": "ping" }),
        json!({ "id": 1, "method": "ping" }),
        json!({ "jsonrpc": "2.0", "id": 1 }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": 7 }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": [1] }),
        json!({ "jsonrpc": "2.0", "id": 1, "method": "ping", "params": "x" }),
    ] {
        let reply = Reply::read(session.mcp.bare().json(&body).send()?)?;
        reply.expect_error(&[400], &[-32600, -32602]).with_context(|| body.to_string())?;
    }
    Ok(())
}

fn deep_doubled_and_large_messages_are_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "large")?;
    let nested = |open: &str, close: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{}{}}}",
            open.repeat(10_000),
            close.repeat(10_000)
        )
    };
    for deep in [nested("[", "]"), nested("{\"a\":", "}")] {
        session.mcp.bare().body("application/json", deep).send()?.expect(&[400])?;
    }
    for doubled in [
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"method\":\"tools/call\"}",
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"getEmails\",\"name\":\"sendEmail\"}}",
    ] {
        let reply = Reply::read(session.mcp.bare().body("application/json", doubled).send()?)?;
        reply.expect_error(&[400], &[-32700, -32600])?;
    }
    let large = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "pad": "x".repeat(8 * 1024 * 1024) } }).to_string();
    let token = &session.tokens.access;
    let host = site.mcp.authority();
    let head = format!(
        "POST /mcp HTTP/1.1\nHost: {host}\nAuthorization: Bearer {token}\nContent-Type: application/json\nConnection: close"
    );
    let sized = format!("{head}\nContent-Length: {}", large.len());
    raw::request(&site.origin, &sized, large.as_bytes())?.expect(&[413])?;
    let chunk = format!("{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    raw::request(&site.origin, &format!("{head}\nTransfer-Encoding: chunked"), chunk.as_bytes())?
        .expect(&[413])?;
    ensure!(session.graph_requests()?.is_empty(), "a refused message reached Graph");
    Ok(())
}

fn another_content_type_is_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "content-type")?;
    let body = session.mcp.message("tools/list", &Value::Null).to_string();
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "application/xml", "multipart/form-data", ""]
    {
        session
            .mcp
            .bare()
            .body(kind, body.clone())
            .send()?
            .expect(&[415])
            .with_context(|| kind.to_owned())?;
    }
    Ok(())
}

fn any_accept_that_admits_json_works(site: &Site) -> Result<()> {
    let session = Session::open(site, "accept")?;
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" });
    for accept in [Some("*/*"), Some("application/json"), Some("text/event-stream, application/json"), None] {
        let mut request = Request::post(&site.mcp).bearer(&session.tokens.access).json(&body);
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        Reply::read(request.send()?)?.result()?;
    }
    Ok(())
}

fn a_session_id_of_the_client_is_ignored(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "session-one")?, Session::open(site, "session-other")?);
    for id in ["1", "shared-session", &one.person.subject, &one.tokens.access] {
        for session in [&one, &other] {
            let legacy = session.mcp.speaking(LEGACY[0]);
            let message = legacy.message("resources/read", &json!({ "uri": "microsoft://profile" }));
            let reply = Reply::read(
                legacy.request(&message).header("mcp-session-id", id).header("last-event-id", "7").send()?,
            )?;
            let text = reply.result()?.text("/contents/0/text")?.to_owned();
            ensure!(text.contains(&session.person.email), "another person's profile: {}", reply.answer);
            ensure!(
                reply.answer.header("mcp-session-id").is_none(),
                "a session was opened: {}",
                reply.answer
            );
        }
    }
    Ok(())
}

fn batches_exist_in_one_revision_only(site: &Site) -> Result<()> {
    let session = Session::open(site, "batch")?;
    let item = |id: i64| json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
    let batch = json!([item(1), item(2)]);
    for version in [LEGACY[0], LEGACY[1]] {
        session.mcp.bare().header("mcp-protocol-version", version).json(&batch).send()?.expect(&[400])?;
    }
    let many: Vec<Value> = (0..10_000).map(item).collect();
    for bad in [json!([]), json!([[]]), json!(many)] {
        let answer = session.mcp.bare().header("mcp-protocol-version", LEGACY[2]).json(&bad).send()?;
        answer.expect(&[200, 400, 413])?;
        if answer.status == 200 {
            let codes: Vec<_> =
                answer.json()?.list("")?.iter().filter_map(|item| item.at("/error/code").as_i64()).collect();
            ensure!(!codes.is_empty(), "a bad batch has no error: {answer}");
        }
    }
    Ok(())
}

fn every_call_of_a_batch_has_a_request_id_of_its_own(site: &Site) -> Result<()> {
    let session = Session::open(site, "batch-ids")?;
    let call = |id: i64, arguments: Value| {
        let params = json!({ "name": "getEmails", "arguments": arguments });
        json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
    };
    let batch = json!([
        call(1, json!({ "count": 1 })),
        call(2, json!({ "count": 1 })),
        call(3, json!({ "count": 0 }))
    ]);
    let request = session.mcp.bare().header("mcp-protocol-version", LEGACY[2]);
    let answer = request.json(&batch).send()?;
    let answer = answer.expect(&[200])?.json()?;
    let ids = answer.list("")?.iter().map(|item| item.text("/result/_meta/m365-mcp~1requestId"));
    let mut ids = ids.collect::<Result<Vec<_>>>()?;
    if let Some(records) = session.records()? {
        for (id, expected) in ids.iter().zip([2, 2, 1]) {
            let found = records.iter().filter(|record| record.field("requestId") == *id).count();
            ensure!(found == expected, "{found} records of {id}: {records:?}");
        }
    }
    ids.sort_unstable();
    ids.dedup();
    ensure!(ids.len() == 3, "three calls with these ids: {ids:?}");
    Ok(())
}

fn malformed_http_is_refused_and_hurts_nobody(site: &Site) -> Result<()> {
    let limit = Duration::from_mins(1);
    let long = format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX-Long: {}\r\n\r\n", "a".repeat(200_000));
    let uri = format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(200_000));
    for bytes in [
        "\r\n\r\n\r\n",
        "GARBAGE\r\n\r\n",
        "GET / HTTP/9.9\r\n\r\n",
        "GET /healthz HTTP/1.1\r\n\r\n",
        &long,
        &uri,
        "POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef",
        "POST /mcp HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\nGET /me HTTP/1.1\r\n\r\n",
        "POST /mcp HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
    ] {
        let bytes = bytes.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n");
        let answer = raw::exchange(&site.origin, bytes.as_bytes(), limit)?;
        let answer = String::from_utf8_lossy(&answer);
        let fine = answer.is_empty()
            || answer.starts_with("HTTP/1.1 4")
            || answer.starts_with("HTTP/1.0 4")
            || answer.starts_with("HTTP/1.1 505");
        ensure!(fine, "{:?} -> {answer}", bytes.chars().take(80).collect::<String>());
    }
    Request::get(site.edge("/healthz")?).send()?.expect(&[200])?;
    Ok(())
}

fn a_client_that_dawdles_is_cut_off(site: &Site) -> Result<()> {
    let limit = Duration::from_secs(75);
    let answer = raw::exchange(&site.origin, b"GET /healthz HTTP/1.1\r\nHost: x\r\nX-Slow: ", limit)?;
    ensure!(
        answer.is_empty() || answer.starts_with(b"HTTP/1.1 408"),
        "a header without end got {:?}",
        String::from_utf8_lossy(&answer)
    );
    Ok(())
}

fn a_token_of_one_person_never_opens_another(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "mine-only")?, Session::open(site, "not-mine")?);
    // The sealed handle of one token with the secret of another.
    let half = one.tokens.access.len() / 2;
    let mixed = format!(
        "{}{}",
        one.tokens.access.get(..half).context("ASCII")?,
        other.tokens.access.get(half..).context("ASCII")?
    );
    let mut mcp = one.mcp.clone();
    mcp.token = mixed;
    mcp.resource("microsoft://profile")?.answer.expect(&[401])?;
    Ok(())
}
