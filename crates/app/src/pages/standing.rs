//! What waits for the person and what stands against their assistant's calls, on `/me`.

use m365_auth::oauth::transaction::TRANSACTION_FIELD;
use m365_types::{AuditKind, Label, UnixMillis};
use maud::{Markup, html};

use super::deed::deed;
use super::moment::moment;

/// One question that waits.
pub(crate) struct Waiting {
    /// Its page.
    pub address: String,
    /// The kind of call.
    pub kind: AuditKind,
    /// The application that asks, where there are applications.
    pub application: Option<String>,
    /// When it was asked.
    pub asked: UnixMillis,
    /// When it ends.
    pub ends: UnixMillis,
    /// Whether a second person must say yes.
    pub second_person: bool,
}

/// One label that stands.
pub(crate) struct HeldLabel {
    /// Which.
    pub label: Label,
    /// Since when.
    pub since: UnixMillis,
    /// When it lapses if no further call is made.
    pub lapses: UnixMillis,
    /// What brought it along.
    pub tool: String,
}

/// The questions.
pub(super) fn questions(waiting: &[Waiting]) -> Markup {
    html! {
        h2 #waiting { "Waiting for your answer" }
        @for question in waiting {
            article {
                h3 .name {
                    @match &question.application { Some(name) => { "“" bdi { (name) } "”" }, None => "Your assistant" }
                    " wants to " (deed(question.kind))
                }
                p .note {
                    "Asked at " (moment(question.asked)) ", ends at " (moment(question.ends)) "."
                    @if question.second_person { " A second person must approve it." }
                }
                p { a .button href=(question.address) { "Look at it and answer" span .hidden { ": " (deed(question.kind)) } } }
            }
        }
    }
}

/// The labels, and the button that clears them.
pub(super) fn labels(standing: &[HeldLabel], transaction: &str) -> Markup {
    html! {
        h2 #labels { "What your assistant has read" }
        @if standing.is_empty() {
            p { "Nothing that stands against its calls. It may write to people of your organisation without asking you." }
        } @else {
            p { "Whatever it has read may steer it or get out by it, so it has to ask you more often while this stands:" }
            @for label in standing {
                article {
                    h3 .name { (words(label.label)) }
                    dl {
                        dt { "Since" } dd { (moment(label.since)) ", by " code { (label.tool) } }
                        dt { "Lapses by itself" } dd { (moment(label.lapses)) ", if no call is made until then" }
                        dt { "Until then" } dd { (meaning(label.label)) }
                    }
                }
            }
            form method="post" action="/me/labels" {
                input type="hidden" name=(TRANSACTION_FIELD) value=(transaction);
                button type="submit" aria-describedby="labels-note" { "Clear" span .hidden { " what your assistant has read" } }
            }
            p .note #labels-note { "Only after you have closed the conversations in which it was read: they still hold it. Needs a sign-in with Cloudflare Access of the last five minutes." }
        }
    }
}

const fn words(label: Label) -> &'static str {
    match label {
        Label::Confidential => "Something confidential",
        Label::Untrusted => "Words that you did not write",
    }
}

const fn meaning(label: Label) -> &'static str {
    match label {
        Label::Confidential => "It can reach nobody outside your organisation.",
        Label::Untrusted => "Whatever reaches somebody or removes something needs your approval.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_told_in_plain_words_with_its_beginning_and_end() {
        let standing = HeldLabel {
            label: Label::Untrusted,
            since: UnixMillis::from_secs(0),
            lapses: UnixMillis::from_secs(43_200),
            tool: "getEmails".into(),
        };
        let page = labels(&[standing], "sealed").into_string();
        for words in ["Words that you did not write", "getEmails", "1 January 1970, 12:00 UTC", "/me/labels"]
        {
            assert!(page.contains(words), "{words}: {page}");
        }
        let none = labels(&[], "sealed").into_string();
        assert!(none.contains("Nothing that stands") && !none.contains("<form"));
    }

    #[test]
    fn a_question_leads_to_its_page() {
        let question = Waiting {
            address: "https://mcp.example/approve?a=x".into(),
            kind: AuditKind::MailSend,
            application: Some("<i>".into()),
            asked: UnixMillis::from_secs(0),
            ends: UnixMillis::from_secs(600),
            second_person: true,
        };
        let page = questions(&[question]).into_string();
        assert!(
            page.contains("wants to send this e-mail")
                && page.contains(r#"href="https://mcp.example/approve?a=x""#)
        );
        assert!(page.contains("second person") && !page.contains("<i>"));
    }
}
