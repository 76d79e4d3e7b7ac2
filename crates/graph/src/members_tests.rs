use m365_types::{Members, ResolvedEffect, Standing};
use serde_json::{Value, json};

use crate::testing::{OID, TENANT, World, ok, refused};

const CHAT: &str = "19:2da4@thread.v2";

/// A member as Graph gives one.
fn member(id: &str, more: Value) -> Value {
    let mut member = json!({
        "@odata.type": "#microsoft.graph.aadUserConversationMember", "id": format!("m-{id}"), "userId": id,
        "displayName": format!("Name {id}"), "email": format!("{id}@contoso.example"), "tenantId": TENANT,
        "roles": ["owner"],
    });
    let Value::Object(more) = more else { panic!("{more} is no object") };
    member.as_object_mut().unwrap().extend(more);
    member
}

fn seen(members: &[Value]) -> ResolvedEffect {
    let world = World::answering([ok(&json!({ "chatType": "group" })), ok(&json!({ "value": members }))])
        .allowed("ChatMessage.Send Chat.ReadBasic");
    world.look("sendChatMessage", json!({ "chatId": CHAT, "message": "x" })).unwrap()
}

fn standing(member: &Value) -> Standing {
    seen(std::slice::from_ref(member)).recipients[0].said
}

#[test]
fn only_an_account_of_the_own_tenant_that_is_no_guest_is_inside() {
    for (more, said) in [
        (json!({}), Standing::Inside),
        (json!({ "tenantId": TENANT.to_uppercase() }), Standing::Inside),
        (json!({ "roles": [] }), Standing::Inside),
        (json!({ "email": null }), Standing::Inside),
        (json!({ "roles": ["guest"] }), Standing::Outside),
        (json!({ "roles": ["Guest"] }), Standing::Outside),
        (json!({ "tenantId": "11111111-0abd-43db-aa7b-16eadd115d34" }), Standing::Outside),
        (json!({ "email": "ana_adatum.example#EXT#@contoso.example" }), Standing::Outside),
        (
            json!({ "@odata.type": "#microsoft.graph.skypeForBusinessUserConversationMember" }),
            Standing::Outside,
        ),
        (
            json!({ "@odata.type": "#microsoft.graph.anonymousGuestConversationMember", "tenantId": null }),
            Standing::Outside,
        ),
        (json!({ "tenantId": null }), Standing::Unknown),
        (json!({ "tenantId": "" }), Standing::Outside),
    ] {
        assert_eq!(standing(&member("u1", more.clone())), said, "{more}");
    }
}

#[test]
fn the_person_is_not_reached_and_the_order_of_an_answer_does_not_matter() {
    let (one, other) = (member("u1", json!({})), member("u2", json!({ "email": null })));
    let own = member(OID, json!({}));
    let effect = seen(&[other.clone(), own.clone(), one.clone()]);
    assert_eq!(effect, seen(&[own, one, other]));
    let names: Vec<_> =
        effect.recipients.iter().map(|one| (one.address.is_some(), one.name.as_deref())).collect();
    // Two people of one name without an address are told apart by their ids.
    assert_eq!(names, [(true, Some("Name u1")), (false, Some("Name u2 (u2)"))]);
}

#[test]
fn somebody_who_joins_leaves_or_is_another_makes_another_effect() {
    let pair = [member("u1", json!({})), member("u2", json!({}))];
    let all = seen(&pair);
    assert_eq!(all, seen(&pair));
    assert_ne!(all, seen(&pair[..1]));
    assert_ne!(all, seen(&[pair[0].clone(), member("u3", json!({}))]));
    assert_ne!(all, seen(&[pair[0].clone(), member("u2", json!({ "roles": ["guest"] }))]));
}

#[test]
fn a_list_that_is_not_all_may_have_anybody_in_what_follows() {
    // A link that leads elsewhere is not followed.
    let page = json!({ "value": [member("u1", json!({}))], "@odata.nextLink": "https://evil.example/next" });
    let world = World::answering([ok(&json!({})), ok(&page)]).allowed("Chat.Read");
    let effect = world.look("sendChatMessage", json!({ "chatId": CHAT, "message": "x" })).unwrap();
    let said: Vec<Standing> = effect.recipients.iter().map(|one| one.said).collect();
    assert_eq!(said, [Standing::Inside, Standing::Unknown]);
    // Whoever asks is in the list, so an empty one is none.
    assert_eq!(seen(&[]).recipients[0].said, Standing::Unknown);
    assert_eq!(seen(&[member(OID, json!({}))]).recipients, []);
}

#[test]
fn pages_are_followed() {
    let link =
        format!("https://graph.microsoft.com/v1.0/chats/{}/members?$skiptoken=x", "19%3A2da4%40thread.v2");
    let world = World::answering([
        ok(&json!({})),
        ok(&json!({ "value": [member("u1", json!({}))], "@odata.nextLink": link })),
        ok(&json!({ "value": [member("u2", json!({ "roles": ["guest"] }))] })),
    ])
    .allowed("Chat.Read");
    let effect = world.look("sendChatMessage", json!({ "chatId": CHAT, "message": "x" })).unwrap();
    assert_eq!(effect.recipients.len(), 2);
    assert_eq!(effect.recipients[1].said, Standing::Outside);
}

/// Members of a group, through a plan.
fn of_group(members: &[Value]) -> (Standing, Option<Members>) {
    let world = World::answering([
        ok(&json!({ "id": "t", "planId": "p", "@odata.etag": "W/\"1\"" })),
        ok(&json!({ "title": "Launch", "container": { "containerId": "g", "type": "group" } })),
        ok(&json!({ "value": members })),
    ])
    .allowed("Tasks.ReadWrite GroupMember.ReadBasic.All");
    let effect = world.look("updatePlannerTask", json!({ "id": "t", "percentComplete": 100 })).unwrap();
    (effect.recipients[0].said, effect.recipients[0].members)
}

#[test]
fn in_a_group_a_guest_is_told_by_type_and_by_name() {
    let user = |id: &str, more: Value| {
        let mut user = json!({
            "@odata.type": "#microsoft.graph.user", "id": id, "displayName": "x",
            "userPrincipalName": format!("{id}@contoso.example"), "userType": "Member",
        });
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        user
    };
    let inside = user("a", json!({ "userType": null }));
    for (more, said, outside) in [
        (json!({}), Standing::Inside, 0),
        (json!({ "userType": "Guest" }), Standing::Outside, 1),
        (json!({ "userPrincipalName": "b_x.example#EXT#@contoso.example" }), Standing::Outside, 1),
        (json!({ "userPrincipalName": null }), Standing::Unknown, 0),
        (json!({ "@odata.type": "#microsoft.graph.group", "userPrincipalName": null }), Standing::Unknown, 0),
    ] {
        let found = of_group(&[inside.clone(), user("b", more.clone())]);
        assert_eq!(found, (said, Some(Members { total: 2, outside })), "{more}");
    }
}

#[test]
fn who_may_not_be_seen_may_be_anybody_and_other_failures_end_the_look() {
    let look = |answer| {
        let world = World::answering([ok(&json!({})), answer]).allowed("Chat.Read");
        world.look("sendChatMessage", json!({ "chatId": CHAT, "message": "x" }))
    };
    assert_eq!(look(refused(403, None, None)).unwrap().recipients[0].said, Standing::Unknown);
    assert!(look(refused(404, None, None)).unwrap_err().is_not_found());
    assert!(look(refused(500, None, None)).is_err());
}
