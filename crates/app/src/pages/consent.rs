//! The consent page: who asks, for what, for whom, and where the answer goes.

use bytes::Bytes;
use http::{Response, StatusCode};
use m365_auth::oauth::transaction::{CSRF_FIELD, TRANSACTION_FIELD};
use m365_types::{Email, ScopeSet};
use maud::html;

use super::page;

/// What the page shows and carries.
pub(crate) struct Consent<'a> {
    /// The name the client gave itself; cleaned and bounded, never verified.
    pub client_name: &'a str,
    /// Host of the redirect URI.
    pub redirect_host: &'a str,
    /// Whether that host is this very computer.
    pub loopback: bool,
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
    let title = format!("Allow {} to use your Microsoft 365?", consent.client_name);
    let body = html! {
        h1 { (title) }
        section {
            p { "You are signed in as " strong { (consent.person) } "." }
            p { "An application that calls itself " strong { (consent.client_name) } " asks to:" }
            ul { @for scope in consent.scopes.iter() { li { (scope.consent()) " " span .soft { "(" (scope) ")" } } } }
            p { "The answer goes to " strong { (consent.redirect_host) } "." }
            @if consent.loopback {
                p .warn { "This address is your own computer: the answer goes to a program that runs on it now. Allow this only if you have just started that program yourself." }
            }
            p .soft { "It acts as you, never beyond what your organisation allows, and everything it does is recorded. If you did not start this, choose “Do not allow”." }
        }
        form method="post" action="/consent" {
            input type="hidden" name=(TRANSACTION_FIELD) value=(consent.transaction);
            input type="hidden" name=(CSRF_FIELD) value=(consent.csrf);
            input type="hidden" name="decision" value="approve";
            div .choices {
                button .primary type="submit" { "Allow" }
                // A refusal outweighs the decision beside it, so no mistake in sending the form can turn it round.
                button type="submit" name="deny" value="yes" { "Do not allow" }
            }
        }
    };
    page(StatusCode::OK, &title, consent.form_targets, &body)
}
