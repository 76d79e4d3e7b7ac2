use serde_json::{Value, json};

use crate::testing::{World, arguments};
use crate::{Reference, catalog, find_completion, prompts};

fn values(row: &str, given: Value, items: &Value) -> Value {
    let world = World::with_json(&json!({ "value": items }));
    let answer = world.run(row, given).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&answer.text).unwrap(), answer.structured);
    answer.structured["values"].clone()
}

fn query(row: &str, given: Value) -> (String, Vec<(&'static str, String)>) {
    let world = World::with_json(&json!({ "value": [] }));
    world.run(row, given).unwrap();
    let request = world.requests().remove(0);
    (request.path, request.query)
}

#[test]
fn each_list_is_asked_for_with_the_options_it_takes() {
    let select = |names: &str| ("$select", names.to_owned());
    let top = || ("$top", "100".to_owned());
    assert_eq!(
        query("completion://folders", json!({})),
        ("/me/mailFolders".into(), vec![top(), select("id,displayName")])
    );
    assert_eq!(query("completion://teams", json!({})), ("/me/joinedTeams".into(), vec![]));
    assert_eq!(
        query("completion://channels", json!({ "team": "Sales (EMEA) (team-1)" })),
        ("/teams/team-1/channels".into(), vec![select("id,displayName")])
    );
    for row in ["completion://people", "completion://person-ids"] {
        assert_eq!(
            query(row, json!({ "value": "me" })),
            ("/me/people".into(), vec![top(), select("id,displayName,scoredEmailAddresses")])
        );
    }
}

#[test]
fn folders_have_their_well_known_name_or_their_id() {
    let items = json!([
        { "id": "AAMk1=", "displayName": "Inbox" }, { "id": "AAMk2=", "displayName": "Projects" },
        { "id": "AAMk3=", "displayName": "Posteingang" }, { "id": "AAMk4=", "displayName": "Sent Items" },
        { "id": "", "displayName": "Lost" }, { "id": "AAMk5=", "displayName": null },
    ]);
    assert_eq!(
        values("completion://folders", json!({}), &items),
        json!(["inbox", "Projects (AAMk2=)", "Posteingang (AAMk3=)", "sentitems", "AAMk5="])
    );
    for typed in ["sent I", "SENTI", "tem"] {
        assert_eq!(
            values("completion://folders", json!({ "value": typed }), &items),
            json!(["sentitems"]),
            "{typed}"
        );
    }
}

#[test]
fn what_begins_with_it_comes_before_what_holds_it() {
    let items = json!([
        { "id": "t1", "displayName": "North Sales" }, { "id": "t2", "displayName": "sales" },
        { "id": "t3", "displayName": "Saleswomen" }, { "id": "t4", "displayName": "Finance" },
    ]);
    assert_eq!(
        values("completion://teams", json!({ "value": " SALES " }), &items),
        json!(["sales (t2)", "Saleswomen (t3)", "North Sales (t1)"])
    );
    assert_eq!(
        values("completion://teams", json!({ "value": "Finance (t4)" }), &items),
        json!(["Finance (t4)"])
    );
    assert_eq!(values("completion://teams", json!({ "value": "nothing" }), &items), json!([]));
}

#[test]
fn people_have_an_address_and_are_found_by_it() {
    let items = json!([
        { "id": "p1", "displayName": "Megan\u{202e} Bowen", "scoredEmailAddresses": [{ "address": null }, { "address": "megan@contoso.example" }] },
        { "id": "p2", "displayName": "Nobody", "scoredEmailAddresses": [] },
        { "id": "p3", "displayName": null, "scoredEmailAddresses": [{ "address": "lee@contoso.example" }] },
    ]);
    assert_eq!(
        values("completion://people", json!({}), &items),
        json!(["Megan Bowen <megan@contoso.example>", "Nobody", "lee@contoso.example"])
    );
    assert_eq!(
        values("completion://people", json!({ "value": "megan@" }), &items),
        json!(["Megan Bowen <megan@contoso.example>"])
    );
    assert_eq!(values("completion://person-ids", json!({ "value": "megan" }), &items), json!(["p1"]));
}

#[test]
fn a_long_name_is_shortened_and_an_identifier_never() {
    let channel = format!("19:{}@thread.tacv2", "a".repeat(40));
    let items = json!([{ "id": channel, "displayName": "General".repeat(30) }]);
    let value =
        values("completion://channels", json!({ "team": "t" }), &items)[0].as_str().unwrap().to_owned();
    assert!(value.starts_with("General") && value.ends_with(&format!("… ({channel})")), "{value}");
    assert_eq!(value.chars().count(), 100);
    let folder = "A".repeat(152);
    let items = json!([{ "id": folder, "displayName": "Projects of the northern region" }]);
    let value = values("completion://folders", json!({}), &items)[0].as_str().unwrap().to_owned();
    assert_eq!(value, format!("Projects of the nor… ({folder})"));
    let items = json!([{ "id": "A".repeat(400), "displayName": "x" }]);
    assert_eq!(values("completion://folders", json!({}), &items), json!([]), "no prompt would take it");
}

#[test]
fn a_hundred_values_are_the_most() {
    let items: Vec<Value> =
        (0..130).map(|at| json!({ "id": format!("t{at}"), "displayName": "Team" })).collect();
    let world = World::with_json(&json!({ "value": items }));
    let answer = world.run("completion://teams", json!({ "value": "team" })).unwrap().structured;
    assert_eq!(answer["values"].as_array().unwrap().len(), 100);
    assert_eq!((&answer["total"], &answer["hasMore"]), (&json!(130), &json!(true)));
    let next = "https://graph.microsoft.com/v1.0/me/people?$skip=100";
    let world = World::with_json(&json!({ "value": [], "@odata.nextLink": next }));
    let answer = world.run("completion://people", json!({})).unwrap().structured;
    assert_eq!(answer, json!({ "values": [], "total": 0, "hasMore": true }));
}

#[test]
fn a_team_is_an_id_or_a_name_with_one() {
    let row = find_completion(Reference::Prompt("postUpdate"), "channel").unwrap();
    let reach = |team: &str| {
        row.parse(&arguments(json!({ "team": team, "value": "" }))).map(|call| call.reach().target).ok()
    };
    for team in ["t-1", "Sales (t-1)", "Sales (EMEA) (t-1)", " (t-1)"] {
        assert_eq!(reach(team).as_deref(), Some("teams/t-1"), "{team}");
    }
    for team in ["", "Sales", "Sales (..)", "Sales ()", "Sales (a b)", "Sales(t-1)", "(t-1)", "a/../b"] {
        let expected = (team == "Sales").then_some("teams/Sales");
        assert_eq!(reach(team).as_deref(), expected, "{team}");
    }
}

#[test]
fn every_argument_that_names_a_completion_finds_it_and_no_other_does() {
    for prompt in prompts() {
        for argument in prompt.arguments {
            let found = find_completion(Reference::Prompt(prompt.name), argument.name);
            assert_eq!(found.map(|action| action.spec.name), argument.completion);
            for param in found.into_iter().flat_map(|action| action.params) {
                let given = prompt.arguments.iter().any(|other| other.name == param.name());
                assert!(param.name() == "value" || given, "{} lacks {}", prompt.name, param.name());
            }
        }
    }
    let people = find_completion(Reference::Template("microsoft://people/{id}"), "id").unwrap();
    assert_eq!(people.spec.name, "completion://person-ids");
    for (reference, argument) in [
        (Reference::Template("microsoft://people/{id}"), "name"),
        (Reference::Template("microsoft://messages/{id}"), "id"),
        (Reference::Template("summarizeUnread"), "folder"),
        (Reference::Prompt("summarizeUnread"), "team"),
        (Reference::Prompt("unknown"), "folder"),
        (Reference::Prompt("microsoft://people/{id}"), "id"),
    ] {
        assert!(find_completion(reference, argument).is_none(), "{reference:?} {argument}");
    }
}

#[test]
fn no_completion_stands_in_the_table_for_nothing() {
    for action in catalog().filter(|action| action.spec.name.starts_with("completion://")) {
        let name = action.spec.name;
        let of_prompt =
            prompts().iter().flat_map(|prompt| prompt.arguments).any(|one| one.completion == Some(name));
        assert!(of_prompt || name == "completion://person-ids", "{name}");
    }
}
