//! The tools of people of the organisation.

table! { "directory_tools":
}
