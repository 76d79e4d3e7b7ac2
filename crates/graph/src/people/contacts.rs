//! The people somebody works with.
//!
//! Source: Graph `person` resource. Addresses stand in `scoredEmailAddresses`, which has no names: the name is the
//! person's. Phone types come in either letter case. `$search` takes the same quoting as mail.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, own, untrusted};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::odata::search_phrase;
use crate::paging::Position;
use crate::param::{
    Default as Otherwise, Identifier, Integer, Optional, Param, Required, Text, defaulted, optional, required,
};
use crate::shape::{self, Cleaner};
use crate::wire::{ADDRESS_MAX, NAME_MAX};

pub(crate) static COUNT: Param<Integer, Otherwise> =
    defaulted("count", "Number of contacts", Integer { min: 1, max: 100 }, Otherwise::Number(50));
pub(crate) static SEARCH: Param<Text, Optional> =
    optional("search", "Search term", Text { min: 1, max: 250, lines: false });

pub(crate) static ID: Param<Identifier, Required> =
    required("id", "The person's id, as getContacts gives it", Identifier);

/// Properties that everybody has.
pub(crate) const FIELDS: &[&str] = &["id", "name", "addresses"];
/// Name of the row of one person.
pub(crate) const URI: &str = "microsoft://people/{id}";
const SELECT: &str =
    "id,displayName,scoredEmailAddresses,phones,jobTitle,department,userPrincipalName,personType";
const PHONE_MAX: usize = 60;
/// The most people that Graph gives at once.
const ASKED_MAX: usize = 1000;
/// Addresses and phones of one person; the most relevant come first.
const SHOWN_MAX: usize = 20;

pub(crate) fn get_contacts(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let count = given.read(&COUNT);
    let search = given.read(&SEARCH);
    Some(Box::new(GetContacts { count: count?, search: search? }))
}

struct GetContacts {
    count: u32,
    search: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphPerson {
    id: Option<String>,
    display_name: Option<String>,
    scored_email_addresses: Option<Vec<GraphAddress>>,
    phones: Option<Vec<GraphPhone>>,
    job_title: Option<String>,
    department: Option<String>,
    user_principal_name: Option<String>,
    person_type: Option<GraphPersonType>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphAddress {
    address: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphPhone {
    r#type: Option<String>,
    number: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphPersonType {
    class: Option<String>,
    subclass: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Contact {
    id: String,
    name: String,
    addresses: Vec<String>,
    phones: Vec<Phone>,
    job_title: String,
    department: String,
    user_principal_name: String,
    class: String,
    subclass: String,
}

#[derive(Serialize)]
struct Phone {
    r#type: String,
    number: String,
}

#[async_trait]
impl Invocation for GetContacts {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        // Graph neither skips people nor says where their list goes on.
        let shown = context.position.map_or(0, Position::shown);
        let asked = shown.saturating_add(self.count as usize).min(ASKED_MAX);
        request.query = vec![("$top", asked.to_string()), ("$select", SELECT.to_owned())];
        if let Some(search) = &self.search {
            request.query.push(("$search", search_phrase(search)));
        }
        let bounds = Bounds { pages: 1, items: self.count as usize, linked: false };
        let people = gather::<GraphPerson>(context, &request, bounds).await?;
        let head = |count: usize| match count {
            1 => "1 person, most relevant first.".to_owned(),
            count => format!("{count} people, most relevant first."),
        };
        let wording = Wording {
            name: "contacts",
            none: "Nobody found.",
            head: &head,
            more: "There are more; raise `count` for up to 100, or use `search`.",
        };
        Ok(people.answer::<Contact>(context, &wording))
    }
}

impl Listed for Contact {
    type Given = GraphPerson;

    fn of(given: &GraphPerson, cleaner: &mut Cleaner) -> Self {
        let addresses = given.scored_email_addresses.iter().flatten();
        let phones = given.phones.iter().flatten();
        let kind = given.person_type.as_ref();
        Self {
            id: shape::id(given.id.as_deref()),
            name: cleaner.line(given.display_name.as_deref(), NAME_MAX),
            addresses: addresses
                .map(|scored| cleaner.line(scored.address.as_deref(), ADDRESS_MAX))
                .filter(|address| !address.is_empty())
                .take(SHOWN_MAX)
                .collect(),
            phones: phones
                .map(|phone| Phone::of(phone, cleaner))
                .filter(|phone| !phone.number.is_empty())
                .take(SHOWN_MAX)
                .collect(),
            job_title: cleaner.line(given.job_title.as_deref(), NAME_MAX),
            department: cleaner.line(given.department.as_deref(), NAME_MAX),
            user_principal_name: cleaner.line(given.user_principal_name.as_deref(), ADDRESS_MAX),
            class: shape::id(kind.and_then(|kind| kind.class.as_deref())),
            subclass: shape::id(kind.and_then(|kind| kind.subclass.as_deref())),
        }
    }

    fn words(&self, number: usize) -> String {
        let name = if self.name.is_empty() { "(no name)" } else { &self.name };
        let phones: Vec<String> =
            self.phones.iter().map(|phone| format!("{} {}", phone.r#type, phone.number)).collect();
        let parts =
            [self.addresses.join(", "), self.job_title.clone(), self.department.clone(), phones.join(", ")];
        let known: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let line = if known.is_empty() { String::new() } else { format!(": {}", known.join("; ")) };
        format!("{number}. {name}{line}")
    }
}

impl Phone {
    fn of(given: &GraphPhone, cleaner: &mut Cleaner) -> Self {
        let mut kind = shape::id(given.r#type.as_deref());
        if let Some(first) = kind.get_mut(..1) {
            first.make_ascii_lowercase();
        }
        Self { r#type: kind, number: cleaner.line(given.number.as_deref(), PHONE_MAX) }
    }
}

pub(crate) fn read_person(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let id = given.read(&ID)?;
    Some(Box::new(ReadPerson { id }))
}

struct ReadPerson {
    id: String,
}

#[async_trait]
impl Invocation for ReadPerson {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.id])?;
        request.query = vec![("$select", SELECT.to_owned())];
        let given: GraphPerson = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let contact = json!(Contact::of(&given, &mut cleaner));
        Ok(Answer::json(untrusted(contact, &cleaner)))
    }
}

#[cfg(test)]
#[path = "contacts_tests.rs"]
mod tests;
