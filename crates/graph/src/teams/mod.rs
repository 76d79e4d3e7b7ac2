//! Teams: teams, channels, chats, presence.
//!
//! Source: Graph `team`, `channel`, `chat`, `chatMessage` and `presence` resources.

pub(crate) mod channels;
pub(crate) mod chats;
pub(crate) mod create;
mod markup;
pub(crate) mod mention;
mod message;
pub(crate) mod messages;
pub(crate) mod presence;
mod readers;
pub(crate) mod send;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope, Sensitivity};

use crate::action::{Action, Output};
use crate::zone::{SETTINGS, TIME_ZONE};

/// Permissions that tell who reads a channel, and its names.
const CHANNEL_LOOK: &[Scope] =
    &[Scope::ChannelMemberReadAll, Scope::ChannelReadBasicAll, Scope::TeamReadBasicAll];

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 11] = [
    Action {
        spec: ActionSpec {
            name: "sendTeamsMessage",
            kind: ActionKind::Tool,
            title: "Send Teams message",
            summary: "Send Teams message",
            effect: Effect::Send,
            scopes: &[Scope::ChannelMessageSend],
            further_scopes: CHANNEL_LOOK,
            calls: &[
                Call::post(messages::POSTS),
                Call::get(readers::TEAM),
                Call::get(readers::CHANNEL),
                Call::get(readers::CHANNEL_MEMBERS),
            ],
            untrusted: false,
            sensitivity: &[],
            audit: AuditKind::ChannelSend,
        },
        paged: false,
        params: &[
            &channels::TEAM_ID,
            &channels::CHANNEL_ID,
            &mention::MESSAGE,
            &mention::MENTIONS,
            &send::SUBJECT,
        ],
        output: Output::One(&["id"]),
        parse: send::send_teams_message,
    },
    Action {
        spec: ActionSpec {
            name: "listTeams",
            kind: ActionKind::Tool,
            title: "List teams",
            summary: "Teams I am in",
            effect: Effect::Read,
            scopes: &[Scope::TeamReadBasicAll],
            further_scopes: &[],
            calls: &[Call::get("/me/joinedTeams")],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::TeamsRead,
        },
        paged: true,
        params: &[],
        output: Output::List { name: "teams", item: channels::TEAM_FIELDS },
        parse: |_| Some(Box::new(channels::ListTeams)),
    },
    Action {
        spec: ActionSpec {
            name: "listChannels",
            kind: ActionKind::Tool,
            title: "List channels",
            summary: "Channels of a team",
            effect: Effect::Read,
            scopes: &[Scope::ChannelReadBasicAll],
            further_scopes: &[],
            calls: &[Call::get("/teams/{team}/channels")],
            untrusted: true,
            sensitivity: &[Sensitivity::Place],
            audit: AuditKind::ChannelsRead,
        },
        paged: true,
        params: &[&channels::TEAM_ID],
        output: Output::List { name: "channels", item: channels::CHANNEL_FIELDS },
        parse: channels::list_channels,
    },
    Action {
        spec: ActionSpec {
            name: "getChannelMessages",
            kind: ActionKind::Tool,
            title: "Get channel messages",
            summary: "Recent posts of a Teams channel, or the replies to one",
            effect: Effect::Read,
            scopes: &[Scope::ChannelMessageReadAll],
            further_scopes: &[Scope::MailboxSettingsRead],
            calls: &[Call::get(messages::POSTS), Call::get(messages::REPLIES), Call::get(SETTINGS)],
            untrusted: true,
            sensitivity: &[Sensitivity::Place],
            audit: AuditKind::ChannelRead,
        },
        paged: true,
        params: &[&channels::TEAM_ID, &channels::CHANNEL_ID, &messages::THREAD, &messages::COUNT, &TIME_ZONE],
        output: Output::List { name: "messages", item: message::FIELDS },
        parse: messages::get_channel_messages,
    },
    Action {
        spec: ActionSpec {
            name: "replyToChannelMessage",
            kind: ActionKind::Tool,
            title: "Reply in Teams channel",
            summary: "Reply to a post in a Teams channel",
            effect: Effect::Send,
            scopes: &[Scope::ChannelMessageSend],
            further_scopes: CHANNEL_LOOK,
            calls: &[
                Call::post(messages::REPLIES),
                Call::get(readers::TEAM),
                Call::get(readers::CHANNEL),
                Call::get(readers::CHANNEL_MEMBERS),
            ],
            untrusted: false,
            sensitivity: &[],
            audit: AuditKind::ChannelSend,
        },
        paged: false,
        params: &[
            &channels::TEAM_ID,
            &channels::CHANNEL_ID,
            &send::POST_ID,
            &mention::MESSAGE,
            &mention::MENTIONS,
        ],
        output: Output::One(&["id"]),
        parse: send::reply_to_channel_message,
    },
    Action {
        spec: ActionSpec {
            name: "listChats",
            kind: ActionKind::Tool,
            title: "List chats",
            summary: "My Teams chats, newest first",
            effect: Effect::Read,
            scopes: &[Scope::ChatReadBasic],
            further_scopes: &[],
            calls: &[Call::get("/me/chats")],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::ChatRead,
        },
        paged: true,
        params: &[&chats::COUNT],
        output: Output::List { name: "chats", item: chats::FIELDS },
        parse: chats::list_chats,
    },
    Action {
        spec: ActionSpec {
            name: "getChatMessages",
            kind: ActionKind::Tool,
            title: "Get chat messages",
            summary: "Recent messages of a Teams chat",
            effect: Effect::Read,
            scopes: &[Scope::ChatRead],
            further_scopes: &[Scope::MailboxSettingsRead],
            calls: &[Call::get("/chats/{chat}/messages"), Call::get(SETTINGS)],
            untrusted: true,
            sensitivity: &[Sensitivity::Place],
            audit: AuditKind::ChatRead,
        },
        paged: true,
        params: &[&messages::CHAT_ID, &messages::COUNT, &TIME_ZONE],
        output: Output::List { name: "messages", item: message::FIELDS },
        parse: messages::get_chat_messages,
    },
    Action {
        spec: ActionSpec {
            name: "sendChatMessage",
            kind: ActionKind::Tool,
            title: "Send chat message",
            summary: "Write in a Teams chat",
            effect: Effect::Send,
            scopes: &[Scope::ChatMessageSend],
            further_scopes: &readers::CHAT_SCOPES,
            calls: &[
                Call::post("/chats/{chat}/messages"),
                Call::get(readers::CHAT),
                Call::get(readers::CHAT_MEMBERS),
            ],
            untrusted: false,
            sensitivity: &[],
            audit: AuditKind::ChatSend,
        },
        paged: false,
        params: &[&messages::CHAT_ID, &mention::MESSAGE, &mention::MENTIONS],
        output: Output::One(&["id"]),
        parse: send::send_chat_message,
    },
    Action {
        spec: ActionSpec {
            name: "createChat",
            kind: ActionKind::Tool,
            title: "Create chat",
            summary: "Open a Teams chat; with one other person, the chat there is",
            effect: Effect::Send,
            scopes: &[Scope::ChatCreate],
            further_scopes: &[Scope::UserReadBasicAll],
            calls: &[Call::post("/chats"), Call::get(presence::USER)],
            untrusted: false,
            sensitivity: &[],
            audit: AuditKind::ChatSend,
        },
        paged: false,
        params: &[&create::MEMBERS, &create::TOPIC],
        output: Output::One(&["id", "chatType"]),
        parse: create::create_chat,
    },
    Action {
        spec: ActionSpec {
            name: "getPresence",
            kind: ActionKind::Tool,
            title: "Get presence",
            summary: "Whether people are available",
            effect: Effect::Read,
            scopes: &[Scope::PresenceReadAll],
            further_scopes: &[Scope::UserReadBasicAll],
            calls: &[Call::query("/communications/getPresencesByUserId"), Call::get(presence::USER)],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::PresenceRead,
        },
        paged: false,
        params: &[&presence::PEOPLE],
        output: Output::List { name: "people", item: presence::FIELDS },
        parse: presence::get_presence,
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
            sensitivity: &[],
            audit: AuditKind::TeamsRead,
        },
        paged: false,
        params: &[],
        output: Output::List { name: "teams", item: channels::TEAM_FIELDS },
        parse: |_| Some(Box::new(channels::Teams)),
    },
];
