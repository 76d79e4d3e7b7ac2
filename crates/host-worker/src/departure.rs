//! When a client leaves before its answer is there.
//!
//! Source: Workers, `Request.signal` and the compatibility flag `enable_request_signal`. Without the flag the signal
//! never comes, and an answer is finished for nobody.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_channel::oneshot;
use worker::js_sys::Function;
use worker::wasm_bindgen::JsCast as _;
use worker::wasm_bindgen::closure::Closure;
use worker::web_sys;

/// Completes when the request is aborted, and never otherwise.
pub(crate) struct Departure {
    signal: web_sys::AbortSignal,
    heard: oneshot::Receiver<()>,
    /// Lives as long as the runtime may call it.
    _listener: Closure<dyn FnMut()>,
}

impl Departure {
    /// The departure of whoever sent this request.
    pub(crate) fn of(request: &web_sys::Request) -> Self {
        let (bell, heard) = oneshot::channel();
        let signal = request.signal();
        let listener = Closure::once(move || {
            // Nobody listens any more once the answer is there.
            let _ = bell.send(());
        });
        signal.set_onabort(Some(listener.as_ref().unchecked_ref::<Function>()));
        Self { signal, heard, _listener: listener }
    }
}

impl Future for Departure {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        match Pin::new(&mut self.heard).poll(context) {
            Poll::Ready(Ok(())) => Poll::Ready(()),
            Poll::Ready(Err(_)) | Poll::Pending => Poll::Pending,
        }
    }
}

impl Drop for Departure {
    fn drop(&mut self) {
        self.signal.set_onabort(None);
    }
}
