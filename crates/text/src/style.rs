//! Whether an inline style hides its element.
//!
//! Source: CSS Syntax level 3 (comments, escapes) and the ways mail hides text: display, visibility, opacity, size,
//! position, colour, Outlook's `mso-hide`. A list of known ways, erring towards hidden; text of an ordinary style
//! stays.

/// Whether any declaration hides.
pub(super) fn hides(style: &str) -> bool {
    let plain = unescape(&without_comments(style)).to_ascii_lowercase();
    let declarations: Vec<(&str, &str)> = plain.split(';').filter_map(declaration).collect();
    let has =
        |name: &str, test: fn(&str) -> bool| declarations.iter().any(|(n, value)| *n == name && test(value));
    let clipped =
        has("overflow", |v| v.starts_with("hidden")) || has("overflow-y", |v| v.starts_with("hidden"));
    let away = has("position", |v| matches!(v, "absolute" | "fixed"));
    has("display", |v| v.starts_with("none"))
        || has("visibility", |v| v.starts_with("hidden") || v.starts_with("collapse"))
        || has("opacity", |v| below(v, 0.05))
        || has("font-size", |v| below(v, 2.0) && !v.ends_with("em"))
        || has("font-size", |v| v.ends_with("em") && below(v, 0.15))
        || has("font", |v| {
            v.split_whitespace().any(|part| part == "0" || part.starts_with("0px") || part.starts_with("0/"))
        })
        || has("mso-hide", |v| v.starts_with("all"))
        || has("color", is_transparent)
        || (has("color", is_white) && !declarations.iter().any(|(name, _)| name.starts_with("background")))
        || has("text-indent", is_far)
        || has("clip", |v| v.starts_with("rect(0"))
        || has("clip-path", |v| v.starts_with("inset(100%") || v.starts_with("inset(50%"))
        || has("transform", |v| v.starts_with("scale(0)"))
        || (clipped
            && ["height", "max-height", "width", "max-width"].iter().any(|name| has(name, |v| below(v, 2.0))))
        || (away && ["left", "top", "right", "bottom"].iter().any(|name| has(name, is_far)))
}

fn declaration(text: &str) -> Option<(&str, &str)> {
    let (name, value) = text.split_once(':')?;
    Some((name.trim(), value.trim().trim_end_matches("!important").trim_end()))
}

/// Whether a length or number is below a bound, whatever its unit.
fn below(value: &str, bound: f64) -> bool {
    let digits =
        value.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(value.len());
    value.get(..digits).and_then(|number| number.parse::<f64>().ok()).is_some_and(|number| number < bound)
        && !value.ends_with("rem")
}

fn is_far(value: &str) -> bool {
    below(value, -500.0)
}

/// Mail is read on white unless it says otherwise, and hidden text relies on that.
fn is_white(value: &str) -> bool {
    let value: String = value.split_whitespace().collect();
    matches!(value.as_str(), "white" | "#fff" | "#ffffff" | "rgb(255,255,255)")
}

fn is_transparent(value: &str) -> bool {
    let value: String = value.split_whitespace().collect();
    value == "transparent"
        || (value.starts_with("rgba(") || value.starts_with("hsla("))
            && (value.ends_with(",0)") || value.ends_with(",0.0)"))
        || (value.starts_with('#') && value.len() == 9 && value.ends_with("00"))
}

fn without_comments(style: &str) -> String {
    let mut plain = String::with_capacity(style.len());
    let mut rest = style;
    while let Some((before, behind)) = rest.split_once("/*") {
        plain.push_str(before);
        rest = behind.split_once("*/").map_or("", |(_, behind)| behind);
    }
    plain.push_str(rest);
    plain
}

fn unescape(style: &str) -> String {
    let mut plain = String::with_capacity(style.len());
    let mut signs = style.chars().peekable();
    while let Some(c) = signs.next() {
        if c != '\\' {
            plain.push(c);
            continue;
        }
        let mut code = String::new();
        while let Some(digit) = signs.next_if(|c| c.is_ascii_hexdigit() && code.len() < 6) {
            code.push(digit);
        }
        if code.is_empty() {
            plain.extend(signs.next());
        } else {
            plain.extend(u32::from_str_radix(&code, 16).ok().and_then(char::from_u32));
            let _ = signs.next_if(char::is_ascii_whitespace);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_styles_hide_nothing() {
        for style in [
            "",
            "color:#333;font-size:11pt",
            "margin:0;padding:0",
            "font-family:\"MS \\@Gothic\"",
            "line-height:0",
            "display:inline-block",
            "opacity:1",
            "font-size:0.9em",
            "font-size:0.8rem",
            "width:0",
            "left:-10px;position:relative",
            "background:white",
            "color:#fff;background-color:#0078d4",
            "font:12px/1.4 Arial",
            "border-color:transparent",
        ] {
            assert!(!hides(style), "{style}");
        }
    }

    #[test]
    fn known_ways_of_hiding_are_seen_through_comments_case_and_escapes() {
        for style in [
            "display:none",
            "Display:NONE",
            "dis\\70lay:none",
            "display:none/**/",
            "color:red;display:none",
            "font:0/0 a",
            "font:0px/0 Arial",
            "text-indent:-9999px",
            "position:fixed;top:-2000px",
            "color: rgba(0, 0, 0, 0)",
            "color:#00000000",
            "clip:rect(0 0 0 0)",
            "height:0;overflow:hidden",
            "font-size:1px",
            "font-size:.1em",
            "opacity:.01",
        ] {
            assert!(hides(style), "{style}");
        }
    }
}
