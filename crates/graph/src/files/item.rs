//! What is known about a file, without its content.
//!
//! Source: Graph `driveItem` resource. Its pre-authenticated download address is a credential: it is neither asked for
//! nor passed on.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::param::{Identifier, Param, Required, required};
use crate::shape::{self, Cleaner};
use crate::wire::NAME_MAX;

pub(crate) static ID: Param<Identifier, Required> =
    required("id", "The id of a file or folder in the person's own drive", Identifier);

/// Name of the row.
pub(crate) const URI: &str = "microsoft://files/{id}";
const SELECT: &str = "id,name,size,file,folder,createdDateTime,lastModifiedDateTime,lastModifiedBy,webUrl";
pub(super) const FILE_NAME_MAX: usize = 400;

pub(crate) fn describe_file(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID)?;
    Some(Box::new(DescribeFile { id }))
}

struct DescribeFile {
    id: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphItem {
    id: Option<String>,
    name: Option<String>,
    size: Option<u64>,
    file: Option<GraphFile>,
    folder: Option<Value>,
    created_date_time: Option<String>,
    last_modified_date_time: Option<String>,
    last_modified_by: Option<GraphIdentities>,
    web_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GraphFile {
    pub(super) mime_type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct GraphIdentities {
    user: Option<GraphIdentity>,
    application: Option<GraphIdentity>,
}

impl GraphIdentities {
    /// Who it was: a person, else an application.
    pub(super) fn name(&self) -> Option<&str> {
        let each = [self.user.as_ref(), self.application.as_ref()];
        each.into_iter().flatten().find_map(|who| who.display_name.as_deref())
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphIdentity {
    display_name: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct File {
    untrusted: bool,
    id: String,
    name: String,
    is_folder: bool,
    size: u64,
    mime_type: String,
    created: String,
    modified: String,
    modified_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
    hidden_characters_removed: usize,
}

#[async_trait]
impl Invocation for DescribeFile {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.id])?;
        request.query = vec![("$select", SELECT.to_owned())];
        let given: GraphItem = context.graph.fetch(request).await?;
        Ok(Answer::json(json!(File::of(&given))))
    }
}

impl File {
    fn of(given: &GraphItem) -> Self {
        let mut cleaner = Cleaner::default();
        let modified_by = given.last_modified_by.as_ref().and_then(GraphIdentities::name);
        Self {
            untrusted: true,
            id: shape::id(given.id.as_deref()),
            name: cleaner.line(given.name.as_deref(), FILE_NAME_MAX),
            is_folder: given.folder.is_some(),
            size: given.size.unwrap_or_default(),
            mime_type: shape::id(given.file.as_ref().and_then(|file| file.mime_type.as_deref())),
            created: shape::id(given.created_date_time.as_deref()),
            modified: shape::id(given.last_modified_date_time.as_deref()),
            modified_by: cleaner.line(modified_by, NAME_MAX),
            web_url: shape::link(given.web_url.as_deref()),
            hidden_characters_removed: cleaner.hidden(),
        }
    }
}

#[cfg(test)]
#[path = "item_tests.rs"]
mod tests;
