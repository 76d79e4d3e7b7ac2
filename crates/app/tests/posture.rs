//! How a person signed in, as far as Access says: in the records of consent and of intents, and nowhere needed.

use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Site};

fn postures(site: &Site, kind: &str) -> Vec<Value> {
    site.records()
        .into_iter()
        .filter(|record| record["kind"] == kind)
        .map(|record| record["posture"].clone())
        .collect()
}

#[test]
fn what_access_says_of_a_sign_in_stands_in_its_consent_and_in_the_calls_that_follow() {
    let site = Site::new(Profile::Full);
    site.assert_also(
        json!({ "country": "de", "amr": ["mfa", "hwk"], "custom": { "oid": ALEX.oid, "acr": "c1" } }),
    );
    let tokens = site.grant(&ALEX, &site.register(), &every_scope());
    let row = m365_graph::catalog().find(|action| action.spec.name == "getEmails").unwrap();
    site.network().graph_answers(200, r#"{"value":[]}"#);
    site.call(Some(&tokens.access), &row.spec, &json!({}));
    let expected = json!({ "country": "DE", "methods": ["mfa", "hwk"], "context": "c1" });
    assert_eq!(postures(&site, "consent.given").last(), Some(&expected));
    assert_eq!(postures(&site, "mail.read").first(), Some(&expected));
}

#[test]
fn where_access_says_nothing_or_nonsense_records_say_nothing_and_nobody_is_kept_out() {
    for claims in [json!({}), json!({ "country": "Germany", "amr": ["two words", ""], "acr": "" })] {
        let site = Site::new(Profile::Full);
        site.assert_also(claims);
        site.grant(&ALEX, &site.register(), &every_scope());
        assert!(postures(&site, "consent.given").iter().all(Value::is_null));
    }
}
