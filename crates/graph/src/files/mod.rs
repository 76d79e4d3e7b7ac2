//! Files in drives, and the SharePoint sites and lists around them.
//!
//! Source: Graph `driveItem`, `site`, `list` and `search` resources.

pub(crate) mod item;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::{Action, Output};

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 1] = [Action {
    spec: ActionSpec {
        name: item::URI,
        kind: ActionKind::Template,
        title: "File",
        summary: "Name, size, type and last change of a file in the person's drive; not its content",
        effect: Effect::Read,
        scopes: &[Scope::FilesRead],
        further_scopes: &[],
        calls: &[Call::get("/me/drive/items/{item}")],
        untrusted: true,
        audit: AuditKind::FilesRead,
    },
    paged: false,
    params: &[&item::ID],
    output: Output::One(&[
        "untrusted",
        "id",
        "name",
        "isFolder",
        "size",
        "mimeType",
        "modified",
        "modifiedBy",
    ]),
    parse: item::read_file,
}];
