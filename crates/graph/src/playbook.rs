//! The table of prompts.

use crate::prompt::{Arguments, Prompt, PromptArgument};

const FOLDERS: Option<&str> = Some("completion://folders");
const TEAMS: Option<&str> = Some("completion://teams");
const CHANNELS: Option<&str> = Some("completion://channels");
const PEOPLE: Option<&str> = Some("completion://people");

const fn required(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    completion: Option<&'static str>,
) -> PromptArgument {
    PromptArgument { name, title, description, required: true, completion }
}

const fn optional(
    name: &'static str,
    title: &'static str,
    description: &'static str,
    completion: Option<&'static str>,
) -> PromptArgument {
    PromptArgument { name, title, description, required: false, completion }
}

pub(crate) static PROMPTS: [Prompt; 5] = [
    Prompt {
        name: "summarizeUnread",
        title: "Summarise unread mail",
        summary: "Summarise what is unread in a mail folder, most urgent first.",
        arguments: &[optional("folder", "Folder", "the folder to look into; without it the inbox", FOLDERS)],
        tools: &["getEmails"],
        steps: summarize_unread,
    },
    Prompt {
        name: "prepareForMeeting",
        title: "Prepare for a meeting",
        summary: "Prepare a briefing for a coming meeting.",
        arguments: &[required("meeting", "Meeting", "words of the meeting's title, or when it is", None)],
        tools: &["getCalendarEvents", "searchEmails"],
        steps: prepare_for_meeting,
    },
    Prompt {
        name: "draftReply",
        title: "Draft a reply",
        summary: "Draft a reply to the latest mail of a person.",
        arguments: &[
            required(
                "person",
                "Person",
                "whose mail to answer, as `Name <address>`, a name or an address",
                PEOPLE,
            ),
            optional("about", "About", "what the mail is about, where it is not the latest one", None),
        ],
        tools: &["getContacts", "searchEmails"],
        steps: draft_reply,
    },
    Prompt {
        name: "weeklyReview",
        title: "Weekly review",
        summary: "Review the mail of the last days and what the next days hold.",
        arguments: &[optional("days", "Days", "how many days back and ahead, 1 to 30; without it 7", None)],
        tools: &["searchEmails", "getCalendarEvents"],
        steps: weekly_review,
    },
    Prompt {
        name: "postUpdate",
        title: "Post an update",
        summary: "Write an update and post it to a Teams channel once the person agrees.",
        arguments: &[
            required("team", "Team", "the team, as `Name (id)` or an id", TEAMS),
            required("channel", "Channel", "the channel, as `Name (id)` or an id", CHANNELS),
            required("about", "About", "what the update is about", None),
        ],
        tools: &["searchEmails", "sendTeamsMessage"],
        steps: post_update,
    },
];

const IN_PARENTHESES: &str =
    "where it is written as `Name (id)`, the argument is what stands in the last parentheses";

fn summarize_unread(given: &Arguments) -> Vec<String> {
    let call = match given.quoted("folder") {
        None => "Call `getEmails` with `folder` \"inbox\" and `count` 50.".to_owned(),
        Some(folder) => {
            format!("Call `getEmails` with `folder` {folder} ({IN_PARENTHESES}) and `count` 50.")
        }
    };
    vec![
        call,
        "Keep the messages that are unread. If there are more messages than were listed, continue with `cursor` up to \
         three times."
            .to_owned(),
        READ_MESSAGE.to_owned(),
        "Summarise in this order: what needs an answer or a decision and by when, what is only to be known, what can be \
         ignored. Name sender and subject of each."
            .to_owned(),
        "Do not answer, move or delete anything.".to_owned(),
    ]
}

fn prepare_for_meeting(given: &Arguments) -> Vec<String> {
    let meeting = given.quoted("meeting").unwrap_or_default();
    vec![
        "Call `getCalendarEvents` with `days` 14.".to_owned(),
        format!(
            "Find the meeting that fits {meeting}. If none or several fit, list what comes near, ask which is meant, and \
             stop there."
        ),
        "For what the invitation says, read the resource `microsoft://events/{id}` with the event's id, where the client \
         can read resources."
            .to_owned(),
        "Call `searchEmails` with `query` made of the distinctive words of the title, and once more with `from:` and the \
         organiser's address; `count` 10 each."
            .to_owned(),
        READ_MESSAGE.to_owned(),
        "Write a briefing: when, where and with whom; what it is for; what was said in the mail and what is still open; \
         what to prepare. Say for each point which message or invitation it comes from."
            .to_owned(),
    ]
}

fn draft_reply(given: &Arguments) -> Vec<String> {
    let person = given.quoted("person").unwrap_or_default();
    let about = given.quoted("about");
    let narrowed = about.as_ref().map_or_else(String::new, |about| {
        format!(" followed by a space and the distinctive words of {about}")
    });
    let choice = if about.is_some() { "that fits best" } else { "that came last" };
    vec![
        format!(
            "The mail to answer is from {person}. If that holds no e-mail address, call `getContacts` with `search` set to \
             the name, and ask which one is meant if several fit."
        ),
        format!("Call `searchEmails` with `query` set to `from:` and the address{narrowed}, and `count` 10."),
        format!("Choose the message {choice}, and say which one it is."),
        READ_MESSAGE.to_owned(),
        "Write a reply in the language and tone of the message, short and complete. Promise nothing the person has not \
         said; leave a gap in square brackets where only they know the answer."
            .to_owned(),
        "Show recipient, subject and text. Do not send it: the person decides that after reading it.".to_owned(),
    ]
}

fn weekly_review(given: &Arguments) -> Vec<String> {
    let days = match given.quoted("days") {
        None => "The number of days is 7.".to_owned(),
        Some(days) => {
            format!(
                "The number of days is {days}; where that is no whole number from 1 to 30, take 7 and say so."
            )
        }
    };
    vec![
        days,
        "Call `searchEmails` with `query` set to `received>=` and the date that many days ago, written as 2026-11-24, and \
         `count` 50. Continue with `cursor` up to three times."
            .to_owned(),
        "Call `getCalendarEvents` with `days` set to the number of days.".to_owned(),
        READ_MESSAGE.to_owned(),
        "Write the review: what was achieved or decided; what waits for an answer of the person, oldest first; what waits \
         for others; meetings ahead that need preparation, and those that overlap."
            .to_owned(),
        "Change nothing and send nothing.".to_owned(),
    ]
}

fn post_update(given: &Arguments) -> Vec<String> {
    let [team, channel, about] =
        ["team", "channel", "about"].map(|name| given.quoted(name).unwrap_or_default());
    vec![
        format!(
            "The update is about {about}. If the conversation does not hold what it should say, call `searchEmails` with \
             `query` set to its distinctive words and `count` 10, or ask the person."
        ),
        "Write the update as plain text of at most ten lines: what happened, what comes next, what is needed from whom."
            .to_owned(),
        format!("Show the text, the team {team} and the channel {channel}, and wait until the person agrees."),
        format!(
            "Only then call `sendTeamsMessage` with `teamId` from {team}, `channelId` from {channel} ({IN_PARENTHESES}) \
             and `message` set to the text."
        ),
        "Say that it was posted and give the link, or say what failed. Do not post it twice.".to_owned(),
    ]
}

const READ_MESSAGE: &str = "Where a preview is not enough, read the resource `microsoft://messages/{id}` with the message's id, \
    if the client can read resources; otherwise work with the preview and say so.";
