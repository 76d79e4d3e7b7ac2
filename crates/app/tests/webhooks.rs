//! Webhooks: what receivers are told, once per event, signed, of identifiers alone, and never on the path of a request.

use std::collections::BTreeSet;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Request;
use m365_seal::{WebhookKey, WebhookKeys};
use m365_types::{Profile, Secret, WebhookEvent, WebhookKind};
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, ASSERTION, Destination, SAM, Site, Tokens};

pub(crate) const FIVE_SECONDS: Duration = Duration::from_secs(5);
const HOUR: Duration = Duration::from_hours(1);

fn secret() -> String {
    format!("whsec_{}", STANDARD.encode((1..=32).collect::<Vec<u8>>()))
}

fn telling(urls: &str) -> Site {
    Site::new(Profile::Full).with(&[("WEBHOOK_URLS", urls), ("WEBHOOK_SECRET", &secret())])
}

const HOOKS: &str = "https://hooks.contoso.example/m365";

pub(crate) fn site() -> Site {
    telling(HOOKS)
}

/// What the first receiver was sent, each signature checked.
pub(crate) fn told(site: &Site) -> Vec<WebhookEvent> {
    let keys = WebhookKeys { current: WebhookKey::parse(&Secret::new(secret())).unwrap(), previous: None };
    let read = |request: Request<Bytes>| {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let signed =
            keys.sign(&header("webhook-id"), header("webhook-timestamp").parse().unwrap(), request.body());
        assert_eq!(header("webhook-signature"), signed);
        let text = std::str::from_utf8(request.body()).unwrap();
        assert!(!text.contains('@') && !text.contains("Alex"), "{text}");
        let fields: Value = serde_json::from_str(text).unwrap();
        let known = ["type", "id", "at", "cell", "requestId", "grant", "client", "approval"];
        assert!(fields.as_object().unwrap().keys().all(|field| known.contains(&field.as_str())), "{text}");
        let event: WebhookEvent = serde_json::from_str(text).unwrap();
        assert_eq!(header("webhook-id"), event.id.to_string());
        event
    };
    site.network().take(Destination::Webhook).into_iter().map(read).collect()
}

/// Lets so much time pass that the alarm rings, and rings it.
pub(crate) fn ring_after(site: &Site, pause: Duration) -> bool {
    site.clock().advance(pause);
    site.ring_if_due()
}

fn reuse(site: &Site) -> String {
    let client = site.register();
    let tokens = site.grant(&ALEX, &client, &every_scope());
    assert_eq!(site.refresh(&client, &tokens.refresh).status, 200);
    // A retry within a short time is answered again; later it is theft.
    site.clock().advance(HOUR);
    while site.ring_if_due() {}
    let answer = site.refresh(&client, &tokens.refresh);
    assert_eq!(answer.status, 400);
    answer.request_id().to_owned()
}

#[test]
fn a_reused_token_is_told_of_by_the_alarm_once_with_the_ids_of_its_record() {
    let site = site();
    let request = reuse(&site);
    assert!(told(&site).is_empty(), "nothing is sent while somebody waits");
    assert_eq!(site.rows("outbox"), 1);
    assert!(ring_after(&site, FIVE_SECONDS));
    let told_of = told(&site);
    let [event] = told_of.as_slice() else { panic!("{told_of:?}") };
    assert_eq!(event.kind, WebhookKind::TokenReused);
    assert_eq!(event.request_id.unwrap().to_string(), request);
    assert!(event.cell.is_some() && event.grant.is_some() && event.client.is_some());
    assert_eq!(site.rows("outbox"), 0);
    while ring_after(&site, HOUR) {}
    assert!(told(&site).is_empty());
}

#[test]
fn a_receiver_that_fails_is_tried_again_later_and_later_and_given_up_with_a_record() {
    let site = site();
    reuse(&site);
    site.network().fail_webhooks(true);
    assert!(ring_after(&site, FIVE_SECONDS));
    let first = told(&site);
    assert_eq!((first.len(), site.rows("outbox")), (1, 1));
    assert!(!ring_after(&site, Duration::from_secs(9)), "not before ten seconds have passed");
    assert!(ring_after(&site, Duration::from_secs(4)));
    assert_eq!(told(&site), first, "the same event with the same id");
    let mut attempts = 0;
    for _ in 0..2_000 {
        if site.rows("outbox") == 0 {
            break;
        }
        ring_after(&site, Duration::from_mins(5));
        attempts += told(&site).len();
    }
    assert!((60..=90).contains(&attempts), "{attempts} attempts in three days, about one an hour");
    assert_eq!(site.rows("outbox"), 0);
    let records = site.records();
    let given_up: Vec<&Value> =
        records.iter().filter(|record| record["kind"] == "webhook.undelivered").collect();
    assert_eq!(given_up.len(), 1, "{given_up:?}");
    assert_eq!((&given_up[0]["code"], &given_up[0]["verdict"]), (&json!("token.reused"), &json!("failed")));
    assert_eq!(given_up[0]["requestId"], first[0].request_id.unwrap().to_string());
}

#[test]
fn a_receiver_that_fails_keeps_nothing_from_the_other() {
    let site = telling("https://hooks.contoso.example/m365 https://alerts.contoso.example/");
    site.network().fail_webhooks(true);
    reuse(&site);
    assert_eq!(site.rows("outbox"), 2);
    assert!(ring_after(&site, FIVE_SECONDS));
    assert_eq!(site.network().take(Destination::OtherWebhook).len(), 1);
    assert_eq!((told(&site).len(), site.rows("outbox")), (1, 1));
    site.network().fail_webhooks(false);
    assert!(ring_after(&site, HOUR));
    assert_eq!((told(&site).len(), site.rows("outbox")), (1, 0));
    assert!(site.network().take(Destination::OtherWebhook).is_empty());
}

/// Plays an event for a receiver that the operator then takes off the list.
fn unlisted() -> Site {
    let site = site();
    reuse(&site);
    let site =
        site.with(&[("WEBHOOK_URLS", "https://alerts.contoso.example/"), ("WEBHOOK_SECRET", &secret())]);
    // Any request wakes the cell under its new settings.
    let look = site.request("GET", "/me").header(ASSERTION, ALEX.assertion(site.now()));
    assert_eq!(site.ask(look.body(Bytes::new().into()).unwrap()).status, 200);
    assert!(ring_after(&site, FIVE_SECONDS));
    site
}

/// The records of that.
pub(crate) fn records_of_one_given_up() -> Vec<Value> {
    unlisted().records()
}

#[test]
fn a_receiver_that_is_no_longer_listed_is_told_nothing_more() {
    let site = unlisted();
    assert!(told(&site).is_empty() && site.network().take(Destination::OtherWebhook).is_empty());
    assert_eq!(site.rows("outbox"), 0);
    assert!(site.records().iter().any(|record| record["kind"] == "webhook.undelivered"));
}

#[test]
fn an_assertion_of_somebody_else_beside_a_token_is_told_of() {
    let site = site();
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    let mut request = site.message(Some(&token), "tools/list", None, json!({}));
    request.headers_mut().insert(ASSERTION, SAM.assertion(site.now()).parse().unwrap());
    let answer = site.ask(request);
    assert_eq!(answer.status, 403);
    assert!(ring_after(&site, FIVE_SECONDS));
    let told_of = told(&site);
    assert_eq!(told_of.iter().map(|event| event.kind).collect::<Vec<_>>(), [WebhookKind::IdentityMismatch]);
    assert_eq!(told_of[0].request_id.unwrap().to_string(), answer.request_id());
}

#[test]
fn an_order_is_told_of_once_however_many_cells_carry_it_out() {
    let site = site();
    let client = site.register();
    site.grant(&ALEX, &client, &every_scope());
    site.grant(&SAM, &client, &every_scope());
    let order = json!({ "reason": "laptop stolen, ticket 4711", "all": true });
    let answer = site.operate("/operator/kill", &order);
    assert_eq!(answer.status, 200, "{}", answer.text());
    site.operate("/operator/visit", &json!({ "reason": "laptop stolen, ticket 4711" }));
    while ring_after(&site, FIVE_SECONDS) {}
    let told_of = told(&site);
    assert_eq!(told_of.iter().map(|event| event.kind).collect::<Vec<_>>(), [WebhookKind::OperatorKill]);
    assert_eq!(told_of[0].request_id.unwrap().to_string(), answer.request_id());
}

#[test]
fn a_restored_cell_tells_that_it_is_behind_and_writes_nothing() {
    let site = site();
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    assert!(ring_after(&site, FIVE_SECONDS));
    assert!(told(&site).is_empty());
    site.forget_newest_record();
    site.network().fail_webhooks(true);
    site.clock().advance(HOUR);
    assert_eq!(site.ask(site.message(Some(&token), "tools/list", None, json!({}))).status, 503);
    let before = site.records().len();
    assert!(ring_after(&site, FIVE_SECONDS));
    site.network().fail_webhooks(false);
    let first = told(&site);
    assert_eq!(first.iter().map(|event| event.kind).collect::<Vec<_>>(), [WebhookKind::JournalBehind]);
    assert!(ring_after(&site, Duration::from_mins(5)));
    assert_eq!(told(&site), first, "the same event until it is taken");
    assert!(ring_after(&site, HOUR));
    assert!(told(&site).is_empty());
    assert_eq!((site.rows("outbox"), site.records().len()), (0, before));
}

/// Plays a change of policy, one to a set that does not load, and back.
fn ruled() -> (Site, Tokens) {
    let site = site();
    let client = site.register();
    let tokens = site.grant(&ALEX, &client, &every_scope());
    let lists = |site: &Site| {
        assert_eq!(site.ask(site.message(Some(&tokens.access), "tools/list", None, json!({}))).status, 200);
    };
    lists(&site);
    site.write_policies("@id(\"own\") permit (principal, action, resource);");
    let site = site.with(&[("WEBHOOK_URLS", HOOKS), ("WEBHOOK_SECRET", &secret())]);
    lists(&site);
    site.write_policies("permit (principal, action, resource);");
    lists(&site);
    lists(&site);
    (site, tokens)
}

/// The records of that.
pub(crate) fn records_of_policies() -> Vec<Value> {
    let (site, _) = ruled();
    assert!(ring_after(&site, FIVE_SECONDS));
    site.records()
}

#[test]
fn a_change_and_a_refusal_of_policies_are_recorded_and_told_once() {
    let (site, tokens) = ruled();
    assert!(told(&site).is_empty(), "nothing is sent while somebody waits");
    assert!(ring_after(&site, FIVE_SECONDS));
    let told_of = told(&site);
    let kinds: Vec<WebhookKind> = told_of.iter().map(|event| event.kind).collect();
    assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), 2);
    assert_eq!(kinds.len(), 2, "{kinds:?}");
    let records = site.records();
    for (kind, code, verdict) in
        [(WebhookKind::PolicyChanged, "in_force", "done"), (WebhookKind::PolicyRefused, "invalid", "denied")]
    {
        let event = told_of.iter().find(|event| event.kind == kind).unwrap();
        let of_kind: Vec<&Value> = records.iter().filter(|record| record["kind"] == kind.as_str()).collect();
        let [record] = of_kind.as_slice() else { panic!("{of_kind:?}") };
        assert_eq!((&record["code"], &record["verdict"]), (&json!(code), &json!(verdict)));
        assert_eq!(record["requestId"], event.request_id.unwrap().to_string());
    }
    // A server that starts with the same set says nothing; one with another does.
    let again = site.with(&[("WEBHOOK_URLS", HOOKS), ("WEBHOOK_SECRET", &secret())]);
    again.write_policies("@id(\"own\") permit (principal, action, resource);");
    let lists = || again.ask(again.message(Some(&tokens.access), "tools/list", None, json!({}))).status;
    assert_eq!(lists(), 200);
    while ring_after(&again, HOUR) {}
    assert!(told(&again).is_empty());
    again.write_policies("@id(\"other\") permit (principal, action, resource);");
    let tokens = again.grant(&ALEX, &again.register(), &every_scope());
    assert_eq!(again.ask(again.message(Some(&tokens.access), "tools/list", None, json!({}))).status, 200);
    assert!(ring_after(&again, FIVE_SECONDS));
    assert_eq!(told(&again).iter().map(|event| event.kind).collect::<Vec<_>>(), [WebhookKind::PolicyChanged]);
}

#[test]
fn a_call_while_no_policy_was_ever_accepted_is_refused_and_recorded() {
    let site = site();
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    site.write_policies("permit (principal, action, resource);");
    let site = site.with(&[("WEBHOOK_URLS", HOOKS), ("WEBHOOK_SECRET", &secret())]);
    let answer = site.ask(site.message(Some(&token), "tools/list", None, json!({})));
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!answer.text().contains("own.cedar"), "what is wrong with a policy is no caller's business");
    let records = site.records_of(&answer);
    assert!(records.iter().any(|record| record["code"] == "policy.unavailable"), "{records:?}");
    assert!(ring_after(&site, FIVE_SECONDS));
    assert_eq!(told(&site).iter().map(|event| event.kind).collect::<Vec<_>>(), [WebhookKind::PolicyRefused]);
}

#[test]
fn what_is_not_recorded_is_not_told_and_nothing_is_held_for_nobody() {
    let site = site();
    let client = site.register();
    let tokens = site.grant(&ALEX, &client, &every_scope());
    assert_eq!(site.refresh(&client, &tokens.refresh).status, 200);
    site.clock().advance(HOUR);
    while site.ring_if_due() {}
    site.fill_journals();
    assert_ne!(site.refresh(&client, &tokens.refresh).status, 200);
    assert_eq!(site.rows("outbox"), 0, "the event goes with its record");
    let silent = Site::new(Profile::Full);
    reuse(&silent);
    assert_eq!(silent.rows("outbox"), 0);
}

#[test]
fn what_strangers_can_cause_does_not_fill_a_cell() {
    let site = site();
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    for _ in 0..1_010 {
        let mut request = site.message(Some(&token), "tools/list", None, json!({}));
        request.headers_mut().insert(ASSERTION, SAM.assertion(site.now()).parse().unwrap());
        site.ask(request);
    }
    assert_eq!(site.rows("outbox"), 1_000);
    let records = site.records();
    let given_up = records.iter().filter(|record| record["kind"] == "webhook.undelivered").count();
    assert_eq!(given_up, 10, "never without a record");
    let mut ids = BTreeSet::new();
    for _ in 0..60 {
        ring_after(&site, Duration::from_secs(10));
        ids.extend(told(&site).into_iter().map(|event| event.id.to_string()));
    }
    assert_eq!((ids.len(), site.rows("outbox")), (1_000, 0));
}
