//! An operator's own policies: they take the place of the set that ships, can ask for two people, and receivers of
//! webhooks hear of every change.
//!
//! Each case writes a folder of policies beside the data of its host and starts that again: natively the folder is read
//! as it is, for the Worker it is signed and put into the key-value store.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::approvals::{OUTSIDE, message};
use super::operators::operate;
use crate::approval::{Decision, decide, link_of, press};
use crate::browser::Browser;
use crate::json::Look as _;
use crate::process::POLICIES;
use crate::session::{Session, bounded};
use crate::site::Site;

table! { "policies":
    spent an_operators_set_takes_the_place_of_the_one_that_ships_at_once,
    spent what_needs_two_people_is_not_done_by_one,
    spent a_set_that_does_not_load_answers_nothing_rather_than_the_one_that_ships,
    spent(RECEIVER) each_event_reaches_its_receiver_once_and_names_nobody,
}

const RECEIVER: &[(&str, &str)] = &[("WEBHOOK_URLS", "https://hooks.contoso.example/m365")];
const COLLEAGUE: &str = "blair@contoso.example";
/// Whatever the deployment offers.
const EVERYTHING: &str = "@id(\"own.everything\") permit (principal is M365::Person, action, resource);\n";

/// Starts the host again under everything, but for these policies. The estate forgets what was sent.
fn rule(site: &Site, cedar: &str) -> Result<()> {
    site.kill()?;
    let folder = site.data_dir()?.join(POLICIES);
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("own.cedar"), format!("{EVERYTHING}{cedar}"))?;
    site.start_again()
}

fn to(address: &str) -> Value {
    json!({ "to": address, "subject": "Ruled", "body": "Nothing in it." })
}

fn sent(session: &Session<'_>) -> Result<usize> {
    Ok(session.site.control.graph("sent", &session.person.email)?.len())
}

/// The policy that the newest record of a call names.
fn policy_of_calls(session: &Session<'_>) -> Result<String> {
    let records = session.records()?.context("a journal")?;
    let newest = records.iter().rfind(|record| record.field("tool") == "sendEmail");
    Ok(newest.context("a record of a call")?.field("policy").to_owned())
}

fn an_operators_set_takes_the_place_of_the_one_that_ships_at_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "ruled")?;
    session.tool("sendEmail", &to(COLLEAGUE))?.content()?;
    let shipped = policy_of_calls(&session)?;
    rule(
        site,
        "@id(\"own.customers\") @message(\"this assistant writes to customers alone\")
         forbid (principal, action in M365::Action::\"mail\", resource) when { context.recipients.domains.contains(\"contoso.example\") };",
    )?;
    let reply = session.tool("sendEmail", &to(COLLEAGUE))?;
    ensure!(reply.failure()?.contains("this assistant writes to customers alone"), "{}", reply.answer);
    ensure!(sent(&session)? == 0, "it was sent");
    let own = policy_of_calls(&session)?;
    ensure!(own.len() == 64 && own != shipped, "records name {shipped} and {own}");
    // What ships asks before anything goes outside; this set does not.
    session.tool("sendEmail", &to(OUTSIDE))?.content()?;
    ensure!(sent(&session)? == 1, "the customer was not written to");
    rule(
        site,
        "@id(\"own.none\") @message(\"no mail leaves today\") forbid (principal, action in M365::Action::\"mail\", resource) when { context.effect == \"send\" };",
    )?;
    let reply = session.tool("sendEmail", &to(OUTSIDE))?;
    ensure!(reply.failure()?.contains("no mail leaves today"), "{}", reply.answer);
    ensure!(sent(&session)? == 0, "it was sent");
    session.tool("getEmails", &json!({}))?.content()?;
    let records = session.records()?.context("a journal")?;
    let denied = records.iter().rfind(|record| record.field("verdict") == "denied").context("no denial")?;
    ensure!(denied.0.at("/basis").to_string().contains("own.none"), "{denied:?}");
    Ok(())
}

fn what_needs_two_people_is_not_done_by_one(site: &Site) -> Result<()> {
    rule(
        site,
        "@id(\"own.four-eyes\") @message(\"two people have to want what goes outside\")
         forbid (principal, action, resource) when { context.effect == \"send\" && context.recipients.outside > 0 }
         unless { context.secondPerson };",
    )?;
    let mut session = Session::open(site, "first")?;
    let arguments = message("Two people");
    let link = link_of(&session.tool("sendEmail", &arguments)?)?;
    let own = session.browser.page(&link)?;
    ensure!(own.text().contains("A second person must approve this"), "{}", own.text());
    ensure!(press(&mut session.browser, &own, Decision::Approve).is_err(), "one's own yes is offered");
    // Neither somebody outside the group nor the person themselves in another session.
    let other = site.person("bystander")?;
    let mut bystander = Browser::signed_in(&site.control, &site.mcp, &other.email)?;
    bystander.page(&link)?.answer.expect(&[403])?;
    let approver = site.person_with("second", &json!({ "groups": ["m365-approvers"] }))?;
    let mut second = Browser::signed_in(&site.control, &site.mcp, &approver.email)?;
    let page = second.page(&link)?;
    for words in ["You answer for somebody else", OUTSIDE, session.person.email.as_str()] {
        ensure!(page.text().contains(words), "`{words}` is not on the page: {}", page.text());
    }
    let forged = press(&mut session.browser, &page, Decision::Approve)?;
    ensure!(forged.status >= 400, "the own yes counted: {forged}");
    ensure!(session.tool("sendEmail", &arguments)?.failure()?.contains("second person"), "it was done");
    ensure!(sent(&session)? == 0, "it was sent with one yes");
    decide(&mut second, &link, Decision::Approve)?;
    session.tool("sendEmail", &arguments)?.content()?;
    ensure!(sent(&session)? == 1, "two people wanted it");
    let again = link_of(&session.tool("sendEmail", &arguments)?)?;
    ensure!(again != link && sent(&session)? == 1, "a yes counted twice");
    let records = session.records()?.context("a journal")?;
    let answered = records
        .iter()
        .find(|record| record.field("kind") == "approval.answered" && record.field("code") == "approved");
    let answered = answered.context("no yes is recorded")?;
    ensure!(answered.0.at("/operator/operator").as_str() == Some(approver.subject.as_str()), "{answered:?}");
    Ok(())
}

fn a_set_that_does_not_load_answers_nothing_rather_than_the_one_that_ships(site: &Site) -> Result<()> {
    let session = Session::open(site, "broken-set")?;
    session.tool("getEmails", &json!({}))?.content()?;
    site.kill()?;
    let folder = site.data_dir()?.join(POLICIES);
    fs::create_dir_all(&folder)?;
    // Who signs for the Worker is told so before anything is signed; natively the server itself has to say it.
    fs::write(folder.join("own.cedar"), "permit (principal, action, resource);")?;
    if let Err(refused) = site.start_again() {
        ensure!(format!("{refused:#}{}", site.last_words()).contains("own.cedar:1"), "{refused:#}");
        return Ok(());
    }
    let reply = session.tool("getEmails", &json!({}))?;
    reply.answer.expect(&[503])?;
    ensure!(
        site.output()?.contains("own.cedar:1"),
        "the log does not say what is wrong: {}",
        site.last_words()
    );
    Ok(())
}

fn each_event_reaches_its_receiver_once_and_names_nobody(site: &Site) -> Result<()> {
    let session = Session::open(site, "told-of")?;
    let ended = session.approve(&link_of(&session.tool("sendEmail", &message("Told"))?)?, Decision::Deny)?;
    ended.answer.expect(&[200])?;
    session.client.refresh(&session.tokens.refresh)?.expect(&[200])?;
    site.advance(120)?;
    session.client.refresh(&session.tokens.refresh)?.expect(&[400])?;
    let order = json!({ "person": session.person.email, "reason": "told of in a test" });
    operate(site, "/operator/kill", &order)?.expect(&[200])?;
    expect_told(site, &["approval.asked", "approval.decided", "operator.kill", "token.reused"])?;
    rule(site, "")?;
    Session::open(site, "told-after")?.tool("getEmails", &json!({}))?.content()?;
    expect_told(site, &["policy.changed"])
}

/// Waits until the receiver was told of each of these, and looks at everything it was told.
fn expect_told(site: &Site, kinds: &[&str]) -> Result<()> {
    let told = || -> Result<Vec<Value>> {
        let requests = site.control.requests("webhook", None)?;
        Ok(requests.iter().map(|request| request.at("/body").clone()).collect())
    };
    let of_kind = |told: &[Value], kind: &str| told.iter().filter(|event| event.at("/type") == kind).count();
    bounded("the receiver was told", || {
        let told = told()?;
        Ok(kinds.iter().all(|kind| of_kind(&told, kind) > 0))
    })?;
    let told = told()?;
    let known = ["type", "id", "at", "cell", "requestId", "grant", "client", "approval"];
    for event in &told {
        let fields = event.as_object().with_context(|| format!("no event: {event}"))?;
        ensure!(fields.keys().all(|field| known.contains(&field.as_str())), "{event}");
        ensure!(!event.to_string().contains('@'), "somebody is named: {event}");
    }
    for kind in kinds {
        ensure!(of_kind(&told, kind) == 1, "{kind} {} times: {told:?}", of_kind(&told, kind));
    }
    let ids: BTreeSet<String> = told.iter().map(|event| event.at("/id").to_string()).collect();
    ensure!(ids.len() == told.len(), "an event came twice, or two have one id: {told:?}");
    for request in site.control.requests("webhook", None)? {
        let signature = request.at("/headers").at("/webhook-signature").as_str().unwrap_or_default();
        ensure!(signature.starts_with("v1,") && signature.len() == 47, "{request}");
    }
    Ok(())
}
