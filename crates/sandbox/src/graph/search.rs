//! Search in mail, calendar, chats, files and sites at once.
//!
//! Source: Graph, Microsoft Search API. One request at a time; mail, events and messages of chats each alone, files, lists and
//! sites together; at most 25 mails or events; a permission for each kind. Matches stand between `<c0>` and `</c0>` in the
//! summary. Nothing is found that the caller could not open. Out of scope: aggregations, sorting, spelling.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::drive::Drive;
use super::errors::{GraphError, Workload};
use super::kql::{Query, Searchable};
use super::message::object;
use super::odata::lookup;
use super::roster::Member;
use super::sites::SITES;
use super::{calendar, schema, seed, teams};

/// Which permissions open a kind: one of each list is needed.
const KINDS: [(&str, u8, &[&[&str]]); 7] = [
    ("message", 0, &[&["Mail.Read", "Mail.ReadWrite"]]),
    ("event", 1, &[&["Calendars.Read", "Calendars.ReadWrite"]]),
    ("chatMessage", 2, &[&["Chat.Read", "Chat.ReadWrite"], &["ChannelMessage.Read.All"]]),
    ("driveItem", 3, &[&["Files.Read.All", "Files.ReadWrite.All"]]),
    ("listItem", 3, &[&["Sites.Read.All", "Sites.ReadWrite.All"]]),
    ("list", 3, &[&["Sites.Read.All", "Sites.ReadWrite.All"]]),
    ("site", 3, &[&["Sites.Read.All", "Sites.ReadWrite.All"]]),
];
const PROPERTIES: [&str; 13] = [
    "", "author", "body", "cc", "filename", "filetype", "from", "kind", "path", "received", "subject",
    "title", "to",
];
/// Most mails or events of one request.
const MAIL_MAX: u64 = 25;
const FILES_MAX: u64 = 500;
const DEFAULT_SIZE: u64 = 25;
/// Characters of a summary around the first match.
const BEFORE: usize = 40;
const AROUND: usize = 160;

/// Something that can be found: what is searched, and what is shown.
struct Found {
    id: String,
    title: String,
    author: String,
    text: String,
    date: String,
    resource: Map<String, Value>,
}

impl Searchable for Found {
    fn holds(&self, property: &str, text: &str) -> bool {
        let has = |field: &str| field.to_lowercase().contains(text);
        match property {
            "" => text == "*" || has(&self.title) || has(&self.text) || has(&self.author),
            "author" | "from" => has(&self.author),
            "body" => has(&self.text),
            "filetype" => self.title.to_lowercase().ends_with(&format!(".{text}")),
            "subject" | "title" | "filename" => has(&self.title),
            _ => false,
        }
    }

    fn date(&self, property: &str) -> Option<&str> {
        (property == "received").then_some(self.date.as_str())
    }
}

/// `POST /search/query`
pub(super) fn query(call: &Call<'_>) -> Result<Answer, GraphError> {
    schema::check_body("searchRequests", &call.body)?;
    let requests = call.body.get("requests").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let [request] = requests else {
        return Err(GraphError::bad_request("Exactly one search request is expected."));
    };
    let kinds = kinds(call, request)?;
    let text = request.pointer("/query/queryString").and_then(Value::as_str).unwrap_or_default();
    if text.trim().is_empty() {
        return Err(GraphError::bad_request("The query string must not be empty."));
    }
    let number = |name: &str, otherwise: u64| match request.get(name) {
        None | Some(Value::Null) => Ok(otherwise),
        Some(value) => value
            .as_u64()
            .ok_or_else(|| GraphError::bad_request(format!("The value of '{name}' is out of range."))),
    };
    let (from, size) = (number("from", 0)?, number("size", DEFAULT_SIZE)?);
    let most =
        if kinds.iter().any(|kind| matches!(*kind, "message" | "event")) { MAIL_MAX } else { FILES_MAX };
    if size == 0 || size > most {
        return Err(GraphError::bad_request(format!("The value of 'size' must be between 1 and {most}.")));
    }
    let query = Query::read(text, &PROPERTIES)?;
    let found: Vec<Found> =
        kinds.iter().flat_map(|kind| all(call, kind)).filter(|found| query.matches(found)).collect();
    let page = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let hits: Vec<Value> = found
        .iter()
        .enumerate()
        .skip(page(from))
        .take(page(size))
        .map(|(rank, found)| {
            json!({"hitId": found.id, "rank": rank + 1, "summary": summary(found, &query), "resource": found.resource})
        })
        .collect();
    let more = page(from).saturating_add(hits.len()) < found.len();
    let terms: Vec<&str> = text.split_whitespace().collect();
    let container = json!({"total": found.len(), "moreResultsAvailable": more, "hits": hits});
    Ok(Answer::json(
        200,
        &json!({"@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Collection(microsoft.graph.searchResponse)",
                "value": [{"searchTerms": terms, "hitsContainers": [container]}]}),
    ))
}

/// The kinds of a request, if they may be searched for together and by this caller.
fn kinds(call: &Call<'_>, request: &Value) -> Result<Vec<&'static str>, GraphError> {
    let named = request.get("entityTypes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut kinds = Vec::new();
    let mut group = None;
    for name in named {
        let known = KINDS.iter().find(|(kind, ..)| name.as_str() == Some(*kind));
        let Some((kind, of, needed)) = known else {
            return Err(GraphError::bad_request("The entity type is not supported."));
        };
        if *group.get_or_insert(of) != of {
            return Err(GraphError::bad_request("This combination of entity types is not supported."));
        }
        let held = |scopes: &&[&str]| call.claims.scopes.iter().any(|held| scopes.contains(&held.as_str()));
        if !needed.iter().all(held) {
            return Err(GraphError::missing_scope(Workload::Drive, &[], &call.claims.scopes));
        }
        kinds.push(*kind);
    }
    if kinds.is_empty() {
        return Err(GraphError::bad_request("At least one entity type is expected."));
    }
    Ok(kinds)
}

fn all(call: &Call<'_>, kind: &str) -> Vec<Found> {
    match kind {
        "message" => mails(call),
        "event" => {
            let content = call.mailbox.read();
            content.events.iter().map(|event| of_event(calendar::shown(event))).collect()
        }
        "chatMessage" => chats(call),
        "driveItem" => files(call),
        "listItem" => rows(call),
        "list" => lists(call),
        _ => sites(call),
    }
}

fn text_at(fields: &Map<String, Value>, path: &str) -> String {
    lookup(fields, path).as_str().unwrap_or_default().to_owned()
}

/// These properties of an item, with its type.
fn resource(kind: &str, fields: &Map<String, Value>, names: &[&str]) -> Map<String, Value> {
    let mut resource = object(json!({"@odata.type": format!("#microsoft.graph.{kind}")}));
    let known = names.iter().filter_map(|name| Some(((*name).to_owned(), fields.get(*name)?.clone())));
    resource.extend(known);
    resource
}

fn mails(call: &Call<'_>) -> Vec<Found> {
    const SHOWN: [&str; 11] = [
        "createdDateTime",
        "lastModifiedDateTime",
        "receivedDateTime",
        "sentDateTime",
        "hasAttachments",
        "subject",
        "bodyPreview",
        "importance",
        "sender",
        "from",
        "webLink",
    ];
    let content = call.mailbox.read();
    let newest = content.newest_first.iter().filter_map(|position| content.messages.get(*position));
    newest
        .map(|item| Found {
            id: item.id.default.clone(),
            title: text_at(&item.fields, "subject"),
            author: text_at(&item.fields, "from/emailAddress/name")
                + " "
                + &text_at(&item.fields, "from/emailAddress/address"),
            text: text_at(&item.fields, "bodyPreview"),
            date: text_at(&item.fields, "receivedDateTime"),
            resource: resource("message", &item.fields, &SHOWN),
        })
        .collect()
}

fn of_event(event: Value) -> Found {
    let fields = object(event);
    Found {
        id: text_at(&fields, "id"),
        title: text_at(&fields, "subject"),
        author: text_at(&fields, "organizer/emailAddress/name"),
        text: text_at(&fields, "bodyPreview"),
        date: text_at(&fields, "start/dateTime"),
        resource: resource("event", &fields, &["subject", "start", "end", "hasAttachments", "webLink"]),
    }
}

/// What was said in the caller's chats and channels.
fn chats(call: &Call<'_>) -> Vec<Found> {
    let tenant = &call.estate.config.tenant_id;
    let own = call.tenant.chats.with(&Member::of(call.person), tenant, call.now_ms, |kept| {
        let chats = kept.chats.iter().filter(|chat| chat.has(&call.person.oid));
        chats.flat_map(|chat| &chat.messages).map(|message| message.fields.clone()).collect::<Vec<_>>()
    });
    let channels = teams::history(&call.tenant.posts, call.person, tenant, call.now_ms);
    let messages = own.into_iter().chain(channels.into_iter().map(object));
    messages
        .map(|fields| {
            let name = text_at(&fields, "from/user/displayName");
            let mut resource = resource(
                "chatMessage",
                &fields,
                &["id", "createdDateTime", "subject", "importance", "webUrl", "chatId", "channelIdentity"],
            );
            resource.insert("from".to_owned(), json!({"emailAddress": {"name": name}}));
            Found {
                id: text_at(&fields, "id"),
                title: text_at(&fields, "subject"),
                author: name,
                text: text_at(&fields, "body/content"),
                date: text_at(&fields, "createdDateTime"),
                resource,
            }
        })
        .collect()
}

/// The files of the caller's drive and of the sites that let the caller in.
fn files(call: &Call<'_>) -> Vec<Found> {
    let mut found = of_drive(&call.mailbox.read().drive);
    for site in SITES.iter().filter(|site| site.lets_in(call)) {
        found.extend(call.tenant.sites.with(site, call.now_ms, |drive| of_drive(drive)));
    }
    found
}

fn of_drive(drive: &Drive) -> Vec<Found> {
    const SHOWN: [&str; 9] = [
        "id",
        "createdDateTime",
        "lastModifiedDateTime",
        "name",
        "webUrl",
        "size",
        "createdBy",
        "lastModifiedBy",
        "parentReference",
    ];
    let items = drive.items.iter().skip(1);
    items
        .map(|item| Found {
            id: text_at(item, "id"),
            title: text_at(item, "name"),
            author: text_at(item, "createdBy/user/displayName"),
            text: drive.content.get(&text_at(item, "id")).map_or_else(String::new, |bytes| {
                // Of other kinds of file only the name is searched here.
                std::str::from_utf8(bytes).unwrap_or_default().to_owned()
            }),
            date: text_at(item, "lastModifiedDateTime"),
            resource: resource("driveItem", item, &SHOWN),
        })
        .collect()
}

fn rows(call: &Call<'_>) -> Vec<Found> {
    let mut found = Vec::new();
    for site in SITES.iter().filter(|site| site.lets_in(call)) {
        for list in site.lists {
            let list_id = site.list_id(list);
            found.extend(seed::rows(site, list, call.now_ms).into_iter().map(|row| {
                let mut resource =
                    resource("listItem", &row, &["id", "createdDateTime", "lastModifiedDateTime", "webUrl"]);
                resource.insert("parentReference".to_owned(), json!({"siteId": site.id()}));
                resource.insert("sharepointIds".to_owned(), json!({"listId": list_id}));
                Found {
                    id: format!("{list_id}/{}", text_at(&row, "id")),
                    title: text_at(&row, "fields/Title"),
                    author: String::new(),
                    text: lookup(&row, "fields").to_string(),
                    date: text_at(&row, "lastModifiedDateTime"),
                    resource,
                }
            }));
        }
    }
    found
}

fn lists(call: &Call<'_>) -> Vec<Found> {
    let open = SITES.iter().filter(|site| site.lets_in(call));
    open.flat_map(|site| {
        site.lists.iter().map(|name| {
            let id = site.list_id(name);
            Found {
                id: id.clone(),
                title: (*name).to_owned(),
                author: String::new(),
                text: site.name.to_owned(),
                date: String::new(),
                resource: object(json!({
                    "@odata.type": "#microsoft.graph.list", "id": id, "displayName": name, "name": name,
                    "webUrl": format!("{}/Lists/{}", site.web(), name.replace(' ', "%20")),
                    "parentReference": {"siteId": site.id()},
                })),
            }
        })
    })
    .collect()
}

fn sites(call: &Call<'_>) -> Vec<Found> {
    let open = SITES.iter().filter(|site| site.lets_in(call));
    open.map(|site| {
        let fields = site.fields();
        Found {
            id: site.id(),
            title: site.name.to_owned(),
            author: String::new(),
            text: String::new(),
            date: text_at(&fields, "lastModifiedDateTime"),
            resource: resource(
                "site",
                &fields,
                &["id", "displayName", "name", "webUrl", "lastModifiedDateTime"],
            ),
        }
    })
    .collect()
}

/// A piece of the text around the first match, which is marked.
fn summary(found: &Found, query: &Query) -> String {
    let text: Vec<char> = found.text.chars().collect();
    let lower: String = found.text.to_lowercase();
    let hit = query.texts().filter(|text| !text.is_empty()).find_map(|text| Some((lower.find(text)?, text)));
    let Some((at, word)) = hit.filter(|_| lower.chars().count() == text.len()) else {
        return text.iter().take(AROUND).collect();
    };
    let at = lower.get(..at).map_or(0, |before| before.chars().count());
    let end = at + word.chars().count();
    let piece = |from: usize, to: usize| -> String {
        text.get(from.min(text.len())..to.min(text.len())).unwrap_or_default().iter().collect()
    };
    let begin = at.saturating_sub(BEFORE);
    let cut = if begin > 0 { "<ddd/>" } else { "" };
    format!("{cut}{}<c0>{}</c0>{}", piece(begin, at), piece(at, end), piece(end, end + AROUND))
}
