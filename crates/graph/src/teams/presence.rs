//! Whether people are available.
//!
//! Source: Graph, "getPresencesByUserId" (object ids only) and `presence` resource. Addresses become object ids by one
//! batch of reads of the directory, which needs a permission of its own.

use async_trait::async_trait;
use m365_ports::GraphRequest;
use m365_types::{ActionSpec, Email, Method, Reach, Scope};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::param::{Address, Identifier, Kind, Param, Required, required};
use crate::shape::{self, Cleaner, framed};
use crate::wire::NAME_MAX;

pub(crate) static PEOPLE: Param<People, Required> =
    required("people", "E-mail addresses or user ids", People);

/// Properties that everybody found has.
pub(super) const FIELDS: &[&str] = &["id", "availability", "activity"];
/// Path of somebody in the directory.
pub(super) const USER: &str = "/users/{user}";
/// As many as one batch takes.
const PEOPLE_MAX: usize = 20;
const STATUS_MAX: usize = 300;

/// Somebody as the arguments name them.
pub(crate) enum Named {
    Address(Email),
    Id(String),
}

/// A list of addresses and object ids.
pub(crate) struct People;

impl Kind for People {
    type Value = Vec<Named>;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "array".into());
        schema.insert("items".to_owned(), json!({ "type": "string" }));
    }

    fn allowed(&self) -> String {
        format!("a list of 1 to {PEOPLE_MAX} e-mail addresses or user ids")
    }

    fn read(&self, given: &Value) -> Result<Vec<Named>, String> {
        let list = given.as_array().filter(|list| (1..=PEOPLE_MAX).contains(&list.len()));
        let list = list.ok_or_else(|| "something else, none or more".to_owned())?;
        let named = |(index, entry): (usize, &Value)| {
            let is_address = entry.as_str().is_some_and(|text| text.contains('@'));
            let read = if is_address {
                Address.read(entry).map(Named::Address)
            } else {
                Identifier.read(entry).map(Named::Id)
            };
            read.map_err(|given| format!("as entry {} {given}", index + 1))
        };
        list.iter().enumerate().map(named).collect()
    }
}

pub(crate) fn get_presence(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let people = given.read(&PEOPLE)?;
    Some(Box::new(GetPresence { people }))
}

struct GetPresence {
    people: Vec<Named>,
}

/// Somebody whose object id is known.
struct Known {
    id: String,
    name: String,
    /// As the arguments named them.
    asked: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphUser {
    id: Option<String>,
    display_name: Option<String>,
}

#[derive(Deserialize)]
struct Presences {
    value: Vec<GraphPresence>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphPresence {
    id: Option<String>,
    availability: Option<String>,
    activity: Option<String>,
    status_message: Option<GraphStatus>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphStatus {
    message: Option<crate::wire::Body>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Presence {
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    id: String,
    availability: String,
    activity: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    status_message: String,
}

#[async_trait]
impl Invocation for GetPresence {
    fn reach(&self) -> Reach {
        own()
    }

    fn scopes(&self, row: &'static ActionSpec) -> Vec<Scope> {
        let looks_up = self.people.iter().any(|named| matches!(named, Named::Address(_)));
        if looks_up { row.all_scopes().collect() } else { row.scopes.to_vec() }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut cleaner = Cleaner::default();
        let (known, mut unknown) = self.look_up(context, &mut cleaner).await?;
        let mut found = Vec::new();
        if !known.is_empty() {
            let ids: Vec<&str> = known.iter().map(|one| one.id.as_str()).collect();
            let mut request = context.graph.request(&[])?;
            request.body = Some(json!({ "ids": ids }).into());
            found = context.graph.fetch::<Presences>(request).await?.value;
        }
        let mut people = Vec::new();
        for one in known {
            let given = found.iter().find(|given| given.id.as_deref() == Some(one.id.as_str()));
            match given {
                Some(given) => people.push(Presence::of(given, one, &mut cleaner)),
                None => unknown.push(one.asked),
            }
        }
        Ok(answer(context, &people, &unknown, &cleaner))
    }
}

impl GetPresence {
    /// Those whose object ids are known, each once, and those the directory does not know.
    async fn look_up(
        &self,
        context: &Context<'_>,
        cleaner: &mut Cleaner,
    ) -> Result<(Vec<Known>, Vec<String>), ActionError> {
        let mut found = self.ask(context).await?.into_iter();
        let (mut known, mut unknown): (Vec<Known>, Vec<String>) = (Vec::new(), Vec::new());
        for named in &self.people {
            let one = match named {
                Named::Id(id) => Some(Known { id: id.clone(), name: String::new(), asked: id.clone() }),
                Named::Address(address) => found.next().flatten().map(|user| Known {
                    id: shape::id(user.id.as_deref()),
                    name: cleaner.line(user.display_name.as_deref(), NAME_MAX),
                    asked: address.to_string(),
                }),
            };
            match (one, named) {
                (Some(one), _) if known.iter().any(|other| other.id.eq_ignore_ascii_case(&one.id)) => {}
                (Some(one), _) if !one.id.is_empty() => known.push(one),
                (_, Named::Address(address)) => unknown.push(address.to_string()),
                (_, Named::Id(id)) => unknown.push(id.clone()),
            }
        }
        Ok((known, unknown))
    }

    /// Asks the directory for everybody named by address, in their order.
    async fn ask(&self, context: &Context<'_>) -> Result<Vec<Option<GraphUser>>, ActionError> {
        let mut requests: Vec<GraphRequest> = Vec::new();
        for named in &self.people {
            if let Named::Address(address) = named {
                let mut request = context.graph.request_to(Method::Get, USER, None, &[address.as_str()])?;
                request.query = vec![("$select", "id,displayName".to_owned())];
                requests.push(request);
            }
        }
        if requests.is_empty() {
            return Ok(Vec::new());
        }
        let answers = context.graph.batch(requests).await?.into_iter();
        let user = |answered: Result<m365_ports::GraphAnswer, ActionError>| match answered {
            Ok(answer) => {
                serde_json::from_slice(&answer.body).map(Some).map_err(|_| context.graph.unreadable())
            }
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        };
        answers.map(user).collect()
    }
}

impl Presence {
    fn of(given: &GraphPresence, one: Known, cleaner: &mut Cleaner) -> Self {
        let status = given.status_message.as_ref().and_then(|status| status.message.as_ref());
        Self {
            name: one.name,
            id: one.id,
            availability: shape::id(given.availability.as_deref()),
            activity: shape::id(given.activity.as_deref()),
            status_message: cleaner.line(status.and_then(|status| status.content.as_deref()), STATUS_MAX),
        }
    }

    fn words(&self, number: usize) -> String {
        let name = if self.name.is_empty() { &self.id } else { &self.name };
        let mut parts = vec![self.availability.as_str()];
        if self.activity != self.availability {
            parts.push(&self.activity);
        }
        let status = match self.status_message.as_str() {
            "" => String::new(),
            status => format!("; status: {status}"),
        };
        format!("{number}. {name}: {}{status}", parts.join(", "))
    }
}

fn answer(context: &Context<'_>, people: &[Presence], unknown: &[String], cleaner: &Cleaner) -> Answer {
    let note = if unknown.is_empty() {
        String::new()
    } else {
        format!("Not known to the organisation: {}.", unknown.join(", "))
    };
    let text = if people.is_empty() {
        note
    } else {
        let lines: Vec<String> = people.iter().zip(1..).map(|(one, number)| one.words(number)).collect();
        let head = format!("Presence of {}. {note}", people.len());
        framed(context.request, head.trim_end(), &lines.join("\n"), cleaner)
    };
    let mut structured =
        json!({ "untrusted": true, "people": people, "hiddenCharactersRemoved": cleaner.hidden() });
    if let (false, Some(object)) = (unknown.is_empty(), structured.as_object_mut()) {
        object.insert("unknown".to_owned(), json!(unknown));
    }
    Answer::whole(text, structured)
}

#[cfg(test)]
#[path = "presence_tests.rs"]
mod tests;
