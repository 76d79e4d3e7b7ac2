//! Where letters stand and what they look like (ISO 32000-2, 8.4 and 9.3).

use hayro_font::Font;
use hayro_font::kurbo::{Affine, Point};
use hayro_syntax::object::{Number, Rect};

/// The graphics state, as far as it concerns text.
#[derive(Clone)]
pub(super) struct State<'a> {
    /// From user space to the page.
    pub(super) page: Affine,
    /// The font, where one is set and can be read.
    pub(super) font: Option<Font<'a>>,
    /// Its size.
    pub(super) size: f64,
    /// What is added behind each character.
    pub(super) character_space: f64,
    /// What is added behind each space.
    pub(super) word_space: f64,
    /// Horizontal scaling; 1 for none.
    pub(super) scale: f64,
    /// Distance of lines.
    pub(super) leading: f64,
    /// Distance from the base line.
    pub(super) rise: f64,
    /// Whether letters are drawn invisibly.
    pub(super) is_invisible: bool,
    /// Whether areas and letters are filled with white.
    pub(super) is_white: bool,
}

impl Default for State<'_> {
    fn default() -> Self {
        Self {
            page: Affine::IDENTITY,
            font: None,
            size: 0.0,
            character_space: 0.0,
            word_space: 0.0,
            scale: 1.0,
            leading: 0.0,
            rise: 0.0,
            is_invisible: false,
            is_white: false,
        }
    }
}

/// A rectangle of the page, upright.
#[derive(Clone, Copy, Debug)]
pub(super) struct Region {
    low: Point,
    high: Point,
}

impl Default for Region {
    /// Nothing.
    fn default() -> Self {
        Self {
            low: Point::new(f64::INFINITY, f64::INFINITY),
            high: Point::new(f64::NEG_INFINITY, f64::NEG_INFINITY),
        }
    }
}

impl Region {
    /// A box of the document.
    pub(super) const fn of(rect: Rect) -> Self {
        Self { low: Point::new(rect.x0, rect.y0), high: Point::new(rect.x1, rect.y1) }
    }

    /// Grows to hold a point.
    pub(super) const fn include(&mut self, point: Point) {
        self.low = Point::new(self.low.x.min(point.x), self.low.y.min(point.y));
        self.high = Point::new(self.high.x.max(point.x), self.high.y.max(point.y));
    }

    /// Whether a point lies in it.
    pub(super) fn holds(&self, point: Point) -> bool {
        (self.low.x..=self.high.x).contains(&point.x) && (self.low.y..=self.high.y).contains(&point.y)
    }

    /// Whether it has an area.
    pub(super) fn has_area(&self) -> bool {
        self.high.x > self.low.x && self.high.y > self.low.y
    }
}

/// Whether a colour is white, by the number of its components: grey, RGB or CMYK.
pub(super) fn is_white(components: &[Number]) -> bool {
    let mut values = components.iter().map(Number::as_f64);
    match components.len() {
        1 | 3 => values.all(|value| value >= 0.99),
        4 => values.all(|value| value <= 0.01),
        _ => false,
    }
}
