//! Rows of a SharePoint list.
//!
//! Source: Graph, "Enumerate items in a list": the columns come with `$expand=fields`, by their internal names. What begins
//! with an underscore or has a type behind an `@` is the service's own, and left out.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::action::{Answer, Context, Invocation, shared};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::param::{
    Default as Otherwise, Identifier, Integer, Kind, Optional, Param, Required, defaulted, optional, required,
};
use crate::shape::{self, Cleaner};

pub(crate) static SITE: Param<Identifier, Required> = required("siteId", "Site", Identifier);
pub(crate) static LIST: Param<Identifier, Required> = required("listId", "List, by searchM365", Identifier);
pub(crate) static COLUMNS: Param<Columns, Optional> =
    optional("fields", "Internal names of columns; default all", Columns);
pub(crate) static COUNT: Param<Integer, Otherwise> =
    defaulted("count", "Number of rows", Integer { min: 1, max: 200 }, Otherwise::Number(50));

pub(crate) const FIELDS: &[&str] = &["id", "fields"];
const SELECT: &str = "id,eTag,webUrl";
const COLUMNS_MAX: usize = 30;
const COLUMN_NAME_MAX: usize = 64;
/// Characters of one value.
const VALUE_MAX: usize = 500;
/// Entries of a value that is a list.
const ENTRIES_MAX: usize = 20;
/// How deep values nest: a person or a choice is a list of objects.
const DEPTH_MAX: usize = 3;
/// Columns of the service itself.
const SERVICE: [&str; 12] = [
    "AppAuthorLookupId",
    "AppEditorLookupId",
    "Attachments",
    "AuthorLookupId",
    "ContentType",
    "Edit",
    "EditorLookupId",
    "FolderChildCount",
    "ItemChildCount",
    "LinkTitle",
    "LinkTitleNoMenu",
    "id",
];

/// Internal names of columns.
pub(crate) struct Columns;

impl Kind for Columns {
    type Value = Vec<String>;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "array".into());
        schema.insert("items".to_owned(), json!({ "type": "string" }));
    }

    fn allowed(&self) -> String {
        format!("a list of 1 to {COLUMNS_MAX} internal names of columns, of letters, digits and _")
    }

    fn read(&self, given: &Value) -> Result<Vec<String>, String> {
        let refused = || "something else".to_owned();
        let list =
            given.as_array().filter(|list| (1..=COLUMNS_MAX).contains(&list.len())).ok_or_else(refused)?;
        let mut names: Vec<String> = Vec::with_capacity(list.len());
        for entry in list {
            let plain = |name: &&str| {
                (1..=COLUMN_NAME_MAX).contains(&name.len())
                    && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
            };
            let name = entry.as_str().filter(plain).ok_or_else(refused)?;
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        Ok(names)
    }
}

pub(crate) fn list_items(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let site = given.read(&SITE);
    let list = given.read(&LIST);
    let columns = given.read(&COLUMNS);
    let count = given.read(&COUNT);
    Some(Box::new(ListItems { site: site?, list: list?, columns: columns?, count: count? }))
}

struct ListItems {
    site: String,
    list: String,
    columns: Option<Vec<String>>,
    count: u32,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphRow {
    id: Option<String>,
    e_tag: Option<String>,
    web_url: Option<String>,
    fields: Option<Map<String, Value>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    id: String,
    fields: Map<String, Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    e_tag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
}

#[async_trait]
impl Invocation for ListItems {
    fn reach(&self) -> Reach {
        shared(format!("sites/{}/lists/{}", self.site, self.list))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.site, &self.list])?;
        let expand = match &self.columns {
            None => "fields".to_owned(),
            Some(columns) => format!("fields($select={})", columns.join(",")),
        };
        request.query =
            vec![("$expand", expand), ("$select", SELECT.to_owned()), ("$top", self.count.to_string())];
        let bounds = Bounds { pages: 1, items: self.count as usize, linked: true };
        let found = gather::<GraphRow>(context, &request, bounds).await?;
        let head = |count: usize| format!("{count} row{}.", if count == 1 { "" } else { "s" });
        let wording =
            Wording { name: "rows", none: "The list is empty.", head: &head, more: "The list holds more." };
        Ok(found.answer::<Row>(context, &wording))
    }
}

impl Listed for Row {
    type Given = GraphRow;

    fn of(given: &GraphRow, cleaner: &mut Cleaner) -> Self {
        let fields =
            given.fields.iter().flatten().filter(|(name, value)| is_column(name) && !value.is_null());
        Self {
            id: shape::id(given.id.as_deref()),
            fields: fields
                .filter_map(|(name, value)| Some((name.clone(), cleaned(value, cleaner, DEPTH_MAX)?)))
                .collect(),
            e_tag: shape::id(given.e_tag.as_deref()),
            web_url: shape::link(given.web_url.as_deref()),
        }
    }

    fn words(&self, number: usize) -> String {
        let values = self.fields.iter().map(|(name, value)| match value {
            Value::String(text) => format!("{name}: {text}"),
            value => format!("{name}: {value}"),
        });
        format!("{number}. {}\nid {}", values.collect::<Vec<_>>().join("; "), self.id)
    }
}

fn is_column(name: &str) -> bool {
    name.len() <= COLUMN_NAME_MAX
        && !name.starts_with('_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !SERVICE.contains(&name)
}

/// A value with every text in it cleaned and bounded; nothing where it nests too deep.
fn cleaned(value: &Value, cleaner: &mut Cleaner, depth: usize) -> Option<Value> {
    Some(match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        Value::String(text) => cleaner.line(Some(text), VALUE_MAX).into(),
        Value::Array(_) | Value::Object(_) if depth == 0 => return None,
        Value::Array(list) => {
            list.iter().take(ENTRIES_MAX).filter_map(|entry| cleaned(entry, cleaner, depth - 1)).collect()
        }
        Value::Object(fields) => {
            let fields = fields.iter().filter(|(name, _)| is_column(name)).take(ENTRIES_MAX);
            fields
                .filter_map(|(name, value)| Some((name.clone(), cleaned(value, cleaner, depth - 1)?)))
                .collect::<Map<String, Value>>()
                .into()
        }
    })
}

#[cfg(test)]
#[path = "list_items_tests.rs"]
mod tests;
