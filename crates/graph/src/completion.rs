//! What is suggested while a person fills in an argument of a prompt or of a URI template.
//!
//! Source: MCP, server features, completion: at most 100 values. Suggestions come from Graph, so each kind is a row of
//! the table. `joinedTeams` takes no query options; a mail folder's well-known name is not among its properties in v1.0,
//! so it is told by the display name of an English mailbox, and any other folder by its id.
//!
//! Invariants: a value holds its identifier whole, only the name before it is shortened; a value is never longer than an
//! argument of a prompt may be.

use async_trait::async_trait;
use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Reach, Scope};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::action::{Action, Answer, Context, Invocation, Output, at, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::lookup::find;
use crate::param::{Default as Otherwise, Identifier, Kind, Param, Required, Text, defaulted, required};
use crate::people::contacts;
use crate::prompt::{ARGUMENT_MAX, find_prompt};
use crate::shape::{self, Cleaner};
use crate::wire::{ADDRESS_MAX, Page};

/// What an argument belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reference<'a> {
    /// The prompt of that name.
    Prompt(&'a str),
    /// The URI template, as its row has it.
    Template(&'a str),
}

/// Variables of templates that can be completed: template, variable, row.
const TEMPLATE_VARIABLES: [(&str, &str, &str); 1] = [(contacts::URI, "id", "completion://person-ids")];

/// The row that completes this argument, where there is one. Its arguments are `value`, what was typed, and those of the
/// same prompt that it declares.
#[must_use]
pub fn find_completion(reference: Reference<'_>, argument: &str) -> Option<&'static Action> {
    let row = match reference {
        Reference::Prompt(name) => {
            find_prompt(name)?.arguments.iter().find(|one| one.name == argument)?.completion?
        }
        Reference::Template(template) => {
            let fits = |row: &&(&str, &str, &str)| row.0 == template && row.1 == argument;
            TEMPLATE_VARIABLES.iter().find(fits)?.2
        }
    };
    find(ActionKind::Completion, row)
}

pub(crate) static VALUE: Param<Text, Otherwise> = defaulted(
    "value",
    "What was typed so far",
    Text { min: 0, max: ARGUMENT_MAX, lines: false },
    Otherwise::Text(""),
);
pub(crate) static TEAM: Param<Named, Required> = required("team", "The team, as `Name (id)` or an id", Named);

/// Values of one answer.
const VALUES_MAX: usize = 100;
/// Characters of a value, as long as its identifier leaves room for a name.
const VALUE_MAX: usize = 100;
/// Characters of a name that are kept however long its identifier is.
const NAME_MIN: usize = 20;
/// Folders and people asked for.
const ASKED: usize = 100;
/// Display names of the folders that have well-known names.
const WELL_KNOWN: [(&str, &str); 8] = [
    ("Archive", "archive"),
    ("Conversation History", "conversationhistory"),
    ("Deleted Items", "deleteditems"),
    ("Drafts", "drafts"),
    ("Inbox", "inbox"),
    ("Junk Email", "junkemail"),
    ("Outbox", "outbox"),
    ("Sent Items", "sentitems"),
];

/// An identifier, alone or in parentheses behind a name.
pub(crate) struct Named;

impl Kind for Named {
    type Value = String;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
        schema.insert("maxLength".to_owned(), ARGUMENT_MAX.into());
    }

    fn allowed(&self) -> String {
        format!("{}; or a name with it behind in parentheses", Identifier.allowed())
    }

    fn read(&self, given: &Value) -> Result<String, String> {
        let behind_a_name = given
            .as_str()
            .filter(|text| text.chars().count() <= ARGUMENT_MAX)
            .and_then(|text| text.strip_suffix(')')?.rsplit_once(" ("))
            .and_then(|(_, identifier)| Identifier.read(&identifier.into()).ok());
        behind_a_name.map_or_else(|| Identifier.read(given), Ok)
    }
}

/// What is suggested, and another text it is found by.
struct Candidate {
    value: String,
    alias: String,
}

/// One item of the lists that are asked, with what any of them has.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Item {
    id: Option<String>,
    display_name: Option<String>,
    scored_email_addresses: Option<Vec<Scored>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scored {
    address: Option<String>,
}

/// Which list is asked, and how its items become values.
#[derive(Clone, Copy)]
enum List {
    Folders,
    Teams,
    Channels,
    People,
    PersonIds,
}

pub(crate) fn folders(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    suggest(List::Folders, given)
}

pub(crate) fn teams(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    suggest(List::Teams, given)
}

pub(crate) fn people_near(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    suggest(List::People, given)
}

pub(crate) fn person_ids(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    suggest(List::PersonIds, given)
}

fn suggest(list: List, given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let typed = given.read(&VALUE)?;
    Some(Box::new(Suggest { list, team: None, typed }))
}

pub(crate) fn channels(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let typed = given.read(&VALUE);
    let team = given.read(&TEAM);
    Some(Box::new(Suggest { list: List::Channels, team: Some(team?), typed: typed? }))
}

struct Suggest {
    list: List,
    team: Option<String>,
    typed: String,
}

#[async_trait]
impl Invocation for Suggest {
    fn reach(&self) -> Reach {
        match &self.team {
            Some(team) => at(format!("teams/{team}")),
            None => own(),
        }
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let segments: Vec<&str> = self.team.as_deref().into_iter().collect();
        let mut request = context.graph.request(&segments)?;
        request.query = self.list.options();
        let page: Page<Item> = context.graph.fetch(request).await?;
        let candidates = page.value.iter().filter_map(|item| self.list.candidate(item));
        Ok(Answer::json(matching(candidates, &self.typed, page.next_link.is_some())))
    }
}

impl List {
    fn options(self) -> Vec<(&'static str, String)> {
        let select = |names: &str| ("$select", names.to_owned());
        match self {
            Self::Folders => vec![("$top", ASKED.to_string()), select("id,displayName")],
            Self::Teams => Vec::new(),
            Self::Channels => vec![select("id,displayName")],
            Self::People | Self::PersonIds => {
                vec![("$top", ASKED.to_string()), select("id,displayName,scoredEmailAddresses")]
            }
        }
    }

    fn candidate(self, item: &Item) -> Option<Candidate> {
        let mut cleaner = Cleaner::default();
        let name = item.display_name.as_deref();
        let full_name = cleaner.line(name, ARGUMENT_MAX);
        let id = shape::id(item.id.as_deref());
        let candidate = match self {
            Self::Folders => {
                let known = WELL_KNOWN.iter().find(|(shown, _)| Some(*shown) == name);
                let value = known.map_or_else(
                    || with_name(name, &id, ["(", ")"]),
                    |(_, well_known)| (*well_known).to_owned(),
                );
                Candidate { value, alias: full_name }
            }
            Self::Teams | Self::Channels => {
                Candidate { value: with_name(name, &id, ["(", ")"]), alias: full_name }
            }
            Self::People => {
                let scored = item.scored_email_addresses.iter().flatten();
                let address = scored
                    .map(|scored| cleaner.line(scored.address.as_deref(), ADDRESS_MAX))
                    .find(|address| !address.is_empty())
                    .unwrap_or_default();
                Candidate { value: with_name(name, &address, ["<", ">"]), alias: address }
            }
            Self::PersonIds => Candidate { value: id, alias: full_name },
        };
        let length = candidate.value.chars().count();
        (1..=ARGUMENT_MAX).contains(&length).then_some(candidate)
    }
}

/// The name, shortened where the whole would be too long, and the identifier between marks. Empty without either.
fn with_name(name: Option<&str>, identifier: &str, [open, close]: [&str; 2]) -> String {
    let mut cleaner = Cleaner::default();
    let room = VALUE_MAX.saturating_sub(identifier.chars().count() + " ()".len()).max(NAME_MIN);
    // The line may end in an ellipsis, which is one character more.
    let name = cleaner.line(name, room - 1);
    match (name.as_str(), identifier) {
        ("", identifier) => identifier.to_owned(),
        (name, "") if open == "<" => name.to_owned(),
        (_, "") => String::new(),
        (name, identifier) => format!("{name} {open}{identifier}{close}"),
    }
}

/// What fits what was typed: that which begins with it, then that which holds it.
fn matching(candidates: impl Iterator<Item = Candidate>, typed: &str, unlisted: bool) -> Value {
    let typed = typed.trim().to_lowercase();
    let (mut first, mut second): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for Candidate { value, alias } in candidates {
        let texts = [value.to_lowercase(), alias.to_lowercase()];
        if texts.iter().any(|text| text.starts_with(&typed)) {
            first.push(value);
        } else if texts.iter().any(|text| text.contains(&typed)) {
            second.push(value);
        }
    }
    let total = first.len() + second.len();
    let values: Vec<String> = first.into_iter().chain(second).take(VALUES_MAX).collect();
    json!({ "hasMore": unlisted || total > values.len(), "total": total, "values": values })
}

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 5] = [
    Action {
        spec: ActionSpec {
            name: "completion://folders",
            kind: ActionKind::Completion,
            title: "Suggest folders",
            summary: "Suggests mail folders",
            effect: Effect::Read,
            scopes: &[Scope::MailRead],
            further_scopes: &[],
            calls: &[Call::get("/me/mailFolders")],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::MailRead,
        },
        paged: false,
        params: &[&VALUE],
        output: Output::One(&["values"]),
        parse: folders,
    },
    Action {
        spec: ActionSpec {
            name: "completion://teams",
            kind: ActionKind::Completion,
            title: "Suggest teams",
            summary: "Suggests teams the signed-in person is in",
            effect: Effect::Read,
            scopes: &[Scope::TeamReadBasicAll],
            further_scopes: &[],
            calls: &[Call::get("/me/joinedTeams")],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::TeamsRead,
        },
        paged: false,
        params: &[&VALUE],
        output: Output::One(&["values"]),
        parse: teams,
    },
    Action {
        spec: ActionSpec {
            name: "completion://channels",
            kind: ActionKind::Completion,
            title: "Suggest channels",
            summary: "Suggests channels of a team",
            effect: Effect::Read,
            scopes: &[Scope::ChannelReadBasicAll],
            further_scopes: &[],
            calls: &[Call::get("/teams/{team}/channels")],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::ChannelsRead,
        },
        paged: false,
        params: &[&VALUE, &TEAM],
        output: Output::One(&["values"]),
        parse: channels,
    },
    Action {
        spec: ActionSpec {
            name: "completion://people",
            kind: ActionKind::Completion,
            title: "Suggest people",
            summary: "Suggests people the signed-in person works with",
            effect: Effect::Read,
            scopes: &[Scope::PeopleRead],
            further_scopes: &[],
            calls: &[Call::get("/me/people")],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::PeopleRead,
        },
        paged: false,
        params: &[&VALUE],
        output: Output::One(&["values"]),
        parse: people_near,
    },
    Action {
        spec: ActionSpec {
            name: "completion://person-ids",
            kind: ActionKind::Completion,
            title: "Suggest ids of people",
            summary: "Suggests ids of people the signed-in person works with",
            effect: Effect::Read,
            scopes: &[Scope::PeopleRead],
            further_scopes: &[],
            calls: &[Call::get("/me/people")],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::PeopleRead,
        },
        paged: false,
        params: &[&VALUE],
        output: Output::One(&["values"]),
        parse: person_ids,
    },
];

#[cfg(test)]
#[path = "completion_tests.rs"]
mod tests;
