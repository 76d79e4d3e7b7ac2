//! What Graph refuses about calendars, and arguments that try to be more than arguments.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{SUPPORT, event, plain, segment};
use crate::json::{Look as _, with};
use crate::oauth::challenge;
use crate::session::{GraphCall, Session, at_once};
use crate::site::Site;

/// Every row, arguments that it takes, and the permission it needs.
fn rows(id: &str) -> Vec<(&'static str, Value, &'static str)> {
    let (start, end) = ("2031-03-04T09:00:00Z", "2031-03-04T10:00:00Z");
    let people = json!(["blair@contoso.example"]);
    vec![
        ("getCalendarEvents", json!({ "timeZone": "UTC" }), "Calendars.Read"),
        ("createCalendarEvent", plain("s"), "Calendars.ReadWrite"),
        ("getEvent", json!({ "id": id, "timeZone": "UTC" }), "Calendars.Read"),
        ("updateEvent", json!({ "id": id, "subject": "s" }), "Calendars.ReadWrite"),
        ("cancelEvent", json!({ "id": id }), "Calendars.ReadWrite"),
        ("respondToEvent", json!({ "id": id, "response": "accept" }), "Calendars.ReadWrite"),
        (
            "findMeetingTimes",
            json!({ "attendees": people, "start": start, "end": end, "timeZone": "UTC" }),
            "Calendars.Read.Shared",
        ),
        (
            "getSchedule",
            json!({ "addresses": people, "start": start, "end": end, "timeZone": "UTC" }),
            "Calendars.Read",
        ),
        ("listRooms", json!({}), "Place.Read.All"),
    ]
}

/// Rows that name an event.
const OF_ONE_EVENT: [(&str, &str); 4] =
    [("getEvent", ""), ("updateEvent", ""), ("cancelEvent", "/cancel"), ("respondToEvent", "/accept")];

fn arguments_of(tool: &str, id: &str) -> Value {
    match tool {
        "updateEvent" => json!({ "id": id, "subject": "s" }),
        "respondToEvent" => json!({ "id": id, "response": "accept" }),
        _ => json!({ "id": id }),
    }
}

pub(super) fn each_calendar_tool_needs_its_own_permission(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "no-calendar", "Mail.Read")?;
    for (tool, arguments, scope) in rows("AAMkADx=") {
        let refused = session.call_approved(tool, &arguments)?;
        refused.answer.expect(&[403])?;
        let wanted = challenge(&refused.answer, "scope").unwrap_or_default();
        ensure!(wanted.split(' ').any(|one| one == scope), "{tool} asks for {wanted}");
    }
    ensure!(session.graph_requests()?.is_empty(), "Graph was called without a permission");
    // Another calendar needs another permission.
    let session = Session::with_scope(site, "own-calendar", "Calendars.Read Calendars.ReadWrite")?;
    for (tool, arguments, scope) in rows("AAMkADx=") {
        if ["findMeetingTimes", "getSchedule", "listRooms"].contains(&tool) {
            continue;
        }
        let arguments = with(&arguments, &json!({ "mailbox": SUPPORT }));
        let refused = session.call_approved(tool, &arguments)?;
        refused.answer.expect(&[403])?;
        let wanted = challenge(&refused.answer, "scope").unwrap_or_default();
        ensure!(wanted.split(' ').any(|one| one == format!("{scope}.Shared")), "{tool} asks for {wanted}");
    }
    ensure!(session.graph_requests()?.is_empty(), "Graph was called without a permission");
    Ok(())
}

pub(super) fn every_documented_refusal_of_calendars_is_told_as_its_own(site: &Site) -> Result<()> {
    let faults = [
        (json!({ "kind": "status", "status": 400 }), "Repeating the same call fails again"),
        (json!({ "kind": "status", "status": 401 }), "authenticate"),
        (json!({ "kind": "status", "status": 403 }), "permission"),
        (json!({ "kind": "status", "status": 404 }), "does not exist"),
        (json!({ "kind": "status", "status": 409 }), "changed or created by somebody else"),
        (json!({ "kind": "rate_limit" }), "in 10 seconds"),
        (json!({ "kind": "malformed" }), "request id"),
    ];
    at_once(faults.len(), |number| {
        let (kind, words) = faults.get(number).context("a fault")?;
        let session = Session::open(site, "calendar-fault")?;
        let id = event(&session, |one| one.at("/isOrganizer") == true)?.text("/id")?.to_owned();
        let mut fault = kind.as_object().cloned().context("an object")?;
        fault.insert("target".to_owned(), "graph".into());
        fault.insert("person".to_owned(), session.person.email.as_str().into());
        site.control.fault(&Value::Object(fault))?;
        let limited = kind.at("/kind") == "rate_limit";
        for (tool, arguments, scope) in rows(&id) {
            // What Graph asks to wait is repeated after the wait, so two rows are enough.
            if limited && !["createCalendarEvent", "getSchedule"].contains(&tool) {
                continue;
            }
            let reply = session.call_approved(tool, &arguments)?;
            let sentence = reply.failure().with_context(|| format!("{tool}: {kind}"))?;
            ensure!(sentence.contains(words), "{tool}: {kind} is told as: {sentence}");
            if kind.at("/status") == 403 {
                ensure!(sentence.contains(scope), "{tool}: {sentence}");
            }
        }
        ensure!(site.control.graph("cancellations", &session.person.email)?.is_empty(), "{kind}: cancelled");
        Ok(())
    })
    .map(drop)
}

pub(super) fn a_calendar_that_is_not_shared_stays_closed(site: &Site) -> Result<()> {
    let session = Session::open(site, "curious")?;
    let owner = Session::open(site, "private")?;
    let id = event(&owner, |one| one.at("/isOrganizer") == true)?.text("/id")?.to_owned();
    let before = owner.site.control.graph("calendar", &owner.person.email)?;
    for (tool, arguments, _) in rows(&id) {
        if ["findMeetingTimes", "getSchedule", "listRooms"].contains(&tool) {
            continue;
        }
        let arguments = with(&arguments, &json!({ "mailbox": owner.person.email }));
        let told = session.call_approved(tool, &arguments)?.failure().with_context(|| tool.to_owned())?;
        ensure!(told.contains("not shared"), "{tool}: {told}");
        let arguments = with(&arguments, &json!({ "mailbox": "nobody.at.all@contoso.example" }));
        let told = session.call_approved(tool, &arguments)?.failure().with_context(|| tool.to_owned())?;
        ensure!(told.contains("no mailbox"), "{tool}: {told}");
    }
    ensure!(owner.site.control.graph("calendar", &owner.person.email)? == before, "something changed");
    Ok(())
}

pub(super) fn events_of_others_and_ids_of_nothing_lead_nowhere(site: &Site) -> Result<()> {
    let (session, other) = (Session::open(site, "nowhere")?, Session::open(site, "elsewhere")?);
    let foreign = event(&other, |one| one.at("/isOrganizer") == true)?.text("/id")?.to_owned();
    let before = site.control.graph("calendar", &other.person.email)?;
    for (tool, _) in OF_ONE_EVENT {
        for id in [foreign.as_str(), "AAMkADgone/gone/gone/gone+A=", "inbox"] {
            session
                .call_approved(tool, &arguments_of(tool, id))?
                .failure()
                .with_context(|| format!("{tool} {id}"))?;
        }
    }
    ensure!(site.control.graph("calendar", &other.person.email)? == before, "something changed");
    ensure!(
        site.control.graph("cancellations", &session.person.email)?.is_empty(),
        "something was cancelled"
    );
    Ok(())
}

pub(super) fn ids_of_events_never_leave_their_segment(site: &Site) -> Result<()> {
    let session = Session::open(site, "event-ids")?;
    let known = session.graph_requests()?.len();
    let long = "a".repeat(600);
    for bad in [
        "",
        ".",
        "..",
        "../../users",
        "%2e%2e",
        "a\\b",
        "a?b",
        "a#b",
        "a;b",
        "a b",
        "a\r\nX: 1",
        "\u{202e}",
        &long,
    ] {
        for (tool, _) in OF_ONE_EVENT {
            let reply = session.call_approved(tool, &arguments_of(tool, bad))?;
            reply.expect_invalid("id").with_context(|| format!("{tool} {bad:?}"))?;
        }
    }
    ensure!(session.graph_requests()?.len() == known, "a refused id reached Graph");
    for odd in ["AA/BB+C=", "AAMk/cancel", "x'y"] {
        for (tool, ending) in OF_ONE_EVENT {
            if odd.contains('\'') {
                session.call_approved(tool, &arguments_of(tool, odd))?.expect_invalid("id")?;
                continue;
            }
            let before = session.graph_requests()?.len();
            session.call_approved(tool, &arguments_of(tool, odd))?.failure()?;
            let calls: Vec<GraphCall> =
                session.graph_requests()?.into_iter().skip(before).map(GraphCall).collect();
            let event = format!("/v1.0/me/events/{}", segment(odd));
            // The event is looked at first, and there is none.
            let within = |call: &GraphCall| {
                call.path() == event || call.path() == format!("{event}{ending}") || call.asks_for_the_zone()
            };
            ensure!(
                calls.iter().all(within) && calls.iter().any(|call| call.path() == event),
                "{tool} {odd}: {calls:?}"
            );
        }
    }
    Ok(())
}

pub(super) fn arguments_of_calendars_are_bounded_and_named(site: &Site) -> Result<()> {
    let session = Session::open(site, "calendar-arguments")?;
    let known = session.graph_requests()?.len();
    let event = |field: &str, value: Value| with(&plain("s"), &json!({ field: value }));
    let times = |field: &str, value: Value| {
        let arguments = json!({ "attendees": ["b@contoso.example"], "start": "2031-03-04T09:00Z", "end": "2031-03-04T18:00Z" });
        with(&arguments, &json!({ field: value }))
    };
    let many: Vec<String> = (0..51).map(|number| format!("p{number}@contoso.example")).collect();
    let mailboxes =
        ["", "nobody", "a@b@c", "../users", "a@contoso.example/messages", "a@contoso.example\r\nX: 1"];
    let mut cases = vec![
        ("createCalendarEvent", event("location", json!("a\nb")), "location"),
        ("createCalendarEvent", event("location", json!("l".repeat(300))), "location"),
        ("createCalendarEvent", event("onlineMeeting", json!("yes")), "onlineMeeting"),
        ("createCalendarEvent", event("timeZone", json!("../../etc/localtime")), "timeZone"),
        ("createCalendarEvent", event("timeZone", json!(60)), "timeZone"),
        ("createCalendarEvent", event("attendees", json!(many)), "attendees"),
        ("createCalendarEvent", event("start", json!("9999-99-99")), "start"),
        ("createCalendarEvent", event("start", json!("1031-03-04T09:00:00Z")), "start"),
        ("updateEvent", json!({ "id": "AAMk", "subject": "s\r\nBcc: x" }), "subject"),
        ("updateEvent", json!({ "id": "AAMk", "attendees": ["nobody"] }), "attendees"),
        ("updateEvent", json!({ "id": "AAMk", "body": "<i>".repeat(20_000) }), "body"),
        ("cancelEvent", json!({ "id": "AAMk", "comment": "c".repeat(20_000) }), "comment"),
        ("cancelEvent", json!({ "id": "AAMk", "comment": "a\u{7}b" }), "comment"),
        ("findMeetingTimes", times("attendees", json!([])), "attendees"),
        ("findMeetingTimes", times("attendees", json!(vec!["x y@contoso.example"])), "attendees"),
        ("findMeetingTimes", times("durationMinutes", json!(0)), "durationMinutes"),
        ("findMeetingTimes", times("durationMinutes", json!(-30)), "durationMinutes"),
        ("findMeetingTimes", times("durationMinutes", json!(1e9)), "durationMinutes"),
        ("findMeetingTimes", times("maxCandidates", json!(21)), "maxCandidates"),
        ("findMeetingTimes", times("maxCandidates", json!("5")), "maxCandidates"),
        ("findMeetingTimes", times("end", json!("2031-03-04T09:00Z")), "end"),
        ("getCalendarEvents", json!({ "days": 31 }), "days"),
        ("getCalendarEvents", json!({ "timeZone": "x".repeat(5000) }), "timeZone"),
    ];
    cases.extend(
        mailboxes.iter().map(|mailbox| ("getCalendarEvents", json!({ "mailbox": mailbox }), "mailbox")),
    );
    cases.extend(
        mailboxes.iter().map(|mailbox| ("createCalendarEvent", event("mailbox", json!(mailbox)), "mailbox")),
    );
    for (tool, arguments, named) in &cases {
        let shown =
            || format!("{tool} {named} {}", arguments.to_string().chars().take(200).collect::<String>());
        session.call_approved(tool, arguments)?.expect_invalid(named).with_context(shown)?;
    }
    ensure!(session.graph_requests()?.len() == known, "a refused argument reached Graph");
    Ok(())
}

pub(super) fn what_changes_an_event_is_recorded_with_what_it_reaches(site: &Site) -> Result<()> {
    let session = Session::open(site, "calendar-record")?;
    let own = event(&session, |one| one.at("/isOrganizer") == true)?;
    let id = own.text("/id")?;
    session
        .call_approved("updateEvent", &json!({ "id": id, "attendees": ["blair@contoso.example"] }))?
        .content()?;
    session.call_approved("cancelEvent", &json!({ "id": id, "comment": "the secret reason" }))?.content()?;
    let Some(records) = session.records()? else { return Ok(()) };
    for tool in ["updateEvent", "cancelEvent"] {
        let outcome =
            records.iter().rfind(|record| record.is("outcome", "done") && record.field("tool") == tool);
        ensure!(outcome.is_some_and(|record| !record.traces().is_empty()), "{tool}: {records:?}");
    }
    let told = format!("{records:?}");
    ensure!(!told.contains("the secret reason"), "the text of a message is in the journal");
    Ok(())
}
