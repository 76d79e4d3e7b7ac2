//! From consent to code.

use m365_ports::{EntropyExt as _, Sql, SqlError, Verdict};
use m365_types::{AuditKind, ClientId, GrantId, Principal, RequestId};

use super::{About, GrantRefusal, GrantStore, remembered, rows, spend};
use crate::oauth::authorize::AuthorizationError;
use crate::oauth::grant::{self, Offered, Terms};
use crate::oauth::handle::{Handle, TokenHash, TokenKind};
use crate::oauth::transaction::{Asked, Authorization, Consent, Opened};

/// A code on its way to the client.
#[derive(Debug)]
pub struct IssuedCode {
    grant: GrantId,
    client: ClientId,
    location: String,
}

impl IssuedCode {
    /// The grant it will make live.
    #[must_use]
    pub const fn grant(&self) -> GrantId {
        self.grant
    }

    /// The client.
    #[must_use]
    pub const fn client(&self) -> &ClientId {
        &self.client
    }

    /// Redirect URI with `code`, `state` and `iss`.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }
}

impl GrantStore {
    /// The person allowed the client and needs no sign-in at Microsoft: spends the transaction and issues the code.
    ///
    /// # Errors
    /// [`GrantRefusal::Spent`], [`GrantRefusal::ReauthNeeded`], [`GrantRefusal::Store`]
    pub fn consent(
        &self,
        request: RequestId,
        principal: &Principal,
        consent: Consent,
    ) -> Result<IssuedCode, GrantRefusal> {
        self.ports.transition(|sql| {
            let asked = match self.spend_consent(sql, request, consent.0)? {
                Ok(asked) => asked,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let authorization = Authorization::consented(asked, self.issuer.clone(), self.now());
            self.issue_code(sql, request, principal, &authorization, "granted")
        })?
    }

    /// The person allowed the client, but has to sign in at Microsoft first: spends the transaction.
    ///
    /// # Errors
    /// [`GrantRefusal::Spent`], [`GrantRefusal::Store`]
    pub fn consent_before_sign_in(
        &self,
        request: RequestId,
        consent: Consent,
    ) -> Result<Authorization, GrantRefusal> {
        self.ports.transition(|sql| {
            let asked = match self.spend_consent(sql, request, consent.0)? {
                Ok(asked) => asked,
                Err(refusal) => return Ok(Err(refusal)),
            };
            let about = About { request, client: &asked.client, grant: None };
            self.record(sql, &about, AuditKind::ConsentGiven, Verdict::Done, "sign_in_next")?;
            Ok::<_, GrantRefusal>(Ok(Authorization::consented(asked, self.issuer.clone(), self.now())))
        })?
    }

    /// The person refused the client: spends the transaction. Returns the redirect that tells the client.
    ///
    /// # Errors
    /// [`GrantRefusal::Spent`], [`GrantRefusal::Store`]
    pub fn deny(&self, request: RequestId, consent: Consent) -> Result<String, GrantRefusal> {
        self.ports.transition(|sql| {
            let asked = match self.spend_consent(sql, request, consent.0)? {
                Ok(asked) => asked,
                Err(refusal) => return Ok(Err(refusal)),
            };
            remembered::forget(sql, Some(&asked.client))?;
            let about = About { request, client: &asked.client, grant: None };
            self.record(sql, &about, AuditKind::ConsentDenied, Verdict::Denied, "denied")?;
            let authorization = Authorization::consented(asked, self.issuer.clone(), self.now());
            Ok::<_, GrantRefusal>(Ok(authorization.error_location(AuthorizationError::AccessDenied)))
        })?
    }

    /// The sign-in at Microsoft succeeded: issues the code of the authorization that waited for it.
    ///
    /// # Errors
    /// [`GrantRefusal::ReauthNeeded`], [`GrantRefusal::Store`]
    pub fn complete(
        &self,
        request: RequestId,
        principal: &Principal,
        authorization: &Authorization,
    ) -> Result<IssuedCode, GrantRefusal> {
        self.ports.transition(|sql| self.issue_code(sql, request, principal, authorization, "granted"))?
    }

    fn spend_consent(
        &self,
        sql: &dyn Sql,
        request: RequestId,
        opened: Opened<Asked>,
    ) -> Result<Result<Asked, GrantRefusal>, SqlError> {
        if spend(sql, opened.id.as_str(), opened.expires, self.now())? {
            return Ok(Ok(opened.content));
        }
        let about = About { request, client: &opened.content.client, grant: None };
        self.record(sql, &about, AuditKind::RequestRefused, Verdict::Denied, GrantRefusal::Spent.code())?;
        Ok(Err(GrantRefusal::Spent))
    }

    /// `code` is the word of the record: by which consent.
    pub(super) fn issue_code(
        &self,
        sql: &dyn Sql,
        request: RequestId,
        principal: &Principal,
        authorization: &Authorization,
        code: &str,
    ) -> Result<Result<IssuedCode, GrantRefusal>, GrantRefusal> {
        let now = self.now();
        let asked = &authorization.asked;
        let mut about = About { request, client: &asked.client, grant: None };
        if rows::is_cut_off(sql, authorization.begun)? {
            self.record(sql, &about, AuditKind::ConsentGiven, Verdict::Denied, GrantRefusal::Spent.code())?;
            return Ok(Err(GrantRefusal::Spent));
        }
        if let Err(refusal) = grant::check_sign_in(principal.asserted_at(), now, &self.lives) {
            self.record(sql, &about, AuditKind::ConsentGiven, Verdict::Denied, refusal.code())?;
            return Ok(Err(refusal));
        }
        let id = GrantId::from_random(self.ports.entropy.bytes());
        let expires = now.plus(self.lives.code);
        let offered = Offered {
            terms: Terms {
                client: asked.client.clone(),
                resource: asked.resource.clone(),
                scopes: asked.scopes.clone(),
                asserted_at: principal.asserted_at(),
                created: now,
            },
            redirect_uri: asked.redirect_uri.clone(),
            challenge: asked.challenge.clone(),
            code_expires: expires,
        };
        let (client_name, identity) = (asked.client_name.as_str(), principal.identity());
        rows::insert_grant(sql, &rows::NewGrant { id, client_name, identity, offered: &offered })?;
        let kind = TokenKind::Code;
        let handle = Handle {
            cell: self.ports.cell.clone(),
            grant: id,
            kind,
            audience: asked.resource.clone(),
            expires,
        };
        let token = self.handles.mint(&*self.ports.entropy, &handle);
        let hash = TokenHash::of(&token);
        rows::insert_token(sql, &rows::NewToken { hash, grant: id, kind, scopes: &asked.scopes, expires })?;
        if let Some(document) = asked.document {
            remembered::remember(sql, asked, document, now)?;
        }
        about.grant = Some(id);
        let mut event = self.event(&about, AuditKind::ConsentGiven, Verdict::Done, code);
        event.posture = principal.person().map(|person| person.posture.clone());
        self.ports.audit.append(sql, &event)?;
        let location = authorization.code_location(token.expose());
        Ok(Ok(IssuedCode { grant: id, client: asked.client.clone(), location }))
    }
}
