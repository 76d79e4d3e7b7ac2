//! `/me`: the person looks at what is connected and what was recorded, and ends connections.
//!
//! What a form here does may be done twice: ending what has ended changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{Response, StatusCode};
use m365_auth::oauth::form::Form;
use m365_auth::oauth::store::GrantStore;
use m365_graph::find_tool;
use m365_ports::{AuditLog as _, Durability, Verdict, transact};
use m365_types::{AuditKind, ClientId, GrantId, Label, RequestId};
use serde_json::{Value, json};
use url::Url;

use super::{Cell, Inside};
use crate::config::Ingress;
use crate::errors;
use crate::pages::{self, Notice};
use crate::respond::{self, Failure, see_other};

/// Records that one answer of `/me/journal` holds at most.
const RECORDS_SHOWN: u32 = 200;
/// How far back the records of one call are looked for.
const RECORDS_SEARCHED: u32 = 2_000;
/// How old the sign-in may be with which labels are cleared.
const FRESH_SIGN_IN: Duration = Duration::from_mins(5);
const SIGN_IN_AGAIN: &str = "Clearing what your assistant has read needs a sign-in with Cloudflare Access of the last five minutes, and yours is older. Sign out of Access, sign in again, then press “Clear” again.";

impl Cell {
    /// `GET /me`
    pub(super) fn me(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let principal = Self::person(inside)?;
        let person = principal.person().ok_or_else(|| Failure::of(&errors::ACCESS_SERVICE))?;
        let query = Form::parse(inside.http.uri().query().unwrap_or_default().as_bytes())?;
        let rooms = self.rooms(inside)?;
        let microsoft = rooms.microsoft.account()?;
        let names = rooms.grants.client_names()?;
        let connections = self.connections(&rooms.grants)?;
        let remembered = remembered(&rooms.grants, &names)?;
        let entries = m365_journal::newest(&*self.database, pages::RECORDS_NEEDED)?;
        let cookie = self.core.transactions.cookie(inside.http.headers());
        let mut response = pages::me(&pages::Me {
            person: &person.email,
            microsoft: microsoft.as_ref(),
            applications: match self.core.config.ingress {
                Ingress::Managed => pages::Applications::Managed,
                Ingress::Oauth => {
                    pages::Applications::Granted { live: &connections, remembered: &remembered }
                }
            },
            waiting: &self.questions_shown()?,
            labels: &self.labels_shown()?,
            usage: &self.usage_shown(&names)?,
            activities: &pages::activities(&entries, &names),
            logout_url: &self.core.config.access.logout_url(),
            mcp_url: &self.core.config.mcp_url(),
            transaction: &self.core.transactions.begin_page(&principal, &cookie)?,
            notice: query.text("done").and_then(Notice::parse),
        });
        if let Some(cookie) = cookie.set_cookie() {
            let value = cookie.try_into().map_err(|_| Failure::of(&errors::INTERNAL))?;
            response.headers_mut().insert(SET_COOKIE, value);
        }
        Ok(response)
    }

    /// What is used of the limits, as the page shows it.
    fn usage_shown(&self, names: &BTreeMap<ClientId, String>) -> Result<Vec<pages::UsedLimit>, Failure> {
        let Some(policies) = self.core.policies() else { return Ok(Vec::new()) };
        let used = self.usage(policies.limits())?;
        let name = |of: String| {
            let client = ClientId::parse(&of).ok();
            client.and_then(|client| names.get(&client).cloned()).unwrap_or(of)
        };
        let shown = used.into_iter().map(|used| pages::UsedLimit {
            counts: used.limit.counts,
            per: used.limit.per,
            of: used.of.map(name),
            window: used.limit.window,
            used: used.spent,
            at_most: used.limit.at_most,
            until: used.until,
        });
        Ok(shown.collect())
    }

    /// The questions that wait, as the page shows them.
    fn questions_shown(&self) -> Result<Vec<pages::Waiting>, Failure> {
        let waiting = self.waiting_approvals()?.into_iter().map(|asked| {
            Ok(pages::Waiting {
                address: self.approve_url(&asked.link),
                kind: find_tool(&asked.tool).map_or(AuditKind::ApprovalAsked, |action| action.spec.audit),
                application: self.application(&asked)?.map(|application| application.name),
                asked: asked.asked,
                ends: asked.expires,
                second_person: asked.second_person,
            })
        });
        waiting.collect()
    }

    /// The labels that stand, as the page shows them.
    fn labels_shown(&self) -> Result<Vec<pages::HeldLabel>, Failure> {
        let standing = self.standing_labels()?.into_iter().map(|standing| pages::HeldLabel {
            label: standing.label,
            since: standing.since,
            lapses: standing.renewed.plus(self.core.config.label_idle),
            tool: standing.tool,
        });
        Ok(standing.collect())
    }

    /// `POST /me/labels`: clears what stands against the calls of the person's assistant. Who holds a browser that was
    /// left open is not enough: it takes a sign-in of the last minutes.
    pub(super) fn me_labels(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        self.own_form(inside)?;
        let principal = Self::person(inside)?;
        if principal.asserted_at().plus(FRESH_SIGN_IN) <= self.now() {
            return Err(Failure::of(&errors::REAUTH).saying(SIGN_IN_AGAIN));
        }
        let subject = principal.person().map(|person| person.subject.clone());
        transact(&*self.database, Durability::Full, |sql| {
            let cleared = self.clear_labels(sql)?;
            let words = cleared.iter().map(Label::as_str).collect::<Vec<_>>().join("_");
            let code = if words.is_empty() { "none" } else { &words };
            let mut event = self.event(inside.request, AuditKind::LabelsCleared, Verdict::Done, code);
            event.subject = subject;
            self.journal.append(sql, &event)
        })?;
        see_other(&Notice::LabelsCleared.location(), None)
    }

    /// Whether the grant still gives access.
    pub(crate) fn has_grant(&self, grant: GrantId) -> bool {
        let grants = self.known_rooms().ok().flatten().and_then(|rooms| rooms.grants.grants().ok());
        let now = self.now();
        grants.is_some_and(|grants| grants.iter().any(|live| live.grant == grant && now < live.ends))
    }

    /// The grants that still give access.
    fn connections(&self, grants: &GrantStore) -> Result<Vec<pages::Connection>, Failure> {
        let (now, remembered) = (self.now(), grants.remembered()?);
        let live = grants.grants()?.into_iter().filter(|grant| now < grant.ends);
        let connections = live.map(|grant| pages::Connection {
            grant: grant.grant.to_string(),
            document_host: publisher(&grant.client),
            client_name: grant.client_name,
            scopes: grant.scopes,
            since: grant.created,
            last_used: grant.last_used,
            until: grant.ends,
            remembered_until: remembered.get(&grant.client).copied(),
        });
        Ok(connections.collect())
    }

    /// `GET /me/journal`: the newest records, or with `requestId` those of one call, newest first. Their form is that
    /// of `m365-mcp audit tail --json`.
    pub(super) fn me_journal(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        Self::person(inside)?.person().ok_or_else(|| Failure::of(&errors::ACCESS_SERVICE))?;
        let query = Form::parse(inside.http.uri().query().unwrap_or_default().as_bytes())?;
        let found = match query.text("requestId").map(RequestId::parse) {
            Some(Ok(request)) => m365_journal::records_of(&*self.database, request, RECORDS_SEARCHED)?,
            Some(Err(_)) => return Err(Failure::of(&errors::REQUEST_MALFORMED)),
            None => m365_journal::newest(&*self.database, RECORDS_SHOWN)?,
        };
        // The stored order is oldest first; where there are too many, the oldest are left out.
        let newest = found.iter().rev().take(RECORDS_SHOWN as usize);
        let shown: Result<Vec<Value>, _> = newest.map(|entry| entry.exported(&self.id)).collect();
        let shown = shown.map_err(|error| {
            tracing::error!(cell = %self.id, %error, "a stored record is not JSON");
            Failure::of(&errors::INTERNAL)
        })?;
        Ok(records(&shown))
    }

    /// `POST /me/revoke`: ends one grant with all its tokens, or what is left of one client: its grants, and that the
    /// person is not asked about it. Ending what has ended changes nothing.
    pub(super) fn me_revoke(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let form = self.own_form(inside)?;
        let grants = &self.rooms(inside)?.grants;
        let grant = form.text("grant").and_then(|text| GrantId::parse(text).ok());
        let client = form.text("client").and_then(|text| ClientId::parse(text).ok());
        match (grant, client) {
            (Some(grant), None) => grants.end(inside.request, grant).map(drop)?,
            (None, Some(client)) => grants.end_client(inside.request, &client).map(drop)?,
            _ => return Err(Failure::of(&errors::REQUEST_MALFORMED)),
        }
        see_other(&Notice::Ended.location(), None)
    }

    /// `POST /me/revoke-all`: ends every grant with all its tokens. Where none is left, nothing changes.
    pub(super) fn me_revoke_all(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        self.own_form(inside)?;
        self.rooms(inside)?.grants.end_all(inside.request)?;
        see_other(&Notice::AllEnded.location(), None)
    }

    /// `POST /me/sign-out`: erases the Microsoft tokens. The account stays the person's.
    pub(super) fn me_sign_out(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        self.own_form(inside)?;
        self.rooms(inside)?.microsoft.sign_out(inside.request)?;
        see_other(&Notice::SignedOut.location(), None)
    }

    /// A form that came from the person's own page.
    pub(super) fn own_form(&self, inside: &Inside<'_>) -> Result<Form, Failure> {
        let principal = Self::person(inside)?;
        let form = Form::parse(inside.http.body())?;
        self.core.transactions.open_page(&principal, inside.http.headers(), &form)?;
        Ok(form)
    }
}

/// The clients that have no access, but of which the person is not asked.
fn remembered(
    grants: &GrantStore,
    names: &BTreeMap<ClientId, String>,
) -> Result<Vec<pages::Remembered>, Failure> {
    let live: BTreeSet<ClientId> = grants.grants()?.into_iter().map(|grant| grant.client).collect();
    let others = grants.remembered()?.into_iter().filter(|(client, _)| !live.contains(client));
    let remembered = others.map(|(client, until)| pages::Remembered {
        client_name: names.get(&client).cloned().unwrap_or_else(|| client.to_string()),
        document_host: publisher(&client),
        client: client.to_string(),
        until,
    });
    Ok(remembered.collect())
}

/// The host whose metadata document is the client, where its id is the address of one (OAuth Client ID Metadata
/// Document, section 3).
pub(super) fn publisher(client: &ClientId) -> Option<String> {
    let url = Url::parse(client.as_str()).ok().filter(|url| url.scheme() == "https")?;
    url.host_str().map(str::to_owned)
}

/// The answer of `/me/journal`.
pub(crate) fn records(records: &[Value]) -> Response<Bytes> {
    respond::json(StatusCode::OK, &json!({ "records": records }))
}
