//! Everything that is answered with an error: the closed table of what this crate refuses, and the few ways in
//! which the application may refuse.
//!
//! Source: JSON-RPC 2.0 section 5.1; MCP 2026-07-28, "Error Codes" and Streamable HTTP; MCP 2025-11-25,
//! "Resources", for the code that 2026-07-28 withdrew.

use std::time::Duration;

use http::{HeaderValue, StatusCode};
use serde_json::{Map, Value};

use crate::strict_json::JsonFault;

pub(crate) const INTERNAL_ERROR: i32 = -32_603;
pub(crate) const INVALID_PARAMS: i32 = -32_602;
pub(crate) const MISSING_CLIENT_CAPABILITY: i32 = -32_021;
pub(crate) const RESOURCE_NOT_FOUND_LEGACY: i32 = -32_002;
/// JSON-RPC leaves codes outside its reserved range to applications; this one repeats the HTTP status.
pub(crate) const INSUFFICIENT_SCOPE: i32 = 403;
/// As [`INSUFFICIENT_SCOPE`].
pub(crate) const SESSION_ENDED: i32 = 401;
/// MCP 2025-11-25, "URL Elicitation Required Errors"; 2026-07-28 withdrew it.
pub(crate) const URL_ELICITATION_REQUIRED: i32 = -32_042;

macro_rules! refusals {
    ($($variant:ident $word:literal $status:ident $code:literal $sentence:literal,)*) => {
        /// Why a message was refused before it named an action. Carries nothing that the caller wrote.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
        pub enum ProtocolRefusal {
            $(#[doc = $sentence] #[error($sentence)] $variant,)*
        }

        impl ProtocolRefusal {
            /// Every refusal, by word.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The fixed word for records and documents.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// HTTP status of the answer; inside a batch the status is that of the whole batch.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// JSON-RPC error code of the answer.
            #[must_use]
            pub const fn code(self) -> i32 {
                match self { $(Self::$variant => $code,)* }
            }
        }
    };
}

refusals! {
    Arguments "arguments" OK -32602 "The arguments are not an object; send an object, or leave them out.",
    BatchEmpty "batch-empty" BAD_REQUEST -32600 "The batch is empty; send at least one message.",
    BatchInRevision "batch-in-revision" BAD_REQUEST -32600 "Batches exist in revision 2025-03-26 only; send one message per request.",
    BatchInitialize "batch-initialize" BAD_REQUEST -32600 "initialize cannot be part of a batch; send it alone.",
    BatchModern "batch-modern" BAD_REQUEST -32600 "A message in a batch cannot name a revision of its own; send it alone.",
    BatchTooLong "batch-too-long" BAD_REQUEST -32600 "The batch has too many messages; send at most 16.",
    ClientResponse "client-response" BAD_REQUEST -32600 "This revision has no responses from the client; send requests or notifications only.",
    CompletionArgument "completion-argument" OK -32602 "The parameter argument must be an object with the texts name and value, and context.arguments, where it is given, an object.",
    CompletionReference "completion-reference" OK -32602 "The parameter ref must be of type ref/prompt with a name, or of type ref/resource with the uri of a template.",
    Cursor "cursor" OK -32602 "The cursor is not one that this list gave; begin the list anew without it.",
    Id "id" BAD_REQUEST -32600 "The id must be an integer or a text of at most 256 bytes.",
    InitializeRevision "initialize-revision" OK -32602 "The parameter protocolVersion is missing or is not a text.",
    InputResponses "input-responses" OK -32602 "The parameter inputResponses is not an object; send the answers by their names.",
    JsonDepth "json-depth" BAD_REQUEST -32700 "The message nests more than 64 levels deep.",
    JsonDuplicateName "json-duplicate-name" BAD_REQUEST -32700 "An object in the message has the same name twice.",
    JsonNodes "json-nodes" BAD_REQUEST -32700 "The message holds more than 10000 values.",
    JsonNul "json-nul" BAD_REQUEST -32700 "A text in the message holds the character NUL.",
    JsonNumber "json-number" BAD_REQUEST -32700 "A number in the message is too large to be kept exactly.",
    JsonRpcVersion "jsonrpc-version" BAD_REQUEST -32600 "The member jsonrpc must be the text 2.0.",
    JsonSyntax "json-syntax" BAD_REQUEST -32700 "The body is not one well-formed JSON value.",
    JsonUtf8 "json-utf8" BAD_REQUEST -32700 "The body is not UTF-8.",
    Metadata "metadata" BAD_REQUEST -32602 "The _meta of the request lacks io.modelcontextprotocol/protocolVersion (a text) or io.modelcontextprotocol/clientCapabilities (an object).",
    LogLevel "log-level" OK -32602 "The parameter level must be one of debug, info, notice, warning, error, critical, alert and emergency.",
    MethodHeader "method-header" BAD_REQUEST -32020 "The header Mcp-Method must be there once and equal the method of the body.",
    MethodNotAllowed "method-not-allowed" METHOD_NOT_ALLOWED -32600 "This endpoint takes POST only: events come in the answer to a POST, and there is no session to end.",
    MissingId "missing-id" BAD_REQUEST -32600 "A message whose method does not start with notifications/ needs an id.",
    NameHeader "name-header" BAD_REQUEST -32020 "The header Mcp-Name must be there once and equal the name or URI of the body.",
    NoMethod "no-method" BAD_REQUEST -32600 "The message must have either a method or exactly one of result and error.",
    NotAcceptable "not-acceptable" NOT_ACCEPTABLE -32600 "Answers are application/json, which the header Accept rules out.",
    NotAnObject "not-an-object" BAD_REQUEST -32600 "A message must be a JSON object.",
    Params "params" BAD_REQUEST -32600 "The member params must be an object; parameters by position do not exist here.",
    PromptName "prompt-name" OK -32602 "The parameter name is missing or is not a text.",
    RequestState "request-state" OK -32602 "The requestState does not belong to this request, was used already or is too old; repeat the request without it.",
    ResourceUri "resource-uri" OK -32602 "The parameter uri is missing or is not a text.",
    ToolName "tool-name" OK -32602 "The parameter name is missing or is not a text.",
    UnknownMethod "unknown-method" NOT_FOUND -32601 "This server does not have that method.",
    UnknownMethodLegacy "unknown-method-legacy" OK -32601 "This server does not have that method.",
    UnsupportedMediaType "unsupported-media-type" UNSUPPORTED_MEDIA_TYPE -32600 "The header Content-Type must be there once and say application/json.",
    UnsupportedRevision "unsupported-revision" BAD_REQUEST -32022 "This server does not speak that protocol revision in this way; choose 2026-07-28, or open with initialize for an earlier one.",
    VersionHeader "version-header" BAD_REQUEST -32020 "The header MCP-Protocol-Version must be there once and equal the protocolVersion in the _meta of the body.",
}

impl From<JsonFault> for ProtocolRefusal {
    fn from(fault: JsonFault) -> Self {
        match fault {
            JsonFault::Depth => Self::JsonDepth,
            JsonFault::DuplicateName => Self::JsonDuplicateName,
            JsonFault::Nodes => Self::JsonNodes,
            JsonFault::Nul => Self::JsonNul,
            JsonFault::Number => Self::JsonNumber,
            JsonFault::Syntax => Self::JsonSyntax,
            JsonFault::Utf8 => Self::JsonUtf8,
        }
    }
}

/// How the application refuses a call. It has written its own record; sentences are for people and models.
#[derive(Clone, Debug)]
pub enum Refusal {
    /// The client cancelled the call before it had an effect, and expects no answer (MCP, "Cancellation").
    Cancelled,
    /// The system behind the action refused or failed; the message itself was fine. HTTP 200, code -32603.
    Failed {
        /// What happened and what to do.
        sentence: String,
    },
    /// Something failed on our side; the sentence names the request to quote, nothing internal. HTTP 500.
    Fault {
        /// What to tell the caller.
        sentence: String,
    },
    /// The grant lacks permissions. HTTP 403 with the challenge.
    InsufficientScope {
        /// The whole value of `WWW-Authenticate`.
        challenge: HeaderValue,
    },
    /// The parameters do not fit, in a way the model cannot mend. Code -32602.
    InvalidParams {
        /// Which parameter, and what is allowed.
        sentence: String,
    },
    /// The client did not declare a capability that the call needs. Code -32021.
    MissingClientCapability {
        /// The capabilities, in the form of `ClientCapabilities`.
        required: Map<String, Value>,
    },
    /// The session ended while the call was under way; whether it had an effect is unknown. HTTP 401 with the
    /// challenge.
    SessionEnded {
        /// The whole value of `WWW-Authenticate`.
        challenge: HeaderValue,
    },
    /// No prompt has that name, or not for this caller.
    UnknownPrompt,
    /// No prompt or template is what the reference names.
    UnknownReference,
    /// No resource has that URI.
    UnknownResource,
    /// No tool has that name, or not for this caller.
    UnknownTool,
    /// Cannot be done now, and nothing was done. HTTP 503.
    Unavailable {
        /// What happened and what to do.
        sentence: String,
        /// How long to wait, rounded up to whole seconds.
        retry_after: Option<Duration>,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_unique_and_the_codes_are_those_of_the_specification() {
        let mut words: Vec<_> = ProtocolRefusal::ALL.iter().map(|refusal| refusal.word()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), ProtocolRefusal::ALL.len());
        let known = [-32_700, -32_600, -32_601, -32_602, -32_020, -32_022];
        assert!(ProtocolRefusal::ALL.iter().all(|refusal| known.contains(&refusal.code())));
    }

    #[test]
    fn what_is_no_message_at_all_never_gets_a_success_status() {
        for refusal in ProtocolRefusal::ALL {
            let about_params = matches!(refusal.code(), -32_602 | -32_601);
            assert!(about_params || refusal.status().is_client_error(), "{refusal:?}");
            assert!(!refusal.status().is_server_error(), "{refusal:?}");
        }
    }

    #[test]
    fn the_limits_named_in_sentences_are_the_limits() {
        assert!(ProtocolRefusal::Id.to_string().contains(&crate::message::MAX_ID_BYTES.to_string()));
        let newest = crate::Revision::ALL.last().unwrap().as_str();
        assert!(ProtocolRefusal::UnsupportedRevision.to_string().contains(newest));
        assert!(ProtocolRefusal::JsonDepth.to_string().contains(&crate::MAX_DEPTH.to_string()));
        assert!(ProtocolRefusal::JsonNodes.to_string().contains(&crate::MAX_NODES.to_string()));
        assert!(ProtocolRefusal::BatchTooLong.to_string().contains(&crate::MAX_BATCH_MESSAGES.to_string()));
    }
}
