//! What the app registration accepts besides its secret, and what each wrong variant is told.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, crypto};
use rsa::pkcs1::EncodeRsaPrivateKey as _;
use rsa::pkcs8::DecodePrivateKey as _;

use super::entra::{Client, assert_refused};
use super::*;

const JWT: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A client whose registration has a certificate.
struct Certified {
    client: Client,
    key: EncodingKey,
    header: Value,
    claims: Value,
}

impl Certified {
    async fn new() -> Self {
        let client = Client::new().await;
        let pem = text(&client.site.control("certificate", &json!({})).await["pem"]);
        let answer = client.site.control("entra", &json!({"certificate": pem})).await;
        let end = pem.find("-----BEGIN CERTIFICATE").expect("a certificate");
        let pair = rsa::RsaPrivateKey::from_pkcs8_pem(&pem[..end]).expect("a key");
        let key = EncodingKey::from_rsa_der(pair.to_pkcs1_der().expect("a key").as_bytes());
        let now = client.site.running.estate.clock.now_secs();
        let id = &client.config["clientId"];
        let claims = json!({"aud": client.url("/oauth2/v2.0/token"), "iss": id, "sub": id, "jti": "first",
            "nbf": now, "iat": now, "exp": now + 300});
        let header = json!({"alg": "PS256", "typ": "JWT", "x5t#S256": answer["thumbprint"]});
        Self { client, key, header, claims }
    }

    fn assertion(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let message = format!("{}.{}", part(header), part(claims));
        let signature = crypto::sign(message.as_bytes(), &self.key, Algorithm::PS256).expect("signed");
        format!("{message}.{signature}")
    }

    /// Redeems a code with an assertion in place of the secret.
    async fn try_with(&self, assertion: &str) -> Got {
        let code = self.client.code().await;
        let changes = [
            ("client_secret", None),
            ("client_assertion_type", Some(JWT)),
            ("client_assertion", Some(assertion)),
        ];
        self.client.redeem(&code, &changes).await
    }

    async fn expect(&self, header: &[(&str, Value)], claims: &[(&str, Value)], code: u64) {
        let (mut new_header, mut new_claims) = (self.header.clone(), self.claims.clone());
        new_claims["jti"] = json!(format!("{header:?}{claims:?}"));
        for (name, value) in header {
            new_header[*name] = value.clone();
        }
        for (name, value) in claims {
            new_claims[*name] = value.clone();
        }
        let got = self.try_with(&self.assertion(&new_header, &new_claims)).await;
        assert_eq!(got.json()["error_codes"], json!([code]), "{new_header} {new_claims}");
    }
}

#[tokio::test]
async fn an_assertion_of_the_registered_certificate_is_accepted_once() {
    let certified = Certified::new().await;
    let assertion = certified.assertion(&certified.header, &certified.claims);
    let got = certified.try_with(&assertion).await;
    assert_eq!(got.status, StatusCode::OK, "{}", got.body);
    assert_refused(&certified.try_with(&assertion).await, 401, "invalid_client", 50_012);
}

#[tokio::test]
async fn every_wrong_assertion_is_told_its_own_code() {
    let certified = Certified::new().await;
    let now = certified.client.site.running.estate.clock.now_secs();
    certified.expect(&[("x5t#S256", json!("AAAA"))], &[], 700_027).await;
    certified.expect(&[("alg", json!("RS256"))], &[], 700_027).await;
    certified.expect(&[], &[("iss", json!("other"))], 700_021).await;
    certified.expect(&[], &[("sub", json!("other"))], 700_021).await;
    certified.expect(&[], &[("aud", json!("https://login.example/token"))], 50_012).await;
    certified.expect(&[], &[("exp", json!(now - 1))], 700_024).await;
    certified.expect(&[], &[("exp", json!(now + 3600))], 700_024).await;
    certified.expect(&[], &[("nbf", json!(now + 400))], 700_024).await;
    certified.expect(&[], &[("jti", json!(""))], 50_012).await;
    let good = certified.assertion(&certified.header, &certified.claims);
    let (message, signature) = good.rsplit_once('.').expect("three parts");
    let swapped: String = signature.chars().rev().collect();
    let forged = certified.try_with(&format!("{message}.{swapped}")).await;
    assert_eq!(forged.json()["error_codes"], json!([700_027]));
    assert_refused(&certified.try_with("a.b.c").await, 400, "invalid_request", 50_027);
}

#[tokio::test]
async fn an_expired_or_replaced_certificate_is_refused() {
    let certified = Certified::new().await;
    certified.client.site.control("certificate", &json!({})).await;
    let assertion = certified.assertion(&certified.header, &certified.claims);
    assert_refused(&certified.try_with(&assertion).await, 401, "invalid_client", 700_027);
    let mut certified = Certified::new().await;
    certified.client.site.control("clock", &json!({"advance_secs": 366 * 86_400})).await;
    let now = certified.client.site.running.estate.clock.now_secs();
    certified.claims["exp"] = json!(now + 300);
    let assertion = certified.assertion(&certified.header, &certified.claims);
    assert_refused(&certified.try_with(&assertion).await, 401, "invalid_client", 1_000_502);
}

#[tokio::test]
async fn two_credentials_and_an_unnamed_kind_of_assertion_are_refused() {
    let certified = Certified::new().await;
    let assertion = certified.assertion(&certified.header, &certified.claims);
    let code = certified.client.code().await;
    let both = [("client_assertion_type", Some(JWT)), ("client_assertion", Some(assertion.as_str()))];
    assert_refused(&certified.client.redeem(&code, &both).await, 400, "invalid_request", 90023);
    let unnamed = [("client_secret", None), ("client_assertion", Some(assertion.as_str()))];
    assert_refused(&certified.client.redeem(&code, &unnamed).await, 400, "invalid_request", 90023);
}

#[tokio::test]
async fn the_platform_s_token_is_accepted_and_each_wrong_one_is_told_why() {
    let certified = Certified::new().await;
    let now = certified.client.site.running.estate.clock.now_secs();
    for (claims, expected) in [
        (json!({}), None),
        (json!({"iss": "https://other.example"}), Some(700_211)),
        (json!({"aud": ["api://other"]}), Some(700_212)),
        (json!({"aud": ["api://AzureADTokenExchange", "api://other"]}), Some(700_212)),
        (json!({"sub": "system:serviceaccount:m365:other"}), Some(700_213)),
        (json!({"sub": null}), Some(700_213)),
        (json!({"exp": now - 1}), Some(700_024)),
    ] {
        let token = certified.client.site.control("federated_token", &json!({"claims": claims})).await;
        let got = certified.try_with(&text(&token["token"])).await;
        let code = got.json().pointer("/error_codes/0").and_then(Value::as_u64);
        assert_eq!(code, expected, "{claims}: {}", got.body);
    }
    let token = text(&certified.client.site.control("federated_token", &json!({})).await["token"]);
    let (message, _) = token.rsplit_once('.').expect("three parts");
    let forged = certified.try_with(&format!("{message}.AAAA")).await;
    assert_eq!(forged.json()["error_codes"], json!([900_384]));
}

#[tokio::test]
async fn another_cloud_wants_its_own_scopes_and_its_own_audience() {
    let certified = Certified::new().await;
    certified.client.site.control("entra", &json!({"cloud": "usgov"})).await;
    let foreign = certified.client.authorize(&[]).await;
    assert_eq!(foreign.redirected("error").as_deref(), Some("invalid_scope"));
    let scope = "openid profile offline_access https://graph.microsoft.us/Mail.Read";
    let code =
        certified.client.authorize(&[("scope", Some(scope))]).await.redirected("code").expect("a code");
    let token = text(&certified.client.site.control("federated_token", &json!({})).await["token"]);
    let changes = [
        ("client_secret", None),
        ("client_assertion_type", Some(JWT)),
        ("client_assertion", Some(token.as_str())),
    ];
    let answer = certified.client.redeem(&code, &changes).await.json();
    assert_eq!(answer["scope"], "https://graph.microsoft.us/Mail.Read profile openid");
    let global = json!({"claims": {"aud": "api://AzureADTokenExchange"}});
    let token = text(&certified.client.site.control("federated_token", &global).await["token"]);
    let changes = [
        ("client_secret", None),
        ("client_assertion_type", Some(JWT)),
        ("client_assertion", Some(token.as_str())),
    ];
    assert_refused(&certified.client.redeem("x", &changes).await, 400, "invalid_request", 700_212);
}
