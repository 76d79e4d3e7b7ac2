//! The hosts of client metadata documents.

use super::*;

const CODEX: &str = "/_clients/chatgpt.com/oauth/codex/client.json";

#[tokio::test]
async fn a_well_known_client_has_a_document_that_names_its_own_address() {
    let site = Site::start().await;
    let got = send(get_from(&site.sandbox(CODEX))).await;
    assert_eq!((got.status, got.header("content-type")), (StatusCode::OK, "application/json"));
    assert_eq!(got.json()["client_id"], "https://chatgpt.com/oauth/codex/client.json");
    assert!(got.json()["redirect_uris"].is_array());
    let other = send(get_from(&site.sandbox("/_clients/chatgpt.com/oauth/other.json"))).await;
    assert_eq!(other.status, StatusCode::NOT_FOUND);
    let recorded = send(get_from(&site.sandbox("/_control/requests?target=clients"))).await.json();
    assert_eq!(recorded["requests"][0]["path"], "/chatgpt.com/oauth/codex/client.json");
    assert_eq!(recorded["requests"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn an_answer_is_as_bad_as_it_was_ordered() {
    let site = Site::start().await;
    let url = "https://client.example/a";
    for (order, status, kind, body) in [
        (json!({"url": url, "body": {"a": 1}}), 200, "application/json", "{\"a\":1}"),
        (json!({"url": url, "body": "<p>", "content_type": "text/html"}), 200, "text/html", "<p>"),
        (json!({"url": url, "body": "x", "status": 500}), 500, "application/json", "x"),
        (json!({"url": url, "body": "", "redirect": "https://b.example"}), 302, "application/json", ""),
        (json!({"url": url, "body": "streamed", "body_delay_ms": 0}), 200, "application/json", "streamed"),
    ] {
        site.control("client_document", &order).await;
        let got = send(get_from(&site.sandbox("/_clients/client.example/a"))).await;
        assert_eq!((got.status.as_u16(), got.header("content-type")), (status, kind), "{order}");
        assert_eq!(got.body, body, "{order}");
        let streamed = order["body_delay_ms"].is_number();
        assert_eq!(got.header("content-length").is_empty(), streamed, "{order}");
    }
    for order in [
        json!({"url": "http://client.example/a", "body": ""}),
        json!({"url": "https://client.example", "body": ""}),
        json!({"url": url}),
        json!({"url": url, "body": "", "delay_ms": 60_001}),
        json!({"url": url, "body": "", "status": 7}),
        json!({"url": url, "body": "", "headers": {"a b": "c"}}),
    ] {
        let got = send(post_json(&site.sandbox("/_control/client_document"), &order)).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{order}");
    }
}

#[tokio::test]
async fn the_configuration_names_what_stands_in_for_the_hosts() {
    let site = Site::start().await;
    let base = text(&site.config().await["clientMetadataBaseUrl"]);
    assert_eq!(base, site.sandbox("/_clients"));
}
