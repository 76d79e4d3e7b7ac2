//! Files as text: what reads them, and what a failure to read one teaches.
//!
//! Source: the document reader port. A document that cannot be read fails its own call and nothing else; its bytes are
//! never part of an answer.

use m365_ports::{DOCUMENT_BYTES_MAX, Document, DocumentError, DocumentText};
use m365_types::{Label, Labels};

use crate::action::Context;
use crate::error::ActionError;
use crate::lesson::Lesson;
use crate::mail::confidential::is_plain;

/// Kinds of media that hold no text, by the beginning of their type, and what to say of them.
const WITHOUT_TEXT: [(&str, &Lesson); 3] =
    [("image/", &PICTURE), ("audio/", &RECORDING), ("video/", &RECORDING)];

/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 8] =
    [&PICTURE, &RECORDING, &UNSUPPORTED, &ENCRYPTED, &DAMAGED, &TOO_LARGE, &TOO_SLOW, &UNAVAILABLE];

static PICTURE: Lesson = Lesson {
    code: "document_picture",
    why: "It is a picture, and only text is read here.",
    next: "The person must look at it in Outlook or OneDrive. Repeating will not help.",
};
static RECORDING: Lesson = Lesson {
    code: "document_recording",
    why: "It is a sound or video recording, and only text is read here.",
    next: "The person must play it in Outlook or OneDrive. Repeating will not help.",
};
static UNSUPPORTED: Lesson = Lesson {
    code: "document_unsupported",
    why: "It is a kind of file that holds no text this server can read.",
    next: "The person must open it in its own program. Repeating will not help.",
};
static ENCRYPTED: Lesson = Lesson {
    code: "document_encrypted",
    why: "The document is protected by a password.",
    next: "Ask for a copy without one; do not ask for the password.",
};
static DAMAGED: Lesson = Lesson {
    code: "document_damaged",
    why: "The document is damaged, or not what its name says.",
    next: "Ask for another copy. Repeating will not help.",
};
static TOO_LARGE: Lesson = Lesson {
    code: "document_too_large",
    why: "It is larger than the 8 MiB that are read, or unfolds to more than is read.",
    next: "The person must open it in its own program. Repeating will not help.",
};
static TOO_SLOW: Lesson = Lesson {
    code: "document_too_slow",
    why: "Reading the document took longer than allowed and was ended.",
    next: "The person must open it in its own program. Repeating will not help.",
};
static UNAVAILABLE: Lesson = Lesson {
    code: "document_reader_unavailable",
    why: "What reads documents did not answer, or broke off on this one.",
    next: "Try again {wait}; if it lasts, tell an administrator.",
};

/// Refuses what cannot be read, before its content is asked for.
pub(crate) fn refuse_unreadable(
    context: &Context<'_>,
    content_type: &str,
    size: u64,
) -> Result<(), ActionError> {
    let content_type = content_type.to_ascii_lowercase();
    let kind = WITHOUT_TEXT.iter().find(|(kind, _)| content_type.starts_with(kind));
    match kind {
        Some((_, lesson)) => Err(context.graph.taught(lesson)),
        None if size > DOCUMENT_BYTES_MAX as u64 => Err(context.graph.taught(&TOO_LARGE)),
        None => Ok(()),
    }
}

/// Reads a document as text.
pub(crate) async fn read(context: &Context<'_>, document: Document) -> Result<DocumentText, ActionError> {
    if document.bytes.len() > DOCUMENT_BYTES_MAX {
        return Err(context.graph.taught(&TOO_LARGE));
    }
    context.documents.read(document).await.map_err(|error| context.graph.taught(lesson(error)))
}

/// What the sensitivity labels of a document say. Which are confidential is an organisation's choice, so every one counts
/// that is not known to be plain.
pub(crate) fn labels(read: &DocumentText) -> Labels {
    let is_confidential = read.sensitivity.iter().any(|name| !is_plain(name));
    is_confidential.then_some(Label::Confidential).into_iter().collect()
}

const fn lesson(error: DocumentError) -> &'static Lesson {
    match error {
        DocumentError::Unsupported => &UNSUPPORTED,
        DocumentError::Encrypted => &ENCRYPTED,
        DocumentError::Damaged => &DAMAGED,
        DocumentError::TooLarge => &TOO_LARGE,
        DocumentError::TooSlow => &TOO_SLOW,
        DocumentError::Unavailable => &UNAVAILABLE,
    }
}
