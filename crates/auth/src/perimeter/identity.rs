//! The claims of an Access assertion, and the one identity they name.
//!
//! Source: Cloudflare Access, "Application token": a person has `sub` and `email`; a service token has
//! `common_name` and an empty `sub`; claims that an OIDC identity provider sends stand at the top or under `custom`.

use m365_types::{AccessSubject, Email, Identity, Oid, Person, Posture, Service};
use serde::Deserialize;

use crate::claims::{Audience, Times};

const MAX_GROUPS: usize = 500;
const MAX_GROUP_BYTES: usize = 256;
const MAX_METHODS: usize = 8;
const MAX_WORD_BYTES: usize = 64;

#[derive(Debug, Deserialize)]
pub(super) struct AssertionClaims {
    pub(super) iss: String,
    pub(super) aud: Audience,
    exp: u64,
    iat: u64,
    nbf: Option<u64>,
    #[serde(rename = "type")]
    kind: Option<String>,
    sub: Option<String>,
    email: Option<String>,
    common_name: Option<String>,
    oid: Option<Oid>,
    groups: Option<Vec<String>>,
    country: Option<String>,
    amr: Option<Vec<String>>,
    acr: Option<String>,
    #[serde(default)]
    custom: Option<Custom>,
}

#[derive(Debug, Default, Deserialize)]
struct Custom {
    oid: Option<Oid>,
    groups: Option<Vec<String>>,
    amr: Option<Vec<String>>,
    acr: Option<String>,
}

impl AssertionClaims {
    pub(super) const fn times(&self) -> Times {
        Times { exp: self.exp, nbf: self.nbf, iat: self.iat }
    }

    /// The person or the service; `None` where the claims name both, neither, or contradict themselves.
    pub(super) fn into_identity(self) -> Option<Identity> {
        if self.kind.as_deref() != Some("app") {
            return None;
        }
        let custom = self.custom.unwrap_or_default();
        let oid = agreed(self.oid, custom.oid).ok()?;
        let groups = agreed(self.groups, custom.groups).ok()?.unwrap_or_default();
        let posture =
            posture(self.country, agreed(self.amr, custom.amr).ok()?, agreed(self.acr, custom.acr).ok()?);
        let subject = self.sub.unwrap_or_default();
        let name = self.common_name.unwrap_or_default();
        match (subject.is_empty(), name.is_empty(), self.email.filter(|email| !email.is_empty())) {
            (false, true, Some(email)) => {
                let bounded =
                    groups.len() <= MAX_GROUPS && groups.iter().all(|group| group.len() <= MAX_GROUP_BYTES);
                let subject = AccessSubject::parse(&subject).ok()?;
                let email = Email::parse(&email).ok()?;
                bounded.then_some(Identity::Person(Person { subject, email, oid, groups, posture }))
            }
            (true, false, None) => {
                Some(Identity::Service(Service { client_id: AccessSubject::parse(&name).ok()? }))
            }
            _ => None,
        }
    }
}

/// What does not look like a word of its kind is left out: it is for records and rules, not for letting anybody in.
fn posture(country: Option<String>, methods: Option<Vec<String>>, context: Option<String>) -> Posture {
    let is_word = |text: &String| {
        (1..=MAX_WORD_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let is_country = |text: &String| text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    Posture {
        country: country.filter(is_country).map(|text| text.to_ascii_uppercase()),
        methods: methods.unwrap_or_default().into_iter().filter(is_word).take(MAX_METHODS).collect(),
        context: context.filter(is_word),
    }
}

/// The two places of one claim say different things.
struct Contradiction;

/// The value of a claim that may stand in two places.
fn agreed<T: PartialEq>(top: Option<T>, custom: Option<T>) -> Result<Option<T>, Contradiction> {
    match (top, custom) {
        (Some(top), Some(custom)) => {
            if top == custom {
                Ok(Some(top))
            } else {
                Err(Contradiction)
            }
        }
        (top, custom) => Ok(top.or(custom)),
    }
}
