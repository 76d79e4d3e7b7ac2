//! The text of a file.
//!
//! Source: Graph, `driveItem` get and its `content`, which answers 302 to a pre-authenticated address on a host that the
//! operator has listed. What an item is, is asked before its bytes are: folders, pictures and what is too large have no text
//! here, and are never fetched. The document reader turns the bytes into text; a long one is read in parts.

use async_trait::async_trait;
use m365_ports::Document;
use m365_types::{ActionSpec, Method, Reach, Scope};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::document;
use crate::error::ActionError;
use crate::excerpt::Part;
use crate::files::item::{FILE_NAME_MAX, GraphFile};
use crate::files::place::{Everywhere, ITEM, Place, everywhere};
use crate::lesson::Lesson;
use crate::mail::attachments::size_words;
use crate::paging::{PageStart, Position};
use crate::shape::{self, Cleaner, framed};

pub(crate) const DESCRIBED: Everywhere = everywhere!("/items/{item}");
pub(crate) const CONTENT: Everywhere = everywhere!("/items/{item}/content");
pub(crate) const FIELDS: &[&str] = &["name", "mimeType", "size", "text", "textLength"];
const SELECT: &str = "id,name,size,file,folder,eTag";
/// What one part of the text costs at most, in bytes of JSON.
const PART_BYTES: usize = 12_000;

/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 2] = [&FOLDER, &NOT_A_FILE];

static FOLDER: Lesson = Lesson {
    code: "file_is_folder",
    why: "It is a folder, which has no text of its own.",
    next: "List it with listFolder and read one of its files.",
};
static NOT_A_FILE: Lesson = Lesson {
    code: "file_is_none",
    why: "It is not a file but something like a notebook, which has no content to read.",
    next: "The person must open it in its own program. Repeating will not help.",
};

pub(crate) fn read_file(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ITEM);
    let place = Place::read(given);
    Some(Box::new(ReadFile { id: id?, place: place? }))
}

struct ReadFile {
    id: String,
    place: Place,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphItem {
    name: Option<String>,
    size: Option<u64>,
    file: Option<GraphFile>,
    folder: Option<Value>,
    e_tag: Option<String>,
}

#[async_trait]
impl Invocation for ReadFile {
    fn reach(&self) -> Reach {
        self.place.reach()
    }

    fn scopes(&self, row: &'static ActionSpec) -> Vec<Scope> {
        self.place.scopes(row)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let graph = context.graph;
        let mut described = self.place.request(context, Method::Get, DESCRIBED, &[&self.id])?;
        described.query = vec![("$select", SELECT.to_owned())];
        let given: GraphItem = graph.fetch(described).await?;
        if given.folder.is_some() {
            return Err(graph.taught(&FOLDER));
        }
        let Some(file) = &given.file else { return Err(graph.taught(&NOT_A_FILE)) };
        let mime_type = shape::id(file.mime_type.as_deref());
        document::refuse_unreadable(context, &mime_type, given.size.unwrap_or_default())?;
        let bytes =
            graph.content(self.place.request(context, Method::Get, CONTENT, &[&self.id])?).await?.body;
        let size = bytes.len();
        let mut cleaner = Cleaner::default();
        let name = cleaner.line(given.name.as_deref(), FILE_NAME_MAX);
        let document = Document { name: name.clone(), content_type: mime_type.clone(), bytes };
        let read = document::read(context, document).await?;
        cleaner.count(read.hidden);
        let part = Part::of(&read.text, context.position.map_or(0, Position::shown), PART_BYTES);
        let cut = if read.truncated && !part.goes_on() { " What follows was not read." } else { "" };
        let head = format!("One file, {}.{}{cut}", size_words(size as u64), part.words());
        let body = format!("{name}, {mime_type}\n\n{}", part.text);
        let text = framed(context.request, &head, &body, &cleaner);
        let next = part.goes_on().then(|| {
            let began = context.position.map_or(context.now, Position::began);
            Position::at(PageStart::First, part.end, began)
        });
        let structured = json!({
            "untrusted": true, "name": name, "mimeType": mime_type, "size": size,
            "eTag": shape::id(given.e_tag.as_deref()), "text": part.text, "textLength": part.length,
            "truncated": read.truncated, "more": part.goes_on(), "hiddenCharactersRemoved": cleaner.hidden(),
        });
        Ok(Answer { text, structured, next, labels: document::labels(&read) })
    }
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
