//! For every action: the smallest arguments that work, and the exchanges with Graph they lead to.

use m365_graph::{Action, catalog};
use serde_json::Value;

/// What one action is given, sends and gets.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    arguments: &'static str,
    /// The exchanges with Graph of the look, in order; none for an action whose arguments say what it does.
    pub(crate) looks: &'static [Exchange],
    /// The exchanges with Graph of the action itself, in order; none for an action that asks nobody.
    pub(crate) exchanges: &'static [Exchange],
}

/// One request that reaches Graph, and what Graph says.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) method: &'static str,
    pub(crate) path: &'static str,
    /// Graph's status and body.
    pub(crate) answer: (u16, &'static str),
}

const ACCEPTED: (u16, &str) = (202, "");
const CREATED: (u16, &str) = (201, r#"{"id":"made-1"}"#);
const EMPTY: (u16, &str) = (200, r#"{"value":[]}"#);
const FOUND: (u16, &str) = (200, r#"{"id":"found-1"}"#);
/// The mailbox is asked for its zone where times are shown and none was named.
const ZONE: Exchange = exchange("GET", "/me/mailboxSettings", (200, r#"{"timeZone":"UTC"}"#));

/// Where somebody stands is asked of Exchange.
const TIPS: Exchange = exchange(
    "POST",
    "/me/getMailTips",
    (200, r#"{"value":[{"emailAddress":{"address":"sam@contoso.example"},"recipientScope":"internal"}]}"#),
);
/// A message as it is before something is done with it.
const MESSAGE: Exchange = exchange(
    "GET",
    "/me/messages/message-1",
    (
        200,
        r#"{"id":"message-1","changeKey":"1","from":{"emailAddress":{"address":"sam@contoso.example"}},"toRecipients":[{"emailAddress":{"address":"sam@contoso.example"}}]}"#,
    ),
);
const ATTACHMENTS: Exchange = exchange("GET", "/me/messages/message-1/attachments", EMPTY);
const EVENT: Exchange = exchange(
    "GET",
    "/me/events/event-1",
    (
        200,
        r#"{"id":"event-1","changeKey":"1","organizer":{"emailAddress":{"address":"sam@contoso.example"}},"attendees":[{"emailAddress":{"address":"sam@contoso.example"}}]}"#,
    ),
);
const TEAM: Exchange = exchange("GET", "/teams/team-1", (200, r#"{"displayName":"Sales"}"#));
const CHANNEL: Exchange =
    exchange("GET", "/teams/team-1/channels/channel-1", (200, r#"{"displayName":"General"}"#));

const fn row(name: &'static str, arguments: &'static str, exchanges: &'static [Exchange]) -> Row {
    Row { name, arguments, looks: &[], exchanges }
}

/// The row of an action that looks before it acts.
const fn looking(
    name: &'static str,
    arguments: &'static str,
    looks: &'static [Exchange],
    exchanges: &'static [Exchange],
) -> Row {
    Row { name, arguments, looks, exchanges }
}

const fn exchange(method: &'static str, path: &'static str, answer: (u16, &'static str)) -> Exchange {
    Exchange { method, path, answer }
}

const ROWS: &[Row] = &[
    looking(
        "sendEmail",
        r#"{"to":"sam@contoso.example","subject":"Hello","body":"Hi"}"#,
        &[TIPS],
        &[exchange("POST", "/me/sendMail", (202, ""))],
    ),
    row("getEmails", "{}", &[exchange("GET", "/me/mailFolders/inbox/messages", EMPTY)]),
    row("searchEmails", r#"{"query":"budget"}"#, &[exchange("GET", "/me/messages", EMPTY)]),
    row("getCalendarEvents", "{}", &[ZONE, exchange("GET", "/me/calendarView", EMPTY)]),
    row(
        "createCalendarEvent",
        r#"{"subject":"Review","start":"2026-12-01T09:00:00Z","end":"2026-12-01T10:00:00Z"}"#,
        &[exchange("POST", "/me/events", (201, r#"{"id":"event-1"}"#))],
    ),
    looking(
        "sendTeamsMessage",
        r#"{"teamId":"team-1","channelId":"channel-1","message":"Hi"}"#,
        &[TEAM, CHANNEL],
        &[exchange("POST", "/teams/team-1/channels/channel-1/messages", (201, r#"{"id":"message-1"}"#))],
    ),
    looking(
        "createTeamsMeeting",
        r#"{"subject":"Review","startTime":"2026-12-01T09:00:00Z","endTime":"2026-12-01T10:00:00Z","attendees":["sam@contoso.example"]}"#,
        &[TIPS],
        &[exchange(
            "POST",
            "/me/onlineMeetings",
            (201, r#"{"id":"meeting-1","joinWebUrl":"https://teams.microsoft.com/l/meetup-join/1"}"#),
        )],
    ),
    row("getContacts", "{}", &[exchange("GET", "/me/people", EMPTY)]),
    row("authenticate", "{}", &[]),
    row("microsoft://profile", "{}", &[exchange("GET", "/me", (200, r#"{"id":"user-1"}"#))]),
    row("microsoft://calendars", "{}", &[exchange("GET", "/me/calendars", EMPTY)]),
    row("microsoft://teams", "{}", &[exchange("GET", "/me/joinedTeams", EMPTY)]),
    row(
        "microsoft://messages/{id}",
        r#"{"id":"message-1"}"#,
        &[exchange("GET", "/me/messages/message-1", (200, r#"{"id":"message-1"}"#))],
    ),
    row(
        "microsoft://events/{id}",
        r#"{"id":"event-1"}"#,
        &[exchange("GET", "/me/events/event-1", (200, r#"{"id":"event-1"}"#))],
    ),
    row(
        "microsoft://files/{id}",
        r#"{"id":"item-1"}"#,
        &[exchange("GET", "/me/drive/items/item-1", (200, r#"{"id":"item-1"}"#))],
    ),
    row(
        "microsoft://people/{id}",
        r#"{"id":"person-1"}"#,
        &[exchange("GET", "/me/people/person-1", (200, r#"{"id":"person-1"}"#))],
    ),
    row(
        "completion://folders",
        r#"{"value":"in"}"#,
        &[exchange(
            "GET",
            "/me/mailFolders",
            (200, r#"{"value":[{"id":"folder-1","displayName":"Invoices"}]}"#),
        )],
    ),
    row(
        "completion://teams",
        r#"{"value":""}"#,
        &[exchange("GET", "/me/joinedTeams", (200, r#"{"value":[{"id":"team-1","displayName":"Sales"}]}"#))],
    ),
    row(
        "completion://channels",
        r#"{"value":"","team":"Sales (team-1)"}"#,
        &[exchange(
            "GET",
            "/teams/team-1/channels",
            (200, r#"{"value":[{"id":"channel-1","displayName":"General"}]}"#),
        )],
    ),
    row(
        "completion://people",
        r#"{"value":"sa"}"#,
        &[exchange(
            "GET",
            "/me/people",
            (
                200,
                r#"{"value":[{"displayName":"Sam","scoredEmailAddresses":[{"address":"sam@contoso.example"}]}]}"#,
            ),
        )],
    ),
    row(
        "completion://person-ids",
        r#"{"value":""}"#,
        &[exchange("GET", "/me/people", (200, r#"{"value":[{"id":"person-1","displayName":"Sam"}]}"#))],
    ),
    row("listTeams", "{}", &[exchange("GET", "/me/joinedTeams", EMPTY)]),
    row("listChannels", r#"{"teamId":"team-1"}"#, &[exchange("GET", "/teams/team-1/channels", EMPTY)]),
    row(
        "getChannelMessages",
        r#"{"teamId":"team-1","channelId":"channel-1"}"#,
        &[ZONE, exchange("GET", "/teams/team-1/channels/channel-1/messages", EMPTY)],
    ),
    looking(
        "replyToChannelMessage",
        r#"{"teamId":"team-1","channelId":"channel-1","messageId":"post-1","message":"Hi"}"#,
        &[TEAM, CHANNEL],
        &[exchange("POST", "/teams/team-1/channels/channel-1/messages/post-1/replies", CREATED)],
    ),
    row("listChats", "{}", &[exchange("GET", "/me/chats", EMPTY)]),
    row(
        "getChatMessages",
        r#"{"chatId":"chat-1"}"#,
        &[ZONE, exchange("GET", "/chats/chat-1/messages", EMPTY)],
    ),
    looking(
        "sendChatMessage",
        r#"{"chatId":"chat-1","message":"Hi"}"#,
        &[
            exchange("GET", "/chats/chat-1", (200, r#"{"chatType":"oneOnOne"}"#)),
            exchange("GET", "/chats/chat-1/members", EMPTY),
        ],
        &[exchange("POST", "/chats/chat-1/messages", CREATED)],
    ),
    looking(
        "createChat",
        r#"{"members":["sam@contoso.example"]}"#,
        &[exchange(
            "POST",
            "/$batch",
            (
                200,
                r#"{"responses":[{"id":"1","status":404,"body":{"error":{"code":"Request_ResourceNotFound"}}}]}"#,
            ),
        )],
        &[exchange("POST", "/chats", CREATED)],
    ),
    row(
        "getPresence",
        r#"{"people":["00000000-0000-0000-0000-000000000001"]}"#,
        &[exchange("POST", "/communications/getPresencesByUserId", EMPTY)],
    ),
    row("searchUsers", r#"{"query":"sam"}"#, &[exchange("GET", "/users", EMPTY)]),
    row(
        "getUser",
        r#"{"user":"sam@contoso.example"}"#,
        &[exchange("GET", "/users/sam%40contoso.example", FOUND)],
    ),
    row("getManager", "{}", &[exchange("GET", "/me/manager", FOUND)]),
    row("listDirectReports", "{}", &[exchange("GET", "/me/directReports", EMPTY)]),
    row("listGroupMembers", r#"{"groupId":"group-1"}"#, &[exchange("GET", "/groups/group-1/members", EMPTY)]),
    row(
        "listTasks",
        r#"{"listId":"list-1"}"#,
        &[ZONE, exchange("GET", "/me/todo/lists/list-1/tasks", EMPTY)],
    ),
    looking(
        "createTask",
        r#"{"listId":"list-1","title":"Call"}"#,
        &[exchange("GET", "/me/todo/lists/list-1", (200, r#"{"displayName":"Tasks"}"#))],
        &[exchange("POST", "/me/todo/lists/list-1/tasks", CREATED)],
    ),
    row("listPlannerTasks", "{}", &[ZONE, exchange("GET", "/me/planner/tasks", EMPTY)]),
    looking(
        "updatePlannerTask",
        r#"{"id":"task-1","percentComplete":100,"etag":"W/\"1\""}"#,
        &[
            exchange("GET", "/planner/tasks/task-1", (200, r#"{"id":"task-1","planId":"plan-1"}"#)),
            exchange("GET", "/planner/plans/plan-1", (200, r#"{"title":"Launch"}"#)),
        ],
        &[exchange("PATCH", "/planner/tasks/task-1", (200, r#"{"id":"task-1","@odata.etag":"W/\"2\""}"#))],
    ),
    row("getEmail", r#"{"id":"message-1"}"#, &[exchange("GET", "/me/messages/message-1", FOUND), ZONE]),
    row(
        "summarizeThread",
        r#"{"conversationId":"conversation-1"}"#,
        &[exchange("GET", "/me/messages", (200, r#"{"value":[{"id":"message-1","subject":"Hello"}]}"#))],
    ),
    row("listMailFolders", "{}", &[exchange("GET", "/me/mailFolders", EMPTY)]),
    row(
        "listAttachments",
        r#"{"id":"message-1"}"#,
        &[exchange("GET", "/me/messages/message-1/attachments", EMPTY)],
    ),
    row(
        "readAttachment",
        r#"{"id":"message-1","attachmentId":"attachment-1"}"#,
        &[
            exchange(
                "GET",
                "/me/messages/message-1/attachments/attachment-1",
                (
                    200,
                    r##"{"@odata.type":"#microsoft.graph.fileAttachment","id":"attachment-1","name":"a.txt","size":2,"contentType":"text/plain"}"##,
                ),
            ),
            exchange("GET", "/me/messages/message-1/attachments/attachment-1/$value", (200, "hi")),
            exchange("GET", "/me/messages/message-1", FOUND),
        ],
    ),
    row(
        "createDraft",
        r#"{"to":["sam@contoso.example"],"subject":"Hello","body":"Hi"}"#,
        &[exchange("POST", "/me/messages", CREATED)],
    ),
    row(
        "createReplyDraft",
        r#"{"id":"message-1"}"#,
        &[exchange("POST", "/me/messages/message-1/createReply", CREATED)],
    ),
    row(
        "addDraftAttachment",
        r#"{"id":"message-1","name":"a.txt","content":"hi"}"#,
        &[exchange("POST", "/me/messages/message-1/attachments", CREATED)],
    ),
    looking(
        "sendDraft",
        r#"{"id":"message-1"}"#,
        &[MESSAGE, ATTACHMENTS, TIPS],
        &[exchange("POST", "/me/messages/message-1/send", ACCEPTED)],
    ),
    looking(
        "replyEmail",
        r#"{"id":"message-1","comment":"Hi"}"#,
        &[MESSAGE, TIPS],
        &[exchange("POST", "/me/messages/message-1/reply", ACCEPTED)],
    ),
    looking(
        "forwardEmail",
        r#"{"id":"message-1","to":["sam@contoso.example"]}"#,
        &[MESSAGE, ATTACHMENTS, TIPS],
        &[exchange("POST", "/me/messages/message-1/forward", ACCEPTED)],
    ),
    row(
        "updateEmail",
        r#"{"id":"message-1","isRead":true}"#,
        &[exchange("PATCH", "/me/messages/message-1", FOUND)],
    ),
    row(
        "moveEmail",
        r#"{"id":"message-1","folder":"archive"}"#,
        &[exchange("POST", "/me/messages/message-1/move", CREATED)],
    ),
    looking(
        "trashEmail",
        r#"{"id":"message-1"}"#,
        &[MESSAGE],
        &[exchange("POST", "/me/messages/message-1/move", CREATED)],
    ),
    row(
        "getMailTips",
        r#"{"addresses":["sam@contoso.example"]}"#,
        &[exchange("POST", "/me/getMailTips", EMPTY)],
    ),
    row(
        "getMailboxSettings",
        "{}",
        &[exchange("GET", "/me/mailboxSettings", (200, r#"{"timeZone":"UTC"}"#))],
    ),
    looking(
        "setAutomaticReplies",
        r#"{"status":"disabled"}"#,
        &[ZONE],
        &[exchange(
            "PATCH",
            "/me/mailboxSettings",
            (200, r#"{"automaticRepliesSetting":{"status":"disabled"}}"#),
        )],
    ),
    row(
        "findOnlineMeeting",
        r#"{"joinUrl":"https://teams.microsoft.com/l/meetup-join/1"}"#,
        &[exchange("GET", "/me/onlineMeetings", (200, r#"{"value":[{"id":"meeting-1"}]}"#)), ZONE],
    ),
    row(
        "listTranscripts",
        r#"{"meetingId":"meeting-1"}"#,
        &[exchange("GET", "/me/onlineMeetings/meeting-1/transcripts", EMPTY), ZONE],
    ),
    row(
        "getTranscript",
        r#"{"meetingId":"meeting-1","transcriptId":"transcript-1"}"#,
        &[exchange("GET", "/me/onlineMeetings/meeting-1/transcripts/transcript-1/content", (200, "WEBVTT"))],
    ),
    row(
        "getEvent",
        r#"{"id":"event-1"}"#,
        &[ZONE, exchange("GET", "/me/events/event-1", (200, r#"{"id":"event-1"}"#))],
    ),
    looking(
        "updateEvent",
        r#"{"id":"event-1","subject":"Review"}"#,
        &[EVENT, ZONE, TIPS],
        &[exchange("PATCH", "/me/events/event-1", (200, r#"{"id":"event-1"}"#))],
    ),
    looking(
        "cancelEvent",
        r#"{"id":"event-1"}"#,
        &[EVENT, ZONE, TIPS],
        &[exchange("POST", "/me/events/event-1/cancel", ACCEPTED)],
    ),
    looking(
        "respondToEvent",
        r#"{"id":"event-1","response":"accept"}"#,
        &[EVENT, ZONE, TIPS],
        &[exchange("POST", "/me/events/event-1/accept", ACCEPTED)],
    ),
    row(
        "findMeetingTimes",
        r#"{"attendees":["sam@contoso.example"],"start":"2026-12-01T09:00:00Z","end":"2026-12-01T17:00:00Z"}"#,
        &[ZONE, exchange("POST", "/me/findMeetingTimes", (200, r#"{"meetingTimeSuggestions":[]}"#))],
    ),
    row(
        "getSchedule",
        r#"{"addresses":["sam@contoso.example"],"start":"2026-12-01T09:00:00Z","end":"2026-12-01T17:00:00Z"}"#,
        &[
            ZONE,
            exchange(
                "POST",
                "/me/calendar/getSchedule",
                (200, r#"{"value":[{"scheduleId":"sam@contoso.example"}]}"#),
            ),
        ],
    ),
    row("listRooms", "{}", &[exchange("GET", "/places/microsoft.graph.room", EMPTY)]),
    row(
        "searchM365",
        r#"{"query":"budget","types":["message"]}"#,
        &[ZONE, exchange("POST", "/search/query", (200, r#"{"value":[{"hitsContainers":[]}]}"#))],
    ),
    row("listFolder", "{}", &[ZONE, exchange("GET", "/me/drive/items/root/children", EMPTY)]),
    row(
        "readFile",
        r#"{"id":"item-1"}"#,
        &[
            exchange(
                "GET",
                "/me/drive/items/item-1",
                (200, r#"{"id":"item-1","name":"a.txt","size":2,"file":{"mimeType":"text/plain"}}"#),
            ),
            exchange("GET", "/me/drive/items/item-1/content", (200, "hi")),
        ],
    ),
    looking(
        "uploadFile",
        r#"{"name":"a.txt","content":"hi","conflict":"replace"}"#,
        &[
            exchange(
                "GET",
                "/me/drive/items/root:/a.txt",
                (200, r#"{"id":"item-1","name":"a.txt","eTag":"1","size":1}"#),
            ),
            exchange("GET", "/me/drive/items/item-1/permissions", EMPTY),
        ],
        &[exchange(
            "PUT",
            "/me/drive/items/root:/a.txt:/content",
            (201, r#"{"id":"made-1","name":"a.txt","size":2}"#),
        )],
    ),
    looking(
        "createSharingLink",
        r#"{"id":"item-1"}"#,
        &[exchange("GET", "/me/drive/items/item-1", (200, r#"{"id":"item-1","name":"a.txt","eTag":"1"}"#))],
        &[exchange(
            "POST",
            "/me/drive/items/item-1/createLink",
            (
                201,
                r#"{"link":{"type":"view","scope":"organization","webUrl":"https://contoso.sharepoint.com/x"}}"#,
            ),
        )],
    ),
    row("searchSites", r#"{"query":"sales"}"#, &[exchange("GET", "/sites", EMPTY)]),
    row(
        "listListItems",
        r#"{"siteId":"site-1","listId":"list-1"}"#,
        &[exchange("GET", "/sites/site-1/lists/list-1/items", EMPTY)],
    ),
];

impl Row {
    pub(crate) fn arguments(&self) -> Value {
        serde_json::from_str(self.arguments).unwrap()
    }

    /// The exchange that answers with a list.
    pub(crate) fn list(&self) -> Option<&'static Exchange> {
        self.exchanges.iter().find(|exchange| exchange.answer == EMPTY)
    }

    /// All exchanges of a call, in order.
    pub(crate) fn all(&self) -> impl Iterator<Item = &'static Exchange> {
        self.looks.iter().chain(self.exchanges)
    }

    /// Graph's answers, in order.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (u16, &'static str)> {
        self.all().map(|exchange| exchange.answer)
    }
}

/// Every action of the catalogue with its row.
pub(crate) fn actions() -> impl Iterator<Item = (&'static Action, &'static Row)> {
    catalog().map(|action| {
        let name = action.spec.name;
        let row = ROWS.iter().find(|row| row.name == name);
        let advice = "add arguments that work and the exchanges they lead to in ROWS";
        (action, row.unwrap_or_else(|| panic!("the action {name} is new: {advice}")))
    })
}

#[test]
fn the_rows_name_exactly_the_actions_of_the_catalogue() {
    assert_eq!(actions().count(), ROWS.len(), "a row of ROWS is no action any more: remove it");
}
