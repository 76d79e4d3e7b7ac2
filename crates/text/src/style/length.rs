//! Lengths, in pixels of CSS.
//!
//! Source: CSS Values level 4, section 6. What depends on the window or on arithmetic is not read.

/// A length: some pixels, or so many times the font's size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Length {
    Pixels(f32),
    /// Multiples of the font size where it stands; of the parent's where it is a font size.
    Fonts(f32),
}

/// Sizes that have names.
const NAMED: [(&str, Length); 9] = [
    ("xx-small", Length::Pixels(9.0)),
    ("x-small", Length::Pixels(10.0)),
    ("small", Length::Pixels(13.0)),
    ("medium", Length::Pixels(16.0)),
    ("large", Length::Pixels(18.0)),
    ("x-large", Length::Pixels(24.0)),
    ("xx-large", Length::Pixels(32.0)),
    ("smaller", Length::Fonts(0.83)),
    ("larger", Length::Fonts(1.2)),
];

/// Units, and how many pixels one is.
const UNITS: [(&str, f32); 8] = [
    ("px", 1.0),
    ("", 1.0),
    ("pt", 4.0 / 3.0),
    ("pc", 16.0),
    ("in", 96.0),
    ("cm", 37.8),
    ("mm", 3.78),
    ("rem", 16.0),
];

impl Length {
    /// A length with its unit; a bare number is of pixels, as mail readers take it.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        let digits =
            value.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '-' | '+')).unwrap_or(value.len());
        let (number, unit) = value.split_at(digits);
        let number: f32 = number.parse().ok()?;
        match unit {
            "em" => Some(Self::Fonts(number)),
            "ex" | "ch" => Some(Self::Fonts(number / 2.0)),
            "%" => Some(Self::Fonts(number / 100.0)),
            _ => {
                let (_, pixels) = UNITS.iter().find(|(name, _)| *name == unit)?;
                Some(Self::Pixels(number * pixels))
            }
        }
    }

    /// A font size, which may have a name.
    pub(crate) fn font_size(value: &str) -> Option<Self> {
        let named = NAMED.iter().find(|(name, _)| *name == value).map(|(_, size)| *size);
        named.or_else(|| Self::parse(value)).filter(|size| size.pixels(16.0) >= 0.0)
    }

    /// The size within the shorthand `font`.
    pub(crate) fn of_font(value: &str) -> Option<Self> {
        let size = |part: &str| {
            let size = part.split('/').next().unwrap_or_default();
            // A bare number other than zero is a weight.
            let is_weight = size != "0" && size.bytes().all(|byte| byte.is_ascii_digit());
            if is_weight { None } else { Self::font_size(size) }
        };
        value.split_whitespace().find_map(size)
    }

    /// Pixels where the font has so many.
    pub(crate) fn pixels(self, font: f32) -> f32 {
        match self {
            Self::Pixels(pixels) => pixels,
            Self::Fonts(times) => times * font,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_become_pixels() {
        for (value, pixels) in
            [("12px", 12.0), ("9pt", 12.0), ("0", 0.0), ("-9999px", -9999.0), (".5em", 5.0), ("150%", 15.0)]
        {
            assert!((Length::parse(value).unwrap().pixels(10.0) - pixels).abs() < 0.01, "{value}");
        }
        for value in ["", "auto", "calc(1px + 2px)", "12furlongs", "normal"] {
            assert_eq!(Length::parse(value), None, "{value}");
        }
    }

    #[test]
    fn the_size_is_found_in_a_font() {
        assert_eq!(Length::of_font("bold 12px/1.4 Arial"), Some(Length::Pixels(12.0)));
        assert_eq!(Length::of_font("0/0 a"), Some(Length::Pixels(0.0)));
        assert_eq!(Length::of_font("700 1em serif"), Some(Length::Fonts(1.0)));
        assert_eq!(Length::of_font("inherit"), None);
    }
}
