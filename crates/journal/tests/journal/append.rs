//! What is written, when, and what never is.

use m365_journal::{Denied, JournalError, Outcome};
use m365_ports::{AuditLog as _, Durability, SqlError, Verdict, transact};
use m365_types::Email;
use serde_json::{Value, json};

use crate::scene::{READ, SEND, Scene, actor, at, done, event, permit};

#[test]
fn an_intent_and_its_outcome_say_who_did_what_through_which_client_and_exchanges() {
    let scene = Scene::new();
    let intent = scene.intend(&READ, 1, &json!({"folder": "inbox"}));
    scene.journal.conclude(&intent, &done(), at(2)).unwrap();
    let records = scene.records();
    let both = json!({
        "v": 1, "kind": "mail.read", "tool": "getEmails", "effect": "read", "client": "client-1",
        "requestId": "01010101-0101-4101-8101-010101010101", "grant": "05050505-0505-4505-8505-050505050505",
        "policy": "p".repeat(64), "build": "0.1.0+test",
        "actor": {
            "subject": "access-subject", "tid": "03030303-0303-4303-8303-030303030303",
            "oid": "04040404-0404-4404-8404-040404040404",
        },
    });
    let only = [
        json!({
            "sequence": 1, "at": "2026-11-22T15:00:01.001Z", "phase": "intent", "decision": "permit",
            "basis": "person.full", "target": "me", "argumentsDigest": records[0]["argumentsDigest"],
        }),
        json!({
            "sequence": 2, "at": "2026-11-22T15:00:02.002Z", "phase": "outcome", "verdict": "done", "code": "ok",
            "status": 200, "bytes": 512, "intent": 1, "traces": [{
                "clientRequestId": "11111111-1111-4111-8111-111111111111", "aiGatewayLogId": "01JLOG",
                "graphRequestId": "9b1f2a6d-0f0a-4e6b-9a55-6c8d2d9f3f10", "status": 200,
            }],
        }),
    ];
    for (record, mut wanted) in records.into_iter().zip(only) {
        wanted.as_object_mut().unwrap().extend(both.as_object().unwrap().clone());
        assert_eq!(record, wanted);
    }
}

#[test]
fn a_denial_is_a_record_complete_in_itself() {
    let scene = Scene::new();
    scene
        .journal
        .deny(&actor(1), &SEND, Denied { code: "denied.profile", basis: None }, at(1), |_| Ok(()))
        .unwrap();
    let record = &scene.records()[0];
    assert_eq!(
        (&record["phase"], &record["decision"], &record["verdict"], &record["code"], &record["tool"]),
        (&json!("event"), &json!("deny"), &json!("denied"), &json!("denied.profile"), &json!("sendEmail"))
    );
    assert_eq!(scene.verify(None).unwrap().unfinished, [0; 0]);
}

#[test]
fn records_of_reads_survive_a_crash_and_records_of_sends_a_loss_of_power() {
    let scene = Scene::new();
    scene.call(&READ, 1);
    scene.call(&SEND, 2);
    let asked = scene.database.asked.lock().unwrap();
    assert_eq!(*asked, [Durability::Process, Durability::Process, Durability::Full, Durability::Full]);
}

#[test]
fn the_digest_of_arguments_depends_on_their_meaning_and_not_on_their_order() {
    let scene = Scene::new();
    for arguments in
        [r#"{"a":1,"b":{"c":[1,2],"d":"x"}}"#, r#"{"b":{"d":"x","c":[1,2]},"a":1.0}"#, r#"{"a":1}"#]
    {
        scene.intend(&READ, 1, &serde_json::from_str(arguments).unwrap());
    }
    let digests: Vec<_> = scene.records().iter().map(|record| record["argumentsDigest"].clone()).collect();
    assert_eq!(digests[0], digests[1]);
    assert_ne!(digests[0], digests[2]);
}

#[test]
fn recipients_are_counted_and_digested_and_a_shared_mailbox_is_not_named() {
    let scene = Scene::new();
    let people = ["blair@contoso.example", "casey@fabrikam.example", "blair@contoso.example"];
    let people: Vec<_> = people.iter().map(|text| Email::parse(text).unwrap()).collect();
    for target in ["users/blair@contoso.example", "team-1/19:abc@thread.tacv2", "what\nthe model said", ""] {
        scene.journal.intend(permit(&SEND, 1, people.clone(), target), &json!({}), at(1)).unwrap();
    }
    let records = scene.records();
    let recipients = &records[0]["recipients"];
    assert_eq!((&recipients["count"], &recipients["domains"]), (&json!(3), &json!(2)));
    assert_eq!(recipients["digests"][0], recipients["digests"][2]);
    assert_ne!(recipients["digests"][0], recipients["digests"][1]);
    assert!(records[0]["target"].as_str().unwrap().starts_with("digest:"));
    assert_eq!(records[1]["target"], "team-1/19:abc@thread.tacv2");
    assert!(records[2]["target"].as_str().unwrap().starts_with("digest:"));
    assert!(records[3]["target"].is_null());
}

#[test]
fn no_planted_secret_address_or_content_reaches_a_record() {
    let scene = Scene::new();
    let planted = ["hunter2", "eyJhbGciOi", "alex@contoso.example", "blair@contoso.example", "Group of Alex"];
    let arguments = json!({"body": planted[0], "token": planted[1], "to": [planted[3]], planted[0]: 1});
    let people = vec![Email::parse(planted[3]).unwrap()];
    let intent = scene.journal.intend(permit(&SEND, 1, people, planted[3]), &arguments, at(1)).unwrap();
    let mut outcome = Outcome { code: "bearer eyJhbGciOi\"} ".repeat(20), ..done() };
    outcome.traces[0].graph_request_id = Some("id <b>with markup</b>".to_owned());
    scene.journal.conclude(&intent, &Outcome { code: "ok".to_owned(), ..outcome.clone() }, at(2)).unwrap();
    for entry in m365_journal::newest(&*scene.database, 10).unwrap() {
        for secret in planted {
            assert!(!entry.record.contains(secret), "{secret} in {}", entry.record);
        }
    }
    scene.journal.conclude(&intent, &outcome, at(3)).unwrap();
    let record = &scene.records()[2];
    assert!(record["code"].as_str().unwrap().len() <= 128);
    assert_eq!(record["traces"][0]["graphRequestId"], "id__b_with_markup__b_");
}

#[test]
fn a_record_of_another_room_is_there_with_its_transaction_and_gone_without_it() {
    let scene = Scene::new();
    let number = transact(&*scene.database, Durability::Full, |sql| scene.journal.append(sql, &event(1)));
    assert_eq!(number, Ok(1));
    let failed: Result<(), _> = transact(&*scene.database, Durability::Full, |sql| {
        scene.journal.append(sql, &event(2))?;
        scene.journal.append(sql, &event(3))?;
        Err(SqlError::Constraint)
    });
    assert_eq!(failed, Err(SqlError::Constraint));
    let mark = scene.call(&READ, 4);
    let numbers: Vec<_> = scene.records().iter().map(|record| record["sequence"].clone()).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert_eq!(scene.verify(Some(&mark)).unwrap().records, 3);
}

#[test]
fn a_full_disk_refuses_the_intent_and_leaves_the_chain_whole() {
    let scene = Scene::new();
    scene.call(&READ, 1);
    scene.database.fill_disk();
    let mut refused = None;
    for call in 2..40 {
        if let Err(error) = scene.journal.intend(permit(&SEND, call, vec![], "me"), &json!({}), at(call)) {
            refused = Some(error);
            break;
        }
    }
    assert_eq!(refused, Some(JournalError::Full));
    let before = scene.verify(None).unwrap();
    scene.database.free_disk();
    let mark = scene.call(&SEND, 50);
    assert_eq!(mark.sequence, before.records + 2);
    assert!(scene.verify(Some(&mark)).is_ok());
}

#[test]
fn a_broken_database_is_told_apart_from_a_full_one() {
    let scene = Scene::new();
    scene.database.tamper("DROP TABLE journal");
    let refused = scene.journal.intend(permit(&READ, 1, vec![], "me"), &json!({}), at(1));
    assert_eq!(refused.unwrap_err(), JournalError::Unavailable);
}

#[test]
fn intents_a_crash_left_open_are_closed_as_unknown_exactly_once() {
    let scene = Scene::new();
    scene.call(&READ, 1);
    scene.intend(&SEND, 2, &json!({}));
    scene.intend(&READ, 3, &json!({}));
    scene.call(&SEND, 4);
    assert_eq!(scene.verify(None).unwrap().unfinished, [3, 4]);

    let journal = scene.reopened();
    assert_eq!(journal.close_unfinished(at(5)), Ok(2));
    assert_eq!(journal.close_unfinished(at(6)), Ok(0));
    let closing = &scene.records()[6];
    assert_eq!(
        (&closing["verdict"], &closing["code"], &closing["intent"], &closing["tool"], &closing["client"]),
        (&json!("unknown"), &json!("unfinished"), &json!(3), &json!("sendEmail"), &json!("client-1"))
    );
    assert_eq!(closing["requestId"], scene.records()[2]["requestId"]);

    scene.intend(&SEND, 7, &json!({}));
    assert_eq!(scene.reopened().close_unfinished(at(8)), Ok(1));
    assert_eq!(scene.verify(None).unwrap().unfinished, [0; 0]);
}

#[test]
fn closing_on_a_full_disk_closes_nothing_and_says_so() {
    let scene = Scene::new();
    for call in 0..40 {
        scene.intend(&READ, call, &json!({}));
    }
    scene.database.fill_disk();
    assert_eq!(scene.journal.close_unfinished(at(50)), Err(JournalError::Full));
    scene.database.free_disk();
    assert_eq!(scene.journal.close_unfinished(at(51)), Ok(40));
}

#[test]
fn a_late_outcome_after_an_unknown_one_does_not_break_the_chain() {
    let scene = Scene::new();
    let intent = scene.intend(&SEND, 1, &json!({}));
    assert_eq!(scene.journal.close_unfinished(at(2)), Ok(1));
    let late = Outcome { verdict: Verdict::Done, ..done() };
    let mark = scene.journal.conclude(&intent, &late, at(3)).unwrap();
    assert_eq!(scene.verify(Some(&mark)).unwrap().records, 3);
}

#[test]
fn the_newest_records_come_oldest_first_and_a_follower_misses_none() {
    let scene = Scene::new();
    for call in 1..=3 {
        scene.call(&READ, call);
    }
    let numbers =
        |entries: Vec<m365_journal::Entry>| entries.iter().map(|entry| entry.sequence).collect::<Vec<_>>();
    assert_eq!(numbers(m365_journal::newest(&*scene.database, 2).unwrap()), [5, 6]);
    assert_eq!(numbers(m365_journal::records_after(&*scene.database, 2, 3).unwrap()), [3, 4, 5]);
    assert_eq!(numbers(m365_journal::records_after(&*scene.database, 6, 3).unwrap()), [0; 0]);
}

#[test]
fn the_records_of_one_call_are_found_among_the_newest_only() {
    let scene = Scene::new();
    for call in 1..=3 {
        scene.call(&READ, call);
    }
    let phases = |call: u8, among: u32| -> Vec<Value> {
        let found = m365_journal::records_of(&*scene.database, actor(call).request, among).unwrap();
        found.iter().map(|entry| entry.exported(&scene.cell).unwrap()).collect()
    };
    let both = phases(2, 6);
    assert_eq!((&both[0]["phase"], &both[1]["phase"]), (&json!("intent"), &json!("outcome")));
    assert_eq!(both.len(), 2);
    assert_eq!(phases(1, 4), [Value::Null; 0]);
    assert_eq!(phases(9, 6), [Value::Null; 0]);
}

#[test]
fn an_exported_record_is_what_is_stored_with_its_chain_and_its_time() {
    let scene = Scene::new();
    scene.call(&READ, 1);
    let entry = &m365_journal::newest(&*scene.database, 1).unwrap()[0];
    let mut exported = entry.exported(&scene.cell).unwrap();
    let fields = exported.as_object_mut().unwrap();
    assert_eq!(fields.remove("cell"), Some(scene.cell.as_str().into()));
    assert_eq!(fields.remove("hash"), Some(entry.hash.as_str().into()));
    assert_eq!(fields.remove("atMs"), Some(entry.at.as_millis().into()));
    assert_eq!(exported, serde_json::from_str::<Value>(&entry.record).unwrap());
}
