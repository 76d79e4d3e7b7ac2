//! The gateway's log: a bounded ring of rows.
//!
//! Source: the fields of AI Gateway's log API. Invariants: header values never enter a row, only names; bodies enter
//! only where the caller did not turn payload logging off.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::{Inbound, Outbound, dlp, header, metadata};

const CAPACITY: usize = 5_000;

/// The kept rows.
#[derive(Default)]
pub(super) struct Logs {
    ring: Mutex<VecDeque<Arc<LogRow>>>,
}

/// One logged request.
pub(super) struct LogRow {
    id: String,
    created_ms: u64,
    duration_ms: u64,
    metadata: Map<String, Value>,
    /// Slug of the custom provider.
    provider: String,
    method: http::Method,
    path: String,
    status: u16,
    cached: bool,
    dlp: Option<dlp::Finding>,
    header_names: Vec<String>,
    event_id: Option<String>,
    /// Request and response body, where payloads are logged.
    payload: Option<(Bytes, Bytes)>,
}

impl Logs {
    pub(super) fn push(&self, row: LogRow) {
        let mut ring = self.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.len() >= CAPACITY {
            ring.pop_front();
        }
        ring.push_back(Arc::new(row));
    }

    /// At most `limit` rows, newest first.
    pub(super) fn rows(&self, limit: usize) -> Vec<Arc<LogRow>> {
        self.ring.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().take(limit).cloned().collect()
    }
}

impl LogRow {
    pub(super) fn new(id: String, inbound: Inbound, outbound: Outbound, now_ms: u64) -> Self {
        let with_payload = header(&inbound.headers, "cf-aig-collect-log-payload") != Some("false");
        Self {
            id,
            created_ms: now_ms,
            duration_ms: now_ms.saturating_sub(inbound.started_ms),
            metadata: metadata::kept(header(&inbound.headers, "cf-aig-metadata")),
            provider: inbound.provider.slug(),
            method: inbound.method,
            path: inbound.path,
            status: outbound.status.as_u16(),
            cached: outbound.cached,
            dlp: outbound.dlp,
            header_names: inbound.headers.keys().map(|name| name.as_str().to_owned()).collect(),
            event_id: header(&inbound.headers, "cf-aig-event-id").map(str::to_owned),
            payload: with_payload.then_some((inbound.body, outbound.body)),
        }
    }

    pub(super) fn json(&self) -> Value {
        let created = i64::try_from(self.created_ms).unwrap_or(i64::MAX);
        let text = |body: &Bytes| String::from_utf8_lossy(body).into_owned();
        json!({
            "id": self.id, "metadata": self.metadata, "provider": self.provider, "method": self.method.as_str(),
            "path": self.path, "status": self.status, "success": self.status < 400,
            "durationMs": self.duration_ms, "cached": self.cached, "createdAtMs": self.created_ms,
            "createdAt": jiff::Timestamp::from_millisecond(created).unwrap_or_default().to_string(),
            "dlpAction": self.dlp.map(super::dlp::Finding::action), "requestHeaders": self.header_names,
            "eventId": self.event_id, "payload": self.payload.is_some(),
            "request": self.payload.as_ref().map(|(request, _)| text(request)),
            "response": self.payload.as_ref().map(|(_, response)| text(response)),
        })
    }
}
