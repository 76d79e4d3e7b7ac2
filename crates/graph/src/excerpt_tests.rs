use proptest::prelude::*;
use serde_json::{Value, json};

use super::{PART_MAX, Part, insert_body};

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

/// The parts of a text, each from where the one before ended.
fn parts(text: &str, bytes: usize) -> Vec<String> {
    let (mut parts, mut begin) = (Vec::new(), 0);
    loop {
        let part = Part::of(text, begin, bytes);
        assert!(part.end > begin || part.length == 0, "a part shows something");
        parts.push(part.text.to_owned());
        if !part.goes_on() {
            return parts;
        }
        begin = part.end;
    }
}

#[test]
fn parts_put_together_are_the_text_however_wide_its_characters() {
    for text in ["", "a", "Grüße, 你好\n\"שלום\"\n👩\u{200d}💻", &"line one\nline two\n".repeat(40)]
    {
        for bytes in [1, 7, 20, 10_000] {
            assert_eq!(parts(text, bytes).concat(), text, "{bytes}");
        }
    }
    assert_eq!(Part::of("abc", 7, 10).text, "", "behind the end");
}

#[test]
fn a_part_ends_with_a_line_where_one_ends_late_in_it() {
    assert_eq!(parts("aaaaaaaaa\nbbbbbbb", 12), ["aaaaaaaaa\n", "bbbbbbb"]);
    assert_eq!(parts("aa\nbbbbbbbbbbbb", 12), ["aa\nbbbbbbbb", "bbbb"], "too early to end there");
}

#[test]
fn a_part_says_where_it_is_and_a_whole_text_does_not() {
    assert_eq!(Part::of("abcdef", 0, 4).words(), " Characters 1 to 4 of 6.");
    assert_eq!(Part::of("abcdef", 4, 4).words(), " Characters 5 to 6 of 6.");
    assert_eq!(Part::of("abcdef", 0, 6).words(), "");
}
