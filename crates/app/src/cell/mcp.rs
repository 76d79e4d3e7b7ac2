//! `/mcp`, `/sse` and `/messages`: from a bearer token to a caller, and from a message to where its answer goes.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::StreamExt as _;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use m365_auth::perimeter::{Evidence, accompany, admit};
use m365_mcp::Body;
use m365_ports::EntropyExt as _;
use m365_types::{Actor, ClientId, GrantId, Principal, ScopeSet, UnixMillis};

use super::caller::{Caller, Channel};
use super::keep_alive::kept_alive;
use super::streams::StreamOwner;
use super::{Cell, Inside};
use crate::config::Ingress;
use crate::errors;
use crate::front::bearer_token;
use crate::respond::Failure;

/// Who calls, and what they may.
struct Session {
    principal: Principal,
    client: Option<ClientId>,
    grant: Option<GrantId>,
    granted: ScopeSet,
    /// When what was presented no longer counts.
    expires: UnixMillis,
}

impl Session {
    fn owner(&self) -> StreamOwner {
        StreamOwner { client: self.client.clone(), grant: self.grant }
    }
}

impl Cell {
    /// Any method on `/mcp`, and all but GET on `/sse`.
    pub(super) async fn mcp(self: &Arc<Self>, inside: &Inside<'_>) -> Result<Response<Body>, Failure> {
        let turn = self.in_flight.turn();
        let session = self.session(inside)?;
        let policies = self.core.fresh_policies().await;
        if self.core.policy_keeper().has_news() {
            self.ring_soon();
        }
        if policies.is_none() {
            return Err(Failure::of(&errors::POLICY));
        }
        let caller = self.caller(inside, session, Channel::Answer, turn)?;
        let mut request = Request::new(inside.http.body().clone());
        *request.method_mut() = inside.http.method().clone();
        *request.headers_mut() = inside.http.headers().clone();
        let answer = m365_mcp::handle(Arc::new(caller), request).await;
        Ok(kept_alive(answer, self.core.ports.timer.clone()))
    }

    /// `/sse`: a GET opens a stream.
    pub(super) async fn sse(self: &Arc<Self>, inside: &Inside<'_>) -> Result<Response<Body>, Failure> {
        if inside.http.method() != Method::GET {
            return self.mcp(inside).await;
        }
        let session = self.session(inside)?;
        let ports = &self.core.ports;
        let body = self.streams.open(
            session.owner(),
            ports.entropy.bytes(),
            (self.now(), session.expires),
            (ports.clock.clone(), ports.timer.clone()),
        );
        // A host may let go of a cell that nobody uses; one with an open stream is in use.
        let used = self.clone();
        let body = body
            .map_frame(move |frame| {
                let _used = &used;
                frame
            })
            .boxed_unsync();
        // A grant that ended in between did not see this stream.
        self.end_streams_of_ended_grants();
        Ok(m365_mcp::streamed(body))
    }

    /// `/messages`: the answer goes into the stream that the query names.
    pub(super) fn messages(self: &Arc<Self>, inside: &Inside<'_>) -> Result<Response<Body>, Failure> {
        let turn = self.in_flight.turn();
        let session = self.session(inside)?;
        let owner = session.owner();
        let stream = session_id(inside.http.uri().query())
            .and_then(|id| self.streams.find(id, &owner, self.now(), session.expires))
            .ok_or_else(|| Failure::of(&errors::STREAM_UNKNOWN))?;
        if !m365_mcp::is_message(inside.http.body()) {
            return Err(Failure::of(&errors::REQUEST_MALFORMED)
                .saying("The body is not a JSON-RPC message in good form. Nothing was done."));
        }
        let caller = self.caller(inside, session, Channel::Stream(stream.clone()), turn)?;
        let (headers, body) = (inside.http.headers().clone(), inside.http.body().clone());
        // The person posted it, so it is done to its end, whether or not anybody still reads the stream.
        self.core.ports.background.spawn(Box::pin(async move {
            let mut answers = std::pin::pin!(m365_mcp::converse(Arc::new(caller), headers, body));
            while let Some(message) = answers.next().await {
                stream.say(&message);
            }
        }));
        Ok(m365_mcp::accepted())
    }

    /// Ends every stream that a client keeps open: the host is about to stop.
    pub fn end_streams(&self) {
        self.streams.end(None);
    }

    /// A stream of a grant that is over answers nobody any more.
    pub(super) fn end_streams_of_ended_grants(&self) {
        if self.streams.is_empty() {
            return;
        }
        let live = self.known_rooms().and_then(|rooms| rooms.map(|rooms| rooms.grants.grants()).transpose());
        match live {
            Ok(live) => {
                let live: BTreeSet<GrantId> = live.into_iter().flatten().map(|grant| grant.grant).collect();
                self.streams.retain(|owner| owner.grant.is_none_or(|grant| live.contains(&grant)));
            }
            Err(error) => {
                tracing::error!(cell = %self.id, %error, "streams were closed: whose they are cannot be told");
                self.streams.end(None);
            }
        }
    }

    fn session(&self, inside: &Inside<'_>) -> Result<Session, Failure> {
        match self.core.config.ingress {
            Ingress::Oauth => self.bearer(inside),
            Ingress::Managed => self.vouched(inside),
        }
    }

    fn caller(
        self: &Arc<Self>,
        inside: &Inside<'_>,
        session: Session,
        channel: Channel,
        turn: u64,
    ) -> Result<Caller, Failure> {
        let rooms = self.rooms(inside)?;
        let account = rooms.microsoft.account()?;
        let microsoft = account.as_ref().map(|account| (account.tenant, account.oid));
        let Session { principal, client, grant, granted, .. } = session;
        let actor = Actor { principal, microsoft, client, grant, request: inside.request };
        Ok(Caller {
            cell: self.clone(),
            microsoft: rooms.microsoft.clone(),
            account,
            actor,
            granted,
            turn,
            resource: inside.resource,
            channel,
            id_taken: false.into(),
        })
    }

    /// In `oauth`: the grant behind the access token. An assertion beside it must name the same person.
    fn bearer(&self, inside: &Inside<'_>) -> Result<Session, Failure> {
        let server = &self.core.server;
        let invalid = |failure: Failure| {
            let error = (failure.row.code == errors::TOKEN_INVALID.code).then_some("invalid_token");
            if error.is_some() {
                failure.challenging(server.challenge(inside.resource, error, None))
            } else {
                failure
            }
        };
        let token = bearer_token(inside.http.headers()).map_err(|row| invalid(Failure::of(row)))?;
        let rooms = self.rooms(inside)?;
        let audience = server.resource(inside.resource);
        let live = rooms.grants.authenticate(&token, &audience).map_err(|refusal| invalid(refusal.into()))?;
        if let Some(beside) = inside.context.vouched() {
            accompany(&rooms.owner, beside)?;
        }
        let (client, grant, granted) = (live.client().clone(), live.grant(), live.scopes().clone());
        let expires = live.expires();
        let principal = admit(Evidence::Grant(live));
        Ok(Session { principal, client: Some(client), grant: Some(grant), granted, expires })
    }

    /// In `managed`: whom Access vouched for. There is no client and no grant of ours, so what is asked of everybody is granted.
    fn vouched(&self, inside: &Inside<'_>) -> Result<Session, Failure> {
        let principal = Self::person(inside)?;
        let (granted, lives) = (self.core.server.asked.clone(), self.core.lifetimes);
        // Access vouches for each message anew; a stream alone must not outlast what a token of ours would.
        let expires = self.now().plus(lives.access);
        Ok(Session { principal, client: None, grant: None, granted, expires })
    }
}

/// The id of exactly one `sessionId` in a query. Ids hold no character that would be encoded.
fn session_id(query: Option<&str>) -> Option<&str> {
    let mut ids = query?.split('&').filter_map(|pair| pair.strip_prefix("sessionId="));
    ids.next().filter(|_| ids.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::session_id;

    #[test]
    fn exactly_one_session_is_named() {
        assert_eq!(session_id(Some("sessionId=abc")), Some("abc"));
        assert_eq!(session_id(Some("a=1&sessionId=abc")), Some("abc"));
        for query in [None, Some(""), Some("sessionid=abc"), Some("sessionId=a&sessionId=b")] {
            assert_eq!(session_id(query), None, "{query:?}");
        }
    }
}
