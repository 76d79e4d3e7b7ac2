//! Colours, and whether one can be told from another.
//!
//! Source: CSS Color level 4 (hexadecimal, `rgb`, `hsl`, names); WCAG 2.2, relative luminance and contrast ratio.

/// Contrast below which text is not seen: 1 is the same colour, and the lightest grey that mail is really written in
/// (`#ddd` on white) has 1.36.
const SEEN_RATIO: f32 = 1.2;

/// An opaque colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rgb(pub(crate) u8, pub(crate) u8, pub(crate) u8);

/// A colour that may let through what is behind it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Color {
    pub(crate) rgb: Rgb,
    /// From 0, which is not there, to 1.
    pub(crate) alpha: f32,
}

pub(crate) const WHITE: Rgb = Rgb(255, 255, 255);
pub(crate) const BLACK: Rgb = Rgb(0, 0, 0);
/// What browsers give a link that has no colour of its own.
pub(crate) const LINK: Rgb = Rgb(0, 0, 238);

/// Names that mail uses, and all that are hardly seen on white; in alphabetical order.
const NAMES: [(&str, Rgb); 50] = [
    ("aliceblue", Rgb(240, 248, 255)),
    ("antiquewhite", Rgb(250, 235, 215)),
    ("aqua", Rgb(0, 255, 255)),
    ("azure", Rgb(240, 255, 255)),
    ("beige", Rgb(245, 245, 220)),
    ("black", BLACK),
    ("blue", Rgb(0, 0, 255)),
    ("brown", Rgb(165, 42, 42)),
    ("canvas", WHITE),
    ("cornsilk", Rgb(255, 248, 220)),
    ("darkblue", Rgb(0, 0, 139)),
    ("darkgray", Rgb(169, 169, 169)),
    ("darkgreen", Rgb(0, 100, 0)),
    ("darkgrey", Rgb(169, 169, 169)),
    ("darkred", Rgb(139, 0, 0)),
    ("dimgray", Rgb(105, 105, 105)),
    ("floralwhite", Rgb(255, 250, 240)),
    ("fuchsia", Rgb(255, 0, 255)),
    ("gainsboro", Rgb(220, 220, 220)),
    ("ghostwhite", Rgb(248, 248, 255)),
    ("gray", Rgb(128, 128, 128)),
    ("green", Rgb(0, 128, 0)),
    ("grey", Rgb(128, 128, 128)),
    ("honeydew", Rgb(240, 255, 240)),
    ("ivory", Rgb(255, 255, 240)),
    ("lavenderblush", Rgb(255, 240, 245)),
    ("lemonchiffon", Rgb(255, 250, 205)),
    ("lightcyan", Rgb(224, 255, 255)),
    ("lightgray", Rgb(211, 211, 211)),
    ("lightgrey", Rgb(211, 211, 211)),
    ("lightyellow", Rgb(255, 255, 224)),
    ("lime", Rgb(0, 255, 0)),
    ("linen", Rgb(250, 240, 230)),
    ("maroon", Rgb(128, 0, 0)),
    ("mintcream", Rgb(245, 255, 250)),
    ("navy", Rgb(0, 0, 128)),
    ("oldlace", Rgb(253, 245, 230)),
    ("olive", Rgb(128, 128, 0)),
    ("orange", Rgb(255, 165, 0)),
    ("purple", Rgb(128, 0, 128)),
    ("red", Rgb(255, 0, 0)),
    ("seashell", Rgb(255, 245, 238)),
    ("silver", Rgb(192, 192, 192)),
    ("snow", Rgb(255, 250, 250)),
    ("teal", Rgb(0, 128, 128)),
    ("white", WHITE),
    ("whitesmoke", Rgb(245, 245, 245)),
    ("window", WHITE),
    ("windowtext", BLACK),
    ("yellow", Rgb(255, 255, 0)),
];

impl Color {
    /// Reads a value in lower case; nothing where it is no colour, or depends on where it stands.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let value = value.trim();
        if value == "transparent" {
            return Some(Self { rgb: BLACK, alpha: 0.0 });
        }
        if let Some(digits) = value.strip_prefix('#') {
            return hexadecimal(digits);
        }
        if let Some((name, rest)) = value.split_once('(') {
            return function(name.trim(), rest.split(')').next().unwrap_or_default());
        }
        let named = NAMES.binary_search_by_key(&value, |(name, _)| name).ok();
        let named = named.and_then(|at| NAMES.get(at)).map(|(_, rgb)| Self { rgb: *rgb, alpha: 1.0 });
        // The standard's `bgcolor` and `color` attributes may leave out the sign.
        named.or_else(|| (value.len() == 6).then(|| hexadecimal(value)).flatten())
    }

    /// The colour that is seen where this one lies over another.
    pub(crate) fn over(self, behind: Rgb) -> Rgb {
        let mix = |own: u8, behind: u8| {
            channel(f32::from(own).mul_add(self.alpha, f32::from(behind) * (1.0 - self.alpha)))
        };
        Rgb(mix(self.rgb.0, behind.0), mix(self.rgb.1, behind.1), mix(self.rgb.2, behind.2))
    }
}

/// Whether text of one colour is seen on another.
pub(crate) fn is_seen(text: Rgb, background: Rgb) -> bool {
    let (one, other) = (luminance(text), luminance(background));
    (one.max(other) + 0.05) / (one.min(other) + 0.05) >= SEEN_RATIO
}

fn luminance(color: Rgb) -> f32 {
    let linear = |channel: u8| {
        let part = f32::from(channel) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    linear(color.0).mul_add(0.2126, linear(color.1).mul_add(0.7152, linear(color.2) * 0.0722))
}

fn hexadecimal(digits: &str) -> Option<Color> {
    let number = u32::from_str_radix(digits, 16).ok()?;
    let byte = |shift: u32| u8::try_from((number >> shift) & 0xff).unwrap_or_default();
    let nibble = |shift: u32| u8::try_from(((number >> shift) & 0xf) * 17).unwrap_or_default();
    let (rgb, alpha) = match digits.len() {
        3 => (Rgb(nibble(8), nibble(4), nibble(0)), 255),
        4 => (Rgb(nibble(12), nibble(8), nibble(4)), nibble(0)),
        6 => (Rgb(byte(16), byte(8), byte(0)), 255),
        8 => (Rgb(byte(24), byte(16), byte(8)), byte(0)),
        _ => return None,
    };
    Some(Color { rgb, alpha: f32::from(alpha) / 255.0 })
}

fn function(name: &str, arguments: &str) -> Option<Color> {
    let parts: Vec<&str> =
        arguments.split([',', '/', ' ']).map(str::trim).filter(|part| !part.is_empty()).collect();
    let number = |at: usize, whole: f32| {
        let part = parts.get(at)?;
        match part.strip_suffix('%') {
            Some(percent) => percent.parse::<f32>().ok().map(|percent| percent / 100.0 * whole),
            None => part.trim_end_matches("deg").parse::<f32>().ok(),
        }
    };
    let alpha = if parts.len() > 3 { number(3, 1.0)?.clamp(0.0, 1.0) } else { 1.0 };
    let rgb = match name {
        "rgb" | "rgba" => {
            Rgb(channel(number(0, 255.0)?), channel(number(1, 255.0)?), channel(number(2, 255.0)?))
        }
        "hsl" | "hsla" => hsl(number(0, 360.0)?, number(1, 1.0)?, number(2, 1.0)?),
        _ => return None,
    };
    Some(Color { rgb, alpha })
}

fn hsl(hue: f32, saturation: f32, lightness: f32) -> Rgb {
    let (saturation, lightness) = (saturation.clamp(0.0, 1.0), lightness.clamp(0.0, 1.0));
    let part = |offset: f32| {
        let k = (offset + hue / 30.0).rem_euclid(12.0);
        let a = saturation * lightness.min(1.0 - lightness);
        channel(255.0 * a.mul_add(-(k - 3.0).min(9.0 - k).clamp(-1.0, 1.0), lightness))
    };
    Rgb(part(0.0), part(8.0), part(4.0))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "clamped to a byte; a conversion from a float to an integer has no other form"
)]
const fn channel(value: f32) -> u8 {
    value.clamp(0.0, 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_can_be_searched() {
        assert!(NAMES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }

    #[test]
    fn every_way_of_writing_white_is_white() {
        for value in [
            "white",
            "#fff",
            "#ffffff",
            "#ffff",
            "#ffffffff",
            "ffffff",
            "rgb(255,255,255)",
            "rgb(100% 100% 100%)",
        ] {
            assert_eq!(Color::parse(value), Some(Color { rgb: WHITE, alpha: 1.0 }), "{value}");
        }
        assert_eq!(Color::parse("hsl(0, 0%, 100%)").map(|c| c.rgb), Some(WHITE));
        assert_eq!(Color::parse("hsl(240, 100%, 50%)").map(|c| c.rgb), Some(Rgb(0, 0, 255)));
        for value in ["", "inherit", "var(--x)", "#12", "rgb(a,b,c)", "url(x)"] {
            assert_eq!(Color::parse(value), None, "{value}");
        }
    }

    #[test]
    fn what_lets_everything_through_is_what_is_behind() {
        for value in ["transparent", "rgba(0,0,0,0)", "#00000000", "rgb(9 9 9 / 0%)", "hsla(0,0%,0%,0.0)"] {
            assert_eq!(Color::parse(value).map(|c| c.over(WHITE)), Some(WHITE), "{value}");
        }
    }

    #[test]
    fn colours_that_cannot_be_told_apart_are_not_seen() {
        let rgb = |value| Color::parse(value).unwrap().rgb;
        for (text, background) in [
            ("#fff", "#fff"),
            ("#fefefe", "white"),
            ("#f6f6f6", "#fff"),
            ("#eee", "white"),
            ("#000", "#050505"),
        ] {
            assert!(!is_seen(rgb(text), rgb(background)), "{text} on {background}");
        }
        for (text, background) in
            [("#000", "#fff"), ("#999", "#fff"), ("#ddd", "#fff"), ("#fff", "#0078d4"), ("#888", "#f4f4f4")]
        {
            assert!(is_seen(rgb(text), rgb(background)), "{text} on {background}");
        }
    }
}
