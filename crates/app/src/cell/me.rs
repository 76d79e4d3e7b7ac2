//! `/me`: the person looks at what is connected, and ends it.

use bytes::Bytes;
use http::Response;
use http::header::SET_COOKIE;
use m365_auth::oauth::form::Form;
use m365_journal::rfc3339;
use m365_types::GrantId;

use super::{Cell, Inside};
use crate::errors;
use crate::pages;
use crate::respond::{Failure, see_other};

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
