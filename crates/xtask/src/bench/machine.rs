//! The machine in words: what a reader needs to compare figures, and nothing that names it.

use std::process::Command;

use crate::run;

/// Cores, processor, memory, kernel and compiler.
pub(crate) fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = run::stdout_of(Command::new("uname").args(["-s", "-r", "-m"])).unwrap_or_default();
    let compiler = run::stdout_of(Command::new("rustc").arg("--version")).unwrap_or_default();
    let processor = read("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown processor".to_owned());
    let memory = read("/proc/meminfo", "MemTotal").and_then(|total| gibibytes(&total)).unwrap_or_default();
    format!("{cores} cores ({processor}), {memory} GiB memory, {}, {}", kernel.trim(), compiler.trim())
}

fn read(path: &str, key: &str) -> Option<String> {
    value(&std::fs::read_to_string(path).ok()?, key)
}

fn value(text: &str, key: &str) -> Option<String> {
    let (_, value) = text.lines().find(|line| line.starts_with(key))?.split_once(':')?;
    Some(value.trim().to_owned())
}

fn gibibytes(kibibytes: &str) -> Option<u64> {
    let kibibytes: u64 = kibibytes.strip_suffix(" kB")?.parse().ok()?;
    Some((kibibytes + 512 * 1024) / (1024 * 1024))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_their_key() {
        assert_eq!(value("a\t: 1\nmodel name\t: X 2\n", "model name").as_deref(), Some("X 2"));
        assert_eq!(value("a: 1\n", "model name"), None);
        assert_eq!(gibibytes("16777216 kB"), Some(16));
        assert_eq!(gibibytes("many"), None);
    }
}
