//! The OAuth authorization server for MCP clients.
//!
//! Sources: RFC 6749, 7009, 7591, 7636, 8252, 8414, 8707, 9207, 9700, 9728, and the MCP authorization pages.

pub mod authorize;
pub mod client;
pub mod form;
mod grant;
pub mod handle;
pub mod metadata;
pub mod pkce;
pub mod redirect;
pub mod store;
pub mod token;
pub mod transaction;
