//! Progress: told to whoever asks for it and can hear it, before the response, and to nobody else.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::operators::{by_person, operate};
use crate::events::Events;
use crate::http::Request;
use crate::json::Look as _;
use crate::mcp::{LEGACY, MODERN, Mcp, Reply};
use crate::session::Session;
use crate::site::Site;

table! { "progress":
    shared progress_comes_before_the_response_and_increases,
    shared a_token_is_a_text_or_a_whole_number_and_comes_back_as_it_was,
    shared without_a_token_nothing_is_told,
    shared without_an_accept_that_names_event_streams_the_answer_is_json,
    shared a_call_that_waits_for_a_retry_tells_of_it,
    shared resources_and_completions_report_too,
    shared a_stream_is_protected_like_any_answer,
    shared a_refused_request_is_refused_before_any_stream,
    shared a_tool_error_ends_the_stream_like_a_result,
    shared two_streams_of_two_people_are_apart,
    shared an_order_of_an_operator_ends_a_stream_without_its_result,
}

fn with_token(mcp: &Mcp, method: &str, params: &Value, token: &Value) -> Result<Value> {
    let mut params = params.clone();
    let fields = params.as_object_mut().context("an object")?;
    fields.insert("_meta".to_owned(), json!({ "progressToken": token }));
    Ok(mcp.message(method, &params))
}

fn call(mcp: &Mcp, token: &Value) -> Result<Value> {
    let params = json!({ "name": "getEmails", "arguments": { "count": 2 } });
    with_token(mcp, "tools/call", &params, token)
}

/// The notifications of a whole stream, and the response, which is last.
fn told(mut events: Events, message: &Value) -> Result<(Vec<Value>, Value)> {
    events.answer.expect(&[200])?;
    ensure!(events.is_stream(), "not an event stream: {}", events.answer);
    let mut messages = events.messages()?;
    let response = messages.pop().with_context(|| format!("an empty stream: {}", events.answer))?;
    ensure!(response.at("/id") == message.at("/id"), "the last message is {response}");
    for notification in &messages {
        ensure!(notification.text("/method")? == "notifications/progress", "{notification}");
        ensure!(notification.get("id").is_none(), "{notification}");
    }
    Ok((messages, response))
}

fn expect_increasing(told: &[Value], token: &Value) -> Result<()> {
    ensure!(!told.is_empty(), "nothing was told on the way");
    let mut last = -1.0;
    for notification in told {
        ensure!(notification.at("/params/progressToken") == token, "another token: {notification}");
        let progress = notification.at("/params/progress").as_f64();
        let progress = progress.with_context(|| format!("no number: {notification}"))?;
        ensure!(progress > last, "progress does not increase: {told:?}");
        last = progress;
        if let Some(total) = notification.at("/params/total").as_f64() {
            ensure!(total >= progress, "more than everything: {notification}");
        }
    }
    Ok(())
}

fn progress_comes_before_the_response_and_increases(site: &Site) -> Result<()> {
    let session = Session::open(site, "progress")?;
    for version in [&[MODERN][..], &LEGACY].concat() {
        let mcp = session.mcp.speaking(version);
        let token = json!("a token");
        let message = call(&mcp, &token)?;
        let (told, response) = told(mcp.listen(&message)?, &message)?;
        expect_increasing(&told, &token).with_context(|| version.to_owned())?;
        let text = response.text("/result/content/0/text")?;
        ensure!(!text.is_empty() && response.at("/result/isError") != &Value::Bool(true), "{response}");
    }
    Ok(())
}

fn a_token_is_a_text_or_a_whole_number_and_comes_back_as_it_was(site: &Site) -> Result<()> {
    let session = Session::open(site, "progress-token")?;
    for version in [MODERN, LEGACY[0]] {
        let mcp = session.mcp.speaking(version);
        for token in [
            json!("t"),
            json!("7"),
            json!(7),
            json!(0),
            json!(-1),
            json!(9_007_199_254_740_991_i64),
            json!("ä\"\n\ndata: x"),
        ] {
            let message = call(&mcp, &token)?;
            let (told, _) = told(mcp.listen(&message)?, &message)?;
            expect_increasing(&told, &token)?;
        }
        for wrong in [json!(null), json!(1.5), json!(true), json!([]), json!({}), json!("t".repeat(100_000))]
        {
            let reply = Reply::read(mcp.request(&call(&mcp, &wrong)?).send()?)?;
            let text = reply.answer.text();
            ensure!(!text.contains("notifications/progress"), "{wrong} is a token: {}", reply.answer);
        }
    }
    Ok(())
}

fn without_a_token_nothing_is_told(site: &Site) -> Result<()> {
    let session = Session::open(site, "progress-none")?;
    for version in [MODERN, LEGACY[0]] {
        let mcp = session.mcp.speaking(version);
        let message = mcp.message("tools/call", &json!({ "name": "getEmails", "arguments": { "count": 1 } }));
        let events = mcp.listen(&message)?;
        ensure!(!events.is_stream(), "a stream nobody asked for: {}", events.answer);
        Reply::read(events.answer)?.success()?;
    }
    Ok(())
}

fn without_an_accept_that_names_event_streams_the_answer_is_json(site: &Site) -> Result<()> {
    let session = Session::open(site, "progress-accept")?;
    for version in [MODERN, LEGACY[0]] {
        let mcp = session.mcp.speaking(version);
        let message = call(&mcp, &json!(1))?;
        for accept in [None, Some("*/*"), Some("application/json"), Some("text/event-stream;q=0, */*")] {
            let mut request = Request::post(&mcp.url).bearer(&mcp.token).json(&message);
            for (name, value) in headers(version) {
                request = request.header(name, value);
            }
            if let Some(accept) = accept {
                request = request.header("accept", accept);
            }
            let answer = request.send()?;
            let kind = answer.header("content-type").unwrap_or_default();
            ensure!(kind.starts_with("application/json"), "{accept:?}: {answer}");
            Reply::read(answer)?.success()?;
        }
    }
    Ok(())
}

fn headers(version: &'static str) -> Vec<(&'static str, &'static str)> {
    let mut headers = vec![("mcp-protocol-version", version)];
    if version == MODERN {
        headers.extend([("mcp-method", "tools/call"), ("mcp-name", "getEmails")]);
    }
    headers
}

fn a_call_that_waits_for_a_retry_tells_of_it(site: &Site) -> Result<()> {
    let session = Session::open(site, "progress-retry")?;
    let email = &session.person.email;
    // It stays with the person, so it waits for nobody's approval.
    let draft = json!({ "name": "createDraft", "arguments": { "subject": "s", "body": "b" } });
    let message = with_token(&session.mcp, "tools/call", &draft, &json!("r"))?;
    let (calm, _) = told(session.mcp.listen(&message)?, &message)?;
    site.control
        .fault(&json!({ "target": "graph", "person": email, "kind": "status", "status": 429, "times": 1 }))?;
    let message = with_token(&session.mcp, "tools/call", &draft, &json!("r"))?;
    let (told, response) = told(session.mcp.listen(&message)?, &message)?;
    expect_increasing(&told, &json!("r"))?;
    ensure!(told.len() > calm.len(), "a wait is not told: {told:?} beside {calm:?}");
    ensure!(response.at("/result/isError") != &Value::Bool(true), "{response}");
    Ok(())
}

fn resources_and_completions_report_too(site: &Site) -> Result<()> {
    let session = Session::open(site, "progress-resource")?;
    let complete = json!({ "ref": { "type": "ref/prompt", "name": "summarizeUnread" }, "argument": { "name": "folder", "value": "" } });
    for (method, params) in
        [("resources/read", json!({ "uri": "microsoft://profile" })), ("completion/complete", complete)]
    {
        let message = with_token(&session.mcp, method, &params, &json!(5))?;
        let (told, response) = told(session.mcp.listen(&message)?, &message)?;
        expect_increasing(&told, &json!(5)).with_context(|| method.to_owned())?;
        ensure!(response.get("result").is_some(), "{response}");
    }
    // What asks nobody has nothing to tell.
    for (method, params) in [("tools/list", json!({})), ("prompts/get", json!({ "name": "weeklyReview" }))] {
        let message = with_token(&session.mcp, method, &params, &json!(5))?;
        let events = session.mcp.listen(&message)?;
        ensure!(!events.is_stream(), "{method} has progress: {}", events.answer);
        Reply::read(events.answer)?.result()?;
    }
    Ok(())
}

fn a_stream_is_protected_like_any_answer(site: &Site) -> Result<()> {
    let session = Session::open(site, "progress-headers")?;
    let message = call(&session.mcp, &json!(1))?;
    let events = session.mcp.listen(&message)?;
    events.answer.expect_not_stored()?;
    ensure!(events.answer.header("x-request-id").is_some(), "{}", events.answer);
    ensure!(events.answer.header("x-content-type-options") == Some("nosniff"), "{}", events.answer);
    let whole = session.mcp.deliver(&session.mcp.message("tools/list", &Value::Null))?;
    // `content-type`, `transfer-encoding` and what only one of them has aside, both carry the same names.
    let of_framing = ["content-type", "content-length", "transfer-encoding", "connection", "date"];
    let names = |answer: &crate::http::Answer| {
        let names = answer.all_headers().iter().map(|(name, _)| name.clone());
        let mut names: Vec<_> = names.filter(|name| !of_framing.contains(&name.as_str())).collect();
        names.sort_unstable();
        names
    };
    let (stream, plain) = (names(&events.answer), names(&whole.answer));
    ensure!(plain.iter().all(|name| stream.contains(name)), "{plain:?} of which the stream has {stream:?}");
    Ok(())
}

fn a_refused_request_is_refused_before_any_stream(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "progress-refused", "User.Read")?;
    let message = call(&session.mcp, &json!(1))?;
    let narrow = session.mcp.listen(&message)?;
    ensure!(!narrow.is_stream(), "{}", narrow.answer);
    narrow.answer.expect(&[403])?;
    let mut stranger = session.mcp.clone();
    stranger.token = String::new();
    stranger.listen(&message)?.answer.expect(&[401])?;
    let unknown = json!({ "name": "nobody", "arguments": {} });
    let unknown = with_token(&session.mcp, "tools/call", &unknown, &json!(1))?;
    Reply::read(session.mcp.listen(&unknown)?.answer)?.expect_error(&[200, 400], &[-32602])?;
    ensure!(session.graph_requests()?.is_empty(), "a refused call reached Graph");
    Ok(())
}

fn a_tool_error_ends_the_stream_like_a_result(site: &Site) -> Result<()> {
    let session = Session::open(site, "progress-error")?;
    let email = &session.person.email;
    site.control
        .fault(&json!({ "target": "graph", "person": email, "kind": "status", "status": 404, "times": 1 }))?;
    let message = call(&session.mcp, &json!(1))?;
    let (told, response) = told(session.mcp.listen(&message)?, &message)?;
    expect_increasing(&told, &json!(1))?;
    ensure!(response.at("/result/isError") == &Value::Bool(true), "{response}");
    Ok(())
}

fn two_streams_of_two_people_are_apart(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "progress-one")?, Session::open(site, "progress-other")?);
    // The same id and the same token, on purpose.
    let mut seen = Vec::new();
    for session in [&one, &other] {
        let mut message =
            with_token(&session.mcp, "resources/read", &json!({ "uri": "microsoft://profile" }), &json!(1))?;
        *message.pointer_mut("/id").context("an id")? = json!(1);
        seen.push((session, session.mcp.listen(&message)?, message));
    }
    for (session, events, message) in seen {
        let (told, response) = told(events, &message)?;
        expect_increasing(&told, &json!(1))?;
        ensure!(response.to_string().contains(&session.person.email), "another person: {response}");
    }
    Ok(())
}

fn an_order_of_an_operator_ends_a_stream_without_its_result(site: &Site) -> Result<()> {
    let session = Session::open(site, "progress-killed")?;
    let email = &session.person.email;
    site.control
        .fault(&json!({ "target": "graph", "person": email, "kind": "delay", "ms": 60_000, "times": 1 }))?;
    let message = call(&session.mcp, &json!(1))?;
    let mut events = session.mcp.listen(&message)?;
    ensure!(events.is_stream(), "not an event stream: {}", events.answer);
    session.await_graph_request()?;
    operate(site, "/operator/kill", &by_person(email))?.expect(&[200])?;
    for said in events.messages()? {
        ensure!(said.get("result").is_none(), "a result after the order: {said}");
    }
    Ok(())
}
