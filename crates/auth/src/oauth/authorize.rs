//! The authorization request (RFC 6749 section 4.1.1).
//!
//! Sources: RFC 6749 sections 3.1 and 4.1, RFC 7636 section 4.3, RFC 8707 section 2, RFC 9207, RFC 9700 section 2.1.
//!
//! Invariant: until client and redirect URI are both proven, a refusal stays on our own page; nothing is stored.
//!
//! Order of checks: parameters readable and single; client registered or described by a document at a listed host;
//! redirect URI among its own (up to here: local page); response type and mode; PKCE with S256; resource; scope (from here: redirect with `state` and `iss`).

use m365_types::{ClientId, ScopeSet};

use super::client::{Client, ClientRefusal, Clients, DocumentRefusal};
use super::form::{Form, FormError};
use super::metadata::ServerMetadata;
use super::pkce::Challenge;
use super::redirect::RedirectUri;

const MAX_STATE_BYTES: usize = 2048;

/// A request that passed every check: what the consent page shows and the code is bound to.
#[derive(Clone, Debug)]
pub struct AuthorizationRequest {
    pub(super) client: Client,
    pub(super) redirect_uri: RedirectUri,
    pub(super) state: Option<String>,
    pub(super) scopes: ScopeSet,
    pub(super) resource: String,
    pub(super) challenge: Challenge,
}

impl AuthorizationRequest {
    /// The client.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// What would be granted: asked for and offered.
    #[must_use]
    pub const fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// Where the code would go.
    #[must_use]
    pub const fn redirect_uri(&self) -> &RedirectUri {
        &self.redirect_uri
    }

    /// Whether the person may ask not to be asked again: only where the client's host vouches for it and the answer goes
    /// to a host that nobody else can be.
    #[must_use]
    pub fn may_be_remembered(&self) -> bool {
        self.rememberable().is_some()
    }

    /// The digest of the document that a remembered consent is for.
    pub(super) fn rememberable(&self) -> Option<[u8; 32]> {
        self.client.document_digest().filter(|_| !self.redirect_uri.is_loopback())
    }
}

/// Why the person is not asked for consent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizeRefusal {
    /// Shown on our own page.
    #[error(transparent)]
    Local(#[from] LocalRefusal),
    /// Told to the client by a redirect to `location`.
    #[error("{error}")]
    Redirect {
        /// What is wrong.
        error: AuthorizationError,
        /// The client that is told.
        client: ClientId,
        /// Redirect URI with `error`, `error_description`, `state` and `iss`.
        location: String,
    },
}

impl AuthorizeRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Local(refusal) => refusal.code(),
            Self::Redirect { error, .. } => error.code(),
        }
    }
}

/// A refusal that must not be told by redirect (RFC 6749 section 4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LocalRefusal {
    /// No client, or one that is not registered.
    #[error(
        "The application that sent you here is not registered with this server, or its registration has expired. \
         Start again from the application."
    )]
    Client,
    /// A client whose metadata document makes no client, or could not be had. Why is for the record alone.
    #[error(
        "This server could not make sure which application sent you here. Start again from the application; if it \
         happens again, tell whoever provides it."
    )]
    Document(DocumentRefusal),
    /// The parameters cannot be read.
    #[error("{0}")]
    Parameters(FormError),
    /// No redirect URI, or one the client did not register.
    #[error(
        "The application that sent you here asks to be answered at an address it did not register. Nothing was sent \
         there. Tell whoever provides the application."
    )]
    RedirectUri,
    /// The client registry did not answer.
    #[error("The client registry did not answer. Try again in a minute.")]
    Unavailable,
}

impl LocalRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Client => "authorize_client",
            Self::Document(refusal) => refusal.code(),
            Self::Parameters(error) => error.code(),
            Self::RedirectUri => "authorize_redirect",
            Self::Unavailable => "client_registry_unavailable",
        }
    }
}

impl From<ClientRefusal> for LocalRefusal {
    fn from(refusal: ClientRefusal) -> Self {
        match refusal {
            ClientRefusal::Busy | ClientRefusal::Unavailable => Self::Unavailable,
            ClientRefusal::Document(refusal) => Self::Document(refusal),
            ClientRefusal::Method
            | ClientRefusal::Missing
            | ClientRefusal::Mixed
            | ClientRefusal::Secret
            | ClientRefusal::Unknown => Self::Client,
        }
    }
}

/// An authorization error response (RFC 6749 section 4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AuthorizationError {
    /// The person said no, or may not use Microsoft 365 through this server.
    #[error("The person did not allow the access.")]
    AccessDenied,
    /// No S256 challenge, a challenge of another method, or a malformed one.
    #[error("Send code_challenge with code_challenge_method=S256.")]
    Pkce,
    /// Another response mode than `query`.
    #[error("The response mode must be query.")]
    ResponseMode,
    /// Another response type than `code`.
    #[error("The response type must be code.")]
    ResponseType,
    /// None of the scopes asked for is offered.
    #[error("None of the scopes asked for is offered. See scopes_supported.")]
    Scope,
    /// Something failed on our side.
    #[error("The server could not complete the authorization.")]
    ServerError,
    /// `state` is too long to be carried.
    #[error("The state is too long.")]
    State,
    /// Another resource than this server's.
    #[error("The resource is not the one of this server.")]
    Target,
    /// Microsoft did not answer.
    #[error("Microsoft did not answer. Try again in a minute.")]
    TemporarilyUnavailable,
}

impl AuthorizationError {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::AccessDenied => "authorize_denied",
            Self::Pkce => "authorize_pkce",
            Self::ResponseMode => "authorize_response_mode",
            Self::ResponseType => "authorize_response_type",
            Self::Scope => "authorize_scope",
            Self::ServerError => "authorize_server_error",
            Self::State => "authorize_state",
            Self::Target => "authorize_target",
            Self::TemporarilyUnavailable => "authorize_unavailable",
        }
    }

    /// Error word.
    #[must_use]
    pub const fn oauth_error(self) -> &'static str {
        match self {
            Self::AccessDenied => "access_denied",
            Self::Pkce | Self::ResponseMode | Self::State => "invalid_request",
            Self::ResponseType => "unsupported_response_type",
            Self::Scope => "invalid_scope",
            Self::ServerError => "server_error",
            Self::Target => "invalid_target",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
        }
    }

    /// The redirect that tells the client.
    pub(super) fn location(self, redirect_uri: &RedirectUri, state: Option<&str>, issuer: &str) -> String {
        let sentence = self.to_string();
        let mut parameters = vec![("error", self.oauth_error()), ("error_description", &sentence)];
        parameters.extend(state.map(|state| ("state", state)));
        parameters.push(("iss", issuer));
        redirect_uri.with(&parameters)
    }
}

/// Checks the query of `GET /authorize` in the order of this module's header.
///
/// # Errors
/// [`AuthorizeRefusal`]
pub async fn check(
    query: &str,
    clients: &Clients,
    server: &ServerMetadata,
) -> Result<AuthorizationRequest, AuthorizeRefusal> {
    let form = Form::parse(query.as_bytes()).map_err(LocalRefusal::Parameters)?;
    let id = form.text("client_id").and_then(|id| ClientId::parse(id).ok()).ok_or(LocalRefusal::Client)?;
    let (client, redirect_uri) =
        clients.find_with_redirect(&id, form.text("redirect_uri")).await.map_err(LocalRefusal::from)?;
    let redirect_uri = redirect_uri.ok_or(LocalRefusal::RedirectUri)?;
    let state = form.text("state").map(str::to_owned);
    match parameters(&form, server) {
        Ok(Parameters { scopes, resource, challenge }) => {
            Ok(AuthorizationRequest { client, redirect_uri, state, scopes, resource, challenge })
        }
        Err(error) => {
            // A state that is refused for its length is not carried back either.
            let state = state.filter(|state| state.len() <= MAX_STATE_BYTES);
            let location = error.location(&redirect_uri, state.as_deref(), server.issuer());
            Err(AuthorizeRefusal::Redirect { error, client: id, location })
        }
    }
}

struct Parameters {
    scopes: ScopeSet,
    resource: String,
    challenge: Challenge,
}

fn parameters(form: &Form, server: &ServerMetadata) -> Result<Parameters, AuthorizationError> {
    if form.text("state").is_some_and(|state| state.len() > MAX_STATE_BYTES) {
        return Err(AuthorizationError::State);
    }
    if form.text("response_type") != Some("code") {
        return Err(AuthorizationError::ResponseType);
    }
    if form.text("response_mode").is_some_and(|mode| mode != "query") {
        return Err(AuthorizationError::ResponseMode);
    }
    // RFC 7636 section 4.3: a challenge without a method would mean `plain`, which is not offered.
    let (Some(challenge), Some("S256")) = (form.text("code_challenge"), form.text("code_challenge_method"))
    else {
        return Err(AuthorizationError::Pkce);
    };
    let challenge = Challenge::parse(challenge).map_err(|_| AuthorizationError::Pkce)?;
    let resource = server.audience(form.text("resource")).ok_or(AuthorizationError::Target)?;
    let scopes = offered_of(form.text("scope"), server).ok_or(AuthorizationError::Scope)?;
    Ok(Parameters { scopes, resource, challenge })
}

/// What is granted of what is asked for; what is asked for anyway where nothing is. Unknown names are left out
/// (RFC 6749 section 3.3), and the token response says what remained.
fn offered_of(asked: Option<&str>, server: &ServerMetadata) -> Option<ScopeSet> {
    let asked = asked.unwrap_or_default();
    if asked.split_ascii_whitespace().all(|name| name == "offline_access") {
        return Some(server.asked.clone());
    }
    let (known, _) = ScopeSet::parse(asked);
    let granted = known.intersection(&server.scopes);
    (!granted.is_empty()).then_some(granted)
}

#[cfg(test)]
mod tests;
