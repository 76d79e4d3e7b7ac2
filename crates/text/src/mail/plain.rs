//! Plain text in lines.
//!
//! Source: RFC 3676, sections 4.3 and 4.5 (signs of quoting). Nothing is markup: tags are shown as they are written.

use super::header;
use crate::clean::{BREAKS, Sieve};
use crate::html::{Laid, clean_link, is_drawn_rule};
use crate::line::{Line, LineKind, Zone};

const QUOTES_MAX: usize = 6;

/// Lays plain text out.
pub(super) fn lines(text: &str) -> Laid {
    let mut laid = Laid { lines: Vec::new(), hidden: 0, trackers: 0 };
    let mut gap = false;
    for source in text.split(BREAKS) {
        let mut sieve = Sieve::default();
        let seen: String = source.chars().filter(|c| sieve.passes(*c)).collect();
        laid.hidden += sieve.hidden;
        let (quotes, rest) = unquoted(&seen);
        let words = rest.split_whitespace().map(|word| untracked(word, &mut laid.trackers));
        let line = words.collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            gap = true;
            continue;
        }
        let line = Line::text(line);
        let kind = if is_drawn_rule(&line.spans) { LineKind::Rule } else { LineKind::Text };
        let zone = if quotes > 0 { Zone::Quoted } else { Zone::Own };
        laid.lines.push(Line {
            kind,
            quotes: quotes.min(QUOTES_MAX),
            gap: std::mem::take(&mut gap),
            zone,
            ..line
        });
    }
    laid
}

/// Reads signs of quoting in HTML that a server made of plain text. It is known by the line above the first of them,
/// which says who wrote what they quote; elsewhere a sign is what its author drew.
pub(super) fn quoted_by_signs(lines: Vec<Line>) -> Vec<Line> {
    let is_signed = |line: &Line| line.kind == LineKind::Text && line.quotes == 0 && line.starts_with('>');
    let is_plain = (0..lines.len()).any(|at| {
        let below = header::attribution(&lines, at).and_then(|count| lines.get(at + count));
        below.is_some_and(is_signed)
    });
    if !is_plain {
        return lines;
    }
    let read = |line: Line| {
        if !is_signed(&line) {
            return line;
        }
        let plain = line.plain();
        let (quotes, rest) = unquoted(&plain);
        let quotes = quotes.min(QUOTES_MAX);
        Line { quotes, gap: line.gap, zone: Zone::Quoted, ..Line::text(rest.to_owned()) }
    };
    lines.into_iter().map(read).collect()
}

/// How often a line is quoted, and what it says.
fn unquoted(line: &str) -> (usize, &str) {
    let mut quotes = 0;
    let mut rest = line.trim_start();
    while let Some(behind) = rest.strip_prefix('>') {
        quotes += 1;
        rest = behind.trim_start();
    }
    (quotes, rest)
}

/// A word with the links in it leading straight where they lead.
fn untracked(word: &str, trackers: &mut usize) -> String {
    let mut done = String::with_capacity(word.len());
    let mut rest = word;
    while let Some(at) = rest.find("http://").into_iter().chain(rest.find("https://")).min() {
        let (before, address) = rest.split_at(at);
        let end = address.find(['<', '>', '"']).unwrap_or(address.len());
        let end = address
            .get(..end)
            .unwrap_or_default()
            .trim_end_matches(['.', ',', ';', ':', ')', ']', '!', '?'])
            .len();
        let (address, behind) = address.split_at(end.max(1));
        done.push_str(before);
        match clean_link(address).filter(|link| link.was_tracked || link.url.ends_with('…')) {
            Some(link) => {
                *trackers += usize::from(link.was_tracked);
                done.push_str(&link.url);
            }
            None => done.push_str(address),
        }
        rest = behind;
    }
    done.push_str(rest);
    done
}
