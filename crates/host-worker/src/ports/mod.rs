//! The ports over the runtime's bindings, one file each.

pub mod alarm;
pub mod background;
pub mod cells;
pub mod clock;
pub mod directory;
pub mod documents;
pub mod entropy;
pub mod outbound;
pub mod policy;
pub mod registry;
pub mod signer;
pub mod sql;
pub mod timer;
