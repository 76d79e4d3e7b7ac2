//! The black-box suite: what a host promises, told by a client that shares no code with it.
//!
//! In scope: HTTP, OAuth 2.1 as the MCP authorization specification profiles it, MCP, and the fixed interface of the
//! simulated estate (ready line, `_control`, `audit tail|verify --json`). Out of scope: anything behind those; the suite
//! names no crate of the server. Invariants: the client follows no redirect by itself, treats no status as an error, keeps
//! no connection, and a failing case shows the request and the answer.
//!
//! `M365_MCP_HOST` names the host: a JSON array of a program and its arguments, which takes the options of `demo` after
//! them, prints the same ready line, and is killed with everything it started. Default: `M365_MCP_BIN demo`.
//! `M365_MCP_BIN` names the program that reads journals (default: the one built beside the test); the fixture server of
//! the conformance suite is looked for beside it. `M365_MCP_URLS` holds the ready line of a site that runs already; cases
//! that kill the host or read its files are then ignored.
//! `CHROMIUM` names the browser (default: `chromium` in `PATH`); pictures of the pages are left in `target/screenshots`.
//! `M365_RECORD` names a file that receives every request the simulated Graph saw, as JSON lines. `M365_RESULTS` names a
//! file that receives what became of each case that ran, as a JSON object.

pub mod adversary;
pub mod approval;
pub mod browser;
pub mod canaries;
pub mod cases;
pub mod chromium;
pub mod control;
pub mod elsewhere;
pub mod environment;
pub mod events;
pub mod html;
pub mod http;
pub mod journal;
pub mod json;
pub mod mcp;
pub mod oauth;
pub mod process;
pub mod proxy;
pub mod publisher;
pub mod raw;
pub mod rule;
pub mod runner;
pub mod security;
pub mod session;
pub mod site;
pub mod sse;
