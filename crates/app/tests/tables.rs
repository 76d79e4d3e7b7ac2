//! The tables against what the running server does: nothing is listed that never happens, nothing happens unlisted.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use m365_app::config::Ingress;
use m365_app::errors::ERRORS;
use m365_app::routes::{Gate, ROUTES, bypass_paths};
use m365_mcp::ProtocolRefusal;
use m365_types::{AuditKind, Profile};
use serde_json::json;

use crate::callers::every_scope;
use crate::harness::{ALEX, ASSERTION, Message, SAM, Site, question};
use crate::tool_rows::actions;
use crate::webhooks;

/// Plays everything that leaves a record of a kind of its own: every action, and every turn of an authorization.
fn kinds_written() -> BTreeSet<String> {
    let site = Site::new(Profile::Full);
    site.network().give_short_tokens();
    let (client, scopes) = (site.register(), every_scope());
    site.answer_consent(&ALEX, &client, &scopes, true);
    let refused = site.answer_consent(&SAM, &client, &scopes, false);
    site.return_from_microsoft(&SAM, refused, Some("access_denied"));
    let tokens = site.grant(&ALEX, &client, &scopes);
    for (action, row) in actions() {
        site.network().graph_plays(row.answers());
        let asked = site.call(Some(&tokens.access), &action.spec, &row.arguments());
        if site.approve_all(&asked) {
            site.network().graph_plays(row.answers());
            site.call(Some(&tokens.access), &action.spec, &row.arguments());
        }
    }
    let stranger = json!({ "to": "eve@fabrikam.example", "subject": "s", "body": "b" });
    let send = site.saying(Some(&tokens.access), Message::tool("sendEmail", &stranger), &json!({}));
    let question = question(&site.ask(send));
    let own = ALEX.assertion(site.now());
    assert_eq!(site.answer_question(&own, &question, "deny").status, 303);
    site.send_own_form(&ALEX, "/me/labels", &[]);
    site.ask(site.message(Some(&tokens.access), "tools/none", None, json!({})));
    let bare = site.request("GET", "/authorize").header(ASSERTION, ALEX.assertion(site.now()));
    site.ask(bare.body(Body::empty()).unwrap());
    assert_eq!(site.refresh(&client, &tokens.refresh).status, 200);
    site.clock().advance(Duration::from_mins(1));
    assert_eq!(site.refresh(&client, &tokens.refresh).status, 400, "a refresh token is used once");
    let again = site.grant(&ALEX, &client, &scopes);
    let revoked = site.ask(site.post("/revoke", &[("token", &again.refresh), ("client_id", &client.id)]));
    assert_eq!(revoked.status, 200);
    for path in ["/operator/kill", "/operator/unpin", "/operator/readmit", "/operator/visit"] {
        let mut order = json!({ "reason": "a test of records" });
        if path != "/operator/visit" {
            order["person"] = json!("alex@contoso.example");
        }
        assert_eq!(site.operate(path, &order).status, 200, "{path}");
    }
    let records = site.records().into_iter().chain(webhooks::records_of_one_given_up());
    let records = records.chain(webhooks::records_of_policies());
    records.filter_map(|record| record["kind"].as_str().map(str::to_owned)).collect()
}

#[test]
fn every_kind_of_record_is_written_by_something() {
    let written = kinds_written();
    for kind in AuditKind::ALL {
        assert!(written.contains(kind.as_str()), "{} in {written:?}", kind.as_str());
    }
}

#[test]
fn codes_of_errors_are_unique_across_both_tables() {
    let protocol = ProtocolRefusal::ALL.iter().map(|refusal| format!("mcp.{}", refusal.word()));
    let codes: Vec<String> = ERRORS.iter().map(|row| row.code.to_owned()).chain(protocol).collect();
    let different: BTreeSet<&String> = codes.iter().collect();
    assert_eq!(different.len(), codes.len());
}

#[test]
fn every_code_of_a_perimeter_record_comes_with_the_status_of_a_row() {
    let site = Site::new(Profile::Full);
    for route in ROUTES {
        for method in ["GET", "POST", "PUT"] {
            let answer = site.ask(site.request(method, route.path).body(Body::empty()).unwrap());
            for record in site.records_of(&answer) {
                let row = ERRORS.iter().find(|row| record["status"] == row.status.as_u16());
                assert!(row.is_some(), "{method} {}: {record}", route.path);
                assert_eq!(record["status"], answer.status.as_u16(), "{method} {}", route.path);
                assert_eq!(record["route"], route.path, "{method} {}", route.path);
            }
        }
    }
}

#[test]
fn access_lets_through_every_route_it_does_not_guard_and_no_other() {
    let bypassed = |path: &str| {
        bypass_paths(Ingress::Oauth)
            .iter()
            .any(|rule| rule.strip_suffix('*').map_or(*rule == path, |beginning| path.starts_with(beginning)))
    };
    for route in ROUTES {
        assert_eq!(
            bypassed(route.path),
            !matches!(route.gate, Gate::Access | Gate::Operator),
            "{}",
            route.path
        );
    }
    let needed = |rule: &str| ROUTES.iter().any(|route| route.path.starts_with(rule.trim_end_matches('*')));
    assert!(bypass_paths(Ingress::Oauth).into_iter().all(needed), "a rule lets through what is no route");
}
