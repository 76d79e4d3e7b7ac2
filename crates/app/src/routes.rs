//! The route table: one row per path. The front folds it into the router, so gate, caps and record are structural.

use http::Method;
use m365_ports::CellAccess;
use m365_types::AuditKind;

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// A person with a verified Access assertion.
    Access,
    /// The holder of one of our access tokens.
    Bearer,
    /// An OAuth client, authenticated as it registered.
    Client,
    /// Anyone.
    Public,
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// Authorization-server metadata (RFC 8414).
    AuthorizationServer,
    /// The authorization endpoint (RFC 6749 section 3.1).
    Authorize,
    /// The return from Microsoft's sign-in.
    Callback,
    /// Linking Microsoft without a client.
    Connect,
    /// The answer to the consent page.
    Consent,
    /// Liveness.
    Health,
    /// The Model Context Protocol.
    Mcp,
    /// What the person has connected.
    Me,
    /// What was recorded of the person.
    MeJournal,
    /// The person ends the grant of one application.
    MeRevoke,
    /// The person has their Microsoft tokens erased.
    MeSignOut,
    /// Protected-resource metadata (RFC 9728).
    ProtectedResource,
    /// Dynamic registration (RFC 7591).
    Register,
    /// Token revocation (RFC 7009).
    Revoke,
    /// The token endpoint (RFC 6749 section 3.2).
    Token,
}

/// Where it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the front, without state of a person.
    Front,
    /// In the person's cell.
    Cell(CellAccess),
}

/// The type a body must have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The handler looks itself (MCP has its own rules).
    Any,
    /// `application/x-www-form-urlencoded`
    Form,
    /// `application/json`
    Json,
    /// No body is read.
    None,
}

/// Who may read the answer across origins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cors {
    /// No one; a request with a foreign `Origin` is refused.
    SameOrigin,
    /// Anyone, without credentials: public documents.
    Public,
}

/// How a failure looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Face {
    /// A bearer challenge (RFC 6750 section 3) and a small JSON body.
    Bearer,
    /// The JSON of RFC 6749 section 5.2, for every answer that a program reads.
    OAuth,
    /// A page.
    Page,
}

/// One row.
#[derive(Debug)]
pub struct Route {
    /// Exact path.
    pub path: &'static str,
    /// Methods; empty for those that answer every method themselves once the gate is passed.
    pub methods: &'static [Method],
    /// Who may come in.
    pub gate: Gate,
    /// Where it is answered.
    pub place: Place,
    /// What answers.
    pub handler: Handler,
    /// Type of the body.
    pub content: Content,
    /// Longest body, in bytes.
    pub body_cap: usize,
    /// Who may read across origins.
    pub cors: Cors,
    /// How a failure looks.
    pub face: Face,
    /// The kind of record a refusal leaves.
    pub audit: AuditKind,
}

const GET: &[Method] = &[Method::GET];
const POST: &[Method] = &[Method::POST];
const FORM_CAP: usize = 32 * 1024;

const fn public(path: &'static str, handler: Handler) -> Route {
    Route {
        path,
        methods: GET,
        gate: Gate::Public,
        place: Place::Front,
        handler,
        content: Content::None,
        body_cap: 0,
        cors: Cors::Public,
        face: Face::OAuth,
        audit: AuditKind::RequestRefused,
    }
}

const fn browser(path: &'static str, handler: Handler, audit: AuditKind) -> Route {
    Route {
        path,
        methods: GET,
        gate: Gate::Access,
        place: Place::Cell(CellAccess::Create),
        handler,
        content: Content::None,
        body_cap: 0,
        cors: Cors::SameOrigin,
        face: Face::Page,
        audit,
    }
}

const fn form(path: &'static str, handler: Handler, audit: AuditKind) -> Route {
    Route { methods: POST, content: Content::Form, body_cap: FORM_CAP, ..browser(path, handler, audit) }
}

const fn client(path: &'static str, handler: Handler, audit: AuditKind) -> Route {
    Route {
        path,
        methods: POST,
        gate: Gate::Client,
        place: Place::Cell(CellAccess::Existing),
        handler,
        content: Content::Form,
        body_cap: FORM_CAP,
        cors: Cors::SameOrigin,
        face: Face::OAuth,
        audit,
    }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    public("/.well-known/oauth-authorization-server", Handler::AuthorizationServer),
    public("/.well-known/oauth-protected-resource", Handler::ProtectedResource),
    public("/.well-known/oauth-protected-resource/mcp", Handler::ProtectedResource),
    browser("/authorize", Handler::Authorize, AuditKind::AuthorizeRefused),
    browser("/callback", Handler::Callback, AuditKind::MicrosoftLinked),
    browser("/connect", Handler::Connect, AuditKind::MicrosoftLinked),
    form("/consent", Handler::Consent, AuditKind::RequestRefused),
    public("/healthz", Handler::Health),
    Route {
        path: "/mcp",
        methods: &[],
        gate: Gate::Bearer,
        place: Place::Cell(CellAccess::Existing),
        handler: Handler::Mcp,
        content: Content::Any,
        body_cap: m365_mcp::MAX_BODY_BYTES,
        cors: Cors::SameOrigin,
        face: Face::Bearer,
        audit: AuditKind::RequestRefused,
    },
    browser("/me", Handler::Me, AuditKind::ProfileRead),
    Route {
        place: Place::Cell(CellAccess::Existing),
        face: Face::OAuth,
        ..browser("/me/journal", Handler::MeJournal, AuditKind::RequestRefused)
    },
    form("/me/revoke", Handler::MeRevoke, AuditKind::GrantRevoked),
    form("/me/sign-out", Handler::MeSignOut, AuditKind::GrantRevoked),
    Route {
        methods: POST,
        content: Content::Json,
        body_cap: FORM_CAP,
        cors: Cors::SameOrigin,
        audit: AuditKind::ClientRegistered,
        ..public("/register", Handler::Register)
    },
    client("/revoke", Handler::Revoke, AuditKind::GrantRevoked),
    client("/token", Handler::Token, AuditKind::TokenIssued),
];

/// Paths that Cloudflare Access must let through to the server: those whose gate is not an Access assertion. Clients
/// probe for documents below `/.well-known/` that do not exist, and must read a 404 there, not a login page.
#[must_use]
pub fn bypass_paths() -> Vec<&'static str> {
    let open = ROUTES.iter().filter(|route| route.gate != Gate::Access);
    let mut paths: Vec<&str> = open
        .map(|route| if route.path.starts_with("/.well-known/") { "/.well-known/*" } else { route.path })
        .collect();
    paths.dedup();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_unique_and_in_order() {
        assert!(ROUTES.windows(2).all(|pair| pair[0].path < pair[1].path));
    }

    #[test]
    fn only_an_access_verified_route_may_create_a_cell() {
        for route in ROUTES {
            let creates = route.place == Place::Cell(CellAccess::Create);
            assert!(!creates || route.gate == Gate::Access, "{}", route.path);
        }
    }

    #[test]
    fn access_lets_through_exactly_what_has_another_gate() {
        let expected = ["/.well-known/*", "/healthz", "/mcp", "/register", "/revoke", "/token"];
        assert_eq!(bypass_paths(), expected);
    }

    #[test]
    fn nothing_with_credentials_is_readable_across_origins() {
        for route in ROUTES.iter().filter(|route| route.gate != Gate::Public || route.methods == POST) {
            assert_eq!(route.cors, Cors::SameOrigin, "{}", route.path);
        }
    }
}
