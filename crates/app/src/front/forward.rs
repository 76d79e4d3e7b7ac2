//! Handing a request to its cell: a new request with an allow-list of headers and one sealed context.

use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::{Either, select};
use http::header::{AUTHORIZATION, COOKIE, HeaderName};
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use http_body_util::combinators::UnsyncBoxBody;
use m365_auth::context::{CONTEXT_HEADER, Errand, Outgoing};
use m365_ports::{CellAccess, CellError};
use m365_types::CellId;

use super::gate::Pass;
use super::{Arrival, CELL_TIMEOUT, Front, here};
use crate::cell::records;
use crate::config::Ingress;
use crate::errors;
use crate::respond::Failure;
use crate::routes::{Face, Gate, Handler, Place};

/// What a cell may read of the caller's headers, besides those of MCP.
const FORWARDED: [HeaderName; 2] = [AUTHORIZATION, COOKIE];

impl Front {
    /// Sends the request to the cell and waits, within [`CELL_TIMEOUT`].
    pub(super) async fn forward(
        &self,
        arrival: &Arrival,
        pass: &Pass,
        body: Bytes,
    ) -> Result<Response<Body>, Failure> {
        self.forward_as(arrival, pass, body, None).await
    }

    /// The same, where the front itself wants something by it.
    pub(super) async fn forward_as(
        &self,
        arrival: &Arrival,
        pass: &Pass,
        body: Bytes,
        errand: Option<&Errand>,
    ) -> Result<Response<Body>, Failure> {
        let Place::Cell(access) = arrival.route.place else { return Err(Failure::of(&errors::INTERNAL)) };
        // In `managed` the gate of the MCP endpoint is an assertion too, so a cell may come to be.
        let vouched = arrival.route.gate == Gate::Bearer && self.core.config.ingress == Ingress::Managed;
        let access = if vouched { CellAccess::Create } else { access };
        let request = self.sealed(arrival, pass, body, errand)?;
        let sent = self.cells.send(&pass.cell, access, request);
        match select(sent, self.core.ports.timer.sleep(CELL_TIMEOUT)).await {
            Either::Left((Ok(response), _)) => Ok(response.map(Body::new)),
            Either::Left((Err(error), _)) => self.absent(arrival, error).map(here),
            Either::Right(((), _)) => Err(Failure::of(&errors::CELL_UNAVAILABLE)),
        }
    }

    /// Sends a cell on an errand, and waits for its answer; anything but a success is a failure.
    pub(super) async fn send_errand(
        &self,
        arrival: &Arrival,
        cell: &CellId,
        access: CellAccess,
        errand: &Errand,
    ) -> Result<Response<Bytes>, Failure> {
        let context = Outgoing {
            request: arrival.request,
            route: arrival.route.path,
            assertion: None,
            client: None,
            errand: Some(errand),
        };
        let mut request = Request::new(Bytes::new());
        *request.uri_mut() = Uri::from_static("/");
        request.headers_mut().insert(CONTEXT_HEADER, self.core.contexts.seal(cell, &context));
        let sent = self.cells.send(cell, access, request);
        match select(sent, self.core.ports.timer.sleep(CELL_TIMEOUT)).await {
            Either::Left((Ok(answer), _)) if answer.status().is_success() => whole(answer).await,
            Either::Left((Ok(_) | Err(_), _)) | Either::Right(((), _)) => {
                Err(Failure::of(&errors::CELL_UNAVAILABLE))
            }
        }
    }

    fn sealed(
        &self,
        arrival: &Arrival,
        pass: &Pass,
        body: Bytes,
        errand: Option<&Errand>,
    ) -> Result<Request<Bytes>, Failure> {
        let target =
            arrival.head.uri.path_and_query().map_or(arrival.route.path, http::uri::PathAndQuery::as_str);
        let uri: Uri = target.parse().map_err(|_| Failure::of(&errors::REQUEST_MALFORMED))?;
        let mut request = Request::new(body);
        *request.method_mut() = arrival.head.method.clone();
        *request.uri_mut() = uri;
        for name in FORWARDED.into_iter().chain(m365_mcp::REQUEST_HEADERS) {
            for value in arrival.head.headers.get_all(&name) {
                request.headers_mut().append(name.clone(), value.clone());
            }
        }
        let context = Outgoing {
            request: arrival.request,
            route: arrival.route.path,
            assertion: pass.assertion.as_ref(),
            client: pass.client.as_ref(),
            errand,
        };
        request.headers_mut().insert(CONTEXT_HEADER, self.core.contexts.seal(&pass.cell, &context));
        Ok(request)
    }

    /// A cell that is not there makes the token meaningless; how that is said depends on the route. A person
    /// without a cell has no records yet.
    fn absent(&self, arrival: &Arrival, error: CellError) -> Result<Response<Bytes>, Failure> {
        match (error, arrival.route.face) {
            (CellError::Absent, _) if arrival.route.handler == Handler::MeJournal => Ok(records(&[])),
            (CellError::Absent, _) if arrival.route.handler.is_linked() => {
                Err(Failure::of(&errors::APPROVAL_UNKNOWN))
            }
            (CellError::Absent, Face::Bearer) => Err(Failure::of(&errors::TOKEN_INVALID).challenging(
                self.core.server.challenge(arrival.route.resource(), Some("invalid_token"), None),
            )),
            (CellError::Absent, Face::OAuth | Face::Page) => Err(Failure::of(&errors::GRANT_REFUSED)),
            (CellError::Unavailable, _) => Err(error.into()),
        }
    }
}

/// The answer to an errand, all of it: errands are answered in one piece.
async fn whole(answer: Response<UnsyncBoxBody<Bytes, Infallible>>) -> Result<Response<Bytes>, Failure> {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.unwrap_or_else(|never| match never {});
    Ok(Response::from_parts(head, body.to_bytes()))
}
