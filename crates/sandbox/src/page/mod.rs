//! The live page at the sandbox's root: what the gateway logged beside what the server journalled.
//!
//! In scope: `GET /` (rendered on the server, complete without scripts) and `GET /events.json?since=` that a small
//! script asks once a second. Invariants: everything shown is escaped, by the template on the server and as text
//! nodes in the script; the policy admits nothing but this page's own style and script, by hash.

mod rows;

use std::sync::{Arc, LazyLock};

use axum::extract::{Query, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderName, HeaderValue};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use self::rows::Row;
use crate::estate::Estate;

const STYLE: &str = include_str!("live.css");
const SCRIPT: &str = include_str!("live.js");

/// Columns, in order; the script writes cells in the same order.
const COLUMNS: [&str; 9] = [
    "Time (UTC)",
    "Seen by",
    "Person",
    "Client",
    "Tool",
    "Outcome",
    "Status",
    "Gateway log",
    "Graph requests",
];

static POLICY: LazyLock<String> = LazyLock::new(|| {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
});

/// The routes of the page.
pub fn router() -> Router<Arc<Estate>> {
    Router::new().route("/", get(page)).route("/events.json", get(events))
}

#[derive(Deserialize)]
struct Since {
    /// Only rows that changed at or after this time, milliseconds since 1970.
    since: Option<u64>,
}

async fn events(State(estate): State<Arc<Estate>>, Query(since): Query<Since>) -> Response {
    let from = since.since.unwrap_or_default();
    let changed: Vec<Value> =
        rows::newest(&estate).iter().filter(|row| row.at_ms >= from).map(Row::json).collect();
    ([(CACHE_CONTROL, "no-store"), (X_CONTENT_TYPE_OPTIONS, "nosniff")], Json(json!({"rows": changed})))
        .into_response()
}

async fn page(State(estate): State<Arc<Estate>>) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (
            CONTENT_SECURITY_POLICY,
            HeaderValue::from_str(&POLICY).unwrap_or(HeaderValue::from_static("default-src 'none'")),
        ),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("x-frame-options"), HeaderValue::from_static("DENY")),
    ];
    (headers, document(&estate, &rows::newest(&estate)).into_string()).into_response()
}

fn document(estate: &Estate, rows: &[Row]) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Live calls · simulated estate" }
                link rel="icon" href="data:,";
                style { (PreEscaped(STYLE)) }
            }
            body {
                a .skip href="#calls" { "Skip to the calls" }
                header { (introduction(estate)) }
                main { (controls()) (table(rows)) }
                script { (PreEscaped(SCRIPT)) }
            }
        }
    }
}

fn introduction(estate: &Estate) -> Markup {
    let mcp = format!("{}/mcp", estate.config.edge_url);
    html! {
        h1 { "Live calls" }
        p .lead {
            "This process plays Cloudflare Access, Entra, AI Gateway and Microsoft Graph, so that the server can be tried without an account or a network. "
            "Each row below is one call: what the simulated gateway logged, joined by request id to what the server wrote into its journal."
        }
        dl {
            div { dt { "MCP URL" } dd { code { (mcp) } } }
            div {
                dt { "Who can sign in" }
                dd { @for (position, person) in estate.people.all().iter().take(6).enumerate() {
                    @if position > 0 { ", " }
                    span .person { (person.display_name) " " code { (person.email) } }
                } }
            }
        }
    }
}

fn controls() -> Markup {
    html! {
        div .controls {
            noscript { p { "Scripts are off: reload this page to see newer calls." } }
            label .live-only hidden for="filter" { "Filter" }
            input #filter .live-only hidden type="search" placeholder="person, tool, id …" autocomplete="off";
            button #pause .live-only hidden type="button" aria-pressed="false" { "Pause" }
            p #state role="status" {}
        }
    }
}

fn table(rows: &[Row]) -> Markup {
    html! {
        div #calls .scroll role="region" aria-label="Calls, newest first" tabindex="0" {
            table {
                caption .visually-hidden { "Calls, newest first" }
                thead { tr { @for column in COLUMNS { th scope="col" { (column) } } } }
                tbody #rows { @for row in rows { (line(row)) } }
            }
            p #empty hidden[!rows.is_empty()] {
                "Nothing yet. Connect an MCP client to the URL above, sign in, and call a tool."
            }
        }
    }
}

fn line(row: &Row) -> Markup {
    html! {
        tr data-key=(row.key) data-source=(row.source.name()) data-tone=(row.tone()) {
            td { time datetime=(row.moment()) { (row.time()) } }
            td .source { (row.source.label()) }
            td { (row.person) }
            td { (row.client) }
            td .tool { (row.tool) }
            td { span .pill { (row.outcome) } }
            td { (row.status) }
            td { (ids(&row.log_ids)) }
            td { (ids(&row.graph_ids)) }
        }
    }
}

fn ids(ids: &[String]) -> Markup {
    html! {
        @if ids.is_empty() { span .none { "–" } }
        @for id in ids { code .id { (id) } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::tests::estate;

    #[test]
    fn everything_shown_is_escaped_and_the_policy_names_no_outsider() {
        let hostile = "<script>alert(1)</script>\"'";
        let record =
            json!({"requestId": hostile, "atMs": 1, "person": hostile, "tool": hostile, "decision": hostile});
        let shown = document(&estate(), &rows::joined(&[record], &[])).into_string();
        assert!(!shown.contains("<script>alert"));
        assert!(shown.contains("&lt;script&gt;alert(1)&lt;/script&gt;"));
        assert!(!POLICY.contains("unsafe") && !POLICY.contains("http"));
        assert!(!SCRIPT.contains("innerHTML"));
    }

    #[test]
    fn the_page_says_where_to_connect_and_who_can_sign_in() {
        let estate = estate();
        let shown = document(&estate, &[]).into_string();
        assert!(shown.contains(&format!("{}/mcp", estate.config.edge_url)));
        for person in estate.people.all() {
            assert!(shown.contains(&person.email));
        }
        assert!(shown.contains("Nothing yet."));
    }
}
