//! The tools of teams, channels, chats and presence.

mod chats;
mod refusals;

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use self::chats::{
    create_chat_opens_the_one_chat_between_two_and_a_new_group_each_time,
    create_chat_tells_whom_teams_does_not_know, get_chat_messages_leaves_out_what_teams_says_itself,
    get_presence_resolves_addresses_in_one_batch_and_names_who_is_unknown,
    list_chats_puts_names_before_ids_and_the_newest_message_first,
    presence_by_id_alone_asks_for_no_directory, send_chat_message_sends_text_once_and_the_other_reads_it,
};
use self::refusals::{
    a_throttled_lookup_inside_a_batch_is_no_unknown_person,
    a_write_in_teams_is_tried_once_when_its_fate_is_unknown, an_id_of_another_kind_is_told_as_one,
    counts_texts_and_lists_of_teams_are_bounded, every_documented_refusal_of_teams_is_told_as_its_own,
    ids_of_teams_never_leave_their_segment, the_chats_of_another_person_stay_closed,
};
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
        let reply = session.call_approved(tool, &arguments)?;
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
    let post = session.call_approved("sendTeamsMessage", &arguments)?.content()?.text("/id")?.to_owned();
    let reply = session.call_approved(
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
    session.call_approved("replyToChannelMessage", &deeper)?.failure().map(drop)
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
        session.call_approved(tool, &arguments)?.content().with_context(|| tool.to_owned())?;
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
                .call_approved(tool, &arguments)?
                .expect_invalid("mentions")
                .with_context(|| format!("{tool} {mentions}"))?;
        }
    }
    ensure!(session.graph_requests()?.is_empty(), "a refused mention reached Graph");
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
        let reply = session.call_approved(tool, &arguments)?;
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
