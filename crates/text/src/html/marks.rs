//! What mail programs write into the markup of a mail, by which its parts are told apart.
//!
//! Source: the markup that these programs send; no specification exists.

/// What an element is in a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The line that says who wrote what is quoted below it.
    Attribution,
    /// Whatever follows, to the end of the mail, is an earlier message.
    HistoryBelow,
    /// Earlier messages.
    Quoted,
    Signature,
}

/// How an element's name is compared.
#[derive(Clone, Copy)]
enum By {
    Class(&'static str),
    Id(&'static str),
}

const MARKS: [(By, Mark); 35] = [
    (By::Class("apple-mail-signature"), Mark::Signature),
    (By::Class("bloop_sign"), Mark::Signature),
    (By::Class("gmail_attr"), Mark::Attribution),
    (By::Class("gmail_signature"), Mark::Signature),
    (By::Class("gmail_signature_prefix"), Mark::Signature),
    (By::Class("moz-cite-prefix"), Mark::Attribution),
    (By::Class("moz-signature"), Mark::Signature),
    (By::Class("outlookmessageheader"), Mark::HistoryBelow),
    (By::Class("protonmail_quote"), Mark::Quoted),
    (By::Class("protonmail_signature_block"), Mark::Signature),
    (By::Class("yahoo-signature"), Mark::Signature),
    (By::Class("yahoo_quoted"), Mark::Quoted),
    (By::Class("ydp-signature"), Mark::Signature),
    (By::Class("zmail_extra"), Mark::Quoted),
    (By::Id("appendonsend"), Mark::HistoryBelow),
    (By::Id("applemailsignature"), Mark::Signature),
    (By::Id("divrplyfwdmsg"), Mark::HistoryBelow),
    (By::Id("gmail_signature"), Mark::Signature),
    (By::Id("mail-editor-reference-message-container"), Mark::HistoryBelow),
    (By::Id("ms-outlook-mobile-signature"), Mark::Signature),
    (By::Id("msoutlookmobilesignature"), Mark::Signature),
    (By::Id("olk_src_body_section"), Mark::HistoryBelow),
    (By::Id("orgmsg"), Mark::HistoryBelow),
    (By::Id("outlooksignature"), Mark::Signature),
    (By::Id("reply-intro"), Mark::Attribution),
    (By::Id("replysplit"), Mark::HistoryBelow),
    (By::Id("signature"), Mark::Signature),
    (By::Id("stopspelling"), Mark::HistoryBelow),
    (By::Id("ymail_android_signature"), Mark::Signature),
    (By::Id("yahoo_quoted"), Mark::Quoted),
    (By::Id("zmail_extra"), Mark::Quoted),
    (By::Id("zwchr"), Mark::HistoryBelow),
    (By::Id("x_appendonsend"), Mark::HistoryBelow),
    (By::Id("x_divrplyfwdmsg"), Mark::HistoryBelow),
    (By::Id("x_signature"), Mark::Signature),
];

/// The mark of an element with this id and these classes, which are separated by white space.
pub(crate) fn mark(id: &str, classes: &str) -> Option<Mark> {
    if id.is_empty() && classes.is_empty() {
        return None;
    }
    let is = |by: &By| match by {
        By::Class(name) => classes.split_ascii_whitespace().any(|class| class.eq_ignore_ascii_case(name)),
        By::Id(name) => id.eq_ignore_ascii_case(name),
    };
    MARKS.iter().find(|(by, _)| is(by)).map(|(_, mark)| *mark)
}

/// Whether a `blockquote` holds an earlier message, and not words that its author chose to quote.
pub(crate) fn is_cited(kind: Option<&str>, id: &str, classes: &str) -> bool {
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("cite"))
        || ["gmail_quote", "moz-cite", "protonmail_quote", "yahoo_quoted"]
            .iter()
            .any(|name| classes.split_ascii_whitespace().any(|class| class.eq_ignore_ascii_case(name)))
        || ["isreplycontent", "replycontent", "mail-quote"].iter().any(|name| id.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_found_whatever_their_case_and_company() {
        assert_eq!(mark("", "x gmail_attr y"), Some(Mark::Attribution));
        assert_eq!(mark("divRplyFwdMsg", ""), Some(Mark::HistoryBelow));
        assert_eq!(mark("Signature", "elementToProof"), Some(Mark::Signature));
        assert_eq!(mark("signature-dish", "gmail_attribute"), None);
        assert!(is_cited(Some("cite"), "", "") && is_cited(None, "", "gmail_quote"));
        assert!(!is_cited(None, "", "pullquote"));
    }
}
