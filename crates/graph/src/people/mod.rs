//! People: those somebody works with, the directory, the person's own profile.
//!
//! Source: Graph `person`, `user` and `group` resources.

pub(crate) mod contacts;
pub(crate) mod profile;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 3] = [
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
