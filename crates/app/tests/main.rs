//! The composed server, in process: every row of its tables tried as every kind of caller.
//!
//! Source: the tables themselves, `m365_app::routes::ROUTES` and `m365_graph::catalog()`. What is expected of each
//! row is data in these tests; a row without an expectation fails, so nothing can be added untested.
//! Out of scope: sockets, files and processes, which the black-box suite covers.

#[cfg(test)]
mod callers;
#[cfg(test)]
mod cancellation;
#[cfg(test)]
mod cursors;
#[cfg(test)]
mod dlp;
#[cfg(test)]
mod early_discovery;
#[cfg(test)]
mod echo;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod labels;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod models;
#[cfg(test)]
mod my_journal;
#[cfg(test)]
mod operators;
#[cfg(test)]
mod posture;
#[cfg(test)]
mod progress;
#[cfg(test)]
mod prompts;
#[cfg(test)]
mod round_trips;
#[cfg(test)]
mod route_coverage;
#[cfg(test)]
mod route_refusals;
#[cfg(test)]
mod second_person;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod streams;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod tool_coverage;
#[cfg(test)]
mod tool_rows;
#[cfg(test)]
mod upkeep;
#[cfg(test)]
mod webhooks;
