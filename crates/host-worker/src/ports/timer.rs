//! Waiting on `setTimeout`; a timer that is dropped is cleared.
//!
//! `worker::Delay` takes the handle for a number and panics where it is an object, as it is with Node's globals, which
//! the runtime brings along by default since 2026. They are turned off in the configuration, but a flag must not be what
//! keeps a cell alive: the two functions are called by name here, and the handle is whatever they agree on.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::{Either, select};
use m365_ports::Timer;
use worker::js_sys::{self, Function, Promise, Reflect};
use worker::send::SendFuture;
use worker::wasm_bindgen::{JsCast as _, JsValue};
use worker::wasm_bindgen_futures::JsFuture;

/// The runtime's timer.
#[derive(Clone, Copy, Debug)]
pub struct TimeoutTimer;

#[async_trait]
impl Timer for TimeoutTimer {
    async fn sleep(&self, duration: Duration) {
        SendFuture::new(Timeout::after(duration)).await;
    }
}

/// The work's result, unless the time is up first; the work is then dropped.
pub(crate) async fn within<T>(limit: Duration, work: impl Future<Output = T>) -> Option<T> {
    match select(std::pin::pin!(work), Timeout::after(limit)).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(((), _)) => None,
    }
}

struct Timeout {
    fired: JsFuture,
    handle: JsValue,
}

impl Timeout {
    fn after(duration: Duration) -> Self {
        let mut handle = JsValue::UNDEFINED;
        let millis = u32::try_from(duration.as_millis()).unwrap_or(u32::MAX);
        let fired = Promise::new(&mut |resolve, _| {
            handle = call("setTimeout", |set, global| set.call2(global, &resolve, &millis.into()));
        });
        Self { fired: JsFuture::from(fired), handle }
    }
}

impl Future for Timeout {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        Pin::new(&mut self.fired).poll(context).map(drop)
    }
}

impl Drop for Timeout {
    fn drop(&mut self) {
        call("clearTimeout", |clear, global| clear.call1(global, &self.handle));
    }
}

/// Calls a global function; both are there in every Worker.
fn call(name: &str, with: impl FnOnce(&Function, &JsValue) -> Result<JsValue, JsValue>) -> JsValue {
    let global = js_sys::global();
    let function =
        Reflect::get(&global, &name.into()).ok().and_then(|value| value.dyn_into::<Function>().ok());
    function.and_then(|function| with(&function, &global).ok()).unwrap_or(JsValue::UNDEFINED)
}
