use m365_ports::TokenError;
use m365_types::{Email, Members, Role, Standing};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::testing::{World, accepted, effect, json_of};

fn given(to: &str, subject: &str, body: &str) -> Value {
    json!({ "to": to, "subject": subject, "body": body })
}

#[test]
fn the_effect_of_a_new_message_is_all_of_it_as_it_goes_out() {
    let told =
        effect("sendEmail", given("Megan@x.example", "Q3\u{202e}", "<p onclick=x>Hi</p><script>x</script>"));
    assert_eq!((told.target.as_str(), told.shared), ("me", false));
    assert_eq!(told.recipients.len(), 1);
    assert_eq!(told.recipients[0].address.as_ref().map(Email::as_str), Some("megan@x.example"));
    assert_eq!((told.recipients[0].role, told.recipients[0].said), (Role::To, Standing::Unknown));
    assert_eq!((told.facts[0].name.as_str(), told.facts[0].value.as_str()), ("Subject", "Q3\u{202e}"));
    let body = told.body.unwrap();
    assert_eq!((body.html, body.text.as_str()), (true, "<p>Hi</p>"));
    let mut plain = given("a@x.example", "s", "1 < 2");
    plain["contentType"] = "text".into();
    plain["mailbox"] = "support@contoso.example".into();
    let told = effect("sendEmail", plain);
    assert_eq!((told.target.as_str(), told.shared), ("users/support@contoso.example", true));
    let body = told.body.unwrap();
    assert_eq!((body.html, body.text.as_str()), (false, "1 < 2"));
}

#[test]
fn a_look_says_who_is_behind_an_address() {
    let world = World::with_json(&json!({ "value": [{
        "emailAddress": { "address": "all@contoso.example" }, "recipientScope": "internal", "totalMemberCount": 340,
        "externalMemberCount": 12,
    }] }));
    let seen = world.look("sendEmail", given("all@contoso.example", "s", "b")).unwrap();
    assert_eq!(seen.recipients[0].members, Some(Members { total: 340, outside: 12 }));
    assert_eq!(seen.recipients[0].said, Standing::Outside);
    assert_eq!(world.requests()[0].path, "/me/getMailTips");
    assert_eq!(world.requests().len(), 1);
}

#[test]
fn a_look_at_two_messages_of_one_world_differs_as_they_do() {
    let look = |subject: &str| {
        let world = World::with_json(&json!({ "value": [] }));
        world.look("sendEmail", given("a@x.example", subject, "b")).unwrap()
    };
    assert_eq!(look("s"), look("s"));
    assert_ne!(look("s"), look("S"));
}

/// What goes to Graph.
fn sent(given: Value) -> (String, Value) {
    let world = World::answering([accepted()]);
    world.run("sendEmail", given).unwrap();
    let request = world.requests().remove(0);
    (request.path.clone(), json_of(&request).clone())
}

prop_compose! {
    fn arguments_of_a_message()(
        to in prop::sample::select(vec!["a@x.example", "b@x.example", "A@x.example"]),
        subject in "(a|b|<b>|\u{202e}| ){0,3}",
        body in "(<p>|</p>|<script>|a|b|&|\n|<br>){0,4}",
        content_type in prop::sample::select(vec!["text", "html"]),
        mailbox in prop::sample::select(vec![None, Some("s@contoso.example"), Some("t@contoso.example")]),
    ) -> Value {
        json!({ "to": to, "subject": subject, "body": body, "contentType": content_type, "mailbox": mailbox })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn two_messages_have_one_effect_only_where_they_are_one_message(
        one in arguments_of_a_message(),
        other in arguments_of_a_message(),
    ) {
        let alike = effect("sendEmail", one.clone()) == effect("sendEmail", other.clone());
        prop_assert_eq!(alike, sent(one) == sent(other));
    }

    #[test]
    fn a_change_of_one_argument_changes_the_effect(
        one in arguments_of_a_message(),
        name in prop::sample::select(vec!["to", "subject", "mailbox"]),
    ) {
        let mut other = one.clone();
        other[name] = "z@elsewhere.example".into();
        prop_assert_ne!(effect("sendEmail", one), effect("sendEmail", other));
    }
}

#[test]
fn mail_tips_that_fail_leave_the_message_as_it_is() {
    let world = World::with_json(&json!({ "not": "a list" }));
    let seen = world.look("sendEmail", given("a@x.example", "s", "b")).unwrap();
    assert_eq!(seen, effect("sendEmail", given("a@x.example", "s", "b")));
    let mut leaving = World::with_json(&json!({}));
    leaving.cancelled_after = Some(0);
    assert!(leaving.look("sendEmail", given("a@x.example", "s", "b")).unwrap_err().is_cancelled());
}

#[test]
fn nobody_is_asked_for_an_approval_who_must_sign_in_first() {
    let mut signed_out = World::answering([]);
    let sentence = "Open https://m365.example/connect.".to_owned();
    signed_out.token_error = Some(TokenError::SignInNeeded { sentence });
    assert!(signed_out.look("sendEmail", given("a@x.example", "s", "b")).unwrap_err().needs_sign_in());
}
