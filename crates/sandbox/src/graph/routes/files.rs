//! The rows of drives, sites, lists and search.

use super::super::errors::Workload;
use super::super::{drive, drive_address, drive_sharing, drive_write, search, sites};
use super::{Carries, Route, row};
use crate::graph::call::{Answer, Call};
use crate::graph::errors::GraphError;

/// The drive pages by the links it gives and by nothing else.
const CHILDREN: &[&str] = &["top", "select", "orderby", "filter", "skiptoken"];
const SELECT: &[&str] = &["select"];
const ITEM: &[&str] = &[
    "Files.Read",
    "Files.ReadWrite",
    "Files.Read.All",
    "Sites.Read.All",
    "Files.ReadWrite.All",
    "Group.Read.All",
    "Group.ReadWrite.All",
];
const READ: &[&str] = &[
    "Files.Read",
    "Files.ReadWrite",
    "Files.Read.All",
    "Sites.Read.All",
    "Files.ReadWrite.All",
    "Sites.ReadWrite.All",
];
const WRITE: &[&str] = &["Files.ReadWrite", "Files.ReadWrite.All", "Sites.ReadWrite.All"];
const SITES: &[&str] = &["Sites.Read.All", "Sites.ReadWrite.All"];
/// Each kind that is searched for needs one of its own besides.
const SEARCH: &[&str] = &["Mail.Read", "Chat.Read", "Calendars.Read", "Files.Read.All", "Sites.Read.All"];

type Handler = fn(&Call<'_>) -> Result<Answer, GraphError>;

const fn get(
    template: &'static str,
    answer: Handler,
    options: &'static [&'static str],
    scopes: &'static [&'static str],
) -> Route {
    row("GET", template, answer, Workload::Drive, "driveItem", options, scopes)
}

const fn put(template: &'static str, answer: Handler) -> Route {
    Route {
        carries: Carries::Bytes,
        ..row("PUT", template, answer, Workload::Drive, "driveItem", &[], WRITE)
    }
}

const fn post(template: &'static str, answer: Handler) -> Route {
    row("POST", template, answer, Workload::Drive, "driveItem", &[], WRITE)
}

pub(super) static ROWS: [Route; 31] = [
    get("/me/drive/root/children", drive::root_children, CHILDREN, READ),
    get("/me/drive/items/{id}", drive::item, SELECT, ITEM),
    get("/me/drive/items/{id}:/{id}", drive::named, SELECT, ITEM),
    get("/me/drive/items/{id}/permissions", drive_sharing::permissions, &[], READ),
    get("/me/drive/items/{id}/children", drive::children, CHILDREN, READ),
    get("/me/drive/items/{id}/content", drive_address::content, &[], READ),
    put("/me/drive/items/{id}/content", drive_write::put),
    put("/me/drive/items/{id}:/{id}:/content", drive_write::put_named),
    post("/me/drive/items/{id}:/{id}:/createUploadSession", drive_write::create_session),
    post("/me/drive/items/{id}/createLink", drive_write::create_link),
    get("/drives/{id}/items/{id}", drive::item, SELECT, ITEM),
    get("/drives/{id}/items/{id}:/{id}", drive::named, SELECT, ITEM),
    get("/drives/{id}/items/{id}/permissions", drive_sharing::permissions, &[], READ),
    get("/drives/{id}/items/{id}/children", drive::children, CHILDREN, READ),
    get("/drives/{id}/items/{id}/content", drive_address::content, &[], READ),
    put("/drives/{id}/items/{id}/content", drive_write::put),
    put("/drives/{id}/items/{id}:/{id}:/content", drive_write::put_named),
    post("/drives/{id}/items/{id}:/{id}:/createUploadSession", drive_write::create_session),
    post("/drives/{id}/items/{id}/createLink", drive_write::create_link),
    get("/sites/{id}/drive/items/{id}", drive::item, SELECT, ITEM),
    get("/sites/{id}/drive/items/{id}:/{id}", drive::named, SELECT, ITEM),
    get("/sites/{id}/drive/items/{id}/permissions", drive_sharing::permissions, &[], READ),
    get("/sites/{id}/drive/items/{id}/children", drive::children, CHILDREN, READ),
    get("/sites/{id}/drive/items/{id}/content", drive_address::content, &[], READ),
    put("/sites/{id}/drive/items/{id}/content", drive_write::put),
    put("/sites/{id}/drive/items/{id}:/{id}:/content", drive_write::put_named),
    post("/sites/{id}/drive/items/{id}:/{id}:/createUploadSession", drive_write::create_session),
    post("/sites/{id}/drive/items/{id}/createLink", drive_write::create_link),
    row(
        "GET",
        "/sites",
        sites::search,
        Workload::Drive,
        "site",
        &["search", "top", "select", "skiptoken"],
        SITES,
    ),
    row(
        "GET",
        "/sites/{id}/lists/{id}/items",
        sites::list_items,
        Workload::Drive,
        "listItem",
        &["expand", "select", "top", "skiptoken"],
        SITES,
    ),
    row("POST", "/search/query", search::query, Workload::Drive, "searchRequest", &[], SEARCH),
];
