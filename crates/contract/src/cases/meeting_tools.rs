//! The tools of Teams meetings and transcripts.

table! { "meeting_tools":
}
