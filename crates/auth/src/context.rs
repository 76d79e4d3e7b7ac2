//! What the front tells a cell about a request: one header, sealed for thirty seconds.
//!
//! In scope: the request id, the route, the identity that Access vouched for, the OAuth client that the front
//! authenticated. Out of scope: what the cell may do with it.
//!
//! Invariants: a context opens only in the cell it was sealed for, only beside its own request id, and only for
//! thirty seconds; the identity in it becomes a principal through [`crate::perimeter::admit`] alone.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderValue};
use m365_ports::{Clock, Entropy, EntropyExt as _, Verdict};
use m365_seal::{AssociatedData, Keys, Purpose, Sealer};
use m365_types::{AuditKind, CellId, ClientId, Identity, OperatorNote, RequestId, UnixMillis};
use serde::{Deserialize, Serialize};

use crate::perimeter::{Evidence, VerifiedAssertion};

/// The header that carries it.
pub const CONTEXT_HEADER: &str = "m365-context";
const LIFE: Duration = Duration::from_secs(30);
const MAX_HEADER_BYTES: usize = 256 * 1024;

/// What the front wants the cell to know.
#[derive(Clone, Copy, Debug)]
pub struct Outgoing<'a> {
    /// The request.
    pub request: RequestId,
    /// Route path of the table.
    pub route: &'a str,
    /// The assertion verified in this request, where its route asks for one.
    pub assertion: Option<&'a VerifiedAssertion>,
    /// The OAuth client authenticated in this request, on the token routes.
    pub client: Option<&'a ClientId>,
    /// What the front itself wants of the cell, instead of a person's request.
    pub errand: Option<&'a Errand>,
}

/// What the front wants of a cell besides what its own person wants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Errand {
    /// Carry out what was ordered, and seal again what is under a previous key.
    Visit,
    /// Let somebody else than the cell's person look at a question and answer it. The identity beside it is theirs, and
    /// the front has found them in the approvers' group; everything else in the cell is closed to them.
    SecondPerson,
    /// Record in the own cell of an operator or approver what they ordered or answered, before and after.
    Note {
        /// The kind of the record.
        kind: AuditKind,
        /// What was ordered, or how it ended: a fixed word.
        code: String,
        /// Whether it was done.
        verdict: Verdict,
        /// Whose order, to whom and why.
        note: OperatorNote,
    },
}

/// What the cell learned. Made only by [`Contexts::open`].
#[derive(Clone, Debug)]
pub struct SealedContext {
    request: RequestId,
    route: String,
    client: Option<ClientId>,
    vouched: Option<Vouched>,
    errand: Option<Errand>,
}

impl SealedContext {
    /// The request.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// Route path of the table.
    #[must_use]
    pub fn route(&self) -> &str {
        &self.route
    }

    /// The OAuth client that the front authenticated.
    #[must_use]
    pub const fn client(&self) -> Option<&ClientId> {
        self.client.as_ref()
    }

    /// What the front itself wants.
    #[must_use]
    pub const fn errand(&self) -> Option<&Errand> {
        self.errand.as_ref()
    }

    /// The identity that the front verified.
    #[must_use]
    pub const fn vouched(&self) -> Option<&Vouched> {
        self.vouched.as_ref()
    }

    /// The identity as evidence for [`crate::perimeter::admit`].
    #[must_use]
    pub fn evidence(&self) -> Option<Evidence> {
        self.vouched.clone().map(Evidence::Context)
    }
}

/// An identity that the front verified and sealed for this cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vouched {
    identity: Identity,
    asserted_at: UnixMillis,
}

impl Vouched {
    /// Who it is.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// When Access issued the assertion.
    #[must_use]
    pub const fn asserted_at(&self) -> UnixMillis {
        self.asserted_at
    }

    pub(crate) fn into_parts(self) -> (Identity, UnixMillis) {
        (self.identity, self.asserted_at)
    }
}

/// Why a request to a cell is not from the front.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextRefusal {
    /// Older than thirty seconds, or from the future.
    #[error("The internal request context has expired: the request waited too long. Try again.")]
    Expired,
    /// Not sealed by this deployment for this cell.
    #[error("The internal request context does not open. Front and cell must share the same COOKIE_SECRET.")]
    Invalid,
    /// No context, or more than one.
    #[error("The request did not come through the front of this server.")]
    Missing,
}

impl ContextRefusal {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Expired => "context_expired",
            Self::Invalid => "context_invalid",
            Self::Missing => "context_missing",
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    route: String,
    client: Option<ClientId>,
    vouched: Option<Vouched>,
    errand: Option<Errand>,
    sealed_at: UnixMillis,
}

/// Seals and opens contexts.
pub struct Contexts {
    sealer: Sealer,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
}

impl Contexts {
    /// Under the context key.
    #[must_use]
    pub fn new(keys: &Keys, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Self {
        Self { sealer: keys.sealer(Purpose::CellContext), clock, entropy }
    }

    /// The value of [`CONTEXT_HEADER`] for this cell.
    #[must_use]
    pub fn seal(&self, cell: &CellId, outgoing: &Outgoing<'_>) -> HeaderValue {
        let vouched = outgoing.assertion.map(|assertion| Vouched {
            identity: assertion.identity().clone(),
            asserted_at: assertion.asserted_at(),
        });
        let content = Content {
            route: outgoing.route.to_owned(),
            client: outgoing.client.cloned(),
            vouched,
            errand: outgoing.errand.cloned(),
            sealed_at: self.clock.now(),
        };
        let place = place(cell, outgoing.request);
        let sealed = self.sealer.seal_json(self.entropy.bytes(), &place, &content);
        let text = format!("{}.{}", outgoing.request, URL_SAFE_NO_PAD.encode(sealed));
        let value = HeaderValue::from_str(&text);
        debug_assert!(value.is_ok(), "a UUID, a dot and base64url are header characters");
        value.unwrap_or_else(|_| HeaderValue::from_static(""))
    }

    /// Opens the context of a request that reached this cell.
    ///
    /// # Errors
    /// [`ContextRefusal`]
    pub fn open(&self, cell: &CellId, headers: &HeaderMap) -> Result<SealedContext, ContextRefusal> {
        let mut given = headers.get_all(CONTEXT_HEADER).iter();
        let (Some(value), None) = (given.next(), given.next()) else { return Err(ContextRefusal::Missing) };
        let text = value.to_str().map_err(|_| ContextRefusal::Invalid)?;
        let (request, sealed) = text.split_once('.').ok_or(ContextRefusal::Invalid)?;
        if sealed.len() > MAX_HEADER_BYTES {
            return Err(ContextRefusal::Invalid);
        }
        let request = RequestId::parse(request).map_err(|_| ContextRefusal::Invalid)?;
        let sealed = URL_SAFE_NO_PAD.decode(sealed).map_err(|_| ContextRefusal::Invalid)?;
        let content: Content =
            self.sealer.open_json(&place(cell, request), &sealed).map_err(|_| ContextRefusal::Invalid)?;
        let now = self.clock.now();
        // Front and cell may be two machines whose clocks differ a little: the same bound holds both ways.
        if now >= content.sealed_at.plus(LIFE) || content.sealed_at >= now.plus(LIFE) {
            return Err(ContextRefusal::Expired);
        }
        let Content { route, client, vouched, errand, sealed_at: _ } = content;
        Ok(SealedContext { request, route, client, vouched, errand })
    }
}

fn place(cell: &CellId, request: RequestId) -> AssociatedData {
    AssociatedData::of(&[CONTEXT_HEADER, cell.as_str(), &request.to_string()])
}

#[cfg(test)]
mod tests {
    use m365_seal::{CellKind, cell_id};
    use m365_types::AccessSubject;

    use super::*;
    use crate::testing::{Fixture, person};

    fn cell(name: &str) -> CellId {
        cell_id("https://team.example", CellKind::User, &AccessSubject::parse(name).unwrap())
    }

    fn header(value: HeaderValue) -> HeaderMap {
        HeaderMap::from_iter([(http::HeaderName::from_static(CONTEXT_HEADER), value)])
    }

    fn contexts(fixture: &Fixture) -> Contexts {
        Contexts::new(&fixture.keys, fixture.clock(), fixture.entropy())
    }

    #[test]
    fn the_cell_learns_what_the_front_sealed() {
        let fixture = Fixture::new();
        let request = fixture.request();
        let client = ClientId::parse("c1").unwrap();
        let assertion = VerifiedAssertion::for_test(Identity::Person(person("alex")), fixture.now());
        let outgoing = Outgoing {
            request,
            route: "/token",
            assertion: Some(&assertion),
            client: Some(&client),
            errand: None,
        };
        let sealed = contexts(&fixture).seal(&cell("a"), &outgoing);
        let opened = contexts(&fixture).open(&cell("a"), &header(sealed)).unwrap();
        assert_eq!((opened.request(), opened.route(), opened.client()), (request, "/token", Some(&client)));
        assert_eq!(opened.vouched().unwrap().identity(), assertion.identity());
        let principal = crate::perimeter::admit(opened.evidence().unwrap());
        assert_eq!(principal.asserted_at(), fixture.now());
    }

    #[test]
    fn a_context_opens_only_in_its_cell_beside_its_request_and_in_time() {
        let fixture = Fixture::new();
        let request = fixture.request();
        let outgoing = Outgoing { request, route: "/mcp", assertion: None, client: None, errand: None };
        let sealed = contexts(&fixture).seal(&cell("a"), &outgoing);
        let open =
            |cell: &CellId, value: HeaderValue| contexts(&fixture).open(cell, &header(value)).map(|_| ());
        assert_eq!(open(&cell("b"), sealed.clone()), Err(ContextRefusal::Invalid));
        let other = sealed.to_str().unwrap().replace(&request.to_string(), &fixture.request().to_string());
        assert_eq!(open(&cell("a"), HeaderValue::from_str(&other).unwrap()), Err(ContextRefusal::Invalid));
        assert_eq!(open(&cell("a"), HeaderValue::from_static("x")), Err(ContextRefusal::Invalid));
        fixture.advance(LIFE.checked_sub(Duration::from_millis(1)).unwrap());
        assert_eq!(open(&cell("a"), sealed.clone()), Ok(()));
        fixture.advance(Duration::from_millis(1));
        assert_eq!(open(&cell("a"), sealed), Err(ContextRefusal::Expired));
    }

    #[test]
    fn none_and_two_contexts_are_refused() {
        let fixture = Fixture::new();
        let outgoing = Outgoing {
            request: fixture.request(),
            route: "/mcp",
            assertion: None,
            client: None,
            errand: None,
        };
        let sealed = contexts(&fixture).seal(&cell("a"), &outgoing);
        let mut headers = header(sealed.clone());
        headers.append(CONTEXT_HEADER, sealed);
        for headers in [HeaderMap::new(), headers] {
            assert_eq!(contexts(&fixture).open(&cell("a"), &headers).unwrap_err(), ContextRefusal::Missing);
        }
    }
}
