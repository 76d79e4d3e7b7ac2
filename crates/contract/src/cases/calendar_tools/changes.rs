//! Changing and cancelling events, answering invitations.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{BERLIN, calendar, created, event, plain, segment, text};
use crate::json::{Look as _, with};
use crate::session::Session;
use crate::site::Site;

pub(super) fn only_what_is_named_is_changed(site: &Site) -> Result<()> {
    let session = Session::open(site, "change")?;
    let before = event(&session, |one| one.at("/isOrganizer") == true && one.at("/isOnlineMeeting") == true)?;
    let id = before.text("/id")?;
    let attendees = json!(["blair@contoso.example", "carla.mendes@fabrikam.example"]);
    let arguments = json!({ "id": id, "subject": "Renamed", "location": "Annex", "attendees": attendees });
    let reply = session.call_approved("updateEvent", &arguments)?;
    ensure!(
        reply.content()?.at("/changed") == &json!(["subject", "location", "attendees"]),
        "{}",
        reply.answer
    );
    ensure!(text(&reply)?.contains("tells the 2 people invited"), "{}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("PATCH /v1.0/me/events/{}", segment(id)), "{}", call.line());
    let names: BTreeSet<&str> =
        call.body().as_object().context("a body")?.keys().map(String::as_str).collect();
    ensure!(names == BTreeSet::from(["attendees", "location", "subject"]), "{}", call.body());
    let after = event(&session, |one| one.at("/id") == id)?;
    for same in ["/start", "/end", "/body", "/onlineMeeting", "/isOnlineMeeting", "/organizer"] {
        ensure!(before.at(same) == after.at(same), "{same} changed: {after}");
    }
    ensure!(after.text("/subject")? == "Renamed" && after.list("/attendees")?.len() == 2, "{after}");
    session.call_approved("updateEvent", &json!({ "id": id, "attendees": [] }))?.content()?;
    ensure!(event(&session, |one| one.at("/id") == id)?.list("/attendees")?.is_empty(), "still invited");
    Ok(())
}

pub(super) fn a_new_time_is_anchored_in_a_named_zone(site: &Site) -> Result<()> {
    let session = Session::open(site, "reschedule")?;
    let id = created(&session, &plain("Moved"))?;
    for (start, end, zone, expected) in [
        ("2031-10-24T07:00:00Z", "2031-10-24T08:00:00Z", json!(null), ("2031-10-24T09:00:00", BERLIN)),
        ("2031-10-27T09:00", "2031-10-27T10:00", json!(null), ("2031-10-27T09:00:00", BERLIN)),
        (
            "2031-10-27T09:00",
            "2031-10-27T10:00",
            json!("Asia/Tokyo"),
            ("2031-10-27T09:00:00", "Tokyo Standard Time"),
        ),
    ] {
        let arguments = json!({ "id": id, "start": start, "end": end, "timeZone": zone });
        let reply = session.call_approved("updateEvent", &arguments)?;
        let call = session.last_graph_request()?;
        let (at, zone) = (call.body().text("/start/dateTime")?, call.body().text("/start/timeZone")?);
        ensure!((at, zone) == expected, "{start}: {at} {zone}: {}", reply.answer);
    }
    let before = session.graph_requests()?.len();
    for (arguments, named) in [
        (json!({ "id": id, "start": "2031-10-24T07:00:00Z" }), "end"),
        (json!({ "id": id, "end": "2031-10-24T07:00:00Z" }), "start"),
        (json!({ "id": id, "start": "2031-10-24T08:00:00Z", "end": "2031-10-24T07:00:00Z" }), "end"),
        (json!({ "id": id }), "id"),
    ] {
        session
            .call_approved("updateEvent", &arguments)?
            .expect_invalid(named)
            .with_context(|| arguments.to_string())?;
    }
    ensure!(session.graph_requests()?.len() == before, "a refused change reached Graph");
    Ok(())
}

pub(super) fn a_description_of_a_teams_meeting_is_left_alone(site: &Site) -> Result<()> {
    let session = Session::open(site, "description")?;
    let id = created(&session, &plain("Plain"))?;
    session
        .call_approved("updateEvent", &json!({ "id": id, "body": "<b>New</b><script>x</script>" }))?
        .content()?;
    let content = session.last_graph_request()?.body().text("/body/content")?.to_owned();
    ensure!(content.contains("<b>New</b>") && !content.contains("script"), "{content}");
    let arguments = with(&plain("Online"), &json!({ "onlineMeeting": true }));
    let id = created(&session, &arguments)?;
    let told = session.call_approved("updateEvent", &json!({ "id": id, "body": "New" }))?.failure()?;
    ensure!(told.contains("Nothing was changed"), "{told}");
    let online = calendar(&session)?.into_iter().filter(|one| one.at("/subject") == "Online");
    ensure!(
        online.into_iter().all(|one| one.at("/isOnlineMeeting") == true),
        "the meeting is not online any more"
    );
    Ok(())
}

pub(super) fn an_occurrence_is_changed_and_cancelled_without_its_series(site: &Site) -> Result<()> {
    let session = Session::open(site, "occurrence")?;
    let stand_ups = || -> Result<Vec<Value>> {
        let reply = session.tool("getCalendarEvents", &json!({ "days": 14 }))?;
        let events = reply.content()?.list("/events")?.iter();
        Ok(events.filter(|event| event.at("/subject") == "Stand-up").cloned().collect())
    };
    let before = stand_ups()?;
    let (first, second) = (before.first().context("one")?, before.get(1).context("another")?);
    session
        .call_approved("updateEvent", &json!({ "id": first.at("/id"), "subject": "Sit-down" }))?
        .content()?;
    session
        .call_approved("cancelEvent", &json!({ "id": second.at("/id"), "comment": "All hands" }))?
        .content()?;
    let after = stand_ups()?;
    ensure!(after.len() + 2 == before.len(), "{} of {} are left", after.len(), before.len());
    let cancelled = site.control.graph("cancellations", &session.person.email)?;
    ensure!(
        cancelled.len() == 1 && cancelled.iter().all(|one| one.at("/occurrence").is_string()),
        "{cancelled:?}"
    );
    Ok(())
}

pub(super) fn a_cancelled_event_is_gone_and_only_its_organiser_cancels(site: &Site) -> Result<()> {
    let session = Session::open(site, "cancel")?;
    let own = event(&session, |one| one.at("/isOrganizer") == true)?;
    let id = own.text("/id")?;
    let reply = session.call_approved("cancelEvent", &json!({ "id": id, "comment": "Not <b>needed</b>" }))?;
    ensure!(reply.content()?.text("/status")? == "cancelled", "{}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("POST /v1.0/me/events/{}/cancel", segment(id)), "{}", call.line());
    ensure!(call.body() == &json!({ "comment": "Not <b>needed</b>" }), "{}", call.body());
    ensure!(calendar(&session)?.iter().all(|one| one.at("/id") != id), "it is still there");
    session.call_approved("cancelEvent", &json!({ "id": id }))?.failure()?;
    let invited = event(&session, |one| one.at("/isOrganizer") == false)?;
    let told = session.call_approved("cancelEvent", &json!({ "id": invited.at("/id") }))?.failure()?;
    ensure!(told.contains("organiser") && told.contains("respondToEvent"), "{told}");
    ensure!(site.control.graph("cancellations", &session.person.email)?.len() == 1, "another was cancelled");
    Ok(())
}

pub(super) fn an_invitation_is_answered_in_three_ways(site: &Site) -> Result<()> {
    let session = Session::open(site, "respond")?;
    let invited = event(&session, |one| one.at("/isOrganizer") == false)?;
    let id = invited.text("/id")?;
    for (response, done, arguments) in [
        ("accept", "accepted", json!({ "comment": "Gladly" })),
        ("tentativelyAccept", "tentativelyAccepted", json!({})),
        ("decline", "declined", json!({ "sendResponse": false })),
    ] {
        let mut arguments = arguments.as_object().cloned().context("an object")?;
        arguments.insert("id".to_owned(), id.into());
        arguments.insert("response".to_owned(), response.into());
        let sent = arguments.get("sendResponse").cloned().unwrap_or(json!(true));
        let reply = session.call_approved("respondToEvent", &Value::Object(arguments))?;
        ensure!(reply.content()?.text("/status")? == done, "{}", reply.answer);
        let call = session.last_graph_request()?;
        ensure!(call.line() == format!("POST /v1.0/me/events/{}/{response}", segment(id)), "{}", call.line());
        ensure!(call.body().at("/sendResponse") == &sent, "{}", call.body());
    }
    let answers = site.control.graph("responses", &session.person.email)?;
    let answers: Vec<(&str, &Value)> = answers
        .iter()
        .map(|one| (one.at("/response").as_str().unwrap_or_default(), one.at("/sent")))
        .collect();
    let (yes, no) = (json!(true), json!(false));
    ensure!(answers == [("accepted", &yes), ("tentativelyAccepted", &yes), ("declined", &no)], "{answers:?}");
    ensure!(calendar(&session)?.iter().all(|one| one.at("/id") != id), "a declined event is still there");
    let own = event(&session, |one| one.at("/isOrganizer") == true)?;
    let arguments = json!({ "id": own.at("/id"), "response": "accept" });
    let told = session.call_approved("respondToEvent", &arguments)?.failure()?;
    ensure!(told.contains("cancelEvent"), "{told}");
    for (arguments, named) in [
        (json!({ "id": id, "response": "maybe" }), "response"),
        (json!({ "id": id }), "response"),
        (json!({ "id": id, "response": "accept", "sendResponse": "no" }), "sendResponse"),
        (json!({ "id": id, "response": "accept", "sendResponse": false, "comment": "x" }), "comment"),
    ] {
        session.call_approved("respondToEvent", &arguments)?.expect_invalid(named)?;
    }
    Ok(())
}
