//! Data loss prevention: what may not pass, found and proved, then blocked, redacted or flagged.
//!
//! In scope: detectors with validation, rules as data, inspection of text and JSON in both directions.
//! Out of scope: reading files (their text is part of results), recipients and labels (the caller knows them), and
//! content that was encoded to pass by, other than base64, hidden characters and digits of another width or script.
//!
//! Invariants:
//! * inspection is total and takes time linear in the content: no detector and no pattern backtracks;
//! * a finding says rule, detector and number, never what was found, and nothing here prints content;
//! * what redaction leaves, the redacting rules find nothing in;
//! * the strictest of the rules that hold wins: block, then redact, then flag.

mod custom;
mod detectors;
mod error;
mod redact;
mod rules;
mod scan;
mod standard;
mod subject;
mod view;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde_json::Value;

pub use detectors::{DETECTORS, Detector, Kind};
pub use error::DlpError;
pub use rules::{Action, Directions, DlpRule, DlpRules, Label, Recipients};
pub use subject::{BLOCKED, Direction, Finding, Inspection, Subject, Verdict};

use custom::Custom;
use redact::{WHOLE, between_markers, is_whole, marker, replaced, rewritten, visit};
use rules::Rule;
use scan::{Hit, Scanner};

/// A redaction can bring a number and the word that names it close together; after so many times the text goes.
const ROUNDS_MAX: usize = 4;

/// The engine: rules made ready.
pub struct Dlp {
    rules: Vec<Rule>,
    custom: Custom,
}

/// What a rule found: number of different values by detector.
type Counts = BTreeMap<usize, usize>;

/// Hits of every text of a content, in the order of the walk.
struct Scan {
    hits: Vec<Vec<Hit>>,
    values: BTreeMap<usize, BTreeSet<u64>>,
}

impl Dlp {
    /// The rules that hold where the operator gives no others.
    #[must_use]
    pub fn standard() -> Self {
        Self { rules: standard::RULES.iter().map(Rule::standard).collect(), custom: Custom::default() }
    }

    /// Inspects a text.
    #[must_use]
    pub fn inspect_text(&self, subject: &Subject<'_>, text: &str) -> Inspection<String> {
        let Inspection { verdict, findings } = self.inspect_json(subject, &Value::String(text.to_owned()));
        let verdict = verdict.map(|copy| match copy {
            Value::String(copy) => copy,
            // A string is only ever rewritten to a string.
            _ => marker(WHOLE),
        });
        Inspection { verdict, findings }
    }

    /// Inspects every string of a JSON value, its keys, and its numbers as they are written. A key counts as a word near
    /// what stands under it.
    #[must_use]
    pub fn inspect_json(&self, subject: &Subject<'_>, value: &Value) -> Inspection<Value> {
        let rules: Vec<&Rule> = self.rules.iter().filter(|rule| rule.holds(subject)).collect();
        let scan = self.scan(value, &rules);
        let fired = fired(&rules, &scan);
        let findings = fired.iter().flat_map(|(rule, counts)| self.findings(rule, counts)).collect();
        let has = |action: Action| fired.iter().find(|(rule, _)| rule.action == action);
        let verdict = if let Some((rule, counts)) = has(Action::Block) {
            let found: Vec<_> = counts.keys().map(|detector| self.label(*detector)).collect();
            let sentence = subject::sentence(subject.direction, &found, rule.message.as_deref());
            Verdict::Blocked { rule: rule.name.clone(), sentence }
        } else if has(Action::Redact).is_some() {
            let redacting: Vec<&Rule> =
                rules.into_iter().filter(|rule| rule.action == Action::Redact).collect();
            Verdict::Redacted(self.redacted(value, &redacting, scan))
        } else if fired.is_empty() {
            Verdict::Clean
        } else {
            Verdict::Flagged
        };
        Inspection { verdict, findings }
    }

    fn scan(&self, value: &Value, rules: &[&Rule]) -> Scan {
        let scanner =
            Scanner::new(&self.custom, rules.iter().flat_map(|rule| rule.detectors.iter().copied()));
        let mut scan = Scan { hits: Vec::new(), values: BTreeMap::new() };
        if scanner.is_idle() {
            return scan;
        }
        visit(value, None, &mut |text, key| {
            let mut hits = Vec::new();
            for stretch in between_markers(&text, |label| self.is_label(label)) {
                let start = stretch.start;
                for mut hit in scanner.scan(text.get(stretch).unwrap_or_default(), key, 0) {
                    hit.span = hit.span.start + start..hit.span.end + start;
                    scan.values.entry(hit.detector).or_default().insert(hit.value);
                    hits.push(hit);
                }
            }
            scan.hits.push(hits);
        });
        scan
    }

    /// Redacts until the redacting rules find nothing more.
    fn redacted(&self, value: &Value, rules: &[&Rule], scan: Scan) -> Value {
        let (mut copy, mut scan) = (None, scan);
        for round in 1.. {
            let current = copy.as_ref().unwrap_or(value);
            let detectors: BTreeSet<usize> =
                fired(rules, &scan).into_iter().flat_map(|(_, counts)| counts.into_keys()).collect();
            if detectors.is_empty() {
                break;
            }
            let mut hits = scan.hits.into_iter();
            // Every round puts markers in place of text, and nothing is found in markers, so the rounds come to an end.
            copy = Some(rewritten(current, &mut |text| {
                let mut hits = hits.next().unwrap_or_default();
                hits.retain(|hit| detectors.contains(&hit.detector));
                match hits.is_empty() {
                    true => None,
                    false if round > ROUNDS_MAX => Some(marker(WHOLE)),
                    false => Some(replaced(text, &hits, |detector| self.label(detector).to_owned())),
                }
            }));
            scan = self.scan(copy.as_ref().unwrap_or(value), rules);
        }
        copy.unwrap_or_else(|| value.clone())
    }

    fn findings<'a>(&'a self, rule: &'a Rule, counts: &'a Counts) -> impl Iterator<Item = Finding> + 'a {
        counts.iter().map(|(detector, count)| Finding {
            rule: rule.name.clone(),
            detector: self.name(*detector).to_owned(),
            count: *count,
        })
    }

    fn name(&self, detector: usize) -> &str {
        DETECTORS.get(detector).map_or_else(|| self.custom_name(detector), |detector| detector.name)
    }

    /// What people read of a detector.
    fn label(&self, detector: usize) -> &str {
        DETECTORS.get(detector).map_or_else(|| self.custom_name(detector), |detector| detector.finds)
    }

    fn custom_name(&self, detector: usize) -> &str {
        let index = detector.checked_sub(DETECTORS.len());
        index.and_then(|index| self.custom.names().get(index)).map_or(WHOLE, String::as_str)
    }

    fn is_label(&self, label: &str) -> bool {
        is_whole(label)
            || DETECTORS.iter().any(|detector| detector.finds == label)
            || self.custom.names().iter().any(|name| name == label)
    }
}

// Written by hand: dictionaries name what is secret.
impl fmt::Debug for Dlp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rules: Vec<_> = self.rules.iter().map(|rule| &rule.name).collect();
        f.debug_struct("Dlp").field("rules", &rules).finish_non_exhaustive()
    }
}

/// The rules that found as much as they ask for.
fn fired<'r>(rules: &[&'r Rule], scan: &Scan) -> Vec<(&'r Rule, Counts)> {
    let counted = rules.iter().map(|rule| {
        let counts =
            rule.detectors.iter().filter_map(|detector| Some((*detector, scan.values.get(detector)?.len())));
        (*rule, counts.collect::<Counts>())
    });
    counted.filter(|(rule, counts)| counts.values().sum::<usize>() >= rule.minimum).collect()
}

#[cfg(test)]
mod tests;
