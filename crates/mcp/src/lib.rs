//! Model Context Protocol over HTTP messages: JSON-RPC under limits, revisions, dispatch.
//!
//! Source: MCP specification, revisions 2026-07-28 (stateless), 2025-11-25, 2025-06-18, 2025-03-26 and 2024-11-05
//! (opened with `initialize`), basic protocol and Streamable HTTP transport; JSON-RPC 2.0.
//!
//! In scope: everything between an authenticated `http::Request` and its `http::Response`, which is whole or comes as
//! events. Out of scope: authentication, Origin and Host, body and time limits (all before [`handle`]); what a tool does
//! (behind [`Server`]); who holds a stream of the 2024-11-05 transport open ([`converse`] gives what goes into it);
//! `subscriptions/listen`, tasks (not offered, not declared).
//!
//! Invariants:
//! * no state between requests: what a request may do follows from that request, and from what the application sealed
//!   into a session id or a request state;
//! * both eras answer on one endpoint, and one pure function decides which one a message speaks;
//! * no message reaches a method of [`Server`] unless it is strict JSON, a well-formed request and, in the stateless era,
//!   in agreement with its HTTP headers;
//! * every refusal of this crate is a row of [`ProtocolRefusal`] and is told once to [`Server::refused`];
//! * descriptions of tools, resources and prompts are compile-time constants, so no caller's words can enter them.

mod agreement;
mod client;
mod content;
mod dispatch;
mod endpoint;
mod events;
mod headers;
mod input;
mod message;
mod method;
mod page;
mod refusal;
mod reply;
mod revision;
mod round_trip;
mod server;
mod strict_json;
mod wire;
mod wire_lists;

pub use client::{CallKey, Client, ClientCapabilities, NotAsked, Session};
pub use content::{Completion, Content, Media, PromptResult, ResourceBody, ResourceContents, ToolResult};
pub use endpoint::{MAX_BATCH_MESSAGES, MAX_BODY_BYTES, converse, handle, is_message, only_discovers};
pub use events::{Body, event, whole};
pub use headers::REQUEST_HEADERS;
pub use input::{Answered, Input, InputKind, InputRequest, InputRequired, RequestState};
pub use refusal::{ProtocolRefusal, Refusal};
pub use reply::{accepted, streamed};
pub use revision::Revision;
pub use server::{
    CompletionCall, CompletionReference, Icon, MAX_INSTRUCTIONS_CHARS, Offers, PromptArgumentDescriptor,
    PromptDescriptor, ResourceDescriptor, Server, ServerInfo, TemplateDescriptor, ToolAnnotations, ToolCall,
    ToolDescriptor,
};
pub use strict_json::{JsonFault, MAX_DEPTH, MAX_NODES};

#[cfg(test)]
mod tests;
