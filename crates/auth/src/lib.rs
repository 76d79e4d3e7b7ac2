//! Identity and authorization: the Access assertion, the OAuth authorization server, the Microsoft sign-in.
//!
//! In scope: parsing and verifying what callers present, the state machine of grants, the transitions of a
//! person's cell. Out of scope: HTTP routing, pages, status codes (`app`).
//!
//! Invariants:
//! * a [`m365_types::Principal`] is issued in one place, [`perimeter::admit`], from evidence that only a
//!   verification can make;
//! * every transition of stored state is one transaction that also writes its journal record;
//! * stores hold hashes or sealed values; no error and no log line carries a token.

mod claims;
pub mod context;
pub mod entra;
pub mod jwt;
pub mod key_cache;
pub mod oauth;
pub mod perimeter;

#[cfg(test)]
mod testing;
