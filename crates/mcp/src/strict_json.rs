//! JSON read under limits, so that two readers of the same bytes cannot see two different messages.
//!
//! Source: RFC 8259 (section 4 leaves duplicate names open, section 6 leaves number range open, section 8.2 leaves
//! lone surrogates open); RFC 7493 (I-JSON) closes the three, and so does this module.
//!
//! Invariants of what [`parse`] returns: valid UTF-8 without NUL; names unique in each object at any depth; at most
//! [`MAX_DEPTH`] levels and [`MAX_NODES`] values; no integer that lost digits. Nesting is refused while reading,
//! before the stack can grow with it.

use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// How deeply arrays and objects may nest.
pub const MAX_DEPTH: usize = 64;
/// How many values one message may hold, members and elements counted singly.
pub const MAX_NODES: usize = 10_000;
/// From here on a double no longer tells neighbouring integers apart.
const EXACT_INTEGERS_BELOW: f64 = 9_007_199_254_740_992.0;

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JsonFault {
    /// Deeper than [`MAX_DEPTH`].
    Depth,
    /// One object has the same name twice.
    DuplicateName,
    /// More than [`MAX_NODES`] values.
    Nodes,
    /// A string or a name holds the character NUL.
    Nul,
    /// A number that no 64-bit integer and no double holds without loss of integer digits.
    Number,
    /// Not JSON; this includes lone surrogates.
    Syntax,
    /// Not UTF-8.
    Utf8,
}

/// Reads exactly one JSON value.
///
/// # Errors
/// [`JsonFault`], the first one met.
pub(crate) fn parse(bytes: &[u8]) -> Result<Value, JsonFault> {
    let text = std::str::from_utf8(bytes).map_err(|_| JsonFault::Utf8)?;
    let limits = Limits { fault: Cell::new(JsonFault::Syntax), nodes: Cell::new(0) };
    let mut reader = serde_json::Deserializer::from_str(text);
    let value =
        Strict { depth: 0, limits: &limits }.deserialize(&mut reader).map_err(|_| limits.fault.get())?;
    reader.end().map_err(|_| JsonFault::Syntax)?;
    Ok(value)
}

struct Limits {
    fault: Cell<JsonFault>,
    nodes: Cell<usize>,
}

impl Limits {
    /// The reader's error type carries text only, so the kind travels beside it.
    fn refuse<E: Error>(&self, fault: JsonFault) -> E {
        self.fault.set(fault);
        E::custom("refused")
    }

    fn admit_text<E: Error>(&self, text: &str) -> Result<(), E> {
        if text.contains('\0') { Err(self.refuse(JsonFault::Nul)) } else { Ok(()) }
    }
}

#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    limits: &'a Limits,
}

impl Strict<'_> {
    fn inside<E: Error>(self) -> Result<Self, E> {
        if self.depth == MAX_DEPTH {
            return Err(self.limits.refuse(JsonFault::Depth));
        }
        Ok(Self { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        let nodes = self.limits.nodes.get() + 1;
        if nodes > MAX_NODES {
            return Err(self.limits.refuse(JsonFault::Nodes));
        }
        self.limits.nodes.set(nodes);
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        // An integer literal beyond 64 bits arrives here too, already rounded.
        match Number::from_f64(value) {
            Some(number) if value.abs() < EXACT_INTEGERS_BELOW => Ok(Value::Number(number)),
            _ => Err(self.limits.refuse(JsonFault::Number)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.limits.admit_text(text)?;
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Value, E> {
        self.limits.admit_text(&text)?;
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut array = Vec::new();
        while let Some(element) = elements.next_element_seed(inside)? {
            array.push(element);
        }
        Ok(Value::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let inside = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            self.limits.admit_text(&name)?;
            if object.contains_key(&name) {
                return Err(self.limits.refuse(JsonFault::DuplicateName));
            }
            let value = members.next_value_seed(inside)?;
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn fault(text: &str) -> JsonFault {
        parse(text.as_bytes()).unwrap_err()
    }

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }

    #[test]
    fn ordinary_json_is_read_as_it_stands() {
        let text = r#" {"a":[1,-2,0.5,true,null,"\u00e9\ud83d\ude00"],"b":{"a":18446744073709551615}} "#;
        let expected = json!({"a": [1, -2, 0.5, true, null, "é😀"], "b": {"a": u64::MAX}});
        assert_eq!(parse(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn a_name_given_twice_is_refused_at_any_depth_and_in_any_spelling() {
        assert_eq!(fault(r#"{"a":1,"a":1}"#), JsonFault::DuplicateName);
        assert_eq!(fault(r#"[[{"x":{"a":1,"\u0061":2}}]]"#), JsonFault::DuplicateName);
        assert!(parse(br#"[{"a":1},{"a":1}]"#).is_ok());
    }

    #[test]
    fn nesting_ends_at_the_limit_and_never_reaches_the_stack() {
        assert!(parse(nested(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(fault(&nested(MAX_DEPTH + 1)), JsonFault::Depth);
        assert_eq!(fault(&nested(10_000)), JsonFault::Depth);
        assert_eq!(fault(&"[".repeat(1_000_000)), JsonFault::Depth);
        assert_eq!(fault(&r#"{"a":"#.repeat(10_000)), JsonFault::Depth);
    }

    #[test]
    fn the_number_of_values_is_bounded() {
        let array = |length: usize| format!("[{}]", vec!["0"; length].join(","));
        assert!(parse(array(MAX_NODES - 1).as_bytes()).is_ok());
        assert_eq!(fault(&array(MAX_NODES)), JsonFault::Nodes);
    }

    #[test]
    fn text_that_readers_see_differently_is_refused() {
        assert_eq!(fault(r#""a\u0000b""#), JsonFault::Nul);
        assert_eq!(fault(r#"{"a\u0000":1}"#), JsonFault::Nul);
        assert_eq!(fault(r#""\ud800""#), JsonFault::Syntax);
        assert_eq!(fault(r#""\udc00\ud800""#), JsonFault::Syntax);
        assert_eq!(parse(b"\"\xff\""), Err(JsonFault::Utf8));
        assert_eq!(parse(b"\"\xed\xa0\x80\""), Err(JsonFault::Utf8));
        assert_eq!(fault("\u{feff}{}"), JsonFault::Syntax);
    }

    #[test]
    fn numbers_that_would_change_are_refused() {
        for text in ["18446744073709551616", "-9223372036854775809", "9007199254740993.0", "1e300"] {
            assert_eq!(fault(text), JsonFault::Number, "{text}");
        }
        for text in ["1e400", "NaN", "Infinity", "-", "01", "1.", "0x10"] {
            assert_eq!(fault(text), JsonFault::Syntax, "{text}");
        }
    }

    #[test]
    fn one_value_is_one_value() {
        for text in ["", " ", "{} {}", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "[1"] {
            assert_eq!(fault(text), JsonFault::Syntax, "{text}");
        }
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[^\\x00]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(6, 64, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{0,4}", inner, 0..6)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_is_within_the_limits_is_read_unchanged(value in values()) {
            prop_assert_eq!(parse(value.to_string().as_bytes()), Ok(value));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..256)) {
            let _ = parse(&bytes);
        }
    }
}
