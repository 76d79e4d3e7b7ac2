//! Where the message ends and earlier ones begin.

use super::header::{self, Beginning};
use super::words;
use crate::line::{Line, Zone};

/// Quotes within quotes that are shorter stay, in characters.
const NESTED_MIN: usize = 400;
/// How many lines may say who wrote what is quoted below them.
const ATTRIBUTION_LINES_MAX: usize = 3;

/// Marks quotes below a line that says who wrote them, where a program has not marked them itself.
pub(super) fn mark_attributed(lines: &mut [Line]) {
    let starts: Vec<usize> = (0..lines.len())
        .filter_map(|at| header::attribution(lines, at).map(|count| (at, at + count)))
        .filter(|(at, below)| matches!((lines.get(*at), lines.get(*below)), (Some(l), Some(b)) if b.quotes > l.quotes))
        .map(|(_, below)| below)
        .collect();
    for start in starts {
        let Some(depth) = lines.get(start).map(|line| line.quotes) else { continue };
        for line in lines.iter_mut().skip(start).take_while(|line| line.quotes >= depth) {
            if line.zone == Zone::Own {
                line.zone = Zone::Quoted;
            }
        }
    }
}

/// Where an earlier message begins whose lines are not marked as quoted, and which kind it is.
pub(super) fn beginning(lines: &[Line]) -> Option<(usize, Beginning)> {
    (0..lines.len()).find_map(|at| header::beginning(lines, at).map(|kind| (at, kind)))
}

/// Where the quotes begin that nothing of this message follows, with the line that says who wrote them.
pub(super) fn trailing_quotes(lines: &[Line]) -> usize {
    let is_quoted = |line: &Line| matches!(line.zone, Zone::Quoted | Zone::Attribution);
    let last_own = lines.iter().rposition(|line| !is_quoted(line) && line.zone != Zone::Signature);
    let behind_own = last_own.map_or(0, |at| at + 1);
    let quotes = lines.iter().skip(behind_own).position(is_quoted).map(|at| behind_own + at);
    // A signature above the quotes is this message's.
    let Some(first) = quotes else { return lines.len() };
    (first.saturating_sub(ATTRIBUTION_LINES_MAX)..first)
        .find(|at| header::attribution(lines, *at).is_some_and(|count| at + count == first))
        .unwrap_or(first)
}

/// Whether lines say something of this message.
pub(super) fn says_something(lines: &[Line]) -> bool {
    lines.iter().any(|line| line.zone == Zone::Own && line.plain().chars().any(char::is_alphanumeric))
}

/// What stands for the earlier messages: one line, or they themselves where the message refers to what is in them.
pub(super) fn folded(own: &[Line], earlier: Vec<Line>) -> Vec<Line> {
    if earlier.is_empty() || says_answers_below(own, &earlier) {
        return earlier;
    }
    let characters = earlier.iter().map(|line| line.characters() + 1).sum();
    vec![note(characters, 0)]
}

/// Whether the message says that its answers stand within what it quotes.
fn says_answers_below(own: &[Line], earlier: &[Line]) -> bool {
    // Where quotes are marked, answers would be told from them.
    if earlier.iter().any(|line| line.zone == Zone::Quoted) {
        return false;
    }
    own.iter().filter(|line| line.zone == Zone::Own).any(|line| {
        let lower = line.plain().to_lowercase();
        let is_word = |at: usize, word: &str| {
            let before = lower.get(..at).and_then(|text| text.chars().next_back());
            let behind = lower.get(at + word.len()..).and_then(|text| text.chars().next());
            !before.is_some_and(char::is_alphabetic) && !behind.is_some_and(char::is_alphabetic)
        };
        words::ANSWERS_BELOW.iter().any(|word| lower.match_indices(word).any(|(at, _)| is_word(at, word)))
    })
}

/// Folds long quotes within quotes: what they answer is quoted above them.
pub(super) fn without_nested(lines: Vec<Line>) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
    let mut nested: Vec<Line> = Vec::new();
    for line in lines {
        if line.zone == Zone::Quoted && line.quotes >= 2 {
            nested.push(line);
            continue;
        }
        end_nested(&mut kept, &mut nested);
        kept.push(line);
    }
    end_nested(&mut kept, &mut nested);
    kept
}

fn end_nested(kept: &mut Vec<Line>, nested: &mut Vec<Line>) {
    let taken = std::mem::take(nested);
    let characters = taken.iter().map(|line| line.characters() + 1).sum();
    if characters < NESTED_MIN {
        kept.extend(taken);
    } else {
        kept.push(note(characters, 1));
    }
}

fn note(characters: usize, quotes: usize) -> Line {
    Line {
        quotes,
        zone: if quotes > 0 { Zone::Quoted } else { Zone::Own },
        ..Line::note(format!("[Earlier messages left out: {characters} characters]"), characters)
    }
}
