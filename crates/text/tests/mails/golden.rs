//! The corpus of mails: what is read is what somebody has looked at and found right. See `golden/README.md`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use m365_text::mail::{Body, Format, History, MailText, Reading, read};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// Names of the files of the corpus with this ending, without it.
fn names(endings: &[&str]) -> BTreeSet<String> {
    let entries = fs::read_dir(corpus()).unwrap().map(|entry| entry.unwrap().path());
    let ours = entries.filter(|path| endings.iter().any(|ending| path.extension().unwrap() == *ending));
    ours.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .filter(|name| name != "README")
        .collect()
}

fn mail(name: &str) -> (String, Format) {
    let html = corpus().join(format!("{name}.html"));
    if html.is_file() {
        return (fs::read_to_string(html).unwrap(), Format::Html);
    }
    (fs::read_to_string(corpus().join(format!("{name}.txt"))).unwrap(), Format::Text)
}

fn read_mail(name: &str) -> MailText {
    let (content, format) = mail(name);
    let history = if name.starts_with("keep-") { History::Keep } else { History::Fold };
    let reading = Reading { history, forwarded: name.starts_with("forward-") };
    read(&Body { content: &content, format }, reading)
}

/// The report and the text, as they stand in an expectation.
fn shown(mail: &MailText) -> String {
    let mut report = format!("folded {}, hidden {}, trackers {}", mail.folded, mail.hidden, mail.trackers);
    for (is_set, word) in [(mail.signature, ", signature"), (mail.footer, ", footer")] {
        if is_set {
            report.push_str(word);
        }
    }
    format!("{report}\n\n{}\n", mail.text)
}

#[test]
fn every_mail_reads_as_somebody_found_right() {
    let read_below = Path::new(env!("CARGO_TARGET_TMPDIR")).join("golden");
    fs::create_dir_all(&read_below).unwrap();
    let mails = names(&["html", "txt"]);
    assert!(mails.len() >= 24, "the corpus is incomplete: {}", mails.len());
    let mut wrong = Vec::new();
    for name in &mails {
        let is = shown(&read_mail(name));
        fs::write(read_below.join(format!("{name}.md")), &is).unwrap();
        match fs::read_to_string(corpus().join(format!("{name}.md"))) {
            Ok(wanted) if wanted == is => {}
            Ok(_) => wrong.push(format!("{name} reads differently")),
            Err(_) => wrong.push(format!("{name} has no expectation")),
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}\nwhat was read is in {}", read_below.display());
}

#[test]
fn every_expectation_has_its_mail() {
    assert_eq!(names(&["md"]), names(&["html", "txt"]));
}
