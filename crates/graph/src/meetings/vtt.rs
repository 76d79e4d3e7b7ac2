//! A transcript's cues as lines: `00:03:05 Adele Vance: Let us begin.`
//!
//! Source: W3C WebVTT (cue timings, identifiers, comments, voice spans, escapes), and the form without speakers, which has no
//! header and an empty line behind each timing. Read by hand, because what is wanted is little and the Rust crates for WebVTT
//! are old or for players: a line with a timing begins a cue, the text until the next one is said in it. Whatever else there
//! is can only become text or nothing. Cues that follow one another by one speaker are one turn, up to a length that keeps the
//! times useful.

/// Characters after which a turn ends and another begins, although the speaker goes on.
const TURN_MAX: usize = 800;
const HEADER: &str = "WEBVTT";
const ARROW: &str = "-->";
/// Blocks that hold nothing said.
const ASIDE: [&str; 3] = ["NOTE", "STYLE", "REGION"];

/// What was said, one line for each turn of a speaker. A text without timings stays as it is.
pub(crate) fn lines(transcript: &str) -> String {
    let transcript = transcript.strip_prefix('\u{feff}').unwrap_or(transcript);
    if !transcript.starts_with(HEADER) && !transcript.contains(ARROW) {
        return transcript.to_owned();
    }
    let turns = turns(transcript);
    let line = |turn: &Turn| match turn.speaker.as_str() {
        "" => format!("{} {}", turn.start, turn.text),
        speaker => format!("{} {speaker}: {}", turn.start, turn.text),
    };
    turns.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What somebody said without being interrupted for long.
struct Turn {
    speaker: String,
    /// Since the transcript began: hours, minutes, seconds.
    start: String,
    text: String,
}

fn turns(transcript: &str) -> Vec<Turn> {
    let mut turns: Vec<Turn> = Vec::new();
    for cue in cues(transcript) {
        for (speaker, said) in cue.said() {
            let text = said.split_whitespace().collect::<Vec<_>>().join(" ");
            if text.is_empty() {
                continue;
            }
            match turns.last_mut() {
                Some(last) if last.speaker == speaker && fits(&last.text, &text) => {
                    last.text.push(' ');
                    last.text.push_str(&text);
                }
                _ => turns.push(Turn { speaker, start: cue.start.clone(), text }),
            }
        }
    }
    turns
}

fn fits(before: &str, after: &str) -> bool {
    before.chars().count() + after.chars().count() < TURN_MAX
}

/// One cue: when it begins, and its text as it stands.
struct Cue {
    start: String,
    text: String,
}

fn cues(transcript: &str) -> Vec<Cue> {
    let has_header = transcript.starts_with(HEADER);
    let lines: Vec<&str> = transcript.lines().map(str::trim).collect();
    let mut cues: Vec<Cue> = Vec::new();
    let mut aside = false;
    for (at, line) in lines.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| lines.get(at)).copied().unwrap_or_default();
        let after = lines.get(at + 1).copied().unwrap_or_default();
        if let Some(start) = timing(line) {
            cues.push(Cue { start, text: String::new() });
            aside = false;
            continue;
        }
        if before.is_empty() {
            let word = line.split_whitespace().next().unwrap_or_default();
            aside = has_header && ASIDE.contains(&word);
        }
        // A line between an empty one and a timing is the identifier of the cue that follows.
        let identifier = before.is_empty() && timing(after).is_some();
        if let (false, false, Some(cue)) = (aside, identifier, cues.last_mut()) {
            if !cue.text.is_empty() {
                cue.text.push(' ');
            }
            cue.text.push_str(line);
        }
    }
    cues
}

/// The start of a cue, `00:12:05`, where the line is its timing.
fn timing(line: &str) -> Option<String> {
    let (start, end) = line.split_once(ARROW)?;
    let end = end.split_whitespace().next()?;
    seconds(end)?;
    let start = seconds(start.trim())?;
    Some(format!("{:02}:{:02}:{:02}", start / 3600, start / 60 % 60, start % 60))
}

/// Whole seconds of a time stamp: hours, which may be missing, minutes, seconds with their fraction.
fn seconds(stamp: &str) -> Option<u64> {
    let number = |text: &str| {
        let plain = (1..=6).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|_| plain)
    };
    let (clock, fraction) = stamp.split_once(['.', ','])?;
    number(fraction)?;
    let parts: Vec<u64> = clock.split(':').map(number).collect::<Option<_>>()?;
    match parts.as_slice() {
        [minutes, seconds] if *seconds < 60 => Some(minutes * 60 + seconds),
        [hours, minutes, seconds] if *minutes < 60 && *seconds < 60 => {
            Some(hours * 3600 + minutes * 60 + seconds)
        }
        _ => None,
    }
}

impl Cue {
    /// What was said, by whom: a voice span names the speaker of what follows until another one begins.
    fn said(&self) -> Vec<(String, String)> {
        let mut said: Vec<(String, String)> = vec![(String::new(), String::new())];
        let mut rest = self.text.as_str();
        while let Some((before, tag)) = rest.split_once('<') {
            push(&mut said, before);
            let Some((tag, after)) = tag.split_once('>') else {
                push(&mut said, "<");
                push(&mut said, tag);
                return finished(said);
            };
            if let Some(speaker) = voice(tag) {
                said.push((unescaped(speaker), String::new()));
            }
            rest = after;
        }
        push(&mut said, rest);
        finished(said)
    }
}

fn push(said: &mut [(String, String)], text: &str) {
    if let Some((_, so_far)) = said.last_mut() {
        so_far.push_str(text);
    }
}

fn finished(said: Vec<(String, String)>) -> Vec<(String, String)> {
    said.into_iter().map(|(speaker, text)| (speaker, unescaped(&text))).collect()
}

/// The speaker of a voice span: `v Megan Bowen`, `v.loud Megan Bowen`.
fn voice(tag: &str) -> Option<&str> {
    let rest = tag.strip_prefix('v')?;
    let (classes, speaker) = rest.split_once(char::is_whitespace)?;
    (classes.is_empty() || classes.starts_with('.')).then_some(speaker.trim())
}

/// The escapes that WebVTT has. The ampersand comes last, so that nothing is read twice.
fn unescaped(text: &str) -> String {
    [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&nbsp;", " "),
        ("&lrm;", ""),
        ("&rlm;", ""),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&amp;", "&"),
    ]
    .iter()
    .fold(text.to_owned(), |text, (escape, sign)| text.replace(escape, sign))
}

#[cfg(test)]
#[path = "vtt_tests.rs"]
mod tests;
