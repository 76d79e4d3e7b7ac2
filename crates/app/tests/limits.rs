//! Limits are exact, and their answers say when to come back.

use m365_types::Profile;
use serde_json::json;

use crate::callers::every_scope;
use crate::harness::{ALEX, Answer, Message, SAM, Site};

/// Calls of one person in a minute.
const CALLS_PER_MINUTE: usize = 600;

fn call(site: &Site, token: &str) -> Answer {
    site.ask(site.saying(Some(token), Message::tool("authenticate", &json!({})), &json!({})))
}

#[test]
fn the_last_call_of_a_minute_is_made_and_the_next_is_told_when_to_come_back() {
    let site = Site::new(Profile::Full);
    let grant = |person| site.grant(person, &site.register(), &every_scope()).access;
    let (token, other_grant, other_person) = (grant(&ALEX), grant(&ALEX), grant(&SAM));
    for number in 0..CALLS_PER_MINUTE {
        let token = if number % 2 == 0 { &token } else { &other_grant };
        assert_eq!(call(&site, token).json()["result"]["isError"], json!(null), "{number}");
    }
    for token in [&token, &other_grant] {
        let refused = call(&site, token);
        let sentence = refused.json()["result"]["content"][0]["text"].as_str().unwrap().to_owned();
        assert!(sentence.contains("the limit `calls-per-minute` is used up. Try again in "), "{sentence}");
        let records = site.records_of(&refused);
        let record = &records[0];
        assert_eq!((records.len(), &record["code"]), (1, &json!("limit.reached")));
        assert_eq!(record["basis"], "calls-per-minute");
    }
    assert_eq!(call(&site, &other_person).json()["result"]["isError"], json!(null));
    site.clock().advance(std::time::Duration::from_mins(1));
    assert_eq!(call(&site, &token).json()["result"]["isError"], json!(null));
}
