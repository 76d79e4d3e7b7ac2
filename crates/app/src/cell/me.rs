//! `/me`: the person looks at what is connected.

use bytes::Bytes;
use http::Response;
use m365_journal::rfc3339;

use super::{Cell, Inside};
use crate::errors;
use crate::pages;
use crate::respond::Failure;

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
                client_name: grant.client_name,
                scopes: grant.scopes,
                since: rfc3339(grant.created).chars().take(10).collect(),
            })
            .collect();
        Ok(pages::me(&pages::Me {
            person: &person.email,
            microsoft: name.as_deref(),
            connections: &connections,
            mcp_url: &self.core.config.resource(),
        }))
    }
}
