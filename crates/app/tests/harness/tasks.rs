//! One thread that drives everything: the request that is looked at, and the work that outlives its request.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

use m365_ports::{Background, BoxFuture};

/// The work that was spawned and is not over. It moves whenever a test waits for something.
#[derive(Default)]
pub(crate) struct Tasks {
    spawned: Mutex<Vec<BoxFuture<'static, ()>>>,
    woken: Arc<Woken>,
}

/// Whether anything can move that could not before.
#[derive(Default)]
struct Woken(AtomicBool);

impl Woken {
    fn take(&self) -> bool {
        self.0.swap(false, Ordering::SeqCst)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Background for Tasks {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.spawned.lock().unwrap().push(work);
        self.woken.clone().wake();
    }
}

impl Tasks {
    /// Drives everything until nothing moves any more; the output where the future came to one.
    pub(crate) fn drive<T>(&self, mut future: Pin<&mut dyn Future<Output = T>>) -> Option<T> {
        let waker = Waker::from(self.woken.clone());
        let mut context = Context::from_waker(&waker);
        let mut output = None;
        loop {
            self.woken.take();
            if output.is_none()
                && let std::task::Poll::Ready(came) = future.as_mut().poll(&mut context)
            {
                output = Some(came);
            }
            self.step(&mut context);
            if !self.woken.take() {
                return output;
            }
        }
    }

    /// Drives the future to its end.
    pub(crate) fn finish<T>(&self, future: impl Future<Output = T>) -> T {
        self.drive(pin!(future)).expect("the server waits for what does not come")
    }

    /// Drives the work alone.
    pub(crate) fn settle(&self) {
        self.finish(std::future::ready(()));
    }

    fn step(&self, context: &mut Context<'_>) {
        // What is polled may spawn more.
        let taken = std::mem::take(&mut *self.spawned.lock().unwrap());
        let unfinished =
            taken.into_iter().filter_map(|mut work| work.as_mut().poll(context).is_pending().then_some(work));
        let unfinished: Vec<_> = unfinished.collect();
        self.spawned.lock().unwrap().extend(unfinished);
    }
}
