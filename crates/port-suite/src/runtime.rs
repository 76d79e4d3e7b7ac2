//! The little that [`Clock`], [`Entropy`], [`Timer`] and [`Background`] promise.

use std::future::{Future, pending};
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use futures_channel::oneshot;
use m365_ports::{Background, Clock, Entropy, EntropyExt as _, Timer};

use super::{AsyncPortCase, PortCase};

/// The promises of the clock.
pub const CLOCK: &[PortCase<dyn Clock>] =
    &[PortCase { name: "the clock counts milliseconds of the epoch", run: clock_counts_milliseconds }];

/// The promises of randomness.
pub const ENTROPY: &[PortCase<dyn Entropy>] = &[
    PortCase { name: "two draws differ", run: draws_differ },
    PortCase { name: "the whole buffer is filled", run: buffer_is_filled },
];

/// The promises of waiting.
pub const TIMER: &[AsyncPortCase<dyn Timer>] = &[AsyncPortCase {
    name: "a short wait ends while a long one goes on",
    run: |timer| Box::pin(waits_last_as_asked(timer)),
}];

/// The promises of detached work.
pub const BACKGROUND: &[AsyncPortCase<dyn Background>] = &[
    AsyncPortCase {
        name: "work runs to its end though its caller has gone",
        run: |background| Box::pin(work_outlives_its_caller(background)),
    },
    AsyncPortCase {
        name: "works do not wait for one another",
        run: |background| Box::pin(works_are_independent(background)),
    },
];

/// More than WebCrypto gives in one call (65,536 bytes).
const LONG_BUFFER: usize = 70_000;

fn clock_counts_milliseconds(clock: &dyn Clock) -> Result<()> {
    // 2020 and 2200 in milliseconds: a clock in another unit is outside.
    let now = clock.now().as_millis();
    ensure!((1_577_836_800_000..7_258_118_400_000).contains(&now), "the clock says {now}");
    Ok(())
}

fn draws_differ(entropy: &dyn Entropy) -> Result<()> {
    let draws: Vec<[u8; 16]> = (0..100).map(|_| entropy.bytes()).collect();
    let distinct: std::collections::HashSet<_> = draws.iter().collect();
    ensure!(distinct.len() == draws.len(), "of 100 draws only {} differ", distinct.len());
    Ok(())
}

fn buffer_is_filled(entropy: &dyn Entropy) -> Result<()> {
    entropy.fill(&mut []);
    for length in [1, 31, LONG_BUFFER] {
        // A byte is zero by chance once in 256 draws; eight draws in a row never all are.
        let mut seen = vec![0; length];
        for _ in 0..8 {
            let mut buffer = vec![0; length];
            entropy.fill(&mut buffer);
            seen.iter_mut().zip(buffer).for_each(|(seen, byte)| *seen |= byte);
        }
        let untouched = seen.iter().position(|byte| *byte == 0);
        ensure!(untouched.is_none(), "byte {untouched:?} of {length} was never filled");
    }
    Ok(())
}

async fn waits_last_as_asked(timer: &dyn Timer) -> Result<()> {
    let mut long = pin!(timer.sleep(Duration::from_hours(1)));
    ensure!(!has_ended(&mut long), "an hour ended at once");
    timer.sleep(Duration::ZERO).await;
    timer.sleep(Duration::from_millis(1)).await;
    ensure!(!has_ended(&mut long), "an hour ended with a millisecond");
    Ok(())
}

async fn work_outlives_its_caller(background: &dyn Background) -> Result<()> {
    let (go, wait) = oneshot::channel::<()>();
    let (report, done) = oneshot::channel::<bool>();
    {
        let mut caller = Box::pin(async {
            background.spawn(Box::pin(async move {
                let told = wait.await.is_ok();
                let _ = report.send(told);
            }));
            pending::<()>().await;
        });
        ensure!(!has_ended(&mut caller), "the caller did not wait");
    }
    go.send(()).map_err(|()| anyhow!("the work went with its caller"))?;
    ensure!(done.await.unwrap_or(false), "the work did not come to its end");
    Ok(())
}

async fn works_are_independent(background: &dyn Background) -> Result<()> {
    let (release, held) = oneshot::channel::<()>();
    let (first_report, first) = oneshot::channel::<()>();
    let (second_report, second) = oneshot::channel::<()>();
    background.spawn(Box::pin(async move {
        let _ = held.await;
        let _ = first_report.send(());
    }));
    background.spawn(Box::pin(async move {
        let _ = second_report.send(());
    }));
    second.await.map_err(|_| anyhow!("the second work was lost"))?;
    release.send(()).map_err(|()| anyhow!("the first work was lost"))?;
    first.await.map_err(|_| anyhow!("the first work did not come to its end"))
}

/// Looks once, without waiting.
fn has_ended(future: &mut (impl Future<Output = ()> + Unpin)) -> bool {
    let mut context = Context::from_waker(Waker::noop());
    pin!(future).poll(&mut context) == Poll::Ready(())
}
