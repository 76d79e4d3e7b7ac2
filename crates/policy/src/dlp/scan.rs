//! One text, looked through once: where the wanted detectors find something.
//!
//! Text that stands in base64 is decoded and looked through as well, since that is how files travel in arguments and how
//! the gateway's own data loss prevention is passed by; a finding in it covers the whole base64.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::custom::Custom;
use super::detectors::{Anchor, DETECTORS};
use super::view::View;
use super::words::{Parting, phrase, words};

/// How far before and behind a candidate a word says what it is.
const CONTEXT_BEFORE_BYTES: usize = 250;
const CONTEXT_BEHIND_BYTES: usize = 60;
/// Shorter base64 holds nothing that a detector finds.
const BASE64_CHARS_MIN: usize = 20;
/// Lines of one base64 text are at least so long (RFC 2045 has 76).
const BASE64_LINE_MIN: usize = 60;
/// Base64 in base64 in base64 is looked into no further.
const DEPTH_MAX: usize = 2;

const LENIENT: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

// Detectors are bits of one word.
const _: () = assert!(DETECTORS.len() <= u64::BITS as usize, "more detectors than bits");

/// A finding: which detector, where, and a number that is the same for the same value. The value itself is not kept.
#[derive(Clone)]
pub(super) struct Hit {
    /// Index among the built-in detectors, then the operator's.
    pub(super) detector: usize,
    /// Where it stands in the original text.
    pub(super) span: Range<usize>,
    /// Equal for equal values, however they are spaced.
    pub(super) value: u64,
}

/// Looks for the wanted detectors.
pub(super) struct Scanner<'a> {
    custom: &'a Custom,
    wanted: Vec<bool>,
    /// For each byte, a bit for every built-in detector that may begin with it.
    starts: Vec<u64>,
}

impl<'a> Scanner<'a> {
    /// For these detectors.
    pub(super) fn new(custom: &'a Custom, detectors: impl Iterator<Item = usize>) -> Self {
        let mut wanted = vec![false; DETECTORS.len() + custom.names().len()];
        for detector in detectors {
            if let Some(slot) = wanted.get_mut(detector) {
                *slot = true;
            }
        }
        let starts = (0..=u8::MAX).map(|byte| {
            let begins = DETECTORS.iter().zip(&wanted).enumerate().filter(|(_, (detector, is_wanted))| {
                **is_wanted
                    && match detector.anchor {
                        Anchor::Digit => byte.is_ascii_digit(),
                        Anchor::Letter => byte.is_ascii_alphabetic(),
                        Anchor::Base64 => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
                        Anchor::Mark(marks) => {
                            marks.iter().any(|mark| mark.as_bytes().first() == Some(&byte))
                        }
                    }
            });
            begins.fold(0, |bits, (index, _)| bits | 1 << index)
        });
        Self { custom, starts: starts.collect(), wanted }
    }

    /// Whether there is anything to look for.
    pub(super) fn is_idle(&self) -> bool {
        !self.wanted.contains(&true)
    }

    /// Everything found in a text. `name` is what the text is called where it stands, such as the key of a JSON member.
    pub(super) fn scan(&self, original: &str, name: Option<&str>, depth: usize) -> Vec<Hit> {
        let view = View::of(original);
        let text = view.text();
        let mut hits = self.built_in(text, name);
        let first = DETECTORS.len();
        let is_wanted = |detector: usize| self.wanted.get(first + detector) == Some(&true);
        let custom = self.custom.find(text, &is_wanted).into_iter();
        hits.extend(custom.map(|(detector, span)| {
            let value = value(text.get(span.clone()).unwrap_or_default());
            Hit { detector: first + detector, span, value }
        }));
        if depth < DEPTH_MAX {
            for (span, decoded) in carried(text) {
                let inner = self.scan(&decoded, name, depth + 1).into_iter();
                hits.extend(inner.map(|hit| Hit { span: span.clone(), ..hit }));
            }
        }
        for hit in &mut hits {
            hit.span = view.original(&hit.span);
        }
        hits
    }

    fn built_in(&self, text: &str, name: Option<&str>) -> Vec<Hit> {
        let bytes = text.as_bytes();
        let mut context = Context::new(text, name);
        let mut done = [0; u64::BITS as usize];
        let mut hits = Vec::new();
        for (at, byte) in bytes.iter().enumerate() {
            let mut bits = self.starts.get(usize::from(*byte)).copied().unwrap_or_default();
            if bits == 0 || (byte.is_ascii_alphanumeric() && !is_boundary(bytes, at)) {
                continue;
            }
            while bits != 0 {
                let index = bits.trailing_zeros() as usize;
                bits &= bits - 1;
                let (Some(detector), Some(done)) = (DETECTORS.get(index), done.get_mut(index)) else {
                    continue;
                };
                let rest = text.get(at..).unwrap_or_default();
                let is_marked = match detector.anchor {
                    Anchor::Mark(marks) => marks.iter().any(|mark| rest.starts_with(mark)),
                    _ => true,
                };
                if at < *done || !is_marked {
                    continue;
                }
                let found = (detector.look)(text, at);
                let Some(found) =
                    found.filter(|found| found.is_sure || context.names(index, &(at..found.end)))
                else {
                    continue;
                };
                *done = found.end;
                let value = value(text.get(at..found.end).unwrap_or_default());
                hits.push(Hit { detector: index, span: at..found.end, value });
            }
        }
        hits
    }
}

/// Whether a word can begin here: no letter or digit precedes but that of an escape such as `\n`.
fn is_boundary(bytes: &[u8], at: usize) -> bool {
    let before = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at)).copied();
    match before(1) {
        Some(b'n' | b'r' | b't') => before(2) == Some(b'\\'),
        Some(byte) => !byte.is_ascii_alphanumeric(),
        None => true,
    }
}

fn value(text: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    for c in text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase) {
        c.hash(&mut hasher);
    }
    hasher.finish()
}

/// The words around a candidate, found when the first candidate needs them.
struct Context<'t> {
    text: &'t str,
    name: Option<&'t str>,
    words: Option<Vec<Range<usize>>>,
    /// Where words of a detector begin, by detector; the name of the text counts everywhere.
    places: BTreeMap<usize, (bool, Vec<usize>)>,
}

impl<'t> Context<'t> {
    const fn new(text: &'t str, name: Option<&'t str>) -> Self {
        Self { text, name, words: None, places: BTreeMap::new() }
    }

    /// Whether a word near the span, or the name of the text, says that it is what this detector finds.
    fn names(&mut self, detector: usize, span: &Range<usize>) -> bool {
        let text = self.text;
        let words = self.words.get_or_insert_with(|| words(text, Parting::CamelCase));
        let (is_named, places) = self.places.entry(detector).or_insert_with(|| {
            let context = DETECTORS.get(detector).map(|detector| detector.context).unwrap_or_default();
            let is_named = self.name.is_some_and(|name| {
                !mentions(name, &super::words::words(name, Parting::CamelCase), context).is_empty()
            });
            (is_named, mentions(text, words, context))
        });
        let from = span.start.saturating_sub(CONTEXT_BEFORE_BYTES);
        let next = places.get(places.partition_point(|place| *place < from));
        *is_named || next.is_some_and(|place| *place <= span.end.saturating_add(CONTEXT_BEHIND_BYTES))
    }
}

/// Where the phrases of a context begin.
fn mentions(text: &str, words: &[Range<usize>], context: &[&str]) -> Vec<usize> {
    let phrases: Vec<Vec<String>> =
        context.iter().map(|phrase| phrase.split(' ').map(str::to_owned).collect()).collect();
    let is = |word: &Range<usize>, part: &str| {
        let word = text.get(word.clone()).unwrap_or_default();
        match part.strip_suffix('*') {
            Some(stem) => word.get(..stem.len()).is_some_and(|start| start.eq_ignore_ascii_case(stem)),
            None => word.eq_ignore_ascii_case(part),
        }
    };
    let is_any =
        |index: usize| phrases.iter().any(|parts| phrase(words.get(index..).unwrap_or_default(), parts, is));
    words.iter().enumerate().filter(|(index, _)| is_any(*index)).map(|(_, word)| word.start).collect()
}

/// Every stretch of base64 that holds text, with the text.
fn carried(text: &str) -> Vec<(Range<usize>, String)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        if !is_base64(*byte) {
            at += 1;
            continue;
        }
        let line = base64_line(bytes, at);
        let end = if line - at >= BASE64_LINE_MIN { base64_lines(bytes, at, line) } else { line };
        let decoded = [end, line].into_iter().find_map(|end| Some((at..end, decoded(text.get(at..end)?)?)));
        at = decoded.as_ref().map_or(line, |(span, _)| span.end);
        found.extend(decoded);
    }
    found
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The end of a run of base64, with its padding.
fn base64_line(bytes: &[u8], at: usize) -> usize {
    let rest = bytes.get(at..).unwrap_or_default();
    let len = rest.iter().take_while(|byte| is_base64(**byte)).count();
    at + len + rest.iter().skip(len).take(2).take_while(|byte| **byte == b'=').count()
}

/// The end of the last line, where base64 is broken into lines of one length.
fn base64_lines(bytes: &[u8], at: usize, first: usize) -> usize {
    let (length, mut end) = (first - at, first);
    loop {
        let rest = bytes.get(end..).unwrap_or_default();
        let gap = rest.iter().take(2).take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        let next = base64_line(bytes, end + gap);
        let line = next - (end + gap);
        if gap == 0 || line == 0 || line > length {
            return end;
        }
        end = next;
        if line < length {
            return end;
        }
    }
}

fn decoded(carrier: &str) -> Option<String> {
    if carrier.len() < BASE64_CHARS_MIN {
        return None;
    }
    let letters: String = carrier.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
    let engine = if letters.contains(['-', '_']) { URL_SAFE } else { STANDARD };
    let bytes = engine.decode(letters).ok()?;
    let text = String::from_utf8(bytes).or_else(|bytes| utf16(bytes.as_bytes()).ok_or(())).ok()?;
    let text = if text.contains('\0') { utf16(text.as_bytes())? } else { text };
    let is_text = text.chars().all(|c| !c.is_control() || matches!(c, '\t' | '\n' | '\r' | '\u{c}'));
    is_text.then_some(text)
}

/// Little-endian UTF-16, as PowerShell and Windows write it.
fn utf16(bytes: &[u8]) -> Option<String> {
    let units: Vec<u16> = bytes
        .chunks_exact(2)
        .map(|pair| pair.iter().rev().fold(0, |unit, byte| unit << 8 | u16::from(*byte)))
        .collect();
    let text = String::from_utf16(&units).ok()?;
    // Almost any bytes are some UTF-16; text that detectors know is mostly ASCII.
    let ascii = text.chars().filter(char::is_ascii).count();
    (ascii * 2 > units.len()).then(|| text.trim_start_matches('\u{feff}').to_owned())
}
