//! Joining gateway log rows and journal records by request id.
//!
//! A call leaves an intent and an outcome in the journal and a row in the gateway's log for each Graph request. They
//! are one line here. What is in one place only is marked: a denied call never reaches the gateway, which is right; a
//! gateway row without a record would be a hole in the journal, which is not.

use std::collections::HashMap;

use serde_json::{Value, json};

use crate::estate::Estate;

/// Most records and log rows looked at, and so most lines shown.
const MOST: usize = 300;

/// One call.
#[derive(Debug)]
pub(super) struct Row {
    /// The request id, or the log id of a request without one.
    pub(super) key: String,
    /// The latest moment anything was written about it, milliseconds since 1970.
    pub(super) at_ms: u64,
    pub(super) source: Source,
    pub(super) person: String,
    pub(super) client: String,
    pub(super) tool: String,
    pub(super) outcome: String,
    pub(super) status: String,
    pub(super) log_ids: Vec<String>,
    pub(super) graph_ids: Vec<String>,
}

/// Where a call was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Both,
    Gateway,
    Journal,
}

impl Source {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Both => "both",
            Self::Gateway => "gateway",
            Self::Journal => "journal",
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Both => "Journal + gateway",
            Self::Gateway => "Gateway only",
            Self::Journal => "Journal only",
        }
    }
}

/// The newest calls, newest first.
pub(super) fn newest(estate: &Estate) -> Vec<Row> {
    let mut records = estate.journal.as_ref().map(|journal| journal.recent(MOST)).unwrap_or_default();
    for record in &mut records {
        name_person(estate, record);
    }
    joined(&records, &estate.gateway.newest_logs(MOST))
}

/// Journals hold identifiers; the page shows the name behind the subject.
fn name_person(estate: &Estate, record: &mut Value) {
    let subject = text(record, "/actor/subject");
    let person = estate.people.all().into_iter().find(|person| person.access_subject == subject);
    if let (Some(person), Some(fields)) = (person, record.as_object_mut()) {
        fields.insert("person".to_owned(), person.email.clone().into());
    }
}

/// Joins journal records and gateway rows, both newest first.
pub(super) fn joined(records: &[Value], logs: &[Value]) -> Vec<Row> {
    let mut rows: HashMap<String, Row> = HashMap::new();
    // Oldest first, so that an outcome overwrites what its intent said.
    for record in records.iter().rev() {
        let key = text(record, "/requestId");
        rows.entry(key.clone()).or_insert_with(|| Row::new(key, Source::Journal)).add_record(record);
    }
    for log in logs.iter().rev() {
        let named = Some(text(log, "/metadata/requestId")).filter(|id| !id.is_empty() && id != "-");
        let key = named.unwrap_or_else(|| text(log, "/id"));
        let row = rows.entry(key.clone()).or_insert_with(|| Row::new(key, Source::Gateway));
        row.add_log(log);
    }
    let mut rows: Vec<Row> = rows.into_values().collect();
    rows.sort_by(|a, b| (b.at_ms, &b.key).cmp(&(a.at_ms, &a.key)));
    rows.truncate(MOST);
    rows
}

impl Row {
    fn new(key: String, source: Source) -> Self {
        Self {
            key,
            at_ms: 0,
            source,
            person: String::new(),
            client: String::new(),
            tool: String::new(),
            outcome: String::new(),
            status: String::new(),
            log_ids: Vec::new(),
            graph_ids: Vec::new(),
        }
    }

    fn add_record(&mut self, record: &Value) {
        self.at_ms = self.at_ms.max(record.get("atMs").and_then(Value::as_u64).unwrap_or_default());
        for (field, path) in [
            (&mut self.person, "/person"),
            (&mut self.client, "/client"),
            (&mut self.tool, "/tool"),
            (&mut self.status, "/status"),
        ] {
            keep(field, text(record, path));
        }
        if self.tool.is_empty() {
            keep(&mut self.tool, text(record, "/kind"));
        }
        // A look to send is no message.
        let said: Vec<String> = ["/stage", "/decision", "/verdict", "/code"]
            .iter()
            .map(|path| text(record, path))
            .filter(|word| !word.is_empty())
            .collect();
        let open = text(record, "/phase") == "intent";
        keep(&mut self.outcome, if open { "started".to_owned() } else { said.join(" · ") });
        for trace in record.get("traces").and_then(Value::as_array).into_iter().flatten() {
            add(&mut self.log_ids, text(trace, "/aiGatewayLogId"));
            add(&mut self.graph_ids, text(trace, "/graphRequestId"));
        }
        for (field, name) in [(&mut self.log_ids, "gatewayLogIds"), (&mut self.graph_ids, "graphRequestIds")]
        {
            for id in record.get(name).and_then(Value::as_array).into_iter().flatten() {
                add(field, id.as_str().unwrap_or_default().to_owned());
            }
        }
    }

    fn add_log(&mut self, log: &Value) {
        if self.source == Source::Journal {
            self.source = Source::Both;
        }
        self.at_ms = self.at_ms.max(log.get("createdAtMs").and_then(Value::as_u64).unwrap_or_default());
        add(&mut self.log_ids, text(log, "/id"));
        for (field, path) in [
            (&mut self.person, "/metadata/userEmail"),
            (&mut self.client, "/metadata/mcpClient"),
            (&mut self.tool, "/metadata/mcpTool"),
        ] {
            if field.is_empty() {
                keep(field, text(log, path));
            }
        }
        if self.source == Source::Gateway {
            self.outcome = format!("{} {}", text(log, "/method"), text(log, "/path"));
        }
        if self.status.is_empty() {
            self.status = text(log, "/status");
        }
    }

    /// `good`, `bad`, `open` or `odd`: what the colours stand for, always beside words.
    pub(super) fn tone(&self) -> &'static str {
        let failed = self.status.parse::<u16>().is_ok_and(|status| status >= 400);
        let refused = ["deny", "error", "fail", "unknown", "block", "refus"]
            .iter()
            .any(|word| self.outcome.contains(word));
        match self.source {
            Source::Gateway => "odd",
            _ if failed || refused => "bad",
            _ if self.outcome == "started" => "open",
            _ => "good",
        }
    }

    /// RFC 3339.
    pub(super) fn moment(&self) -> String {
        let at_ms = i64::try_from(self.at_ms).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default().to_string()
    }

    /// `09:12:44`.
    pub(super) fn time(&self) -> String {
        let at_ms = i64::try_from(self.at_ms).unwrap_or(i64::MAX);
        jiff::Timestamp::from_millisecond(at_ms).unwrap_or_default().strftime("%H:%M:%S").to_string()
    }

    /// What the script shows.
    pub(super) fn json(&self) -> Value {
        json!({
            "key": self.key, "atMs": self.at_ms, "moment": self.moment(), "time": self.time(),
            "source": self.source.name(), "seenBy": self.source.label(), "tone": self.tone(),
            "person": self.person, "client": self.client, "tool": self.tool, "outcome": self.outcome,
            "status": self.status, "logIds": self.log_ids, "graphIds": self.graph_ids,
        })
    }
}

/// Text or number at a JSON pointer; empty for anything else.
fn text(value: &Value, pointer: &str) -> String {
    match value.pointer(pointer) {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

fn keep(field: &mut String, value: String) {
    if !value.is_empty() && value != "-" {
        *field = value;
    }
}

fn add(ids: &mut Vec<String>, id: String) {
    if !id.is_empty() && !ids.contains(&id) {
        ids.push(id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_in_both_places_is_one_row_with_all_its_ids() {
        let records = [
            json!({"requestId": "r", "atMs": 20, "phase": "outcome", "verdict": "ok", "status": 200,
                   "traces": [{"aiGatewayLogId": "l1", "graphRequestId": "g1"}, {"aiGatewayLogId": "l2", "graphRequestId": "g2"}]}),
            json!({"requestId": "r", "atMs": 10, "phase": "intent", "decision": "permit", "person": "alex", "tool": "getEmails"}),
        ];
        let logs = [
            json!({"id": "l2", "createdAtMs": 15, "metadata": {"requestId": "r", "mcpTool": "getEmails"}, "status": 200}),
        ];
        let rows = joined(&records, &logs);
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].source, rows[0].at_ms, rows[0].person.as_str()), (Source::Both, 20, "alex"));
        assert_eq!(
            (&rows[0].log_ids, &rows[0].graph_ids),
            (&vec!["l1".to_owned(), "l2".to_owned()], &vec!["g1".to_owned(), "g2".to_owned()])
        );
        assert_eq!((rows[0].outcome.as_str(), rows[0].tone()), ("ok", "good"));
    }

    #[test]
    fn what_is_in_one_place_only_is_marked() {
        let denied = json!({"requestId": "d", "atMs": 10, "kind": "mail", "decision": "deny"});
        let log = |metadata: Value| json!({"id": "l", "createdAtMs": 20, "metadata": metadata, "status": 200, "method": "GET", "path": "/v1.0/me"});
        let rows = joined(&[denied], &[log(json!({}))]);
        assert_eq!((rows[0].source, rows[0].key.as_str(), rows[0].tone()), (Source::Gateway, "l", "odd"));
        assert_eq!((rows[1].source, rows[1].tool.as_str(), rows[1].tone()), (Source::Journal, "mail", "bad"));
    }
}
