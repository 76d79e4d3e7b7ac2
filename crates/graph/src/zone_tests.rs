use std::time::Duration;

use futures_util::FutureExt as _;
use m365_types::ScopeSet;
use serde_json::{Value, json};

use super::*;
use crate::testing::{REQUEST, Scripted, World, account, intent, ok, refused};
use crate::{GraphClient, catalog};

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

#[test]
fn every_windows_name_is_a_zone_and_stands_once() {
    for (windows, iana) in windows::ZONES {
        assert_eq!(zone(windows).name(), iana, "{windows}");
        assert_eq!(zone(&windows.to_uppercase()).name(), iana, "{windows}");
    }
    assert!(windows::ZONES.windows(2).all(|pair| pair[0].0.to_lowercase() < pair[1].0.to_lowercase()));
}

#[test]
fn names_of_no_zone_are_refused() {
    for name in [
        "",
        "Berlin",
        "W. Europe Standard Tim",
        "+01:00",
        "../../etc/localtime",
        "Europe/Berlin\0",
        "EuropeBerlin",
    ] {
        assert!(Zone::named(name).is_none(), "{name:?}");
    }
    assert_eq!(zone("europe/berlin").name(), "Europe/Berlin");
}

#[test]
fn an_instant_is_told_in_local_time_on_both_sides_of_a_clock_change() {
    for (name, instant, words, stamp) in [
        ("Europe/Berlin", "2026-03-29T00:59:59Z", "Sun 2026-03-29 01:59", "2026-03-29T01:59:59+01:00"),
        ("Europe/Berlin", "2026-03-29T01:00:00Z", "Sun 2026-03-29 03:00", "2026-03-29T03:00:00+02:00"),
        (
            "W. Europe Standard Time",
            "2026-10-25T00:30:00Z",
            "Sun 2026-10-25 02:30 (+02:00)",
            "2026-10-25T02:30:00+02:00",
        ),
        (
            "W. Europe Standard Time",
            "2026-10-25T01:30:00Z",
            "Sun 2026-10-25 02:30 (+01:00)",
            "2026-10-25T02:30:00+01:00",
        ),
        (
            "Eastern Standard Time",
            "2026-11-01T12:00:00Z",
            "Sun 2026-11-01 07:00",
            "2026-11-01T07:00:00-05:00",
        ),
        ("Asia/Kolkata", "2026-11-24T18:45:00.25Z", "Wed 2026-11-25 00:15", "2026-11-25T00:15:00+05:30"),
        ("UTC", "2026-11-24T09:00:00+01:00", "Tue 2026-11-24 08:00", "2026-11-24T08:00:00+00:00"),
    ] {
        let zone = zone(name);
        assert_eq!(zone.words(instant), words, "{name} {instant}");
        assert_eq!(zone.stamp(at(instant)), stamp, "{name} {instant}");
    }
    assert_eq!(zone("UTC").words("soon"), "");
}

#[test]
fn a_span_names_a_day_once_where_it_can() {
    let berlin = zone("Europe/Berlin");
    let span = |start: &str, end: &str| berlin.span(at(start), at(end));
    assert_eq!(span("2026-11-24T09:00:00Z", "2026-11-24T09:30:00Z"), "Tue 2026-11-24 10:00–10:30");
    assert_eq!(
        span("2026-11-24T22:30:00Z", "2026-11-24T23:30:00Z"),
        "Tue 2026-11-24 23:30–Wed 2026-11-25 00:30"
    );
    assert_eq!(
        span("2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z"),
        "Sun 2026-10-25 02:15 (+02:00)–02:15 (+01:00)"
    );
}

#[test]
fn a_local_time_that_the_clock_skips_or_shows_twice_is_no_instant() {
    let berlin = zone("W. Europe Standard Time");
    let instant = |text: &str| berlin.instant(text.parse().unwrap()).map(|at| at.to_string());
    assert_eq!(instant("2026-03-29T02:30:00"), None);
    assert_eq!(instant("2026-10-25T02:30:00"), None);
    assert_eq!(instant("2026-03-29T03:30:00").as_deref(), Some("2026-03-29T01:30:00Z"));
    assert_eq!(instant("2026-10-25T03:30:00").as_deref(), Some("2026-10-25T02:30:00Z"));
}

#[test]
fn outlook_is_told_the_windows_name_of_the_same_clock() {
    let now = at("2026-11-24T09:00:00Z");
    for (iana, windows) in [
        ("UTC", Some("UTC")),
        ("Europe/Berlin", Some("W. Europe Standard Time")),
        ("America/New_York", Some("Eastern Standard Time")),
        ("Asia/Calcutta", Some("India Standard Time")),
    ] {
        assert_eq!(zone(iana).outlook_name(now), windows, "{iana}");
    }
    // Not in the table: any name will do whose clock is the same, in this year and the next.
    for place in ["Europe/Vienna", "Europe/Oslo", "America/Toronto", "Africa/Accra", "Australia/Melbourne"] {
        let found = zone(zone(place).outlook_name(now).unwrap());
        for instant in
            ["2026-11-24T09:00:00Z", "2027-03-20T09:00:00Z", "2027-07-01T09:00:00Z", "2028-01-15T09:00:00Z"]
        {
            assert_eq!(found.words(instant), zone(place).words(instant), "{place} as {}", found.name());
        }
    }
    // Half an hour of summer time is nobody else's; two hours are no zone of Windows at all.
    assert_eq!(zone("Australia/Lord_Howe").outlook_name(now), Some("Lord Howe Standard Time"));
    assert_eq!(zone("Antarctica/Troll").outlook_name(now), None);
}

/// The zone of a call for which nothing is asked, and how often the mailbox was asked.
fn of(world: &World, scopes: &str, asked: Option<&Zone>) -> (Zone, usize) {
    let action =
        catalog().find(|action| action.spec.calls.iter().any(|call| call.template == SETTINGS)).unwrap();
    let intent = intent(&action.spec, action.spec.scopes.to_vec());
    let graph = GraphClient::new(world.ports(), &intent);
    let mut account = account();
    (account.granted, account.microsoft_scopes) = (ScopeSet::parse(scopes).0, ScopeSet::parse(scopes).0);
    let context = Context {
        graph: &graph,
        now: crate::testing::NOW.plus(*world.passed.lock().unwrap()),
        request: REQUEST,
        account: &account,
        position: None,
        zone: &world.zone,
        documents: world,
        internal: &crate::testing::INTERNAL,
        confidential: &world.confidential,
    };
    let found = Zone::of(&context, asked).now_or_never().unwrap();
    (found, world.requests().len())
}

fn settings(zone: &Value) -> Scripted {
    ok(&json!({ "timeZone": zone }))
}

#[test]
fn the_zone_of_the_mailbox_is_asked_for_once_an_hour() {
    let world =
        World::answering([settings(&json!("W. Europe Standard Time")), settings(&json!("Asia/Tokyo"))]);
    for _ in 0..2 {
        let (zone, asked) = of(&world, "MailboxSettings.Read", None);
        assert_eq!((zone.name(), zone.is_of_mailbox(), asked), ("Europe/Berlin", true, 1));
        assert_eq!(zone.sentence(), "Times are Europe/Berlin.");
    }
    let request = &world.requests()[0];
    assert_eq!((request.path.as_str(), request.query.len()), ("/me/mailboxSettings", 0));
    world.pass(Duration::from_hours(1));
    let (zone, asked) = of(&world, "MailboxSettings.Read", None);
    assert_eq!((zone.name(), asked), ("Asia/Tokyo", 2));
}

#[test]
fn a_zone_that_was_asked_for_needs_no_mailbox() {
    let world = World::answering([]);
    let (found, asked) = of(&world, "MailboxSettings.Read", Some(&zone("Asia/Tokyo")));
    assert_eq!((found.name(), found.is_of_mailbox(), asked), ("Asia/Tokyo", false, 0));
}

#[test]
fn an_unknown_zone_is_utc_and_the_head_says_so() {
    let world = World::answering([settings(&json!("Customized Time Zone"))]);
    for _ in 0..2 {
        let (zone, asked) = of(&world, "MailboxSettings.Read", None);
        assert_eq!((zone.name(), zone.is_of_mailbox(), asked), ("UTC", false, 1));
        assert_eq!(
            zone.sentence(),
            "Times are UTC: the mailbox's own zone has a name that is not known here."
        );
    }
}

#[test]
fn a_mailbox_that_does_not_say_is_utc_and_asked_again_after_a_minute_and_one_that_may_not_be_asked_never() {
    let unsaid = "Times are UTC, because the mailbox's own zone is not known.";
    for answer in [settings(&json!(null)), settings(&json!("")), refused(403, None, None)] {
        let world = World::answering([answer, settings(&json!("UTC"))]);
        let (zone, _) = of(&world, "MailboxSettings.Read", None);
        assert_eq!((zone.name(), zone.sentence().as_str()), ("UTC", unsaid));
        world.pass(Duration::from_secs(59));
        assert_eq!(of(&world, "MailboxSettings.Read", None).1, 1);
        world.pass(Duration::from_secs(1));
        assert!(of(&world, "MailboxSettings.Read", None).0.is_of_mailbox());
    }
    let (zone, asked) = of(&World::answering([]), "Mail.Read", None);
    assert_eq!((zone.sentence().as_str(), asked), (unsaid, 0));
}
