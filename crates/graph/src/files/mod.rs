//! Files in drives, and the SharePoint sites and lists around them.
//!
//! Source: Graph `driveItem`, `site`, `list` and `search` resources.

pub(crate) mod folder;
mod hit;
pub(crate) mod item;
mod link;
mod list_items;
mod place;
pub(crate) mod read;
mod search;
mod sharing;
mod sites;
mod target;
pub(crate) mod upload;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope, Sensitivity};

use crate::action::{Action, Output};
use crate::zone::{SETTINGS, TIME_ZONE};

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 8] = [
    Action {
        spec: ActionSpec {
            name: "searchM365",
            kind: ActionKind::Tool,
            title: "Search Microsoft 365",
            summary: "Search files, sites, lists, mail, events and chats",
            effect: Effect::Read,
            scopes: &[Scope::MailRead],
            further_scopes: search::FURTHER,
            calls: &[Call::query("/search/query"), Call::get(SETTINGS)],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::SearchRead,
        },
        paged: true,
        params: &[&search::QUERY, &search::TYPES, &search::COUNT, &TIME_ZONE],
        output: Output::List { name: "hits", item: hit::FIELDS },
        parse: search::search_m365,
    },
    Action {
        spec: ActionSpec {
            name: "listFolder",
            kind: ActionKind::Tool,
            title: "List folder",
            summary: "List a folder in OneDrive or SharePoint",
            effect: Effect::Read,
            scopes: &[Scope::FilesRead],
            further_scopes: &[Scope::FilesReadAll, Scope::MailboxSettingsRead],
            calls: &[
                Call::get(folder::CHILDREN[0]),
                Call::get(folder::CHILDREN[1]),
                Call::get(folder::CHILDREN[2]),
                Call::get(SETTINGS),
            ],
            untrusted: true,
            sensitivity: &[Sensitivity::Place],
            audit: AuditKind::FilesRead,
        },
        paged: true,
        params: &[&place::FOLDER, &place::DRIVE, &place::SITE, &folder::COUNT, &TIME_ZONE],
        output: Output::List { name: "items", item: folder::FIELDS },
        parse: folder::list_folder,
    },
    Action {
        spec: ActionSpec {
            name: "readFile",
            kind: ActionKind::Tool,
            title: "Read file",
            summary: "Read a document as text",
            effect: Effect::Read,
            scopes: &[Scope::FilesRead],
            further_scopes: &[Scope::FilesReadAll],
            calls: &[
                Call::get(read::CONTENT[0]),
                Call::get(read::CONTENT[1]),
                Call::get(read::CONTENT[2]),
                Call::get(read::DESCRIBED[0]),
                Call::get(read::DESCRIBED[1]),
                Call::get(read::DESCRIBED[2]),
            ],
            untrusted: true,
            sensitivity: &[Sensitivity::FileLabel, Sensitivity::Place],
            audit: AuditKind::FilesRead,
        },
        paged: true,
        params: &[&place::ITEM, &place::DRIVE, &place::SITE],
        output: Output::One(read::FIELDS),
        parse: read::read_file,
    },
    Action {
        spec: ActionSpec {
            name: "uploadFile",
            kind: ActionKind::Tool,
            title: "Upload file",
            summary: "Create or replace a text file",
            effect: Effect::Write,
            scopes: &[Scope::FilesReadWrite],
            further_scopes: &[Scope::FilesReadWriteAll],
            calls: &[
                Call::put(read::CONTENT[0]),
                Call::put(read::CONTENT[1]),
                Call::put(read::CONTENT[2]),
                Call::put(upload::NEW[0]),
                Call::put(upload::NEW[1]),
                Call::put(upload::NEW[2]),
                Call::post(upload::SESSION[0]),
                Call::post(upload::SESSION[1]),
                Call::post(upload::SESSION[2]),
                Call::get(read::DESCRIBED[0]),
                Call::get(read::DESCRIBED[1]),
                Call::get(read::DESCRIBED[2]),
                Call::get(target::NAMED[0]),
                Call::get(target::NAMED[1]),
                Call::get(target::NAMED[2]),
                Call::get(sharing::PERMISSIONS[0]),
                Call::get(sharing::PERMISSIONS[1]),
                Call::get(sharing::PERMISSIONS[2]),
            ],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::FilesWrite,
        },
        paged: false,
        params: &[
            &upload::NAME,
            &upload::TEXT,
            &upload::PARENT,
            &upload::CONFLICT,
            &upload::ID,
            &upload::IF_MATCH,
            &place::DRIVE,
            &place::SITE,
        ],
        output: Output::One(upload::FIELDS),
        parse: upload::upload_file,
    },
    Action {
        spec: ActionSpec {
            name: "createSharingLink",
            kind: ActionKind::Tool,
            title: "Create sharing link",
            summary: "Make a link to a file or folder for the organisation",
            effect: Effect::Send,
            scopes: &[Scope::FilesReadWrite],
            further_scopes: &[Scope::FilesReadWriteAll],
            calls: &[
                Call::post(link::CREATE[0]),
                Call::post(link::CREATE[1]),
                Call::post(link::CREATE[2]),
                Call::get(read::DESCRIBED[0]),
                Call::get(read::DESCRIBED[1]),
                Call::get(read::DESCRIBED[2]),
            ],
            untrusted: false,
            sensitivity: &[],
            audit: AuditKind::FilesShare,
        },
        paged: false,
        params: &[&link::ID, &place::DRIVE, &place::SITE, &link::TYPE, &link::EXPIRES],
        output: Output::One(link::FIELDS),
        parse: link::create_sharing_link,
    },
    Action {
        spec: ActionSpec {
            name: "searchSites",
            kind: ActionKind::Tool,
            title: "Search sites",
            summary: "Find SharePoint sites by name",
            effect: Effect::Read,
            scopes: &[Scope::SitesReadAll],
            further_scopes: &[],
            calls: &[Call::get("/sites")],
            untrusted: true,
            sensitivity: &[],
            audit: AuditKind::SitesRead,
        },
        paged: true,
        params: &[&sites::QUERY, &sites::COUNT],
        output: Output::List { name: "sites", item: sites::FIELDS },
        parse: sites::search_sites,
    },
    Action {
        spec: ActionSpec {
            name: "listListItems",
            kind: ActionKind::Tool,
            title: "List rows of a list",
            summary: "Read rows of a SharePoint list",
            effect: Effect::Read,
            scopes: &[Scope::SitesReadAll],
            further_scopes: &[],
            calls: &[Call::get("/sites/{site}/lists/{list}/items")],
            untrusted: true,
            sensitivity: &[Sensitivity::Place],
            audit: AuditKind::SitesRead,
        },
        paged: true,
        params: &[&list_items::SITE, &list_items::LIST, &list_items::COLUMNS, &list_items::COUNT],
        output: Output::List { name: "rows", item: list_items::FIELDS },
        parse: list_items::list_items,
    },
    Action {
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
            sensitivity: &[],
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
        parse: item::describe_file,
    },
];
