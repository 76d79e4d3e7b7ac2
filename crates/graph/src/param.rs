//! Parameters as data: one definition gives the JSON Schema, the check and the typed value.
//!
//! Source: JSON Schema 2020-12. Lengths are checked and not published: every client puts the schemas into the context of
//! its model, and a model does not count characters. A value of JSON `null` counts as absent for whatever is not required, because
//! models send it so.

use m365_types::Email;
use serde_json::{Map, Value, json};

use crate::moment::Moment;
use crate::shape;

/// A parameter as the schema and the documents see it.
pub(crate) trait Describe: Send + Sync {
    fn name(&self) -> &'static str;
    fn is_required(&self) -> bool;
    fn schema(&self) -> Value;
}

/// A parameter as a handler reads it.
pub(crate) trait Parameter: Describe {
    type Value;

    /// The typed value, or what is wrong, to follow the parameter's name.
    fn value(&self, given: Option<&Value>) -> Result<Self::Value, String>;
}

/// What values of a kind look like.
pub(crate) trait Kind: Send + Sync {
    type Value;

    /// Adds the kind's keywords.
    fn describe(&self, schema: &mut Map<String, Value>);

    /// What is allowed, as a phrase after "must be".
    fn allowed(&self) -> String;

    /// The typed value, or what was given instead.
    fn read(&self, given: &Value) -> Result<Self::Value, String>;
}

/// A named parameter of a kind.
pub(crate) struct Param<K, P> {
    name: &'static str,
    description: &'static str,
    kind: K,
    presence: P,
}

/// The caller must give it.
pub(crate) struct Required;

/// The caller may leave it out.
pub(crate) struct Optional;

/// Stands where the caller left it out.
pub(crate) enum Default {
    Number(u32),
    Text(&'static str),
}

/// A parameter that must be given.
pub(crate) const fn required<K>(
    name: &'static str,
    description: &'static str,
    kind: K,
) -> Param<K, Required> {
    Param { name, description, kind, presence: Required }
}

/// A parameter that may be left out.
pub(crate) const fn optional<K>(
    name: &'static str,
    description: &'static str,
    kind: K,
) -> Param<K, Optional> {
    Param { name, description, kind, presence: Optional }
}

/// A parameter with a default.
pub(crate) const fn defaulted<K>(
    name: &'static str,
    description: &'static str,
    kind: K,
    default: Default,
) -> Param<K, Default> {
    Param { name, description, kind, presence: default }
}

/// Whether a parameter must be given, and what stands for it otherwise.
pub(crate) trait Presence: Send + Sync {
    const REQUIRED: bool;

    fn default(&self) -> Option<Value> {
        None
    }
}

impl Presence for Required {
    const REQUIRED: bool = true;
}

impl Presence for Optional {
    const REQUIRED: bool = false;
}

impl Presence for Default {
    const REQUIRED: bool = false;

    fn default(&self) -> Option<Value> {
        Some(match self {
            Self::Number(number) => Value::from(*number),
            Self::Text(text) => Value::from(*text),
        })
    }
}

impl<K: Kind, P: Presence> Describe for Param<K, P> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_required(&self) -> bool {
        P::REQUIRED
    }

    fn schema(&self) -> Value {
        let mut schema = Map::new();
        self.kind.describe(&mut schema);
        schema.insert("description".to_owned(), self.description.into());
        if let Some(default) = self.presence.default() {
            schema.insert("default".to_owned(), default);
        }
        Value::Object(schema)
    }
}

impl<K: Kind, P> Param<K, P> {
    fn read(&self, given: &Value) -> Result<K::Value, String> {
        self.kind.read(given).map_err(|given| format!("must be {}; given: {given}", self.kind.allowed()))
    }
}

impl<K: Kind> Parameter for Param<K, Required> {
    type Value = K::Value;

    fn value(&self, given: Option<&Value>) -> Result<K::Value, String> {
        given.map_or_else(|| Err(format!("is required: {}", self.kind.allowed())), |given| self.read(given))
    }
}

impl<K: Kind> Parameter for Param<K, Optional> {
    type Value = Option<K::Value>;

    fn value(&self, given: Option<&Value>) -> Result<Option<K::Value>, String> {
        given.filter(|given| !given.is_null()).map(|given| self.read(given)).transpose()
    }
}

impl<K: Kind> Parameter for Param<K, Default> {
    type Value = K::Value;

    fn value(&self, given: Option<&Value>) -> Result<K::Value, String> {
        match given.filter(|given| !given.is_null()) {
            Some(given) => self.read(given),
            None => self.read(&self.presence.default().unwrap_or_default()),
        }
    }
}

/// A whole number, bounds included.
pub(crate) struct Integer {
    pub(crate) min: u32,
    pub(crate) max: u32,
}

impl Kind for Integer {
    type Value = u32;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "integer".into());
        schema.insert("minimum".to_owned(), self.min.into());
        schema.insert("maximum".to_owned(), self.max.into());
    }

    fn allowed(&self) -> String {
        format!("a whole number from {} to {}", self.min, self.max)
    }

    fn read(&self, given: &Value) -> Result<u32, String> {
        // JSON Schema counts 10.0 as an integer; compared as a float, nothing is cut off unseen.
        (self.min..=self.max)
            .find(|number| given.as_f64() == Some(f64::from(*number)))
            .ok_or_else(|| kind_of(given))
    }
}

/// Free text.
pub(crate) struct Text {
    /// Least number of characters.
    pub(crate) min: usize,
    /// Most characters.
    pub(crate) max: usize,
    /// Whether line breaks and tabs are allowed.
    pub(crate) lines: bool,
}

impl Kind for Text {
    type Value = String;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        let form = if self.lines { "a text" } else { "one line" };
        match self.min {
            0 => format!("{form} of at most {} characters", self.max),
            min => format!("{form} of {min} to {} characters", self.max),
        }
    }

    fn read(&self, given: &Value) -> Result<String, String> {
        let text = given.as_str().ok_or_else(|| kind_of(given))?;
        let control = |c: char| c.is_control() && !(self.lines && matches!(c, '\n' | '\r' | '\t'));
        let breaks = |c: char| !self.lines && matches!(c, '\u{2028}' | '\u{2029}');
        let length = text.chars().count();
        if length < self.min || length > self.max {
            return Err(kind_of(given));
        }
        if text.chars().any(|c| control(c) || breaks(c)) {
            return Err(format!("{} with a line break or control character", kind_of(given)));
        }
        Ok(text.to_owned())
    }
}

/// An identifier that becomes one path segment.
pub(crate) struct Identifier;

const IDENTIFIER_MAX: usize = 512;

impl Kind for Identifier {
    type Value = String;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        format!(
            "an id as an earlier result gave it, or a well-known name, of 1 to {IDENTIFIER_MAX} letters, digits and - _ . + / = : @ ! , ~"
        )
    }

    fn read(&self, given: &Value) -> Result<String, String> {
        let text = given.as_str().ok_or_else(|| kind_of(given))?;
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+/=:@!,~".contains(&b);
        let fits = (1..=IDENTIFIER_MAX).contains(&text.len()) && text.bytes().all(plain);
        // No identifier of Microsoft 365 has two dots in a row; a path that climbs has.
        if !fits || text == "." || text.contains("..") {
            return Err(kind_of(given));
        }
        Ok(text.to_owned())
    }
}

/// One of a few words.
pub(crate) struct Choice<T: 'static> {
    pub(crate) options: &'static [(&'static str, T)],
}

impl<T: Copy + Send + Sync> Kind for Choice<T> {
    type Value = T;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
        schema.insert("enum".to_owned(), self.options.iter().map(|(word, _)| *word).collect());
    }

    fn allowed(&self) -> String {
        let words: Vec<String> = self.options.iter().map(|(word, _)| format!("`{word}`")).collect();
        format!("one of {}", words.join(", "))
    }

    fn read(&self, given: &Value) -> Result<T, String> {
        let chosen = self.options.iter().find(|(word, _)| given.as_str() == Some(word));
        chosen.map(|(_, value)| *value).ok_or_else(|| kind_of(given))
    }
}

/// Yes or no.
pub(crate) struct Boolean;

impl Kind for Boolean {
    type Value = bool;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "boolean".into());
    }

    fn allowed(&self) -> String {
        "true or false".to_owned()
    }

    fn read(&self, given: &Value) -> Result<bool, String> {
        given.as_bool().ok_or_else(|| kind_of(given))
    }
}

/// One e-mail address.
pub(crate) struct Address;

impl Kind for Address {
    type Value = Email;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        "one e-mail address such as `name@example.com`".to_owned()
    }

    fn read(&self, given: &Value) -> Result<Email, String> {
        let text = given.as_str().filter(|text| !text.chars().any(shape::is_hidden));
        text.and_then(|text| Email::parse(text).ok()).ok_or_else(|| kind_of(given))
    }
}

/// The mailbox to act on, where it is not the person's own.
pub(crate) static MAILBOX: Param<Address, Optional> =
    optional("mailbox", "Shared or other mailbox: its address", Address);

/// A link on the Web.
pub(crate) struct WebLink;

const LINK_MAX: usize = 2048;

impl Kind for WebLink {
    type Value = String;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        format!("one https link of at most {LINK_MAX} characters")
    }

    fn read(&self, given: &Value) -> Result<String, String> {
        let text = given
            .as_str()
            .filter(|text| text.len() <= LINK_MAX && text.bytes().all(|b| b.is_ascii_graphic()));
        let link = text.filter(|text| shape::link(Some(text)).is_some());
        link.map(str::to_owned).ok_or_else(|| kind_of(given))
    }
}

/// Several e-mail addresses; repetitions count once.
pub(crate) struct Addresses {
    pub(crate) max: usize,
}

impl Kind for Addresses {
    type Value = Vec<Email>;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "array".into());
        schema.insert("items".to_owned(), json!({ "type": "string" }));
    }

    fn allowed(&self) -> String {
        format!("a list of at most {} e-mail addresses", self.max)
    }

    fn read(&self, given: &Value) -> Result<Vec<Email>, String> {
        let list = given.as_array().filter(|list| list.len() <= self.max).ok_or_else(|| kind_of(given))?;
        let mut addresses = Vec::with_capacity(list.len());
        for (index, entry) in list.iter().enumerate() {
            let address = Address.read(entry).map_err(|given| format!("as entry {} {given}", index + 1))?;
            if !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        Ok(addresses)
    }
}

/// A point in time.
pub(crate) struct DateTime;

impl Kind for DateTime {
    type Value = Moment;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        "an ISO 8601 date and time such as `2026-11-24T09:00:00+01:00`, `2026-11-24T08:00:00Z` or `2026-11-24T09:00:00[Europe/Berlin]`".to_owned()
    }

    fn read(&self, given: &Value) -> Result<Moment, String> {
        let text = given.as_str().ok_or_else(|| kind_of(given))?;
        Moment::parse(text).map_err(|error| error.to_string())
    }
}

/// What was given, without its text.
fn kind_of(given: &Value) -> String {
    let many =
        |count: usize, one: &str, more: &str| format!("{count} {}", if count == 1 { one } else { more });
    match given {
        Value::Null => "null".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => {
            format!("a string of {}", many(text.chars().count(), "character", "characters"))
        }
        Value::Array(list) => format!("a list of {}", many(list.len(), "entry", "entries")),
        Value::Object(_) => "an object".to_owned(),
    }
}
