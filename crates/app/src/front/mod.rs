//! The front: what every request passes before anything of ours runs. Stateless; the same router on both hosts.
//!
//! Order, for every row of the route table:
//! 1. target and headers are within their bounds, the host name is ours and the origin is not foreign;
//! 2. the gate (Access assertion, bearer handle, client authentication) has verified the caller;
//! 3. method, content type and body are within the row's limits (for the bearer gate only after the gate has
//!    passed, so that an anonymous caller learns nothing but 401);
//! 4. the row's place answers: the front itself, or the cell, through a new request with an allow-list of headers
//!    and one sealed context.
//!
//! A refusal leaves one perimeter record; refusals inside a cell are recorded there.

mod approval;
mod body;
mod documents;
mod echo;
mod forward;
mod gate;
mod operator;
mod visitor;

pub(crate) use gate::bearer_token;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::routing::any;
use bytes::Bytes;
use http::header::{
    ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ALLOW, HOST, HeaderName, ORIGIN,
};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use m365_ports::{CellTransport, PerimeterRecord};
use m365_types::{AuditKind, RequestId};

use crate::config::Ingress;
use crate::core::Core;
use crate::errors;
use crate::respond::Failure;
use crate::routes::{Cors, Face, Gate, ROUTES, Route};

/// The header in which every answer names its request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Header fields of a request, and bytes of its target and header fields: the same on both hosts, though what stands
/// before them may allow more.
const HEADER_FIELDS: usize = 100;
const HEAD_BYTES: usize = 32 * 1024;
/// Longest time for a body to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for a cell to answer; longer than any one call may take.
const CELL_TIMEOUT: Duration = Duration::from_mins(2);

/// The front of one host.
pub struct Front {
    core: Arc<Core>,
    cells: Arc<dyn CellTransport>,
    /// `Host` values we answer to.
    hosts: Vec<String>,
}

impl std::fmt::Debug for Front {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Front(…)")
    }
}

/// A request that has found its row.
struct Arrival {
    route: &'static Route,
    request: RequestId,
    head: http::request::Parts,
}

impl Front {
    /// A front over the rooms and the cells. `also_hosts` are further `Host` values to answer to, such as the address
    /// a native server listens on behind a tunnel.
    #[must_use]
    pub fn new(core: Arc<Core>, cells: Arc<dyn CellTransport>, also_hosts: &[String]) -> Arc<Self> {
        let mut hosts = vec![authority(&core.config.public_url)];
        hosts.extend(also_hosts.iter().cloned());
        Arc::new(Self { core, cells, hosts })
    }

    /// The route table as a router.
    pub fn router(self: &Arc<Self>) -> Router {
        let with = |route: Option<&'static Route>| {
            let front = self.clone();
            any(move |request: Request<Body>| {
                let front = front.clone();
                async move { front.answer(route, request).await }
            })
        };
        ROUTES
            .iter()
            .fold(Router::new(), |router, route| router.route(route.path, with(Some(route))))
            .fallback_service(with(None))
    }

    async fn answer(&self, route: Option<&'static Route>, incoming: Request<Body>) -> Response<Body> {
        let request = self.core.new_request();
        let (head, body) = incoming.into_parts();
        let face = route.map_or(Face::OAuth, |route| route.face);
        let route = route.filter(|route| route.exists_in(self.core.config.ingress));
        let result = match route {
            Some(route) => self.pass(Arrival { route, request, head }, body).await,
            None => {
                self.check_site(&head, Cors::SameOrigin).and_then(|()| Err(Failure::of(&errors::NOT_FOUND)))
            }
        };
        let mut response = match result {
            Ok(response) => response,
            Err(failure) => {
                self.record_refusal(route, request, &failure).await;
                failure.render(face, request).map(Body::from)
            }
        };
        let headers = response.headers_mut();
        if let Ok(id) = HeaderValue::try_from(request.to_string()) {
            headers.insert(REQUEST_ID, id);
        }
        if route.is_some_and(|route| route.cors == Cors::Public) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        response
    }

    async fn pass(&self, arrival: Arrival, body: Body) -> Result<Response<Body>, Failure> {
        let route = arrival.route;
        self.check_site(&arrival.head, route.cors)?;
        if let Some(preflight) = preflight(route, &arrival.head.method) {
            return Ok(preflight.map(Body::from));
        }
        match route.gate {
            Gate::Public => {
                check_method(route, &arrival.head.method)?;
                if self.core.config.access.everywhere {
                    self.core.perimeter.verify(&arrival.head.headers).await?;
                }
                let body = self.read_body(&arrival, body).await?;
                self.document(&arrival, body).await.map(here)
            }
            Gate::Own => {
                check_method(route, &arrival.head.method)?;
                self.beside(&arrival.head.headers).await?;
                self.echo(&arrival, body).await.map(here)
            }
            Gate::Access => {
                check_method(route, &arrival.head.method)?;
                let pass = self.access(&arrival).await?;
                let body = self.read_body(&arrival, body).await?;
                if route.handler.is_linked() {
                    return self.to_question(&arrival, pass, body).await;
                }
                self.forward(&arrival, &pass, body).await
            }
            Gate::Bearer => {
                if self.is_visitor(&arrival) {
                    return self.receive(&arrival, body).await;
                }
                let pass = match self.core.config.ingress {
                    Ingress::Oauth => self.bearer(&arrival).await?,
                    Ingress::Managed => self.managed(&arrival).await?,
                };
                if !route.methods.is_empty() {
                    check_method(route, &arrival.head.method)?;
                }
                let body = self.read_body(&arrival, body).await?;
                self.forward(&arrival, &pass, body).await
            }
            Gate::Operator => {
                check_method(route, &arrival.head.method)?;
                let operator = self.operator(&arrival).await?;
                let body = self.read_body(&arrival, body).await?;
                self.operate(&arrival, &operator, &body).await.map(here)
            }
            Gate::Client => {
                check_method(route, &arrival.head.method)?;
                let assertion = self.beside(&arrival.head.headers).await?;
                let body = self.read_body(&arrival, body).await?;
                match self.client(&arrival, &body, assertion).await? {
                    Some(pass) => self.forward(&arrival, &pass, body).await,
                    // RFC 7009 section 2.2: revoking a token that means nothing succeeds.
                    None => Ok(here(crate::respond::json_text(StatusCode::OK, "{}".to_owned()))),
                }
            }
        }
    }

    /// Step 1: size of the head, host name and origin.
    fn check_site(&self, head: &http::request::Parts, cors: Cors) -> Result<(), Failure> {
        let headers = &head.headers;
        if headers.len() > HEADER_FIELDS || head_bytes(head) > HEAD_BYTES {
            return Err(Failure::of(&errors::HEADERS_TOO_LARGE));
        }
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().and_then(|host| host.to_str().ok()).filter(|_| hosts.next().is_none());
        // RFC 9112 section 3.2.2: a target in absolute form names the host, whatever the header says. Both must be ours.
        let target = head.uri.authority().map(http::uri::Authority::as_str);
        if !host.is_some_and(|host| self.is_ours(host)) || target.is_some_and(|target| !self.is_ours(target))
        {
            return Err(Failure::of(&errors::HOST));
        }
        if cors == Cors::Public {
            return Ok(());
        }
        let mut origins = headers.get_all(ORIGIN).iter();
        match (origins.next(), origins.next()) {
            (None, _) => Ok(()),
            (Some(origin), None)
                if origin.to_str().is_ok_and(|origin| origin == self.core.config.issuer()) =>
            {
                Ok(())
            }
            _ => Err(Failure::of(&errors::ORIGIN)),
        }
    }

    fn is_ours(&self, host: &str) -> bool {
        self.hosts.iter().any(|ours| ours.eq_ignore_ascii_case(host))
    }

    /// Writes the perimeter record of a refusal, unless who refused has written it. Where it cannot be written the caller
    /// is answered all the same, and the log says so: nothing that is recorded here has an effect on a person's data.
    async fn record_refusal(&self, route: Option<&'static Route>, request: RequestId, failure: &Failure) {
        let kind = route.map_or(AuditKind::RequestRefused, |route| route.audit);
        let (path, status) = (route.map_or("-", |route| route.path), failure.row.status.as_u16());
        let code = &failure.cause;
        tracing::info!(requestId = %request, kind = kind.as_str(), route = path, code, status, "perimeter");
        if failure.recorded {
            return;
        }
        let record = PerimeterRecord {
            at: self.core.ports.clock.now(),
            kind,
            request_id: request.to_string(),
            route: path.to_owned(),
            code: code.clone(),
            status,
            client: None,
        };
        if let Err(error) = self.core.ports.directory.record_perimeter(record).await {
            tracing::error!(%error, "a perimeter record could not be written");
        }
    }
}

/// An answer whose body is here.
fn here(response: Response<Bytes>) -> Response<Body> {
    response.map(Body::from)
}

/// Bytes of the request target and of all header fields.
fn head_bytes(head: &http::request::Parts) -> usize {
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    head.headers.iter().fold(target, |sum, (name, value)| sum + name.as_str().len() + value.len())
}

/// Host and port of a URL as a `Host` header carries them.
fn authority(url: &url::Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn check_method(route: &Route, method: &Method) -> Result<(), Failure> {
    let head_of_get =
        method == Method::HEAD && route.methods.contains(&Method::GET) && route.gate == Gate::Public;
    if route.methods.contains(method) || head_of_get {
        return Ok(());
    }
    Err(Failure { allow: Some(allowed(route)), ..Failure::of(&errors::METHOD) })
}

fn allowed(route: &Route) -> String {
    route.methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ")
}

/// CORS preflight of a public document (Fetch, section 4.8): any origin, no credentials.
fn preflight(route: &Route, method: &Method) -> Option<Response<Bytes>> {
    if route.cors != Cors::Public || method != Method::OPTIONS {
        return None;
    }
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    let methods = HeaderValue::try_from(allowed(route)).ok()?;
    headers.insert(ALLOW, methods.clone());
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, methods);
    headers
        .insert(http::header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("mcp-protocol-version"));
    Some(response)
}
