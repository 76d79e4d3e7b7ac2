//! Documents of one person, one at a time: the reader has few places, and nobody may hold them all.

use async_lock::Semaphore;
use async_trait::async_trait;
use m365_ports::{Document, DocumentError, DocumentReader, DocumentText};

/// The reader, as one person has it.
pub(crate) struct OneAtATime<'a> {
    reader: &'a dyn DocumentReader,
    place: &'a Semaphore,
}

impl<'a> OneAtATime<'a> {
    /// `place` is the person's only one.
    pub(crate) const fn new(reader: &'a dyn DocumentReader, place: &'a Semaphore) -> Self {
        Self { reader, place }
    }
}

#[async_trait]
impl DocumentReader for OneAtATime<'_> {
    async fn read(&self, document: Document) -> Result<DocumentText, DocumentError> {
        let _place = self.place.acquire().await;
        self.reader.read(document).await
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use futures_util::FutureExt as _;

    use super::*;

    /// Begins and never ends.
    #[derive(Default)]
    struct Endless(AtomicUsize);

    #[async_trait]
    impl DocumentReader for Endless {
        async fn read(&self, _: Document) -> Result<DocumentText, DocumentError> {
            self.0.fetch_add(1, Ordering::SeqCst);
            pending().await
        }
    }

    #[test]
    fn the_next_document_is_begun_when_the_one_before_is_over_or_given_up_and_others_do_not_wait() {
        let (endless, mine, yours) = (Endless::default(), Semaphore::new(1), Semaphore::new(1));
        let document = || Document { name: String::new(), content_type: String::new(), bytes: Bytes::new() };
        let (me, you) = (OneAtATime::new(&endless, &mine), OneAtATime::new(&endless, &yours));
        let begun = || endless.0.load(Ordering::SeqCst);
        let (mut first, mut second) = (me.read(document()), me.read(document()));
        assert!((&mut first).now_or_never().is_none() && (&mut second).now_or_never().is_none());
        assert_eq!(begun(), 1);
        assert!(you.read(document()).now_or_never().is_none());
        assert_eq!(begun(), 2, "another person waited");
        drop(first);
        assert!((&mut second).now_or_never().is_none());
        assert_eq!(begun(), 3);
    }
}
