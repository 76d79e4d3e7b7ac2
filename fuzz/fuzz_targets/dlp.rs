//! Content that is inspected for what may not leave: any text, and the same as JSON.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use m365_policy::dlp::{DETECTORS, Direction, Dlp, DlpRules, Subject, Verdict};
use m365_types::Effect;
use serde_json::{Value, json};

/// Redacts whatever any detector finds, with a pattern and a dictionary besides.
static EVERYTHING: LazyLock<Dlp> = LazyLock::new(|| {
    let mut detectors: Vec<&str> = DETECTORS.iter().map(|detector| detector.name).collect();
    detectors.extend(["ticket", "projects"]);
    let rules = json!({
        "rules": [{"name": "all", "detectors": detectors, "action": "redact", "direction": "both"}],
        "patterns": {"ticket": r"\bINC-\d{4,8}\b|[x-z]+"},
        "dictionaries": {"projects": ["Project Falcon", "機密", "ab"]},
    });
    DlpRules::parse(&rules, &[]).expect("the rules are right")
});

const SUBJECT: Subject<'static> = Subject {
    direction: Direction::Results,
    tool: "getEmails",
    effect: Effect::Read,
    untrusted: true,
    confidential: false,
    external_recipients: false,
};

fuzz_target!(|content: &str| {
    let inspection = EVERYTHING.inspect_text(&SUBJECT, content);
    assert_eq!(
        inspection.findings.is_empty(),
        inspection.verdict == Verdict::Clean,
        "a finding without a verdict"
    );
    if let Verdict::Redacted(copy) = inspection.verdict {
        let again = EVERYTHING.inspect_text(&SUBJECT, &copy);
        assert_eq!(again.verdict, Verdict::Clean, "{:?} left in {copy:?}", again.findings);
    }
    let (key, text) = content.split_once('\n').unwrap_or(("key", content));
    let value = serde_json::from_str(content).unwrap_or_else(|_| json!({key: [text]}));
    if let Verdict::Redacted(copy) = EVERYTHING.inspect_json(&SUBJECT, &value).verdict {
        assert_eq!(shape(&copy), shape(&value), "the redacted copy has another shape");
        let again = EVERYTHING.inspect_json(&SUBJECT, &copy);
        assert_eq!(again.verdict, Verdict::Clean, "{:?} left in {copy}", again.findings);
    }
    // Rules of an operator are data from outside as well.
    if let Ok(dlp) = DlpRules::parse(&value, &[]) {
        let _ = dlp.inspect_text(&SUBJECT, content);
    }
});

/// How many values of each kind there are; a number may have become a marker.
fn shape(value: &Value) -> (usize, usize) {
    let sum = |shapes: &mut dyn Iterator<Item = (usize, usize)>| {
        shapes.fold((1, 0), |sum, shape| (sum.0 + shape.0, sum.1 + shape.1))
    };
    match value {
        Value::Array(items) => sum(&mut items.iter().map(shape)),
        Value::Object(members) => sum(&mut members.values().map(shape)),
        _ => (0, 1),
    }
}
