//! The one door out: destination table, gateway headers, error classification.
//!
//! Sources: Cloudflare AI Gateway (custom providers, request headers, error codes, DLP); Microsoft Graph (error
//! responses, throttling, JSON batching, best practices for request ids); Microsoft identity platform (continuous
//! access evaluation); RFC 9110 section 11.6.1 (challenges).
//!
//! In scope: which exchanges may be made at all, what the gateway is told, what its answers mean. Out of scope:
//! retries, token refresh, request building, name resolution and TLS, which are the host's `Outbound`.
//!
//! Invariants:
//! * [`Door`] owns the raw `Outbound`; what it hands out sends to nothing but the table built at start;
//! * Graph is reached through the AI Gateway only, with an intent, and only by the calls of the permitted row;
//! * a client metadata document, whose address a stranger names, is asked for at a listed host, on the public Internet,
//!   by a GET that carries nothing;
//! * a webhook goes to a listed address, signed, and holds an event of identifiers; a prompt goes to a configured dynamic
//!   route; a result to be inspected goes to our own echo route, sealed, and counts only where it comes back unchanged;
//! * an answer that does not prove it came through the gateway, or that came out of a cache, is not used.

mod batch;
mod challenge;
mod classify;
mod destination;
mod door;
mod echo;
#[cfg(test)]
mod fakes;
mod gateway;
mod graph_error;
mod headers;
mod llm;
mod metadata;
mod provider;
mod stream;
mod transfer;
mod webhooks;

pub use classify::{classify, may_have_acted};
pub use destination::{
    AccessRoute, ClientMetadataRoute, DestinationError, Destinations, EntraRoute, GatewayRoute, GraphVersion,
    Loopback,
};
pub use door::Door;
pub use echo::{ECHO_HEADER, EchoSeal, EchoStamp};
pub use gateway::{GatewayAccess, Transport};
pub use llm::LlmGateway;
