//! The table: everything a client can ask for that may reach Graph, one row each.
//!
//! Source: Microsoft Graph permissions reference for scopes (none of these needs an administrator by default). What a
//! row declares is what is enforced: scopes asked of Entra, paths that egress admits, annotations, policy, audit kind.

use m365_types::{ActionKind, ActionSpec, AuditKind, Call, Effect, Scope};

use crate::action::Action;
use crate::{
    calendar, completion, event, excerpt, files, mail, meetings, message, people, profile, session, teams,
};

/// Every row: tools, resources, URI templates, completions, each in the order clients see them.
#[must_use]
pub fn catalog() -> &'static [Action] {
    &CATALOG
}

static CATALOG: [Action; 21] = [
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
        paged: false,
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
        paged: true,
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
        paged: true,
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
        paged: true,
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
        paged: false,
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
        paged: false,
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
        paged: false,
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
        paged: true,
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
        paged: false,
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
        paged: false,
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
        paged: false,
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
        paged: false,
        params: &[],
        output: teams::teams_schema,
        parse: |_| Some(Box::new(teams::Teams)),
    },
    Action {
        spec: ActionSpec {
            name: message::URI,
            kind: ActionKind::Template,
            title: "Message",
            summary: "One message with its body as text",
            effect: Effect::Read,
            scopes: &[Scope::MailRead],
            calls: &[Call::get("/me/messages/{message}")],
            untrusted: true,
            audit: AuditKind::MailRead,
        },
        paged: false,
        params: &[&message::ID, &excerpt::OFFSET],
        output: message::message_schema,
        parse: message::read_message,
    },
    Action {
        spec: ActionSpec {
            name: event::URI,
            kind: ActionKind::Template,
            title: "Event",
            summary: "One calendar event with its description",
            effect: Effect::Read,
            scopes: &[Scope::CalendarsRead],
            calls: &[Call::get("/me/events/{event}")],
            untrusted: true,
            audit: AuditKind::CalendarRead,
        },
        paged: false,
        params: &[&event::ID, &excerpt::OFFSET],
        output: event::event_schema,
        parse: event::read_event,
    },
    Action {
        spec: ActionSpec {
            name: files::URI,
            kind: ActionKind::Template,
            title: "File",
            summary: "Name, size, type and last change of a file in the person's drive; not its content",
            effect: Effect::Read,
            scopes: &[Scope::FilesRead],
            calls: &[Call::get("/me/drive/items/{item}")],
            untrusted: true,
            audit: AuditKind::FilesRead,
        },
        paged: false,
        params: &[&files::ID],
        output: files::file_schema,
        parse: files::read_file,
    },
    Action {
        spec: ActionSpec {
            name: people::URI,
            kind: ActionKind::Template,
            title: "Person",
            summary: "One of the people the signed-in person works with",
            effect: Effect::Read,
            scopes: &[Scope::PeopleRead],
            calls: &[Call::get("/me/people/{person}")],
            untrusted: true,
            audit: AuditKind::PeopleRead,
        },
        paged: false,
        params: &[&people::ID],
        output: people::person_schema,
        parse: people::read_person,
    },
    Action {
        spec: ActionSpec {
            name: "completion://folders",
            kind: ActionKind::Completion,
            title: "Suggest folders",
            summary: "Suggests mail folders",
            effect: Effect::Read,
            scopes: &[Scope::MailRead],
            calls: &[Call::get("/me/mailFolders")],
            untrusted: true,
            audit: AuditKind::MailRead,
        },
        paged: false,
        params: &[&completion::VALUE],
        output: completion::values_schema,
        parse: completion::folders,
    },
    Action {
        spec: ActionSpec {
            name: "completion://teams",
            kind: ActionKind::Completion,
            title: "Suggest teams",
            summary: "Suggests teams the signed-in person is in",
            effect: Effect::Read,
            scopes: &[Scope::TeamReadBasicAll],
            calls: &[Call::get("/me/joinedTeams")],
            untrusted: true,
            audit: AuditKind::TeamsRead,
        },
        paged: false,
        params: &[&completion::VALUE],
        output: completion::values_schema,
        parse: completion::teams,
    },
    Action {
        spec: ActionSpec {
            name: "completion://channels",
            kind: ActionKind::Completion,
            title: "Suggest channels",
            summary: "Suggests channels of a team",
            effect: Effect::Read,
            scopes: &[Scope::ChannelReadBasicAll],
            calls: &[Call::get("/teams/{team}/channels")],
            untrusted: true,
            audit: AuditKind::ChannelsRead,
        },
        paged: false,
        params: &[&completion::VALUE, &completion::TEAM],
        output: completion::values_schema,
        parse: completion::channels,
    },
    Action {
        spec: ActionSpec {
            name: "completion://people",
            kind: ActionKind::Completion,
            title: "Suggest people",
            summary: "Suggests people the signed-in person works with",
            effect: Effect::Read,
            scopes: &[Scope::PeopleRead],
            calls: &[Call::get("/me/people")],
            untrusted: true,
            audit: AuditKind::PeopleRead,
        },
        paged: false,
        params: &[&completion::VALUE],
        output: completion::values_schema,
        parse: completion::people_near,
    },
    Action {
        spec: ActionSpec {
            name: "completion://person-ids",
            kind: ActionKind::Completion,
            title: "Suggest ids of people",
            summary: "Suggests ids of people the signed-in person works with",
            effect: Effect::Read,
            scopes: &[Scope::PeopleRead],
            calls: &[Call::get("/me/people")],
            untrusted: true,
            audit: AuditKind::PeopleRead,
        },
        paged: false,
        params: &[&completion::VALUE],
        output: completion::values_schema,
        parse: completion::person_ids,
    },
];

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;
    use crate::{find_resource, find_tool};

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
            let name = action.spec.name.replace("://", "-").replace("/{id}", "-one");
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
        assert!(find_tool("completion://teams").is_none() && find_resource("completion://teams").is_none());
        assert!(find_resource("microsoft://messages/{id}").is_none());
        assert!(find_tool("GETEMAILS").is_none() && find_resource("microsoft://profile/").is_none());
    }

    #[test]
    fn a_paged_row_takes_a_cursor_and_gives_the_next() {
        let paged: Vec<_> = catalog().iter().filter(|action| action.is_paged()).collect();
        let names: Vec<_> = paged.iter().map(|action| action.spec.name).collect();
        assert_eq!(names, ["getEmails", "searchEmails", "getCalendarEvents", "getContacts"]);
        for action in catalog() {
            let (input, output) = (action.input_schema(), action.output_schema());
            assert_eq!(input["properties"]["cursor"]["type"] == "string", action.is_paged());
            assert_eq!(output["properties"]["nextCursor"]["type"] == "string", action.is_paged());
        }
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
