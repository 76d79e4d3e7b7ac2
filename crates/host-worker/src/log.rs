//! Log lines on the console, one JSON object each: field names are those of the journal. The platform adds the time.

use std::io::{self, Write};

use tracing_subscriber::fmt::MakeWriter;
use worker::web_sys::console;

/// Starts logging. A second start changes nothing.
pub fn start() {
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .without_time()
        .with_max_level(tracing::Level::INFO)
        .with_writer(Console);
    drop(subscriber.try_init());
}

struct Console;

/// One line, written to the console when it is complete.
struct Line(Vec<u8>);

impl<'a> MakeWriter<'a> for Console {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(Vec::new())
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        console::log_1(&String::from_utf8_lossy(&self.0).trim_end().into());
    }
}
