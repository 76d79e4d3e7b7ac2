//! The id token of a sign-in: who signed in, in which tenant.
//!
//! Source: Microsoft identity platform, "ID tokens" and "ID token claims reference"; OpenID Connect Core 3.1.3.7.
//!
//! Steps, each refusing: form and RS256; a key of the tenant, for this issuer; signature; `iss` exact; `aud` our
//! client; `tid` the configured tenant and never the one of personal accounts; `ver` 2.0; `exp`, `nbf`, `iat` with
//! five minutes; `nonce` ours; not a guest; `oid` present.

use std::time::Duration;

use m365_types::{Email, Oid, TenantId};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::client::EntraClient;
use crate::claims::{Audience, TimeRule, Times};
use crate::jwt::UnverifiedToken;
use crate::key_cache::KeyError;

const TIMES: TimeRule = TimeRule { leeway: Duration::from_mins(5) };
/// The tenant of all personal Microsoft accounts.
const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// The account that signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SignedIn {
    pub(super) tenant: TenantId,
    pub(super) oid: Oid,
    pub(super) names: Vec<Email>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum IdTokenError {
    Guest,
    Invalid,
    KeysUnavailable,
    OtherTenant,
}

#[derive(Deserialize)]
struct Claims {
    iss: String,
    aud: Audience,
    exp: u64,
    nbf: Option<u64>,
    iat: u64,
    nonce: String,
    ver: String,
    tid: TenantId,
    oid: Oid,
    preferred_username: Option<String>,
    email: Option<String>,
    upn: Option<String>,
    acct: Option<u8>,
    idp: Option<String>,
}

impl EntraClient {
    pub(super) async fn verify_id_token(&self, token: &str, nonce: &str) -> Result<SignedIn, IdTokenError> {
        let unverified = UnverifiedToken::parse(token).map_err(|_| IdTokenError::Invalid)?;
        let key = self.keys.find(unverified.kid()).await.map_err(|error| match error {
            KeyError::Unknown => IdTokenError::Invalid,
            KeyError::Unavailable => IdTokenError::KeysUnavailable,
        })?;
        let issuer = self.issuer();
        let for_tenant = |published: &str| published.replace("{tenantid}", &self.settings.tenant.to_string());
        if key.issuer().is_some_and(|published| for_tenant(published) != issuer) {
            return Err(IdTokenError::Invalid);
        }
        let claims: Claims = unverified.verify(&key).map_err(|_| IdTokenError::Invalid)?;
        if claims.tid != self.settings.tenant || claims.tid.to_string() == PERSONAL_TENANT {
            return Err(IdTokenError::OtherTenant);
        }
        let aud_ok = matches!(&claims.aud, Audience::One(aud) if *aud == self.settings.client_id);
        let nonce_ok = bool::from(claims.nonce.as_bytes().ct_eq(nonce.as_bytes()));
        let times = Times { exp: claims.exp, nbf: claims.nbf, iat: claims.iat };
        let in_time = TIMES.check(&times, self.clock.now()).is_ok();
        if claims.iss != issuer || !aud_ok || !nonce_ok || claims.ver != "2.0" || !in_time {
            return Err(IdTokenError::Invalid);
        }
        claims.into_member()
    }
}

impl Claims {
    /// The account, unless it belongs to another organisation.
    fn into_member(self) -> Result<SignedIn, IdTokenError> {
        let tenant = self.tid.to_string();
        let names: Vec<String> =
            [self.preferred_username, self.upn, self.email].into_iter().flatten().collect();
        let is_foreign = self.idp.is_some_and(|idp| !idp.contains(&tenant));
        let is_external = names.iter().any(|name| name.to_ascii_lowercase().contains("#ext#"));
        if self.acct == Some(1) || is_foreign || is_external {
            return Err(IdTokenError::Guest);
        }
        let names = names.iter().filter_map(|name| Email::parse(name).ok()).collect();
        Ok(SignedIn { tenant: self.tid, oid: self.oid, names })
    }
}
