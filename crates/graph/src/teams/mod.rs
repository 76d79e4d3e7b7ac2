//! Teams: teams, channels, chats, presence.
//!
//! Source: Graph `team`, `channel`, `chat`, `chatMessage` and `presence` resources.

pub(crate) mod channels;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 2] = [
    Action {
        spec: ActionSpec {
            name: "sendTeamsMessage",
            kind: ActionKind::Tool,
            title: "Send Teams message",
            summary: "Send Teams message",
            effect: Effect::Send,
            scopes: &[Scope::ChannelMessageSend],
            further_scopes: &[],
            calls: &[Call::post("/teams/{team}/channels/{channel}/messages")],
            untrusted: false,
            audit: AuditKind::ChannelSend,
        },
        paged: false,
        params: &[&channels::TEAM_ID, &channels::CHANNEL_ID, &channels::MESSAGE],
        output: Output::One(&["id"]),
        parse: channels::send_teams_message,
    },
    Action {
        spec: ActionSpec {
            name: "microsoft://teams",
            kind: ActionKind::Resource,
            title: "Teams",
            summary: "The teams the signed-in person is in",
            effect: Effect::Read,
            scopes: &[Scope::TeamReadBasicAll],
            further_scopes: &[],
            calls: &[Call::get("/me/joinedTeams")],
            untrusted: true,
            audit: AuditKind::TeamsRead,
        },
        paged: false,
        params: &[],
        output: Output::List { name: "teams", item: &["id", "displayName", "description"] },
        parse: |_| Some(Box::new(channels::Teams)),
    },
];
