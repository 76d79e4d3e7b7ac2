//! From a refusal to an HTTP answer. Every mapping is exhaustive: a new refusal does not compile until it has a row.

use bytes::Bytes;
use http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use m365_auth::entra::session::LinkRefusal;
use m365_auth::oauth::authorize::LocalRefusal;
use m365_auth::oauth::client::{BASIC_CHALLENGE, ClientRefusal, RegistrationRefusal};
use m365_auth::oauth::form::FormError;
use m365_auth::oauth::store::{GrantRefusal, TokenRefusal};
use m365_auth::oauth::token::TokenRequestRefusal;
use m365_auth::oauth::transaction::TransactionRefusal;
use m365_auth::perimeter::PerimeterRefusal;
use m365_ports::{CellError, SqlError};
use m365_types::RequestId;
use serde_json::json;

use crate::errors::{self, ErrorRow};
use crate::front::REQUEST_ID;
use crate::pages::{self, Onward};
use crate::routes::Face;

/// A request that ended badly: a row of the table, the exact cause for the record, and what only this answer carries.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The row.
    pub row: &'static ErrorRow,
    /// The exact cause, a fixed word, for the record.
    pub cause: String,
    /// Words for an authenticated caller in place of the row's.
    pub sentence: Option<String>,
    /// `WWW-Authenticate`.
    pub challenge: Option<String>,
    /// `Allow`.
    pub allow: Option<String>,
    /// Whether the transition that refused has written the record.
    pub recorded: bool,
    /// Where the person can go on from the page.
    pub onward: Option<Onward>,
}

impl Failure {
    /// A failure whose cause is the row's own code.
    pub(crate) fn of(row: &'static ErrorRow) -> Self {
        Self {
            row,
            cause: row.code.to_owned(),
            sentence: None,
            challenge: None,
            allow: None,
            recorded: false,
            onward: None,
        }
    }

    fn because(row: &'static ErrorRow, cause: &str) -> Self {
        Self { cause: cause.to_owned(), ..Self::of(row) }
    }

    /// The same with words for the person.
    pub(crate) fn saying(self, sentence: impl Into<String>) -> Self {
        Self { sentence: Some(sentence.into()), ..self }
    }

    /// The same with a challenge.
    pub(crate) fn challenging(self, challenge: String) -> Self {
        Self { challenge: Some(challenge), ..self }
    }

    /// The answer in the form the route speaks.
    pub(crate) fn render(&self, face: Face, request: RequestId) -> Response<Bytes> {
        let sentence = self.sentence.as_deref().unwrap_or(self.row.sentence);
        let mut response = match face {
            Face::Page => pages::problem(&pages::Problem {
                status: self.row.status,
                title: self.row.title,
                sentence,
                code: self.row.code,
                request_id: &request.to_string(),
                onward: self.onward.as_ref(),
            }),
            // RFC 6750 section 3.1: a request without a token is answered without an error word.
            Face::Bearer if self.row.oauth.is_empty() => {
                json(self.row.status, &json!({ "request_id": request.to_string() }))
            }
            Face::Bearer | Face::OAuth => json(
                self.row.status,
                &json!({ "error": self.row.oauth, "error_description": sentence, "request_id": request.to_string() }),
            ),
        };
        let headers = response.headers_mut();
        for (name, value) in [(WWW_AUTHENTICATE, &self.challenge), (ALLOW, &self.allow)] {
            if let Some(value) = value.as_deref().and_then(|value| HeaderValue::try_from(value).ok()) {
                headers.insert(name, value);
            }
        }
        if matches!(self.row.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("30"));
        }
        response
    }
}

/// The answer of a host that cannot serve at all, because its configuration does not work: says nothing but the
/// request id. The host's log names the setting.
#[must_use]
pub fn unavailable(request: RequestId) -> Response<Bytes> {
    let mut response = Failure::of(&errors::SERVER_UNAVAILABLE).render(Face::OAuth, request);
    if let Ok(id) = HeaderValue::try_from(request.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

/// A JSON answer that no cache may keep.
pub(crate) fn json(status: StatusCode, body: &serde_json::Value) -> Response<Bytes> {
    json_text(status, body.to_string())
}

/// A JSON answer of finished text that no cache may keep.
pub(crate) fn json_text(status: StatusCode, body: String) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A redirect of the browser by GET (RFC 9110 section 15.4.4), so that no form is sent on.
///
/// # Errors
/// Where the location is not a header value.
pub(crate) fn see_other(location: &str, cookie: Option<&str>) -> Result<Response<Bytes>, Failure> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let value = |text: &str| HeaderValue::try_from(text).map_err(|_| Failure::of(&errors::INTERNAL));
    let headers = response.headers_mut();
    headers.insert(LOCATION, value(location)?);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.insert(SET_COOKIE, value(cookie)?);
    }
    Ok(response)
}

impl From<PerimeterRefusal> for Failure {
    fn from(refusal: PerimeterRefusal) -> Self {
        use PerimeterRefusal as R;
        let row = match refusal {
            R::Missing
            | R::Duplicate
            | R::Malformed
            | R::UnknownKey
            | R::Signature
            | R::Issuer
            | R::Audience
            | R::Expired
            | R::NotYetValid
            | R::Claims => &errors::ACCESS_REFUSED,
            R::KeysUnavailable => &errors::ACCESS_KEYS,
            R::OtherPerson => &errors::ACCESS_OTHER_PERSON,
        };
        Self::because(row, refusal.code())
    }
}

impl From<LocalRefusal> for Failure {
    fn from(refusal: LocalRefusal) -> Self {
        use LocalRefusal as R;
        let row = match refusal {
            R::Client | R::Document(_) | R::Parameters(_) | R::RedirectUri => &errors::AUTHORIZE_REFUSED,
            R::Unavailable => &errors::SERVER_UNAVAILABLE,
        };
        Self::because(row, refusal.code()).saying(refusal.to_string())
    }
}

impl From<RegistrationRefusal> for Failure {
    fn from(refusal: RegistrationRefusal) -> Self {
        use RegistrationRefusal as R;
        let row = match refusal {
            R::Capability | R::Link | R::Malformed => &errors::REGISTRATION_METADATA,
            R::Off => &errors::REGISTRATION_OFF,
            R::RedirectUri => &errors::REGISTRATION_REDIRECT,
            R::Quota | R::Busy => &errors::BUSY,
            R::Unavailable => &errors::SERVER_UNAVAILABLE,
        };
        // The directory that refuses for the quota writes the record.
        let recorded = refusal == R::Quota;
        Self { recorded, ..Self::because(row, refusal.code()).saying(refusal.to_string()) }
    }
}

impl From<ClientRefusal> for Failure {
    fn from(refusal: ClientRefusal) -> Self {
        use ClientRefusal as R;
        match refusal {
            R::Busy => Self::because(&errors::BUSY, refusal.code()),
            R::Document(document) if document.is_momentary() => {
                Self::because(&errors::CLIENT_UNAVAILABLE, refusal.code())
            }
            // RFC 6749 section 5.2: the answer names a scheme the client could use.
            R::Document(_) | R::Unknown | R::Missing | R::Mixed | R::Method | R::Secret => {
                Self::because(&errors::CLIENT_REFUSED, refusal.code()).challenging(BASIC_CHALLENGE.to_owned())
            }
            R::Unavailable => Self::because(&errors::SERVER_UNAVAILABLE, refusal.code()),
        }
    }
}

impl From<TransactionRefusal> for Failure {
    fn from(refusal: TransactionRefusal) -> Self {
        use TransactionRefusal as R;
        let row = match refusal {
            R::Csrf => &errors::CSRF,
            R::Invalid | R::Expired | R::OtherBrowser | R::OtherPerson => &errors::TRANSACTION,
            R::NotAPerson => &errors::ACCESS_SERVICE,
        };
        Self::because(row, refusal.code()).saying(refusal.to_string())
    }
}

impl From<GrantRefusal> for Failure {
    fn from(refusal: GrantRefusal) -> Self {
        use GrantRefusal as R;
        let row = match refusal {
            R::Spent => &errors::TRANSACTION,
            R::ReauthNeeded => &errors::REAUTH,
            R::Scope => &errors::SCOPE,
            R::Target => &errors::TARGET,
            R::Client | R::Expired | R::Invalid | R::RedirectUri | R::Reused | R::Verifier => {
                &errors::GRANT_REFUSED
            }
            R::Store(error) => return error.into(),
        };
        // The transition that refused wrote its record.
        Self { recorded: true, ..Self::because(row, refusal.code()).saying(refusal.to_string()) }
    }
}

impl From<TokenRefusal> for Failure {
    fn from(refusal: TokenRefusal) -> Self {
        use TokenRefusal as R;
        match refusal {
            R::Audience | R::Expired | R::Unknown => Self::because(&errors::TOKEN_INVALID, refusal.code()),
            R::Store(error) => error.into(),
        }
    }
}

impl From<TokenRequestRefusal> for Failure {
    fn from(refusal: TokenRequestRefusal) -> Self {
        use TokenRequestRefusal as R;
        let row = match refusal {
            R::GrantType => &errors::UNSUPPORTED_GRANT,
            R::Missing | R::Verifier => &errors::TOKEN_REQUEST,
            R::Target => &errors::TARGET,
        };
        Self::because(row, refusal.code()).saying(refusal.to_string())
    }
}

impl From<FormError> for Failure {
    fn from(error: FormError) -> Self {
        match error {
            FormError::Duplicate | FormError::Encoding | FormError::TooLong => {
                Self::because(&errors::REQUEST_MALFORMED, error.code()).saying(error.to_string())
            }
        }
    }
}

impl From<LinkRefusal> for Failure {
    fn from(refusal: LinkRefusal) -> Self {
        use LinkRefusal as R;
        let sentence = refusal.to_string();
        let (row, code) = match &refusal {
            R::Entra { .. }
            | R::Guest
            | R::IdToken
            | R::OtherAccount
            | R::OtherPerson
            | R::OtherTenant
            | R::Taken => (&errors::MICROSOFT_REFUSED, refusal.code()),
            R::Directory | R::KeysUnavailable => (&errors::SERVER_UNAVAILABLE, refusal.code()),
            R::Callback | R::Spent => (&errors::TRANSACTION, refusal.code()),
            R::Store(error) => return (*error).into(),
            R::Transaction(refusal) => return (*refusal).into(),
        };
        let onward =
            if let R::Entra { location, .. } = refusal { location.map(Onward::Application) } else { None };
        // Every refusal on the way back from Microsoft wrote its record.
        Self { recorded: true, onward, ..Self::because(row, code).saying(sentence) }
    }
}

impl From<CellError> for Failure {
    fn from(error: CellError) -> Self {
        match error {
            // A handle that opens names a cell that existed: without it the token means nothing.
            CellError::Absent => Self::of(&errors::TOKEN_INVALID),
            CellError::Unavailable => Self::of(&errors::CELL_UNAVAILABLE),
        }
    }
}

impl From<SqlError> for Failure {
    fn from(error: SqlError) -> Self {
        tracing::error!(%error, "cell database failed");
        match error {
            SqlError::Full => Self::of(&errors::JOURNAL),
            SqlError::Constraint | SqlError::Shape => Self::of(&errors::INTERNAL),
            SqlError::Unavailable => Self::of(&errors::SERVER_UNAVAILABLE),
        }
    }
}
