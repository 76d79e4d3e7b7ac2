//! One variant beside others and beside its aims.

use std::fmt::Write;

use serde_json::{Value, json};

use super::figures::Figures;
use super::report::Row;

/// The measured rows, and what to make of them.
pub(crate) struct Comparison<'a> {
    /// All rows.
    pub(crate) rows: &'a [Row],
    /// The variant in question.
    pub(crate) measured: &'static str,
    /// The variants it is compared with.
    pub(crate) with: &'a [&'static str],
    /// What it should reach.
    pub(crate) aims: &'a [Aim],
}

/// What the measured variant should reach at one number of clients.
pub(crate) struct Aim {
    /// Closed loops at once.
    pub(crate) clients: usize,
    /// The aim in words, with the unit of the value.
    pub(crate) text: &'static str,
    /// The figure it is about.
    pub(crate) value: fn(&Figures) -> f64,
    /// Whether that is enough.
    pub(crate) met: fn(f64) -> bool,
}

/// The figures of the measured variant divided by those of another.
struct Ratio {
    with: &'static str,
    clients: usize,
    calls_per_second: f64,
    p50: f64,
    server_cpu: f64,
}

impl Comparison<'_> {
    /// The ratios in Markdown.
    pub(crate) fn table(&self) -> String {
        let mut text =
            format!("| {} divided by | clients | calls/s | p50 | server CPU/call |\n", self.measured);
        text.push_str("|---|---:|---:|---:|---:|");
        for ratio in self.ratios() {
            let _ = write!(
                text,
                "\n| {} | {} | {:.2} | {:.2} | {:.2} |",
                ratio.with, ratio.clients, ratio.calls_per_second, ratio.p50, ratio.server_cpu
            );
        }
        text
    }

    /// The ratios for machines.
    pub(crate) fn ratios_json(&self) -> Value {
        let ratios = self.ratios();
        let one = |ratio: &Ratio| {
            json!({
                "variant": ratio.with, "clients": ratio.clients, "calls_per_second": ratio.calls_per_second,
                "p50": ratio.p50, "server_cpu_per_call": ratio.server_cpu,
            })
        };
        ratios.iter().map(one).collect()
    }

    /// The aims and what was measured, in a sentence.
    pub(crate) fn verdict(&self) -> String {
        let one = |aim: &Aim| match self.figures(self.measured, aim.clients).map(aim.value) {
            Some(value) if (aim.met)(value) => format!("{} met ({value:.2})", aim.words()),
            Some(value) => format!("{} missed ({value:.2})", aim.words()),
            None => format!("{} not measured", aim.words()),
        };
        format!("Aims: {}.", self.aims.iter().map(one).collect::<Vec<_>>().join("; "))
    }

    /// The aims for machines.
    pub(crate) fn aims_json(&self) -> Value {
        let one = |aim: &Aim| {
            let value = self.figures(self.measured, aim.clients).map(aim.value);
            json!({ "aim": aim.words(), "value": value, "met": value.map(aim.met) })
        };
        self.aims.iter().map(one).collect()
    }

    fn ratios(&self) -> Vec<Ratio> {
        let measured = self.rows.iter().filter(|row| row.variant == self.measured);
        measured
            .flat_map(|row| {
                let with = self.with.iter().filter_map(|with| {
                    let other = self.figures(with, row.clients)?;
                    Some(Ratio {
                        with,
                        clients: row.clients,
                        calls_per_second: row.figures.calls_per_second / other.calls_per_second,
                        p50: row.figures.p50_ms / other.p50_ms,
                        server_cpu: row.figures.server_cpu_ms / other.server_cpu_ms,
                    })
                });
                with.collect::<Vec<_>>()
            })
            .collect()
    }

    fn figures(&self, variant: &str, clients: usize) -> Option<&Figures> {
        let row = self.rows.iter().find(|row| row.variant == variant && row.clients == clients);
        row.map(|row| &row.figures)
    }
}

impl Aim {
    fn words(&self) -> String {
        let clients =
            if self.clients == 1 { "one client".to_owned() } else { format!("{} clients", self.clients) };
        format!("{} at {clients}", self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AIMS: [Aim; 2] = [
        Aim {
            clients: 1,
            text: "p50 at most 3 ms",
            value: |figures| figures.p50_ms,
            met: |value| value <= 3.0,
        },
        Aim { clients: 16, text: "rate", value: |figures| figures.calls_per_second, met: |_| true },
    ];

    fn row(variant: &'static str, p50_ms: f64) -> Row {
        let figures =
            Figures { p50_ms, p99_ms: 9.0, calls_per_second: 100.0, server_cpu_ms: 1.0, estate_cpu_ms: 1.0 };
        Row { variant, clients: 1, figures }
    }

    fn verdict(p50_ms: f64) -> String {
        let rows = [row("a", p50_ms)];
        Comparison { rows: &rows, measured: "a", with: &[], aims: &AIMS }.verdict()
    }

    #[test]
    fn an_aim_is_met_missed_or_not_measured() {
        assert_eq!(
            verdict(2.5),
            "Aims: p50 at most 3 ms at one client met (2.50); rate at 16 clients not measured."
        );
        assert!(verdict(3.5).contains("missed (3.50)"));
    }

    #[test]
    fn ratios_are_those_of_the_same_number_of_clients() {
        let rows = [row("a", 3.0), row("b", 2.0)];
        let comparison = Comparison { rows: &rows, measured: "a", with: &["b", "c"], aims: &[] };
        assert!(comparison.table().ends_with("\n| b | 1 | 1.00 | 1.50 | 1.00 |"));
        assert_eq!(comparison.ratios_json().as_array().unwrap().len(), 1);
    }
}
