//! Calls under way, so that an order can end them and their client can cancel them.
//!
//! An order answers the caller at once, and takes what the call still needs of the cell (tokens). A cancelled call is
//! looked at before each step towards an effect. What has already left for Microsoft runs to its end either way, and its
//! outcome is recorded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;
use futures_util::FutureExt as _;
use futures_util::future::{Shared, pending};
use m365_mcp::CallKey;
use m365_types::{ClientId, GrantId};

/// The calls of one cell.
#[derive(Default)]
pub(crate) struct InFlight {
    calls: Mutex<BTreeMap<u64, Call>>,
    entered: AtomicU64,
    /// How often calls were ended.
    turn: AtomicU64,
}

/// Whose call it is, and what its client names it by.
#[derive(Clone, Debug)]
pub(crate) struct CallName {
    pub(crate) client: Option<ClientId>,
    pub(crate) grant: Option<GrantId>,
    pub(crate) key: CallKey,
}

struct Call {
    name: CallName,
    end: oneshot::Sender<()>,
    cancellation: Arc<Cancellation>,
}

/// One call's place; given back when dropped.
pub(crate) struct Place {
    of: Arc<InFlight>,
    number: u64,
    /// Whether its client has cancelled it.
    pub(crate) cancellation: Arc<Cancellation>,
}

/// A client's word that it no longer wants a call.
#[derive(Debug)]
pub(crate) struct Cancellation {
    said: AtomicBool,
    bell: Mutex<Option<oneshot::Sender<()>>>,
    heard: Shared<oneshot::Receiver<()>>,
}

impl Default for Cancellation {
    fn default() -> Self {
        let (bell, heard) = oneshot::channel();
        Self { said: AtomicBool::new(false), bell: Mutex::new(Some(bell)), heard: heard.shared() }
    }
}

impl Cancellation {
    pub(crate) fn cancel(&self) {
        self.said.store(true, Ordering::SeqCst);
        if let Some(bell) = self.bell.lock().unwrap_or_else(PoisonError::into_inner).take() {
            // The other end is in this very value.
            let _ = bell.send(());
        }
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.said.load(Ordering::SeqCst)
    }

    /// Completes when the call is cancelled, and never otherwise.
    pub(crate) async fn cancelled(&self) {
        if self.heard.clone().await.is_err() {
            pending::<()>().await;
        }
    }
}

impl InFlight {
    /// To be taken before a token is looked at, and given to [`InFlight::enter`].
    pub(crate) fn turn(&self) -> u64 {
        self.turn.load(Ordering::SeqCst)
    }

    /// Enters a call, whose token was found good in `turn`. Where calls were ended since, this one is too: its token may
    /// have gone with them. The place is for the call itself, which may outlive whoever waits for it; the receiver, which
    /// hears when an order ends the call, is for the latter.
    pub(crate) fn enter(self: &Arc<Self>, name: CallName, turn: u64) -> (Place, oneshot::Receiver<()>) {
        let number = self.entered.fetch_add(1, Ordering::Relaxed);
        let (end, ended) = oneshot::channel();
        let cancellation = Arc::<Cancellation>::default();
        let mut calls = self.lock();
        if self.turn() == turn {
            calls.insert(number, Call { name, end, cancellation: cancellation.clone() });
        } else {
            // The receiver is at hand, so this cannot fail.
            let _ = end.send(());
        }
        (Place { of: self.clone(), number, cancellation }, ended)
    }

    /// Ends every call, or those of one client. Tells how many there were.
    pub(crate) fn end(&self, client: Option<&ClientId>) -> u64 {
        let meant = |call: &Call| client.is_none_or(|client| call.name.client.as_ref() == Some(client));
        let mut calls = self.lock();
        self.turn.fetch_add(1, Ordering::SeqCst);
        let numbers: Vec<u64> =
            calls.iter().filter(|(_, call)| meant(call)).map(|(number, _)| *number).collect();
        let ended = numbers.iter().filter_map(|number| calls.remove(number));
        // A call whose caller is gone needs no answer.
        ended.map(|call| u64::from(call.end.send(()).is_ok())).sum()
    }

    /// Cancels the one call of this grant that goes by that name. Without a session two programs of one grant may use
    /// the same id at once: then nobody can say whose call is meant, and none is cancelled.
    pub(crate) fn cancel(&self, grant: Option<GrantId>, key: &CallKey) {
        let calls = self.lock();
        let mut meant = calls.values().filter(|call| call.name.grant == grant && call.name.key == *key);
        if let (Some(call), None) = (meant.next(), meant.next()) {
            call.cancellation.cancel();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<u64, Call>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.of.lock().remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(client: &str, id: &str) -> CallName {
        let key = CallKey { session: None, id: id.to_owned() };
        CallName { client: ClientId::parse(client).ok(), grant: None, key }
    }

    #[test]
    fn an_order_ends_the_calls_it_is_about_and_no_others() {
        let calls = Arc::new(InFlight::default());
        let [(_one, mut one), (_other, mut other), (_none, mut none)] =
            ["one", "other", ""].map(|client| calls.enter(name(client, "1"), 0));
        assert_eq!(calls.end(ClientId::parse("one").ok().as_ref()), 1);
        assert_eq!(one.try_recv(), Ok(Some(())));
        assert_eq!((other.try_recv(), none.try_recv()), (Ok(None), Ok(None)));
        assert_eq!(calls.end(None), 2);
        assert_eq!((other.try_recv(), none.try_recv()), (Ok(Some(())), Ok(Some(()))));
    }

    #[test]
    fn a_call_that_is_over_is_not_counted() {
        let calls = Arc::new(InFlight::default());
        drop(calls.enter(name("", "1"), 0));
        assert_eq!(calls.end(None), 0);
    }

    #[test]
    fn a_call_that_comes_with_a_token_from_before_an_order_is_ended_at_once() {
        let calls = Arc::new(InFlight::default());
        let before = calls.turn();
        assert_eq!(calls.end(None), 0);
        assert_eq!(calls.enter(name("", "1"), before).1.try_recv(), Ok(Some(())));
        assert_eq!(calls.enter(name("", "1"), calls.turn()).1.try_recv(), Ok(None));
    }

    #[test]
    fn a_client_cancels_its_own_call_by_a_name_that_only_one_call_has() {
        let calls = Arc::new(InFlight::default());
        let grant = |byte| Some(GrantId::from_random([byte; 16]));
        let of = |grant, session: Option<&str>, id: &str| {
            let key = CallKey { session: session.map(str::to_owned), id: id.to_owned() };
            CallName { client: None, grant, key }
        };
        let [mine, session, theirs, twice, again] = [
            of(grant(1), None, "1"),
            of(grant(1), Some("s"), "1"),
            of(grant(2), None, "1"),
            of(grant(1), None, "2"),
            of(grant(1), None, "2"),
        ]
        .map(|name| calls.enter(name, 0).0);
        let cancel = |id: &str| calls.cancel(grant(1), &CallKey { session: None, id: id.to_owned() });
        ["1", "2", "3"].into_iter().for_each(cancel);
        let cancelled =
            [&mine, &session, &theirs, &twice, &again].map(|place| place.cancellation.is_cancelled());
        assert_eq!(cancelled, [true, false, false, false, false]);
        assert!(mine.cancellation.cancelled().now_or_never().is_some());
        assert!(theirs.cancellation.cancelled().now_or_never().is_none());
        drop(again);
        cancel("2");
        assert!(twice.cancellation.is_cancelled());
    }
}
