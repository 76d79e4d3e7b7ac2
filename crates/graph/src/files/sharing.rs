//! Who besides the person can open a file or folder.
//!
//! Source: Graph, "List who has access to a file" (`permission`, `sharingLink`, `sharePointIdentitySet`): permissions that
//! come from a folder above are in the list too. Whoever is not an owner sees only those that apply to them, so that in a
//! drive that is not the person's own the list is never taken for all of it.
//!
//! Invariant: a permission of which nothing here says whose it is may be anybody's.

use m365_types::{Email, Method, Recipient, Role, Standing};
use serde::Deserialize;

use crate::action::Context;
use crate::effect;
use crate::error::ActionError;
use crate::files::place::{Everywhere, Place, everywhere};
use crate::listing::{Bounds, gather};
use crate::members::is_guest_name;
use crate::shape;

pub(crate) const PERMISSIONS: Everywhere = everywhere!("/items/{item}/permissions");
const BOUNDS: Bounds = Bounds { pages: 5, items: 1000, linked: true };
/// What a login name of SharePoint begins with where it is an account of a directory.
const ACCOUNT: &str = "i:0#.f|membership|";
/// Part of a login name of somebody who proves nothing but an address.
const PASSER_BY: &str = "urn:spo:guest";

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphPermission {
    link: Option<GraphLink>,
    granted_to: Option<GraphIdentities>,
    granted_to_v2: Option<GraphIdentities>,
    granted_to_identities: Option<Vec<GraphIdentities>>,
    granted_to_identities_v2: Option<Vec<GraphIdentities>>,
    invitation: Option<GraphInvitation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphLink {
    scope: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphInvitation {
    email: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphIdentities {
    user: Option<GraphIdentity>,
    site_user: Option<GraphIdentity>,
    group: Option<GraphIdentity>,
    site_group: Option<GraphIdentity>,
    application: Option<GraphIdentity>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphIdentity {
    id: Option<String>,
    display_name: Option<String>,
    email: Option<String>,
    login_name: Option<String>,
}

/// Whoever is signed in, by which their own permission is told.
struct Own {
    oid: Option<String>,
    principal: Option<String>,
}

/// Whom besides the person a change to this item reaches.
///
/// # Errors
/// Whatever may be otherwise a moment later.
pub(super) async fn readers(
    context: &Context<'_>,
    place: &Place,
    item: &str,
) -> Result<Vec<Recipient>, ActionError> {
    let own = Own {
        oid: context.graph.microsoft().map(|(_, oid)| oid.to_string()),
        principal: context.account.microsoft.clone(),
    };
    let request = place.request(context, Method::Get, PERMISSIONS, &[item])?;
    let (mut readers, mut whole) = (Vec::new(), *place == Place::Own);
    match gather::<GraphPermission>(context, &request, BOUNDS).await {
        Ok(found) => {
            whole &= found.is_whole();
            for reader in found.iter().flat_map(|permission| permission.readers(&own)) {
                effect::add(&mut readers, reader);
            }
        }
        Err(error) if error.is_forbidden() => whole = false,
        Err(error) => return Err(error),
    }
    // The order of Graph's answer is not that of the effect.
    readers.sort_by(|one, other| (&one.address, &one.name).cmp(&(&other.address, &other.name)));
    if !whole {
        let name = "whoever else can open it";
        readers.push(Recipient::everybody(name, Role::Member, Standing::Unknown));
    }
    Ok(readers)
}

impl GraphPermission {
    fn readers(&self, own: &Own) -> Vec<Recipient> {
        let one = self.granted_to_v2.as_ref().or(self.granted_to.as_ref());
        let several = self.granted_to_identities_v2.as_ref().or(self.granted_to_identities.as_ref());
        let identities: Vec<&GraphIdentities> =
            one.into_iter().chain(several.into_iter().flatten()).collect();
        let mut readers: Vec<Recipient> =
            identities.iter().filter_map(|identities| identities.reader(own)).collect();
        let scope = self.link.as_ref().map(|link| link.scope.as_deref().unwrap_or_default());
        match scope {
            Some("anonymous") => {
                readers.push(holder("anybody who has a link to it", Standing::Outside));
            }
            Some("organization") => {
                readers.push(holder("everybody of the organisation who has a link to it", Standing::Inside));
            }
            Some("users") if !identities.is_empty() => {}
            // A link that gives nobody anything.
            Some("existingAccess") => {}
            Some(_) => readers.push(holder("whoever has a link to it", Standing::Unknown)),
            None if identities.is_empty() => readers.push(self.invited()),
            None => {}
        }
        readers
    }

    /// Somebody who was invited and has not come yet.
    fn invited(&self) -> Recipient {
        let email = self.invitation.as_ref().and_then(|invitation| invitation.email.as_deref());
        match email.and_then(|email| Email::parse(email).ok()) {
            Some(address) => Recipient::at(address, Role::Member),
            None => Recipient::everybody(
                "somebody whom Microsoft 365 does not name",
                Role::Member,
                Standing::Unknown,
            ),
        }
    }
}

fn holder(name: &str, said: Standing) -> Recipient {
    Recipient::everybody(name, Role::Holder, said)
}

impl GraphIdentities {
    /// Whom it is; nothing for the person.
    fn reader(&self, own: &Own) -> Option<Recipient> {
        let person = [self.user.as_ref(), self.site_user.as_ref()];
        if person.iter().flatten().any(|one| one.is_own(own)) {
            return None;
        }
        if let Some(one) = person.iter().flatten().next() {
            return Some(GraphIdentity::person(&person.into_iter().flatten().collect::<Vec<_>>(), one));
        }
        let other = [self.group.as_ref(), self.site_group.as_ref(), self.application.as_ref()];
        let name = other.into_iter().flatten().next().map(GraphIdentity::name);
        let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "somebody".to_owned());
        Some(Recipient::everybody(name, Role::Member, Standing::Unknown))
    }
}

impl GraphIdentity {
    fn is_own(&self, own: &Own) -> bool {
        let same = |given: Option<&str>, wanted: &Option<String>| match (given, wanted) {
            (Some(given), Some(wanted)) => given.eq_ignore_ascii_case(wanted),
            _ => false,
        };
        let principal = self.login_name.as_deref().and_then(|name| name.strip_prefix(ACCOUNT));
        same(self.id.as_deref(), &own.oid) || same(principal, &own.principal)
    }

    /// A person as the directory and as SharePoint know them.
    fn person(known: &[&Self], first: &Self) -> Recipient {
        let login = known.iter().find_map(|one| one.login_name.as_deref()).unwrap_or_default();
        let is_guest = is_guest_name(login) || login.contains(PASSER_BY);
        let address = known.iter().find_map(|one| Email::parse(one.email.as_deref()?).ok());
        let address = address.or_else(|| Email::parse(login.strip_prefix(ACCOUNT)?).ok());
        let said = match (is_guest, &address) {
            (true, _) => Standing::Outside,
            // The domain of the address has the last word.
            (false, Some(_)) => Standing::Inside,
            (false, None) => Standing::Unknown,
        };
        let name = first.name();
        match address {
            Some(address) => {
                let name = effect::line(first.display_name.as_deref());
                let name = Some(name).filter(|name| !name.is_empty());
                Recipient { name, said, ..Recipient::at(address, Role::Member) }
            }
            None => Recipient::everybody(name, Role::Member, said),
        }
    }

    /// `Name (id)`
    fn name(&self) -> String {
        let name = effect::line(self.display_name.as_deref());
        match shape::id(self.id.as_deref()) {
            id if id.is_empty() => name,
            id => format!("{name} ({id})").trim_start().to_owned(),
        }
    }
}

#[cfg(test)]
#[path = "sharing_tests.rs"]
mod tests;
