//! The dispatcher of this project against the official SDK's server: the same table behind both, the same requests to
//! both, and what differs is a row of a table with its reason.
//!
//! The SDK is an oracle, not an authority: where the two differ, the specification decides, and the row says what it says.

#[cfg(test)]
mod differences;
#[cfg(test)]
mod ours;
#[cfg(test)]
mod reply;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod table;
#[cfg(test)]
mod theirs;

use std::collections::BTreeSet;

use differences::{KNOWN, Known};
use ours::Ours;
use reply::Reply;
use requests::{CASES, REVISIONS};
use serde_json::Value;
use theirs::Theirs;

/// One place where the replies differ, with what stands there.
struct Difference {
    place: String,
    ours: Value,
    theirs: Value,
}

#[tokio::test]
async fn both_servers_say_the_same_but_for_what_is_known_and_reasoned() {
    let mut met = BTreeSet::new();
    let mut unknown = Vec::new();
    for case in &CASES {
        for revision in REVISIONS.into_iter().filter(|revision| case.is_for(revision)) {
            let (ours, theirs) =
                (Ours::send(case.request(revision)).await, Theirs::send(case.request(revision)).await);
            for found in differences(&ours, &theirs) {
                let covers = |known: &&Known| known.covers(case.name, revision, &found.place);
                match KNOWN.iter().find(covers) {
                    Some(known) => drop(met.insert((known.case, known.place, revision))),
                    None => unknown.push(format!(
                        "{revision} {}: {} is {} here and {} there",
                        case.name, found.place, found.ours, found.theirs
                    )),
                }
            }
        }
    }
    assert!(unknown.is_empty(), "{}", unknown.join("\n"));
    let claimed =
        KNOWN.iter().flat_map(|known| known.revisions.iter().map(move |revision| (known, *revision)));
    let gone = claimed.filter(|(known, revision)| !met.contains(&(known.case, known.place, *revision)));
    let gone: Vec<_> = gone
        .map(|(known, revision)| format!("{revision} {}: {} ({})", known.case, known.place, known.reason))
        .collect();
    assert!(gone.is_empty(), "differences that are gone, so their rows go too:\n{}", gone.join("\n"));
}

fn differences(ours: &Reply, theirs: &Reply) -> Vec<Difference> {
    let mut found = Vec::new();
    if ours.status != theirs.status {
        let place = "status".to_owned();
        found.push(Difference { place, ours: ours.status.into(), theirs: theirs.status.into() });
    }
    compare(String::new(), &ours.message, &theirs.message, &mut found);
    found
}

/// Places are JSON pointers; a list is compared item by item.
fn compare(place: String, ours: &Value, theirs: &Value, found: &mut Vec<Difference>) {
    match (ours, theirs) {
        (Value::Object(left), Value::Object(right)) => {
            let names: BTreeSet<_> = left.keys().chain(right.keys()).collect();
            for name in names {
                let member =
                    |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                let escaped = name.replace('~', "~0").replace('/', "~1");
                compare(format!("{place}/{escaped}"), &member(left), &member(right), found);
            }
        }
        (Value::Array(left), Value::Array(right)) if left.len() == right.len() => {
            for (number, (left, right)) in left.iter().zip(right).enumerate() {
                compare(format!("{place}/{number}"), left, right, found);
            }
        }
        _ if ours == theirs => {}
        _ => {
            let place = if place.is_empty() { "message".to_owned() } else { place };
            found.push(Difference { place, ours: ours.clone(), theirs: theirs.clone() });
        }
    }
}
