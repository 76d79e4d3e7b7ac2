use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::find_tool;
use crate::testing::arguments;

fn mention(name: &str, user: &str) -> Mention {
    Mention { name: name.to_owned(), user: user.to_owned() }
}

fn html(message: &str, names: &[&str]) -> Option<String> {
    placed(message, &names.iter().map(|name| mention(name, "u")).collect::<Vec<_>>())
}

fn refusal(message: &str, mentions: &Value) -> String {
    let given = json!({ "chatId": "19:1@thread.v2", "message": message, "mentions": mentions });
    match find_tool("sendChatMessage").unwrap().parse(&arguments(given)) {
        Ok(_) => "accepted".to_owned(),
        Err(errors) => errors.to_string(),
    }
}

#[test]
fn a_mention_takes_the_place_of_its_name_and_the_rest_stays_text() {
    for (message, names, sent) in [
        ("Hi @Megan Bowen!", &["Megan Bowen"][..], "Hi <at id=\"0\">Megan Bowen</at>!"),
        ("@Jo and @Joni", &["Jo", "Joni"], "<at id=\"0\">Jo</at> and <at id=\"1\">Joni</at>"),
        ("@Joni and @Jo", &["Jo", "Joni"], "<at id=\"1\">Joni</at> and <at id=\"0\">Jo</at>"),
        ("@Al <b> @Al", &["Al", "Al"], "<at id=\"0\">Al</at> &lt;b&gt; <at id=\"1\">Al</at>"),
        ("a@b @Al", &["Al"], "a@b <at id=\"0\">Al</at>"),
        ("@O'Neil\nhi", &["O'Neil"], "<at id=\"0\">O&#39;Neil</at><br>hi"),
        ("@Zoë Ångström, bye", &["Zoë Ångström"], "<at id=\"0\">Zoë Ångström</at>, bye"),
        ("plain @nobody", &[], "plain @nobody"),
    ] {
        assert_eq!(html(message, names).as_deref(), Some(sent), "{message}");
    }
}

#[test]
fn a_mention_that_has_no_place_is_none() {
    for (message, names) in [
        ("Hi Megan Bowen", &["Megan Bowen"][..]),
        ("Hi @Megan Bowens", &["Megan Bowen"]),
        ("Hi @Megan", &["Megan", "Megan"]),
        ("Hi @megan", &["Megan"]),
        ("", &["x"]),
    ] {
        assert_eq!(html(message, names), None, "{message}");
    }
}

#[test]
fn mentions_are_names_with_ids_and_stand_in_the_message() {
    let one = |name: &str, id: &str| json!([{ "name": name, "userId": id }]);
    assert_eq!(refusal("Hi @Al", &one("Al", "ef1c916a-3135-4417-ba27-8eb7bd084193")), "accepted");
    assert_eq!(refusal("Hi @Al", &json!(null)), "accepted");
    assert_eq!(
        refusal("Hi", &one("Al", "u")),
        "`mentions` must each stand in `message` as `@` and the `name`."
    );
    let list = "`mentions` must be a list of at most 20 objects, each with `name` and `userId`; given: ";
    for (bad, given) in [
        (json!("Al"), "something else, or more."),
        (json!(vec![json!({ "name": "Al", "userId": "u" }); 21]), "something else, or more."),
        (json!(["Al"]), "something else as entry 1."),
        (one("", "u"), "something else as entry 1."),
        (one(" ", "u"), "something else as entry 1."),
        (one("A\nl", "u"), "something else as entry 1."),
        (one("Al", "../me"), "something else as entry 1."),
        (json!([{ "name": "Al" }]), "something else as entry 1."),
    ] {
        assert_eq!(refusal("Hi @Al", &bad), format!("{list}{given}"));
    }
}

#[test]
fn a_message_that_grows_too_large_as_html_is_refused() {
    assert_eq!(refusal(&"<".repeat(7000), &json!(null)), "accepted");
    assert_eq!(
        refusal(&"<".repeat(7001), &json!(null)),
        "`message` is longer than the 28 kB that Teams takes; split it."
    );
}

proptest! {
    #[test]
    fn only_mentions_and_line_breaks_are_markup(message in "(\\PC|[<>&\"'@\n]|@Al){0,40}") {
        let sent = placed(&message, &[]).unwrap();
        prop_assert_eq!(&sent, &outgoing::escaped(&message));
        if let Some(sent) = html(&message, &["Al"]) {
            let plain = sent.replacen("<at id=\"0\">Al</at>", "@Al", 1);
            prop_assert_eq!(plain, outgoing::escaped(&message));
        }
    }
}
