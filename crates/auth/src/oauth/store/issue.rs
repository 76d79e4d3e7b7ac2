//! Tokens for a code, and tokens for a refresh token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_ports::{EntropyExt as _, Sql, SqlError, Verdict};
use m365_seal::AssociatedData;
use m365_types::{AuditKind, ClientId, GrantId, RequestId, ScopeSet, Secret, UnixMillis};

use super::{About, GrantRefusal, GrantStore, rows};
use crate::oauth::grant::{CodeStep, Ending, Live, RefreshStep};
use crate::oauth::handle::{Handle, TokenHash, TokenKind};
use crate::oauth::token::{Redemption, RefreshRequest, StoredResponse, TokenResponse};

impl GrantStore {
    /// Exchanges a code for tokens: once, whatever runs in parallel. A second exchange ends the grant (RFC 6749
    /// section 4.1.2); a failed check leaves the code usable. A success ends the client's earlier grants.
    ///
    /// # Errors
    /// [`GrantRefusal`]
    pub fn redeem_code(
        &self,
        request: RequestId,
        client: &ClientId,
        redemption: &Redemption,
    ) -> Result<TokenResponse, GrantRefusal> {
        let handle = self.own_handle(&redemption.code, TokenKind::Code);
        self.ports.transition(|sql| {
            let mut about = About { request, client, grant: None };
            let found = match &handle {
                Some(_) => rows::find_token(sql, TokenHash::of(&redemption.code), TokenKind::Code)?,
                None => None,
            };
            let now = self.now();
            let step = match found {
                None => CodeStep::Refuse(GrantRefusal::Invalid),
                Some(found) => {
                    about.grant = Some(found.grant_id);
                    found.grant.present_code(client, redemption, now, &self.lives)
                }
            };
            match (step, about.grant) {
                (CodeStep::Redeem(live), Some(grant)) => {
                    rows::set_live(sql, grant)?;
                    self.end_earlier(sql, &about, grant)?;
                    let issued = self.issue(sql, grant, &live, &live.terms.scopes, now)?;
                    self.record(sql, &about, AuditKind::TokenIssued, Verdict::Done, "issued")?;
                    Ok(Ok(issued))
                }
                (CodeStep::Replay, Some(grant)) => self.end_reused(sql, &about, grant),
                (CodeStep::Refuse(refusal), _) => {
                    self.record(sql, &about, AuditKind::TokenIssued, Verdict::Denied, refusal.code())?;
                    Ok(Err(refusal))
                }
                (CodeStep::Redeem(_) | CodeStep::Replay, None) => Err(GrantRefusal::Invalid),
            }
        })?
    }

    /// Exchanges a refresh token for its one successor. Presented again by its client within ten seconds it gives
    /// the same answer while the successor is unused; any other second use ends the grant.
    ///
    /// # Errors
    /// [`GrantRefusal`]
    pub fn refresh(
        &self,
        request: RequestId,
        client: &ClientId,
        refresh: &RefreshRequest,
    ) -> Result<TokenResponse, GrantRefusal> {
        let handle = self.own_handle(&refresh.token, TokenKind::Refresh);
        self.ports.transition(|sql| {
            let mut about = About { request, client, grant: None };
            let hash = TokenHash::of(&refresh.token);
            let found = match &handle {
                Some(_) => rows::find_token(sql, hash, TokenKind::Refresh)?,
                None => None,
            };
            let now = self.now();
            let (step, answer) = match found {
                None => (RefreshStep::Refuse(GrantRefusal::Invalid), None),
                Some(found) => {
                    about.grant = Some(found.grant_id);
                    let state = found.refresh;
                    (found.grant.present_refresh(state, client, refresh, now, &self.lives), found.answer)
                }
            };
            match (step, about.grant) {
                (RefreshStep::Rotate(live, scopes), Some(grant)) => {
                    let issued = self.issue(sql, grant, &live, &scopes, now)?;
                    let sealed = self.seal_answer(hash, &issued);
                    rows::supersede(sql, hash, TokenHash::of(&issued.refresh), sealed, now)?;
                    self.record(sql, &about, AuditKind::TokenRefreshed, Verdict::Done, "rotated")?;
                    Ok(Ok(issued))
                }
                (RefreshStep::Repeat, Some(_)) => {
                    let issued = self.open_answer(hash, answer.as_deref())?;
                    self.record(sql, &about, AuditKind::TokenRefreshed, Verdict::Done, "repeated")?;
                    Ok(Ok(issued))
                }
                (RefreshStep::Reuse, Some(grant)) => self.end_reused(sql, &about, grant),
                (RefreshStep::Refuse(refusal), _) => {
                    self.record(sql, &about, AuditKind::TokenRefreshed, Verdict::Denied, refusal.code())?;
                    Ok(Err(refusal))
                }
                (_, None) => Err(GrantRefusal::Invalid),
            }
        })?
    }

    /// The handle, where it is of this cell and kind.
    pub(super) fn own_handle(&self, token: &Secret<String>, kind: TokenKind) -> Option<Handle> {
        self.handles.open(token).ok().filter(|handle| handle.cell == self.ports.cell && handle.kind == kind)
    }

    fn issue(
        &self,
        sql: &dyn Sql,
        grant: GrantId,
        live: &Live,
        scopes: &ScopeSet,
        now: UnixMillis,
    ) -> Result<TokenResponse, SqlError> {
        let mint = |kind, expires, scopes| {
            let (cell, audience) = (self.ports.cell.clone(), live.terms.resource.clone());
            let token =
                self.handles.mint(&*self.ports.entropy, &Handle { cell, grant, kind, audience, expires });
            let hash = TokenHash::of(&token);
            rows::insert_token(sql, &rows::NewToken { hash, grant, kind, scopes, expires }).map(|()| token)
        };
        let access_expires = live.access_end(now, &self.lives);
        let access = mint(TokenKind::Access, access_expires, scopes)?;
        // A narrower refresh does not narrow the grant: the next one may ask for all of it again (RFC 6749 section 6).
        let refresh = mint(TokenKind::Refresh, live.refresh_end(now, &self.lives), &live.terms.scopes)?;
        Ok(TokenResponse { access, refresh, access_expires, scopes: scopes.clone() })
    }

    fn end_earlier(&self, sql: &dyn Sql, about: &About<'_>, than: GrantId) -> Result<(), SqlError> {
        for grant in rows::earlier(sql, about.client, than)? {
            self.end_in(sql, about.request, grant, Ending::AuthorizedAgain)?;
        }
        Ok(())
    }

    fn end_reused<T>(
        &self,
        sql: &dyn Sql,
        about: &About<'_>,
        grant: GrantId,
    ) -> Result<Result<T, GrantRefusal>, GrantRefusal> {
        self.end_in(sql, about.request, grant, Ending::Reused)?;
        Ok(Err(GrantRefusal::Reused))
    }

    fn seal_answer(&self, predecessor: TokenHash, answer: &TokenResponse) -> Vec<u8> {
        self.column.seal_json(
            self.ports.entropy.bytes(),
            &self.answer_place(predecessor),
            &answer.to_stored(),
        )
    }

    fn open_answer(&self, predecessor: TokenHash, sealed: Option<&[u8]>) -> Result<TokenResponse, SqlError> {
        let stored: StoredResponse = self
            .column
            .open_json(&self.answer_place(predecessor), sealed.ok_or(SqlError::Shape)?)
            .map_err(|_| SqlError::Shape)?;
        Ok(TokenResponse::from_stored(stored))
    }

    fn answer_place(&self, predecessor: TokenHash) -> AssociatedData {
        let row = URL_SAFE_NO_PAD.encode(predecessor.as_bytes());
        AssociatedData::of(&["auth_token", "answer", &row, self.ports.cell.as_str()])
    }
}
