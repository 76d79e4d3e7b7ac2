//! The folders of a mailbox.
//!
//! Source: Graph `mailFolder` resource. Those at the top are listed; each says how many lie below it.

use async_trait::async_trait;
use m365_types::Email;
use serde::{Deserialize, Serialize};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::mail::list::IMMUTABLE_ID;
use crate::param::MAILBOX;
use crate::shape::{self, Cleaner};
use crate::wire::NAME_MAX;

const SELECT: &str = "id,displayName,unreadItemCount,totalItemCount,childFolderCount";
pub(crate) const FIELDS: &[&str] = &["id", "name", "unread", "total"];
const PAGE: usize = 100;

pub(crate) fn list_mail_folders(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let mailbox = given.read(&MAILBOX);
    Some(Box::new(ListMailFolders { mailbox: mailbox? }))
}

struct ListMailFolders {
    mailbox: Option<Email>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphFolder {
    id: Option<String>,
    display_name: Option<String>,
    unread_item_count: Option<u64>,
    total_item_count: Option<u64>,
    child_folder_count: Option<u64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Folder {
    id: String,
    name: String,
    unread: u64,
    total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    child_folders: Option<u64>,
}

#[async_trait]
impl Invocation for ListMailFolders {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request_in(self.mailbox.as_ref(), &[])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        request.query = vec![("$top", PAGE.to_string()), ("$select", SELECT.to_owned())];
        let bounds = Bounds { pages: 2, items: PAGE, linked: true };
        let folders = gather::<GraphFolder>(context, &request, bounds).await?;
        let head = |count: usize| format!("{count} folder{}.", if count == 1 { "" } else { "s" });
        let wording =
            Wording { name: "folders", none: "No folders.", head: &head, more: "There are more folders." };
        Ok(folders.answer::<Folder>(context, &wording))
    }
}

impl Listed for Folder {
    type Given = GraphFolder;

    fn of(given: &GraphFolder, cleaner: &mut Cleaner) -> Self {
        Self {
            id: shape::id(given.id.as_deref()),
            name: cleaner.line(given.display_name.as_deref(), NAME_MAX),
            unread: given.unread_item_count.unwrap_or_default(),
            total: given.total_item_count.unwrap_or_default(),
            child_folders: given.child_folder_count.filter(|count| *count > 0),
        }
    }

    fn words(&self, number: usize) -> String {
        let below = self.child_folders.map(|count| format!(", {count} below")).unwrap_or_default();
        format!("{number}. {}: {} of {} unread{below}\nid {}", self.name, self.unread, self.total, self.id)
    }
}

#[cfg(test)]
#[path = "folders_tests.rs"]
mod tests;
