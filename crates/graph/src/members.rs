//! Who is in a chat, channel or group, and where they stand.
//!
//! Sources: Graph, `conversationMember` ("List members of a chat", "List allMembers" of a channel, which names those of
//! teams that a channel is shared with too) and the members of a `group`. A guest has the role `guest` in a conversation,
//! `userType` Guest and `#EXT#` in the principal name in the directory; somebody of another organisation has its tenant id.
//! The person who is signed in is left out: a call reaches the others.
//!
//! Invariant: nobody stands inside of whom Graph does not say so, and a list that was not read to its end may have anybody
//! in what follows.

use m365_ports::GraphRequest;
use m365_types::{Email, Members, Recipient, Role, Standing};
use serde::Deserialize;

use crate::action::Context;
use crate::error::ActionError;
use crate::listing::{Bounds, gather};
use crate::shape::{self, Cleaner};
use crate::wire::NAME_MAX;

/// Pages of one list that are read; the largest team has 25,000 members.
const PAGES_MAX: usize = 30;
/// Outsiders that are named.
const NAMED_MAX: usize = 20;
/// Marks the principal name of a guest.
pub(crate) const GUEST: &str = "#ext#";
/// The type of a member who has an account of some organisation; all others have none.
const OF_AN_ORGANISATION: &str = "#microsoft.graph.aadUserConversationMember";
/// The type of a person in the directory.
const USER: &str = "#microsoft.graph.user";

/// Those who are in a place besides the person.
pub(crate) struct Circle {
    /// In the order of their ids, so that it does not depend on the order of an answer.
    others: Vec<Other>,
    /// Whether there are no more.
    whole: bool,
}

/// Somebody in a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Other {
    id: String,
    name: String,
    address: Option<Email>,
    said: Said,
}

/// [`Standing`] in an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Said {
    Inside,
    Outside,
    Unknown,
}

/// A member of a chat or channel.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphMember {
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
    id: Option<String>,
    roles: Option<Vec<String>>,
    display_name: Option<String>,
    user_id: Option<String>,
    email: Option<String>,
    tenant_id: Option<String>,
}

/// A member of a group.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphDirectoryObject {
    #[serde(rename = "@odata.type")]
    kind: Option<String>,
    id: Option<String>,
    display_name: Option<String>,
    mail: Option<String>,
    user_principal_name: Option<String>,
    user_type: Option<String>,
}

/// What a request for members of a group selects.
pub(crate) const GROUP_SELECT: &str = "id,displayName,mail,userPrincipalName,userType";

impl Circle {
    /// The members of a chat or channel that the request asks for; nothing where Graph does not let the person see them.
    ///
    /// # Errors
    /// Any other failure, so that who is reached does not depend on how busy Graph is.
    pub(crate) async fn of_conversation(
        context: &Context<'_>,
        request: &GraphRequest,
    ) -> Result<Option<Self>, ActionError> {
        let own = own(context);
        let tenant = context.graph.microsoft().map(|(tenant, _)| tenant.to_string());
        let read = |given: GraphMember| {
            let id = shape::id(given.user_id.as_deref().or(given.id.as_deref()));
            Other {
                said: given.said(tenant.as_deref()),
                ..Other::of(id, given.display_name.as_deref(), given.email.as_deref())
            }
        };
        Self::read(context, request, own.as_deref(), read).await
    }

    /// The same for the members of a group.
    ///
    /// # Errors
    /// As for a conversation.
    pub(crate) async fn of_group(
        context: &Context<'_>,
        request: &GraphRequest,
    ) -> Result<Option<Self>, ActionError> {
        let own = own(context);
        let read = |given: GraphDirectoryObject| {
            let (id, said) = (shape::id(given.id.as_deref()), given.said());
            let address = given.mail.as_deref().or(given.user_principal_name.as_deref());
            Other { said, ..Other::of(id, given.display_name.as_deref(), address) }
        };
        Self::read(context, request, own.as_deref(), read).await
    }

    async fn read<G: serde::de::DeserializeOwned + Send>(
        context: &Context<'_>,
        request: &GraphRequest,
        own: Option<&str>,
        read: impl Fn(G) -> Other + Send,
    ) -> Result<Option<Self>, ActionError> {
        let bounds = Bounds { pages: PAGES_MAX, items: usize::MAX, linked: true };
        let found = match gather::<G>(context, request, bounds).await {
            Ok(found) => found.filter_map(|given| Some(read(given))),
            Err(error) if error.is_forbidden() => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_other = |one: &&Other| one.id.is_empty() || own != Some(one.id.as_str());
        let mut others: Vec<Other> = found.iter().filter(is_other).cloned().collect();
        others.sort_unstable();
        // Whoever asks is in the list, so that an empty one is not the list.
        let whole = found.is_whole() && found.iter().next().is_some();
        Ok(Some(Self { others, whole }))
    }

    /// Each of them as whom the call reaches.
    pub(crate) fn each(&self, role: Role) -> Vec<Recipient> {
        let mut recipients: Vec<Recipient> = self.others.iter().map(|other| other.recipient(role)).collect();
        if !self.whole {
            recipients.push(Recipient::everybody("others who were not listed", role, Standing::Unknown));
        }
        recipients
    }

    /// All of them as one whom the call reaches.
    pub(crate) fn everybody(&self, name: &str, role: Role) -> Recipient {
        let count = |said| self.others.iter().filter(|other| other.said == said).count();
        let outside = count(Said::Outside);
        let said = match (outside, count(Said::Unknown)) {
            (1.., _) => Standing::Outside,
            (0, 0) if self.whole => Standing::Inside,
            _ => Standing::Unknown,
        };
        let members = Members { total: number(self.others.len()), outside: number(outside) };
        Recipient { members: Some(members), ..Recipient::everybody(name, role, said) }
    }

    /// Who of them is not said to be inside, in words; empty where everybody is.
    pub(crate) fn outsiders(&self) -> String {
        let mut words: Vec<String> =
            self.others.iter().filter(|other| other.said != Said::Inside).map(Other::words).collect();
        let more = words.len().saturating_sub(NAMED_MAX);
        words.truncate(NAMED_MAX);
        if more > 0 {
            words.push(format!("{more} more"));
        }
        words.join(", ")
    }

    /// The one with this object id, in words.
    pub(crate) fn named(&self, id: &str) -> Option<String> {
        self.others.iter().find(|other| other.id.eq_ignore_ascii_case(id)).map(Other::words)
    }
}

/// The object id of whoever is signed in.
fn own(context: &Context<'_>) -> Option<String> {
    context.graph.microsoft().map(|(_, oid)| oid.to_string())
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(u32::MAX)
}

impl Other {
    /// Somebody of whom nothing is said yet.
    fn of(id: String, name: Option<&str>, address: Option<&str>) -> Self {
        let name = Cleaner::default().line(name, NAME_MAX);
        let address = address.and_then(|address| Email::parse(address).ok());
        Self { id, name, address, said: Said::Unknown }
    }

    fn recipient(&self, role: Role) -> Recipient {
        let said = match self.said {
            Said::Inside => Standing::Inside,
            Said::Outside => Standing::Outside,
            Said::Unknown => Standing::Unknown,
        };
        match &self.address {
            Some(address) => {
                let name = Some(self.name.clone()).filter(|name| !name.is_empty());
                Recipient { name, said, ..Recipient::at(address.clone(), role) }
            }
            // The id tells two people of one name apart.
            None => Recipient::everybody(self.words(), role, said),
        }
    }

    /// `Name <address>`, or `Name (id)`.
    fn words(&self) -> String {
        let name = if self.name.is_empty() { "somebody" } else { &self.name };
        match &self.address {
            Some(address) => format!("{name} <{address}>"),
            None => format!("{name} ({})", self.id),
        }
    }
}

impl GraphMember {
    /// Inside only with an account of the person's own tenant that is no guest's.
    fn said(&self, own_tenant: Option<&str>) -> Said {
        let is_guest = self.roles.iter().flatten().any(|role| role.eq_ignore_ascii_case("guest"));
        let has_account = self.kind.as_deref().is_none_or(|kind| kind == OF_AN_ORGANISATION);
        match (self.tenant_id.as_deref(), own_tenant) {
            _ if is_guest || !has_account || self.email.as_deref().is_some_and(is_guest_name) => {
                Said::Outside
            }
            (Some(tenant), Some(own)) if tenant.eq_ignore_ascii_case(own) => Said::Inside,
            (Some(_), Some(_)) => Said::Outside,
            _ => Said::Unknown,
        }
    }
}

impl GraphDirectoryObject {
    /// Inside only a person whose principal name is no guest's.
    fn said(&self) -> Said {
        let is_guest = self.user_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("guest"));
        let principal = self.user_principal_name.as_deref();
        if is_guest || principal.is_some_and(is_guest_name) {
            Said::Outside
        } else if principal.is_some() && self.kind.as_deref().is_none_or(|kind| kind == USER) {
            Said::Inside
        } else {
            Said::Unknown
        }
    }
}

/// Whether a principal name is one that a tenant gives to somebody of another.
pub(crate) fn is_guest_name(name: &str) -> bool {
    name.to_ascii_lowercase().contains(GUEST)
}

#[cfg(test)]
#[path = "members_tests.rs"]
mod tests;
