//! Documents are read by a child process: this program itself, started anew for each document with an empty environment.
//!
//! The child limits itself before it reads (`read_document.rs`); this side bounds how long it runs, how much it says and
//! how many run at once. Whatever becomes of a child is the business of its own call.

use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join;
use m365_ports::{DOCUMENT_BYTES_MAX, Document, DocumentError, DocumentReader, DocumentText};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::read_document::{self, ANSWER_BYTES_MAX};

/// Most children at once.
const PLACES: usize = 2;
/// Longest wait for a place.
const WAIT_MAX: Duration = Duration::from_secs(30);
/// Longest life of a child. It ends itself earlier by its limit of processor time, unless it only waits.
const LIFE_MAX: Duration = Duration::from_secs(15);

/// Signals by which a child ends, by their numbers on Linux and what they mean here.
const SIGABRT: i32 = 6;
const SIGKILL: i32 = 9;
const SIGXCPU: i32 = 24;

/// Reads each document in a process of its own.
#[derive(Debug)]
pub(crate) struct ChildReader {
    /// What is started, with its arguments; nothing where this program cannot be found.
    program: Option<(PathBuf, Vec<String>)>,
    places: Semaphore,
    life: Duration,
}

impl ChildReader {
    /// The reader that starts this program.
    pub(crate) fn new() -> Self {
        let program = std::env::current_exe().ok();
        Self::of(program.map(|program| (program, vec![read_document::COMMAND.to_owned()])), LIFE_MAX)
    }

    fn of(program: Option<(PathBuf, Vec<String>)>, life: Duration) -> Self {
        Self { program, places: Semaphore::new(PLACES), life }
    }

    /// Starts a child, gives it the document and takes what it says. The child ends with this future.
    async fn read_apart(&self, document: &Document) -> Result<DocumentText, DocumentError> {
        let (program, arguments) = self.program.as_ref().ok_or(DocumentError::Unavailable)?;
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What a library says of a document is about its content, and no log's business.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .map_err(|error| {
                tracing::error!(%error, "the document reader cannot be started");
                DocumentError::Unavailable
            })?;
        let (stdin, stdout) = (child.stdin.take(), child.stdout.take());
        let (Some(mut stdin), Some(stdout)) = (stdin, stdout) else { return Err(DocumentError::Unavailable) };
        let send = async move {
            // A child that ends early leaves the rest; what it said before counts.
            let _unread = stdin.write_all(&read_document::request(document)).await;
        };
        let limit = u64::try_from(ANSWER_BYTES_MAX).unwrap_or(u64::MAX);
        let mut answer = Vec::new();
        let mut stdout = stdout.take(limit);
        let ((), received) = join(send, stdout.read_to_end(&mut answer)).await;
        if received.is_err() || answer.len() == ANSWER_BYTES_MAX {
            return Err(DocumentError::Unavailable);
        }
        let status = child.wait().await.map_err(|_| DocumentError::Unavailable)?;
        if !status.success() {
            return Err(cause(status));
        }
        serde_json::from_slice(&answer).unwrap_or(Err(DocumentError::Unavailable))
    }
}

#[async_trait]
impl DocumentReader for ChildReader {
    async fn read(&self, document: Document) -> Result<DocumentText, DocumentError> {
        if document.bytes.len() > DOCUMENT_BYTES_MAX {
            return Err(DocumentError::TooLarge);
        }
        let Ok(Ok(_place)) = timeout(WAIT_MAX, self.places.acquire()).await else {
            return Err(DocumentError::Unavailable);
        };
        timeout(self.life, self.read_apart(&document)).await.unwrap_or(Err(DocumentError::TooSlow))
    }
}

/// Why a child ended without an answer.
fn cause(status: ExitStatus) -> DocumentError {
    match status.signal() {
        // Rust ends a process so where memory cannot be had.
        Some(SIGABRT) => DocumentError::TooLarge,
        Some(SIGXCPU | SIGKILL) => DocumentError::TooSlow,
        _ => DocumentError::Unavailable,
    }
}

#[cfg(test)]
#[path = "documents_tests.rs"]
mod tests;
