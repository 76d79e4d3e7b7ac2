//! Arguments that try to be more than arguments: refused, or still the one thing they may be.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::http::Request;
use crate::json::Look as _;
use crate::session::Session;
use crate::site::Site;

/// Identifiers that would leave their segment if they were not encoded.
const IDENTIFIERS: [&str; 22] = [
    "..",
    ".",
    "../../users",
    "../messages?$select=body&$top=999#",
    "../../../beta/me/drive/root/children?z=",
    "%2e%2e",
    "%2e%2e%2f%2e%2e",
    "%252f",
    "a/b",
    "a\\b",
    "..\\..",
    "a;b",
    "inbox?x=1",
    "inbox#x",
    "inbox%3f",
    "inbox/messages/../../users",
    "//users",
    "inbox\u{0}",
    "in\r\nbox",
    "inbox HTTP/1.1",
    "ｉｎｂｏｘ/..",
    "",
];

table! { "hostile_arguments":
    shared a_folder_never_leaves_its_segment,
    shared a_team_or_channel_never_leaves_its_segment,
    shared counts_are_whole_numbers_within_their_range,
    shared missing_wrong_and_null_arguments_are_named,
    shared recipients_are_addresses_and_few,
    shared text_cannot_forge_headers_or_overflow,
    shared markup_that_grows_when_it_is_read_is_refused,
    shared an_argument_list_is_an_object,
    shared a_refused_call_leaves_exactly_one_record,
}

/// Everything Graph saw for the person is one of these, an id at each `{}`, and has no encoded step.
fn only(session: &Session<'_>, shapes: &[&str]) -> Result<()> {
    for request in session.graph_requests()? {
        let path = request.text("/path")?;
        let line = format!("{} {path}", request.text("/method")?);
        let is = |shape: &&str| {
            shape.split('/').count() == line.split('/').count()
                && shape.split('/').zip(line.split('/')).all(|(one, given)| one == "{}" || one == given)
        };
        let same_shape = shapes.iter().any(is);
        let plain = !path.contains("/../")
            && !path.contains("/./")
            && !path.contains('\\')
            && !path.contains(';')
            && !path.contains("//");
        ensure!(same_shape && plain && path.starts_with("/v1.0/"), "Graph saw {request}");
        ensure!(!request.text("/query")?.contains("999"), "Graph saw {request}");
    }
    Ok(())
}

fn a_folder_never_leaves_its_segment(site: &Site) -> Result<()> {
    let session = Session::open(site, "folder-escape")?;
    for folder in IDENTIFIERS {
        let reply = session.tool("getEmails", &json!({ "folder": folder }))?;
        reply.failure().with_context(|| format!("folder {folder:?}"))?;
    }
    let long = session.tool("getEmails", &json!({ "folder": "f".repeat(20_000) }))?;
    long.expect_invalid("folder")?;
    only(&session, &["GET /v1.0/me/mailFolders/{}/messages"])
}

fn a_team_or_channel_never_leaves_its_segment(site: &Site) -> Result<()> {
    let session = Session::open(site, "team-escape")?;
    for id in IDENTIFIERS {
        for arguments in [
            json!({ "teamId": id, "channelId": "19:x@thread.tacv2", "message": "m" }),
            json!({ "teamId": "f9725686-65c0-4611-9d50-98d0157826e7", "channelId": id, "message": "m" }),
        ] {
            session
                .call_approved("sendTeamsMessage", &arguments)?
                .failure()
                .with_context(|| arguments.to_string())?;
        }
    }
    ensure!(
        site.control.graph("channel-messages", &session.person.email)?.is_empty(),
        "something was posted"
    );
    ensure!(site.control.graph("drafts", &session.person.email)?.is_empty(), "a draft was written");
    // The team and the channel are looked at first.
    only(
        &session,
        &[
            "GET /v1.0/teams/{}",
            "GET /v1.0/teams/{}/channels/{}",
            "GET /v1.0/teams/{}/channels/{}/members",
            "POST /v1.0/teams/{}/channels/{}/messages",
        ],
    )
}

fn counts_are_whole_numbers_within_their_range(site: &Site) -> Result<()> {
    let session = Session::open(site, "counts")?;
    for value in [
        json!(-1),
        json!(0),
        json!(1.5),
        json!(1e9),
        json!("5"),
        json!(true),
        json!([5]),
        json!({}),
        json!(51),
    ] {
        for (tool, argument, more) in [
            ("getEmails", "count", None),
            ("searchEmails", "count", Some("query")),
            ("getCalendarEvents", "days", None),
        ] {
            let mut arguments = json!({ argument: value });
            if let (Some(name), Some(fields)) = (more, arguments.as_object_mut()) {
                fields.insert(name.to_owned(), json!("report"));
            }
            session
                .call_approved(tool, &arguments)?
                .expect_invalid(argument)
                .with_context(|| format!("{tool} {arguments}"))?;
        }
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused count reached Graph");
    Ok(())
}

fn missing_wrong_and_null_arguments_are_named(site: &Site) -> Result<()> {
    let session = Session::open(site, "missing")?;
    for (tool, arguments, named) in [
        ("sendEmail", json!({ "subject": "s", "body": "b" }), "to"),
        ("sendEmail", json!({ "to": "a@contoso.example", "body": "b" }), "subject"),
        ("sendEmail", json!({ "to": "a@contoso.example", "subject": 7, "body": "b" }), "subject"),
        ("sendEmail", json!({ "to": "a@contoso.example", "subject": "s", "body": null }), "body"),
        (
            "sendEmail",
            json!({ "to": "a@contoso.example", "subject": "s", "body": "b", "contentType": "markdown" }),
            "contentType",
        ),
        ("searchEmails", json!({}), "query"),
        ("searchEmails", json!({ "query": "" }), "query"),
        ("createCalendarEvent", json!({ "subject": "s", "end": "2030-01-01T00:00:00Z" }), "start"),
        (
            "createTeamsMeeting",
            json!({ "subject": "s", "startTime": 7, "endTime": "2030-01-01T00:00:00Z" }),
            "startTime",
        ),
        ("sendTeamsMessage", json!({ "teamId": "x", "message": "m" }), "channelId"),
        ("getContacts", json!({ "search": ["a"] }), "search"),
    ] {
        session
            .call_approved(tool, &arguments)?
            .expect_invalid(named)
            .with_context(|| format!("{tool} {arguments}"))?;
    }
    let allowed = session.call_approved(
        "sendEmail",
        &json!({ "to": "a@contoso.example", "subject": "s", "body": "b", "contentType": "rtf" }),
    )?;
    let sentence = allowed.failure()?;
    ensure!(
        sentence.contains("text") && sentence.contains("html"),
        "what is allowed is not said: {sentence}"
    );
    ensure!(session.graph_requests()?.is_empty(), "a refused call reached Graph");
    Ok(())
}

fn recipients_are_addresses_and_few(site: &Site) -> Result<()> {
    let session = Session::open(site, "recipients")?;
    for to in [
        "",
        "nobody",
        "a@b@c",
        "a b@contoso.example",
        "a@contoso.example, b@contoso.example",
        "a@contoso.example;b@evil.example",
        "a@contoso.example\r\nBcc: b@evil.example",
        "<a@contoso.example>",
    ] {
        session
            .call_approved("sendEmail", &json!({ "to": to, "subject": "s", "body": "b" }))?
            .expect_invalid("to")
            .with_context(|| format!("{to:?}"))?;
    }
    let many: Vec<String> = (0..1001).map(|number| format!("p{number}@contoso.example")).collect();
    let event = json!({ "subject": "s", "start": "2030-01-01T09:00:00Z", "end": "2030-01-01T10:00:00Z", "attendees": many });
    session.call_approved("createCalendarEvent", &event)?.expect_invalid("attendees")?;
    let meeting = json!({ "subject": "s", "startTime": "2030-01-01T09:00:00Z", "endTime": "2030-01-01T10:00:00Z", "attendees": ["not an address"] });
    session.tool("createTeamsMeeting", &meeting)?.expect_invalid("attendees")?;
    ensure!(session.graph_requests()?.is_empty(), "a refused recipient reached Graph");
    Ok(())
}

fn text_cannot_forge_headers_or_overflow(site: &Site) -> Result<()> {
    let session = Session::open(site, "overflow")?;
    for (tool, arguments, named) in [
        (
            "sendEmail",
            json!({ "to": "a@contoso.example", "subject": "s\r\nBcc: x@evil.example", "body": "b" }),
            "subject",
        ),
        (
            "sendEmail",
            json!({ "to": "a@contoso.example", "subject": "s".repeat(5000), "body": "b" }),
            "subject",
        ),
        ("searchEmails", json!({ "query": "q".repeat(50_000) }), "query"),
    ] {
        session.call_approved(tool, &arguments)?.expect_invalid(named)?;
    }
    ensure!(site.control.graph("sent", &session.person.email)?.is_empty(), "a forged subject was sent");
    Ok(())
}

fn markup_that_grows_when_it_is_read_is_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "markup-bomb")?;
    let numbered = |count: usize, form: &dyn Fn(usize) -> String| (0..count).map(form).collect::<String>();
    let copied = numbered(2000, &|number| format!("<b a{number}>")) + &"<p>x".repeat(2000);
    let attributes = format!("<p{}>x", numbered(100_000, &|number| format!(" a{number}")));
    for body in [copied, attributes, "<i>".repeat(20_000)] {
        let arguments = json!({ "to": "blair@contoso.example", "subject": "s", "body": body });
        session.call_approved("sendEmail", &arguments)?.expect_invalid("body")?;
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused body was sent");
    Ok(())
}

fn an_argument_list_is_an_object(site: &Site) -> Result<()> {
    let session = Session::open(site, "argument-list")?;
    for arguments in [json!([]), json!("x"), json!(7), json!(true)] {
        session
            .tool("getEmails", &arguments)?
            .expect_error(&[200, 400], &[-32602, -32600])
            .with_context(|| arguments.to_string())?;
    }
    let doubled = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"getEmails\",\"arguments\":{\"count\":1,\"count\":50}}}";
    let request = Request::post(&site.mcp).bearer(&session.tokens.access).body("application/json", doubled);
    request.send()?.expect(&[400])?;
    ensure!(session.graph_requests()?.is_empty(), "a refused call reached Graph");
    Ok(())
}

fn a_refused_call_leaves_exactly_one_record(site: &Site) -> Result<()> {
    let session = Session::open(site, "one-record")?;
    let Some(before) = session.records()? else { return Ok(()) };
    let mut expected = before.len();
    for (tool, arguments) in
        [("getEmails", json!({ "count": -1 })), ("nobody", json!({})), ("sendEmail", Value::Null)]
    {
        session.mcp.send("tools/call", &json!({ "name": tool, "arguments": arguments }))?.failure()?;
        expected += 1;
        let records = session.records()?.unwrap_or_default();
        ensure!(
            records.len() == expected,
            "{tool} left {} records, not one: {records:?}",
            records.len() + 1 - expected
        );
    }
    Ok(())
}
