//! The authorization endpoint, consent, and the way to Microsoft and back. All behind Access, in the person's cell.

use std::sync::Arc;

use bytes::Bytes;
use futures_channel::oneshot;
use http::Response;
use http::header::SET_COOKIE;
use m365_auth::entra::session::{Linked, MicrosoftSession};
use m365_auth::oauth::authorize::{AuthorizationRequest, AuthorizeRefusal, check};
use m365_auth::oauth::form::Form;
use m365_auth::oauth::store::IssuedCode;
use m365_auth::oauth::transaction::{Authorization, BrowserCookie, SignIn};
use m365_types::{Principal, RequestId, ScopeSet};
use url::Url;

use super::{Cell, Inside, Rooms};
use crate::errors;
use crate::pages;
use crate::respond::{Failure, see_other};

impl Cell {
    /// `GET /authorize`: checks the request and shows the consent page. Stores nothing, unless the person has asked not
    /// to be asked again for the very same: then the code is issued at once.
    pub(super) async fn authorize(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let principal = Self::person(inside)?;
        let query = inside.http.uri().query().unwrap_or_default();
        let request = match check(query, &self.core.clients, &self.core.server).await {
            Ok(request) => request,
            Err(AuthorizeRefusal::Local(refusal)) => return Err(refusal.into()),
            Err(AuthorizeRefusal::Redirect { error, location, .. }) => {
                self.record_code(inside, error.code());
                return see_other(&location, None);
            }
        };
        let cookie = self.core.transactions.cookie(inside.http.headers());
        if let Some(issued) = self.remembered(inside, &principal, &cookie, &request)? {
            return see_other(issued.location(), None);
        }
        let form = self.core.transactions.begin_consent(&principal, &cookie, &request)?;
        let person = principal.person().ok_or_else(|| Failure::of(&errors::ACCESS_SERVICE))?;
        let targets = self.form_targets(request.redirect_uri().as_str());
        let mut response = pages::consent(&pages::Consent {
            client_name: request.client().name(),
            redirect_host: request.redirect_uri().host(),
            loopback: request.redirect_uri().is_loopback(),
            document_host: request.client().document_host(),
            loopback_only: request.client().is_loopback_only(),
            may_remember: request.may_be_remembered(),
            lifetimes: &self.core.lifetimes,
            person: &person.email,
            scopes: request.scopes(),
            transaction: &form.transaction,
            csrf: &form.csrf,
            form_targets: &targets,
        });
        if let Some(cookie) = cookie.set_cookie() {
            let value = cookie.try_into().map_err(|_| Failure::of(&errors::INTERNAL))?;
            response.headers_mut().insert(SET_COOKIE, value);
        }
        Ok(response)
    }

    /// The code of a consent given before. Only in a browser that has been here, which carries a cookie of ours, and only
    /// where Microsoft's consent suffices too; else the person is asked as if nothing were remembered.
    fn remembered(
        &self,
        inside: &Inside<'_>,
        principal: &Principal,
        cookie: &BrowserCookie,
        request: &AuthorizationRequest,
    ) -> Result<Option<IssuedCode>, Failure> {
        if cookie.is_fresh() || !request.may_be_remembered() {
            return Ok(None);
        }
        let rooms = self.rooms(inside)?;
        if !covers(&rooms.microsoft, request.scopes())? {
            return Ok(None);
        }
        Ok(rooms.grants.consent_remembered(inside.request, principal, request)?)
    }

    /// `POST /consent`: the person's answer.
    pub(super) async fn consent(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let principal = Self::person(inside)?;
        let form = Form::parse(inside.http.body())?;
        let consent = self
            .core
            .transactions
            .open_consent(&principal, inside.http.headers(), &form)?
            .remembered_as_asked(&form);
        let rooms = self.rooms(inside)?;
        if form.text("deny").is_some() {
            return see_other(&rooms.grants.deny(inside.request, consent)?, None);
        }
        match form.text("decision") {
            Some("approve") if covers(&rooms.microsoft, consent.scopes())? => {
                let issued = rooms.grants.consent(inside.request, &principal, consent)?;
                self.keep_client(&issued).await;
                see_other(issued.location(), None)
            }
            Some("approve") => {
                let wanted = consent.scopes().clone();
                let authorization = rooms.grants.consent_before_sign_in(inside.request, consent)?;
                self.to_microsoft(inside, &principal, &wanted, Some(authorization))
            }
            _ => Err(Failure::of(&errors::CONSENT_INCOMPLETE)),
        }
    }

    /// `GET /connect`: links Microsoft without a client. Stores nothing.
    pub(super) fn connect(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let principal = Self::person(inside)?;
        self.to_microsoft(inside, &principal, &ScopeSet::default(), None)
    }

    /// `GET /callback`: back from Microsoft.
    pub(super) async fn callback(self: &Arc<Self>, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        let principal = Self::person(inside)?;
        let query = Form::parse(inside.http.uri().query().unwrap_or_default().as_bytes())?;
        let sign_in = self.core.transactions.open_sign_in(&principal, inside.http.headers(), &query)?;
        let rooms = self.rooms(inside)?;
        let linked = self.finish_apart(inside.request, principal.clone(), sign_in, query).await?;
        match linked.authorization {
            Some(authorization) => {
                let issued = rooms.grants.complete(inside.request, &principal, &authorization)?;
                self.keep_client(&issued).await;
                see_other(issued.location(), None)
            }
            None => see_other(&pages::Notice::Connected.location(), None),
        }
    }

    /// The registration of a client that was allowed lives on. Where that cannot be written it expires as before,
    /// and the client registers again: nothing is lost but a little time.
    async fn keep_client(&self, issued: &IssuedCode) {
        if let Err(error) = self.core.clients.keep(issued.client()).await {
            tracing::warn!(client = %issued.client(), %error, "a registration could not be kept");
        }
    }

    /// Detached like a call: a browser that goes away cannot cut the exchange with Entra from its record.
    async fn finish_apart(
        self: &Arc<Self>,
        request: RequestId,
        principal: Principal,
        sign_in: SignIn,
        query: Form,
    ) -> Result<Linked, Failure> {
        let (sender, receiver) = oneshot::channel();
        let cell = self.clone();
        self.core.ports.background.spawn(Box::pin(async move {
            let ended = match cell.rooms.get() {
                Some(rooms) => {
                    rooms.microsoft.finish(request, &principal, sign_in, &query).await.map_err(Failure::from)
                }
                None => Err(Failure::of(&errors::INTERNAL)),
            };
            // The receiver is gone where the browser is; what happened is recorded all the same.
            drop(sender.send(ended));
        }));
        receiver.await.unwrap_or_else(|_| Err(Failure::of(&errors::INTERNAL)))
    }

    fn to_microsoft(
        &self,
        inside: &Inside<'_>,
        principal: &Principal,
        wanted: &ScopeSet,
        then: Option<Authorization>,
    ) -> Result<Response<Bytes>, Failure> {
        let cookie = self.core.transactions.cookie(inside.http.headers());
        let rooms = self.rooms(inside)?;
        let scopes = self.asked_of_microsoft(rooms, wanted)?;
        let location = rooms.microsoft.begin(&self.core.transactions, principal, &cookie, &scopes, then)?;
        see_other(&location, cookie.set_cookie().as_deref())
    }

    /// What Microsoft is asked for: what every sign-in asks for, what is wanted now, and what applications of this person
    /// or the account have been given already, so that no sign-in takes anything away. Narrowing is the grant's matter.
    fn asked_of_microsoft(&self, rooms: &Rooms, wanted: &ScopeSet) -> Result<ScopeSet, Failure> {
        let linked = rooms.microsoft.account()?.map(|account| account.scopes).unwrap_or_default();
        let granted = rooms.grants.grants()?.into_iter().map(|grant| grant.scopes);
        let all = granted.fold(self.core.server.asked.union(wanted), |all, grant| all.union(&grant));
        Ok(all.union(&linked).intersection(&self.core.server.scopes))
    }

    /// Where the consent form may lead: the client, or Microsoft first.
    fn form_targets(&self, redirect_uri: &str) -> Vec<String> {
        let client = Url::parse(redirect_uri).ok();
        let entra = Some(self.core.config.entra.base_url.clone());
        [client, entra].into_iter().flatten().map(|url| url.origin().ascii_serialization()).collect()
    }

    fn record_code(&self, inside: &Inside<'_>, code: &'static str) {
        let failure = Failure { cause: code.to_owned(), ..Failure::of(&errors::AUTHORIZE_REFUSED) };
        if let Some(route) = crate::routes::ROUTES.iter().find(|route| route.path == inside.context.route()) {
            self.record_refusal(route, inside, &failure);
        }
    }
}

/// Whether the linked Microsoft account already holds these permissions.
fn covers(microsoft: &MicrosoftSession, scopes: &ScopeSet) -> Result<bool, Failure> {
    Ok(microsoft
        .account()?
        .is_some_and(|account| account.is_signed_in && account.scopes.contains_all(scopes)))
}
