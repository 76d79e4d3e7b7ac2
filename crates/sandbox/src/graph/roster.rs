//! Who is in the directory of the tenant: everybody of the register, and the colleagues that mailboxes are full of.
//!
//! Source: Graph, "Get user": by object id or principal name, and by no other address. A guest's principal name holds
//! `#EXT#`.

use super::seed;
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
    pub(super) fn principal(&self) -> String {
        if self.guest {
            format!("{}#EXT#@{TENANT_NAME}", self.email.replace('@', "_"))
        } else {
            self.email.clone()
        }
    }

    fn is(&self, named: &str) -> bool {
        self.id.eq_ignore_ascii_case(named) || self.principal().eq_ignore_ascii_case(named)
    }
}

/// Everybody of the directory.
pub(super) fn everybody(estate: &Estate) -> impl Iterator<Item = Member> {
    let registered: Vec<Member> = estate.people.all().iter().map(|person| Member::of(person)).collect();
    registered.into_iter().chain(seed::staff()).chain(seed::directory::guests())
}

/// The one with this object id or principal name.
pub(super) fn find(estate: &Estate, named: &str) -> Option<Member> {
    everybody(estate).find(|member| member.is(named))
}
