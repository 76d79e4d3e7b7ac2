//! What newsletters and mailing lists put around what they say: how to leave, how to read it elsewhere, why it came.

use super::words;
use crate::line::{Line, LineKind, Zone};

/// How many lines at the end, at the beginning, and below a mailing list's rule can be such.
const TAIL_MAX: usize = 14;
const HEAD_MAX: usize = 4;
const LIST_FOOTER_MAX: usize = 6;
/// Longest line of a footer, in characters.
const LINE_MAX: usize = 420;

/// Takes such lines away, and tells whether there were any. A mail without a way to leave it has no footer.
pub(super) fn without_footer(lines: &mut Vec<Line>) -> bool {
    let count = lines.len();
    without_list_footer(lines);
    without_tail(lines);
    let head = lines.iter().take(HEAD_MAX).position(is_view_online);
    if let Some(at) = head.filter(|_| lines.len() > HEAD_MAX) {
        lines.remove(at);
    }
    let is_changed = lines.len() < count;
    while lines.last().is_some_and(|line| line.kind == LineKind::Rule) && lines.len() > 1 {
        lines.pop();
    }
    is_changed
}

/// Takes away what a mailing list adds below a rule.
fn without_list_footer(lines: &mut Vec<Line>) {
    let Some(at) = lines.iter().rposition(|line| line.kind == LineKind::Rule) else { return };
    let behind = lines.get(at + 1..).unwrap_or_default();
    let names_list = behind.iter().any(|line| {
        let lower = line.plain().to_lowercase();
        lower.contains("mailing list") || lower.contains("listinfo") || lower.contains("list archive")
    });
    if names_list && behind.len() <= LIST_FOOTER_MAX && at > 0 {
        lines.truncate(at);
    }
}

/// Takes away the end of a newsletter.
fn without_tail(lines: &mut Vec<Line>) {
    let is_newsletter = lines.iter().any(|line| {
        let lower = line.plain().to_lowercase();
        is_view_online(line) || holds(&lower, &words::WHY_IT_CAME) || is_imprint(&lower)
    });
    let is_leaving = |line: &Line| is_leaving(line) || (is_newsletter && tells_to_leave(line));
    let start = lines.len().saturating_sub(TAIL_MAX);
    let has_text = |lines: &[Line], except: &dyn Fn(&Line) -> bool| {
        lines.iter().any(|line| is_text(line) && !except(line))
    };
    if !lines.iter().skip(start).any(is_leaving) || !has_text(lines, &|l| is_leaving(l) || is_footer(l)) {
        return;
    }
    let tail = lines.split_off(start);
    lines.extend(tail.into_iter().filter(|line| !is_leaving(line) && !is_footer(line)));
}

fn is_text(line: &Line) -> bool {
    !matches!(line.kind, LineKind::Rule | LineKind::Note { .. })
        && line.plain().chars().any(char::is_alphanumeric)
}

/// Whether the words of a line do, around a link that is called "here" or an address.
fn tells_to_leave(line: &Line) -> bool {
    let text = line.plain().to_lowercase();
    let mut linked = line.spans.iter().filter(|span| span.link.is_some()).peekable();
    let is_open = if linked.peek().is_some() {
        linked.any(|span| span.text.trim().chars().count() <= 12)
    } else {
        text.contains("http")
    };
    is_open && line.characters() <= LINE_MAX && holds(&text, &words::UNSUBSCRIBE)
}

/// Whether a link of a line offers a way to leave.
fn is_leaving(line: &Line) -> bool {
    let is_own = line.zone == Zone::Own && matches!(line.kind, LineKind::Text | LineKind::Item(_));
    is_own && line.characters() <= LINE_MAX && labels(line).any(|label| holds(&label, &words::UNSUBSCRIBE))
}

/// Whether a line belongs to the end of a newsletter, once it is known to be one.
fn is_footer(line: &Line) -> bool {
    let lower = line.plain().to_lowercase();
    line.zone == Zone::Own
        && line.characters() <= LINE_MAX
        && (is_view_online(line) || holds(&lower, &words::WHY_IT_CAME) || is_imprint(&lower))
}

fn is_imprint(lower: &str) -> bool {
    words::IMPRINT.iter().any(|words| lower.trim_start().starts_with(words))
}

fn is_view_online(line: &Line) -> bool {
    line.zone == Zone::Own
        && line.characters() <= 160
        && labels(line).any(|label| holds(&label, &words::VIEW_ONLINE))
}

/// The labels of a line's links.
fn labels(line: &Line) -> impl Iterator<Item = String> {
    line.spans.iter().filter(|span| span.link.is_some()).map(|span| span.text.to_lowercase())
}

fn holds(text: &str, known: &[&str]) -> bool {
    known.iter().any(|words| text.contains(words))
}
