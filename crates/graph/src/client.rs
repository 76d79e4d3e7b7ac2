//! Requests to Graph for one recorded intent: token, exchange, token replacement, retries, traces.
//!
//! Invariants: only the row's own call is built; a rejected token is replaced once, and who is challenged after that must
//! sign in; every exchange leaves its trace, failed ones included. What makes repeating safe is [`crate::retry`]'s matter.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use m365_ports::{
    Entropy, EntropyExt as _, GraphAnswer, GraphRequest, Timer, TokenSource, Trace, Upstream, UpstreamError,
};
use m365_types::{ActionSpec, Intent};
use serde::de::DeserializeOwned;

use crate::error::{ActionError, Cause};
use crate::retry;

/// What the host and the other rooms lend for one action.
#[derive(Clone, Copy)]
pub struct Ports<'a> {
    /// The governed way out.
    pub upstream: &'a dyn Upstream,
    /// Microsoft tokens of the person.
    pub tokens: &'a dyn TokenSource,
    /// Waiting between tries.
    pub timer: &'a dyn Timer,
    /// Jitter.
    pub entropy: &'a dyn Entropy,
}

/// The way to Graph for one recorded intent.
pub struct GraphClient<'a> {
    ports: Ports<'a>,
    intent: &'a Intent,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    traces: Vec<Trace>,
    waited: Duration,
}

impl<'a> GraphClient<'a> {
    /// A client for this intent.
    #[must_use]
    pub fn new(ports: Ports<'a>, intent: &'a Intent) -> Self {
        Self { ports, intent, progress: Mutex::default() }
    }

    /// Every exchange so far, in order, failed ones included.
    #[must_use]
    pub fn traces(&self) -> Vec<Trace> {
        self.with_progress(|progress| progress.traces.clone())
    }

    /// A request of the row's call, its identifiers filled in.
    pub(crate) fn request(&self, segments: &[&str]) -> Result<GraphRequest, ActionError> {
        let call = self.action().calls.first().ok_or_else(|| self.fail(UpstreamError::Forbidden))?;
        let path = call.path(segments).map_err(|_| self.fail(UpstreamError::Forbidden))?;
        Ok(GraphRequest { call, path, query: Vec::new(), prefer: Vec::new(), body: None })
    }

    /// Sends a request, with a new token after a 401 or a claims challenge, and repeated where that is safe.
    pub(crate) async fn send(&self, request: GraphRequest) -> Result<GraphAnswer, ActionError> {
        let tokens = self.ports.tokens;
        let mut token = tokens.access_token(self.action().scopes).await.map_err(|error| self.fail(error))?;
        let mut replaced = false;
        let mut tried = 1;
        loop {
            let error = match self.ports.upstream.call(self.intent, &token, request.clone()).await {
                Ok(answer) => {
                    self.note(&answer.trace);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            if let Some(trace) = error.trace() {
                self.note(trace);
            }
            match Rejection::of(&error) {
                Some(Rejection { claims }) if !replaced => {
                    token = tokens.replace(&token, claims).await.map_err(|error| self.fail(error))?;
                    replaced = true;
                    continue;
                }
                Some(Rejection { claims: Some(claims) }) => {
                    return Err(self.fail(tokens.challenged_again(&token, claims).await));
                }
                _ => {}
            }
            let jitter = u16::from_be_bytes(self.ports.entropy.bytes());
            let wait =
                retry::wait(&error, request.call.retry, tried, jitter).filter(|wait| self.may_wait(*wait));
            let Some(wait) = wait else { return Err(self.fail(error)) };
            self.ports.timer.sleep(wait).await;
            tried += 1;
        }
    }

    /// Sends a request and reads the JSON of its answer.
    pub(crate) async fn fetch<T: DeserializeOwned>(&self, request: GraphRequest) -> Result<T, ActionError> {
        let answer = self.send(request).await?;
        serde_json::from_slice(&answer.body).map_err(|_| self.unreadable())
    }

    /// Graph said yes with an answer that cannot be used.
    pub(crate) fn unreadable(&self) -> ActionError {
        self.fail(Cause::Unreadable)
    }

    fn fail(&self, cause: impl Into<Cause>) -> ActionError {
        ActionError::new(self.action(), cause.into())
    }

    fn action(&self) -> &'static ActionSpec {
        self.intent.permit().action()
    }

    fn note(&self, trace: &Trace) {
        self.with_progress(|progress| progress.traces.push(trace.clone()));
    }

    fn may_wait(&self, wait: Duration) -> bool {
        self.with_progress(|progress| {
            let total = progress.waited.saturating_add(wait);
            let fits = total <= retry::WAITING;
            if fits {
                progress.waited = total;
            }
            fits
        })
    }

    fn with_progress<T>(&self, visit: impl FnOnce(&mut Progress) -> T) -> T {
        visit(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Graph refused the token itself, with a claims challenge or without.
struct Rejection<'a> {
    claims: Option<&'a str>,
}

impl<'a> Rejection<'a> {
    /// A 401 always is one, a 403 only with a challenge.
    fn of(error: &'a UpstreamError) -> Option<Self> {
        let UpstreamError::Graph { status, claims, .. } = error else { return None };
        let claims = claims.as_deref();
        (*status == 401 || (*status == 403 && claims.is_some())).then_some(Self { claims })
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
