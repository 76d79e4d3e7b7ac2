//! The black-box suite: what a host promises, told by a client that shares no code with it. Beside it, the port suite:
//! what each port promises, told to whatever implements it.
//!
//! In scope: HTTP, OAuth 2.1 as the MCP authorization specification profiles it, MCP, and the fixed interface of the
//! simulated estate (ready line, `_control`, `audit tail|verify --json`). Out of scope: anything behind those; the black-box
//! suite names no crate of the server, and [`ports`] names only the traits and their vocabulary. Invariants: the client follows no redirect by itself, treats no status as an error, keeps
//! no connection, and a failing case shows the request and the answer.
//!
//! `M365_MCP_BIN` names the binary (default: the one built beside the test); `M365_MCP_URLS` holds the ready line of a
//! site that runs already, such as a Worker in workerd; `M365_RECORD` names a file that receives every request the
//! simulated Graph saw, as JSON lines.

pub mod browser;
pub mod cases;
pub mod control;
pub mod environment;
pub mod html;
pub mod http;
pub mod journal;
pub mod json;
pub mod mcp;
pub mod oauth;
pub mod ports;
pub mod process;
pub mod raw;
pub mod runner;
pub mod session;
pub mod site;
