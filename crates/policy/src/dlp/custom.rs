//! Detectors of the operator: patterns and dictionaries.
//!
//! Patterns run on an engine whose time is linear in the text whatever the pattern; their size is bounded when they are
//! compiled. The engine knows classes of ASCII only (`\d`, `\w`, `\b`), which is enough behind the view: it turns digits
//! and letters of other widths into ASCII. Dictionaries know the words of every script.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use regex_lite::{Regex, RegexBuilder};

use super::error::DlpError;
use super::words::{Parting, folded, folded_char, phrase, words};

/// Longest pattern, in characters.
const PATTERN_CHARS_MAX: usize = 1_000;
/// Largest compiled pattern.
const PATTERN_BYTES_MAX: usize = 64 * 1024;
/// Deepest nesting of groups.
const PATTERN_NESTING_MAX: u32 = 32;
/// Most patterns, and most dictionaries.
pub(super) const DETECTORS_MAX: usize = 64;
/// Most words and phrases of all dictionaries together.
const WORDS_MAX: usize = 10_000;
/// Longest word or phrase, in bytes.
const PHRASE_BYTES_MAX: usize = 200;
/// Longest name of a detector.
const NAME_CHARS_MAX: usize = 40;

/// A phrase and the detector it belongs to.
struct Phrase {
    parts: Vec<String>,
    detector: usize,
}

/// What the operator looks for.
#[derive(Default)]
pub(super) struct Custom {
    /// Names, in the order of the detectors.
    names: Vec<String>,
    patterns: Vec<(usize, Regex)>,
    /// Phrases by their first word.
    phrases: BTreeMap<String, Vec<Phrase>>,
    /// First characters of the first words, so that most words are passed over at a glance.
    initials: BTreeSet<char>,
    count: usize,
}

impl Custom {
    /// Names of the detectors, in their order.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Adds a detector of one pattern.
    pub(super) fn add_pattern(&mut self, name: &str, pattern: &str) -> Result<(), DlpError> {
        let detector = self.add_name(name)?;
        if pattern.chars().count() > PATTERN_CHARS_MAX {
            return Err(DlpError::PatternTooLong { pattern: name.to_owned(), max: PATTERN_CHARS_MAX });
        }
        let compiled = RegexBuilder::new(pattern)
            .size_limit(PATTERN_BYTES_MAX)
            .nest_limit(PATTERN_NESTING_MAX)
            .build()
            .map_err(|error| DlpError::Pattern { pattern: name.to_owned(), reason: error.to_string() })?;
        if compiled.is_match("") {
            return Err(DlpError::PatternEmpty { pattern: name.to_owned() });
        }
        self.patterns.push((detector, compiled));
        Ok(())
    }

    /// Adds a detector of words and phrases.
    pub(super) fn add_dictionary(&mut self, name: &str, entries: &[String]) -> Result<(), DlpError> {
        let detector = self.add_name(name)?;
        self.count += entries.len();
        if entries.is_empty() || self.count > WORDS_MAX {
            return Err(DlpError::DictionarySize { dictionary: name.to_owned(), max: WORDS_MAX });
        }
        for (index, entry) in entries.iter().enumerate() {
            let view = super::view::View::of(entry);
            let entry = view.text();
            let mut parts = words(entry, Parting::Plain)
                .into_iter()
                .map(|word| folded(entry.get(word).unwrap_or_default()))
                .collect::<Vec<_>>()
                .into_iter();
            let letters: usize = parts.as_slice().iter().map(|part| part.chars().count()).sum();
            let first = parts.next().filter(|_| letters >= 2 && entry.len() <= PHRASE_BYTES_MAX);
            let Some(first) = first else {
                return Err(DlpError::Word { dictionary: name.to_owned(), place: index + 1 });
            };
            self.initials.extend(first.chars().next());
            self.phrases.entry(first).or_default().push(Phrase { parts: parts.collect(), detector });
        }
        Ok(())
    }

    /// Every finding of the wanted detectors, with the number of the detector among the operator's.
    pub(super) fn find(&self, text: &str, is_wanted: &dyn Fn(usize) -> bool) -> Vec<(usize, Range<usize>)> {
        let mut found = Vec::new();
        for (detector, pattern) in self.patterns.iter().filter(|(detector, _)| is_wanted(*detector)) {
            let spans = pattern.find_iter(text).map(|found| found.range()).filter(|span| !span.is_empty());
            found.extend(spans.map(|span| (*detector, span)));
        }
        if !self.phrases.is_empty() {
            self.find_phrases(text, is_wanted, &mut found);
        }
        found
    }

    fn find_phrases(
        &self,
        text: &str,
        is_wanted: &dyn Fn(usize) -> bool,
        found: &mut Vec<(usize, Range<usize>)>,
    ) {
        let all = words(text, Parting::Plain);
        let is =
            |word: &Range<usize>, part: &str| text.get(word.clone()).is_some_and(|word| folded(word) == part);
        for (index, word) in all.iter().enumerate() {
            let first = text.get(word.clone()).unwrap_or_default();
            let initial = first.chars().next().map(folded_char).and_then(|mut folded| folded.next());
            if !initial.is_some_and(|initial| self.initials.contains(&initial)) {
                continue;
            }
            let first = folded(first);
            for candidate in self.phrases.get(&first).into_iter().flatten() {
                // The first word is part of the distance to the second.
                let rest = all.get(index..).unwrap_or_default();
                let parts = candidate.parts.len();
                let Some(last) = rest.get(parts) else { continue };
                let is_near = rest.get(1).is_none_or(|next| parts == 0 || next.start - word.end <= 3);
                let is_phrase = is_near && phrase(rest.get(1..).unwrap_or_default(), &candidate.parts, is);
                if is_wanted(candidate.detector) && is_phrase {
                    found.push((candidate.detector, word.start..last.end));
                }
            }
        }
    }

    fn add_name(&mut self, name: &str) -> Result<usize, DlpError> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_form = !name.is_empty() && name.len() <= NAME_CHARS_MAX && name.bytes().all(is_letter);
        if !is_form {
            return Err(DlpError::Name { name: name.to_owned(), max: NAME_CHARS_MAX });
        }
        if super::rules::is_builtin(name) || self.names.iter().any(|other| other == name) {
            return Err(DlpError::NameTaken { name: name.to_owned() });
        }
        if self.names.len() >= 2 * DETECTORS_MAX {
            return Err(DlpError::TooMany { what: "patterns and dictionaries", max: 2 * DETECTORS_MAX });
        }
        self.names.push(name.to_owned());
        Ok(self.names.len() - 1)
    }
}
