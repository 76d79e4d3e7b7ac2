//! The `cf-aig-metadata` header, with its traps.
//!
//! Source: documentation and live observation: flat JSON; the first five entries are kept in the order they were
//! written and the rest is dropped silently; one null, object or array value drops everything; keys that start with
//! `cf.` are reserved; what is no JSON object is nothing.

use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

const KEPT: usize = 5;

/// The metadata a log row keeps.
pub(super) fn kept(header: Option<&str>) -> Map<String, Value> {
    let Some(header) = header else { return Map::new() };
    let mut reader = serde_json::Deserializer::from_str(header);
    let Ok(entries) = reader.deserialize_map(InOrder) else { return Map::new() };
    if reader.end().is_err() {
        return Map::new();
    }
    if entries.iter().any(|(_, value)| value.is_null() || value.is_object() || value.is_array()) {
        return Map::new();
    }
    entries.into_iter().filter(|(key, _)| !key.starts_with("cf.")).take(KEPT).collect()
}

/// Reads an object as pairs, because which five come first matters.
struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Vec<(String, Value)>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a flat JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn keys(header: &str) -> Vec<String> {
        kept(Some(header)).keys().cloned().collect()
    }

    #[test]
    fn the_first_five_written_are_kept() {
        assert_eq!(keys(r#"{"z":1,"y":"2","x":true,"w":4,"v":5,"a":6}"#), ["z", "y", "x", "w", "v"]);
        assert_eq!(kept(Some(r#"{"cf.user_id":"x","a":1}"#)), *json!({"a": 1}).as_object().unwrap());
    }

    #[test]
    fn one_value_that_is_no_scalar_drops_everything() {
        for header in [
            r#"{"a":1,"b":null}"#,
            r#"{"a":1,"b":{}}"#,
            r#"{"a":1,"b":[]}"#,
            "not json",
            "[1]",
            "{\"a\":1} x",
            "",
        ] {
            assert!(kept(Some(header)).is_empty(), "{header}");
        }
        assert!(kept(None).is_empty());
    }
}
