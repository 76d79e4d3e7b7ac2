//! The tools of Teams meetings and transcripts.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::tools::INVISIBLE;
use crate::json::Look as _;
use crate::session::Session;
use crate::site::Site;

table! { "meeting_tools":
    shared find_online_meeting_takes_the_link_of_an_event_and_names_the_meeting,
    shared a_link_of_no_meeting_is_told_and_what_is_no_link_is_refused,
    shared list_transcripts_tells_one_per_occurrence_in_the_asked_zone,
    shared a_meeting_that_is_in_no_calendar_has_no_transcript,
    shared get_transcript_names_speakers_and_is_read_to_its_end_by_cursor,
    shared where_speakers_are_kept_back_the_words_come_without_them,
    shared a_tenant_that_keeps_transcripts_closed_is_explained,
    shared every_refusal_about_meetings_is_told_as_its_own,
    shared ids_of_meetings_never_leave_their_segment,
}

/// The join link of an event of the calendar that has been held before.
fn held(session: &Session<'_>) -> Result<String> {
    let events = session.site.control.graph("calendar", &session.person.email)?;
    let series = events.iter().find(|event| {
        event.at("/type") == "seriesMaster"
            && event.pointer("/onlineMeeting/joinUrl").is_some_and(Value::is_string)
    });
    Ok(series.context("no series with a link")?.text("/onlineMeeting/joinUrl")?.to_owned())
}

fn found(session: &Session<'_>, link: &str) -> Result<Value> {
    Ok(session.tool("findOnlineMeeting", &json!({ "joinUrl": link }))?.content()?.clone())
}

fn meeting(session: &Session<'_>) -> Result<String> {
    Ok(found(session, &held(session)?)?.text("/meetings/0/id")?.to_owned())
}

fn transcripts(session: &Session<'_>, meeting: &str) -> Result<Vec<Value>> {
    let reply = session.tool("listTranscripts", &json!({ "meetingId": meeting }))?;
    Ok(reply.content()?.list("/transcripts")?.to_vec())
}

fn find_online_meeting_takes_the_link_of_an_event_and_names_the_meeting(site: &Site) -> Result<()> {
    let session = Session::open(site, "find-meeting")?;
    let link = held(&session)?;
    let content = found(&session, &link)?;
    ensure!(content.at("/found") == &Value::Bool(true), "{content}");
    ensure!(content.text("/meetings/0/joinUrl")? == link, "{content}");
    ensure!(content.text("/meetings/0/chatId")?.ends_with("@thread.v2"), "{content}");
    let requests = session.graph_requests()?;
    let call = requests.iter().find(|call| call.at("/path") == "/v1.0/me/onlineMeetings");
    let query = call.context("no request for a meeting")?.text("/query")?.to_owned();
    let (name, filter) = url::form_urlencoded::parse(query.as_bytes()).next().context("no option")?;
    ensure!(name == "$filter" && filter == format!("JoinWebUrl eq '{link}'"), "{filter}");
    Ok(())
}

fn a_link_of_no_meeting_is_told_and_what_is_no_link_is_refused(site: &Site) -> Result<()> {
    let session = Session::open(site, "no-meeting")?;
    for link in
        ["https://teams.microsoft.com/l/meetup-join/none", "https://x.example/a'%20or%20'1'%20eq%20'1"]
    {
        let content = found(&session, link)?;
        ensure!(content.at("/found") == &Value::Bool(false), "{link}: {content}");
    }
    let known = session.graph_requests()?.len();
    for bad in
        ["", "http://teams.microsoft.com/x", "javascript:x", "https://x.example/\u{202e}", "https://x y"]
    {
        session.tool("findOnlineMeeting", &json!({ "joinUrl": bad }))?.expect_invalid("joinUrl")?;
    }
    ensure!(session.graph_requests()?.len() == known, "something reached Graph");
    Ok(())
}

fn list_transcripts_tells_one_per_occurrence_in_the_asked_zone(site: &Site) -> Result<()> {
    let session = Session::open(site, "transcripts")?;
    let meeting = meeting(&session)?;
    let list = transcripts(&session, &meeting)?;
    ensure!(list.len() > 1, "the occurrences of a series: {list:?}");
    let call = session.graph_requests()?;
    let path = format!("/v1.0/me/onlineMeetings/{meeting}/transcripts");
    ensure!(call.iter().any(|call| call.at("/path") == path.as_str() && call.at("/query") == ""), "{call:?}");
    let arguments = json!({ "meetingId": meeting, "timeZone": "Asia/Tokyo" });
    let told = session.tool("listTranscripts", &arguments)?;
    ensure!(told.result()?.text("/content/0/text")?.contains("Asia/Tokyo"), "{}", told.answer);
    session
        .tool("listTranscripts", &json!({ "meetingId": meeting, "timeZone": "Mars/Olympus" }))?
        .expect_invalid("timeZone")?;
    Ok(())
}

fn a_meeting_that_is_in_no_calendar_has_no_transcript(site: &Site) -> Result<()> {
    let session = Session::open(site, "standalone")?;
    let made =
        json!({ "subject": "Alone", "startTime": "2030-01-01T09:00:00Z", "endTime": "2030-01-01T10:00:00Z" });
    let made = session.tool("createTeamsMeeting", &made)?;
    let content = found(&session, made.content()?.text("/joinWebUrl")?)?;
    let meeting = content.text("/meetings/0/id")?;
    let reply = session.tool("listTranscripts", &json!({ "meetingId": meeting }))?;
    ensure!(reply.content()?.list("/transcripts")?.is_empty(), "{}", reply.answer);
    ensure!(reply.result()?.text("/content/0/text")?.contains("in no calendar"), "{}", reply.answer);
    Ok(())
}

fn get_transcript_names_speakers_and_is_read_to_its_end_by_cursor(site: &Site) -> Result<()> {
    let session = Session::open(site, "transcript")?;
    let meeting = meeting(&session)?;
    let newest = transcripts(&session, &meeting)?.first().context("a transcript")?.text("/id")?.to_owned();
    let mut arguments = json!({ "meetingId": meeting, "transcriptId": newest });
    let (mut whole, mut parts) = (String::new(), 0);
    loop {
        let reply = session.tool("getTranscript", &arguments)?;
        let content = reply.content()?;
        let text = reply.result()?.text("/content/0/text")?;
        ensure!(!text.contains(|c| INVISIBLE.iter().any(|range| range.contains(&c))), "{text}");
        ensure!(content.at("/untrusted") == &Value::Bool(true), "{content}");
        whole.push_str(content.text("/text")?);
        parts += 1;
        let Some(cursor) = content.at("/nextCursor").as_str() else { break };
        arguments = json!({ "cursor": cursor });
    }
    ensure!(parts > 1, "a long transcript came in one part");
    ensure!(whole.contains("Adele Vance: ") && whole.contains(" & nobody"), "{whole}");
    let last = session.last_graph_request()?;
    ensure!(last.header("accept") == Some("text/vtt"), "{:?}", last.0);
    Ok(())
}

fn where_speakers_are_kept_back_the_words_come_without_them(site: &Site) -> Result<()> {
    let person = site.person_with("unattributed", &json!({ "transcripts": "unattributed" }))?;
    let session = Session::of(site, person, None)?;
    let meeting = meeting(&session)?;
    let id = transcripts(&session, &meeting)?.last().context("a transcript")?.text("/id")?.to_owned();
    let reply = session.tool("getTranscript", &json!({ "meetingId": meeting, "transcriptId": id }))?;
    let content = reply.content()?;
    ensure!(content.at("/speakers") == &Value::Bool(false), "{content}");
    ensure!(
        !content.text("/text")?.contains("Adele") && content.text("/text")?.contains("budget"),
        "{content}"
    );
    let last = session.last_graph_request()?;
    ensure!(last.header("accept") == Some("application/vnd.microsoft.graph.transcript+text"), "{:?}", last.0);
    Ok(())
}

fn a_tenant_that_keeps_transcripts_closed_is_explained(site: &Site) -> Result<()> {
    let person = site.person_with("transcripts-off", &json!({ "transcripts": "off" }))?;
    let session = Session::of(site, person, None)?;
    let meeting = meeting(&session)?;
    for (tool, arguments) in [
        ("listTranscripts", json!({ "meetingId": meeting })),
        ("getTranscript", json!({ "meetingId": meeting, "transcriptId": "MSMj1" })),
    ] {
        let told = session.tool(tool, &arguments)?.failure()?;
        ensure!(
            told.contains("EnableGraphTranscriptAccess") && told.contains("administrator"),
            "{tool}: {told}"
        );
    }
    Ok(())
}

fn every_refusal_about_meetings_is_told_as_its_own(site: &Site) -> Result<()> {
    let session = Session::open(site, "meeting-refusals")?;
    let meeting = meeting(&session)?;
    let calls = [
        ("findOnlineMeeting", json!({ "joinUrl": "https://teams.microsoft.com/l/x" })),
        ("listTranscripts", json!({ "meetingId": meeting })),
        ("getTranscript", json!({ "meetingId": meeting, "transcriptId": "MSMj1" })),
    ];
    for (tool, arguments) in &calls {
        for (status, words) in
            [(403, "permission"), (404, "does not exist"), (429, "again"), (500, "Microsoft")]
        {
            // A read is tried again where it was refused for load, and its fault must last as long and no longer.
            let times = if status == 429 { 3 } else { 1 };
            let fault = json!({ "target": "graph", "person": session.person.email, "match": "/v1.0/me/onlineMeetings",
                "kind": "status", "status": status, "times": times });
            session.site.control.fault(&fault)?;
            let told = session.tool(tool, arguments)?;
            let told = told.failure().or_else(|_| Ok::<_, anyhow::Error>(told.answer.text().clone()))?;
            ensure!(told.contains(words), "{tool} after {status}: {told}");
        }
    }
    let gone = json!({ "meetingId": "MSo00000000000000000000000000000000" });
    ensure!(
        session.tool("listTranscripts", &gone)?.failure()?.contains("does not exist"),
        "a meeting of nobody"
    );
    Ok(())
}

fn ids_of_meetings_never_leave_their_segment(site: &Site) -> Result<()> {
    let session = Session::open(site, "meeting-ids")?;
    let known = session.graph_requests()?.len();
    for bad in ["", ".", "..", "../../users", "a\nb", "a?b", "a#b", "\u{202e}", &"a".repeat(600)] {
        session.tool("listTranscripts", &json!({ "meetingId": bad }))?.expect_invalid("meetingId")?;
        let arguments = json!({ "meetingId": "MSo1", "transcriptId": bad });
        session.tool("getTranscript", &arguments)?.expect_invalid("transcriptId")?;
    }
    ensure!(session.graph_requests()?.len() == known, "something reached Graph");
    for odd in ["MSo1/transcripts", "a%2e%2e", "x=y+z"] {
        drop(session.tool("listTranscripts", &json!({ "meetingId": odd }))?);
        let path = session.last_graph_request()?.path().to_owned();
        ensure!(path.matches('/').count() == 5 && path.ends_with("/transcripts"), "{odd}: {path}");
    }
    Ok(())
}
