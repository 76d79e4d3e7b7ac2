use m365_types::{Effect, Role, Scope, Standing};
use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::{World, arguments, json_of, ok};

fn made(kind: &str) -> Value {
    json!({
        "id": "123ABC", "roles": ["read"],
        "link": { "type": kind, "scope": "organization", "webUrl": "https://contoso.sharepoint.com/:t:/g/x",
                  "webHtml": "<iframe>" },
    })
}

#[test]
fn a_link_is_for_the_organisation_and_to_see_where_nothing_else_is_said() {
    let world = World::with_json(&made("view"));
    let answer = world.run("createSharingLink", json!({ "id": "01A" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/drive/items/01A/createLink");
    assert_eq!(json_of(request), &json!({ "type": "view", "scope": "organization" }));
    assert_eq!(
        answer.text,
        "Link created: https://contoso.sharepoint.com/:t:/g/x\nEverybody in the organisation who has it can see the item."
    );
    assert_eq!(
        answer.structured,
        json!({ "type": "view", "scope": "organization", "webUrl": "https://contoso.sharepoint.com/:t:/g/x" })
    );
}

#[test]
fn a_link_may_let_people_change_and_end() {
    let mut given = made("edit");
    given["expirationDateTime"] = "2030-01-01T00:00:00Z".into();
    let world = World::answering([ok(&given)]);
    let arguments = json!({ "id": "01A", "siteId": "h,1,2", "type": "edit", "expirationDateTime": "2030-01-01T01:00:00+01:00" });
    let answer = world.run("createSharingLink", arguments).unwrap();
    assert_eq!(
        json_of(&world.requests()[0]),
        &json!({ "type": "edit", "scope": "organization", "expirationDateTime": "2030-01-01T00:00:00Z" })
    );
    assert_eq!(answer.structured["expirationDateTime"], "2030-01-01T00:00:00Z");
    assert!(answer.text.contains("can change the item. It ends 2030-01-01T00:00:00Z."));
}

#[test]
fn it_reaches_others_wherever_the_item_lies() {
    let row = find_tool("createSharingLink").unwrap();
    assert_eq!(row.spec.effect, Effect::Send);
    for (given, target, scope) in [
        (json!({ "id": "01A" }), "me/drive/items/01A", Scope::FilesReadWrite),
        (json!({ "id": "01A", "driveId": "b!1" }), "drives/b!1/items/01A", Scope::FilesReadWriteAll),
    ] {
        let invocation = row.parse(&arguments(given)).unwrap();
        let reach = invocation.reach();
        assert_eq!((reach.target.as_str(), reach.shared), (target, true));
        assert_eq!(invocation.scopes(&row.spec), [scope]);
    }
}

#[test]
fn no_other_kind_of_link_can_be_asked_for() {
    let row = find_tool("createSharingLink").unwrap();
    for kind in ["embed", "anonymous", "View", ""] {
        assert!(row.parse(&arguments(json!({ "id": "01A", "type": kind }))).is_err(), "{kind}");
    }
    let properties = &row.input_schema()["properties"];
    assert!(properties.get("scope").is_none() && properties.get("password").is_none());
}

#[test]
fn an_answer_without_a_link_is_not_taken_for_one() {
    for given in [json!({}), json!({ "link": { "webUrl": "javascript:alert(1)" } })] {
        let error = World::with_json(&given).run("createSharingLink", json!({ "id": "01A" })).unwrap_err();
        assert_eq!((error.code(), error.maybe_done()), ("graph_unreadable", true));
    }
}

fn item() -> Value {
    json!({ "id": "01A", "name": "Budget.xlsx", "size": 512, "eTag": "\"{A},1\"",
            "parentReference": { "path": "/drive/root:/Money" } })
}

#[test]
fn the_effect_of_a_link_is_the_item_and_everybody_of_the_organisation() {
    let look = |item: &Value, given: Value| World::with_json(item).look("createSharingLink", given).unwrap();
    let world = World::with_json(&item());
    let effect = world.look("createSharingLink", json!({ "id": "01A" })).unwrap();
    assert_eq!(world.requests()[0].path, "/me/drive/items/01A");
    let [everybody] = effect.recipients.as_slice() else { panic!("{effect:?}") };
    assert_eq!((everybody.role, everybody.said, effect.shared), (Role::Holder, Standing::Inside, true));
    assert_eq!((effect.files[0].name.as_str(), effect.files[0].size), ("Budget.xlsx", 512));
    assert_eq!((effect.version.as_deref(), effect.folder.as_deref()), (Some("\"{A},1\""), Some("/Money")));
    let facts: Vec<_> = effect.facts.iter().map(|fact| (fact.name.as_str(), fact.value.as_str())).collect();
    assert_eq!(
        facts,
        [
            ("File", "Budget.xlsx"),
            ("Lies in", "/Money"),
            ("Who has the link can", "see it"),
            ("For", "people of the organisation who are signed in"),
            ("Ends", "with no day set"),
        ]
    );
    assert_eq!(effect, look(&item(), json!({ "id": "01A" })));
    let mut newer = item();
    newer["eTag"] = "\"{A},2\"".into();
    for other in [
        look(&newer, json!({ "id": "01A" })),
        look(&item(), json!({ "id": "01A", "type": "edit" })),
        look(&item(), json!({ "id": "01A", "expirationDateTime": "2030-01-01T00:00:00Z" })),
    ] {
        assert_ne!(effect, other);
    }
}

#[test]
fn a_link_to_a_folder_opens_all_that_is_in_it() {
    let mut folder = item();
    folder["folder"] = json!({ "childCount": 3 });
    let effect = World::with_json(&folder).look("createSharingLink", json!({ "id": "01A" })).unwrap();
    assert_eq!(effect.facts[0].name, "Folder with all that is in it");
    assert_eq!(effect.folder.as_deref(), Some("/Money/Budget.xlsx"));
}
