//! The tools of calendars: events, invitations, free and busy times, rooms.

mod changes;
mod refusals;
mod times;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use self::changes::{
    a_cancelled_event_is_gone_and_only_its_organiser_cancels, a_description_of_a_teams_meeting_is_left_alone,
    a_new_time_is_anchored_in_a_named_zone, an_invitation_is_answered_in_three_ways,
    an_occurrence_is_changed_and_cancelled_without_its_series, only_what_is_named_is_changed,
};
use self::refusals::{
    a_calendar_that_is_not_shared_stays_closed, arguments_of_calendars_are_bounded_and_named,
    each_calendar_tool_needs_its_own_permission, events_of_others_and_ids_of_nothing_lead_nowhere,
    every_documented_refusal_of_calendars_is_told_as_its_own, ids_of_events_never_leave_their_segment,
    what_changes_an_event_is_recorded_with_what_it_reaches,
};
use self::times::{
    free_and_busy_times_are_told_without_what_they_are_taken_by, rooms_are_narrowed_and_seen_once,
    suggestions_are_local_times_and_their_absence_is_explained,
};
use super::tools::INVISIBLE;
use crate::json::{Look as _, with};
use crate::mcp::Reply;
use crate::session::Session;
use crate::site::Site;

/// The shared mailbox of the simulated tenant.
const SUPPORT: &str = "support@contoso.example";
const BERLIN: &str = "W. Europe Standard Time";

table! { "calendar_tools":
    shared events_are_told_in_the_mailbox_s_zone_or_in_the_one_asked_for,
    shared times_without_an_offset_are_the_mailbox_s_on_both_sides_of_a_clock_change,
    shared an_hour_that_the_clocks_skip_or_show_twice_makes_no_event,
    shared a_teams_meeting_is_in_the_calendar_of_all_and_has_a_link,
    shared a_repeated_request_makes_one_event,
    shared one_event_is_read_whole_and_clean,
    shared a_long_description_is_read_to_its_end_by_cursor,
    shared the_calendar_of_a_shared_mailbox_is_another_calendar,
    shared a_calendar_opened_to_the_person_is_read_and_written,
    shared only_what_is_named_is_changed,
    shared a_new_time_is_anchored_in_a_named_zone,
    shared a_description_of_a_teams_meeting_is_left_alone,
    shared an_occurrence_is_changed_and_cancelled_without_its_series,
    shared a_cancelled_event_is_gone_and_only_its_organiser_cancels,
    shared an_invitation_is_answered_in_three_ways,
    shared suggestions_are_local_times_and_their_absence_is_explained,
    shared free_and_busy_times_are_told_without_what_they_are_taken_by,
    shared rooms_are_narrowed_and_seen_once,
    shared each_calendar_tool_needs_its_own_permission,
    shared every_documented_refusal_of_calendars_is_told_as_its_own,
    shared a_calendar_that_is_not_shared_stays_closed,
    shared events_of_others_and_ids_of_nothing_lead_nowhere,
    shared ids_of_events_never_leave_their_segment,
    shared arguments_of_calendars_are_bounded_and_named,
    shared what_changes_an_event_is_recorded_with_what_it_reaches,
}

/// The text of a result.
fn text(reply: &Reply) -> Result<String> {
    Ok(reply.result()?.text("/content/0/text")?.to_owned())
}

/// An id as it stands in a path.
fn segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

/// The events of a calendar, as Graph has them.
fn calendar(session: &Session<'_>) -> Result<Vec<Value>> {
    session.site.control.graph("calendar", &session.person.email)
}

/// The first single event of the calendar of which this holds.
fn event(session: &Session<'_>, holds: impl Fn(&Value) -> bool) -> Result<Value> {
    let single = |item: &Value| item.at("/type") == "singleInstance" && item.at("/isAllDay") == false;
    calendar(session)?.into_iter().find(|item| single(item) && holds(item)).context("no such event")
}

/// Makes an event and gives its id.
fn created(session: &Session<'_>, arguments: &Value) -> Result<String> {
    Ok(session.call_approved("createCalendarEvent", arguments)?.content()?.text("/id")?.to_owned())
}

fn plain(subject: &str) -> Value {
    json!({ "subject": subject, "start": "2031-03-04T09:00:00Z", "end": "2031-03-04T10:00:00Z" })
}

fn events_are_told_in_the_mailbox_s_zone_or_in_the_one_asked_for(site: &Site) -> Result<()> {
    let session = Session::open(site, "local-times")?;
    let mine = session.tool("getCalendarEvents", &json!({}))?;
    ensure!(text(&mine)?.contains("Times are Europe/Berlin."), "{}", mine.answer);
    let tokyo = session.tool("getCalendarEvents", &json!({ "timeZone": "Asia/Tokyo" }))?;
    ensure!(text(&tokyo)?.contains("Times are Asia/Tokyo."), "{}", tokyo.answer);
    let timed = |reply: &Reply| -> Result<Vec<(String, String)>> {
        let events = reply.content()?.list("/events")?.iter();
        let timed = events.filter(|event| event.at("/isAllDay") == false);
        timed.map(|event| Ok((event.text("/id")?.to_owned(), event.text("/start")?.to_owned()))).collect()
    };
    let (here, there) = (timed(&mine)?, timed(&tokyo)?);
    ensure!(!here.is_empty() && here.len() == there.len(), "{here:?} and {there:?}");
    for ((id, start), (same, other)) in here.iter().zip(&there) {
        ensure!(id == same, "another order");
        ensure!(start.ends_with("+01:00") || start.ends_with("+02:00"), "{start}");
        ensure!(other.ends_with("+09:00") && start != other, "{other}");
    }
    let all_day = mine.content()?.list("/events")?.iter().find(|event| event.at("/isAllDay") == true);
    if let Some(event) = all_day {
        ensure!(event.text("/start")?.len() == 10, "an all-day event has a time: {event}");
    }
    let requests = session.graph_requests()?;
    let settings = requests.iter().filter(|call| call.at("/path") == "/v1.0/me/mailboxSettings").count();
    ensure!(settings == 1, "the mailbox was asked {settings} times for its zone");
    session.tool("getCalendarEvents", &json!({ "timeZone": "Mars/Olympus" }))?.expect_invalid("timeZone")
}

/// Nine o'clock on the last Friday of winter time and the Monday after, on the clock of the mailbox.
fn times_without_an_offset_are_the_mailbox_s_on_both_sides_of_a_clock_change(site: &Site) -> Result<()> {
    let session = Session::open(site, "both-sides")?;
    for (day, utc, new_york) in [
        ("2031-03-28", "2031-03-28T08:00:00+00:00", "2031-03-28T04:00:00-04:00"),
        ("2031-03-31", "2031-03-31T07:00:00+00:00", "2031-03-31T03:00:00-04:00"),
        ("2031-10-24", "2031-10-24T07:00:00+00:00", "2031-10-24T03:00:00-04:00"),
        ("2031-10-27", "2031-10-27T08:00:00+00:00", "2031-10-27T04:00:00-04:00"),
    ] {
        let arguments =
            json!({ "subject": day, "start": format!("{day}T09:00"), "end": format!("{day}T09:30:00") });
        let reply = session.call_approved("createCalendarEvent", &arguments)?;
        let note = "named no time zone and were taken as Europe/Berlin, the mailbox's own";
        ensure!(text(&reply)?.contains(note), "{}", reply.answer);
        let sent = session.last_graph_request()?;
        let start = sent.body().at("/start");
        ensure!(start == &json!({ "dateTime": format!("{day}T09:00:00"), "timeZone": BERLIN }), "{start}");
        let id = reply.content()?.text("/id")?;
        for (zone, expected) in [("UTC", utc), ("America/New_York", new_york)] {
            let read = session.tool("getEvent", &json!({ "id": id, "timeZone": zone }))?;
            ensure!(read.content()?.text("/start")? == expected, "{day} in {zone}: {}", read.answer);
        }
    }
    // What is said counts more than what the mailbox is set to.
    for (start, zone, expected) in [
        ("2031-03-31T09:00:00", json!("America/New_York"), ("2031-03-31T09:00:00", "Eastern Standard Time")),
        ("2031-03-31T09:00:00[Asia/Tokyo]", json!(null), ("2031-03-31T09:00:00", "Tokyo Standard Time")),
        ("2031-03-31T09:00:00+05:30", json!(null), ("2031-03-31T03:30:00", "UTC")),
        // Outlook does not know the name, and knows the clock.
        (
            "2031-03-31T09:00:00[Europe/Vienna]",
            json!(null),
            ("2031-03-31T09:00:00", "Central Europe Standard Time"),
        ),
    ] {
        let arguments =
            json!({ "subject": "said", "start": start, "end": "2031-04-02T09:00:00Z", "timeZone": zone });
        let reply = session.call_approved("createCalendarEvent", &arguments)?;
        ensure!(!text(&reply)?.contains("named no time zone"), "{}", reply.answer);
        let sent = session.last_graph_request()?;
        let (at, zone) = (sent.body().text("/start/dateTime")?, sent.body().text("/start/timeZone")?);
        ensure!((at, zone) == expected, "{start}: {at} {zone}");
    }
    Ok(())
}

fn an_hour_that_the_clocks_skip_or_show_twice_makes_no_event(site: &Site) -> Result<()> {
    let session = Session::open(site, "clock-change")?;
    for start in ["2031-03-30T02:30:00", "2031-10-26T02:30:00"] {
        let arguments = json!({ "subject": "s", "start": start, "end": "2031-12-01T09:00:00Z" });
        let told = session.call_approved("createCalendarEvent", &arguments)?.failure()?;
        ensure!(told.contains("offset") && told.contains("clocks"), "{start}: {told}");
        let arguments = with(&arguments, &json!({ "timeZone": "Europe/Berlin" }));
        session.call_approved("createCalendarEvent", &arguments)?.expect_invalid("start")?;
        let arguments = with(&arguments, &json!({ "timeZone": "Asia/Tokyo" }));
        session.call_approved("createCalendarEvent", &arguments)?.content()?;
    }
    let made = site.control.graph("events", &session.person.email)?;
    ensure!(made.len() == 2, "{} events were made", made.len());
    Ok(())
}

fn a_teams_meeting_is_in_the_calendar_of_all_and_has_a_link(site: &Site) -> Result<()> {
    let session = Session::open(site, "teams-event")?;
    let more =
        json!({ "onlineMeeting": true, "location": "Room Aalto", "attendees": ["blair@contoso.example"] });
    let arguments = with(&plain("Review"), &more);
    let reply = session.call_approved("createCalendarEvent", &arguments)?;
    let sent = session.last_graph_request()?;
    let body = sent.body();
    ensure!(
        body.at("/isOnlineMeeting") == true && body.at("/onlineMeetingProvider") == "teamsForBusiness",
        "{body}"
    );
    ensure!(body.text("/location/displayName")? == "Room Aalto", "{body}");
    ensure!(body.text("/attendees/0/type")? == "required", "{body}");
    let link = reply.content()?.text("/joinUrl")?;
    ensure!(
        link.starts_with("https://teams.microsoft.com/") && text(&reply)?.contains(link),
        "{}",
        reply.answer
    );
    let found = session.tool("findOnlineMeeting", &json!({ "joinUrl": link }))?;
    ensure!(found.content()?.text("/meetings/0/subject")? == "Review", "{}", found.answer);
    Ok(())
}

fn a_repeated_request_makes_one_event(site: &Site) -> Result<()> {
    let session = Session::open(site, "one-event")?;
    let fault = json!({ "target": "graph", "person": session.person.email, "kind": "status", "status": 503, "times": 1 });
    site.control.fault(&fault)?;
    let reply = session.call_approved("createCalendarEvent", &plain("Once"))?;
    if reply.content().is_err() {
        reply.failure()?;
        session.call_approved("createCalendarEvent", &plain("Once"))?.content()?;
    }
    let made = site.control.graph("events", &session.person.email)?;
    ensure!(made.len() == 1, "{} events: {made:?}", made.len());
    ensure!(made.first().is_some_and(|event| event.at("/transactionId").is_string()), "{made:?}");
    Ok(())
}

fn one_event_is_read_whole_and_clean(site: &Site) -> Result<()> {
    let session = Session::open(site, "one-event-read")?;
    let series = calendar(&session)?.into_iter().find(|event| event.at("/type") == "seriesMaster");
    let series = series.context("no series")?;
    let id = series.text("/id")?;
    let reply = session.tool("getEvent", &json!({ "id": id }))?;
    let content = reply.content()?;
    ensure!(content.at("/subject") == series.at("/subject"), "{content}");
    ensure!(content.text("/body")?.contains("Agenda for"), "{content}");
    ensure!(content.text("/recurrence")?.starts_with("every week on"), "{content}");
    ensure!(
        content.at("/untrusted") == true && content.text("/webLink")?.starts_with("https://"),
        "{content}"
    );
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("GET /v1.0/me/events/{}", segment(id)), "{}", call.line());
    ensure!(call.header("prefer").is_some_and(|prefer| prefer.contains("ImmutableId")), "{:?}", call.0);
    ensure!(call.option("$select").is_some_and(|select| !select.contains('*')), "{:?}", call.0);
    let listed = session.tool("getCalendarEvents", &json!({ "days": 30 }))?;
    let odd = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
    ensure!(!listed.result()?.to_string().contains(odd), "{}", listed.answer);
    for event in listed.content()?.list("/events")? {
        session.tool("getEvent", &json!({ "id": event.at("/id") }))?.content()?;
    }
    Ok(())
}

fn a_long_description_is_read_to_its_end_by_cursor(site: &Site) -> Result<()> {
    let session = Session::open(site, "long-event")?;
    let words: Vec<String> = (0..2000).map(|number| format!("word{number}")).collect();
    let arguments = with(&plain("Long"), &json!({ "body": words.join(" ") }));
    let mut arguments = json!({ "id": created(&session, &arguments)? });
    let (mut whole, mut parts) = (String::new(), 0);
    loop {
        let reply = session.tool("getEvent", &arguments)?;
        whole.push_str(reply.content()?.text("/body")?);
        parts += 1;
        ensure!(parts < 20, "it never ends");
        let Some(cursor) = reply.content()?.get("nextCursor") else { break };
        arguments = json!({ "cursor": cursor });
    }
    ensure!(parts > 2 && whole == words.join(" "), "{parts} parts, {} characters", whole.len());
    Ok(())
}

fn the_calendar_of_a_shared_mailbox_is_another_calendar(site: &Site) -> Result<()> {
    let session = Session::open(site, "shared-calendar")?;
    let mailbox = segment(SUPPORT);
    session.tool("getCalendarEvents", &json!({ "mailbox": SUPPORT }))?.content()?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("GET /v1.0/users/{mailbox}/calendarView"), "{}", call.line());
    let subject = format!("Shift of {}", session.person.email);
    let arguments = with(&plain(&subject), &json!({ "mailbox": SUPPORT }));
    let id = created(&session, &arguments)?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("POST /v1.0/users/{mailbox}/events"), "{}", call.line());
    let made = site.control.graph("events", SUPPORT)?;
    ensure!(made.iter().any(|event| event.at("/subject") == subject.as_str()), "not in the shared calendar");
    ensure!(site.control.graph("events", &session.person.email)?.is_empty(), "in the person's own calendar");
    let there = json!({ "id": id, "mailbox": SUPPORT });
    session.tool("getEvent", &there)?.content()?;
    session.tool("getEvent", &json!({ "id": id }))?.failure()?;
    session
        .call_approved("updateEvent", &json!({ "id": id, "mailbox": SUPPORT, "location": "Desk" }))?
        .content()?;
    session.call_approved("cancelEvent", &there)?.content()?;
    session.tool("getEvent", &there)?.failure().map(drop)
}

fn a_calendar_opened_to_the_person_is_read_and_written(site: &Site) -> Result<()> {
    let session = Session::open(site, "delegate")?;
    let fields = json!({ "delegates": [session.person.email] });
    let owner = site.person_with("principal", &fields)?;
    let mailbox = json!({ "mailbox": owner.email, "days": 30 });
    let read = session.tool("getCalendarEvents", &mailbox)?;
    let ids: Vec<&Value> = read.content()?.list("/events")?.iter().map(|event| event.at("/id")).collect();
    ensure!(!ids.is_empty(), "{}", read.answer);
    let arguments = with(&plain("For the principal"), &json!({ "mailbox": owner.email }));
    created(&session, &arguments)?;
    let made = site.control.graph("events", &owner.email)?;
    ensure!(made.len() == 1 && made.iter().all(|one| one.at("/subject") == "For the principal"), "{made:?}");
    Ok(())
}
