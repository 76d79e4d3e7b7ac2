//! The Worker for tests and development: the shipped one with the simulated estate's clock and loopback addresses.
//!
//! In scope: replacing the deployment before the first request, and a Durable Object that runs the port suite and what
//! `cargo xtask bench policy` measures. Out of scope: anything else; the entry points are those of `m365-host-worker`. Never deployed.

#![cfg(target_family = "wasm")]

mod clock;
#[path = "../../policy/examples/decisions/work.rs"]
mod decisions;
mod ports;
mod signer;

use std::sync::Arc;

use m365_app::config::Mode;
use m365_app::policy::m365_policy as policy;
use m365_host_worker::deployment::{self, Deployment};
use m365_types::Profile;
use worker::event;

use crate::clock::EstateClock;

/// Runs when the isolate starts.
#[event(start)]
fn start() {
    deployment::replace(Deployment {
        clock: Arc::new(EstateClock),
        mode: Mode::Development,
        default_profile: Profile::Full,
        also_host: Some("ORIGIN_HOST"),
        observe: Some(clock::observe),
    });
}
