//! Reading mail: folders, lists, search, one message.
//!
//! Source: Outlook's mail API. Lists are newest first, ten to a page; `$search` finds at most a thousand, newest sent
//! first, and pages by skip token.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::GraphError;
use super::kql::{Query, Searchable};
use super::mailbox::{Content, Folder, Item};
use super::message;
use super::odata::{lookup, next_link};
use super::view::{Page, View};

const PAGE: usize = 10;
const MOST_FOUND: usize = 1000;

/// `GET /me/messages` and `GET /me/mailFolders/{id}/messages`.
pub(super) fn messages(call: &Call<'_>) -> Result<Answer, GraphError> {
    call.options.check_efficiency()?;
    let content = call.mailbox.read();
    let (positions, collection) = match call.ids.first() {
        Some(id) => {
            let folder = content.folder(id)?;
            (&folder.messages, format!("mailFolders('{}')/messages", percent_encode(id)))
        }
        None => (&content.newest_first, "messages".to_owned()),
    };
    let newest_first =
        matches!(call.options.order.as_slice(), [] | [super::odata::OrderBy { descending: true, .. }])
            && call.options.order.first().is_none_or(|term| term.path == "receivedDateTime");
    let plain = newest_first && call.options.filter.is_empty() && call.options.search.is_none();
    let matching = if plain { None } else { Some(matching(call, &content, positions)?) };
    let total = matching.as_ref().map_or(positions.len(), Vec::len);
    let (range, next) = call.options.page(total, PAGE);
    let page: Vec<&Item> = match &matching {
        Some(items) => items.get(range).unwrap_or_default().to_vec(),
        None => positions
            .get(range)
            .unwrap_or_default()
            .iter()
            .filter_map(|position| content.messages.get(*position))
            .collect(),
    };
    let token = if call.options.search.is_some() { "$skiptoken" } else { "$skip" };
    let list = Page {
        context: call.context(&collection),
        count: call.options.count.then_some(total),
        value: page.into_iter().map(|item| view(call, item)).collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, token, at)),
    };
    Ok(Answer::json(200, &list))
}

/// `GET /me/messages/{id}`.
pub(super) fn message(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let item = content.message(call.id(0))?;
    Ok(Answer::json(200, &view(call, item).context(call.context("messages") + "/$entity")))
}

/// A message as this request sees it.
pub(super) fn view<'a>(call: &'a Call<'_>, item: &'a Item) -> View<'a> {
    let etag = item.fields.get("changeKey").and_then(Value::as_str).unwrap_or_default();
    let text = call.prefer.text_bodies;
    let elsewhere = call.mailbox.owner.oid != call.person.oid;
    let opens = |scope: &str| match scope {
        "Mail.Read" | "Mail.ReadWrite" => !elsewhere,
        "Mail.Read.Shared" | "Mail.ReadWrite.Shared" => elsewhere,
        _ => false,
    };
    let basic = !call.claims.scopes.iter().any(|scope| opens(scope));
    let shown = move |fields: &Map<String, Value>| {
        if basic { Some(Value::Null) } else { message::body(fields, text) }
    };
    View::new(&item.fields, call.select())
        .always("@odata.etag", format!("W/\"{etag}\""))
        .always("id", item.id.form(call.prefer.immutable_ids))
        .instead("body", shown)
        .instead("uniqueBody", shown)
        .instead("bodyPreview", |_| basic.then_some(Value::Null))
}

/// `GET /me/mailFolders`.
pub(super) fn folders(call: &Call<'_>) -> Result<Answer, GraphError> {
    call.options.check_efficiency()?;
    let content = call.mailbox.read();
    let listed = content.folders.iter().filter(|folder| call.options.hidden || !folder.hidden);
    let mut all: Vec<Map<String, Value>> = listed.map(|folder| folder_fields(&content, folder)).collect();
    all.retain(|fields| call.options.filter.passes(fields));
    call.options.sort(&mut all, |fields| fields);
    let (range, next) = call.options.page(all.len(), PAGE);
    let list = Page {
        context: call.context("mailFolders"),
        count: call.options.count.then_some(all.len()),
        value: all.get(range).unwrap_or_default().iter().map(|fields| folder_view(call, fields)).collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skip", at)),
    };
    Ok(Answer::json(200, &list))
}

/// `GET /me/mailFolders/{id}`.
pub(super) fn folder(call: &Call<'_>) -> Result<Answer, GraphError> {
    let content = call.mailbox.read();
    let fields = folder_fields(&content, content.folder(call.id(0))?);
    let view = folder_view(call, &fields).context(call.context("mailFolders") + "/$entity");
    Ok(Answer::json(200, &view))
}

fn matching<'a>(
    call: &Call<'_>,
    content: &'a Content,
    positions: &[usize],
) -> Result<Vec<&'a Item>, GraphError> {
    let query = call.options.search.as_deref().map(Query::parse).transpose()?;
    let mut items: Vec<&Item> = positions
        .iter()
        .filter_map(|position| content.messages.get(*position))
        .filter(|item| call.options.filter.passes(&item.fields))
        .filter(|item| query.as_ref().is_none_or(|query| query.matches(*item)))
        .collect();
    if query.is_some() {
        items.truncate(MOST_FOUND);
    }
    call.options.sort(&mut items, |item| &item.fields);
    Ok(items)
}

fn folder_view<'a>(call: &'a Call<'_>, fields: &'a Map<String, Value>) -> View<'a> {
    let id = fields.get("id").and_then(Value::as_str).unwrap_or_default();
    View::new(fields, call.select()).always("id", id)
}

/// A folder with its counts.
pub(super) fn folder_fields(content: &Content, folder: &Folder) -> Map<String, Value> {
    let unread = folder
        .messages
        .iter()
        .filter_map(|position| content.messages.get(*position))
        .filter(|item| item.fields.get("isRead") == Some(&Value::Bool(false)))
        .count();
    message::object(json!({
        "id": folder.id, "displayName": folder.name, "parentFolderId": super::seed::ROOT_FOLDER_ID,
        "childFolderCount": 0, "unreadItemCount": unread, "totalItemCount": folder.messages.len(),
        "isHidden": folder.hidden,
    }))
}

fn percent_encode(id: &str) -> String {
    percent_encoding::utf8_percent_encode(id, percent_encoding::NON_ALPHANUMERIC).to_string()
}

impl Searchable for Item {
    fn holds(&self, property: &str, text: &str) -> bool {
        let has = |path: &str| {
            lookup(&self.fields, path).as_str().is_some_and(|found| found.to_lowercase().contains(text))
        };
        let party =
            |name: &str| listed(self.fields.get(name)).any(|found| found.to_lowercase().contains(text));
        let from = || has("from/emailAddress/name") || has("from/emailAddress/address");
        let recipients = || party("toRecipients") || party("ccRecipients") || party("bccRecipients");
        match property {
            "" => has("subject") || from() || has("body/content"),
            "attachment" => {
                listed(self.fields.get("attachments")).any(|found| found.to_lowercase().contains(text))
            }
            "bcc" => party("bccRecipients"),
            "body" => has("body/content"),
            "cc" => party("ccRecipients"),
            "from" => from(),
            "hasattachment" | "hasattachments" => {
                let wanted = matches!(text, "true" | "yes" | "1");
                lookup(&self.fields, "hasAttachments").as_bool() == Some(wanted)
            }
            "importance" => has("importance"),
            "kind" => {
                text == "email" || (text == "meetings" && self.fields.contains_key("meetingMessageType"))
            }
            "participants" => from() || recipients(),
            "recipients" => recipients(),
            "subject" => has("subject"),
            "to" => party("toRecipients"),
            _ => false,
        }
    }

    fn date(&self, property: &str) -> Option<&str> {
        let field = match property {
            "received" => "receivedDateTime",
            "sent" => "sentDateTime",
            _ => return None,
        };
        self.fields.get(field).and_then(Value::as_str)
    }
}

/// Names and addresses of recipients, or names of attachments.
fn listed(value: Option<&Value>) -> impl Iterator<Item = &str> {
    value.and_then(Value::as_array).into_iter().flatten().flat_map(|one| {
        let address = one.get("emailAddress");
        let of = move |name: &str| address.and_then(|address| address.get(name)).and_then(Value::as_str);
        [of("name"), of("address"), one.get("name").and_then(Value::as_str)].into_iter().flatten()
    })
}
