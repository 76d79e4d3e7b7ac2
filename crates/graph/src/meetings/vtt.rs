//! A transcript's cues as lines: `00:03:05 Adele Vance: Let us begin.`
//!
//! Source: WebVTT (W3C), sections 4 and 6.4. Of the format only what transcripts use is read: cues, their start, and the
//! voice span. It is a few lines here because the parsers there are render captions, and cost more than what is read.
//! Whatever is not a cue is left out; cues of one speaker in a row are one line.

/// The cues of a transcript, one line for each time somebody speaks. A text that is no WebVTT stays as it is.
pub(crate) fn lines(text: &str) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text).replace("\r\n", "\n");
    if !text.starts_with("WEBVTT") {
        return text;
    }
    let mut lines: Vec<(String, String, String)> = Vec::new();
    for block in text.split("\n\n").skip(1) {
        let Some((start, payload)) = cue(block) else { continue };
        let (speaker, said) = voice(&payload);
        match lines.last_mut() {
            Some((_, last, words)) if *last == speaker => {
                words.push(' ');
                words.push_str(&said);
            }
            _ => lines.push((start, speaker, said)),
        }
    }
    let line = |(start, speaker, said): &(String, String, String)| match speaker.as_str() {
        "" => format!("{start} {said}"),
        speaker => format!("{start} {speaker}: {said}"),
    };
    lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The start, without fractions, and the payload of a block that is a cue.
fn cue(block: &str) -> Option<(String, String)> {
    let mut lines = block.lines().skip_while(|line| !line.contains("-->"));
    let (start, _) = lines.next()?.split_once("-->")?;
    let start = start.trim().split('.').next()?;
    let is_time = start.split(':').count() >= 2 && start.bytes().all(|b| b.is_ascii_digit() || b == b':');
    let payload: Vec<&str> = lines.collect();
    (is_time && !payload.is_empty()).then(|| (start.to_owned(), payload.join(" ")))
}

/// Who speaks, and the words without tags.
fn voice(payload: &str) -> (String, String) {
    let speaker = payload
        .strip_prefix("<v")
        .and_then(|rest| rest.split_once('>'))
        .map(|(annotation, _)| annotation.trim_start_matches(|c| c != ' ').trim().to_owned());
    let mut said = String::with_capacity(payload.len());
    let mut inside = false;
    for c in payload.chars() {
        match c {
            '<' => inside = true,
            '>' if inside => inside = false,
            c if !inside => said.push(c),
            _ => {}
        }
    }
    (decoded(&speaker.unwrap_or_default()), decoded(said.trim()))
}

/// The character references of WebVTT cue text.
fn decoded(text: &str) -> String {
    [("&lt;", "<"), ("&gt;", ">"), ("&nbsp;", " "), ("&lrm;", ""), ("&rlm;", ""), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (reference, sign)| text.replace(reference, sign))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::lines;

    #[test]
    fn cues_become_lines_and_one_speaker_in_a_row_is_one_line() {
        let text = "WEBVTT\r\n\r\nNOTE made by Teams\r\n\r\n1\r\n00:00:03.120 --> 00:00:05.000\r\n<v Adele Vance>Let us begin.</v>\r\n\r\n\
                    00:00:05.000 --> 00:00:07.000\n<v Adele Vance>First &lt;the budget&gt;.</v>\n\n\
                    00:01:00.000 --> 00:01:02.000 align:start\n<v.loud Alex Wilber>R&amp;D\nis <b>over</b>.</v>\n\n\
                    01:00:00.000 --> 01:00:01.000\nno speaker\n";
        assert_eq!(
            lines(text),
            "00:00:03 Adele Vance: Let us begin. First <the budget>.\n00:01:00 Alex Wilber: R&D is over.\n01:00:00 no speaker"
        );
    }

    #[test]
    fn what_is_no_cue_is_left_out_and_what_is_no_webvtt_stays() {
        assert_eq!(
            lines("WEBVTT\n\nSTYLE\n::cue { color: red }\n\nx --> y\nhidden\n\n00:01 --> 00:02\n"),
            ""
        );
        assert_eq!(lines("Adele: hello"), "Adele: hello");
        assert_eq!(lines(""), "");
    }

    proptest! {
        #[test]
        fn nothing_panics_and_nothing_grows_without_bound(text in "(WEBVTT)?(\\PC|\n|-->|00:00|<v |&amp;){0,80}") {
            prop_assert!(lines(&text).len() <= text.len() * 2 + 64);
        }
    }
}
