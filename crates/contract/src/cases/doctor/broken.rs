//! A deployment that is broken in one way, and the ways to make one.

use crate::proxy::{Behind, FAITHFUL, Fault, Inbound, Outbound};

/// One way of being broken.
#[derive(Debug)]
pub(super) struct Broken {
    /// What is wrong.
    pub(super) name: &'static str,
    /// The check that must fail, and no other.
    pub(super) fails: &'static str,
    /// Checks that cannot be made because of it.
    pub(super) skips: &'static [&'static str],
    /// How it is brought about.
    pub(super) fault: Fault,
}

/// A deployment that changes answers.
pub(super) const fn changes(
    fails: &'static str,
    name: &'static str,
    answer: fn(&Inbound, &mut Outbound),
) -> Broken {
    Broken { name, fails, skips: &[], fault: Fault { answer, ..FAITHFUL } }
}

/// A deployment that changes requests, or answers some itself.
pub(super) const fn answers(
    fails: &'static str,
    name: &'static str,
    request: fn(&mut Inbound, &Behind) -> Option<Outbound>,
) -> Broken {
    Broken { name, fails, skips: &[], fault: Fault { request, ..FAITHFUL } }
}

/// A page, as one who was let in sees it.
pub(super) fn page() -> Outbound {
    Outbound::new(200, "text/html", "<h1>Welcome</h1>")
}

/// A refusal of this status.
pub(super) fn refusal(status: u16) -> Outbound {
    Outbound::new(status, "application/json", r#"{"error":"invalid_request"}"#)
}

/// The header by which pages of other sites may read an answer.
pub(super) const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// A health page that leads elsewhere.
pub(super) const REDIRECTING: Fault = Fault {
    request: |request, _| {
        let mut answer = Outbound::new(302, "text/plain", "");
        answer.set_header("location", "/followed");
        request.is("GET", "/healthz").then_some(answer)
    },
    ..FAITHFUL
};
