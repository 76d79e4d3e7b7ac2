use bytes::Bytes;
use m365_ports::{GraphHeader, UpstreamError};
use serde_json::json;

use crate::testing::{Scripted, World, answer, trace};

const TWO: &str = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n<v Megan Bowen>Hello.</v>\n\n00:01:03.000 --> 00:01:04.000\n<v Alex>Hi.</v>\n";

fn content(text: &str) -> Scripted {
    Scripted::Answer(answer(200, Bytes::from(text.to_owned())))
}

fn refused(code: &str) -> Scripted {
    Scripted::Refusal(UpstreamError::Graph {
        status: 403,
        code: code.to_owned(),
        retry_after: None,
        claims: None,
        trace: trace(403),
    })
}

#[test]
fn what_was_said_is_asked_for_with_speakers() {
    let world = World::answering([content(TWO)]);
    let answer = world.run("getTranscript", json!({ "meetingId": "MSpk", "id": "MSMj" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!(request.path, "/me/onlineMeetings/MSpk/transcripts/MSMj/content");
    assert_eq!(request.headers, [GraphHeader::Accept("text/vtt")]);
    for words in [
        "Turns 1 to 2 of 2, each with the time since the transcript began.",
        "[00:00:01] Megan Bowen: Hello.\n[00:01:03] Alex: Hi.",
    ] {
        assert!(answer.text.contains(words), "{}", answer.text);
    }
    assert_eq!(
        answer.structured["turns"],
        json!([
            { "speaker": "Megan Bowen", "start": "00:00:01", "text": "Hello." },
            { "speaker": "Alex", "start": "00:01:03", "text": "Hi." },
        ])
    );
    assert!(answer.next.is_none());
}

#[test]
fn where_speakers_may_not_be_named_the_other_form_is_asked_for() {
    let world = World::answering([
        refused("SpeakerAttributionNotAllowed"),
        content("00:00:01.500 --> 00:00:04.000 \n\nHello. \n\n00:00:05.000 --> 00:00:07.200 \n\nHi. \n"),
    ]);
    let answer = world.run("getTranscript", json!({ "meetingId": "M", "id": "T" })).unwrap();
    assert_eq!(
        world.requests()[1].headers,
        [GraphHeader::Accept("application/vnd.microsoft.graph.transcript+text")]
    );
    assert!(answer.text.contains("does not let speakers be named"), "{}", answer.text);
    assert_eq!(answer.structured["turns"], json!([{ "start": "00:00:01", "text": "Hello. Hi." }]));
}

#[test]
fn any_other_refusal_is_one() {
    for (code, lesson) in
        [("GraphAccessToTranscriptsDisabled", "graph_transcripts_off"), ("Forbidden", "graph_not_member")]
    {
        let world = World::answering([refused(code)]);
        let error = world.run("getTranscript", json!({ "meetingId": "M", "id": "T" })).unwrap_err();
        assert_eq!((error.code(), world.requests().len()), (lesson, 1));
    }
}

#[test]
fn a_long_transcript_is_read_in_parts_that_lose_nothing() {
    let mut vtt = "WEBVTT\n\n".to_owned();
    for number in 0..600 {
        let stamp = |second: usize| format!("{:02}:{:02}:{:02}.000", number / 60, number % 60, second);
        vtt += &format!(
            "id-{number}\n{} --> {}\n<v P{}>Sentence number {number} of many.</v>\n\n",
            stamp(0),
            stamp(9),
            number % 2
        );
    }
    let world = World::serving(move |_| content(&vtt));
    let (mut said, mut position, mut parts) = (Vec::new(), None, 0);
    loop {
        let answer = world
            .run_from("getTranscript", json!({ "meetingId": "M", "id": "T" }), position.as_ref())
            .0
            .unwrap();
        let turns = answer.structured["turns"].as_array().unwrap();
        let length: usize = turns.iter().map(|turn| turn["text"].as_str().unwrap().len()).sum();
        assert!(length < 12_000, "{length}");
        said.extend(turns.iter().map(|turn| turn["text"].as_str().unwrap().to_owned()));
        parts += 1;
        position = answer.next;
        if position.is_none() {
            break;
        }
    }
    assert_eq!((said.len(), parts), (600, 3));
    assert!(
        said.iter().enumerate().all(|(number, text)| *text == format!("Sentence number {number} of many."))
    );
}

#[test]
fn an_empty_transcript_is_said_to_be_and_bytes_that_are_no_text_are_not_read() {
    for nothing in ["", "WEBVTT\n\n", "WEBVTT\n\nNOTE nothing\n"] {
        let answer = World::answering([content(nothing)])
            .run("getTranscript", json!({ "meetingId": "M", "id": "T" }))
            .unwrap();
        assert!(answer.text.contains("nothing was said"), "{}", answer.text);
        assert_eq!(answer.structured["turns"], json!([]));
    }
    let world = World::answering([Scripted::Answer(answer(200, Bytes::from_static(b"\xff\xfe")))]);
    assert_eq!(
        world.run("getTranscript", json!({ "meetingId": "M", "id": "T" })).unwrap_err().code(),
        "graph_unreadable"
    );
}
