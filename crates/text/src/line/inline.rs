//! Spans as markdown.

use super::address;
use super::{Span, Style};

/// Where spans are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a cell of a table.
    Cell,
    /// At the start of a line, where signs may be structure.
    Start,
    /// Behind something.
    Within,
}

/// The markdown of spans.
pub(super) fn write(spans: &[Span], place: Place) -> String {
    let mut out = String::new();
    let mut rest = spans;
    while let Some(first) = rest.first() {
        let count = rest.iter().take_while(|span| span.link == first.link).count();
        let (group, behind) = rest.split_at(count);
        rest = behind;
        let text = styled(group);
        let trimmed = text.trim_start();
        out.push_str(text.get(..text.len() - trimmed.len()).unwrap_or_default());
        match &first.link {
            Some(url) if !trimmed.is_empty() => {
                let label: String = group.iter().map(|span| span.text.as_str()).collect();
                out.push_str(&link(trimmed, label.trim(), url));
            }
            _ => out.push_str(trimmed),
        }
    }
    let out = out.trim();
    match place {
        Place::Cell => out.replace('|', "\\|"),
        Place::Start => escaped_start(out),
        Place::Within => out.to_owned(),
    }
}

fn link(text: &str, label: &str, url: &str) -> String {
    if !address::is_same(label, url) {
        return format!("[{text}]({url})");
    }
    if url.starts_with("mailto:") { label.to_owned() } else { url.to_owned() }
}

/// The text of spans with the signs of their styles; white space stays outside of them.
fn styled(spans: &[Span]) -> String {
    let mut out = String::new();
    let mut open = Style::default();
    for span in spans {
        let core = span.text.trim_start();
        let space = span.text.get(..span.text.len() - core.len()).unwrap_or_default();
        if core.is_empty() {
            out.push_str(space);
            continue;
        }
        if span.style == open {
            out.push_str(space);
        } else {
            close(&mut out, open);
            out.push_str(space);
            out.push_str(&signs(span.style));
            open = span.style;
        }
        if span.style.has(Style::CODE) {
            out.push_str(&core.replace('`', "'"));
        } else {
            out.push_str(&escaped(core));
        }
    }
    close(&mut out, open);
    out
}

/// Ends a style before the white space that is at the end.
fn close(out: &mut String, style: Style) {
    let signs: String = signs(style).chars().rev().collect();
    if signs.is_empty() {
        return;
    }
    let end = out.trim_end().len();
    let space = out.split_off(end);
    out.push_str(&signs);
    out.push_str(&space);
}

/// The signs that open a style; reversed, they close it.
fn signs(style: Style) -> String {
    let mut signs = String::new();
    for (style_of_sign, sign) in
        [(Style::STRUCK, "~~"), (Style::BOLD, "**"), (Style::ITALIC, "*"), (Style::CODE, "`")]
    {
        if style.has(style_of_sign) {
            signs.push_str(sign);
        }
    }
    signs
}

/// Text of the author that would be a link, or a picture from elsewhere.
fn escaped(text: &str) -> String {
    text.replace("](", "]\\(")
}

/// Text that would be a heading, a quote or the end of everything readable where it stands.
fn escaped_start(text: &str) -> String {
    let hashes = text.len() - text.trim_start_matches('#').len();
    let is_heading = (1..=6).contains(&hashes)
        && text.get(hashes..).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
    if is_heading || text.starts_with('>') || text.starts_with("```") || text.starts_with("~~~") {
        format!("\\{text}")
    } else {
        text.to_owned()
    }
}
