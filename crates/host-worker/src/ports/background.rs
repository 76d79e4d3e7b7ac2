//! Detached work in a Durable Object, which lives as long as it has work under way.

use m365_ports::{Background, BoxFuture};
use worker::wasm_bindgen_futures::spawn_local;

/// Spawns on the microtask queue. Only cells detach work: in the stateless front the runtime would drop it with the
/// request.
#[derive(Clone, Copy, Debug)]
pub struct SpawnedBackground;

impl Background for SpawnedBackground {
    fn spawn(&self, work: BoxFuture<'static, ()>) {
        spawn_local(work);
    }
}
