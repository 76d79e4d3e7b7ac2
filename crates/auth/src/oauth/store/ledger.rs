//! Revocation, the person's list of grants, and forgetting.

use std::collections::BTreeMap;
use std::time::Duration;

use m365_ports::{Durability, Row, Sql, SqlError, Verdict, transact};
use m365_types::{AuditKind, ClientId, GrantId, RequestId, ScopeSet, Secret, UnixMillis};

use super::{About, GrantStore, remembered, rows};
use crate::oauth::grant::{self, Ending, Grant, Lifetimes};
use crate::oauth::handle::{TokenHash, TokenKind};

/// How long an ended grant stays in the list of grants.
const KEEP_ENDED: Duration = Duration::from_hours(720);

/// A grant as the person sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrantSummary {
    /// Its id.
    pub grant: GrantId,
    /// The client.
    pub client: ClientId,
    /// The name the client claimed, cleaned.
    pub client_name: String,
    /// What was granted.
    pub scopes: ScopeSet,
    /// When the person consented.
    pub created: UnixMillis,
    /// Last use of an access token, to the minute.
    pub last_used: Option<UnixMillis>,
    /// When no token of it works any more, whatever happens.
    pub ends: UnixMillis,
}

impl GrantStore {
    /// Revokes a token (RFC 7009 section 2): an access token alone; a refresh token or code with its whole grant.
    /// An unknown token, or one of another client, changes nothing and is no error (section 2.2).
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn revoke(
        &self,
        request: RequestId,
        client: &ClientId,
        token: &Secret<String>,
    ) -> Result<(), SqlError> {
        let Ok(handle) = self.handles.open(token) else { return Ok(()) };
        if handle.cell != self.ports.cell {
            return Ok(());
        }
        self.ports.transition(|sql| {
            let hash = TokenHash::of(token);
            let Some(found) = rows::find_token(sql, hash, handle.kind)? else { return Ok(()) };
            let terms = match &found.grant {
                Grant::Live(live) => &live.terms,
                Grant::Offered(offered) => &offered.terms,
            };
            if terms.client != *client {
                return Ok(());
            }
            match handle.kind {
                TokenKind::Access => {
                    rows::forget_token(sql, hash)?;
                    let about = About { request, client, grant: Some(found.grant_id) };
                    self.record(sql, &about, AuditKind::GrantRevoked, Verdict::Done, "access_token")
                }
                TokenKind::Code | TokenKind::Refresh => {
                    self.end_in(sql, request, found.grant_id, Ending::ByClient).map(drop)
                }
            }
        })
    }

    /// Ends a grant at the person's wish. Whether there was one to end.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn end(&self, request: RequestId, grant: GrantId) -> Result<bool, SqlError> {
        self.ports.transition(|sql| self.end_in(sql, request, grant, Ending::ByPerson))
    }

    /// Ends every grant at the person's wish, and tells how many there were.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn end_all(&self, request: RequestId) -> Result<u64, SqlError> {
        self.ports.transition(|sql| self.end_every(sql, request, None, Ending::ByPerson))
    }

    /// Ends every grant of one client at the person's wish, and asks about it again.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn end_client(&self, request: RequestId, client: &ClientId) -> Result<u64, SqlError> {
        self.ports.transition(|sql| self.end_every(sql, request, Some(client), Ending::ByPerson))
    }

    /// In the caller's transaction, ends every grant, or those of one client. Tells how many there were.
    ///
    /// # Errors
    /// [`SqlError`]; the caller's transaction must then fail too.
    pub fn end_every(
        &self,
        sql: &dyn Sql,
        request: RequestId,
        client: Option<&ClientId>,
        ending: Ending,
    ) -> Result<u64, SqlError> {
        // Consents outlive grants that have expired, so they are forgotten also where there is no grant to end.
        remembered::forget(sql, client)?;
        if ending == Ending::ByOperator && client.is_none() {
            rows::cut_off(sql, self.now())?;
        }
        let mut ended = 0;
        for grant in rows::unended(sql, client)? {
            ended += u64::from(self.end_in(sql, request, grant, ending)?);
        }
        Ok(ended)
    }

    /// The one way a grant ends: no token of it is left, and a record says why. Whether it had not ended before.
    pub(super) fn end_in(
        &self,
        sql: &dyn Sql,
        request: RequestId,
        grant: GrantId,
        ending: Ending,
    ) -> Result<bool, SqlError> {
        let Some(client) = rows::end(sql, grant)? else { return Ok(false) };
        if ending != Ending::AuthorizedAgain {
            remembered::forget(sql, Some(&client))?;
        }
        let about = About { request, client: &client, grant: Some(grant) };
        let (kind, verdict) = ending.record();
        self.record(sql, &about, kind, verdict, ending.as_str()).map(|()| true)
    }

    /// When the last token of today ends: until then tokens sealed under a previous key may be presented.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn last_token_ends(&self) -> Result<Option<UnixMillis>, SqlError> {
        transact(&*self.ports.database, Durability::Process, |sql| {
            let statement = "SELECT MAX(expires) FROM auth_token WHERE superseded_at IS NULL";
            sql.run(statement, &[])?.first().map_or(Ok(None), |row| rows::optional_moment(row, 0))
        })
    }

    /// The live grants, newest first.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn grants(&self) -> Result<Vec<GrantSummary>, SqlError> {
        transact(&*self.ports.database, Durability::Process, |sql| {
            let rows = sql.run(
                "SELECT id, client, client_name, scopes, created, last_used, asserted_at FROM auth_grant
                 WHERE phase = 'live' ORDER BY created DESC, id LIMIT 200",
                &[],
            )?;
            rows.iter().map(|row| summary(row, &self.lives)).collect()
        })
    }

    /// The name that each client claimed last, of grants that are not forgotten yet.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn client_names(&self) -> Result<BTreeMap<ClientId, String>, SqlError> {
        transact(&*self.ports.database, Durability::Process, |sql| {
            let rows = sql.run("SELECT client, client_name FROM auth_grant ORDER BY created", &[])?;
            let client = |row: &Row| ClientId::parse(row.text(0)?).map_err(|_| SqlError::Shape);
            rows.iter().map(|row| Ok((client(row)?, row.text(1)?.to_owned()))).collect()
        })
    }

    /// Forgets expired tokens, ends grants that have none left, drops grants ended long ago and ids spent long ago.
    /// Tells when the next of what is left expires.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn sweep(&self) -> Result<Option<UnixMillis>, SqlError> {
        let now = self.now();
        let at = |moment: UnixMillis| [moment.as_millis().into()];
        self.ports.transition(|sql: &dyn Sql| {
            // Used codes and refresh tokens stay as long as their grant: a second use must be recognised.
            sql.run("DELETE FROM auth_token WHERE kind = 'access' AND expires <= ?1", &at(now))?;
            rows::forget_answers(sql, now)?;
            remembered::forget_expired(sql, now)?;
            sql.run(
                "UPDATE auth_grant SET phase = 'ended' WHERE phase <> 'ended' AND code_expires <= ?1 AND NOT EXISTS (
                    SELECT 1 FROM auth_token t WHERE t.grant_id = auth_grant.id AND t.expires > ?1
                    AND t.superseded_at IS NULL)",
                &at(now),
            )?;
            sql.run(
                "DELETE FROM auth_token WHERE grant_id IN (SELECT id FROM auth_grant WHERE phase = 'ended')",
                &[],
            )?;
            let limit = UnixMillis::from_millis(now.as_millis().saturating_sub(rows::millis(KEEP_ENDED)));
            sql.run("DELETE FROM auth_grant WHERE phase = 'ended' AND created <= ?1", &at(limit))?;
            sql.run("DELETE FROM auth_spent WHERE expires < ?1", &at(now))?;
            let rows = sql.run(
                "SELECT MIN(at) FROM (
                    SELECT expires AS at FROM auth_token WHERE expires > ?1 AND superseded_at IS NULL
                    UNION ALL SELECT code_expires FROM auth_grant WHERE code_expires > ?1
                    UNION ALL SELECT created + ?2 FROM auth_grant WHERE phase = 'ended'
                    UNION ALL SELECT expires FROM auth_remembered
                    UNION ALL SELECT expires FROM auth_spent)",
                &[now.as_millis().into(), rows::millis(KEEP_ENDED).into()],
            )?;
            rows.first().map_or(Ok(None), |row| rows::optional_moment(row, 0))
        })
    }
}

fn summary(row: &Row, lives: &Lifetimes) -> Result<GrantSummary, SqlError> {
    let (created, asserted_at) = (rows::moment(row, 4)?, rows::moment(row, 6)?);
    Ok(GrantSummary {
        grant: GrantId::parse(row.text(0)?).map_err(|_| SqlError::Shape)?,
        client: ClientId::parse(row.text(1)?).map_err(|_| SqlError::Shape)?,
        client_name: row.text(2)?.to_owned(),
        scopes: rows::scopes(row.text(3)?),
        created,
        last_used: rows::optional_moment(row, 5)?,
        ends: grant::end(created, asserted_at, lives),
    })
}
