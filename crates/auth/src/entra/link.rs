//! Linking a Microsoft account to the person: the sign-in page, the callback, and whose account it may be.
//!
//! Invariants: the transaction is spent before the code is exchanged; an account is linked only where its object id
//! equals the one Access sends or, where Access sends none, its address equals the Access e-mail; the pair is unique
//! in the directory and never changes in the cell; guests and other tenants are refused.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_ports::{EntropyExt as _, KnownPerson, PinOutcome, SqlError, Trace, Verdict};
use m365_types::{AuditKind, Person, Principal, RequestId, ScopeSet, UnixMillis};

use super::aadsts;
use super::client::{EntraRefusal, Issued, SignInRequest, refusal_of};
use super::id_token::{IdTokenError, SignedIn};
use super::session::{MatchedBy, MicrosoftAccount, MicrosoftSession};
use crate::oauth::authorize::AuthorizationError;
use crate::oauth::form::Form;
use crate::oauth::pkce::Verifier;
use crate::oauth::store::{is_cut_off, spend};
use crate::oauth::transaction::{
    Authorization, BrowserCookie, SignIn, SignInTerms, TransactionRefusal, Transactions,
};

/// A completed sign-in.
#[derive(Debug)]
pub struct Linked {
    /// The account.
    pub account: MicrosoftAccount,
    /// The authorization that waited for it, for [`crate::oauth::store::GrantStore::complete`].
    pub authorization: Option<Authorization>,
}

/// Why no account was linked.
#[derive(Debug, thiserror::Error)]
pub enum LinkRefusal {
    /// The callback lacks its code, or names another issuer.
    #[error("Microsoft's answer is incomplete or from elsewhere. Start the sign-in again.")]
    Callback,
    /// The directory did not answer.
    #[error("The directory of this server did not answer. Try again in a minute.")]
    Directory,
    /// Entra refused; the application that waits may be told.
    #[error("{refusal}")]
    Entra {
        /// What it said.
        refusal: EntraRefusal,
        /// Redirect that tells the waiting application.
        location: Option<String>,
    },
    /// A guest account.
    #[error("Guest accounts cannot use this server. Sign in with an account of this organisation.")]
    Guest,
    /// The id token is not Entra's for this sign-in.
    #[error(
        "Microsoft's proof of identity does not verify. Start the sign-in again, and tell the operator if it recurs."
    )]
    IdToken,
    /// Entra's keys could not be fetched.
    #[error("Microsoft's keys cannot be fetched at the moment. Try again in a minute.")]
    KeysUnavailable,
    /// The cell is linked to another account.
    #[error(
        "You are linked to another Microsoft account. Sign in with that one, or ask the operator to remove the link."
    )]
    OtherAccount,
    /// The account is not the person's.
    #[error(
        "The Microsoft account is not the one you signed in to this organisation with. Sign in to Microsoft as yourself."
    )]
    OtherPerson,
    /// Another tenant's account.
    #[error("The Microsoft account belongs to another organisation. Sign in with your work account.")]
    OtherTenant,
    /// The callback was used before.
    #[error("This sign-in was completed before. Start again from the application.")]
    Spent,
    /// The cell's database did not answer.
    #[error("The server could not store the sign-in. Try again in a minute.")]
    Store(#[from] SqlError),
    /// The account is linked to another person.
    #[error("The Microsoft account is linked to another person. Ask the operator.")]
    Taken,
    /// Not a person, or a transaction that cannot begin.
    #[error(transparent)]
    Transaction(#[from] TransactionRefusal),
}

impl LinkRefusal {
    /// Code of the errors table. What Entra said in particular is in [`EntraRefusal::code`].
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Callback => "microsoft_callback",
            Self::Directory => "directory_unavailable",
            Self::Entra { .. } => "microsoft_refused",
            Self::Guest => "microsoft_guest",
            Self::IdToken => "microsoft_id_token",
            Self::KeysUnavailable => "microsoft_keys_unavailable",
            Self::OtherAccount => "microsoft_other_account",
            Self::OtherPerson => "microsoft_other_person",
            Self::OtherTenant => "microsoft_other_tenant",
            Self::Spent => "transaction_spent",
            Self::Store(_) => "store_unavailable",
            Self::Taken => "microsoft_taken",
            Self::Transaction(refusal) => refusal.code(),
        }
    }
}

impl From<IdTokenError> for LinkRefusal {
    fn from(error: IdTokenError) -> Self {
        match error {
            IdTokenError::Guest => Self::Guest,
            IdTokenError::Invalid => Self::IdToken,
            IdTokenError::KeysUnavailable => Self::KeysUnavailable,
            IdTokenError::OtherTenant => Self::OtherTenant,
        }
    }
}

impl MicrosoftSession {
    /// URL of Microsoft's sign-in page for these scopes. Its `state` is the sealed transaction; nothing is stored.
    /// `then` is the authorization that waits for the sign-in.
    ///
    /// # Errors
    /// [`LinkRefusal::Transaction`], [`LinkRefusal::Store`]
    pub fn begin(
        &self,
        transactions: &Transactions,
        principal: &Principal,
        cookie: &BrowserCookie,
        scopes: &ScopeSet,
        then: Option<Authorization>,
    ) -> Result<String, LinkRefusal> {
        let person = principal.person().ok_or(TransactionRefusal::NotAPerson)?;
        let stored = self.load()?;
        let verifier = Verifier::from_random(self.ports.entropy.bytes());
        let nonce = URL_SAFE_NO_PAD.encode(self.ports.entropy.bytes::<32>());
        let terms = SignInTerms {
            nonce: nonce.clone(),
            verifier: verifier.secret().expose().clone(),
            scopes: scopes.clone(),
            then,
        };
        let state = transactions.begin_sign_in(principal, cookie, terms)?;
        let known = stored.as_ref().and_then(|stored| stored.account.name.as_ref());
        Ok(self.entra.authorize_url(&SignInRequest {
            state: &state,
            nonce: &nonce,
            challenge: verifier.challenge(),
            login_hint: known.unwrap_or(&person.email).as_str(),
            scopes,
            challenge_claims: stored.as_ref().and_then(|stored| stored.claims.as_ref()),
        }))
    }

    /// Completes the sign-in that `callback`, the query of the callback, belongs to; `sign_in` was opened from its
    /// `state`. Spends the transaction, exchanges the code, verifies the id token, matches, pins and stores.
    ///
    /// # Errors
    /// [`LinkRefusal`]; then no token was stored.
    pub async fn finish(
        &self,
        request: RequestId,
        principal: &Principal,
        sign_in: SignIn,
        callback: &Form,
    ) -> Result<Linked, LinkRefusal> {
        let person = principal.person().ok_or(TransactionRefusal::NotAPerson)?;
        let opened = sign_in.0;
        if person.subject != opened.subject {
            return Err(TransactionRefusal::OtherPerson.into());
        }
        let now = self.ports.clock.now();
        if !self.ports.transition(|sql| spend(sql, opened.id.as_str(), opened.expires, now))? {
            return Err(self.recorded(request, LinkRefusal::Spent, None));
        }
        match self.exchange(person, &opened.content, callback).await {
            Ok((account, issued)) => {
                if let Err(refusal) = self.store(request, now, &account, &issued) {
                    return Err(self.recorded(request, refusal, Some(issued.trace)));
                }
                let account = MicrosoftAccount {
                    scopes: issued.scopes,
                    is_signed_in: issued.refresh.is_some(),
                    ..account
                };
                Ok(Linked { account, authorization: opened.content.then })
            }
            Err((LinkRefusal::Entra { refusal, .. }, trace)) => {
                let error = match refusal.class {
                    aadsts::Class::Retry => AuthorizationError::TemporarilyUnavailable,
                    aadsts::Class::SignIn | aadsts::Class::Administrator => AuthorizationError::AccessDenied,
                    aadsts::Class::Operator => AuthorizationError::ServerError,
                };
                let location = opened.content.then.map(|waiting| waiting.error_location(error));
                Err(self.recorded(request, LinkRefusal::Entra { refusal, location }, trace))
            }
            Err((refusal, trace)) => Err(self.recorded(request, refusal, trace)),
        }
    }

    async fn exchange(
        &self,
        person: &Person,
        terms: &SignInTerms,
        callback: &Form,
    ) -> Result<(MicrosoftAccount, Issued), (LinkRefusal, Option<Trace>)> {
        // RFC 9207 section 2.4: Entra sends no `iss`; if one comes, it must be Entra's.
        if callback.text("iss").is_some_and(|iss| iss != self.entra.issuer()) {
            return Err((LinkRefusal::Callback, None));
        }
        if let Some(error) = callback.text("error") {
            let codes = aadsts::codes_in(callback.text("error_description").unwrap_or_default());
            let refusal = refusal_of(&codes, error, Trace::default());
            return Err((LinkRefusal::Entra { refusal, location: None }, None));
        }
        let code = callback.text("code").ok_or((LinkRefusal::Callback, None))?;
        let claims = self.load().map_err(|fault| (fault.into(), None))?.and_then(|stored| stored.claims);
        let redeemed = self.entra.redeem(code, &terms.verifier, claims.as_ref()).await;
        let issued = redeemed.map_err(|refusal| {
            let trace = refusal.trace.clone();
            (LinkRefusal::Entra { refusal, location: None }, Some(trace))
        })?;
        let matched = self.match_account(person, terms, &issued).await;
        matched.map_err(|refusal| (refusal, Some(issued.trace.clone()))).map(|account| (account, issued))
    }

    async fn match_account(
        &self,
        person: &Person,
        terms: &SignInTerms,
        issued: &Issued,
    ) -> Result<MicrosoftAccount, LinkRefusal> {
        let id_token = issued.id_token.as_ref().ok_or(LinkRefusal::IdToken)?;
        let signed_in = self.entra.verify_id_token(id_token.expose(), &terms.nonce).await?;
        let matched_by = matched(person, &signed_in).ok_or(LinkRefusal::OtherPerson)?;
        let SignedIn { tenant, oid, names } = signed_in;
        if let Some(stored) = self.load()?
            && (stored.account.tenant, stored.account.oid) != (tenant, oid)
        {
            return Err(LinkRefusal::OtherAccount);
        }
        let known = KnownPerson {
            cell: self.ports.cell.clone(),
            subject: person.subject.clone(),
            email: person.email.clone(),
        };
        match self.directory.pin_microsoft(&known, tenant, oid).await {
            Ok(PinOutcome::Pinned) => {}
            Ok(PinOutcome::OtherAccount) => return Err(LinkRefusal::OtherAccount),
            Ok(PinOutcome::TakenByAnother) => return Err(LinkRefusal::Taken),
            Err(_) => return Err(LinkRefusal::Directory),
        }
        let name = names.into_iter().next();
        Ok(MicrosoftAccount {
            tenant,
            oid,
            name,
            matched_by,
            scopes: ScopeSet::default(),
            is_signed_in: true,
        })
    }

    /// `begun` is when this callback came: an order that ended the person's sessions since must not be undone.
    fn store(
        &self,
        request: RequestId,
        begun: UnixMillis,
        account: &MicrosoftAccount,
        issued: &Issued,
    ) -> Result<(), LinkRefusal> {
        let now = self.ports.clock.now();
        self.ports.transition(|sql| {
            if is_cut_off(sql, begun)? {
                return Err(LinkRefusal::Spent);
            }
            // Asked again in the transaction that writes: two sign-ins may have run side by side.
            if self.row().load(sql)?.is_some_and(|stored| {
                (stored.account.tenant, stored.account.oid) != (account.tenant, account.oid)
            }) {
                return Err(LinkRefusal::OtherAccount);
            }
            self.row().link(sql, account, issued, now)?;
            let code = match account.matched_by {
                MatchedBy::Email => "matched_by_email",
                MatchedBy::Oid => "matched_by_oid",
            };
            let mut event =
                self.entra_event(request, AuditKind::MicrosoftLinked, Verdict::Done, (code, &issued.trace));
            event.microsoft = Some((account.tenant, account.oid));
            self.ports.audit.append(sql, &event)?;
            Ok(())
        })
    }

    /// Records the refusal. A record that cannot be written takes the refusal's place.
    fn recorded(&self, request: RequestId, refusal: LinkRefusal, trace: Option<Trace>) -> LinkRefusal {
        let code = match &refusal {
            LinkRefusal::Entra { refusal, .. } => refusal.code.clone(),
            other => other.code().to_owned(),
        };
        let mut event = self.ports.event(request, AuditKind::MicrosoftRefused, Verdict::Denied, &code);
        event.traces.extend(trace);
        match self.ports.transition(|sql| self.ports.audit.append(sql, &event)) {
            Ok(_) => refusal,
            Err(fault) => LinkRefusal::Store(fault),
        }
    }
}

/// Whether the account is the person's: by object id where Access sends one, else by address.
fn matched(person: &Person, signed_in: &SignedIn) -> Option<MatchedBy> {
    match person.oid {
        Some(oid) => (oid == signed_in.oid).then_some(MatchedBy::Oid),
        None => signed_in.names.contains(&person.email).then_some(MatchedBy::Email),
    }
}
