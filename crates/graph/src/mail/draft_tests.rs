use m365_types::{Role, Standing};
use serde_json::{Value, json};

use crate::testing::{World, arguments, effect, json_of, ok};

fn created() -> Value {
    json!({
        "id": "AAMk=", "subject": "Re: Q3", "webLink": "https://outlook.office365.com/owa/?ItemID=AA",
        "toRecipients": [{ "emailAddress": { "name": "Megan", "address": "megan@contoso.example" } }],
        "ccRecipients": [], "body": { "contentType": "html", "content": "quoted" },
    })
}

fn refusal(tool: &str, given: Value) -> String {
    match crate::find_tool(tool).unwrap().parse(&arguments(given)) {
        Ok(_) => "accepted".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn a_draft_holds_what_was_given_and_its_html_is_made_safe() {
    let world = World::with_json(&created());
    let answer = world
        .run(
            "createDraft",
            json!({
                "subject": "Q3", "body": "<p onclick=x>Hi</p><img src=https://t.example/p.gif>",
                "to": ["a@x.example", "A@x.example"], "bcc": ["c@x.example"], "mailbox": "support@contoso.example",
            }),
        )
        .unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/users/support%40contoso.example/messages");
    assert_eq!(
        json_of(request),
        &json!({
            "subject": "Q3", "body": { "contentType": "html", "content": "<p>Hi</p>" },
            "toRecipients": [{ "emailAddress": { "address": "a@x.example" } }],
            "bccRecipients": [{ "emailAddress": { "address": "c@x.example" } }],
        })
    );
    insta::assert_snapshot!(answer.text);
    assert_eq!(answer.structured["id"], "AAMk=");
    assert_eq!(answer.structured["to"], json!([{ "name": "Megan", "address": "megan@contoso.example" }]));
    assert!(!answer.structured.to_string().contains("quoted"));
}

#[test]
fn a_draft_needs_no_recipient_and_text_stays_text() {
    let world = World::with_json(&json!({ "id": "A" }));
    world.run("createDraft", json!({ "subject": "", "body": "1 < 2", "contentType": "text" })).unwrap();
    assert_eq!(
        json_of(&world.requests()[0]),
        &json!({ "subject": "", "body": { "contentType": "text", "content": "1 < 2" } })
    );
}

#[test]
fn a_reply_draft_is_made_by_the_action_of_its_kind() {
    let body = |comment: Value| json!({ "comment": comment });
    for (given, path, sent) in [
        (json!({ "id": "A/=" }), "/me/messages/A%2F%3D/createReply", json!({})),
        (
            json!({ "id": "A", "kind": "replyAll", "comment": "Yes\nand <script>x</script>no" }),
            "/me/messages/A/createReplyAll",
            body(json!("Yes\nand no")),
        ),
        (
            json!({ "id": "A", "comment": "Tom & Jerry\nBye" }),
            "/me/messages/A/createReply",
            body(json!("Tom &amp; Jerry<br>Bye")),
        ),
        (
            json!({ "id": "A", "kind": "forward", "to": ["b@x.example"] }),
            "/me/messages/A/createForward",
            json!({ "toRecipients": [{ "emailAddress": { "address": "b@x.example" } }] }),
        ),
    ] {
        let world = World::with_json(&created());
        world.run("createReplyDraft", given).unwrap();
        let request = &world.requests()[0];
        assert_eq!((request.path.as_str(), json_of(request)), (path, &sent));
    }
}

#[test]
fn who_is_written_to_belongs_to_a_forward() {
    assert_eq!(
        refusal("createReplyDraft", json!({ "id": "A", "kind": "forward" })),
        "`to` is required to forward: at least one address."
    );
    assert_eq!(
        refusal("createReplyDraft", json!({ "id": "A", "to": ["b@x.example"] })),
        "`to` goes with `kind` forward only: a reply goes to who wrote."
    );
    assert!(
        refusal("createReplyDraft", json!({ "id": "A", "comment": "<i>".repeat(6000) }))
            .starts_with("`comment` must")
    );
    assert_eq!(refusal("createReplyDraft", json!({ "id": "A" })), "accepted");
}

#[test]
fn a_draft_without_an_id_cannot_be_used_and_may_be_there() {
    let error = World::with_json(&json!({ "subject": "x" }))
        .run("createReplyDraft", json!({ "id": "A" }))
        .unwrap_err();
    assert_eq!(error.code(), "graph_unreadable");
    assert!(error.maybe_done());
}

#[test]
fn a_draft_reaches_nobody() {
    let given = arguments(json!({ "subject": "s", "body": "b", "to": ["a@x.example"] }));
    let reach = crate::find_tool("createDraft").unwrap().parse(&given).unwrap().reach();
    assert!(reach.recipients.is_empty() && !reach.shared);
}

#[test]
fn a_draft_tells_to_whom_it_is_addressed_and_reaches_who_uses_the_mailbox() {
    let given = json!({
        "subject": "Q3", "body": "<p onclick=x>Hi</p>", "to": ["a@x.example", "b@x.example"], "cc": ["c@x.example"],
        "bcc": ["d@x.example"],
    });
    let own = effect("createDraft", given.clone());
    let told: Vec<_> = own.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    assert_eq!(
        told,
        [
            ("To", "a@x.example, b@x.example"),
            ("Cc", "c@x.example"),
            ("Bcc", "d@x.example"),
            ("Subject", "Q3")
        ]
    );
    assert_eq!(own.body.as_ref().unwrap().text, "<p>Hi</p>");
    assert!(own.recipients.is_empty() && !own.shared);
    for (name, value) in
        [("bcc", json!([])), ("subject", json!("Q4")), ("body", json!("x")), ("contentType", json!("text"))]
    {
        let mut other = given.clone();
        other[name] = value;
        assert_ne!(effect("createDraft", other), own, "{name}");
    }
    let mut elsewhere = given;
    elsewhere["mailbox"] = "support@contoso.example".into();
    let seen = World::with_json(&json!({ "value": [] })).look("createDraft", elsewhere).unwrap();
    assert_eq!((seen.shared, seen.recipients.len()), (true, 1));
    assert_eq!((seen.recipients[0].role, seen.recipients[0].said), (Role::Member, Standing::Unknown));
}

#[test]
fn a_draft_of_an_answer_says_which_message_it_answers_and_how() {
    let own = effect("createReplyDraft", json!({ "id": "A", "comment": "Yes & no" }));
    assert_eq!((own.target.as_str(), own.recipients.len()), ("me/messages/A", 0));
    assert_eq!(own.body.as_ref().unwrap().text, "Yes &amp; no");
    assert_ne!(
        own,
        effect("createReplyDraft", json!({ "id": "A", "comment": "Yes & no", "kind": "replyAll" }))
    );
    assert_ne!(own, effect("createReplyDraft", json!({ "id": "B", "comment": "Yes & no" })));
    let forward = |to: &str| effect("createReplyDraft", json!({ "id": "A", "kind": "forward", "to": [to] }));
    assert_ne!(forward("a@x.example"), forward("b@x.example"));
    let original = json!({ "id": "A", "changeKey": "K", "subject": "Q3" });
    let world = World::answering([ok(&original), ok(&json!({ "value": [] }))]);
    let given = json!({ "id": "A", "mailbox": "support@contoso.example" });
    let seen = world.look("createReplyDraft", given).unwrap();
    assert_eq!((seen.version.as_deref(), seen.recipients.len()), (Some("K"), 1));
}
