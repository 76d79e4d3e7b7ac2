//! Progress: whoever gave a token for it and takes events hears how far a call has come, before its answer.

use std::time::Duration;

use http::header::ACCEPT;
use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Destination, Message, Piece, Site, succeeded};

fn asked(token: &Value) -> Message {
    let mut message = Message::tool("getEmails", &json!({}));
    message.params["_meta"] = json!({ "progressToken": token });
    message
}

fn server() -> (Site, String) {
    let site = Site::new(Profile::Full);
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    site.network().graph_answers(200, r#"{"value":[]}"#);
    (site, token)
}

#[test]
fn progress_comes_before_the_answer_and_grows() {
    let (site, token) = server();
    for name in [json!("p"), json!(0)] {
        let mut stream = site.open(site.saying(Some(&token), asked(&name), &json!({})));
        assert_eq!(
            (stream.status.as_u16(), &stream.headers["content-type"]),
            (200, &"text/event-stream".parse().unwrap())
        );
        assert_eq!(stream.headers["cache-control"], "no-store");
        for done in 0..2 {
            let message = stream.message();
            assert_eq!(message["method"], "notifications/progress", "{message}");
            assert_eq!(
                (&message["params"]["progressToken"], &message["params"]["progress"]),
                (&name, &json!(done))
            );
        }
        let answer = stream.message();
        assert!(answer["id"] == 1 && succeeded(&answer), "{answer}");
        assert_eq!(stream.next(), Piece::End);
    }
}

#[test]
fn whoever_gave_no_token_or_takes_no_events_gets_json() {
    let (site, token) = server();
    let plain = site.saying(Some(&token), Message::tool("getEmails", &json!({})), &json!({}));
    let mut no_events = site.saying(Some(&token), asked(&json!("p")), &json!({}));
    no_events.headers_mut().insert(ACCEPT, "application/json, */*".parse().unwrap());
    let no_token = site.saying(Some(&token), asked(&json!({})), &json!({}));
    for request in [plain, no_events, no_token] {
        let answer = site.ask(request);
        assert_eq!(answer.header("content-type"), Some("application/json"));
        assert!(succeeded(&answer.json()), "{}", answer.text());
    }
}

#[test]
fn what_is_refused_before_it_began_keeps_its_status() {
    let (site, _) = server();
    let narrow = site.grant(&ALEX, &site.register(), "User.Read").access;
    let answer = site.ask(site.saying(Some(&narrow), asked(&json!("p")), &json!({})));
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (403, Some("application/json")));
}

#[test]
fn a_silent_stream_is_kept_alive_by_a_comment_and_still_brings_its_answer() {
    let (site, token) = server();
    site.network().hold(Destination::Graph);
    let mut stream = site.open(site.saying(Some(&token), asked(&json!("p")), &json!({})));
    assert_eq!((&stream.message()["params"]["progress"], stream.next()), (&json!(0), Piece::Nothing));
    site.timer().let_pass(Duration::from_secs(5));
    assert_eq!(stream.text(), ": still here\n\n");
    site.timer().let_pass(Duration::ZERO);
    site.network().release();
    assert_eq!(stream.message()["params"]["progress"], 1);
    assert!(succeeded(&stream.message()));
    assert_eq!(stream.next(), Piece::End);
}
