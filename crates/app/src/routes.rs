//! The route table: one row per path. The front folds it into the router, so gate, caps and record are structural.

use http::Method;
use m365_auth::oauth::metadata::Resource;
use m365_ports::CellAccess;
use m365_types::AuditKind;

use crate::config::Ingress;

/// Who may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// A person with a verified Access assertion who is in the operators' group.
    Operator,
    /// A person with a verified Access assertion.
    Access,
    /// The holder of one of our access tokens.
    Bearer,
    /// An OAuth client, authenticated as it registered.
    Client,
    /// This server itself, by a stamp of its own that came back to it.
    Own,
    /// Anyone.
    Public,
}

/// What answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Handler {
    /// The question whether one exact effect may happen.
    Approve,
    /// The answer to it.
    ApproveAnswer,
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
    /// Results on their way through the gateway's inspection.
    Echo,
    /// Liveness.
    Health,
    /// The Model Context Protocol.
    Mcp,
    /// Messages into a stream of the 2024-11-05 transport.
    Messages,
    /// What the person has connected.
    Me,
    /// What was recorded of the person.
    MeJournal,
    /// The person clears what stands against their assistant's calls.
    MeLabels,
    /// The person ends the grant of one application.
    MeRevoke,
    /// The person ends every grant.
    MeRevokeAll,
    /// The person has their Microsoft tokens erased.
    MeSignOut,
    /// An operator ends sessions.
    OperatorKill,
    /// An operator admits a restored cell again.
    OperatorReadmit,
    /// An operator removes the link to a Microsoft account.
    OperatorUnpin,
    /// An operator has cells carry out orders and seal again.
    OperatorVisit,
    /// Protected-resource metadata (RFC 9728).
    ProtectedResource,
    /// Dynamic registration (RFC 7591).
    Register,
    /// Token revocation (RFC 7009).
    Revoke,
    /// The Model Context Protocol for clients of the 2024-11-05 transport: a stream by GET; a POST is answered as at
    /// [`Handler::Mcp`].
    Sse,
    /// The token endpoint (RFC 6749 section 3.2).
    Token,
}

impl Handler {
    /// Whether it changes nothing, so that it works in a cell that must not write.
    pub(crate) const fn only_looks(self) -> bool {
        matches!(self, Self::Me | Self::MeJournal)
    }

    /// Whether the address names the cell: what it shows may be somebody else's than the visitor's.
    pub(crate) const fn is_linked(self) -> bool {
        matches!(self, Self::Approve | Self::ApproveAnswer)
    }
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
    /// The only ingress mode that has the route; `None`: every mode.
    pub ingress: Option<Ingress>,
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
        ingress: None,
        audit: AuditKind::RequestRefused,
    }
}

/// The same in `oauth` alone: in `managed`, Cloudflare Access is the authorization server.
const fn oauth(mut route: Route) -> Route {
    route.ingress = Some(Ingress::Oauth);
    route
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
        ingress: None,
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
        ingress: Some(Ingress::Oauth),
        audit,
    }
}

const fn bearer(path: &'static str, handler: Handler) -> Route {
    Route {
        path,
        methods: &[],
        gate: Gate::Bearer,
        place: Place::Cell(CellAccess::Existing),
        handler,
        content: Content::Any,
        body_cap: m365_mcp::MAX_BODY_BYTES,
        cors: Cors::SameOrigin,
        face: Face::Bearer,
        ingress: None,
        audit: AuditKind::RequestRefused,
    }
}

const fn operator(path: &'static str, handler: Handler, audit: AuditKind) -> Route {
    Route {
        path,
        methods: POST,
        gate: Gate::Operator,
        place: Place::Front,
        handler,
        content: Content::Json,
        body_cap: FORM_CAP,
        cors: Cors::SameOrigin,
        face: Face::OAuth,
        ingress: None,
        audit,
    }
}

/// Every route.
pub const ROUTES: &[Route] = &[
    oauth(public("/.well-known/oauth-authorization-server", Handler::AuthorizationServer)),
    oauth(public("/.well-known/oauth-protected-resource", Handler::ProtectedResource)),
    oauth(public("/.well-known/oauth-protected-resource/mcp", Handler::ProtectedResource)),
    oauth(public("/.well-known/oauth-protected-resource/sse", Handler::ProtectedResource)),
    Route {
        place: Place::Cell(CellAccess::Existing),
        ..browser("/approve", Handler::Approve, AuditKind::RequestRefused)
    },
    Route {
        place: Place::Cell(CellAccess::Existing),
        ..form("/approve/answer", Handler::ApproveAnswer, AuditKind::ApprovalAnswered)
    },
    oauth(browser("/authorize", Handler::Authorize, AuditKind::AuthorizeRefused)),
    browser("/callback", Handler::Callback, AuditKind::MicrosoftLinked),
    browser("/connect", Handler::Connect, AuditKind::MicrosoftLinked),
    oauth(form("/consent", Handler::Consent, AuditKind::RequestRefused)),
    Route {
        methods: POST,
        gate: Gate::Own,
        content: Content::Json,
        body_cap: m365_ports::ECHO_BYTES_MAX,
        cors: Cors::SameOrigin,
        ..public("/echo", Handler::Echo)
    },
    public("/healthz", Handler::Health),
    bearer("/mcp", Handler::Mcp),
    browser("/me", Handler::Me, AuditKind::ProfileRead),
    Route {
        place: Place::Cell(CellAccess::Existing),
        face: Face::OAuth,
        ..browser("/me/journal", Handler::MeJournal, AuditKind::RequestRefused)
    },
    form("/me/labels", Handler::MeLabels, AuditKind::LabelsCleared),
    form("/me/revoke", Handler::MeRevoke, AuditKind::GrantRevoked),
    form("/me/revoke-all", Handler::MeRevokeAll, AuditKind::GrantRevoked),
    form("/me/sign-out", Handler::MeSignOut, AuditKind::GrantRevoked),
    Route { methods: POST, content: Content::Json, ..bearer("/messages", Handler::Messages) },
    operator("/operator/kill", Handler::OperatorKill, AuditKind::OperatorKill),
    operator("/operator/readmit", Handler::OperatorReadmit, AuditKind::OperatorReadmit),
    operator("/operator/unpin", Handler::OperatorUnpin, AuditKind::OperatorUnpin),
    operator("/operator/visit", Handler::OperatorVisit, AuditKind::OperatorVisit),
    Route {
        methods: POST,
        content: Content::Json,
        body_cap: FORM_CAP,
        cors: Cors::SameOrigin,
        audit: AuditKind::ClientRegistered,
        ..oauth(public("/register", Handler::Register))
    },
    client("/revoke", Handler::Revoke, AuditKind::GrantRevoked),
    Route { methods: &[Method::GET, Method::POST], ..bearer("/sse", Handler::Sse) },
    client("/token", Handler::Token, AuditKind::TokenIssued),
];

impl Route {
    /// The protected resource that the path belongs to.
    #[must_use]
    pub fn resource(&self) -> Resource {
        match self.handler {
            Handler::Messages | Handler::Sse => Resource::Sse,
            // The document names the resource that its path ends with; at the root it is that of `/mcp`.
            Handler::ProtectedResource if self.path.ends_with(Resource::Sse.path()) => Resource::Sse,
            _ => Resource::Mcp,
        }
    }

    /// Whether this mode has the route.
    #[must_use]
    pub fn exists_in(&self, ingress: Ingress) -> bool {
        self.ingress.is_none_or(|only| only == ingress)
    }
}

/// Paths that Cloudflare Access must let through to the server: in `oauth` those whose gate is not an Access assertion,
/// in `managed` none. Clients probe for documents below `/.well-known/` that do not exist, and must read a 404 there,
/// not a login page.
#[must_use]
pub fn bypass_paths(ingress: Ingress) -> Vec<&'static str> {
    if ingress == Ingress::Managed {
        return Vec::new();
    }
    let open = ROUTES.iter().filter(|route| !matches!(route.gate, Gate::Access | Gate::Operator));
    let mut paths: Vec<&str> = open
        .map(|route| if route.path.starts_with("/.well-known/") { "/.well-known/*" } else { route.path })
        .collect();
    paths.dedup();
    paths
}

/// Of [`bypass_paths`], those of the transport of 2024-11-05: a deployment without such clients may keep them behind
/// Access.
#[must_use]
pub fn old_transport_paths() -> Vec<&'static str> {
    let old = ROUTES.iter().filter(|route| route.gate == Gate::Bearer && route.resource() == Resource::Sse);
    old.map(|route| route.path).collect()
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
        let expected = [
            "/.well-known/*",
            "/echo",
            "/healthz",
            "/mcp",
            "/messages",
            "/register",
            "/revoke",
            "/sse",
            "/token",
        ];
        assert_eq!(bypass_paths(Ingress::Oauth), expected);
        assert!(bypass_paths(Ingress::Managed).is_empty());
        assert_eq!(old_transport_paths(), ["/messages", "/sse"]);
    }

    #[test]
    fn nothing_with_credentials_is_readable_across_origins() {
        for route in ROUTES.iter().filter(|route| route.gate != Gate::Public || route.methods == POST) {
            assert_eq!(route.cors, Cors::SameOrigin, "{}", route.path);
        }
    }
}
