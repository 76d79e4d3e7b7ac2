//! Consents that the person asked not to be asked for again.
//!
//! Sources: RFC 6749 section 10.2 (authorization without the person only for a client whose identity is assured), RFC 9700
//! section 4.1, the MCP security best practices (consent per client).
//!
//! In scope: what is remembered, for how long, and when it is forgotten. Out of scope: who may be remembered at all, which
//! [`crate::oauth::authorize::AuthorizationRequest`] says.
//!
//! Invariants: a row is one person's, for it is in their cell; it counts for the same client, redirect URI and resource,
//! for the very document it was given for, for no scope beyond its own, and for thirty days that using it does not
//! prolong; whatever ends a grant of the client ends it, except allowing the client again.

use std::collections::BTreeMap;
use std::time::Duration;

use m365_ports::{Durability, Row, Sql, SqlError, transact};
use m365_types::{ClientId, Principal, RequestId, UnixMillis};

use super::consent::IssuedCode;
use super::{GrantRefusal, GrantStore, rows};
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::transaction::{Asked, Authorization};

const LIFE: Duration = Duration::from_hours(30 * 24);

impl GrantStore {
    /// Issues the code where the person has allowed the same before and asked to be remembered; else nothing happens.
    ///
    /// # Errors
    /// [`GrantRefusal::ReauthNeeded`], [`GrantRefusal::Store`]
    pub fn consent_remembered(
        &self,
        request: RequestId,
        principal: &Principal,
        asked: &AuthorizationRequest,
    ) -> Result<Option<IssuedCode>, GrantRefusal> {
        let asked = Asked::of(asked);
        let Some(document) = asked.document else { return Ok(None) };
        let now = self.now();
        self.ports.transition(|sql| {
            if !is_remembered(sql, &asked, document, now)? {
                return Ok(Ok(None));
            }
            // Using it is not giving it again.
            let asked = Asked { document: None, ..asked };
            let authorization = Authorization::consented(asked, self.issuer.clone(), self.now());
            self.issue_code(sql, request, principal, &authorization, "remembered")
                .map(|issued| issued.map(Some))
        })?
    }

    /// The clients that the person is not asked about, with the moment from which they are at the latest.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn remembered(&self) -> Result<BTreeMap<ClientId, UnixMillis>, SqlError> {
        let now = self.now();
        transact(&*self.ports.database, Durability::Process, |sql| {
            let rows = sql.run(
                "SELECT client, MAX(expires) FROM auth_remembered WHERE expires > ?1 GROUP BY client",
                &[now.as_millis().into()],
            )?;
            let client = |row: &Row| ClientId::parse(row.text(0)?).map_err(|_| SqlError::Shape);
            rows.iter().map(|row| Ok((client(row)?, rows::moment(row, 1)?))).collect()
        })
    }
}

/// Remembers a consent, in place of an earlier one for the same.
pub(super) fn remember(
    sql: &dyn Sql,
    asked: &Asked,
    document: [u8; 32],
    now: UnixMillis,
) -> Result<(), SqlError> {
    sql.run(
        "INSERT INTO auth_remembered (client, redirect_uri, resource, document, scopes, expires)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (client, redirect_uri, resource) DO UPDATE SET document = ?4, scopes = ?5, expires = ?6",
        &[
            asked.client.as_str().into(),
            asked.redirect_uri.as_str().into(),
            asked.resource.as_str().into(),
            document.as_slice().into(),
            asked.scopes.to_string().into(),
            now.plus(LIFE).as_millis().into(),
        ],
    )
    .map(drop)
}

fn is_remembered(
    sql: &dyn Sql,
    asked: &Asked,
    document: [u8; 32],
    now: UnixMillis,
) -> Result<bool, SqlError> {
    let found = sql.run(
        "SELECT scopes FROM auth_remembered
         WHERE client = ?1 AND redirect_uri = ?2 AND resource = ?3 AND document = ?4 AND expires > ?5",
        &[
            asked.client.as_str().into(),
            asked.redirect_uri.as_str().into(),
            asked.resource.as_str().into(),
            document.as_slice().into(),
            now.as_millis().into(),
        ],
    )?;
    found.first().map_or(Ok(false), |row| Ok(rows::scopes(row.text(0)?).contains_all(&asked.scopes)))
}

/// Forgets the consents for one client, or all.
pub(super) fn forget(sql: &dyn Sql, client: Option<&ClientId>) -> Result<(), SqlError> {
    let client = client.map(ClientId::as_str).into();
    sql.run("DELETE FROM auth_remembered WHERE ?1 IS NULL OR client = ?1", &[client]).map(drop)
}

/// Forgets those that have expired.
pub(super) fn forget_expired(sql: &dyn Sql, now: UnixMillis) -> Result<(), SqlError> {
    sql.run("DELETE FROM auth_remembered WHERE expires <= ?1", &[now.as_millis().into()]).map(drop)
}

#[cfg(test)]
mod tests;
