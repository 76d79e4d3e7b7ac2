//! The rows of people, users and groups.

use super::super::errors::Workload;
use super::super::{directory, people};
use super::{Route, row};

const PEOPLE_READ: &[&str] = &["People.Read", "People.Read.All"];
const LIST: &[&str] = &["top", "skip", "select", "orderby", "filter", "count"];
const SELECT: &[&str] = &["select"];
const RELATED: &[&str] = &["top", "select", "skiptoken"];
const USERS_READ: &[&str] = &[
    "User.ReadBasic.All",
    "User.Read.All",
    "Directory.Read.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
const USER_READ: &[&str] = &[
    "User.ReadBasic.All",
    "User.Read",
    "User.ReadWrite",
    "User.Read.All",
    "Directory.Read.All",
    "User.ReadWrite.All",
    "Directory.ReadWrite.All",
];
/// The person's own manager needs it as well.
const MANAGER_READ: &[&str] =
    &["User.Read.All", "Directory.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];
const REPORTS_READ: &[&str] =
    &["User.Read", "User.Read.All", "Directory.Read.All", "User.ReadWrite.All", "Directory.ReadWrite.All"];
const MEMBERS_READ: &[&str] = &[
    "GroupMember.ReadBasic.All",
    "Group.ReadBasic.All",
    "Group.Read.All",
    "Directory.Read.All",
    "GroupMember.Read.All",
    "Group.ReadWrite.All",
    "GroupMember.ReadWrite.All",
];

pub(super) static ROWS: [Route; 11] = [
    row(
        "GET",
        "/me",
        |call| Ok(people::me(call)),
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
    row(
        "GET",
        "/users",
        directory::users,
        Workload::Directory,
        "user",
        &["top", "select", "search", "count", "skiptoken"],
        USERS_READ,
    ),
    row("GET", "/users/{id}", directory::user, Workload::Directory, "user", SELECT, USER_READ),
    row("GET", "/me/manager", directory::my_manager, Workload::Directory, "user", SELECT, MANAGER_READ),
    row("GET", "/users/{id}/manager", directory::manager, Workload::Directory, "user", SELECT, MANAGER_READ),
    row(
        "GET",
        "/me/directReports",
        directory::my_reports,
        Workload::Directory,
        "user",
        RELATED,
        REPORTS_READ,
    ),
    row(
        "GET",
        "/users/{id}/directReports",
        directory::reports,
        Workload::Directory,
        "user",
        RELATED,
        REPORTS_READ,
    ),
    row(
        "GET",
        "/groups/{id}/members",
        directory::members,
        Workload::Directory,
        "user",
        RELATED,
        MEMBERS_READ,
    ),
];
