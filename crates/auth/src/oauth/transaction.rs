//! Transactions that the browser carries: from the consent page to its form, and through Microsoft's sign-in.
//!
//! Sources: RFC 6749 section 10.12 and RFC 9700 section 4.7 (binding to the user agent), RFC 6265bis (`__Host-`).
//!
//! In scope: sealing and opening. Out of scope: single use, which the cell's store decides by the id in here.
//!
//! Invariants: a transaction opens only for its purpose, at this `PUBLIC_URL`, in the browser and for the person it
//! was sealed for, and for ten minutes. Nothing is stored when one begins.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderMap;
use m365_ports::{Clock, Entropy, EntropyExt as _};
use m365_seal::{AssociatedData, Keys, Mac, Purpose, Sealer};
use m365_types::{AccessSubject, ClientId, Principal, ScopeSet, UnixMillis};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::authorize::{AuthorizationError, AuthorizationRequest};
use super::form::Form;

mod asked;
mod cookie;

pub(crate) use asked::Asked;
pub use cookie::{BrowserCookie, COOKIE_NAME};

/// Form field of the consent page that holds the sealed transaction.
pub const TRANSACTION_FIELD: &str = "transaction";
/// Form field of the consent page that holds the CSRF token.
pub const CSRF_FIELD: &str = "csrf";
/// Form field of the consent page by which the person asks not to be asked again.
pub const REMEMBER_FIELD: &str = "remember";
/// From the moment a transaction begins.
pub(super) const LIFE: Duration = Duration::from_mins(10);
const MAX_SEALED_BYTES: usize = 16 * 1024;

/// Why a transaction is not continued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransactionRefusal {
    /// The form's CSRF token is missing or another form's.
    #[error("The form was not sent from this server's page. Start again from the application.")]
    Csrf,
    /// Older than ten minutes.
    #[error("The page has been open for more than ten minutes. Start again from the application.")]
    Expired,
    /// Not sealed by this server for this step.
    #[error(
        "The sign-in cannot be continued: its state is missing or altered. Start again from the application."
    )]
    Invalid,
    /// A service token: services cannot consent.
    #[error("A service token cannot allow access. Sign in as a person.")]
    NotAPerson,
    /// Begun in another browser.
    #[error("The sign-in was begun in another browser. Start again from the application in this one.")]
    OtherBrowser,
    /// Begun by another person.
    #[error("The sign-in was begun by another person. Start again from the application.")]
    OtherPerson,
}

impl TransactionRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Csrf => "transaction_csrf",
            Self::Expired => "transaction_expired",
            Self::Invalid => "transaction_invalid",
            Self::NotAPerson => "transaction_not_a_person",
            Self::OtherBrowser => "transaction_other_browser",
            Self::OtherPerson => "transaction_other_person",
        }
    }
}

/// Identifier of a transaction, spent once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TransactionId(String);

impl TransactionId {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// An opened transaction; its id is not spent yet.
#[derive(Debug)]
pub(crate) struct Opened<T> {
    pub(crate) id: TransactionId,
    pub(crate) subject: AccessSubject,
    pub(crate) expires: UnixMillis,
    pub(crate) content: T,
}

/// A consent form that came back, to be spent by [`super::store::GrantStore`].
#[derive(Debug)]
pub struct Consent(pub(super) Opened<Asked>);

impl Consent {
    /// The client.
    #[must_use]
    pub const fn client(&self) -> &ClientId {
        &self.0.content.client
    }

    /// What would be granted.
    #[must_use]
    pub const fn scopes(&self) -> &ScopeSet {
        &self.0.content.scopes
    }

    /// The same, remembered only where it may be and the form says so.
    #[must_use]
    pub fn remembered_as_asked(mut self, posted: &Form) -> Self {
        if posted.text(REMEMBER_FIELD) != Some("yes") {
            self.0.content.document = None;
        }
        self
    }
}

/// An authorization that the person consented to, not yet granted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Authorization {
    pub(super) asked: Asked,
    issuer: String,
    /// When the person consented.
    pub(super) begun: UnixMillis,
}

impl Authorization {
    pub(super) const fn consented(asked: Asked, issuer: String, begun: UnixMillis) -> Self {
        Self { asked, issuer, begun }
    }

    /// The client.
    #[must_use]
    pub const fn client(&self) -> &ClientId {
        &self.asked.client
    }

    /// What will be granted.
    #[must_use]
    pub const fn scopes(&self) -> &ScopeSet {
        &self.asked.scopes
    }

    /// The redirect that tells the client that nothing will be granted.
    #[must_use]
    pub fn error_location(&self, error: AuthorizationError) -> String {
        error.location(&self.asked.redirect_uri, self.asked.state.as_deref(), &self.issuer)
    }

    /// The redirect that hands the client its code (RFC 6749 section 4.1.2, RFC 9207 section 2).
    pub(super) fn code_location(&self, code: &str) -> String {
        let mut parameters = vec![("code", code)];
        parameters.extend(self.asked.state.as_deref().map(|state| ("state", state)));
        parameters.push(("iss", &self.issuer));
        self.asked.redirect_uri.with(&parameters)
    }
}

/// What a Microsoft sign-in must bring back.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SignInTerms {
    pub(crate) nonce: String,
    pub(crate) verifier: String,
    pub(crate) scopes: ScopeSet,
    pub(crate) then: Option<Authorization>,
}

/// A callback from Microsoft, to be spent by [`crate::entra::session::MicrosoftSession`].
#[derive(Debug)]
pub struct SignIn(pub(crate) Opened<SignInTerms>);

/// The hidden fields of a consent form.
#[derive(Clone, Debug)]
pub struct ConsentFields {
    /// Value of [`TRANSACTION_FIELD`].
    pub transaction: String,
    /// Value of [`CSRF_FIELD`].
    pub csrf: String,
}

#[derive(Serialize, Deserialize)]
struct Sealed<T> {
    id: TransactionId,
    subject: AccessSubject,
    cookie: [u8; 32],
    expires: UnixMillis,
    content: T,
}

#[derive(Clone, Copy)]
enum Step {
    Consent,
    Page,
    SignIn,
}

/// Seals and opens transactions.
pub struct Transactions {
    sealer: Sealer,
    cookie_mac: Mac,
    csrf_mac: Mac,
    public_url: String,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Transactions {
    /// For the server at this `PUBLIC_URL`.
    #[must_use]
    pub fn new(keys: &Keys, public_url: String, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self {
            sealer: keys.sealer(Purpose::BrowserState),
            cookie_mac: keys.mac(Purpose::CookieMac),
            csrf_mac: keys.mac(Purpose::Csrf),
            public_url,
            clock,
            entropy,
        }
    }

    /// The browser's cookie where it sent one of ours, else a fresh one to set.
    #[must_use]
    pub fn cookie(&self, headers: &HeaderMap) -> BrowserCookie {
        BrowserCookie::from_headers(headers, &self.cookie_mac)
            .unwrap_or_else(|| BrowserCookie::fresh(self.entropy.bytes(), &self.cookie_mac))
    }

    /// Begins a consent: the fields of the form that asks the person.
    ///
    /// # Errors
    /// [`TransactionRefusal::NotAPerson`]
    pub fn begin_consent(
        &self,
        principal: &Principal,
        cookie: &BrowserCookie,
        request: &AuthorizationRequest,
    ) -> Result<ConsentFields, TransactionRefusal> {
        let (id, transaction) = self.seal(Step::Consent, principal, cookie, Asked::of(request))?;
        let csrf = self.csrf_mac.tag(&csrf_message(&id, cookie));
        Ok(ConsentFields { transaction, csrf: URL_SAFE_NO_PAD.encode(csrf) })
    }

    /// Opens the consent form that came back.
    ///
    /// # Errors
    /// [`TransactionRefusal`]
    pub fn open_consent(
        &self,
        principal: &Principal,
        headers: &HeaderMap,
        posted: &Form,
    ) -> Result<Consent, TransactionRefusal> {
        let sealed = posted.text(TRANSACTION_FIELD).ok_or(TransactionRefusal::Invalid)?;
        let (opened, cookie) = self.open(Step::Consent, principal, headers, sealed)?;
        let csrf = posted.text(CSRF_FIELD).and_then(|text| URL_SAFE_NO_PAD.decode(text).ok());
        let message = csrf_message(&opened.id, &cookie);
        if !csrf.is_some_and(|csrf| self.csrf_mac.verify(&message, &csrf)) {
            return Err(TransactionRefusal::Csrf);
        }
        Ok(Consent(opened))
    }

    /// Opens the `state` of a callback from Microsoft.
    ///
    /// # Errors
    /// [`TransactionRefusal`]
    pub fn open_sign_in(
        &self,
        principal: &Principal,
        headers: &HeaderMap,
        callback: &Form,
    ) -> Result<SignIn, TransactionRefusal> {
        let sealed = callback.text("state").ok_or(TransactionRefusal::Invalid)?;
        self.open(Step::SignIn, principal, headers, sealed).map(|(opened, _)| SignIn(opened))
    }

    /// The transaction field of the forms of a page about oneself: proves that a form came from that page, in this
    /// browser, of this person, within ten minutes. What such a form does may be done twice, so it is not spent.
    ///
    /// # Errors
    /// [`TransactionRefusal::NotAPerson`]
    pub fn begin_page(
        &self,
        principal: &Principal,
        cookie: &BrowserCookie,
    ) -> Result<String, TransactionRefusal> {
        self.seal(Step::Page, principal, cookie, ()).map(|(_, sealed)| sealed)
    }

    /// Opens what a form of such a page posted.
    ///
    /// # Errors
    /// [`TransactionRefusal`]
    pub fn open_page(
        &self,
        principal: &Principal,
        headers: &HeaderMap,
        posted: &Form,
    ) -> Result<(), TransactionRefusal> {
        let sealed = posted.text(TRANSACTION_FIELD).ok_or(TransactionRefusal::Csrf)?;
        self.open::<()>(Step::Page, principal, headers, sealed).map(drop)
    }

    /// The `state` of a sign-in at Microsoft.
    pub(crate) fn begin_sign_in(
        &self,
        principal: &Principal,
        cookie: &BrowserCookie,
        terms: SignInTerms,
    ) -> Result<String, TransactionRefusal> {
        self.seal(Step::SignIn, principal, cookie, terms).map(|(_, state)| state)
    }

    fn seal<T: Serialize>(
        &self,
        step: Step,
        principal: &Principal,
        cookie: &BrowserCookie,
        content: T,
    ) -> Result<(TransactionId, String), TransactionRefusal> {
        let subject = subject_of(principal)?.clone();
        let id = TransactionId(URL_SAFE_NO_PAD.encode(self.entropy.bytes::<16>()));
        let expires = self.clock.now().plus(LIFE);
        let sealed = Sealed { id: id.clone(), subject, cookie: digest(cookie), expires, content };
        let bytes = self.sealer.seal_json(self.entropy.bytes(), &self.place(step), &sealed);
        Ok((id, URL_SAFE_NO_PAD.encode(bytes)))
    }

    fn open<T: DeserializeOwned>(
        &self,
        step: Step,
        principal: &Principal,
        headers: &HeaderMap,
        sealed: &str,
    ) -> Result<(Opened<T>, BrowserCookie), TransactionRefusal> {
        if sealed.len() > MAX_SEALED_BYTES {
            return Err(TransactionRefusal::Invalid);
        }
        let bytes = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| TransactionRefusal::Invalid)?;
        let Sealed { id, subject, cookie: bound, expires, content } =
            self.sealer.open_json(&self.place(step), &bytes).map_err(|_| TransactionRefusal::Invalid)?;
        let cookie =
            BrowserCookie::from_headers(headers, &self.cookie_mac).ok_or(TransactionRefusal::OtherBrowser)?;
        if !bool::from(bound.ct_eq(&digest(&cookie))) {
            return Err(TransactionRefusal::OtherBrowser);
        }
        if *subject_of(principal)? != subject {
            return Err(TransactionRefusal::OtherPerson);
        }
        if self.clock.now() >= expires {
            return Err(TransactionRefusal::Expired);
        }
        Ok((Opened { id, subject, expires, content }, cookie))
    }

    fn place(&self, step: Step) -> AssociatedData {
        let step = match step {
            Step::Consent => "consent",
            Step::Page => "page",
            Step::SignIn => "sign-in",
        };
        AssociatedData::of(&["browser-state", step, &self.public_url])
    }
}

fn subject_of(principal: &Principal) -> Result<&AccessSubject, TransactionRefusal> {
    principal.person().map(|person| &person.subject).ok_or(TransactionRefusal::NotAPerson)
}

fn digest(cookie: &BrowserCookie) -> [u8; 32] {
    Sha256::digest(cookie.value().as_bytes()).into()
}

fn csrf_message(id: &TransactionId, cookie: &BrowserCookie) -> Vec<u8> {
    // Neither part holds a line break, so the two cannot be divided otherwise.
    [id.as_str(), "\n", cookie.value()].concat().into_bytes()
}

#[cfg(test)]
mod tests;
