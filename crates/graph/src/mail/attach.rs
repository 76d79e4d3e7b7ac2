//! Attaching a file to a draft: text as it is given, or a file of OneDrive or SharePoint.
//!
//! Source: Graph `attachment` create (below 3 MB) and `createUploadSession` (from 3 MB on, parts of at most 4 MB). The
//! bytes of a file go from where it lies to the draft and are never part of an answer.

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use m365_types::{ActionSpec, Email, Method, Reach, ResolvedEffect, Scope, Secret};
use serde::Deserialize;
use serde_json::json;

use crate::action::{Answer, Context, Invocation, untrusted};
use crate::arguments::Given;
use crate::effect::{self, say, users_of};
use crate::error::ActionError;
use crate::lesson::Lesson;
use crate::mail::attachments::size_words;
use crate::mail::list::IMMUTABLE_ID;
use crate::mail::param::{ID, MediaType};
use crate::mail::seen::{self, message_reach};
use crate::param::{Identifier, MAILBOX, Optional, Param, Text, optional};
use crate::shape::{self, Cleaner, framed};
use crate::standing;
use crate::wire::NAME_MAX;

pub(crate) static NAME: Param<Text, Optional> =
    optional("name", "File name; default: the drive item's", Text { min: 1, max: 255, lines: false });
pub(crate) static CONTENT: Param<Text, Optional> =
    optional("content", "Text of the file", Text { min: 1, max: 1_000_000, lines: true });
pub(crate) static CONTENT_TYPE: Param<MediaType, Optional> =
    optional("contentType", "Of `content`; default text/plain", MediaType);
pub(crate) static DRIVE_ITEM: Param<Identifier, Optional> =
    optional("driveItemId", "Or a file to attach, up to 8 MiB", Identifier);
pub(crate) static DRIVE: Param<Identifier, Optional> =
    optional("driveId", "Its drive, if not the person's own", Identifier);

pub(crate) const ADD: &str = "/me/messages/{message}/attachments";
pub(crate) const SESSION: &str = "/me/messages/{message}/attachments/createUploadSession";
pub(crate) const OWN_ITEM: &str = "/me/drive/items/{item}";
pub(crate) const OWN_CONTENT: &str = "/me/drive/items/{item}/content";
pub(crate) const ITEM: &str = "/drives/{drive}/items/{item}";
pub(crate) const ITEM_CONTENT: &str = "/drives/{drive}/items/{item}/content";

/// From here on a file goes through an upload session, in bytes.
const SESSION_MIN: usize = 3 << 20;
/// Parts of an upload session, in bytes.
const PART: usize = 4_000_000;
/// Largest file that is attached, in bytes: what one answer of Graph may hold here.
const FILE_MAX: u64 = 8 << 20;

/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 2] = [&FILE_TOO_LARGE, &NOT_A_FILE];

static FILE_TOO_LARGE: Lesson = Lesson {
    code: "attachment_too_large",
    why: "The file is larger than the 8 MiB that this server attaches.",
    next: "Share it with createSharingLink and put the link into the mail.",
};
static NOT_A_FILE: Lesson = Lesson {
    code: "attachment_not_a_file",
    why: "The drive item is a folder or something else without content.",
    next: "Name a file.",
};

pub(crate) fn add_draft_attachment(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID);
    let name = given.read(&NAME);
    let content = given.read(&CONTENT);
    let content_type = given.read(&CONTENT_TYPE);
    let item = given.read(&DRIVE_ITEM);
    let drive = given.read(&DRIVE);
    let mailbox = given.read(&MAILBOX);
    let (id, name, drive) = (id?, name?, drive?);
    let source = match (content?, item?) {
        (Some(text), None) => {
            if name.is_none() {
                given.refuse("name", "is required with `content`");
            }
            if drive.is_some() {
                given.refuse("driveId", "goes with `driveItemId` only");
            }
            let content_type = content_type?.unwrap_or_else(|| "text/plain".to_owned());
            Source::Text { text, content_type }
        }
        (None, Some(item)) => Source::Item { item, drive },
        (text, _) => {
            let problem =
                if text.is_some() { "or `driveItemId`, not both" } else { "or `driveItemId` is required" };
            given.refuse("content", problem);
            return None;
        }
    };
    Some(Box::new(AddDraftAttachment { id, name, source, mailbox: mailbox? }))
}

/// Where the bytes come from.
enum Source {
    Text { text: String, content_type: String },
    Item { item: String, drive: Option<String> },
}

struct AddDraftAttachment {
    id: String,
    name: Option<String>,
    source: Source,
    mailbox: Option<Email>,
}

/// What is attached.
struct File {
    name: String,
    content_type: String,
    bytes: Bytes,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphItem {
    name: Option<String>,
    size: Option<u64>,
    file: Option<GraphFile>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphFile {
    mime_type: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Added {
    id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Session {
    upload_url: String,
}

#[async_trait]
impl Invocation for AddDraftAttachment {
    fn mailbox(&self) -> Option<&Email> {
        self.mailbox.as_ref()
    }

    fn scopes(&self, row: &'static ActionSpec) -> Vec<Scope> {
        let mail = row.scopes.iter().copied();
        let mail = mail.map(|scope| if self.mailbox.is_some() { scope.in_other_mailboxes() } else { scope });
        let file = match &self.source {
            Source::Text { .. } => None,
            Source::Item { drive: None, .. } => Some(Scope::FilesRead),
            Source::Item { drive: Some(_), .. } => Some(Scope::FilesReadAll),
        };
        mail.chain(file).collect()
    }

    fn reach(&self) -> Reach {
        message_reach(self.mailbox(), &self.id)
    }

    fn effect(&self) -> ResolvedEffect {
        let Reach { target, shared, .. } = self.reach();
        let recipients = users_of(self.mailbox());
        let mut effect = ResolvedEffect { target, shared, recipients, ..ResolvedEffect::default() };
        match &self.source {
            Source::Text { text, content_type } => {
                let name = self.name.clone().unwrap_or_default();
                effect.files = vec![effect::file(&name, text.as_bytes())];
                say(&mut effect, "Type", content_type);
            }
            Source::Item { item, drive } => {
                say(&mut effect, "File", item);
                say(&mut effect, "Drive", drive.as_deref().unwrap_or("the person's own"));
                say(&mut effect, "Name", self.name.as_deref().unwrap_or_default());
            }
        }
        effect
    }

    /// In one's own mailbox the arguments say which file goes to which draft, and its bytes are looked at when it is sent.
    fn must_look(&self) -> bool {
        self.mailbox.is_some()
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let seen = seen::message(context, self.mailbox(), &self.id, seen::MARKS).await?;
        let mut effect = ResolvedEffect { version: seen.version(), ..self.effect() };
        seen.describe(&mut effect);
        if matches!(self.source, Source::Item { .. }) {
            let File { name, bytes, .. } = self.file(context).await?;
            let name = Cleaner::default().line(Some(&name), NAME_MAX);
            effect.files = vec![effect::read(context, &name, None, bytes).await];
        }
        standing::ask(context, &mut effect.recipients).await?;
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let file = self.file(context).await?;
        let size = file.bytes.len();
        let id = if size < SESSION_MIN {
            self.add(context, &file).await?
        } else {
            self.upload(context, &file).await?;
            String::new()
        };
        let mut cleaner = Cleaner::default();
        let name = cleaner.line(Some(&file.name), NAME_MAX);
        let words = size_words(size as u64);
        // The name of a drive item may be anybody's choice.
        let text = match self.source {
            Source::Text { .. } => format!("Attached to the draft: {name}, {words}."),
            Source::Item { .. } => {
                framed(context.request, &format!("Attached to the draft: a file, {words}."), &name, &cleaner)
            }
        };
        let mut structured = json!({ "name": name, "size": size });
        if let (Some(structured), false) = (structured.as_object_mut(), id.is_empty()) {
            structured.insert("id".to_owned(), id.into());
        }
        let structured = match self.source {
            Source::Text { .. } => structured,
            Source::Item { .. } => untrusted(structured, &cleaner),
        };
        Ok(Answer::whole(text, structured))
    }
}

impl AddDraftAttachment {
    async fn file(&self, context: &Context<'_>) -> Result<File, ActionError> {
        match &self.source {
            Source::Text { text, content_type } => Ok(File {
                name: self.name.clone().unwrap_or_default(),
                content_type: content_type.clone(),
                bytes: Bytes::from(text.clone()),
            }),
            Source::Item { item, drive } => self.fetch(context, item, drive.as_deref()).await,
        }
    }

    async fn fetch(
        &self,
        context: &Context<'_>,
        item: &str,
        drive: Option<&str>,
    ) -> Result<File, ActionError> {
        let graph = context.graph;
        let (mut described, value) = match drive {
            None => (
                graph.request_to(Method::Get, OWN_ITEM, None, &[item])?,
                graph.request_to(Method::Get, OWN_CONTENT, None, &[item])?,
            ),
            Some(drive) => (
                graph.request_to(Method::Get, ITEM, None, &[drive, item])?,
                graph.request_to(Method::Get, ITEM_CONTENT, None, &[drive, item])?,
            ),
        };
        described.query = vec![("$select", "id,name,size,file".to_owned())];
        let given: GraphItem = graph.fetch(described).await?;
        let Some(file) = given.file else { return Err(graph.taught(&NOT_A_FILE)) };
        if given.size.unwrap_or_default() > FILE_MAX {
            return Err(graph.taught(&FILE_TOO_LARGE));
        }
        let bytes = graph.content(value).await?.body;
        let content_type = shape::id(file.mime_type.as_deref());
        let name = self.name.clone().or(given.name).unwrap_or_default();
        Ok(File { name, content_type, bytes })
    }

    /// Attaches a small file, and gives the id of the attachment.
    async fn add(&self, context: &Context<'_>, file: &File) -> Result<String, ActionError> {
        let mut request = context.graph.request_to(Method::Post, ADD, self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        let mut attachment = json!({
            "@odata.type": "#microsoft.graph.fileAttachment", "name": file.name,
            "contentBytes": STANDARD.encode(&file.bytes),
        });
        if let (Some(attachment), false) = (attachment.as_object_mut(), file.content_type.is_empty()) {
            attachment.insert("contentType".to_owned(), file.content_type.as_str().into());
        }
        request.body = Some(attachment.into());
        let added: Added = context.graph.fetch(request).await?;
        Ok(shape::id(added.id.as_deref()))
    }

    /// Attaches a large file in parts. The last answer says where the attachment is, not what its id is.
    async fn upload(&self, context: &Context<'_>, file: &File) -> Result<(), ActionError> {
        let mut request =
            context.graph.request_to(Method::Post, SESSION, self.mailbox.as_ref(), &[&self.id])?;
        request.prefer = vec![IMMUTABLE_ID.to_owned()];
        let mut item = json!({ "attachmentType": "file", "name": file.name, "size": file.bytes.len() });
        if let (Some(item), false) = (item.as_object_mut(), file.content_type.is_empty()) {
            item.insert("contentType".to_owned(), file.content_type.as_str().into());
        }
        request.body = Some(json!({ "AttachmentItem": item }).into());
        let session: Session = context.graph.fetch(request).await?;
        let url = Secret::new(session.upload_url);
        context.graph.upload(&url, &file.bytes, PART).await?;
        Ok(())
    }
}

#[cfg(test)]
#[path = "attach_tests.rs"]
mod tests;
