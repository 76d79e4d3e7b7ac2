use m365_types::Scope;
use serde_json::{Value, json};

use super::{ENTITIES, FURTHER, dealt, grouped};
use crate::find_tool;
use crate::testing::{World, arguments, json_of, ok};

/// An answer with hits of these names.
fn found(names: &[&str], more: bool) -> Value {
    let hits: Vec<Value> = names
        .iter()
        .map(|name| {
            json!({ "hitId": format!("id-{name}"), "rank": 1, "resource": { "@odata.type": "#microsoft.graph.message", "subject": name } })
        })
        .collect();
    json!({ "value": [{ "hitsContainers": [{ "hits": hits, "total": 99, "moreResultsAvailable": more }] }] })
}

fn names(structured: &Value) -> Vec<&str> {
    structured["hits"].as_array().unwrap().iter().map(|hit| hit["name"].as_str().unwrap()).collect()
}

#[test]
fn without_kinds_what_is_permitted_already_is_searched() {
    // The account of the fakes has Mail.Read and nothing else that is searched.
    let world = World::with_json(&found(&["a"], false));
    let answer = world.run("searchM365", json!({ "query": "subject:\"x\" OR {\"a\":1}" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/search/query");
    assert_eq!(
        json_of(request),
        &json!({ "requests": [{
            "entityTypes": ["message"], "query": { "queryString": "subject:\"x\" OR {\"a\":1}" }, "from": 0, "size": 10,
        }] })
    );
    assert_eq!(names(&answer.structured), ["a"]);
    let head = "1 result in message. Not searched without further permissions: event, chatMessage, driveItem, listItem, \
                list, site; name them in `types`. Times are UTC, because the mailbox's own zone is not known.";
    assert!(answer.text.starts_with(head), "{}", answer.text);
    let named =
        World::with_json(&found(&[], false)).run("searchM365", json!({ "query": "x", "types": ["message"] }));
    assert_eq!(named.unwrap().text, "Nothing found in message.");
}

#[test]
fn kinds_that_do_not_go_together_are_asked_for_in_one_batch_and_dealt_in_turn() {
    let world = World::answering([
        ok(&found(&["m1", "m2"], true)),
        ok(&found(&["e1"], false)),
        ok(&found(&["f1", "f2"], false)),
    ]);
    let types = json!(["site", "driveItem", "event", "message"]);
    let given = json!({ "query": "x", "types": types, "count": 5 });
    let answer = world.run("searchM365", given.clone()).unwrap();
    let asked: Vec<Value> = world.requests().iter().map(|r| json_of(r)["requests"][0].clone()).collect();
    assert_eq!(asked[0]["entityTypes"], json!(["message"]));
    assert_eq!(asked[1]["entityTypes"], json!(["event"]));
    assert_eq!(asked[2]["entityTypes"], json!(["driveItem", "site"]));
    assert!(asked.iter().all(|asked| asked["size"] == 2 && asked["from"] == 0));
    assert_eq!(names(&answer.structured), ["m1", "e1", "f1", "m2", "f2"]);
    let world =
        World::answering([ok(&found(&["m3"], false)), ok(&found(&[], false)), ok(&found(&[], false))]);
    let answer = world.run_from("searchM365", given, answer.next.as_ref()).0.unwrap();
    assert!(world.requests().iter().all(|request| json_of(request)["requests"][0]["from"] == 2));
    assert_eq!((names(&answer.structured), answer.next), (vec!["m3"], None));
}

#[test]
fn each_kind_needs_its_own_permission() {
    let row = find_tool("searchM365").unwrap();
    let scopes = |given: Value| row.parse(&arguments(given)).unwrap().scopes(&row.spec);
    assert_eq!(scopes(json!({ "query": "x" })), [Scope::MailRead]);
    assert_eq!(scopes(json!({ "query": "x", "types": ["driveItem"] })), [Scope::FilesReadAll]);
    assert_eq!(
        scopes(json!({ "query": "x", "types": ["chatMessage", "list", "site"] })),
        [Scope::ChannelMessageReadAll, Scope::ChatRead, Scope::SitesReadAll]
    );
    let declared = |scope: &Scope| row.spec.scopes.contains(scope) || FURTHER.contains(scope);
    assert!(ENTITIES.iter().flat_map(|entity| entity.scopes).all(declared));
}

#[test]
fn one_part_that_fails_fails_the_search() {
    let world = World::answering([ok(&found(&["m"], false)), crate::testing::refused(403, None, None)]);
    let error = world.run("searchM365", json!({ "query": "x", "types": ["message", "event"] })).unwrap_err();
    assert_eq!(error.code(), "graph_permission");
    assert!(error.sentence().contains("Calendars.Read and Mail.Read"), "{error}");
}

#[test]
fn results_end_where_the_service_gives_no_more() {
    let mut position = None;
    let mut calls = 0;
    loop {
        let world = World::with_json(&found(&["m"], true));
        let given = json!({ "query": "x", "count": 25 });
        let answer = world.run_from("searchM365", given, position.as_ref()).0.unwrap();
        calls += 1;
        position = answer.next;
        if position.is_none() {
            break;
        }
    }
    assert_eq!(calls, 40);
}

#[test]
fn kinds_are_known_ones() {
    let row = find_tool("searchM365").unwrap();
    for types in [json!([]), json!(["person"]), json!(["message", 7]), json!("message"), json!(["Message"])] {
        let refused = row.parse(&arguments(json!({ "query": "x", "types": types }))).err().unwrap();
        assert!(refused.to_string().starts_with("`types` must be a list of `message`"), "{refused}");
    }
}

#[test]
fn nothing_is_lost_or_repeated_when_hits_are_dealt_or_kinds_grouped() {
    assert_eq!(dealt(vec![vec![1, 2, 3], vec![], vec![4]]), [1, 4, 2, 3]);
    assert!(dealt::<u8>(Vec::new()).is_empty());
    let all: Vec<_> = ENTITIES.iter().collect();
    assert_eq!(grouped(&all).iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1, 4]);
}
