//! What a page says twice: a picture, a headline and a button that lead to one place.

use std::collections::VecDeque;
use std::rc::Rc;

use crate::line::{Line, LineKind, Span, looks_like_address};

/// Links that are remembered.
const RECENT_MAX: usize = 3;
/// How many lines below a picture its headline stands.
const AHEAD_MAX: usize = 3;
/// Longest label of a button, in characters and words.
const BUTTON_MAX: usize = 24;
const BUTTON_WORDS_MAX: usize = 3;
/// Shortest line of signs that is drawn instead of a rule.
const RULE_MIN: usize = 10;
/// What stands for a picture that says nothing.
pub(super) const PICTURE: &str = "picture";

/// Lines in which each address stands once where it would stand several times in a row. A label that looks like an
/// address keeps its own, so that one is always seen beside what it claims.
pub(super) fn without(lines: Vec<Line>) -> Vec<Line> {
    let mut recent: VecDeque<Rc<str>> = VecDeque::new();
    let pictures: Vec<bool> = (0..lines.len()).map(|at| is_told_below(&lines, at)).collect();
    let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
    let mut gap = false;
    for (mut line, is_picture) in lines.into_iter().zip(pictures) {
        let is_repeated = shorten(&mut line, &mut recent, is_picture);
        if is_picture || (is_repeated && is_button(&line)) {
            gap |= line.gap;
            continue;
        }
        line.gap |= std::mem::take(&mut gap);
        kept.push(line);
    }
    kept
}

/// Takes links away that were given just before, and tells whether the line was nothing but such.
fn shorten(line: &mut Line, recent: &mut VecDeque<Rc<str>>, is_skipped: bool) -> bool {
    if is_skipped {
        return false;
    }
    let spans: Vec<&mut Span> = match &mut line.kind {
        LineKind::Row(row) => row.cells.iter_mut().flatten().collect(),
        _ => line.spans.iter_mut().collect(),
    };
    let mut is_repeated = !spans.is_empty();
    let mut own: Option<Rc<str>> = None;
    for span in spans {
        let Some(url) = span.link.clone() else {
            is_repeated &= span.text.trim().is_empty();
            own = None;
            continue;
        };
        if own.as_ref() == Some(&url) {
            // The same link in another style.
            continue;
        }
        if recent.contains(&url) && !looks_like_address(&span.text) {
            // What stands in the very same link is no repetition.
            is_repeated &= !recent.iter().any(|recent| Rc::ptr_eq(recent, &url));
            span.link = None;
            continue;
        }
        is_repeated = false;
        own = Some(Rc::clone(&url));
        if recent.len() >= RECENT_MAX {
            recent.pop_front();
        }
        recent.push_back(url);
    }
    is_repeated
}

fn is_button(line: &Line) -> bool {
    let label = line.plain();
    line.kind == LineKind::Text
        && label.chars().count() <= BUTTON_MAX
        && label.split_whitespace().count() <= BUTTON_WORDS_MAX
}

/// Whether a line is a picture that says nothing, and one below it leads to the same place in words.
fn is_told_below(lines: &[Line], at: usize) -> bool {
    let Some([Span { text, link: Some(url), .. }]) = lines.get(at).map(|line| line.spans.as_slice()) else {
        return false;
    };
    text == PICTURE
        && lines
            .iter()
            .skip(at + 1)
            .take(AHEAD_MAX)
            .any(|line| line.spans.iter().any(|span| span.text != PICTURE && span.link.as_ref() == Some(url)))
}

/// Whether a line is a rule that somebody drew with signs.
pub(crate) fn is_drawn_rule(spans: &[Span]) -> bool {
    let [span] = spans else { return false };
    let text = span.text.trim();
    let is_sign = |c: char| matches!(c, '_' | '-' | '=' | '*' | '~' | '–' | '—' | '─');
    text.chars().count() >= RULE_MIN && text.chars().all(is_sign)
}
