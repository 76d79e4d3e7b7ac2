//! The tools of teams, channels, chats and presence.

table! { "team_tools":
}
