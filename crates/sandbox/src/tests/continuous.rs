//! Continuous access evaluation: Graph refuses, Entra issues what was asked for, Graph accepts.

use super::entra::Client;
use super::*;
use crate::graph::GraphRequest;

const CAPABLE: &str = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;

async fn status(client: &Client, tokens: &Value) -> (u16, bool) {
    let estate = &client.site.running.estate;
    let mut headers = HeaderMap::new();
    let bearer = format!("Bearer {}", text(&tokens["access_token"]));
    headers.insert("authorization", bearer.parse().expect("a header"));
    let request = GraphRequest {
        method: Method::GET,
        path: "/v1.0/me".to_owned(),
        query: String::new(),
        headers,
        body: Bytes::new(),
    };
    let answer = estate.graph.handle(estate, request).await.expect("an answer");
    let challenge = answer.headers.get("www-authenticate").and_then(|value| value.to_str().ok());
    (answer.status.as_u16(), challenge.is_some_and(|text| text.contains("insufficient_claims")))
}

async fn signed_in(client: &Client, claims: &str) -> Value {
    let code = client.authorize(&[("claims", Some(claims))]).await.redirected("code").expect("a code");
    client.redeem(&code, &[]).await.json()
}

/// The challenge, with the capability.
async fn challenge(client: &Client, order: Value) -> String {
    let made = client.site.control("challenge", &order).await;
    let mut claims: Value = serde_json::from_str(&text(&made["claims"])).expect("JSON");
    claims["access_token"]["xms_cc"] = json!({"values": ["cp1"]});
    claims.to_string()
}

#[tokio::test]
async fn a_challenged_token_is_refused_until_one_with_the_claims_was_issued() {
    for status_wanted in [401, 403] {
        let client = Client::new().await;
        let tokens = signed_in(&client, CAPABLE).await;
        assert_eq!(status(&client, &tokens).await, (200, false));
        let claims = challenge(&client, json!({"email": ALEX, "status": status_wanted})).await;
        assert_eq!(status(&client, &tokens).await, (status_wanted, true));
        let refresh = text(&tokens["refresh_token"]);
        let without = client.refresh(&refresh, &[("claims", Some(CAPABLE))]).await.json();
        assert_eq!(status(&client, &without).await, (status_wanted, true));
        let with = client.refresh(&refresh, &[("claims", Some(&claims))]).await.json();
        assert_eq!(status(&client, &with).await, (200, false));
    }
}

#[tokio::test]
async fn who_did_not_declare_the_capability_is_not_challenged() {
    let client = Client::new().await;
    let tokens = client.signed_in().await;
    challenge(&client, json!({"email": ALEX})).await;
    assert_eq!(status(&client, &tokens).await, (200, false));
}

#[tokio::test]
async fn where_interaction_is_wanted_only_a_sign_in_with_the_claims_will_do() {
    let client = Client::new().await;
    let tokens = signed_in(&client, CAPABLE).await;
    let claims = challenge(&client, json!({"email": ALEX, "interaction": true})).await;
    let refused = client.refresh(&text(&tokens["refresh_token"]), &[("claims", Some(&claims))]).await;
    assert_eq!(refused.json()["error_codes"], json!([70043]));
    let again = signed_in(&client, &claims).await;
    assert_eq!(status(&client, &again).await, (200, false));
}

#[tokio::test]
async fn a_capable_client_s_token_lives_long_where_that_is_arranged() {
    let client = Client::new().await;
    client.site.control("entra", &json!({"long_lived": true})).await;
    assert_eq!(signed_in(&client, CAPABLE).await["expires_in"], 28 * 3600);
    assert!(client.signed_in().await["expires_in"].as_u64().expect("seconds") <= 5400);
}

#[tokio::test]
async fn a_fault_challenges_whatever_token_comes() {
    let client = Client::new().await;
    let tokens = signed_in(&client, CAPABLE).await;
    let fault = json!({"target": "graph", "person": ALEX, "kind": "claims_challenge", "times": 2});
    client.site.control("fault", &fault).await;
    for expected in [(401, true), (401, true), (200, false)] {
        assert_eq!(status(&client, &tokens).await, expected);
    }
    let misplaced = json!({"target": "entra", "kind": "claims_challenge"});
    let refused = send(post_json(&client.site.sandbox("/_control/fault"), &misplaced)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
}
