use m365_ports::UpstreamError;
use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{Scripted, World, accepted, arguments, json_of, ok, trace};

fn not_this_person() -> Scripted {
    Scripted::Refusal(UpstreamError::Graph {
        status: 400,
        code: "ErrorInvalidRequest".into(),
        retry_after: None,
        claims: None,
        trace: trace(400),
    })
}

#[test]
fn an_event_is_cancelled_with_a_message() {
    let world = World::answering([accepted()]);
    let answer = world.run("cancelEvent", json!({ "id": "E", "comment": "All hands" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!((request.call.method.as_str(), request.path.as_str()), ("POST", "/me/events/E/cancel"));
    assert_eq!(json_of(request), &json!({ "comment": "All hands" }));
    assert_eq!(answer.structured, json!({ "id": "E", "status": "cancelled" }));
}

#[test]
fn an_invitation_is_answered_by_the_call_of_its_answer() {
    for (response, status) in
        [("accept", "accepted"), ("tentativelyAccept", "tentativelyAccepted"), ("decline", "declined")]
    {
        let world = World::answering([accepted()]);
        let given = json!({ "id": "E", "response": response, "mailbox": "support@contoso.example" });
        let answer = world.run("respondToEvent", given).unwrap();
        let request = &world.requests()[0];
        assert_eq!(request.path, format!("/users/support%40contoso.example/events/E/{response}"));
        assert_eq!(json_of(request), &json!({ "sendResponse": true }));
        assert_eq!(answer.structured, json!({ "id": "E", "status": status, "organizerTold": true }));
    }
}

#[test]
fn the_organiser_is_not_told_where_that_is_not_wanted() {
    let world = World::answering([accepted()]);
    let answer = world
        .run("respondToEvent", json!({ "id": "E", "response": "decline", "sendResponse": false }))
        .unwrap();
    assert_eq!(json_of(&world.requests()[0]), &json!({ "sendResponse": false }));
    assert!(answer.text.ends_with("The organiser is not told."), "{}", answer.text);
    let unheard = json!({ "id": "E", "response": "accept", "comment": "x", "sendResponse": false });
    let errors = find_tool("respondToEvent").unwrap().parse(&arguments(unheard)).err().unwrap();
    assert_eq!(errors.to_string(), "`comment` goes to the organiser, so `sendResponse` must not be false.");
}

#[test]
fn who_may_not_is_told_what_to_do_instead() {
    let respond = || json!({ "id": "E", "response": "accept" });
    let cases: [(&str, Value, &str, &str); 2] = [
        ("cancelEvent", json!({ "id": "E" }), "event_not_organizer", "respondToEvent"),
        ("respondToEvent", respond(), "event_no_answer", "cancelEvent"),
    ];
    for (tool, given, code, instead) in cases {
        let error = World::answering([not_this_person()]).run(tool, given).unwrap_err();
        assert_eq!((error.code(), error.maybe_done()), (code, false));
        assert!(error.sentence().contains(instead), "{error}");
    }
}

#[test]
fn another_success_than_that_is_an_unknown_outcome() {
    for (tool, given) in [
        ("cancelEvent", json!({ "id": "E" })),
        ("respondToEvent", json!({ "id": "E", "response": "accept" })),
    ] {
        let error = World::answering([ok(&json!({}))]).run(tool, given).unwrap_err();
        assert!(error.maybe_done());
    }
}
