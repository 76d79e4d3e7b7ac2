//! Assertions that look like those of Access and are signed by somebody else, or by nobody.
//!
//! Source: RFC 7515 section 4.1.3 (`jwk`), RFC 7518 section 3.6 (`none`), RFC 8725 section 2.1. They carry every
//! claim that can be learned from outside; the only thing wrong with them is the signature.

use m365_ports::{Entropy, EntropyExt as _};
use m365_sandbox::keys::{KeyFault, SigningKey, unsigned};
use m365_types::{RequestId, UnixMillis};
use serde_json::{Value, json};

use crate::remote::target::Target;

const ASSERTION: &str = "cf-access-jwt-assertion";

/// A forger's key and claims.
pub(super) struct Forgery {
    key: SigningKey,
    /// Name of a key that Access publishes, where one is known.
    real_name: Option<String>,
    claims: Value,
}

impl Forgery {
    /// Claims of somebody at this deployment, for an hour from now.
    ///
    /// # Errors
    /// [`KeyFault`] where no key can be made.
    pub(super) fn new(
        target: &Target,
        team: Option<&Target>,
        real_name: Option<String>,
        entropy: &dyn Entropy,
        now: UnixMillis,
    ) -> Result<Self, KeyFault> {
        let claims = json!({
            "iss": team.map_or("https://team.cloudflareaccess.com", Target::origin),
            "aud": [target.origin()],
            "type": "app",
            "sub": RequestId::from_random(entropy.bytes()).to_string(),
            "email": format!("somebody@{}", target.host()),
            "iat": now.as_secs(),
            "nbf": now.as_secs(),
            "exp": now.as_secs() + 3600,
        });
        Ok(Self { key: SigningKey::generate()?, real_name, claims })
    }

    /// Kind, header and value of each try.
    pub(super) fn headers(&self) -> Vec<(&'static str, &'static str, String)> {
        let header = |alg: &str| json!({ "alg": alg, "kid": self.key.kid(), "typ": "JWT" });
        let with_key = json!({ "alg": "RS256", "jwk": self.key.jwk(), "kid": self.key.kid(), "typ": "JWT" });
        let signed = |header: &Value| self.key.sign(header, &self.claims).ok();
        let own = signed(&header("RS256"));
        let name = self.real_name.as_deref();
        let renamed = name.map(|name| json!({ "alg": "RS256", "kid": name, "typ": "JWT" }));
        let tries = [
            ("alg none", Some(format!("{}.", unsigned(&header("none"), &self.claims)))),
            ("without signature", Some(format!("{}.", unsigned(&header("RS256"), &self.claims)))),
            ("signed by a foreign key", own.clone()),
            ("bringing its own key", signed(&with_key)),
            ("under the name of a published key", renamed.as_ref().and_then(signed)),
        ];
        let cookie =
            own.map(|token| ("signed by a foreign key", "cookie", format!("CF_Authorization={token}")));
        let headers = tries.into_iter().filter_map(|(what, token)| Some((what, ASSERTION, token?)));
        headers.chain(cookie).collect()
    }
}
