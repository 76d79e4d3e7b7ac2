//! The file or folder that a call acts on, as it is before it.
//!
//! Source: Graph `driveItem`: `eTag` changes with every change to the item, `parentReference.path` begins with the drive's
//! own path.

use m365_ports::GraphRequest;
use m365_types::{EffectFile, Method};
use serde::Deserialize;

use crate::action::Context;
use crate::effect;
use crate::error::ActionError;
use crate::files::place::{Everywhere, Place, everywhere};
use crate::files::read::DESCRIBED;
use crate::shape;

/// An item by its folder and name.
pub(crate) const NAMED: Everywhere = everywhere!("/items/{folder}:/{name}");
const SELECT: &str = "id,name,size,eTag,folder,root,parentReference,shared";

/// What is known of it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Target {
    id: Option<String>,
    pub(super) name: Option<String>,
    size: Option<u64>,
    e_tag: Option<String>,
    folder: Option<serde::de::IgnoredAny>,
    root: Option<serde::de::IgnoredAny>,
    parent_reference: Option<Parent>,
    shared: Option<serde::de::IgnoredAny>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parent {
    path: Option<String>,
}

impl Target {
    /// The item with this id.
    pub(super) async fn of(context: &Context<'_>, place: &Place, id: &str) -> Result<Self, ActionError> {
        context.graph.fetch(selected(place.request(context, Method::Get, DESCRIBED, &[id])?)).await
    }

    /// The item of this name in a folder, where there is one.
    pub(super) async fn named(
        context: &Context<'_>,
        place: &Place,
        [folder, name]: [&str; 2],
    ) -> Result<Option<Self>, ActionError> {
        let request = selected(place.request(context, Method::Get, NAMED, &[folder, name])?);
        match context.graph.fetch(request).await {
            Ok(found) => Ok(Some(found)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    pub(super) fn id(&self) -> String {
        shape::id(self.id.as_deref())
    }

    pub(super) fn size(&self) -> u64 {
        self.size.unwrap_or_default()
    }

    pub(super) fn is_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// Whether the item itself says that it was shared.
    pub(super) fn says_shared(&self) -> bool {
        self.shared.is_some()
    }

    pub(super) fn version(&self) -> Option<String> {
        self.e_tag.as_deref().map(|tag| effect::line(Some(tag)))
    }

    /// It as a file that others get to see.
    pub(super) fn file(&self) -> EffectFile {
        let name = effect::line(self.name.as_deref());
        EffectFile { name, size: self.size(), digest: self.version().unwrap_or_default(), text: None }
    }

    /// The path of the folder it lies in, from the top of its drive: `/Contracts/Expired`.
    pub(super) fn folder(&self) -> String {
        let path = self.parent_reference.as_ref().and_then(|parent| parent.path.as_deref());
        let below = path.map(|path| path.split_once("root:").map_or(path, |(_, below)| below));
        match percent_decoded(below.unwrap_or_default()) {
            path if path.is_empty() => "/".to_owned(),
            path => path,
        }
    }

    /// Its own path, where it is a folder.
    pub(super) fn path(&self) -> String {
        if self.root.is_some() {
            return "/".to_owned();
        }
        let name = effect::line(self.name.as_deref());
        format!("{}/{name}", self.folder().trim_end_matches('/'))
    }
}

/// A path as people write it; Graph encodes it as a part of an address.
fn percent_decoded(path: &str) -> String {
    let parts =
        path.split('/').map(|part| m365_types::decode_segment(part).unwrap_or_else(|| part.to_owned()));
    effect::line(Some(&parts.collect::<Vec<_>>().join("/")))
}

fn selected(mut request: GraphRequest) -> GraphRequest {
    request.query = vec![("$select", SELECT.to_owned())];
    request
}
