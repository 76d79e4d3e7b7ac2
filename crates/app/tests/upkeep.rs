//! What cells do when their alarm rings: the directory is told, what has expired is forgotten.

use std::time::Duration;

use m365_types::Profile;

use crate::callers::every_scope;
use crate::harness::{ALEX, Site};

const FIVE_SECONDS: Duration = Duration::from_secs(5);
const MINUTE: Duration = Duration::from_mins(1);
const HALF_A_DAY: Duration = Duration::from_hours(12);

#[test]
fn the_directory_hears_how_far_a_journal_has_come_once_for_all_records_of_a_moment() {
    let site = Site::new(Profile::Full);
    site.grant(&ALEX, &site.register(), &every_scope());
    assert!(!site.ring_if_due());
    assert_eq!(site.noted_and_reached().0, None);
    site.clock().advance(FIVE_SECONDS);
    assert!(site.ring_if_due());
    let (noted, reached) = site.noted_and_reached();
    assert_eq!(noted, Some(reached));
    assert!(!site.ring_if_due());
}

#[test]
fn a_directory_that_does_not_answer_is_told_a_minute_later() {
    let site = Site::new(Profile::Full);
    site.grant(&ALEX, &site.register(), &every_scope());
    site.directory().answers(false);
    site.clock().advance(FIVE_SECONDS);
    assert!(site.ring_if_due());
    site.directory().answers(true);
    assert_eq!(site.noted_and_reached().0, None);
    assert!(!site.ring_if_due());
    site.clock().advance(MINUTE);
    assert!(site.ring_if_due());
    let (noted, reached) = site.noted_and_reached();
    assert_eq!(noted, Some(reached));
}

#[test]
fn alarms_forget_everything_that_expires_without_another_request() {
    let site = Site::new(Profile::Full);
    site.grant(&ALEX, &site.register(), &every_scope());
    let tables = ["auth_grant", "auth_token", "auth_spent"];
    assert!(tables.iter().all(|table| site.rows(table) > 0));
    let (_, reached) = site.noted_and_reached();
    let mut rung = 0;
    for _ in 0..400 {
        site.clock().advance(HALF_A_DAY);
        rung += u32::from(site.ring_if_due());
    }
    for table in tables {
        assert_eq!(site.rows(table), 0, "{table}");
    }
    assert!((2..40).contains(&rung), "the alarm rang {rung} times");
    assert!(!site.ring_if_due());
    assert_eq!(site.noted_and_reached().1, reached, "forgetting writes no history");
}
