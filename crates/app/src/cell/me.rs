//! `/me`: the person looks at what is connected and what was recorded, and ends connections.

use bytes::Bytes;
use http::header::SET_COOKIE;
use http::{Response, StatusCode};
use m365_auth::oauth::form::Form;
use m365_journal::rfc3339;
use m365_types::{GrantId, RequestId};
use serde_json::{Value, json};

use super::{Cell, Inside};
use crate::errors;
use crate::pages;
use crate::respond::{self, Failure, see_other};

/// Records that one answer of `/me/journal` holds at most.
const RECORDS_SHOWN: u32 = 200;
/// How far back the records of one call are looked for.
const RECORDS_SEARCHED: u32 = 2_000;

impl Cell {
    /// `GET /me`
    pub(super) fn me(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let principal = Self::person(inside)?;
        let person = principal.person().ok_or_else(|| Failure::of(&errors::ACCESS_SERVICE))?;
        let rooms = self.rooms(inside)?;
        let account = rooms.microsoft.account()?.filter(|account| account.is_signed_in);
        let name = account.map(|account| account.name.map_or_else(|| account.oid.to_string(), String::from));
        let connections: Vec<_> = rooms
            .grants
            .grants()?
            .into_iter()
            .map(|grant| pages::Connection {
                grant: grant.grant.to_string(),
                client_name: grant.client_name,
                scopes: grant.scopes,
                since: rfc3339(grant.created).chars().take(10).collect(),
                last_used: grant
                    .last_used
                    .map(|at| rfc3339(at).chars().take(16).collect::<String>().replace('T', " ")),
            })
            .collect();
        let cookie = self.core.transactions.cookie(inside.http.headers());
        let mut response = pages::me(&pages::Me {
            person: &person.email,
            microsoft: name.as_deref(),
            connections: &connections,
            mcp_url: &self.core.config.resource(),
            transaction: &self.core.transactions.begin_page(&principal, &cookie)?,
        });
        if let Some(cookie) = cookie.set_cookie() {
            let value = cookie.try_into().map_err(|_| Failure::of(&errors::INTERNAL))?;
            response.headers_mut().insert(SET_COOKIE, value);
        }
        Ok(response)
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

    /// `POST /me/revoke`: ends one grant with all its tokens. Ending an ended grant changes nothing.
    pub(super) fn me_revoke(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let form = self.own_form(inside)?;
        let grant = form.text("grant").and_then(|text| GrantId::parse(text).ok());
        let grant = grant.ok_or_else(|| Failure::of(&errors::REQUEST_MALFORMED))?;
        self.rooms(inside)?.grants.end(inside.request, grant)?;
        see_other("/me", None)
    }

    /// `POST /me/sign-out`: erases the Microsoft tokens. The account stays the person's.
    pub(super) fn me_sign_out(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        self.own_form(inside)?;
        self.rooms(inside)?.microsoft.sign_out(inside.request)?;
        see_other("/me", None)
    }

    /// A form that came from the person's own page.
    fn own_form(&self, inside: &Inside<'_>) -> Result<Form, Failure> {
        let principal = Self::person(inside)?;
        let form = Form::parse(inside.http.body())?;
        self.core.transactions.open_page(&principal, inside.http.headers(), &form)?;
        Ok(form)
    }
}

/// The answer of `/me/journal`.
pub(crate) fn records(records: &[Value]) -> Response<Bytes> {
    respond::json(StatusCode::OK, &json!({ "records": records }))
}
