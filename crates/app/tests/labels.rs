//! What was read stands against the person's calls: from before it is handed out, across grants and restarts, until it
//! lapses.

use std::time::Duration;

use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Answer, Message, SAM, Site};

const IDLE: Duration = Duration::from_hours(12);
const TICK: Duration = Duration::from_millis(1);

fn call(site: &Site, token: &str, tool: &str) -> Answer {
    let answer = site.ask(site.saying(Some(token), Message::tool(tool, &json!({})), &json!({})));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

/// The labels under which a call of this token is decided now.
fn standing(site: &Site, token: &str) -> Vec<String> {
    let records = site.records_of(&call(site, token, "authenticate"));
    let intent = records.iter().find(|record| record["phase"] == "intent").unwrap();
    let labels = intent.get("labels").and_then(Value::as_array).cloned().unwrap_or_default();
    labels.iter().map(|label| label.as_str().unwrap().to_owned()).collect()
}

fn reads_mail(site: &Site, token: &str) -> Answer {
    site.network().graph_answers(200, &json!({ "value": [{ "id": "1", "subject": "Hello" }] }).to_string());
    call(site, token, "getEmails")
}

#[test]
fn a_read_labels_the_person_across_grants_and_restarts_and_nobody_else() {
    let site = Site::new(Profile::Full);
    let grant = |person| site.grant(person, &site.register(), &every_scope()).access;
    let (token, other_grant, other_person) = (grant(&ALEX), grant(&ALEX), grant(&SAM));
    assert_eq!(standing(&site, &token), [""; 0]);
    let outcome = site.records_of(&reads_mail(&site, &token));
    assert!(
        outcome.iter().any(|record| record["phase"] == "outcome" && record["labels"] == json!(["untrusted"]))
    );
    let restarted = site.again(Profile::Full);
    for site in [&site, &restarted] {
        assert_eq!(standing(site, &token), ["untrusted"]);
        assert_eq!(standing(site, &other_grant), ["untrusted"]);
        assert_eq!(standing(site, &other_person), [""; 0]);
    }
    // A grant of afterwards is no way out either.
    assert_eq!(
        standing(&restarted, &restarted.grant(&ALEX, &restarted.register(), &every_scope()).access),
        ["untrusted"]
    );
}

#[test]
fn a_label_lapses_when_no_call_was_made_for_the_configured_time_and_every_call_keeps_it() {
    let site = Site::new(Profile::Full);
    let fresh = || site.grant(&ALEX, &site.register(), &every_scope()).access;
    reads_mail(&site, &fresh());
    site.clock().advance(IDLE);
    assert_eq!(standing(&site, &fresh()), ["untrusted"], "kept to the last millisecond");
    site.clock().advance(IDLE);
    assert_eq!(standing(&site, &fresh()), ["untrusted"], "the call before kept it");
    site.clock().advance(IDLE + TICK);
    assert_eq!(standing(&site, &fresh()), [""; 0]);
}

#[test]
fn what_fails_or_is_the_person_s_own_labels_nobody() {
    let site = Site::new(Profile::Full);
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    call(&site, &token, "authenticate");
    site.network().graph_answers(404, &json!({ "error": { "code": "ErrorItemNotFound" } }).to_string());
    call(&site, &token, "getEmails");
    assert_eq!(standing(&site, &token), [""; 0]);
}
