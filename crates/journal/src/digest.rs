//! Keyed digests, and what may stand in a record as it is.
//!
//! A plain digest of an address can be guessed by trying addresses; a keyed one cannot without the key. Each use
//! has its own prefix, so that equal texts in different places do not show as equal.

use std::borrow::Cow;
use std::collections::BTreeSet;

use m365_ports::{SqlError, Trace};
use m365_seal::Mac;
use m365_types::{Email, hex};

use crate::record::Recipients;

/// Longest fixed word or foreign identifier kept.
const WORD_MAX_BYTES: usize = 128;
/// Longest target kept as it is: a team and a channel id fit.
const TARGET_MAX_BYTES: usize = 256;

/// Digest of arguments in canonical form (RFC 8785): the order of keys does not matter.
pub(crate) fn arguments(mac: &Mac, arguments: &serde_json::Value) -> Result<String, SqlError> {
    let mut message = b"arguments\0".to_vec();
    serde_json_canonicalizer::to_writer(arguments, &mut message).map_err(|_| SqlError::Shape)?;
    Ok(hex(&mac.tag(&message)))
}

/// Digests of the addresses, and how many people and domains they are.
pub(crate) fn recipients(mac: &Mac, addresses: &[Email]) -> Option<Recipients> {
    let digest = |email: &Email| hex(&mac.tag(&[b"recipient\0", email.as_str().as_bytes()].concat()));
    let domains: BTreeSet<_> = addresses.iter().map(Email::domain).collect();
    (!addresses.is_empty()).then(|| Recipients {
        count: addresses.len(),
        domains: domains.len(),
        digests: addresses.iter().map(digest).collect(),
    })
}

/// The target as it is where it is an identifier, else its digest.
pub(crate) fn target<'a>(mac: &Mac, target: &'a str) -> Option<Cow<'a, str>> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$+,/:=@".contains(&byte);
    let fits = target.len() <= TARGET_MAX_BYTES && target.bytes().all(plain);
    if target.is_empty() {
        None
    } else if fits && !target.split('/').any(is_address) {
        Some(Cow::Borrowed(target))
    } else {
        let digest = hex(&mac.tag(&[b"target\0", target.as_bytes()].concat()));
        Some(Cow::Owned(format!("digest:{digest}")))
    }
}

/// Teams ids hold an `@` too (`19:…@thread.tacv2`), behind a colon that no plain address has.
fn is_address(segment: &str) -> bool {
    Email::parse(segment).is_ok() && !segment.contains(':')
}

/// A fixed word: what is no word becomes underscores, so that no caller's text gets into a record by this way.
pub(crate) fn word(text: &str) -> Cow<'_, str> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    if text.len() <= WORD_MAX_BYTES && text.bytes().all(fits) {
        return Cow::Borrowed(text);
    }
    let clean = |byte: u8| if fits(byte) { char::from(byte) } else { '_' };
    Cow::Owned(text.bytes().take(WORD_MAX_BYTES).map(clean).collect())
}

/// The traces with identifiers of other systems reduced to words.
pub(crate) fn traces(traces: &[Trace]) -> Vec<Trace> {
    let clean = |id: &Option<String>| id.as_deref().map(|id| word(id).into_owned());
    let trace = |trace: &Trace| Trace {
        client_request_id: word(&trace.client_request_id).into_owned(),
        ai_gateway_log_id: clean(&trace.ai_gateway_log_id),
        graph_request_id: clean(&trace.graph_request_id),
        status: trace.status,
    };
    traces.iter().map(trace).collect()
}
