use super::*;

fn zone(name: &str) -> Zone {
    Zone::named(name).unwrap()
}

fn settled(text: &str, zone: &Zone) -> Settled {
    Moment::parse(text).unwrap().settle(zone).unwrap()
}

fn graph(text: &str, zone: &Zone) -> (String, String) {
    let value = settled(text, zone).to_graph();
    (value["dateTime"].as_str().unwrap().to_owned(), value["timeZone"].as_str().unwrap().to_owned())
}

#[test]
fn offsets_are_instants_in_utc_whatever_the_zone() {
    for text in [
        "2026-11-24T10:00:00+01:00",
        "2026-11-24T09:00:00Z",
        "2026-11-24T09:00Z",
        "2026-11-24T04:00:00.25-05:00",
    ] {
        let tokyo = zone("Asia/Tokyo");
        assert_eq!(graph(text, &tokyo), ("2026-11-24T09:00:00".into(), "UTC".into()), "{text}");
        assert!(!settled(text, &tokyo).floated());
    }
}

#[test]
fn a_floating_time_is_meant_in_the_zone_on_both_sides_of_a_clock_change() {
    for (text, name, at, utc) in [
        ("2026-11-24T09:00:00", "UTC", "2026-11-24T09:00:00", "2026-11-24T09:00:00Z"),
        ("2026-11-24", "UTC", "2026-11-24T00:00:00", "2026-11-24T00:00:00Z"),
        ("2026-10-24T09:00", "W. Europe Standard Time", "2026-10-24T09:00:00", "2026-10-24T07:00:00Z"),
        ("2026-10-25T09:00", "W. Europe Standard Time", "2026-10-25T09:00:00", "2026-10-25T08:00:00Z"),
        ("2026-03-08T01:59", "Eastern Standard Time", "2026-03-08T01:59:00", "2026-03-08T06:59:00Z"),
        ("2026-03-08T03:00", "Eastern Standard Time", "2026-03-08T03:00:00", "2026-03-08T07:00:00Z"),
    ] {
        let found = settled(text, &zone(name));
        assert_eq!(graph(text, &zone(name)), (at.into(), name.into()), "{text} {name}");
        assert_eq!((found.to_rfc3339(), found.floated()), (utc.to_owned(), true), "{text} {name}");
    }
}

#[test]
fn a_named_zone_is_kept_on_both_sides_of_a_clock_change() {
    for (text, utc) in [
        ("2026-03-28T09:00[Europe/Berlin]", "2026-03-28T08:00:00Z"),
        ("2026-03-30T09:00[Europe/Berlin]", "2026-03-30T07:00:00Z"),
        ("2026-10-25T02:30+02:00[Europe/Berlin]", "2026-10-25T00:30:00Z"),
        ("2026-10-25T02:30+01:00[Europe/Berlin]", "2026-10-25T01:30:00Z"),
    ] {
        let moment = settled(text, &Zone::utc());
        assert_eq!(moment.to_rfc3339(), utc);
        assert_eq!(graph(text, &Zone::utc()).1, "W. Europe Standard Time");
        assert!(!moment.floated());
    }
}

#[test]
fn outlook_is_sent_utc_for_a_zone_that_it_does_not_have() {
    assert_eq!(
        graph("2026-07-01T12:00[Antarctica/Troll]", &Zone::utc()),
        ("2026-07-01T10:00:00".into(), "UTC".into())
    );
}

#[test]
fn a_local_time_the_zone_skips_or_repeats_is_refused() {
    for text in [
        "2026-03-29T02:30[Europe/Berlin]",
        "2026-10-25T02:30[Europe/Berlin]",
        "2026-11-24T09:00[Mars/Olympus]",
        "2026-11-24T09:00+09:00[Europe/Berlin]",
    ] {
        assert_eq!(Moment::parse(text).err(), Some(MomentError::Local), "{text}");
    }
    assert!(Moment::parse("2026-03-29T03:30[Europe/Berlin]").is_ok());
    for text in ["2026-03-29T02:30", "2026-10-25T02:30"] {
        let moment = Moment::parse(text).unwrap();
        assert_eq!(moment.settle(&zone("Europe/Berlin")).err(), Some(MomentError::Local), "{text}");
        assert!(moment.settle(&zone("Asia/Tokyo")).is_ok());
    }
}

#[test]
fn what_is_no_time_is_refused() {
    for text in [
        "",
        "tomorrow",
        "2026-13-01T00:00Z",
        "2026-02-30T00:00Z",
        "24.11.2026",
        "1764000000",
        "2026-11-24T25:00Z",
        &"2".repeat(65),
    ] {
        assert_eq!(Moment::parse(text).err(), Some(MomentError::Malformed), "{text}");
    }
    assert_eq!(Moment::parse("1969-12-31T23:00:00Z").err(), Some(MomentError::Year));
}

#[test]
fn order_is_known_without_a_zone_only_where_no_zone_can_change_it() {
    let never =
        |one: &str, other: &str| Moment::parse(one).unwrap().is_never_after(&Moment::parse(other).unwrap());
    assert!(never("2026-11-24T10:00+01:00", "2026-11-24T09:00Z"));
    assert!(!never("2026-11-24T10:00+01:00", "2026-11-24T08:59Z"));
    assert!(never("2026-11-24T10:00", "2026-11-24T10:00"));
    assert!(!never("2026-11-24T10:01", "2026-11-24T10:00"));
    assert!(
        !never("2026-11-24T10:00", "2026-11-24T12:00Z") && !never("2026-11-24T10:00Z", "2026-11-24T12:00")
    );
}

#[test]
fn words_and_stamps_name_the_zone() {
    let utc = settled("2026-11-24T10:00+01:00", &Zone::utc());
    assert_eq!(utc.words(), "Tue 2026-11-24 09:00 UTC");
    let berlin = settled("2026-11-24T10:00[Europe/Berlin]", &Zone::utc());
    assert_eq!(
        (berlin.words().as_str(), berlin.stamp().as_str()),
        ("Tue 2026-11-24 10:00 Europe/Berlin", "2026-11-24T10:00:00+01:00")
    );
    assert_eq!(utc.told_in(&zone("Asia/Tokyo")).words(), "Tue 2026-11-24 18:00 Asia/Tokyo");
}

fn given(date_time: &str, time_zone: Option<&str>) -> GraphTime {
    GraphTime { date_time: Some(date_time.to_owned()), time_zone: time_zone.map(str::to_owned) }
}

#[test]
fn times_of_graph_are_instants_in_whatever_zone_they_come() {
    for (date_time, time_zone, utc) in [
        ("2026-11-24T09:00:00.0000000", Some("UTC"), "2026-11-24T09:00:00Z"),
        ("2026-11-24T09:00:00", None, "2026-11-24T09:00:00Z"),
        ("2026-11-24T09:00:00", Some("tzone://Microsoft/Utc"), "2026-11-24T09:00:00Z"),
        ("2026-10-24T09:00:00.0000000", Some("W. Europe Standard Time"), "2026-10-24T07:00:00Z"),
        ("2026-10-26T09:00:00.0000000", Some("Europe/Berlin"), "2026-10-26T08:00:00Z"),
        ("2026-03-29T02:30:00", Some("Europe/Berlin"), "2026-03-29T01:30:00Z"),
        ("2026-10-25T02:30:00", Some("Europe/Berlin"), "2026-10-25T00:30:00Z"),
    ] {
        let at = given(date_time, time_zone).instant().map(|at| at.to_string());
        assert_eq!(at.as_deref(), Some(utc), "{date_time} {time_zone:?}");
    }
    assert_eq!(given("soon", Some("UTC")).instant(), None);
    assert_eq!(given("2026-11-24T09:00:00", Some("Customized Time Zone")).instant(), None);
    assert_eq!(GraphTime::default().instant(), None);
}

#[test]
fn days_of_an_all_day_event_are_moved_by_no_zone() {
    let day = |text: &str| given(text, Some("Pacific Standard Time")).day().unwrap();
    assert_eq!(
        days(day("2026-11-24T00:00:00.0000000"), day("2026-11-25T00:00:00.0000000")),
        "Tue 2026-11-24, all day"
    );
    assert_eq!(
        days(day("2026-11-24T00:00:00"), day("2026-11-26T00:00:00")),
        "Tue 2026-11-24 to Wed 2026-11-25, all day"
    );
    assert_eq!(days(day("2026-11-24T00:00:00"), day("2026-11-24T00:00:00")), "Tue 2026-11-24, all day");
}

#[test]
fn minutes_count_time_that_passes_and_not_what_the_clock_shows() {
    let berlin = zone("Europe/Berlin");
    let at = |text: &str| settled(text, &berlin).at();
    assert_eq!(minutes(at("2026-10-25T01:00"), at("2026-10-25T04:00")), Some(240));
    assert_eq!(minutes(at("2026-10-25T04:00"), at("2026-10-25T04:00")), None);
    assert_eq!(minutes(at("2026-10-25T05:00"), at("2026-10-25T04:00")), None);
}
