//! The one row of a cell that holds its Microsoft account and tokens, sealed per column.

use m365_ports::{EntropyExt as _, Row, Sql, SqlError, SqlValue};
use m365_seal::{AssociatedData, Sealer};
use m365_types::{CellId, Email, Oid, ScopeSet, Secret, TenantId, UnixMillis};

use super::challenge::ClaimsChallenge;
use super::client::Issued;
use super::session::{MatchedBy, MicrosoftAccount};
use crate::oauth::store::CellPorts;

/// Statements that make the table; each may be repeated.
pub(super) const SCHEMA: &[&str] = &["CREATE TABLE IF NOT EXISTS microsoft_account (
        id INTEGER PRIMARY KEY CHECK (id = 1), tenant TEXT NOT NULL, oid TEXT NOT NULL, name TEXT,
        matched_by TEXT NOT NULL CHECK (matched_by IN ('email', 'oid')), linked_at INTEGER NOT NULL,
        scopes TEXT NOT NULL, expires INTEGER NOT NULL, access BLOB, refresh BLOB, claims TEXT,
        generation INTEGER NOT NULL) STRICT"];

/// What is stored.
pub(super) struct Stored {
    pub(super) account: MicrosoftAccount,
    pub(super) expires: UnixMillis,
    pub(super) access: Option<Secret<String>>,
    pub(super) refresh: Option<Secret<String>>,
    /// What the next sign-in must ask for. While there is no access token beside it, nothing else will do.
    pub(super) claims: Option<ClaimsChallenge>,
    /// Changes with every write, so that an answer that comes late does not undo what happened meanwhile.
    pub(super) generation: u64,
}

/// Reads and writes the row.
pub(super) struct AccountRow<'a> {
    pub(super) ports: &'a CellPorts,
    pub(super) sealer: &'a Sealer,
}

impl AccountRow<'_> {
    pub(super) fn load(&self, sql: &dyn Sql) -> Result<Option<Stored>, SqlError> {
        let rows = sql.run(
            "SELECT tenant, oid, name, matched_by, scopes, expires, access, refresh, claims, generation
             FROM microsoft_account WHERE id = 1",
            &[],
        )?;
        rows.first().map(|row| self.stored(row)).transpose()
    }

    fn stored(&self, row: &Row) -> Result<Stored, SqlError> {
        let optional = |column| if row.is_null(column) { Ok(None) } else { row.text(column).map(Some) };
        let access = self.open("access", row, 6)?;
        let refresh = self.open("refresh", row, 7)?;
        let account = MicrosoftAccount {
            tenant: TenantId::parse(row.text(0)?).map_err(|_| SqlError::Shape)?,
            oid: Oid::parse(row.text(1)?).map_err(|_| SqlError::Shape)?,
            name: optional(2)?.and_then(|name| Email::parse(name).ok()),
            matched_by: if row.text(3)? == "oid" { MatchedBy::Oid } else { MatchedBy::Email },
            scopes: ScopeSet::parse(row.text(4)?).0,
            is_signed_in: refresh.is_some(),
        };
        Ok(Stored {
            account,
            expires: UnixMillis::from_millis(row.unsigned(5)?),
            access,
            refresh,
            claims: optional(8)?.and_then(ClaimsChallenge::parse),
            generation: row.unsigned(9)?,
        })
    }

    /// A sealed column; a value whose key is gone counts as absent, since only a new sign-in can replace it.
    fn open(&self, name: &str, row: &Row, column: usize) -> Result<Option<Secret<String>>, SqlError> {
        if row.is_null(column) {
            return Ok(None);
        }
        let opened = self.sealer.open(&self.place(name), row.blob(column)?);
        Ok(opened.ok().and_then(|(plain, _)| String::from_utf8(plain.expose().clone()).ok()).map(Secret::new))
    }

    pub(super) fn link(
        &self,
        sql: &dyn Sql,
        account: &MicrosoftAccount,
        issued: &Issued,
        now: UnixMillis,
    ) -> Result<(), SqlError> {
        let matched_by = match account.matched_by {
            MatchedBy::Email => "email",
            MatchedBy::Oid => "oid",
        };
        sql.run(
            "INSERT INTO microsoft_account (id, tenant, oid, name, matched_by, linked_at, scopes, expires, access,
                refresh, claims, generation) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, NULL, 1)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, matched_by = excluded.matched_by,
                linked_at = excluded.linked_at, scopes = excluded.scopes, expires = excluded.expires,
                access = excluded.access, refresh = excluded.refresh, claims = NULL, generation = generation + 1",
            &[
                account.tenant.to_string().into(),
                account.oid.to_string().into(),
                account.name.as_ref().map(Email::as_str).into(),
                matched_by.into(),
                now.as_millis().into(),
                issued.scopes.to_string().into(),
                issued.expires.as_millis().into(),
                self.seal("access", &issued.access),
                issued.refresh.as_ref().map_or(SqlValue::Null, |token| self.seal("refresh", token)),
            ],
        )?;
        Ok(())
    }

    /// Writes refreshed tokens, unless the row changed since `generation`. An answer without a new refresh token
    /// leaves the old one in place.
    pub(super) fn renew(&self, sql: &dyn Sql, issued: &Issued, generation: u64) -> Result<bool, SqlError> {
        let refresh = issued.refresh.as_ref().map_or(SqlValue::Null, |token| self.seal("refresh", token));
        let written = sql.run(
            "UPDATE microsoft_account SET scopes = ?1, expires = ?2, access = ?3, refresh = COALESCE(?4, refresh),
                claims = NULL, generation = generation + 1 WHERE id = 1 AND generation = ?5 RETURNING id",
            &[
                issued.scopes.to_string().into(),
                issued.expires.as_millis().into(),
                self.seal("access", &issued.access),
                refresh,
                generation.into(),
            ],
        )?;
        Ok(!written.is_empty())
    }

    fn seal(&self, name: &str, token: &Secret<String>) -> SqlValue {
        self.sealer.seal(self.ports.entropy.bytes(), &self.place(name), token.expose().as_bytes()).into()
    }

    fn place(&self, column: &str) -> AssociatedData {
        place(column, &self.ports.cell)
    }
}

/// Where a sealed column belongs.
pub(super) fn place(column: &str, cell: &CellId) -> AssociatedData {
    AssociatedData::of(&["microsoft_account", column, "1", cell.as_str()])
}

/// Erases the tokens; the account stays pinned.
pub(super) fn erase(sql: &dyn Sql) -> Result<bool, SqlError> {
    let erased = sql.run(
        "UPDATE microsoft_account SET access = NULL, refresh = NULL, generation = generation + 1
         WHERE id = 1 AND (access IS NOT NULL OR refresh IS NOT NULL) RETURNING id",
        &[],
    )?;
    Ok(!erased.is_empty())
}

/// Forgets an access token that Microsoft does not accept any more.
pub(super) fn drop_access(sql: &dyn Sql) -> Result<(), SqlError> {
    let statement =
        "UPDATE microsoft_account SET claims = NULL, access = NULL, generation = generation + 1 WHERE id = 1";
    sql.run(statement, &[]).map(|_| ())
}

/// Keeps a claims challenge for the next sign-in and drops the access token it was about.
pub(super) fn keep_claims(sql: &dyn Sql, claims: &ClaimsChallenge) -> Result<(), SqlError> {
    let statement =
        "UPDATE microsoft_account SET claims = ?1, access = NULL, generation = generation + 1 WHERE id = 1";
    sql.run(statement, &[claims.text().into()]).map(|_| ())
}
