//! Concrete URIs of the table's URI templates.
//!
//! Source: RFC 6570 level 1 (one variable, one segment), RFC 3986 section 3. A URI is matched whole, byte for byte:
//! scheme, host and path as the row has them, the variable as one segment that is decoded once. Where the row takes
//! `offset`, the query may be `offset` and digits, nothing else.
//!
//! Invariant: [`uri`] and [`find`] are inverse to one another.

use m365_types::{ActionKind, decode_segment, encode_segment};
use serde_json::{Map, Value};

use crate::action::Action;
use crate::catalog::catalog;

const VARIABLE: &str = "{id}";
/// The argument that says where a read goes on.
pub(crate) const OFFSET: &str = "offset";
/// More digits than any text has characters.
const OFFSET_DIGITS_MAX: usize = 9;

/// The row whose template makes this URI, and the arguments in it.
pub(crate) fn find(uri: &str) -> Option<(&'static Action, Map<String, Value>)> {
    let (path, query) = match uri.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (uri, None),
    };
    catalog().filter(|action| action.spec.kind == ActionKind::Template).find_map(|action| {
        let identifier = path.strip_prefix(action.spec.name.strip_suffix(VARIABLE)?)?;
        let mut arguments = Map::from_iter([("id".to_owned(), decode_segment(identifier)?.into())]);
        if let Some(query) = query {
            let takes_offset = action.params.iter().any(|param| param.name() == OFFSET);
            let offset = takes_offset.then(|| read_offset(query))??;
            arguments.insert(OFFSET.to_owned(), offset.into());
        }
        Some((action, arguments))
    })
}

fn read_offset(query: &str) -> Option<u32> {
    let digits = query.strip_prefix(OFFSET)?.strip_prefix('=')?;
    let fits = digits.len() <= OFFSET_DIGITS_MAX && digits.bytes().all(|b| b.is_ascii_digit());
    digits.parse().ok().filter(|_| fits)
}

/// The URI that this template makes of an identifier, from this offset on.
pub(crate) fn uri(template: &str, identifier: &str, offset: u32) -> String {
    let path = template.replace(VARIABLE, &encode_segment(identifier));
    if offset == 0 { path } else { format!("{path}?{OFFSET}={offset}") }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
