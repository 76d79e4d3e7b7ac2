use serde_json::{Value, json};

use crate::find_tool;
use crate::testing::arguments;

fn refusal(given: Value) -> String {
    let parsed = find_tool("createCalendarEvent").unwrap().parse(&arguments(given));
    parsed.err().map_or_else(|| "accepted".to_owned(), |errors| errors.to_string())
}

fn event(start: &str, end: &str, zone: Option<&str>) -> Value {
    json!({ "subject": "s", "start": start, "end": end, "timeZone": zone })
}

#[test]
fn what_no_zone_of_the_mailbox_could_mend_is_refused_with_the_arguments() {
    let later = "`end` must be later than `start`.";
    for (start, end, zone, said) in [
        ("2026-11-24T10:00", "2026-11-24T11:00", None, "accepted"),
        ("2026-11-24T10:00", "2026-11-24T10:00", None, later),
        ("2026-11-24T10:00", "2026-11-24T09:00Z", None, "accepted"),
        ("2026-11-24T10:00Z", "2026-11-24T10:30+01:00", None, later),
        ("2026-11-24T10:00", "2026-11-24T09:00Z", Some("UTC"), later),
        ("2026-11-24T10:00", "2026-11-24T09:30Z", Some("Europe/Berlin"), "accepted"),
        ("2026-11-24T10:00", "2026-11-24T11:00", Some("W. Europe Standard Time"), "accepted"),
        // An hour and a half on the clock, half an hour that passes.
        ("2026-03-29T01:45", "2026-03-29T03:15", Some("Europe/Berlin"), "accepted"),
    ] {
        assert_eq!(refusal(event(start, end, zone)), said, "{start} {end} {zone:?}");
    }
}

#[test]
fn a_zone_that_is_none_is_refused_by_its_name() {
    for zone in ["Mars/Olympus", "", "../UTC", "Europe/Berlin\r\nx"] {
        let said = refusal(event("2026-11-24T10:00", "2026-11-24T11:00", Some(zone)));
        assert!(said.starts_with("`timeZone` must be the name of a time zone"), "{zone:?}: {said}");
    }
}
