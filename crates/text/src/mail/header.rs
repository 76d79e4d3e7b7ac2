//! Lines that begin an earlier message.

use super::words;
use crate::line::{Line, LineKind, Zone};

/// How many lines the head of a quoted message may take.
const HEAD_LINES_MAX: usize = 8;
/// Longest line that says who wrote what follows, in characters.
const ATTRIBUTION_MAX: usize = 300;
/// How many lines it may be broken into.
const ATTRIBUTION_LINES_MAX: usize = 3;

/// What begins at a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beginning {
    /// A message that was answered.
    Answered,
    /// A message that was forwarded.
    Forwarded,
}

/// Whether an earlier message without quote signs begins at a line.
pub(super) fn beginning(lines: &[Line], at: usize) -> Option<Beginning> {
    let line = lines.get(at)?;
    if matches!(line.kind, LineKind::Note { .. } | LineKind::Row(_) | LineKind::Code) {
        return None;
    }
    let text = line.plain();
    if let Some(words) = between_dashes(&text) {
        let is_in = |known: &[&str]| known.iter().any(|known| words.starts_with(known));
        if is_in(&words::FORWARDED_MESSAGE) {
            return Some(Beginning::Forwarded);
        }
        if is_in(&words::ORIGINAL_MESSAGE) {
            return Some(Beginning::Answered);
        }
    }
    let lower = text.trim().to_lowercase();
    let bare = lower.trim_end_matches([':', '\u{ff1a}']).trim_end();
    if bare.len() < lower.len() && words::FORWARDED_MESSAGE.contains(&bare) {
        return Some(Beginning::Forwarded);
    }
    if line.starts_history && follows_head(lines, at) {
        return Some(Beginning::Answered);
    }
    is_head(lines, at).then_some(Beginning::Answered)
}

/// The words between the dashes of a line such as `-----Original Message-----`.
fn between_dashes(text: &str) -> Option<String> {
    let text = text.trim();
    let inner = text.trim_matches(|c| matches!(c, '-' | '_' | '–' | '—' | '='));
    let dashes = text.chars().count() - inner.chars().count();
    (dashes >= 4 && text.starts_with(['-', '_', '–', '—', '='])).then(|| inner.trim().to_lowercase())
}

/// Whether the head of a message stands at a line or right behind the rule there, as a program has marked it.
fn follows_head(lines: &[Line], at: usize) -> bool {
    (at..at + 3).any(|at| is_head(lines, at) || attribution(lines, at).is_some())
}

/// Whether a line says `From:` and those below it the rest of what the head of a message says.
fn is_head(lines: &[Line], at: usize) -> bool {
    let Some(first) = lines.get(at) else { return false };
    if !label(first).is_some_and(|label| words::FROM.contains(&label.as_str())) {
        return false;
    }
    let mut found = [false; 3];
    // Times and places are written `From:` and `To:` too: a subject, an address or a rule above makes it a mail.
    let is_ruled =
        at.checked_sub(1).and_then(|above| lines.get(above)).is_some_and(|l| l.kind == LineKind::Rule);
    let mut is_of_mail = is_ruled || first.plain().contains('@');
    for line in lines.iter().skip(at + 1).take(HEAD_LINES_MAX) {
        let Some(label) = label(line) else {
            // Long lists of recipients go on in the next line.
            continue;
        };
        for (known, found) in [&words::SENT[..], &words::TO[..], &words::SUBJECT[..]].iter().zip(&mut found) {
            *found |= known.contains(&label.as_str());
        }
        is_of_mail |= line.plain().contains('@');
        if found == [true; 3] {
            return true;
        }
    }
    let [sent, to, subject] = found;
    sent && (subject || (to && is_of_mail))
}

/// What stands before the colon of a line, in lower case.
fn label(line: &Line) -> Option<String> {
    let text = line.plain();
    let (label, _) = text.split_once([':', '\u{ff1a}'])?;
    let label = label.trim().trim_matches('*').trim();
    (label.chars().count() <= 20).then(|| label.to_lowercase())
}

/// How many lines from here on say who wrote what follows; nothing where they do not.
pub(super) fn attribution(lines: &[Line], at: usize) -> Option<usize> {
    let first = lines.get(at)?;
    if first.zone == Zone::Attribution {
        let count = lines.iter().skip(at).take_while(|line| line.zone == Zone::Attribution).count();
        return Some(count);
    }
    let mut text = String::new();
    for (count, line) in lines.iter().skip(at).take(ATTRIBUTION_LINES_MAX).enumerate() {
        if line.kind != LineKind::Text || (count > 0 && line.gap) {
            return None;
        }
        if count > 0 {
            text.push(' ');
        }
        text.push_str(line.plain().trim());
        if text.chars().count() > ATTRIBUTION_MAX {
            return None;
        }
        if is_attribution(&text) {
            return Some(count + 1);
        }
    }
    None
}

fn is_attribution(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    let ends = lower.ends_with([':', '\u{ff1a}']);
    if !ends {
        return false;
    }
    let has_number = lower.chars().any(char::is_numeric);
    let has_address = lower.contains('@');
    let dated = words::ATTRIBUTIONS.iter().any(|(beginnings, verbs)| {
        beginnings.iter().any(|beginning| lower.starts_with(beginning))
            && verbs.iter().any(|verb| lower.contains(verb))
    });
    (dated && has_number) || (has_address && words::WROTE.iter().any(|wrote| lower.ends_with(wrote)))
}
