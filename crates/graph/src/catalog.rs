//! The table: every tool and resource, one row each.
//!
//! Source: Microsoft Graph permissions reference for scopes (none of these needs an administrator by default). What a
//! row declares is what is enforced: scopes asked of Entra, paths that egress admits, annotations, policy, audit kind.

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::Action;
use crate::{calendar, mail, meetings, people, profile, session, teams};

/// Every row: tools first, then resources, in the order clients see them.
#[must_use]
pub fn catalog() -> &'static [Action] {
    &CATALOG
}

/// The tool of that name.
#[must_use]
pub fn find_tool(name: &str) -> Option<&'static Action> {
    find(ActionKind::Tool, name)
}

/// The resource at that URI.
#[must_use]
pub fn find_resource(uri: &str) -> Option<&'static Action> {
    find(ActionKind::Resource, uri)
}

fn find(kind: ActionKind, name: &str) -> Option<&'static Action> {
    CATALOG.iter().find(|action| action.spec.kind == kind && action.spec.name == name)
}

static CATALOG: [Action; 12] = [
    Action {
        spec: ActionSpec {
            name: "sendEmail",
            kind: ActionKind::Tool,
            title: "Send email",
            summary: "Send an email via Outlook",
            effect: Effect::Send,
            scopes: &[Scope::MailSend],
            calls: &[Call::post("/me/sendMail")],
            untrusted: false,
            audit: AuditKind::MailSend,
        },
        params: &[&mail::TO, &mail::SUBJECT, &mail::BODY, &mail::CONTENT_TYPE],
        output: mail::sent_schema,
        parse: mail::send_email,
    },
    Action {
        spec: ActionSpec {
            name: "getEmails",
            kind: ActionKind::Tool,
            title: "Get emails",
            summary: "Get recent emails",
            effect: Effect::Read,
            scopes: &[Scope::MailRead],
            calls: &[Call::get("/me/mailFolders/{folder}/messages")],
            untrusted: true,
            audit: AuditKind::MailRead,
        },
        params: &[&mail::COUNT, &mail::FOLDER],
        output: mail::messages_schema,
        parse: mail::get_emails,
    },
    Action {
        spec: ActionSpec {
            name: "searchEmails",
            kind: ActionKind::Tool,
            title: "Search emails",
            summary: "Search emails",
            effect: Effect::Read,
            scopes: &[Scope::MailRead],
            calls: &[Call::get("/me/messages")],
            untrusted: true,
            audit: AuditKind::MailRead,
        },
        params: &[&mail::QUERY, &mail::RESULTS],
        output: mail::messages_schema,
        parse: mail::search_emails,
    },
    Action {
        spec: ActionSpec {
            name: "getCalendarEvents",
            kind: ActionKind::Tool,
            title: "Get calendar events",
            summary: "Get calendar events",
            effect: Effect::Read,
            scopes: &[Scope::CalendarsRead],
            calls: &[Call::get("/me/calendarView")],
            untrusted: true,
            audit: AuditKind::CalendarRead,
        },
        params: &[&calendar::DAYS],
        output: calendar::events_schema,
        parse: calendar::get_calendar_events,
    },
    Action {
        spec: ActionSpec {
            name: "createCalendarEvent",
            kind: ActionKind::Tool,
            title: "Create calendar event",
            summary: "Create calendar event",
            effect: Effect::Send,
            scopes: &[Scope::CalendarsReadWrite],
            calls: &[Call::post_idempotent("/me/events")],
            untrusted: false,
            audit: AuditKind::CalendarSend,
        },
        params: &[
            &calendar::SUBJECT,
            &calendar::START,
            &calendar::END,
            &calendar::ATTENDEES,
            &calendar::BODY,
        ],
        output: calendar::created_schema,
        parse: calendar::create_calendar_event,
    },
    Action {
        spec: ActionSpec {
            name: "sendTeamsMessage",
            kind: ActionKind::Tool,
            title: "Send Teams message",
            summary: "Send Teams message",
            effect: Effect::Send,
            scopes: &[Scope::ChannelMessageSend],
            calls: &[Call::post("/teams/{team}/channels/{channel}/messages")],
            untrusted: false,
            audit: AuditKind::ChannelSend,
        },
        params: &[&teams::TEAM_ID, &teams::CHANNEL_ID, &teams::MESSAGE],
        output: teams::posted_schema,
        parse: teams::send_teams_message,
    },
    Action {
        spec: ActionSpec {
            name: "createTeamsMeeting",
            kind: ActionKind::Tool,
            title: "Create Teams meeting",
            summary: "Create Teams meeting",
            effect: Effect::Write,
            scopes: &[Scope::OnlineMeetingsReadWrite],
            calls: &[Call::post("/me/onlineMeetings")],
            untrusted: false,
            audit: AuditKind::MeetingWrite,
        },
        params: &[&meetings::SUBJECT, &meetings::START_TIME, &meetings::END_TIME, &meetings::ATTENDEES],
        output: meetings::created_schema,
        parse: meetings::create_teams_meeting,
    },
    Action {
        spec: ActionSpec {
            name: "getContacts",
            kind: ActionKind::Tool,
            title: "Get contacts",
            summary: "Get contacts",
            effect: Effect::Read,
            scopes: &[Scope::PeopleRead],
            calls: &[Call::get("/me/people")],
            untrusted: true,
            audit: AuditKind::PeopleRead,
        },
        params: &[&people::COUNT, &people::SEARCH],
        output: people::contacts_schema,
        parse: people::get_contacts,
    },
    Action {
        spec: ActionSpec {
            name: "authenticate",
            kind: ActionKind::Tool,
            title: "Sign-in state",
            summary: "Get authentication URL for Microsoft 365",
            effect: Effect::Read,
            scopes: &[],
            calls: &[],
            untrusted: false,
            audit: AuditKind::SessionRead,
        },
        params: &[],
        output: session::state_schema,
        parse: |_| Some(Box::new(session::Authenticate)),
    },
    Action {
        spec: ActionSpec {
            name: "microsoft://profile",
            kind: ActionKind::Resource,
            title: "Microsoft profile",
            summary: "The signed-in person's own profile",
            effect: Effect::Read,
            scopes: &[Scope::UserRead],
            calls: &[Call::get("/me")],
            untrusted: true,
            audit: AuditKind::ProfileRead,
        },
        params: &[],
        output: profile::profile_schema,
        parse: |_| Some(Box::new(profile::Profile)),
    },
    Action {
        spec: ActionSpec {
            name: "microsoft://calendars",
            kind: ActionKind::Resource,
            title: "Calendars",
            summary: "The calendars of the signed-in person",
            effect: Effect::Read,
            scopes: &[Scope::CalendarsRead],
            calls: &[Call::get("/me/calendars")],
            untrusted: true,
            audit: AuditKind::CalendarRead,
        },
        params: &[],
        output: calendar::calendars_schema,
        parse: |_| Some(Box::new(calendar::Calendars)),
    },
    Action {
        spec: ActionSpec {
            name: "microsoft://teams",
            kind: ActionKind::Resource,
            title: "Teams",
            summary: "The teams the signed-in person is in",
            effect: Effect::Read,
            scopes: &[Scope::TeamReadBasicAll],
            calls: &[Call::get("/me/joinedTeams")],
            untrusted: true,
            audit: AuditKind::TeamsRead,
        },
        params: &[],
        output: teams::teams_schema,
        parse: |_| Some(Box::new(teams::Teams)),
    },
];

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    #[test]
    fn the_table_reads_as_it_did() {
        let mut table = String::new();
        for Action { spec, .. } in catalog() {
            let calls: Vec<_> = spec
                .calls
                .iter()
                .map(|call| format!("{} {} {:?}", call.method.as_str(), call.template, call.retry))
                .collect();
            let scopes: Vec<_> = spec.scopes.iter().map(|scope| scope.as_str()).collect();
            writeln!(
                table,
                "{} | {} | {} | {} | {} | untrusted {} | {}",
                spec.name,
                spec.summary,
                spec.effect.as_str(),
                scopes.join(" "),
                calls.join(", "),
                spec.untrusted,
                spec.audit.as_str()
            )
            .unwrap();
        }
        insta::assert_snapshot!(table);
    }

    #[test]
    fn the_schemas_read_as_they_did() {
        for action in catalog() {
            let name = action.spec.name.replace("://", "-");
            insta::assert_snapshot!(
                format!("input-{name}"),
                serde_json::to_string_pretty(&action.input_schema()).unwrap()
            );
            insta::assert_snapshot!(
                format!("output-{name}"),
                serde_json::to_string_pretty(&action.output_schema()).unwrap()
            );
        }
    }

    #[test]
    fn names_are_unique_and_found_only_as_their_kind() {
        for action in catalog() {
            let same = catalog().iter().filter(|other| other.spec.name == action.spec.name).count();
            assert_eq!(same, 1, "{}", action.spec.name);
        }
        assert!(find_tool("getEmails").is_some() && find_resource("getEmails").is_none());
        assert!(find_resource("microsoft://teams").is_some() && find_tool("microsoft://teams").is_none());
        assert!(find_tool("GETEMAILS").is_none() && find_resource("microsoft://profile/").is_none());
    }

    #[test]
    fn a_read_only_gets_and_a_write_never_does() {
        for Action { spec, .. } in catalog() {
            for call in spec.calls {
                assert_eq!(spec.effect == Effect::Read, call.method.as_str() == "GET", "{}", spec.name);
            }
        }
    }
}
