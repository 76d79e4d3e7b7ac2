//! One search in several services.
//!
//! Source: Graph, Microsoft Search API: what may be searched for together, the permission of each kind, at most 25 mails or
//! events at once. Each group of kinds that go together is one request; several travel in one batch, and their hits, which
//! have no common rank, are dealt one of each in turn. Where no kind is named, everything is searched that this sign-in has
//! the permissions for already. The words of a query are KQL and travel as JSON.

use async_trait::async_trait;
use m365_ports::GraphRequest;
use m365_types::{ActionSpec, Reach, Scope};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::action::{Account, Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::files::hit::{Dated, GraphHit, Hit};
use crate::listing::{Found, Wording};
use crate::paging::{PageStart, Position};
use crate::param::{
    Default as Otherwise, Integer, Kind, Optional, Param, Required, Text, defaulted, optional, required,
};
use crate::zone::{TIME_ZONE, Zone};

pub(crate) static QUERY: Param<Text, Required> = required(
    "query",
    "Words, or KQL such as author:megan filetype:docx",
    Text { min: 1, max: 1000, lines: false },
);
pub(crate) static TYPES: Param<Kinds, Optional> = optional("types", "Default: all permitted", Kinds);
pub(crate) static COUNT: Param<Integer, Otherwise> =
    defaulted("count", "Number of results", Integer { min: 1, max: 25 }, Otherwise::Number(10));

/// Results beyond this one are not given.
const LAST: u32 = 1000;

/// A kind of thing that can be searched for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entity {
    /// Graph's name for it.
    pub(super) name: &'static str,
    /// Only kinds of one group may be in one request.
    group: u8,
    scopes: &'static [Scope],
}

const fn entity(name: &'static str, group: u8, scopes: &'static [Scope]) -> Entity {
    Entity { name, group, scopes }
}

static ENTITIES: [Entity; 7] = [
    entity("message", 0, &[Scope::MailRead]),
    entity("event", 1, &[Scope::CalendarsRead]),
    entity("chatMessage", 2, &[Scope::ChatRead, Scope::ChannelMessageReadAll]),
    entity("driveItem", 3, &[Scope::FilesReadAll]),
    entity("listItem", 3, &[Scope::SitesReadAll]),
    entity("list", 3, &[Scope::SitesReadAll]),
    entity("site", 3, &[Scope::SitesReadAll]),
];
/// Permissions that kinds other than mail need.
pub(crate) const FURTHER: &[Scope] = &[
    Scope::CalendarsRead,
    Scope::ChatRead,
    Scope::ChannelMessageReadAll,
    Scope::FilesReadAll,
    Scope::SitesReadAll,
    Scope::MailboxSettingsRead,
];

/// Kinds to search for.
pub(crate) struct Kinds;

impl Kind for Kinds {
    type Value = Vec<&'static Entity>;

    fn describe(&self, schema: &mut Map<String, Value>) {
        let names: Vec<&str> = ENTITIES.iter().map(|entity| entity.name).collect();
        schema.insert("type".to_owned(), "array".into());
        schema.insert("items".to_owned(), json!({ "enum": names }));
    }

    fn allowed(&self) -> String {
        let names: Vec<String> = ENTITIES.iter().map(|entity| format!("`{}`", entity.name)).collect();
        format!("a list of {}", names.join(", "))
    }

    fn read(&self, given: &Value) -> Result<Vec<&'static Entity>, String> {
        let refused = || "something else".to_owned();
        let list = given.as_array().filter(|list| !list.is_empty()).ok_or_else(refused)?;
        let named = |entity: &&Entity| list.iter().any(|name| name.as_str() == Some(entity.name));
        let known = |name: &Value| ENTITIES.iter().any(|entity| name.as_str() == Some(entity.name));
        if list.iter().all(known) { Ok(ENTITIES.iter().filter(named).collect()) } else { Err(refused()) }
    }
}

pub(crate) fn search_m365(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let query = given.read(&QUERY);
    let types = given.read(&TYPES);
    let count = given.read(&COUNT);
    let zone = given.read(&TIME_ZONE);
    Some(Box::new(SearchM365 { query: query?, types: types?, count: count?, zone: zone? }))
}

struct SearchM365 {
    query: String,
    types: Option<Vec<&'static Entity>>,
    count: u32,
    zone: Option<Zone>,
}

#[derive(Deserialize)]
struct Answered {
    value: Vec<GraphResponse>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphResponse {
    hits_containers: Vec<GraphContainer>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphContainer {
    hits: Vec<GraphHit>,
    more_results_available: Option<bool>,
}

#[async_trait]
impl Invocation for SearchM365 {
    fn reach(&self) -> Reach {
        at("search")
    }

    fn scopes(&self, row: &'static ActionSpec) -> Vec<Scope> {
        let Some(types) = &self.types else { return row.scopes.to_vec() };
        let mut scopes: Vec<Scope> = types.iter().flat_map(|entity| entity.scopes).copied().collect();
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let zone = Zone::of(context, self.zone.as_ref()).await;
        let types = self.types.clone().unwrap_or_else(|| permitted(context.account));
        let groups = grouped(&types);
        let here =
            context.position.map_or_else(|| Position::at(PageStart::First, 0, context.now), Position::clone);
        let from = offset(here.page());
        let size = self.count.div_ceil(u32::try_from(groups.len().max(1)).unwrap_or(u32::MAX));
        let mut requests = Vec::with_capacity(groups.len());
        for group in &groups {
            requests.push(self.request(context, group, from, size)?);
        }
        let mut containers = Vec::with_capacity(groups.len());
        for answered in answers(context, requests).await? {
            containers.extend(answered.value.into_iter().flat_map(|response| response.hits_containers));
        }
        let more =
            containers.iter().any(|one| one.more_results_available == Some(true) && !one.hits.is_empty());
        let after = from.saturating_add(size);
        let next =
            (more && after < LAST).then(|| Position::at(PageStart::Skip(after.to_string()), 0, here.began()));
        let hits = dealt(containers.into_iter().map(|container| container.hits).collect());
        let dated = hits.into_iter().map(|hit| Dated::of(hit, &zone)).collect();
        let searched = names(types.iter().copied());
        let left_out = match names(ENTITIES.iter().filter(|entity| !types.contains(entity))) {
            left_out if self.types.is_none() && !left_out.is_empty() => {
                format!(" Not searched without further permissions: {left_out}; name them in `types`.")
            }
            _ => String::new(),
        };
        let head = |count: usize| {
            let ending = if count == 1 { "" } else { "s" };
            format!("{count} result{ending} in {searched}.{left_out} {}", zone.sentence())
        };
        let none = format!("Nothing found in {searched}.{left_out}");
        let wording = Wording {
            name: "hits",
            none: &none,
            head: &head,
            more: "There are more; narrow `query` or `types`.",
        };
        Ok(Found::from_page(dated, &here, next, more).answer::<Hit>(context, &wording))
    }
}

impl SearchM365 {
    fn request(
        &self,
        context: &Context<'_>,
        group: &[&'static Entity],
        from: u32,
        size: u32,
    ) -> Result<GraphRequest, ActionError> {
        let names: Vec<&str> = group.iter().map(|entity| entity.name).collect();
        let asked = json!({
            "entityTypes": names, "query": { "queryString": self.query }, "from": from, "size": size,
        });
        let mut request = context.graph.request(&[])?;
        request.body = Some(json!({ "requests": [asked] }).into());
        Ok(request)
    }
}

fn names<'a>(entities: impl Iterator<Item = &'a Entity>) -> String {
    entities.map(|entity| entity.name).collect::<Vec<_>>().join(", ")
}

/// Mail, and every other kind that this sign-in has the permissions for.
fn permitted(account: &Account) -> Vec<&'static Entity> {
    let may = |entity: &&Entity| {
        entity.group == 0
            || (account.granted.covers(entity.scopes) && account.microsoft_scopes.covers(entity.scopes))
    };
    ENTITIES.iter().filter(may).collect()
}

/// The kinds, each with those it may be searched for together.
fn grouped(types: &[&'static Entity]) -> Vec<Vec<&'static Entity>> {
    let mut groups: Vec<Vec<&'static Entity>> = Vec::new();
    for entity in types {
        match groups.iter_mut().find(|group| group.first().is_some_and(|first| first.group == entity.group)) {
            Some(group) => group.push(entity),
            None => groups.push(vec![entity]),
        }
    }
    groups
}

fn offset(page: &PageStart) -> u32 {
    match page {
        PageStart::Skip(offset) => offset.parse().unwrap_or_default(),
        PageStart::First | PageStart::SkipToken(_) => 0,
    }
}

/// What Graph says to each request, in their order.
async fn answers(context: &Context<'_>, requests: Vec<GraphRequest>) -> Result<Vec<Answered>, ActionError> {
    let mut answered = Vec::with_capacity(requests.len());
    if requests.len() == 1 {
        // Alone, it is repeated where Graph asks to wait.
        for request in requests {
            answered.push(context.graph.fetch(request).await?);
        }
        return Ok(answered);
    }
    for answer in context.graph.batch(requests).await? {
        let body = answer?.body;
        answered.push(serde_json::from_slice(&body).map_err(|_| context.graph.unreadable())?);
    }
    Ok(answered)
}

/// One of each in turn.
fn dealt<T>(piles: Vec<Vec<T>>) -> Vec<T> {
    let mut piles: Vec<_> = piles.into_iter().map(Vec::into_iter).collect();
    let mut dealt = Vec::new();
    loop {
        let before = dealt.len();
        dealt.extend(piles.iter_mut().filter_map(Iterator::next));
        if dealt.len() == before {
            return dealt;
        }
    }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
