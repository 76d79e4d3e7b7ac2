//! The catalogue of attacks on the transport: what a socket may be sent, and that both hosts answer it alike.
//!
//! Source: RFC 9110, RFC 9112, MCP 2026-07-28 (Streamable HTTP). Everything here goes to the origin itself: an edge in
//! front of it must not be what keeps it safe.

use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::Answer;
use crate::mcp::Reply;
use crate::raw;
use crate::rule::Rule;
use crate::session::Session;
use crate::site::Site;

table! { "catalogue_transport":
    own each_address_has_one_spelling,
    own a_target_in_absolute_form_does_not_replace_the_host_header,
    native a_target_in_absolute_form_must_name_us_whatever_the_host_header_says,
    own methods_nobody_needs_are_refused,
    native connect_and_methods_of_others_are_refused,
    own a_host_that_is_missing_foreign_or_of_a_preview_is_refused,
    native two_host_headers_are_refused,
    own a_request_framed_in_two_ways_is_one_request_or_none,
    own nothing_is_upgraded_to_another_protocol,
    own header_fields_are_counted_and_measured,
    own a_body_may_be_as_long_as_the_limit_and_no_longer,
    own nesting_may_be_as_deep_as_the_limit_and_no_deeper,
    own bytes_that_readers_see_differently_are_refused,
    own compressed_bodies_are_refused_unread,
    own origins_are_our_own_or_none,
    own without_a_token_no_call_is_looked_at,
    own headers_that_contradict_the_body_run_nothing,
    own unknown_methods_are_not_found,
}

/// Bytes of a body that `/mcp` reads.
const BODY_LIMIT: usize = 1 << 20;
/// Bytes of a body that the other addresses read.
const FORM_LIMIT: usize = 32 * 1024;
/// Levels of nesting that a message may have.
const DEPTH_LIMIT: usize = 64;

/// A request without a body, straight to the origin: a request line and further header lines.
pub(super) fn line(site: &Site, line: &str, headers: &str) -> Result<Answer> {
    let host = site.mcp.authority();
    raw::request(&site.origin, &format!("{line} HTTP/1.1\nHost: {host}\n{headers}Connection: close"), b"")
}

fn message(session: &Session<'_>, headers: &str, body: &[u8]) -> Result<Answer> {
    let head =
        format!("Authorization: Bearer {}\nAccept: application/json\n{headers}", session.tokens.access);
    raw::post(session.site, "/mcp", &head, body)
}

const JSON: &str = "Content-Type: application/json";

fn each_address_has_one_spelling(site: &Site) -> Result<()> {
    let mut rule = Rule::on(site)?;
    line(site, "GET /healthz", "")?.expect(&[200])?;
    line(site, "GET /healthz?x=1", "")?.expect(&[200])?;
    for (route, refusal) in [("mcp", 401), ("me", 403), ("token", 405), ("healthz", 200)] {
        line(site, &format!("GET /{route}"), "")?.expect(&[refusal])?;
        let (first, rest) = route.split_at(1);
        let code = first.bytes().next().context("a letter")?;
        for spelling in [
            format!("//{route}"),
            format!("/{route}/"),
            format!("/{route}//"),
            format!("/%{code:x}{rest}"),
            format!("/{route};x"),
            format!("/{route}%00"),
            format!("/{route}%2f"),
            format!("/{route}%3fx"),
            format!("/{}", route.to_uppercase()),
            format!("/./{route}"),
            format!("/x/../{route}"),
            format!("/x/%2e%2e/{route}"),
            format!("/healthz/../{route}"),
            format!("/\\{route}"),
        ] {
            let answer = line(site, &format!("GET {spelling}"), "")?;
            rule.refused(&spelling, &answer, &[404])?;
        }
    }
    rule.hold().map(drop)
}

fn a_target_in_absolute_form_does_not_replace_the_host_header(site: &Site) -> Result<()> {
    let mut rule = Rule::on(site)?;
    let ours = site.mcp.origin().ascii_serialization();
    for path in ["/healthz", "/me", "/mcp"] {
        let head = format!("GET {ours}{path} HTTP/1.1\nHost: evil.example\nConnection: close");
        rule.refused(path, &raw::request(&site.origin, &head, b"")?, &[421])?;
    }
    line(site, &format!("GET {ours}/healthz"), "")?.expect(&[200])?;
    rule.hold().map(drop)
}

/// The runtime of Workers forgets the host of such a target and keeps the header, which is checked.
fn a_target_in_absolute_form_must_name_us_whatever_the_host_header_says(site: &Site) -> Result<()> {
    let mut rule = Rule::on(site)?;
    let ours = site.mcp.origin().ascii_serialization();
    line(site, &format!("GET {ours}/healthz"), "")?.expect(&[200])?;
    line(site, &format!("GET {ours}/me"), "")?.expect(&[403])?;
    for other in
        ["http://evil.example", "http://127.0.0.1:1", "http://169.254.169.254", "http://x@evil.example"]
    {
        for path in ["/healthz", "/me", "/mcp"] {
            let answer = line(site, &format!("GET {other}{path}"), "")?;
            rule.refused(&format!("{other}{path}"), &answer, &[421])?;
        }
    }
    rule.hold().map(drop)
}

fn methods_nobody_needs_are_refused(site: &Site) -> Result<()> {
    let mut rule = Rule::on(site)?;
    let session = Session::open(site, "methods")?;
    let bearer = format!("Authorization: Bearer {}\nX-Probe: reflected-4711\n", session.tokens.access);
    for (method, path) in [
        ("TRACE", "/healthz"),
        ("TRACE", "/token"),
        ("TRACE", "/mcp"),
        ("PROPFIND", "/healthz"),
        ("DELETE", "/register"),
        ("PUT", "/token"),
        ("PATCH", "/mcp"),
    ] {
        let answer = line(site, &format!("{method} {path}"), &bearer)?;
        rule.refused(&format!("{method} {path}"), &answer, &[405])?;
        ensure!(!answer.text().contains("reflected-4711"), "the request comes back: {answer}");
        ensure!(path == "/mcp" || answer.header("allow").is_some(), "no Allow: {answer}");
    }
    rule.hold().map(drop)
}

/// The runtime of Workers answers these itself, before the Worker is asked.
fn connect_and_methods_of_others_are_refused(site: &Site) -> Result<()> {
    let mut rule = Rule::on(site)?;
    for (method, path, status) in [
        ("CONNECT", "/healthz", 405),
        ("WHATEVER", "/healthz", 405),
        ("get", "/healthz", 405),
        ("get", "/mcp", 401),
    ] {
        let answer = line(site, &format!("{method} {path}"), "")?;
        rule.refused(&format!("{method} {path}"), &answer, &[status])?;
    }
    let answer = line(site, "CONNECT evil.example:443", "")?;
    rule.refused("CONNECT to another host", &answer, &[404, 421])?;
    rule.hold().map(drop)
}

fn a_host_that_is_missing_foreign_or_of_a_preview_is_refused(site: &Site) -> Result<()> {
    let mut rule = Rule::on(site)?;
    let ours = site.mcp.authority();
    let asked = |host: &str| {
        raw::request(&site.origin, &format!("GET /healthz HTTP/1.1\nHost: {host}\nConnection: close"), b"")
    };
    asked(ours)?.expect(&[200])?;
    for host in [
        "evil.example".to_owned(),
        "m365-mcp.someone.workers.dev".to_owned(),
        "4f2a-m365-mcp.someone.workers.dev".to_owned(),
        format!("{ours}.evil.example"),
        format!("evil.example:{}", site.mcp.port().context("a port")?),
        "127.0.0.1".to_owned(),
        "169.254.169.254".to_owned(),
    ] {
        rule.refused(&host, &asked(&host)?, &[421])?;
    }
    rule.hold()?;
    let none = raw::request(&site.origin, "GET /healthz HTTP/1.1\nConnection: close", b"")?;
    none.expect(&[400, 421])?;
    Ok(())
}

/// The runtime of Workers answers these itself, before the Worker is asked.
fn two_host_headers_are_refused(site: &Site) -> Result<()> {
    let mut rule = Rule::on(site)?;
    let ours = site.mcp.authority();
    for second in [ours, "evil.example"] {
        rule.refused(second, &line(site, "GET /healthz", &format!("Host: {second}\n"))?, &[421])?;
    }
    rule.hold().map(drop)
}

/// Request smuggling (RFC 9112 section 11.2): whatever two readers could see differently has one answer, and what follows
/// on the connection is not read as a request of its own.
fn a_request_framed_in_two_ways_is_one_request_or_none(site: &Site) -> Result<()> {
    let host = site.mcp.authority();
    let second = format!("GET /smuggled HTTP/1.1\r\nHost: {host}\r\n\r\n");
    for framing in [
        "Transfer-Encoding: chunked\r\nContent-Length: 6\r\n\r\n0\r\n\r\n",
        "Content-Length: 6\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 3\r\nContent-Length: 4\r\n\r\na=b",
        "Content-Length: 3, 4\r\n\r\na=b",
        "Content-Length: +3\r\n\r\na=b",
        "Content-Length: 0x3\r\n\r\na=b",
        "Content-Length: -3\r\n\r\na=b",
        "Content-Length : 3\r\n\r\na=b",
        "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3;\n\r\na=b\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\na=b\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\n\r\n3\na=b\n0\n\n",
    ] {
        let request = format!(
            "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\n{framing}{second}"
        );
        let answer = raw::exchange(&site.origin, request.as_bytes(), Duration::from_secs(30))?;
        let answer = String::from_utf8_lossy(&answer);
        let answers = answer.matches("HTTP/1.1 ").count();
        ensure!(
            answers <= 1 && (answer.is_empty() || answer.starts_with("HTTP/1.1 4")),
            "{framing:?} -> {answer}"
        );
    }
    // One length said twice is one length (RFC 9110 section 8.6), and a second request after it is a second request.
    let honest = format!(
        "POST /token HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\na=bGET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    );
    let answer = raw::exchange(&site.origin, honest.as_bytes(), Duration::from_secs(30))?;
    let answer = String::from_utf8_lossy(&answer);
    ensure!(
        answer.contains("HTTP/1.1 200") && answer.matches("HTTP/1.1 ").count() == 2,
        "two requests -> {answer}"
    );
    if let Some(journal) = site.journal() {
        let records = journal.records()?;
        ensure!(
            !records.iter().any(|record| record.0.to_string().contains("smuggled")),
            "a smuggled request was read"
        );
    }
    Ok(())
}

fn nothing_is_upgraded_to_another_protocol(site: &Site) -> Result<()> {
    let h2c = "Upgrade: h2c\nHTTP2-Settings: AAMAAABkAAQAAP__\n";
    line(site, "GET /healthz", h2c)?.expect(&[200])?;
    let socket =
        "Upgrade: websocket\nSec-WebSocket-Version: 13\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\n";
    let mut rule = Rule::on(site)?;
    rule.refused("a WebSocket without a token", &line(site, "GET /mcp", socket)?, &[401])?;
    rule.hold()?;
    let preface = raw::exchange(&site.origin, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Duration::from_secs(30))?;
    let preface = String::from_utf8_lossy(&preface);
    ensure!(preface.is_empty() || preface.starts_with("HTTP/1.1 4"), "HTTP/2 -> {preface}");
    Ok(())
}

fn header_fields_are_counted_and_measured(site: &Site) -> Result<()> {
    let fields = |count: usize| {
        (0..count).map(|number| ["X-", &number.to_string(), ": 1\n"].concat()).collect::<String>()
    };
    let long = |bytes: usize| format!("X-Long: {}\n", "a".repeat(bytes));
    line(site, "GET /healthz", &fields(90))?.expect(&[200])?;
    line(site, "GET /healthz", &long(30_000))?.expect(&[200])?;
    for (about, target, headers) in [
        ("120 fields", String::new(), fields(120)),
        ("5,000 fields", String::new(), fields(5_000)),
        ("a field of 33 KB", String::new(), long(33_000)),
        ("a field of 120 KB", String::new(), long(120_000)),
        ("a target of 33 KB", "a".repeat(33_000), String::new()),
    ] {
        let answer = line(site, &format!("GET /healthz?{target}"), &headers)?;
        answer.expect(&[431]).with_context(|| about.to_owned())?;
    }
    Ok(())
}

/// A message of exactly this many bytes.
fn of_length(bytes: usize) -> String {
    let pad = |length: usize| {
        json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": { "pad": "x".repeat(length) } })
            .to_string()
    };
    pad(bytes - pad(0).len())
}

fn a_body_may_be_as_long_as_the_limit_and_no_longer(site: &Site) -> Result<()> {
    let session = Session::open(site, "length")?;
    let mut rule = Rule::on(site)?;
    rule.hide(&session.tokens.access);
    message(&session, JSON, of_length(BODY_LIMIT).as_bytes())?.expect(&[200])?;
    let long = of_length(BODY_LIMIT + 1);
    rule.refused("one byte more by its length", &message(&session, JSON, long.as_bytes())?, &[413])?;
    let chunks: String = long
        .as_bytes()
        .chunks(60_000)
        .map(|chunk| {
            [&format!("{:x}", chunk.len()), "\r\n", &String::from_utf8_lossy(chunk), "\r\n"].concat()
        })
        .collect();
    let head = format!(
        "POST /mcp HTTP/1.1\nHost: {}\nAuthorization: Bearer {}\n{JSON}\nTransfer-Encoding: chunked\nConnection: close",
        site.mcp.authority(),
        session.tokens.access
    );
    let answer = raw::request(&site.origin, &head, format!("{chunks}0\r\n\r\n").as_bytes())?;
    rule.refused("one byte more in chunks", &answer, &[413])?;
    let form = "Content-Type: application/x-www-form-urlencoded";
    rule.refused("a form", &raw::post(site, "/token", form, &vec![b'a'; FORM_LIMIT + 1])?, &[413])?;
    rule.refused(
        "a registration",
        &raw::post(site, "/register", JSON, &vec![b' '; FORM_LIMIT + 1])?,
        &[413],
    )?;
    rule.hold().map(drop)
}

fn nesting_may_be_as_deep_as_the_limit_and_no_deeper(site: &Site) -> Result<()> {
    let session = Session::open(site, "depth")?;
    let mut rule = Rule::on(site)?;
    // The message and its parameters are two levels.
    let nested = |levels: usize, open: &str, close: &str| {
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{{\"a\":{}1{}}}}}",
            open.repeat(levels - 2),
            close.repeat(levels - 2)
        )
    };
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        message(&session, JSON, nested(DEPTH_LIMIT, open, close).as_bytes())?.expect(&[200])?;
        for levels in [DEPTH_LIMIT + 1, 10_000] {
            let answer = message(&session, JSON, nested(levels, open, close).as_bytes())?;
            rule.refused(&format!("{levels} levels of {open}"), &answer, &[400])?;
        }
    }
    rule.hold().map(drop)
}

fn bytes_that_readers_see_differently_are_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "bytes")?;
    let mut rule = Rule::on(site)?;
    let good = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"}";
    message(&session, JSON, good.as_bytes())?.expect(&[200])?;
    let utf_16: Vec<u8> = good.encode_utf16().flat_map(u16::to_be_bytes).collect();
    let with = |value: &str| {
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\",\"params\":{{\"a\":{value}}}}}")
    };
    let mut broken = with("\"x\"").into_bytes();
    let at = broken.iter().position(|byte| *byte == b'x').context("the x")?;
    *broken.get_mut(at).context("the x")? = 0xff;
    for (about, body) in [
        ("a byte order mark", [b"\xef\xbb\xbf", good.as_bytes()].concat()),
        ("UTF-16", utf_16),
        ("a byte that is no UTF-8", broken),
        ("an overlong slash", [b"{\"a\":\"\xc0\xaf\"}".as_slice()].concat()),
        ("a surrogate in UTF-8", [b"{\"a\":\"\xed\xa0\x80\"}".as_slice()].concat()),
        ("a high surrogate alone", with("\"\\ud800\"").into_bytes()),
        ("a low surrogate alone", with("\"\\udc00\"").into_bytes()),
        ("surrogates the wrong way round", with("\"\\udc00\\ud800\"").into_bytes()),
        ("NUL as it is", with("\"a\0b\"").into_bytes()),
        ("NUL escaped", with("\"a\\u0000b\"").into_bytes()),
        ("a name given twice", with("1,\"a\":2").into_bytes()),
        ("a name given twice in two spellings", with("1,\"\\u0061\":2").into_bytes()),
        ("an integer that loses digits", with("18446744073709551617").into_bytes()),
        ("a number beyond all", with("1e999").into_bytes()),
        ("not a number", with("NaN").into_bytes()),
        ("two values", format!("{good}{good}").into_bytes()),
        ("a comment", format!("/**/{good}").into_bytes()),
    ] {
        let answer = message(&session, JSON, &body)?;
        rule.refused(about, &answer, &[400])?;
        Reply::read(answer)?
            .expect_error(&[400], &[-32700, -32600, -32602])
            .with_context(|| about.to_owned())?;
    }
    rule.hold().map(drop)
}

fn compressed_bodies_are_refused_unread(site: &Site) -> Result<()> {
    let session = Session::open(site, "compressed")?;
    let mut rule = Rule::on(site)?;
    let body = session.mcp.message("tools/list", &Value::Null).to_string();
    let plain = session.mcp.request(&session.mcp.message("tools/list", &Value::Null));
    plain.header("content-encoding", "identity").send()?.expect(&[200])?;
    for coding in ["gzip", "br", "deflate", "zstd", "gzip, identity", "identity, gzip", "GZIP", "x"] {
        let answer = message(&session, &format!("{JSON}\nContent-Encoding: {coding}"), body.as_bytes())?;
        rule.refused(coding, &answer, &[415])?;
    }
    let doubled = format!("{JSON}\nContent-Encoding: identity\nContent-Encoding: gzip");
    rule.refused("two codings", &message(&session, &doubled, body.as_bytes())?, &[415])?;
    let form = "Content-Type: application/x-www-form-urlencoded\nContent-Encoding: gzip";
    rule.refused("a form", &raw::post(site, "/token", form, b"a=b")?, &[415])?;
    rule.hold().map(drop)
}

fn origins_are_our_own_or_none(site: &Site) -> Result<()> {
    let session = Session::open(site, "origins")?;
    let mut rule = Rule::on(site)?;
    let ours = site.mcp.origin().ascii_serialization();
    let body = session.mcp.message("ping", &Value::Null).to_string();
    for accepted in [String::new(), format!("Origin: {ours}\n")] {
        message(&session, &format!("{accepted}{JSON}"), body.as_bytes())?.expect(&[200, 400, 404])?;
    }
    for origin in [
        "Origin: https://evil.example".to_owned(),
        "Origin: null".to_owned(),
        format!("Origin: {ours}/"),
        format!("Origin: {ours}.evil.example"),
        format!("Origin: {}", ours.replace("http:", "https:")),
        format!("Origin: {}", ours.replace("http:", "HTTP:")),
        format!("Origin: {ours}, https://evil.example"),
        format!("Origin: {ours}\nOrigin: https://evil.example"),
        format!("Origin: https://evil.example\nOrigin: {ours}"),
        format!("Origin: {ours}\nOrigin: {ours}"),
    ] {
        let answer = message(&session, &format!("{origin}\n{JSON}"), body.as_bytes())?;
        rule.refused(&origin, &answer, &[403])?;
    }
    for path in ["/token", "/register", "/revoke"] {
        let form = "Origin: https://evil.example\nContent-Type: application/x-www-form-urlencoded";
        rule.refused(path, &raw::post(site, path, form, b"a=b")?, &[403])?;
    }
    rule.hold().map(drop)
}

fn without_a_token_no_call_is_looked_at(site: &Site) -> Result<()> {
    let session = Session::open(site, "anonymous")?;
    let mut rule = Rule::on(site)?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let before = session.graph_requests()?.len();
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": { "name": "getEmails", "arguments": {} } });
    for (about, headers) in [
        ("no token", String::new()),
        ("an empty token", "Authorization: Bearer \n".to_owned()),
        (
            "two tokens",
            format!("Authorization: Bearer {0}\nAuthorization: Bearer {0}\n", session.tokens.access),
        ),
        ("a token as a cookie", format!("Cookie: access_token={}\n", session.tokens.access)),
        ("a token in a header of its own", format!("X-Access-Token: {}\n", session.tokens.access)),
    ] {
        let answer = raw::post(site, "/mcp", &format!("{headers}{JSON}"), call.to_string().as_bytes())?;
        rule.refused(about, &answer, &[401])?;
    }
    let query = format!("/mcp?access_token={}", session.tokens.access);
    rule.hide(&session.tokens.access);
    rule.refused(
        "a token in the query",
        &raw::post(site, &query, JSON, call.to_string().as_bytes())?,
        &[401],
    )?;
    let form = format!("access_token={}", session.tokens.access);
    let form_type = "Content-Type: application/x-www-form-urlencoded";
    rule.refused("a token in a form", &raw::post(site, "/mcp", form_type, form.as_bytes())?, &[401])?;
    ensure!(session.graph_requests()?.len() == before, "Graph was called without a token");
    rule.hold().map(drop)
}

fn headers_that_contradict_the_body_run_nothing(site: &Site) -> Result<()> {
    let session = Session::open(site, "contradiction")?;
    let mut rule = Rule::on(site)?;
    let body = session
        .mcp
        .message("tools/call", &json!({ "name": "getEmails", "arguments": { "count": 1 } }))
        .to_string();
    let headers = |version: &str, method: &str, name: &str| {
        format!("{JSON}\nMCP-Protocol-Version: {version}\nMcp-Method: {method}\nMcp-Name: {name}")
    };
    message(&session, &headers("2026-07-28", "tools/call", "getEmails"), body.as_bytes())?.expect(&[200])?;
    let before = session.graph_requests()?.len();
    for (version, method, name) in [
        ("2026-07-28", "tools/list", "getEmails"),
        ("2026-07-28", "tools/call", "sendEmail"),
        ("2026-07-28", "TOOLS/CALL", "getEmails"),
        ("2026-07-28", "tools/call", "getemails"),
        ("2025-11-25", "tools/call", "getEmails"),
        ("1999-01-01", "tools/call", "getEmails"),
    ] {
        let answer = message(&session, &headers(version, method, name), body.as_bytes())?;
        rule.refused(&format!("{version} {method} {name}"), &answer, &[400])?;
    }
    let twice = format!("{}\nMcp-Name: sendEmail", headers("2026-07-28", "tools/call", "getEmails"));
    rule.refused("a name given twice", &message(&session, &twice, body.as_bytes())?, &[400])?;
    ensure!(session.graph_requests()?.len() == before, "a contradiction was run");
    rule.hold().map(drop)
}

fn unknown_methods_are_not_found(site: &Site) -> Result<()> {
    let session = Session::open(site, "unknown-methods")?;
    let mut rule = Rule::on(site)?;
    session.mcp.send("tools/list", &Value::Null)?.result()?;
    for method in [
        "tools/steal",
        "resources/subscribe",
        "tasks/get",
        "sampling/createMessage",
        "__proto__",
        "tools/call/x",
    ] {
        let reply = session.mcp.send(method, &json!({}))?;
        rule.refused(method, &reply.answer, &[404])?;
        reply.expect_error(&[404], &[-32601])?;
    }
    rule.hold().map(drop)
}
