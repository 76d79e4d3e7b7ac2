//! The nine tools: exact requests, faithful results, and nobody else's data.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{CHANNEL, TEAM};
use crate::json::Look as _;
use crate::session::Session;
use crate::site::Site;

/// Characters that change how text is read without being seen.
pub(super) const INVISIBLE: [std::ops::RangeInclusive<char>; 7] = [
    '\u{200b}'..='\u{200f}',
    '\u{202a}'..='\u{202e}',
    '\u{2060}'..='\u{2069}',
    '\u{feff}'..='\u{feff}',
    '\u{e0000}'..='\u{e007f}',
    '\u{0}'..='\u{8}',
    '\u{80}'..='\u{9f}',
];

table! { "tools":
    shared get_emails_reads_ten_of_the_inbox_by_default,
    shared get_emails_takes_a_folder_and_a_count,
    shared search_emails_quotes_the_query_as_one_phrase,
    shared send_email_sends_once_and_says_so,
    shared get_calendar_events_covers_the_days_with_zones,
    shared create_calendar_event_keeps_the_zone_and_cannot_double,
    shared send_teams_message_posts_text,
    shared create_teams_meeting_names_attendees_by_upn,
    shared get_contacts_lists_people_with_names,
    shared authenticate_tells_the_real_state,
    shared text_of_others_is_cleaned_and_framed,
    shared two_people_on_the_same_path_see_their_own_data,
    shared every_call_goes_through_the_gateway_with_five_keys,
    shared what_graph_is_sent_is_protected_and_named,
}

/// The first list in a structured result.
fn items(content: &Value) -> Result<&[Value]> {
    let fields = content.as_object().context("structured content is an object")?;
    let list = fields.values().find_map(Value::as_array);
    list.map(Vec::as_slice).with_context(|| format!("no list in {content}"))
}

fn get_emails_reads_ten_of_the_inbox_by_default(site: &Site) -> Result<()> {
    let session = Session::open(site, "inbox")?;
    for params in [json!({ "name": "getEmails", "arguments": {} }), json!({ "name": "getEmails" })] {
        let reply = session.mcp.send("tools/call", &params)?;
        let emails = items(reply.content()?)?.to_vec();
        ensure!(emails.len() == 10, "{} messages: {}", emails.len(), reply.answer);
        for email in &emails {
            ensure!(!email.text("/id")?.is_empty() && email.at("/subject").is_string(), "a message: {email}");
        }
    }
    let call = session.last_graph_request()?;
    ensure!(call.line() == "GET /v1.0/me/mailFolders/inbox/messages", "{}", call.line());
    ensure!(call.option("$top").as_deref() == Some("10"), "$top: {:?}", call.0);
    ensure!(call.option("$select").is_some_and(|select| !select.contains("body,")), "$select: {:?}", call.0);
    Ok(())
}

fn get_emails_takes_a_folder_and_a_count(site: &Site) -> Result<()> {
    let session = Session::open(site, "folder")?;
    let reply = session.tool("getEmails", &json!({ "folder": "sentitems", "count": 3 }))?;
    ensure!(items(reply.content()?)?.len() <= 3, "{}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(call.line() == "GET /v1.0/me/mailFolders/sentitems/messages", "{}", call.line());
    ensure!(call.option("$top").as_deref() == Some("3"), "$top: {:?}", call.0);
    session.tool("getEmails", &json!({ "count": 50 }))?.content()?;
    session.tool("getEmails", &json!({ "count": 51 }))?.expect_invalid("count")?;
    Ok(())
}

fn search_emails_quotes_the_query_as_one_phrase(site: &Site) -> Result<()> {
    let session = Session::open(site, "search")?;
    for (query, search) in [
        ("report", "\"report\""),
        ("subject:\"quarterly report\"", "\"subject:\\\"quarterly report\\\"\""),
        ("a\" OR from:ceo", "\"a\\\" OR from:ceo\""),
    ] {
        // Whether Graph likes the query is Graph's matter; that it stays one phrase is ours.
        session.tool("searchEmails", &json!({ "query": query }))?.result()?;
        let call = session.last_graph_request()?;
        ensure!(call.line() == "GET /v1.0/me/messages", "{}", call.line());
        ensure!(call.option("$search").as_deref() == Some(search), "$search of {query}: {:?}", call.0);
        ensure!(
            call.option("$orderby").is_none() && call.option("$filter").is_none(),
            "with $search: {:?}",
            call.0
        );
        ensure!(call.option("$top").as_deref() == Some("10"), "$top: {:?}", call.0);
    }
    Ok(())
}

fn send_email_sends_once_and_says_so(site: &Site) -> Result<()> {
    let session = Session::open(site, "send")?;
    let arguments = json!({ "to": "blair@contoso.example", "subject": "Lunch – Überraschung", "body": "At <noon> & \"sharp\"", "contentType": "text" });
    let reply = session.call_approved("sendEmail", &arguments)?;
    reply.content()?;
    ensure!(reply.result()?.text("/content/0/text")?.contains("blair@contoso.example"), "{}", reply.answer);
    let sent = site.control.graph("sent", &session.person.email)?;
    ensure!(sent.len() == 1, "{} messages were sent: {sent:?}", sent.len());
    let call = session.last_graph_request()?;
    ensure!(call.line() == "POST /v1.0/me/sendMail", "{}", call.line());
    let message = call.body().at("/message");
    ensure!(message.at("/subject") == arguments.at("/subject"), "{message}");
    ensure!(message.at("/body/content") == arguments.at("/body"), "{message}");
    ensure!(message.text("/body/contentType")?.eq_ignore_ascii_case("text"), "{message}");
    ensure!(message.text("/toRecipients/0/emailAddress/address")? == "blair@contoso.example", "{message}");
    let html = session.call_approved(
        "sendEmail",
        &json!({ "to": "blair@contoso.example", "subject": "s", "body": "<b>b</b>" }),
    )?;
    html.content()?;
    let kind = session.last_graph_request()?.body().text("/message/body/contentType")?.to_lowercase();
    ensure!(kind == "html", "the default content type is {kind}");
    Ok(())
}

fn get_calendar_events_covers_the_days_with_zones(site: &Site) -> Result<()> {
    let session = Session::open(site, "calendar")?;
    let reply = session.tool("getCalendarEvents", &json!({}))?;
    let events = items(reply.content()?)?;
    ensure!(!events.is_empty(), "the seeded calendar is empty: {}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(call.path() == "/v1.0/me/calendarView", "{}", call.line());
    for name in ["startDateTime", "endDateTime"] {
        let moment = call.option(name).unwrap_or_default();
        ensure!(moment.ends_with('Z') || moment.contains('+'), "{name} has no zone: {moment}");
    }
    for days in [json!(0), json!(31), json!(-1)] {
        session.tool("getCalendarEvents", &json!({ "days": days }))?.expect_invalid("days")?;
    }
    let month = session.tool("getCalendarEvents", &json!({ "days": 30 }))?;
    ensure!(items(month.content()?)?.len() > 10, "a month ends at the first page: {}", month.answer);
    Ok(())
}

fn create_calendar_event_keeps_the_zone_and_cannot_double(site: &Site) -> Result<()> {
    let session = Session::open(site, "event")?;
    let arguments = json!({
        "subject": "Review", "start": "2030-03-04T09:00:00+02:00", "end": "2030-03-04T10:00:00+02:00",
        "attendees": ["blair@contoso.example"], "body": "Bring <figures>",
    });
    session.call_approved("createCalendarEvent", &arguments)?.content()?;
    let call = session.last_graph_request()?;
    ensure!(call.line() == "POST /v1.0/me/events", "{}", call.line());
    let body = call.body();
    let (start, zone) = (body.text("/start/dateTime")?, body.text("/start/timeZone")?);
    let nine_in_the_zone = start.starts_with("2030-03-04T09:00:00") && zone != "UTC";
    let seven_in_utc = start.starts_with("2030-03-04T07:00:00") && zone == "UTC";
    ensure!(nine_in_the_zone || seven_in_utc, "start {start} in {zone}");
    ensure!(!body.text("/transactionId")?.is_empty(), "no transactionId: {body}");
    ensure!(!body.to_string().contains("<figures>"), "text became markup: {body}");
    let events = site.control.graph("events", &session.person.email)?;
    ensure!(events.len() == 1, "{} events: {events:?}", events.len());
    for (field, value) in [
        ("start", "2030-03-04T09:00:00"),
        ("start", "tomorrow"),
        ("end", "2030-02-30T09:00:00Z"),
        ("end", "2030-03-04T08:00:00+02:00"),
    ] {
        let mut wrong = arguments.clone();
        *wrong.pointer_mut(&format!("/{field}")).context("a field")? = json!(value);
        session
            .call_approved("createCalendarEvent", &wrong)?
            .expect_invalid(field)
            .with_context(|| value.to_owned())?;
    }
    ensure!(site.control.graph("events", &session.person.email)?.len() == 1, "a refused event was created");
    Ok(())
}

fn send_teams_message_posts_text(site: &Site) -> Result<()> {
    let session = Session::open(site, "teams")?;
    let arguments = json!({ "teamId": TEAM, "channelId": CHANNEL, "message": "Done <b>&</b> dusted" });
    session.call_approved("sendTeamsMessage", &arguments)?.content()?;
    let posts = site.control.graph("channel-messages", &session.person.email)?;
    ensure!(posts.len() == 1, "{} posts: {posts:?}", posts.len());
    let call = session.last_graph_request()?;
    let segments: Vec<_> = call.path().split('/').collect();
    ensure!(segments.len() == 7 && segments.ends_with(&["messages"]), "{}", call.line());
    Ok(())
}

fn create_teams_meeting_names_attendees_by_upn(site: &Site) -> Result<()> {
    let session = Session::open(site, "meeting")?;
    let arguments = json!({
        "subject": "Sync", "startTime": "2030-03-04T09:00:00Z", "endTime": "2030-03-04T09:30:00Z", "attendees": ["blair@contoso.example"],
    });
    let reply = session.tool("createTeamsMeeting", &arguments)?;
    let link = reply.content()?.to_string();
    ensure!(link.contains("https://"), "no link to join: {}", reply.answer);
    let body = session.last_graph_request()?.body().clone();
    let attendee = body.at("/participants/attendees/0");
    ensure!(
        attendee.text("/upn")? == "blair@contoso.example" && attendee.at("/identity/user/id").is_null(),
        "{body}"
    );
    ensure!(site.control.graph("meetings", &session.person.email)?.len() == 1, "not one meeting");
    Ok(())
}

fn get_contacts_lists_people_with_names(site: &Site) -> Result<()> {
    let session = Session::open(site, "contacts")?;
    let reply = session.tool("getContacts", &json!({}))?;
    let people = items(reply.content()?)?.to_vec();
    ensure!(!people.is_empty(), "no people: {}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(
        call.line() == "GET /v1.0/me/people" && call.option("$top").as_deref() == Some("50"),
        "{:?}",
        call.0
    );
    let text = reply.answer.text();
    ensure!(!text.contains("undefined") && text.contains("@contoso.example"), "{}", reply.answer);
    session.tool("getContacts", &json!({ "search": "a\"b", "count": 100 }))?.content()?;
    let search = session.last_graph_request()?.option("$search").unwrap_or_default();
    ensure!(
        search.starts_with('"') && search.ends_with('"') && search.contains("a\\\"b"),
        "$search: {search}"
    );
    session.tool("getContacts", &json!({ "count": 101 }))?.expect_invalid("count")
}

fn authenticate_tells_the_real_state(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "state", "Mail.Read User.Read")?;
    let before = session.graph_requests()?.len();
    let reply = session.tool("authenticate", &json!({}))?;
    let shown = reply.content()?.to_string();
    ensure!(shown.contains(&session.person.email) && shown.contains("Mail.Read"), "{}", reply.answer);
    ensure!(!shown.contains("m365a_") && !shown.contains("eyJ"), "a token: {}", reply.answer);
    ensure!(session.graph_requests()?.len() == before, "authenticate called Graph");
    Ok(())
}

fn text_of_others_is_cleaned_and_framed(site: &Site) -> Result<()> {
    let session = Session::open(site, "hostile-mail")?;
    let reply = session.tool("getEmails", &json!({ "count": 50 }))?;
    let result = reply.result()?.to_string();
    let strange = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
    if let Some(found) = result.chars().find(|c| strange(*c)) {
        anyhow::bail!("U+{:04X} reached the model", u32::from(found));
    }
    let lower = result.to_lowercase();
    for markup in ["<script", "<iframe", "onerror=", "javascript:", "display:none"] {
        ensure!(!lower.contains(markup), "{markup} reached the model");
    }
    ensure!(
        lower.contains("untrusted") || lower.contains("not instructions"),
        "text of others is not marked: {}",
        reply.answer
    );
    Ok(())
}

fn two_people_on_the_same_path_see_their_own_data(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "twin-a")?, Session::open(site, "twin-b")?);
    let mut seen = Vec::new();
    for session in [&one, &other, &one] {
        let profile = session.mcp.resource("microsoft://profile")?;
        let text = profile.result()?.text("/contents/0/text")?.to_owned();
        ensure!(text.contains(&session.person.email), "another profile: {}", profile.answer);
        let emails = session.tool("getEmails", &json!({ "count": 5 }))?;
        let ids: Vec<String> =
            items(emails.content()?)?.iter().map(|email| email.at("/id").to_string()).collect();
        seen.push(ids);
    }
    let [first, second, third] = seen.as_slice() else { anyhow::bail!("three answers") };
    ensure!(first == third, "the same person sees different mail");
    ensure!(first.iter().all(|id| !second.contains(id)), "two people see the same messages");
    for log in site.control.gateway_logs_of(&one.person.email)? {
        ensure!(log.at("/cached") != &Value::Bool(true), "an answer came from the cache: {log}");
    }
    Ok(())
}

fn every_call_goes_through_the_gateway_with_five_keys(site: &Site) -> Result<()> {
    let session = Session::open(site, "metadata-keys")?;
    session.tool("getEmails", &json!({}))?.content()?;
    session.mcp.resource("microsoft://teams")?.result()?;
    let logs = site.control.gateway_logs_of(&session.person.email)?;
    ensure!(
        logs.len() == session.graph_requests()?.len(),
        "Graph was reached {} times beside {} logs",
        session.graph_requests()?.len(),
        logs.len()
    );
    let oid = site.control.object_id(&session.person.email)?;
    for log in &logs {
        let metadata = log.at("/metadata");
        let mut keys: Vec<_> = metadata.as_object().context("metadata")?.keys().map(String::as_str).collect();
        keys.sort_unstable();
        ensure!(keys == ["mcpClient", "mcpTool", "requestId", "userEmail", "userId"], "keys: {metadata}");
        ensure!(metadata.text("/userId")? == oid, "userId is not the Entra oid {oid}: {metadata}");
        ensure!(metadata.text("/mcpClient")? == session.client.id, "mcpClient: {metadata}");
        ensure!(metadata.text("/requestId")?.len() == 36, "requestId: {metadata}");
        ensure!(
            ["getEmails", "microsoft://teams"].contains(&metadata.text("/mcpTool")?),
            "mcpTool: {metadata}"
        );
    }
    Ok(())
}

fn what_graph_is_sent_is_protected_and_named(site: &Site) -> Result<()> {
    let session = Session::open(site, "egress")?;
    session.tool("getEmails", &json!({}))?.content()?;
    let gateway = site.control.requests("gateway", Some(&session.person.email))?;
    let request = gateway.last().context("the gateway saw nothing")?;
    for (name, value) in [
        ("cf-aig-skip-cache", "true"),
        ("cf-aig-max-attempts", "1"),
        ("cf-aig-collect-log-payload", "false"),
        ("cf-aig-authorization", "Bearer <gateway token>"),
        ("authorization", "Bearer <microsoft access token>"),
    ] {
        ensure!(request.at("/headers").get(name).and_then(Value::as_str) == Some(value), "{name}: {request}");
    }
    let metadata: Value = serde_json::from_str(request.at("/headers").text("/cf-aig-metadata")?)?;
    ensure!(metadata.as_object().is_some_and(|metadata| metadata.len() == 5), "metadata: {metadata}");
    let call = session.last_graph_request()?;
    ensure!(
        call.header("client-request-id").is_some_and(|id| id.len() == 36),
        "client-request-id: {:?}",
        call.0
    );
    for name in ["cookie", "cf-access-jwt-assertion", "mcp-name", "origin", "referer"] {
        ensure!(call.header(name).is_none(), "{name} went out: {:?}", call.0);
    }
    ensure!(!call.0.to_string().contains("m365a_"), "our token went out: {:?}", call.0);
    Ok(())
}
