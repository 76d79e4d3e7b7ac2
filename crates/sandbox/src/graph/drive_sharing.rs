//! Who can open an item of a drive.
//!
//! Source: Graph, "List who has access to a file": the permissions of an item and, with `inheritedFrom`, those of the folders
//! above it. The owner of a drive sees all of them. In the drive of a site, what the person sees is what they have by the
//! groups of the site. A link that was made is a permission.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::drive::{Drive, id_of};
use super::drive_place::Place;
use super::errors::GraphError;
use super::ids::guid;
use super::message::object;
use super::odata::lookup;
use super::roster::Member;
use super::view::{Page, View};
use crate::people::Person;

/// Somebody's own permission.
pub(super) fn granted(member: &Member, role: &str) -> Value {
    let login = format!("i:0#.f|membership|{}", member.principal().to_lowercase());
    let person =
        |id: &str| json!({"id": id, "displayName": member.name, "email": member.email, "loginName": login});
    let mut user = person(&member.id);
    if let Some(user) = user.as_object_mut() {
        user.remove("loginName");
    }
    json!({"id": guid(&format!("permission/{}/{role}", member.id)), "roles": [role], "shareId": null,
           "grantedToV2": {"user": user, "siteUser": person("11")}, "grantedTo": {"user": user}})
}

/// `GET …/items/{id}/permissions`.
pub(super) fn permissions(call: &Call<'_>) -> Result<Answer, GraphError> {
    let place = Place::of(call)?;
    place.read(call, |drive, id| {
        let item = drive.item(id)?;
        let list =
            if place.is_of_a_site() { of_site(call.person) } else { of_person(drive, item, call.person) };
        let list = Page {
            context: call.context("drive/items/permissions"),
            count: None,
            value: list.iter().map(View::whole).collect(),
            next: None,
        };
        Ok(Answer::json(200, &list))
    })
}

fn of_person(drive: &Drive, item: &Map<String, Value>, owner: &Person) -> Vec<Map<String, Value>> {
    let mut list = vec![object(granted(&Member::of(owner), "owner"))];
    let mut at = Some(item);
    let mut depth = 0;
    while let Some(here) = at {
        for permission in drive.permissions.get(id_of(here)).into_iter().flatten() {
            let mut permission = object(permission.clone());
            if depth > 0 {
                let from = json!({"driveId": drive.id, "id": id_of(here), "path": lookup(here, "parentReference/path")});
                permission.insert("inheritedFrom".to_owned(), from);
            }
            list.push(permission);
        }
        let parent = lookup(here, "parentReference/id").as_str().unwrap_or_default().to_owned();
        at = drive.items.iter().find(|one| id_of(one) == parent);
        depth += 1;
    }
    list
}

fn of_site(person: &Person) -> Vec<Map<String, Value>> {
    let members = json!({"id": "4", "roles": ["write"], "grantedToV2": {"siteGroup": {"id": "4", "displayName": "Members"}}});
    let own = granted(&Member::of(person), "write");
    vec![object(members), object(own)]
}
