//! What a host must supply: time, randomness, storage, transport. Core rooms hold these as `Arc<dyn …>`.
//!
//! Every trait states its consistency. Errors are ours, never the host's. Async ports are `Send`, so the same
//! code runs under a multi-threaded runtime and, wrapped once at the edge, in a Worker.

mod audit;
mod cells;
mod directory;
mod documents;
mod echo;
mod llm;
mod outbound;
mod policy;
mod registry;
mod runtime;
mod signer;
mod sql;
mod upstream;
mod webhooks;

pub use audit::{AuditEvent, AuditLog, Verdict};
pub use cells::{CellAccess, CellError, CellTransport};
pub use directory::{
    Directory, DirectoryError, HighWater, IssuedOrder, KnownPerson, ORDERS_AT_ONCE, POLICY_OVERLAP,
    PerimeterRecord, PinOutcome, PolicyNote, PolicySighting, PolicyStanding, REGISTRATION_QUOTA,
    RegistrationOutcome, Standing,
};
pub use documents::{
    DOCUMENT_BYTES_MAX, DOCUMENT_TEXT_BYTES_MAX, Document, DocumentError, DocumentReader, DocumentText,
};
pub use echo::{ECHO_BYTES_MAX, Echo, EchoError, Inspection};
pub use llm::{
    LLM_ANSWER_BYTES_MAX, Llm, LlmAnswer, LlmError, LlmPrompt, LlmRefusal, LlmRoute, PROMPT_BYTES_MAX,
    PROMPT_MESSAGES_MAX,
};
pub use outbound::{Bounds, Network, Outbound, OutboundError};
pub use policy::{PolicyDocument, PolicySource, PolicySourceError};
pub use registry::{ClientRegistry, RegistryError};
pub use runtime::{Alarm, Background, BoxFuture, Clock, Entropy, EntropyExt, Timer};
pub use signer::{RotatingSecret, SIGNING_KEY_MAX_BITS, SIGNING_KEY_MIN_BITS, Signer, SignerError};
pub use sql::{Database, Durability, Row, Sql, SqlError, SqlValue, transact};
pub use upstream::{
    Content, GraphAnswer, GraphHeader, GraphRequest, TokenError, TokenSource, Trace, Transfer, UploadPart,
    Upstream, UpstreamError,
};
pub use webhooks::{WebhookDelivery, WebhookError, Webhooks};
