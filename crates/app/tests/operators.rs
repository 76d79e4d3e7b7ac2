//! What operators order: who may, what ends and when, what is recorded, and what a restored cell may do.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use m365_ports::{Durability, transact};
use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, ASSERTION, Answer, Client, SAM, Site, Tokens};

const REASON: &str = "laptop stolen, ticket 4711";
const FRESH: Duration = Duration::from_secs(30);
const TICK: Duration = Duration::from_millis(1);
const ALMOST_FRESH: Duration = Duration::from_millis(29_999);
const ALMOST_LASTS: Duration = Duration::from_millis(59_999);

impl Site {
    pub(crate) fn operate(&self, path: &str, body: &Value) -> Answer {
        self.operate_as(&SAM.operator_assertion(self.now()), path, body)
    }

    fn operate_as(&self, assertion: &str, path: &str, body: &Value) -> Answer {
        let request = self.request("POST", path).header(CONTENT_TYPE, "application/json");
        self.ask(request.header(ASSERTION, assertion).body(body.to_string().into()).unwrap())
    }

    fn lists(&self, tokens: &Tokens) -> u16 {
        self.ask(self.message(Some(&tokens.access), "tools/list", None, json!({}))).status.as_u16()
    }
}

fn connected() -> (Site, Client, Tokens, Tokens) {
    let site = Site::new(Profile::Full);
    let client = site.register();
    let (alex, sam) = (site.grant(&ALEX, &client, &every_scope()), site.grant(&SAM, &client, &every_scope()));
    (site, client, alex, sam)
}

fn by_person(person: &str) -> Value {
    json!({ "reason": REASON, "person": person })
}

#[test]
fn one_persons_sessions_end_at_once_and_nobody_elses() {
    let (site, client, alex, sam) = connected();
    assert_eq!((site.lists(&alex), site.lists(&sam)), (200, 200));
    let answer = site.operate("/operator/kill", &by_person("Alex@Contoso.example"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    let order = &answer.json()["orders"][0];
    assert_eq!((&order["order"], &order["carriedOut"]["grants"]), (&json!("kill_person"), &json!(1)));
    assert_eq!(order["carriedOut"]["erased"], true);
    assert_eq!((site.lists(&alex), site.refresh(&client, &alex.refresh).status.as_u16()), (401, 400));
    assert_eq!((site.lists(&sam), site.refresh(&client, &sam.refresh).status.as_u16()), (200, 200));
}

#[test]
fn an_order_is_recorded_before_it_is_done_and_where_it_was_done_with_person_and_reason() {
    let (site, _, _, _) = connected();
    let answer = site.operate("/operator/kill", &by_person("alex@contoso.example"));
    let records = site.records_of(&answer);
    let about = |record: &&Value| record["kind"] == "operator.kill";
    let orders: Vec<&Value> = records.iter().filter(about).collect();
    assert_eq!(orders.len(), 3, "{records:#?}");
    for record in &orders {
        assert_eq!(record["operator"]["operator"], SAM.name);
        assert_eq!(record["operator"]["reason"], REASON);
    }
    let verdicts: Vec<&str> = orders.iter().filter_map(|record| record["verdict"].as_str()).collect();
    assert!(verdicts.contains(&"unknown") && verdicts.contains(&"done"), "{verdicts:?}");
    let ended = records.iter().find(|record| record["kind"] == "grant.revoked").unwrap();
    assert_eq!((&ended["code"], &ended["verdict"]), (&json!("by_operator"), &json!("done")));
}

#[test]
fn without_its_record_an_order_is_not_given() {
    let (site, _, alex, _) = connected();
    site.fill_journals();
    let answer = site.operate("/operator/kill", &by_person("alex@contoso.example"));
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert_eq!(site.lists(&alex), 200);
}

#[test]
fn everyones_sessions_end_when_a_cell_next_looks_and_that_is_within_half_a_minute() {
    let (site, _, alex, sam) = connected();
    assert_eq!((site.lists(&alex), site.lists(&sam)), (200, 200));
    let answer = site.operate("/operator/kill", &json!({ "reason": REASON, "all": true }));
    assert_eq!(answer.json()["orders"][0]["carriedOut"], Value::Null, "{}", answer.text());
    site.clock().advance(ALMOST_FRESH);
    assert_eq!(site.lists(&alex), 200);
    site.clock().advance(TICK);
    assert_eq!((site.lists(&alex), site.lists(&sam)), (401, 401));
}

#[test]
fn a_visit_has_every_cell_carry_its_orders_out_at_once() {
    let (site, _, alex, sam) = connected();
    site.clock().advance(Duration::from_secs(5));
    while site.ring_if_due() {}
    site.operate("/operator/kill", &json!({ "reason": REASON, "all": true }));
    let answer = site.operate("/operator/visit", &json!({ "reason": REASON }));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(answer.json()["visited"].as_array().map(Vec::len), Some(2));
    assert_eq!((site.lists(&alex), site.lists(&sam)), (401, 401));
    let again = site.operate("/operator/visit", &json!({ "reason": REASON }));
    let done: Vec<u64> = again.json()["visited"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|visit| visit["carriedOut"]["orders"].as_u64())
        .collect();
    assert_eq!(done, [0, 0], "an order is carried out once");
}

#[test]
fn after_an_order_people_may_sign_in_again() {
    let (site, client, alex, _) = connected();
    site.operate("/operator/kill", &json!({ "reason": REASON, "all": true }));
    site.clock().advance(FRESH);
    assert_eq!(site.lists(&alex), 401);
    let again = site.grant(&ALEX, &client, &every_scope());
    assert_eq!(site.lists(&again), 200);
}

#[test]
fn a_cell_that_cannot_ask_for_orders_acts_for_a_minute_and_no_longer() {
    let (site, _, alex, _) = connected();
    site.clock().advance(FRESH);
    assert_eq!(site.lists(&alex), 200);
    site.directory().answers(false);
    site.clock().advance(ALMOST_LASTS);
    assert_eq!(site.lists(&alex), 200);
    site.clock().advance(TICK);
    assert_eq!(site.lists(&alex), 503);
    site.directory().answers(true);
    assert_eq!(site.lists(&alex), 200);
}

#[test]
fn a_deleted_client_loses_its_grants_and_is_unknown_while_other_clients_go_on() {
    let (site, client, alex, _) = connected();
    let other = site.register();
    let kept = site.grant(&ALEX, &other, &every_scope());
    let body = json!({ "reason": REASON, "client": client.id });
    assert_eq!(site.operate("/operator/kill", &body).status, 200);
    let refreshed = site.refresh(&client, &alex.refresh);
    assert_eq!((refreshed.status.as_u16(), &refreshed.json()["error"]), (401, &json!("invalid_client")));
    site.clock().advance(FRESH);
    assert_eq!((site.lists(&alex), site.lists(&kept)), (401, 200));
    assert_eq!(site.refresh(&other, &kept.refresh).status, 200);
}

#[test]
fn an_unpinned_person_is_unlinked_and_signs_in_to_microsoft_anew() {
    let site = Site::new(Profile::Full);
    let client = site.register();
    let alex = site.grant(&ALEX, &client, &every_scope());
    assert_eq!(site.operate("/operator/unpin", &by_person("alex@contoso.example")).status, 200);
    assert_eq!(site.lists(&alex), 401);
    assert_eq!(site.rows("microsoft_account"), 0);
    let again = site.grant(&ALEX, &client, &every_scope());
    assert_eq!((site.lists(&again), site.rows("microsoft_account")), (200, 1));
}

#[test]
fn whoever_is_no_operator_orders_nothing() {
    let (site, _, alex, _) = connected();
    let now = site.now();
    for assertion in [ALEX.assertion(now), SAM.assertion(now), SAM.forged_assertion(now)] {
        let answer = site.operate_as(&assertion, "/operator/kill", &by_person("alex@contoso.example"));
        assert_eq!(answer.status, 403);
    }
    assert_eq!(site.lists(&alex), 200);
}

#[test]
fn an_order_that_is_not_clear_is_not_given() {
    let (site, _, alex, sam) = connected();
    for (path, body, status) in [
        ("/operator/kill", json!({ "person": "alex@contoso.example" }), 400),
        ("/operator/kill", json!({ "person": "alex@contoso.example", "reason": " " }), 400),
        ("/operator/kill", json!({ "person": "alex@contoso.example", "all": true, "reason": REASON }), 400),
        ("/operator/kill", json!({ "person": "alex@contoso.example", "client": "c", "reason": REASON }), 400),
        ("/operator/kill", json!({ "reason": REASON }), 400),
        ("/operator/kill", json!({ "all": false, "reason": REASON }), 400),
        ("/operator/kill", json!({ "all": true, "reason": REASON, "every": 1 }), 400),
        ("/operator/kill", json!(["alex@contoso.example"]), 400),
        ("/operator/kill", by_person("nobody@contoso.example"), 404),
        ("/operator/kill", by_person("%"), 404),
        ("/operator/unpin", json!({ "all": true, "reason": REASON }), 400),
        ("/operator/readmit", json!({ "client": "c", "reason": REASON }), 400),
    ] {
        let answer = site.operate(path, &body);
        assert_eq!(answer.status.as_u16(), status, "{path} {body}: {}", answer.text());
    }
    assert_eq!((site.lists(&alex), site.lists(&sam)), (200, 200));
}

#[test]
fn a_restored_cell_can_be_looked_at_and_does_nothing_until_it_is_readmitted() {
    let site = Site::new(Profile::Full);
    let client = site.register();
    let tokens = site.grant(&ALEX, &client, &every_scope());
    site.clock().advance(Duration::from_secs(5));
    while site.ring_if_due() {}
    site.forget_newest_record();
    let restored = site.again(Profile::Full);
    let before = restored.rows("journal");
    let refused = restored.ask(restored.message(Some(&tokens.access), "tools/list", None, json!({})));
    assert_eq!(refused.status, 503);
    assert_eq!(restored.records_of(&refused)[0]["code"], "cell.restored");
    assert_eq!(restored.refresh(&client, &tokens.refresh).status, 503);
    assert_eq!(restored.looks_at_me(&ALEX).status, 200);
    assert_eq!(restored.rows("journal"), before, "a restored cell wrote a record");

    let answer = restored.operate("/operator/readmit", &by_person("alex@contoso.example"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(restored.lists(&tokens), 401, "tokens of before the readmission still work");
    let again = restored.grant(&ALEX, &client, &every_scope());
    assert_eq!(restored.lists(&again), 200);
}

#[test]
fn a_cell_that_only_slept_is_not_taken_for_a_restored_one() {
    let (site, _, alex, _) = connected();
    site.clock().advance(Duration::from_secs(5));
    while site.ring_if_due() {}
    assert_eq!(site.again(Profile::Full).lists(&alex), 200);
}

#[test]
fn a_consent_begun_before_the_order_gives_nothing_after_it() {
    let (site, client, _, _) = connected();
    let page = site.open_consent(&ALEX, &client, &every_scope());
    site.clock().advance(TICK);
    site.operate("/operator/kill", &by_person("alex@contoso.example"));
    let answer = site.send_consent(&page, false);
    assert_eq!(answer.status, 400, "{}", answer.text());
    let fresh = site.open_consent(&ALEX, &client, &every_scope());
    assert_eq!(site.send_consent(&fresh, false).status, 303);
}

#[test]
fn a_sign_in_begun_before_the_order_gives_nothing_after_it() {
    let site = Site::new(Profile::Full);
    let client = site.register();
    site.grant(&ALEX, &client, &every_scope());
    site.operate("/operator/unpin", &by_person("alex@contoso.example"));
    let under_way = site.answer_consent(&ALEX, &client, &every_scope(), false);
    site.clock().advance(TICK);
    // Unlinked again, in the middle of the new sign-in.
    site.operate("/operator/unpin", &by_person("alex@contoso.example"));
    assert_eq!(site.come_back(&ALEX, &under_way, None).status, 400);
    assert_eq!(site.rows("microsoft_account"), 0);
}

#[test]
fn an_order_of_a_directory_that_was_put_back_from_a_copy_is_carried_out_too() {
    let (site, client, _, _) = connected();
    site.operate("/operator/kill", &by_person("alex@contoso.example"));
    let again = site.grant(&ALEX, &client, &every_scope());
    transact(site.directory(), Durability::Full, |sql| sql.run("DELETE FROM operator_order", &[])).unwrap();
    site.clock().advance(TICK);
    site.operate("/operator/kill", &by_person("alex@contoso.example"));
    assert_eq!(site.lists(&again), 401);
}
