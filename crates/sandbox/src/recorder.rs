//! What each simulated system received, for assertions: a bounded ring.
//!
//! Invariant: no secret is kept. Header values that carry one are replaced by its kind before they are stored;
//! callers do the same with bodies. When the ring is full the oldest record goes.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use http::HeaderMap;
use serde::Serialize;

use crate::faults::Target;

const CAPACITY: usize = 20_000;

/// One received request.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Recorded {
    /// The system that received it.
    pub target: Target,
    /// The person it was made for, by e-mail address, where known.
    pub person: Option<String>,
    /// HTTP method.
    pub method: String,
    /// Path without query.
    pub path: String,
    /// Query without the question mark; empty when there was none.
    pub query: String,
    /// Headers by lower-case name, secrets replaced by their kind.
    pub headers: BTreeMap<String, String>,
    /// Body: JSON as it was, a form as an object, other text as a string, nothing as `null`.
    pub body: serde_json::Value,
}

/// The ring of received requests.
#[derive(Debug, Default)]
pub struct Recorder {
    ring: Mutex<VecDeque<Recorded>>,
}

impl Recorder {
    /// Keeps one request.
    pub fn record(&self, recorded: Recorded) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= CAPACITY {
            ring.pop_front();
        }
        ring.push_back(recorded);
    }

    /// The kept requests of a system and a person (`None`: of any), oldest first.
    #[must_use]
    pub fn matching(&self, target: Option<Target>, person: Option<&str>) -> Vec<Recorded> {
        let ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        let wanted = |recorded: &&Recorded| {
            target.is_none_or(|target| recorded.target == target)
                && person.is_none_or(|person| {
                    recorded.person.as_deref().is_some_and(|known| known.eq_ignore_ascii_case(person))
                })
        };
        ring.iter().filter(wanted).cloned().collect()
    }

    /// Forgets everything.
    pub fn clear(&self) {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// The headers as they may be stored: secrets replaced by their kind, repeated headers joined by `, `.
#[must_use]
pub fn shown_headers(headers: &HeaderMap) -> BTreeMap<String, String> {
    let mut shown = BTreeMap::<String, String>::new();
    for (name, value) in headers {
        let value = shown_value(name.as_str(), &String::from_utf8_lossy(value.as_bytes()));
        shown
            .entry(name.as_str().to_owned())
            .and_modify(|joined| {
                joined.push_str(", ");
                joined.push_str(&value);
            })
            .or_insert(value);
    }
    shown
}

fn shown_value(name: &str, value: &str) -> String {
    let kind = match name {
        "authorization" if value.starts_with("Basic ") => "Basic <client credentials>",
        "authorization" if value.starts_with("Bearer ") => "Bearer <microsoft access token>",
        "cf-aig-authorization" if value.starts_with("Bearer ") => "Bearer <gateway token>",
        "authorization" | "cf-aig-authorization" | "proxy-authorization" => "<credentials>",
        "cf-access-jwt-assertion" | "cf-access-token" => "<assertion>",
        "cf-access-client-secret" => "<service token secret>",
        "cookie" | "set-cookie" => "<cookie>",
        "x-m365-echo" => "<stamp>",
        _ => return value.to_owned(),
    };
    kind.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(target: Target, person: Option<&str>, path: &str) -> Recorded {
        Recorded {
            target,
            person: person.map(str::to_owned),
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: String::new(),
            headers: BTreeMap::new(),
            body: serde_json::Value::Null,
        }
    }

    #[test]
    fn requests_are_found_by_target_and_person() {
        let recorder = Recorder::default();
        recorder.record(recorded(Target::Graph, Some("alex@contoso.example"), "/1"));
        recorder.record(recorded(Target::Entra, Some("alex@contoso.example"), "/2"));
        recorder.record(recorded(Target::Graph, None, "/3"));
        assert_eq!(recorder.matching(None, None).len(), 3);
        assert_eq!(recorder.matching(Some(Target::Graph), None).len(), 2);
        let of_alex = recorder.matching(Some(Target::Graph), Some("ALEX@contoso.example"));
        assert_eq!(of_alex.iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["/1"]);
        recorder.clear();
        assert!(recorder.matching(None, None).is_empty());
    }

    #[test]
    fn a_full_ring_drops_the_oldest() {
        let recorder = Recorder::default();
        for index in 0..=CAPACITY {
            recorder.record(recorded(Target::Graph, None, &index.to_string()));
        }
        let kept = recorder.matching(None, None);
        assert_eq!((kept.len(), kept[0].path.as_str()), (CAPACITY, "1"));
    }

    #[test]
    fn no_header_secret_is_kept() {
        let mut headers = HeaderMap::new();
        for name in [
            "authorization",
            "cf-aig-authorization",
            "cf-access-jwt-assertion",
            "cf-access-client-secret",
            "cookie",
            "proxy-authorization",
            "x-m365-echo",
        ] {
            headers.insert(name, http::HeaderValue::from_static("Bearer s3cret"));
        }
        headers.insert("accept", http::HeaderValue::from_static("application/json"));
        let shown = shown_headers(&headers);
        assert!(shown.values().all(|value| !value.contains("s3cret")), "{shown:?}");
        assert_eq!(shown["authorization"], "Bearer <microsoft access token>");
        assert_eq!(shown["cf-aig-authorization"], "Bearer <gateway token>");
        assert_eq!(shown["accept"], "application/json");
    }
}
