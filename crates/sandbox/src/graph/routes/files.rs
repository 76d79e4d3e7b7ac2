//! The rows of drives, sites, lists and search.

use super::super::drive;
use super::super::errors::Workload;
use super::{Route, row};

/// The drive pages by the links it gives and by nothing else.
const CHILDREN: &[&str] = &["top", "select", "orderby", "filter", "skiptoken"];
const SELECT: &[&str] = &["select"];

pub(super) static ROWS: [Route; 2] = [
    row(
        "GET",
        "/me/drive/items/{id}",
        drive::item,
        Workload::Drive,
        "driveItem",
        SELECT,
        &[
            "Files.Read",
            "Files.ReadWrite",
            "Files.Read.All",
            "Sites.Read.All",
            "Files.ReadWrite.All",
            "Group.Read.All",
            "Group.ReadWrite.All",
        ],
    ),
    row(
        "GET",
        "/me/drive/root/children",
        drive::root_children,
        Workload::Drive,
        "driveItem",
        CHILDREN,
        &[
            "Files.Read",
            "Files.ReadWrite",
            "Files.Read.All",
            "Sites.Read.All",
            "Files.ReadWrite.All",
            "Sites.ReadWrite.All",
        ],
    ),
];
