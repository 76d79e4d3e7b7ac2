//! Who comes in, and what Access and Entra say about them.

use serde_json::{Value, json};

use super::keys::Signer;
use super::network::{ACCESS, AUDIENCE, ENTRA, ENTRA_CLIENT, TENANT};

/// A person of the organisation.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) oid: &'static str,
}

/// Whose grant most tests use.
pub(crate) const ALEX: Person = Person { name: "alex", oid: "0a0a0a0a-1111-4222-8333-444444444444" };
/// Somebody else.
pub(crate) const SAM: Person = Person { name: "sam", oid: "0b0b0b0b-1111-4222-8333-444444444444" };

/// The group of operators.
pub(crate) const OPERATORS: &str = "Microsoft 365 operators";

impl Person {
    /// The person of that name.
    pub(super) fn named(name: &str) -> &'static Self {
        [&ALEX, &SAM].into_iter().find(|person| person.name == name).unwrap()
    }

    fn email(&self) -> String {
        format!("{}@contoso.example", self.name)
    }

    /// What Access asserts.
    pub(crate) fn assertion(&self, now: u64) -> String {
        self.assertion_with(now, &json!({}))
    }

    /// What Access asserts where it says more than who it is.
    pub(crate) fn assertion_with(&self, now: u64, more: &Value) -> String {
        let mut claims = self.claims(now);
        if let (Some(claims), Some(more)) = (claims.as_object_mut(), more.as_object()) {
            claims.extend(more.clone());
        }
        Signer::Access.token(&claims)
    }

    /// The same with the operators' group.
    pub(crate) fn operator_assertion(&self, now: u64) -> String {
        let mut claims = self.claims(now);
        claims["custom"]["groups"] = json!([OPERATORS]);
        Signer::Access.token(&claims)
    }

    /// The same, signed by somebody who is not Access.
    pub(crate) fn forged_assertion(&self, now: u64) -> String {
        Signer::Entra.token(&self.claims(now))
    }

    fn claims(&self, now: u64) -> Value {
        json!({
            "iss": ACCESS, "aud": [AUDIENCE], "type": "app", "iat": now, "nbf": now, "exp": now + 3600,
            "sub": self.name, "email": self.email(), "custom": { "oid": self.oid },
        })
    }

    /// What Entra says after the sign-in that carried this nonce.
    pub(super) fn id_token(&self, nonce: &str, now: u64) -> String {
        Signer::Entra.token(&json!({
            "iss": format!("{ENTRA}/{TENANT}/v2.0"), "aud": ENTRA_CLIENT, "iat": now, "nbf": now, "exp": now + 3600,
            "nonce": nonce, "ver": "2.0", "tid": TENANT, "oid": self.oid, "preferred_username": self.email(),
        }))
    }
}

/// What Access asserts about a service token.
pub(crate) fn service_assertion(now: u64) -> String {
    Signer::Access.token(&json!({
        "iss": ACCESS, "aud": [AUDIENCE], "type": "app", "iat": now, "exp": now + 3600, "sub": "",
        "common_name": "probe.access",
    }))
}
