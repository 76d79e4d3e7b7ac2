//! Calls that need their person at Microsoft first (MCP 2026-07-28, "Multi Round-Trip Requests"): the state that the
//! client brings back counts for the very same call of the same grant, for ten minutes, once.

use std::time::Duration;

use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Answer, Destination, Message, PUBLIC_URL, SAM, Site};

const TICK: Duration = Duration::from_millis(1);
const ALMOST_LASTS: Duration = Duration::from_millis(10 * 60 * 1000 - 1);

fn able() -> Value {
    json!({ "elicitation": { "url": {} } })
}

/// A server where ALEX has two grants and SAM one, and nobody is signed in to Microsoft.
struct Scene {
    site: Site,
    token: String,
    of_other_grant: String,
    of_other_person: String,
}

impl Scene {
    fn new() -> Self {
        let site = Site::new(Profile::Full);
        let grant = |person| site.grant(person, &site.register(), &every_scope()).access;
        let (token, of_other_grant, of_other_person) = (grant(&ALEX), grant(&ALEX), grant(&SAM));
        site.send_own_form(&ALEX, "/me/sign-out", &[]);
        site.send_own_form(&SAM, "/me/sign-out", &[]);
        site.network().graph_answers(201, r#"{"id":"draft-1"}"#);
        site.network().take(Destination::Graph);
        Self { site, token, of_other_grant, of_other_person }
    }

    fn say(&self, token: &str, message: Message) -> Answer {
        self.site.ask(self.site.saying(Some(token), message, &able()))
    }

    /// Makes the call, and returns the state that the server asks to be brought back.
    fn asked(&self, message: &Message) -> String {
        let answer = self.say(&self.token, message.clone());
        let result = answer.json()["result"].clone();
        assert_eq!(result["resultType"], "input_required", "{}", answer.text());
        let requests = result["inputRequests"].as_object().unwrap();
        assert_eq!(requests.len(), 1, "{result}");
        let asked = &requests["microsoftSignIn"];
        assert_eq!(asked["method"], "elicitation/create", "{result}");
        assert_eq!(
            (&asked["params"]["mode"], &asked["params"]["url"]),
            (&json!("url"), &json!(format!("{PUBLIC_URL}/connect")))
        );
        let records = self.site.records_of(&answer);
        assert_eq!(records.last().unwrap()["verdict"], "failed", "{records:?}");
        result["requestState"].as_str().unwrap().to_owned()
    }

    /// What was sent to Graph since the last time of asking.
    fn sent(&self) -> usize {
        self.site.network().take(Destination::Graph).len()
    }

    /// Fails unless the state is refused, that is recorded, and nothing is sent.
    fn refuses(&self, token: &str, message: Message, about: &str) {
        let answer = self.say(token, message);
        assert_eq!(answer.json()["error"]["code"], -32_602, "{about}: {}", answer.text());
        let records = self.site.records_of(&answer);
        assert_eq!(records.len(), 1, "{about}: {records:?}");
        assert_eq!(records[0]["code"], "mcp.request-state", "{about}");
        assert_eq!(self.sent(), 0, "{about}");
    }

    /// Fails unless the call is made.
    fn performs(&self, message: Message) {
        let answer = self.say(&self.token, message);
        let result = &answer.json()["result"];
        assert_eq!(
            (&result["resultType"], result["isError"] == true),
            (&json!("complete"), false),
            "{}",
            answer.text()
        );
        assert_eq!(self.sent(), 1);
    }
}

/// A call with an effect that needs no approval.
fn writing() -> Message {
    Message::tool("createDraft", &json!({ "subject": "s", "body": "b" }))
}

/// The call again, with the state and the person's action.
fn again(message: &Message, state: &str, action: &str) -> Message {
    let mut message = message.clone();
    message.params["requestState"] = state.into();
    message.params["inputResponses"] = json!({ "microsoftSignIn": { "action": action } });
    message
}

#[test]
fn the_call_is_made_once_its_person_has_signed_in_and_its_state_is_spent() {
    let scene = Scene::new();
    let state = scene.asked(&writing());
    assert_eq!(scene.sent(), 0);
    scene.site.connect(&ALEX);
    scene.performs(again(&writing(), &state, "accept"));
    assert_eq!(scene.site.rows("spent_state"), 1);
    scene.refuses(&scene.token, again(&writing(), &state, "accept"), "the second time");
    let restarted = Scene { site: scene.site.again(Profile::Full), ..scene };
    restarted.refuses(&restarted.token, again(&writing(), &state, "accept"), "after a restart");
}

#[test]
fn a_state_lasts_ten_minutes_and_not_longer() {
    for (more, lasts) in [(Duration::ZERO, true), (TICK, false)] {
        let scene = Scene::new();
        let state = scene.asked(&writing());
        scene.site.clock().advance(ALMOST_LASTS + more);
        scene.site.connect(&ALEX);
        let message = again(&writing(), &state, "accept");
        if lasts {
            scene.performs(message);
        } else {
            scene.refuses(&scene.token, message, "after ten minutes");
        }
    }
}

#[test]
fn a_state_of_another_grant_or_person_is_refused_and_stays_good_for_its_own() {
    let scene = Scene::new();
    let state = scene.asked(&writing());
    scene.site.connect(&ALEX);
    scene.site.connect(&SAM);
    scene.refuses(&scene.of_other_grant, again(&writing(), &state, "accept"), "another grant");
    scene.refuses(&scene.of_other_person, again(&writing(), &state, "accept"), "another person");
    scene.performs(again(&writing(), &state, "accept"));
}

#[test]
fn a_state_counts_for_the_very_call_it_was_given_for() {
    let scene = Scene::new();
    let mut others = vec![
        Message::tool("createDraft", &json!({ "subject": "s", "body": "c" })),
        Message::tool("createDraft", &json!({ "subject": "t", "body": "b" })),
        Message::tool("getEmails", &json!({ "to": "sam@contoso.example", "subject": "s", "body": "b" })),
        Message::resource("microsoft://profile"),
        Message::prompt("weeklyReview", &json!({})),
    ];
    let mut bare = writing();
    bare.params = json!({ "name": "createDraft" });
    others.push(bare);
    let states: Vec<String> = others.iter().map(|_| scene.asked(&writing())).collect();
    scene.site.connect(&ALEX);
    for (other, state) in others.iter().zip(&states) {
        scene.refuses(&scene.token, again(other, state, "accept"), &format!("{other:?}"));
        // It was shown, so it is spent, though nothing came of it.
        scene.refuses(&scene.token, again(&writing(), state, "accept"), &format!("after {other:?}"));
    }
}

#[test]
fn a_state_that_is_none_is_refused() {
    let scene = Scene::new();
    let state = scene.asked(&writing());
    scene.site.connect(&ALEX);
    let changed = format!("{}{}", &state[..state.len() - 2], if state.ends_with("AA") { "BB" } else { "AA" });
    let session = scene.site.initialize(&scene.token, &able()).unwrap();
    let long = "A".repeat(100_000);
    for none in ["", "none", &changed, &session, &long] {
        scene.refuses(&scene.token, again(&writing(), none, "accept"), none);
    }
    for none in [json!(null), json!(1), json!({})] {
        let mut message = again(&writing(), &state, "accept");
        message.params["requestState"] = none.clone();
        scene.refuses(&scene.token, message, &none.to_string());
    }
}

#[test]
fn whoever_declines_has_nothing_done_and_is_not_asked_again() {
    let scene = Scene::new();
    for action in ["decline", "cancel", "", "Accept"] {
        let state = scene.asked(&writing());
        let answer = scene.say(&scene.token, again(&writing(), &state, action));
        let result = &answer.json()["result"];
        assert_eq!(
            (&result["resultType"], &result["isError"]),
            (&json!("complete"), &json!(true)),
            "{action}"
        );
        assert_eq!(scene.site.records_of(&answer)[0]["code"], "sign_in.declined", "{action}");
        assert_eq!(scene.sent(), 0, "{action}");
    }
}

#[test]
fn whoever_accepts_and_does_not_sign_in_gets_the_link_and_is_not_asked_again() {
    let scene = Scene::new();
    let state = scene.asked(&writing());
    let answer = scene.say(&scene.token, again(&writing(), &state, "accept"));
    let result = &answer.json()["result"];
    assert_eq!(
        (&result["resultType"], &result["isError"]),
        (&json!("complete"), &json!(true)),
        "{}",
        answer.text()
    );
    assert!(answer.text().contains(&format!("{PUBLIC_URL}/connect")), "{}", answer.text());
    assert_eq!(scene.sent(), 0);
}

#[test]
fn whoever_brings_back_a_state_without_an_answer_is_asked_again() {
    let scene = Scene::new();
    let state = scene.asked(&writing());
    let mut message = writing();
    message.params["requestState"] = state.clone().into();
    assert_ne!(scene.asked(&message), state);
}

#[test]
fn an_answer_without_a_state_counts_for_nothing() {
    let scene = Scene::new();
    let mut message = writing();
    message.params["inputResponses"] = json!({ "microsoftSignIn": { "action": "decline" } });
    scene.asked(&message);
    scene.site.connect(&ALEX);
    scene.performs(message);
}

#[test]
fn a_client_that_opens_no_addresses_gets_the_link_in_a_tool_error() {
    let scene = Scene::new();
    for declared in [json!({}), json!({ "elicitation": {} }), json!({ "elicitation": { "form": {} } })] {
        let request = scene.site.saying(Some(&scene.token), writing(), &declared);
        let result = scene.site.ask(request).json()["result"].clone();
        assert_eq!(
            (&result["resultType"], &result["isError"]),
            (&json!("complete"), &json!(true)),
            "{declared}"
        );
        let text = result["content"][0]["text"].as_str().unwrap();
        assert!(text.contains(&format!("{PUBLIC_URL}/connect")), "{text}");
    }
    assert_eq!(scene.site.rows("spent_state"), 0);
}

#[test]
fn a_resource_asks_too_and_a_completion_does_not() {
    let scene = Scene::new();
    let profile = Message::resource("microsoft://profile");
    let state = scene.asked(&profile);
    scene.site.connect(&ALEX);
    scene.site.network().graph_answers(200, r#"{"id":"user-1"}"#);
    scene.performs(again(&profile, &state, "accept"));
    scene.site.send_own_form(&ALEX, "/me/sign-out", &[]);
    let reference = json!({ "type": "ref/prompt", "name": "summarizeUnread" });
    let params = json!({ "ref": reference, "argument": { "name": "folder", "value": "" } });
    let answer = scene.say(&scene.token, Message::new("completion/complete", params));
    let sentence = answer.json()["error"]["message"].as_str().map(str::to_owned);
    assert!(sentence.is_some_and(|text| text.contains("/connect")), "{}", answer.text());
}

#[test]
fn spent_states_are_forgotten_once_they_would_not_open_any_more() {
    let scene = Scene::new();
    let state = scene.asked(&writing());
    scene.say(&scene.token, again(&writing(), &state, "decline"));
    assert_eq!(scene.site.rows("spent_state"), 1);
    scene.site.clock().advance(Duration::from_secs(5));
    while scene.site.ring_if_due() {}
    assert_eq!(scene.site.rows("spent_state"), 1);
    // Nobody asks for anything meanwhile: the alarm was set for it.
    scene.site.clock().advance(Duration::from_hours(1));
    while scene.site.ring_if_due() {}
    assert_eq!(scene.site.rows("spent_state"), 0);
}
