//! Lists of tools that go on: a cursor is good for its person and tool, for an hour, and remembers the call it continues.

use std::time::Duration;

use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Answer, Destination, Message, SAM, Site, succeeded};
use crate::tool_rows::actions;

const TICK: Duration = Duration::from_millis(1);
const ALMOST_LASTS: Duration = Duration::from_millis(60 * 60 * 1000 - 1);

/// A server whose people have grants, and whose Graph has more than one page of everything.
struct Scene {
    site: Site,
    token: String,
    of_other_grant: String,
    of_other_person: String,
}

impl Scene {
    fn new() -> Self {
        let site = Site::new(Profile::Full);
        let grant = |person| site.grant(person, &site.register(), &every_scope()).access;
        let (token, of_other_grant, of_other_person) = (grant(&ALEX), grant(&ALEX), grant(&SAM));
        Self { site, token, of_other_grant, of_other_person }
    }

    /// From now on the list at this path has items and goes on.
    fn goes_on(&self, path: &str) {
        let items: Vec<Value> = (0..3).map(|number| json!({ "id": format!("item-{number}") })).collect();
        let link = format!("https://graph.microsoft.com/v1.0{path}?$skip=3");
        self.site
            .network()
            .graph_answers(200, &json!({ "value": items, "@odata.nextLink": link }).to_string());
    }

    fn call(&self, token: &str, tool: &str, arguments: &Value) -> Answer {
        self.site.ask(self.site.saying(Some(token), Message::tool(tool, arguments), &json!({})))
    }

    /// The cursor of the first page of these messages.
    fn cursor(&self, arguments: &Value) -> String {
        self.goes_on("/me/mailFolders/archive/messages");
        next(&self.call(&self.token, "getEmails", arguments))
    }

    /// The query of the only request that reached Graph since the last time of asking, and its path.
    fn sent(&self) -> (String, String) {
        let sent = self.site.network().take(Destination::Graph);
        assert_eq!(sent.len(), 1, "{sent:?}");
        let query = sent[0].uri().query().unwrap_or_default().to_owned();
        (crate::harness::graph_path(&sent[0]), query)
    }

    fn refuses(&self, token: &str, tool: &str, cursor: &str, about: &str) {
        self.site.network().take(Destination::Graph);
        let answer = self.call(token, tool, &json!({ "cursor": cursor }));
        let result = &answer.json()["result"];
        assert_eq!(result["isError"], true, "{about}: {}", answer.text());
        let sentence = result["content"][0]["text"].as_str().unwrap();
        assert!(sentence.contains("`cursor`") && !sentence.contains(cursor), "{about}: {sentence}");
        let records = self.site.records_of(&answer);
        assert_eq!((records.len(), &records[0]["code"]), (1, &json!("argument.cursor")), "{about}");
        assert!(self.site.network().take(Destination::Graph).is_empty(), "{about}");
    }
}

fn archive() -> Value {
    json!({ "folder": "archive", "count": 2 })
}

/// The cursor of an answer, which stands in its data and in its text.
fn next(answer: &Answer) -> String {
    let result = &answer.json()["result"];
    let cursor = result["structuredContent"]["nextCursor"].as_str();
    let cursor = cursor.unwrap_or_else(|| panic!("no cursor: {}", answer.text()));
    assert_eq!(result["structuredContent"]["more"], true);
    assert!(result["content"][0]["text"].as_str().unwrap().ends_with(cursor), "{}", answer.text());
    cursor.to_owned()
}

#[test]
fn every_list_that_goes_on_gives_a_cursor_and_one_that_ends_gives_none() {
    for (action, row) in actions().filter(|(action, _)| action.is_paged()) {
        // A long text goes on too, and says so in its own tests.
        let Some(list) = row.list() else { continue };
        let scene = Scene::new();
        scene.goes_on(list.path);
        let answer = scene.call(&scene.token, row.name, &row.arguments());
        next(&answer);
        assert!(action.output_schema()["properties"]["nextCursor"].is_object());
        scene.site.network().graph_answers(200, r#"{"value":[{"id":"item-1"}]}"#);
        let ended = scene.call(&scene.token, row.name, &row.arguments()).json()["result"].clone();
        assert_eq!(ended["structuredContent"]["more"], false, "{}: {ended}", row.name);
        assert!(ended["structuredContent"].get("nextCursor").is_none(), "{}: {ended}", row.name);
        assert!(!ended["content"][0]["text"].as_str().unwrap().contains("cursor"), "{}: {ended}", row.name);
    }
}

#[test]
fn a_cursor_remembers_its_call_and_ignores_what_stands_beside_it() {
    let scene = Scene::new();
    let cursor = scene.cursor(&archive());
    let (path, first) = scene.sent();
    assert_eq!(path, "/me/mailFolders/archive/messages");
    assert!(first.contains("top=2") && !first.contains("skip"), "{first}");
    let beside = json!({ "cursor": cursor, "folder": "drafts", "count": 50, "other": 1 });
    let answer = scene.call(&scene.token, "getEmails", &beside);
    let (path, query) = scene.sent();
    assert_eq!(path, "/me/mailFolders/archive/messages");
    // Two of the three items of the first page were shown: the rest of it comes next.
    assert!(query.contains("top=2"), "{query}");
    let ids: Vec<Value> = answer.json()["result"]["structuredContent"]["messages"]
        .as_array()
        .unwrap()
        .iter()
        .map(|message| message["id"].clone())
        .collect();
    assert_eq!(ids[0], "item-2", "{}", answer.text());
    let records = scene.site.records_of(&answer);
    assert_eq!(records.len(), 2, "a continued list is recorded like its beginning: {records:?}");
    assert_ne!(next(&answer), cursor);
}

#[test]
fn a_cursor_may_be_used_twice_and_under_another_grant_of_its_person() {
    let scene = Scene::new();
    let cursor = json!({ "cursor": scene.cursor(&archive()) });
    for token in [&scene.token, &scene.token, &scene.of_other_grant] {
        let answer = scene.call(token, "getEmails", &cursor);
        assert!(succeeded(&answer.json()), "{}", answer.text());
    }
}

#[test]
fn a_cursor_gives_no_scope() {
    let scene = Scene::new();
    let cursor = json!({ "cursor": scene.cursor(&archive()) });
    let narrow = scene.site.grant(&ALEX, &scene.site.register(), "User.Read").access;
    scene.site.network().take(Destination::Graph);
    assert_eq!(scene.call(&narrow, "getEmails", &cursor).status, 403);
    assert!(scene.site.network().take(Destination::Graph).is_empty());
}

#[test]
fn a_cursor_of_another_person_or_tool_is_refused() {
    let scene = Scene::new();
    let cursor = scene.cursor(&archive());
    scene.refuses(&scene.of_other_person, "getEmails", &cursor, "another person");
    for tool in ["searchEmails", "getCalendarEvents", "getContacts"] {
        scene.refuses(&scene.token, tool, &cursor, tool);
    }
}

#[test]
fn a_cursor_lasts_an_hour_and_not_longer() {
    let scene = Scene::new();
    let client = scene.site.register();
    let tokens = scene.site.grant(&ALEX, &client, &every_scope());
    let cursor = scene.cursor(&archive());
    scene.site.clock().advance(ALMOST_LASTS);
    let fresh =
        scene.site.refresh(&client, &tokens.refresh).json()["access_token"].as_str().unwrap().to_owned();
    let answer = scene.call(&fresh, "getEmails", &json!({ "cursor": cursor }));
    assert!(succeeded(&answer.json()), "{}", answer.text());
    let continued = next(&answer);
    scene.site.clock().advance(TICK);
    scene.refuses(&fresh, "getEmails", &cursor, "after an hour");
    let later = scene.call(&fresh, "getEmails", &json!({ "cursor": continued }));
    assert!(succeeded(&later.json()), "each page gives a cursor of its own: {}", later.text());
}

#[test]
fn a_cursor_that_was_changed_or_made_up_is_refused_and_says_nothing_to_whoever_sees_it() {
    let scene = Scene::new();
    let cursor = scene.cursor(&archive());
    assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
    let half = &cursor[..cursor.len() / 2];
    let session = scene.site.initialize(&scene.token, &json!({})).unwrap();
    let long = "A".repeat(100_000);
    for none in ["none", half, &format!("{half}{half}"), &session, &long] {
        scene.refuses(&scene.token, "getEmails", none, none);
    }
}

#[test]
fn a_cursor_carries_nothing_but_what_the_tool_takes() {
    let scene = Scene::new();
    let plain = scene.cursor(&archive());
    let mut more = archive();
    more["other"] = "x".repeat(100_000).into();
    let carrying = scene.cursor(&more);
    assert_eq!(carrying.len(), plain.len());
    let answer = scene.call(&scene.token, "getEmails", &json!({ "cursor": carrying }));
    assert!(succeeded(&answer.json()), "{}", answer.text());
}

#[test]
fn no_cursor_and_an_empty_one_are_told_apart() {
    let scene = Scene::new();
    scene.goes_on("/me/mailFolders/inbox/messages");
    let answer = scene.call(&scene.token, "getEmails", &json!({ "cursor": null }));
    next(&answer);
}
