//! Prompts: what is offered under each profile, and what is recorded of those that are refused.

use m365_graph::{find_tool, prompts};
use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Destination, Message, Site};

/// The arguments that a prompt must have.
fn arguments(name: &str) -> Value {
    let prompt = prompts().iter().find(|prompt| prompt.name == name).unwrap();
    let required = prompt.arguments.iter().filter(|argument| argument.required);
    required
        .map(|argument| (argument.name.to_owned(), Value::from("words")))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn listed(site: &Site, token: &str) -> Vec<String> {
    let list = site.ask(site.message(Some(token), "prompts/list", None, json!({}))).json();
    let names = list["result"]["prompts"].as_array().unwrap().iter();
    names.map(|prompt| prompt["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_prompt_is_filled_in_and_asks_nobody() {
    let site = Site::new(Profile::Full);
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    let names = listed(&site, &token);
    assert_eq!(names, ["summarizeUnread", "prepareForMeeting", "draftReply", "weeklyReview", "postUpdate"]);
    for name in names {
        let answer =
            site.ask(site.saying(Some(&token), Message::prompt(&name, &arguments(&name)), &json!({})));
        let message = answer.json()["result"]["messages"][0].clone();
        assert_eq!(
            (&message["role"], &message["content"]["type"]),
            (&json!("user"), &json!("text")),
            "{name}"
        );
        assert!(message["content"]["text"].as_str().unwrap().len() > 100, "{message}");
        assert!(site.records_of(&answer).is_empty(), "{name}");
    }
    assert!(site.network().take(Destination::Graph).is_empty());
}

#[test]
fn a_prompt_is_there_only_where_everything_it_leads_to_is() {
    for profile in Profile::ALL {
        let site = Site::new(*profile);
        let token = site.grant(&ALEX, &site.register(), "User.Read").access;
        let names = listed(&site, &token);
        for prompt in prompts() {
            let request = Message::prompt(prompt.name, &arguments(prompt.name));
            let answer = site.ask(site.saying(Some(&token), request, &json!({})));
            let offered = names.iter().any(|name| name == prompt.name);
            assert_eq!(answer.json()["result"].is_object(), offered, "{} under {profile}", prompt.name);
            let records = site.records_of(&answer);
            if !offered {
                assert_eq!(
                    (records.len(), &records[0]["code"]),
                    (1, &json!("prompt.unknown")),
                    "{}",
                    prompt.name
                );
            }
        }
        let posts = find_tool("sendTeamsMessage").unwrap();
        let may_post = m365_policy::visible(&posts.spec, &m365_types::Toolset::of(*profile));
        assert_eq!(names.iter().any(|name| name == "postUpdate"), may_post, "{profile}");
    }
}

#[test]
fn what_a_prompt_cannot_take_is_refused_with_a_sentence_and_recorded() {
    let site = Site::new(Profile::Full);
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    for (name, given, argument) in [
        ("draftReply", json!({}), "`person`"),
        ("draftReply", json!({ "person": " " }), "`person`"),
        ("draftReply", json!({ "person": 1 }), "`person`"),
        ("weeklyReview", json!({ "days": "x".repeat(201) }), "`days`"),
    ] {
        let answer = site.ask(site.saying(Some(&token), Message::prompt(name, &given), &json!({})));
        let error = &answer.json()["error"];
        assert_eq!(error["code"], -32_602, "{}", answer.text());
        assert!(error["message"].as_str().unwrap().contains(argument), "{error}");
        let records = site.records_of(&answer);
        assert_eq!((records.len(), &records[0]["code"]), (1, &json!("prompt.argument")), "{given}");
    }
}

#[test]
fn what_no_prompt_or_template_has_is_completed_by_nothing_and_what_is_none_is_refused() {
    let site = Site::new(Profile::Full);
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    let complete = |reference: Value, argument: &str| {
        let params = json!({ "ref": reference, "argument": { "name": argument, "value": "a" } });
        site.ask(site.saying(Some(&token), Message::new("completion/complete", params), &json!({})))
    };
    let prompt = |name: &str| json!({ "type": "ref/prompt", "name": name });
    let template = |uri: &str| json!({ "type": "ref/resource", "uri": uri });
    for (reference, argument) in [
        (prompt("draftReply"), "about"),
        (prompt("draftReply"), "none"),
        (prompt("weeklyReview"), "days"),
        (template("microsoft://messages/{id}"), "id"),
        (template("microsoft://people/{id}"), "none"),
    ] {
        let answer = complete(reference.clone(), argument);
        assert_eq!(
            answer.json()["result"]["completion"]["values"],
            json!([]),
            "{reference}: {}",
            answer.text()
        );
        assert!(site.records_of(&answer).is_empty(), "{reference}");
    }
    for reference in
        [prompt("none"), template("microsoft://none/{id}"), template("microsoft://people/1"), template("")]
    {
        let answer = complete(reference.clone(), "id");
        assert_eq!(answer.json()["error"]["code"], -32_602, "{reference}: {}", answer.text());
        let records = site.records_of(&answer);
        assert_eq!((records.len(), &records[0]["code"]), (1, &json!("completion.unknown")), "{reference}");
    }
    assert!(site.network().take(Destination::Graph).is_empty());
}
