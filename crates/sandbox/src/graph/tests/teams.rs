//! Channels, chats and presence, as strict as Teams.

use super::*;

const SCOPES: [&str; 10] = [
    "Team.ReadBasic.All",
    "Channel.ReadBasic.All",
    "ChannelMessage.Read.All",
    "ChannelMessage.Send",
    "Chat.Read",
    "Chat.Create",
    "ChatMessage.Send",
    "Presence.Read.All",
    "User.ReadBasic.All",
    "User.Read",
];

fn at(estate: &Arc<Estate>, email: &str) -> Caller {
    Caller::at(estate, email, &SCOPES)
}

fn known(caller: &Caller, name: &str, email: &str) -> Vec<Value> {
    caller.estate.graph.collection(&caller.estate, name, Some(email)).unwrap()
}

fn first_channel(caller: &Caller) -> String {
    let channel = known(caller, "channels", ALEX).remove(0);
    let id = |name: &str| segment(channel[name].as_str().unwrap());
    format!("/teams/{}/channels/{}/messages", id("teamId"), id("id"))
}

fn text(content: &str) -> Value {
    json!({"body": {"contentType": "html", "content": content}})
}

fn bind(named: &str, role: &str) -> Value {
    json!({"@odata.type": "#microsoft.graph.aadUserConversationMember", "roles": [role],
        "user@odata.bind": format!("https://graph.microsoft.com/v1.0/users('{named}')")})
}

fn chat(kind: &str, members: &[Value]) -> Value {
    json!({"chatType": kind, "members": members})
}

#[tokio::test]
async fn a_channel_lists_its_posts_once_without_replies_and_its_threads_theirs() {
    let caller = at(&estate(), ALEX);
    let url = first_channel(&caller);
    let posts = caller.walk(&format!("{url}?$top=7")).await;
    assert_eq!((posts.len(), ids(&posts).len()), (34, 34));
    assert!(posts.iter().all(|post| post["replyToId"].is_null()));
    let (_, page) = caller.get(&url).await;
    assert_eq!(page["value"].as_array().unwrap().len(), 20);
    let link = page["@odata.nextLink"].as_str().unwrap();
    assert!(link.contains("/channels/19:") && link.contains("@thread.tacv2/messages?"), "{link}");
    let newest = posts[0]["id"].as_str().unwrap();
    let replies = caller.walk(&format!("{url}/{newest}/replies?$top=10")).await;
    assert_eq!(replies.len(), 26);
    assert!(replies.iter().all(|reply| reply["replyToId"] == newest));
    assert_eq!(known(&caller, "channel-messages", ALEX), Vec::<Value>::new());
    let reply = replies[0]["id"].as_str().unwrap();
    for (below, status) in [
        ("?$top=51".to_owned(), 400),
        ("?$select=id".to_owned(), 400),
        (format!("/{reply}/replies"), 404),
        ("/1/replies".to_owned(), 404),
        ("/x/replies".to_owned(), 400),
    ] {
        assert_eq!(caller.get(&format!("{url}{below}")).await.0, status, "{below}");
    }
}

#[tokio::test]
async fn a_post_and_its_reply_are_kept_and_seen_by_others() {
    let estate = estate();
    let (alex, blair) = (at(&estate, ALEX), at(&estate, BLAIR));
    let url = first_channel(&alex);
    let (status, post) = alex.post(&url, text("<p>hi</p>")).await;
    assert_eq!(status, 201);
    let replies = format!("{url}/{}/replies", post["id"].as_str().unwrap());
    let (status, reply) = blair.post(&replies, text("ok")).await;
    assert_eq!((status, &reply["replyToId"]), (201, &post["id"]));
    assert_eq!(blair.get(&url).await.1["value"][0]["id"], post["id"]);
    assert_eq!(alex.walk(&replies).await.len(), 1);
    assert_eq!(ids(&known(&alex, "channel-messages", BLAIR)), ids(&[reply]));
    assert_eq!(known(&alex, "channel-messages", ALEX).len(), 1);
}

#[tokio::test]
async fn a_mention_and_its_mark_belong_together() {
    let caller = at(&estate(), ALEX);
    let url = first_channel(&caller);
    let blair = caller.estate.people.find(BLAIR).unwrap();
    let post = |content: &str, kind: &str, id: u32, user: &str| {
        json!({"body": {"contentType": kind, "content": content}, "mentions": [{"id": id, "mentionText": "Blair",
            "mentioned": {"user": {"id": user, "displayName": "Blair", "userIdentityType": "aadUser"}}}]})
    };
    let mark = "<at id=\"0\">Blair</at> hi";
    for (body, status) in [
        (post(mark, "html", 0, &blair.oid), 201),
        (post(mark, "html", 1, &blair.oid), 400),
        (post("Blair hi", "html", 0, &blair.oid), 400),
        (post(mark, "text", 0, &blair.oid), 400),
        (post(mark, "html", 0, BLAIR), 400),
        (text(mark), 400),
        (text(&"x".repeat(28 * 1024 + 1)), 413),
        (text(""), 400),
        (json!({"body": {"content": "x"}, "mention": []}), 400),
    ] {
        assert_eq!(caller.post(&url, body.clone()).await.0, status, "{body}");
    }
}

#[tokio::test]
async fn chats_are_listed_once_in_either_order_and_members_shorten_a_page() {
    let caller = at(&estate(), ALEX);
    let all = caller.walk("/me/chats?$top=9").await;
    assert_eq!((all.len(), ids(&all).len()), (32, 32));
    assert!(all.iter().all(|chat| chat.get("members").is_none()));
    let url = "/me/chats?$top=50&$expand=members&$orderby=lastMessagePreview/createdDateTime%20desc";
    let (_, page) = caller.get(url).await;
    let page = page["value"].as_array().unwrap();
    assert_eq!(page.len(), 25);
    let emails: Vec<_> =
        page[0]["members"].as_array().unwrap().iter().map(|member| &member["email"]).collect();
    assert!(emails.contains(&&json!(ALEX)) && emails.len() == 2);
    let ordered = caller.walk(url).await;
    assert_eq!(ids(&ordered), ids(&all));
    assert_ne!(
        ordered.iter().map(|chat| &chat["id"]).collect::<Vec<_>>(),
        all.iter().map(|chat| &chat["id"]).collect::<Vec<_>>()
    );
    for kind in ["oneOnOne", "group", "meeting"] {
        assert!(all.iter().any(|chat| chat["chatType"] == kind), "{kind}");
    }
    for query in [
        "$select=id",
        "$top=51",
        "$expand=messages",
        "$orderby=topic",
        "$orderby=lastMessagePreview/createdDateTime",
    ] {
        assert_eq!(caller.get(&format!("/me/chats?{query}")).await.0, 400, "{query}");
    }
    let basic = Caller::at(&caller.estate, ALEX, &["Chat.ReadBasic"]);
    assert_eq!(basic.get("/me/chats").await.0, 200);
    let chat = segment(all[0]["id"].as_str().unwrap());
    assert_eq!(basic.refusal(&format!("/chats/{chat}/messages")).await, (403, "Forbidden".to_owned()));
}

#[tokio::test]
async fn the_messages_of_a_chat_are_its_members_alone() {
    let estate = estate();
    let (alex, blair) = (at(&estate, ALEX), at(&estate, BLAIR));
    let history = known(&alex, "chat-history", ALEX);
    let newest = &known(&alex, "chats", ALEX)[0];
    let url = format!("/chats/{}/messages", segment(newest["id"].as_str().unwrap()));
    let own: Vec<_> = history.iter().filter(|message| message["chatId"] == newest["id"]).cloned().collect();
    let seen = alex.walk(&format!("{url}?$top=50&$orderby=createdDateTime%20desc")).await;
    assert_eq!((seen.len(), ids(&seen)), (64, ids(&own)));
    assert!(seen.iter().any(|message| message["messageType"] == "unknownFutureValue"));
    assert_eq!(blair.refusal(&url).await, (403, "Forbidden".to_owned()));
    assert_eq!(blair.post(&url, text("x")).await.0, 403);
    assert!(!ids(&known(&blair, "chats", BLAIR)).contains(newest["id"].as_str().unwrap()));
    for (id, status) in
        [("19:none@thread.v2", 404), ("19:none@thread.tacv2", 400), ("../me", 400), ("x", 400)]
    {
        assert_eq!(alex.get(&format!("/chats/{}/messages", segment(id))).await.0, status, "{id}");
    }
    for query in
        ["$top=51", "$orderby=createdDateTime", "$orderby=id%20desc", "$select=id", "$expand=replies"]
    {
        assert_eq!(alex.get(&format!("{url}?{query}")).await.0, 400, "{query}");
    }
    assert_eq!(alex.post(&url, text("hello")).await.0, 201);
    assert_eq!(known(&alex, "chat-messages", ALEX).len(), 1);
}

#[tokio::test]
async fn between_two_people_there_is_one_chat_and_both_write_in_it() {
    let estate = estate();
    let (alex, blair) = (at(&estate, ALEX), at(&estate, BLAIR));
    let pair = [bind(ALEX, "owner"), bind(BLAIR, "owner")];
    let (status, one) = alex.post("/chats", chat("oneOnOne", &pair)).await;
    assert_eq!((status, &one["chatType"]), (201, &json!("oneOnOne")));
    let (_, again) = blair.post("/chats", chat("oneOnOne", &pair)).await;
    assert_eq!(again["id"], one["id"]);
    let url = format!("/chats/{}/messages", segment(one["id"].as_str().unwrap()));
    assert_eq!(alex.post(&url, text("hi")).await.0, 201);
    assert_eq!(blair.get(&url).await.1["value"][0]["body"]["content"], "hi");
    let megan = [bind(ALEX, "owner"), bind("megan.bowen@contoso.example", "owner")];
    let before = known(&alex, "chats", ALEX).len();
    assert_eq!(alex.post("/chats", chat("oneOnOne", &megan)).await.0, 201);
    assert_eq!(known(&alex, "chats", ALEX).len(), before, "the seeded chat is the one there is");
}

#[tokio::test]
async fn a_new_chat_is_what_teams_takes() {
    let caller = at(&estate(), ALEX);
    let guest = "kim@fabrikam.example";
    let entry = serde_json::from_value(json!({"email": guest, "guest": true})).unwrap();
    caller.estate.people.add(entry).unwrap();
    let own = || bind(ALEX, "owner");
    let kim = "kim_fabrikam.example%23EXT%23@contoso.example";
    let with = |name: &str, value: Value, mut chat: Value| {
        chat.as_object_mut().unwrap().insert(name.to_owned(), value);
        chat
    };
    let group = || chat("group", &[own(), bind(BLAIR, "owner")]);
    for (body, status) in [
        (with("topic", json!("Plan"), group()), 201),
        (group(), 201),
        (chat("group", &[own(), bind(kim, "guest")]), 201),
        (chat("group", &[own(), bind(kim, "owner")]), 400),
        (chat("group", &[own(), bind(BLAIR, "guest")]), 400),
        (chat("group", &[own(), bind(guest, "guest")]), 404),
        (chat("group", &[own(), bind("nobody@contoso.example", "owner")]), 404),
        (chat("group", &[bind(BLAIR, "owner")]), 400),
        (chat("group", &[own()]), 400),
        (chat("oneOnOne", &[own(), own()]), 400),
        (chat("oneOnOne", &[own(), bind(BLAIR, "owner"), bind("megan.bowen@contoso.example", "owner")]), 400),
        (with("topic", json!("Plan"), chat("oneOnOne", &[own(), bind(BLAIR, "owner")])), 400),
        (with("topic", json!("Re: plan"), group()), 400),
        (chat("meeting", &[own(), bind(BLAIR, "owner")]), 400),
        (json!({"members": [own(), bind(BLAIR, "owner")]}), 400),
        (with("Topic", json!("x"), group()), 400),
        (chat("group", &[own(), json!({"roles": ["owner"]})]), 400),
    ] {
        assert_eq!(caller.post("/chats", body.clone()).await.0, status, "{body}");
    }
}

#[tokio::test]
async fn presence_is_asked_for_by_object_id_and_the_same_tomorrow() {
    let caller = at(&estate(), ALEX);
    let url = "/communications/getPresencesByUserId";
    let blair = caller.estate.people.find(BLAIR).unwrap().oid.clone();
    let unknown = "c0bd1ba1-a84e-4796-9c65-f8a0293741d1";
    let (status, found) = caller.post(url, json!({"ids": [blair, unknown]})).await;
    assert_eq!((status, found["value"].as_array().unwrap().len()), (200, 1));
    let all = known(&caller, "presence", ALEX);
    assert!(all.contains(&found["value"][0]) && all.len() > 30);
    assert!(all.iter().any(|one| one["statusMessage"]["message"]["content"].is_string()));
    for body in [
        json!({"ids": []}),
        json!({"ids": [BLAIR]}),
        json!({"ids": [blair], "x": 1}),
        json!({"ids": blair}),
        json!({}),
    ] {
        assert_eq!(caller.post(url, body.clone()).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn somebody_of_the_directory_is_found_by_id_or_principal_name() {
    let caller = at(&estate(), ALEX);
    let (status, megan) = caller.get("/users/megan.bowen%40contoso.example?$select=id,displayName").await;
    assert_eq!((status, &megan["displayName"]), (200, &json!("Megan Bowen")));
    let (_, again) = caller.get(&format!("/users/{}", megan["id"].as_str().unwrap())).await;
    assert_eq!(again["userPrincipalName"], "megan.bowen@contoso.example");
    assert_eq!(caller.get("/users/alex%40contoso.example").await.0, 200);
    let refused = caller.refusal("/users/carla.mendes%40fabrikam.example").await;
    assert_eq!(refused, (404, "Request_ResourceNotFound".to_owned()));
    assert_eq!(caller.refusal("/users/megan.bowen%40contoso.example?$select=nme").await.0, 400);
}

#[tokio::test]
async fn guests_are_among_the_members_of_one_team_and_of_no_other() {
    let caller = Caller::at(
        &estate(),
        ALEX,
        &["Team.ReadBasic.All", "Channel.ReadBasic.All", "ChannelMember.Read.All"],
    );
    let teams = caller.walk("/me/joinedTeams").await;
    for (name, guests) in [("Northwind Launch", 2), ("Operations", 0)] {
        let team = teams.iter().find(|team| team["displayName"] == name).unwrap()["id"].as_str().unwrap();
        let (status, one) = caller.get(&format!("/teams/{team}?$select=displayName")).await;
        assert_eq!((status, one["displayName"].as_str()), (200, Some(name)));
        let channels = caller.walk(&format!("/teams/{team}/channels")).await;
        let channel = &segment(channels[0]["id"].as_str().unwrap());
        let (status, one) =
            caller.get(&format!("/teams/{team}/channels/{channel}?$select=membershipType")).await;
        assert_eq!((status, one["membershipType"].as_str()), (200, Some("standard")));
        let members = caller.walk(&format!("/teams/{team}/channels/{channel}/allMembers?$top=5")).await;
        let found = members.iter().filter(|member| member["roles"] == json!(["guest"])).count();
        assert_eq!(found, guests, "{name}");
        assert!(members.len() > 5 && members.iter().any(|member| member["email"] == ALEX));
        let (status, _) = caller.get(&format!("/teams/{team}/channels/{channel}/allMembers?$top=1000")).await;
        assert_eq!(status, 400);
        let narrow = Caller::at(&caller.estate, ALEX, &["Channel.ReadBasic.All"]);
        let (status, _) = narrow.get(&format!("/teams/{team}/channels/{channel}/allMembers")).await;
        assert_eq!(status, 403);
    }
}

#[tokio::test]
async fn a_chat_names_its_members_to_those_who_are_in_it() {
    let caller = Caller::at(&estate(), ALEX, &["Chat.ReadBasic"]);
    let chats = caller.walk("/me/chats?$expand=members").await;
    let chat = &chats[0];
    let id = &segment(chat["id"].as_str().unwrap());
    let (status, members) = caller.get(&format!("/chats/{id}/members")).await;
    assert_eq!((status, &members["value"]), (200, &chat["members"]));
    let (status, one) = caller.get(&format!("/chats/{id}")).await;
    assert_eq!((status, &one["topic"], &one["chatType"]), (200, &chat["topic"], &chat["chatType"]));
    let (status, _) =
        Caller::at(&caller.estate, BLAIR, &["Chat.ReadBasic"]).get(&format!("/chats/{id}/members")).await;
    assert_eq!(status, 403);
}
