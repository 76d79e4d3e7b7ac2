//! Decides one case a number of times, for `cargo xtask bench policy`, which holds the clock: `decisions CASE COUNT`.

mod work;

use std::process::ExitCode;

use m365_policy as policy;
use m365_types::ActionSpec;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [case, count] = arguments.as_slice() else { return ExitCode::FAILURE };
    let Ok(count) = count.parse::<u32>() else { return ExitCode::FAILURE };
    let rows: Vec<&'static ActionSpec> = m365_graph::catalog().map(|action| &action.spec).collect();
    match work::run(case, count, &rows) {
        Some(()) => ExitCode::SUCCESS,
        None => ExitCode::FAILURE,
    }
}
