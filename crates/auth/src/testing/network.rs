//! A network whose answers a test writes.

use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use m365_ports::{Bounds, Outbound, OutboundError};

type Answer = Result<Response<Bytes>, OutboundError>;
type Handler = Box<dyn Fn(&Request<Bytes>) -> Answer + Send + Sync>;

#[derive(Default)]
pub(crate) struct FakeOutbound {
    handler: Mutex<Option<Handler>>,
    sent: Mutex<Vec<Request<Bytes>>>,
}

impl FakeOutbound {
    /// Answers every request from now on.
    pub(crate) fn answer(&self, handler: impl Fn(&Request<Bytes>) -> Answer + Send + Sync + 'static) {
        *self.handler.lock().unwrap() = Some(Box::new(handler));
    }

    pub(crate) fn count(&self, path_end: &str) -> usize {
        self.sent.lock().unwrap().iter().filter(|request| request.uri().path().ends_with(path_end)).count()
    }

    pub(crate) fn last_body(&self) -> String {
        self.last_body_to("")
    }

    /// The body of the last request whose path ends so.
    pub(crate) fn last_body_to(&self, path_end: &str) -> String {
        let sent = self.sent.lock().unwrap();
        let last = sent.iter().rfind(|request| request.uri().path().ends_with(path_end)).unwrap();
        String::from_utf8(last.body().to_vec()).unwrap()
    }
}

#[async_trait]
impl Outbound for FakeOutbound {
    async fn send(&self, request: Request<Bytes>, _: Bounds) -> Answer {
        let answer = match &*self.handler.lock().unwrap() {
            Some(handler) => handler(&request),
            None => Err(OutboundError::Connect),
        };
        self.sent
            .lock()
            .unwrap()
            .push(Request::from_parts(request.clone().into_parts().0, request.into_body()));
        // Lets others run, as an exchange does.
        let mut yielded = false;
        std::future::poll_fn(|context| {
            if std::mem::replace(&mut yielded, true) {
                return std::task::Poll::Ready(());
            }
            context.waker().wake_by_ref();
            std::task::Poll::Pending
        })
        .await;
        answer
    }
}
