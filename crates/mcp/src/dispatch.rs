//! From one well-formed request to its result: find the method, check its parameters, run it.
//!
//! Source: MCP, "Tools", "Resources", "Pagination" and "Ping" of each revision; MCP 2026-07-28, "Discover".

use http::HeaderMap;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value};

use crate::agreement::{agree, negotiate, take_capabilities};
use crate::headers;
use crate::message::Request;
use crate::refusal::{ProtocolRefusal, Refusal};
use crate::revision::{Era, Revision};
use crate::server::{Server, ToolCall};
use crate::wire::{self, Outcome};

/// Why a request has no result.
pub(crate) enum Failure {
    /// Refused here.
    Protocol(ProtocolRefusal),
    /// Names a revision that is not spoken here.
    Revision {
        /// The name, for the answer.
        requested: String,
    },
    /// Refused by the application, in this revision.
    Application(Revision, Refusal),
    /// As above, about this URI.
    UnknownResource(Revision, String),
}

impl Failure {
    /// The refusal to tell the application of: it knows of its own ones.
    pub(crate) fn protocol_refusal(&self) -> Option<ProtocolRefusal> {
        match self {
            Self::Protocol(refusal) => Some(*refusal),
            Self::Revision { .. } => Some(ProtocolRefusal::UnsupportedRevision),
            Self::Application(..) | Self::UnknownResource(..) => None,
        }
    }
}

impl From<ProtocolRefusal> for Failure {
    fn from(refusal: ProtocolRefusal) -> Self {
        Self::Protocol(refusal)
    }
}

/// Answers one request that stands alone in its body.
pub(crate) async fn answer(
    server: &dyn Server,
    headers: &HeaderMap,
    request: &mut Request,
) -> Result<Box<RawValue>, Failure> {
    let revision = agree(headers, request)?;
    let method = Method::find(revision.era(), &request.method)?;
    Exchange { server, headers, revision }.run(method, &mut request.params).await
}

/// Answers one request of a batch, which only one revision has.
pub(crate) async fn answer_in_batch(
    server: &dyn Server,
    headers: &HeaderMap,
    request: &mut Request,
) -> Result<Box<RawValue>, Failure> {
    if request.names_revision() {
        return Err(ProtocolRefusal::BatchModern.into());
    }
    match Method::find(Era::Legacy, &request.method)? {
        Method::Initialize => Err(ProtocolRefusal::BatchInitialize.into()),
        method => {
            let exchange = Exchange { server, headers, revision: Revision::V2025_03_26 };
            exchange.run(method, &mut request.params).await
        }
    }
}

#[derive(Clone, Copy)]
enum Method {
    Discover,
    Initialize,
    Ping,
    ResourceTemplatesList,
    ResourcesList,
    ResourcesRead,
    ToolsCall,
    ToolsList,
}

impl Method {
    fn find(era: Era, name: &str) -> Result<Self, ProtocolRefusal> {
        match (name, era) {
            ("initialize", Era::Legacy) => Ok(Self::Initialize),
            ("ping", Era::Legacy) => Ok(Self::Ping),
            ("server/discover", Era::Modern) => Ok(Self::Discover),
            ("resources/list", _) => Ok(Self::ResourcesList),
            ("resources/read", _) => Ok(Self::ResourcesRead),
            ("resources/templates/list", _) => Ok(Self::ResourceTemplatesList),
            ("tools/call", _) => Ok(Self::ToolsCall),
            ("tools/list", _) => Ok(Self::ToolsList),
            (_, Era::Legacy) => Err(ProtocolRefusal::UnknownMethodLegacy),
            (_, Era::Modern) => Err(ProtocolRefusal::UnknownMethod),
        }
    }
}

/// One request on its way to its result.
struct Exchange<'a> {
    server: &'a dyn Server,
    headers: &'a HeaderMap,
    revision: Revision,
}

impl Exchange<'_> {
    async fn run(self, method: Method, params: &mut Map<String, Value>) -> Result<Box<RawValue>, Failure> {
        let info = self.server.info();
        match method {
            Method::Discover => {
                self.write(&self.outcome(wire::Discovered::new(info)).cached(wire::LIST_TTL_MS))
            }
            Method::Initialize => {
                let revision = negotiate(params)?;
                let agreed = Self { revision, ..self };
                agreed.write(&agreed.outcome(wire::Initialized::new(revision, info)))
            }
            Method::Ping => self.write(&self.outcome(wire::Empty {})),
            Method::ResourceTemplatesList => self.list(params, || wire::ResourceTemplates::NONE),
            Method::ResourcesList => {
                self.list(params, || wire::Resources::new(self.revision, self.server.resources()))
            }
            Method::ResourcesRead => self.read_resource(params).await,
            Method::ToolsCall => self.call_tool(params).await,
            Method::ToolsList => self.list(params, || wire::Tools::new(self.revision, self.server.tools())),
        }
    }

    async fn call_tool(&self, params: &mut Map<String, Value>) -> Result<Box<RawValue>, Failure> {
        let name = take_text(params, "name").ok_or(ProtocolRefusal::ToolName)?;
        self.agree_on_target(&name, params)?;
        let arguments = match params.remove("arguments") {
            None => Map::new(),
            Some(Value::Object(arguments)) => arguments,
            Some(_) => return Err(ProtocolRefusal::Arguments.into()),
        };
        let client_capabilities = match self.revision.era() {
            Era::Legacy => Map::new(),
            Era::Modern => take_capabilities(params),
        };
        let call = ToolCall { name, arguments, client_capabilities };
        let mut result = self.server.call_tool(call).await.map_err(|refusal| self.refused(refusal))?;
        let meta = result.meta.take();
        self.write(&self.outcome(wire::Called::new(self.revision, result)).with_meta(meta))
    }

    async fn read_resource(&self, params: &mut Map<String, Value>) -> Result<Box<RawValue>, Failure> {
        let uri = take_text(params, "uri").ok_or(ProtocolRefusal::ResourceUri)?;
        self.agree_on_target(&uri, params)?;
        let mut contents = match self.server.read_resource(&uri).await {
            Ok(contents) => contents,
            Err(Refusal::UnknownResource) => return Err(Failure::UnknownResource(self.revision, uri)),
            Err(refusal) => return Err(self.refused(refusal)),
        };
        let meta = contents.meta.take();
        let outcome = self.outcome(wire::Contents::new(&uri, contents));
        self.write(&outcome.cached(wire::CONTENTS_TTL_MS).with_meta(meta))
    }

    /// What 2026-07-28 asks of a request that names a tool or a resource. No call here asks the client for input,
    /// so every state handed back was made up.
    fn agree_on_target(&self, target: &str, params: &Map<String, Value>) -> Result<(), ProtocolRefusal> {
        if self.revision.era() == Era::Legacy {
            return Ok(());
        }
        headers::agree_on_name(self.headers, target)?;
        if params.contains_key("requestState") { Err(ProtocolRefusal::RequestState) } else { Ok(()) }
    }

    /// No list here has a second page, so no cursor was ever issued.
    fn list<T: Serialize>(
        &self,
        params: &Map<String, Value>,
        list: impl FnOnce() -> T,
    ) -> Result<Box<RawValue>, Failure> {
        if params.contains_key("cursor") {
            return Err(ProtocolRefusal::Cursor.into());
        }
        self.write(&self.outcome(list()).cached(wire::LIST_TTL_MS))
    }

    fn outcome<T: Serialize>(&self, result: T) -> Outcome<T> {
        Outcome::new(self.revision, self.server.info(), result)
    }

    fn write<T: Serialize>(&self, outcome: &Outcome<T>) -> Result<Box<RawValue>, Failure> {
        to_raw_value(outcome).map_err(|_| {
            let sentence =
                "The call was made, but its result could not be written; do not repeat it.".to_owned();
            self.refused(Refusal::Fault { sentence })
        })
    }

    fn refused(&self, refusal: Refusal) -> Failure {
        Failure::Application(self.revision, refusal)
    }
}

fn take_text(params: &mut Map<String, Value>, name: &str) -> Option<String> {
    match params.remove(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}
