//! Pictures of what there is: drawn here, each inside its own URL, so that showing one asks nobody.
//!
//! Source: MCP 2025-11-25, "Icons"; RFC 2397. Tools have none: a model reads their list, and pictures are not for it.

use m365_mcp::Icon;
use m365_types::AuditKind;

const fn svg(src: &'static str) -> Icon {
    Icon { src, mime_type: "image/svg+xml", sizes: &["any"] }
}

macro_rules! drawing {
    ($path:literal) => {
        svg(concat!(
            "data:image/svg+xml,%3Csvg%20xmlns='http://www.w3.org/2000/svg'%20viewBox='0%200%2024%2024'%20fill='none'",
            "%20stroke='%23456'%20stroke-width='2'%3E%3Cpath%20d='",
            $path,
            "'/%3E%3C/svg%3E"
        ))
    };
}

/// The server: four panes behind a key.
pub(crate) const SERVER: Icon = drawing!(
    "M3%203h8v8H3zM13%203h8v8h-8zM3%2013h8v8H3zM17%2013a3%203%200%201%200%20.1%200M17%2019v3M17%2021h2"
);
const CALENDAR: &[Icon] = &[drawing!("M4%205h16v15H4zM4%2010h16M8%203v4M16%203v4")];
const FILES: &[Icon] = &[drawing!("M6%203h8l4%204v14H6zM14%203v4h4")];
const MAIL: &[Icon] = &[drawing!("M3%206h18v13H3zM3%207l9%206%209-6")];
const PEOPLE: &[Icon] = &[drawing!("M12%204a4%204%200%201%200%20.1%200M5%2020a7%206%200%200%201%2014%200")];
const TEAMS: &[Icon] = &[drawing!("M4%205h16v11H10l-4%204v-4H4z")];

/// The picture of what a kind of record is about.
pub(crate) fn of(kind: AuditKind) -> &'static [Icon] {
    match kind {
        AuditKind::CalendarRead => CALENDAR,
        AuditKind::FilesRead => FILES,
        AuditKind::MailRead => MAIL,
        AuditKind::PeopleRead | AuditKind::ProfileRead => PEOPLE,
        AuditKind::ChannelSend | AuditKind::ChannelsRead | AuditKind::TeamsRead => TEAMS,
        _ => &[],
    }
}
