use m365_port_suite::CLOCK;

use super::*;

#[test]
fn the_system_clock_keeps_the_promises_of_the_clock() {
    for case in CLOCK {
        (case.run)(&SystemClock).unwrap_or_else(|e| panic!("{}: {e:#}", case.name));
    }
}
