use m365_types::{Recipient, Role, Standing};
use serde_json::{Value, json};

use crate::testing::{OID, World, ok, refused};

fn folder() -> Value {
    json!({ "id": "01F", "name": "Plans", "folder": { "childCount": 1 }, "eTag": "\"{F},1\"",
            "parentReference": { "path": "/drive/root:/Team%20%26%20co" } })
}

/// Whom writing into the person's own folder reaches, where these have permissions.
fn reached(permissions: &[Value]) -> Vec<Recipient> {
    let world = World::answering([ok(&folder()), ok(&json!({ "value": permissions }))]);
    let effect =
        world.look("uploadFile", json!({ "name": "a.txt", "content": "x", "folderId": "01F" })).unwrap();
    assert_eq!(effect.shared, !effect.recipients.is_empty());
    effect.recipients
}

fn user(id: &str, email: &str, login: &str) -> Value {
    json!({ "roles": ["write"], "grantedToV2": {
        "user": { "id": id, "displayName": "X", "email": email },
        "siteUser": { "id": "9", "displayName": "X", "email": email, "loginName": login } } })
}

fn member(email: &str) -> Value {
    user("u", email, &format!("i:0#.f|membership|{email}"))
}

#[test]
fn a_folder_that_nobody_shares_reaches_nobody() {
    let owner = json!({ "roles": ["owner"], "grantedToV2": { "user": { "id": OID, "email": "alex@contoso.example" } } });
    let as_site_user = json!({ "roles": ["owner"], "grantedToV2": {
        "siteUser": { "id": "3", "loginName": "i:0#.f|membership|Alex@contoso.example" } } });
    assert_eq!(reached(&[owner, as_site_user]), []);
}

#[test]
fn whoever_has_a_permission_is_reached() {
    let reached_by = |permission: Value| {
        let reached = reached(&[permission]);
        assert_eq!(reached.len(), 1);
        (reached[0].address.as_ref().map(ToString::to_string), reached[0].role, reached[0].said)
    };
    let at = |address: &str| Some(address.to_owned());
    for (permission, address, role, said) in [
        (member("megan@contoso.example"), at("megan@contoso.example"), Role::Member, Standing::Inside),
        (
            user(
                "g",
                "guus@fabrikam.example",
                "i:0#.f|membership|guus_fabrikam.example#ext#@contoso.example",
            ),
            at("guus@fabrikam.example"),
            Role::Member,
            Standing::Outside,
        ),
        (
            // An address of ours in the profile of somebody who is not.
            user("g", "ceo@contoso.example", "i:0#.f|membership|ceo_evil.example#ext#@contoso.example"),
            at("ceo@contoso.example"),
            Role::Member,
            Standing::Outside,
        ),
        (
            user("", "eve@x.example", "i:0#.f|membership|urn%3aspo%3aguest#eve@x.example urn:spo:guest"),
            at("eve@x.example"),
            Role::Member,
            Standing::Outside,
        ),
        (json!({ "grantedTo": { "user": { "id": "u" } } }), None, Role::Member, Standing::Unknown),
        (
            json!({ "grantedToV2": { "siteGroup": { "id": "5", "displayName": "Members" } } }),
            None,
            Role::Member,
            Standing::Unknown,
        ),
        (json!({ "grantedToV2": { "group": { "id": "5" } } }), None, Role::Member, Standing::Unknown),
        (
            json!({ "grantedToV2": { "application": { "displayName": "Bot" } } }),
            None,
            Role::Member,
            Standing::Unknown,
        ),
        (json!({ "link": { "scope": "anonymous", "type": "view" } }), None, Role::Holder, Standing::Outside),
        (json!({ "link": { "scope": "organization" } }), None, Role::Holder, Standing::Inside),
        (json!({ "link": { "type": "edit" } }), None, Role::Holder, Standing::Unknown),
        (json!({ "link": { "scope": "users" } }), None, Role::Holder, Standing::Unknown),
        (json!({ "link": { "scope": "something new" } }), None, Role::Holder, Standing::Unknown),
        (
            json!({ "invitation": { "email": "fay@x.example" } }),
            at("fay@x.example"),
            Role::Member,
            Standing::Unknown,
        ),
        (json!({}), None, Role::Member, Standing::Unknown),
        (json!({ "grantedToV2": {} }), None, Role::Member, Standing::Unknown),
    ] {
        assert_eq!(reached_by(permission.clone()), (address, role, said), "{permission}");
    }
}

#[test]
fn each_of_a_link_for_named_people_is_reached_once_in_any_order() {
    let identity = |email: &str| json!({ "user": { "id": email, "email": email } });
    let link =
        |identities: Value| json!({ "link": { "scope": "users" }, "grantedToIdentitiesV2": identities });
    let (a, b) = (identity("a@contoso.example"), identity("b@x.example"));
    let one = reached(&[link(json!([a, b, identity(OID)])), member("a@contoso.example")]);
    assert_eq!(one.len(), 2);
    assert_eq!(one.iter().map(|one| one.said).collect::<Vec<_>>(), [Standing::Inside, Standing::Inside]);
    let other = reached(&[member("a@contoso.example"), link(json!([b, a]))]);
    let addresses = |all: &[Recipient]| all.iter().map(|one| one.address.clone()).collect::<Vec<_>>();
    assert_eq!(addresses(&one), addresses(&other));
    assert_eq!(reached(&[json!({ "link": { "scope": "existingAccess" } })]), []);
}

#[test]
fn a_list_of_permissions_that_is_not_all_may_have_anybody() {
    let given = || json!({ "name": "a.txt", "content": "x" });
    let page = json!({ "value": [], "@odata.nextLink": "https://evil.example/next" });
    for answer in [ok(&page), refused(403, None, None)] {
        let effect = World::answering([ok(&folder()), answer]).look("uploadFile", given()).unwrap();
        assert!(effect.shared);
        assert_eq!(effect.recipients[0].said, Standing::Unknown);
    }
    assert!(World::answering([ok(&folder()), refused(500, None, None)]).look("uploadFile", given()).is_err());
    // Elsewhere nobody sees every permission.
    let world = World::answering([ok(&folder()), ok(&json!({ "value": [member("megan@contoso.example")] }))]);
    let effect =
        world.look("uploadFile", json!({ "name": "a.txt", "content": "x", "siteId": "h,1,2" })).unwrap();
    let said: Vec<_> = effect.recipients.iter().map(|one| one.said).collect();
    assert_eq!((effect.shared, said), (true, vec![Standing::Inside, Standing::Unknown]));
}
