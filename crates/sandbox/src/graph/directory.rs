//! The directory: `GET /users`, one user, managers, direct reports, members of groups.
//!
//! Source: Graph's user and group resources, advanced queries, "Limited information returned for inaccessible member
//! objects". The people of the estate and the seeded staff are one directory. What a token may not read of others is
//! null: without a permission on people everything but type and id, with the basic one all but a basic set.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::directory_search::Search;
use super::errors::{GraphError, Workload};
use super::odata::next_link;
use super::people::DEFAULT_USER;
use super::seed::{self, directory::Entry};
use super::view::{Page, View};
use crate::estate::Estate;

const PAGE: usize = 100;
const MAX_TOP: usize = 999;
/// One of these shows everything of everybody.
const FULL: [&str; 4] =
    ["Directory.Read.All", "Directory.ReadWrite.All", "User.Read.All", "User.ReadWrite.All"];
const BASIC: &str = "User.ReadBasic.All";
/// What the basic permission shows of others.
const BASIC_PROPERTIES: [&str; 8] =
    ["displayName", "givenName", "id", "mail", "officeLocation", "surname", "userPrincipalName", "userType"];

static STAFF: LazyLock<Vec<Entry>> = LazyLock::new(seed::directory::users);

/// `GET /users`.
pub(super) fn users(call: &Call<'_>) -> Result<Answer, GraphError> {
    if call.person.guest {
        return Err(GraphError::missing_scope(Workload::Directory, &[], &[]));
    }
    let eventual = super::header(&call.request.headers, "consistencylevel")
        .is_some_and(|level| level.eq_ignore_ascii_case("eventual"));
    if call.options.search.is_some() && !eventual {
        return Err(GraphError::new(
            400,
            "Request_UnsupportedQuery",
            "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
        ));
    }
    let search = call.options.search.as_deref().map(Search::parse).transpose()?;
    let mut found = everybody(call.estate);
    found.retain(|entry| search.as_ref().is_none_or(|search| search.finds(&entry.fields)));
    // Without the header a count is silently left out.
    list(call, "users", &found, call.options.count && eventual)
}

/// `GET /users/{id}`.
pub(super) fn user(call: &Call<'_>) -> Result<Answer, GraphError> {
    let entry = find(call, call.id(0))?;
    if shown_as(call, &entry) == Rights::None {
        return Err(GraphError::missing_scope(Workload::Directory, &[], &[]));
    }
    Ok(one(call, &entry, "users"))
}

/// `GET /me/manager`.
pub(super) fn my_manager(call: &Call<'_>) -> Result<Answer, GraphError> {
    manager_of(call, &call.person.oid)
}

/// `GET /users/{id}/manager`.
pub(super) fn manager(call: &Call<'_>) -> Result<Answer, GraphError> {
    manager_of(call, call.id(0))
}

fn manager_of(call: &Call<'_>, of: &str) -> Result<Answer, GraphError> {
    let manager = find(call, of)?.manager;
    let manager = manager.ok_or_else(|| GraphError::not_found(Workload::Directory, "manager"))?;
    Ok(one(call, &find(call, &manager)?, "directoryObjects"))
}

/// `GET /me/directReports`.
pub(super) fn my_reports(call: &Call<'_>) -> Result<Answer, GraphError> {
    reports_of(call, &call.person.oid)
}

/// `GET /users/{id}/directReports`.
pub(super) fn reports(call: &Call<'_>) -> Result<Answer, GraphError> {
    reports_of(call, call.id(0))
}

fn reports_of(call: &Call<'_>, of: &str) -> Result<Answer, GraphError> {
    let lead = id_of(&find(call, of)?);
    let mut found = everybody(call.estate);
    found.retain(|entry| entry.manager.as_deref() == Some(&lead));
    list(call, "directoryObjects", &found, false)
}

/// `GET /groups/{id}/members`.
pub(super) fn members(call: &Call<'_>) -> Result<Answer, GraphError> {
    let wanted = call.id(0);
    if uuid::Uuid::try_parse(wanted).is_err() {
        let message = format!("Invalid object identifier '{wanted}'.");
        return Err(GraphError::new(400, "Request_BadRequest", message));
    }
    let groups = seed::directory::groups();
    let group = groups.into_iter().find(|group| group.id() == wanted);
    let group = group.ok_or_else(|| GraphError::not_found(Workload::Directory, wanted))?;
    let known: Vec<Entry> =
        everybody(call.estate).into_iter().chain(seed::directory::group_entries()).collect();
    let member = |id: &String| known.iter().find(|entry| id_of(entry) == *id).cloned();
    let members: Vec<Entry> = group.members.iter().filter_map(member).collect();
    list(call, "directoryObjects", &members, false)
}

/// The collections of the control interface that are of the whole tenant.
pub(super) fn collection(estate: &Estate, name: &str) -> Option<Vec<Value>> {
    match name {
        "users" => Some(everybody(estate).into_iter().map(|entry| Value::Object(entry.fields)).collect()),
        "groups" => {
            let shown = |group: &seed::directory::Group| json!({"id": group.id(), "displayName": group.name, "memberIds": group.members});
            Some(seed::directory::groups().iter().map(shown).collect())
        }
        _ => None,
    }
}

fn everybody(estate: &Estate) -> Vec<Entry> {
    let people = estate.people.all();
    let own = people.iter().map(|person| Entry {
        kind: "user",
        fields: seed::user(person),
        manager: person.manager.as_deref().and_then(|manager| id_of_address(estate, manager)),
    });
    own.chain(STAFF.iter().cloned()).collect()
}

fn id_of_address(estate: &Estate, address: &str) -> Option<String> {
    let of_staff = || {
        let text = |entry: &&Entry| entry.fields.get("mail").and_then(Value::as_str) == Some(address);
        STAFF.iter().find(text).map(id_of)
    };
    estate.people.find(address).map(|person| person.oid.clone()).or_else(of_staff)
}

fn id_of(entry: &Entry) -> String {
    entry.fields.get("id").and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The user with this object id, or user principal name in any letter case.
fn find(call: &Call<'_>, wanted: &str) -> Result<Entry, GraphError> {
    let is = |entry: &Entry, name: &str| {
        entry.fields.get(name).and_then(Value::as_str).is_some_and(|known| known.eq_ignore_ascii_case(wanted))
    };
    let mut everybody = everybody(call.estate).into_iter();
    let found = everybody.find(|entry| is(entry, "id") || is(entry, "userPrincipalName"));
    found.ok_or_else(|| GraphError::not_found(Workload::Directory, wanted))
}

/// How much of an entry a token may read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rights {
    None,
    Basic,
    Full,
}

fn shown_as(call: &Call<'_>, entry: &Entry) -> Rights {
    let holds = |scope: &str| call.claims.scopes.iter().any(|held| held == scope);
    if FULL.iter().any(|scope| holds(scope)) || id_of(entry) == call.person.oid {
        Rights::Full
    } else if holds(BASIC) || entry.kind == "group" {
        Rights::Basic
    } else {
        Rights::None
    }
}

/// The entry with nothing in it that the token may not read.
fn readable(call: &Call<'_>, entry: &Entry) -> Map<String, Value> {
    let rights = shown_as(call, entry);
    let shows = |name: &str| match rights {
        Rights::Full => true,
        Rights::Basic => BASIC_PROPERTIES.contains(&name),
        Rights::None => name == "id",
    };
    let fields = entry.fields.iter();
    fields
        .map(|(name, value)| (name.clone(), if shows(name) { value.clone() } else { Value::Null }))
        .collect()
}

fn view<'a>(fields: &'a Map<String, Value>, entry: &Entry, set: &str, select: &'a [String]) -> View<'a> {
    let view = View::new(fields, Some(select));
    // A set of one type does not say which.
    if set == "users" { view } else { view.always("@odata.type", format!("#microsoft.graph.{}", entry.kind)) }
}

fn one(call: &Call<'_>, entry: &Entry, set: &str) -> Answer {
    let default: Vec<String> = DEFAULT_USER.map(str::to_owned).to_vec();
    let fields = readable(call, entry);
    let select = call.select().unwrap_or(&default);
    Answer::json(200, &view(&fields, entry, set, select).context(context(call, set) + "/$entity"))
}

fn list(call: &Call<'_>, set: &str, found: &[Entry], count: bool) -> Result<Answer, GraphError> {
    if call.options.top.is_some_and(|top| top > MAX_TOP) {
        let message = format!("Invalid page size specified: must be between 1 and {MAX_TOP} inclusive.");
        return Err(GraphError::new(400, "Request_BadRequest", message));
    }
    let default: Vec<String> = DEFAULT_USER.map(str::to_owned).to_vec();
    let (range, next) = call.options.page(found.len(), PAGE);
    let page = found.get(range).unwrap_or_default();
    let fields: Vec<_> = page.iter().map(|entry| readable(call, entry)).collect();
    let select = call.select().unwrap_or(&default);
    let list = Page {
        context: context(call, set),
        count: (count && call.options.skip == 0).then_some(found.len()),
        value: fields.iter().zip(page).map(|(fields, entry)| view(fields, entry, set, select)).collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skiptoken", at)),
    };
    Ok(Answer::json(200, &list))
}

fn context(call: &Call<'_>, set: &str) -> String {
    let select = call.select().map(|names| format!("({})", names.join(","))).unwrap_or_default();
    format!("https://graph.microsoft.com/v1.0/$metadata#{set}{select}")
}
