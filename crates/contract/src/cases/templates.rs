//! Resource templates: one message, event, file or person by its id, whole, and nobody else's.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::tools::INVISIBLE;
use crate::json::Look as _;
use crate::mcp::{LEGACY, MODERN, Mcp, Reply};
use crate::session::Session;
use crate::site::Site;

/// The templates, what Graph is asked for each, and the scope it takes.
pub(super) const FOUR: [(&str, &str, &str); 4] = [
    ("microsoft://events/{id}", "/v1.0/me/events/", "Calendars.Read"),
    ("microsoft://files/{id}", "/v1.0/me/drive/items/", "Files.Read"),
    ("microsoft://messages/{id}", "/v1.0/me/messages/", "Mail.Read"),
    ("microsoft://people/{id}", "/v1.0/me/people/", "People.Read"),
];

table! { "templates":
    shared exactly_four_templates_are_listed_in_every_revision,
    shared a_message_that_was_found_is_read_with_its_body,
    shared an_event_a_file_and_a_person_that_were_found_are_read,
    shared each_kind_asks_for_its_own_path_and_no_more_than_one_item,
    shared a_long_body_is_read_in_parts_and_nothing_is_lost,
    shared an_offset_is_digits_and_nothing_else,
    shared a_read_is_governed_and_recorded_under_its_template,
    shared text_of_others_is_cleaned_in_every_kind,
    shared the_address_that_downloads_a_file_is_never_passed_on,
}

/// The URI that a template makes of an id.
pub(super) fn uri(template: &str, id: &str) -> String {
    let encoded: String = url::form_urlencoded::byte_serialize(id.as_bytes()).collect();
    template.replace("{id}", &encoded)
}

/// What a resource holds, as JSON.
fn data(reply: &Reply) -> Result<Value> {
    let contents = reply.result()?.list("/contents")?;
    let [content] = contents else { anyhow::bail!("not one content: {}", reply.answer) };
    ensure!(content.text("/mimeType")? == "application/json", "{}", reply.answer);
    Ok(serde_json::from_str(content.text("/text")?)?)
}

pub(super) fn read(session: &Session<'_>, template: &str, id: &str) -> Result<Value> {
    let uri = uri(template, id);
    let reply = session.mcp.resource(&uri)?;
    let data = data(&reply)?;
    ensure!(reply.result()?.text("/contents/0/uri")? == uri, "another URI: {}", reply.answer);
    Ok(data)
}

/// What a client finds: an id for each template.
pub(super) struct Found {
    event: String,
    file: String,
    pub(super) message: String,
    person: String,
}

impl Found {
    pub(super) fn by(session: &Session<'_>) -> Result<Self> {
        let first = |tool: &str, arguments: Value| -> Result<String> {
            let reply = session.tool(tool, &arguments)?;
            let fields = reply.content()?.as_object().context("an object")?.clone();
            let list = fields.values().find_map(Value::as_array).context("a list")?.clone();
            Ok(list.first().with_context(|| reply.answer.to_string())?.text("/id")?.to_owned())
        };
        let files = session.site.control.graph("files", &session.person.email)?;
        Ok(Self {
            event: first("getCalendarEvents", json!({ "days": 30 }))?,
            file: files.first().context("a file")?.text("/id")?.to_owned(),
            message: first("getEmails", json!({ "count": 1 }))?,
            person: first("getContacts", json!({ "count": 1 }))?,
        })
    }

    /// In the order of [`FOUR`].
    pub(super) fn ids(&self) -> [&str; 4] {
        [&self.event, &self.file, &self.message, &self.person]
    }
}

fn exactly_four_templates_are_listed_in_every_revision(site: &Site) -> Result<()> {
    let session = Session::open(site, "templates")?;
    for version in [&[MODERN][..], &LEGACY].concat() {
        let reply = session.mcp.speaking(version).send("resources/templates/list", &Value::Null)?;
        let listed = reply.result()?.list("/resourceTemplates")?;
        let mut uris: Vec<_> = listed.iter().filter_map(|item| item.at("/uriTemplate").as_str()).collect();
        uris.sort_unstable();
        ensure!(uris == FOUR.map(|(template, ..)| template), "{version}: {}", reply.answer);
        for item in listed {
            ensure!(item.text("/mimeType")? == "application/json", "{item}");
            ensure!(!item.text("/name")?.is_empty() && item.text("/description")?.len() > 10, "{item}");
        }
        let titled = reply.result()?.at("/resourceTemplates/0/title").is_string();
        ensure!(titled == (version >= "2025-06-18"), "titles in {version}: {}", reply.answer);
    }
    Ok(())
}

fn a_message_that_was_found_is_read_with_its_body(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-message")?;
    let reply = session.tool("getEmails", &json!({ "count": 10 }))?;
    for found in reply.content()?.list("/messages")? {
        let message = read(&session, "microsoft://messages/{id}", found.text("/id")?)?;
        ensure!(message.at("/id") == found.at("/id"), "{message} for {found}");
        ensure!(message.at("/subject") == found.at("/subject"), "{message} for {found}");
        ensure!(message.at("/untrusted") == &Value::Bool(true), "text of others is not marked: {message}");
        let body = message.text("/body")?;
        ensure!(message.integer("/bodyLength")? == i64::try_from(body.chars().count())?, "{message}");
    }
    let searched = session.tool("searchEmails", &json!({ "query": "budget", "count": 1 }))?;
    let id = searched.content()?.text("/messages/0/id")?.to_owned();
    for version in [MODERN, LEGACY[0], LEGACY[2]] {
        let reply = session.mcp.speaking(version).resource(&uri("microsoft://messages/{id}", &id))?;
        ensure!(data(&reply)?.text("/id")? == id, "{version}: {}", reply.answer);
    }
    let modern = session.mcp.resource(&uri("microsoft://messages/{id}", &id))?;
    ensure!(modern.result()?.text("/cacheScope")? == "private", "{}", modern.answer);
    Ok(())
}

fn an_event_a_file_and_a_person_that_were_found_are_read(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-kinds")?;
    let found = Found::by(&session)?;
    for ((template, ..), id) in FOUR.iter().zip(found.ids()) {
        let data = read(&session, template, id)?;
        ensure!(data.text("/id")? == id, "{template}: {data}");
        ensure!(data.at("/untrusted") == &Value::Bool(true), "text of others is not marked: {data}");
    }
    for file in site.control.graph("files", &session.person.email)? {
        let shown = read(&session, "microsoft://files/{id}", file.text("/id")?)?;
        ensure!(shown.at("/size") == file.at("/size"), "{shown} for {file}");
        ensure!(shown.at("/isFolder") == &json!(file.get("folder").is_some()), "{shown} for {file}");
        ensure!(!shown.to_string().contains("content\""), "a content: {shown}");
    }
    Ok(())
}

fn each_kind_asks_for_its_own_path_and_no_more_than_one_item(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-path")?;
    let found = Found::by(&session)?;
    for ((template, path, _), id) in FOUR.iter().zip(found.ids()) {
        let before = session.graph_requests()?.len();
        read(&session, template, id)?;
        let call = session.last_graph_request()?;
        ensure!(session.graph_requests()?.len() == before + 1, "{template} asks more than once");
        let rest = call.path().strip_prefix(path).with_context(|| call.line())?;
        ensure!(call.line().starts_with("GET ") && !rest.contains('/'), "{}", call.line());
        ensure!(call.option("$select").is_some(), "everything was asked for: {}", call.0);
        ensure!(call.option("$expand").is_none(), "more was asked for: {}", call.0);
    }
    Ok(())
}

fn a_long_body_is_read_in_parts_and_nothing_is_lost(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-long")?;
    let hits = session.tool("searchEmails", &json!({ "query": "subject:\"steering committee (long)\"" }))?;
    let id = hits.content()?.text("/messages/0/id")?.to_owned();
    let (mut whole, mut next, mut parts) = (String::new(), uri("microsoft://messages/{id}", &id), 0);
    let length = loop {
        let reply = session.mcp.resource(&next)?;
        let part = data(&reply)?;
        ensure!(part.text("/id")? == id, "another message: {part}");
        ensure!(part.text("/body")?.chars().count() <= 20_000, "a part is too long");
        whole.push_str(part.text("/body")?);
        parts += 1;
        let length = part.integer("/bodyLength")?;
        let Some(sentence) = part.at("/continues").as_str() else { break length };
        let said = sentence.split('`').nth(1).with_context(|| format!("no URI in {sentence}"))?;
        said.clone_into(&mut next);
        ensure!(parts < 10, "it never ends");
    };
    ensure!(parts > 1, "{length} characters came in one part");
    ensure!(
        i64::try_from(whole.chars().count())? == length,
        "{length} characters of {}",
        whole.chars().count()
    );
    let sentence = "The committee considered the proposal at length and decided to consider it again.";
    ensure!(whole.matches(sentence).count() == 250, "{} of 250 sentences", whole.matches(sentence).count());
    // Beyond the end there is nothing, and that is no error of the server.
    let beyond = session.mcp.resource(&format!("{}?offset=999999", uri("microsoft://messages/{id}", &id)))?;
    ensure!(beyond.answer.status < 500, "{}", beyond.answer);
    if beyond.error_code().is_none() {
        ensure!(data(&beyond)?.text("/body")?.is_empty(), "{}", beyond.answer);
    }
    Ok(())
}

fn an_offset_is_digits_and_nothing_else(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-offset")?;
    let found = Found::by(&session)?;
    let message = uri("microsoft://messages/{id}", &found.message);
    let whole = data(&session.mcp.resource(&message)?)?;
    let shifted = data(&session.mcp.resource(&format!("{message}?offset=5"))?)?;
    let rest: String = whole.text("/body")?.chars().skip(5).collect();
    ensure!(shifted.text("/body")? == rest, "{shifted} of {whole}");
    let before = session.graph_requests()?.len();
    for query in [
        "?",
        "?offset",
        "?offset=",
        "?offset=-1",
        "?offset=+1",
        "?offset=1e3",
        "?offset=0x10",
        "?offset=99999999999999999999",
        "?offset=1&offset=2",
        "?offset=1&$select=body",
        "?$select=body",
        "?$expand=attachments",
        "?%6fffset=1",
        "?offset=%31",
        "?Offset=1",
        "#offset=1",
    ] {
        not_found(&session.mcp, &format!("{message}{query}"))?;
    }
    for template in ["microsoft://files/{id}", "microsoft://people/{id}"] {
        not_found(&session.mcp, &format!("{}?offset=1", uri(template, &found.person)))?;
    }
    ensure!(session.graph_requests()?.len() == before, "a malformed offset reached Graph");
    Ok(())
}

/// The error of each era for a resource that is not there, which names it.
pub(super) fn not_found(mcp: &Mcp, uri: &str) -> Result<()> {
    for (version, code) in [(MODERN, -32602), (LEGACY[0], -32002), (LEGACY[2], -32002)] {
        let reply = mcp.speaking(version).resource(uri)?;
        let about = || format!("{version} {}", uri.chars().take(200).collect::<String>());
        reply.expect_error(&[200, 400, 404], &[code]).with_context(about)?;
        ensure!(reply.message.at("/error/data/uri") == uri, "{}: {}", about(), reply.answer);
    }
    Ok(())
}

fn a_read_is_governed_and_recorded_under_its_template(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-record")?;
    let found = Found::by(&session)?;
    for ((template, ..), id) in FOUR.iter().zip(found.ids()) {
        read(&session, template, id)?;
        let logs = site.control.gateway_logs_of(&session.person.email)?;
        let log = logs.last().context("a log")?;
        ensure!(log.at("/metadata/mcpTool") == *template, "{log}");
        ensure!(!log.at("/metadata").to_string().contains(id), "the id is among the metadata: {log}");
    }
    ensure!(
        site.control.gateway_logs_of(&session.person.email)?.len() == session.graph_requests()?.len(),
        "something went around the gateway"
    );
    let Some(records) = session.records()? else { return Ok(()) };
    for (template, ..) in FOUR {
        let of_it: Vec<_> = records.iter().filter(|record| record.field("tool") == template).collect();
        let [intent, outcome] = of_it.as_slice() else { anyhow::bail!("{template}: not a pair: {of_it:?}") };
        ensure!(intent.field("phase") == "intent" && outcome.is("outcome", "done"), "{of_it:?}");
    }
    Ok(())
}

fn text_of_others_is_cleaned_in_every_kind(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-hostile")?;
    let mut texts = Vec::new();
    let mut mails = session.tool("getEmails", &json!({ "count": 50 }))?;
    while mails.content()?.get("nextCursor").is_some() && texts.len() < 150 {
        for found in mails.content()?.list("/messages")? {
            texts.push(read(&session, "microsoft://messages/{id}", found.text("/id")?)?.to_string());
        }
        mails = session.tool("getEmails", &json!({ "cursor": mails.content()?.text("/nextCursor")? }))?;
    }
    for file in site.control.graph("files", &session.person.email)? {
        texts.push(read(&session, "microsoft://files/{id}", file.text("/id")?)?.to_string());
    }
    for text in texts {
        let strange = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
        let found = text.chars().find(|c| strange(*c));
        ensure!(found.is_none(), "U+{:04X} reached the model: {text}", u32::from(found.unwrap_or_default()));
        for markup in ["<script", "<iframe", "onerror=", "display:none"] {
            ensure!(!text.to_lowercase().contains(markup), "{markup} reached the model: {text}");
        }
    }
    Ok(())
}

fn the_address_that_downloads_a_file_is_never_passed_on(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-download")?;
    let files = site.control.graph("files", &session.person.email)?;
    ensure!(files.iter().any(|file| file.to_string().contains("tempauth=")), "nothing to hide: {files:?}");
    for file in files {
        let reply = session.mcp.resource(&uri("microsoft://files/{id}", file.text("/id")?))?;
        let text = reply.answer.text();
        ensure!(!text.contains("tempauth") && !text.contains("downloadUrl"), "{}", reply.answer);
        ensure!(!text.contains("eyJjYW5hcnkiOiJkb3dubG9hZFVy"), "{}", reply.answer);
    }
    Ok(())
}
