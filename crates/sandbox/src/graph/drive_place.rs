//! Which drive a path means, and whether somebody may look at it or change it.
//!
//! Source: Graph's drive and site resources. The person's own drive is open to its owner. Elsewhere a token needs one of the
//! permissions for every file, and the site must let the person in: a drive of another person or of a site that is closed is
//! refused with 403, one that does not exist with 404.

use serde_json::json;

use super::call::{Answer, Call};
use super::drive::{Drive, Hand};
use super::errors::{GraphError, Workload};
use super::sites::{self, Access, Site};

/// The permissions that open drives other than one's own.
const ELSEWHERE: [&str; 5] =
    ["Files.Read.All", "Files.ReadWrite.All", "Sites.Read.All", "Sites.ReadWrite.All", "Sites.Manage.All"];
/// Characters of a drive id.
const ID_CHARS: usize = 66;

/// The drive of a call, and how many of its ids name it.
pub(super) struct Place {
    site: Option<&'static Site>,
    named: usize,
}

impl Place {
    /// # Errors
    /// 400 for what cannot be an id, 403 for what is closed, 404 for what is not there.
    pub(super) fn of(call: &Call<'_>) -> Result<Self, GraphError> {
        let template = call.route.template;
        if template.starts_with("/me/") {
            return Ok(Self { site: None, named: 0 });
        }
        let id = call.id(0);
        let place = if template.starts_with("/sites/") {
            Self { site: Some(sites::find(id)?), named: 1 }
        } else if id == call.mailbox.read().drive.id {
            return Ok(Self { site: None, named: 1 });
        } else {
            Self { site: Some(by_drive(call, id)?), named: 1 }
        };
        let wide = call.claims.scopes.iter().any(|scope| ELSEWHERE.contains(&scope.as_str()));
        match place.site {
            Some(site) if !wide || site.access == Access::Closed || call.person.guest => Err(denied()),
            _ => Ok(place),
        }
    }

    /// Looks at the drive and the item that the call names.
    pub(super) fn read(
        &self,
        call: &Call<'_>,
        look: impl FnOnce(&Drive, &str) -> Result<Answer, GraphError>,
    ) -> Result<Answer, GraphError> {
        let id = call.id(self.named);
        match self.site {
            None => look(&call.mailbox.read().drive, id),
            Some(site) => call.tenant.sites.with(site, call.now_ms, |drive| look(drive, id)),
        }
    }

    /// Changes the drive.
    ///
    /// # Errors
    /// 403 where the site is for reading only.
    pub(super) fn write(
        &self,
        call: &Call<'_>,
        change: impl FnOnce(&mut Drive, &str) -> Result<Answer, GraphError>,
    ) -> Result<Answer, GraphError> {
        let id = call.id(self.named);
        match self.site {
            None => change(&mut call.mailbox.write().drive, id),
            Some(Site { access: Access::ReadOnly, .. }) => Err(denied()),
            Some(site) => call.tenant.sites.with(site, call.now_ms, |drive| change(drive, id)),
        }
    }

    /// Whether it is the drive of a site.
    pub(super) const fn is_of_a_site(&self) -> bool {
        self.site.is_some()
    }

    /// The id behind the item's: a file's name.
    pub(super) fn name<'a>(&self, call: &'a Call<'_>) -> &'a str {
        call.id(self.named + 1)
    }

    /// # Errors
    /// 403 where the site lets nobody make links.
    pub(super) fn may_share(&self) -> Result<(), GraphError> {
        match self.site {
            Some(Site { access: Access::NoSharing, .. }) => Err(GraphError::new(
                403,
                "notAllowed",
                "Sharing has been disabled by your administrator for this site.",
            )),
            _ => Ok(()),
        }
    }
}

/// The caller as who changes a file.
pub(super) fn hand(call: &Call<'_>) -> Hand {
    let person = call.person;
    Hand {
        identity: json!({"user": {"email": person.email, "id": person.oid, "displayName": person.display_name}}),
        now_ms: call.now_ms,
    }
}

fn by_drive(call: &Call<'_>, id: &str) -> Result<&'static Site, GraphError> {
    if let Some(site) = sites::by_drive(id) {
        return Ok(site);
    }
    let whole = id.len() == ID_CHARS && id.starts_with("b!");
    if !whole {
        return Err(super::drive::malformed(
            "The provided drive id appears to be malformed, or does not represent a valid drive.",
        ));
    }
    let of_somebody = call.estate.people.all().iter().any(|person| super::ids::drive_id(&person.oid) == id);
    Err(if of_somebody { denied() } else { GraphError::not_found(Workload::Drive, id) })
}

pub(super) fn denied() -> GraphError {
    GraphError::new(403, "accessDenied", "Access denied")
}
