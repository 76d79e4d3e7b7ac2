//! The tools of events, invitations, free and busy times, rooms.

table! { "calendar_tools":
}
