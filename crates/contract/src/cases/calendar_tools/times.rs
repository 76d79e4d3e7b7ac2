//! Free and busy times, suggestions, rooms.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{BERLIN, text};
use crate::cases::tools::INVISIBLE;
use crate::json::Look as _;
use crate::session::Session;
use crate::site::Site;

const MEGAN: &str = "megan.bowen@contoso.example";

pub(super) fn suggestions_are_local_times_and_their_absence_is_explained(site: &Site) -> Result<()> {
    let session = Session::open(site, "suggest")?;
    // The week in which the clocks go forward on Sunday, and the Monday after.
    let arguments = json!({
        "attendees": [MEGAN], "start": "2031-03-28T00:00", "end": "2031-04-01T00:00", "durationMinutes": 60, "maxCandidates": 20,
    });
    let reply = session.tool("findMeetingTimes", &arguments)?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == "POST /v1.0/me/findMeetingTimes", "{}", call.line());
    let body = call.body();
    ensure!(body.text("/meetingDuration")? == "PT60M" && body.at("/maxCandidates") == 20, "{body}");
    ensure!(body.text("/attendees/0/emailAddress/address")? == MEGAN, "{body}");
    let slot = body.at("/timeConstraint/timeSlots/0/start");
    ensure!(slot == &json!({ "dateTime": "2031-03-28T00:00:00", "timeZone": BERLIN }), "{slot}");
    let starts: Vec<&str> =
        reply.content()?.list("/suggestions")?.iter().map(|one| one.text("/start")).collect::<Result<_>>()?;
    ensure!(!starts.is_empty(), "{}", reply.answer);
    for start in &starts {
        let (day, hour, offset) = (start.get(..10), start.get(11..13), start.get(19..));
        let offset_of = if day == Some("2031-03-28") { "+01:00" } else { "+02:00" };
        ensure!(offset == Some(offset_of), "{start}");
        ensure!(hour.is_some_and(|hour| ("08"..="16").contains(&hour)), "outside working hours: {start}");
    }
    ensure!(
        starts.iter().any(|start| start.ends_with("+02:00")),
        "nothing after the clock change: {starts:?}"
    );
    for (attendee, start, end, words) in [
        (MEGAN, "2031-03-29T08:00", "2031-03-30T17:00", "does not say why"),
        (MEGAN, "2031-03-28T08:00", "2031-03-28T08:30", "shorter than the meeting"),
        ("carla.mendes@fabrikam.example", "2031-03-28T08:00", "2031-03-28T17:00", "outside the organisation"),
    ] {
        let arguments = json!({ "attendees": [attendee], "start": start, "end": end, "durationMinutes": 60 });
        let reply = session.tool("findMeetingTimes", &arguments)?;
        ensure!(reply.content()?.list("/suggestions")?.is_empty(), "{}", reply.answer);
        ensure!(text(&reply)?.contains(words), "{start}: {}", reply.answer);
    }
    let all_day = json!({ "subject": "Away", "start": "2031-04-02T00:00", "end": "2031-04-03T00:00" });
    session.call_approved("createCalendarEvent", &all_day)?.content()?;
    let arguments = json!({ "attendees": [MEGAN], "start": "2031-04-02T08:00", "end": "2031-04-02T17:00" });
    let reply = session.tool("findMeetingTimes", &arguments)?;
    ensure!(text(&reply)?.contains("the person who asks is not free"), "{}", reply.answer);
    Ok(())
}

pub(super) fn free_and_busy_times_are_told_without_what_they_are_taken_by(site: &Site) -> Result<()> {
    let session = Session::open(site, "schedule")?;
    let secret = json!({
        "subject": "Secret acquisition", "start": "2031-03-31T10:00", "end": "2031-03-31T11:30", "location": "Vault",
    });
    session.call_approved("createCalendarEvent", &secret)?.content()?;
    let room = site.control.graph("rooms", &session.person.email)?.into_iter().next().context("a room")?;
    let own = session.person.email.as_str();
    let addresses = json!([own, MEGAN, room.at("/emailAddress"), "nobody@contoso.example"]);
    let arguments = json!({ "addresses": addresses, "start": "2031-03-31T08:00", "end": "2031-03-31T18:00" });
    let reply = session.tool("getSchedule", &arguments)?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == "POST /v1.0/me/calendar/getSchedule", "{}", call.line());
    let body = call.body();
    ensure!(body.at("/schedules") == &addresses && body.at("/availabilityViewInterval") == 30, "{body}");
    ensure!(
        body.at("/endTime") == &json!({ "dateTime": "2031-03-31T18:00:00", "timeZone": BERLIN }),
        "{body}"
    );
    let told = text(&reply)?;
    ensure!(!told.contains("Secret") && !told.contains("Vault"), "{told}");
    ensure!(told.contains(&format!("{own}: Mon 2031-03-31 10:00–11:30 busy")), "{told}");
    let schedules = reply.content()?.list("/schedules")?;
    ensure!(schedules.len() == 4, "{}", reply.answer);
    let taken = |number: usize| schedules.get(number).map(|one| one.at("/taken").clone()).unwrap_or_default();
    let mine = json!([{ "start": "2031-03-31T10:00:00+02:00", "end": "2031-03-31T11:30:00+02:00", "status": "busy" }]);
    ensure!(taken(0) == mine, "{}", taken(0));
    for number in [1, 2] {
        ensure!(taken(number).as_array().is_some_and(|blocks| !blocks.is_empty()), "{}", reply.answer);
    }
    ensure!(schedules.get(3).is_some_and(|one| one.at("/unknown") == true), "{}", reply.answer);
    for (arguments, named) in [
        (json!({ "addresses": [], "start": "2031-03-31T08:00", "end": "2031-03-31T18:00" }), "addresses"),
        (json!({ "addresses": [own], "start": "2031-03-31T08:00", "end": "2031-03-31T08:00" }), "end"),
        (
            json!({ "addresses": [own], "start": "2031-03-31T08:00", "end": "2031-04-01T08:00", "interval": 4 }),
            "interval",
        ),
        (
            json!({ "addresses": [own], "start": "2031-03-31T08:00", "end": "2031-04-01T08:00", "interval": 1e9 }),
            "interval",
        ),
        (
            json!({ "addresses": vec![own; 21], "start": "2031-03-31T08:00", "end": "2031-04-01T08:00" }),
            "addresses",
        ),
    ] {
        session
            .tool("getSchedule", &arguments)?
            .expect_invalid(named)
            .with_context(|| arguments.to_string())?;
    }
    let month = json!({ "addresses": [own], "start": "2031-03-01T08:00", "end": "2031-05-01T08:00" });
    let told = session.tool("getSchedule", &month)?.failure()?;
    ensure!(told.contains("31 days"), "{told}");
    Ok(())
}

pub(super) fn rooms_are_narrowed_and_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "rooms")?;
    let known = site.control.graph("rooms", &session.person.email)?;
    let addresses = |rooms: &[&Value]| -> Result<BTreeSet<String>> {
        rooms.iter().map(|room| Ok(room.text("/emailAddress")?.to_owned())).collect()
    };
    let walk = |arguments: &Value| -> Result<Vec<String>> {
        let (mut seen, mut arguments) = (Vec::new(), arguments.clone());
        for _ in 0..20 {
            let reply = session.tool("listRooms", &arguments)?;
            for room in reply.content()?.list("/rooms")? {
                seen.push(room.text("/address")?.to_owned());
            }
            let odd = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
            ensure!(!reply.result()?.to_string().contains(odd), "{}", reply.answer);
            match reply.content()?.get("nextCursor") {
                Some(next) => arguments = json!({ "cursor": next }),
                None => return Ok(seen),
            }
        }
        anyhow::bail!("the rooms never end")
    };
    let all: Vec<&Value> = known.iter().collect();
    ensure!(all.len() > 100, "{} rooms fit on a page", all.len());
    let bauhaus: Vec<&Value> = known.iter().filter(|room| room.at("/building") == "Bauhaus").collect();
    let large = |room: &&Value| room.at("/capacity").as_i64().is_some_and(|seats| seats >= 20);
    let both: Vec<&Value> = bauhaus.iter().copied().filter(large).collect();
    for (arguments, expected) in [
        (json!({}), &all),
        (json!({ "building": "bau" }), &bauhaus),
        (json!({ "building": "bauhaus", "capacity": 20 }), &both),
        (json!({ "building": "castle" }), &Vec::new()),
    ] {
        let seen = walk(&arguments)?;
        let distinct: BTreeSet<String> = seen.iter().cloned().collect();
        ensure!(distinct.len() == seen.len(), "{arguments}: a room came again");
        ensure!(distinct == addresses(expected)?, "{arguments}: {} of {}", distinct.len(), expected.len());
    }
    let call = session.last_graph_request()?;
    ensure!(call.path() == "/v1.0/places/microsoft.graph.room", "{}", call.line());
    ensure!(call.option("$filter").is_none() && call.option("$select").is_some(), "{:?}", call.0);
    for (arguments, named) in [
        (json!({ "capacity": 0 }), "capacity"),
        (json!({ "capacity": -5 }), "capacity"),
        (json!({ "capacity": 1e12 }), "capacity"),
        (json!({ "building": "" }), "building"),
        (json!({ "building": "a\nb" }), "building"),
    ] {
        session.tool("listRooms", &arguments)?.expect_invalid(named)?;
    }
    Ok(())
}
