//! What Teams refuses, and what never reaches it.

use std::collections::BTreeSet;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::{MEGAN, items, since, walk, with_colleague};
use crate::cases::{CHANNEL, TEAM};
use crate::json::Look as _;
use crate::session::Session;
use crate::site::Site;

pub(super) fn an_id_of_another_kind_is_told_as_one(site: &Site) -> Result<()> {
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
        let sentence = session
            .call_approved(tool, &arguments)?
            .failure()
            .with_context(|| format!("{tool} {arguments}"))?;
        ensure!(sentence.contains("each id is of the kind its name says"), "{tool} {arguments}: {sentence}");
    }
    for (tool, arguments) in [
        ("getChannelMessages", json!({ "teamId": TEAM, "channelId": chat })),
        ("listChannels", json!({ "teamId": "c0bd1ba1-a84e-4796-9c65-f8a0293741d1" })),
        ("getChatMessages", json!({ "chatId": "19:c0bd1ba1a84e47969c65f8a0293741d1@thread.v2" })),
    ] {
        let sentence = session.call_approved(tool, &arguments)?.failure()?;
        ensure!(sentence.contains("does not exist"), "{tool} {arguments}: {sentence}");
    }
    ensure!(
        site.control.graph("channel-messages", &session.person.email)?.is_empty(),
        "something was posted"
    );
    Ok(())
}

pub(super) fn the_chats_of_another_person_stay_closed(site: &Site) -> Result<()> {
    let (one, other) = (Session::open(site, "chats-mine")?, Session::open(site, "chats-theirs")?);
    let theirs = with_colleague(&other)?.0;
    for (tool, arguments) in [
        ("getChatMessages", json!({ "chatId": theirs })),
        ("sendChatMessage", json!({ "chatId": theirs, "message": "let me in" })),
    ] {
        let sentence = one.call_approved(tool, &arguments)?.failure()?;
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

fn segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

/// Beginning of the paths that the tool itself asks for: not what is looked at before it changes anything.
fn reached(tool: &str, chat: &str) -> String {
    match tool {
        "replyToChannelMessage" => {
            format!("/v1.0/teams/{TEAM}/channels/{}/messages/1/replies", segment(CHANNEL))
        }
        "sendChatMessage" => format!("/v1.0/chats/{}/messages", segment(chat)),
        "createChat" => "/v1.0/chats".to_owned(),
        _ => "/".to_owned(),
    }
}

pub(super) fn every_documented_refusal_of_teams_is_told_as_its_own(site: &Site) -> Result<()> {
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
                "match": reached(tool, &chat),
            }))?;
            let mut arguments = arguments.clone();
            if let (true, Some(fields)) = (tool.ends_with("Messages"), arguments.as_object_mut()) {
                fields.insert("timeZone".to_owned(), json!("UTC"));
            }
            let sentence = session
                .call_approved(tool, &arguments)?
                .failure()
                .with_context(|| format!("{tool} {status}"))?;
            ensure!(!sentence.contains("current state"), "Graph's own words: {sentence}");
            sentences.insert(sentence);
        }
        ensure!(sentences.len() == statuses.len(), "{tool}: {sentences:#?}");
        let named = sentences.iter().any(|sentence| sentence.contains("The permission "));
        ensure!(named, "{tool}: no permission is named: {sentences:#?}");
    }
    Ok(())
}

pub(super) fn a_throttled_lookup_inside_a_batch_is_no_unknown_person(site: &Site) -> Result<()> {
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

pub(super) fn ids_of_teams_never_leave_their_segment(site: &Site) -> Result<()> {
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
            session
                .call_approved(tool, &arguments)?
                .failure()
                .with_context(|| format!("{tool} {arguments}"))?;
        }
    }
    for call in since(&session, 0)? {
        let path = call.path();
        let plain = !["/../", "/./", "\\", ";", "//", "999"]
            .iter()
            .any(|step| call.0.to_string().contains(step) && path.contains(step));
        ensure!(plain && path.starts_with("/v1.0/"), "Graph saw {}", call.0);
        // Who is in a channel is asked for with so many at once; nothing else carries the number of the identifiers.
        let of_members = path.ends_with("/allMembers") && call.0.at("/query") == "$top=999";
        ensure!(of_members || !call.0.at("/query").to_string().contains("999"), "Graph saw {}", call.0);
    }
    for collection in ["channel-messages", "chat-messages", "drafts", "sent"] {
        ensure!(
            site.control.graph(collection, &session.person.email)?.is_empty(),
            "{collection} is not empty"
        );
    }
    Ok(())
}

pub(super) fn counts_texts_and_lists_of_teams_are_bounded(site: &Site) -> Result<()> {
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
                .call_approved(tool, &with(base, "count", count.clone()))?
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
            .call_approved("sendTeamsMessage", &with(&channel, "message", message.clone()))?
            .expect_invalid("message")?;
        session
            .call_approved("sendChatMessage", &with(&chat, "message", message.clone()))?
            .expect_invalid("message")?;
        let reply = with(&with(&channel, "messageId", json!("1")), "message", message);
        session.call_approved("replyToChannelMessage", &reply)?.expect_invalid("message")?;
    }
    let titled = |subject: Value| with(&with(&channel, "message", json!("m")), "subject", subject);
    for subject in [json!(""), json!("a\r\nb"), json!("s".repeat(256)), json!(7)] {
        session.call_approved("sendTeamsMessage", &titled(subject))?.expect_invalid("subject")?;
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

pub(super) fn a_write_in_teams_is_tried_once_when_its_fate_is_unknown(site: &Site) -> Result<()> {
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
            let path = reached(tool, &chat);
            let tries = || -> Result<usize> {
                let seen = site.control.requests("gateway", Some(&session.person.email))?;
                let ends = |request: &&Value| {
                    request.at("/method") == "POST"
                        && request.at("/path").as_str().is_some_and(|given| given.ends_with(&path))
                };
                Ok(seen.iter().filter(ends).count())
            };
            let before = tries()?;
            let mut fault = fault;
            let fields = fault.as_object_mut().context("an object")?;
            fields.insert("target".to_owned(), json!("graph"));
            fields.insert("person".to_owned(), json!(session.person.email));
            fields.insert("times".to_owned(), json!(1));
            fields.insert("match".to_owned(), json!(path));
            site.control.fault(&fault)?;
            let sentence = session
                .call_approved(tool, &arguments)?
                .failure()
                .with_context(|| format!("{tool} {fault}"))?;
            // A connection that broke behind the gateway is the gateway's refusal.
            let told = fault.at("/kind") == "reset" || sentence.contains("may have happened");
            ensure!(told, "{tool} {fault}: {sentence}");
            let made = tries()? - before;
            ensure!(made == 1, "{tool} {fault}: tried {made} times");
        }
    }
    Ok(())
}
