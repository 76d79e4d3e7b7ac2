//! How the server proves to Entra which application it is: secret, certificate or federated token; and in which cloud.

use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::json::Look as _;
use crate::process::Start;
use crate::session::Session;
use crate::site::Site;

table! { "credentials":
    files a_certificate_takes_the_place_of_the_secret,
    files a_federated_token_takes_the_place_of_the_secret,
    native a_renewed_federated_token_is_used_without_a_restart,
    own a_refused_credential_is_the_operator_s_matter_and_names_the_setting,
    own(US_GOVERNMENT) another_cloud_is_asked_for_its_own_permissions,
    own a_rotated_entra_key_signs_the_next_person_in_and_is_asked_for_every_five_minutes_at_most,
}

const US_GOVERNMENT: &[(&str, &str)] = &[("CLOUD", "usgov")];
const JWT: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A site whose server has this kind of credential.
fn site_with(credential: &str) -> Result<Site> {
    Site::start_as(Start { credential, ..Start::default() })
}

/// Forms that Entra received for a person.
fn forms(session: &Session<'_>) -> Result<Vec<Value>> {
    let requests = session.site.control.requests("entra", Some(&session.person.email))?;
    let forms = requests.iter().map(|request| request.at("/body").clone());
    Ok(forms.filter(|form| form.at("/grant_type").is_string()).collect())
}

/// Moves past the life of the Microsoft access token, and renews our own.
fn outlive_microsoft_token(session: &mut Session<'_>) -> Result<()> {
    session.site.control.advance(2 * 3600)?;
    let answer = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&answer)
}

fn expect_assertions(session: &Session<'_>, grants: &[&str]) -> Result<()> {
    let forms = forms(session)?;
    for grant in grants {
        let of_grant = forms.iter().find(|form| form.at("/grant_type") == &Value::from(*grant));
        let form = of_grant.with_context(|| format!("Entra saw no {grant}"))?;
        ensure!(form.text("/client_assertion_type")? == JWT, "{form}");
        ensure!(form.at("/client_assertion").is_string(), "{form}");
        ensure!(form.get("client_secret").is_none(), "a secret beside an assertion: {form}");
    }
    Ok(())
}

/// A call that fails for the operator's sake, in words that name these.
fn expect_operator_s_matter(session: &Session<'_>, words: &[&str]) -> Result<()> {
    let sentence = session.tool("getEmails", &json!({}))?.failure()?;
    for word in ["operator"].iter().chain(words) {
        ensure!(sentence.contains(word), "no {word} in: {sentence}");
    }
    Ok(())
}

fn a_certificate_takes_the_place_of_the_secret(_: &Site) -> Result<()> {
    let site = site_with("certificate")?;
    let mut session = Session::open(&site, "certified")?;
    session.tool("getEmails", &json!({}))?.content()?;
    outlive_microsoft_token(&mut session)?;
    session.tool("getEmails", &json!({}))?.content()?;
    expect_assertions(&session, &["authorization_code", "refresh_token"])?;
    outlive_microsoft_token(&mut session)?;
    site.control.another_certificate()?;
    expect_operator_s_matter(&session, &["AADSTS700027"])
}

fn a_federated_token_takes_the_place_of_the_secret(_: &Site) -> Result<()> {
    let site = site_with("federated")?;
    let mut session = Session::open(&site, "federated")?;
    session.tool("getEmails", &json!({}))?.content()?;
    expect_assertions(&session, &["authorization_code"])?;
    outlive_microsoft_token(&mut session)?;
    expect_operator_s_matter(&session, &["MICROSOFT_FEDERATED_TOKEN", "AADSTS700024"])?;
    let output = site.output()?;
    ensure!(!output.contains("eyJ"), "a token is in the log");
    Ok(())
}

fn a_renewed_federated_token_is_used_without_a_restart(_: &Site) -> Result<()> {
    let site = site_with("federated")?;
    let mut session = Session::open(&site, "renewed")?;
    outlive_microsoft_token(&mut session)?;
    expect_operator_s_matter(&session, &["AADSTS700024"])?;
    let file = site.data_dir()?.join("keys").join("MICROSOFT_FEDERATED_TOKEN");
    fs::write(&file, format!("{}\n", site.control.federated_token()?))?;
    session.tool("getEmails", &json!({}))?.content()?;
    fs::remove_file(&file)?;
    outlive_microsoft_token(&mut session)?;
    expect_operator_s_matter(&session, &[])?;
    ensure!(site.output()?.contains("MICROSOFT_FEDERATED_TOKEN"), "the log does not say why");
    Ok(())
}

fn a_refused_credential_is_the_operator_s_matter_and_names_the_setting(site: &Site) -> Result<()> {
    for (aadsts, word) in [
        (7_000_222, "MICROSOFT_CLIENT_SECRET"),
        (1_000_502, "MICROSOFT_CLIENT_CERTIFICATE"),
        (700_027, "registration"),
        (700_213, "MICROSOFT_FEDERATED_TOKEN"),
        (700_024, "clock"),
    ] {
        let mut session = Session::open(site, "credential")?;
        outlive_microsoft_token(&mut session)?;
        let person = &session.person.email;
        site.control
            .fault(&json!({ "target": "entra", "person": person, "kind": "status", "aadsts": aadsts }))?;
        expect_operator_s_matter(&session, &[word, &format!("AADSTS{aadsts}")])?;
        site.control.clear_faults()?;
        session.tool("getEmails", &json!({}))?.content().context("the tokens were kept")?;
    }
    Ok(())
}

fn another_cloud_is_asked_for_its_own_permissions(site: &Site) -> Result<()> {
    site.control.entra(&json!({ "cloud": "usgov" }))?;
    let mut session = Session::open(site, "usgov")?;
    session.tool("getEmails", &json!({}))?.content()?;
    outlive_microsoft_token(&mut session)?;
    session.tool("getEmails", &json!({}))?.content()?;
    let forms = forms(&session)?;
    let scopes: Vec<&str> = forms.iter().filter_map(|form| form.at("/scope").as_str()).collect();
    ensure!(!scopes.is_empty(), "no scope was asked for");
    for scope in scopes {
        ensure!(scope.contains("https://graph.microsoft.us/Mail.Read"), "asked for {scope}");
        ensure!(!scope.contains("graph.microsoft.com"), "asked the global cloud: {scope}");
    }
    site.control.entra(&json!({ "cloud": "global" }))?;
    let refused = Session::open(site, "wrong-cloud");
    ensure!(refused.is_err(), "a server of one cloud signed somebody in to another");
    Ok(())
}

/// How often Entra's keys were fetched.
fn key_fetches(site: &Site) -> Result<usize> {
    let requests = site.control.requests("entra", None)?;
    let is_keys = |request: &&Value| request.at("/path").as_str().is_some_and(|path| path.ends_with("/keys"));
    Ok(requests.iter().filter(is_keys).count())
}

fn a_rotated_entra_key_signs_the_next_person_in_and_is_asked_for_every_five_minutes_at_most(
    site: &Site,
) -> Result<()> {
    site.advance(600)?;
    Session::open(site, "before-rotation")?;
    let before = key_fetches(site)?;
    site.control.rotate("entra")?;
    Session::open(site, "after-rotation").context("the new key is fetched at once")?;
    ensure!(key_fetches(site)? - before == 1, "{} fetches for one rotation", key_fetches(site)? - before);
    Session::open(site, "known-by-now")?;
    ensure!(key_fetches(site)? - before == 1, "a key that is known was asked for");
    site.control.rotate("entra")?;
    for number in 0..3 {
        let early = Session::open(site, &format!("too-early-{number}"));
        ensure!(early.is_err(), "two rotations within five minutes went unnoticed");
    }
    ensure!(
        key_fetches(site)? - before == 1,
        "unknown keys were asked for more often than every five minutes"
    );
    site.advance(300)?;
    Session::open(site, "after-five-minutes")?;
    ensure!(key_fetches(site)? - before == 2, "{} fetches", key_fetches(site)? - before);
    Ok(())
}
