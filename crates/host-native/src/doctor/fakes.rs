//! A network in memory and a clock that stands still, for what loopback cannot show: TLS, other hosts, wrong clocks.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, Request, Response};
use m365_ports::{Bounds, Clock, Outbound, OutboundError};
use m365_types::UnixMillis;

use super::Examination;
use crate::ports::entropy::SystemEntropy;
use crate::remote::wire::{Answer, Ask, Wire};

/// 2026-11-22T15:00:00Z
pub(super) const NOW: UnixMillis = UnixMillis::from_millis(1_795_359_600_000);

type Said = Result<Response<Bytes>, OutboundError>;

/// Answers by URL; what is asked for is kept.
pub(super) struct FakeNetwork {
    answers: Box<dyn Fn(&str) -> Said + Send + Sync>,
    pub(super) asked: Mutex<Vec<(String, http::HeaderMap)>>,
}

impl FakeNetwork {
    pub(super) fn new(answers: impl Fn(&str) -> Said + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { answers: Box::new(answers), asked: Mutex::default() })
    }
}

#[async_trait]
impl Outbound for FakeNetwork {
    async fn send(&self, request: Request<Bytes>, _: Bounds) -> Said {
        let url = request.uri().to_string();
        self.asked.lock().unwrap().push((url.clone(), request.headers().clone()));
        (self.answers)(&url)
    }
}

struct FrozenClock;

impl Clock for FrozenClock {
    fn now(&self) -> UnixMillis {
        NOW
    }
}

/// An examination of this address over this network, without credentials.
pub(super) fn examination(address: &str, network: Arc<FakeNetwork>) -> Examination {
    Examination {
        target: address.parse().unwrap(),
        team: None,
        closed: Vec::new(),
        access_token: None,
        service_token: None,
        wire: Wire::new(network),
        clock: Arc::new(FrozenClock),
        entropy: Arc::new(SystemEntropy),
    }
}

/// A response without a body.
pub(super) fn response(status: u16, headers: &[(&str, &str)]) -> Response<Bytes> {
    let mut response = Response::new(Bytes::new());
    *response.status_mut() = status.try_into().unwrap();
    for (name, value) in headers {
        response.headers_mut().append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    response
}

/// The same with a body.
pub(super) fn response_with(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
    response(status, headers).map(|_| Bytes::from(body.to_owned()))
}

/// An answer with these headers, as the wire gives it.
pub(super) fn answer(status: u16, headers: &[(&str, &str)]) -> Answer {
    let made = response(status, headers);
    let network = FakeNetwork::new(move |_| Ok(made.clone()));
    run(Wire::new(network).send(Ask::get("https://mcp.example.com/"))).unwrap()
}

/// Runs a future to its end.
pub(super) fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}
