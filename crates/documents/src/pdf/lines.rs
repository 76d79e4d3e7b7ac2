//! Lines and paragraphs out of pieces of text and where they stand.

use hayro_font::kurbo::{Point, Vec2};

use crate::output::Output;

/// Parts of the height of letters that decide what belongs together.
const SAME_LINE: f64 = 0.5;
const NEXT_PARAGRAPH: f64 = 1.8;
const SPACE: f64 = 0.15;

/// Who sees a piece of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visibility {
    /// Everyone.
    Shown,
    /// Nobody, unless it is what a scan shows.
    Layer,
    /// Nobody.
    Hidden,
}

/// A piece of text on a line.
#[derive(Debug)]
pub(super) struct Span {
    text: String,
    visibility: Visibility,
    height: f64,
    direction: Vec2,
    /// Along the direction of writing.
    start: f64,
    end: f64,
    /// Across it, growing upwards.
    base: f64,
}

impl Span {
    /// A piece of text between two points of the page, written in a direction with letters of a height.
    pub(super) fn new(text: String, start: Point, end: Point, direction: Vec2, height: f64) -> Self {
        let length = direction.hypot();
        let direction = if length > 0.0 { direction / length } else { Vec2::new(1.0, 0.0) };
        Self {
            text,
            visibility: Visibility::Shown,
            height,
            direction,
            start: direction.dot(start.to_vec2()),
            end: direction.dot(end.to_vec2()),
            base: direction.cross(start.to_vec2()),
        }
    }

    /// The same with who sees it.
    pub(super) fn seen(self, visibility: Visibility) -> Self {
        Self { visibility, ..self }
    }

    /// What stands between the piece before and this one; nothing where it is the same piece again.
    fn separator(&self, before: &Self) -> Option<&'static str> {
        let height = self.height.max(before.height);
        let turned = self.direction.dot(before.direction) < 0.9;
        let down = (before.base - self.base).abs();
        if turned || down > height * NEXT_PARAGRAPH {
            return Some("\n\n");
        }
        let gap = self.start - before.end;
        let is_same_place = down < height * SPACE && (self.start - before.start).abs() < height * SPACE;
        if is_same_place && self.text == before.text {
            return None;
        }
        if down > height * SAME_LINE || gap < -height {
            return Some("\n");
        }
        let touches = before.text.ends_with(' ') || self.text.starts_with(' ');
        Some(if gap > height * SPACE && !touches { " " } else { "" })
    }
}

/// Writes the text of a page under its heading; nothing where there is none.
pub(super) fn write(heading: &str, spans: &[Span], output: &mut Output) {
    let is_shown = |span: &&Span| span.visibility == Visibility::Shown && !span.text.trim().is_empty();
    let seen = if spans.iter().any(|span| is_shown(&span)) { Visibility::Shown } else { Visibility::Layer };
    let mut text = String::new();
    let mut before: Option<&Span> = None;
    for span in spans {
        if span.visibility != seen {
            output.hide(&span.text);
            continue;
        }
        let separator = before.map_or(Some(""), |before| span.separator(before));
        if let Some(separator) = separator {
            text.push_str(separator);
            text.push_str(&span.text);
        }
        before = Some(span);
    }
    if text.trim().is_empty() {
        return;
    }
    output.block("## ", heading);
    for paragraph in text.split("\n\n") {
        for (number, line) in paragraph.lines().enumerate() {
            if number == 0 {
                output.block("", line);
            } else {
                output.line("", line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str, x: f64, y: f64) -> Span {
        let width = 5.0 * f64::from(u32::try_from(text.len()).unwrap());
        let direction = Vec2::new(1.0, 0.0);
        Span::new(text.to_owned(), Point::new(x, y), Point::new(x + width, y), direction, 10.0)
    }

    fn written(spans: &[Span]) -> (String, usize) {
        let mut output = Output::new(1000);
        write("Page 1", spans, &mut output);
        let text = output.finish();
        (text.text, text.hidden)
    }

    #[test]
    fn pieces_become_words_lines_and_paragraphs() {
        let spans = [
            span("Hel", 0.0, 100.0),
            span("lo", 15.0, 100.0),
            span("world", 28.0, 100.0),
            span("again", 0.0, 88.0),
            span("again", 0.1, 88.0),
            span("New", 0.0, 50.0),
        ];
        assert_eq!(written(&spans).0, "## Page 1\n\nHello world\nagain\n\nNew");
    }

    #[test]
    fn what_nobody_sees_is_counted_and_the_layer_of_a_scan_is_read() {
        let layer = || span("layer", 0.0, 10.0).seen(Visibility::Layer);
        let shown = || span("shown", 0.0, 50.0);
        assert_eq!(written(&[shown(), layer()]), ("## Page 1\n\nshown".to_owned(), 5));
        assert_eq!(written(&[layer()]), ("## Page 1\n\nlayer".to_owned(), 0));
        let hidden = span("hidden", 0.0, 10.0).seen(Visibility::Hidden);
        assert_eq!(written(&[hidden]), (String::new(), 6));
    }
}
