//! The page of a question: what exactly would happen, to whom, by which application and why it is asked.
//!
//! Invariants: every word of a client, of a stranger or of the call stands inside `bdi` or `code` and is escaped; nothing
//! that would go out is left out, and what a reader of it would not see is marked; nothing here leads elsewhere. Refusing
//! comes first in the order of focus.

use bytes::Bytes;
use http::{Response, StatusCode};
use m365_auth::oauth::transaction::TRANSACTION_FIELD;
use m365_types::{AuditKind, Email, InternalDomains, ResolvedEffect, UnixMillis};
use maud::{Markup, html};
use serde_json::Value;

use super::deed::{deed, deed_of_another};
use super::effect::{differences, recipients, says_nothing, what};
use super::moment::moment;
use super::page;

/// An application, by the name it gave itself.
pub(crate) struct Application {
    /// That name.
    pub name: String,
    /// The host that vouches for it.
    pub document_host: Option<String>,
}

/// Who looks at the question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// Whose assistant asks.
    Owner,
    /// Somebody of the approvers' group.
    SecondPerson,
}

/// What the page shows and carries.
pub(crate) struct Approve<'a> {
    /// Who looks.
    pub viewer: Viewer,
    /// Whether only a second person may say yes.
    pub second_person: bool,
    /// Whose assistant asks.
    pub person: Option<&'a Email>,
    /// What asks; nothing where Cloudflare lets applications in.
    pub application: Option<&'a Application>,
    /// The kind of call.
    pub kind: AuditKind,
    /// Name of the tool.
    pub tool: &'a str,
    /// What would happen.
    pub effect: &'a ResolvedEffect,
    /// How it was asked for.
    pub arguments: &'a Value,
    /// Who is inside.
    pub internal: &'a InternalDomains,
    /// Why it is asked: completes "because …".
    pub reason: &'a str,
    /// When the question ends.
    pub ends: UnixMillis,
    /// The whole address of this page.
    pub address: &'a str,
    /// Where the form goes.
    pub action: &'a str,
    /// Name of the question as it is shown: the digest that the answer is bound to, hex.
    pub digest: &'a str,
    /// The sealed field of the form.
    pub transaction: &'a str,
}

/// The page.
pub(crate) fn approve(asked: &Approve<'_>) -> Response<Bytes> {
    let (title, deed) = match asked.viewer {
        Viewer::Owner => ("Approve what your assistant wants to do?", deed(asked.kind)),
        Viewer::SecondPerson => {
            ("Approve what somebody's assistant wants to do?", deed_of_another(asked.kind))
        }
    };
    let body = html! {
        h1 { (named(asked.application)) " wants to " (deed) }
        p .lead { "Nothing has happened yet. It happens only if you approve it, once, and exactly as it is shown here." }
        (two_people(asked))
        section aria-labelledby="who" { (who(asked)) }
        section aria-labelledby="to" { h2 #to { "Who gets it" } (recipients(asked.effect, asked.internal)) }
        section aria-labelledby="what" { h2 #what { "What it is" } (what(asked.effect)) (differences(asked.effect)) }
        section aria-labelledby="why" { (why(asked)) }
        (answer(asked))
    };
    page(StatusCode::OK, title, &[], &body)
}

fn named(application: Option<&Application>) -> Markup {
    html! {
        @match application {
            Some(application) => { "“" bdi { (application.name) } "”" },
            None => "Your assistant",
        }
    }
}

fn two_people(asked: &Approve<'_>) -> Markup {
    html! {
        @if asked.second_person && asked.viewer == Viewer::Owner {
            div .warn #second {
                p { strong { "A second person must approve this" } }
                p { "You can stop it, but not approve it. Check it first; then send this link to somebody who may approve for others. They open it with their own sign-in." }
                p { code .copy { (asked.address) } }
            }
        }
        @if asked.viewer == Viewer::SecondPerson {
            div .warn #second {
                p { strong { "You answer for somebody else" } }
                p {
                    "This would be done in the name of "
                    @match asked.person { Some(person) => strong { (person) }, None => "another person" }
                    ". Your answer is recorded with your name, in their record and in yours."
                }
            }
        }
    }
}

fn who(asked: &Approve<'_>) -> Markup {
    html! {
        h2 #who { "Who asks" }
        dl {
            dt { "Application" }
            dd {
                strong { (named(asked.application)) }
                p .note {
                    @match asked.application.map(|application| application.document_host.as_deref()) {
                        Some(Some(host)) => { "Described by " strong { (host) } ", which vouches for this name." },
                        Some(None) => "It registered itself and chose this name; nobody has checked it.",
                        None => "It was signed in through Cloudflare, which manages applications here.",
                    }
                }
            }
            @if let Some(person) = asked.person {
                dt { "In the name of" } dd { strong { (person) } }
            }
            dt { "Tool" } dd { code { (asked.tool) } }
        }
    }
}

fn why(asked: &Approve<'_>) -> Markup {
    html! {
        h2 #why { "Why you are asked" }
        p { "An approval is needed because " (asked.reason) "." }
        p { "If you did not ask your assistant for this, deny it: words that it has read, in a mail or a file, may have told it to." }
        p .soft { "This question ends at " (moment(asked.ends)) "." }
        details open[says_nothing(asked.effect)] {
            summary { "The call as the application wrote it" }
            pre .source { (serde_json::to_string_pretty(asked.arguments).unwrap_or_default()) }
        }
    }
}

fn answer(asked: &Approve<'_>) -> Markup {
    let may_approve = !asked.second_person || asked.viewer == Viewer::SecondPerson;
    let may_end = asked.viewer == Viewer::Owner && asked.application.is_some();
    html! {
        form .answer method="post" action=(asked.action) aria-label="Your answer" {
            input type="hidden" name=(TRANSACTION_FIELD) value=(asked.transaction);
            input type="hidden" name="digest" value=(asked.digest);
            div .choices {
                // The first button is the one that the Enter key presses (HTML, implicit submission).
                button type="submit" name="decision" value="deny" { "Deny" }
                @if may_approve {
                    button .primary type="submit" name="decision" value="approve" aria-describedby="to what" { "Approve" }
                }
                @if may_end {
                    button .wide type="submit" name="decision" value="deny-and-end" aria-describedby="end-note" { "Deny and disconnect this application" }
                }
            }
            @if may_end {
                p .soft #end-note { "“Disconnect” ends the application's access at once; it has to ask you again." }
            }
        }
    }
}

/// How a question was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answered {
    /// Yes; the call may come.
    Approved,
    /// No.
    Denied,
    /// Yes, and the call has come.
    Spent,
}

/// The page of a question that has its answer.
pub(crate) fn answered(
    answer: Answered,
    viewer: Viewer,
    kind: AuditKind,
    ends: UnixMillis,
) -> Response<Bytes> {
    let (title, told) = match answer {
        Answered::Approved if viewer == Viewer::SecondPerson => (
            "This has been approved",
            html! {
                h2 #next { "What to do next" }
                p { "Tell whoever sent you the link. Their assistant makes the same call again, and it then happens once." }
                p .soft { "The approval ends at " (moment(ends)) "." }
            },
        ),
        Answered::Approved => (
            "This has been approved",
            html! {
                h2 #next { "What to tell your assistant" }
                p { "Go back to your assistant and tell it:" }
                p { strong { "“I have approved it. Make the same call again.”" } }
                p { "It then happens once. If anything in it has changed by then, it does not happen, and you are asked anew." }
                p .soft { "The approval ends at " (moment(ends)) "." }
            },
        ),
        Answered::Denied => (
            "This has been denied",
            html! {
                h2 #next { "What to tell your assistant" }
                p { "Nothing has happened, and nothing will. Your assistant is told so when it tries again." }
                p { "If you did not ask for this, do not go on with this conversation: something that the assistant has read may be steering it. Start a new one." }
            },
        ),
        Answered::Spent => (
            "This has been approved, and was done",
            html! {
                h2 #next { "What happened" }
                p { "The assistant has made the call, and the approval is used up. How it went stands on your connections page." }
            },
        ),
    };
    let body = html! {
        h1 { (title) }
        p .lead { "The question was whether to " (if viewer == Viewer::Owner { deed(kind) } else { deed_of_another(kind) }) "." }
        section aria-labelledby="next" { (told) }
        p .ways { a .button href="/me" { "See your connections" } }
    };
    page(StatusCode::OK, title, &[], &body)
}

#[cfg(test)]
#[path = "approve_tests.rs"]
mod tests;
