//! Tables of the grant store, and their rows as values.

use std::time::Duration;

use m365_ports::{Row, Sql, SqlError};
use m365_types::{ClientId, GrantId, Identity, ScopeSet, UnixMillis};

use crate::oauth::grant::{Grant, Live, Offered, REPEAT_WINDOW, RefreshState, Terms};
use crate::oauth::handle::{TokenHash, TokenKind};
use crate::oauth::pkce::Challenge;
use crate::oauth::redirect::RedirectUri;
use crate::oauth::transaction::LIFE;

/// Statements that make the tables; each may be repeated.
pub const SCHEMA: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS auth_spent (id TEXT PRIMARY KEY, expires INTEGER NOT NULL) STRICT",
    // Transactions begun before this moment count as spent.
    "CREATE TABLE IF NOT EXISTS auth_cut_off (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT",
    "CREATE TABLE IF NOT EXISTS auth_grant (
        id TEXT PRIMARY KEY, client TEXT NOT NULL, client_name TEXT NOT NULL, resource TEXT NOT NULL,
        scopes TEXT NOT NULL, redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL, identity TEXT NOT NULL,
        asserted_at INTEGER NOT NULL, created INTEGER NOT NULL, code_expires INTEGER NOT NULL, last_used INTEGER,
        phase TEXT NOT NULL CHECK (phase IN ('offered', 'live', 'ended'))) STRICT",
    "CREATE TABLE IF NOT EXISTS auth_token (
        hash BLOB PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES auth_grant (id),
        kind TEXT NOT NULL CHECK (kind IN ('access', 'code', 'refresh')), scopes TEXT NOT NULL,
        expires INTEGER NOT NULL, superseded_at INTEGER, successor BLOB, answer BLOB) STRICT",
    "CREATE TABLE IF NOT EXISTS auth_remembered (
        client TEXT NOT NULL, redirect_uri TEXT NOT NULL, resource TEXT NOT NULL, document BLOB NOT NULL,
        scopes TEXT NOT NULL, expires INTEGER NOT NULL, PRIMARY KEY (client, redirect_uri, resource)) STRICT",
    "CREATE INDEX IF NOT EXISTS auth_token_of_grant ON auth_token (grant_id)",
    "CREATE INDEX IF NOT EXISTS auth_grant_of_client ON auth_grant (client)",
];

/// Spent ids outlive their transactions by this much, in case the clock is set back.
const SPENT_MARGIN: Duration = Duration::from_hours(24);

pub(super) fn spend(sql: &dyn Sql, id: &str, expires: UnixMillis, now: UnixMillis) -> Result<bool, SqlError> {
    sql.run("DELETE FROM auth_spent WHERE expires < ?1", &[now.as_millis().into()])?;
    let kept_until = expires.plus(SPENT_MARGIN).as_millis();
    let inserted = sql.run(
        "INSERT INTO auth_spent (id, expires) VALUES (?1, ?2) ON CONFLICT (id) DO NOTHING RETURNING id",
        &[id.into(), kept_until.into()],
    )?;
    let begun = expires.as_millis().saturating_sub(millis(LIFE));
    Ok(!inserted.is_empty() && !is_cut_off(sql, UnixMillis::from_millis(begun))?)
}

/// Whatever transaction began before `at` is spent: an order that ends every session ends those about to be.
pub(super) fn cut_off(sql: &dyn Sql, at: UnixMillis) -> Result<(), SqlError> {
    let statement = "INSERT INTO auth_cut_off (id, at) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET at = MAX(at, excluded.at)";
    sql.run(statement, &[at.as_millis().into()]).map(drop)
}

pub(super) fn is_cut_off(sql: &dyn Sql, begun: UnixMillis) -> Result<bool, SqlError> {
    let found = sql.run("SELECT 1 FROM auth_cut_off WHERE at > ?1", &[begun.as_millis().into()])?;
    Ok(!found.is_empty())
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A grant about to be stored.
pub(super) struct NewGrant<'a> {
    pub(super) id: GrantId,
    pub(super) client_name: &'a str,
    pub(super) identity: &'a Identity,
    pub(super) offered: &'a Offered,
}

pub(super) fn insert_grant(sql: &dyn Sql, new: &NewGrant<'_>) -> Result<(), SqlError> {
    let Offered { terms, redirect_uri, challenge, code_expires } = new.offered;
    let identity = serde_json::to_string(new.identity).map_err(|_| SqlError::Shape)?;
    sql.run(
        "INSERT INTO auth_grant (id, client, client_name, resource, scopes, redirect_uri, challenge, identity,
            asserted_at, created, code_expires, last_used, phase)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, NULL, 'offered')",
        &[
            new.id.to_string().into(),
            terms.client.as_str().into(),
            new.client_name.into(),
            terms.resource.as_str().into(),
            terms.scopes.to_string().into(),
            redirect_uri.as_str().into(),
            String::from(challenge.clone()).into(),
            identity.into(),
            terms.asserted_at.as_millis().into(),
            terms.created.as_millis().into(),
            code_expires.as_millis().into(),
        ],
    )?;
    Ok(())
}

/// A token about to be stored.
pub(super) struct NewToken<'a> {
    pub(super) hash: TokenHash,
    pub(super) grant: GrantId,
    pub(super) kind: TokenKind,
    pub(super) scopes: &'a ScopeSet,
    pub(super) expires: UnixMillis,
}

pub(super) fn insert_token(sql: &dyn Sql, new: &NewToken<'_>) -> Result<(), SqlError> {
    sql.run(
        "INSERT INTO auth_token (hash, grant_id, kind, scopes, expires) VALUES (?1, ?2, ?3, ?4, ?5)",
        &[
            new.hash.as_bytes().as_slice().into(),
            new.grant.to_string().into(),
            new.kind.as_str().into(),
            new.scopes.to_string().into(),
            new.expires.as_millis().into(),
        ],
    )?;
    Ok(())
}

/// A stored token with its grant. An ended grant has none.
pub(super) struct Found {
    pub(super) grant_id: GrantId,
    pub(super) grant: Grant,
    pub(super) identity: Identity,
    pub(super) last_used: Option<UnixMillis>,
    pub(super) scopes: ScopeSet,
    pub(super) expires: UnixMillis,
    pub(super) refresh: RefreshState,
    pub(super) answer: Option<Vec<u8>>,
}

/// The token of this hash and kind, unless it is unknown or its grant has ended. The look-up is by a hash, so how
/// long it takes says nothing about the token.
pub(super) fn find_token(sql: &dyn Sql, hash: TokenHash, kind: TokenKind) -> Result<Option<Found>, SqlError> {
    let rows = sql.run(
        "SELECT g.id, g.client, g.resource, g.scopes, g.redirect_uri, g.challenge, g.identity, g.asserted_at,
            g.created, g.code_expires, g.last_used, g.phase, t.scopes, t.expires, t.superseded_at, t.answer,
            EXISTS (SELECT 1 FROM auth_token s WHERE s.hash = t.successor AND s.superseded_at IS NULL)
         FROM auth_token t JOIN auth_grant g ON g.id = t.grant_id
         WHERE t.hash = ?1 AND t.kind = ?2 AND g.phase <> 'ended'",
        &[hash.as_bytes().as_slice().into(), kind.as_str().into()],
    )?;
    rows.first().map(found).transpose()
}

fn found(row: &Row) -> Result<Found, SqlError> {
    let terms = Terms {
        client: ClientId::parse(row.text(1)?).map_err(|_| SqlError::Shape)?,
        resource: row.text(2)?.to_owned(),
        scopes: scopes(row.text(3)?),
        asserted_at: moment(row, 7)?,
        created: moment(row, 8)?,
    };
    let grant = match row.text(11)? {
        "live" => Grant::Live(Live { terms }),
        _ => Grant::Offered(Offered {
            terms,
            redirect_uri: RedirectUri::parse(row.text(4)?).map_err(|_| SqlError::Shape)?,
            challenge: Challenge::parse(row.text(5)?).map_err(|_| SqlError::Shape)?,
            code_expires: moment(row, 9)?,
        }),
    };
    let expires = moment(row, 13)?;
    let refresh = if row.is_null(14) {
        RefreshState::Current { expires }
    } else {
        RefreshState::Superseded { at: moment(row, 14)?, successor_is_current: row.integer(16)? == 1 }
    };
    Ok(Found {
        grant_id: GrantId::parse(row.text(0)?).map_err(|_| SqlError::Shape)?,
        grant,
        identity: serde_json::from_str(row.text(6)?).map_err(|_| SqlError::Shape)?,
        last_used: optional_moment(row, 10)?,
        scopes: scopes(row.text(12)?),
        expires,
        refresh,
        answer: if row.is_null(15) { None } else { Some(row.blob(15)?.to_vec()) },
    })
}

/// Marks a refresh token as replaced and keeps the sealed answer; what its own predecessor kept is erased.
pub(super) fn supersede(
    sql: &dyn Sql,
    hash: TokenHash,
    successor: TokenHash,
    answer: Vec<u8>,
    now: UnixMillis,
) -> Result<(), SqlError> {
    sql.run(
        "UPDATE auth_token SET answer = NULL WHERE successor = ?1",
        &[hash.as_bytes().as_slice().into()],
    )?;
    sql.run(
        "UPDATE auth_token SET superseded_at = ?2, successor = ?3, answer = ?4 WHERE hash = ?1",
        &[
            hash.as_bytes().as_slice().into(),
            now.as_millis().into(),
            successor.as_bytes().as_slice().into(),
            answer.into(),
        ],
    )?;
    Ok(())
}

/// Erases sealed answers that may not be repeated any more.
pub(super) fn forget_answers(sql: &dyn Sql, now: UnixMillis) -> Result<(), SqlError> {
    let limit = now.as_millis().saturating_sub(millis(REPEAT_WINDOW));
    let statement = "UPDATE auth_token SET answer = NULL WHERE answer IS NOT NULL AND superseded_at < ?1";
    sql.run(statement, &[limit.into()]).map(drop)
}

pub(super) fn set_live(sql: &dyn Sql, grant: GrantId) -> Result<(), SqlError> {
    sql.run("UPDATE auth_grant SET phase = 'live' WHERE id = ?1", &[grant.to_string().into()]).map(|_| ())
}

pub(super) fn forget_token(sql: &dyn Sql, hash: TokenHash) -> Result<(), SqlError> {
    sql.run("DELETE FROM auth_token WHERE hash = ?1", &[hash.as_bytes().as_slice().into()]).map(|_| ())
}

pub(super) fn note_use(sql: &dyn Sql, grant: GrantId, now: UnixMillis) -> Result<(), SqlError> {
    let parameters = [grant.to_string().into(), now.as_millis().into()];
    sql.run("UPDATE auth_grant SET last_used = ?2 WHERE id = ?1", &parameters).map(|_| ())
}

/// Ends a grant: no token of it is left. Its client, where it had not ended before.
pub(super) fn end(sql: &dyn Sql, grant: GrantId) -> Result<Option<ClientId>, SqlError> {
    let id = grant.to_string();
    let ended = sql.run(
        "UPDATE auth_grant SET phase = 'ended' WHERE id = ?1 AND phase <> 'ended' RETURNING client",
        &[id.as_str().into()],
    )?;
    sql.run("DELETE FROM auth_token WHERE grant_id = ?1", &[id.into()])?;
    let client = |row: &Row| ClientId::parse(row.text(0)?).map_err(|_| SqlError::Shape);
    ended.first().map(client).transpose()
}

/// Grants that have not ended, of this client or of all.
pub(super) fn unended(sql: &dyn Sql, client: Option<&ClientId>) -> Result<Vec<GrantId>, SqlError> {
    let rows = sql.run(
        "SELECT id FROM auth_grant WHERE phase <> 'ended' AND (?1 IS NULL OR client = ?1) ORDER BY created, id",
        &[client.map(ClientId::as_str).into()],
    )?;
    rows.iter().map(|row| GrantId::parse(row.text(0)?).map_err(|_| SqlError::Shape)).collect()
}

/// Grants of the client older than this one and not ended.
pub(super) fn earlier(sql: &dyn Sql, client: &ClientId, than: GrantId) -> Result<Vec<GrantId>, SqlError> {
    let rows = sql.run(
        "SELECT o.id FROM auth_grant o JOIN auth_grant n ON n.id = ?2
         WHERE o.client = ?1 AND o.id <> n.id AND o.created <= n.created AND o.phase <> 'ended' ORDER BY o.created, o.id",
        &[client.as_str().into(), than.to_string().into()],
    )?;
    rows.iter().map(|row| GrantId::parse(row.text(0)?).map_err(|_| SqlError::Shape)).collect()
}

pub(super) fn moment(row: &Row, column: usize) -> Result<UnixMillis, SqlError> {
    row.unsigned(column).map(UnixMillis::from_millis)
}

pub(super) fn optional_moment(row: &Row, column: usize) -> Result<Option<UnixMillis>, SqlError> {
    if row.is_null(column) { Ok(None) } else { moment(row, column).map(Some) }
}

pub(super) fn scopes(text: &str) -> ScopeSet {
    // A scope that a later version no longer knows is no longer granted.
    ScopeSet::parse(text).0
}
