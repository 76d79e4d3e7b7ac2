use m365_types::{Email, Members, Recipient, Role, Standing};
use serde_json::json;

use super::*;

fn internal() -> InternalDomains {
    InternalDomains::new(["contoso.example".to_owned()])
}

fn to(address: &str) -> Recipient {
    Recipient::at(Email::parse(address).unwrap(), Role::To)
}

fn shown(effect: &ResolvedEffect, change: impl FnOnce(&mut Approve<'_>)) -> String {
    let (internal, person) = (internal(), Email::parse("alex@contoso.example").unwrap());
    let application = Application { name: "<b>Helper</b>".into(), document_host: None };
    let arguments = json!({ "to": "x@y.example" });
    let mut asked = Approve {
        viewer: Viewer::Owner,
        second_person: false,
        person: Some(&person),
        application: Some(&application),
        kind: AuditKind::MailSend,
        tool: "sendEmail",
        effect,
        arguments: &arguments,
        internal: &internal,
        reason: "somebody it would reach is outside the organisation",
        ends: UnixMillis::from_secs(600),
        address: "https://mcp.example/approve?a=sealed",
        action: "/approve/answer?a=sealed",
        digest: "00ff",
        transaction: "transaction",
    };
    change(&mut asked);
    String::from_utf8(approve(&asked).into_body().to_vec()).unwrap()
}

fn mail() -> ResolvedEffect {
    let list = Recipient { members: Some(Members { total: 40, outside: 3 }), ..to("all@contoso.example") };
    let colleague = Recipient { said: Standing::Inside, ..to("blair@contoso.example") };
    let recipients = vec![colleague, to("new@contoso.example"), list, to("sam@contos0.example")];
    ResolvedEffect { target: "me".into(), recipients, ..ResolvedEffect::default() }
        .with_fact("Subject", "Plan\u{202e}gpj")
        .with_body(
            "<p>Hi <a href='https://evil.example/?q'>here</a><span style='display:none'>4711</span></p>",
            true,
        )
}

#[test]
fn a_person_sees_who_gets_what_and_those_outside_first() {
    let page = shown(&mail(), |_| {});
    for words in [
        "wants to send this e-mail as you",
        "nobody has checked it",
        "43 recipients",
        "A list of 40 people",
        "OUTSIDE",
        "not known",
        "Look at this address twice",
        "→ https://evil.example/?q",
        "hidden from readers: </span>4711",
        "U+202E",
        "because somebody it would reach is outside",
        "1 January 1970, 00:10 UTC",
        r#"name="digest" value="00ff""#,
    ] {
        assert!(page.contains(words), "{words}: {page}");
    }
    let at = |words: &str| page.find(words).unwrap();
    assert!(at("sam@contos0.example") < at("new@contoso.example") && at("new@contoso") < at("blair@contoso"));
    assert!(!page.contains("href=\"https://evil") && !page.contains("<b>Helper"), "{page}");
}

#[test]
fn refusing_comes_first_and_ending_only_where_there_is_something_to_end() {
    let page = shown(&mail(), |_| {});
    assert!(page.find(">Deny<").unwrap() < page.find(">Approve<").unwrap());
    assert!(page.contains("disconnect this application"));
    let managed = shown(&mail(), |asked| asked.application = None);
    assert!(managed.contains("Your assistant wants") && !managed.contains("disconnect this application"));
}

#[test]
fn what_needs_a_second_person_is_approved_by_nobody_else() {
    let owner = shown(&mail(), |asked| asked.second_person = true);
    assert!(owner.contains("send this link") && owner.contains("https://mcp.example/approve?a=sealed"));
    assert!(owner.contains(">Deny<") && !owner.contains(">Approve<"), "{owner}");
    let second = shown(&mail(), |asked| {
        (asked.second_person, asked.viewer) = (true, Viewer::SecondPerson);
    });
    assert!(second.contains("in the name of <strong>alex@contoso.example") && second.contains(">Approve<"));
    assert!(!second.contains("disconnect this application"));
}

#[test]
fn a_change_shows_before_and_after() {
    let mut effect = mail();
    effect.facts =
        vec![m365_types::Fact { name: "When".into(), value: "Friday".into(), was: Some("Monday".into()) }];
    if let Some(body) = effect.body.as_mut() {
        body.was = Some("<p>earlier</p>".into());
    }
    let page = shown(&effect, |_| {});
    assert!(page.contains("<del><bdi>Monday</bdi></del>") && page.contains("<ins><bdi>Friday</bdi></ins>"));
    assert!(page.contains("What the text was before") && page.contains("earlier"));
}

#[test]
fn an_answer_says_what_to_tell_the_assistant() {
    for (answer, words) in [
        (Answered::Approved, "Make the same call again"),
        (Answered::Denied, "nothing will"),
        (Answered::Spent, "used up"),
    ] {
        let page = answered(answer, Viewer::Owner, AuditKind::MailSend, UnixMillis::from_secs(0)).into_body();
        assert!(String::from_utf8(page.to_vec()).unwrap().contains(words));
    }
    let of_second = (Answered::Approved, Viewer::SecondPerson);
    let page = answered(of_second.0, of_second.1, AuditKind::MailSend, UnixMillis::from_secs(0)).into_body();
    assert!(String::from_utf8(page.to_vec()).unwrap().contains("Tell whoever sent you the link"));
}
