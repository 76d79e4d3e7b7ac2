//! The directory: people found by name, and one of them by id or user principal name.
//!
//! Source: Graph `user` resource; its `$search` needs `ConsistencyLevel: eventual`, compares whole words of a name and
//! their beginnings, and in an address the beginning alone. Names are written by the directory's administrators and by
//! guests, so they count as text of others. Where a sign-in may not read people, relations show ids without names.

use async_trait::async_trait;
use m365_ports::GraphHeader;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::action::{Answer, Context, Invocation, at, untrusted};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::odata::directory_search;
use crate::param::{
    Default as Otherwise, Integer, Kind, Optional, Param, Required, Text, defaulted, optional, required,
};
use crate::shape::{self, Cleaner, framed};
use crate::wire::{ADDRESS_MAX, NAME_MAX};

pub(crate) static QUERY: Param<Text, Required> =
    required("query", "Words of a name, or how an address begins", Text { min: 1, max: 120, lines: false });
pub(crate) static COUNT: Param<Integer, Otherwise> =
    defaulted("count", "How many", Integer { min: 1, max: 50 }, Otherwise::Number(10));
pub(crate) static USER: Param<UserKey, Required> = required("user", "Id or user principal name", UserKey);
pub(crate) static ANOTHER: Param<UserKey, Optional> =
    optional("user", "Id or user principal name; default: the person", UserKey);

/// Properties that everybody has.
pub(crate) const FIELDS: &[&str] = &["id", "name"];
const SELECT: &str = "id,displayName,mail,userPrincipalName";
const ONE_SELECT: &str = "id,displayName,mail,userPrincipalName,officeLocation";
const SEARCHED: &[&str] = &["displayName", "mail"];
const NONE: &str = "Nobody found. The directory compares whole words of a name and how they begin, and how an address begins, \
     never the middle of a word: search for a first or last name.";
const NAMELESS: &str = "\nNames are missing where this sign-in may not read people: the permission User.ReadBasic.All shows them.";

/// Longest user principal name, in bytes.
const KEY_MAX: usize = 254;

/// Whom the directory knows by this: an object id, or a user principal name. Guests have `#EXT#` in theirs, and people
/// an apostrophe; neither stands in other identifiers.
pub(crate) struct UserKey;

impl Kind for UserKey {
    type Value = String;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        "an id or user principal name as searchUsers gives it, not a name".to_owned()
    }

    fn read(&self, given: &Value) -> Result<String, String> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.+'!#^~@".contains(&b);
        let fits = |text: &&str| {
            (1..=KEY_MAX).contains(&text.len())
                && text.bytes().all(plain)
                && *text != "."
                && !text.contains("..")
        };
        given.as_str().filter(fits).map(str::to_owned).ok_or_else(|| "something else".to_owned())
    }
}

/// Graph's `user`, or another member of a group.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct GraphUser {
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
    id: Option<String>,
    display_name: Option<String>,
    mail: Option<String>,
    user_principal_name: Option<String>,
    job_title: Option<String>,
    office_location: Option<String>,
    user_type: Option<String>,
}

/// Somebody, or something, in the directory.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    id: String,
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    mail: String,
    /// Where it is not the mail address.
    #[serde(rename = "userPrincipalName", skip_serializing_if = "String::is_empty")]
    principal_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    job_title: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    office: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    guest: bool,
    /// What it is, where it is no person: `group`, `device`.
    #[serde(skip_serializing_if = "String::is_empty")]
    kind: String,
}

impl User {
    /// Name, address and what else is known, in one line.
    pub(crate) fn words(&self) -> String {
        let name = if self.name.is_empty() { "(no name shown)" } else { &self.name };
        let address = [&self.mail, &self.principal_name].into_iter().find(|text| !text.is_empty());
        let address = address.map_or_else(String::new, |address| format!(" <{address}>"));
        let known =
            [format!("{name}{address}"), self.kind.clone(), self.job_title.clone(), self.office.clone()];
        let mut known: Vec<String> = known.into_iter().filter(|part| !part.is_empty()).collect();
        known.extend(self.guest.then(|| "guest".to_owned()));
        format!("{}\n   id {}", known.join(", "), self.id)
    }
}

impl Listed for User {
    type Given = GraphUser;

    fn of(given: &GraphUser, cleaner: &mut Cleaner) -> Self {
        let mail = cleaner.line(given.mail.as_deref(), ADDRESS_MAX);
        let principal = cleaner.line(given.user_principal_name.as_deref(), ADDRESS_MAX);
        let kind = shape::id(given.kind.as_deref());
        let kind = kind.strip_prefix("#microsoft.graph.").unwrap_or_default();
        Self {
            id: shape::id(given.id.as_deref()),
            name: cleaner.line(given.display_name.as_deref(), NAME_MAX),
            principal_name: if principal.eq_ignore_ascii_case(&mail) { String::new() } else { principal },
            mail,
            job_title: cleaner.line(given.job_title.as_deref(), NAME_MAX),
            office: cleaner.line(given.office_location.as_deref(), NAME_MAX),
            guest: given.user_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("guest")),
            kind: if kind == "user" { String::new() } else { kind.to_owned() },
        }
    }

    fn words(&self, number: usize) -> String {
        format!("{number}. {}", Self::words(self))
    }
}

/// Says why names are missing, where some are.
pub(crate) fn with_note(mut answer: Answer, list: &str) -> Answer {
    let mut people = answer.structured.get(list).and_then(Value::as_array).into_iter().flatten();
    if people.any(|one| one.get("name").and_then(Value::as_str) == Some("")) {
        answer.text.push_str(NAMELESS);
    }
    answer
}

pub(crate) fn search_users(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let query = given.read(&QUERY);
    let count = given.read(&COUNT);
    let query = query?;
    if !query.chars().any(char::is_alphanumeric) {
        given.refuse("query", "must hold a letter or a digit");
    }
    Some(Box::new(SearchUsers { query, count: count? }))
}

struct SearchUsers {
    query: String,
    count: u32,
}

#[async_trait]
impl Invocation for SearchUsers {
    fn reach(&self) -> Reach {
        at("users")
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.headers = vec![GraphHeader::ConsistencyLevelEventual];
        request.query = vec![
            ("$search", directory_search(&self.query, SEARCHED)),
            ("$count", "true".to_owned()),
            ("$top", self.count.to_string()),
            ("$select", SELECT.to_owned()),
        ];
        let bounds = Bounds { pages: 1, items: self.count as usize, linked: true };
        let users = gather::<GraphUser>(context, &request, bounds).await?;
        let head = |count: usize| match count {
            1 => "1 person.".to_owned(),
            count => format!("{count} people."),
        };
        let wording = Wording {
            name: "users",
            none: NONE,
            head: &head,
            more: "There are more; search for more words of the name.",
        };
        Ok(users.answer::<User>(context, &wording))
    }
}

pub(crate) fn get_user(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let user = given.read(&USER)?;
    Some(Box::new(GetUser { user }))
}

struct GetUser {
    user: String,
}

#[async_trait]
impl Invocation for GetUser {
    fn reach(&self) -> Reach {
        at(format!("users/{}", self.user))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.user])?;
        request.query = vec![("$select", ONE_SELECT.to_owned())];
        let given: GraphUser = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let user = User::of(&given, &mut cleaner);
        let text = framed(context.request, "1 person.", &user.words(), &cleaner);
        Ok(Answer::whole(text, untrusted(json!(user), &cleaner)))
    }
}

#[cfg(test)]
#[path = "directory_tests.rs"]
mod tests;
