//! Runs the black-box suite against the host named by the environment, by default the one built beside it.

fn main() {
    let arguments = libtest_mimic::Arguments::from_args();
    m365_contract::runner::run(arguments, m365_contract::cases::ALL).exit();
}
