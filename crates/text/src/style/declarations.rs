//! Declarations of a style, as far as they decide what is seen.
//!
//! Source: CSS Syntax level 3, sections 4 and 5 (comments, strings, escapes, declarations). Names that say nothing about
//! visibility or structure are dropped at once.

/// The properties that are looked at, in alphabetical order.
const KNOWN: [&str; 37] = [
    "-webkit-text-fill-color",
    "background",
    "background-color",
    "background-image",
    "border",
    "border-top",
    "bottom",
    "clip",
    "clip-path",
    "color",
    "display",
    "filter",
    "font",
    "font-size",
    "font-weight",
    "height",
    "left",
    "margin",
    "margin-bottom",
    "margin-left",
    "margin-top",
    "max-height",
    "max-width",
    "mso-hide",
    "mso-list",
    "opacity",
    "overflow",
    "overflow-x",
    "overflow-y",
    "position",
    "right",
    "text-indent",
    "top",
    "transform",
    "visibility",
    "white-space",
    "width",
];

/// One declaration; name and value in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declaration {
    pub(crate) name: &'static str,
    pub(crate) value: String,
    pub(crate) is_important: bool,
}

/// The known declarations of a style, in their order.
pub(crate) fn declarations(style: &str) -> Vec<Declaration> {
    let mut found = Vec::new();
    let mut reader = Reader::default();
    let mut signs = style.chars().peekable();
    while let Some(c) = signs.next() {
        match (reader.quote, c) {
            (None, '/') if signs.next_if_eq(&'*').is_some() => skip_comment(&mut signs),
            (_, '\\') => reader.text.extend(unescaped(&mut signs).map(|c| c.to_ascii_lowercase())),
            (None, ';') => found.extend(reader.take()),
            (None, '"' | '\'') => reader.quote = Some(c),
            (Some(open), c) if open == c => reader.quote = None,
            _ => reader.text.push(c.to_ascii_lowercase()),
        }
    }
    found.extend(reader.take());
    found
}

#[derive(Default)]
struct Reader {
    text: String,
    quote: Option<char>,
}

impl Reader {
    /// The declaration that ends here.
    fn take(&mut self) -> Option<Declaration> {
        let text = std::mem::take(&mut self.text);
        let (name, value) = text.split_once(':')?;
        let name = known(name.trim())?;
        let value = value.trim();
        let plain = value.strip_suffix("important").map(str::trim_end).and_then(|v| v.strip_suffix('!'));
        let is_important = plain.is_some();
        Some(Declaration { name, value: plain.unwrap_or(value).trim_end().to_owned(), is_important })
    }
}

fn known(name: &str) -> Option<&'static str> {
    KNOWN.binary_search(&name).ok().and_then(|at| KNOWN.get(at)).copied()
}

fn skip_comment(signs: &mut impl Iterator<Item = char>) {
    let mut before = ' ';
    for c in signs {
        if before == '*' && c == '/' {
            return;
        }
        before = c;
    }
}

fn unescaped(signs: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Option<char> {
    let mut code = String::new();
    while let Some(digit) = signs.next_if(|c| c.is_ascii_hexdigit() && code.len() < 6) {
        code.push(digit);
    }
    if code.is_empty() {
        return signs.next();
    }
    let _ = signs.next_if(char::is_ascii_whitespace);
    u32::from_str_radix(&code, 16).ok().and_then(char::from_u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_known_properties_can_be_searched() {
        assert!(KNOWN.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn comments_case_escapes_and_strings_are_read_as_a_browser_reads_them() {
        let value = |style: &str, name: &str| {
            declarations(style).into_iter().rfind(|d| d.name == name).map(|d| (d.value, d.is_important))
        };
        for style in [
            "display:none",
            "Display : NONE",
            "dis\\70lay:none",
            "d\\69 splay:no\\6e E",
            "display:/**/none",
            "font-family:'/*';display:none",
            "color:red;;display:none;",
        ] {
            assert_eq!(value(style, "display"), Some(("none".to_owned(), false)), "{style}");
        }
        assert_eq!(value("display:none ! important", "display"), Some(("none".to_owned(), true)));
        for style in ["", "display", "/*display:none*/", "font-family:'display:none'", "x-display:none"] {
            assert_eq!(value(style, "display"), None, "{style}");
        }
    }
}
