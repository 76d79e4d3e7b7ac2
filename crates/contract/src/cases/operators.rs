//! Operators: the kill switch, unlinking, restored snapshots, and keys that are rotated under way.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::thread;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::browser::prepare;
use crate::environment;
use crate::http::{Answer, Request};
use crate::json::Look as _;
use crate::oauth::Tokens;
use crate::session::Session;
use crate::site::Site;

table! { "operators":
    shared one_persons_sessions_end_at_once_and_nobody_elses,
    shared a_call_under_way_is_cut_off_from_its_caller,
    shared a_consent_page_from_before_the_order_gives_nothing,
    files an_order_names_operator_and_reason_in_the_journal,
    shared nobody_but_an_operator_orders_anything,
    shared an_order_is_not_taken_from_another_site_or_in_another_form,
    own everyones_sessions_end_within_half_a_minute_of_the_moved_clock,
    own the_command_kill_ends_everyones_sessions_at_once,
    shared a_deleted_client_is_unknown_and_its_grants_end,
    shared an_unlinked_person_is_signed_out_and_may_link_again,
    spent a_restored_snapshot_is_recognised_and_readmitted,
    process rotated_keys_are_read_and_sealed_again_and_the_old_one_can_go,
}

const REASON: &str = "laptop stolen, ticket 4711";
/// A cell's copy of the orders is renewed when it is this old, in seconds.
const COPY_FRESH: u64 = 30;

fn operator_cookie(site: &Site) -> Result<String> {
    Ok(site.control.assertion(&json!({ "email": "morgan@contoso.example" }))?.cookie)
}

pub(super) fn operate(site: &Site, path: &str, body: &Value) -> Result<Answer> {
    operate_with(site, &operator_cookie(site)?, path, body)
}

fn operate_with(site: &Site, cookie: &str, path: &str, body: &Value) -> Result<Answer> {
    Request::post(site.edge(path)?).header("cookie", cookie).json(body).send()
}

/// Visits every cell, part by part, and tells how many values were sealed again.
fn visit_every_cell(site: &Site, cookie: &str) -> Result<i64> {
    let (mut body, mut sealed) = (json!({ "reason": REASON }), 0);
    loop {
        let part = operate_with(site, cookie, "/operator/visit", &body)?.expect(&[200])?.json()?;
        let visits = part.at("/visited").as_array().cloned().unwrap_or_default();
        sealed +=
            visits.iter().filter_map(|visit| visit.pointer("/carriedOut/resealed")?.as_i64()).sum::<i64>();
        match part.at("/next") {
            Value::Null => return Ok(sealed),
            next => body = json!({ "reason": REASON, "after": next }),
        }
    }
}

pub(super) fn by_person(email: &str) -> Value {
    json!({ "person": email, "reason": REASON })
}

fn status(session: &Session<'_>) -> Result<u16> {
    Ok(session.mcp.send("tools/list", &Value::Null)?.answer.status)
}

fn one_persons_sessions_end_at_once_and_nobody_elses(site: &Site) -> Result<()> {
    let (session, other) = (Session::open(site, "killed")?, Session::open(site, "spared")?);
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let answer = operate(site, "/operator/kill", &by_person(&session.person.email))?;
    let body = answer.expect(&[200])?.json()?;
    ensure!(body.integer("/orders/0/carriedOut/grants")? == 1, "{body}");
    ensure!(body.at("/orders/0/carriedOut/erased") == &Value::Bool(true), "{body}");
    ensure!(status(&session)? == 401, "an access token outlived its person's sessions");
    session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    ensure!(status(&other)? == 200, "somebody else's session ended");
    other.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let again = Session::of(site, session.person.clone(), None)?;
    again.tool("getEmails", &json!({ "count": 1 }))?.content().context("the person may sign in again")?;
    Ok(())
}

fn a_call_under_way_is_cut_off_from_its_caller(site: &Site) -> Result<()> {
    let session = Session::open(site, "cut-off")?;
    let fault = json!({ "target": "graph", "person": session.person.email, "kind": "delay", "ms": 60_000, "times": 1 });
    site.control.fault(&fault)?;
    thread::scope(|scope| {
        let calling = scope.spawn(|| session.tool("getEmails", &json!({ "count": 1 })));
        session.await_graph_request()?;
        let body =
            operate(site, "/operator/kill", &by_person(&session.person.email))?.expect(&[200])?.json()?;
        ensure!(body.integer("/orders/0/carriedOut/calls")? == 1, "{body}");
        let reply = calling.join().map_err(|_| anyhow::anyhow!("the calling thread ended"))??;
        reply.answer.expect(&[401])?;
        ensure!(reply.answer.header("www-authenticate").is_some(), "no challenge: {}", reply.answer);
        Ok(())
    })
}

fn a_consent_page_from_before_the_order_gives_nothing(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "open-page")?;
    let attempt = session.client.attempt()?;
    let page = session.browser.page(&attempt.url()?)?;
    let form = page.form()?;
    operate(site, "/operator/kill", &by_person(&session.person.email))?.expect(&[200])?;
    let (request, url) = prepare(&page, &form, &form.filled(None))?;
    session.browser.send(request, &url)?.expect(&[400]).context("the page outlived the order")?;
    let again = session.client.attempt()?;
    session.client.grant(&mut session.browser, &again).map(drop)
}

fn an_order_names_operator_and_reason_in_the_journal(site: &Site) -> Result<()> {
    let session = Session::open(site, "recorded-kill")?;
    let body = operate(site, "/operator/kill", &by_person(&session.person.email))?.expect(&[200])?.json()?;
    let records = site.journal().context("a journal")?.of_call(body.text("/requestId")?)?;
    let orders: Vec<_> = records.iter().filter(|record| record.field("kind") == "operator.kill").collect();
    ensure!(orders.len() == 3, "not ordered, done and carried out: {records:?}");
    for order in orders {
        ensure!(order.0.at("/operator/reason") == REASON, "{order:?}");
        ensure!(!order.0.text("/operator/operator")?.is_empty(), "{order:?}");
    }
    site.journal().context("a journal")?.verify()
}

fn nobody_but_an_operator_orders_anything(site: &Site) -> Result<()> {
    let session = Session::open(site, "not-operator")?;
    let own = site.control.assertion(&json!({ "email": session.person.email }))?;
    let order = by_person(&session.person.email);
    for path in ["/operator/kill", "/operator/unpin", "/operator/readmit", "/operator/visit"] {
        Request::post(site.edge(path)?).header("cookie", &own.cookie).json(&order).send()?.expect(&[403])?;
        Request::post(site.behind(path)?).json(&order).send()?.expect(&[403])?;
        Request::post(site.behind(path)?)
            .bearer(&session.tokens.access)
            .json(&order)
            .send()?
            .expect(&[403])?;
        let groups = json!({ "email": session.person.email, "groups": ["m365-operators"] });
        let forged = site.control.assertion(&json!({ "email": session.person.email, "claims": { "groups": ["m365-operators"] }, "key": "foreign" }))?;
        Request::post(site.behind(path)?)
            .header("cf-access-jwt-assertion", &forged.jwt)
            .header("x-groups", &groups.to_string())
            .json(&order)
            .send()?
            .expect(&[403])?;
    }
    ensure!(status(&session)? == 200, "a session was ended by nobody");
    Ok(())
}

fn an_order_is_not_taken_from_another_site_or_in_another_form(site: &Site) -> Result<()> {
    let session = Session::open(site, "cross-site-kill")?;
    let (url, cookie) = (site.edge("/operator/kill")?, operator_cookie(site)?);
    let order = by_person(&session.person.email);
    let ask = || Request::post(&url).header("cookie", &cookie);
    ask().header("origin", "https://evil.example").json(&order).send()?.expect(&[403])?;
    ask().form(&[("person", session.person.email.as_str()), ("reason", REASON)]).send()?.expect(&[415])?;
    ask().json(&json!({ "person": session.person.email })).send()?.expect(&[400])?;
    ask().json(&json!({ "person": "nobody@contoso.example", "reason": REASON })).send()?.expect(&[404])?;
    Request::get(&url).header("cookie", &cookie).send()?.expect(&[405])?;
    ensure!(status(&session)? == 200, "a session was ended by an order that was refused");
    Ok(())
}

fn everyones_sessions_end_within_half_a_minute_of_the_moved_clock(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "everyone-one")?, Session::open(site, "everyone-other")?);
    ensure!(status(&one)? == 200 && status(&other)? == 200, "the sessions work before");
    operate(site, "/operator/kill", &json!({ "all": true, "reason": REASON }))?.expect(&[200])?;
    site.advance(COPY_FRESH)?;
    for session in [&one, &other] {
        ensure!(status(session)? == 401, "a session of {} outlived the order", session.person.email);
        session.client.refresh(&session.tokens.refresh)?.expect_oauth_error(&[400], &["invalid_grant"])?;
    }
    Ok(())
}

/// Runs a command of an operator against the edge.
fn command(site: &Site, arguments: &[&str]) -> Result<Output> {
    let binary = environment::binary().context("there is no binary")?;
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("session");
    let cookie = operator_cookie(site)?;
    private_file(&file, cookie.split_once('=').map_or("", |(_, token)| token))?;
    let edge = site.edge("/")?;
    let output = Command::new(binary)
        .args(arguments)
        .args(["--url", edge.as_str(), "--reason", REASON, "--json", "--access-token-file"])
        .arg(&file)
        .output()?;
    Ok(output)
}

fn private_file(path: &Path, text: &str) -> Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create_new(true).mode(0o600).open(path)?;
    Ok(std::io::Write::write_all(&mut &file, text.as_bytes())?)
}

fn the_command_kill_ends_everyones_sessions_at_once(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "command-one")?, Session::open(site, "command-other")?);
    let killed = command(site, &["kill", "--all"])?;
    let (said, noted) = (String::from_utf8_lossy(&killed.stdout), String::from_utf8_lossy(&killed.stderr));
    ensure!(killed.status.success(), "{said}{noted}");
    let sum: Value = serde_json::from_str(said.lines().last().context("a line of result")?)?;
    ensure!(sum.integer("/grants")? >= 2 && sum.integer("/unreached")? == 0, "{sum}");
    ensure!(status(&one)? == 401 && status(&other)? == 401, "a session outlived the command");
    let unclear = command(site, &["kill"])?;
    ensure!(unclear.status.code() == Some(2), "a kill of nobody was taken: {unclear:?}");
    let unknown = command(site, &["kill", "--person", "nobody@contoso.example"])?;
    ensure!(unknown.status.code() == Some(1), "a kill of a stranger was taken: {unknown:?}");
    Ok(())
}

fn a_deleted_client_is_unknown_and_its_grants_end(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "deleted-client")?;
    let client = session.client.discovered.client()?;
    let attempt = client.attempt()?;
    let tokens = client.grant(&mut session.browser, &attempt)?;
    operate(site, "/operator/kill", &json!({ "client": client.id, "reason": REASON }))?.expect(&[200])?;
    client.refresh(&tokens.refresh)?.expect_oauth_error(&[401], &["invalid_client"])?;
    visit_every_cell(site, &operator_cookie(site)?)?;
    let mut mcp = session.mcp.clone();
    tokens.access.clone_into(&mut mcp.token);
    ensure!(mcp.send("tools/list", &Value::Null)?.answer.status == 401, "a grant outlived its client");
    ensure!(status(&session)? == 200, "a grant of another client ended");
    Tokens::read(&session.client.refresh(&session.tokens.refresh)?)?;
    Ok(())
}

fn an_unlinked_person_is_signed_out_and_may_link_again(site: &Site) -> Result<()> {
    let session = Session::open(site, "unlinked")?;
    let answer = operate(site, "/operator/unpin", &by_person(&session.person.email))?;
    answer.expect(&[200])?;
    ensure!(status(&session)? == 401, "a session outlived the link");
    let again = Session::of(site, session.person.clone(), None)?;
    again.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    Ok(())
}

fn a_restored_snapshot_is_recognised_and_readmitted(site: &Site) -> Result<()> {
    let session = Session::open(site, "restored")?;
    let operator = site.person_with("restorer", &json!({ "groups": ["m365-operators"] }))?;
    let operator = Session::of(site, operator, None)?;
    let order = |path: &str, person: &str| {
        let cookie = site.control.assertion(&json!({ "email": operator.person.email }))?.cookie;
        operate_with(site, &cookie, path, &json!({ "person": person, "reason": REASON }))
    };
    let (cells, copy) = (site.data_dir()?.join("cells"), tempfile::tempdir()?);
    // What was ordered before is carried out before the copy is made, so that the first visit finds nothing to do in the
    // cells of others. They fall behind all the same: no case trusts this site afterwards.
    visit_every_cell(site, &operator_cookie(site)?)?;
    site.kill()?;
    copy_files(&cells, copy.path())?;
    site.start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content().context("the copy was only made")?;
    let cookie = site.control.assertion(&json!({ "email": operator.person.email }))?.cookie;
    visit_every_cell(site, &cookie)?;
    site.kill()?;
    for file in fs::read_dir(&cells)? {
        fs::remove_file(file?.path())?;
    }
    copy_files(copy.path(), &cells)?;
    site.start_again()?;

    session.mcp.send("tools/list", &Value::Null)?.answer.expect(&[503])?;
    session.client.refresh(&session.tokens.refresh)?.expect(&[503])?;
    let mut browser = session.browser.clone();
    browser.sign_in(&site.control, &site.mcp, &session.person.email)?;
    browser.page(&site.me)?.answer.expect(&[200]).context("a restored cell can be looked at")?;

    // The operator's own cell was restored too, so it cannot record an order for somebody else before it is readmitted.
    order("/operator/readmit", &session.person.email)?.expect(&[503])?;
    order("/operator/readmit", &operator.person.email)?.expect(&[200])?;
    order("/operator/readmit", &session.person.email)?.expect(&[200])?;
    ensure!(status(&session)? == 401, "a token of before the readmission works");
    let again = Session::of(site, session.person.clone(), None)?;
    again.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    Ok(())
}

fn copy_files(from: &Path, to: &Path) -> Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name()))?;
    }
    Ok(())
}

fn rotated_keys_are_read_and_sealed_again_and_the_old_one_can_go(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "rotated")?;
    let keys = site.data_dir()?.join("keys");
    let fresh = tempfile::tempdir()?;
    let binary = environment::binary().context("there is no binary")?;
    let made = Command::new(binary).arg("keygen").arg(fresh.path().join("keys")).output()?;
    ensure!(made.status.success(), "{made:?}");
    site.kill()?;
    for name in ["ENCRYPTION_KEY", "COOKIE_ENCRYPTION_KEY", "COOKIE_SECRET"] {
        fs::rename(keys.join(name), keys.join(format!("{name}_PREVIOUS")))?;
        fs::copy(fresh.path().join("keys").join(name), keys.join(name))?;
    }
    site.start_again()?;
    session
        .tool("getEmails", &json!({ "count": 1 }))?
        .content()
        .context("values under the previous key open")?;
    let renewed = session.client.refresh(&session.tokens.refresh)?;
    session.renew(&renewed)?;
    // The access and the refresh token of this person, and those of whoever used the site before.
    let sealed = visit_every_cell(site, &operator_cookie(site)?)?;
    ensure!(sealed >= 2, "sealed again: {sealed}");
    let left = visit_every_cell(site, &operator_cookie(site)?)?;
    ensure!(left == 0, "left by the first visit: {left}");
    site.kill()?;
    for name in ["ENCRYPTION_KEY", "COOKIE_ENCRYPTION_KEY", "COOKIE_SECRET"] {
        fs::remove_file(keys.join(format!("{name}_PREVIOUS")))?;
    }
    site.start_again()?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content().context("nothing needs the previous key")?;
    Ok(())
}
