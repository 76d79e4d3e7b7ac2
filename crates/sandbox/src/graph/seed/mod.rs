//! What a mailbox holds before anybody uses it.
//!
//! Everything is decided by the owner's object id, so a restart gives the same mailbox; only the dates are relative
//! to the estate's clock at the first use. Companies and people are invented, domains end in `.example`. Some messages
//! are hostile on purpose: hidden instructions, broken markup and invisible characters are what a reader must survive.

mod agenda;
mod attached;
mod cast;
mod chats;
mod chores;
mod dice;
pub(super) mod directory;
mod drive;
mod filed;
mod letters;
mod newsletters;
mod papers;
mod rows;
mod strange;
mod support;
mod talk;
mod ugly;

pub(super) use self::chats::chats;
pub(super) use self::chores::plan;
pub(super) use self::drive::library;
pub(super) use self::rows::rows;
pub(super) use self::talk::{presence, staff, threads};

use serde_json::{Map, Value, json};

use self::cast::{Colleague, colleagues};
use self::dice::Dice;
use super::ids::opaque_id;
use super::mailbox::{Content, Item};
use super::message::{Letter, object};
use crate::people::Person;

/// The folder every folder of the simulated mailboxes lies in.
pub(super) const ROOT_FOLDER_ID: &str = "AAMkADRvb3QtZm9sZGVyLW9mLXRoZS1tYWlsYm94AAA=";

const DAY_MS: i64 = 86_400_000;

/// More than a page of folders; the last two are people's own and look like an id and like a well-known name.
const FOLDERS: [(&str, Option<&str>); 13] = [
    ("Inbox", Some("inbox")),
    ("Sent Items", Some("sentitems")),
    ("Drafts", Some("drafts")),
    ("Archive", Some("archive")),
    ("Deleted Items", Some("deleteditems")),
    ("Junk Email", Some("junkemail")),
    ("Newsletters", None),
    ("Northwind launch", None),
    ("Outbox", Some("outbox")),
    ("Conversation History", Some("conversationhistory")),
    ("Travel", None),
    ("Projects (2026)", None),
    ("sentitems", None),
];
const HIDDEN_FOLDER: &str = "Conversation Action Settings";

/// What stands in a seeded file of this name, where somebody wrote it.
pub(super) fn paper(name: &str) -> Option<bytes::Bytes> {
    papers::of(name)
}

/// Where a seeded letter lies.
struct Placed {
    folder: &'static str,
    letter: Letter,
}

/// The mailbox of a person, dated relative to `now_ms`.
pub(super) fn content(person: &Person, now_ms: i64) -> Content {
    let owner = person.oid.as_str();
    let mut dice = Dice::new(owner);
    let mut content = Content::default();
    for (name, well_known) in FOLDERS {
        content.add_folder(owner, name, well_known);
    }
    content.add_hidden_folder(owner, HIDDEN_FOLDER);
    // Whole minutes: nobody's mail arrives at the same millisecond of every day.
    let now_ms = now_ms.div_euclid(60_000) * 60_000;
    let mut placed = letters::all(person, now_ms, &mut dice);
    placed.extend(newsletters::all(person, now_ms, &mut dice));
    placed.extend(strange::all(person, now_ms));
    placed.extend(filed::all(person, now_ms));
    placed.extend(ugly::all(person, now_ms));
    placed.extend(attached::all(person, now_ms));
    if person.shared {
        placed.extend(support::all(person, now_ms));
    }
    for (position, Placed { folder, letter }) in placed.into_iter().enumerate() {
        content.add_message(folder, letter.into_item(owner, &position.to_string()));
    }
    content.events = agenda::events(person, now_ms, &mut dice);
    content.calendars = agenda::calendars(person);
    content.people = colleagues(person).iter().enumerate().map(|(rank, one)| relevant(one, rank)).collect();
    content.contacts = colleagues(person).iter().step_by(4).map(|one| contact(owner, one, now_ms)).collect();
    content.drive = drive::of_person(person, now_ms);
    content.settings = super::settings::at_first();
    content.todo = chores::lists(owner, now_ms);
    content.planner = chores::planner(owner, now_ms);
    content
}

/// The directory entry of a person.
pub(super) fn user(person: &Person) -> Map<String, Value> {
    let mut dice = Dice::new(&person.oid);
    let (given, surname) = person.display_name.split_once(' ').unwrap_or((&person.display_name, ""));
    object(json!({
        "id": person.oid, "displayName": person.display_name, "givenName": given, "surname": surname,
        "mail": person.email, "userPrincipalName": person.email, "mobilePhone": null,
        "businessPhones": [format!("+1 425 555 01{:02}", dice.below(100))],
        "jobTitle": dice.pick(&cast::JOB_TITLES), "department": dice.pick(&cast::DEPARTMENTS),
        "companyName": "Contoso", "officeLocation": format!("{}/{}", 10 + dice.below(20), 1000 + dice.below(2000)),
        "preferredLanguage": "en-US", "userType": if person.guest { "Guest" } else { "Member" },
        "accountEnabled": true, "usageLocation": "DE", "country": "Germany", "city": "Munich",
    }))
}

fn relevant(one: &Colleague, rank: usize) -> Map<String, Value> {
    let internal = one.address.ends_with("contoso.example");
    let rank = i32::try_from(rank).unwrap_or_default();
    // Who is in no directory has no object id.
    let id = if internal { one.id() } else { opaque_id(&one.id()) };
    object(json!({
        "id": id, "displayName": one.name(), "givenName": one.given,
        "surname": one.surname, "birthday": "", "personNotes": "", "isFavorite": rank < 3,
        "jobTitle": one.job_title, "companyName": one.company, "yomiCompany": "", "department": one.department,
        "officeLocation": if internal { json!("12/1110") } else { Value::Null }, "profession": "",
        "userPrincipalName": if internal { json!(one.address) } else { Value::Null },
        "imAddress": format!("sip:{}", one.address),
        "scoredEmailAddresses": [{"address": one.address, "relevanceScore": 20.0 - f64::from(rank) * 1.375,
            "selectionLikelihood": "notSpecified"}],
        "phones": one.phones(), "postalAddresses": [], "websites": [],
        "personType": {"class": "Person", "subclass": if internal { "OrganizationUser" } else { "PersonalContact" }},
    }))
}

fn contact(owner: &str, one: &Colleague, now_ms: i64) -> Item {
    let id = super::ids::ItemId::of(owner, "contact", &one.address);
    let at = super::zones::rfc3339(now_ms - 90 * DAY_MS);
    let fields = object(json!({
        "createdDateTime": at, "lastModifiedDateTime": at, "changeKey": super::ids::change_key(&id.default),
        "categories": [], "parentFolderId": ROOT_FOLDER_ID, "displayName": one.name(), "givenName": one.given,
        "surname": one.surname, "jobTitle": one.job_title, "companyName": one.company, "department": one.department,
        "emailAddresses": [{"name": one.name(), "address": one.address}], "businessPhones": one.business_phones(),
        "mobilePhone": null, "homePhones": [], "imAddresses": [], "fileAs": format!("{}, {}", one.surname, one.given),
    }));
    Item { id, at_ms: now_ms, fields }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::People;

    const NOW: i64 = 1_795_000_000_000;

    #[test]
    fn a_mailbox_is_full_ordered_and_the_same_after_a_restart() {
        let alex = People::at_first_start().find("alex@contoso.example").unwrap();
        let (one, again) = (content(&alex, NOW), content(&alex, NOW));
        assert!((270..=360).contains(&one.messages.len()), "{}", one.messages.len());
        assert!((50..=70).contains(&one.people.len()), "{}", one.people.len());
        assert!(one.messages.iter().map(Item::shown).eq(again.messages.iter().map(Item::shown)));
        assert_eq!(one.drive.items, again.drive.items);
        let times: Vec<i64> = one.newest_first.iter().map(|at| one.messages[*at].at_ms).collect();
        assert!(times.is_sorted_by(|a, b| a >= b));
        assert!(times[0] <= NOW && *times.last().unwrap() >= NOW - 125 * DAY_MS);
        let empty = one.folders.iter().filter(|folder| folder.messages.is_empty()).map(|folder| folder.name);
        assert!(empty.eq(["Outbox", "Conversation History", "sentitems", HIDDEN_FOLDER]));
    }

    #[test]
    fn two_people_share_no_item_id() {
        let people = People::at_first_start();
        let ids = |email: &str| -> Vec<String> {
            let content = content(&people.find(email).unwrap(), NOW);
            content
                .messages
                .iter()
                .flat_map(|item| [item.id.default.clone(), item.id.immutable.clone()])
                .collect()
        };
        let (alex, blair) = (ids("alex@contoso.example"), ids("blair@contoso.example"));
        assert!(alex.iter().all(|id| !blair.contains(id)));
    }
}
