//! Where a file lies: the person's own drive, another drive, or the default drive of a site.
//!
//! Source: Graph, "Get a driveItem" and the permissions map. What lies elsewhere needs the permission for every file the
//! person can open, and others use it too. `root` is an id of every drive.

use m365_ports::GraphRequest;
use m365_types::{ActionSpec, Method, Reach, Scope};

use crate::action::{Context, own, shared};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::param::{
    Default as Otherwise, Identifier, Optional, Param, Required, defaulted, optional, required,
};

pub(crate) static ITEM: Param<Identifier, Required> = required("id", "Id of the file", Identifier);
pub(crate) static FOLDER: Param<Identifier, Otherwise> =
    defaulted("id", "Id of the folder", Identifier, Otherwise::Text("root"));
pub(crate) static DRIVE: Param<Identifier, Optional> =
    optional("driveId", "Drive other than the person's own", Identifier);
pub(crate) static SITE: Param<Identifier, Optional> =
    optional("siteId", "Site, for its default drive", Identifier);

/// The templates of one call in each kind of place: own drive, another drive, default drive of a site.
pub(crate) type Everywhere = [&'static str; 3];

/// The templates of a call on what lies below a drive.
macro_rules! everywhere {
    ($below:literal) => {
        [
            concat!("/me/drive", $below),
            concat!("/drives/{drive}", $below),
            concat!("/sites/{site}/drive", $below),
        ]
    };
}
pub(crate) use everywhere;

/// A drive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The person's own.
    Own,
    /// The one with this id.
    Drive(String),
    /// The default drive of the site with this id.
    Site(String),
}

impl Place {
    /// Reads `driveId` and `siteId`, of which at most one may be given.
    pub(crate) fn read(given: &mut Given<'_>) -> Option<Self> {
        let drive = given.read(&DRIVE);
        let site = given.read(&SITE);
        match (drive?, site?) {
            (None, None) => Some(Self::Own),
            (Some(drive), None) => Some(Self::Drive(drive)),
            (None, Some(site)) => Some(Self::Site(site)),
            (Some(_), Some(_)) => {
                given.refuse("siteId", "cannot be given together with `driveId`: leave one of them out");
                None
            }
        }
    }

    /// The row's own permissions in the person's drive, those it needs elsewhere in any other.
    pub(crate) fn scopes(&self, row: &'static ActionSpec) -> Vec<Scope> {
        if *self == Self::Own {
            return row.scopes.to_vec();
        }
        row.scopes.iter().map(|scope| elsewhere(*scope)).collect()
    }

    /// What is acted on.
    pub(crate) fn reach(&self) -> Reach {
        match self {
            Self::Own => own(),
            Self::Drive(drive) => shared(format!("drives/{drive}")),
            Self::Site(site) => shared(format!("sites/{site}/drive")),
        }
    }

    /// The same for one item, named even in the person's own drive.
    pub(crate) fn reach_of(&self, item: &str) -> Reach {
        let reach = self.reach();
        let drive = if *self == Self::Own { "me/drive" } else { reach.target.as_str() };
        shared(format!("{drive}/items/{item}"))
    }

    /// A request of the row's call with this method in this place.
    pub(crate) fn request(
        &self,
        context: &Context<'_>,
        method: Method,
        [own, drive, site]: Everywhere,
        segments: &[&str],
    ) -> Result<GraphRequest, ActionError> {
        let (template, first) = match self {
            Self::Own => (own, None),
            Self::Drive(id) => (drive, Some(id.as_str())),
            Self::Site(id) => (site, Some(id.as_str())),
        };
        let segments: Vec<&str> = first.into_iter().chain(segments.iter().copied()).collect();
        context.graph.request_to(method, template, None, &segments)
    }
}

/// The permission for the same with files that are not the person's own.
const fn elsewhere(scope: Scope) -> Scope {
    match scope {
        Scope::FilesRead => Scope::FilesReadAll,
        Scope::FilesReadWrite => Scope::FilesReadWriteAll,
        scope => scope,
    }
}
