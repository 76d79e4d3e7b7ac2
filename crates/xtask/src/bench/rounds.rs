//! Rounds: every variant runs for a while, in turn, again and again, so that what the machine does besides falls on all.

use std::time::Duration;

use clap::Args;

use super::figures::Figures;
use super::load;
use super::process::Process;
use super::report::Row;
use super::wire::Prepared;
use crate::run::warn;

/// How long and how often, and where the figures go.
#[derive(Args)]
pub(crate) struct Plan {
    /// Seconds each variant runs in a round.
    #[arg(long, default_value_t = 3)]
    pub(crate) seconds: u64,
    /// Rounds per number of clients; the figures are medians over them.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// People who are signed in; clients share them evenly.
    #[arg(long, default_value_t = 16)]
    pub(crate) people: usize,
    /// Print JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
    /// Put the table into docs/benchmarks.md.
    #[arg(long)]
    pub(crate) write: bool,
}

/// One way to ask for the messages.
pub(crate) struct Variant<'a> {
    /// What the table calls it.
    pub(crate) name: &'static str,
    /// One request for each person.
    pub(crate) requests: Vec<&'a Prepared>,
    /// Tells a success from its body.
    pub(crate) succeeded: fn(&[u8]) -> bool,
    /// Whose processor time is the server's.
    pub(crate) server: &'a Process,
    /// Whose processor time is the estate's.
    pub(crate) estate: &'a Process,
}

impl Plan {
    /// The method in words.
    pub(crate) fn method(&self) -> String {
        format!(
            "{} rounds of {} s per variant and number of clients, variants alternating, medians over the rounds; {} people; release build; load generator, server and estate share the machine",
            self.rounds, self.seconds, self.people
        )
    }

    /// Runs every variant at each number of clients.
    pub(crate) fn run(&self, variants: &[Variant<'_>], clients: &[usize]) -> anyhow::Result<Vec<Row>> {
        let mut rows = Vec::new();
        for &clients in clients {
            warn(&format!("measuring with {clients} clients"));
            let mut rounds: Vec<Vec<Figures>> = variants.iter().map(|_| Vec::new()).collect();
            for _ in 0..self.rounds.max(1) {
                for (variant, figures) in variants.iter().zip(&mut rounds) {
                    figures.push(variant.round(clients, Duration::from_secs(self.seconds))?);
                }
            }
            rows.extend(variants.iter().zip(&rounds).map(|(variant, rounds)| Row {
                variant: variant.name,
                clients,
                figures: Figures::median(rounds),
            }));
        }
        Ok(rows)
    }
}

impl Variant<'_> {
    fn round(&self, clients: usize, time: Duration) -> anyhow::Result<Figures> {
        let shared = self.requests.iter().copied().cycle().take(clients);
        let requests: Vec<Prepared> = shared.cloned().collect();
        let before = (self.server.cpu()?, self.estate.cpu()?);
        let round = load::run(&requests, time, self.succeeded)?;
        let spent = |after: Duration, before: Duration| after.saturating_sub(before);
        Ok(Figures::of(round, spent(self.server.cpu()?, before.0), spent(self.estate.cpu()?, before.1)))
    }
}

/// A tool result that is no tool error. The text of messages is JSON inside JSON, so the mark cannot be quoted there.
pub(crate) fn tool_succeeded(body: &[u8]) -> bool {
    let has = |mark: &[u8]| body.windows(mark.len()).any(|window| window == mark);
    has(b"\"result\"") && !has(b"\"isError\":true")
}

/// Any answer that has a body.
pub(crate) const fn answered(body: &[u8]) -> bool {
    !body.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_error_is_not_a_success() {
        assert!(tool_succeeded(br#"{"result":{"content":[]}}"#));
        assert!(!tool_succeeded(br#"{"result":{"isError":true}}"#));
        assert!(!tool_succeeded(br#"{"error":{"code":-32603}}"#));
    }
}
