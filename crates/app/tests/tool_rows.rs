//! For every action: the smallest arguments that work, and the one exchange with Graph they lead to.

use m365_graph::{Action, catalog};
use serde_json::Value;

/// What one action is given, sends and gets.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: &'static str,
    arguments: &'static str,
    /// Method and path of the request that reaches Graph; `None` for an action that asks nobody.
    pub(crate) sent: Option<(&'static str, &'static str)>,
    /// Graph's status and body.
    pub(crate) answer: (u16, &'static str),
}

const EMPTY_PAGE: (u16, &str) = (200, r#"{"value":[]}"#);

const ROWS: &[Row] = &[
    Row {
        name: "sendEmail",
        arguments: r#"{"to":"sam@contoso.example","subject":"Hello","body":"Hi"}"#,
        sent: Some(("POST", "/me/sendMail")),
        answer: (202, ""),
    },
    Row {
        name: "getEmails",
        arguments: "{}",
        sent: Some(("GET", "/me/mailFolders/inbox/messages")),
        answer: EMPTY_PAGE,
    },
    Row {
        name: "searchEmails",
        arguments: r#"{"query":"budget"}"#,
        sent: Some(("GET", "/me/messages")),
        answer: EMPTY_PAGE,
    },
    Row {
        name: "getCalendarEvents",
        arguments: "{}",
        sent: Some(("GET", "/me/calendarView")),
        answer: EMPTY_PAGE,
    },
    Row {
        name: "createCalendarEvent",
        arguments: r#"{"subject":"Review","start":"2026-12-01T09:00:00Z","end":"2026-12-01T10:00:00Z"}"#,
        sent: Some(("POST", "/me/events")),
        answer: (201, r#"{"id":"event-1"}"#),
    },
    Row {
        name: "sendTeamsMessage",
        arguments: r#"{"teamId":"team-1","channelId":"channel-1","message":"Hi"}"#,
        sent: Some(("POST", "/teams/team-1/channels/channel-1/messages")),
        answer: (201, r#"{"id":"message-1"}"#),
    },
    Row {
        name: "createTeamsMeeting",
        arguments: r#"{"subject":"Review","startTime":"2026-12-01T09:00:00Z","endTime":"2026-12-01T10:00:00Z"}"#,
        sent: Some(("POST", "/me/onlineMeetings")),
        answer: (201, r#"{"id":"meeting-1","joinWebUrl":"https://teams.microsoft.com/l/meetup-join/1"}"#),
    },
    Row { name: "getContacts", arguments: "{}", sent: Some(("GET", "/me/people")), answer: EMPTY_PAGE },
    Row { name: "authenticate", arguments: "{}", sent: None, answer: (500, "") },
    Row {
        name: "microsoft://profile",
        arguments: "{}",
        sent: Some(("GET", "/me")),
        answer: (200, r#"{"id":"user-1"}"#),
    },
    Row {
        name: "microsoft://calendars",
        arguments: "{}",
        sent: Some(("GET", "/me/calendars")),
        answer: EMPTY_PAGE,
    },
    Row {
        name: "microsoft://teams",
        arguments: "{}",
        sent: Some(("GET", "/me/joinedTeams")),
        answer: EMPTY_PAGE,
    },
    Row {
        name: "microsoft://messages/{id}",
        arguments: r#"{"id":"message-1"}"#,
        sent: Some(("GET", "/me/messages/message-1")),
        answer: (200, r#"{"id":"message-1"}"#),
    },
    Row {
        name: "microsoft://events/{id}",
        arguments: r#"{"id":"event-1"}"#,
        sent: Some(("GET", "/me/events/event-1")),
        answer: (200, r#"{"id":"event-1"}"#),
    },
    Row {
        name: "microsoft://files/{id}",
        arguments: r#"{"id":"item-1"}"#,
        sent: Some(("GET", "/me/drive/items/item-1")),
        answer: (200, r#"{"id":"item-1"}"#),
    },
    Row {
        name: "microsoft://people/{id}",
        arguments: r#"{"id":"person-1"}"#,
        sent: Some(("GET", "/me/people/person-1")),
        answer: (200, r#"{"id":"person-1"}"#),
    },
    Row {
        name: "completion://folders",
        arguments: r#"{"value":"in"}"#,
        sent: Some(("GET", "/me/mailFolders")),
        answer: (200, r#"{"value":[{"id":"folder-1","displayName":"Invoices"}]}"#),
    },
    Row {
        name: "completion://teams",
        arguments: r#"{"value":""}"#,
        sent: Some(("GET", "/me/joinedTeams")),
        answer: (200, r#"{"value":[{"id":"team-1","displayName":"Sales"}]}"#),
    },
    Row {
        name: "completion://channels",
        arguments: r#"{"value":"","team":"Sales (team-1)"}"#,
        sent: Some(("GET", "/teams/team-1/channels")),
        answer: (200, r#"{"value":[{"id":"channel-1","displayName":"General"}]}"#),
    },
    Row {
        name: "completion://people",
        arguments: r#"{"value":"sa"}"#,
        sent: Some(("GET", "/me/people")),
        answer: (
            200,
            r#"{"value":[{"displayName":"Sam","scoredEmailAddresses":[{"address":"sam@contoso.example"}]}]}"#,
        ),
    },
    Row {
        name: "completion://person-ids",
        arguments: r#"{"value":""}"#,
        sent: Some(("GET", "/me/people")),
        answer: (200, r#"{"value":[{"id":"person-1","displayName":"Sam"}]}"#),
    },
];

impl Row {
    pub(crate) fn arguments(&self) -> Value {
        serde_json::from_str(self.arguments).unwrap()
    }
}

/// Every action of the catalogue with its row.
pub(crate) fn actions() -> impl Iterator<Item = (&'static Action, &'static Row)> {
    catalog().map(|action| {
        let name = action.spec.name;
        let row = ROWS.iter().find(|row| row.name == name);
        let advice = "add arguments that work and the exchange they lead to in ROWS";
        (action, row.unwrap_or_else(|| panic!("the action {name} is new: {advice}")))
    })
}

#[test]
fn the_rows_name_exactly_the_actions_of_the_catalogue() {
    assert_eq!(actions().count(), ROWS.len(), "a row of ROWS is no action any more: remove it");
}
