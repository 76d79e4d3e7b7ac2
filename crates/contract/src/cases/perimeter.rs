//! Cloudflare Access assertions in front of the browser routes, at the origin and through the edge.

use anyhow::{Context as _, Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::browser::Browser;
use crate::control::Assertion;
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::session::Session;
use crate::site::Site;

const HEADER: &str = "cf-access-jwt-assertion";

table! { "perimeter":
    shared browser_routes_without_an_assertion_are_403,
    shared identity_without_a_signature_is_not_read,
    shared a_valid_assertion_opens_the_page_about_oneself,
    shared an_assertion_with_another_algorithm_is_refused,
    shared an_assertion_of_another_application_team_or_key_is_refused,
    shared the_times_of_an_assertion_count_with_a_minute_of_leeway,
    shared a_tampered_or_doubled_assertion_is_refused,
    shared an_audience_may_be_text_or_list,
    shared a_service_token_is_not_a_person,
    shared the_edge_replaces_an_assertion_sent_by_the_client,
    shared the_edge_guards_browser_routes_and_lets_machine_routes_pass,
    shared beside_a_bearer_an_assertion_must_name_the_same_person,
    own an_unknown_key_is_looked_up_at_most_once_in_half_a_minute,
    own a_rotated_key_is_good_in_the_overlap_and_not_after,
    own without_keys_the_known_ones_serve_until_they_are_too_old,
}

fn me(site: &Site, assertion: &str) -> Result<Answer> {
    Request::get(site.behind("/me")?).header(HEADER, assertion).send()
}

fn assertion(site: &Site, fields: &Value) -> Result<Assertion> {
    site.control.assertion(fields)
}

fn browser_routes_without_an_assertion_are_403(site: &Site) -> Result<()> {
    for (method, path) in [("GET", "/authorize"), ("POST", "/consent"), ("GET", "/callback"), ("GET", "/me")]
    {
        Request::new(method, site.behind(path)?).send()?.expect(&[403])?;
    }
    Ok(())
}

fn identity_without_a_signature_is_not_read(site: &Site) -> Result<()> {
    let person = site.person("unsigned")?;
    let made = assertion(site, &json!({ "email": person.email }))?;
    let url = site.behind("/me")?;
    let bearer = format!("Bearer {}", made.jwt);
    for (name, value) in [
        ("cf-access-authenticated-user-email", person.email.as_str()),
        ("cookie", made.cookie.as_str()),
        ("x-forwarded-user", person.email.as_str()),
        ("authorization", &bearer),
        (HEADER, ""),
        (HEADER, "not.a.jwt"),
    ] {
        Request::get(&url).header(name, value).send()?.expect(&[403])?;
    }
    Ok(())
}

fn a_valid_assertion_opens_the_page_about_oneself(site: &Site) -> Result<()> {
    let person = site.person("valid")?;
    let answer = me(site, &assertion(site, &json!({ "email": person.email }))?.jwt)?;
    answer.expect(&[200])?.expect_not_stored()?;
    ensure!(answer.text().contains(&person.email), "the page does not name {}: {answer}", person.email);
    Ok(())
}

fn an_assertion_with_another_algorithm_is_refused(site: &Site) -> Result<()> {
    let person = site.person("algorithm")?;
    for algorithm in ["none", "HS256"] {
        let made = assertion(site, &json!({ "email": person.email, "alg": algorithm }))?;
        me(site, &made.jwt)?.expect(&[403])?;
    }
    let good = assertion(site, &json!({ "email": person.email }))?;
    let (_, rest) = good.jwt.split_once('.').context("a JWT")?;
    let (payload, _) = rest.split_once('.').context("a JWT")?;
    for header in [json!({ "alg": "none" }), json!({ "alg": "NONE", "typ": "JWT" }), json!({ "typ": "JWT" })]
    {
        me(site, &format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(header.to_string())))?.expect(&[403])?;
    }
    Ok(())
}

fn an_assertion_of_another_application_team_or_key_is_refused(site: &Site) -> Result<()> {
    let person = site.person("foreign")?;
    for fields in [
        json!({ "claims": { "aud": ["f00d"] } }),
        json!({ "claims": { "aud": "f00d" } }),
        json!({ "claims": { "aud": [] } }),
        json!({ "claims": { "iss": "https://other.cloudflareaccess.com" } }),
        json!({ "claims": { "sub": "" } }),
        json!({ "claims": { "email": null } }),
        json!({ "key": "foreign" }),
        json!({ "kid": "nobody-knows-this-key" }),
    ] {
        let mut fields = fields;
        fields.as_object_mut().context("an object")?.insert("email".to_owned(), json!(person.email));
        me(site, &assertion(site, &fields)?.jwt)?.expect(&[403]).with_context(|| fields.to_string())?;
    }
    Ok(())
}

fn the_times_of_an_assertion_count_with_a_minute_of_leeway(site: &Site) -> Result<()> {
    let person = site.person("times")?;
    let now = assertion(site, &json!({ "email": person.email }))?.claims()?.integer("/iat")?;
    for (claims, status) in [
        (json!({ "exp": now - 30 }), 200),
        (json!({ "exp": now - 120 }), 403),
        (json!({ "nbf": now + 30 }), 200),
        (json!({ "nbf": now + 120 }), 403),
        (json!({ "exp": "soon" }), 403),
        (json!({ "exp": null }), 403),
    ] {
        let made = assertion(site, &json!({ "email": person.email, "claims": claims }))?;
        me(site, &made.jwt)?.expect(&[status]).with_context(|| claims.to_string())?;
    }
    let expired = assertion(site, &json!({ "email": person.email, "ttl": -3600 }))?;
    me(site, &expired.jwt)?.expect(&[403])?;
    Ok(())
}

fn a_tampered_or_doubled_assertion_is_refused(site: &Site) -> Result<()> {
    let person = site.person("tampered")?;
    let made = assertion(site, &json!({ "email": person.email }))?;
    let mut claims = made.claims()?;
    *claims.get_mut("email").context("an email")? = json!("morgan@contoso.example");
    me(site, &made.with_claims(&claims)?)?.expect(&[403])?;
    let short = made.jwt.get(..made.jwt.len() - 4).context("a JWT")?;
    me(site, short)?.expect(&[403])?;
    me(site, &format!("{}.{}", made.jwt, "x"))?.expect(&[403])?;
    let twice = Request::get(site.behind("/me")?).header(HEADER, &made.jwt).header(HEADER, &made.jwt);
    twice.send()?.expect(&[403])?;
    Ok(())
}

fn an_audience_may_be_text_or_list(site: &Site) -> Result<()> {
    let person = site.person("audience")?;
    let claims = assertion(site, &json!({ "email": person.email }))?.claims()?;
    let audience = claims.at("/aud/0").as_str().or_else(|| claims.at("/aud").as_str()).context("aud")?;
    for aud in [json!(audience), json!([audience]), json!(["other", audience])] {
        let made = assertion(site, &json!({ "email": person.email, "claims": { "aud": aud } }))?;
        me(site, &made.jwt)?.expect(&[200]).with_context(|| aud.to_string())?;
    }
    Ok(())
}

fn a_service_token_is_not_a_person(site: &Site) -> Result<()> {
    let service = assertion(site, &json!({ "service": site.control.service()? }))?;
    for path in ["/me", "/authorize?client_id=x", "/callback?code=x&state=y"] {
        Request::get(site.behind(path)?).header(HEADER, &service.jwt).send()?.expect(&[403])?;
    }
    Ok(())
}

fn the_edge_replaces_an_assertion_sent_by_the_client(site: &Site) -> Result<()> {
    let (one, other) = (site.person("edge-one")?, site.person("edge-other")?);
    let forged = assertion(site, &json!({ "email": other.email }))?.jwt;
    let anonymous = Request::get(&site.me).header(HEADER, &forged).send()?;
    ensure!(!anonymous.text().contains(&other.email), "the edge took the client's assertion: {anonymous}");
    let mut browser = Browser::signed_in(&site.control, &site.mcp, &one.email)?;
    let answer = browser.send(Request::get(&site.me).header(HEADER, &forged), &site.me)?;
    answer.expect(&[200])?;
    let text = answer.text();
    ensure!(text.contains(&one.email) && !text.contains(&other.email), "another person's page: {answer}");
    Ok(())
}

fn the_edge_guards_browser_routes_and_lets_machine_routes_pass(site: &Site) -> Result<()> {
    for path in ["/me", "/authorize", "/callback", "/consent"] {
        let answer = Request::get(site.edge(path)?).send()?;
        let login = matches!(answer.status, 302 | 303 | 401 | 403) || answer.text().contains("<form");
        ensure!(login, "{path} is open at the edge: {answer}");
    }
    Request::post(&site.mcp).json(&json!({})).send()?.expect(&[401])?;
    Request::post(site.edge("/token")?).form(&[("grant_type", "x")]).send()?.expect(&[400, 401])?;
    Request::get(site.edge("/.well-known/oauth-authorization-server")?).send()?.expect(&[200])?;
    Request::get(site.edge("/healthz")?).send()?.expect(&[200])?;
    Ok(())
}

fn beside_a_bearer_an_assertion_must_name_the_same_person(site: &Site) -> Result<()> {
    let session = Session::open(site, "beside")?;
    let other = site.person("beside-other")?;
    let message = session.mcp.message("tools/list", &Value::Null);
    for (fields, allowed) in [
        (json!({ "email": session.person.email }), &[200][..]),
        (json!({ "service": site.control.service()? }), &[200]),
        (json!({ "email": other.email }), &[401, 403]),
        (json!({ "email": session.person.email, "key": "foreign" }), &[401, 403]),
    ] {
        let mut behind = session.mcp.clone();
        behind.url = site.behind("/mcp")?;
        let host = site.mcp.authority().to_owned();
        let request =
            behind.request(&message).header("host", &host).header(HEADER, &assertion(site, &fields)?.jwt);
        request.send()?.expect(allowed).with_context(|| fields.to_string())?;
    }
    Ok(())
}

fn key_fetches(site: &Site) -> Result<usize> {
    let requests = site.control.requests("access", None)?;
    Ok(requests
        .iter()
        .filter(|request| request.at("/path").as_str().is_some_and(|path| path.ends_with("/certs")))
        .count())
}

fn an_unknown_key_is_looked_up_at_most_once_in_half_a_minute(site: &Site) -> Result<()> {
    let person = site.person("kid")?;
    me(site, &assertion(site, &json!({ "email": person.email }))?.jwt)?.expect(&[200])?;
    site.advance(31)?;
    let before = key_fetches(site)?;
    for number in 0..6 {
        let made = assertion(site, &json!({ "email": person.email, "kid": format!("unknown-{number}") }))?;
        me(site, &made.jwt)?.expect(&[403])?;
    }
    let fetched = key_fetches(site)? - before;
    ensure!(fetched <= 1, "six unknown keys caused {fetched} look-ups");
    Ok(())
}

fn a_rotated_key_is_good_in_the_overlap_and_not_after(site: &Site) -> Result<()> {
    let person = site.person("rotation")?;
    let fresh = || Ok::<_, anyhow::Error>(assertion(site, &json!({ "email": person.email }))?.jwt);
    let old = assertion(site, &json!({ "email": person.email, "ttl": 30 * 86_400 }))?.jwt;
    me(site, &old)?.expect(&[200])?;
    site.control.rotate("access")?;
    site.advance(90)?;
    me(site, &fresh()?)?.expect(&[200])?;
    me(site, &old)?.expect(&[200]).context("the previous key is still published")?;
    site.control.rotate("access")?;
    site.advance(90)?;
    me(site, &fresh()?)?.expect(&[200])?;
    me(site, &old)?.expect(&[403]).context("the key is no longer published")?;
    Ok(())
}

fn without_keys_the_known_ones_serve_until_they_are_too_old(site: &Site) -> Result<()> {
    let person = site.person("keys-down")?;
    let fresh = || Ok::<_, anyhow::Error>(assertion(site, &json!({ "email": person.email }))?.jwt);
    me(site, &fresh()?)?.expect(&[200])?;
    site.control.fault(
        &json!({ "target": "access", "match": "/cdn-cgi/access/certs", "kind": "status", "status": 503 }),
    )?;
    me(site, &fresh()?)?.expect(&[200])?;
    site.advance(8 * 86_400)?;
    me(site, &fresh()?)?.expect(&[503])?;
    site.control.clear_faults()?;
    site.advance(60)?;
    me(site, &fresh()?)?.expect(&[200])?;
    Ok(())
}
