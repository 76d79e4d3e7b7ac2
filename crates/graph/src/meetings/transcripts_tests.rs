use m365_ports::{GraphHeader, UpstreamError};
use serde_json::json;

use crate::testing::{Scripted, World, answer, trace};

fn vtt(cues: usize) -> Scripted {
    let cue = |number: usize| {
        format!(
            "00:{:02}:{:02}.000 --> 00:59:00.000\n<v Speaker {}>Words\u{200b} {number}.</v>\n\n",
            number / 60,
            number % 60,
            number % 2
        )
    };
    let text: String = (0..cues).map(cue).collect();
    Scripted::Answer(answer(200, format!("WEBVTT\n\n{text}").into()))
}

fn forbidden(code: &str) -> Scripted {
    let code = code.to_owned();
    Scripted::Refusal(UpstreamError::Graph {
        status: 403,
        code,
        retry_after: None,
        claims: None,
        trace: trace(403),
    })
}

fn wanted() -> serde_json::Value {
    json!({ "meetingId": "MSo1", "transcriptId": "MSMj1" })
}

#[test]
fn transcripts_are_listed_with_their_times() {
    let world = World::with_json(&json!({ "value": [{
        "id": "MSMj1", "createdDateTime": "2026-11-17T06:09:24.8968037Z", "endDateTime": "2026-11-17T06:27:25.2346Z",
    }] }));
    let answer = world.run("listTranscripts", json!({ "meetingId": "MSo1", "timeZone": "UTC" })).unwrap();
    assert_eq!(world.requests()[0].path, "/me/onlineMeetings/MSo1/transcripts");
    assert!(world.requests()[0].query.is_empty(), "the list takes no options");
    assert!(answer.text.contains("1. Tue 2026-11-17 06:09 to Tue 2026-11-17 06:27"), "{}", answer.text);
}

#[test]
fn a_transcript_names_its_speakers_and_is_cleaned() {
    let world = World::answering([vtt(2)]);
    let answer = world.run("getTranscript", wanted()).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/onlineMeetings/MSo1/transcripts/MSMj1/content");
    assert_eq!(request.headers, [GraphHeader::Accept("text/vtt")]);
    assert_eq!(answer.structured["text"], "00:00:00 Speaker 0: Words 0.\n00:00:01 Speaker 1: Words 1.");
    assert_eq!(
        (&answer.structured["speakers"], &answer.structured["hiddenCharactersRemoved"]),
        (&json!(true), &json!(2))
    );
}

#[test]
fn where_names_are_kept_back_the_words_are_asked_for_alone() {
    let plain = || Scripted::Answer(answer(200, "Words.".into()));
    let world = World::answering([forbidden("SpeakerAttributionNotAllowed"), plain()]);
    let answer = world.run("getTranscript", wanted()).unwrap();
    let asked: Vec<_> = world.requests().into_iter().map(|request| request.headers).collect();
    let kinds = ["text/vtt", "application/vnd.microsoft.graph.transcript+text"];
    assert_eq!(asked, kinds.map(|kind| vec![GraphHeader::Accept(kind)]));
    assert_eq!(
        (&answer.structured["text"], &answer.structured["speakers"]),
        (&json!("Words."), &json!(false))
    );
    assert!(answer.text.contains("keeps the names of speakers back"));

    let world = World::answering([forbidden("")]);
    assert_eq!(world.run("getTranscript", wanted()).unwrap_err().code(), "graph_permission");
}

#[test]
fn a_tenant_that_is_closed_is_explained() {
    let world = World::answering([forbidden("GraphAccessToTranscriptsDisabled")]);
    let error = world.run("listTranscripts", json!({ "meetingId": "MSo1" })).unwrap_err();
    assert_eq!(error.code(), "graph_transcripts_off");
    assert!(error.sentence().contains("EnableGraphTranscriptAccess"), "{error}");
}

#[test]
fn a_long_transcript_comes_in_parts_that_make_the_whole() {
    let (mut position, mut parts, mut whole) = (None, Vec::new(), String::new());
    loop {
        let world = World::answering([vtt(900)]);
        let (answer, _) = world.run_from("getTranscript", wanted(), position.as_ref());
        let answer = answer.unwrap();
        let part = answer.structured["text"].as_str().unwrap().to_owned();
        assert!(answer.text.len() < 14_000);
        whole.push_str(&part);
        parts.push(part);
        position = answer.next;
        if position.is_none() {
            break;
        }
    }
    assert!(parts.len() > 2, "{} parts", parts.len());
    assert_eq!(whole.lines().count(), 900);
    assert!(whole.ends_with("Words 899."));
}
