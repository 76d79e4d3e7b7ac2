//! The tools of teams, channels, chats and presence.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::tools::INVISIBLE;
use super::{CHANNEL, TEAM};
use crate::json::Look as _;
use crate::session::{GraphCall, Session};
use crate::site::Site;

/// Somebody of the directory with whom everybody has a chat.
const MEGAN: &str = "megan.bowen@contoso.example";
/// Somebody of the directory whom the cases write to.
const ADELE: &str = "adele.vance@contoso.example";

table! { "team_tools":
    shared list_teams_asks_without_options_and_names_every_team,
    shared list_channels_names_every_channel_of_the_team_and_no_other,
    shared get_channel_messages_reads_posts_and_says_when_in_the_asked_zone,
    shared the_replies_to_a_post_are_read_by_its_id,
    shared a_reply_stands_below_its_post_and_nowhere_else,
    shared a_post_has_a_title_and_a_mention_that_graph_takes,
    shared a_mention_without_its_place_is_refused_before_anything_is_sent,
    shared list_chats_puts_names_before_ids_and_the_newest_message_first,
    shared get_chat_messages_leaves_out_what_teams_says_itself,
    shared send_chat_message_sends_text_once_and_the_other_reads_it,
    shared create_chat_opens_the_one_chat_between_two_and_a_new_group_each_time,
    shared create_chat_tells_whom_teams_does_not_know,
    shared get_presence_resolves_addresses_in_one_batch_and_names_who_is_unknown,
    shared presence_by_id_alone_asks_for_no_directory,
    shared every_list_of_teams_is_seen_once,
    shared what_others_wrote_in_teams_is_cleaned_and_framed,
    shared an_id_of_another_kind_is_told_as_one,
    shared the_chats_of_another_person_stay_closed,
    shared every_documented_refusal_of_teams_is_told_as_its_own,
    shared a_throttled_lookup_inside_a_batch_is_no_unknown_person,
    shared ids_of_teams_never_leave_their_segment,
    shared counts_texts_and_lists_of_teams_are_bounded,
    shared a_write_in_teams_is_tried_once_when_its_fate_is_unknown,
}

/// The list in a structured result.
fn items<'a>(content: &'a Value, name: &str) -> Result<&'a [Value]> {
    content.list(&format!("/{name}"))
}

/// Its first entry.
fn first<'a>(content: &'a Value, name: &str) -> Result<&'a Value> {
    items(content, name)?.first().with_context(|| format!("no {name}: {content}"))
}

fn ids(items: &[Value]) -> Result<Vec<String>> {
    items.iter().map(|item| Ok(item.text("/id")?.to_owned())).collect()
}

/// The lines of a message that say something.
fn lines(message: &Value) -> Vec<&str> {
    message.at("/body").as_str().unwrap_or_default().lines().filter(|line| !line.is_empty()).collect()
}

fn same(one: &[String], other: &[String]) -> bool {
    let set = |ids: &[String]| ids.iter().cloned().collect::<BTreeSet<_>>();
    one.len() == other.len() && set(one) == set(other)
}

/// The ids on all pages, from the first on.
fn walk(session: &Session<'_>, tool: &str, list: &str, arguments: &Value) -> Result<Vec<String>> {
    let mut seen = Vec::new();
    let mut arguments = arguments.clone();
    for _ in 0..40 {
        let reply = session.tool(tool, &arguments)?;
        seen.extend(ids(items(reply.content()?, list)?)?);
        match reply.content()?.get("nextCursor") {
            Some(next) => arguments = json!({ "cursor": next }),
            None => return Ok(seen),
        }
    }
    anyhow::bail!("{tool} never ends: {} items", seen.len())
}

/// The requests Graph saw for a person since there were so many.
fn since(session: &Session<'_>, before: usize) -> Result<Vec<GraphCall>> {
    Ok(session.graph_requests()?.into_iter().skip(before).map(GraphCall).collect())
}

/// Whatever was written in the channel, newest last.
fn history(session: &Session<'_>) -> Result<Vec<Value>> {
    let mut all = session.site.control.graph("channel-history", &session.person.email)?;
    all.retain(|message| message.at("/channelIdentity/channelId") == CHANNEL);
    Ok(all)
}

/// The chat with one colleague, and everything there is in it.
fn with_colleague(session: &Session<'_>) -> Result<(String, Vec<Value>)> {
    let chats = session.site.control.graph("chats", &session.person.email)?;
    let chat = chats.iter().find(|chat| chat.at("/chatType") == "oneOnOne").context("a chat of two")?;
    let id = chat.text("/id")?.to_owned();
    let mut messages = session.site.control.graph("chat-history", &session.person.email)?;
    messages.retain(|message| message.at("/chatId") == id.as_str());
    Ok((id, messages))
}

fn object_id(session: &Session<'_>, email: &str) -> Result<String> {
    let found = session.tool("getPresence", &json!({ "people": [email] }))?;
    Ok(items(found.content()?, "people")?.first().context("somebody")?.text("/id")?.to_owned())
}

fn list_teams_asks_without_options_and_names_every_team(site: &Site) -> Result<()> {
    let session = Session::open(site, "teams-list")?;
    let reply = session.tool("listTeams", &json!({}))?;
    let known = ids(&site.control.graph("teams", &session.person.email)?)?;
    ensure!(ids(items(reply.content()?, "teams")?)? == known, "{}", reply.answer);
    ensure!(reply.answer.text().contains("1. Northwind Launch: Everything"), "{}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(call.line() == "GET /v1.0/me/joinedTeams" && call.0.at("/query") == "", "{:?}", call.0);
    Ok(())
}

fn list_channels_names_every_channel_of_the_team_and_no_other(site: &Site) -> Result<()> {
    let session = Session::open(site, "channels-list")?;
    let mut known = site.control.graph("channels", &session.person.email)?;
    known.retain(|channel| channel.at("/teamId") == TEAM);
    let reply = session.tool("listChannels", &json!({ "teamId": TEAM }))?;
    ensure!(ids(items(reply.content()?, "channels")?)? == ids(&known)?, "{}", reply.answer);
    let call = session.last_graph_request()?;
    ensure!(call.line() == format!("GET /v1.0/teams/{TEAM}/channels"), "{}", call.line());
    let select = call.option("$select").unwrap_or_default();
    ensure!(select == "id,displayName,description,membershipType,webUrl", "$select: {select}");
    session.tool("listChannels", &json!({}))?.expect_invalid("teamId")
}

fn get_channel_messages_reads_posts_and_says_when_in_the_asked_zone(site: &Site) -> Result<()> {
    let session = Session::open(site, "channel-posts")?;
    let arguments = json!({ "teamId": TEAM, "channelId": CHANNEL, "count": 5, "timeZone": "Asia/Tokyo" });
    let reply = session.tool("getChannelMessages", &arguments)?;
    let call = session.last_graph_request()?;
    let path =
        format!("/v1.0/teams/{TEAM}/channels/{}/messages", CHANNEL.replace(':', "%3A").replace('@', "%40"));
    ensure!(call.line() == format!("GET {path}"), "{}", call.line());
    ensure!(call.0.at("/query") == "%24top=5" || call.0.at("/query") == "$top=5", "{:?}", call.0);
    ensure!(reply.answer.text().contains("newest first. Times are Asia/Tokyo."), "{}", reply.answer);
    for message in items(reply.content()?, "messages")? {
        ensure!(!message.text("/from/name")?.is_empty() && message.at("/body").is_string(), "{message}");
        ensure!(message.text("/webUrl")?.starts_with("https://teams.microsoft.com/"), "{message}");
    }
    let wrong = json!({ "teamId": TEAM, "channelId": CHANNEL, "timeZone": "Mars/Olympus" });
    session.tool("getChannelMessages", &wrong)?.expect_invalid("timeZone")
}

fn the_replies_to_a_post_are_read_by_its_id(site: &Site) -> Result<()> {
    let session = Session::open(site, "channel-replies")?;
    let history = history(&session)?;
    let reply = history.iter().find(|message| message.at("/replyToId").is_string()).context("a reply")?;
    let post = reply.text("/replyToId")?;
    let known: Vec<Value> = history
        .iter()
        .filter(|message| message.at("/replyToId") == post && message.at("/messageType") == "message")
        .cloned()
        .collect();
    let arguments = json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": post });
    let seen = walk(&session, "getChannelMessages", "messages", &arguments)?;
    ensure!(same(&seen, &ids(&known)?), "{seen:?} of {}", known.len());
    let call = session.last_graph_request()?;
    ensure!(call.path().ends_with(&format!("/messages/{post}/replies")), "{}", call.line());
    let gone = json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": "1" });
    let sentence = session.tool("getChannelMessages", &gone)?.failure()?;
    ensure!(sentence.contains("does not exist"), "{sentence}");
    Ok(())
}

fn a_reply_stands_below_its_post_and_nowhere_else(site: &Site) -> Result<()> {
    let session = Session::open(site, "reply")?;
    let arguments = json!({ "teamId": TEAM, "channelId": CHANNEL, "message": "A question" });
    let post = session.tool("sendTeamsMessage", &arguments)?.content()?.text("/id")?.to_owned();
    let reply = session.tool(
        "replyToChannelMessage",
        &json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": post, "message": "An <answer> & more\nbye" }),
    )?;
    let id = reply.content()?.text("/id")?.to_owned();
    let written = site.control.graph("channel-messages", &session.person.email)?;
    let [_, last] = written.as_slice() else { anyhow::bail!("not two messages: {written:?}") };
    ensure!(last.at("/id") == id.as_str() && last.at("/replyToId") == post.as_str(), "{last}");
    ensure!(last.at("/body/content") == "An &lt;answer&gt; &amp; more<br>bye", "{last}");
    let call = session.last_graph_request()?;
    ensure!(
        call.line().starts_with("POST ") && call.path().ends_with(&format!("/{post}/replies")),
        "{}",
        call.line()
    );
    let thread = json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": post });
    let seen = session.tool("getChannelMessages", &thread)?;
    ensure!(items(seen.content()?, "messages")?.len() == 1, "{}", seen.answer);
    ensure!(lines(first(seen.content()?, "messages")?) == ["An <answer> & more", "bye"], "{}", seen.answer);
    // A reply to a reply does not exist.
    let deeper = json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": id, "message": "x" });
    session.tool("replyToChannelMessage", &deeper)?.failure().map(drop)
}

fn a_post_has_a_title_and_a_mention_that_graph_takes(site: &Site) -> Result<()> {
    let session = Session::open(site, "mention")?;
    let megan = object_id(&session, MEGAN)?;
    let mentions = json!([{ "name": "Megan Bowen", "userId": megan }]);
    for (tool, extra) in
        [("sendTeamsMessage", json!({ "subject": "Plan <b>" })), ("sendChatMessage", json!({}))]
    {
        let chat = with_colleague(&session)?.0;
        let mut arguments = json!({
            "teamId": TEAM, "channelId": CHANNEL, "chatId": chat, "message": "Look, @Megan Bowen <3", "mentions": mentions,
        });
        let fields = arguments.as_object_mut().context("an object")?;
        fields.extend(extra.as_object().cloned().unwrap_or_default());
        session.tool(tool, &arguments)?.content().with_context(|| tool.to_owned())?;
        let body = session.last_graph_request()?.body().clone();
        ensure!(body.at("/body/content") == "Look, <at id=\"0\">Megan Bowen</at> &lt;3", "{body}");
        ensure!(body.at("/body/contentType") == "html", "{body}");
        ensure!(body.at("/mentions/0/mentioned/user/id") == megan.as_str(), "{body}");
        ensure!(body.at("/mentions/0/mentioned/user/userIdentityType") == "aadUser", "{body}");
        ensure!(body.at("/subject") == extra.at("/subject"), "{body}");
    }
    Ok(())
}

fn a_mention_without_its_place_is_refused_before_anything_is_sent(site: &Site) -> Result<()> {
    let session = Session::open(site, "mention-nowhere")?;
    let someone = json!({ "name": "Megan Bowen", "userId": "ef1c916a-3135-4417-ba27-8eb7bd084193" });
    for (message, mentions) in [
        ("Look, Megan Bowen", json!([someone])),
        ("Look, @Megan Bowen", json!([someone, someone])),
        ("Look, @Megan Bowen", json!("Megan Bowen")),
        ("Look, @Megan Bowen", json!([{ "name": "Megan Bowen" }])),
        ("Look, @Megan Bowen", json!([{ "name": "Megan Bowen", "userId": "../me" }])),
        ("Look, @Megan Bowen", json!(vec![someone.clone(); 21])),
    ] {
        for tool in ["sendTeamsMessage", "replyToChannelMessage", "sendChatMessage"] {
            let arguments = json!({
                "teamId": TEAM, "channelId": CHANNEL, "messageId": "1", "chatId": "19:x@thread.v2",
                "message": message, "mentions": mentions,
            });
            session
                .tool(tool, &arguments)?
                .expect_invalid("mentions")
                .with_context(|| format!("{tool} {mentions}"))?;
        }
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused mention reached Graph");
    Ok(())
}

fn list_chats_puts_names_before_ids_and_the_newest_message_first(site: &Site) -> Result<()> {
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
    session.tool("sendChatMessage", &json!({ "chatId": second, "message": "new" }))?.content()?;
    let reply = session.tool("listChats", &json!({ "count": 1 }))?;
    ensure!(first(reply.content()?, "chats")?.at("/id") == second.as_str(), "{}", reply.answer);
    Ok(())
}

fn get_chat_messages_leaves_out_what_teams_says_itself(site: &Site) -> Result<()> {
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

fn send_chat_message_sends_text_once_and_the_other_reads_it(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "chat-one")?, Session::open(site, "chat-other")?);
    let made = one.tool("createChat", &json!({ "members": [other.person.email] }))?;
    let chat = made.content()?.text("/id")?.to_owned();
    let reply =
        one.tool("sendChatMessage", &json!({ "chatId": chat, "message": "1 < 2 & <b>bold</b>\n日本" }))?;
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
    ensure!(lines(message) == ["1 < 2 & <b>bold</b>", "日本"], "{}", read.answer);
    let listed = other.tool("listChats", &json!({ "count": 1 }))?;
    ensure!(first(listed.content()?, "chats")?.at("/id") == chat.as_str(), "{}", listed.answer);
    Ok(())
}

fn create_chat_opens_the_one_chat_between_two_and_a_new_group_each_time(site: &Site) -> Result<()> {
    let session = Session::open(site, "chat-create")?;
    let before = site.control.graph("chats", &session.person.email)?.len();
    let open = |arguments: Value| -> Result<Value> {
        let reply = session.tool("createChat", &arguments)?;
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

fn create_chat_tells_whom_teams_does_not_know(site: &Site) -> Result<()> {
    let session = Session::open(site, "chat-nobody")?;
    let before = site.control.graph("chats", &session.person.email)?.len();
    for (members, words) in [
        (json!(["o'neil@contoso.example"]), "does not exist"),
        (json!([MEGAN, "x')/messages@contoso.example"]), "does not exist"),
        (json!([session.person.email]), "arguments"),
    ] {
        let sentence = session.tool("createChat", &json!({ "members": members }))?.failure()?;
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
            .tool("createChat", &arguments)?
            .expect_invalid(named)
            .with_context(|| arguments.to_string())?;
    }
    ensure!(site.control.graph("chats", &session.person.email)?.len() == before, "a chat was opened");
    Ok(())
}

fn get_presence_resolves_addresses_in_one_batch_and_names_who_is_unknown(site: &Site) -> Result<()> {
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

fn presence_by_id_alone_asks_for_no_directory(site: &Site) -> Result<()> {
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

fn every_list_of_teams_is_seen_once(site: &Site) -> Result<()> {
    let session = Session::open(site, "teams-pages")?;
    let chats = ids(&site.control.graph("chats", &session.person.email)?)?;
    for count in [7, 50] {
        let seen = walk(&session, "listChats", "chats", &json!({ "count": count }))?;
        ensure!(same(&seen, &chats), "{} of {} chats by {count}", seen.len(), chats.len());
    }
    let mut posts = history(&session)?;
    posts.retain(|post| post.at("/replyToId").is_null() && post.at("/messageType") == "message");
    for count in [8, 50] {
        let arguments = json!({ "teamId": TEAM, "channelId": CHANNEL, "count": count });
        let seen = walk(&session, "getChannelMessages", "messages", &arguments)?;
        let known = ids(&posts)?;
        // Others post while this walks, so what was there before must be seen, and nothing twice.
        ensure!(seen.iter().collect::<BTreeSet<_>>().len() == seen.len(), "a post came again");
        ensure!(
            known.iter().all(|id| seen.contains(id)),
            "{} of {} posts by {count}",
            seen.len(),
            known.len()
        );
    }
    let (chat, mut messages) = with_colleague(&session)?;
    messages.retain(|message| message.at("/messageType") == "message");
    let seen = walk(&session, "getChatMessages", "messages", &json!({ "chatId": chat, "count": 9 }))?;
    ensure!(same(&seen, &ids(&messages)?), "{} of {} messages", seen.len(), messages.len());
    let next = session.tool("listChats", &json!({ "count": 2 }))?.content()?.text("/nextCursor")?.to_owned();
    session.tool("getChatMessages", &json!({ "cursor": next }))?.expect_invalid("cursor")
}

fn what_others_wrote_in_teams_is_cleaned_and_framed(site: &Site) -> Result<()> {
    let session = Session::open(site, "teams-hostile")?;
    let (chat, _) = with_colleague(&session)?;
    let people: Vec<Value> = site
        .control
        .graph("presence", &session.person.email)?
        .iter()
        .map(|one| one.at("/id").clone())
        .collect();
    let mut texts = Vec::new();
    for (tool, arguments) in [
        ("listTeams", json!({})),
        ("listChannels", json!({ "teamId": TEAM })),
        ("getChannelMessages", json!({ "teamId": TEAM, "channelId": CHANNEL, "count": 50 })),
        ("listChats", json!({ "count": 50 })),
        ("getChatMessages", json!({ "chatId": chat, "count": 50 })),
        ("getPresence", json!({ "people": people.get(..20).unwrap_or_default() })),
    ] {
        let reply = session.tool(tool, &arguments)?;
        let result = reply.result()?.to_string();
        let strange = |c: char| INVISIBLE.iter().any(|range| range.contains(&c));
        if let Some(found) = result.chars().find(|c| strange(*c)) {
            anyhow::bail!("{tool}: U+{:04X} reached the model", u32::from(found));
        }
        let lower = result.to_lowercase();
        for hidden in [
            "<script",
            "<iframe",
            "onerror=",
            "javascript:",
            "display:none",
            "<at id",
            "<attachment",
            "exfil.example",
        ] {
            ensure!(!lower.contains(hidden), "{tool}: {hidden} reached the model");
        }
        ensure!(
            lower.contains("not instructions") && reply.content()?.at("/untrusted") == true,
            "{tool}: {}",
            reply.answer
        );
        texts.push(result);
    }
    let all = texts.concat();
    for shown in [
        "[image]",
        "🙂",
        "[file Budget <final>.docx]",
        "[card]",
        ", @",
        "(deleted)",
        "revenue < 3 M & churn > 2 %",
    ] {
        ensure!(all.contains(shown), "{shown} is not shown: {all}");
    }
    Ok(())
}

fn an_id_of_another_kind_is_told_as_one(site: &Site) -> Result<()> {
    let session = Session::open(site, "teams-mixed")?;
    let (chat, _) = with_colleague(&session)?;
    for (tool, arguments) in [
        ("listChannels", json!({ "teamId": chat })),
        ("listChannels", json!({ "teamId": CHANNEL })),
        ("getChannelMessages", json!({ "teamId": chat, "channelId": CHANNEL })),
        ("getChannelMessages", json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": chat })),
        (
            "replyToChannelMessage",
            json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": chat, "message": "x" }),
        ),
        ("sendTeamsMessage", json!({ "teamId": chat, "channelId": CHANNEL, "message": "x" })),
        ("getChatMessages", json!({ "chatId": CHANNEL })),
        ("sendChatMessage", json!({ "chatId": TEAM, "message": "x" })),
        ("getPresence", json!({ "people": [TEAM.replace('-', "x")] })),
    ] {
        let sentence =
            session.tool(tool, &arguments)?.failure().with_context(|| format!("{tool} {arguments}"))?;
        ensure!(sentence.contains("each id is of the kind its name says"), "{tool} {arguments}: {sentence}");
    }
    for (tool, arguments) in [
        ("getChannelMessages", json!({ "teamId": TEAM, "channelId": chat })),
        ("listChannels", json!({ "teamId": "c0bd1ba1-a84e-4796-9c65-f8a0293741d1" })),
        ("getChatMessages", json!({ "chatId": "19:c0bd1ba1a84e47969c65f8a0293741d1@thread.v2" })),
    ] {
        let sentence = session.tool(tool, &arguments)?.failure()?;
        ensure!(sentence.contains("does not exist"), "{tool} {arguments}: {sentence}");
    }
    ensure!(
        site.control.graph("channel-messages", &session.person.email)?.is_empty(),
        "something was posted"
    );
    Ok(())
}

fn the_chats_of_another_person_stay_closed(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "chats-mine")?, Session::open(site, "chats-theirs")?);
    let theirs = with_colleague(&other)?.0;
    for (tool, arguments) in [
        ("getChatMessages", json!({ "chatId": theirs })),
        ("sendChatMessage", json!({ "chatId": theirs, "message": "let me in" })),
    ] {
        let sentence = one.tool(tool, &arguments)?.failure()?;
        ensure!(sentence.contains("not in that team, channel, chat"), "{tool}: {sentence}");
        ensure!(!sentence.contains("InsufficientPrivileges"), "Graph's own words: {sentence}");
    }
    let mine = walk(&one, "listChats", "chats", &json!({ "count": 50 }))?;
    ensure!(!mine.contains(&theirs), "the chat of another person is listed");
    ensure!(site.control.graph("chat-messages", &one.person.email)?.is_empty(), "something was sent");
    Ok(())
}

/// Every tool with arguments that work.
fn every_tool(chat: &str) -> [(&'static str, Value); 9] {
    let post = json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": "1", "message": "m" });
    [
        ("listTeams", json!({})),
        ("listChannels", json!({ "teamId": TEAM })),
        ("getChannelMessages", json!({ "teamId": TEAM, "channelId": CHANNEL })),
        ("replyToChannelMessage", post),
        ("listChats", json!({})),
        ("getChatMessages", json!({ "chatId": chat })),
        ("sendChatMessage", json!({ "chatId": chat, "message": "m" })),
        ("createChat", json!({ "members": [MEGAN] })),
        ("getPresence", json!({ "people": ["c0bd1ba1-a84e-4796-9c65-f8a0293741d1"] })),
    ]
}

fn every_documented_refusal_of_teams_is_told_as_its_own(site: &Site) -> Result<()> {
    let session = Session::open(site, "teams-refused")?;
    let (chat, _) = with_colleague(&session)?;
    for (tool, arguments) in every_tool(&chat) {
        // What the mailbox says of its zone is asked first, where that is asked at all.
        session.tool("getChatMessages", &json!({ "chatId": chat, "count": 1 }))?.content()?;
        let mut sentences = BTreeSet::new();
        let statuses = [400, 403, 404, 500];
        for status in statuses {
            site.control.fault(&json!({
                "target": "graph", "kind": "status", "status": status, "person": session.person.email, "times": 1,
            }))?;
            let mut arguments = arguments.clone();
            if let (true, Some(fields)) = (tool.ends_with("Messages"), arguments.as_object_mut()) {
                fields.insert("timeZone".to_owned(), json!("UTC"));
            }
            let sentence =
                session.tool(tool, &arguments)?.failure().with_context(|| format!("{tool} {status}"))?;
            ensure!(!sentence.contains("current state"), "Graph's own words: {sentence}");
            sentences.insert(sentence);
        }
        ensure!(sentences.len() == statuses.len(), "{tool}: {sentences:#?}");
        let named = sentences.iter().any(|sentence| sentence.contains("The permission "));
        ensure!(named, "{tool}: no permission is named: {sentences:#?}");
    }
    Ok(())
}

fn a_throttled_lookup_inside_a_batch_is_no_unknown_person(site: &Site) -> Result<()> {
    let session = Session::open(site, "presence-throttled")?;
    for status in [403, 500] {
        site.control.fault(&json!({
            "target": "graph", "kind": "status", "status": status, "person": session.person.email, "times": 1,
            "match": "/v1.0/users/",
        }))?;
        let sentence = session.tool("getPresence", &json!({ "people": [MEGAN] }))?.failure()?;
        ensure!(!sentence.contains("Not known"), "{status} is told as: {sentence}");
    }
    let reply = session.tool("getPresence", &json!({ "people": [MEGAN] }))?;
    ensure!(items(reply.content()?, "people")?.len() == 1, "{}", reply.answer);
    Ok(())
}

/// Identifiers that would leave their segment if they were not encoded, or are none.
const IDENTIFIERS: [&str; 16] = [
    "..",
    ".",
    "../../users",
    "../messages?$top=999#",
    "../../../beta/me/drive/root/children?z=",
    "%2e%2e%2f%2e%2e",
    "%252f",
    "a\\b",
    "a;b",
    "x?$top=999",
    "x#y",
    "x'y\"z",
    "//users",
    "x\u{0}",
    "x\r\ny",
    "",
];

fn ids_of_teams_never_leave_their_segment(site: &Site) -> Result<()> {
    let session = Session::open(site, "teams-escape")?;
    for id in IDENTIFIERS {
        for (tool, arguments) in [
            ("listChannels", json!({ "teamId": id })),
            ("getChannelMessages", json!({ "teamId": id, "channelId": CHANNEL })),
            ("getChannelMessages", json!({ "teamId": TEAM, "channelId": id })),
            ("getChannelMessages", json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": id })),
            (
                "replyToChannelMessage",
                json!({ "teamId": id, "channelId": CHANNEL, "messageId": "1", "message": "m" }),
            ),
            (
                "replyToChannelMessage",
                json!({ "teamId": TEAM, "channelId": id, "messageId": "1", "message": "m" }),
            ),
            (
                "replyToChannelMessage",
                json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": id, "message": "m" }),
            ),
            ("getChatMessages", json!({ "chatId": id })),
            ("sendChatMessage", json!({ "chatId": id, "message": "m" })),
            ("getPresence", json!({ "people": [id] })),
        ] {
            session.tool(tool, &arguments)?.failure().with_context(|| format!("{tool} {arguments}"))?;
        }
    }
    for call in since(&session, 0)? {
        let path = call.path();
        let plain = !["/../", "/./", "\\", ";", "//", "999"]
            .iter()
            .any(|step| call.0.to_string().contains(step) && path.contains(step));
        ensure!(plain && path.starts_with("/v1.0/"), "Graph saw {}", call.0);
        ensure!(!call.0.at("/query").to_string().contains("999"), "Graph saw {}", call.0);
    }
    for collection in ["channel-messages", "chat-messages", "drafts", "sent"] {
        ensure!(
            site.control.graph(collection, &session.person.email)?.is_empty(),
            "{collection} is not empty"
        );
    }
    Ok(())
}

fn counts_texts_and_lists_of_teams_are_bounded(site: &Site) -> Result<()> {
    let session = Session::open(site, "teams-bounds")?;
    let channel = json!({ "teamId": TEAM, "channelId": CHANNEL });
    let chat = json!({ "chatId": "19:c0bd1ba1a84e47969c65f8a0293741d1@thread.v2" });
    let with = |base: &Value, name: &str, value: Value| {
        let mut fields = base.as_object().cloned().unwrap_or_default();
        fields.insert(name.to_owned(), value);
        Value::Object(fields)
    };
    for count in [json!(-1), json!(0), json!(51), json!(1e9), json!(2.5), json!("5"), json!(true), json!([5])]
    {
        for (tool, base) in
            [("getChannelMessages", &channel), ("getChatMessages", &chat), ("listChats", &json!({}))]
        {
            session
                .tool(tool, &with(base, "count", count.clone()))?
                .expect_invalid("count")
                .with_context(|| format!("{tool} {count}"))?;
        }
    }
    for message in [
        json!(""),
        json!(null),
        json!(7),
        json!("m".repeat(20_001)),
        json!("<".repeat(8000)),
        json!("a\u{7}b"),
    ] {
        session
            .tool("sendTeamsMessage", &with(&channel, "message", message.clone()))?
            .expect_invalid("message")?;
        session
            .tool("sendChatMessage", &with(&chat, "message", message.clone()))?
            .expect_invalid("message")?;
        let reply = with(&with(&channel, "messageId", json!("1")), "message", message);
        session.tool("replyToChannelMessage", &reply)?.expect_invalid("message")?;
    }
    let titled = |subject: Value| with(&with(&channel, "message", json!("m")), "subject", subject);
    for subject in [json!(""), json!("a\r\nb"), json!("s".repeat(256)), json!(7)] {
        session.tool("sendTeamsMessage", &titled(subject))?.expect_invalid("subject")?;
    }
    for people in [
        json!([]),
        json!(MEGAN),
        json!(vec![MEGAN; 21]),
        json!([7]),
        json!(["a b@contoso.example"]),
        json!(["a@b\r\nx"]),
    ] {
        session.tool("getPresence", &json!({ "people": people }))?.expect_invalid("people")?;
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused call reached Graph");
    Ok(())
}

fn a_write_in_teams_is_tried_once_when_its_fate_is_unknown(site: &Site) -> Result<()> {
    for tool in ["replyToChannelMessage", "sendChatMessage", "createChat"] {
        let session = Session::open(site, "teams-fate")?;
        let (chat, _) = with_colleague(&session)?;
        let (_, arguments) =
            every_tool(&chat).into_iter().find(|(name, _)| *name == tool).context("a tool")?;
        for fault in [
            json!({ "kind": "status", "status": 503 }),
            json!({ "kind": "reset" }),
            json!({ "kind": "malformed" }),
        ] {
            let before = site.control.requests("gateway", Some(&session.person.email))?.len();
            let mut fault = fault;
            let fields = fault.as_object_mut().context("an object")?;
            fields.insert("target".to_owned(), json!("graph"));
            fields.insert("person".to_owned(), json!(session.person.email));
            fields.insert("times".to_owned(), json!(1));
            site.control.fault(&fault)?;
            let sentence =
                session.tool(tool, &arguments)?.failure().with_context(|| format!("{tool} {fault}"))?;
            // A connection that broke behind the gateway is the gateway's refusal.
            let told = fault.at("/kind") == "reset" || sentence.contains("may have happened");
            ensure!(told, "{tool} {fault}: {sentence}");
            let tried = site.control.requests("gateway", Some(&session.person.email))?.len() - before;
            ensure!(tried == 1, "{tool} {fault}: tried {tried} times");
        }
    }
    Ok(())
}
