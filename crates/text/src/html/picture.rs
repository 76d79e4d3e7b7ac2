//! What a picture says to somebody who does not see it.
//!
//! Source: the HTML standard, section 4.8.4.4 (requirements on `alt`). A description is no part of what a reader of the
//! page sees; a short one that says something stands for the picture, a long one is dropped and counted as hidden.

use crate::clean::is_hidden;

/// Longest description that is kept, in characters.
const ALT_MAX: usize = 140;
/// A picture of at most this many pixels shows nothing.
const PIXEL_MAX: f32 = 3.0;
/// What programs append to descriptions they made up.
const MADE_UP: [&str; 4] = [
    "description automatically generated",
    "ai-generated content may be incorrect",
    "automatisch generierte",
    "généré automatiquement",
];
/// Descriptions that say nothing, in alphabetical order.
const EMPTY_WORDS: [&str; 26] = [
    "arrow",
    "background",
    "banner",
    "bild",
    "blank",
    "border",
    "bullet",
    "button",
    "divider",
    "email",
    "header",
    "hero",
    "icon",
    "image",
    "img",
    "line",
    "logo",
    "photo",
    "picture",
    "pixel",
    "separator",
    "shadow",
    "spacer",
    "thumbnail",
    "tracking",
    "transparent",
];
const FILE_ENDINGS: [&str; 8] = [".png", ".jpg", ".jpeg", ".gif", ".svg", ".webp", ".bmp", ".emf"];

/// What becomes of a picture.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Picture {
    /// It is drawn instead of this sign.
    IsSign(String),
    /// It has nothing to say.
    Silent,
    /// It stands for this.
    Says(String),
    /// It only tells the sender that the mail was opened.
    Tracks,
}

/// Judges a picture by its sizes in pixels, as far as they are known, its source and its description.
pub(crate) fn judge(width: Option<f32>, height: Option<f32>, source: &str, alt: &str) -> Picture {
    let is_nothing = |size: Option<f32>| size.is_some_and(|size| size < PIXEL_MAX);
    let is_outside = source.trim_start().get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("http"));
    if is_outside && is_nothing(width) && is_nothing(height) {
        return Picture::Tracks;
    }
    if is_sign(alt) {
        return Picture::IsSign(alt.trim().to_owned());
    }
    if is_nothing(width) || is_nothing(height) || !is_telling(alt) {
        return Picture::Silent;
    }
    Picture::Says(alt.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Whether a description is longer than a description is: words that a reader of the page does not see.
pub(crate) fn is_too_long(alt: &str) -> bool {
    alt.chars().nth(ALT_MAX).is_some()
}

/// Whether a description is an emoji, which programs draw as a picture.
fn is_sign(alt: &str) -> bool {
    let alt = alt.trim();
    let is_drawn =
        |c: char| matches!(c, '\u{203c}'..='\u{3299}' | '\u{1f000}'..='\u{1faff}' | '\u{200d}' | '\u{fe0f}');
    !alt.is_empty() && alt.chars().count() <= 8 && alt.chars().all(is_drawn) && !alt.chars().all(is_hidden)
}

fn is_telling(alt: &str) -> bool {
    let lower = alt.trim().to_lowercase();
    let lower = lower.as_str();
    let letters = lower.chars().filter(|c| c.is_alphanumeric()).count();
    let is_file = FILE_ENDINGS.iter().any(|ending| lower.ends_with(ending)) || lower.starts_with("http");
    let is_made_up = MADE_UP.iter().any(|words| lower.contains(words));
    let numbered = lower.strip_prefix("image").is_some_and(|rest| !rest.chars().any(char::is_alphabetic));
    let is_empty = letters < 2 || EMPTY_WORDS.binary_search(&lower).is_ok();
    !(is_empty || is_file || is_made_up || numbered || is_too_long(lower))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_words_can_be_searched() {
        assert!(EMPTY_WORDS.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn a_picture_of_one_pixel_from_outside_tracks_and_one_of_the_mail_does_not() {
        let judge = |w: Option<f32>, h: Option<f32>, src: &str| judge(w, h, src, "Chart of sales");
        assert_eq!(judge(Some(1.0), Some(1.0), "https://t.example/o.gif"), Picture::Tracks);
        assert_eq!(judge(Some(1.0), Some(1.0), "cid:spacer"), Picture::Silent);
        assert_eq!(judge(Some(600.0), Some(1.0), "https://c.example/line.png"), Picture::Silent);
        assert_eq!(judge(Some(600.0), None, "cid:1"), Picture::Says("Chart of sales".to_owned()));
    }

    #[test]
    fn only_descriptions_that_say_something_are_kept() {
        let says = |alt: &str| judge(None, None, "cid:1", alt) != Picture::Silent;
        assert_eq!(judge(Some(20.0), Some(20.0), "", "👍"), Picture::IsSign("👍".to_owned()));
        for alt in ["Chart of sales", "Jetzt ansehen", "新製品", "50 % off", "Contoso logo"] {
            assert!(says(alt), "{alt}");
        }
        for alt in [
            "",
            " ",
            "Logo",
            "image001.png",
            "image 3",
            "IMG_2044.JPG",
            "https://contoso.example/a",
            "A picture containing text\n\nDescription automatically generated",
            "-",
        ] {
            assert!(!says(alt), "{alt}");
        }
        assert!(!says(&"words ".repeat(30)));
    }
}
