//! Requests to `/token` and `/revoke`, and the token response.
//!
//! Sources: RFC 6749 sections 4.1.3, 5 and 6, RFC 7636 section 4.5, RFC 8707 section 2.2, RFC 7009 section 2.

use m365_types::{ScopeSet, Secret, UnixMillis};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::form::Form;
use super::metadata::ServerMetadata;
use super::pkce::Verifier;

/// A token request of one of the two grant types.
#[derive(Debug)]
pub enum TokenRequest {
    /// `authorization_code`
    Code(Redemption),
    /// `refresh_token`
    Refresh(RefreshRequest),
}

/// A request to exchange a code.
#[derive(Debug)]
pub struct Redemption {
    pub(super) code: Secret<String>,
    pub(super) redirect_uri: String,
    pub(super) verifier: Verifier,
    /// The audience it names; none means the one that was granted.
    pub(super) resource: Option<String>,
}

/// A request to renew access.
#[derive(Debug)]
pub struct RefreshRequest {
    pub(super) token: Secret<String>,
    pub(super) scopes: Option<AskedScopes>,
    /// The audience it names; none means the one that was granted.
    pub(super) resource: Option<String>,
}

/// Scopes named in a refresh request.
#[derive(Clone, Debug)]
pub(super) struct AskedScopes {
    pub(super) known: ScopeSet,
    /// Whether a name was unknown: then the request asks for more than was granted.
    pub(super) has_unknown: bool,
}

/// Why a token request is not looked at further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenRequestRefusal {
    /// Another grant type.
    #[error("The grant type must be authorization_code or refresh_token.")]
    GrantType,
    /// A required parameter is missing.
    #[error("A required parameter is missing: see RFC 6749 sections 4.1.3 and 6, and RFC 7636 section 4.5.")]
    Missing,
    /// Another resource than this server's.
    #[error("The resource is not the one of this server.")]
    Target,
    /// The verifier cannot be the one of any challenge.
    #[error("The code verifier is malformed.")]
    Verifier,
}

impl TokenRequestRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::GrantType => "token_grant_type",
            Self::Missing => "token_parameter_missing",
            Self::Target => "token_target",
            Self::Verifier => "token_verifier",
        }
    }

    /// Error word (RFC 6749 section 5.2, RFC 8707 section 2).
    #[must_use]
    pub const fn oauth_error(self) -> &'static str {
        match self {
            Self::GrantType => "unsupported_grant_type",
            Self::Missing => "invalid_request",
            Self::Target => "invalid_target",
            Self::Verifier => "invalid_grant",
        }
    }
}

impl TokenRequest {
    /// Reads a token request.
    ///
    /// # Errors
    /// [`TokenRequestRefusal`]
    pub fn parse(form: &Form, server: &ServerMetadata) -> Result<Self, TokenRequestRefusal> {
        let secret = |name| form.secret(name).cloned().ok_or(TokenRequestRefusal::Missing);
        let grant_type = form.text("grant_type").ok_or(TokenRequestRefusal::Missing)?;
        let resource = || match form.text("resource") {
            None => Ok(None),
            named => server.audience(named).map(Some).ok_or(TokenRequestRefusal::Target),
        };
        match grant_type {
            "authorization_code" => {
                let code = secret("code")?;
                let redirect_uri = form.text("redirect_uri").ok_or(TokenRequestRefusal::Missing)?.to_owned();
                let verifier = form.text("code_verifier").ok_or(TokenRequestRefusal::Missing)?;
                let verifier = Verifier::parse(verifier).map_err(|_| TokenRequestRefusal::Verifier)?;
                Ok(Self::Code(Redemption { code, redirect_uri, verifier, resource: resource()? }))
            }
            "refresh_token" => {
                let token = secret("refresh_token")?;
                let scopes = form.text("scope").map(AskedScopes::parse);
                Ok(Self::Refresh(RefreshRequest { token, scopes, resource: resource()? }))
            }
            _ => Err(TokenRequestRefusal::GrantType),
        }
    }

    /// The code or refresh token, whose handle names the cell.
    #[must_use]
    pub const fn token(&self) -> &Secret<String> {
        match self {
            Self::Code(redemption) => &redemption.code,
            Self::Refresh(refresh) => &refresh.token,
        }
    }
}

impl AskedScopes {
    fn parse(text: &str) -> Self {
        let names: Vec<&str> =
            text.split_ascii_whitespace().filter(|name| *name != "offline_access").collect();
        let (known, has_unknown) = ScopeSet::parse(&names.join(" "));
        Self { known, has_unknown }
    }
}

/// A revocation request. `token_type_hint` is not needed: the prefix tells the kind.
#[derive(Debug)]
pub struct RevocationRequest(Secret<String>);

impl RevocationRequest {
    /// Reads a revocation request.
    ///
    /// # Errors
    /// [`TokenRequestRefusal::Missing`]
    pub fn parse(form: &Form) -> Result<Self, TokenRequestRefusal> {
        form.secret("token").cloned().map(Self).ok_or(TokenRequestRefusal::Missing)
    }

    /// The token to revoke.
    #[must_use]
    pub const fn token(&self) -> &Secret<String> {
        &self.0
    }
}

/// A token response (RFC 6749 section 5.1).
#[derive(Clone, Debug)]
pub struct TokenResponse {
    pub(super) access: Secret<String>,
    pub(super) refresh: Secret<String>,
    pub(super) access_expires: UnixMillis,
    pub(super) scopes: ScopeSet,
}

/// The same as it lies sealed in a column. No other use.
#[derive(Serialize, Deserialize)]
pub(super) struct StoredResponse {
    access: String,
    refresh: String,
    access_expires: UnixMillis,
    scopes: ScopeSet,
}

impl TokenResponse {
    /// The access token.
    #[must_use]
    pub const fn access_token(&self) -> &Secret<String> {
        &self.access
    }

    /// The refresh token.
    #[must_use]
    pub const fn refresh_token(&self) -> &Secret<String> {
        &self.refresh
    }

    /// What the access token allows.
    #[must_use]
    pub const fn scopes(&self) -> &ScopeSet {
        &self.scopes
    }

    /// When the access token ends.
    #[must_use]
    pub const fn access_expires(&self) -> UnixMillis {
        self.access_expires
    }

    /// JSON of the answer at `now`.
    #[must_use]
    pub fn body(&self, now: UnixMillis) -> Secret<String> {
        let body = json!({
            "access_token": self.access.expose(),
            "token_type": "Bearer",
            "expires_in": self.access_expires.since(now).as_secs(),
            "refresh_token": self.refresh.expose(),
            "scope": self.scopes.to_string(),
        });
        Secret::new(body.to_string())
    }

    pub(super) fn to_stored(&self) -> StoredResponse {
        StoredResponse {
            access: self.access.expose().clone(),
            refresh: self.refresh.expose().clone(),
            access_expires: self.access_expires,
            scopes: self.scopes.clone(),
        }
    }

    pub(super) fn from_stored(stored: StoredResponse) -> Self {
        Self {
            access: Secret::new(stored.access),
            refresh: Secret::new(stored.refresh),
            access_expires: stored.access_expires,
            scopes: stored.scopes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

    fn parse(text: &str) -> Result<TokenRequest, TokenRequestRefusal> {
        let server = ServerMetadata {
            public_url: "https://mcp.contoso.example".into(),
            scopes: ScopeSet::default(),
            asked: ScopeSet::default(),
            welcomes: crate::testing::WELCOMES,
        };
        TokenRequest::parse(&Form::parse(text.as_bytes()).unwrap(), &server)
    }

    #[test]
    fn both_grant_types_are_read() {
        let code = format!("grant_type=authorization_code&code=c&redirect_uri=r&code_verifier={VERIFIER}");
        assert!(matches!(parse(&code), Ok(TokenRequest::Code(_))));
        let Ok(TokenRequest::Refresh(refresh)) =
            parse("grant_type=refresh_token&refresh_token=r&scope=Mail.Read+offline_access+x")
        else {
            panic!("a refresh request")
        };
        let scopes = refresh.scopes.unwrap();
        assert_eq!((scopes.known.to_string().as_str(), scopes.has_unknown), ("Mail.Read", true));
    }

    #[test]
    fn every_required_parameter_is_required() {
        let whole = [
            ("grant_type", "authorization_code"),
            ("code", "c"),
            ("redirect_uri", "r"),
            ("code_verifier", VERIFIER),
        ];
        for missing in 0..whole.len() {
            let text: Vec<String> = whole
                .iter()
                .enumerate()
                .filter(|(index, _)| *index != missing)
                .map(|(_, (name, value))| format!("{name}={value}"))
                .collect();
            assert_eq!(parse(&text.join("&")).unwrap_err(), TokenRequestRefusal::Missing, "{missing}");
        }
        assert_eq!(parse("grant_type=refresh_token").unwrap_err(), TokenRequestRefusal::Missing);
    }

    #[test]
    fn other_grant_types_targets_and_verifiers_are_refused() {
        for (text, refusal) in [
            ("grant_type=password&username=a&password=b".to_owned(), TokenRequestRefusal::GrantType),
            ("grant_type=client_credentials".to_owned(), TokenRequestRefusal::GrantType),
            (
                "grant_type=refresh_token&refresh_token=r&resource=https://graph.microsoft.com".to_owned(),
                TokenRequestRefusal::Target,
            ),
            (
                "grant_type=authorization_code&code=c&redirect_uri=r&code_verifier=short".to_owned(),
                TokenRequestRefusal::Verifier,
            ),
        ] {
            assert_eq!(parse(&text).unwrap_err(), refusal, "{text}");
        }
    }
}
