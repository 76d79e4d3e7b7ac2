//! The person's own page: what is connected can be ended there, and only from there.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use crate::browser::{Page, prepare};
use crate::html::{Form, forms};
use crate::session::Session;
use crate::site::Site;

table! { "me":
    shared ending_a_connection_ends_its_tokens_at_once,
    shared signing_out_of_microsoft_leaves_a_way_back,
    shared a_form_that_is_not_from_the_page_changes_nothing,
}

pub(super) fn page_and_form(session: &mut Session<'_>, action: &str) -> Result<(Page, Form)> {
    let url = session.site.edge("/me")?;
    let page = session.browser.page(&url)?;
    page.answer.expect(&[200])?;
    let found = forms(&page.answer.text()).into_iter().find(|form| form.action == action);
    Ok((page, found.with_context(|| format!("the page has no form for {action}"))?))
}

fn ending_a_connection_ends_its_tokens_at_once(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "me-end")?;
    session.tool("authenticate", &json!({}))?.content()?;
    let (page, form) = page_and_form(&mut session, "/me/revoke")?;
    session.browser.submit(&page, &form, None)?.page()?.answer.expect(&[200])?;
    session.tool("authenticate", &json!({}))?.answer.expect(&[401])?;
    let refused = session.client.refresh(&session.tokens.refresh)?;
    refused.expect(&[400])?;
    ensure!(refused.text().contains("invalid_grant"), "{refused}");
    Ok(())
}

fn signing_out_of_microsoft_leaves_a_way_back(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "me-out")?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    let (page, form) = page_and_form(&mut session, "/me/sign-out")?;
    session.browser.submit(&page, &form, None)?.page()?.answer.expect(&[200])?;
    let sentence = session.tool("getEmails", &json!({ "count": 1 }))?.failure()?;
    let connect = site.edge("/connect")?;
    ensure!(sentence.contains(connect.as_str()), "the way back is not named: {sentence}");
    session.browser.page(&connect)?.answer.expect(&[200])?;
    session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    Ok(())
}

fn a_form_that_is_not_from_the_page_changes_nothing(site: &Site) -> Result<()> {
    let mut session = Session::open(site, "me-foreign")?;
    let mut other = Session::open(site, "me-stranger")?;
    let (page, form) = page_and_form(&mut session, "/me/revoke")?;
    let (_, foreign) = page_and_form(&mut other, "/me/revoke")?;
    let fields = form.filled(None);
    let without: Vec<_> = fields.iter().filter(|(name, _)| name != "transaction").cloned().collect();
    let strangers: Vec<_> = foreign.filled(None);
    for (what, fields, statuses) in
        [("no token", without, [403, 403]), ("a stranger's token", strangers, [400, 403])]
    {
        let (request, url) = prepare(&page, &form, &fields)?;
        session.browser.send(request, &url)?.expect(&statuses).with_context(|| what.to_owned())?;
    }
    let (request, url) = prepare(&page, &form, &fields)?;
    session.browser.send(request.header("origin", "https://evil.example"), &url)?.expect(&[403])?;
    session.tool("authenticate", &json!({}))?.content()?;
    other.tool("authenticate", &json!({}))?.content()?;
    Ok(())
}
