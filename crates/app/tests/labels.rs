//! What was read stands against the person's calls: from before it is handed out, across grants and restarts, until it
//! lapses.

use std::collections::BTreeSet;
use std::time::Duration;

use m365_types::Profile;
use proptest::prelude::*;
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

/// What may happen between two calls, and what a call may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    AnotherClient,
    Clears,
    Fails,
    Lapses,
    Reads,
    ReadsConfidential,
    Restarts,
    Sends,
    Waits,
}

const STEPS: [Step; 9] = [
    Step::AnotherClient,
    Step::Clears,
    Step::Fails,
    Step::Lapses,
    Step::Reads,
    Step::ReadsConfidential,
    Step::Restarts,
    Step::Sends,
    Step::Waits,
];

/// A person over any sequence of steps, beside the labels that must stand against their calls.
struct Course {
    site: Site,
    token: String,
    standing: BTreeSet<&'static str>,
}

impl Course {
    fn new() -> Self {
        let site = Site::new(Profile::Full);
        let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
        Self { site, token, standing: BTreeSet::new() }
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::AnotherClient => self.authorize(),
            Step::Clears => {
                self.site.send_own_form(&ALEX, "/me/labels", &[]);
                self.standing.clear();
            }
            Step::Fails => {
                self.site.network().graph_answers(404, r#"{"error":{"code":"ErrorItemNotFound"}}"#);
                call(&self.site, &self.token, "getEmails");
            }
            Step::Lapses => {
                self.site.clock().advance(IDLE + TICK);
                self.standing.clear();
                self.authorize();
            }
            Step::Reads => {
                reads_mail(&self.site, &self.token);
                self.standing.insert("untrusted");
            }
            Step::ReadsConfidential => {
                let marked = json!({ "name": "Sensitivity", "value": "Company-Confidential" });
                let mail = json!({ "id": "1", "subject": "Hello", "internetMessageHeaders": [marked] });
                self.site.network().graph_answers(200, &mail.to_string());
                let read = Message::tool("getEmail", &json!({ "id": "1" }));
                let answer = self.site.ask(self.site.saying(Some(&self.token), read, &json!({})));
                assert!(answer.text().contains("Hello"), "{}", answer.text());
                self.standing.extend(["confidential", "untrusted"]);
            }
            Step::Restarts => self.site = self.site.again(Profile::Full),
            Step::Sends => self.tries_to_send(),
            Step::Waits => {
                self.site.clock().advance(IDLE);
                self.authorize();
            }
        }
    }

    /// Time has passed, or another client comes: there is another grant.
    fn authorize(&mut self) {
        self.token = self.site.grant(&ALEX, &self.site.register(), &every_scope()).access;
    }

    /// Never without a person, and never at all while something confidential was read.
    fn tries_to_send(&self) {
        let to = json!({ "to": "eve@fabrikam.example", "subject": "s", "body": "b" });
        self.site.network().graph_answers(202, "");
        let answer =
            self.site.ask(self.site.saying(Some(&self.token), Message::tool("sendEmail", &to), &json!({})));
        let (asks, denies) =
            (answer.text().contains("/approve?a="), answer.text().contains("no approval changes it"));
        let confidential = self.standing.contains("confidential");
        assert_eq!((asks, denies), (!confidential, confidential), "{}", answer.text());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn over_any_sequence_labels_only_grow_until_cleared_or_lapsed_and_no_sequence_opens_what_they_close(
        steps in proptest::collection::vec(proptest::sample::select(&STEPS[..]), 1..14),
    ) {
        let mut course = Course::new();
        for step in steps {
            course.take(step);
            let found = standing(&course.site, &course.token);
            let expected: Vec<&str> = course.standing.iter().copied().collect();
            prop_assert_eq!(found, expected, "after {:?}", step);
        }
    }
}
