//! The Microsoft tokens of one cell: single-flight refresh, and what its failures mean for the person.
//!
//! Source: Microsoft identity platform, "Refresh tokens" and "Claims challenges".
//!
//! Invariants: tokens lie sealed in the cell and leave it only as a [`Secret`] for one request; however many callers
//! wait, one refresh runs; a refresh that ends after a sign-out or a new sign-in writes nothing; every exchange with
//! Entra leaves a journal record with its trace id; a token that Graph rejected is gone before another is asked for.
//!
//! A claims challenge (continuous access evaluation) is tried once, by a refresh that carries it. Where that does not do,
//! the challenge is kept without an access token: from then on nothing is sent until the person has signed in, and the
//! sign-in asks for the same claims.
//!
//! The lock is held across an exchange. That is sound in a cell, whose calls run detached to their end.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::lock::Mutex;
use m365_ports::{
    AuditEvent, Directory, Durability, SqlError, TokenError, TokenSource, Trace, Verdict, transact,
};
use m365_seal::{Keys, Purpose, Sealer};
use m365_types::{AuditKind, Email, Oid, RequestId, Scope, ScopeSet, Secret, TenantId};

use super::aadsts::Class;
use super::challenge::ClaimsChallenge;
use super::client::{EntraClient, EntraRefusal};
use super::rows::{self, AccountRow, Stored};
use crate::oauth::store::CellPorts;

pub use super::link::{LinkRefusal, Linked};

/// Statements that make the table; each may be repeated.
pub const SCHEMA: &[&str] = rows::SCHEMA;
/// A token with less left than this is refreshed first.
const LEAST_LEFT: Duration = Duration::from_mins(1);

/// How the Microsoft account was found to be the person's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MatchedBy {
    /// Its address equals the Access e-mail: weaker, recorded as such.
    Email,
    /// Its object id equals the one Access sends.
    Oid,
}

/// The Microsoft account of a cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MicrosoftAccount {
    /// Its tenant.
    pub tenant: TenantId,
    /// Its object id.
    pub oid: Oid,
    /// Its sign-in name, for display.
    pub name: Option<Email>,
    /// Why it was accepted.
    pub matched_by: MatchedBy,
    /// What Entra granted last.
    pub scopes: ScopeSet,
    /// Whether there is a refresh token; without one the person must sign in.
    pub is_signed_in: bool,
}

/// The Microsoft side of one cell.
pub struct MicrosoftSession {
    pub(super) ports: CellPorts,
    pub(super) entra: Arc<EntraClient>,
    pub(super) directory: Arc<dyn Directory>,
    pub(super) sealer: Sealer,
    sign_in_url: String,
    flight: Mutex<()>,
}

impl MicrosoftSession {
    /// Over the table made by [`SCHEMA`]. `sign_in_url` is the page that sentences send the person to.
    #[must_use]
    pub fn new(
        ports: CellPorts,
        keys: &Keys,
        entra: Arc<EntraClient>,
        directory: Arc<dyn Directory>,
        sign_in_url: String,
    ) -> Self {
        let sealer = keys.sealer(Purpose::Column);
        Self { ports, entra, directory, sealer, sign_in_url, flight: Mutex::new(()) }
    }

    /// The linked account.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn account(&self) -> Result<Option<MicrosoftAccount>, SqlError> {
        Ok(self.load()?.map(|stored| stored.account))
    }

    /// Erases the tokens at the person's wish. The account stays pinned.
    ///
    /// # Errors
    /// [`SqlError`]
    pub fn sign_out(&self, request: RequestId) -> Result<(), SqlError> {
        self.ports.transition(|sql| {
            if rows::erase(sql)? {
                let event =
                    self.ports.event(request, AuditKind::GrantRevoked, Verdict::Done, "microsoft_sign_out");
                self.ports.audit.append(sql, &event)?;
            }
            Ok(())
        })
    }

    /// Access tokens for one request, whose id the journal records of refreshes carry.
    #[must_use]
    pub const fn tokens(self: Arc<Self>, request: RequestId) -> MicrosoftTokens {
        MicrosoftTokens { session: self, request }
    }

    pub(super) const fn row(&self) -> AccountRow<'_> {
        AccountRow { ports: &self.ports, sealer: &self.sealer }
    }

    pub(super) fn load(&self) -> Result<Option<Stored>, SqlError> {
        transact(&*self.ports.database, Durability::Process, |sql| self.row().load(sql))
    }

    pub(super) fn entra_event(
        &self,
        request: RequestId,
        kind: AuditKind,
        verdict: Verdict,
        entra: (&str, &Trace),
    ) -> AuditEvent {
        let (code, trace) = entra;
        let mut event = self.ports.event(request, kind, verdict, code);
        event.traces.push(trace.clone());
        event
    }

    async fn access_token(&self, request: RequestId, scopes: &[Scope]) -> Result<Secret<String>, TokenError> {
        if let Some(token) = self.ready(&self.signed_in(scopes)?) {
            return Ok(token);
        }
        let _flight = self.flight.lock().await;
        // Whoever held the lock before may have refreshed meanwhile.
        let stored = self.signed_in(scopes)?;
        if let Some(token) = self.ready(&stored) {
            return Ok(token);
        }
        let token = self.refresh(request, &stored, None).await?;
        self.signed_in(scopes).map(|_| token)
    }

    async fn replace(
        &self,
        request: RequestId,
        rejected: &Secret<String>,
        claims: Option<&str>,
    ) -> Result<Secret<String>, TokenError> {
        let challenge = claims.map(|text| ClaimsChallenge::parse(text).ok_or_else(unreadable)).transpose()?;
        let _flight = self.flight.lock().await;
        let mut stored = self.signed_in(&[])?;
        if is_another(&stored, rejected)
            && let Some(token) = self.ready(&stored)
        {
            return Ok(token);
        }
        self.ports.transition(rows::drop_access).map_err(|_| store_fault())?;
        stored.generation += 1;
        self.refresh(request, &stored, challenge.as_ref()).await
    }

    async fn challenged_again(
        &self,
        request: RequestId,
        rejected: &Secret<String>,
        claims: &str,
    ) -> TokenError {
        let Some(challenge) = ClaimsChallenge::parse(claims) else { return unreadable() };
        let _flight = self.flight.lock().await;
        match self.signed_in(&[]) {
            // Somebody else has replaced it meanwhile: the next call uses that one.
            Ok(stored) if is_another(&stored, rejected) => return renewed_meanwhile(),
            Ok(_) => {}
            Err(error) => return error,
        }
        let kept = self.ports.transition(|sql| {
            rows::keep_claims(sql, &challenge)?;
            let event =
                self.ports.event(request, AuditKind::MicrosoftRefused, Verdict::Failed, "challenged_again");
            self.ports.audit.append(sql, &event)
        });
        kept.map_or_else(|_| store_fault(), |_| self.sign_in_needed(CHALLENGED))
    }

    /// The stored tokens, where the person is signed in and Entra granted these scopes.
    fn signed_in(&self, scopes: &[Scope]) -> Result<Stored, TokenError> {
        let stored = self.load().map_err(|_| store_fault())?;
        let stored = stored.filter(|stored| stored.refresh.is_some());
        let Some(stored) = stored else {
            return Err(self.sign_in_needed("You are not signed in to Microsoft."));
        };
        if stored.access.is_none() && stored.claims.is_some() {
            return Err(self.sign_in_needed(CHALLENGED));
        }
        let missing = stored.account.scopes.missing(scopes);
        if missing.is_empty() {
            return Ok(stored);
        }
        let names: Vec<&str> = missing.iter().map(|scope| scope.as_str()).collect();
        let sentence = format!("Microsoft has not granted {} yet.", names.join(", "));
        Err(self.sign_in_needed(&sentence))
    }

    fn ready(&self, stored: &Stored) -> Option<Secret<String>> {
        let lasts = stored.expires.since(self.ports.clock.now()) > LEAST_LEFT;
        stored.access.clone().filter(|_| lasts)
    }

    async fn refresh(
        &self,
        request: RequestId,
        stored: &Stored,
        claims: Option<&ClaimsChallenge>,
    ) -> Result<Secret<String>, TokenError> {
        let Some(token) = &stored.refresh else {
            return Err(self.sign_in_needed("You are not signed in to Microsoft."));
        };
        match self.entra.refresh(token, &stored.account.scopes, claims).await {
            Ok(issued) => {
                let written = self.ports.transition(|sql| {
                    let written = self.row().renew(sql, &issued, stored.generation)?;
                    let verdict = if written { Verdict::Done } else { Verdict::Failed };
                    let code = match (written, claims) {
                        (true, None) => "refreshed",
                        (true, Some(_)) => "refreshed_after_challenge",
                        (false, _) => "overtaken",
                    };
                    let mut event = self.entra_event(
                        request,
                        AuditKind::MicrosoftRefreshed,
                        verdict,
                        (code, &issued.trace),
                    );
                    event.microsoft = Some((stored.account.tenant, stored.account.oid));
                    self.ports.audit.append(sql, &event)?;
                    Ok::<_, SqlError>(written)
                });
                match written {
                    Ok(true) => Ok(issued.access),
                    Ok(false) => Err(self.sign_in_needed("The Microsoft sign-in changed meanwhile.")),
                    Err(_) => Err(store_fault()),
                }
            }
            Err(refusal) => Err(self.refused(request, stored, &refusal, claims)),
        }
    }

    fn refused(
        &self,
        request: RequestId,
        stored: &Stored,
        refusal: &EntraRefusal,
        claims: Option<&ClaimsChallenge>,
    ) -> TokenError {
        let noted = self.ports.transition(|sql| {
            let current = self.row().load(sql)?.is_some_and(|now| now.generation == stored.generation);
            if current && refusal.ends_tokens {
                rows::erase(sql)?;
            }
            // The challenge of this refusal, else the one that led to it, must reach the next sign-in.
            if current && refusal.class == Class::SignIn {
                let kept = refusal.claims.as_ref().or(claims);
                kept.map_or(Ok(()), |claims| rows::keep_claims(sql, claims))?;
            }
            let mut event = self.entra_event(
                request,
                AuditKind::MicrosoftRefused,
                Verdict::Failed,
                (&refusal.code, &refusal.trace),
            );
            event.microsoft = Some((stored.account.tenant, stored.account.oid));
            self.ports.audit.append(sql, &event)
        });
        if noted.is_err() {
            return store_fault();
        }
        match refusal.class {
            Class::SignIn => self.sign_in_needed(&refusal.sentence),
            Class::Administrator | Class::Operator => {
                TokenError::Refused { sentence: refusal.sentence.clone() }
            }
            Class::Retry => TokenError::Unavailable { sentence: refusal.sentence.clone() },
        }
    }

    fn sign_in_needed(&self, why: &str) -> TokenError {
        TokenError::SignInNeeded {
            sentence: format!("{why} Open {} in a browser to sign in.", self.sign_in_url),
        }
    }
}

const CHALLENGED: &str = "Microsoft asks you to prove again who you are.";

/// Whether the stored access token is another one than Graph rejected.
fn is_another(stored: &Stored, rejected: &Secret<String>) -> bool {
    stored.access.as_ref().is_some_and(|token| !token.matches(rejected.expose().as_bytes()))
}

/// A challenge that is not forwarded, because it is no claims request or far too long.
fn unreadable() -> TokenError {
    TokenError::Refused {
        sentence:
            "Microsoft demands something of this sign-in that the server cannot read: tell the operator."
                .to_owned(),
    }
}

fn renewed_meanwhile() -> TokenError {
    TokenError::Unavailable { sentence: "The Microsoft sign-in was renewed meanwhile: try again.".to_owned() }
}

fn store_fault() -> TokenError {
    TokenError::Unavailable {
        sentence:
            "The server cannot read or store the Microsoft sign-in at the moment: try again in a minute."
                .to_owned(),
    }
}

/// The tokens of a session, for one request.
pub struct MicrosoftTokens {
    session: Arc<MicrosoftSession>,
    request: RequestId,
}

#[async_trait]
impl TokenSource for MicrosoftTokens {
    async fn access_token(&self, scopes: &[Scope]) -> Result<Secret<String>, TokenError> {
        self.session.access_token(self.request, scopes).await
    }

    async fn replace(
        &self,
        rejected: &Secret<String>,
        claims: Option<&str>,
    ) -> Result<Secret<String>, TokenError> {
        self.session.replace(self.request, rejected, claims).await
    }

    async fn challenged_again(&self, rejected: &Secret<String>, claims: &str) -> TokenError {
        self.session.challenged_again(self.request, rejected, claims).await
    }
}

#[cfg(test)]
mod tests;
