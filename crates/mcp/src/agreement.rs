//! Which revision a request speaks, and whether its headers agree with its body about that.
//!
//! Source: MCP 2026-07-28, "Versioning and Compatibility", `_meta` and Streamable HTTP "Server Validation"; MCP
//! 2025-11-25, "Version Negotiation" and "Protocol Version Header".

use http::HeaderMap;
use serde_json::{Map, Value};

use crate::dispatch::Failure;
use crate::headers::{self, MAX_VERSION_BYTES};
use crate::message::{META, META_REVISION, Request};
use crate::refusal::ProtocolRefusal;
use crate::revision::{Era, Revision, VersionHeader, era};

const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// Finds the revision a request speaks. For 2026-07-28, in this order:
/// 1. `_meta` names a revision;
/// 2. the version header is there and says the same;
/// 3. the revision is spoken here;
/// 4. `_meta` declares the client's capabilities;
/// 5. the method header says what the body says.
pub(crate) fn agree(headers: &HeaderMap, request: &Request) -> Result<Revision, Failure> {
    let header = headers::version(headers);
    if era(Some(&request.method), request.names_revision(), header) == Era::Legacy {
        // `initialize` finds its revision in its parameters, so its header may name one of the other era.
        let named = if let VersionHeader::Named(text) = header { Revision::parse(text) } else { None };
        return Ok(named.filter(|revision| revision.era() == Era::Legacy).unwrap_or(Revision::ASSUMED));
    }
    // 1
    let meta = request.params.get(META).and_then(Value::as_object);
    let named = match (meta.and_then(|meta| meta.get(META_REVISION)), header) {
        (Some(Value::String(named)), _) if named.len() <= MAX_VERSION_BYTES => named.as_str(),
        // Without metadata, a header that names an unknown revision is told which ones are known.
        (None, VersionHeader::Named(text)) if Revision::parse(text).is_none() => text,
        (None, VersionHeader::Unusable) => return Err(ProtocolRefusal::VersionHeader.into()),
        _ => return Err(ProtocolRefusal::Metadata.into()),
    };
    // 2
    if header != VersionHeader::Named(named) {
        return Err(ProtocolRefusal::VersionHeader.into());
    }
    // 3
    let revision = Revision::parse(named)
        .filter(|revision| revision.era() == Era::Modern)
        .ok_or_else(|| Failure::Revision { requested: named.to_owned() })?;
    // 4
    if !meta.is_some_and(|meta| meta.get(META_CAPABILITIES).is_some_and(Value::is_object)) {
        return Err(ProtocolRefusal::Metadata.into());
    }
    // 5
    headers::agree_on_method(headers, &request.method)?;
    Ok(revision)
}

/// The revision that `initialize` agrees on: the client's if it is one of that era, else our newest of it.
pub(crate) fn negotiate(params: &Map<String, Value>) -> Result<Revision, ProtocolRefusal> {
    let wanted =
        params.get("protocolVersion").and_then(Value::as_str).ok_or(ProtocolRefusal::InitializeRevision)?;
    let spoken = Revision::parse(wanted).filter(|revision| revision.era() == Era::Legacy);
    Ok(spoken.unwrap_or(Revision::NEWEST_LEGACY))
}

/// What the client declared in a request of 2026-07-28.
pub(crate) fn take_capabilities(params: &mut Map<String, Value>) -> Map<String, Value> {
    let declared = params.get_mut(META).and_then(|meta| meta.get_mut(META_CAPABILITIES)).map(Value::take);
    if let Some(Value::Object(capabilities)) = declared { capabilities } else { Map::new() }
}
