//! `/me`: what the person has connected.

use bytes::Bytes;
use http::{Response, StatusCode};
use m365_auth::oauth::transaction::TRANSACTION_FIELD;
use m365_types::{Email, ScopeSet};
use maud::html;

use super::page;

/// One client the person has allowed.
pub(crate) struct Connection {
    /// The grant, to end it by.
    pub grant: String,
    /// The name the client gave itself.
    pub client_name: String,
    /// What it may do.
    pub scopes: ScopeSet,
    /// When it was allowed, RFC 3339.
    pub since: String,
    /// When it was last used, to the minute, UTC.
    pub last_used: Option<String>,
}

/// What the page shows.
pub(crate) struct Me<'a> {
    /// The signed-in person.
    pub person: &'a Email,
    /// The linked Microsoft account, where there is one.
    pub microsoft: Option<&'a str>,
    /// Live grants.
    pub connections: &'a [Connection],
    /// The address to give to an MCP client.
    pub mcp_url: &'a str,
    /// The sealed field that the page's forms carry.
    pub transaction: &'a str,
}

/// The page.
pub(crate) fn me(me: &Me<'_>) -> Response<Bytes> {
    let body = html! {
        h1 { "Your Microsoft 365 connections" }
        section {
            h2 { "You" }
            dl {
                dt { "Signed in as" } dd { (me.person) }
                dt { "Microsoft account" }
                dd {
                    @match me.microsoft {
                        Some(account) => {
                            (account)
                            form method="post" action="/me/sign-out" {
                                input type="hidden" name=(TRANSACTION_FIELD) value=(me.transaction);
                                button type="submit" { "Sign out of Microsoft" }
                            }
                        }
                        None => { "not connected — " a href="/connect" { "connect it" } },
                    }
                }
                dt { "MCP address" } dd { code { (me.mcp_url) } }
            }
        }
        section {
            h2 { "Applications you have allowed" }
            @if me.connections.is_empty() {
                p .soft { "None yet. Give the MCP address above to an assistant such as Claude or VS Code; it will bring you back here to ask." }
            }
            @for connection in me.connections {
                p { strong { (connection.client_name) } " may:" }
                ul { @for scope in connection.scopes.iter() { li { (scope.consent()) } } }
                p .soft {
                    "Allowed on " (connection.since) ". "
                    @if let Some(at) = &connection.last_used { "Last used " (at) " UTC." } @else { "Not used yet." }
                }
                form method="post" action="/me/revoke" {
                    input type="hidden" name=(TRANSACTION_FIELD) value=(me.transaction);
                    input type="hidden" name="grant" value=(connection.grant);
                    button type="submit" { "End this for " (connection.client_name) }
                }
            }
        }
    };
    page(StatusCode::OK, "Your Microsoft 365 connections", &[], &body)
}
