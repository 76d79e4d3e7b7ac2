use m365_ports::UpstreamError;
use serde_json::json;

use crate::testing::{Scripted, World, trace};

#[test]
fn the_transcripts_of_a_series_are_told_apart_by_their_times() {
    let world = World::with_json(&json!({ "value": [
        { "id": "MSMj1", "createdDateTime": "2026-10-23T07:01:24.8968037Z", "endDateTime": "2026-10-23T07:27:25.2346Z" },
        { "id": "MSMj2", "createdDateTime": "2026-10-26T08:00:10Z", "endDateTime": null },
    ] }));
    let answer =
        world.run("listTranscripts", json!({ "meetingId": "MSpk", "timeZone": "Europe/Berlin" })).unwrap();
    let request = &world.requests()[0];
    assert_eq!((request.path.as_str(), request.query.len()), ("/me/onlineMeetings/MSpk/transcripts", 0));
    for words in [
        "2 transcripts; the time says of which occurrence. Times are Europe/Berlin.",
        "1. Fri 2026-10-23 09:01–09:27\nid MSMj1",
        "2. Mon 2026-10-26 09:00\nid MSMj2",
    ] {
        assert!(answer.text.contains(words), "{}", answer.text);
    }
    assert_eq!(
        answer.structured["transcripts"],
        json!([
            { "id": "MSMj1", "start": "2026-10-23T09:01:24+02:00", "end": "2026-10-23T09:27:25+02:00" },
            { "id": "MSMj2", "start": "2026-10-26T09:00:10+01:00" },
        ])
    );
}

#[test]
fn no_transcript_is_explained() {
    let answer = World::with_json(&json!({ "value": [] }))
        .run("listTranscripts", json!({ "meetingId": "M" }))
        .unwrap();
    assert!(answer.text.contains("nobody had Teams transcribe the meeting"), "{}", answer.text);
}

#[test]
fn the_switch_of_the_organisation_is_named_with_who_sets_it() {
    let refused = Scripted::Refusal(UpstreamError::Graph {
        status: 403,
        code: "GraphAccessToTranscriptsDisabled".into(),
        retry_after: None,
        claims: None,
        trace: trace(403),
    });
    let error = World::answering([refused]).run("listTranscripts", json!({ "meetingId": "M" })).unwrap_err();
    assert_eq!(error.code(), "graph_transcripts_off");
    let sentence = error.sentence();
    assert!(
        sentence.contains("Teams administrator") && sentence.contains("EnableGraphTranscriptAccess"),
        "{sentence}"
    );
}
