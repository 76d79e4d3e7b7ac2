//! Types and properties of the simulated tenant, and the checks that make it as strict as Graph.
//!
//! Source: Microsoft's published v1.0 metadata, reduced to the types in `entity_types/`. In scope: which property
//! names a `$select`, `$orderby` or `$filter` may use, and whether a request body fits its type. Out of scope: which
//! properties a create call requires, which OData does not say; the operations check those.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

use super::errors::GraphError;

const SOURCES: [&str; 8] = [
    include_str!("entity_types/base.txt"),
    include_str!("entity_types/calendar.txt"),
    include_str!("entity_types/directory.txt"),
    include_str!("entity_types/files.txt"),
    include_str!("entity_types/mail.txt"),
    include_str!("entity_types/meetings.txt"),
    include_str!("entity_types/tasks.txt"),
    include_str!("entity_types/teams.txt"),
];

/// Types that Microsoft declares open: further properties are kept, not refused.
const OPEN_TYPES: [&str; 7] = [
    "chatMessageFromIdentitySet",
    "chatMessageMentionedIdentitySet",
    "chatMessageReactionIdentitySet",
    "identity",
    "identitySet",
    "teamworkConversationIdentity",
    "teamworkUserIdentity",
];

static TYPES: LazyLock<HashMap<&'static str, HashMap<&'static str, Kind>>> = LazyLock::new(parse);

/// What a property holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Any,
    Bool,
    Choice(&'static str),
    Int,
    List(Box<Kind>),
    Number,
    Text,
    Type(&'static str),
}

/// Checks that `path` (`subject`, `from/emailAddress/address`) names a property of `entity`.
///
/// # Errors
/// Graph's 400 `RequestBroker--ParseUri` naming the first unknown step.
pub(super) fn known_property(entity: &'static str, path: &str) -> Result<(), GraphError> {
    let mut at = entity;
    let mut steps = path.split('/').peekable();
    while let Some(step) = steps.next() {
        match property(at, step) {
            None => return Err(GraphError::unknown_property(step, at)),
            Some(Kind::Type(inner)) => at = inner,
            Some(_) if steps.peek().is_some() => return Err(GraphError::unknown_property(path, entity)),
            Some(_) => {}
        }
    }
    Ok(())
}

/// Checks a request body against its type, all the way down.
///
/// # Errors
/// Graph's 400 `RequestBodyRead` for an unknown property, `BadRequest` for a value of the wrong kind.
pub(super) fn check_body(entity: &'static str, body: &Map<String, Value>) -> Result<(), GraphError> {
    for (name, value) in body {
        if is_annotation(name) {
            continue;
        }
        match property(entity, name) {
            Some(kind) => check_value(kind, name, value)?,
            None if OPEN_TYPES.contains(&entity) => {}
            None => return Err(GraphError::unknown_body_property(name, entity)),
        }
    }
    Ok(())
}

fn check_value(kind: &Kind, name: &str, value: &Value) -> Result<(), GraphError> {
    let fits = match (kind, value) {
        (Kind::Any, _) | (_, Value::Null) => true,
        (Kind::Type(inner), Value::Object(map)) => return check_body(inner, map),
        (Kind::List(inner), Value::Array(items)) => {
            return items.iter().try_for_each(|item| check_value(inner, name, item));
        }
        (Kind::Choice(allowed), Value::String(text)) => {
            allowed.split('|').any(|one| one.eq_ignore_ascii_case(text))
        }
        (Kind::Bool, found) => found.is_boolean(),
        (Kind::Int, found) => found.is_i64() || found.is_u64(),
        (Kind::Number, found) => found.is_number(),
        (Kind::Text, found) => found.is_string(),
        _ => false,
    };
    if fits { Ok(()) } else { Err(GraphError::wrong_value(name)) }
}

fn property(entity: &str, name: &str) -> Option<&'static Kind> {
    TYPES.get(entity)?.get(name)
}

fn is_annotation(name: &str) -> bool {
    name.contains("@odata.") || name.starts_with("@microsoft.graph.")
}

fn parse() -> HashMap<&'static str, HashMap<&'static str, Kind>> {
    let mut types: HashMap<&'static str, HashMap<&'static str, Kind>> = HashMap::new();
    let mut current = "";
    for line in SOURCES.iter().flat_map(|source| source.lines()).filter(|line| !line.starts_with('#')) {
        if !line.starts_with(' ') {
            current = line.trim();
            continue;
        }
        let properties = line.split_whitespace().filter_map(|word| word.split_once(':'));
        types.entry(current).or_default().extend(properties.map(|(name, kind)| (name, parse_kind(kind))));
    }
    types
}

fn parse_kind(text: &'static str) -> Kind {
    if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Kind::List(Box::new(parse_kind(inner)));
    }
    if let Some(choices) = text.strip_prefix("enum(").and_then(|rest| rest.strip_suffix(')')) {
        return Kind::Choice(choices);
    }
    match text {
        "any" => Kind::Any,
        "bool" => Kind::Bool,
        "int" => Kind::Int,
        "number" => Kind::Number,
        "text" => Kind::Text,
        name => Kind::Type(name),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn every_type_a_property_refers_to_is_declared() {
        for (owner, properties) in TYPES.iter() {
            for (name, kind) in properties {
                let inner = if let Kind::List(inner) = kind { inner } else { kind };
                if let Kind::Type(target) = inner {
                    assert!(TYPES.contains_key(target), "{owner}.{name} refers to {target}");
                }
            }
        }
    }

    #[test]
    fn nested_paths_are_known_and_misspelt_ones_are_named() {
        assert!(known_property("message", "from/emailAddress/address").is_ok());
        let refused = known_property("message", "from/emailAdress/address").unwrap_err();
        assert!(
            refused.message.contains("'emailAdress'")
                && refused.message.contains("microsoft.graph.recipient")
        );
        assert!(known_property("message", "subject/length").is_err());
    }

    #[test]
    fn a_body_is_checked_all_the_way_down() {
        let good = body(&json!({"subject": "x", "body": {"contentType": "HTML", "content": "y"}}));
        assert!(check_body("message", &good).is_ok());
        let deep = body(&json!({"toRecipients": [{"emailAddress": {"adress": "a@b"}}]}));
        assert_eq!(check_body("message", &deep).unwrap_err().code, "RequestBodyRead");
        let kind = body(&json!({"isRead": "yes"}));
        assert_eq!(check_body("message", &kind).unwrap_err().code, "BadRequest");
        let choice = body(&json!({"importance": "urgent"}));
        assert!(check_body("message", &choice).is_err());
    }
}
