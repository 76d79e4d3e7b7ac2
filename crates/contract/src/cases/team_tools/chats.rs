//! Chats, and whether people are available.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{ADELE, MEGAN, first, ids, items, lines, since, walk, with_colleague};
use crate::json::Look as _;
use crate::session::{GraphCall, Session};
use crate::site::Site;

pub(super) fn list_chats_puts_names_before_ids_and_the_newest_message_first(site: &Site) -> Result<()> {
    let session = Session::open(site, "chats-list")?;
    let chat = with_colleague(&session)?.0;
    let reply = session.tool("listChats", &json!({ "count": 3 }))?;
    let chats = items(reply.content()?, "chats")?;
    let [newest, second, _] = chats else { anyhow::bail!("not three chats: {}", reply.answer) };
    ensure!(newest.at("/id") == chat.as_str(), "{}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(call.line() == "GET /v1.0/me/chats", "{}", call.line());
    for (name, value) in
        [("$top", "3"), ("$expand", "members"), ("$orderby", "lastMessagePreview/createdDateTime desc")]
    {
        ensure!(call.option(name).as_deref() == Some(value), "{name}: {:?}", call.0);
    }
    ensure!(call.option("$select").is_none(), "{:?}", call.0);
    let other = newest.text("/members/0")?;
    let text = reply.result()?.text("/content/0/text")?;
    ensure!(newest.list("/members")?.len() == 1, "the person is a member of their own: {newest}");
    ensure!(text.contains(&format!("1. {other} (oneOnOne)\n   id {chat}")), "{text}");
    // Whoever writes in another chat puts it first.
    let second = second.text("/id")?.to_owned();
    session.call_approved("sendChatMessage", &json!({ "chatId": second, "message": "new" }))?.content()?;
    let reply = session.tool("listChats", &json!({ "count": 1 }))?;
    ensure!(first(reply.content()?, "chats")?.at("/id") == second.as_str(), "{}", reply.answer);
    Ok(())
}

pub(super) fn get_chat_messages_leaves_out_what_teams_says_itself(site: &Site) -> Result<()> {
    let session = Session::open(site, "chat-read")?;
    let (chat, mut known) = with_colleague(&session)?;
    let whole = known.len();
    known.retain(|message| message.at("/messageType") == "message");
    ensure!(known.len() < whole, "nothing was said by Teams itself");
    let seen = walk(&session, "getChatMessages", "messages", &json!({ "chatId": chat, "count": 50 }))?;
    known.reverse();
    ensure!(seen == ids(&known)?, "{} of {} messages", seen.len(), known.len());
    let call = session.last_graph_request()?;
    ensure!(call.option("$orderby").as_deref() == Some("createdDateTime desc"), "{:?}", call.0);
    ensure!(call.option("$top").as_deref() == Some("50"), "{:?}", call.0);
    ensure!(
        call.path().split('/').count() == 5 && call.path().starts_with("/v1.0/chats/19%3A"),
        "{}",
        call.line()
    );
    Ok(())
}

pub(super) fn send_chat_message_sends_text_once_and_the_other_reads_it(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "chat-one")?, Session::open(site, "chat-other")?);
    let made = one.call_approved("createChat", &json!({ "members": [other.person.email] }))?;
    let chat = made.content()?.text("/id")?.to_owned();
    let reply = one.call_approved(
        "sendChatMessage",
        &json!({ "chatId": chat, "message": "1 < 2 & <b>bold</b>\n日本" }),
    )?;
    let sent = site.control.graph("chat-messages", &one.person.email)?;
    let [sent] = sent.as_slice() else { anyhow::bail!("not one message: {sent:?}") };
    ensure!(sent.at("/chatId") == chat.as_str(), "{sent}");
    ensure!(sent.at("/id") == reply.content()?.at("/id"), "{}", reply.answer);
    ensure!(sent.at("/body/content") == "1 &lt; 2 &amp; &lt;b&gt;bold&lt;/b&gt;<br>日本", "{sent}");
    let call = one.last_graph_request()?;
    ensure!(
        call.line().starts_with("POST /v1.0/chats/19%3A") && call.path().ends_with("/messages"),
        "{}",
        call.line()
    );
    let read = other.tool("getChatMessages", &json!({ "chatId": chat }))?;
    let [message] = items(read.content()?, "messages")? else { anyhow::bail!("not one: {}", read.answer) };
    ensure!(lines(message) == ["1 < 2 & &lt;b>bold&lt;/b>", "日本"], "{}", read.answer);
    let listed = other.tool("listChats", &json!({ "count": 1 }))?;
    ensure!(first(listed.content()?, "chats")?.at("/id") == chat.as_str(), "{}", listed.answer);
    Ok(())
}

pub(super) fn create_chat_opens_the_one_chat_between_two_and_a_new_group_each_time(
    site: &Site,
) -> Result<()> {
    let session = Session::open(site, "chat-create")?;
    let before = site.control.graph("chats", &session.person.email)?.len();
    let open = |arguments: Value| -> Result<Value> {
        let reply = session.call_approved("createChat", &arguments)?;
        Ok(reply.content()?.clone())
    };
    let (one, again) =
        (open(json!({ "members": [MEGAN] }))?, open(json!({ "members": [MEGAN.to_uppercase()] }))?);
    ensure!(one.at("/id") == again.at("/id") && one.at("/chatType") == "oneOnOne", "{one} {again}");
    ensure!(site.control.graph("chats", &session.person.email)?.len() == before, "a second chat with Megan");
    let body = session.last_graph_request()?.body().clone();
    let bind = |email: &str| format!("https://graph.microsoft.com/v1.0/users('{email}')");
    ensure!(body.at("/members/0/user@odata.bind") == bind(&session.person.email).as_str(), "{body}");
    ensure!(body.at("/members/1/user@odata.bind") == bind(MEGAN).as_str(), "{body}");
    ensure!(body.at("/members/1/roles/0") == "owner" && body.get("topic").is_none(), "{body}");
    let group = json!({ "members": [MEGAN, ADELE, session.person.email], "topic": "Launch" });
    let (first, second) = (open(group.clone())?, open(group)?);
    ensure!(first.at("/id") != second.at("/id") && first.at("/chatType") == "group", "{first} {second}");
    let chats = site.control.graph("chats", &session.person.email)?;
    let made = chats.iter().find(|chat| chat.at("/id") == first.at("/id")).context("the group")?;
    ensure!(made.at("/topic") == "Launch" && made.list("/members")?.len() == 3, "{made}");
    let two = open(json!({ "members": [MEGAN], "topic": "Two of us" }))?;
    ensure!(two.at("/chatType") == "group", "{two}");
    Ok(())
}

pub(super) fn create_chat_tells_whom_teams_does_not_know(site: &Site) -> Result<()> {
    let session = Session::open(site, "chat-nobody")?;
    let before = site.control.graph("chats", &session.person.email)?.len();
    for (members, words) in [
        (json!(["o'neil@contoso.example"]), "does not exist"),
        (json!([MEGAN, "x')/messages@contoso.example"]), "does not exist"),
        (json!([session.person.email]), "arguments"),
    ] {
        let sentence = session.call_approved("createChat", &json!({ "members": members }))?.failure()?;
        ensure!(sentence.contains(words), "{members} is told as: {sentence}");
        ensure!(session.last_graph_request()?.line() == "POST /v1.0/chats", "{members}");
    }
    for (arguments, named) in [
        (json!({}), "members"),
        (json!({ "members": [] }), "members"),
        (json!({ "members": MEGAN }), "members"),
        (json!({ "members": ["nobody"] }), "members"),
        (json!({ "members": ["19:x@thread.v2\r\nHost: evil"] }), "members"),
        (
            json!({ "members": (0..51).map(|n| format!("p{n}@contoso.example")).collect::<Vec<_>>() }),
            "members",
        ),
        (json!({ "members": [MEGAN], "topic": "Re: plan" }), "topic"),
        (json!({ "members": [MEGAN], "topic": "" }), "topic"),
        (json!({ "members": [MEGAN], "topic": "a\nb" }), "topic"),
        (json!({ "members": [MEGAN], "topic": "t".repeat(251) }), "topic"),
    ] {
        session
            .call_approved("createChat", &arguments)?
            .expect_invalid(named)
            .with_context(|| arguments.to_string())?;
    }
    ensure!(site.control.graph("chats", &session.person.email)?.len() == before, "a chat was opened");
    Ok(())
}

pub(super) fn get_presence_resolves_addresses_in_one_batch_and_names_who_is_unknown(
    site: &Site,
) -> Result<()> {
    let session = Session::open(site, "presence")?;
    let before = session.graph_requests()?.len();
    let people = json!([MEGAN, ADELE, "nobody@contoso.example", "carla.mendes@fabrikam.example"]);
    let reply = session.tool("getPresence", &json!({ "people": people }))?;
    let found = items(reply.content()?, "people")?;
    ensure!(found.len() == 2, "{}", reply.answer);
    ensure!(first(reply.content()?, "people")?.at("/name") == "Megan Bowen", "{}", reply.answer);
    let known = site.control.graph("presence", &session.person.email)?;
    for one in found {
        let presence =
            known.iter().find(|presence| presence.at("/id") == one.at("/id")).context("a presence")?;
        ensure!(presence.at("/availability") == one.at("/availability"), "{one}");
        ensure!(presence.at("/activity") == one.at("/activity"), "{one}");
    }
    let unknown = reply.content()?.strings("/unknown");
    ensure!(unknown == ["nobody@contoso.example", "carla.mendes@fabrikam.example"], "{unknown:?}");
    ensure!(
        reply.answer.text().contains("Not known to the organisation: nobody@contoso.example"),
        "{}",
        reply.answer
    );
    let calls = since(&session, before)?;
    let lines: Vec<String> = calls.iter().map(GraphCall::line).collect();
    let batches = lines.iter().filter(|line| line.as_str() == "POST /v1.0/$batch").count();
    let asked =
        lines.iter().filter(|line| line.as_str() == "POST /v1.0/communications/getPresencesByUserId").count();
    let looked = lines.iter().filter(|line| line.starts_with("GET /v1.0/users/")).count();
    ensure!((batches, looked, asked, lines.len()) == (1, 4, 1, 6), "{lines:?}");
    let body = calls.last().context("a call")?.body().clone();
    ensure!(body.list("/ids")?.len() == 2 && body.as_object().is_some_and(|body| body.len() == 1), "{body}");
    Ok(())
}

pub(super) fn presence_by_id_alone_asks_for_no_directory(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "presence-narrow", "Presence.Read.All User.Read")?;
    let known = site.control.graph("presence", &session.person.email)?;
    let id = known.first().context("somebody")?.text("/id")?.to_owned();
    let nobody = "c0bd1ba1-a84e-4796-9c65-f8a0293741d1";
    let reply = session.tool("getPresence", &json!({ "people": [id, nobody, id] }))?;
    ensure!(ids(items(reply.content()?, "people")?)? == [id], "{}", reply.answer);
    ensure!(reply.content()?.strings("/unknown") == [nobody], "{}", reply.answer);
    let lines: Vec<String> = since(&session, 0)?.iter().map(GraphCall::line).collect();
    ensure!(lines == ["POST /v1.0/communications/getPresencesByUserId"], "{lines:?}");
    // An address needs the directory, and so another permission.
    let refused = session.tool("getPresence", &json!({ "people": [MEGAN] }))?;
    refused.answer.expect(&[403])?;
    ensure!(
        refused.answer.header("www-authenticate").is_some_and(|asks| asks.contains("User.ReadBasic.All")),
        "{}",
        refused.answer
    );
    Ok(())
}
