//! What becomes of a call when its child fails, with programs that stand in for the child. The child itself is tested in
//! `tests/read_document.rs`.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use futures_util::future::join_all;
use tokio::sync::oneshot;

use super::*;

/// An answer that is whole.
const SAYS_HELLO: &str = r#"cat >/dev/null; printf '{"Ok":{"text":"hello%s","hidden":1,"truncated":false}}' "$CARGO_MANIFEST_DIR""#;

/// A reader whose child is a shell script.
fn reader(script: &str, life: Duration) -> ChildReader {
    ChildReader::of(Some(("/bin/sh".into(), vec!["-c".into(), script.into()])), life)
}

fn document() -> Document {
    Document { name: "a.pdf".into(), content_type: String::new(), bytes: vec![b'x'; 300_000].into() }
}

async fn outcome(script: &str) -> Result<DocumentText, DocumentError> {
    reader(script, LIFE_MAX).read(document()).await
}

#[tokio::test]
async fn what_the_child_says_is_the_answer_and_its_environment_is_empty() {
    let text = outcome(SAYS_HELLO).await.unwrap();
    assert_eq!((text.text.as_str(), text.hidden, text.truncated), ("hello", 1, false));
    assert_eq!(
        outcome(r#"cat >/dev/null; printf '{"Err":"encrypted"}'"#).await,
        Err(DocumentError::Encrypted)
    );
}

#[tokio::test]
async fn a_child_that_breaks_fails_its_own_call() {
    for (script, error) in [
        ("kill -ABRT $$", DocumentError::TooLarge),
        ("kill -XCPU $$", DocumentError::TooSlow),
        ("kill -KILL $$", DocumentError::TooSlow),
        ("kill -SEGV $$", DocumentError::Unavailable),
        ("exit 101", DocumentError::Unavailable),
        ("cat >/dev/null; echo hello", DocumentError::Unavailable),
        ("cat >/dev/null; printf '{\"Ok\":{\"text\":'", DocumentError::Unavailable),
    ] {
        assert_eq!(outcome(script).await, Err(error), "{script}");
    }
    assert!(outcome(SAYS_HELLO).await.is_ok());
}

#[tokio::test]
async fn a_child_that_never_ends_or_never_stops_talking_is_ended() {
    let short = Duration::from_millis(200);
    assert_eq!(reader("exec sleep 1000", short).read(document()).await, Err(DocumentError::TooSlow));
    assert_eq!(outcome("cat >/dev/null; exec yes").await, Err(DocumentError::Unavailable));
}

#[tokio::test]
async fn a_reader_without_a_program_and_a_document_beyond_the_limit_are_refused() {
    let nobody = ChildReader::of(None, LIFE_MAX);
    assert_eq!(nobody.read(document()).await, Err(DocumentError::Unavailable));
    let missing = ChildReader::of(Some(("/nowhere/at/all".into(), Vec::new())), LIFE_MAX);
    assert_eq!(missing.read(document()).await, Err(DocumentError::Unavailable));
    let large = Document { bytes: vec![0; DOCUMENT_BYTES_MAX + 1].into(), ..document() };
    assert_eq!(reader(SAYS_HELLO, LIFE_MAX).read(large).await, Err(DocumentError::TooLarge));
}

#[tokio::test]
async fn no_more_than_two_run_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name).display().to_string();
    let (one, two) = (place("one"), place("two"));
    // Each child takes one of two places and fails where both are taken.
    let script = format!(
        "if mkdir {one} 2>/dev/null; then mine={one}; elif mkdir {two} 2>/dev/null; then mine={two}; else exit 1; fi; {SAYS_HELLO}; rmdir $mine"
    );
    let reader = reader(&script, LIFE_MAX);
    let read = join_all((0..8).map(|_| reader.read(document()))).await;
    assert!(read.iter().all(Result::is_ok), "{read:?}");
}

#[tokio::test]
async fn a_call_that_is_dropped_ends_its_child() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("alive");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (opened, is_open) = oneshot::channel();
    let watch = tokio::task::spawn_blocking({
        let pipe = pipe.clone();
        move || wait_for_the_end(&pipe, opened)
    });
    let reader = reader(&format!("exec sleep 1000 >{}", pipe.display()), LIFE_MAX);
    tokio::select! {
        read = reader.read(document()) => panic!("the child ended: {read:?}"),
        opened = is_open => opened.unwrap(),
    }
    watch.await.unwrap();
}

/// Opens a pipe when somebody writes to it, says so, and returns when nobody does any more.
fn wait_for_the_end(pipe: &Path, opened: oneshot::Sender<()>) {
    let mut pipe = File::open(pipe).unwrap();
    opened.send(()).unwrap();
    assert_eq!(pipe.read(&mut [0]).unwrap(), 0);
}
