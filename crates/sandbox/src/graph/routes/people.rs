//! The rows of people, users and groups.

use super::super::errors::Workload;
use super::super::people;
use super::{Route, row};

const PEOPLE_READ: &[&str] = &["People.Read", "People.Read.All"];
const LIST: &[&str] = &["top", "skip", "select", "orderby", "filter", "count"];
const SELECT: &[&str] = &["select"];

pub(super) static ROWS: [Route; 4] = [
    row(
        "GET",
        "/me",
        people::me,
        Workload::Directory,
        "user",
        SELECT,
        &["User.Read", "User.ReadWrite", "User.Read.All", "User.ReadBasic.All"],
    ),
    row(
        "GET",
        "/me/contacts",
        people::contacts,
        Workload::Exchange,
        "contact",
        LIST,
        &["Contacts.Read", "Contacts.ReadWrite"],
    )
    .or_mailbox(),
    row(
        "GET",
        "/me/people",
        people::people,
        Workload::Exchange,
        "person",
        &["top", "select", "search", "filter", "orderby"],
        PEOPLE_READ,
    ),
    row("GET", "/me/people/{id}", people::person, Workload::Exchange, "person", SELECT, PEOPLE_READ),
];
