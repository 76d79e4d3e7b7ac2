use proptest::prelude::*;
use serde_json::{Value, json};

use super::uri;
use crate::{catalog, find_template};

fn found(uri: &str) -> Option<(&'static str, Value)> {
    find_template(uri).map(|(action, arguments)| (action.spec.name, Value::Object(arguments)))
}

#[test]
fn a_uri_is_found_with_its_identifier() {
    for (uri, name, arguments) in [
        ("microsoft://messages/AAMk=", "microsoft://messages/{id}", json!({ "id": "AAMk=" })),
        ("microsoft://messages/AAMk%2F%2B%3D", "microsoft://messages/{id}", json!({ "id": "AAMk/+=" })),
        (
            "microsoft://events/E1?offset=20000",
            "microsoft://events/{id}",
            json!({ "id": "E1", "offset": 20000 }),
        ),
        ("microsoft://files/B12!34", "microsoft://files/{id}", json!({ "id": "B12!34" })),
        ("microsoft://people/%2525", "microsoft://people/{id}", json!({ "id": "%25" })),
        ("microsoft://messages/..%2F..%2Fusers", "microsoft://messages/{id}", json!({ "id": "../../users" })),
        ("microsoft://messages/a?offset=0", "microsoft://messages/{id}", json!({ "id": "a", "offset": 0 })),
    ] {
        assert_eq!(found(uri), Some((name, arguments)), "{uri}");
    }
}

#[test]
fn anything_else_is_no_such_uri() {
    for uri in [
        "",
        "microsoft://messages",
        "microsoft://messages/",
        "microsoft://messages//a",
        "microsoft://messages/a/",
        "microsoft://messages/a/b",
        "microsoft://messages/../profile",
        "microsoft://messages/.",
        "microsoft://messages/%2e%2E",
        "microsoft://messages/{id}",
        "microsoft://messages/a#b",
        "microsoft://messages/a%",
        "microsoft://messages/a%0",
        "microsoft://messages/a%0A",
        "microsoft://messages/%ff",
        "microsoft://messages/a b",
        "microsoft://messages/a\0",
        "microsoft://messages/ü",
        "microsoft://messages/a?",
        "microsoft://messages/a?offset",
        "microsoft://messages/a?offset=",
        "microsoft://messages/a?offset=-1",
        "microsoft://messages/a?offset=+1",
        "microsoft://messages/a?offset=1e3",
        "microsoft://messages/a?offset=1&x=2",
        "microsoft://messages/a?offset=1?offset=2",
        "microsoft://messages/a?offset=1234567890",
        "microsoft://messages/a?$select=body",
        "microsoft://files/a?offset=1",
        "microsoft://people/a?offset=1",
        "Microsoft://messages/a",
        "microsoft://profile",
        "microsoft://profile/a",
        "completion://folders",
        "https://graph.microsoft.com/v1.0/me/messages/a",
    ] {
        assert_eq!(found(uri), None, "{uri}");
    }
    assert_eq!(found(&format!("microsoft://messages/{}", "a".repeat(1025))), None);
}

#[test]
fn an_identifier_that_could_leave_its_segment_is_refused_with_a_sentence() {
    let (action, arguments) = find_template("microsoft://messages/..%2F..%2Fusers").unwrap();
    let refused = action.parse(&arguments).map(|_| ()).unwrap_err().to_string();
    assert!(refused.starts_with("`id` must be an id as an earlier result gave it"), "{refused}");
}

fn templates() -> impl Strategy<Value = &'static str> {
    let names: Vec<&str> =
        catalog().map(|action| action.spec.name).filter(|name| name.ends_with("{id}")).collect();
    prop::sample::select(names)
}

proptest! {
    #[test]
    fn what_a_template_makes_is_found_again(template in templates(), id in "[!-~é😀 ]{1,60}", offset in 0_u32..999_999_999) {
        prop_assume!(id != "." && id != "..");
        prop_assert_eq!(found(&uri(template, &id, 0)), Some((template, json!({ "id": id }))));
        let takes_offset = template.contains("messages") || template.contains("events");
        let expected = (takes_offset && offset > 0).then(|| (template, json!({ "id": id, "offset": offset })));
        if offset > 0 {
            prop_assert_eq!(found(&uri(template, &id, offset)), expected);
        }
    }

    #[test]
    fn no_uri_makes_it_panic_and_what_is_found_has_one_way_to_be_written(
        template in templates(), rest in "(\\PC|%|/|\\?|[0-9a-fA-F]){0,40}", query in "(\\?offset=[0-9]{0,12})?"
    ) {
        let given = template.replace("{id}", &rest) + &query;
        if let Some((name, arguments)) = found(&given) {
            let offset = arguments["offset"].as_u64().map_or(0, |offset| u32::try_from(offset).unwrap());
            let again = found(&uri(name, arguments["id"].as_str().unwrap(), offset)).unwrap();
            prop_assert_eq!((again.0, &again.1["id"]), (name, &arguments["id"]));
        }
    }
}
