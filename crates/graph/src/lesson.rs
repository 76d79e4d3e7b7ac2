//! What a failure teaches: one row per answer that needs another remedy.
//!
//! Source: Graph's error reference. The status selects first, then the code; never the message. `{permission}`
//! and `{grant}` are filled in from the permissions of the call, `{wait}` from `Retry-After`.

use m365_ports::UpstreamError;

use crate::calendar::{reply, schedule, update};
use crate::files::{read, upload};
use crate::mail::{attach, attachment_text, summary};
use crate::{document, model, period};

/// One row: a failure, why it happens, and what to do next.
#[derive(Debug)]
pub struct Lesson {
    /// Stable code for the journal.
    pub code: &'static str,
    /// What happened and why; empty where the token source says it.
    pub why: &'static str,
    /// Who does what next, and whether to try again.
    pub next: &'static str,
}

/// A row chosen by an answer of Graph.
struct GraphLesson {
    statuses: &'static [u16],
    /// Codes of the envelope; none means any.
    codes: &'static [&'static str],
    lesson: Lesson,
}

const fn row(
    statuses: &'static [u16],
    codes: &'static [&'static str],
    code: &'static str,
    why: &'static str,
    next: &'static str,
) -> GraphLesson {
    GraphLesson { statuses, codes, lesson: Lesson { code, why, next } }
}

/// Answers of Graph, the particular before the general: the first row that fits counts.
static GRAPH: [GraphLesson; 29] = [
    row(
        &[400],
        &["ErrorInvalidIdMalformed", "invalidRequest"],
        "graph_bad_id",
        "Microsoft 365 does not understand an identifier among the arguments.",
        "Use ids exactly as earlier results gave them. Repeating the same call fails again.",
    ),
    row(
        &[400],
        &["ErrorInvalidRecipients"],
        "graph_bad_recipient",
        "Microsoft 365 does not accept a recipient's address.",
        "Correct the address and call again.",
    ),
    row(
        &[400],
        &["Request_UnsupportedQuery"],
        "graph_unsupported_query",
        "The directory of the organisation does not support this search.",
        "Search for whole words of a name, letters and digits only. Repeating the same call fails again.",
    ),
    row(
        &[400],
        &["BadRequest"],
        "graph_bad_argument",
        "Microsoft 365 did not accept one of the arguments.",
        "Check that each id is of the kind its name says, and stands as an earlier result gave it. Repeating the same call \
         fails again.",
    ),
    row(
        &[400],
        &["tooManyTermsInQuery"],
        "graph_query_too_long",
        "The search has more words than Microsoft 365 takes.",
        "Search for fewer words. Repeating the same call fails again.",
    ),
    row(
        &[403, 400, 409, 422],
        &["malwareDetected", "virusSuspicious"],
        "graph_malware",
        "Microsoft 365 found malware in the file, so it is locked.",
        "Leave it alone and tell the security team. Repeating will not help.",
    ),
    row(
        &[403, 400, 405],
        &["notAllowed", "accessRestricted"],
        "graph_not_allowed",
        "A rule of the organisation or of the site forbids this, such as sharing with a link of that kind.",
        "An administrator or the owner of the site can say what is allowed. Repeating the same call fails again.",
    ),
    row(
        &[400, 413],
        &["ErrorAttachmentSizeLimitExceeded", "ErrorMessageSizeExceeded"],
        "graph_message_size",
        "The message is larger with its attachments than the mailbox may send or keep.",
        "Attach less, or share the file with a link instead. Repeating the same call fails again.",
    ),
    row(
        &[400],
        &["ErrorPropertyValidationFailure", "ErrorCalendarEndDateIsEarlierThanStartDate"],
        "graph_property",
        "Microsoft 365 does not accept one of the new values together with the others.",
        "Change the arguments; an event of whole days, for one, begins and ends at midnight. Repeating the same call fails \
         again.",
    ),
    row(
        &[400, 405, 406, 415, 422],
        &[],
        "graph_bad_request",
        "Microsoft Graph did not accept the request.",
        "Change the arguments; repeating the same call fails again.",
    ),
    row(
        &[401],
        &[],
        "microsoft_sign_in_expired",
        "Microsoft no longer accepts the sign-in, and renewing it did not help.",
        "Call `authenticate` for the page where the person signs in again, then repeat the call.",
    ),
    row(
        &[402],
        &[],
        "graph_billing",
        "Microsoft Graph charges for this operation and the organisation has no billing set up.",
        "An administrator must set it up. Do not repeat the call before.",
    ),
    row(
        &[403],
        &["insufficient_claims", "interaction_required"],
        "microsoft_conditional_access",
        "The organisation's conditional access asks for a fresh sign-in.",
        "Call `authenticate` for the page where the person signs in again, then repeat the call.",
    ),
    row(
        &[403, 500],
        &["ErrorQuotaExceeded", "quotaLimitReached", "ErrorExceededMessageLimit"],
        "graph_send_quota",
        "The mailbox is full, or it has sent as many messages as it may.",
        "The person must free space or wait a day. Repeating at once will not help.",
    ),
    row(
        &[403],
        &["GraphAccessToTranscriptsDisabled"],
        "graph_transcripts_off",
        "The organisation does not let applications read transcripts: its Teams setting EnableGraphTranscriptAccess is off, as \
         Microsoft delivers it.",
        "A Teams administrator turns it on. Neither signing in again nor repeating helps before that.",
    ),
    row(
        &[403],
        &["ErrorSendAsDenied"],
        "graph_send_as",
        "This account may not send as that sender.",
        "The mailbox's owner or an administrator must allow it. Repeating will not help before that.",
    ),
    row(
        &[403],
        &["Forbidden"],
        "graph_not_member",
        "The permission {permission} is missing, or this account is not in that team, channel, chat or meeting.",
        "Somebody who is in it can add the account. The person can give the permission by signing in again (see \
         `authenticate`); where the organisation does not let people consent, an administrator grants it in Microsoft \
         Entra. Repeating will not help before that.",
    ),
    row(
        &[403],
        &[],
        "graph_permission",
        "The permission {permission} is missing, or the item is not shared with this account.",
        "{grant} The item's owner can share it. Repeating will not help before that.",
    ),
    row(
        &[404],
        &["MailboxNotEnabledForRESTAPI"],
        "graph_no_mailbox",
        "The account, or the `mailbox` that was named, has no Exchange Online mailbox.",
        "An administrator must assign a licence with Exchange Online or move the mailbox. Repeating will not help before that.",
    ),
    row(
        &[404],
        &["Request_ResourceNotFound"],
        "graph_not_in_directory",
        "The directory of the organisation has nobody and nothing with that id or user principal name, or does not show it to \
         this account.",
        "Find people with `searchUsers` and use their id.",
    ),
    row(
        &[404],
        &["ErrorInvalidUser"],
        "graph_no_such_mailbox",
        "There is no mailbox with the address that was given as `mailbox`.",
        "Correct `mailbox`, or leave it out for the person's own. Repeating the same call fails again.",
    ),
    row(
        &[404, 410],
        &[],
        "graph_not_found",
        "It does not exist, or this account may not see it.",
        "Check the identifiers against an earlier result; its owner can share it.",
    ),
    row(
        &[409],
        &["nameAlreadyExists"],
        "graph_name_taken",
        "The folder already holds something of that name, and it was left as it is.",
        "Choose another `name`, or say with `conflict` what is to happen.",
    ),
    row(
        &[409, 412],
        &[],
        "graph_conflict",
        "It was changed or created by somebody else in the meantime.",
        "Read it again, then decide whether to repeat the change.",
    ),
    row(
        &[413],
        &[],
        "graph_too_large",
        "It is larger than the 4 MB that Microsoft Graph takes.",
        "Make it shorter and call again.",
    ),
    row(
        &[423],
        &[],
        "graph_locked",
        "The item is locked by somebody who is working in it.",
        "Try again in a few minutes.",
    ),
    row(
        &[507],
        &[],
        "graph_quota",
        "The mailbox or storage is full.",
        "The person must free space, or an administrator must raise the quota. Repeating will not help before that.",
    ),
    row(
        &[509],
        &[],
        "graph_bandwidth",
        "Microsoft 365 limits how much this account may transfer, and the limit is reached.",
        "Try again {wait}, not sooner.",
    ),
    row(
        &[500, 502, 503, 504],
        &[],
        "graph_unavailable",
        "Microsoft 365 is having trouble.",
        "Try again {wait}; if it lasts, an administrator can look at the service health page.",
    ),
];

/// How a person comes to a missing permission (`{grant}`).
pub(crate) const PERSON_GRANTS: &str = "The person can give the permission by signing in again (see `authenticate`); where the \
     organisation does not let people consent, an administrator grants it in Microsoft Entra.";
/// The same where one of the permissions is not the person's to give.
pub(crate) const ADMINISTRATOR_GRANTS: &str = "Only an administrator of the organisation can grant {administered}, in Microsoft Entra; then the person signs in again \
     (see `authenticate`).";

/// No Microsoft account is connected; the token source says what to do.
pub(crate) static SIGN_IN_NEEDED: Lesson =
    Lesson { code: "microsoft_sign_in_needed", why: "", next: "Then repeat the call." };
/// Somebody other than the person must act; the token source says who.
pub(crate) static SIGN_IN_REFUSED: Lesson =
    Lesson { code: "microsoft_sign_in_refused", why: "", next: "Repeating will not help before that." };
/// Entra or the store did not answer.
pub(crate) static SIGN_IN_UNAVAILABLE: Lesson =
    Lesson { code: "microsoft_sign_in_unavailable", why: "", next: "Try again {wait}." };
/// A yes that cannot be read.
pub(crate) static ANSWER_UNREADABLE: Lesson = Lesson {
    code: "graph_unreadable",
    why: "Microsoft Graph answered in a form this server does not understand.",
    next: "Report the request id to an administrator.",
};
/// The caller no longer wanted it.
pub(crate) static CANCELLED: Lesson = Lesson {
    code: "cancelled",
    why: "It was cancelled before it did anything.",
    next: "Call again only if it is still wanted.",
};
/// The whole call took too long.
pub(crate) static OUT_OF_TIME: Lesson = Lesson {
    code: "out_of_time",
    why: "It took more than 90 seconds, so Microsoft 365 was not asked any further.",
    next: "Try again {wait}, and ask for less where that is possible.",
};
static GRAPH_REFUSED: Lesson = Lesson {
    code: "graph_refused",
    why: "Microsoft Graph refused the request.",
    next: "Repeating the same call will not help; report the request id to an administrator.",
};
pub(crate) static CONTENT_REFUSED: Lesson = Lesson {
    code: "graph_content_refused",
    why: "Microsoft 365 gave an address for the content that did not open; such addresses expire quickly.",
    next: "Call again once: a new address is made each time.",
};
static UNLISTED_HOST: Lesson = Lesson {
    code: "egress_unlisted_host",
    why: "The content lies on a SharePoint or OneDrive host that the operator of this server has not listed, so it was not fetched.",
    next: "An operator adds the host to SHAREPOINT_HOSTS. Repeating will not help before that.",
};
static FORBIDDEN: Lesson = Lesson {
    code: "egress_forbidden",
    why: "The request is not one this action may make, so nothing was sent.",
    next: "This is a fault of the server: report the request id to an administrator.",
};
static GATEWAY_UNREACHABLE: Lesson = Lesson {
    code: "gateway_unreachable",
    why: "The AI Gateway, through which every call must go, could not be reached or broke off.",
    next: "Try again {wait}; if it lasts, tell an administrator.",
};
static GATEWAY_REFUSED: Lesson = Lesson {
    code: "gateway_refused",
    why: "The AI Gateway refused the call for a reason of its own.",
    next: "An administrator must look at the gateway's log. Repeating will not help before that.",
};
static DLP_REQUEST: Lesson = Lesson {
    code: "dlp_request",
    why: "The organisation's data loss prevention stopped the request because of what is in it. Nothing was sent.",
    next: "Take the sensitive content out, or ask the security team. Do not repeat or reword it to get past.",
};
static DLP_RESPONSE: Lesson = Lesson {
    code: "dlp_response",
    why: "The organisation's data loss prevention stopped the answer because of what is in it.",
    next: "Ask for something narrower, or ask the security team. Repeating the same call fails again.",
};
static GATEWAY_RATE_LIMITED: Lesson = Lesson {
    code: "gateway_rate_limited",
    why: "The rate limit of the organisation's AI Gateway is reached.",
    next: "Try again {wait}, not sooner.",
};
static GRAPH_RATE_LIMITED: Lesson = Lesson {
    code: "graph_rate_limited",
    why: "Microsoft 365 limits how often this account may be called, and the limit is reached.",
    next: "Try again {wait}, not sooner.",
};
static GATEWAY_MALFORMED: Lesson = Lesson {
    code: "gateway_malformed",
    why: "What came back through the AI Gateway cannot be trusted to be the answer to this call.",
    next: "Try again {wait}; if it lasts, an administrator must look at the gateway's settings.",
};

/// What every call can meet, besides the answers of Graph.
static EVERYWHERE: [&Lesson; 17] = [
    &SIGN_IN_NEEDED,
    &SIGN_IN_REFUSED,
    &SIGN_IN_UNAVAILABLE,
    &ANSWER_UNREADABLE,
    &CANCELLED,
    &OUT_OF_TIME,
    &GRAPH_REFUSED,
    &CONTENT_REFUSED,
    &UNLISTED_HOST,
    &FORBIDDEN,
    &GATEWAY_UNREACHABLE,
    &GATEWAY_REFUSED,
    &DLP_REQUEST,
    &DLP_RESPONSE,
    &GATEWAY_RATE_LIMITED,
    &GRAPH_RATE_LIMITED,
    &GATEWAY_MALFORMED,
];

/// Every lesson: what a tool's failure can be called in a record.
pub fn lessons() -> impl Iterator<Item = &'static Lesson> {
    let of_families: [&[&Lesson]; 12] = [
        &EVERYWHERE,
        &document::LESSONS,
        &model::LESSONS,
        &summary::LESSONS,
        &period::LESSONS,
        &attachment_text::LESSONS,
        &attach::LESSONS,
        &read::LESSONS,
        &upload::LESSONS,
        &reply::LESSONS,
        &schedule::LESSONS,
        &update::LESSONS,
    ];
    GRAPH.iter().map(|row| &row.lesson).chain(of_families.into_iter().flatten().copied())
}

/// The row for an answer that was no success.
pub(crate) fn of(error: &UpstreamError) -> &'static Lesson {
    match error {
        UpstreamError::Forbidden => &FORBIDDEN,
        UpstreamError::UnlistedHost { .. } => &UNLISTED_HOST,
        UpstreamError::GatewayUnreachable { .. } => &GATEWAY_UNREACHABLE,
        UpstreamError::Gateway { .. } => &GATEWAY_REFUSED,
        UpstreamError::DlpRequest { .. } => &DLP_REQUEST,
        UpstreamError::DlpResponse { .. } => &DLP_RESPONSE,
        UpstreamError::GatewayRateLimited { .. } => &GATEWAY_RATE_LIMITED,
        UpstreamError::GraphRateLimited { .. } | UpstreamError::Graph { status: 429, .. } => {
            &GRAPH_RATE_LIMITED
        }
        UpstreamError::Malformed { .. } => &GATEWAY_MALFORMED,
        UpstreamError::Graph { status, code, .. } => of_graph(*status, code),
    }
}

fn of_graph(status: u16, code: &str) -> &'static Lesson {
    let fits = |row: &&GraphLesson| {
        row.statuses.contains(&status) && (row.codes.is_empty() || row.codes.contains(&code))
    };
    GRAPH.iter().find(fits).map_or(&GRAPH_REFUSED, |row| &row.lesson)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_mail_refuses_has_a_remedy_of_its_own() {
        for (status, code, taught) in [
            (400, "ErrorInvalidIdMalformed", "graph_bad_id"),
            (400, "ErrorInvalidRecipients", "graph_bad_recipient"),
            (400, "ErrorMessageSizeExceeded", "graph_message_size"),
            (413, "ErrorMessageSizeExceeded", "graph_message_size"),
            (400, "ErrorAttachmentSizeLimitExceeded", "graph_message_size"),
            (400, "ErrorInvalidPropertyUpdateSentMessage", "graph_bad_request"),
            (403, "ErrorAccessDenied", "graph_permission"),
            (403, "ErrorSendAsDenied", "graph_send_as"),
            (403, "ErrorQuotaExceeded", "graph_send_quota"),
            (500, "ErrorQuotaExceeded", "graph_send_quota"),
            (404, "ErrorItemNotFound", "graph_not_found"),
            (404, "ErrorInvalidUser", "graph_no_such_mailbox"),
            (404, "MailboxNotEnabledForRESTAPI", "graph_no_mailbox"),
        ] {
            assert_eq!(of_graph(status, code).code, taught, "{status} {code}");
        }
    }

    #[test]
    fn every_row_can_be_reached() {
        for (index, row) in GRAPH.iter().enumerate() {
            let status = row.statuses[0];
            let code = row.codes.first().copied().unwrap_or_default();
            assert_eq!(of_graph(status, code).code, row.lesson.code, "row {index}");
        }
    }

    #[test]
    fn every_code_is_one_remedy() {
        let mut codes: Vec<_> = lessons().map(|lesson| lesson.code).collect();
        let count = codes.len();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), count);
    }

    #[test]
    fn every_sentence_says_what_to_do_next() {
        for Lesson { code, why, next } in lessons() {
            assert!((why.is_empty() || why.ends_with('.')) && next.ends_with('.'), "{code}");
        }
    }

    #[test]
    fn an_unknown_code_falls_back_to_its_status_and_an_unknown_status_to_the_last_word() {
        assert_eq!(of_graph(403, "SomethingNew").code, "graph_permission");
        assert_eq!(of_graph(418, "ErrorAccessDenied").code, "graph_refused");
    }
}
