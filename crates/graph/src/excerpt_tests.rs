use proptest::prelude::*;
use serde_json::{Value, json};

use super::{PART_MAX, insert_body};

const TEMPLATE: &str = "microsoft://messages/{id}";

fn part(body: &str, offset: u32) -> Value {
    let mut data = json!({});
    insert_body(&mut data, body, TEMPLATE, "AA/=", offset);
    data
}

#[test]
fn a_short_body_is_whole_and_names_nothing_further() {
    assert_eq!(part("Hello\nthere", 0), json!({ "body": "Hello\nthere", "bodyLength": 11 }));
    assert_eq!(part("", 0), json!({ "body": "", "bodyLength": 0 }));
    assert_eq!(part("Hello", 9), json!({ "body": "", "bodyLength": 5 }));
    assert_eq!(part(&"é".repeat(PART_MAX), 0).get("continues"), None);
    assert_eq!(part("Hello", u32::MAX)["body"], "");
}

#[test]
fn a_long_body_names_the_uri_that_goes_on() {
    let data = part(&"é".repeat(PART_MAX + 5), 0);
    assert_eq!(data["body"].as_str().unwrap().chars().count(), PART_MAX);
    assert_eq!(
        data["continues"],
        "The body goes on after 20000 of 20005 characters: read `microsoft://messages/AA%2F%3D?offset=20000`."
    );
}

proptest! {
    #[test]
    fn the_parts_together_are_the_body(length in 0_usize..70_000, letter in any::<char>()) {
        let body: String = (0..length).map(|at| if at % 7 == 0 { letter } else { 'a' }).collect();
        let (mut whole, mut offset) = (String::new(), 0);
        loop {
            let data = part(&body, offset);
            whole.push_str(data["body"].as_str().unwrap());
            let Some(sentence) = data["continues"].as_str() else { break };
            let uri = sentence.split('`').nth(1).unwrap();
            let (_, arguments) = crate::find_template(uri).unwrap();
            prop_assert_eq!(&arguments["id"], "AA/=");
            offset = u32::try_from(arguments["offset"].as_u64().unwrap()).unwrap();
        }
        prop_assert_eq!(whole, body);
    }
}
