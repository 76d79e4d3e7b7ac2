//! Teams: a post to a channel, the list of teams.
//!
//! Source: Graph `chatMessage` and `team` resources. A post has no idempotency key. `joinedTeams` takes no query
//! options and gives id, name and description only.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::action::{Answer, Context, Invocation, at, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::param::{Identifier, Param, Required, Text, required};
use crate::shape::{self, Cleaner, outgoing};
use crate::wire::{NAME_MAX, Page};

pub(crate) static TEAM_ID: Param<Identifier, Required> = required("teamId", "Team ID", Identifier);
pub(crate) static CHANNEL_ID: Param<Identifier, Required> = required("channelId", "Channel ID", Identifier);
pub(crate) static MESSAGE: Param<Text, Required> =
    required("message", "Message content, as plain text", Text { min: 1, max: 20_000, lines: true });

const DESCRIPTION_MAX: usize = 500;

pub(crate) fn send_teams_message(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let team = given.read(&TEAM_ID);
    let channel = given.read(&CHANNEL_ID);
    let message = given.read(&MESSAGE);
    Some(Box::new(SendTeamsMessage { team: team?, channel: channel?, message: message? }))
}

struct SendTeamsMessage {
    team: String,
    channel: String,
    message: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Posted {
    id: Option<String>,
    web_url: Option<String>,
}

#[async_trait]
impl Invocation for SendTeamsMessage {
    fn reach(&self) -> Reach {
        at(format!("teams/{}/channels/{}", self.team, self.channel))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[&self.team, &self.channel])?;
        request.body = Some(
            json!({ "body": { "contentType": "html", "content": outgoing::escaped(&self.message) } }).into(),
        );
        let posted: Posted = context.graph.fetch(request).await?;
        let id = shape::id(posted.id.as_deref());
        let link = shape::link(posted.web_url.as_deref());
        let text = match &link {
            Some(link) => format!("Teams message sent\nSee {link}"),
            None => "Teams message sent".to_owned(),
        };
        let mut structured = json!({ "id": id });
        if let (Some(link), Some(object)) = (link, structured.as_object_mut()) {
            object.insert("webUrl".to_owned(), link.into());
        }
        Ok(Answer::whole(text, structured))
    }
}

pub(crate) struct Teams;

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

#[async_trait]
impl Invocation for Teams {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let request = context.graph.request(&[])?;
        let page: Page<GraphTeam> = context.graph.fetch(request).await?;
        let mut cleaner = Cleaner::default();
        let mut team = |given: &GraphTeam| Team {
            id: shape::id(given.id.as_deref()),
            display_name: cleaner.line(given.display_name.as_deref(), NAME_MAX),
            description: cleaner.line(given.description.as_deref(), DESCRIPTION_MAX),
        };
        let teams: Vec<Team> = page.value.iter().map(&mut team).collect();
        let structured = json!({
            "untrusted": true, "teams": teams, "more": page.next_link.is_some(),
            "hiddenCharactersRemoved": cleaner.hidden(),
        });
        Ok(Answer::json(structured))
    }
}

#[cfg(test)]
#[path = "channels_tests.rs"]
mod tests;
