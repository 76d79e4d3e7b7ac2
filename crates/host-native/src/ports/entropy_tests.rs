use m365_port_suite::ENTROPY;

use super::*;

#[test]
fn the_operating_system_keeps_the_promises_of_randomness() {
    for case in ENTROPY {
        (case.run)(&SystemEntropy).unwrap_or_else(|e| panic!("{}: {e:#}", case.name));
    }
}
