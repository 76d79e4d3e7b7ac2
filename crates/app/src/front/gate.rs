//! The gates: who the caller is, and which cell is theirs. Nothing is looked up in a cell here.

use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use m365_auth::oauth::client::names_document;
use m365_auth::oauth::form::Form;
use m365_auth::oauth::handle::Handle;
use m365_auth::oauth::token::{RevocationRequest, TokenRequest};
use m365_auth::perimeter::{ASSERTION_HEADER, VerifiedAssertion};
use m365_types::{CellId, ClientId, Identity, Secret};

use super::operator::Operator;
use super::{Arrival, Front};
use crate::errors;
use crate::respond::Failure;
use crate::routes::Handler;

/// What a gate learned.
pub(super) struct Pass {
    /// The cell that answers.
    pub cell: CellId,
    /// The verified assertion beside whatever else opened the gate.
    pub assertion: Option<VerifiedAssertion>,
    /// The authenticated OAuth client.
    pub client: Option<ClientId>,
}

impl Front {
    /// A person through Access: their cell is named by team and subject.
    pub(super) async fn access(&self, arrival: &Arrival) -> Result<Pass, Failure> {
        let assertion = self.core.perimeter.verify(&arrival.head.headers).await?;
        let cell = match assertion.identity() {
            Identity::Person(person) => self.core.cell_of(&person.subject),
            Identity::Service(_) => return Err(Failure::of(&errors::ACCESS_SERVICE)),
        };
        Ok(Pass { cell, assertion: Some(assertion), client: None })
    }

    /// An operator: a person through Access, of the operators' group, where the deployment has one.
    pub(super) async fn operator(&self, arrival: &Arrival) -> Result<Operator, Failure> {
        let config = &self.core.config;
        let operators = config.operators.as_ref().ok_or_else(|| Failure::of(&errors::OPERATOR))?;
        let audience = operators.audience.as_ref().unwrap_or(&config.access.audience);
        let assertion = self.core.perimeter.verify_for(&arrival.head.headers, audience).await?;
        match assertion.identity() {
            Identity::Person(person) if person.groups.contains(&operators.group) => {
                Ok(Operator { cell: self.core.cell_of(&person.subject), subject: person.subject.clone() })
            }
            Identity::Person(_) => Err(Failure::of(&errors::OPERATOR)),
            Identity::Service(_) => Err(Failure::of(&errors::ACCESS_SERVICE)),
        }
    }

    /// In `managed`: whoever Access vouches for. Tokens mean nothing here; the cell is that of the person or service.
    pub(super) async fn managed(&self, arrival: &Arrival) -> Result<Pass, Failure> {
        let assertion = self.core.perimeter.verify(&arrival.head.headers).await?;
        let cell = self.core.cell_of_identity(assertion.identity());
        Ok(Pass { cell, assertion: Some(assertion), client: None })
    }

    /// The holder of an access token: the cell is named by the token's sealed handle. Whether the token is alive is
    /// for the cell to say.
    pub(super) async fn bearer(&self, arrival: &Arrival) -> Result<Pass, Failure> {
        let headers = &arrival.head.headers;
        let assertion = self.beside(headers).await?;
        let token = bearer_token(headers).map_err(|row| {
            let error = (!row.oauth.is_empty()).then_some(row.oauth);
            Failure::of(row).challenging(self.core.server.challenge(arrival.route.resource(), error, None))
        })?;
        let Ok(handle) = self.core.handles.open(&token) else {
            return Err(Failure::of(&errors::TOKEN_INVALID).challenging(self.core.server.challenge(
                arrival.route.resource(),
                Some("invalid_token"),
                None,
            )));
        };
        Ok(Pass { cell: handle.cell, assertion, client: None })
    }

    /// An authenticated client with a code or token; `None` for a revocation of something that is no token of ours.
    pub(super) async fn client(
        &self,
        arrival: &Arrival,
        body: &Bytes,
        assertion: Option<VerifiedAssertion>,
    ) -> Result<Option<Pass>, Failure> {
        let form = Form::parse(body)?;
        // Who presents nothing of ours must not make this server fetch the document that they name.
        let early = if names_document(&form) { Some(self.presented(arrival, &form)?) } else { None };
        if let Some(None) = early {
            return Ok(None);
        }
        let client = self.core.clients.authenticate(&arrival.head.headers, &form).await?;
        let opened = early.map_or_else(|| self.presented(arrival, &form), Ok)?;
        Ok(opened.map(|handle| Pass { cell: handle.cell, assertion, client: Some(client.id().clone()) }))
    }

    /// The handle of the code or token that a client presents; `None` where it wants something revoked that is none.
    fn presented(&self, arrival: &Arrival, form: &Form) -> Result<Option<Handle>, Failure> {
        if arrival.route.handler == Handler::Revoke {
            return Ok(self.core.handles.open(RevocationRequest::parse(form)?.token()).ok());
        }
        let request = TokenRequest::parse(form, &self.core.server)?;
        let handle = self.core.handles.open(request.token());
        handle.map(Some).map_err(|_| Failure::of(&errors::GRANT_REFUSED))
    }

    /// The assertion on a machine route: verified where there is one, demanded under `ACCESS_EVERYWHERE`.
    pub(super) async fn beside(&self, headers: &HeaderMap) -> Result<Option<VerifiedAssertion>, Failure> {
        if self.core.config.access.everywhere || headers.contains_key(ASSERTION_HEADER) {
            return Ok(Some(self.core.perimeter.verify(headers).await?));
        }
        Ok(None)
    }
}

/// The token of exactly one `Authorization: Bearer` header (RFC 6750 section 2.1). Tokens in forms and queries do
/// not count.
pub(crate) fn bearer_token(headers: &HeaderMap) -> Result<Secret<String>, &'static errors::ErrorRow> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values.next().ok_or(&errors::TOKEN_MISSING)?;
    let text = value.to_str().map_err(|_| &errors::TOKEN_INVALID)?;
    let (scheme, token) = text.split_once(' ').ok_or(&errors::TOKEN_INVALID)?;
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || values.next().is_some() {
        return Err(&errors::TOKEN_INVALID);
    }
    Ok(Secret::new(token.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_bearer_header_counts() {
        let with = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(AUTHORIZATION, value.parse().unwrap());
            }
            bearer_token(&headers).map(|token| token.expose().clone()).map_err(|row| row.code)
        };
        assert_eq!(with(&["Bearer abc"]), Ok("abc".into()));
        assert_eq!(with(&["bearer abc"]), Ok("abc".into()));
        assert_eq!(with(&[]), Err("token.missing"));
        for values in [&["Basic abc"][..], &["Bearer"], &["Bearer "], &["abc"], &["Bearer a", "Bearer b"]] {
            assert_eq!(with(values), Err("token.invalid"), "{values:?}");
        }
    }
}
