//! The Cloudflare Worker host: parses configuration, builds ports, hands the request to `app`.
//!
//! In scope: the entry points the Workers runtime calls (`fetch`, the Durable Objects `Cell` and `Directory`, their
//! alarms), and the ports over its bindings. Out of scope: everything else; the core is the same as natively.
//!
//! Invariants
//! - Nothing happens before the first request: no configuration, no key, no route table (start-up CPU is limited).
//! - What an isolate keeps (configuration, keys, routes) holds values only, never the I/O of a request: the runtime
//!   ties sockets, timers and stubs to the request that made them, and another one that waits for them hangs.
//! - A panic costs the memory of every cell in the isolate (Workers, "WebAssembly"): nothing here panics on input, and
//!   nothing acknowledged is in memory only.
//!
//! Source: Cloudflare Workers and Durable Objects documentation; crate `worker` 0.8.

#![cfg(target_family = "wasm")]

mod departure;
pub mod deployment;
mod isolate;
pub mod log;
mod message;
mod objects;
pub mod ports;
mod settings;

use worker::web_sys;
use worker::{Context, Env, event};

/// Answers a request that arrives from outside.
///
/// # Errors
/// Where an answer cannot be made into one of the runtime's; it then answers 500 by itself.
#[event(fetch)]
async fn fetch(request: web_sys::Request, env: Env, _context: Context) -> worker::Result<web_sys::Response> {
    let request = message::request_in(&request)?;
    deployment::current().observe(request.headers());
    let response = match isolate::current(&env) {
        Ok(isolate) => isolate.answer(request).await,
        Err(refusal) => refusal,
    };
    message::response_out(response).await
}
