//! Data loss prevention on the way of a call: what is blocked reaches nobody, what is redacted goes on only as its copy, and
//! the records say which rule it was and never what was found.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use m365_types::{Profile, WebhookKind};
use rand_core::{OsRng, RngCore as _};
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Answer, Destination, Message, Site};
use crate::webhooks;

const SUBJECT: &str = "Build server";

/// A private key in PEM, of bytes that are none.
fn private_key() -> String {
    let mut bytes = [0; 96];
    OsRng.fill_bytes(&mut bytes);
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----", STANDARD.encode(bytes))
}

/// The id of an access key in the form that AWS gives them.
fn access_key() -> String {
    const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut bytes = [0; 16];
    OsRng.fill_bytes(&mut bytes);
    // So many different characters that it is no row of one.
    let letters = (0_u8..).zip(bytes).map(|(place, byte)| BASE32[usize::from((byte % 2) + 2 * place) % 32]);
    format!("AKIA{}", letters.map(char::from).collect::<String>())
}

fn granted(site: Site) -> (Site, String) {
    let token = site.grant(&ALEX, &site.register(), &every_scope()).access;
    (site, token)
}

fn inspecting() -> (Site, String) {
    granted(Site::new(Profile::Full).with(&[("INSPECT_RESPONSES", "gateway")]))
}

fn call(site: &Site, token: &str, tool: &str, arguments: &Value) -> Answer {
    site.ask(site.saying(Some(token), Message::tool(tool, arguments), &json!({})))
}

/// Reads a message with this body.
fn reads(site: &Site, token: &str, body: &str) -> Answer {
    let message = json!({
        "id": "message-1", "subject": SUBJECT, "body": { "contentType": "text", "content": body },
    });
    site.network().graph_answers(200, &message.to_string());
    call(site, token, "getEmail", &json!({ "id": "message-1", "timeZone": "UTC" }))
}

fn sentence(answer: &Answer) -> String {
    let result = &answer.json()["result"];
    assert_eq!(result["isError"], true, "{result}");
    result["content"][0]["text"].as_str().unwrap().to_owned()
}

#[test]
fn a_private_key_to_somebody_outside_is_blocked_before_anything_is_asked_and_told_of() {
    let (site, token) = granted(webhooks::site());
    let key = private_key();
    let mail = json!({ "to": "eve@fabrikam.example", "subject": SUBJECT, "body": format!("Here:\n{key}") });
    let answer = call(&site, &token, "sendEmail", &mail);
    assert!(sentence(&answer).contains("data loss prevention"), "{}", answer.text());
    assert!(site.network().take(Destination::Graph).is_empty(), "nothing was asked of Graph");
    let records = site.records_of(&answer);
    let [record] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!((&record["phase"], &record["decision"]), (&json!("event"), &json!("deny")));
    assert_eq!((&record["code"], &record["tool"]), (&json!("dlp.blocked"), &json!("sendEmail")));
    assert_eq!(record["basis"], "keys-to-others");
    assert!(!record.to_string().contains(&key[30..60]), "{record}");
    assert_eq!(site.rows("outbox"), 1);
    assert!(webhooks::ring_after(&site, webhooks::FIVE_SECONDS));
    let told = webhooks::told(&site);
    let [event] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(event.kind, WebhookKind::DlpBlocked);
    assert_eq!(event.request_id.unwrap().to_string(), answer.request_id());
}

#[test]
fn where_nobody_is_to_be_told_a_block_leaves_its_record_alone() {
    let (site, token) = granted(Site::new(Profile::Full));
    // The number that card networks give for tests.
    let mail = json!({ "to": "eve@fabrikam.example", "subject": "Card", "body": "4111 1111 1111 1111" });
    let answer = call(&site, &token, "sendEmail", &mail);
    sentence(&answer);
    assert_eq!(site.records_of(&answer)[0]["basis"], "payment-data-to-outside");
    assert_eq!(site.rows("outbox"), 0);
}

#[test]
fn a_draft_that_holds_a_key_is_looked_at_and_never_sent() {
    let (site, token) = granted(Site::new(Profile::Full));
    let draft = json!({
        "id": "message-1", "changeKey": "1", "subject": SUBJECT,
        "toRecipients": [{ "emailAddress": { "address": "eve@fabrikam.example" } }],
        "body": { "contentType": "text", "content": private_key() },
    });
    site.network().graph_plays([(200, draft.to_string().as_str()), (200, r#"{"value":[]}"#)]);
    let answer = call(&site, &token, "sendDraft", &json!({ "id": "message-1" }));
    assert!(sentence(&answer).contains("data loss prevention"), "{}", answer.text());
    let sent = site.network().take(Destination::Graph);
    assert!(!sent.is_empty() && sent.iter().all(|request| !request.uri().path().ends_with("/send")));
    let records = site.records_of(&answer);
    let codes: Vec<&str> = records.iter().map(|record| record["code"].as_str().unwrap_or("-")).collect();
    assert_eq!(codes, ["-", "ok", "dlp.blocked"]);
    assert_eq!((&records[0]["stage"], &records[2]["basis"]), (&json!("look"), &json!("keys-to-others")));
}

#[test]
fn an_access_key_is_taken_out_of_text_and_data_and_noted() {
    let (site, token) = granted(Site::new(Profile::Full));
    let key = access_key();
    let answer = reads(&site, &token, &format!("The key of the server is {key} as agreed."));
    assert!(!answer.text().contains(&key), "{}", answer.text());
    let result = &answer.json()["result"];
    for copy in [&result["content"][0]["text"], &result["structuredContent"]["body"]] {
        let copy = copy.to_string();
        assert!(copy.contains("[redacted: AWS access key") && copy.contains("as agreed"), "{result}");
    }
    let records = site.records_of(&answer);
    assert_eq!((&records[1]["verdict"], &records[1]["code"]), (&json!("done"), &json!("ok")));
    assert_eq!(records[1]["notes"], json!(["dlp.keys-in-results.aws-access-key"]));
    assert!(!records[1].to_string().contains(&key));
}

#[test]
fn what_is_clean_passes_the_gateway_as_the_copy_that_is_handed_out() {
    let (site, token) = inspecting();
    let key = access_key();
    let answer = reads(&site, &token, &format!("The key of the server is {key} as agreed."));
    let sent = site.network().take(Destination::Echo);
    let [echoed] = sent.as_slice() else { panic!("{} requests to the echo", sent.len()) };
    let payload: Value = serde_json::from_slice(echoed.body()).unwrap();
    let result = &answer.json()["result"];
    assert_eq!(payload, json!({ "text": result["content"][0]["text"], "data": result["structuredContent"] }));
    assert!(!payload.to_string().contains(&key), "the gateway gets the copy too");
    let records = site.records_of(&answer);
    assert_eq!(records[1]["traces"][1]["aiGatewayLogId"], "echo-log-1", "{}", records[1]);
}

#[test]
fn what_the_gateway_blocks_is_withheld() {
    let (site, token) = inspecting();
    site.network().refuse_echo(400, 2029);
    let answer = reads(&site, &token, "The figures of the quarter.");
    let told = sentence(&answer);
    assert!(told.contains("data loss prevention stopped the answer"), "{told}");
    assert!(!answer.text().contains("figures") && !answer.text().contains(SUBJECT));
    let outcome = &site.records_of(&answer)[1];
    assert_eq!((&outcome["verdict"], &outcome["code"]), (&json!("done"), &json!("dlp.blocked")));
    assert_eq!((&outcome["bytes"], outcome.get("labels")), (&json!(0), None), "nobody read it");
}

#[test]
fn what_the_gateway_cannot_look_at_is_withheld_too() {
    let (site, token) = inspecting();
    site.network().refuse_echo(429, 2003);
    let answer = reads(&site, &token, "The figures of the quarter.");
    assert!(sentence(&answer).starts_with("The answer is withheld"), "{}", answer.text());
    assert!(!answer.text().contains("figures"));
    assert_eq!(site.records_of(&answer)[1]["code"], "dlp.unavailable");
}
