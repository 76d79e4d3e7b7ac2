//! What lies in a folder.
//!
//! Source: Graph, "List children of a driveItem": pages by `$top` and `$skiptoken`, in an order of the service's own. The
//! pre-authenticated download address that every file carries is neither asked for nor passed on.

use async_trait::async_trait;
use m365_types::{ActionSpec, Method, Reach, ResolvedEffect, Role, Scope};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::files::item::{FILE_NAME_MAX, GraphFile, GraphIdentities};
use crate::files::place::{Everywhere, FOLDER, Place, everywhere};
use crate::listing::{Bounds, Listed, Wording, gather_in_order};
use crate::mail::attachments::size_words;
use crate::param::{Default as Otherwise, Integer, Param, defaulted};
use crate::shape::{self, Cleaner};
use crate::wire::NAME_MAX;
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static COUNT: Param<Integer, Otherwise> =
    defaulted("count", "Number of items", Integer { min: 1, max: 200 }, Otherwise::Number(50));

pub(crate) const CHILDREN: Everywhere = everywhere!("/items/{item}/children");
/// Properties that every item has.
pub(crate) const FIELDS: &[&str] = &["id", "name", "isFolder", "modified"];
const SELECT: &str = "id,name,size,file,folder,lastModifiedDateTime,lastModifiedBy,webUrl";
/// Pages may be short or empty.
const PAGES_MAX: usize = 3;

pub(crate) fn list_folder(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&FOLDER);
    let place = Place::read(given);
    let count = given.read(&COUNT);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(ListFolder { id: id?, place: place?, count: count?, zone: zone? }))
}

struct ListFolder {
    id: String,
    place: Place,
    count: u32,
    zone: Option<Zone>,
}

#[async_trait]
impl Invocation for ListFolder {
    fn reach(&self) -> Reach {
        self.place.reach()
    }

    fn scopes(&self, row: &'static ActionSpec) -> Vec<Scope> {
        self.place.scopes(row)
    }

    fn effect(&self) -> ResolvedEffect {
        ResolvedEffect { folder: Some(self.id.clone()), ..ResolvedEffect::of(self.reach(), Role::Member) }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let mut request = self.place.request(context, Method::Get, CHILDREN, &[&self.id])?;
        request.query = vec![("$top", self.count.to_string()), ("$select", SELECT.to_owned())];
        let bounds = Bounds { pages: PAGES_MAX, items: self.count as usize, linked: true };
        let found = gather_in_order(context, &request, bounds, |page: &mut [GraphChild]| {
            page.sort_by_key(is_no_folder);
        })
        .await?;
        let found = found.filter_map(|child| {
            let at = zone.words(child.last_modified_date_time.as_deref().unwrap_or_default());
            Some(Dated { child, at })
        });
        let head = |count: usize| {
            let ending = if count == 1 { "" } else { "s" };
            format!("{count} item{ending}. {}", zone.sentence())
        };
        let wording = Wording {
            name: "items",
            none: "The folder is empty.",
            head: &head,
            more: "The folder holds more.",
        };
        Ok(found.answer::<Child>(context, &wording))
    }
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphChild {
    id: Option<String>,
    name: Option<String>,
    size: Option<u64>,
    file: Option<GraphFile>,
    folder: Option<GraphFolder>,
    last_modified_date_time: Option<String>,
    last_modified_by: Option<GraphIdentities>,
    web_url: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphFolder {
    child_count: Option<Value>,
}

const fn is_no_folder(child: &GraphChild) -> bool {
    child.folder.is_none()
}

/// An item, and when it was changed in words of the reader's zone.
struct Dated {
    child: GraphChild,
    at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Child {
    id: String,
    name: String,
    is_folder: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    children: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    size: Option<u64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    mime_type: String,
    modified: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
    #[serde(skip)]
    at: String,
    #[serde(skip)]
    by: String,
}

impl Listed for Child {
    type Given = Dated;

    fn of(Dated { child, at }: &Dated, cleaner: &mut Cleaner) -> Self {
        let folder = child.folder.as_ref();
        let by = child.last_modified_by.as_ref().and_then(GraphIdentities::name);
        Self {
            id: shape::id(child.id.as_deref()),
            name: cleaner.line(child.name.as_deref(), FILE_NAME_MAX),
            is_folder: folder.is_some(),
            children: folder.and_then(|folder| folder.child_count.as_ref()?.as_u64()),
            size: child.size.filter(|_| folder.is_none()),
            mime_type: shape::id(child.file.as_ref().and_then(|file| file.mime_type.as_deref())),
            modified: shape::id(child.last_modified_date_time.as_deref()),
            web_url: shape::link(child.web_url.as_deref()),
            at: at.clone(),
            by: cleaner.line(by, NAME_MAX),
        }
    }

    fn words(&self, number: usize) -> String {
        let what = match (self.is_folder, self.children, self.size) {
            (true, Some(1), _) => ", folder of 1 item".to_owned(),
            (true, Some(children), _) => format!(", folder of {children} items"),
            (true, None, _) => ", folder".to_owned(),
            (false, _, Some(size)) => format!(", {}", size_words(size)),
            (false, _, None) => String::new(),
        };
        let mut text = format!("{number}. {}{what}", self.name);
        for (word, value) in [(", ", &self.at), (" by ", &self.by)] {
            if !value.is_empty() {
                text.push_str(word);
                text.push_str(value);
            }
        }
        text + "\nid " + &self.id
    }
}

#[cfg(test)]
#[path = "folder_tests.rs"]
mod tests;
