//! The engine: evasions, ordinary text, rules, redaction.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use m365_types::Effect;
use proptest::prelude::*;
use serde_json::json;

use super::*;

const CARD: &str = "4111 1111 1111 1111";
const TOOLS: &[&str] = &["sendEmail", "getEmails"];

const ARGUMENTS: Subject<'static> = Subject {
    direction: Direction::Arguments,
    tool: "sendEmail",
    effect: Effect::Send,
    untrusted: false,
    confidential: false,
    external_recipients: true,
};

const RESULTS: Subject<'static> = Subject {
    direction: Direction::Results,
    tool: "getEmails",
    effect: Effect::Read,
    untrusted: false,
    confidential: false,
    external_recipients: false,
};

/// An engine of one rule over these detectors.
fn engine(detectors: &[&str], action: &str) -> Dlp {
    rules(&json!({"rules": [{"name": "r", "detectors": detectors, "action": action, "direction": "both"}]}))
        .unwrap()
}

fn rules(json: &Value) -> Result<Dlp, DlpError> {
    DlpRules::parse(json, TOOLS)
}

/// An engine that redacts everything there is to find, with a pattern and a dictionary.
fn everything() -> Dlp {
    let mut detectors: Vec<&str> = DETECTORS.iter().map(|detector| detector.name).collect();
    detectors.extend(["ticket", "projects"]);
    rules(&json!({
        "rules": [{"name": "all", "detectors": detectors, "action": "redact", "direction": "both"}],
        "patterns": {"ticket": r"\bINC-\d{4,8}\b"},
        "dictionaries": {"projects": ["Project Falcon", "Größe", "機密"]},
    }))
    .unwrap()
}

fn redacted(dlp: &Dlp, text: &str) -> String {
    match dlp.inspect_text(&RESULTS, text).verdict {
        Verdict::Redacted(copy) => copy,
        verdict => panic!("{verdict:?} of {text:?}"),
    }
}

#[test]
fn a_hidden_card_is_a_card() {
    let dlp = engine(&["payment-card"], "redact");
    for card in [
        "4111111111111111",
        "4111-1111-1111-1111",
        "4111.1111.1111.1111",
        "4111\u{a0}1111\u{2009}1111\u{202f}1111",
        "4111\u{2013}1111\u{2011}1111\u{2212}1111",
        "4111 - 1111 - 1111 - 1111",
        "4\u{200b}1\u{200b}1\u{200b}1\u{200b}1111\u{2060}1111\u{feff}1111",
        "４１１１１１１１１１１１１１１１",
        "𝟜𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙𝟙",
        "٤١١١١١١١١١١١١١١١",
        "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1",
        "41 11 11 11 11 11 11 11",
        "4\u{336}1\u{336}1\u{336}1\u{336}111111111111",
        &STANDARD.encode("card 4111111111111111 please"),
        &STANDARD.encode(STANDARD.encode("my card is 4111111111111111, please")),
    ] {
        assert_eq!(
            redacted(&dlp, &format!("pay: {card}; thanks")),
            "pay: [redacted: payment card]; thanks",
            "{card}"
        );
    }
}

#[test]
fn base64_is_read_over_line_breaks_and_in_utf16() {
    let dlp = engine(&["payment-card"], "flag");
    let long = STANDARD.encode(format!("{} {CARD} {}", "word ".repeat(30), "word ".repeat(30)));
    let lines: Vec<&str> =
        long.as_bytes().chunks(76).map(|line| std::str::from_utf8(line).unwrap()).collect();
    let utf16: Vec<u8> = format!("pay with {CARD} now").encode_utf16().flat_map(u16::to_le_bytes).collect();
    for text in [format!("see\r\n{}\r\nthanks", lines.join("\r\n")), long, STANDARD.encode(utf16)] {
        assert_eq!(dlp.inspect_text(&RESULTS, &text).verdict, Verdict::Flagged, "{text}");
    }
}

/// Mail, tickets and answers of Graph as they come every day.
const ORDINARY: &[&str] = &[
    "Hi Megan, the offsite is on 2026-12-03 from 09:30 to 17:00, room 4.12.",
    "Order 4500012345 of 28.11.2026 over 1,234,567.89 EUR was confirmed; invoice 2026-000123456 follows.",
    "Call me at +49 170 1234567 or (555) 010-9999, extension 4111.",
    "+1 415 555 0123, 0044 20 7946 0958, 0800-123-456-789",
    "Your parcel 1Z999AA10123456784 and 9400 1000 0000 0000 0000 00 arrive tomorrow.",
    "DHL JD014600003828392837, FedEx 7712 3456 7890",
    "id: 3f2504e0-4f89-11d3-9a0c-0305e82c3301, request-id: 7b1c7f4e-0d4a-4a8a-9c8e-0d9a4f0b6c11",
    "AAMkAGI2TG93AAA=AAMkAGVmMDEzMTM4LTZmYWUtNDdkNC1hMDZiLTU1OGY5OTZhYmY4OABGAAAAAAAiQ8W967B7TKBjgx9rVEURBwAiIsqMbYjsT5e",
    "ETag W/\"JzEtVGFzayAgQEBAQEBAQEBAQEBAQEBARCc=\"",
    "\"changeKey\": \"CQAAABYAAAAiIsqMbYjsT5e9V8TSX9WJAAAYbvZ+\"",
    "b!-RIj2DuyvEyV1T4NlOaMHk8XkS_I8MdFlUCq1BlcjgmhRfAj3-Z8RY2VpuvV_tpd",
    "commit da39a3ee5e6b4b0d3255bfef95601890afd80709 by alex",
    "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "Meeting 2026-11-28 09:37:42Z, build 10.0.19041.1234, version 4.8.4084.0",
    "lat 52.52000659999999, lon 13.404953999999975, altitude 4111.1111111111",
    "IP 192.168.100.200 and 2001:db8:85a3::8a2e:370:7334, MAC 00-1B-44-11-3A-B7",
    "Quarter: 1200 1350 1420 1510; plan 1300 1400 1500 1600",
    "| 2019 | 2020 | 2021 | 2022 |\n| 1000 | 2000 | 3000 | 4000 |",
    "Please be in by 12, and de 10 people at table 3 know it.",
    "Part no AB-1234567-C, SKU 123456789012, EAN 4006381333931, ISBN 978-3-16-148410-0",
    "Vertrag Nr. 123456789, Kundennummer 36574261808, Projekt 880320-0016",
    "Ticket #20261128-0001, case 00123456, PO 4500-012-345",
    "The meeting id is 331 944 822 119 and the passcode aBc123.",
    "https://teams.microsoft.com/l/meetup-join/19%3ameeting_NjQ4ZTY0ZDAtZjE3Mi00%40thread.v2/0?context=%7b%22Tid%22%7d",
    "https://contoso.sharepoint.com/:w:/r/sites/x/_layouts/15/Doc.aspx?sourcedoc=%7BA1B2C3D4-0000-1111-2222-333344445555%7D",
    "Message-ID: <CAF1234567890abcdefABCDEF@mail.contoso.example>",
    "Timestamps 1764322662123 and 1764322662123456, nonce 0000000000000000",
    "A PEM file starts with -----BEGIN PRIVATE KEY----- as the manual says.",
    "Set OPENAI_API_KEY=sk-... and AWS_SECRET_ACCESS_KEY=<your secret>",
    "Die Mitgliedsnummer lautet 111222333, gültig bis 12/27.",
    "Asia sales: 12.5 %, Akia is a place; the task-force and risk-management-plan-2026-final-version are new.",
    "Das Büro „Größter Raum“ ist für 25 Personen – ab 14 Uhr.",
    "会議は2026年11月28日14時からです。",
    "R2D2, C3PO, H1N1 and A1B2C3D4E5F6 are names.",
];

#[test]
fn ordinary_text_is_clean() {
    let names: Vec<&str> = DETECTORS.iter().map(|detector| detector.name).collect();
    let dlp = engine(&names, "flag");
    for text in ORDINARY {
        let inspection = dlp.inspect_text(&RESULTS, text);
        assert!(inspection.findings.is_empty(), "{:?} in {text}", inspection.findings);
    }
    let whole = dlp.inspect_text(&RESULTS, &ORDINARY.join("\n"));
    assert_eq!(whole.verdict, Verdict::Clean, "{:?}", whole.findings);
}

#[test]
fn numbers_and_keys_of_json_are_inspected() {
    let dlp = engine(&["payment-card", "us-ssn"], "redact");
    let value = json!({
        "card": 4_111_111_111_111_111_u64, "float": 4_111_111_111_111_111.0, "ssn": [123_456_789, null, true],
        "other": "123456789", (CARD): {"4111111111111111": 1}, "rows": [[CARD, 7]],
    });
    let Verdict::Redacted(copy) = dlp.inspect_json(&RESULTS, &value).verdict else {
        panic!("it is not redacted")
    };
    let card = "[redacted: payment card]";
    assert_eq!(
        copy,
        json!({
            "card": card, "float": card, "ssn": ["[redacted: US Social Security number]", null, true],
            "other": "123456789", (card): {(card): 1}, "rows": [[card, 7]],
        })
    );
    let both = json!({"4111111111111111": 1, "4111-1111-1111-1111": 2});
    let Verdict::Redacted(copy) = dlp.inspect_json(&RESULTS, &both).verdict else {
        panic!("it is not redacted")
    };
    assert_eq!(copy.as_object().unwrap().len(), 2, "no member is lost");
}

#[test]
fn a_finding_counts_different_values_and_never_shows_them() {
    let dlp = engine(&["payment-card"], "flag");
    let text = format!("{CARD}, 4111111111111111, 5555555555554444");
    let inspection = dlp.inspect_text(&RESULTS, &text);
    let finding = Finding { rule: "r".to_owned(), detector: "payment-card".to_owned(), count: 2 };
    assert_eq!(inspection.findings, [finding]);
    let dlp = engine(&["payment-card"], "redact");
    let debug = format!("{:?} {:?}", dlp.inspect_text(&RESULTS, &text), dlp);
    assert!(!debug.contains("1111") && !debug.contains("redacted: "), "{debug}");
}

#[test]
fn rules_hold_by_direction_tool_label_and_recipient() {
    let flag = |extra: Value| {
        let mut rule =
            json!({"name": "r", "detectors": ["payment-card"], "action": "flag", "direction": "both"});
        rule.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        rules(&json!({"rules": [rule]})).unwrap()
    };
    let fires = |dlp: &Dlp, subject: &Subject<'_>| !dlp.inspect_text(subject, CARD).findings.is_empty();
    for (extra, arguments, results) in [
        (json!({}), true, true),
        (json!({"direction": "arguments"}), true, false),
        (json!({"direction": "results"}), false, true),
        (json!({"tools": ["send"]}), true, false),
        (json!({"tools": ["getEmails", "destroy"]}), false, true),
        (json!({"labels": ["untrusted"]}), false, false),
        (json!({"direction": "arguments", "recipients": "external"}), true, false),
        (json!({"direction": "arguments", "recipients": "internal"}), false, false),
        (json!({"minimum": 2}), false, false),
    ] {
        let dlp = flag(extra.clone());
        assert_eq!((fires(&dlp, &ARGUMENTS), fires(&dlp, &RESULTS)), (arguments, results), "{extra}");
    }
    let labelled = flag(json!({"labels": ["untrusted", "confidential"]}));
    assert!(fires(&labelled, &Subject { confidential: true, ..RESULTS }));
    assert!(fires(&labelled, &Subject { untrusted: true, ..RESULTS }));
    let two = format!("{CARD} and 5555555555554444");
    assert_eq!(flag(json!({"minimum": 2})).inspect_text(&RESULTS, &two).verdict, Verdict::Flagged);
}

#[test]
fn the_strictest_action_wins_and_a_block_says_why() {
    let dlp = rules(&json!({"rules": [
        {"name": "see", "detectors": ["payment-card"], "action": "flag", "direction": "both"},
        {"name": "hide", "detectors": ["iban"], "action": "redact", "direction": "both"},
        {"name": "stop", "detectors": ["payment-card", "bank-account"], "action": "block", "direction": "arguments",
         "message": "Cards belong in the payment system."},
    ]}))
    .unwrap();
    let text = format!("{CARD} or DE89 3704 0044 0532 0130 00");
    let inspection = dlp.inspect_text(&ARGUMENTS, &text);
    assert_eq!(inspection.verdict.code(), "dlp.blocked");
    assert_eq!(
        inspection.verdict,
        Verdict::Blocked {
            rule: "stop".to_owned(),
            sentence: "The organisation's data loss prevention stopped the request because of what is in it (IBAN, \
                       payment card). Nothing was sent. Cards belong in the payment system. Take the sensitive \
                       content out, or ask the security team. Do not repeat or reword it to get past."
                .to_owned()
        }
    );
    assert_eq!(inspection.findings.len(), 4);
    assert_eq!(redacted(&dlp, &text), format!("{CARD} or [redacted: IBAN]"));
    assert_eq!(dlp.inspect_text(&RESULTS, CARD).verdict, Verdict::Flagged);
    let answer = engine(&["iban"], "block").inspect_text(&RESULTS, &text).verdict;
    assert!(matches!(answer, Verdict::Blocked { sentence, .. } if sentence.contains("stopped the answer")));
}

#[test]
fn the_standard_rules_stop_what_leaves_and_let_reading_go_on() {
    let dlp = Dlp::standard();
    let key = format!("AKIA{}", "IOSFODNN7EXAMPLE");
    let code = |subject: &Subject<'_>, text: &str| dlp.inspect_text(subject, text).verdict.code();
    let inside = Subject { external_recipients: false, ..ARGUMENTS };
    let draft = Subject { effect: Effect::Write, ..ARGUMENTS };
    let own = Subject { effect: Effect::Write, ..inside };
    for (text, results, to_inside, to_outside, draft_to_outside, own_note) in [
        (key.as_str(), "dlp.redacted", "dlp.blocked", "dlp.blocked", "dlp.blocked", "dlp.clean"),
        (CARD, "dlp.clean", "dlp.clean", "dlp.blocked", "dlp.blocked", "dlp.clean"),
        ("GB29NWBK60161331926819", "dlp.clean", "dlp.clean", "dlp.blocked", "dlp.blocked", "dlp.clean"),
        ("NI AB123456C", "dlp.clean", "dlp.flagged", "dlp.flagged", "dlp.clean", "dlp.clean"),
        ("nothing", "dlp.clean", "dlp.clean", "dlp.clean", "dlp.clean", "dlp.clean"),
    ] {
        assert_eq!(code(&RESULTS, text), results, "{text}");
        assert_eq!(code(&inside, text), to_inside, "{text}");
        assert_eq!(code(&ARGUMENTS, text), to_outside, "{text}");
        assert_eq!(code(&draft, text), draft_to_outside, "{text}");
        assert_eq!(code(&own, text), own_note, "{text}");
    }
    for rule in &dlp.rules {
        assert!(!rule.detectors.is_empty(), "{}", rule.name);
    }
}

#[test]
fn dictionaries_know_words_of_every_script() {
    let dlp = rules(&json!({
        "rules": [{"name": "r", "detectors": ["projects"], "action": "redact", "direction": "both"}],
        "dictionaries": {"projects": ["Project Falcon", "größe", "機密", "ΟΔΟΣ"]},
    }))
    .unwrap();
    for (text, expected) in [
        ("about PROJECT\u{a0}Falcon!", "about [redacted: projects]!"),
        ("project-falcon", "[redacted: projects]"),
        ("Die GRÖ\u{df}E, die Gro\u{308}\u{df}e", "Die [redacted: projects], die [redacted: projects]"),
        ("これは機密です", "これは[redacted: projects]です"),
        ("μια οδός, μια οδος", "μια οδός, μια [redacted: projects]"),
        ("pro\u{200b}ject fal\u{ad}con", "[redacted: projects]"),
    ] {
        assert_eq!(redacted(&dlp, text), expected);
    }
    for text in ["projects falcons", "my project: the falcon", "Größenwahn", "機 密"] {
        let verdict = dlp.inspect_text(&RESULTS, text).verdict;
        assert_eq!(verdict == Verdict::Clean, text != "機 密", "{text}");
    }
}

#[test]
fn patterns_run_on_what_a_reader_sees() {
    let dlp = rules(&json!({
        "rules": [{"name": "r", "detectors": ["ticket"], "action": "redact", "direction": "both"}],
        "patterns": {"ticket": r"(?i)\binc-\d{4}\b"},
    }))
    .unwrap();
    for text in ["INC-1234", "ＩＮＣ-１２３４", "I\u{200b}NC\u{2011}1234"] {
        assert_eq!(redacted(&dlp, &format!("see {text}.")), "see [redacted: ticket].");
    }
    assert_eq!(dlp.inspect_text(&RESULTS, "INC-12345").verdict, Verdict::Clean);
}

#[test]
fn a_pattern_that_takes_everything_comes_to_an_end() {
    for pattern in [".+", "[a-z]", r"\w+", "redacted|card|[a-z]+", "^.", "b$"] {
        let dlp = rules(&json!({
            "rules": [{"name": "r", "detectors": ["all", "payment-card"], "action": "redact", "direction": "both"}],
            "patterns": {"all": pattern},
        }))
        .unwrap();
        let copy = redacted(&dlp, &format!("abc def {CARD} b"));
        assert_eq!(dlp.inspect_text(&RESULTS, &copy).verdict, Verdict::Clean, "{pattern}: {copy}");
    }
}

#[test]
fn keys_that_are_all_redacted_stay_apart() {
    let dlp = rules(&json!({
        "rules": [{"name": "r", "detectors": ["digit"], "action": "redact", "direction": "both"}],
        "patterns": {"digit": r"\d"},
    }))
    .unwrap();
    let value: Value =
        (0..50).map(|number| (number.to_string(), json!("x"))).collect::<serde_json::Map<_, _>>().into();
    let Verdict::Redacted(copy) = dlp.inspect_json(&RESULTS, &value).verdict else {
        panic!("it is not redacted")
    };
    assert_eq!(copy.as_object().unwrap().len(), 50);
    assert_eq!(dlp.inspect_json(&RESULTS, &copy).verdict, Verdict::Clean);
}

#[test]
fn a_pattern_made_to_explode_takes_linear_time() {
    let dlp = rules(&json!({
        "rules": [{"name": "r", "detectors": ["evil", "nested"], "action": "flag", "direction": "both"}],
        "patterns": {"evil": "(a+)+$", "nested": "(a|aa|a?a)*b"},
    }))
    .err()
    .map_or_else(String::new, |error| error.to_string());
    assert_eq!(dlp, "", "both compile");
    let dlp = rules(&json!({
        "rules": [{"name": "r", "detectors": ["evil", "nested"], "action": "flag", "direction": "both"}],
        "patterns": {"evil": "(a+)+$", "nested": "(a|aa|a?a)*b"},
    }))
    .unwrap();
    // A backtracking engine would need longer than the universe for this.
    let text = format!("{}!", "a".repeat(20_000));
    assert_eq!(dlp.inspect_text(&RESULTS, &text).verdict, Verdict::Clean);
}

#[test]
fn texts_made_to_be_slow_are_not() {
    let dlp = everything();
    for unit in [
        "4",
        "1 ",
        "sk-",
        "eyJ.",
        "eyJ",
        "-----BEGIN PRIVATE KEY-----",
        "DE89 ",
        "xoxb-1-",
        "SSN 123456789 ",
        "AKIA",
        "[redacted: ",
        "a\u{301}",
        "\u{200b}",
        "Private-Lines: 1",
        "m365a_",
        "QUFB\n",
        "project ",
    ] {
        let text = unit.repeat(100_000 / unit.len());
        let _ = dlp.inspect_text(&RESULTS, &text);
    }
}

#[test]
fn wrong_rules_are_refused_in_a_sentence() {
    let rule = |change: Value| {
        let mut rule = json!({"name": "r", "detectors": ["iban"], "action": "flag", "direction": "both"});
        rule.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        json!({"rules": [rule]})
    };
    let long = "a".repeat(1001);
    for (json, part) in [
        (json!([]), "The rules of data loss prevention cannot be read"),
        (json!({"rules": [], "else": 1}), "unknown field `else`"),
        (rule(json!({"colour": 1})), "The rule `r` cannot be read: unknown field `colour`"),
        (json!({"rules": [{"action": "flag"}]}), "The rule `number 1` cannot be read"),
        (rule(json!({"action": "burn"})), "The rule `r` cannot be read: unknown variant `burn`"),
        (rule(json!({"detectors": []})), "The rule `r` names no detectors"),
        (rule(json!({"detectors": ["ibans"]})), "The rule `r` names the detector `ibans`"),
        (rule(json!({"tools": ["sendMail"]})), "The rule `r` names the tool `sendMail`"),
        (rule(json!({"minimum": 0})), "The rule `r` has the minimum 0"),
        (rule(json!({"recipients": "external"})), "The rule `r` asks for recipients"),
        (
            json!({"rules": [rule(json!({}))["rules"][0], rule(json!({}))["rules"][0]]}),
            "Two rules are named `r`",
        ),
        (json!({"rules": [], "patterns": {"p": "("}}), "The pattern `p` cannot be used"),
        (json!({"rules": [], "patterns": {"p": "x*"}}), "The pattern `p` matches the empty text"),
        (json!({"rules": [], "patterns": {"p": long}}), "The pattern `p` is longer than"),
        (json!({"rules": [], "patterns": {"p": "(x{1000}){1000}"}}), "The pattern `p` cannot be used"),
        (json!({"rules": [], "patterns": {"iban": "x"}}), "The name `iban` is that of another"),
        (json!({"rules": [], "patterns": {"p": "x"}, "dictionaries": {"p": ["xy"]}}), "The name `p` is that"),
        (json!({"rules": [], "patterns": {"A b": "x"}}), "The name `A b` is not allowed"),
        (json!({"rules": [], "dictionaries": {"d": []}}), "The dictionary `d` is empty"),
        (json!({"rules": [], "dictionaries": {"d": ["ok", "+"]}}), "Entry 2 of the dictionary `d`"),
    ] {
        let error = rules(&json).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(part) && error.ends_with('.'), "{error}");
    }
    assert_eq!(rules(&json!({"rules": []})).unwrap().inspect_text(&RESULTS, CARD).verdict, Verdict::Clean);
}

/// Text with things to find in it, evasive and broken.
fn text() -> impl Strategy<Value = String> {
    let pieces = prop_oneof![
        Just(CARD.to_owned()),
        Just("4\u{200b}111111111111111".to_owned()),
        Just("DE89370400440532013000".to_owned()),
        Just("SSN".to_owned()),
        Just("123-45-6789".to_owned()),
        Just("BSN 111222333".to_owned()),
        Just("INC-1234".to_owned()),
        Just("Project Falcon".to_owned()),
        Just("[redacted: payment card]".to_owned()),
        Just("[redacted: ".to_owned()),
        Just(STANDARD.encode("it is 4111111111111111 and more")),
        Just("-----BEGIN PRIVATE KEY-----".to_owned()),
        Just(" ".to_owned()),
        Just(", ".to_owned()),
        "[0-9 .-]{0,24}",
        "[a-zA-Z0-9+/=\n]{0,60}",
        "\\PC{0,12}",
    ];
    proptest::collection::vec(pieces, 0..14).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn redaction_leaves_nothing_to_find(text in text()) {
        let dlp = everything();
        if let Verdict::Redacted(copy) = dlp.inspect_text(&RESULTS, &text).verdict {
            let again = dlp.inspect_text(&RESULTS, &copy);
            prop_assert_eq!(again.verdict, Verdict::Clean, "{:?} left in {:?}", again.findings, copy);
        }
    }

    #[test]
    fn redaction_of_json_leaves_nothing_to_find(texts in proptest::collection::vec((text(), text()), 0..4)) {
        let dlp = everything();
        let value = Value::Object(texts.into_iter().map(|(key, text)| (key, json!([text, 4_111_111_111_111_111_u64]))).collect());
        if let Verdict::Redacted(copy) = dlp.inspect_json(&RESULTS, &value).verdict {
            prop_assert_eq!(copy.as_object().unwrap().len(), value.as_object().unwrap().len());
            let again = dlp.inspect_json(&RESULTS, &copy);
            prop_assert_eq!(again.verdict, Verdict::Clean, "{:?} left in {}", again.findings, copy);
        }
    }

    #[test]
    fn inspection_is_total_and_deterministic(text in "\\PC*|[\\x00-\\xff]*") {
        for dlp in [everything(), Dlp::standard()] {
            for subject in [ARGUMENTS, RESULTS] {
                prop_assert_eq!(dlp.inspect_text(&subject, &text), dlp.inspect_text(&subject, &text));
            }
        }
    }

    #[test]
    fn a_card_is_found_between_any_words(before in "[a-z ,;:!\n]{0,20}", after in "[a-z ,;:!\n]{0,20}") {
        let dlp = engine(&["payment-card"], "redact");
        let copy = redacted(&dlp, &format!("{before} {CARD} {after}"));
        prop_assert_eq!(copy, format!("{before} [redacted: payment card] {after}"));
    }
}
