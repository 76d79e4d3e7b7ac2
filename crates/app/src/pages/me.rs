//! `/me`: who the person is here, what may act for them, what was recorded, and every way to end it.

use bytes::Bytes;
use http::{Response, StatusCode};
use m365_auth::entra::session::{MatchedBy, MicrosoftAccount};
use m365_auth::oauth::transaction::TRANSACTION_FIELD;
use m365_types::{Email, ScopeSet, UnixMillis};
use maud::{Markup, html};

use super::activity::{self, Activity};
use super::moment::moment;
use super::page;
use super::permissions::permissions;
use super::standing::{self, HeldLabel, Waiting};
use super::usage::{self, UsedLimit};

/// One client the person has allowed.
pub(crate) struct Connection {
    /// The grant, to end it by.
    pub grant: String,
    /// The name the client gave itself.
    pub client_name: String,
    /// The host that vouches for the name.
    pub document_host: Option<String>,
    /// What it may do.
    pub scopes: ScopeSet,
    /// When it was allowed.
    pub since: UnixMillis,
    /// When it was last used, to the minute.
    pub last_used: Option<UnixMillis>,
    /// When it ends at the latest.
    pub until: UnixMillis,
    /// Until when the person is not asked again, where they asked for that.
    pub remembered_until: Option<UnixMillis>,
}

/// One client that has no access now, but of which the person asked not to be asked again.
pub(crate) struct Remembered {
    /// Its id, to end it by.
    pub client: String,
    /// The name it gave itself.
    pub client_name: String,
    /// The host that vouches for the name.
    pub document_host: Option<String>,
    /// Until when the person is not asked.
    pub until: UnixMillis,
}

/// Who lets applications in.
pub(crate) enum Applications<'a> {
    /// Cloudflare, for the person as a whole: there are no grants here.
    Managed,
    /// The person, one by one.
    Granted {
        /// Those that have access.
        live: &'a [Connection],
        /// Those that can have it again without a question.
        remembered: &'a [Remembered],
    },
}

/// What the person has just done; the word in the query of the page. A notice is shown only where the page itself
/// bears it out, because anybody can make a link that carries the word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// Every application was ended.
    AllEnded,
    /// A Microsoft account was connected.
    Connected,
    /// One application was ended.
    Ended,
    /// What the assistant has read was cleared.
    LabelsCleared,
    /// The Microsoft tokens were erased.
    SignedOut,
}

impl Notice {
    const ALL: [Self; 5] =
        [Self::AllEnded, Self::Connected, Self::Ended, Self::LabelsCleared, Self::SignedOut];

    const fn word(self) -> &'static str {
        match self {
            Self::AllEnded => "all-ended",
            Self::Connected => "connected",
            Self::Ended => "ended",
            Self::LabelsCleared => "labels-cleared",
            Self::SignedOut => "signed-out",
        }
    }

    /// The page with this notice.
    pub(crate) fn location(self) -> String {
        format!("/me?done={}", self.word())
    }

    /// The notice of this word; `None` for any other.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|notice| notice.word() == word)
    }

    fn sentence(self, me: &Me<'_>) -> Option<&'static str> {
        let signed_in = me.microsoft.is_some_and(|account| account.is_signed_in);
        let none_left = matches!(me.applications, Applications::Granted { live: [], remembered: [] });
        match self {
            Self::AllEnded if none_left => Some("Done. No application has access any more."),
            Self::Connected if signed_in => Some("Done. Your Microsoft account is connected."),
            Self::Ended if none_left => Some("Done. No application has access now."),
            Self::LabelsCleared if me.labels.is_empty() => {
                Some("Done. Nothing that your assistant has read stands against its calls any more.")
            }
            Self::Ended => Some("Done. What is listed below is all that is left."),
            Self::SignedOut if !signed_in => Some(
                "Done. The Microsoft tokens are erased; nothing can act for you until you sign in again.",
            ),
            Self::AllEnded | Self::Connected | Self::LabelsCleared | Self::SignedOut => None,
        }
    }
}

/// What the page shows.
pub(crate) struct Me<'a> {
    /// The signed-in person.
    pub person: &'a Email,
    /// The linked Microsoft account, where there is one.
    pub microsoft: Option<&'a MicrosoftAccount>,
    /// What may act for the person.
    pub applications: Applications<'a>,
    /// The questions that wait for an answer.
    pub waiting: &'a [Waiting],
    /// What stands against the assistant's calls.
    pub labels: &'a [HeldLabel],
    /// What is used of the limits.
    pub usage: &'a [UsedLimit],
    /// The newest of what was recorded.
    pub activities: &'a [Activity],
    /// Where Access ends the person's session.
    pub logout_url: &'a str,
    /// The address to give to an MCP client.
    pub mcp_url: &'a str,
    /// The sealed field that the page's forms carry.
    pub transaction: &'a str,
    /// What has just been done.
    pub notice: Option<Notice>,
}

/// The page.
pub(crate) fn me(me: &Me<'_>) -> Response<Bytes> {
    let body = html! {
        h1 { "Your Microsoft 365 connections" }
        @if let Some(sentence) = me.notice.and_then(|notice| notice.sentence(me)) {
            p .done role="status" { (sentence) }
        }
        @if !me.waiting.is_empty() {
            section aria-labelledby="waiting" { (standing::questions(me.waiting)) }
        }
        section aria-labelledby="you" { (you(me)) }
        section aria-labelledby="microsoft" { (microsoft(me)) }
        @match me.applications {
            Applications::Managed => section aria-labelledby="applications" { (managed()) },
            Applications::Granted { live, remembered } => {
                section aria-labelledby="applications" { (granted(me, live, remembered)) }
            }
        }
        section aria-labelledby="labels" { (standing::labels(me.labels, me.transaction)) }
        section aria-labelledby="usage" { (usage::usage(me.usage)) }
        section aria-labelledby="activity" {
            h2 #activity { "What was done lately" }
            (activity::list(me.activities))
            p { a href="/me/journal" { "The full record of your newest calls (JSON)" } }
        }
        section aria-labelledby="operator" {
            h2 #operator { "What an operator can do" }
            p { "The operators of this server can end all of this at once, for you, for one application or for everyone; they can have your Microsoft tokens erased and the link to your Microsoft account removed." }
            p { "They must give a reason, and it stands in your record. If something here is not yours, end it, then tell them." }
        }
    };
    page(StatusCode::OK, "Your Microsoft 365 connections", &[], &body)
}

fn you(me: &Me<'_>) -> Markup {
    html! {
        h2 #you { "You" }
        dl {
            dt { "Signed in as" } dd { strong { (me.person) } p .note { "by Cloudflare Access. " a href=(me.logout_url) { "Sign out of Access" } } }
            dt { "Address for applications" } dd { code .copy { (me.mcp_url) } }
        }
    }
}

fn microsoft(me: &Me<'_>) -> Markup {
    html! {
        h2 #microsoft { "Your Microsoft account" }
        @match me.microsoft {
            None => {
                p { "None is connected yet. An application will bring you here, or you connect it now." }
                p { a .button href="/connect" { "Connect Microsoft 365" } }
            }
            Some(account) => {
                dl {
                    dt { "Account" }
                    dd {
                        strong { @match &account.name { Some(name) => (name), None => (account.oid) } }
                        p .note {
                            @match account.matched_by {
                                MatchedBy::Oid => "Matched by its object id, which Cloudflare Access confirms.",
                                MatchedBy::Email => "Matched by its e-mail address, which is the one of your sign-in.",
                            }
                        }
                    }
                    dt { "State" }
                    dd { @if account.is_signed_in { "Signed in" } @else { "Signed out: nothing can act for you" } }
                }
                @if account.is_signed_in {
                    details {
                        summary { "What Microsoft lets this server do for you" }
                        p .note { "An application can never do more than what you allowed it." }
                        (permissions(&account.scopes))
                    }
                    (button(me, "/me/sign-out", "Sign out of Microsoft", "out-note"))
                    p .note #out-note { "Erases the tokens kept here. Applications stay allowed, but nothing works until you sign in again." }
                } @else {
                    p { a .button href="/connect" { "Sign in to Microsoft again" } }
                }
            }
        }
    }
}

fn managed() -> Markup {
    html! {
        h2 #applications { "Applications" }
        p { "Here access is given per person, not per application: every application that you signed in through Cloudflare acts as you." }
        p { "Which applications those are is managed in Cloudflare, and so is ending one. Ask whoever runs Cloudflare Access in your organisation. Signing out of Microsoft above stops all of them." }
    }
}

fn granted(me: &Me<'_>, live: &[Connection], remembered: &[Remembered]) -> Markup {
    html! {
        h2 #applications { "Applications you have allowed" }
        @if live.is_empty() && remembered.is_empty() {
            p { "None has access. Give the address above to an assistant such as Claude or VS Code; it will bring you back here to ask." }
        }
        @for connection in live { (application(me, connection)) }
        @for client in remembered { (without_access(me, client)) }
        @if !live.is_empty() || !remembered.is_empty() {
            div .all {
                (button(me, "/me/revoke-all", "End access of all applications", "all-note"))
                p .note #all-note { "At once, with all their tokens. Each has to ask you again." }
            }
        }
    }
}

fn application(me: &Me<'_>, connection: &Connection) -> Markup {
    html! {
        article {
            (name(&connection.client_name, connection.document_host.as_deref()))
            dl {
                dt { "Allowed" } dd { (moment(connection.since)) }
                dt { "Last used" }
                dd { @match connection.last_used { Some(at) => (moment(at)), None => "Not yet" } }
                dt { "Ends by itself" } dd { (moment(connection.until)) " at the latest" }
                @if let Some(until) = connection.remembered_until {
                    dt { "Then" } dd { "It can come back without asking you until " (moment(until)) }
                }
            }
            details {
                summary { "What it may do" span .hidden { ": " (connection.client_name) } }
                (permissions(&connection.scopes))
            }
            form method="post" action="/me/revoke" {
                input type="hidden" name=(TRANSACTION_FIELD) value=(me.transaction);
                input type="hidden" name="grant" value=(connection.grant);
                button type="submit" { "End access of “" bdi { (connection.client_name) } "”" }
            }
        }
    }
}

fn without_access(me: &Me<'_>, client: &Remembered) -> Markup {
    html! {
        article {
            (name(&client.client_name, client.document_host.as_deref()))
            p { "It has no access now. You said not to ask again, so it can come back without asking you until " (moment(client.until)) "." }
            form method="post" action="/me/revoke" {
                input type="hidden" name=(TRANSACTION_FIELD) value=(me.transaction);
                input type="hidden" name="client" value=(client.client);
                button type="submit" { "Ask me again about “" bdi { (client.client_name) } "”" }
            }
        }
    }
}

fn name(client_name: &str, document_host: Option<&str>) -> Markup {
    html! {
        h3 .name { bdi { (client_name) } }
        p .note {
            @match document_host {
                Some(host) => { "Described by " strong { (host) } ", which vouches for this name." },
                None => "Registered itself; nobody has checked this name.",
            }
        }
    }
}

/// A form that is one button, explained by the paragraph of this id.
fn button(me: &Me<'_>, action: &str, label: &str, note: &str) -> Markup {
    html! {
        form method="post" action=(action) {
            input type="hidden" name=(TRANSACTION_FIELD) value=(me.transaction);
            button type="submit" aria-describedby=(note) { (label) }
        }
    }
}

#[cfg(test)]
mod tests {
    use m365_types::{Oid, Scope, TenantId};

    use super::*;

    fn account(is_signed_in: bool) -> MicrosoftAccount {
        MicrosoftAccount {
            tenant: TenantId::from_random([1; 16]),
            oid: Oid::from_random([2; 16]),
            name: Email::parse("alex@contoso.example").ok(),
            matched_by: MatchedBy::Email,
            scopes: [Scope::MailRead].into_iter().collect(),
            is_signed_in,
        }
    }

    fn connection(name: &str) -> Connection {
        Connection {
            grant: "11111111-1111-4111-8111-111111111111".into(),
            client_name: name.into(),
            document_host: None,
            scopes: [Scope::MailSend].into_iter().collect(),
            since: UnixMillis::from_secs(0),
            last_used: None,
            until: UnixMillis::from_secs(43_200),
            remembered_until: None,
        }
    }

    const fn granted(live: &[Connection]) -> Applications<'_> {
        Applications::Granted { live, remembered: &[] }
    }

    fn person() -> Email {
        Email::parse("alex@contoso.example").unwrap()
    }

    fn plain(person: &Email) -> Me<'_> {
        Me {
            person,
            microsoft: None,
            applications: granted(&[]),
            waiting: &[],
            labels: &[],
            usage: &[],
            activities: &[],
            logout_url: "https://team.example/cdn-cgi/access/logout",
            mcp_url: "https://mcp.example/mcp",
            transaction: "sealed",
            notice: None,
        }
    }

    fn shown(me: &Me<'_>) -> String {
        String::from_utf8(super::me(me).into_body().to_vec()).unwrap()
    }

    #[test]
    fn a_notice_is_a_word_of_the_list_that_the_page_bears_out() {
        for notice in Notice::ALL {
            assert_eq!(Notice::parse(notice.word()), Some(notice));
        }
        assert_eq!(Notice::parse("<script>"), None);
        let (person, connections, signed_in) = (person(), [connection("Helper")], account(true));
        let status = |notice, connections: &[Connection]| {
            let applications = granted(connections);
            let (notice, microsoft) = (Some(notice), Some(&signed_in));
            shown(&Me { microsoft, applications, notice, ..plain(&person) }).contains(r#"role="status""#)
        };
        assert!(status(Notice::AllEnded, &[]) && !status(Notice::AllEnded, &connections));
        assert!(status(Notice::Connected, &[]) && !status(Notice::SignedOut, &[]));
        assert!(status(Notice::Ended, &[]) && status(Notice::Ended, &connections));
    }

    #[test]
    fn each_application_is_ended_by_a_button_of_its_own_name_and_all_by_one() {
        let (person, connections) = (person(), [connection("Helper"), connection("Other")]);
        let page = shown(&Me { applications: granted(&connections), ..plain(&person) });
        for name in ["Helper", "Other"] {
            assert!(page.contains(&format!("End access of “<bdi>{name}</bdi>”")), "{page}");
        }
        assert!(page.contains("nobody has checked this name") && page.contains("1 January 1970, 12:00 UTC"));
        assert_eq!(page.matches(r#"action="/me/revoke-all""#).count(), 1);
        assert!(!shown(&plain(&person)).contains("/me/revoke-all"));
    }

    #[test]
    fn a_client_that_need_not_ask_is_shown_even_without_access_and_can_be_made_to_ask() {
        let remembered = [Remembered {
            client: "https://claude.ai/client".into(),
            client_name: "Claude".into(),
            document_host: Some("claude.ai".into()),
            until: UnixMillis::from_secs(86_400),
        }];
        let applications = Applications::Granted { live: &[], remembered: &remembered };
        let page = shown(&Me { applications, notice: Some(Notice::AllEnded), ..plain(&person()) });
        assert!(page.contains("without asking you until <time") && page.contains("Ask me again about “"));
        assert!(page.contains(r#"name="client" value="https://claude.ai/client""#));
        assert!(page.contains("/me/revoke-all") && !page.contains(r#"role="status""#), "{page}");
    }

    #[test]
    fn where_cloudflare_lets_applications_in_there_is_nothing_to_end_one_by_one() {
        let page = shown(&Me { applications: Applications::Managed, ..plain(&person()) });
        assert!(page.contains("per person") && page.contains("managed in Cloudflare"));
        assert!(!page.contains("/me/revoke"), "{page}");
    }

    #[test]
    fn a_signed_out_account_is_told_from_none_and_from_one_that_is_signed_in() {
        let (person, out, signed_in) = (person(), account(false), account(true));
        let signed_out = shown(&Me { microsoft: Some(&out), ..plain(&person) });
        assert!(signed_out.contains("Signed out") && signed_out.contains("Sign in to Microsoft again"));
        let signed_in = shown(&Me { microsoft: Some(&signed_in), ..plain(&person) });
        assert!(signed_in.contains("/me/sign-out") && signed_in.contains("Matched by its e-mail address"));
        assert!(shown(&plain(&person)).contains("None is connected yet"));
    }
}
