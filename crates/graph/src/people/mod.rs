//! People: those somebody works with, the directory, the person's own profile.
//!
//! Source: Graph `person`, `user` and `group` resources.

pub(crate) mod contacts;
pub(crate) mod directory;
pub(crate) mod organisation;
pub(crate) mod profile;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 8] = [
    Action {
        spec: ActionSpec {
            name: "getContacts",
            kind: ActionKind::Tool,
            title: "Get contacts",
            summary: "Get contacts",
            effect: Effect::Read,
            scopes: &[Scope::PeopleRead],
            further_scopes: &[],
            calls: &[Call::get("/me/people")],
            untrusted: true,
            audit: AuditKind::PeopleRead,
        },
        paged: true,
        params: &[&contacts::COUNT, &contacts::SEARCH],
        output: Output::List { name: "contacts", item: contacts::FIELDS },
        parse: contacts::get_contacts,
    },
    Action {
        spec: ActionSpec {
            name: "searchUsers",
            kind: ActionKind::Tool,
            title: "Search users",
            summary: "Find people of the organisation by name or address",
            effect: Effect::Read,
            scopes: &[Scope::UserReadBasicAll],
            further_scopes: &[],
            calls: &[Call::get("/users")],
            untrusted: true,
            audit: AuditKind::DirectoryRead,
        },
        paged: true,
        params: &[&directory::QUERY, &directory::COUNT],
        output: Output::List { name: "users", item: directory::FIELDS },
        parse: directory::search_users,
    },
    Action {
        spec: ActionSpec {
            name: "getUser",
            kind: ActionKind::Tool,
            title: "Get user",
            summary: "One person of the organisation",
            effect: Effect::Read,
            scopes: &[Scope::UserReadBasicAll],
            further_scopes: &[],
            calls: &[Call::get(organisation::USER)],
            untrusted: true,
            audit: AuditKind::DirectoryRead,
        },
        paged: false,
        params: &[&directory::USER],
        output: Output::One(directory::FIELDS),
        parse: directory::get_user,
    },
    Action {
        spec: ActionSpec {
            name: "getManager",
            kind: ActionKind::Tool,
            title: "Get manager",
            summary: "Who somebody reports to",
            effect: Effect::Read,
            scopes: &[Scope::UserReadAll],
            further_scopes: &[],
            calls: &[
                Call::get(organisation::MY_MANAGER),
                Call::get(organisation::MANAGER),
                Call::get(organisation::USER),
            ],
            untrusted: true,
            audit: AuditKind::DirectoryRead,
        },
        paged: false,
        params: &[&directory::ANOTHER],
        output: Output::One(&["manager"]),
        parse: organisation::get_manager,
    },
    Action {
        spec: ActionSpec {
            name: "listDirectReports",
            kind: ActionKind::Tool,
            title: "List direct reports",
            summary: "Who reports to somebody",
            effect: Effect::Read,
            scopes: &[Scope::UserRead],
            further_scopes: &[],
            calls: &[Call::get(organisation::MY_REPORTS), Call::get(organisation::REPORTS)],
            untrusted: true,
            audit: AuditKind::DirectoryRead,
        },
        paged: true,
        params: &[&directory::ANOTHER],
        output: Output::List { name: "reports", item: directory::FIELDS },
        parse: organisation::list_direct_reports,
    },
    Action {
        spec: ActionSpec {
            name: "listGroupMembers",
            kind: ActionKind::Tool,
            title: "List group members",
            summary: "Who is in a group, guests marked",
            effect: Effect::Read,
            scopes: &[Scope::GroupMemberReadBasicAll],
            further_scopes: &[],
            calls: &[Call::get("/groups/{group}/members")],
            untrusted: true,
            audit: AuditKind::DirectoryRead,
        },
        paged: true,
        params: &[&organisation::GROUP],
        output: Output::List { name: "members", item: directory::FIELDS },
        parse: organisation::list_group_members,
    },
    Action {
        spec: ActionSpec {
            name: "microsoft://profile",
            kind: ActionKind::Resource,
            title: "Microsoft profile",
            summary: "The signed-in person's own profile",
            effect: Effect::Read,
            scopes: &[Scope::UserRead],
            further_scopes: &[],
            calls: &[Call::get("/me")],
            untrusted: true,
            audit: AuditKind::ProfileRead,
        },
        paged: false,
        params: &[],
        output: Output::One(&["id"]),
        parse: |_| Some(Box::new(profile::Profile)),
    },
    Action {
        spec: ActionSpec {
            name: contacts::URI,
            kind: ActionKind::Template,
            title: "Person",
            summary: "One of the people the signed-in person works with",
            effect: Effect::Read,
            scopes: &[Scope::PeopleRead],
            further_scopes: &[],
            calls: &[Call::get("/me/people/{person}")],
            untrusted: true,
            audit: AuditKind::PeopleRead,
        },
        paged: false,
        params: &[&contacts::ID],
        output: Output::One(contacts::FIELDS),
        parse: contacts::read_person,
    },
];
