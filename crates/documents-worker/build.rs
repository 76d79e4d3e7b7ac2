//! Fixes how much memory the module may have.
//!
//! Cargo tells a build script in its environment alone what it builds for.

use std::io::Write as _;

/// Most memory in bytes, a multiple of 64 KiB: what the runtime gives an isolate, less room for the document itself.
const MEMORY_BYTES: u32 = 96 << 20;

#[expect(clippy::disallowed_methods, reason = "the only way a build script learns its target")]
fn main() -> std::io::Result<()> {
    let is_wasm = std::env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm");
    let mut out = std::io::stdout();
    if is_wasm {
        writeln!(out, "cargo::rustc-link-arg-cdylib=--max-memory={MEMORY_BYTES}")?;
    }
    writeln!(out, "cargo::rerun-if-changed=build.rs")
}
