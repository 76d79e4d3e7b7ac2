//! The sign-in at Microsoft and the Microsoft tokens of a cell.
//!
//! Source: Microsoft identity platform v2, authorization code flow with PKCE for confidential clients.

pub mod aadsts;
pub mod client;
mod id_token;
mod link;
mod rows;
pub mod session;
