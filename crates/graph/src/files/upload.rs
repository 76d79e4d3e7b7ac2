//! A text file that is created, or replaced.
//!
//! Source: Graph, "Upload or replace the contents of a driveItem" and `createUploadSession`. Content that is put by a path
//! replaces what is there; only an upload session can refuse to, or give the new file another name, and its address lies on a
//! host that the operator has listed. One that is put by an id replaces that very file, in the version that `ifMatch` names;
//! that it is a text file is asked first, because text breaks any other. An argument is never larger than one request may be,
//! so a session has one part. The answer names the file as it is called in the drive and where it lies: words of others where
//! they named it.

use async_trait::async_trait;
use bytes::Bytes;
use m365_ports::{Content, GraphHeader, GraphRequest};
use m365_types::{
    ActionSpec, EffectBody, Method, Reach, Recipient, ResolvedEffect, Role, Scope, Secret, Standing,
};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::effect;
use crate::error::ActionError;
use crate::files::item::FILE_NAME_MAX;
use crate::files::place::{Everywhere, Place, everywhere};
use crate::files::read::{CONTENT, DESCRIBED};
use crate::files::sharing;
use crate::files::target::Target;
use crate::lesson::Lesson;
use crate::mail::attachments::size_words;
use crate::param::{
    Choice, Default as Otherwise, Identifier, Kind, Optional, Param, Required, Text, defaulted, optional,
    required,
};
use crate::shape::{self, Cleaner, is_hidden};
use crate::tasks::planner::EntityTag;

pub(crate) static NAME: Param<FileName, Optional> = optional("name", "Name of a new file", FileName);
pub(crate) static TEXT: Param<Text, Required> =
    required("content", "Its whole text", Text { min: 1, max: 1_000_000, lines: true });
pub(crate) static PARENT: Param<Identifier, Otherwise> =
    defaulted("folderId", "Folder of a new file", Identifier, Otherwise::Text("root"));
pub(crate) static CONFLICT: Param<Choice<Conflict>, Otherwise> = defaulted(
    "conflict",
    "Where the name is taken",
    Choice {
        options: &[("fail", Conflict::Fail), ("replace", Conflict::Replace), ("rename", Conflict::Rename)],
    },
    Otherwise::Text("fail"),
);
pub(crate) static ID: Param<Identifier, Optional> =
    optional("id", "Instead of a name: file to replace", Identifier);
pub(crate) static IF_MATCH: Param<EntityTag, Optional> =
    optional("ifMatch", "Replace only the version with this eTag", EntityTag);

pub(crate) const NEW: Everywhere = everywhere!("/items/{folder}:/{name}:/content");
pub(crate) const SESSION: Everywhere = everywhere!("/items/{folder}:/{name}:/createUploadSession");
pub(crate) const FIELDS: &[&str] = &["id", "name", "size", "eTag"];
/// One part: larger than any argument, a multiple of 320 KiB and below 60 MiB, as Graph wants it.
/// Characters of the text that a person is shown before it is written.
const SHOWN_MAX: usize = 20_000;
const PART_BYTES: usize = 32 * 320 * 1024;

/// Kinds of file that are text, by extension.
const KINDS: [(&str, &str); 5] = [
    ("csv", "text/csv"),
    ("htm", "text/html"),
    ("html", "text/html"),
    ("json", "application/json"),
    ("md", "text/markdown"),
];
const PLAIN: (&str, &str) = ("txt", "text/plain");

/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 1] = [&NOT_TEXT];

static NOT_TEXT: Lesson = Lesson {
    code: "file_not_text",
    why: "It is not a file of text (.txt, .md, .csv, .html or .json), and text in its place would break it.",
    next: "Write a new file with `name` instead. Repeating will not help.",
};

/// What happens where the name is taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    Fail,
    Replace,
    Rename,
}

impl Conflict {
    /// What happens, in words.
    const fn words(self) -> &'static str {
        match self {
            Self::Fail => "nothing is written",
            Self::Replace => "that file is replaced",
            Self::Rename => "it gets another name",
        }
    }

    /// `@microsoft.graph.conflictBehavior`
    const fn behavior(self) -> &'static str {
        match self {
            Self::Fail => "fail",
            Self::Replace => "replace",
            Self::Rename => "rename",
        }
    }
}

/// The name of a text file.
///
/// Source: Microsoft, "Restrictions and limitations in OneDrive and SharePoint".
pub(crate) struct FileName;

impl Kind for FileName {
    type Value = String;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        "a file name of at most 250 characters that ends in .txt, .md, .csv, .html or .json and holds none of \" * : < > ? / \\ | ~$"
            .to_owned()
    }

    fn read(&self, given: &Value) -> Result<String, String> {
        let name = given.as_str().unwrap_or_default();
        let forbidden = |c: char| c.is_control() || is_hidden(c) || "\"*:<>?/\\|".contains(c);
        let fits = name.chars().count() <= 250
            && !name.chars().any(forbidden)
            && !name.starts_with([' ', '.', '~'])
            && !name.contains("_vti_")
            && media_type(name).is_some();
        if fits { Ok(name.to_owned()) } else { Err("something else".to_owned()) }
    }
}

fn media_type(name: &str) -> Option<&'static str> {
    let (stem, extension) = name.rsplit_once('.').filter(|(stem, _)| !stem.trim_end().is_empty())?;
    let known = KINDS.iter().chain([&PLAIN]).find(|(known, _)| extension.eq_ignore_ascii_case(known));
    known.filter(|_| !stem.ends_with(' ')).map(|(_, media_type)| *media_type)
}

pub(crate) fn upload_file(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let name = given.read(&NAME);
    let content = given.read(&TEXT);
    let folder = given.read(&PARENT);
    let conflict = given.read(&CONFLICT);
    let id = given.read(&ID);
    let if_match = given.read(&IF_MATCH);
    let place = Place::read(given);
    let (name, id, if_match, content) = (name?, id?, if_match?, content?);
    let target = match (name, id) {
        (Some(name), None) => {
            if if_match.is_some() {
                given.refuse("ifMatch", "is for a file that is replaced: give its `id` instead of `name`");
            }
            Where::New { folder: folder?, name, conflict: conflict? }
        }
        (None, Some(id)) => Where::Old { id, if_match },
        (name, _) => {
            let problem = if name.is_some() {
                "cannot be given together with `id`: a file is either new or replaced"
            } else {
                "is required for a new file, or `id` for one that is replaced"
            };
            given.refuse("name", problem);
            return None;
        }
    };
    Some(Box::new(UploadFile { target, place: place?, content: Bytes::from(content) }))
}

/// What is written.
enum Where {
    New { folder: String, name: String, conflict: Conflict },
    Old { id: String, if_match: Option<String> },
}

struct UploadFile {
    target: Where,
    place: Place,
    content: Bytes,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    upload_url: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphItem {
    id: Option<String>,
    name: Option<String>,
    size: Option<u64>,
    e_tag: Option<String>,
    web_url: Option<String>,
}

#[async_trait]
impl Invocation for UploadFile {
    fn reach(&self) -> Reach {
        self.place.reach()
    }

    fn scopes(&self, row: &'static ActionSpec) -> Vec<Scope> {
        self.place.scopes(row)
    }

    fn effect(&self) -> ResolvedEffect {
        let mut effect = ResolvedEffect::of(self.reach(), Role::Member);
        let name = match &self.target {
            Where::New { name, .. } => name,
            Where::Old { id, .. } => id,
        };
        self.say_content(&mut effect, name);
        effect
    }

    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let place = &self.place;
        let mut effect = ResolvedEffect::of(self.reach(), Role::Member);
        let (replaced, folder) = match &self.target {
            Where::Old { id, .. } => (Some(Target::of(context, place, id).await?), None),
            Where::New { folder, name, conflict: Conflict::Replace } => {
                match Target::named(context, place, [folder, name]).await? {
                    Some(found) => (Some(found), None),
                    None => (None, Some(Target::of(context, place, folder).await?)),
                }
            }
            Where::New { folder, .. } => (None, Some(Target::of(context, place, folder).await?)),
        };
        let (opened, name) = match (&replaced, &folder, &self.target) {
            (Some(file), ..) => {
                let kind = file.name.as_deref().and_then(media_type);
                kind.ok_or_else(|| context.graph.taught(&NOT_TEXT))?;
                self.say_replaced(&mut effect, file);
                (file, effect::line(file.name.as_deref()))
            }
            (None, Some(folder), Where::New { name, conflict, .. }) => {
                effect.folder = Some(folder.path());
                effect::say(&mut effect, "Folder", folder.path());
                effect::say(&mut effect, "Where the name is taken", conflict.words());
                (folder, name.clone())
            }
            _ => return Err(context.graph.unreadable()),
        };
        effect.recipients = sharing::readers(context, place, &opened.id()).await?;
        if opened.says_shared() && effect.recipients.is_empty() {
            let name = "whoever it was shared with";
            effect.recipients.push(Recipient::everybody(name, Role::Member, Standing::Unknown));
        }
        effect.shared = *place != Place::Own || !effect.recipients.is_empty();
        self.say_content(&mut effect, &name);
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let (given, done) = match &self.target {
            Where::Old { id, if_match } => {
                let kind = self.kind_of(context, id).await?;
                let mut request = self.put(context, CONTENT, &[id], kind)?;
                request.headers.extend(if_match.clone().map(GraphHeader::IfMatch));
                (context.graph.fetch(request).await?, "Replaced")
            }
            Where::New { folder, name, conflict: Conflict::Replace } => {
                let kind = media_type(name).unwrap_or(PLAIN.1);
                let request = self.put(context, NEW, &[folder, name], kind)?;
                (context.graph.fetch(request).await?, "Written")
            }
            Where::New { folder, name, conflict } => {
                (self.by_session(context, folder, name, *conflict).await?, "Created")
            }
        };
        let given: GraphItem = given;
        let mut cleaner = Cleaner::default();
        let name = cleaner.line(given.name.as_deref(), FILE_NAME_MAX);
        let (id, size) = (shape::id(given.id.as_deref()), given.size.unwrap_or_default());
        let text = format!("{done}: {name}, {}\nid {id}", size_words(size));
        let mut structured =
            json!({ "id": id, "name": name, "size": size, "eTag": shape::id(given.e_tag.as_deref()) });
        if let (Some(link), Some(structured)) =
            (shape::link(given.web_url.as_deref()), structured.as_object_mut())
        {
            structured.insert("webUrl".to_owned(), link.into());
        }
        Ok(Answer::whole(text, structured))
    }
}

impl UploadFile {
    /// What is written. The whole of a long text is bound by its digest.
    fn say_content(&self, effect: &mut ResolvedEffect, name: &str) {
        effect.files.push(effect::file(name, &self.content));
        let text = String::from_utf8_lossy(&self.content);
        let shown = match text.char_indices().nth(SHOWN_MAX) {
            Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
            None => text.into_owned(),
        };
        effect.body = Some(EffectBody { html: false, text: shown, was: None });
    }

    /// What is lost.
    fn say_replaced(&self, effect: &mut ResolvedEffect, file: &Target) {
        effect.version = match &self.target {
            Where::Old { if_match: Some(tag), .. } => Some(tag.clone()),
            _ => file.version(),
        };
        effect.folder = Some(file.folder());
        effect::say(effect, "Folder", file.folder());
        effect::say(effect, "Replaces", effect::line(file.name.as_deref()));
        let was = size_words(file.size());
        effect.facts.push(effect::changed("Size", size_words(self.content.len() as u64), Some(was)));
    }

    fn put(
        &self,
        context: &Context<'_>,
        templates: Everywhere,
        segments: &[&str],
        media_type: &str,
    ) -> Result<GraphRequest, ActionError> {
        let mut request = self.place.request(context, Method::Put, templates, segments)?;
        request.body =
            Some(Content::Bytes { media_type: media_type.to_owned(), bytes: self.content.clone() });
        Ok(request)
    }

    /// The media type of a text file that is there.
    async fn kind_of(&self, context: &Context<'_>, id: &str) -> Result<&'static str, ActionError> {
        let mut request = self.place.request(context, Method::Get, DESCRIBED, &[id])?;
        request.query = vec![("$select", "name".to_owned())];
        let given: GraphItem = context.graph.fetch(request).await?;
        let kind = given.name.as_deref().and_then(media_type);
        kind.ok_or_else(|| context.graph.taught(&NOT_TEXT))
    }

    /// Creates the file without touching one that is there.
    async fn by_session(
        &self,
        context: &Context<'_>,
        folder: &str,
        name: &str,
        conflict: Conflict,
    ) -> Result<GraphItem, ActionError> {
        let mut request = self.place.request(context, Method::Post, SESSION, &[folder, name])?;
        let item = json!({ "@microsoft.graph.conflictBehavior": conflict.behavior(), "name": name });
        request.body = Some(json!({ "item": item }).into());
        let session: Session = context.graph.fetch(request).await?;
        let url = Secret::new(session.upload_url);
        let last = context.graph.upload(&url, &self.content, PART_BYTES).await?;
        serde_json::from_slice(&last.body).map_err(|_| context.graph.unreadable())
    }
}

#[cfg(test)]
#[path = "upload_tests.rs"]
mod tests;
