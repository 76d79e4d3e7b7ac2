//! The catalogue of attacks on the assertion of Cloudflare Access: each is refused, recorded once, and nothing of it shown.
//!
//! Source: Cloudflare's page on validating JSON Web Tokens of Access, RFC 7519, RFC 8725. The group `perimeter` shows each
//! check in its detail.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::rule::Rule;
use crate::session::Session;
use crate::site::Site;

const HEADER: &str = "cf-access-jwt-assertion";

table! { "catalogue_access":
    own refused_assertions_are_recorded_once_and_name_nobody,
    own a_clock_ten_minutes_off_is_refused_and_one_minute_is_not,
    own an_unknown_or_withdrawn_key_is_refused_and_recorded,
    own without_keys_the_gate_closes_and_says_so_in_one_record,
    own another_person_beside_a_token_is_refused_and_recorded,
}

fn me(site: &Site, assertion: &str) -> Result<Answer> {
    Request::get(site.behind("/me")?).header(HEADER, assertion).send()
}

fn assertion(site: &Site, email: &str, fields: Value) -> Result<String> {
    let mut fields = fields;
    fields.as_object_mut().context("fields")?.insert("email".to_owned(), json!(email));
    Ok(site.control.assertion(&fields)?.jwt)
}

/// The payload and signature of a good assertion behind another header.
fn with_header(jwt: &str, header: &Value) -> Result<String> {
    let (_, rest) = jwt.split_once('.').context("a JWT")?;
    Ok(format!("{}.{rest}", URL_SAFE_NO_PAD.encode(header.to_string())))
}

/// Assertions that are not quite one, and what is wrong with each.
fn forged(site: &Site, email: &str, good: &str) -> Result<Vec<(&'static str, String)>> {
    let unsigned = good.rsplit_once('.').context("a JWT")?.0;
    let mut claims = site.control.assertion(&json!({ "email": email }))?.claims()?;
    *claims.get_mut("email").context("an email")? = json!("morgan@contoso.example");
    let tampered = site.control.assertion(&json!({ "email": email }))?.with_claims(&claims)?;
    let made = |fields: Value| assertion(site, email, fields);
    Ok(vec![
        ("alg none", made(json!({ "alg": "none" }))?),
        ("alg none, signature left out", format!("{unsigned}.")),
        ("two parts", unsigned.to_owned()),
        ("HS256 under the public key", made(json!({ "alg": "HS256" }))?),
        ("a header without alg", with_header(good, &json!({ "typ": "JWT" }))?),
        ("PS256 in the header", with_header(good, &json!({ "alg": "PS256" }))?),
        (
            "a key in the header",
            with_header(
                good,
                &json!({ "alg": "RS256", "jwk": { "kty": "RSA" }, "jku": "https://evil.example" }),
            )?,
        ),
        ("another application", made(json!({ "claims": { "aud": ["f00d"] } }))?),
        ("no audience", made(json!({ "claims": { "aud": [] } }))?),
        ("another team", made(json!({ "claims": { "iss": "https://evil.cloudflareaccess.com" } }))?),
        ("another key", made(json!({ "key": "foreign" }))?),
        ("no subject", made(json!({ "claims": { "sub": "" } }))?),
        ("another payload", tampered),
        ("cut", good.get(..good.len() - 6).context("ASCII")?.to_owned()),
        ("more parts", format!("{good}.x")),
        ("not a token", "not.a.jwt".to_owned()),
        ("very long", "a".repeat(20_000)),
    ])
}

fn refused_assertions_are_recorded_once_and_name_nobody(site: &Site) -> Result<()> {
    let person = site.person("assertions")?;
    let email = person.email.as_str();
    let mut rule = Rule::on(site)?;
    let good = assertion(site, email, json!({}))?;
    me(site, &good)?.expect(&[200])?;
    rule.hide(&good);
    rule.hide(email);
    let url = site.behind("/me")?;
    for (about, answer) in [
        (
            "a name without a signature",
            Request::get(&url).header("cf-access-authenticated-user-email", email).send()?,
        ),
        (
            "the cookie alone",
            Request::get(&url).header("cookie", &format!("CF_Authorization={good}")).send()?,
        ),
        ("as a bearer token", Request::get(&url).header("authorization", &format!("Bearer {good}")).send()?),
        ("no assertion", Request::get(&url).send()?),
        ("two assertions", Request::get(&url).header(HEADER, &good).header(HEADER, &good).send()?),
    ] {
        rule.refused(about, &answer, &[403])?;
        ensure!(!answer.text().contains("morgan@contoso.example"), "{about}: somebody is named: {answer}");
    }
    for (about, forged) in forged(site, email, &good)? {
        rule.refused(about, &me(site, &forged)?, &[403])?;
    }
    let service = site.control.assertion(&json!({ "service": site.control.service()? }))?.jwt;
    rule.refused("a service token", &me(site, &service)?, &[403])?;
    rule.hold().map(drop)
}

fn a_clock_ten_minutes_off_is_refused_and_one_minute_is_not(site: &Site) -> Result<()> {
    let person = site.person("clock")?;
    let mut rule = Rule::on(site)?;
    let now = site.control.assertion(&json!({ "email": person.email }))?.claims()?.integer("/iat")?;
    for claims in [json!({ "exp": now - 45 }), json!({ "nbf": now + 45 }), json!({ "iat": now + 45 })] {
        me(site, &assertion(site, &person.email, json!({ "claims": claims }))?)?.expect(&[200])?;
    }
    for claims in [json!({ "exp": now - 600 }), json!({ "nbf": now + 600 })] {
        let answer = me(site, &assertion(site, &person.email, json!({ "claims": claims }))?)?;
        rule.refused(&claims.to_string(), &answer, &[403])?;
    }
    rule.hold().map(drop)
}

fn an_unknown_or_withdrawn_key_is_refused_and_recorded(site: &Site) -> Result<()> {
    let person = site.person("keys")?;
    let mut rule = Rule::on(site)?;
    let old = assertion(site, &person.email, json!({ "ttl": 30 * 86_400 }))?;
    me(site, &old)?.expect(&[200])?;
    rule.refused(
        "an unknown key",
        &me(site, &assertion(site, &person.email, json!({ "kid": "unknown" }))?)?,
        &[403],
    )?;
    site.control.rotate("access")?;
    site.advance(90)?;
    me(site, &assertion(site, &person.email, json!({}))?)?.expect(&[200])?;
    me(site, &old)?.expect(&[200]).context("in the overlap")?;
    site.control.rotate("access")?;
    site.advance(90)?;
    me(site, &assertion(site, &person.email, json!({}))?)?.expect(&[200])?;
    rule.refused("a withdrawn key", &me(site, &old)?, &[403])?;
    rule.hold().map(drop)
}

fn without_keys_the_gate_closes_and_says_so_in_one_record(site: &Site) -> Result<()> {
    let person = site.person("no-keys")?;
    let mut rule = Rule::on(site)?;
    me(site, &assertion(site, &person.email, json!({}))?)?.expect(&[200])?;
    site.control.fault(
        &json!({ "target": "access", "match": "/cdn-cgi/access/certs", "kind": "status", "status": 503 }),
    )?;
    me(site, &assertion(site, &person.email, json!({}))?)?
        .expect(&[200])
        .context("the keys known are still good")?;
    site.advance(8 * 86_400)?;
    let closed = me(site, &assertion(site, &person.email, json!({}))?)?;
    rule.refused("keys too old", &closed, &[503])?;
    ensure!(closed.header("retry-after").is_some(), "when to come back is not said: {closed}");
    rule.hold()?;
    site.control.clear_faults()?;
    site.advance(60)?;
    me(site, &assertion(site, &person.email, json!({}))?)?.expect(&[200]).map(drop)
}

fn another_person_beside_a_token_is_refused_and_recorded(site: &Site) -> Result<()> {
    let session = Session::open(site, "beside")?;
    let other = site.person("beside-other")?;
    let mut rule = Rule::on(site)?;
    let message = session.mcp.message("tools/list", &Value::Null);
    let mut behind = session.mcp.clone();
    behind.url = site.behind("/mcp")?;
    let send =
        |jwt: &str| behind.request(&message).header("host", site.mcp.authority()).header(HEADER, jwt).send();
    send(&assertion(site, &session.person.email, json!({}))?)?.expect(&[200])?;
    rule.refused("another person", &send(&assertion(site, &other.email, json!({}))?)?, &[403])?;
    let foreign = assertion(site, &session.person.email, json!({ "key": "foreign" }))?;
    rule.refused("a forged assertion", &send(&foreign)?, &[403])?;
    let url = site.behind("/token")?;
    let refresh = |jwt: &str| {
        let fields = [
            ("grant_type", "refresh_token"),
            ("refresh_token", session.tokens.refresh.as_str()),
            ("client_id", session.client.id.as_str()),
        ];
        Request::post(&url).header("host", site.mcp.authority()).header(HEADER, jwt).form(&fields).send()
    };
    rule.refused("another person's refresh", &refresh(&assertion(site, &other.email, json!({}))?)?, &[403])?;
    refresh(&assertion(site, &session.person.email, json!({}))?)?.expect(&[200])?;
    rule.hold().map(drop)
}
