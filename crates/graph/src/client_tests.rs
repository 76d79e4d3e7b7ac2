use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt as _;
use m365_ports::{TokenError, UpstreamError};
use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Method, Scope, Secret};
use serde_json::{Value, json};

use super::GraphClient;
use crate::testing::{Scripted, World, accepted, answer, intent, json_of, ok, refused, throttled, trace};

fn page() -> Value {
    json!({ "value": [] })
}

fn mail() -> Value {
    json!({ "to": "megan@contoso.example", "subject": "s", "body": "b" })
}

fn waits(world: &World) -> Vec<u128> {
    world.waits.lock().unwrap().iter().map(Duration::as_millis).collect()
}

#[test]
fn a_read_is_repeated_after_throttling_and_trouble() {
    for first in [throttled(Some(2.128)), refused(503, Some(2.128), None), refused(504, Some(2.128), None)] {
        let world = World::answering([first, ok(&page())]);
        assert!(world.run("getEmails", json!({})).is_ok());
        assert_eq!(waits(&world), [2128]);
    }
}

#[test]
fn a_send_is_repeated_after_throttling_only() {
    let world = World::answering([throttled(None), accepted()]);
    assert!(world.run("sendEmail", mail()).is_ok());
    for fatal in [refused(503, Some(1.0), None), refused(504, None, None), refused(500, None, None)] {
        let world = World::answering([fatal]);
        let error = world.run("sendEmail", mail()).unwrap_err();
        assert!(error.maybe_done());
        assert!(waits(&world).is_empty());
    }
}

#[test]
fn an_event_with_its_key_is_repeated_with_the_same_key() {
    let event = json!({ "subject": "s", "start": "2026-11-24T09:00Z", "end": "2026-11-24T10:00Z" });
    let world = World::answering([refused(504, None, None), ok(&json!({ "id": "AAA" }))]);
    assert!(world.run("createCalendarEvent", event).is_ok());
    let keys: Vec<_> =
        world.requests().iter().map(|request| json_of(request)["transactionId"].clone()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn three_tries_are_all_and_each_leaves_its_trace() {
    let world = World::answering([throttled(None), refused(503, None, None), throttled(Some(7.0))]);
    let (result, traces) = world.run_traced("getEmails", json!({}));
    let error = result.unwrap_err();
    assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
    assert_eq!(waits(&world), [500, 1000]);
    assert_eq!(traces, [trace(429), trace(503), trace(429)]);
}

#[test]
fn waiting_past_the_bound_is_left_to_the_caller() {
    let world = World::answering([throttled(Some(20.5))]);
    assert!(world.run("getEmails", json!({})).unwrap_err().sentence().contains("in 21 seconds"));
    assert!(waits(&world).is_empty());
    let world = World::answering([throttled(Some(15.0)), throttled(Some(6.0))]);
    assert!(world.run("getEmails", json!({})).is_err());
    assert_eq!(waits(&world), [15_000]);
}

#[test]
fn a_rejected_token_is_replaced_once_with_its_claims() {
    let world = World::answering([refused(401, None, Some("{\"access_token\":{}}")), ok(&page())]);
    assert!(world.run("getEmails", json!({})).is_ok());
    assert_eq!(*world.replaced.lock().unwrap(), [Some("{\"access_token\":{}}".to_owned())]);
    let tokens: Vec<_> = world.asked.lock().unwrap().iter().map(|(_, token)| token.clone()).collect();
    assert_eq!(tokens, ["first", "second"]);

    let world = World::answering([refused(401, None, None), refused(401, None, None)]);
    assert_eq!(world.run("getEmails", json!({})).unwrap_err().code(), "microsoft_sign_in_expired");
    assert_eq!(world.replaced.lock().unwrap().len(), 1);
}

#[test]
fn a_403_replaces_the_token_only_where_it_challenges() {
    let world = World::answering([refused(403, None, Some("{\"access_token\":{}}")), ok(&page())]);
    assert!(world.run("getEmails", json!({})).is_ok());
    assert_eq!(*world.replaced.lock().unwrap(), [Some("{\"access_token\":{}}".to_owned())]);
    let world = World::answering([refused(403, None, None)]);
    assert!(world.run("getEmails", json!({})).is_err());
    assert!(world.replaced.lock().unwrap().is_empty());
}

#[test]
fn who_is_challenged_again_must_sign_in_and_nothing_more_is_sent() {
    for status in [401, 403] {
        let world =
            World::answering([refused(status, None, Some("one")), refused(status, None, Some("two"))]);
        let (result, traces) = world.run_traced("sendEmail", mail());
        assert!(result.unwrap_err().sentence().contains("https://m365.example/connect for two"));
        assert_eq!((world.replaced.lock().unwrap().len(), traces.len()), (1, 2));
    }
}

#[test]
fn without_a_token_nothing_is_sent() {
    let sentence = "Open https://m365.example/connect and sign in.".to_owned();
    let mut world = World::default();
    world.token_error = Some(TokenError::SignInNeeded { sentence });
    let (result, traces) = world.run_traced("getEmails", json!({}));
    assert_eq!(
        result.unwrap_err().to_string(),
        "Get emails failed. Open https://m365.example/connect and sign in. Then repeat the call."
    );
    assert!(traces.is_empty() && world.requests().is_empty());
}

#[test]
fn what_the_gateway_refuses_is_not_repeated() {
    for (error, code) in [
        (UpstreamError::GatewayRateLimited { trace: trace(429) }, "gateway_rate_limited"),
        (UpstreamError::DlpRequest { trace: trace(424) }, "dlp_request"),
        (UpstreamError::GatewayUnreachable { maybe_sent: true, trace: trace(0) }, "gateway_unreachable"),
        (UpstreamError::Forbidden, "egress_forbidden"),
    ] {
        let world = World::answering([Scripted::Refusal(error)]);
        assert_eq!(world.run("getEmails", json!({})).unwrap_err().code(), code);
    }
}

#[test]
fn an_answer_that_is_not_the_promised_json_is_an_error_and_never_shown() {
    for body in [json!([]), json!({ "value": "x" }), json!({ "value": [{ "subject": 7 }] })] {
        let error = World::with_json(&body).run("getEmails", json!({})).unwrap_err();
        assert_eq!((error.code(), error.maybe_done()), ("graph_unreadable", false));
    }
}

const ASKED: (u32, &str) = (0, "Asked Microsoft 365.");

fn reports(world: &World) -> Vec<(u32, &'static str)> {
    world.reports.lock().unwrap().clone()
}

#[test]
fn who_waits_is_told_how_far_the_call_is() {
    let world = World::with_json(&page());
    assert!(world.run("getEmails", json!({})).is_ok());
    assert_eq!(reports(&world), [ASKED, (1, "Microsoft 365 answered.")]);
    let world = World::answering([throttled(Some(2.0)), ok(&page())]);
    assert!(world.run("getEmails", json!({})).is_ok());
    assert_eq!(
        reports(&world),
        [
            ASKED,
            (1, "Microsoft 365 answered."),
            (2, "Microsoft 365 asked to wait."),
            (3, "Microsoft 365 answered."),
        ]
    );
}

#[test]
fn who_never_reached_microsoft_is_told_of_no_answer() {
    let lost = UpstreamError::GatewayUnreachable { maybe_sent: false, trace: m365_ports::Trace::default() };
    let world = World::answering([Scripted::Refusal(lost)]);
    assert!(world.run("getEmails", json!({})).is_err());
    assert_eq!(reports(&world), [ASKED]);
    let world = World::default();
    assert!(world.run("authenticate", json!({})).is_ok());
    assert!(reports(&world).is_empty());
}

#[test]
fn a_call_that_is_cancelled_before_its_exchange_sends_nothing() {
    let mut world = World::default();
    world.cancelled_after = Some(0);
    for (tool, given) in [("getEmails", json!({})), ("sendEmail", mail())] {
        let error = world.run(tool, given).unwrap_err();
        assert_eq!((error.code(), error.maybe_done()), ("cancelled", false));
        assert!(error.sentence().contains("It was cancelled before it did anything."), "{error}");
    }
    assert!(world.requests().is_empty() && reports(&world).is_empty());
}

#[test]
fn a_wait_is_cut_short_when_the_call_is_cancelled() {
    for (tool, given) in [("getEmails", json!({})), ("sendEmail", mail())] {
        let mut world = World::answering([throttled(Some(5.0))]);
        (world.cancelled_after, world.waits_forever) = (Some(1), true);
        let error = world.run(tool, given).unwrap_err();
        assert_eq!((error.code(), error.maybe_done()), ("cancelled", false));
        assert_eq!(world.requests().len(), 1);
    }
}

#[test]
fn a_cancelled_write_that_may_have_acted_tells_that_instead() {
    let mut world = World::answering([refused(504, Some(5.0), None)]);
    (world.cancelled_after, world.waits_forever) = (Some(1), true);
    let event = json!({ "subject": "s", "start": "2026-11-24T09:00Z", "end": "2026-11-24T10:00Z" });
    let error = world.run("createCalendarEvent", event).unwrap_err();
    assert_eq!((error.code(), error.maybe_done()), ("graph_unavailable", true));
}

#[test]
fn an_exchange_that_was_sent_is_not_dropped() {
    let mut world = World::answering([accepted()]);
    world.cancelled_after = Some(1);
    assert!(world.run("sendEmail", mail()).is_ok());
}

#[test]
fn a_list_that_is_cancelled_between_pages_asks_for_no_more() {
    let next = "https://graph.microsoft.com/v1.0/me/calendarView?$skip=50";
    let mut world = World::with_json(&json!({ "value": [], "@odata.nextLink": next }));
    world.cancelled_after = Some(1);
    assert_eq!(world.run("getCalendarEvents", json!({})).unwrap_err().code(), "cancelled");
    assert_eq!(world.requests().len(), 1);
}

#[test]
fn after_ninety_seconds_nothing_more_is_asked() {
    let mut world = World::answering([refused(401, None, None)]);
    world.exchange = Duration::from_secs(90);
    let error = world.run("getEmails", json!({})).unwrap_err();
    assert_eq!((error.code(), error.maybe_done()), ("out_of_time", false));
    assert_eq!(world.requests().len(), 1);
    let mut world = World::answering([refused(401, None, None), ok(&page())]);
    world.exchange = Duration::from_millis(89_999);
    assert!(world.run("getEmails", json!({})).is_ok());
}

#[test]
fn a_wait_that_would_end_too_late_is_left_to_the_caller() {
    let mut world = World::answering([throttled(Some(10.0))]);
    world.exchange = Duration::from_secs(80);
    let error = world.run("getEmails", json!({})).unwrap_err();
    assert_eq!((error.code(), error.retry_after()), ("graph_rate_limited", Some(Duration::from_secs(10))));
    assert!(waits(&world).is_empty());
}

#[test]
fn only_who_must_sign_in_is_asked_to() {
    let sentence = || "Open the page.".to_owned();
    for (token_error, needs) in [
        (TokenError::SignInNeeded { sentence: sentence() }, true),
        (TokenError::Refused { sentence: sentence() }, false),
        (TokenError::Unavailable { sentence: sentence() }, false),
    ] {
        let mut world = World::default();
        world.token_error = Some(token_error);
        assert_eq!(world.run("getEmails", json!({})).unwrap_err().needs_sign_in(), needs);
    }
    let world = World::answering([refused(403, None, None)]);
    assert!(!world.run("getEmails", json!({})).unwrap_err().needs_sign_in());
}

static TWO_CALLS: ActionSpec = ActionSpec {
    name: "two",
    kind: ActionKind::Tool,
    title: "Two",
    summary: "Makes two calls",
    effect: Effect::Write,
    scopes: &[Scope::MailRead],
    further_scopes: &[],
    calls: &[Call::post("/me/first/{id}"), Call::get("/me/second")],
    untrusted: false,
    sensitivity: &[],
    audit: AuditKind::MailRead,
};

#[test]
fn a_row_with_several_calls_makes_each_and_is_not_cancelled_once_it_acted() {
    let mut world = World::answering([accepted(), ok(&page())]);
    world.cancelled_after = Some(1);
    let intent = intent(&TWO_CALLS, Vec::new());
    let graph = GraphClient::new(world.ports(), &intent);
    let both = async {
        graph.send(graph.request(&["a"])?).await?;
        graph.send(graph.request_to(Method::Get, "/me/second", None, &[])?).await
    };
    assert!(both.now_or_never().unwrap().is_ok());
    let paths: Vec<String> = world.requests().into_iter().map(|request| request.path).collect();
    assert_eq!(paths, ["/me/first/a", "/me/second"]);
    assert_eq!(graph.request_to(Method::Get, "/me/third", None, &[]).unwrap_err().code(), "egress_forbidden");
}

static CONTENT: ActionSpec = ActionSpec {
    name: "content",
    title: "Content",
    calls: &[Call::get("/me/first/{id}"), Call::put("/me/first/{id}")],
    effect: Effect::Write,
    ..TWO_CALLS
};

fn elsewhere(url: &str) -> Scripted {
    let mut answer = answer(302, Bytes::new());
    answer.location = Some(Secret::new(url.to_owned()));
    Scripted::Answer(answer)
}

fn text(status: u16, text: &'static str) -> Scripted {
    Scripted::Answer(answer(status, Bytes::from_static(text.as_bytes())))
}

#[test]
fn content_is_fetched_from_where_graph_says_it_lies_and_only_by_who_asks_for_content() {
    let intent = intent(&CONTENT, Vec::new());
    let world = World::answering([elsewhere("https://files.example/x"), text(200, "hello")]);
    let graph = GraphClient::new(world.ports(), &intent);
    let fetched = async { graph.content(graph.request(&["a"])?).await }.now_or_never().unwrap().unwrap();
    assert_eq!(&fetched.body[..], b"hello");
    let transfers = world.transfers.lock().unwrap();
    assert_eq!((transfers.len(), transfers[0].url.expose().as_str()), (1, "https://files.example/x"));
    assert!(transfers[0].upload.is_none());

    let world = World::answering([elsewhere("https://files.example/x")]);
    let graph = GraphClient::new(world.ports(), &intent);
    let refused = async { graph.send(graph.request(&["a"])?).await }.now_or_never().unwrap();
    assert_eq!(refused.unwrap_err().code(), "graph_unreadable");
    assert!(world.transfers.lock().unwrap().is_empty());
}

#[test]
fn content_that_graph_gives_itself_is_taken_as_it_is() {
    let intent = intent(&CONTENT, Vec::new());
    let world = World::answering([text(200, "hello")]);
    let graph = GraphClient::new(world.ports(), &intent);
    let fetched = async { graph.content(graph.request(&["a"])?).await }.now_or_never().unwrap().unwrap();
    assert_eq!(&fetched.body[..], b"hello");
    assert!(world.transfers.lock().unwrap().is_empty());
}

#[test]
fn an_upload_goes_in_parts_that_make_the_whole_and_a_part_is_repeated() {
    let intent = intent(&CONTENT, Vec::new());
    let world =
        World::answering([text(202, ""), refused(503, Some(1.0), None), text(202, ""), text(201, "made")]);
    let graph = GraphClient::new(world.ports(), &intent);
    let (url, bytes) = (Secret::new("https://files.example/up".to_owned()), Bytes::from_static(b"abcdefg"));
    let last = graph.upload(&url, &bytes, 3).now_or_never().unwrap().unwrap();
    assert_eq!((last.status, &last.body[..]), (201, &b"made"[..]));
    let parts: Vec<(u64, u64, Bytes)> = world
        .transfers
        .lock()
        .unwrap()
        .iter()
        .map(|transfer| transfer.upload.clone().unwrap())
        .map(|part| (part.offset, part.total, part.bytes))
        .collect();
    let part = |offset, bytes: &'static [u8]| (offset, 7, Bytes::from_static(bytes));
    assert_eq!(parts, [part(0, b"abc"), part(3, b"def"), part(3, b"def"), part(6, b"g")]);
}

#[test]
fn a_refused_transfer_does_not_cost_the_microsoft_token() {
    let intent = intent(&CONTENT, Vec::new());
    let world = World::answering([elsewhere("https://files.example/x"), refused(401, None, None)]);
    let graph = GraphClient::new(world.ports(), &intent);
    let refused = async { graph.content(graph.request(&["a"])?).await }.now_or_never().unwrap();
    assert_eq!(refused.unwrap_err().code(), "graph_content_refused");
    assert!(world.replaced.lock().unwrap().is_empty());
}

#[test]
fn of_a_batch_each_request_has_its_own_end_and_trace() {
    let intent = intent(&CONTENT, Vec::new());
    let world = World::answering([text(200, "one"), refused(404, None, None)]);
    let graph = GraphClient::new(world.ports(), &intent);
    let both = async { graph.batch(vec![graph.request(&["a"])?, graph.request(&["b"])?]).await };
    let ends = both.now_or_never().unwrap().unwrap();
    let [Ok(one), Err(other)] = ends.as_slice() else { panic!("{ends:?}") };
    assert_eq!((&one.body[..], other.is_not_found()), (&b"one"[..], true));
    assert_eq!(graph.traces().len(), 2);
}
