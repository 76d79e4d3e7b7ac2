//! Requests whose answer is not there yet, and answers that come piece by piece.

use std::sync::Arc;

use axum::body::Body;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::BodyExt as _;
use m365_ports::BoxFuture;
use tower_service::Service as _;

use super::site::{Answer, Site};
use super::tasks::Tasks;

/// A request on its way. Dropping it is its client going away.
pub(crate) struct Underway {
    tasks: Arc<Tasks>,
    answer: BoxFuture<'static, Answer>,
}

/// An answer whose head is there. Dropping it closes the connection.
pub(crate) struct Reading {
    tasks: Arc<Tasks>,
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    body: Body,
}

/// What a reader gets next.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Piece {
    /// So much came.
    Came(String),
    /// Nothing for now.
    Nothing,
    /// The end.
    End,
}

impl Site {
    /// Sends the request and goes as far with it as it goes.
    pub(crate) fn begin(&self, request: Request<Body>) -> Underway {
        let (mut router, tasks) = (self.router.clone(), self.tasks());
        let answer = Box::pin(async move { Answer::read(router.call(request).await.unwrap()).await });
        let mut underway = Underway { tasks, answer };
        assert!(underway.answer().is_none(), "the request was answered at once");
        underway
    }

    /// Asks, and reads no more than the head of the answer.
    pub(crate) fn open(&self, request: Request<Body>) -> Reading {
        let (mut router, tasks) = (self.router.clone(), self.tasks());
        let (head, body) = tasks.finish(async { router.call(request).await.unwrap() }).into_parts();
        Reading { tasks, status: head.status, headers: head.headers, body }
    }
}

impl Underway {
    /// The answer, where it is there now.
    pub(crate) fn answer(&mut self) -> Option<Answer> {
        self.tasks.drive(self.answer.as_mut())
    }

    /// The client goes away, and what goes on without it does.
    pub(crate) fn leave(self) {
        let Self { tasks, answer } = self;
        drop(answer);
        tasks.settle();
    }
}

impl Reading {
    /// The next piece.
    pub(crate) fn next(&mut self) -> Piece {
        match self.tasks.drive(std::pin::pin!(self.body.frame())) {
            Some(Some(frame)) => {
                let data = frame.unwrap().into_data().unwrap();
                Piece::Came(String::from_utf8(data.to_vec()).unwrap())
            }
            Some(None) => Piece::End,
            None => Piece::Nothing,
        }
    }

    /// The text of the next piece.
    pub(crate) fn text(&mut self) -> String {
        match self.next() {
            Piece::Came(text) => text,
            other => panic!("no text but {other:?}"),
        }
    }

    /// The JSON-RPC message of the next piece.
    pub(crate) fn message(&mut self) -> serde_json::Value {
        let text = self.text();
        let data = text.strip_prefix("event: message\ndata: ").and_then(|rest| rest.strip_suffix("\n\n"));
        serde_json::from_str(data.unwrap_or_else(|| panic!("no message: {text}"))).unwrap()
    }

    /// The reader goes away, and what goes on without it does.
    pub(crate) fn leave(self) {
        let Self { tasks, body, .. } = self;
        drop(body);
        tasks.settle();
    }
}
