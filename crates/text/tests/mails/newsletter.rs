//! A newsletter of the size that newsletters have.

use m365_text::mail::{Body, Format, Reading, read};

const NEWSLETTER: &str = include_str!("../golden/newsletter.html");
const BEGIN: &str = "<!-- story -->";
const END: &str = "<!-- /story -->";
/// What the budget of one long newsletter leaves, in bytes: 2,500 tokens of four.
const TEXT_MAX: usize = 10_000;

/// The newsletter of the corpus with its first story told again until it is so long, each time with other words.
fn of_size(bytes: usize) -> String {
    let (head, rest) = NEWSLETTER.split_once(BEGIN).unwrap();
    let (story, behind) = rest.split_once(END).unwrap();
    let mut html = head.to_owned();
    let mut number = 0;
    while html.len() + behind.len() < bytes {
        html.push_str(&story.replace("harvest", &format!("harvest-{number}")));
        number += 1;
    }
    html + behind
}

#[test]
fn a_hundred_kilobytes_come_out_compact() {
    let html = of_size(100_000);
    let mail = read(&Body { content: &html, format: Format::Html }, Reading::default());
    assert!(mail.text.len() <= TEXT_MAX, "{} bytes of text from {}", mail.text.len(), html.len());
    assert!(!mail.text.contains("\n\n\n"), "empty lines repeat");
    assert!(!mail.text.contains("utm_") && !mail.text.contains("mc_cid"), "tracking is left");
    assert_eq!((mail.unread, mail.footer), (0, true));
    for kept in ["A late harvest-0, and", "Tasting evening on 19 November", "Profiles: Facebook, X"] {
        assert!(mail.text.contains(kept), "{kept}");
    }
    for gone in ["open.php", "View this email", "unsubscribe", "A late harvest, lighter bottles"] {
        assert!(!mail.text.contains(gone), "{gone}");
    }
    assert_eq!(mail.text.matches("/stories/harvest-0)").count(), 1, "one link per story");
}
