//! The consent page: who asks, for what, as whom, where the answer goes, how long it lasts and how to end it.
//!
//! Invariants: every word of a client stands inside `bdi` and is escaped, so it can neither be markup nor turn the
//! words around it; refusing comes first in the order of focus, so that the Enter key in a field refuses.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use m365_auth::oauth::store::Lifetimes;
use m365_auth::oauth::transaction::{CSRF_FIELD, TRANSACTION_FIELD};
use m365_types::{Email, ScopeSet};
use maud::{Markup, html};

use super::moment::lasting;
use super::page;
use super::permissions::permissions;

/// What the page shows and carries.
pub(crate) struct Consent<'a> {
    /// The name the client gave itself; cleaned and bounded, never verified.
    pub client_name: &'a str,
    /// Host of the redirect URI.
    pub redirect_host: &'a str,
    /// Whether that host is this very computer.
    pub loopback: bool,
    /// The host that publishes the client's metadata and so vouches for the name; without one the client registered
    /// itself and nobody does.
    pub document_host: Option<&'a str>,
    /// Whether every redirect of the client leads to this very computer: any program there can claim to be it.
    pub loopback_only: bool,
    /// Whether the person may ask not to be asked again for the same thing.
    pub may_remember: bool,
    /// How long what is allowed lasts.
    pub lifetimes: &'a Lifetimes,
    /// The signed-in person.
    pub person: &'a Email,
    /// What is asked for.
    pub scopes: &'a ScopeSet,
    /// The sealed transaction.
    pub transaction: &'a str,
    /// The form token.
    pub csrf: &'a str,
    /// Origins the submission may lead to.
    pub form_targets: &'a [String],
}

/// The page.
pub(crate) fn consent(consent: &Consent<'_>) -> Response<Bytes> {
    let title = format!("Allow “{}” to use your Microsoft 365?", consent.client_name);
    let body = html! {
        h1 { "Allow “" bdi { (consent.client_name) } "” to use your Microsoft 365?" }
        p .lead { "Nothing is shared until you allow it." }
        section aria-labelledby="who" {
            h2 #who { "Who asks" }
            (parties(consent))
            (warning(consent))
        }
        section aria-labelledby="what" {
            h2 #what { "What it could do" }
            (permissions(consent.scopes))
            p .soft { "It acts as you: never beyond what you may do yourself and what your organisation allows. Every action is recorded, and you can read the record." }
        }
        section aria-labelledby="end" {
            h2 #end { "How long, and how to end it" }
            (ending(consent.lifetimes))
        }
        (answer(consent))
    };
    page(StatusCode::OK, &title, consent.form_targets, &body)
}

/// Who asks, where the answer goes, and who is asked.
fn parties(consent: &Consent<'_>) -> Markup {
    html! {
        dl {
            dt { "Application" }
            dd {
                strong { bdi { (consent.client_name) } }
                p .note {
                    @match consent.document_host {
                        Some(host) => { "Described by " strong { (host) } ", which vouches for this name." },
                        None => "It registered itself and chose this name; nobody has checked it.",
                    }
                }
            }
            dt { "The answer goes to" }
            dd #target {
                strong .host { (consent.redirect_host) }
                @if consent.loopback { p .note { "a program on this computer" } }
            }
            dt { "It would act as" }
            dd { strong { (consent.person) } p .note { "This is you, as Cloudflare Access signed you in." } }
        }
    }
}

/// What the person should ask themselves before allowing; nothing for a client whose answer goes to a site that
/// vouches for it.
fn warning(consent: &Consent<'_>) -> Markup {
    html! {
        @if consent.loopback || consent.document_host.is_none() {
            div .warn #warning {
                p { strong { "Check this first" } }
                @if consent.loopback {
                    p { "Any program on this computer can receive this answer. Allow it only if you have just started this sign-in yourself, in a program that you trust." }
                }
                @if let (true, Some(host)) = (consent.loopback_only, consent.document_host) {
                    p { (host) " describes this application but cannot tell whether it is the program that asks: its answers go to this computer only, and any program here can use its description." }
                }
                @if !consent.loopback && consent.document_host.is_none() {
                    p { "Do you know " strong { (consent.redirect_host) } "? Whoever runs it receives what you allow here, whatever the application calls itself." }
                }
            }
        }
    }
}

fn ending(lifetimes: &Lifetimes) -> Markup {
    let most = lifetimes.reauth.min(lifetimes.refresh_absolute);
    let token = lifetimes.access.min(most);
    html! {
        ul {
            li { "It ends by itself at most " strong { (lasting(most)) } " after your last sign-in with Cloudflare Access. Then the application has to ask you again." }
            li { "Until then it has to renew its access, for at most " (lasting(token)) " at a time." }
            li { "You can end it at any time, at once, on " a href="/me" target="_blank" rel="noopener" { "your connections (opens a new tab)" } "." }
        }
    }
}

fn answer(consent: &Consent<'_>) -> Markup {
    let described =
        if consent.loopback || consent.document_host.is_none() { "target warning" } else { "target" };
    html! {
        form .answer method="post" action="/consent" aria-label="Your answer" {
            input type="hidden" name=(TRANSACTION_FIELD) value=(consent.transaction);
            input type="hidden" name=(CSRF_FIELD) value=(consent.csrf);
            input type="hidden" name="decision" value="approve";
            p { "If you did not start this, choose “Do not allow”: the application is told no, and nothing else happens." }
            @if consent.may_remember { (remembering()) }
            div .choices {
                // A refusal outweighs the decision beside it, so no mistake in sending the form can turn it round. It
                // is the first button, because the first is the one that the Enter key presses (HTML, implicit
                // submission).
                button type="submit" name="deny" value="yes" { "Do not allow" }
                button .primary type="submit" aria-describedby=(described) { "Allow" }
            }
            p .soft { "After “Allow”, Microsoft may ask you to sign in." }
        }
    }
}

fn remembering() -> Markup {
    html! {
        div .remember {
            input #remember type="checkbox" name="remember" value="yes" aria-describedby="remember-note";
            div {
                label for="remember" { "Do not ask again for " (lasting(REMEMBERED)) }
                p .note #remember-note {
                    "In this browser only. We still ask if the application wants more than this, wants its answer sent elsewhere, or changes its description, and after you have ended its access."
                }
            }
        }
    }
}

/// How long a remembered consent spares the question.
const REMEMBERED: Duration = Duration::from_hours(30 * 24);

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use m365_types::Scope;

    use super::*;

    static SHORT: LazyLock<Lifetimes> =
        LazyLock::new(|| Lifetimes { reauth: Duration::from_mins(5), ..Lifetimes::default() });

    fn shown(change: impl FnOnce(&mut Consent<'_>)) -> String {
        let (person, lifetimes) = (Email::parse("alex@contoso.example").unwrap(), Lifetimes::default());
        let scopes: ScopeSet = [Scope::MailRead, Scope::MailSend].into_iter().collect();
        let mut given = Consent {
            client_name: "Helper",
            redirect_host: "claude.ai",
            loopback: false,
            document_host: None,
            loopback_only: false,
            may_remember: false,
            lifetimes: &lifetimes,
            person: &person,
            scopes: &scopes,
            transaction: "sealed",
            csrf: "token",
            form_targets: &[],
        };
        change(&mut given);
        String::from_utf8(consent(&given).into_body().to_vec()).unwrap()
    }

    #[test]
    fn a_name_is_vouched_for_only_by_the_host_that_publishes_it() {
        let claimed = shown(|_| {});
        assert!(claimed.contains("nobody has checked it") && !claimed.contains("vouches"));
        assert!(claimed.contains("Check this first") && claimed.contains("Do you know"));
        let vouched = shown(|consent| consent.document_host = Some("claude.ai"));
        assert!(vouched.contains("which vouches for this name") && !vouched.contains("nobody has checked"));
        assert!(!vouched.contains("Check this first"));
    }

    #[test]
    fn an_answer_to_this_computer_is_warned_about_even_where_a_host_vouches() {
        let local = |consent: &mut Consent<'_>| {
            (consent.redirect_host, consent.loopback, consent.loopback_only) = ("127.0.0.1", true, true);
        };
        let claimed = shown(local);
        assert!(claimed.contains("Any program on this computer") && !claimed.contains("cannot tell"));
        let vouched = shown(|consent| {
            local(consent);
            consent.document_host = Some("claude.ai");
        });
        assert!(vouched.contains("cannot tell whether it is the program that asks"));
        assert!(vouched.contains(r#"aria-describedby="target warning""#));
    }

    #[test]
    fn refusing_comes_before_allowing_and_remembering_only_where_it_may() {
        let plain = shown(|_| {});
        assert!(plain.find("Do not allow").unwrap() < plain.find(">Allow<").unwrap());
        assert!(!plain.contains("checkbox"));
        let offered = shown(|consent| consent.may_remember = true);
        assert!(offered.contains("Do not ask again for 30 days") && !offered.contains("\" checked"));
    }

    #[test]
    fn the_durations_are_those_of_the_server() {
        let usual = shown(|_| {});
        assert!(usual.contains("<strong>12 hours</strong>") && usual.contains("at most 1 hour at a time"));
        let page = shown(|consent| consent.lifetimes = &SHORT);
        assert!(page.contains("<strong>5 minutes</strong>") && page.contains("at most 5 minutes at a time"));
    }

    #[test]
    fn a_name_is_text_and_cannot_turn_the_words_around_it() {
        let page = shown(|consent| consent.client_name = "<script>x</script>\u{5d0}");
        assert!(
            !page.contains("<script") && page.contains("<bdi>&lt;script&gt;x&lt;/script&gt;\u{5d0}</bdi>")
        );
    }
}
