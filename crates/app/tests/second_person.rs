//! Two people for one call: who may look at somebody else's question, who may answer it, and where that is recorded.
//!
//! The policies that ship demand no second person, so a question that was asked is turned into one that does.

use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Answer, Message, SAM, Site, Tokens, question};

const GROUP: &str = "Approvers";

struct Scene {
    site: Site,
    tokens: Tokens,
    /// Path and query of the question's page.
    page: String,
}

fn message() -> Value {
    json!({ "to": "eve@fabrikam.example", "subject": "Plan", "body": "As agreed." })
}

impl Scene {
    fn new() -> Self {
        Self::of_group(GROUP)
    }

    fn of_group(group: &str) -> Self {
        let site = Site::new(Profile::Full).with(&[("APPROVER_GROUP", group)]);
        let tokens = site.grant(&ALEX, &site.register(), &every_scope());
        // Whoever approves has a cell of their own.
        site.looks_at_me(&SAM);
        let mut scene = Self { site, tokens, page: String::new() };
        scene.page = question(&scene.call());
        scene.site.change_cells("UPDATE approval SET second_person = 1");
        scene
    }

    fn call(&self) -> Answer {
        self.site.network().graph_answers(202, "");
        let call =
            self.site.saying(Some(&self.tokens.access), Message::tool("sendEmail", &message()), &json!({}));
        self.site.ask(call)
    }

    fn looks(&self, assertion: &str) -> Answer {
        self.site.look_at_question(assertion, &self.page)
    }

    fn answers(&self, assertion: &str, page: &Answer, decision: &str) -> Answer {
        self.site.answer_page(assertion, page, &self.page, decision)
    }

    fn of_group_assertion(&self) -> String {
        SAM.assertion_with(self.site.now(), &json!({ "custom": { "groups": [GROUP] } }))
    }

    fn sent(&self) -> bool {
        self.call().text().contains("Email sent")
    }
}

#[test]
fn a_second_person_approves_for_another_and_both_records_name_them() {
    let scene = Scene::new();
    let approver = scene.of_group_assertion();
    let page = scene.looks(&approver);
    assert_eq!(page.status, 200, "{}", page.text());
    assert!(
        page.text().contains("You answer for somebody else") && page.text().contains("alex@contoso.example")
    );
    let answer = scene.answers(&approver, &page, "approve");
    assert_eq!(answer.status, 303, "{}", answer.text());
    let records = scene.site.records_of(&answer);
    let about = |record: &&Value| record["kind"] == "approval.answered";
    let answered: Vec<&Value> = records.iter().filter(about).collect();
    assert!(answered.iter().all(|record| record["operator"]["operator"] == SAM.name), "{answered:#?}");
    let told: Vec<(&str, &str)> = answered
        .iter()
        .map(|record| (record["code"].as_str().unwrap(), record["verdict"].as_str().unwrap()))
        .collect();
    for expected in [("second_person", "unknown"), ("second_person", "done"), ("approved", "done")] {
        assert!(told.contains(&expected), "{told:?}");
    }
    assert!(!format!("{answered:?}").contains('@'), "an address in {answered:?}");
    assert!(scene.looks(&approver).text().contains("Tell whoever sent you the link"));
    assert!(scene.sent() && !scene.sent());
}

#[test]
fn the_person_themself_can_only_deny() {
    let scene = Scene::new();
    let own = ALEX.assertion_with(scene.site.now(), &json!({ "custom": { "groups": [GROUP] } }));
    let page = scene.looks(&own);
    assert!(page.text().contains("A second person must approve this"), "{}", page.text());
    assert!(page.text().contains(&scene.page) && !page.text().contains(r#"value="approve""#));
    assert_eq!(scene.answers(&own, &page, "approve").status, 403);
    assert!(!scene.sent());
    assert_eq!(scene.answers(&own, &page, "deny").status, 303);
    assert!(scene.call().text().contains("said no"));
}

#[test]
fn one_person_with_two_sign_ins_is_no_second_person() {
    let scene = Scene::new();
    let more = json!({ "custom": { "groups": [GROUP] }, "email": "alex@contoso.example" });
    let answer = scene.looks(&SAM.assertion_with(scene.site.now(), &more));
    assert_eq!(answer.status, 403, "{}", answer.text());
}

#[test]
fn nobody_else_looks_at_a_question_and_none_that_needs_no_second_person() {
    let scene = Scene::new();
    let stranger = SAM.assertion_with(scene.site.now(), &json!({ "custom": { "groups": ["Others"] } }));
    for answer in [scene.looks(&stranger), scene.looks(&SAM.operator_assertion(scene.site.now()))] {
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert!(!answer.text().contains("fabrikam") && !answer.text().contains("alex@"));
    }
    let approver = scene.of_group_assertion();
    let page = scene.looks(&approver);
    scene.site.change_cells("UPDATE approval SET second_person = 0");
    assert_eq!(scene.looks(&approver).status, 403);
    assert_eq!(scene.answers(&approver, &page, "approve").status, 403);
    assert!(!scene.sent());
    let without = Scene::of_group("");
    assert_eq!(without.looks(&without.of_group_assertion()).status, 403);
}

#[test]
fn a_second_person_ends_nobody_s_access_and_answers_nothing_without_a_record() {
    let scene = Scene::new();
    let approver = scene.of_group_assertion();
    let page = scene.looks(&approver);
    assert_eq!(scene.answers(&approver, &page, "deny-and-end").status, 403);
    scene.site.fill_journals();
    assert_eq!(scene.answers(&approver, &page, "approve").status, 503);
}

#[test]
fn where_a_second_person_is_demanded_a_yes_of_the_person_does_not_count() {
    let scene = Scene::new();
    scene.site.change_cells("UPDATE approval SET second_person = 0");
    let own = ALEX.assertion(scene.site.now());
    let page = scene.looks(&own);
    scene.site.change_cells("UPDATE approval SET second_person = 1");
    assert_eq!(scene.answers(&own, &page, "approve").status, 403);
    assert!(!scene.sent());
}
