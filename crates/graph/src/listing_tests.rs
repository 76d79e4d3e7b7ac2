use std::time::Duration;

use m365_ports::GraphRequest;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{DATA_MAX_BYTES, TEXT_MAX_BYTES};
use crate::testing::{Scripted, World, ok};
use crate::{Answer, Position};

/// A mailbox or calendar in pages, each item as large as its number says.
fn serve(path: &'static str, pages: Vec<Vec<usize>>) -> World {
    World::serving(move |request: &GraphRequest| page(path, &pages, request))
}

fn page(path: &str, pages: &[Vec<usize>], request: &GraphRequest) -> Scripted {
    let position = request.query.iter().find(|(name, _)| *name == "$skiptoken");
    let index: usize = position.map_or(0, |(_, token)| token.strip_prefix('p').unwrap().parse().unwrap());
    let first: usize = pages[..index].iter().map(Vec::len).sum();
    let items: Vec<Value> = pages[index]
        .iter()
        .enumerate()
        .map(|(place, size)| {
            let words = "😀".repeat(*size);
            json!({ "id": format!("{}", first + place), "subject": words, "bodyPreview": words, "location": { "displayName": words } })
        })
        .collect();
    if index + 1 == pages.len() {
        return ok(&json!({ "value": items }));
    }
    let next = format!("https://graph.microsoft.com/v1.0{path}?$skiptoken=p{}", index + 1);
    ok(&json!({ "value": items, "@odata.nextLink": next }))
}

fn ids(answer: &Answer, list: &str) -> Vec<usize> {
    let items = answer.structured[list].as_array().unwrap();
    items.iter().map(|item| item["id"].as_str().unwrap().parse().unwrap()).collect()
}

/// Reads a list to its end, every position written down and read back as a cursor is.
fn read_all(world: &World, tool: &str, given: &Value, list: &str) -> Vec<usize> {
    let (mut all, mut position): (Vec<usize>, Option<Position>) = (Vec::new(), None);
    loop {
        let answer = world.run_from(tool, given.clone(), position.as_ref()).0.unwrap();
        assert!(answer.text.len() <= TEXT_MAX_BYTES, "{}", answer.text.len());
        assert!(answer.structured.to_string().len() <= DATA_MAX_BYTES);
        all.extend(ids(&answer, list));
        let Some(next) = answer.next else {
            assert_eq!(answer.structured["more"], false);
            return all;
        };
        position = Some(serde_json::from_str(&serde_json::to_string(&next).unwrap()).unwrap());
        world.pass(Duration::from_mins(1));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_list_read_to_its_end_repeats_nothing_and_loses_nothing(
        pages in prop::collection::vec(prop::collection::vec(0_usize..260, 0..70), 1..7), count in 1_u32..=50
    ) {
        let total: usize = pages.iter().map(Vec::len).sum();
        let mail = serve("/me/mailFolders/inbox/messages", pages.clone());
        let all: Vec<usize> = (0..total).collect();
        prop_assert_eq!(&read_all(&mail, "getEmails", &json!({ "count": count }), "messages"), &all);
        let calendar = serve("/me/calendarView", pages.clone());
        prop_assert_eq!(&read_all(&calendar, "getCalendarEvents", &json!({}), "events"), &all);
        let people = serve("/me/people", pages);
        prop_assert_eq!(&read_all(&people, "getContacts", &json!({ "count": count }), "contacts"), &all);
    }
}

#[test]
fn a_list_that_grows_too_large_is_cut_and_says_so() {
    let world = serve("/me/mailFolders/inbox/messages", vec![vec![255; 50]]);
    let answer = world.run("getEmails", json!({ "count": 50 })).unwrap();
    let shown = ids(&answer, "messages").len();
    assert!((20..50).contains(&shown), "{shown}");
    assert!(answer.text.starts_with(&format!(
        "{shown} messages in the folder, newest first. Times are UTC, because the mailbox's own zone is not known. The \
         list was cut here because of its size; there are more.\n"
    )));
    assert_eq!(answer.structured["more"], true);
    let rest = world.run_from("getEmails", json!({ "count": 50 }), answer.next.as_ref()).0.unwrap();
    assert_eq!(ids(&rest, "messages"), (shown..50).collect::<Vec<_>>());
    assert_eq!((&rest.structured["more"], rest.next), (&json!(false), None));
    assert_eq!(world.requests()[0].query, world.requests()[1].query, "the same page is asked for again");
}

#[test]
fn what_was_hidden_in_an_item_that_is_not_shown_is_not_counted() {
    let from = json!({ "emailAddress": { "name": "😀".repeat(120), "address": "a@x.example" } });
    let item = |subject: String| json!({ "id": "1", "subject": subject, "from": from });
    let hidden = format!("{}\u{202e}", "😀".repeat(254));
    let items: Vec<Value> = (0..50).map(|_| item(hidden.clone())).collect();
    let answer =
        World::with_json(&json!({ "value": items })).run("getEmails", json!({ "count": 50 })).unwrap();
    let shown = ids(&answer, "messages").len();
    assert!(shown < 50);
    assert_eq!(answer.structured["hiddenCharactersRemoved"], shown);
}

#[test]
fn a_continued_calendar_looks_at_the_days_it_began_with() {
    let world = serve("/me/calendarView", vec![vec![1; 50], vec![1; 50], vec![1; 50]]);
    let first = world.run("getCalendarEvents", json!({})).unwrap();
    assert_eq!(ids(&first, "events"), (0..100).collect::<Vec<_>>());
    world.pass(Duration::from_mins(50));
    let second = world.run_from("getCalendarEvents", json!({}), first.next.as_ref()).0.unwrap();
    assert_eq!(ids(&second, "events"), (100..150).collect::<Vec<_>>());
    let requests = world.requests();
    let window = |request: &GraphRequest| request.query[..2].to_vec();
    assert_eq!(window(&requests[0]), window(requests.last().unwrap()));
    assert_eq!(window(&requests[0])[0], ("startDateTime", "2026-11-22T12:00:00Z".to_owned()));
}

#[test]
fn a_list_that_takes_too_long_ends_early_and_can_be_continued() {
    let mut world = serve("/me/calendarView", vec![vec![1; 10]; 5]);
    world.exchange = Duration::from_secs(50);
    let answer = world.run("getCalendarEvents", json!({})).unwrap();
    assert_eq!(world.requests().len(), 2, "no third exchange begins after 90 seconds");
    assert_eq!(ids(&answer, "events"), (0..20).collect::<Vec<_>>());
    assert!(
        answer.text.contains("The list ends here because the call took too long; there are more."),
        "{}",
        answer.text
    );
    assert_eq!(answer.structured["more"], true);
    let rest = world.run_from("getCalendarEvents", json!({}), answer.next.as_ref()).0.unwrap();
    assert_eq!(ids(&rest, "events"), (20..40).collect::<Vec<_>>());
}

#[test]
fn a_page_without_items_is_not_the_end() {
    let world = serve("/me/mailFolders/inbox/messages", vec![vec![], vec![1]]);
    let answer = world.run("getEmails", json!({})).unwrap();
    assert_eq!(answer.text, "These pages hold none. There are more.");
    let rest = world.run_from("getEmails", json!({}), answer.next.as_ref()).0.unwrap();
    assert_eq!(ids(&rest, "messages"), [0]);
}

#[test]
fn a_page_that_has_shrunk_meanwhile_goes_on_with_the_next() {
    let position = |shown: usize| -> Position {
        serde_json::from_value(json!({ "p": "f", "s": shown, "b": 0 })).unwrap()
    };
    let world = serve("/me/mailFolders/inbox/messages", vec![vec![1; 3], vec![1; 2]]);
    let answer = world.run_from("getEmails", json!({}), Some(&position(5))).0.unwrap();
    assert!(ids(&answer, "messages").is_empty());
    let rest = world.run_from("getEmails", json!({}), answer.next.as_ref()).0.unwrap();
    assert_eq!(ids(&rest, "messages"), [3, 4]);
}
