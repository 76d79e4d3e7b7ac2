//! How stored items become answer bodies, without copying what is stored.
//!
//! A view borrows an item and serialises only the selected properties; the id form, text bodies and event times,
//! which depend on the request, are put in its place while writing.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Map, Value};

/// Properties Graph returns only when they are selected.
const ON_REQUEST: [&str; 3] = ["attachments", "internetMessageHeaders", "uniqueBody"];

/// One resource as one request sees it.
pub(super) struct View<'a> {
    fields: &'a Map<String, Value>,
    select: Option<&'a [String]>,
    /// Whether nothing waits for being selected.
    whole: bool,
    /// Written whatever is selected.
    always: Vec<(&'static str, Cow<'a, str>)>,
    /// Written instead of the stored value, if the name is asked for at all.
    instead: Vec<(&'static str, Value)>,
    context: Option<String>,
}

impl<'a> View<'a> {
    pub(super) fn new(fields: &'a Map<String, Value>, select: Option<&'a [String]>) -> Self {
        Self { fields, select, whole: false, always: Vec::new(), instead: Vec::new(), context: None }
    }

    /// Every property, as Teams answers.
    pub(super) fn whole(fields: &'a Map<String, Value>) -> Self {
        Self { whole: true, ..Self::new(fields, None) }
    }

    pub(super) fn always(mut self, name: &'static str, value: impl Into<Cow<'a, str>>) -> Self {
        self.always.push((name, value.into()));
        self
    }

    /// `value` is only computed when the property is part of the answer.
    pub(super) fn instead(
        mut self,
        name: &'static str,
        value: impl FnOnce(&'a Map<String, Value>) -> Option<Value>,
    ) -> Self {
        if self.wants(name)
            && let Some(value) = value(self.fields)
        {
            self.instead.push((name, value));
        }
        self
    }

    pub(super) fn context(mut self, context: String) -> Self {
        self.context = Some(context);
        self
    }

    fn wants(&self, name: &str) -> bool {
        match self.select {
            Some(names) => names.iter().any(|wanted| wanted == name),
            None => self.whole || !ON_REQUEST.contains(&name),
        }
    }

    fn value(&'a self, name: &str) -> Option<&'a Value> {
        let replaced = self.instead.iter().find(|(instead, _)| *instead == name).map(|(_, value)| value);
        replaced.or_else(|| self.fields.get(name))
    }
}

impl Serialize for View<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(context) = &self.context {
            map.serialize_entry("@odata.context", context)?;
        }
        for (name, value) in &self.always {
            map.serialize_entry(name, value)?;
        }
        let fresh = |name: &str| !self.always.iter().any(|(written, _)| *written == name);
        match self.select {
            Some(names) => {
                for name in names.iter().filter(|name| fresh(name)) {
                    if let Some(value) = self.value(name) {
                        map.serialize_entry(name, value)?;
                    }
                }
            }
            None => {
                for name in self.fields.keys().filter(|name| self.wants(name) && fresh(name)) {
                    map.serialize_entry(name, &self.value(name))?;
                }
            }
        }
        map.end()
    }
}

/// A page of a list.
pub(super) struct Page<'a> {
    pub(super) context: String,
    pub(super) count: Option<usize>,
    pub(super) value: Vec<View<'a>>,
    pub(super) next: Option<String>,
}

impl Serialize for Page<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("@odata.context", &self.context)?;
        if let Some(count) = self.count {
            map.serialize_entry("@odata.count", &count)?;
        }
        map.serialize_entry("value", &self.value)?;
        if let Some(next) = &self.next {
            map.serialize_entry("@odata.nextLink", next)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_view_shows_the_selected_names_its_fixed_ones_and_nothing_else() {
        let fields = json!({"subject": "s", "body": {"content": "long"}, "uniqueBody": {}})
            .as_object()
            .cloned()
            .unwrap();
        let names = ["subject".to_owned(), "id".to_owned()];
        let shown = serde_json::to_value(View::new(&fields, Some(&names)).always("id", "1")).unwrap();
        assert_eq!(shown, json!({"id": "1", "subject": "s"}));
        let all =
            serde_json::to_value(View::new(&fields, None).instead("body", |_| Some(json!("short")))).unwrap();
        assert_eq!(all, json!({"subject": "s", "body": "short"}));
    }
}
