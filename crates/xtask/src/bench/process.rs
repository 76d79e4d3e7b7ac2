//! A child process that is measured and ended: processor time and resident memory from `/proc` (proc(5)).

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use anyhow::{Context, ensure};

use crate::stopwatch::Stopwatch;

/// How long a program may take until it says that it is ready.
const READY_WITHIN: Duration = Duration::from_secs(30);
/// How often it is asked; also how exact the start time is.
const LOOK_EVERY: Duration = Duration::from_millis(1);
/// Ticks per second of the times in `/proc/PID/stat`; fixed for programs on Linux (`USER_HZ`).
const TICKS_PER_SECOND: u32 = 100;

/// A running child; dropping it ends it.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts a program and asks `ready` until it answers. Returns the process, the answer, and the time taken.
    pub(crate) fn start<T>(
        command: &mut Command,
        ready: impl Fn() -> Option<T>,
    ) -> anyhow::Result<(Self, T, Duration)> {
        let name = command.get_program().to_string_lossy().into_owned();
        let watch = Stopwatch::start();
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
        let mut process = Self { child: child.with_context(|| format!("{name} could not be started"))? };
        loop {
            if let Some(answer) = ready() {
                return Ok((process, answer, watch.elapsed()));
            }
            if let Some(status) = process.child.try_wait()? {
                anyhow::bail!("{name} ended with {status} before it was ready");
            }
            ensure!(watch.elapsed() < READY_WITHIN, "{name} was not ready within {READY_WITHIN:?}");
            pause(LOOK_EVERY);
        }
    }

    /// Processor time spent so far, in user and kernel mode.
    pub(crate) fn cpu(&self) -> anyhow::Result<Duration> {
        let path = format!("/proc/{}/stat", self.child.id());
        cpu_of(&std::fs::read_to_string(&path)?).with_context(|| format!("{path} has an unknown form"))
    }

    /// Resident memory now, in MB.
    pub(crate) fn resident_megabytes(&self) -> anyhow::Result<f64> {
        let path = format!("/proc/{}/status", self.child.id());
        let bytes = resident_of(&std::fs::read_to_string(&path)?);
        bytes.map(megabytes).with_context(|| format!("{path} has an unknown form"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[expect(clippy::disallowed_methods, reason = "waiting for another process; there is no event to wait for")]
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Fields 14 and 15 of `stat`; the second field may hold spaces, so counting starts after its bracket.
fn cpu_of(stat: &str) -> Option<Duration> {
    let (_, rest) = stat.rsplit_once(") ")?;
    let mut fields = rest.split(' ').skip(11);
    let user: u32 = fields.next()?.parse().ok()?;
    let kernel: u32 = fields.next()?.parse().ok()?;
    Some(Duration::from_secs(u64::from(user) + u64::from(kernel)) / TICKS_PER_SECOND)
}

fn resident_of(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}

#[expect(clippy::cast_precision_loss, reason = "memory sizes are far below the exact range of a double")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1_000_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_past_a_name_with_spaces() {
        let stat = "7 (a) b (c) S 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 0 0 0";
        assert_eq!(cpu_of(stat), Some(Duration::from_secs(2)));
        assert_eq!(cpu_of("7 (a) S 1"), None);
    }

    #[test]
    fn resident_memory_is_read_in_bytes() {
        assert_eq!(resident_of("Name:\tx\nVmRSS:\t   1024 kB\n"), Some(1_048_576));
        assert_eq!(resident_of("Name:\tx\n"), None);
    }
}
