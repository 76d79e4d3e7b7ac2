use m365_types::{Members, ResolvedEffect, Standing};
use serde_json::{Value, json};

use crate::testing::{World, json_of, ok, refused};

fn tips(address: &str, more: &Value) -> Value {
    let mut tips = json!({ "emailAddress": { "name": "", "address": address } });
    tips.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    tips
}

fn seen(world: &World) -> ResolvedEffect {
    world
        .look("forwardEmail", json!({ "id": "A", "to": ["Megan@contoso.example", "all@contoso.example"] }))
        .unwrap()
}

fn original() -> Value {
    json!({ "id": "A", "changeKey": "K", "subject": "S", "body": { "contentType": "text", "content": "x" } })
}

fn said(answers: &Value) -> Vec<(Standing, Option<Members>)> {
    let world =
        World::answering([ok(&original()), ok(&json!({ "value": [] })), ok(&json!({ "value": answers }))]);
    seen(&world).recipients.iter().map(|one| (one.said, one.members)).collect()
}

#[test]
fn all_addresses_are_asked_about_at_once() {
    let world = World::answering([ok(&original()), ok(&json!({ "value": [] })), ok(&json!({ "value": [] }))]);
    seen(&world);
    let request = &world.requests()[2];
    assert_eq!((request.path.as_str(), request.call.safe), ("/me/getMailTips", true));
    assert_eq!(
        json_of(request),
        &json!({
            "EmailAddresses": ["all@contoso.example", "megan@contoso.example"],
            "MailTipsOptions": "externalMemberCount, recipientScope, totalMemberCount",
        })
    );
}

#[test]
fn somebody_is_inside_only_where_that_is_said_and_no_member_is_outside() {
    const UNKNOWN: Standing = Standing::Unknown;
    let members = |total, outside| Some(Members { total, outside });
    for (more, standing) in [
        (json!({ "recipientScope": "internal" }), (Standing::Inside, None)),
        (
            json!({ "recipientScope": "internal", "totalMemberCount": 1, "externalMemberCount": 0 }),
            (Standing::Inside, None),
        ),
        (
            json!({ "recipientScope": "internal", "totalMemberCount": 9, "externalMemberCount": 0 }),
            (Standing::Inside, members(9, 0)),
        ),
        (
            json!({ "recipientScope": "internal", "totalMemberCount": 9, "externalMemberCount": 2 }),
            (Standing::Outside, members(9, 2)),
        ),
        (json!({ "recipientScope": "internal", "totalMemberCount": 9 }), (UNKNOWN, members(9, 0))),
        (json!({ "recipientScope": "external" }), (Standing::Outside, None)),
        (json!({ "recipientScope": "externalPartner" }), (Standing::Outside, None)),
        (json!({ "recipientScope": "internal, external" }), (Standing::Outside, None)),
        (json!({ "recipientScope": "none" }), (UNKNOWN, None)),
        (json!({}), (UNKNOWN, None)),
        (json!({ "recipientScope": "internal", "error": { "code": "x" } }), (UNKNOWN, None)),
    ] {
        let found = said(&json!([tips("MEGAN@contoso.example", &more)]));
        assert_eq!(found, [standing, (UNKNOWN, None)], "{more}");
    }
}

#[test]
fn what_cannot_be_asked_stays_unsaid() {
    let unsaid = |world: &World| seen(world).recipients.iter().all(|one| one.said == Standing::Unknown);
    let refusing = World::answering([ok(&original()), ok(&json!({ "value": [] })), refused(403, None, None)]);
    assert!(unsaid(&refusing));
    let odd = World::answering([ok(&original()), ok(&json!({ "value": [] })), refused(400, None, None)]);
    assert!(unsaid(&odd));
    let mut unasked = World::answering([ok(&original()), ok(&json!({ "value": [] }))]);
    unasked.scopes = Some("Mail.ReadWrite Mail.Send");
    assert!(unsaid(&unasked));
    assert_eq!(unasked.requests().len(), 2);
}

#[test]
fn an_address_outside_is_never_asked_about() {
    let asked = |to: &[&str]| {
        let world =
            World::answering([ok(&original()), ok(&json!({ "value": [] })), ok(&json!({ "value": [] }))]);
        world.look("forwardEmail", json!({ "id": "A", "to": to })).unwrap();
        world.requests().get(2).map(|request| json_of(request)["EmailAddresses"].clone())
    };
    assert_eq!(
        asked(&["secret@attacker.example", "megan@contoso.example"]),
        Some(json!(["megan@contoso.example"]))
    );
    assert_eq!(asked(&["secret@attacker.example", "megan@contoso.example.attacker.example"]), None);
}

#[test]
fn a_look_that_microsoft_does_not_let_happen_is_no_look() {
    for (status, tries) in [(401, 2), (503, 3)] {
        let declined = (0..tries).map(|_| refused(status, None, None));
        let seen = [ok(&original()), ok(&json!({ "value": [] }))];
        let world = World::answering(seen.into_iter().chain(declined));
        let arguments = json!({ "id": "A", "to": ["megan@contoso.example"] });
        let error = world.look("forwardEmail", arguments).unwrap_err();
        assert!(!error.maybe_done(), "{status}");
    }
}
