//! Time, randomness and policies that a test decides.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures_channel::oneshot;
use m365_ports::{
    Clock, Document, DocumentError, DocumentReader, DocumentText, Entropy, PolicyDocument, PolicySource,
    PolicySourceError, Signer, SignerError, Timer,
};
use m365_types::{Secret, UnixMillis};
use sha2::{Digest as _, Sha256};

/// Stands still until it is moved.
pub(crate) struct FrozenClock(AtomicU64);

impl Default for FrozenClock {
    fn default() -> Self {
        Self(AtomicU64::new(1_795_000_000_000))
    }
}

impl FrozenClock {
    pub(crate) fn advance(&self, by: Duration) {
        self.0.fetch_add(u64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for FrozenClock {
    fn now(&self) -> UnixMillis {
        UnixMillis::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Signs nothing: the registration of these sites has a secret.
pub(crate) struct NoSigner;

#[async_trait]
impl Signer for NoSigner {
    async fn sign_ps256(&self, _: &Secret<Vec<u8>>, _: &[u8]) -> Result<Vec<u8>, SignerError> {
        Err(SignerError::Unavailable)
    }
}

/// The same bytes in the same order in every run.
#[derive(Default)]
pub(crate) struct SeededEntropy(AtomicU64);

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(32) {
            let block = Sha256::digest(self.0.fetch_add(1, Ordering::SeqCst).to_be_bytes());
            chunk.iter_mut().zip(block).for_each(|(to, from)| *to = from);
        }
    }
}

/// Waits up to a length that a test sets pass at once; longer ones do not end before it is set higher. It starts at
/// nothing.
#[derive(Default)]
pub(crate) struct SettableTimer(Mutex<Waits>);

#[derive(Default)]
struct Waits {
    up_to: Duration,
    waiting: Vec<(Duration, oneshot::Sender<()>)>,
}

impl SettableTimer {
    pub(crate) fn let_pass(&self, up_to: Duration) {
        let mut waits = self.0.lock().unwrap();
        waits.up_to = up_to;
        let (over, waiting) =
            std::mem::take(&mut waits.waiting).into_iter().partition(|(wait, _)| *wait <= up_to);
        waits.waiting = waiting;
        for (_, bell) in Vec::from_iter(over) {
            // Whoever no longer waits hears nothing.
            let _ = bell.send(());
        }
    }

    fn wait(&self, duration: Duration) -> Option<oneshot::Receiver<()>> {
        let mut waits = self.0.lock().unwrap();
        (duration > waits.up_to).then(|| {
            let (bell, rings) = oneshot::channel();
            waits.waiting.push((duration, bell));
            rings
        })
    }
}

#[async_trait]
impl Timer for SettableTimer {
    async fn sleep(&self, duration: Duration) {
        if let Some(rings) = self.wait(duration) {
            rings.await.unwrap();
        }
    }
}

/// Reads the bytes of a document as text.
pub(crate) struct PlainText;

#[async_trait]
impl DocumentReader for PlainText {
    async fn read(&self, document: Document) -> Result<DocumentText, DocumentError> {
        let text = String::from_utf8_lossy(&document.bytes).into_owned();
        Ok(DocumentText { text, ..DocumentText::default() })
    }
}

/// The operator's policies: one file, read whenever anybody asks.
#[derive(Default)]
pub(crate) struct OwnPolicies(Mutex<Option<String>>);

impl OwnPolicies {
    pub(crate) fn write(&self, cedar: &str) {
        *self.0.lock().unwrap() = Some(cedar.to_owned());
    }

    /// The place, where anything was ever written to it.
    pub(crate) fn written(self: &Arc<Self>) -> Option<Arc<dyn PolicySource>> {
        let is_written = self.0.lock().unwrap().is_some();
        is_written.then(|| self.clone() as Arc<dyn PolicySource>)
    }
}

#[async_trait]
impl PolicySource for OwnPolicies {
    async fn read(&self) -> Result<Option<PolicyDocument>, PolicySourceError> {
        let text = self.0.lock().unwrap().clone();
        let bundle = text.map(|text| serde_json::json!({ "policies": { "own.cedar": text } }));
        Ok(bundle.map(|bundle| PolicyDocument::Plain(bundle.to_string().into())))
    }

    fn is_signed(&self) -> bool {
        false
    }

    fn interval(&self) -> Duration {
        Duration::ZERO
    }
}
