//! What the assistants of four people do in a day, call by call.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{Step, Working};
use crate::adversary::hands::segment;
use crate::adversary::plant::utc;
use crate::cases::{CHANNEL, TEAM};
use crate::json::Look as _;

/// A customer, outside.
const CUSTOMER: &str = "stella.ivanova@northwind.example";
/// Colleagues of the directory.
const MEGAN: &str = "megan.bowen@contoso.example";
const ADELE: &str = "adele.vance@contoso.example";

const fn step(tool: &'static str, arguments: fn(&Working<'_>) -> Result<Value>) -> Step {
    Step { tool, arguments, denied: false }
}

const fn denied(tool: &'static str, arguments: fn(&Working<'_>) -> Result<Value>) -> Step {
    Step { tool, arguments, denied: true }
}

#[expect(clippy::unnecessary_wraps, reason = "every row of the table has this form")]
fn nothing(_: &Working<'_>) -> Result<Value> {
    Ok(json!({}))
}

/// So many hours from now.
fn hours(day: &Working<'_>, hours: u64) -> Result<String> {
    Ok(format!("{}Z", utc(day.stage.site.control.now_secs()? + hours * 3_600)))
}

fn newest_mail(day: &Working<'_>) -> Result<Value> {
    Ok(json!({ "id": day.told("getEmails", "/messages/0/id")? }))
}

/// Mail in the morning, an offer with an attachment, a meeting with the customer, notes for later.
pub(super) const SALES: &[Step] = &[
    step("getCalendarEvents", |_| Ok(json!({ "days": 1 }))),
    step("getEmails", |_| Ok(json!({ "count": 10 }))),
    step("getEmail", newest_mail),
    step("searchEmails", |_| Ok(json!({ "query": "Northwind", "count": 5 }))),
    step("getContacts", |_| Ok(json!({ "search": "Ivanova" }))),
    step("createReplyDraft", |day| {
        Ok(json!({ "id": day.stage.secret_mail, "comment": "Thank you, noted." }))
    }),
    step("sendDraft", |day| Ok(json!({ "id": day.told("createReplyDraft", "/id")? }))),
    step("listFolder", |_| Ok(json!({ "count": 50 }))),
    step("readFile", |day| Ok(json!({ "id": day.stage.item("files", "/name", "launch notes.md")? }))),
    step("createDraft", |_| {
        Ok(json!({ "to": [CUSTOMER], "subject": "Our offer", "body": "Please find our offer attached." }))
    }),
    step("addDraftAttachment", |day| {
        let id = day.told("createDraft", "/id")?;
        Ok(json!({ "id": id, "name": "offer.txt", "content": "Ten crates at 40 EUR." }))
    }),
    step("sendDraft", |day| Ok(json!({ "id": day.told("createDraft", "/id")? }))),
    step("createCalendarEvent", |day| {
        Ok(json!({ "subject": "Offer", "start": hours(day, 48)?, "end": hours(day, 49)?,
                   "attendees": [CUSTOMER], "onlineMeeting": true }))
    }),
    step("updateEmail", |day| {
        Ok(json!({ "id": day.told("getEmails", "/messages/0/id")?, "flag": "flagged" }))
    }),
    step("moveEmail", |day| {
        Ok(json!({ "id": day.told("getEmails", "/messages/0/id")?, "folder": "archive" }))
    }),
    step("createTask", |_| Ok(json!({ "title": "Ask about the offer", "due": "2027-01-11" }))),
];

/// A calendar that is put in order, and an absence that is announced.
pub(super) const EXECUTIVE: &[Step] = &[
    step("getMailboxSettings", nothing),
    step("getCalendarEvents", |_| Ok(json!({ "days": 7 }))),
    step("getEmails", |_| Ok(json!({ "count": 20 }))),
    step("getEmail", newest_mail),
    step("searchUsers", |_| Ok(json!({ "query": "Megan" }))),
    step("getManager", |_| Ok(json!({ "user": ADELE }))),
    step("getSchedule", |day| {
        Ok(json!({ "addresses": [MEGAN, ADELE], "start": hours(day, 24)?, "end": hours(day, 34)? }))
    }),
    step("findMeetingTimes", |day| {
        Ok(json!({ "attendees": [MEGAN], "start": hours(day, 24)?, "end": hours(day, 72)? }))
    }),
    step("listRooms", |_| Ok(json!({ "capacity": 4 }))),
    step("createCalendarEvent", |day| {
        Ok(
            json!({ "subject": "Review", "start": hours(day, 30)?, "end": hours(day, 31)?, "attendees": [MEGAN] }),
        )
    }),
    step("updateEvent", |day| {
        let id = day.told("createCalendarEvent", "/id")?;
        Ok(json!({ "id": id, "attendees": [MEGAN, ADELE] }))
    }),
    step("getEvent", |day| Ok(json!({ "id": day.told("createCalendarEvent", "/id")? }))),
    step("respondToEvent", |day| {
        let calendar = day.stage.site.control.graph("calendar", day.stage.email())?;
        let invited =
            |event: &&Value| event.at("/isOrganizer") == false && event.at("/responseRequested") != false;
        let id = calendar.iter().find(invited).context("an invitation")?.text("/id")?;
        Ok(json!({ "id": id, "response": "accept" }))
    }),
    step("createCalendarEvent", |day| {
        Ok(json!({ "subject": "Time to think", "start": hours(day, 32)?, "end": hours(day, 34)? }))
    }),
    step("setAutomaticReplies", |_| {
        Ok(json!({ "status": "alwaysEnabled", "audience": "none", "internalMessage": "I am out on Friday." }))
    }),
    step("createDraft", |_| Ok(json!({ "to": [MEGAN], "subject": "Friday", "body": "Please take over." }))),
    step("sendDraft", |day| Ok(json!({ "id": day.told("createDraft", "/id")? }))),
    step("createTask", |_| Ok(json!({ "title": "Sign the papers" }))),
];

/// A note to the team before anything is read, then channels, chats, plans and files.
pub(super) const ENGINEER: &[Step] = &[
    step("sendEmail", |_| {
        Ok(json!({ "to": MEGAN, "subject": "Standup", "body": "I am on the build today." }))
    }),
    step("listTeams", nothing),
    step("listChannels", |_| Ok(json!({ "teamId": TEAM }))),
    step("getChannelMessages", |_| Ok(json!({ "teamId": TEAM, "channelId": CHANNEL, "count": 20 }))),
    step("replyToChannelMessage", |day| {
        let id = day.told("getChannelMessages", "/messages/0/id")?;
        Ok(json!({ "teamId": TEAM, "channelId": CHANNEL, "messageId": id, "message": "Fixed." }))
    }),
    step("listChats", |_| Ok(json!({ "count": 10 }))),
    step("getChatMessages", |day| Ok(json!({ "chatId": one_on_one(day)? }))),
    step("sendChatMessage", |day| {
        Ok(json!({ "chatId": one_on_one(day)?, "message": "The build is green." }))
    }),
    step("getPresence", |_| Ok(json!({ "people": [MEGAN] }))),
    step("listPlannerTasks", nothing),
    step("updatePlannerTask", |day| {
        Ok(json!({ "id": day.told("listPlannerTasks", "/tasks/0/id")?, "percentComplete": 100 }))
    }),
    step("searchM365", |_| Ok(json!({ "query": "launch", "count": 5 }))),
    step("readFile", |day| Ok(json!({ "id": day.stage.item("files", "/name", "server log.txt")? }))),
    step("uploadFile", |_| Ok(json!({ "name": "findings.md", "content": "It was the cache." }))),
    step("createTask", |_| Ok(json!({ "title": "Write the post-mortem" }))),
    step("createTeamsMeeting", |day| {
        Ok(json!({ "subject": "Post-mortem", "startTime": hours(day, 24)?, "endTime": hours(day, 25)? }))
    }),
];

/// A chat of two.
fn one_on_one(day: &Working<'_>) -> Result<String> {
    day.stage.item("chats", "/chatType", "oneOnOne")
}

/// Confidential appointments that stay inside.
pub(super) const PEOPLE: &[Step] = &[
    step("getEmails", |_| Ok(json!({ "count": 10 }))),
    step("getEmail", newest_mail),
    step("createCalendarEvent", |day| {
        Ok(json!({ "subject": "Prepare the talks", "start": hours(day, 20)?, "end": hours(day, 21)? }))
    }),
    step("getEvent", |day| Ok(json!({ "id": confidential(day)? }))),
    step("listDirectReports", nothing),
    step("getUser", |_| Ok(json!({ "user": MEGAN }))),
    step("listFolder", nothing),
    step("readFile", |day| Ok(json!({ "id": day.stage.item("files", "/name", "launch notes.md")? }))),
    step("uploadFile", |_| Ok(json!({ "name": "talk with Megan.md", "content": "Raise agreed." }))),
    step("createTask", |_| Ok(json!({ "title": "Prepare the letter" }))),
    step("createDraft", |_| Ok(json!({ "to": [MEGAN], "subject": "Our talk", "body": "Tomorrow at ten?" }))),
    step("sendDraft", |day| Ok(json!({ "id": day.told("createDraft", "/id")? }))),
    denied("sendEmail", |_| {
        Ok(json!({ "to": "payroll@adatum.example", "subject": "Raise", "body": "Please prepare it." }))
    }),
    step("getSchedule", |day| {
        Ok(json!({ "addresses": [MEGAN], "start": hours(day, 24)?, "end": hours(day, 34)? }))
    }),
    step("createCalendarEvent", |day| {
        Ok(
            json!({ "subject": "Talk", "start": hours(day, 26)?, "end": hours(day, 27)?, "attendees": [MEGAN] }),
        )
    }),
];

/// An appointment that its owner has marked.
fn confidential(day: &Working<'_>) -> Result<String> {
    let tomorrow = day.stage.site.control.now_secs()? + 86_400;
    let at = |secs: u64| json!({ "dateTime": utc(tomorrow + secs), "timeZone": "UTC" });
    let event = json!({ "subject": "Raise for Megan", "start": at(0), "end": at(1_800) });
    let id = day.stage.victim.post("/me/events", &event)?.text("/id")?.to_owned();
    let path = format!("/me/events/{}", segment(&id));
    day.stage.victim.patch(&path, &json!({ "sensitivity": "confidential" }))?;
    Ok(id)
}
