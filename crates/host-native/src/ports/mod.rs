//! The ports of the core as this host supplies them: tokio, hyper, rustls, ring, SQLite, the operating system.

pub(crate) mod alarm;
pub(crate) mod background;
pub(crate) mod cells;
pub(crate) mod clock;
#[cfg(test)]
mod directory_tests;
pub(crate) mod documents;
pub(crate) mod entropy;
pub(crate) mod outbound;
pub(crate) mod policy;
mod public_address;
pub(crate) mod registry;
pub(crate) mod signer;
pub(crate) mod sqlite;
pub(crate) mod timer;
