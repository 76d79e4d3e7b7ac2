//! Requests to Graph for one recorded intent: token, exchange, token replacement, retries, traces, reports.
//!
//! Invariants: only the row's own calls are built; a rejected token is replaced once, and who is challenged after that
//! must sign in; every exchange leaves its trace, failed ones included; an exchange that was sent is never dropped.
//! Whether the caller still wants the call, and whether it has time left, is looked at before an exchange and while
//! waiting for a retry, never once something was changed. What makes repeating safe is [`crate::retry`]'s matter.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use m365_ports::{
    Clock, Entropy, EntropyExt as _, GraphAnswer, GraphRequest, Llm, LlmAnswer, LlmPrompt, LlmRoute, Timer,
    TokenSource, Trace, Transfer, UploadPart, Upstream, UpstreamError,
};
use m365_types::{
    ActionSpec, Call, Email, Intent, Label, Method, Oid, Retry, Secret, Stage, TenantId, UnixMillis,
};
use serde::de::DeserializeOwned;

use crate::error::{ActionError, Cause};
use crate::lesson::Lesson;
use crate::model;
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
    /// Language models; nothing where none is configured.
    pub llm: Option<&'a dyn Llm>,
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
const ASKED_MODEL: &str = "Asked a language model.";
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

    /// The Microsoft account behind the call: tenant and object id, once there is one.
    pub(crate) const fn microsoft(&self) -> Option<&(TenantId, Oid)> {
        self.intent.permit().actor().microsoft.as_ref()
    }

    /// Sees to it that there is a Microsoft token, so that nothing is found out or asked of people in vain. Graph hears
    /// nothing of it.
    ///
    /// # Errors
    /// There is none, or nobody waits for the call any more.
    pub async fn sign_in(&self) -> Result<(), ActionError> {
        self.token().await.map(drop)
    }

    async fn token(&self) -> Result<Secret<String>, ActionError> {
        self.may_go_on()?;
        let scopes = self.intent.permit().scopes();
        self.ports.tokens.access_token(scopes).await.map_err(|error| self.fail(error))
    }

    /// A request of the row's first call, its identifiers filled in.
    pub(crate) fn request(&self, segments: &[&str]) -> Result<GraphRequest, ActionError> {
        self.request_in(None, segments)
    }

    /// The same in another mailbox, where one is named.
    pub(crate) fn request_in(
        &self,
        mailbox: Option<&Email>,
        segments: &[&str],
    ) -> Result<GraphRequest, ActionError> {
        self.filled(self.action().calls.first(), mailbox, segments)
    }

    /// A request of the row's call with this method and template.
    pub(crate) fn request_to(
        &self,
        method: Method,
        template: &str,
        mailbox: Option<&Email>,
        segments: &[&str],
    ) -> Result<GraphRequest, ActionError> {
        let mut calls = self.action().calls.iter();
        let call = calls.find(|call| call.method == method && call.template == template);
        self.filled(call, mailbox, segments)
    }

    fn filled(
        &self,
        call: Option<&'static Call>,
        mailbox: Option<&Email>,
        segments: &[&str],
    ) -> Result<GraphRequest, ActionError> {
        let forbidden = || self.fail(UpstreamError::Forbidden);
        let call = call.ok_or_else(forbidden)?;
        if self.intent.permit().terms().stage == Stage::Look && !call.safe {
            return Err(forbidden());
        }
        let path = call.path_in(mailbox.map(Email::as_str), segments).map_err(|_| forbidden())?;
        let (query, prefer, headers) = (Vec::new(), Vec::new(), Vec::new());
        Ok(GraphRequest { call, path, query, prefer, headers, body: None })
    }

    /// Sends a request, with a new token after a 401 or a claims challenge, and repeated where that is safe.
    pub(crate) async fn send(&self, request: GraphRequest) -> Result<GraphAnswer, ActionError> {
        let answer = self.only(Exchange::Request(request)).await?;
        // Only content lies elsewhere, and who asks for content says so.
        if answer.location.is_some() { Err(self.unreadable()) } else { Ok(answer) }
    }

    /// Sends a request for content, and fetches it from where Graph keeps it.
    pub(crate) async fn content(&self, request: GraphRequest) -> Result<GraphAnswer, ActionError> {
        let answer = self.only(Exchange::Request(request)).await?;
        match answer.location {
            None => Ok(answer),
            Some(url) => self.only(Exchange::Bytes(Transfer { url, upload: None })).await,
        }
    }

    /// Uploads to the address of an upload session in parts of so many bytes, and gives the answer to the last.
    pub(crate) async fn upload(
        &self,
        url: &Secret<String>,
        bytes: &Bytes,
        part: usize,
    ) -> Result<GraphAnswer, ActionError> {
        let total = bytes.len() as u64;
        let mut last = Err(self.unreadable());
        let mut offset = 0;
        while offset < bytes.len() {
            let end = offset.saturating_add(part.max(1)).min(bytes.len());
            let upload = UploadPart { offset: offset as u64, total, bytes: bytes.slice(offset..end) };
            let transfer = Transfer { url: url.clone(), upload: Some(upload) };
            last = Ok(self.only(Exchange::Bytes(transfer)).await?);
            offset = end;
        }
        last
    }

    /// Sends several reads at once, and gives what became of each, in their order.
    pub(crate) async fn batch(
        &self,
        requests: Vec<GraphRequest>,
    ) -> Result<Vec<Result<GraphAnswer, ActionError>>, ActionError> {
        let answers = self.perform(Exchange::Batch(requests)).await?;
        Ok(answers.into_iter().map(|answer| answer.map_err(|error| self.fail(error))).collect())
    }

    async fn only(&self, exchange: Exchange) -> Result<GraphAnswer, ActionError> {
        let answer = self.perform(exchange).await?.pop();
        answer.ok_or_else(|| self.unreadable())?.map_err(|error| self.fail(error))
    }

    async fn perform(
        &self,
        exchange: Exchange,
    ) -> Result<Vec<Result<GraphAnswer, UpstreamError>>, ActionError> {
        let tokens = self.ports.tokens;
        let mut token = self.token().await?;
        let mut replaced = false;
        let mut tried = 1;
        let mut earlier: Option<ActionError> = None;
        loop {
            if let Err(stop) = self.may_go_on() {
                // What may have happened must be told, whatever ended the call.
                return Err(earlier.filter(ActionError::maybe_done).unwrap_or(stop));
            }
            let error = match self.exchange(&token, &exchange).await {
                Ok(answers) => return Ok(answers),
                Err(error) => error,
            };
            match Rejection::of(&error).filter(|_| exchange.carries_token()) {
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
                retry::wait(&error, exchange.retry(), tried, jitter).filter(|wait| self.may_wait(*wait));
            let Some(wait) = wait else { return Err(self.fail(exchange.cause(error))) };
            earlier = Some(self.fail(error));
            self.report(WAITING);
            either(self.ports.timer.sleep(wait), self.ports.watch.cancelled()).await;
            tried += 1;
        }
    }

    /// One exchange with its traces and its reports.
    async fn exchange(
        &self,
        token: &Secret<String>,
        exchange: &Exchange,
    ) -> Result<Vec<Result<GraphAnswer, UpstreamError>>, UpstreamError> {
        if self.with_progress(|progress| progress.reports == 0) {
            self.report(ASKED);
        }
        let upstream = self.ports.upstream;
        let ended = match exchange.clone() {
            Exchange::Request(request) => {
                upstream.call(self.intent, token, request).await.map(|answer| vec![Ok(answer)])
            }
            Exchange::Batch(requests) => upstream.batch(self.intent, token, requests).await,
            Exchange::Bytes(transfer) => {
                upstream.transfer(self.intent, transfer).await.map(|answer| vec![Ok(answer)])
            }
        };
        let mut traces = Vec::new();
        match &ended {
            Ok(answers) => traces.extend(answers.iter().filter_map(|answer| match answer {
                Ok(answer) => Some(&answer.trace),
                Err(error) => error.trace(),
            })),
            Err(error) => traces.extend(error.trace()),
        }
        let answered = traces.iter().any(|trace| trace.status.is_some());
        self.with_progress(|progress| progress.traces.extend(traces.into_iter().cloned()));
        if answered {
            self.report(ANSWERED);
        }
        if exchange.changes() && ended.is_ok() {
            self.with_progress(|progress| progress.acted = true);
        }
        ended
    }

    /// Whether a language model may be asked on this route for this intent. What is confidential never reaches one: not
    /// where a result of this call is, and not while anything confidential stands, since arguments may repeat it.
    pub(crate) fn may_ask_model(&self, route: LlmRoute) -> Result<(), ActionError> {
        self.model(route).map(drop)
    }

    /// Asks a language model once. Its exchange is one of the call's.
    pub(crate) async fn ask_model(&self, prompt: LlmPrompt) -> Result<LlmAnswer, ActionError> {
        let llm = self.model(prompt.route)?;
        self.may_go_on()?;
        self.report(ASKED_MODEL);
        let ended = llm.complete(self.intent, prompt).await;
        let trace = match &ended {
            Ok(answer) => Some(&answer.trace),
            Err(error) => error.trace.as_ref(),
        };
        self.with_progress(|progress| progress.traces.extend(trace.cloned()));
        ended.map_err(|error| self.taught(model::lesson(error.refusal)))
    }

    fn model(&self, route: LlmRoute) -> Result<&'a dyn Llm, ActionError> {
        let terms = self.intent.permit().terms();
        if terms.stage == Stage::Look {
            return Err(self.fail(UpstreamError::Forbidden));
        }
        if terms.labels.has(Label::Confidential) {
            return Err(self.taught(&model::STANDING));
        }
        self.ports.llm.filter(|llm| llm.has(route)).ok_or_else(|| self.taught(&model::OFF))
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

    /// Graph said yes to something this action cannot work with.
    pub(crate) fn taught(&self, lesson: &'static Lesson) -> ActionError {
        self.fail(Cause::Taught(lesson))
    }

    fn fail(&self, cause: impl Into<Cause>) -> ActionError {
        let permit = self.intent.permit();
        ActionError::new(self.action(), permit.scopes(), cause.into())
            .while_looking(permit.terms().stage == Stage::Look)
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

/// What travels in one exchange.
#[derive(Clone)]
enum Exchange {
    Request(GraphRequest),
    Batch(Vec<GraphRequest>),
    Bytes(Transfer),
}

impl Exchange {
    /// Whether something may be different after it.
    fn changes(&self) -> bool {
        match self {
            Self::Request(request) => !request.call.safe,
            Self::Batch(requests) => requests.iter().any(|request| !request.call.safe),
            Self::Bytes(transfer) => transfer.upload.is_some(),
        }
    }

    /// Bytes put in their place twice are the same bytes.
    fn retry(&self) -> Retry {
        match self {
            Self::Request(request) => request.call.retry,
            Self::Batch(_) if self.changes() => Retry::RefusedOnly,
            Self::Batch(_) | Self::Bytes(_) => Retry::Idempotent,
        }
    }

    /// What a failure is: an address of content that does not open says nothing about the person's sign-in or the item.
    fn cause(&self, error: UpstreamError) -> Cause {
        match (self, &error) {
            (Self::Bytes(_), UpstreamError::Graph { status: 401 | 403 | 404 | 410, .. }) => {
                Cause::ContentRefused
            }
            _ => Cause::Upstream(error),
        }
    }

    const fn carries_token(&self) -> bool {
        !matches!(self, Self::Bytes(_))
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
