//! Client metadata of a registration request, and the answer (RFC 7591 sections 2 and 3).

use m365_ports::{REGISTRATION_QUOTA, RegistryError};
use m365_types::{Secret, UnixMillis};
use serde_json::{Value, json};

use super::metadata::Metadata;
use super::{AuthMethod, Client};
use crate::oauth::redirect::{RedirectPolicy, RedirectUri};

/// Longest registration request accepted, in bytes.
pub const MAX_REGISTRATION_BYTES: usize = 16 * 1024;
const MAX_REDIRECT_URIS: usize = 10;

/// Why a client is not registered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistrationRefusal {
    /// The registry is overloaded.
    #[error("The client registry is busy. Try again in a minute.")]
    Busy,
    /// Unknown authentication method, or grant and response types that this server does not offer together.
    #[error(
        "The client asks for what this server does not offer. Use response type code, grant types \
         authorization_code and refresh_token, and authentication none, client_secret_basic or client_secret_post."
    )]
    Capability,
    /// A link that is not a plain http or https URL.
    #[error("A link in the client metadata is not a plain http or https URL.")]
    Link,
    /// Not a JSON object of the expected shape.
    #[error("The registration request is not a JSON object of client metadata.")]
    Malformed,
    /// The operator has switched registration off.
    #[error(
        "Clients cannot register themselves with this server. Use a client that identifies itself by a metadata \
         document, or ask the operator to allow registration."
    )]
    Off,
    /// The quota of registrations is used up.
    #[error("Too many clients have been registered. Try again later, or ask the operator.")]
    Quota,
    /// No redirect URI, too many, or one that is not allowed.
    #[error(
        "The client needs one to ten redirect URIs, each a loopback address or on the operator's list. \
         Ask the operator to allow others."
    )]
    RedirectUri,
    /// The registry or the directory did not answer.
    #[error("The client registry did not answer. Try again in a minute.")]
    Unavailable,
}

impl RegistrationRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Busy => "client_registry_busy",
            Self::Capability => "registration_capability",
            Self::Link => "registration_link",
            Self::Malformed => "registration_malformed",
            Self::Off => "registration_off",
            Self::Quota => REGISTRATION_QUOTA,
            Self::RedirectUri => "registration_redirect",
            Self::Unavailable => "client_registry_unavailable",
        }
    }

    /// Error word (RFC 7591 section 3.2.2). `temporarily_unavailable` is a 429 for the quota and a busy registry,
    /// else a 503; `access_denied` is a 403.
    #[must_use]
    pub const fn oauth_error(self) -> &'static str {
        match self {
            Self::Capability | Self::Link | Self::Malformed => "invalid_client_metadata",
            Self::Off => "access_denied",
            Self::RedirectUri => "invalid_redirect_uri",
            Self::Busy | Self::Quota | Self::Unavailable => "temporarily_unavailable",
        }
    }
}

impl From<RegistryError> for RegistrationRefusal {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Busy => Self::Busy,
            RegistryError::Unavailable => Self::Unavailable,
        }
    }
}

/// A new client with the body of the 201 answer, which alone shows the secret.
#[derive(Debug)]
pub struct Registered {
    client: Client,
    body: Secret<String>,
}

impl Registered {
    /// `secret_expires`: the secret itself ends no earlier than the registration of a client in use.
    pub(super) fn new(client: Client, secret: Option<Secret<String>>, secret_expires: UnixMillis) -> Self {
        let mut body = json!({
            "client_id": client.id,
            "client_id_issued_at": client.registered_at.as_secs(),
            "client_name": client.name,
            "redirect_uris": client.redirect_uris,
            "token_endpoint_auth_method": client.auth_method,
            "grant_types": ["authorization_code", "refresh_token"],
            "response_types": ["code"],
        });
        if let (Some(secret), Some(fields)) = (secret, body.as_object_mut()) {
            fields.insert("client_secret".into(), Value::String(secret.expose().clone()));
            fields.insert("client_secret_expires_at".into(), secret_expires.as_secs().into());
        }
        Self { client, body: Secret::new(body.to_string()) }
    }

    /// The client.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// JSON of the answer.
    #[must_use]
    pub const fn body(&self) -> &Secret<String> {
        &self.body
    }
}

/// Checked metadata. What a client asked for beyond it is ignored (section 2).
#[derive(Debug)]
pub(super) struct Request {
    pub(super) name: String,
    pub(super) redirect_uris: Vec<RedirectUri>,
    pub(super) auth_method: AuthMethod,
}

impl Request {
    pub(super) fn parse(body: &[u8], policy: &RedirectPolicy) -> Result<Self, RegistrationRefusal> {
        if body.len() > MAX_REGISTRATION_BYTES {
            return Err(RegistrationRefusal::Malformed);
        }
        let metadata: Metadata = serde_json::from_slice(body).map_err(|_| RegistrationRefusal::Malformed)?;
        if !metadata.links_are_plain() {
            return Err(RegistrationRefusal::Link);
        }
        check_types(&metadata)?;
        let auth_method = match metadata.token_endpoint_auth_method.as_deref() {
            None | Some("client_secret_basic") => AuthMethod::ClientSecretBasic,
            Some("client_secret_post") => AuthMethod::ClientSecretPost,
            Some("none") => AuthMethod::None,
            Some(_) => return Err(RegistrationRefusal::Capability),
        };
        if !(1..=MAX_REDIRECT_URIS).contains(&metadata.redirect_uris.len()) {
            return Err(RegistrationRefusal::RedirectUri);
        }
        let redirect_uris =
            metadata.redirect_uris.iter().map(|uri| policy.admit(uri)).collect::<Result<_, _>>();
        Ok(Self {
            name: metadata.name(),
            redirect_uris: redirect_uris.map_err(|_| RegistrationRefusal::RedirectUri)?,
            auth_method,
        })
    }
}

/// The code grant and its response type belong together (section 2.1); refresh is its only companion. Every
/// client is registered for both grants, whichever it named: section 3.2.1 lets the server say so in the answer.
fn check_types(metadata: &Metadata) -> Result<(), RegistrationRefusal> {
    let grants_ok = metadata.grant_types.as_ref().is_none_or(|grants| {
        grants.iter().any(|grant| grant == "authorization_code")
            && grants.iter().all(|grant| matches!(grant.as_str(), "authorization_code" | "refresh_token"))
    });
    let responses_ok =
        metadata.response_types.as_ref().is_none_or(|types| types.iter().map(String::as_str).eq(["code"]));
    if grants_ok && responses_ok { Ok(()) } else { Err(RegistrationRefusal::Capability) }
}
