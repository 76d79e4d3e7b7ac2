//! Calls under way, so that an order can end them: their caller is answered at once, and what they still need of the
//! cell (tokens) is gone. What has already left for Microsoft runs to its end, and its outcome is recorded.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;
use m365_types::ClientId;

/// The calls of one cell.
#[derive(Default)]
pub(crate) struct InFlight {
    calls: Mutex<BTreeMap<u64, Call>>,
    entered: AtomicU64,
    /// How often calls were ended.
    turn: AtomicU64,
}

struct Call {
    client: Option<ClientId>,
    end: oneshot::Sender<()>,
}

/// One call's place; given back when dropped.
pub(crate) struct Place {
    of: Arc<InFlight>,
    number: u64,
    /// Completes when the call is ended by an order.
    pub(crate) ended: oneshot::Receiver<()>,
}

impl InFlight {
    /// To be taken before a token is looked at, and given to [`InFlight::enter`].
    pub(crate) fn turn(&self) -> u64 {
        self.turn.load(Ordering::SeqCst)
    }

    /// Enters a call of this client, whose token was found good in `turn`. Where calls were ended since, this one is
    /// too: its token may have gone with them.
    pub(crate) fn enter(self: &Arc<Self>, client: Option<ClientId>, turn: u64) -> Place {
        let number = self.entered.fetch_add(1, Ordering::Relaxed);
        let (end, ended) = oneshot::channel();
        let mut calls = self.lock();
        if self.turn() == turn {
            calls.insert(number, Call { client, end });
        } else {
            // The receiver is at hand, so this cannot fail.
            let _ = end.send(());
        }
        Place { of: self.clone(), number, ended }
    }

    /// Ends every call, or those of one client. Tells how many there were.
    pub(crate) fn end(&self, client: Option<&ClientId>) -> u64 {
        let meant = |call: &Call| client.is_none_or(|client| call.client.as_ref() == Some(client));
        let mut calls = self.lock();
        self.turn.fetch_add(1, Ordering::SeqCst);
        let numbers: Vec<u64> =
            calls.iter().filter(|(_, call)| meant(call)).map(|(number, _)| *number).collect();
        let ended = numbers.iter().filter_map(|number| calls.remove(number));
        // A call whose caller is gone needs no answer.
        ended.map(|call| u64::from(call.end.send(()).is_ok())).sum()
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

    #[test]
    fn an_order_ends_the_calls_it_is_about_and_no_others() {
        let calls = Arc::new(InFlight::default());
        let client = |name: &str| Some(ClientId::parse(name).unwrap());
        let (mut one, mut other, mut none) =
            (calls.enter(client("one"), 0), calls.enter(client("other"), 0), calls.enter(None, 0));
        assert_eq!(calls.end(client("one").as_ref()), 1);
        assert_eq!(one.ended.try_recv(), Ok(Some(())));
        assert_eq!((other.ended.try_recv(), none.ended.try_recv()), (Ok(None), Ok(None)));
        assert_eq!(calls.end(None), 2);
        assert_eq!((other.ended.try_recv(), none.ended.try_recv()), (Ok(Some(())), Ok(Some(()))));
    }

    #[test]
    fn a_call_that_is_over_is_not_counted() {
        let calls = Arc::new(InFlight::default());
        drop(calls.enter(None, 0));
        assert_eq!(calls.end(None), 0);
    }

    #[test]
    fn a_call_that_comes_with_a_token_from_before_an_order_is_ended_at_once() {
        let calls = Arc::new(InFlight::default());
        let before = calls.turn();
        assert_eq!(calls.end(None), 0);
        assert_eq!(calls.enter(None, before).ended.try_recv(), Ok(Some(())));
        assert_eq!(calls.enter(None, calls.turn()).ended.try_recv(), Ok(None));
    }
}
