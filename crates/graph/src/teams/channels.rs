//! Teams and their channels.
//!
//! Source: Graph `team` and `channel` resources. `joinedTeams` takes no query options and gives id, name and description
//! only; the list of channels takes `$select`, and spares costly properties by it.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, at, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::param::{Identifier, Param, Required, required};
use crate::shape::{self, Cleaner};
use crate::wire::{NAME_MAX, Page};

pub(crate) static TEAM_ID: Param<Identifier, Required> = required("teamId", "Team ID", Identifier);
pub(crate) static CHANNEL_ID: Param<Identifier, Required> = required("channelId", "Channel ID", Identifier);

/// Properties that every team has.
pub(super) const TEAM_FIELDS: &[&str] = &["id", "displayName", "description"];
/// Properties that every channel has.
pub(super) const CHANNEL_FIELDS: &[&str] = &["id", "displayName", "membershipType"];
const CHANNELS_SELECT: &str = "id,displayName,description,membershipType,webUrl";
const DESCRIPTION_MAX: usize = 500;
/// Neither list says how long its pages are.
const WHOLE: Bounds = Bounds { pages: 5, items: 1000, linked: true };

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphTeam {
    id: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Team {
    id: String,
    display_name: String,
    description: String,
}

impl Listed for Team {
    type Given = GraphTeam;

    fn of(given: &GraphTeam, cleaner: &mut Cleaner) -> Self {
        Self {
            id: shape::id(given.id.as_deref()),
            display_name: cleaner.line(given.display_name.as_deref(), NAME_MAX),
            description: cleaner.line(given.description.as_deref(), DESCRIPTION_MAX),
        }
    }

    fn words(&self, number: usize) -> String {
        named(number, &self.display_name, "", &self.description, &self.id)
    }
}

/// The teams as a resource gives them.
pub(crate) struct Teams;

#[async_trait]
impl Invocation for Teams {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let request = context.graph.request(&[])?;
        let page: Page<GraphTeam> = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let teams: Vec<Team> = page.value.iter().map(|given| Team::of(given, &mut cleaner)).collect();
        let structured = json!({
            "untrusted": true, "teams": teams, "more": page.next_link.is_some(),
            "hiddenCharactersRemoved": cleaner.hidden(),
        });
        Ok(Answer::json(structured))
    }
}

/// The teams as a list.
pub(crate) struct ListTeams;

#[async_trait]
impl Invocation for ListTeams {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let request = context.graph.request(&[])?;
        let teams = gather::<GraphTeam>(context, &request, WHOLE).await?;
        let wording =
            Wording { name: "teams", none: "No teams.", head: &counted("team"), more: "There are more." };
        Ok(teams.answer::<Team>(context, &wording))
    }
}

pub(crate) fn list_channels(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let team = given.read(&TEAM_ID)?;
    Some(Box::new(ListChannels { team }))
}

struct ListChannels {
    team: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphChannel {
    id: Option<String>,
    display_name: Option<String>,
    description: Option<String>,
    membership_type: Option<String>,
    web_url: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Channel {
    id: String,
    display_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    membership_type: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    web_url: Option<String>,
}

impl Listed for Channel {
    type Given = GraphChannel;

    fn of(given: &GraphChannel, cleaner: &mut Cleaner) -> Self {
        Self {
            id: shape::id(given.id.as_deref()),
            display_name: cleaner.line(given.display_name.as_deref(), NAME_MAX),
            description: cleaner.line(given.description.as_deref(), DESCRIPTION_MAX),
            membership_type: shape::id(given.membership_type.as_deref()),
            web_url: shape::link(given.web_url.as_deref()),
        }
    }

    fn words(&self, number: usize) -> String {
        let kind = if self.membership_type == "standard" { "" } else { &self.membership_type };
        named(number, &self.display_name, kind, &self.description, &self.id)
    }
}

#[async_trait]
impl Invocation for ListChannels {
    fn reach(&self) -> Reach {
        at(format!("teams/{}", self.team))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.team])?;
        request.query = vec![("$select", CHANNELS_SELECT.to_owned())];
        let channels = gather::<GraphChannel>(context, &request, WHOLE).await?;
        let head = counted("channel");
        let wording =
            Wording { name: "channels", none: "No channels.", head: &head, more: "There are more." };
        Ok(channels.answer::<Channel>(context, &wording))
    }
}

/// The line of something with a name: what it is about behind it, its id below.
fn named(number: usize, name: &str, kind: &str, about: &str, id: &str) -> String {
    let name = if name.is_empty() { "(no name)" } else { name };
    let kind = if kind.is_empty() { String::new() } else { format!(" ({kind})") };
    let about = if about.is_empty() { String::new() } else { format!(": {about}") };
    format!("{number}. {name}{kind}{about}\n   id {id}")
}

fn counted(what: &'static str) -> impl Fn(usize) -> String {
    move |count| format!("{count} {what}{}.", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
#[path = "channels_tests.rs"]
mod tests;
