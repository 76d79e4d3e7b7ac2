//! The tools of files, sites, lists and search.

table! { "file_tools":
}
