//! What a search found, whatever it is.
//!
//! Source: Graph, `searchHit`: a file has an id of its own beside that of the hit; the summary marks what matched with
//! `<c0>` and leaves out text with `<ddd/>`.

use serde::{Deserialize, Serialize};

use crate::files::item::FILE_NAME_MAX;
use crate::listing::Listed;
use crate::shape::{self, Cleaner};
use crate::wire::{Correspondent, Recipient};
use crate::zone::Zone;

/// Properties that every hit has.
pub(crate) const FIELDS: &[&str] = &["id", "type", "name"];
const SUMMARY_MAX: usize = 300;
/// Marks of a summary, and what stands for them.
const MARKS: [(&str, &str); 3] = [("<c0>", ""), ("</c0>", ""), ("<ddd/>", "…")];

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct GraphHit {
    hit_id: Option<String>,
    summary: Option<String>,
    resource: GraphResource,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphResource {
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
    id: Option<String>,
    name: Option<String>,
    display_name: Option<String>,
    subject: Option<String>,
    from: Option<Recipient>,
    web_url: Option<String>,
    web_link: Option<String>,
    last_modified_date_time: Option<String>,
    received_date_time: Option<String>,
    created_date_time: Option<String>,
    start: Option<GraphTime>,
    parent_reference: Option<GraphParent>,
    sharepoint_ids: Option<GraphPlace>,
    chat_id: Option<String>,
    channel_identity: Option<GraphChannel>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphTime {
    date_time: Option<String>,
    time_zone: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphParent {
    drive_id: Option<String>,
    site_id: Option<String>,
    sharepoint_ids: Option<GraphPlace>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphPlace {
    list_id: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphChannel {
    team_id: Option<String>,
    channel_id: Option<String>,
}

impl GraphResource {
    fn kind(&self) -> &str {
        let kind = self.kind.as_deref().unwrap_or_default();
        kind.strip_prefix("#microsoft.graph.").unwrap_or(kind)
    }

    /// When it came, begins or was changed, as an instant.
    fn when(&self) -> Option<String> {
        if let Some(start) = self.start.as_ref().filter(|start| start.time_zone.as_deref() == Some("UTC")) {
            return start.date_time.as_ref().map(|at| format!("{}Z", at.trim_end_matches('Z')));
        }
        let each = [&self.received_date_time, &self.last_modified_date_time, &self.created_date_time];
        each.into_iter().find_map(Clone::clone)
    }

    /// The id that other tools take.
    fn id<'a>(&'a self, hit_id: Option<&'a str>) -> Option<&'a str> {
        let own = self.id.as_deref();
        if matches!(self.kind(), "driveItem" | "list" | "listItem" | "site") {
            own.or(hit_id)
        } else {
            hit_id.or(own)
        }
    }
}

/// A hit, and its time in words of the reader's zone.
pub(super) struct Dated {
    hit: GraphHit,
    when: String,
    at: String,
}

impl Dated {
    pub(super) fn of(hit: GraphHit, zone: &Zone) -> Self {
        let when = hit.resource.when().unwrap_or_default();
        let at = zone.words(&when);
        Self { hit, when, at }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Hit {
    id: String,
    r#type: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    from: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    when: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    summary: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    drive_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    site_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    list_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    team_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    channel_id: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    chat_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
    #[serde(skip)]
    at: String,
}

impl Listed for Hit {
    type Given = Dated;

    fn of(Dated { hit, when, at }: &Dated, cleaner: &mut Cleaner) -> Self {
        let resource = &hit.resource;
        let parent = resource.parent_reference.as_ref();
        let list = resource.sharepoint_ids.as_ref().or_else(|| parent?.sharepoint_ids.as_ref());
        let channel = resource.channel_identity.as_ref();
        let name = [&resource.name, &resource.display_name, &resource.subject];
        let name = name.into_iter().find_map(|name| name.as_deref().filter(|name| !name.is_empty()));
        let mut summary = hit.summary.clone().unwrap_or_default();
        for (mark, instead) in MARKS {
            summary = summary.replace(mark, instead);
        }
        let from = Correspondent::of(resource.from.as_ref(), cleaner);
        Self {
            id: shape::id(resource.id(hit.hit_id.as_deref())),
            r#type: shape::id(Some(resource.kind())),
            name: cleaner.line(name, FILE_NAME_MAX),
            from: from.as_ref().map(Correspondent::words).unwrap_or_default(),
            when: shape::id(Some(when)),
            summary: cleaner.line(Some(&summary), SUMMARY_MAX),
            drive_id: shape::id(parent.and_then(|parent| parent.drive_id.as_deref())),
            site_id: shape::id(parent.and_then(|parent| parent.site_id.as_deref())),
            list_id: shape::id(list.and_then(|list| list.list_id.as_deref())),
            team_id: shape::id(channel.and_then(|channel| channel.team_id.as_deref())),
            channel_id: shape::id(channel.and_then(|channel| channel.channel_id.as_deref())),
            chat_id: shape::id(resource.chat_id.as_deref()),
            web_url: shape::link(resource.web_url.as_deref().or(resource.web_link.as_deref())),
            at: at.clone(),
        }
    }

    fn words(&self, number: usize) -> String {
        let name = if self.name.is_empty() { "(no name)" } else { &self.name };
        let mut text = format!("{number}. {}: {name}", self.r#type);
        for (word, value) in [("from ", &self.from), ("", &self.at)] {
            if !value.is_empty() {
                text.push_str(", ");
                text.push_str(word);
                text.push_str(value);
            }
        }
        if !self.summary.is_empty() {
            text.push('\n');
            text.push_str(&self.summary);
        }
        text.push_str("\nid ");
        text.push_str(&self.id);
        for (word, value) in [
            ("driveId", &self.drive_id),
            ("siteId", &self.site_id),
            ("listId", &self.list_id),
            ("teamId", &self.team_id),
            ("channelId", &self.channel_id),
            ("chatId", &self.chat_id),
        ] {
            if !value.is_empty() {
                for part in [", ", word, " ", value] {
                    text.push_str(part);
                }
            }
        }
        text
    }
}

#[cfg(test)]
#[path = "hit_tests.rs"]
mod tests;
