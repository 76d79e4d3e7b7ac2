//! Signatures and disclaimers at the end of a message.

use super::words;
use crate::line::{Line, LineKind, Zone};

/// A signature behind its sign is at most so long; what is longer is text.
const LINES_MAX: usize = 14;
const CHARACTERS_MAX: usize = 900;
/// Shortest paragraph that can be a disclaimer, in characters.
const DISCLAIMER_MIN: usize = 80;

/// Takes signatures and disclaimers away, and tells whether there were any.
pub(super) fn without(lines: &mut Vec<Line>) -> bool {
    let count = lines.len();
    let marked = lines.clone();
    lines.retain(|line| line.zone != Zone::Signature);
    if !has_text(lines) {
        // The whole mail is in its signature: then it is none.
        *lines = marked;
    }
    while let Some(at) = last_part(lines) {
        let Some(before) = lines.get(..at) else { break };
        if !has_text(before) {
            break;
        }
        lines.truncate(at);
    }
    lines.len() < count
}

fn has_text(lines: &[Line]) -> bool {
    lines.iter().any(|line| line.plain().chars().any(char::is_alphanumeric))
}

/// Where the last thing begins that is no part of the message.
fn last_part(lines: &[Line]) -> Option<usize> {
    let last = lines.len().checked_sub(1)?;
    let line = lines.get(last)?;
    let text = line.plain();
    let is_empty = text.chars().all(|c| matches!(c, '_' | '-' | '=' | '*' | '–' | ' '));
    if is_empty && line.zone == Zone::Own && !matches!(line.kind, LineKind::Note { .. }) {
        return Some(last);
    }
    if is_sent_from(&text) {
        return Some(last);
    }
    disclaimer(lines).or_else(|| behind_sign(lines))
}

/// Whether a program wrote this line to say where it runs.
fn is_sent_from(text: &str) -> bool {
    let lower = text.trim().to_lowercase();
    lower.chars().count() < 80
        && (words::SENT_FROM.iter().any(|words| lower.starts_with(words))
            || words::SENT_FROM_WHOLE.iter().any(|words| lower == *words))
}

/// The paragraph at the end, if it is a disclaimer.
fn disclaimer(lines: &[Line]) -> Option<usize> {
    let start = lines.iter().rposition(|line| line.gap || line.kind != LineKind::Text).unwrap_or(0);
    let paragraph = lines.get(start..)?;
    if paragraph.iter().any(|line| line.zone == Zone::Quoted) {
        return None;
    }
    let text: String = paragraph.iter().map(Line::plain).collect::<Vec<_>>().join(" ").to_lowercase();
    let themes =
        words::DISCLAIMER.iter().filter(|theme| theme.iter().any(|word| text.contains(word))).count();
    (text.chars().count() >= DISCLAIMER_MIN && themes >= 3).then_some(start)
}

/// Where the sign of RFC 3676, section 4.3, stands, if what is behind it is short.
fn behind_sign(lines: &[Line]) -> Option<usize> {
    let is_sign = |line: &Line| line.zone == Zone::Own && matches!(line.plain().trim(), "--" | "—" | "– –");
    let at = lines.iter().rposition(is_sign)?;
    let behind = lines.get(at + 1..)?;
    let characters: usize = behind.iter().map(Line::characters).sum();
    let is_short = behind.len() <= LINES_MAX && characters <= CHARACTERS_MAX;
    let is_plain = behind.iter().all(|line| line.zone == Zone::Own && !matches!(line.kind, LineKind::Row(_)));
    (is_short && is_plain).then_some(at)
}
