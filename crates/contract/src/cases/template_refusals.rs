//! Resource templates: what is no resource, what is another's, and what fails.

use anyhow::{Context as _, Result, ensure};
use serde_json::json;

use super::templates::{FOUR, Found, not_found, read, uri};
use crate::json::Look as _;
use crate::mcp::{LEGACY, MODERN};
use crate::oauth::challenge;
use crate::session::Session;
use crate::site::Site;

/// Ids that would leave their segment, as a client encodes them and as none would.
const HOSTILE: [&str; 24] = [
    "..",
    ".",
    "...",
    "%2e%2e",
    "%2E%2E%2F%2E%2E",
    "..%2f..%2fusers",
    "%252e%252e%252f",
    "a%2fb",
    "a%5cb",
    "..%5c..",
    "a%3fb",
    "a%23b",
    "a%00",
    "a%0d%0ab",
    "a%20b",
    "a%ff",
    "%c0%ae%c0%ae",
    "a;b",
    "a%3Bb",
    "%2F%2Fusers",
    "x%2F..%2F..%2Fusers",
    "me%2Fmessages%3F%24select%3Dbody",
    "%EF%BD%85",
    "%F0%9F%98%80",
];

table! { "template_refusals":
    shared what_does_not_exist_is_not_found_and_named,
    shared an_id_never_leaves_its_segment,
    shared a_uri_that_no_template_makes_is_not_found_and_asks_nobody,
    shared nobody_reads_what_is_another_s,
    shared a_narrow_grant_is_told_which_scope_is_missing,
    shared a_read_that_fails_is_an_error_and_not_a_body,
}

fn what_does_not_exist_is_not_found_and_named(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-absent")?;
    let found = Found::by(&session)?;
    for ((template, ..), id) in FOUR.iter().zip(found.ids()) {
        let mut absent: Vec<char> = id.chars().collect();
        // A well-formed id of nothing: one character of it is another.
        let at = absent.len() / 2;
        let was = absent.get(at).copied().context("a character")?;
        *absent.get_mut(at).context("a character")? = if was == 'a' || was == 'A' { 'B' } else { 'A' };
        let absent: String = absent.into_iter().collect();
        not_found(&session.mcp, &uri(template, &absent)).with_context(|| (*template).to_owned())?;
    }
    let Some(records) = session.records()? else { return Ok(()) };
    let failed = records.iter().filter(|record| record.is("outcome", "failed")).count();
    ensure!(failed == 12, "{failed} failed reads of twelve: {records:?}");
    Ok(())
}

fn an_id_never_leaves_its_segment(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-escape")?;
    for (template, path, _) in FOUR {
        let before = session.graph_requests()?.len();
        for hostile in HOSTILE {
            let uri = template.replace("{id}", hostile);
            for version in [MODERN, LEGACY[0]] {
                let reply = session.mcp.speaking(version).resource(&uri)?;
                ensure!(reply.message.get("result").is_none(), "{uri} was read: {}", reply.answer);
                reply.failure().with_context(|| uri.clone())?;
            }
        }
        let long = session.mcp.resource(&template.replace("{id}", &"a".repeat(5000)));
        // So long a name may not even fit into the header that must repeat it.
        ensure!(long?.message.get("result").is_none(), "a very long id was read");
        for request in session.graph_requests()?.iter().skip(before) {
            let asked = request.text("/path")?;
            let segment = asked.strip_prefix(path).with_context(|| format!("Graph saw {request}"))?;
            let plain = !segment.contains('/') && !matches!(segment, "" | "." | "..");
            ensure!(plain && request.text("/method")? == "GET", "Graph saw {request}");
        }
    }
    Ok(())
}

fn a_uri_that_no_template_makes_is_not_found_and_asks_nobody(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-none")?;
    let found = Found::by(&session)?;
    let (id, before) = (&found.message, session.graph_requests()?.len());
    for uri in [
        "microsoft://messages",
        "microsoft://messages/",
        "microsoft://messages/{id}",
        "microsoft://people/",
        &format!("microsoft://messages/{id}/"),
        &format!("microsoft://messages/{id}/attachments"),
        &format!("microsoft://messages/{id}/$value"),
        &format!("microsoft://messages//{id}"),
        &format!("microsoft://Messages/{id}"),
        &format!("MICROSOFT://messages/{id}"),
        &format!("microsoft:/messages/{id}"),
        &format!("microsoft://x@messages/{id}"),
        &format!("microsoft://messages:80/{id}"),
        &format!("microsoft://users/{id}"),
        &format!(" microsoft://messages/{id}"),
        "completion://folders",
        "https://graph.microsoft.com/v1.0/me/messages",
        "file:///etc/passwd",
    ] {
        not_found(&session.mcp, uri)?;
    }
    ensure!(session.graph_requests()?.len() == before, "an unknown URI reached Graph");
    Ok(())
}

fn nobody_reads_what_is_another_s(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "template-one")?, Session::open(site, "template-other")?);
    let found = Found::by(&other)?;
    for ((template, ..), id) in FOUR.iter().zip(found.ids()).take(3) {
        not_found(&one.mcp, &uri(template, id)).with_context(|| (*template).to_owned())?;
        read(&other, template, id)?;
    }
    for request in one.graph_requests()? {
        ensure!(!request.to_string().contains(&other.person.email), "Graph saw {request}");
    }
    Ok(())
}

fn a_narrow_grant_is_told_which_scope_is_missing(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "template-narrow", "User.Read")?;
    for (template, _, scope) in FOUR {
        let reply = session.mcp.resource(&uri(template, "AAMk1"))?;
        reply.answer.expect(&[403])?;
        ensure!(
            challenge(&reply.answer, "error").as_deref() == Some("insufficient_scope"),
            "{}",
            reply.answer
        );
        let named = challenge(&reply.answer, "scope").unwrap_or_default();
        ensure!(named.split(' ').any(|one| one == scope), "{scope} is not named: {}", reply.answer);
    }
    ensure!(session.graph_requests()?.is_empty(), "Graph was called without the scope");
    Ok(())
}

fn a_read_that_fails_is_an_error_and_not_a_body(site: &Site) -> Result<()> {
    let session = Session::open(site, "template-fault")?;
    let found = Found::by(&session)?;
    for kind in [
        json!({ "target": "graph", "kind": "status", "status": 403 }),
        json!({ "target": "graph", "kind": "malformed" }),
        json!({ "target": "gateway", "kind": "dlp_response" }),
        json!({ "target": "gateway", "kind": "cache_hit" }),
    ] {
        let mut fault = kind.clone();
        let fields = fault.as_object_mut().context("an object")?;
        fields.insert("person".to_owned(), json!(session.person.email));
        fields.insert("times".to_owned(), json!(1));
        site.control.fault(&fault)?;
        let reply = session.mcp.resource(&uri("microsoft://messages/{id}", &found.message))?;
        ensure!(reply.message.get("result").is_none(), "{kind} came as a result: {}", reply.answer);
        ensure!(
            ![Some(-32602), Some(-32002)].contains(&reply.error_code()),
            "{kind} is no absence: {}",
            reply.answer
        );
        ensure!(!reply.failure()?.is_empty(), "{}", reply.answer);
    }
    read(&session, "microsoft://messages/{id}", &found.message).map(drop)
}
