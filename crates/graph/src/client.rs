//! Requests to Graph for one recorded intent: token, exchange, token replacement, retries, traces, reports.
//!
//! Invariants: only the row's own calls are built; a rejected token is replaced once, and who is challenged after that
//! must sign in; every exchange leaves its trace, failed ones included; an exchange that was sent is never dropped.
//! Whether the caller still wants the call, and whether it has time left, is looked at before an exchange and while
//! waiting for a retry, never once something was changed. What makes repeating safe is [`crate::retry`]'s matter.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use m365_ports::{
    Clock, Entropy, EntropyExt as _, GraphAnswer, GraphRequest, Timer, TokenSource, Trace, Upstream,
    UpstreamError,
};
use m365_types::{ActionSpec, Intent, Method, Secret, UnixMillis};
use serde::de::DeserializeOwned;

use crate::error::{ActionError, Cause};
use crate::retry;
use crate::watch::{Watch, either};

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
    /// How long the call has taken.
    pub clock: &'a dyn Clock,
    /// Whoever waits for the call.
    pub watch: &'a dyn Watch,
}

/// The way to Graph for one recorded intent.
pub struct GraphClient<'a> {
    ports: Ports<'a>,
    intent: &'a Intent,
    began: UnixMillis,
    progress: Mutex<Progress>,
}

#[derive(Default)]
struct Progress {
    traces: Vec<Trace>,
    waited: Duration,
    /// Number of the next report.
    reports: u32,
    /// Whether something was changed.
    acted: bool,
}

const ASKED: &str = "Asked Microsoft 365.";
const ANSWERED: &str = "Microsoft 365 answered.";
const WAITING: &str = "Microsoft 365 asked to wait.";

impl<'a> GraphClient<'a> {
    /// A client for this intent. The time of the whole call counts from here.
    #[must_use]
    pub fn new(ports: Ports<'a>, intent: &'a Intent) -> Self {
        Self { ports, intent, began: ports.clock.now(), progress: Mutex::default() }
    }

    /// Every exchange so far, in order, failed ones included.
    #[must_use]
    pub fn traces(&self) -> Vec<Trace> {
        self.with_progress(|progress| progress.traces.clone())
    }

    /// A request of the row's first call, its identifiers filled in.
    pub(crate) fn request(&self, segments: &[&str]) -> Result<GraphRequest, ActionError> {
        self.request_of(0, segments)
    }

    /// A request of the row's call at this place.
    pub(crate) fn request_of(&self, place: usize, segments: &[&str]) -> Result<GraphRequest, ActionError> {
        let call = self.action().calls.get(place).ok_or_else(|| self.fail(UpstreamError::Forbidden))?;
        let path = call.path(segments).map_err(|_| self.fail(UpstreamError::Forbidden))?;
        Ok(GraphRequest { call, path, query: Vec::new(), prefer: Vec::new(), body: None })
    }

    /// Sends a request, with a new token after a 401 or a claims challenge, and repeated where that is safe.
    pub(crate) async fn send(&self, request: GraphRequest) -> Result<GraphAnswer, ActionError> {
        let tokens = self.ports.tokens;
        self.may_go_on()?;
        let mut token = tokens.access_token(self.action().scopes).await.map_err(|error| self.fail(error))?;
        let mut replaced = false;
        let mut tried = 1;
        let mut earlier: Option<ActionError> = None;
        loop {
            if let Err(stop) = self.may_go_on() {
                // What may have happened must be told, whatever ended the call.
                return Err(earlier.filter(ActionError::maybe_done).unwrap_or(stop));
            }
            let error = match self.exchange(&token, request.clone()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
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
            earlier = Some(self.fail(error));
            self.report(WAITING);
            either(self.ports.timer.sleep(wait), self.ports.watch.cancelled()).await;
            tried += 1;
        }
    }

    /// One exchange with its trace and its reports.
    async fn exchange(
        &self,
        token: &Secret<String>,
        request: GraphRequest,
    ) -> Result<GraphAnswer, UpstreamError> {
        if self.with_progress(|progress| progress.reports == 0) {
            self.report(ASKED);
        }
        let changes = request.call.method != Method::Get;
        let ended = self.ports.upstream.call(self.intent, token, request).await;
        let trace = match &ended {
            Ok(answer) => Some(&answer.trace),
            Err(error) => error.trace(),
        };
        if let Some(trace) = trace {
            self.with_progress(|progress| progress.traces.push(trace.clone()));
            if trace.status.is_some() {
                self.report(ANSWERED);
            }
        }
        if changes && ended.is_ok() {
            self.with_progress(|progress| progress.acted = true);
        }
        ended
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

    /// Whether another exchange may begin.
    fn may_go_on(&self) -> Result<(), ActionError> {
        if self.ports.watch.is_cancelled() && !self.with_progress(|progress| progress.acted) {
            return Err(self.fail(Cause::Cancelled));
        }
        if self.taken() >= retry::WHOLE { Err(self.fail(Cause::OutOfTime)) } else { Ok(()) }
    }

    /// How long the call has taken so far.
    fn taken(&self) -> Duration {
        self.ports.clock.now().since(self.began)
    }

    fn report(&self, message: &'static str) {
        let number = self.with_progress(|progress| {
            let number = progress.reports;
            progress.reports = number.saturating_add(1);
            number
        });
        self.ports.watch.progress(number, message);
    }

    fn may_wait(&self, wait: Duration) -> bool {
        let taken = self.taken();
        self.with_progress(|progress| {
            let total = progress.waited.saturating_add(wait);
            let fits = total <= retry::WAITING && taken.saturating_add(wait) < retry::WHOLE;
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
