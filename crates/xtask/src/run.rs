//! Running other programs and writing to the terminal.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use anyhow::Context;

/// What a captured program left behind: whether it succeeded, and both of its streams in one text.
pub(crate) struct Captured {
    /// The exit status was zero.
    pub(crate) success: bool,
    /// Standard output followed by standard error.
    pub(crate) text: String,
}

/// Writes a line to standard output. A closed output is no reason to stop checking.
pub(crate) fn say(line: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{line}");
}

/// Writes a line to standard error.
pub(crate) fn warn(line: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{line}");
}

/// Runs a program to its end and keeps what it printed.
pub(crate) fn capture(command: &mut Command) -> anyhow::Result<Captured> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{name}` could not be started; install it and try again"))?;
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.push_str(&String::from_utf8_lossy(&output.stderr));
    Ok(Captured { success: output.status.success(), text })
}

/// Runs a program to its end and returns its standard output; fails with its error text when it fails.
pub(crate) fn stdout_of(command: &mut Command) -> anyhow::Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("`{name}` could not be started; install it and try again"))?;
    anyhow::ensure!(output.status.success(), "`{name}` failed:\n{}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs a program to its end, passing both streams on line by line and keeping them.
pub(crate) fn stream(command: &mut Command) -> anyhow::Result<Captured> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("`{name}` could not be started; install it and try again"))?;
    let stdout = child.stdout.take().context("standard output was not piped")?;
    let stderr = child.stderr.take().context("standard error was not piped")?;
    let errors = std::thread::spawn(move || pass_on(stderr, warn));
    let mut text = pass_on(stdout, say);
    text.push_str(&errors.join().unwrap_or_default());
    Ok(Captured { success: child.wait()?.success(), text })
}

fn pass_on(stream: impl std::io::Read, write: fn(&str)) -> String {
    let mut kept = String::new();
    for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
        let line = String::from_utf8_lossy(&line);
        write(&line);
        kept.push_str(&line);
        kept.push('\n');
    }
    kept
}
