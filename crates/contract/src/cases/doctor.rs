//! `m365-mcp doctor` from outside: green on a sound deployment, and on a broken one exactly the check that tells it.

mod answers;
mod broken;
mod documents;
pub(super) mod examination;
mod managed;
mod perimeter;
mod signed_in;

use anyhow::{Result, ensure};
use serde_json::json;

use super::managed::MANAGED;
use crate::http::Request;
use crate::json::Look as _;
use crate::proxy::{FAITHFUL, Proxy};
use crate::site::Site;
use broken::Broken;
use examination::{Credentials, Examination, examine};

table! { "doctor":
    shared a_sound_deployment_passes_every_check,
    shared a_broken_gate_fails_exactly_its_check,
    shared a_broken_document_or_name_fails_exactly_its_check,
    shared a_broken_answer_fails_exactly_its_check,
    shared a_broken_sign_in_fails_exactly_its_check,
    shared a_broken_call_or_record_fails_exactly_its_check,
    shared a_person_without_microsoft_is_told_what_to_do_and_it_is_a_warning,
    shared a_session_that_has_ended_is_told_from_a_broken_server,
    shared a_service_token_that_access_does_not_know_fails,
    shared a_name_that_must_be_closed_and_answers_is_found,
    shared an_address_without_tls_or_without_anything_is_told_apart,
    shared a_hostile_answer_reaches_neither_lines_nor_document_raw,
    shared a_redirect_is_not_followed,
    shared no_credential_is_printed_or_read_from_an_open_file,
    shared the_table_lists_every_check_that_is_reported,
    shared(MANAGED) a_managed_deployment_is_told_as_such_and_raises_no_false_alarm,
    shared(MANAGED) a_managed_deployment_that_access_does_not_cover_fails_exactly_its_check,
}

/// Runs each row through a proxy of its own.
fn try_each(site: &Site, rows: &[Broken], credentials: Option<&Credentials>) -> Result<()> {
    let sound = examine(Proxy::start(site, FAITHFUL)?.url.as_str(), credentials, &[])?;
    sound.expect(0, &[])?;
    for row in rows {
        let proxy = Proxy::start(site, row.fault)?;
        let found = examine(proxy.url.as_str(), credentials, &[])?;
        let about = |what: &str| format!("{}: {what}: {found}", row.name);
        ensure!(found.failed() == [row.fails], about(&format!("expected {} to fail", row.fails)));
        let skipped: Vec<_> =
            found.not_checked().into_iter().filter(|id| !sound.not_checked().contains(id)).collect();
        ensure!(skipped == row.skips, about("other checks than expected were not made"));
        found.expect(if found.severity(row.fails)? == "error" { 1 } else { 3 }, &[row.fails])?;
    }
    Ok(())
}

fn a_sound_deployment_passes_every_check(site: &Site) -> Result<()> {
    let stranger = examine(site.mcp.as_str(), None, &[])?;
    stranger.expect(0, &[])?;
    ensure!(stranger.not_checked().contains(&"sign-in.session"), "{stranger}");
    let credentials = Credentials::of(site, "doctor-sound")?;
    credentials.connect(site)?;
    // Nothing listens on port 1 of this machine.
    let all = examine(site.mcp.as_str(), Some(&credentials), &["--closed", "http://127.0.0.1:1"])?;
    all.expect(0, &[])?;
    // What only https has cannot be looked at on loopback; nothing else is left out.
    ensure!(all.not_checked() == ["transport.redirect", "transport.hsts"], "{all}");
    Ok(())
}

fn a_managed_deployment_is_told_as_such_and_raises_no_false_alarm(site: &Site) -> Result<()> {
    let stranger = examine(site.mcp.as_str(), None, &[])?;
    stranger.expect(0, &[])?;
    ensure!(stranger.check("ingress.whole")?.text("/seen")?.contains("INGRESS=managed"), "{stranger}");
    for hidden in ["metadata.resource", "access.bypass", "limits.size"] {
        let why = stranger.check(hidden)?;
        ensure!(why.text("/result")? == "not-checked", "{stranger}");
        ensure!(why.text("/seen")?.contains("INGRESS=managed"), "{stranger}");
    }
    let credentials = Credentials::of(site, "doctor-managed")?;
    credentials.connect(site)?;
    let all = examine(site.mcp.as_str(), Some(&credentials), &["--closed", "http://127.0.0.1:1"])?;
    all.expect(0, &[])?;
    for made in [
        "sign-in.session",
        "page.headers",
        "service.passes",
        "service.bound",
        "names.closed",
        "access.forged",
    ] {
        ensure!(all.check(made)?.text("/result")? == "ok", "{made}: {all}");
    }
    // The origin itself answers, though it refuses: it must take connections from Cloudflare alone.
    let exposed = examine(site.mcp.as_str(), None, &["--closed", site.origin.as_str()])?;
    exposed.expect(1, &["names.closed"])
}

fn a_managed_deployment_that_access_does_not_cover_fails_exactly_its_check(site: &Site) -> Result<()> {
    try_each(site, managed::ROWS, None)
}

fn a_broken_gate_fails_exactly_its_check(site: &Site) -> Result<()> {
    try_each(site, perimeter::ROWS, None)
}

fn a_broken_document_or_name_fails_exactly_its_check(site: &Site) -> Result<()> {
    try_each(site, documents::ROWS, None)
}

fn a_broken_answer_fails_exactly_its_check(site: &Site) -> Result<()> {
    try_each(site, answers::ROWS, None)
}

fn a_broken_sign_in_fails_exactly_its_check(site: &Site) -> Result<()> {
    let credentials = Credentials::of(site, "doctor-sign-in")?;
    credentials.connect(site)?;
    try_each(site, signed_in::SIGN_IN, Some(&credentials))
}

fn a_broken_call_or_record_fails_exactly_its_check(site: &Site) -> Result<()> {
    let credentials = Credentials::of(site, "doctor-canary")?;
    credentials.connect(site)?;
    try_each(site, signed_in::CANARY, Some(&credentials))
}

fn a_person_without_microsoft_is_told_what_to_do_and_it_is_a_warning(site: &Site) -> Result<()> {
    let credentials = Credentials::of(site, "doctor-unlinked")?;
    let found = examine(site.mcp.as_str(), Some(&credentials), &[])?;
    found.expect(3, &["sign-in.microsoft"])?;
    ensure!(found.check("sign-in.microsoft")?.text("/todo")?.contains("/connect"), "{found}");
    ensure!(found.not_checked().contains(&"canary.call"), "{found}");
    Ok(())
}

fn a_session_that_has_ended_is_told_from_a_broken_server(site: &Site) -> Result<()> {
    let credentials = Credentials::with(site, "doctor-expired", &json!({ "ttl": -3600 }))?;
    let found = examine(site.mcp.as_str(), Some(&credentials), &[])?;
    found.expect(1, &["sign-in.session"])?;
    ensure!(found.check("sign-in.session")?.text("/todo")?.contains("cloudflared access token"), "{found}");
    Ok(())
}

fn a_service_token_that_access_does_not_know_fails(site: &Site) -> Result<()> {
    let mut credentials = Credentials::of(site, "doctor-service")?;
    credentials.connect(site)?;
    credentials.change_service_secret()?;
    examine(site.mcp.as_str(), Some(&credentials), &[])?.expect(1, &["service.passes"])
}

fn a_name_that_must_be_closed_and_answers_is_found(site: &Site) -> Result<()> {
    let origin = site.origin.origin().ascii_serialization();
    for open in [origin.as_str(), site.origin.authority()] {
        let found = examine(site.mcp.as_str(), None, &["--closed", "http://127.0.0.1:1", "--closed", open])?;
        ensure!(found.failed().contains(&"names.closed"), "{open}: {found}");
        ensure!(found.check("names.closed")?.text("/seen")?.contains(&origin), "{open}: {found}");
    }
    // The sandbox answers, but not as this server.
    let other = site.sandbox.origin().ascii_serialization();
    examine(site.mcp.as_str(), None, &["--closed", &other])?.expect(0, &[])?;
    // Asked at its own address, the server shows that nothing stands in front.
    let bare = examine(&origin, None, &[])?;
    ensure!(bare.failed().contains(&"access.guards"), "{bare}");
    Ok(())
}

fn an_address_without_tls_or_without_anything_is_told_apart(site: &Site) -> Result<()> {
    let encrypted = format!("https://{}", site.mcp.authority());
    examine(&encrypted, None, &[])?.expect(1, &["transport.tls"])?;
    examine("http://127.0.0.1:1", None, &[])?.expect(1, &["reachable"])?;
    examine("https://127.0.0.1:1", None, &[])?.expect(1, &["reachable"])
}

fn a_hostile_answer_reaches_neither_lines_nor_document_raw(site: &Site) -> Result<()> {
    let credentials = Credentials::of(site, "doctor-hostile")?;
    credentials.connect(site)?;
    for row in signed_in::HOSTILE {
        let proxy = Proxy::start(site, row.fault)?;
        for form in [&["--json"][..], &[]] {
            let output = examination::run(proxy.url.as_str(), Some(&credentials), form)?;
            let text = String::from_utf8([output.stdout, output.stderr].concat())?;
            let plain = text.chars().all(|c| c == '\n' || c == ' ' || c.is_ascii_graphic());
            ensure!(plain, "{}: {text:?}", row.name);
            ensure!(
                text.lines().all(|line| line.len() < 1500 || line.starts_with('{')),
                "{}: {text}",
                row.name
            );
            ensure!(text.len() < 100_000, "{}: {} bytes", row.name, text.len());
            credentials.expect_hidden(&text)?;
        }
        ensure!(
            examine(proxy.url.as_str(), Some(&credentials), &[])?.failed() == [row.fails],
            "{}",
            row.name
        );
    }
    Ok(())
}

fn a_redirect_is_not_followed(site: &Site) -> Result<()> {
    let proxy = Proxy::start(site, broken::REDIRECTING)?;
    let found = examine(proxy.url.as_str(), None, &[])?;
    ensure!(found.failed().contains(&"reachable"), "{found}");
    let followed = proxy.targets().into_iter().find(|target| target.contains("followed"));
    ensure!(followed.is_none(), "{followed:?}");
    Ok(())
}

fn no_credential_is_printed_or_read_from_an_open_file(site: &Site) -> Result<()> {
    let credentials = Credentials::of(site, "doctor-files")?;
    for form in [&["--json"][..], &[]] {
        let output = examination::run(site.mcp.as_str(), Some(&credentials), form)?;
        credentials.expect_hidden(&String::from_utf8([output.stdout, output.stderr].concat())?)?;
    }
    credentials.open_to_others()?;
    let proxy = Proxy::start(site, FAITHFUL)?;
    let refused = examination::run(proxy.url.as_str(), Some(&credentials), &["--json"])?;
    let sentence = String::from_utf8(refused.stderr)?;
    ensure!(refused.status.code() == Some(64) && sentence.contains("0600"), "{sentence}");
    ensure!(proxy.targets().is_empty(), "asked all the same: {:?}", proxy.targets());
    let wrong = examination::run("https://user@mcp.example.com", None, &[])?;
    ensure!(wrong.status.code() == Some(2), "{:?}", wrong.status);
    Ok(())
}

fn the_table_lists_every_check_that_is_reported(site: &Site) -> Result<()> {
    let listed = Examination::of(examination::command(&["doctor", "--list", "--json"])?)?;
    let reported = examine(site.mcp.as_str(), None, &[])?;
    ensure!(listed.ids() == reported.ids(), "{listed} is not {reported}");
    for check in listed.checks() {
        for name in ["/proves", "/todo", "/severity"] {
            ensure!(!check.text(name)?.is_empty(), "{check}");
        }
    }
    let lines = String::from_utf8(examination::command(&["doctor", "--list"])?.stdout)?;
    ensure!(lines.lines().count() == listed.ids().len(), "{lines}");
    // The examination leaves the site as it was: it is not even counted as unhealthy.
    Request::get(site.edge("/healthz")?).send()?.expect(&[200]).map(drop)
}
