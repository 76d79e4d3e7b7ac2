//! Who is in the directory of the tenant: everybody of the register, and the colleagues that mailboxes are full of.
//!
//! Source: Graph, "Get user": by object id or principal name, and by no other address. A guest's principal name holds
//! `#EXT#`.

use serde_json::{Map, Value, json};

use super::call::{Answer, Call};
use super::errors::{GraphError, Workload};
use super::message::object;
use super::seed;
use super::view::View;
use crate::estate::Estate;
use crate::people::{Person, TENANT_NAME};

/// Somebody of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) guest: bool,
}

impl Member {
    pub(super) fn of(person: &Person) -> Self {
        Self {
            id: person.oid.clone(),
            name: person.display_name.clone(),
            email: person.email.clone(),
            guest: person.guest,
        }
    }

    /// The name that the directory knows them by.
    fn principal(&self) -> String {
        if self.guest {
            format!("{}#EXT#@{TENANT_NAME}", self.email.replace('@', "_"))
        } else {
            self.email.clone()
        }
    }

    fn is(&self, named: &str) -> bool {
        self.id.eq_ignore_ascii_case(named) || self.principal().eq_ignore_ascii_case(named)
    }

    fn fields(&self) -> Map<String, Value> {
        let (given, surname) = self.name.split_once(' ').unwrap_or((&self.name, ""));
        object(json!({
            "id": self.id, "displayName": self.name, "givenName": given, "surname": surname, "mail": self.email,
            "userPrincipalName": self.principal(), "jobTitle": null, "businessPhones": [], "mobilePhone": null,
            "officeLocation": null, "preferredLanguage": null,
        }))
    }
}

/// Everybody of the directory.
pub(super) fn everybody(estate: &Estate) -> impl Iterator<Item = Member> {
    let registered: Vec<Member> = estate.people.all().iter().map(|person| Member::of(person)).collect();
    registered.into_iter().chain(seed::staff())
}

/// The one with this object id or principal name.
pub(super) fn find(estate: &Estate, named: &str) -> Option<Member> {
    everybody(estate).find(|member| member.is(named))
}

/// `GET /users/{id}`.
pub(super) fn user(call: &Call<'_>) -> Result<Answer, GraphError> {
    let found = find(call.estate, call.id(0));
    let found = found.ok_or_else(|| GraphError::not_found(Workload::Directory, call.id(0)))?;
    let selected = call.select().map(|names| format!("({})", names.join(","))).unwrap_or_default();
    let context = format!("https://graph.microsoft.com/v1.0/$metadata#users{selected}/$entity");
    Ok(Answer::json(200, &View::new(&found.fields(), call.select()).context(context)))
}
