//! Finding a row of the table by what a client wrote. A row is found only as what it is.

use m365_types::ActionKind;
use serde_json::{Map, Value};

use crate::action::Action;
use crate::catalog::catalog;
use crate::template;

/// The tool of that name.
#[must_use]
pub fn find_tool(name: &str) -> Option<&'static Action> {
    find(ActionKind::Tool, name)
}

/// The resource at that URI.
#[must_use]
pub fn find_resource(uri: &str) -> Option<&'static Action> {
    find(ActionKind::Resource, uri)
}

/// The row whose URI template makes that URI, with the arguments in it: `id`, and `offset` where the URI has one.
#[must_use]
pub fn find_template(uri: &str) -> Option<(&'static Action, Map<String, Value>)> {
    template::find(uri)
}

pub(crate) fn find(kind: ActionKind, name: &str) -> Option<&'static Action> {
    catalog().find(|action| action.spec.kind == kind && action.spec.name == name)
}
