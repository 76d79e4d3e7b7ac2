//! Results as each revision writes them: a revision gets the fields it knows and no others.
//!
//! Source: `schema.ts` of each revision.

use serde::Serialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use crate::message::Id;
use crate::revision::{Era, Revision};
use crate::server::{Icon, Offers, ServerInfo};

const META_SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// How long a client may keep lists and discovery: they change with a release or a new grant only.
pub(crate) const LIST_TTL_MS: u32 = 300_000;
/// Contents are mail, calendar and people: stale at once.
pub(crate) const CONTENTS_TTL_MS: u32 = 0;

/// A JSON-RPC answer.
#[derive(Serialize)]
pub(crate) struct Answer<'a> {
    jsonrpc: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Id>,
    #[serde(flatten)]
    body: AnswerBody<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "lowercase")]
enum AnswerBody<'a> {
    Result(&'a RawValue),
    Error(&'a ErrorObject),
}

/// The error of an answer.
#[derive(Debug, Serialize)]
pub(crate) struct ErrorObject {
    pub(crate) code: i32,
    pub(crate) message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<Value>,
}

impl<'a> Answer<'a> {
    pub(crate) fn result(id: Option<&'a Id>, result: &'a RawValue) -> Self {
        Self { jsonrpc: "2.0", id, body: AnswerBody::Result(result) }
    }

    pub(crate) fn error(id: Option<&'a Id>, error: &'a ErrorObject) -> Self {
        Self { jsonrpc: "2.0", id, body: AnswerBody::Error(error) }
    }
}

/// A result with what its revision puts around every result.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Outcome<T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    result_type: Option<&'static str>,
    #[serde(flatten)]
    result: T,
    #[serde(flatten)]
    caching: Option<Caching>,
    #[serde(rename = "_meta", skip_serializing_if = "Option::is_none")]
    meta: Option<Meta>,
}

/// `private`: a shared cache must not serve one person's answer to another.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Caching {
    ttl_ms: u32,
    cache_scope: &'static str,
}

#[derive(Serialize)]
struct Meta {
    #[serde(flatten)]
    own: Map<String, Value>,
    #[serde(rename = "io.modelcontextprotocol/serverInfo", skip_serializing_if = "Option::is_none")]
    server_info: Option<Implementation>,
}

impl<T: Serialize> Outcome<T> {
    pub(crate) fn new(revision: Revision, info: ServerInfo, result: T) -> Self {
        Self::of_type("complete", revision, info, result)
    }

    /// A result that is not final; only the stateless revisions have such.
    pub(crate) fn input_required(revision: Revision, info: ServerInfo, result: T) -> Self {
        Self::of_type("input_required", revision, info, result)
    }

    fn of_type(result_type: &'static str, revision: Revision, info: ServerInfo, result: T) -> Self {
        let modern = revision.era() == Era::Modern;
        let meta = modern.then(|| Meta {
            own: Map::new(),
            // Every result carries it, so it is without pictures.
            server_info: Some(Implementation::new(revision, ServerInfo { icons: &[], ..info })),
        });
        Self { result_type: modern.then_some(result_type), result, caching: None, meta }
    }

    /// Shows what the server looks like, where the client gets to know it.
    pub(crate) fn introducing(mut self, revision: Revision, info: ServerInfo) -> Self {
        if let Some(meta) = &mut self.meta {
            meta.server_info = Some(Implementation::new(revision, info));
        }
        self
    }

    /// Says how long the result may be kept, where the revision has a place for it.
    pub(crate) fn cached(mut self, ttl_ms: u32) -> Self {
        self.caching = self.result_type.map(|_| Caching { ttl_ms, cache_scope: "private" });
        self
    }

    /// Adds the application's metadata; the reserved key stays ours.
    pub(crate) fn with_meta(mut self, own: Option<Map<String, Value>>) -> Self {
        if let Some(mut own) = own {
            own.remove(META_SERVER_INFO);
            let server_info = self.meta.take().and_then(|meta| meta.server_info);
            self.meta = Some(Meta { own, server_info });
        }
        self
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Implementation {
    name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    version: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    website_url: Option<&'static str>,
    #[serde(skip_serializing_if = "<[Icon]>::is_empty")]
    icons: &'static [Icon],
}

impl Implementation {
    fn new(revision: Revision, info: ServerInfo) -> Self {
        Self {
            name: info.name,
            title: revision.has_structure().then_some(info.title),
            version: info.version,
            website_url: info.website_url.filter(|_| revision.has_icons()),
            icons: icons(revision, info.icons),
        }
    }
}

/// The pictures, where the revision has a place for them.
pub(crate) fn icons(revision: Revision, icons: &'static [Icon]) -> &'static [Icon] {
    if revision.has_icons() { icons } else { &[] }
}

/// An empty object: the capability without its options, and the answer to `ping`.
#[derive(Serialize)]
pub(crate) struct Empty {}

#[derive(Serialize)]
struct Capabilities {
    #[serde(skip_serializing_if = "Option::is_none")]
    completions: Option<Empty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    logging: Option<Empty>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompts: Option<Empty>,
    resources: Resources,
    tools: Empty,
}

#[derive(Serialize)]
struct Resources {
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    subscribe: bool,
}

impl Capabilities {
    fn new(revision: Revision, offers: Offers) -> Self {
        let legacy = revision.era() == Era::Legacy;
        Self {
            // 2024-11-05 has the method, but nothing to declare it with.
            completions: (offers.completions && revision.has_annotations()).then_some(Empty {}),
            logging: (offers.logging && legacy).then_some(Empty {}),
            prompts: offers.prompts.then_some(Empty {}),
            resources: Resources { subscribe: offers.subscriptions && legacy },
            tools: Empty {},
        }
    }
}

/// The answer to `initialize`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Initialized {
    protocol_version: &'static str,
    capabilities: Capabilities,
    server_info: Implementation,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: &'static str,
}

impl Initialized {
    pub(crate) fn new(revision: Revision, info: ServerInfo, offers: Offers) -> Self {
        Self {
            protocol_version: revision.as_str(),
            capabilities: Capabilities::new(revision, offers),
            server_info: Implementation::new(revision, info),
            instructions: info.instructions,
        }
    }
}

/// The answer to `server/discover`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Discovered {
    supported_versions: [&'static str; 4],
    capabilities: Capabilities,
    #[serde(skip_serializing_if = "str::is_empty")]
    instructions: &'static str,
}

impl Discovered {
    pub(crate) fn new(revision: Revision, info: ServerInfo, offers: Offers) -> Self {
        let supported_versions = Revision::ADVERTISED.map(Revision::as_str);
        let capabilities = Capabilities::new(revision, offers);
        Self { supported_versions, capabilities, instructions: info.instructions }
    }
}
