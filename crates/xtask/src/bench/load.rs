//! Closed loops: each client sends its next call when the last one is answered.

use std::sync::Barrier;
use std::time::Duration;

use anyhow::{Context, ensure};

use super::wire::{Connection, Prepared};
use crate::stopwatch::Stopwatch;

/// What one round of closed loops showed.
#[derive(Default)]
pub(crate) struct Round {
    /// Every call's time.
    pub(crate) latencies: Vec<Duration>,
    /// From the first call to the end of the last.
    pub(crate) elapsed: Duration,
}

/// Runs one client per request for the given time. Any answer that is not a success ends the measurement.
pub(crate) fn run(
    requests: &[Prepared],
    time: Duration,
    succeeded: fn(&[u8]) -> bool,
) -> anyhow::Result<Round> {
    let start = Barrier::new(requests.len() + 1);
    std::thread::scope(|scope| {
        let clients: Vec<_> = requests
            .iter()
            .map(|request| {
                let start = &start;
                scope.spawn(move || client(request, time, succeeded, start))
            })
            .collect();
        start.wait();
        let watch = Stopwatch::start();
        let mut round = Round::default();
        for client in clients {
            let latencies = client.join().ok().context("a client thread ended early")??;
            round.latencies.extend(latencies);
        }
        round.elapsed = watch.elapsed();
        Ok(round)
    })
}

fn client(
    request: &Prepared,
    time: Duration,
    succeeded: fn(&[u8]) -> bool,
    start: &Barrier,
) -> anyhow::Result<Vec<Duration>> {
    // The first call opens the connection and warms what is cached; it is not counted.
    let opened = Connection::open(&request.authority).and_then(|mut connection| {
        call(&mut connection, request, succeeded)?;
        Ok(connection)
    });
    start.wait();
    let mut connection = opened?;
    let whole = Stopwatch::start();
    let mut latencies = Vec::new();
    while whole.elapsed() < time {
        let one = Stopwatch::start();
        call(&mut connection, request, succeeded)?;
        latencies.push(one.elapsed());
    }
    Ok(latencies)
}

fn call(connection: &mut Connection, request: &Prepared, succeeded: fn(&[u8]) -> bool) -> anyhow::Result<()> {
    let answer = connection.call(request)?;
    let shown = || {
        String::from_utf8_lossy(answer.body.get(..300.min(answer.body.len())).unwrap_or_default())
            .into_owned()
    };
    ensure!(
        answer.status == 200 && succeeded(answer.body),
        "a call failed with {}: {}",
        answer.status,
        shown()
    );
    Ok(())
}
