//! Requests to both servers, as a client of each revision sends them, and as none should.

use bytes::Bytes;
use http::Request;
use http::request::Builder;
use serde_json::{Value, json};

/// The stateless revision.
pub(crate) const MODERN: &str = "2026-07-28";
/// Every revision, oldest first.
pub(crate) const REVISIONS: [&str; 5] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25", MODERN];

/// One request, and how it departs from what a well-behaved client sends.
pub(crate) struct Case {
    /// Names it in the table of differences.
    pub(crate) name: &'static str,
    method: &'static str,
    params: fn() -> Value,
    departure: Departure,
}

/// How a request departs from good form.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Departure {
    None,
    /// Its method header names another method.
    MethodHeader,
    /// There is no method header.
    MethodHeaderMissing,
    /// Its name header names another tool.
    NameHeader,
    /// There is no metadata.
    NoMeta,
    /// The metadata declares no capabilities.
    NoCapabilities,
    /// Its version header is not what the metadata says.
    VersionHeader,
    /// Header and metadata name a version that nobody knows.
    UnknownVersion,
    /// It takes anything back, and names nothing.
    AcceptAnything,
    /// It takes events only.
    AcceptEvents,
    /// It is not JSON.
    Broken,
    /// It is not said to be JSON.
    ContentType,
    /// It is sent with the method DELETE.
    Delete,
    /// It is sent with the method GET.
    Get,
    /// It has no id, so it wants no answer.
    Notification,
    /// It is an answer to a question that nobody asked.
    Response,
    /// Its id is null.
    NullId,
}

const fn case(name: &'static str, method: &'static str, params: fn() -> Value) -> Case {
    Case { name, method, params, departure: Departure::None }
}

/// A list of tools that departs.
const fn departing(name: &'static str, departure: Departure) -> Case {
    Case { name, method: "tools/list", params: || json!({}), departure }
}

/// Every request.
pub(crate) const CASES: [Case; 42] = [
    case("initialize", "initialize", || json!({})),
    case("ping", "ping", || json!({})),
    case("discover", "server/discover", || json!({})),
    case("tools", "tools/list", || json!({})),
    case("prompts", "prompts/list", || json!({})),
    case("resources", "resources/list", || json!({})),
    case("templates", "resources/templates/list", || json!({})),
    case("call add", "tools/call", || json!({ "name": "add", "arguments": { "a": 1, "b": 2 } })),
    case("call say", "tools/call", || json!({ "name": "say", "arguments": { "text": "é \u{1F600}" } })),
    case("call without arguments", "tools/call", || json!({ "name": "say" })),
    case("call fail", "tools/call", || json!({ "name": "fail", "arguments": {} })),
    case("unknown tool", "tools/call", || json!({ "name": "other", "arguments": {} })),
    case("call without a name", "tools/call", || json!({ "arguments": {} })),
    case("call with a list of arguments", "tools/call", || json!({ "name": "say", "arguments": [] })),
    case("read text", "resources/read", || json!({ "uri": "table://text" })),
    case("read bytes", "resources/read", || json!({ "uri": "table://bytes" })),
    case("read an item", "resources/read", || json!({ "uri": "table://items/7" })),
    case("unknown resource", "resources/read", || json!({ "uri": "other://text" })),
    case("read without a URI", "resources/read", || json!({})),
    case("get a prompt", "prompts/get", || json!({ "name": "greet", "arguments": { "whom": "Adele" } })),
    case("prompt without its argument", "prompts/get", || json!({ "name": "greet" })),
    case("unknown prompt", "prompts/get", || json!({ "name": "other" })),
    case(
        "complete",
        "completion/complete",
        || json!({ "ref": { "type": "ref/prompt", "name": "greet" }, "argument": { "name": "whom", "value": "A" } }),
    ),
    case(
        "complete nothing",
        "completion/complete",
        || json!({ "ref": { "type": "ref/prompt", "name": "other" }, "argument": { "name": "whom", "value": "" } }),
    ),
    case("unknown method", "tools/other", || json!({})),
    case("set the log level", "logging/setLevel", || json!({ "level": "debug" })),
    departing("another method in the header", Departure::MethodHeader),
    departing("no method in the header", Departure::MethodHeaderMissing),
    Case {
        name: "another name in the header",
        method: "tools/call",
        params: || json!({ "name": "say", "arguments": {} }),
        departure: Departure::NameHeader,
    },
    departing("no metadata", Departure::NoMeta),
    departing("no capabilities", Departure::NoCapabilities),
    departing("another version in the header", Departure::VersionHeader),
    departing("a version nobody knows", Departure::UnknownVersion),
    departing("accepts anything", Departure::AcceptAnything),
    departing("accepts events only", Departure::AcceptEvents),
    departing("not JSON", Departure::Broken),
    departing("not said to be JSON", Departure::ContentType),
    departing("DELETE", Departure::Delete),
    departing("GET", Departure::Get),
    Case {
        name: "a notification",
        method: "notifications/initialized",
        params: || json!({}),
        departure: Departure::Notification,
    },
    departing("a response", Departure::Response),
    departing("an id that is null", Departure::NullId),
];

impl Case {
    /// Whether the revision has a request like this.
    pub(crate) fn is_for(&self, revision: &str) -> bool {
        let is_modern = match self.departure {
            Departure::None => self.method == "server/discover",
            Departure::MethodHeader
            | Departure::MethodHeaderMissing
            | Departure::NameHeader
            | Departure::NoMeta
            | Departure::NoCapabilities
            | Departure::VersionHeader => true,
            _ => false,
        };
        !is_modern || revision == MODERN
    }

    /// The request of a client of the revision.
    pub(crate) fn request(&self, revision: &str) -> Request<Bytes> {
        let modern = revision == MODERN;
        let version = if self.departure == Departure::UnknownVersion { "2099-01-01" } else { revision };
        let mut params = (self.params)();
        if self.method == "initialize" {
            let client = json!({ "name": "client", "version": "1" });
            params = json!({ "protocolVersion": revision, "capabilities": {}, "clientInfo": client });
        }
        let mut request = self.http();
        if self.method != "initialize" || modern {
            let named = if self.departure == Departure::VersionHeader { "2025-11-25" } else { version };
            request = request.header("mcp-protocol-version", named);
        }
        if modern {
            let name = params.get("name").or_else(|| params.get("uri")).and_then(Value::as_str);
            let name = name.map(|name| if self.departure == Departure::NameHeader { "add" } else { name });
            let method = match self.departure {
                Departure::MethodHeader => Some("tools/call"),
                Departure::MethodHeaderMissing => None,
                _ => Some(self.method),
            };
            request =
                method.into_iter().fold(request, |request, method| request.header("mcp-method", method));
            request = name.into_iter().fold(request, |request, name| request.header("mcp-name", name));
            self.add_meta(&mut params, version);
        }
        request.body(self.body(&params)).expect("a request")
    }

    fn http(&self) -> Builder {
        let method = match self.departure {
            Departure::Delete => "DELETE",
            Departure::Get => "GET",
            _ => "POST",
        };
        let content_type =
            if self.departure == Departure::ContentType { "text/plain" } else { "application/json" };
        let accept = match self.departure {
            Departure::AcceptAnything => "*/*",
            Departure::AcceptEvents => "text/event-stream",
            _ => "application/json, text/event-stream",
        };
        Request::builder()
            .method(method)
            .uri("http://localhost/mcp")
            .header("host", "localhost")
            .header("content-type", content_type)
            .header("accept", accept)
    }

    fn body(&self, params: &Value) -> Bytes {
        let (method, id) =
            (self.method, if self.departure == Departure::NullId { Value::Null } else { json!(7) });
        let message = match self.departure {
            Departure::Broken => return Bytes::from_static(b"{"),
            Departure::Notification => json!({ "jsonrpc": "2.0", "method": method, "params": params }),
            Departure::Response => json!({ "jsonrpc": "2.0", "id": "x", "result": {} }),
            _ => json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }),
        };
        message.to_string().into()
    }

    fn add_meta(&self, params: &mut Value, version: &str) {
        if self.departure == Departure::NoMeta {
            return;
        }
        params["_meta"] = json!({
            "io.modelcontextprotocol/protocolVersion": version,
            "io.modelcontextprotocol/clientInfo": { "name": "client", "version": "1" },
        });
        if self.departure != Departure::NoCapabilities {
            params["_meta"]["io.modelcontextprotocol/clientCapabilities"] = json!({});
        }
    }
}
