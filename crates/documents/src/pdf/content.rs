//! The instructions that draw a page (ISO 32000-2, 8.2 and annex A).

use hayro_font::hayro_cmap::BfString;
use hayro_font::kurbo::{Affine, Point, Vec2};
use hayro_font::{Font, FontGlyph};
use hayro_syntax::content::{TypedIter, ops};
use hayro_syntax::object::{Dict, Name, Number, Object, Stream};
use hayro_syntax::page::Resources;
use ops::TypedInstruction as Op;

use crate::Result;

use super::lines::{Span, Visibility};
use super::state::{Region, State, is_white};
use super::{Drawn, Reader};

/// Deepest nesting of forms.
const FORMS_MAX: usize = 8;
/// Deepest nesting of saved states.
const STATES_MAX: usize = 256;
/// Most painted areas that are remembered.
const PAINTED_MAX: usize = 500;
/// Most pieces of text of a page.
const SPANS_MAX: usize = 200_000;
/// Letters of this height and less cannot be seen, in points.
const INVISIBLE_POINTS: f64 = 1.0;
const UNITS_PER_EM: f64 = hayro_font::UNITS_PER_EM as f64;

/// A drawing that is being followed.
pub(super) struct Content<'r, 'a> {
    reader: &'r mut Reader<'a>,
    drawn: &'r mut Drawn,
    state: State<'a>,
    saved: Vec<State<'a>>,
    text: Affine,
    line: Affine,
    path: Region,
}

impl<'r, 'a> Content<'r, 'a> {
    /// Begins with an empty page.
    pub(super) fn new(reader: &'r mut Reader<'a>, drawn: &'r mut Drawn) -> Self {
        Self {
            reader,
            drawn,
            state: State::default(),
            saved: Vec::new(),
            text: Affine::IDENTITY,
            line: Affine::IDENTITY,
            path: Region::default(),
        }
    }

    /// Follows instructions; `depth` counts the forms around them.
    pub(super) fn draw(&mut self, drawing: &[u8], resources: &Resources<'a>, depth: usize) -> Result<()> {
        let mut instructions = TypedIter::new(drawing);
        while let Some(instruction) = instructions.next() {
            let Some(left) = self.reader.operations_left.checked_sub(1) else { return Ok(()) };
            self.reader.operations_left = left;
            match instruction {
                Op::XObject(ops::XObject(name)) => self.draw_object(name, resources, depth)?,
                Op::TextFont(ops::TextFont(name, size)) => {
                    self.state.size = size.as_f64();
                    self.state.font = resources.get_font(name).and_then(|dict| self.font(&dict));
                }
                Op::ShowText(ops::ShowText(text)) => self.show(text.as_bytes()),
                Op::NextLineAndShowText(ops::NextLineAndShowText(text)) => {
                    self.next_line(0.0, -self.state.leading);
                    self.show(text.as_bytes());
                }
                Op::ShowTextWithParameters(ops::ShowTextWithParameters(word, character, text)) => {
                    self.state.word_space = word.as_f64();
                    self.state.character_space = character.as_f64();
                    self.next_line(0.0, -self.state.leading);
                    self.show(text.as_bytes());
                }
                Op::ShowTexts(ops::ShowTexts(parts)) => {
                    for part in parts.iter::<Object<'_>>() {
                        match part {
                            Object::String(text) => self.show(text.as_bytes()),
                            Object::Number(number) => self.adjust(number.as_f64()),
                            _ => {}
                        }
                    }
                }
                other => self.change(&other),
            }
        }
        Ok(())
    }

    /// Instructions that draw no text.
    fn change(&mut self, instruction: &Op<'_, '_>) {
        match instruction {
            Op::SaveState(_) if self.saved.len() < STATES_MAX => self.saved.push(self.state.clone()),
            Op::RestoreState(_) => self.state = self.saved.pop().unwrap_or_else(|| self.state.clone()),
            Op::Transform(m) => self.state.page *= affine([&m.0, &m.1, &m.2, &m.3, &m.4, &m.5]),
            Op::BeginText(_) => (self.text, self.line) = (Affine::IDENTITY, Affine::IDENTITY),
            Op::SetTextMatrix(m) => {
                self.line = affine([&m.0, &m.1, &m.2, &m.3, &m.4, &m.5]);
                self.text = self.line;
            }
            Op::NextLine(ops::NextLine(x, y)) => self.next_line(x.as_f64(), y.as_f64()),
            Op::NextLineAndSetLeading(ops::NextLineAndSetLeading(x, y)) => {
                self.state.leading = -y.as_f64();
                self.next_line(x.as_f64(), y.as_f64());
            }
            Op::NextLineUsingLeading(_) => self.next_line(0.0, -self.state.leading),
            Op::CharacterSpacing(ops::CharacterSpacing(space)) => self.state.character_space = space.as_f64(),
            Op::WordSpacing(ops::WordSpacing(space)) => self.state.word_space = space.as_f64(),
            Op::HorizontalScaling(ops::HorizontalScaling(scale)) => self.state.scale = scale.as_f64() / 100.0,
            Op::TextLeading(ops::TextLeading(leading)) => self.state.leading = leading.as_f64(),
            Op::TextRise(ops::TextRise(rise)) => self.state.rise = rise.as_f64(),
            Op::TextRenderingMode(ops::TextRenderingMode(mode)) => {
                self.state.is_invisible = matches!(mode.as_i64(), 3 | 7);
            }
            other => self.paint(other),
        }
    }

    /// Instructions about colours and areas: what white letters may stand on.
    fn paint(&mut self, instruction: &Op<'_, '_>) {
        match instruction {
            Op::ColorSpaceNonStroke(_) => self.state.is_white = false,
            Op::NonStrokeColorDeviceGray(ops::NonStrokeColorDeviceGray(grey)) => {
                self.state.is_white = is_white(&[*grey]);
            }
            Op::NonStrokeColorDeviceRgb(ops::NonStrokeColorDeviceRgb(red, green, blue)) => {
                self.state.is_white = is_white(&[*red, *green, *blue]);
            }
            Op::NonStrokeColorCmyk(ops::NonStrokeColorCmyk(cyan, magenta, yellow, black)) => {
                self.state.is_white = is_white(&[*cyan, *magenta, *yellow, *black]);
            }
            Op::NonStrokeColor(ops::NonStrokeColor(components)) => self.state.is_white = is_white(components),
            Op::NonStrokeColorNamed(ops::NonStrokeColorNamed(components, pattern)) => {
                self.state.is_white = pattern.is_none() && is_white(components);
            }
            Op::MoveTo(ops::MoveTo(x, y))
            | Op::LineTo(ops::LineTo(x, y))
            | Op::CubicTo(ops::CubicTo(.., x, y))
            | Op::CubicStartTo(ops::CubicStartTo(.., x, y))
            | Op::CubicEndTo(ops::CubicEndTo(.., x, y)) => self.reach(x, y),
            Op::RectPath(ops::RectPath(x, y, width, height)) => {
                let (x, y) = (x.as_f64(), y.as_f64());
                for corner in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
                    let point = Point::new(x + corner.0 * width.as_f64(), y + corner.1 * height.as_f64());
                    self.path.include(self.state.page * point);
                }
            }
            Op::FillPathNonZero(_)
            | Op::FillPathNonZeroCompatibility(_)
            | Op::FillPathEvenOdd(_)
            | Op::FillAndStrokeNonZero(_)
            | Op::FillAndStrokeEvenOdd(_)
            | Op::CloseFillAndStrokeNonZero(_)
            | Op::CloseFillAndStrokeEvenOdd(_) => {
                let filled = std::mem::take(&mut self.path);
                if !self.state.is_white {
                    self.cover(filled);
                }
            }
            Op::EndPath(_) | Op::StrokePath(_) | Op::CloseAndStrokePath(_) => self.path = Region::default(),
            Op::Shading(_) => self.cover(self.drawn.shown),
            Op::InlineImage(_) => self.cover_unit_square(),
            _ => {}
        }
    }

    fn reach(&mut self, x: &Number, y: &Number) {
        self.path.include(self.state.page * Point::new(x.as_f64(), y.as_f64()));
    }

    fn cover(&mut self, region: Region) {
        if region.has_area() && self.drawn.painted.len() < PAINTED_MAX {
            self.drawn.painted.push(region);
        }
    }

    /// A picture fills the unit square.
    fn cover_unit_square(&mut self) {
        let mut region = Region::default();
        for corner in [(0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)] {
            region.include(self.state.page * Point::new(corner.0, corner.1));
        }
        self.cover(region);
    }

    /// Draws a form, or remembers where a picture is.
    fn draw_object(&mut self, name: &Name<'_>, resources: &Resources<'a>, depth: usize) -> Result<()> {
        let Some(stream) = resources.get_x_object(name) else { return Ok(()) };
        let kind = stream.dict().get::<Name<'_>>("Subtype");
        if kind.as_ref().is_some_and(|kind| kind.as_str() == "Image") {
            self.cover_unit_square();
            return Ok(());
        }
        if kind.is_none_or(|kind| kind.as_str() != "Form") || depth == FORMS_MAX {
            return Ok(());
        }
        self.draw_form(&stream, resources, depth)
    }

    fn draw_form(&mut self, form: &Stream<'a>, around: &Resources<'a>, depth: usize) -> Result<()> {
        let drawing = self.reader.unfolded(form)?;
        let own = form.dict().get::<Dict<'a>>("Resources").map(Resources::new);
        let outside = (self.state.clone(), std::mem::take(&mut self.saved), self.text, self.line);
        if let Some(matrix) = form.dict().get::<[f64; 6]>("Matrix") {
            self.state.page *= Affine::new(matrix);
        }
        let drawn = self.draw(&drawing, own.as_ref().unwrap_or(around), depth + 1);
        (self.state, self.saved, self.text, self.line) = outside;
        drawn
    }

    fn font(&self, dict: &Dict<'a>) -> Option<Font<'a>> {
        self.reader.fonts.font(dict, &self.reader.font_resolver, &self.reader.cmap_resolver)
    }

    fn next_line(&mut self, x: f64, y: f64) {
        self.line *= Affine::translate((x, y));
        self.text = self.line;
    }

    fn adjust(&mut self, thousandths: f64) {
        let distance = -thousandths / UNITS_PER_EM * self.state.size;
        let is_horizontal = self.state.font.as_ref().is_none_or(Font::is_horizontal);
        let shift = if is_horizontal { (distance * self.state.scale, 0.0) } else { (0.0, distance) };
        self.text *= Affine::translate(shift);
    }

    /// Draws the characters of a string as one piece of text.
    fn show(&mut self, bytes: &[u8]) {
        let Some(font) = self.state.font.clone() else { return };
        let start = self.place();
        let mut text = String::new();
        let mut at = 0;
        while at < bytes.len() {
            let (code, length) = font.read_code(bytes, at);
            at += length.max(1);
            push_character(&font, code, &mut text);
            self.advance(&font, code, length);
        }
        let (end, direction, height) = (self.place(), self.direction(), self.height());
        if text.is_empty() || self.drawn.spans.len() == SPANS_MAX {
            return;
        }
        let visibility = self.visibility(start, height);
        self.drawn.spans.push(Span::new(text, start, end, direction, height).seen(visibility));
    }

    fn advance(&mut self, font: &Font<'a>, code: u32, length: usize) {
        let state = &self.state;
        let advance = font.code_advance(code) / UNITS_PER_EM * state.size;
        let is_space = length == 1 && code == u32::from(b' ');
        let space = state.character_space + if is_space { state.word_space } else { 0.0 };
        let shift = if font.is_horizontal() {
            ((advance.x + space) * state.scale, 0.0)
        } else {
            (0.0, advance.y + space)
        };
        self.text *= Affine::translate(shift);
    }

    fn place(&self) -> Point {
        self.state.page * self.text * Point::new(0.0, self.state.rise)
    }

    fn direction(&self) -> Vec2 {
        let along = self.state.page * self.text;
        along * Point::new(1.0, 0.0) - along * Point::ORIGIN
    }

    fn height(&self) -> f64 {
        let along = self.state.page * self.text;
        (along * Point::new(0.0, self.state.size) - along * Point::ORIGIN).hypot()
    }

    fn visibility(&self, place: Point, height: f64) -> Visibility {
        let inside = Point::new(place.x, place.y + height / 4.0);
        let is_outside = self.drawn.shown.has_area() && !self.drawn.shown.holds(place);
        let on_something = || self.drawn.painted.iter().any(|region| region.holds(inside));
        if height < INVISIBLE_POINTS || is_outside {
            Visibility::Hidden
        } else if self.state.is_invisible {
            Visibility::Layer
        } else if self.state.is_white && !on_something() {
            Visibility::Hidden
        } else {
            Visibility::Shown
        }
    }
}

/// What a code stands for; nothing where the document does not tell.
fn push_character(font: &Font<'_>, code: u32, text: &mut String) {
    let character = match font.glyph(font.map_code(code), code) {
        FontGlyph::Outline(glyph) => glyph.as_unicode(),
        FontGlyph::Type3(glyph) => glyph.as_unicode(),
    };
    match character {
        Some(BfString::Char(character)) => text.push(character),
        Some(BfString::String(characters)) => text.push_str(&characters),
        None => {}
    }
}

fn affine(numbers: [&Number; 6]) -> Affine {
    Affine::new(numbers.map(Number::as_f64))
}
