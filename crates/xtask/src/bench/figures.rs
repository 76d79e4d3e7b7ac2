//! From rounds to the figures of the table.

use std::time::Duration;

use super::load::Round;

/// The figures of one variant at one number of clients; medians over the rounds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Figures {
    /// Median time of a call, in milliseconds.
    pub(crate) p50_ms: f64,
    /// Time that 99 of 100 calls stay below, in milliseconds.
    pub(crate) p99_ms: f64,
    /// Calls answered per second by all clients together.
    pub(crate) calls_per_second: f64,
    /// Processor time of the server per call, in milliseconds.
    pub(crate) server_cpu_ms: f64,
    /// Processor time of the simulated estate per call, in milliseconds.
    pub(crate) estate_cpu_ms: f64,
}

impl Figures {
    /// The figures of one round, with the processor time that server and estate spent in it.
    pub(crate) fn of(mut round: Round, server: Duration, estate: Duration) -> Self {
        round.latencies.sort_unstable();
        let calls = f64::from(u32::try_from(round.latencies.len()).unwrap_or(u32::MAX)).max(1.0);
        Self {
            p50_ms: milliseconds(percentile(&round.latencies, 50)),
            p99_ms: milliseconds(percentile(&round.latencies, 99)),
            calls_per_second: calls / round.elapsed.as_secs_f64().max(f64::MIN_POSITIVE),
            server_cpu_ms: milliseconds(server) / calls,
            estate_cpu_ms: milliseconds(estate) / calls,
        }
    }

    /// The median of each figure over several rounds.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| median(rounds.iter().map(figure).collect());
        Self {
            p50_ms: of(|figures| figures.p50_ms),
            p99_ms: of(|figures| figures.p99_ms),
            calls_per_second: of(|figures| figures.calls_per_second),
            server_cpu_ms: of(|figures| figures.server_cpu_ms),
            estate_cpu_ms: of(|figures| figures.estate_cpu_ms),
        }
    }
}

/// The value that `percent` of the sorted values do not exceed (nearest rank); zero when there is none.
fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The middle value, or the mean of the two middle ones; zero when there is none.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let at = |index: usize| values.get(index).copied().unwrap_or(0.0);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { at(middle) } else { f64::midpoint(at(middle.saturating_sub(1)), at(middle)) }
}

/// A duration in milliseconds.
pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_nearest_ranks() {
        let sorted: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert_eq!(percentile(&sorted, 50), Duration::from_millis(100));
        assert_eq!(percentile(&sorted, 99), Duration::from_millis(198));
        assert_eq!(percentile(&sorted[..1], 99), Duration::from_millis(1));
        assert_eq!(percentile(&[], 50), Duration::ZERO);
    }

    #[test]
    fn medians_of_odd_even_and_no_values() {
        let close = |value: f64, wanted: f64| (value - wanted).abs() < f64::EPSILON;
        assert!(close(median(vec![3.0, 1.0, 2.0]), 2.0));
        assert!(close(median(vec![4.0, 1.0, 2.0, 3.0]), 2.5));
        assert!(close(median(Vec::new()), 0.0));
    }

    #[test]
    fn a_round_gives_rate_and_processor_time_per_call() {
        let round = Round { latencies: vec![Duration::from_millis(2); 100], elapsed: Duration::from_secs(2) };
        let figures = Figures::of(round, Duration::from_millis(50), Duration::from_millis(100));
        assert!((figures.calls_per_second - 50.0).abs() < 1e-9);
        assert!((figures.server_cpu_ms - 0.5).abs() < 1e-9);
        assert!((figures.estate_cpu_ms - 1.0).abs() < 1e-9);
    }
}
