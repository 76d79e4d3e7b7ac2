//! Who is acting: a person or a service that the perimeter has verified.

use serde::{Deserialize, Serialize};

use crate::{AccessSubject, Email, Oid, UnixMillis};

/// The identity inside a verified Access assertion. Holding one proves nothing; holding a [`Principal`] does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Identity {
    /// Someone who signed in.
    Person(Person),
    /// A service token.
    Service(Service),
}

/// A signed-in person as Access describes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// `sub`: stable within the Access team.
    pub subject: AccessSubject,
    /// `email`: verified by the identity provider.
    pub email: Email,
    /// The Entra object id, where the identity provider is the same tenant and sends it.
    pub oid: Option<Oid>,
    /// Group names or ids as the identity provider sends them.
    pub groups: Vec<String>,
    /// How and from where the person signed in.
    #[serde(default)]
    pub posture: Posture,
}

/// What Access says of a sign-in besides who it was. Absent where the identity provider does not send it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Posture {
    /// `country`: where the request came from, two letters (ISO 3166-1 alpha-2).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// `amr`: authentication methods of the sign-in (RFC 8176).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<String>,
    /// `acr`: authentication context class of the sign-in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
}

impl Posture {
    /// Whether nothing is known.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.country.is_none() && self.methods.is_empty() && self.context.is_none()
    }
}

/// A service token as Access describes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Service {
    /// `common_name`: the client id of the service token.
    pub client_id: AccessSubject,
}

/// A verified identity. Issued once, by the perimeter; there is no other way to have one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    identity: Identity,
    asserted_at: UnixMillis,
}

impl Principal {
    /// Issues the principal. Banned by `clippy.toml` everywhere but in the perimeter.
    ///
    /// `asserted_at` is the time of the Access sign-in that the proof goes back to.
    #[must_use]
    pub const fn issue(identity: Identity, asserted_at: UnixMillis) -> Self {
        Self { identity, asserted_at }
    }

    /// Who it is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The person, unless it is a service.
    #[must_use]
    pub const fn person(&self) -> Option<&Person> {
        match &self.identity {
            Identity::Person(person) => Some(person),
            Identity::Service(_) => None,
        }
    }

    /// When Access last vouched for the identity.
    #[must_use]
    pub const fn asserted_at(&self) -> UnixMillis {
        self.asserted_at
    }
}
