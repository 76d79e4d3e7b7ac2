//! Mail: reading, searching, drafting, sending, filing, and the settings of a mailbox.
//!
//! Source: Graph `message`, `mailFolder`, `attachment`, `mailTips` and `mailboxSettings` resources.

pub(crate) mod attach;
pub(crate) mod attachment_text;
pub(crate) mod attachments;
mod body;
pub(crate) mod confidential;
mod draft;
mod filing;
mod folders;
pub(crate) mod list;
mod message;
mod param;
mod reply;
mod seen;
pub(crate) mod send;
mod settings;
pub(crate) mod summary;
mod tips;

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope, Sensitivity};

use crate::action::{Action, Output};
use crate::excerpt;
use crate::param::MAILBOX;
use crate::standing::MAIL_TIPS;
use crate::zone::{SETTINGS, TIME_ZONE};

/// What the rows that read mail have in common.
const READ: ActionSpec = ActionSpec {
    name: "",
    kind: ActionKind::Tool,
    title: "",
    summary: "",
    effect: Effect::Read,
    scopes: &[Scope::MailRead],
    further_scopes: &[Scope::MailReadShared],
    calls: &[],
    untrusted: true,
    sensitivity: &[],
    audit: AuditKind::MailRead,
};
/// The same of those that tell times in the person's zone.
const READ_DATED: ActionSpec =
    ActionSpec { further_scopes: &[Scope::MailReadShared, Scope::MailboxSettingsRead], ..READ };
/// By what it is known that a message is confidential.
const MESSAGE_OR_PLACE: &[Sensitivity] = &[Sensitivity::MessageSensitivity, Sensitivity::Place];
/// What the rows that change mail have in common. With `Mail.Read` they can say who uses another mailbox besides.
const WRITE: ActionSpec = ActionSpec {
    effect: Effect::Write,
    scopes: &[Scope::MailReadWrite],
    further_scopes: &[Scope::MailReadWriteShared, Scope::MailRead, Scope::MailReadShared],
    untrusted: false,
    audit: AuditKind::MailWrite,
    ..READ
};
/// What the rows that send mail have in common. With `Mail.Read` they can say where those stand whom the mail goes to.
const SEND: ActionSpec = ActionSpec {
    effect: Effect::Send,
    scopes: &[Scope::MailSend],
    further_scopes: &[Scope::MailSendShared, Scope::MailRead, Scope::MailReadShared],
    untrusted: false,
    audit: AuditKind::MailSend,
    ..READ
};
/// The same of those that send what is in the mailbox: what that is must be read, so without `Mail.Read` there is no
/// effect to decide on.
const SEND_SEEN: ActionSpec = ActionSpec {
    scopes: &[Scope::MailRead, Scope::MailSend],
    further_scopes: &[Scope::MailReadShared, Scope::MailSendShared],
    ..SEND
};
const MESSAGE: Call = Call::get(seen::MESSAGE).or_mailbox();
const ATTACHMENTS: Call = Call::get(seen::ATTACHMENTS).or_mailbox();
const ATTACHMENT: Call = Call::get(attachment_text::CONTENT).or_mailbox();
const TIPS: Call = Call::query(MAIL_TIPS);
const MOVE: Call = Call::post("/me/messages/{message}/move").or_mailbox();

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 21] = [
    Action {
        spec: ActionSpec {
            name: "sendEmail",
            title: "Send email",
            summary: "Send an email via Outlook",
            calls: &[Call::post("/me/sendMail").or_mailbox(), TIPS],
            ..SEND
        },
        paged: false,
        params: &[&send::TO, &send::SUBJECT, &send::BODY, &param::CONTENT_TYPE, &MAILBOX],
        output: Output::One(&["status", "to", "contentType"]),
        parse: send::send_email,
    },
    Action {
        spec: ActionSpec {
            name: "getEmails",
            title: "Get emails",
            summary: "Get recent emails",
            calls: &[Call::get("/me/mailFolders/{folder}/messages").or_mailbox(), Call::get(SETTINGS)],
            sensitivity: &[Sensitivity::Place],
            ..READ_DATED
        },
        paged: true,
        params: &[&list::COUNT, &list::FOLDER, &MAILBOX, &TIME_ZONE],
        output: Output::List { name: "messages", item: list::FIELDS },
        parse: list::get_emails,
    },
    Action {
        spec: ActionSpec {
            name: "searchEmails",
            title: "Search emails",
            summary: "Search emails",
            calls: &[Call::get("/me/messages").or_mailbox(), Call::get(SETTINGS)],
            sensitivity: &[Sensitivity::Place],
            ..READ_DATED
        },
        paged: true,
        params: &[&list::QUERY, &list::RESULTS, &MAILBOX, &TIME_ZONE],
        output: Output::List { name: "messages", item: list::FIELDS },
        parse: list::search_emails,
    },
    Action {
        spec: ActionSpec {
            name: "getEmail",
            title: "Get email",
            summary: "Read one email as markdown",
            calls: &[MESSAGE, Call::get(SETTINGS)],
            sensitivity: MESSAGE_OR_PLACE,
            ..READ_DATED
        },
        paged: true,
        params: &[&param::ID, &message::HISTORY, &MAILBOX, &TIME_ZONE],
        output: Output::One(&["id", "subject", "body", "bodyLength"]),
        parse: message::get_email,
    },
    Action {
        spec: ActionSpec {
            name: summary::NAME,
            title: "Summarize thread",
            summary: "Summarize an email conversation",
            calls: &[MESSAGE, Call::get(summary::MESSAGES).or_mailbox()],
            ..READ
        },
        paged: false,
        params: &[&summary::ID, &summary::CONVERSATION, &summary::FOCUS, &MAILBOX],
        output: Output::One(&["summary", "messages", "truncated"]),
        parse: summary::summarize_thread,
    },
    Action {
        spec: ActionSpec {
            name: "listMailFolders",
            title: "List mail folders",
            summary: "List mail folders with counts",
            scopes: &[Scope::MailReadBasic],
            calls: &[Call::get("/me/mailFolders").or_mailbox()],
            sensitivity: &[Sensitivity::Place],
            ..READ
        },
        paged: true,
        params: &[&MAILBOX],
        output: Output::List { name: "folders", item: folders::FIELDS },
        parse: folders::list_mail_folders,
    },
    Action {
        spec: ActionSpec {
            name: "listAttachments",
            title: "List attachments",
            summary: "List an email's attachments",
            calls: &[ATTACHMENTS],
            sensitivity: &[Sensitivity::Place],
            ..READ
        },
        paged: true,
        params: &[&param::ID, &MAILBOX],
        output: Output::List { name: "attachments", item: attachments::FIELDS },
        parse: attachments::list_attachments,
    },
    Action {
        spec: ActionSpec {
            name: "readAttachment",
            title: "Read attachment",
            summary: "Read an attached document as text",
            calls: &[Call::get(attachment_text::DESCRIBED).or_mailbox(), ATTACHMENT, MESSAGE],
            sensitivity: &[Sensitivity::FileLabel, Sensitivity::MessageSensitivity, Sensitivity::Place],
            ..READ
        },
        paged: true,
        params: &[&param::ID, &attachment_text::ATTACHMENT, &MAILBOX],
        output: Output::One(&["name", "contentType", "size", "text", "textLength"]),
        parse: attachment_text::read_attachment,
    },
    Action {
        spec: ActionSpec {
            name: "createDraft",
            title: "Create draft",
            summary: "Create a draft without sending it",
            calls: &[Call::post("/me/messages").or_mailbox(), TIPS],
            untrusted: true,
            ..WRITE
        },
        paged: false,
        params: &[
            &param::SUBJECT,
            &param::BODY,
            &param::TO,
            &param::CC,
            &param::BCC,
            &param::CONTENT_TYPE,
            &MAILBOX,
        ],
        output: Output::One(&["id", "subject", "to"]),
        parse: draft::create_draft,
    },
    Action {
        spec: ActionSpec {
            name: "createReplyDraft",
            title: "Create reply draft",
            summary: "Draft a reply or forward without sending it",
            calls: &[
                Call::post("/me/messages/{message}/createReply").or_mailbox(),
                Call::post("/me/messages/{message}/createReplyAll").or_mailbox(),
                Call::post("/me/messages/{message}/createForward").or_mailbox(),
                MESSAGE,
                TIPS,
            ],
            untrusted: true,
            ..WRITE
        },
        paged: false,
        params: &[&param::ID, &draft::KIND, &param::COMMENT, &param::TO, &MAILBOX],
        output: Output::One(&["id", "subject", "to"]),
        parse: draft::create_reply_draft,
    },
    Action {
        spec: ActionSpec {
            name: "addDraftAttachment",
            title: "Add draft attachment",
            summary: "Attach text or a OneDrive or SharePoint file to a draft",
            further_scopes: &[
                Scope::MailReadWriteShared,
                Scope::FilesRead,
                Scope::FilesReadAll,
                Scope::MailRead,
                Scope::MailReadShared,
            ],
            calls: &[
                Call::post(attach::ADD).or_mailbox(),
                Call::post(attach::SESSION).or_mailbox(),
                Call::get(attach::OWN_ITEM),
                Call::get(attach::OWN_CONTENT),
                Call::get(attach::ITEM),
                Call::get(attach::ITEM_CONTENT),
                MESSAGE,
                TIPS,
            ],
            untrusted: true,
            ..WRITE
        },
        paged: false,
        params: &[
            &param::ID,
            &attach::NAME,
            &attach::CONTENT,
            &attach::CONTENT_TYPE,
            &attach::DRIVE_ITEM,
            &attach::DRIVE,
            &MAILBOX,
        ],
        output: Output::One(&["name", "size"]),
        parse: attach::add_draft_attachment,
    },
    Action {
        spec: ActionSpec {
            name: "sendDraft",
            title: "Send draft",
            summary: "Send a draft",
            calls: &[
                Call::post("/me/messages/{message}/send").or_mailbox(),
                MESSAGE,
                ATTACHMENTS,
                ATTACHMENT,
                TIPS,
            ],
            ..SEND_SEEN
        },
        paged: false,
        params: &[&param::ID, &MAILBOX],
        output: Output::One(&["status", "id"]),
        parse: reply::send_draft,
    },
    Action {
        spec: ActionSpec {
            name: "replyEmail",
            title: "Reply to email",
            summary: "Reply to an email at once",
            calls: &[
                Call::post(reply::REPLY_TO_ONE).or_mailbox(),
                Call::post(reply::REPLY_TO_ALL).or_mailbox(),
                MESSAGE,
                TIPS,
            ],
            ..SEND_SEEN
        },
        paged: false,
        params: &[&param::ID, &reply::REPLY, &reply::ALL, &MAILBOX],
        output: Output::One(&["status", "id"]),
        parse: reply::reply_email,
    },
    Action {
        spec: ActionSpec {
            name: "forwardEmail",
            title: "Forward email",
            summary: "Forward an email at once",
            calls: &[
                Call::post("/me/messages/{message}/forward").or_mailbox(),
                MESSAGE,
                ATTACHMENTS,
                ATTACHMENT,
                TIPS,
            ],
            ..SEND_SEEN
        },
        paged: false,
        params: &[&param::ID, &reply::TO, &param::COMMENT, &MAILBOX],
        output: Output::One(&["status", "id", "to"]),
        parse: reply::forward_email,
    },
    Action {
        spec: ActionSpec {
            name: "updateEmail",
            title: "Update email",
            summary: "Mark an email: read, flag, categories, importance",
            calls: &[Call::patch(seen::MESSAGE).or_mailbox(), MESSAGE, TIPS],
            ..WRITE
        },
        paged: false,
        params: &[
            &param::ID,
            &filing::IS_READ,
            &filing::FLAG,
            &filing::CATEGORIES,
            &filing::IMPORTANCE,
            &MAILBOX,
        ],
        output: Output::One(&["id"]),
        parse: filing::update_email,
    },
    Action {
        spec: ActionSpec {
            name: "moveEmail",
            title: "Move email",
            summary: "Move an email to a folder",
            calls: &[MOVE, MESSAGE, TIPS, Call::get(filing::FOLDER_ONE).or_mailbox()],
            ..WRITE
        },
        paged: false,
        params: &[&param::ID, &filing::FOLDER, &MAILBOX],
        output: Output::One(&["id", "parentFolderId"]),
        parse: filing::move_email,
    },
    Action {
        spec: ActionSpec {
            name: "trashEmail",
            title: "Trash email",
            summary: "Move an email to Deleted Items",
            effect: Effect::Destroy,
            calls: &[MOVE, MESSAGE, TIPS],
            audit: AuditKind::MailTrash,
            ..WRITE
        },
        paged: false,
        params: &[&param::ID, &MAILBOX],
        output: Output::One(&["id", "parentFolderId"]),
        parse: filing::trash_email,
    },
    Action {
        spec: ActionSpec {
            name: "getMailTips",
            title: "Get mail tips",
            summary: "Check recipients before sending: outside, away, full, lists",
            calls: &[Call::query("/me/getMailTips").or_mailbox()],
            ..READ
        },
        paged: false,
        params: &[&tips::ADDRESSES, &MAILBOX],
        output: Output::List { name: "mailTips", item: tips::FIELDS },
        parse: tips::get_mail_tips,
    },
    Action {
        spec: ActionSpec {
            name: "getMailboxSettings",
            title: "Get mailbox settings",
            summary: "Time zone, working hours, automatic replies",
            scopes: &[Scope::MailboxSettingsRead],
            further_scopes: &[],
            calls: &[Call::get(SETTINGS)],
            untrusted: false,
            audit: AuditKind::MailboxRead,
            ..READ
        },
        paged: false,
        params: &[],
        output: Output::One(&["timeZone", "workingHours", "automaticReplies"]),
        parse: |_| Some(Box::new(settings::GetMailboxSettings)),
    },
    Action {
        spec: ActionSpec {
            name: "setAutomaticReplies",
            title: "Set automatic replies",
            summary: "Set or end out-of-office replies",
            effect: Effect::Send,
            scopes: &[Scope::MailboxSettingsReadWrite],
            further_scopes: &[],
            calls: &[Call::patch("/me/mailboxSettings"), Call::get(SETTINGS)],
            untrusted: false,
            audit: AuditKind::MailboxSend,
            ..READ
        },
        paged: false,
        params: &[
            &settings::STATUS,
            &settings::INTERNAL,
            &settings::EXTERNAL,
            &settings::AUDIENCE,
            &settings::START,
            &settings::END,
        ],
        output: Output::One(&["status", "audience"]),
        parse: settings::set_automatic_replies,
    },
    Action {
        spec: ActionSpec {
            name: message::URI,
            kind: ActionKind::Template,
            title: "Message",
            summary: "One message with its body as markdown",
            further_scopes: &[],
            calls: &[Call::get("/me/messages/{message}")],
            sensitivity: MESSAGE_OR_PLACE,
            ..READ
        },
        paged: false,
        params: &[&param::ID, &excerpt::OFFSET],
        output: Output::One(&[
            "untrusted",
            "id",
            "subject",
            "to",
            "cc",
            "received",
            "sent",
            "body",
            "bodyLength",
        ]),
        parse: message::read_message,
    },
];
