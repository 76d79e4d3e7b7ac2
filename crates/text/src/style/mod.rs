//! What style does to text: whether a reader sees it, and where lines break.
//!
//! Source: CSS 2.2 (cascade, inheritance, visual formatting), CSS Color, WCAG 2.2 for contrast, and the ways mail hides
//! text: display, visibility, opacity, size, position, clipping, colour on the same colour, Outlook's `mso-hide`.
//!
//! In scope: style attributes, the attributes that came before them (`bgcolor`, `hidden`), simple rules of style
//! elements. Out of scope: layout; whatever needs it (one box over another) is not seen through.

mod color;
mod declarations;
mod length;
mod sheet;

use color::{BLACK, Color, LINK, Rgb, WHITE};
pub(crate) use declarations::Declaration;
use declarations::declarations;
use length::Length;
pub(crate) use sheet::{Named, Sheet};

/// Text smaller than this, in pixels, is not read by anybody.
const READABLE_PX: f32 = 3.0;
/// What lies this far out, in pixels, is outside every window.
const FAR_PX: f32 = -500.0;
/// A box of at most this many pixels shows nothing.
const NOTHING_PX: f32 = 1.5;
const OPACITY_MIN: f32 = 0.1;

/// The declarations that hold for one element, the strongest last.
#[derive(Debug, Default)]
pub(crate) struct Styles(Vec<Declaration>);

impl Styles {
    /// What rules say, which are sorted, and then the element's own style attribute.
    pub(crate) fn of(mut rules: Vec<Declaration>, style: Option<&str>) -> Self {
        rules.extend(style.map(declarations).unwrap_or_default());
        // Stable: importance goes first, then the order they came in.
        rules.sort_by_key(|declaration| declaration.is_important);
        Self(rules)
    }

    /// The strongest value of a property that can be read.
    pub(crate) fn find<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.0.iter().rev().filter(|declaration| declaration.name == name).find_map(|d| read(&d.value))
    }

    /// Whether the strongest value that can be read passes a test.
    fn has<T>(&self, name: &str, read: impl Fn(&str) -> Option<T>, test: impl Fn(T) -> bool) -> bool {
        self.find(name, read).is_some_and(test)
    }

    fn is(&self, name: &str, words: &[&str], bad: &[&str]) -> bool {
        let word =
            |value: &str| words.iter().chain(bad).copied().find(|word| *word == value).map(str::to_owned);
        self.has(name, word, |word| bad.contains(&word.as_str()))
    }

    /// How the element takes part in lines, where the style says so.
    pub(crate) fn display(&self) -> Option<Display> {
        self.find("display", |value| match value {
            "none" => Some(Display::None),
            "inline" | "contents" => Some(Display::Inline),
            "inline-block" | "inline-table" | "inline-flex" => Some(Display::InlineBlock),
            "block" | "flex" | "grid" | "list-item" | "flow-root" => Some(Display::Block),
            _ if value.starts_with("table") => Some(Display::Table),
            _ => None,
        })
    }

    fn length(&self, name: &str, font: f32) -> Option<f32> {
        self.find(name, Length::parse).map(|length| length.pixels(font))
    }

    /// Whether the element and all in it are hidden, colour and size of text aside.
    fn hides(&self, font: f32) -> bool {
        let number = |value: &str| {
            let percent = value.strip_suffix('%').and_then(|value| value.trim().parse::<f32>().ok());
            percent.map(|value| value / 100.0).or_else(|| value.parse().ok())
        };
        let far = |name: &str| self.length(name, font).is_some_and(|pixels| pixels < FAR_PX);
        let nothing =
            |name: &str| self.find(name, fixed).is_some_and(|length| length.pixels(font) < NOTHING_PX);
        let overflows = [("overflow", "hidden"), ("overflow-x", "hidden"), ("overflow-y", "hidden")];
        let clipped = overflows.iter().any(|(name, word)| {
            self.has(name, |value| Some(value.to_owned()), |value| value.starts_with(word) || value == "clip")
        });
        let moved = self.is("position", &["static"], &["absolute", "fixed", "relative", "sticky"]);
        let value_is = |name: &str, test: fn(&str) -> bool| {
            self.has(name, |value| Some(value.to_owned()), |value| test(&value))
        };
        self.display() == Some(Display::None)
            || self.has("opacity", number, |opacity: f32| opacity < OPACITY_MIN)
            || value_is("filter", |v| v.replace(' ', "").contains("opacity(0"))
            || value_is("mso-hide", |v| v == "all")
            || value_is("clip", |v| v.replace(' ', "").starts_with("rect(0") && !v.contains("auto"))
            || value_is("clip-path", |v| v.starts_with("inset(100%") || v.starts_with("inset(50%"))
            || value_is("transform", |v| v.replace(' ', "").contains("scale(0)") || is_moved_away(v))
            || far("text-indent")
            || far("margin-left")
            || far("margin-top")
            || (clipped && ["height", "max-height", "width", "max-width"].into_iter().any(nothing))
            || (moved && ["left", "top", "right", "bottom"].into_iter().any(far))
    }

    /// Whether paragraphs of this style stand without a gap between them.
    pub(crate) fn is_dense(&self) -> bool {
        let zero = |value: &str| Length::parse(value).map(|length| length.pixels(16.0) < 2.0);
        let side = |name: &str| self.find(name, zero);
        let all = self.find("margin", |value| value.split_whitespace().next().and_then(zero));
        side("margin-top").or(all) == Some(true) && side("margin-bottom").or(all) == Some(true)
    }

    /// Whether white space is kept as it is written.
    fn keeps_space(&self) -> Option<bool> {
        self.find("white-space", |value| match value {
            "pre" | "pre-wrap" | "pre-line" | "break-spaces" => Some(true),
            "normal" | "nowrap" => Some(false),
            _ => None,
        })
    }
}

/// How an element takes part in lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Display {
    Block,
    Inline,
    InlineBlock,
    None,
    Table,
}

/// What an element's text looks like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// Whether it and everything in it is hidden.
    is_gone: bool,
    is_invisible: bool,
    font_px: f32,
    color: Rgb,
    /// Nothing where it is a picture.
    background: Option<Rgb>,
    /// Whether white space is kept as it is written.
    pub(crate) keeps_space: bool,
}

impl Look {
    /// Of the page as a whole: mail is read in black on white unless it says otherwise.
    pub(crate) const fn page() -> Self {
        Self {
            is_gone: false,
            is_invisible: false,
            font_px: 16.0,
            color: BLACK,
            background: Some(WHITE),
            keeps_space: false,
        }
    }

    /// Of an element in one that looks like this.
    pub(crate) fn of<'a>(
        self,
        tag: &str,
        styles: &Styles,
        attribute: impl Fn(&str) -> Option<&'a str>,
    ) -> Self {
        let mut look = self;
        let size =
            styles.find("font-size", Length::font_size).or_else(|| styles.find("font", Length::of_font));
        look.font_px = size.map_or(self.font_px, |size| size.pixels(self.font_px));
        look.background = background(self.background, styles, &attribute);
        look.color = self.color_of(tag, styles, &attribute);
        let visibility = |value: &str| match value {
            "hidden" | "collapse" => Some(true),
            "visible" => Some(false),
            _ => None,
        };
        look.is_invisible = styles.find("visibility", visibility).unwrap_or(self.is_invisible);
        look.keeps_space = styles.keeps_space().unwrap_or(self.keeps_space || tag == "pre");
        // A button that Outlook draws from a conditional comment is a link that everybody else sees.
        let is_button =
            tag == "a" && styles.find("mso-hide", |value| (value == "all").then_some(())).is_some();
        look.is_gone |= attribute("hidden").is_some() || (styles.hides(look.font_px) && !is_button);
        look
    }

    /// Hidden with everything in it.
    pub(crate) const fn gone(self) -> Self {
        Self { is_gone: true, ..self }
    }

    /// Whether everything in it is hidden, whatever it says.
    pub(crate) const fn is_gone(self) -> bool {
        self.is_gone
    }

    /// Whether a box that looks like this is drawn, a picture for instance.
    pub(crate) const fn is_shown(self) -> bool {
        !self.is_gone && !self.is_invisible
    }

    /// Whether a reader sees text that looks like this.
    pub(crate) fn is_seen(self) -> bool {
        !self.is_gone
            && !self.is_invisible
            && self.font_px >= READABLE_PX
            && self.background.is_none_or(|background| color::is_seen(self.color, background))
    }

    fn color_of<'a>(self, tag: &str, styles: &Styles, attribute: &impl Fn(&str) -> Option<&'a str>) -> Rgb {
        let legacy = match tag {
            "font" => attribute("color"),
            "body" => attribute("text"),
            _ => None,
        };
        let own = styles
            .find("-webkit-text-fill-color", Color::parse)
            .or_else(|| styles.find("color", Color::parse))
            .or_else(|| legacy.and_then(|value| Color::parse(&value.to_ascii_lowercase())));
        let inherited = || if tag == "a" && attribute("href").is_some() { LINK } else { self.color };
        let inherits = styles.find("color", |value| (value == "inherit").then_some(())).is_some();
        match (own, self.background) {
            // On a picture the colour stays what it says.
            (Some(color), background) => color.over(background.unwrap_or(color.rgb)),
            (None, _) if inherits => self.color,
            (None, _) => inherited(),
        }
    }
}

/// The background an element has, which may be its own.
fn background<'a>(
    behind: Option<Rgb>,
    styles: &Styles,
    attribute: &impl Fn(&str) -> Option<&'a str>,
) -> Option<Rgb> {
    let is_picture = |value: &str| value.contains("url(") || value.contains("gradient(");
    let pictured = |name: &str| styles.find(name, |value| is_picture(value).then_some(())).is_some();
    if pictured("background") || pictured("background-image") || attribute("background").is_some() {
        return None;
    }
    // `background` is a shorthand: its colour is one of its words, or all of it.
    let shorthand =
        |value: &str| Color::parse(value).or_else(|| value.split_whitespace().find_map(Color::parse));
    let own = styles
        .find("background-color", Color::parse)
        .or_else(|| styles.find("background", shorthand))
        .or_else(|| attribute("bgcolor").and_then(|value| Color::parse(&value.to_ascii_lowercase())));
    match own {
        Some(color) => {
            Some(color.over(behind.unwrap_or(WHITE))).filter(|_| behind.is_some() || color.alpha >= 1.0)
        }
        None => behind,
    }
}

/// A length that does not depend on what is around: a percentage of an unknown height is not nothing.
fn fixed(value: &str) -> Option<Length> {
    if value.ends_with('%') && value != "0%" { None } else { Length::parse(value) }
}

fn is_moved_away(value: &str) -> bool {
    let lengths = value.split(['(', ',', ')']).filter_map(Length::parse);
    value.contains("translate") && lengths.into_iter().any(|length| length.pixels(16.0).abs() > -FAR_PX)
}

#[cfg(test)]
mod tests;
