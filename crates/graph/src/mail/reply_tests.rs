use m365_types::Email;
use serde_json::{Value, json};

use crate::testing::{World, accepted, arguments, json_of, ok, refused, throttled};

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
