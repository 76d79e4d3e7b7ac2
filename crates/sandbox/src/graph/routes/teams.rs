//! The rows of teams, channels, chats, presence.

use super::super::errors::Workload;
use super::super::teams;
use super::{Route, row};

pub(super) static ROWS: [Route; 4] = [
    row(
        "GET",
        "/me/joinedTeams",
        teams::joined,
        Workload::Teams,
        "team",
        &[],
        &[
            "Team.ReadBasic.All",
            "User.Read.All",
            "Directory.Read.All",
            "TeamSettings.ReadWrite.All",
            "User.ReadWrite.All",
            "Directory.ReadWrite.All",
            "TeamSettings.Read.All",
        ],
    ),
    row(
        "GET",
        "/teams/{id}/channels",
        teams::channels,
        Workload::Teams,
        "channel",
        &["select", "filter"],
        &[
            "Channel.ReadBasic.All",
            "Group.Read.All",
            "Directory.Read.All",
            "ChannelSettings.Read.All",
            "ChannelSettings.ReadWrite.All",
            "Group.ReadWrite.All",
            "Directory.ReadWrite.All",
        ],
    ),
    row(
        "GET",
        "/teams/{id}/channels/{id}/messages",
        teams::messages,
        Workload::Teams,
        "chatMessage",
        &["top", "skiptoken"],
        &["ChannelMessage.Read.All"],
    ),
    row(
        "POST",
        "/teams/{id}/channels/{id}/messages",
        teams::post,
        Workload::Teams,
        "chatMessage",
        &[],
        &["ChannelMessage.Send"],
    ),
];
