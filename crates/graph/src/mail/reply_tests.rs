use m365_types::{Email, Fact, ResolvedEffect, Role, Standing};
use serde_json::{Value, json};

use crate::testing::{World, accepted, arguments, effect, json_of, ok, refused, throttled};

fn sent(tool: &str, given: Value) -> (String, Value, String) {
    let world = World::answering([accepted()]);
    let answer = world.run(tool, given).unwrap();
    let request = world.requests().remove(0);
    let body = request.body.as_ref().map_or(Value::Null, |_| json_of(&request).clone());
    (request.path, body, answer.text)
}

#[test]
fn a_draft_is_sent_as_it_is() {
    let (path, body, text) = sent("sendDraft", json!({ "id": "A/=" }));
    assert_eq!((path.as_str(), body), ("/me/messages/A%2F%3D/send", Value::Null));
    assert!(text.starts_with("Draft sent.\nMicrosoft 365 accepted it"), "{text}");
}

#[test]
fn a_reply_goes_to_one_or_to_all_as_safe_html() {
    for (all, path) in [(false, "/me/messages/A/reply"), (true, "/me/messages/A/replyAll")] {
        let (found, body, _) =
            sent("replyEmail", json!({ "id": "A", "all": all, "comment": "Yes & no\nMegan" }));
        assert_eq!((found.as_str(), body), (path, json!({ "comment": "Yes &amp; no<br>Megan" })));
    }
    let (_, body, text) =
        sent("replyEmail", json!({ "id": "A", "comment": "<p onclick=x>Hi</p><script>x</script>" }));
    assert_eq!(body, json!({ "comment": "<p>Hi</p>" }));
    assert!(text.contains("scripts, styles and images never are"), "{text}");
}

#[test]
fn a_forward_names_its_recipients_to_graph_to_the_decision_and_to_the_reader() {
    let given =
        json!({ "id": "A", "to": ["b@x.example", "c@x.example"], "mailbox": "support@contoso.example" });
    let (path, body, text) = sent("forwardEmail", given.clone());
    assert_eq!(path, "/users/support%40contoso.example/messages/A/forward");
    let people =
        ["b@x.example", "c@x.example"].map(|address| json!({ "emailAddress": { "address": address } }));
    assert_eq!(body, json!({ "toRecipients": people }));
    assert!(text.starts_with("Forwarded to b@x.example, c@x.example."), "{text}");
    let reach = crate::find_tool("forwardEmail").unwrap().parse(&arguments(given)).unwrap().reach();
    assert_eq!(
        reach.recipients.iter().map(Email::as_str).collect::<Vec<_>>(),
        ["b@x.example", "c@x.example"]
    );
    assert_eq!((reach.target.as_str(), reach.shared), ("users/support@contoso.example/messages/A", true));
}

#[test]
fn a_reply_names_the_message_and_no_recipient() {
    let given = arguments(json!({ "id": "A", "comment": "Yes" }));
    let reach = crate::find_tool("replyEmail").unwrap().parse(&given).unwrap().reach();
    assert_eq!((reach.target.as_str(), reach.shared, reach.recipients.len()), ("me/messages/A", false, 0));
}

#[test]
fn a_forward_to_nobody_is_refused() {
    let given = arguments(json!({ "id": "A", "to": [] }));
    let errors = crate::find_tool("forwardEmail").unwrap().parse(&given).err().unwrap();
    assert_eq!(errors.to_string(), "`to` must name at least one address.");
}

#[test]
fn nothing_is_sent_twice_unless_it_was_refused_for_load() {
    for tool in ["sendDraft", "replyEmail", "forwardEmail"] {
        let given = || {
            let given = json!({ "id": "A", "comment": "Yes", "to": ["b@x.example"] });
            let declared: Vec<_> =
                crate::find_tool(tool).unwrap().params.iter().map(|param| param.name()).collect();
            let kept =
                given.as_object().unwrap().iter().filter(|(name, _)| declared.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        };
        for status in [500, 503, 504] {
            let world = World::answering([refused(status, None, None)]);
            assert!(world.run(tool, given()).unwrap_err().maybe_done(), "{tool} {status}");
            assert_eq!(world.requests().len(), 1);
        }
        let world = World::answering([throttled(Some(1.0)), accepted()]);
        world.run(tool, given()).unwrap();
        let world = World::answering([ok(&json!({}))]);
        assert_eq!(
            world.run(tool, given()).unwrap_err().code(),
            "graph_unreadable",
            "{tool}: 200 is not 202"
        );
    }
}

fn who(address: &str) -> Value {
    json!({ "emailAddress": { "name": "", "address": address } })
}

fn original(more: &Value) -> Value {
    let mut original = json!({
        "id": "A", "changeKey": "K", "subject": "Q3", "from": who("megan@contoso.example"), "replyTo": [],
        "toRecipients": [who("alex@contoso.example"), who("lee@contoso.example")],
        "ccRecipients": [who("cc@x.example"), who("Lee@contoso.example")], "bccRecipients": [],
        "body": { "contentType": "text", "content": "1 < 2\nBye" },
    });
    original.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap());
    original
}

fn looked(tool: &str, more: &Value, given: Value) -> ResolvedEffect {
    let mut answers = vec![ok(&original(more))];
    if tool == "forwardEmail" {
        answers.push(ok(&json!({ "value": [] })));
    }
    answers.push(ok(&json!({ "value": [] })));
    World::answering(answers).look(tool, given).unwrap()
}

fn reached(effect: &ResolvedEffect) -> Vec<(&str, Role)> {
    let address = |one: &Option<Email>| one.as_ref().map_or("", Email::as_str).len();
    assert!(effect.recipients.iter().all(|one| address(&one.address) > 0));
    effect.recipients.iter().map(|one| (one.address.as_ref().map_or("", Email::as_str), one.role)).collect()
}

fn fact<'a>(effect: &'a ResolvedEffect, name: &str) -> Option<&'a Fact> {
    effect.facts.iter().find(|fact| fact.name == name)
}

#[test]
fn an_answer_goes_to_the_sender_and_one_to_all_to_everybody_but_oneself() {
    let one = looked("replyEmail", &json!({}), json!({ "id": "A", "comment": "Yes & no" }));
    assert_eq!(reached(&one), [("megan@contoso.example", Role::To)]);
    assert_eq!(fact(&one, "Subject").unwrap().value, "RE: Q3");
    assert_eq!((one.version.as_deref(), one.target.as_str()), (Some("K"), "me/messages/A"));
    let body = one.body.unwrap();
    assert_eq!((body.html, body.text.as_str()), (true, "Yes &amp; no<hr>1 &lt; 2<br>Bye"));
    let all = looked("replyEmail", &json!({}), json!({ "id": "A", "comment": "Yes", "all": true }));
    assert_eq!(
        reached(&all),
        [("megan@contoso.example", Role::To), ("lee@contoso.example", Role::To), ("cc@x.example", Role::Cc)]
    );
}

#[test]
fn an_answer_that_somebody_turns_elsewhere_goes_there_and_says_so() {
    let turned = json!({ "replyTo": [who("megan@contoso.example.attacker.example")] });
    let seen = looked("replyEmail", &turned, json!({ "id": "A", "comment": "Yes" }));
    assert_eq!(reached(&seen), [("megan@contoso.example.attacker.example", Role::To)]);
    let told = fact(&seen, "Answers go to").unwrap();
    assert_eq!(told.value, "megan@contoso.example.attacker.example");
    assert_eq!(told.was.as_deref(), Some("megan@contoso.example"));
    let straight = looked("replyEmail", &json!({}), json!({ "id": "A", "comment": "Yes" }));
    assert_eq!(fact(&straight, "Answers go to"), None);
    let same = json!({ "replyTo": [who("megan@contoso.example")] });
    let same = looked("replyEmail", &same, json!({ "id": "A", "comment": "Yes" }));
    assert_eq!(fact(&same, "Answers go to").unwrap().was, None);
}

#[test]
fn an_answer_to_one_s_own_message_tells_all_it_may_go_to() {
    let own = json!({ "from": who("Alex@contoso.example"), "toRecipients": [who("b@x.example")] });
    let seen = looked("replyEmail", &own, json!({ "id": "A", "comment": "Yes" }));
    assert_eq!(reached(&seen), [("alex@contoso.example", Role::To), ("b@x.example", Role::To)]);
}

#[test]
fn in_another_mailbox_that_mailbox_is_the_one_left_out() {
    let given = json!({ "id": "A", "comment": "Yes", "all": true, "mailbox": "lee@contoso.example" });
    let seen = looked("replyEmail", &json!({}), given);
    assert_eq!(
        reached(&seen),
        [("megan@contoso.example", Role::To), ("alex@contoso.example", Role::To), ("cc@x.example", Role::Cc)]
    );
    assert!(seen.shared);
}

#[test]
fn who_has_no_usable_address_is_still_reached() {
    let old = json!({ "from": who("/O=EXCHANGELABS/CN=OLD") });
    let seen = looked("replyEmail", &old, json!({ "id": "A", "comment": "Yes" }));
    assert_eq!(seen.recipients[0].name.as_deref(), Some("/O=EXCHANGELABS/CN=OLD"));
    assert_eq!(seen.recipients[0].said, Standing::Unknown);
}

#[test]
fn a_forward_takes_the_original_and_its_attachments_to_those_named() {
    let given = || json!({ "id": "A", "to": ["b@x.example", "c@x.example"] });
    let seen = looked("forwardEmail", &json!({ "subject": "fw: Q3" }), given());
    assert_eq!(reached(&seen), [("b@x.example", Role::To), ("c@x.example", Role::To)]);
    assert_eq!(fact(&seen, "Subject").unwrap().value, "fw: Q3");
    assert_eq!(seen.body.as_ref().unwrap().text, "<hr>1 &lt; 2<br>Bye");
    let file = json!({ "value": [{ "@odata.type": "#microsoft.graph.itemAttachment", "id": "I", "name": "m", "size": 9 }] });
    let world = World::answering([ok(&original(&json!({}))), ok(&file), ok(&json!({ "value": [] }))]);
    assert_eq!(world.look("forwardEmail", given()).unwrap().files.len(), 1);
}

#[test]
fn an_original_that_changed_gives_another_effect_and_an_unchanged_one_the_same() {
    for (tool, given) in [
        ("replyEmail", json!({ "id": "A", "comment": "Yes", "all": true })),
        ("forwardEmail", json!({ "id": "A", "to": ["b@x.example"] })),
    ] {
        let look = |more: &Value| looked(tool, more, given.clone());
        assert_eq!(look(&json!({})), look(&json!({})));
        for more in [
            json!({ "changeKey": "L" }),
            json!({ "subject": "Q4" }),
            json!({ "body": { "contentType": "text", "content": "other" } }),
        ] {
            assert_ne!(look(&json!({})), look(&more), "{tool}: {more}");
        }
        if tool == "replyEmail" {
            for more in [
                json!({ "replyTo": [who("x@x.example")] }),
                json!({ "from": who("x@x.example") }),
                json!({ "toRecipients": [who("x@x.example")] }),
                json!({ "ccRecipients": [] }),
            ] {
                assert_ne!(look(&json!({})), look(&more), "{more}");
            }
        }
    }
}

#[test]
fn an_answer_to_all_where_there_is_only_one_is_an_answer_to_one() {
    let alone = json!({ "toRecipients": [who("alex@contoso.example")], "ccRecipients": [] });
    let look = |all: bool| looked("replyEmail", &alone, json!({ "id": "A", "comment": "Yes", "all": all }));
    assert_eq!(look(false), look(true));
    assert_eq!(effect("replyEmail", json!({ "id": "A", "comment": "Y" })).recipients, []);
}
