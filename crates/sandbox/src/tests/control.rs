//! The control plane: what it takes, what it refuses, and whom it answers.

use super::*;

#[tokio::test]
async fn orders_with_mistakes_are_refused_with_a_sentence() {
    let site = Site::start().await;
    for (path, order) in [
        ("person", json!({"email": ALEX, "colour": "red"})),
        ("person", json!({"email": "nobody"})),
        ("person", json!({"email": ALEX, "microsoft": "nobody@contoso.example"})),
        ("assert", json!({})),
        ("assert", json!({"email": ALEX, "service": "x"})),
        ("assert", json!({"email": "nobody@contoso.example"})),
        ("assert", json!({"service": "nobody"})),
        ("assert", json!({"email": ALEX, "alg": "ES256"})),
        ("assert", json!({"email": ALEX, "key": "previous"})),
        ("fault", json!({"target": "graph"})),
        ("fault", json!({"target": "mars", "kind": "reset"})),
        ("fault", json!({"target": "graph", "kind": "status"})),
        ("fault", json!({"target": "graph", "kind": "status", "status": 200})),
        ("fault", json!({"target": "graph", "kind": "delay"})),
        ("fault", json!({"target": "graph", "kind": "delay", "ms": 60_001})),
        ("fault", json!({"target": "graph", "kind": "reset", "status": 500})),
        ("fault", json!({"target": "graph", "kind": "reset", "times": 0})),
        ("fault", json!({"target": "graph", "kind": "dlp_request"})),
        ("fault", json!({"target": "graph", "kind": "status", "aadsts": 50173})),
        ("fault", json!({"target": "entra", "kind": "status", "aadsts": 1})),
        ("fault", json!({"target": "graph", "kind": "reset", "match": "v1.0"})),
        ("fault", json!({"target": "graph", "kind": "reset", "person": "nobody@contoso.example"})),
        ("rotate", json!({"target": "graph"})),
        ("clock", json!({"advance_secs": "1"})),
        ("revoke", json!({"email": "nobody@contoso.example"})),
    ] {
        let got = send(post_json(&site.sandbox(&format!("/_control/{path}")), &order)).await;
        assert_eq!(got.status, StatusCode::BAD_REQUEST, "{path} {order}");
        assert!(text(&got.json()["error"]).ends_with('.'), "{path} {order}: {}", got.body);
        assert_eq!(got.header("cache-control"), "no-store");
    }
    let unknown = send(get_from(&site.sandbox("/_control/nothing"))).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
    assert!(unknown.json()["error"].is_string());
    assert_eq!(
        send(get_from(&site.sandbox("/_control/assert"))).await.status,
        StatusCode::METHOD_NOT_ALLOWED
    );
    let filter = send(get_from(&site.sandbox("/_control/requests?target=mars"))).await;
    assert_eq!(filter.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn web_pages_and_other_host_names_are_not_answered() {
    let site = Site::start().await;
    let config = site.sandbox("/_control/config");
    let own = site.running.sandbox_url.clone();
    for (name, value, status) in [
        ("origin", "https://evil.example", StatusCode::FORBIDDEN),
        ("origin", "null", StatusCode::FORBIDDEN),
        ("host", "evil.example:8790", StatusCode::FORBIDDEN),
        ("origin", own.as_str(), StatusCode::OK),
        ("host", "localhost:8790", StatusCode::OK),
    ] {
        let mut request = get_from(&config);
        request.headers_mut().insert(name, value.parse().expect("a header"));
        let got = send(request).await;
        assert_eq!(got.status, status, "{name}: {value}");
        assert_eq!(got.body.contains("clientSecret"), status == StatusCode::OK);
    }
}

#[tokio::test]
async fn a_new_person_can_sign_in_and_the_clock_moves_with_the_edge() {
    let site = Site::start().await;
    let made = site.control("person", &json!({"email": "Kim@Fabrikam.example", "guest": true})).await;
    assert_eq!(
        (&made["email"], &made["domain"]),
        (&json!("kim@fabrikam.example"), &json!("fabrikam.example"))
    );
    let before = site.running.estate.clock.now_ms();
    site.control("clock", &json!({"advance_secs": 86_400})).await;
    let seen = send(get_from(&site.edge("/mcp"))).await.json();
    let time: u64 = text(&seen["headers"]["x-sandbox-time"]).parse().expect("milliseconds");
    assert!(time >= before + 86_400_000);
    assert!(site.cookie(&json!({"email": "kim@fabrikam.example"})).await.starts_with("CF_Authorization="));
}

#[tokio::test]
async fn received_requests_can_be_read_filtered_and_forgotten() {
    let site = Site::start().await;
    send(get_from(&site.sandbox("/cdn-cgi/access/certs?x=1"))).await;
    let read =
        async |query: &str| send(get_from(&site.sandbox(&format!("/_control/requests{query}")))).await.json();
    let request = &read("?target=access").await["requests"][0];
    assert_eq!(
        (&request["method"], &request["path"], &request["query"]),
        (&json!("GET"), &json!("/cdn-cgi/access/certs"), &json!("x=1"))
    );
    assert_eq!(read("?target=graph").await, json!({"requests": []}));
    let forget =
        Request::delete(site.sandbox("/_control/requests")).body(Full::default()).expect("a request");
    assert_eq!(send(forget).await.status, StatusCode::OK);
    assert_eq!(read("").await, json!({"requests": []}));
}

#[tokio::test]
async fn faults_can_be_cleared() {
    let site = Site::start().await;
    site.control("fault", &json!({"target": "access", "kind": "status", "status": 500})).await;
    let clear = Request::delete(site.sandbox("/_control/fault")).body(Full::default()).expect("a request");
    assert_eq!(send(clear).await.status, StatusCode::OK);
    assert_eq!(send(get_from(&site.sandbox("/cdn-cgi/access/certs"))).await.status, StatusCode::OK);
}

#[tokio::test]
async fn unknown_collections_are_not_found() {
    let site = Site::start().await;
    let got = send(get_from(&site.sandbox("/_control/graph/nothing"))).await;
    assert_eq!(got.status, StatusCode::NOT_FOUND);
    assert_eq!(send(get_from(&site.sandbox("/_control/gateway/logs"))).await.json()["logs"], json!([]));
}
