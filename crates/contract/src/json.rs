//! Looking into JSON answers by JSON Pointer (RFC 6901), with errors that show the whole value.

use anyhow::{Context as _, Result};
use serde_json::Value;

static NULL: Value = Value::Null;

/// Reading a JSON value by pointer.
pub trait Look {
    /// The value at the pointer, `null` where there is none.
    fn at(&self, pointer: &str) -> &Value;

    /// The string at the pointer.
    ///
    /// # Errors
    /// Where there is none.
    fn text(&self, pointer: &str) -> Result<&str>;

    /// The array at the pointer.
    ///
    /// # Errors
    /// Where there is none.
    fn list(&self, pointer: &str) -> Result<&[Value]>;

    /// The integer at the pointer.
    ///
    /// # Errors
    /// Where there is none.
    fn integer(&self, pointer: &str) -> Result<i64>;

    /// The strings of the array at the pointer; empty where there is no array.
    fn strings(&self, pointer: &str) -> Vec<&str>;
}

impl Look for Value {
    fn at(&self, pointer: &str) -> &Value {
        self.pointer(pointer).unwrap_or(&NULL)
    }

    fn text(&self, pointer: &str) -> Result<&str> {
        self.at(pointer).as_str().with_context(|| format!("no string at {pointer} in {self}"))
    }

    fn list(&self, pointer: &str) -> Result<&[Value]> {
        let list = self.at(pointer).as_array().with_context(|| format!("no array at {pointer} in {self}"))?;
        Ok(list)
    }

    fn integer(&self, pointer: &str) -> Result<i64> {
        self.at(pointer).as_i64().with_context(|| format!("no integer at {pointer} in {self}"))
    }

    fn strings(&self, pointer: &str) -> Vec<&str> {
        self.at(pointer).as_array().into_iter().flatten().filter_map(Value::as_str).collect()
    }
}

/// An object with the members of another besides or instead, such as arguments.
#[must_use]
pub fn with(object: &Value, more: &Value) -> Value {
    let mut all = object.clone();
    if let (Some(all), Some(more)) = (all.as_object_mut(), more.as_object()) {
        all.extend(more.clone());
    }
    all
}
