//! Walking through JSON, and putting markers in place of what was found.

use std::borrow::Cow;
use std::ops::Range;

use serde_json::{Map, Number, Value};

use super::scan::Hit;

const MARKER_START: &str = "[redacted: ";
const MARKER_END: char = ']';
/// The longest label: a name of the operator's has 40 characters at most.
const LABEL_BYTES_MAX: usize = 40;

/// What stands in place of a text in which redaction does not come to an end.
pub(super) const WHOLE: &str = "text";

/// Whether a label stands for a whole text, with or without a number.
pub(super) fn is_whole(label: &str) -> bool {
    label.strip_prefix(WHOLE).is_some_and(|number| {
        number.is_empty()
            || number.strip_prefix(' ').is_some_and(|n| n.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// What stands in place of a finding.
pub(super) fn marker(label: &str) -> String {
    format!("{MARKER_START}{label}{MARKER_END}")
}

/// The stretches of a text between markers that stand for one of these labels. Markers are not looked into, so that a
/// pattern like `card` does not find what the redaction wrote.
pub(super) fn between_markers<'l>(text: &str, is_label: impl Fn(&str) -> bool + 'l) -> Vec<Range<usize>> {
    let mut stretches = Vec::new();
    let mut start = 0;
    for (at, _) in text.match_indices(MARKER_START) {
        let from = at + MARKER_START.len();
        let behind = text.as_bytes().get(from..).unwrap_or_default();
        let len = behind.iter().take(LABEL_BYTES_MAX + 1).position(|byte| char::from(*byte) == MARKER_END);
        let label = len.and_then(|len| text.get(from..from + len));
        if let Some(label) = label.filter(|label| at >= start && is_label(label)) {
            stretches.push(start..at);
            start = from + label.len() + MARKER_END.len_utf8();
        }
    }
    stretches.push(start..text.len());
    stretches
}

/// A copy with markers in place of the hits. Hits that overlap become one.
pub(super) fn replaced(text: &str, hits: &[Hit], label: impl Fn(usize) -> String) -> String {
    let mut hits: Vec<&Hit> = hits.iter().collect();
    hits.sort_by_key(|hit| (hit.span.start, usize::MAX - hit.span.end));
    let mut copy = String::with_capacity(text.len());
    let mut done = 0;
    for hit in hits {
        if hit.span.start >= done {
            copy.push_str(text.get(done..hit.span.start).unwrap_or_default());
            copy.push_str(&marker(&label(hit.detector)));
        }
        done = done.max(hit.span.end);
    }
    copy.push_str(text.get(done..).unwrap_or_default());
    copy
}

/// Visits every text of a JSON value in a fixed order: keys, strings, and numbers as they are written, each with the key
/// it stands under.
pub(super) fn visit<'v>(
    value: &'v Value,
    key: Option<&'v str>,
    see: &mut dyn FnMut(Cow<'v, str>, Option<&'v str>),
) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| visit(item, key, see)),
        Value::Bool(_) | Value::Null => {}
        Value::Number(number) => see(Cow::Owned(digits(number)), key),
        Value::Object(members) => {
            for (name, member) in members {
                see(Cow::Borrowed(name), None);
                // A marker for a key says what the key held, not what stands under it.
                visit(member, Some(name.as_str()).filter(|name| !name.contains(MARKER_START)), see);
            }
        }
        Value::String(text) => see(Cow::Borrowed(text), key),
    }
}

/// A copy in which `change` replaced texts, called in the order of [`visit`].
pub(super) fn rewritten(value: &Value, change: &mut dyn FnMut(&str) -> Option<String>) -> Value {
    match value {
        Value::Array(items) => items.iter().map(|item| rewritten(item, change)).collect(),
        Value::Bool(_) | Value::Null => value.clone(),
        Value::Number(number) => change(&digits(number)).map_or_else(|| value.clone(), Value::String),
        Value::Object(members) => {
            let mut copy = Map::new();
            for (name, member) in members {
                let name = change(name).map_or_else(|| name.clone(), |name| free_name(&copy, members, &name));
                copy.insert(name, rewritten(member, change));
            }
            Value::Object(copy)
        }
        Value::String(text) => Value::String(change(text).unwrap_or_else(|| text.clone())),
    }
}

/// A number as people write it: a whole one without a fraction or an exponent.
fn digits(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e34 => format!("{float:.0}"),
        _ => number.to_string(),
    }
}

/// A key that no other member has. What sets it apart is a marker too, so that nothing is ever found in it.
fn free_name(copy: &Map<String, Value>, members: &Map<String, Value>, name: &str) -> String {
    let is_taken = |name: &str| copy.contains_key(name) || members.contains_key(name);
    let mut free = name.to_owned();
    let mut count = copy.len();
    while is_taken(&free) {
        count += 1;
        free = format!("{name}{}", marker(&format!("{WHOLE} {count}")));
    }
    free
}
