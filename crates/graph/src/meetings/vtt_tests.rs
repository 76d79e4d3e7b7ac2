use proptest::prelude::*;

use super::*;

fn told(transcript: &str) -> Vec<String> {
    lines(transcript).lines().map(str::to_owned).collect()
}

#[test]
fn speakers_identifiers_notes_and_escapes_are_read() {
    let transcript = "\u{feff}WEBVTT - from Teams\r\nKind: captions\r\n\r\nNOTE this is\r\nno speech\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\n\
        3f0a/12-0\r\n00:00:03.116 --> 00:00:05.000 align:left\r\n<v Megan Bowen>Good morning,\r\neverybody.</v>\r\n\r\n\
        3f0a/12-1\r\n00:00:06.000 --> 00:00:08.000\r\n<v Megan Bowen>Let&#39;s begin &amp; keep it &lt;short&gt;.</v>\r\n\r\n\
        00:10.000 --> 00:12.000\r\n<v.loud Alex Wilber>Yes.</v> <v Megan Bowen>Fine.</v>\r\n\r\n\
        01:02:03.999 --> 01:02:05.000\r\nNobody said <i>this</i>.\r\n";
    assert_eq!(
        told(transcript),
        [
            "00:00:03 Megan Bowen: Good morning, everybody. Let's begin & keep it <short>.",
            "00:00:10 Alex Wilber: Yes.",
            "00:00:10 Megan Bowen: Fine.",
            "01:02:03 Nobody said this.",
        ]
    );
}

#[test]
fn the_form_without_speakers_has_no_header_and_keeps_what_looks_like_a_note() {
    let transcript = "00:00:01.500 --> 00:00:04.000 \n\nNOTE that we are late. \n\n00:15:04.000 --> 00:15:07.200 \n\nGlad to be here. \n";
    assert_eq!(told(transcript), ["00:00:01 NOTE that we are late. Glad to be here."]);
}

#[test]
fn a_turn_ends_where_it_grows_long_or_somebody_else_speaks() {
    let cue = |number: usize, who: &str| {
        format!("00:{number:02}:00.000 --> 00:{number:02}:30.000\n<v {who}>{}</v>\n\n", "x".repeat(300))
    };
    let transcript = format!("WEBVTT\n\n{}{}{}{}", cue(0, "A"), cue(1, "A"), cue(2, "A"), cue(3, "B"));
    let turns = turns(&transcript);
    let starts: Vec<(&str, &str)> =
        turns.iter().map(|turn| (turn.speaker.as_str(), turn.start.as_str())).collect();
    assert_eq!(starts, [("A", "00:00:00"), ("A", "00:02:00"), ("B", "00:03:00")]);
}

#[test]
fn what_is_no_transcript_stays_as_it_is() {
    for text in ["", "Adele: hello", "a\nb"] {
        assert_eq!(lines(text), text);
    }
    assert_eq!(lines("WEBVTT\n\nNOTE nothing\n"), "");
}

#[test]
fn what_is_no_timing_begins_no_cue() {
    for line in [
        "00:00:01.000 -> 00:00:02.000",
        "00:00:01 --> 00:00:02",
        "x --> 00:00:02.000",
        "00:61:01.000 --> 00:00:02.000",
        "1:2:3:4.000 --> 00:00:02.000",
        "00:00:01.000 -->",
        "-00:00:01.000 --> 00:00:02.000",
        "99999999999999999999:00:01.000 --> 00:00:02.000",
    ] {
        assert_eq!(told(&format!("WEBVTT\n\n{line}\nsaid\n")), Vec::<String>::new(), "{line}");
    }
    assert_eq!(told("WEBVTT\n\n00:01,5 --> 00:02,5\nsaid <v\n"), ["00:00:01 said <v"]);
}

proptest! {
    #[test]
    fn nothing_panics_and_nothing_grows_without_bound(text in "(WEBVTT)?(\\PC|\n|-->|<v |>|00:01.000| |&amp;){0,80}") {
        prop_assert!(lines(&text).len() <= text.len() * 4 + 64);
    }
}
