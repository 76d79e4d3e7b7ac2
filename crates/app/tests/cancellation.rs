//! Cancelling: a call that has not had its effect has none any more, nothing is answered, and the record says so.
//!
//! Up to 2025-11-25 a client says that it no longer wants a call, since 2026-07-28 it closes the answer. Calls wait here
//! because Graph asked them to come again, because four others of the person are on their way, or for a token.

use std::time::Duration;

use axum::body::Body;
use http::Request;
use http::header::AUTHORIZATION;
use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Destination, Message, Piece, SAM, Site, Underway, asking, cancelling, succeeded};

/// Longer than any wait before a retry here, shorter than any other wait.
const RETRY: Duration = Duration::from_secs(2);

/// A server whose Graph asks to come again, and a grant.
struct Scene {
    site: Site,
    token: String,
}

impl Scene {
    fn new() -> Self {
        Self::on(Site::new(Profile::Full))
    }

    fn on(site: Site) -> Self {
        let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
        site.network().graph_answers(429, r#"{"error":{"code":"TooManyRequests","message":"m"}}"#);
        Self { site, token }
    }

    /// Requests that reached Graph since the last time of asking.
    fn sent(&self) -> usize {
        self.site.network().take(Destination::Graph).len()
    }

    /// From now on Graph takes everything, and whoever waits to come again does.
    fn go_on(&self) {
        self.site.network().graph_answers(201, MADE);
        self.site.network().release();
        self.site.timer().let_pass(RETRY);
        self.site.settle();
        self.site.timer().let_pass(Duration::ZERO);
    }

    /// The request of a client of the revisions with `initialize`.
    fn legacy(&self, session: Option<&str>, id: u64) -> Request<Body> {
        self.site.legacy(&self.token, session, &asking(id, "tools/call", &writing()))
    }

    fn modern(&self) -> Request<Body> {
        let message = Message::tool("createDraft", &writing()["arguments"]);
        self.site.saying(Some(&self.token), message, &json!({}))
    }

    /// A client says that it no longer wants the call.
    fn cancel(&self, token: &str, session: Option<&str>, id: u64) {
        let answer = self.site.ask(self.site.legacy(token, session, &cancelling(id)));
        assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
    }

    /// How the calls of everybody ended, oldest first: verdict and code.
    fn outcomes(&self) -> Vec<(String, String)> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let records = self.site.records().into_iter().filter(|record| record["phase"] == "outcome");
        records.map(|record| (text(&record["verdict"]), text(&record["code"]))).collect()
    }

    /// Fails unless the only call was cancelled before it did anything, and nothing of it comes after.
    fn was_cancelled(&self, about: &str) {
        assert_eq!(self.outcomes(), [("failed".to_owned(), "cancelled".to_owned())], "{about}");
        self.sent();
        self.go_on();
        assert_eq!((self.sent(), self.outcomes().len()), (0, 1), "{about}");
    }
}

/// What Graph says of a draft that it made.
const MADE: &str = r#"{"id":"draft-1"}"#;

/// A call with an effect that needs no approval.
fn writing() -> Value {
    json!({ "name": "createDraft", "arguments": { "subject": "s", "body": "b" } })
}

/// Fails unless the answer is there and says nothing.
fn said_nothing(underway: &mut Underway) {
    let answer = underway.answer().expect("whoever cancelled is told that there will be no answer");
    assert_eq!((answer.status.as_u16(), answer.text()), (202, ""));
}

#[test]
fn a_call_that_waits_to_come_again_is_cancelled_by_its_client() {
    let scene = Scene::new();
    let mut call = scene.site.begin(scene.legacy(None, 7));
    assert_eq!(scene.sent(), 1);
    scene.cancel(&scene.token, None, 7);
    said_nothing(&mut call);
    scene.was_cancelled("while it waits for a retry");
}

#[test]
fn a_call_that_waits_for_its_place_is_cancelled_and_others_keep_theirs() {
    let scene = Scene::new();
    scene.site.network().hold(Destination::Graph);
    let mut others: Vec<Underway> = (1..=4).map(|id| scene.site.begin(scene.legacy(None, id))).collect();
    assert_eq!(scene.sent(), 4);
    let mut fifth = scene.site.begin(scene.legacy(None, 5));
    scene.cancel(&scene.token, None, 5);
    said_nothing(&mut fifth);
    assert_eq!(scene.outcomes(), [("failed".to_owned(), "cancelled".to_owned())]);
    scene.go_on();
    for other in &mut others {
        assert!(succeeded(&other.answer().unwrap().json()));
    }
    assert_eq!((scene.sent(), scene.outcomes().len()), (0, 5));
    // Its place is free again.
    assert!(succeeded(&scene.site.ask(scene.legacy(None, 6)).json()));
}

#[test]
fn a_call_that_waits_for_a_token_is_cancelled() {
    let site = Site::new(Profile::Full);
    site.network().give_short_tokens();
    let scene = Scene::on(site);
    scene.site.network().hold(Destination::EntraToken);
    let mut call = scene.site.begin(scene.legacy(None, 7));
    scene.cancel(&scene.token, None, 7);
    scene.site.network().release();
    said_nothing(&mut call);
    assert_eq!(scene.sent(), 0);
    scene.was_cancelled("while it waits for a token");
}

#[test]
fn an_effect_that_is_on_its_way_is_not_cancelled_and_is_answered() {
    let scene = Scene::new();
    scene.site.network().graph_answers(201, MADE);
    scene.site.network().hold(Destination::Graph);
    let mut call = scene.site.begin(scene.legacy(None, 7));
    scene.cancel(&scene.token, None, 7);
    assert!(call.answer().is_none());
    scene.site.network().release();
    assert!(succeeded(&call.answer().unwrap().json()));
    assert_eq!(scene.outcomes(), [("done".to_owned(), "ok".to_owned())]);
    assert_eq!(scene.sent(), 1);
}

#[test]
fn closing_the_answer_cancels_a_stateless_call_before_its_effect() {
    let scene = Scene::new();
    scene.site.begin(scene.modern()).leave();
    scene.was_cancelled("while it waits for a retry");
    let scene = Scene::new();
    let mut message = Message::tool("createDraft", &writing()["arguments"]);
    message.params["_meta"] = json!({ "progressToken": "p" });
    let mut stream = scene.site.open(scene.site.saying(Some(&scene.token), message, &json!({})));
    assert_eq!(stream.message()["method"], "notifications/progress");
    stream.leave();
    scene.was_cancelled("in the middle of its stream");
}

#[test]
fn closing_the_answer_cancels_no_effect_that_is_on_its_way() {
    let scene = Scene::new();
    scene.site.network().hold(Destination::Graph);
    scene.site.begin(scene.modern()).leave();
    assert_eq!((scene.sent(), scene.outcomes().len()), (1, 0));
    scene.go_on();
    assert_eq!(scene.outcomes(), [("done".to_owned(), "ok".to_owned())]);
}

#[test]
fn a_stateless_call_that_waits_for_its_place_does_nothing_once_its_client_is_gone() {
    let scene = Scene::new();
    scene.site.network().hold(Destination::Graph);
    let _others: Vec<Underway> = (1..=4).map(|id| scene.site.begin(scene.legacy(None, id))).collect();
    assert_eq!(scene.sent(), 4);
    scene.site.begin(scene.modern()).leave();
    assert_eq!(scene.outcomes(), [("failed".to_owned(), "cancelled".to_owned())]);
    scene.go_on();
    assert_eq!(scene.sent(), 0);
}

#[test]
fn leaving_cancels_nothing_in_the_revisions_with_a_handshake() {
    let scene = Scene::new();
    scene.site.begin(scene.legacy(None, 7)).leave();
    assert_eq!((scene.sent(), scene.outcomes().len()), (1, 0));
    scene.go_on();
    assert_eq!(scene.outcomes(), [("done".to_owned(), "ok".to_owned())]);
    assert_eq!(scene.sent(), 1);
}

#[test]
fn a_notification_cancels_nothing_in_the_stateless_revision() {
    let scene = Scene::new();
    let mut call = scene.site.begin(scene.modern());
    let mut notification = scene.site.legacy(&scene.token, None, &cancelling(1));
    notification.headers_mut().insert("mcp-protocol-version", "2026-07-28".parse().unwrap());
    assert_eq!(scene.site.ask(notification).status, 202);
    assert!(call.answer().is_none());
    scene.go_on();
    assert!(succeeded(&call.answer().unwrap().json()));
}

#[test]
fn nobody_cancels_a_call_of_another_grant_person_or_session() {
    let scene = Scene::new();
    let grant = |person| scene.site.grant(person, &scene.site.register(), &every_scope()).access;
    let session = scene.site.initialize(&scene.token, &json!({})).unwrap();
    let other_session = scene.site.initialize(&scene.token, &json!({})).unwrap();
    let mut call = scene.site.begin(scene.legacy(Some(&session), 7));
    for (token, session) in [
        (&grant(&ALEX), Some(session.as_str())),
        (&grant(&SAM), Some(&session)),
        (&grant(&ALEX), None),
        (&scene.token, Some(&other_session)),
        (&scene.token, None),
    ] {
        scene.cancel(token, session, 7);
        assert!(call.answer().is_none());
    }
    for other in [8, 0, 77] {
        scene.cancel(&scene.token, Some(&session), other);
        assert!(call.answer().is_none());
    }
    scene.cancel(&scene.token, Some(&session), 7);
    said_nothing(&mut call);
    scene.was_cancelled("by its own session");
}

#[test]
fn a_name_that_two_calls_have_cancels_neither() {
    let scene = Scene::new();
    let mut calls = [scene.site.begin(scene.legacy(None, 7)), scene.site.begin(scene.legacy(None, 7))];
    scene.cancel(&scene.token, None, 7);
    assert!(calls.iter_mut().all(|call| call.answer().is_none()));
    scene.go_on();
    assert_eq!(scene.outcomes().len(), 2);
    assert!(scene.outcomes().iter().all(|(verdict, _)| verdict == "done"));
}

#[test]
fn a_read_is_cancelled_too() {
    let scene = Scene::new();
    let profile = asking(7, "resources/read", &json!({ "uri": "microsoft://profile" }));
    let mut call = scene.site.begin(scene.site.legacy(&scene.token, None, &profile));
    scene.cancel(&scene.token, None, 7);
    said_nothing(&mut call);
    scene.was_cancelled("a read");
}

#[test]
fn a_call_in_a_stream_is_cancelled_in_that_stream_and_leaves_nothing_there() {
    let site = Site::new(Profile::Full);
    let token = site.grant(&ALEX, &site.register().streaming(), &every_scope()).access;
    let scene = Scene { token, ..Scene::on(site) };
    let open = || {
        let get = scene.site.request("GET", "/sse").header(AUTHORIZATION, format!("Bearer {}", scene.token));
        let mut stream = scene.site.open(get.body(Body::empty()).unwrap());
        let first = stream.text();
        let address = first.trim_end().rsplit(' ').next().unwrap().to_owned();
        (stream, address)
    };
    let ((mut stream, address), (_other, other_address)) = (open(), open());
    let post = |address: &str, message: &Value| {
        assert_eq!(scene.site.ask(scene.site.posting(address, Some(&scene.token), message)).status, 202);
    };
    post(&address, &asking(7, "tools/call", &writing()));
    assert_eq!(scene.sent(), 1);
    post(&other_address, &cancelling(7));
    assert!(scene.outcomes().is_empty(), "an id is of one stream");
    post(&address, &cancelling(7));
    scene.was_cancelled("in its stream");
    assert_eq!(stream.next(), Piece::Nothing);
}

#[test]
fn what_is_cancelled_twice_or_too_late_changes_nothing() {
    let scene = Scene::new();
    scene.cancel(&scene.token, None, 7);
    scene.site.network().graph_answers(201, MADE);
    let answer = scene.site.ask(scene.legacy(None, 7));
    assert!(succeeded(&answer.json()), "{}", answer.text());
    scene.cancel(&scene.token, None, 7);
    scene.cancel(&scene.token, None, 7);
    assert_eq!(scene.outcomes(), [("done".to_owned(), "ok".to_owned())]);
}
