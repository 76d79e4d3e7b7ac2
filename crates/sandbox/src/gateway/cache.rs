//! The gateway's cache, faithful to its trap.
//!
//! Source: live observation: identical requests were answered from the cache across users. The key is method, path and
//! query, or what the caller names; the `Authorization` header is no part of it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use axum::body::Bytes;
use http::{HeaderMap, Method, StatusCode};

use super::{Inbound, Outbound, header};

const CAPACITY: usize = 500;
const DEFAULT_TTL_MS: u64 = 300_000;

/// Answers by key.
#[derive(Default)]
pub(super) struct Cache {
    entries: Mutex<HashMap<String, Entry>>,
}

struct Entry {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    until_ms: u64,
}

impl Cache {
    pub(super) fn find(&self, key: &str, now_ms: u64) -> Option<Outbound> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get(key).filter(|entry| entry.until_ms > now_ms)?;
        Some(Outbound {
            status: entry.status,
            headers: entry.headers.clone(),
            body: entry.body.clone(),
            cached: true,
            dlp: None,
        })
    }

    pub(super) fn keep(&self, key: String, answer: &Outbound, until_ms: u64) {
        let entry = Entry {
            status: answer.status,
            headers: answer.headers.clone(),
            body: answer.body.clone(),
            until_ms,
        };
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.len() >= CAPACITY {
            entries.clear();
        }
        entries.insert(key, entry);
    }
}

/// The key of a request; only `GET` is cached.
pub(super) fn key(inbound: &Inbound) -> Option<String> {
    if inbound.method != Method::GET {
        return None;
    }
    let own = header(&inbound.headers, "cf-aig-cache-key").map(str::to_owned);
    Some(own.unwrap_or_else(|| format!("{}?{}", inbound.path, inbound.query)))
}

/// When an answer kept now is stale. A lifetime of zero does not turn the cache off.
pub(super) fn until_ms(inbound: &Inbound, now_ms: u64) -> u64 {
    let secs = header(&inbound.headers, "cf-aig-cache-ttl").and_then(|ttl| ttl.parse::<u64>().ok());
    now_ms + secs.filter(|secs| *secs > 0).map_or(DEFAULT_TTL_MS, |secs| secs.saturating_mul(1000))
}
