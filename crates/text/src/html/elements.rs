//! What elements are, as a table.
//!
//! Source: the HTML standard, section 15 (rendering).

/// What an element means for the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A box of its own, with a gap around it or without.
    Block {
        gap: bool,
    },
    Bold,
    Break,
    Cell {
        header: bool,
    },
    Code,
    Heading(u8),
    /// Shown as the text in it.
    Inline,
    Italic,
    Item,
    Link,
    List {
        ordered: bool,
    },
    /// Content that is no text for anybody: dropped without being counted.
    NoText,
    /// Content that a browser has and does not show: dropped and counted.
    NotShown,
    Picture,
    Pre,
    Quote,
    Row,
    Rule,
    Strike,
    Table,
}

/// The kind of an element; unknown ones are shown as the text in them.
pub(crate) fn kind(tag: &str) -> Kind {
    let found = KINDS.binary_search_by_key(&tag, |(name, _)| name).ok().and_then(|at| KINDS.get(at));
    found.map_or(Kind::Inline, |(_, kind)| *kind)
}

const LINE: Kind = Kind::Block { gap: false };
const GAP: Kind = Kind::Block { gap: true };

/// In alphabetical order. What is not listed is inline.
const KINDS: [(&str, Kind); 83] = [
    ("a", Kind::Link),
    ("address", LINE),
    ("applet", Kind::NoText),
    ("area", Kind::NotShown),
    ("article", LINE),
    ("aside", LINE),
    ("audio", Kind::NoText),
    ("b", Kind::Bold),
    ("blockquote", Kind::Quote),
    ("body", LINE),
    ("br", Kind::Break),
    ("canvas", Kind::NoText),
    ("caption", GAP),
    ("center", LINE),
    ("code", Kind::Code),
    ("datalist", Kind::NotShown),
    ("dd", LINE),
    ("del", Kind::Strike),
    ("details", LINE),
    ("dialog", Kind::NotShown),
    ("dir", Kind::List { ordered: false }),
    ("div", LINE),
    ("dl", GAP),
    ("dt", LINE),
    ("em", Kind::Italic),
    ("embed", Kind::NoText),
    ("emoji", Kind::Picture),
    ("fieldset", LINE),
    ("figcaption", LINE),
    ("figure", GAP),
    ("footer", LINE),
    ("form", LINE),
    ("frameset", Kind::NoText),
    ("h1", Kind::Heading(1)),
    ("h2", Kind::Heading(2)),
    ("h3", Kind::Heading(3)),
    ("h4", Kind::Heading(4)),
    ("h5", Kind::Heading(5)),
    ("h6", Kind::Heading(6)),
    ("head", Kind::NoText),
    ("header", LINE),
    ("hr", Kind::Rule),
    ("i", Kind::Italic),
    ("iframe", Kind::NoText),
    ("img", Kind::Picture),
    ("legend", LINE),
    ("li", Kind::Item),
    ("listing", Kind::Pre),
    ("main", LINE),
    ("menu", Kind::List { ordered: false }),
    ("nav", LINE),
    ("noembed", Kind::NoText),
    ("noframes", Kind::NoText),
    ("noscript", Kind::NotShown),
    ("object", Kind::NoText),
    ("ol", Kind::List { ordered: true }),
    ("optgroup", Kind::NotShown),
    ("option", Kind::NotShown),
    ("p", GAP),
    ("pre", Kind::Pre),
    ("rp", Kind::NotShown),
    ("s", Kind::Strike),
    ("samp", Kind::Code),
    ("script", Kind::NoText),
    ("section", LINE),
    ("select", Kind::NotShown),
    ("strike", Kind::Strike),
    ("strong", Kind::Bold),
    ("style", Kind::NoText),
    ("summary", LINE),
    ("svg", Kind::NotShown),
    ("table", Kind::Table),
    ("td", Kind::Cell { header: false }),
    ("template", Kind::NotShown),
    ("textarea", LINE),
    ("th", Kind::Cell { header: true }),
    ("title", Kind::NotShown),
    ("tr", Kind::Row),
    ("tt", Kind::Code),
    ("ul", Kind::List { ordered: false }),
    ("video", Kind::NoText),
    ("xml", Kind::NoText),
    ("xmp", Kind::Pre),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kinds_can_be_searched() {
        assert!(KINDS.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert_eq!(kind("p"), GAP);
        assert_eq!(kind("o:p"), Kind::Inline);
    }
}
