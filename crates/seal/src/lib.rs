//! Sealed values, keyed digests, message authentication codes and the signature of a policy set: the only user of
//! symmetric cryptography.
//!
//! Sources: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha), HKDF (RFC 5869), HMAC (RFC 2104), Ed25519 (RFC 8032), Standard
//! Webhooks 1.0.
//!
//! In scope: turning the three configured keys into one subkey per purpose, sealing under associated data, opening
//! under the current or the previous key. Out of scope: storing, expiry, single use.
//!
//! Invariants: a subkey serves one [`Purpose`]; a value sealed for one purpose or place does not open for another;
//! nonces are random (192 bits) and come from the caller's entropy port.

mod cell_name;
mod keys;
mod sealer;
mod signature;
mod webhook_key;

pub use cell_name::{CellKind, cell_id};
pub use keys::{Key, KeyError, KeyRing, Keys, Mac, Master, Purpose};
pub use sealer::{AssociatedData, NONCE_BYTES, OpenError, Sealer, Which};
pub use signature::{PolicySigner, PolicyVerifier};
pub use webhook_key::{WebhookKey, WebhookKeyError, WebhookKeys};
