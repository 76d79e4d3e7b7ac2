//! Model Context Protocol over HTTP messages: JSON-RPC under limits, revisions, dispatch.
//!
//! Source: MCP specification, revisions 2026-07-28 (stateless), 2025-11-25, 2025-06-18, 2025-03-26 and 2024-11-05
//! (opened with `initialize`), basic protocol and Streamable HTTP transport; JSON-RPC 2.0.
//!
//! In scope: everything between an authenticated `http::Request` and its `http::Response`. Out of scope:
//! authentication, Origin and Host, body and time limits (all before [`handle`]); what a tool does (behind
//! [`Server`]); sessions, server streams, subscriptions, tasks, prompts, sampling (not offered, not declared).
//!
//! Invariants:
//! * no state between requests: what a request may do follows from that request alone;
//! * both eras answer on one endpoint, and one pure function decides which one a message speaks;
//! * no message reaches [`Server::call_tool`] or [`Server::read_resource`] unless it is strict JSON, a well-formed
//!   request and, in the stateless era, in agreement with its HTTP headers;
//! * every refusal of this crate is a row of [`ProtocolRefusal`] and is told once to [`Server::refused`];
//! * tool and resource descriptions are compile-time constants, so no caller's words can enter them.

mod agreement;
mod dispatch;
mod endpoint;
mod headers;
mod message;
mod refusal;
mod reply;
mod revision;
mod server;
mod strict_json;
mod wire;

pub use endpoint::{MAX_BATCH_MESSAGES, MAX_BODY_BYTES, handle};
pub use headers::REQUEST_HEADERS;
pub use refusal::{ProtocolRefusal, Refusal};
pub use revision::Revision;
pub use server::{
    MAX_INSTRUCTIONS_CHARS, ResourceContents, ResourceDescriptor, Server, ServerInfo, ToolAnnotations,
    ToolCall, ToolDescriptor, ToolResult,
};
pub use strict_json::{JsonFault, MAX_DEPTH, MAX_NODES};

#[cfg(test)]
mod tests;
