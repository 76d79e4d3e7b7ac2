//! What the program says: one line, once it listens.

use std::io::Write as _;
use std::net::SocketAddr;

use serde_json::json;

/// The line that says where the endpoint is.
pub(crate) fn ready(address: SocketAddr) {
    let line = json!({ "event": "ready", "url": format!("http://{address}/mcp") });
    // A reader that has gone away (a closed pipe) is not an error of ours.
    drop(writeln!(std::io::stdout().lock(), "{line}"));
}
