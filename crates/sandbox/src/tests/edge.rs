//! The edge: who gets through, and what the origin sees of it.

use super::*;

fn with(mut request: Request<Full<Bytes>>, headers: &[(&'static str, &str)]) -> Request<Full<Bytes>> {
    for (name, value) in headers {
        request.headers_mut().append(*name, value.parse().expect("a header value"));
    }
    request
}

#[tokio::test]
async fn a_bypassed_path_passes_without_an_assertion_and_forged_headers_are_removed_everywhere() {
    let site = Site::start().await;
    let forged = [
        ("cf-access-jwt-assertion", "forged"),
        ("cf-access-authenticated-user-email", "boss@contoso.example"),
        ("cf-access-client-id", "x"),
        ("cf-access-client-secret", "y"),
        ("x-sandbox-time", "1"),
        ("cf-connecting-ip", "203.0.113.9"),
        ("cookie", "a=1; CF_Authorization=forged; b=2"),
        ("host", "mcp.contoso.example"),
        ("connection", "x-sandbox-time, x-mine"),
        ("x-mine", "1"),
    ];
    let seen = send(with(get_from(&site.edge("/mcp?q=%20x")), &forged)).await.json();
    assert_eq!(seen["uri"], "/mcp?q=%20x");
    let headers = &seen["headers"];
    for name in [
        "cf-access-jwt-assertion",
        "cf-access-authenticated-user-email",
        "cf-access-client-id",
        "cf-access-client-secret",
        "x-mine",
    ] {
        assert!(headers.get(name).is_none(), "{name}");
    }
    assert_eq!(headers["cookie"], "a=1; b=2");
    assert_eq!(headers["cf-connecting-ip"], "127.0.0.1");
    assert_eq!(headers["x-forwarded-proto"], "http");
    assert_eq!(headers["host"], "mcp.contoso.example");
    let time: u64 = text(&headers["x-sandbox-time"]).parse().expect("milliseconds");
    assert!(time > 1_700_000_000_000, "{time}");
}

#[tokio::test]
async fn a_protected_path_gets_the_assertion_of_the_cookie_and_nothing_the_client_made_up() {
    let site = Site::start().await;
    let made = site.control("assert", &json!({"email": ALEX})).await;
    let (cookie, assertion) = (text(&made["cookie"]), text(&made["assertion"]));
    let headers = [("cookie", cookie.as_str()), ("cf-access-jwt-assertion", "forged")];
    let seen = send(with(get_from(&site.edge("/consent")), &headers)).await.json();
    assert_eq!(seen["headers"]["cf-access-jwt-assertion"], assertion);
    assert!(seen["headers"].get("cookie").is_none());
}

#[tokio::test]
async fn without_a_valid_session_a_browser_is_sent_to_sign_in_and_a_post_is_refused() {
    let site = Site::start().await;
    let mut cookies = vec![String::new(), "CF_Authorization=x.y.z".to_owned()];
    for order in [
        json!({"email": ALEX, "ttl": -1}),
        json!({"email": ALEX, "alg": "none"}),
        json!({"email": ALEX, "alg": "HS256"}),
        json!({"email": ALEX, "key": "foreign"}),
        json!({"email": ALEX, "claims": {"aud": "another application"}}),
        json!({"email": ALEX, "claims": {"iss": "https://other.example"}}),
        json!({"email": ALEX, "claims": {"exp": null}}),
    ] {
        cookies.push(site.cookie(&order).await);
    }
    for cookie in cookies {
        let headers = [("cookie", cookie.as_str())];
        let asked = send(with(get_from(&site.edge("/me")), &headers)).await;
        assert_eq!(asked.status, StatusCode::FOUND, "{cookie}");
        assert!(asked.header("location").starts_with(&site.sandbox("/cdn-cgi/access/login?redirect_url=")));
        let posted = send(with(post_json(&site.edge("/consent"), &json!({})), &headers)).await;
        assert_eq!(posted.status, StatusCode::FORBIDDEN, "{cookie}");
    }
}

#[tokio::test]
async fn a_service_token_gets_through_with_its_secret_only() {
    let site = Site::start().await;
    let token = &site.config().await["serviceTokens"][0];
    let (id, secret) = (text(&token["clientId"]), text(&token["clientSecret"]));
    let ask = async |headers: &[(&'static str, &str)]| send(with(get_from(&site.edge("/me")), headers)).await;
    let good = ask(&[("cf-access-client-id", &id), ("cf-access-client-secret", &secret)]).await.json();
    assert!(good["headers"].get("cf-access-client-secret").is_none());
    let assertion = text(&good["headers"]["cf-access-jwt-assertion"]);
    let claims = site.running.estate.keys.access.verified_claims(&assertion).expect("keys").expect("genuine");
    assert_eq!(claims["common_name"], id);
    let wrong = ask(&[("cf-access-client-id", &id), ("cf-access-client-secret", "wrong")]).await;
    assert_eq!(wrong.status, StatusCode::FORBIDDEN);
    let half = ask(&[("cf-access-client-id", &id)]).await;
    assert_eq!(half.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn bodies_pass_both_ways_and_events_arrive_before_the_stream_ends() {
    let site = Site::start().await;
    let long = "x".repeat(1_000_000);
    let echoed = send(post_json(&site.edge("/mcp"), &Value::String(long.clone()))).await.json();
    assert_eq!(echoed["method"], "POST");
    assert_eq!(text(&echoed["body"]).len(), long.len() + 2);
    let mut stream = open(get_from(&site.edge("/.well-known/events"))).await.expect("an answer");
    let first = stream.frame().await.expect("a frame").expect("no fault").into_data().expect("data");
    assert_eq!(first, "data: one\n\n");
}

#[tokio::test]
async fn the_edge_says_when_the_origin_cannot_be_reached() {
    let site = Site::start().await;
    let estate = &site.running.estate;
    let free = TcpListener::bind("127.0.0.1:0").await.expect("bound");
    let nobody = format!("http://{}", free.local_addr().expect("an address"));
    drop(free);
    for origin in ["", nobody.as_str()] {
        estate.set_origin_url(origin);
        let failed = send(get_from(&site.edge("/mcp"))).await;
        assert_eq!(failed.status, StatusCode::BAD_GATEWAY, "{origin}");
        assert!(failed.body.contains("origin") || failed.body.contains("server"), "{}", failed.body);
    }
}

#[tokio::test]
async fn the_edge_answers_its_own_paths_and_never_forwards_them() {
    let site = Site::start().await;
    let cookie = site.cookie(&json!({"email": ALEX})).await;
    let headers = [("cookie", cookie.as_str())];
    let identity = send(with(get_from(&site.edge("/cdn-cgi/access/get-identity")), &headers)).await;
    assert_eq!(identity.json()["email"], ALEX);
    let out = send(with(get_from(&site.edge("/cdn-cgi/access/logout")), &headers)).await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    let unknown = send(with(get_from(&site.edge("/cdn-cgi/trace")), &headers)).await;
    assert_eq!(unknown.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn the_echo_provider_of_the_gateway_goes_through_the_edge_like_anybody() {
    let site = Site::start().await;
    let config = site.config().await;
    let provider = format!(
        "{}/v1/{}/{}/custom-m365-echo",
        text(&config["aiGatewayBaseUrl"]),
        text(&config["accountId"]),
        text(&config["gatewayId"])
    );
    let token = format!("Bearer {}", text(&config["gatewayToken"]));
    let headers = [("cf-aig-authorization", token.as_str()), ("x-m365-echo", "stamp")];
    let through = send(with(post_json(&format!("{provider}/mcp"), &json!({"a": 1})), &headers)).await;
    assert_eq!(through.status, StatusCode::OK);
    assert!(!through.header("cf-aig-log-id").is_empty());
    let seen = through.json();
    assert_eq!((&seen["uri"], &seen["body"]), (&json!("/mcp"), &json!("{\"a\":1}")));
    assert_eq!(seen["headers"]["x-m365-echo"], "stamp");
    for name in ["cf-aig-authorization", "cf-access-client-secret", "cf-access-jwt-assertion"] {
        assert!(seen["headers"].get(name).is_none(), "{name}");
    }
    let guarded = send(with(post_json(&format!("{provider}/echo"), &json!({})), &headers)).await;
    assert!(guarded.json()["headers"].get("cf-access-jwt-assertion").is_some());
    site.control("fault", &json!({"target": "gateway", "kind": "dlp_response", "times": 1})).await;
    let blocked = send(with(post_json(&format!("{provider}/mcp"), &json!({})), &headers)).await;
    assert_eq!(blocked.json()["internalCode"], 2030);
}
