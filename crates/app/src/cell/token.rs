//! The token and revocation endpoints. The client was authenticated at the front; its id is in the sealed context.

use bytes::Bytes;
use http::header::PRAGMA;
use http::{HeaderValue, Response, StatusCode};
use m365_auth::oauth::form::Form;
use m365_auth::oauth::token::{RevocationRequest, TokenRequest};
use m365_types::ClientId;

use super::{Cell, Inside};
use crate::errors;
use crate::respond::{Failure, json_text};

impl Cell {
    /// `POST /token`
    pub(super) fn token(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let client = authenticated(inside)?;
        let form = Form::parse(inside.http.body())?;
        let rooms = self.rooms_beside(inside)?;
        let tokens = match TokenRequest::parse(&form, &self.core.server)? {
            TokenRequest::Code(redemption) => {
                rooms.grants.redeem_code(inside.request, client, &redemption)?
            }
            TokenRequest::Refresh(refresh) => rooms.grants.refresh(inside.request, client, &refresh)?,
        };
        let mut response = json_text(StatusCode::OK, tokens.body(self.now()).expose().clone());
        // RFC 6749 section 5.1 asks for both headers.
        response.headers_mut().insert(PRAGMA, HeaderValue::from_static("no-cache"));
        Ok(response)
    }

    /// `POST /revoke`
    pub(super) fn revoke(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let client = authenticated(inside)?;
        let revocation = RevocationRequest::parse(&Form::parse(inside.http.body())?)?;
        self.rooms_beside(inside)?.grants.revoke(inside.request, client, revocation.token())?;
        Ok(json_text(StatusCode::OK, "{}".to_owned()))
    }
}

fn authenticated<'a>(inside: &Inside<'a>) -> Result<&'a ClientId, Failure> {
    inside.context.client().ok_or_else(|| Failure::of(&errors::CLIENT_REFUSED))
}
