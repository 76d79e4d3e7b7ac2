//! What a call would do, in the words of a page: completes "“Claude” wants to …".

use m365_types::AuditKind;

/// The words for a kind of call, to somebody in whose name it is not.
pub(super) const fn deed_of_another(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::ChannelSend => "post this message to a Teams channel",
        AuditKind::ChatSend => "send this chat message",
        AuditKind::MailSend => "send this e-mail",
        AuditKind::MailboxSend => "change the automatic replies that others get",
        AuditKind::CalendarCancel
        | AuditKind::CalendarSend
        | AuditKind::FilesShare
        | AuditKind::FilesWrite
        | AuditKind::MailTrash
        | AuditKind::MailWrite
        | AuditKind::MeetingWrite
        | AuditKind::TasksWrite => deed(kind),
        _ => "do this",
    }
}

/// The words for a kind of call.
pub(crate) const fn deed(kind: AuditKind) -> &'static str {
    match kind {
        AuditKind::CalendarCancel => "cancel this event and tell everybody invited",
        AuditKind::CalendarSend => "put this event into a calendar and invite people",
        AuditKind::ChannelSend => "post this message to a Teams channel as you",
        AuditKind::ChatSend => "send this chat message as you",
        AuditKind::FilesShare => "make a link by which others can open this file",
        AuditKind::FilesWrite => "create or replace this file",
        AuditKind::MailSend => "send this e-mail as you",
        AuditKind::MailTrash => "move this e-mail to the deleted items",
        AuditKind::MailWrite => "change this mail",
        AuditKind::MailboxSend => "change the automatic replies that others get from you",
        AuditKind::MeetingWrite => "create this Teams meeting",
        AuditKind::TasksWrite => "change this task",
        _ => "do this in your name",
    }
}
