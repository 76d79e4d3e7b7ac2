//! How a spreadsheet shows a number (ECMA-376 part 1, 18.8.30 and 18.8.31; 18.17.4.1 on dates).

/// What a number format makes of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Format {
    /// A number, shown in full.
    #[default]
    Number,
    /// A hundredth part.
    Percent,
    /// A day.
    Date,
    /// A time of day.
    Time,
    /// A day with a time.
    DateTime,
    /// Hours, which may be more than a day's.
    Duration,
}

/// Days of the serial number 0 before 1970-01-01, in the calendar that begins in 1900 and in that of 1904.
const EPOCH_1900: i64 = -25_569;
const EPOCH_1904: i64 = -24_107;
/// The calendar of 1900 has a 29 February that year, which there was not.
const FIRST_TRUE_SERIAL: f64 = 61.0;
/// Serial numbers of the year 10000 and later show nothing.
const SERIAL_END: f64 = 2_958_466.0;
const SECONDS: f64 = 86_400.0;

impl Format {
    /// A built-in format by its number; nothing where the document itself defines it.
    pub(crate) const fn built_in(id: u32) -> Option<Self> {
        match id {
            9 | 10 => Some(Self::Percent),
            14..=17 | 27..=31 | 36 | 50..=58 => Some(Self::Date),
            18..=21 | 32..=35 | 45 | 47 => Some(Self::Time),
            22 => Some(Self::DateTime),
            46 => Some(Self::Duration),
            0..=163 => Some(Self::Number),
            _ => None,
        }
    }

    /// A format by its code.
    pub(crate) fn of(code: &str) -> Self {
        let (mut day, mut time, mut percent) = (false, false, false);
        let mut characters = code.chars();
        while let Some(c) = characters.next() {
            match c.to_ascii_lowercase() {
                // The first section is for positive numbers, and the others only differ in signs and colours.
                ';' => break,
                '\\' | '_' | '*' => drop(characters.next()),
                '"' => drop(characters.by_ref().find(|c| *c == '"')),
                '[' => {
                    let inside: String = characters.by_ref().take_while(|c| *c != ']').collect();
                    let inside = inside.to_ascii_lowercase();
                    if !inside.is_empty() && inside.chars().all(|c| matches!(c, 'h' | 'm' | 's')) {
                        return Self::Duration;
                    }
                }
                'y' | 'd' => day = true,
                'h' | 's' => time = true,
                // A month where there is no time; minutes stand beside hours or seconds.
                'm' => day |= !time && !code.to_ascii_lowercase().contains(['h', 's']),
                '%' => percent = true,
                _ => {}
            }
        }
        match (day, time, percent) {
            (true, true, _) => Self::DateTime,
            (true, false, _) => Self::Date,
            (false, true, _) => Self::Time,
            (false, false, true) => Self::Percent,
            (false, false, false) => Self::Number,
        }
    }

    /// A number as it is shown, dates in ISO 8601; `is_1904` says which calendar the document uses.
    pub(crate) fn show(self, written: &str, is_1904: bool) -> String {
        let Ok(value) = written.trim().parse::<f64>() else { return written.to_owned() };
        if !value.is_finite() {
            return written.to_owned();
        }
        match self {
            Self::Percent => format!("{}%", number(value * 100.0)),
            Self::Duration => {
                let seconds = whole((value.abs() * SECONDS).round());
                let sign = if value < 0.0 { "-" } else { "" };
                format!("{sign}{}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
            }
            Self::Date | Self::Time | Self::DateTime if (0.0..SERIAL_END).contains(&value) => {
                self.moment(value, is_1904)
            }
            _ => number(value),
        }
    }

    fn moment(self, serial: f64, is_1904: bool) -> String {
        let seconds = whole((serial * SECONDS).round());
        let (days, seconds) = (seconds / 86_400, seconds % 86_400);
        let clock = match seconds % 60 {
            0 => format!("{:02}:{:02}", seconds / 3600, seconds / 60 % 60),
            rest => format!("{:02}:{:02}:{rest:02}", seconds / 3600, seconds / 60 % 60),
        };
        if self == Self::Time || (days == 0 && !is_1904) {
            return clock;
        }
        let epoch = if is_1904 { EPOCH_1904 } else { EPOCH_1900 };
        let (year, month, day) = civil(days + epoch + i64::from(!is_1904 && serial < FIRST_TRUE_SERIAL));
        let date = format!("{year:04}-{month:02}-{day:02}");
        if seconds == 0 && self == Self::Date { date } else { format!("{date} {clock}") }
    }
}

/// A number with the fifteen digits a spreadsheet keeps.
fn number(value: f64) -> String {
    let rounded = format!("{value:.14e}").parse().unwrap_or(value);
    if rounded == 0.0 { "0".to_owned() } else { format!("{rounded}") }
}

/// The whole number of a value that has no fraction; nothing like it where it is out of range.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked")]
fn whole(value: f64) -> i64 {
    if value.abs() < 9e15 { value as i64 } else { 0 }
}

/// The day of the Gregorian calendar that many days after 1970-01-01.
const fn civil(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year_of_era + era * 400 + if month <= 2 { 1 } else { 0 }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_told_apart() {
        for (code, format) in [
            ("General", Format::Number),
            ("#,##0.00 \"days\"", Format::Number),
            ("[Red]-0.0", Format::Number),
            ("0.0%", Format::Percent),
            ("yyyy\\-mm\\-dd", Format::Date),
            ("mmm", Format::Date),
            ("d/m/yy h:mm", Format::DateTime),
            ("h:mm AM/PM", Format::Time),
            ("mm:ss.0", Format::Time),
            ("[h]:mm:ss", Format::Duration),
            ("[$-409]d. mmmm yyyy;@", Format::Date),
        ] {
            assert_eq!(Format::of(code), format, "{code}");
        }
    }

    #[test]
    fn numbers_are_shown_as_a_spreadsheet_shows_them() {
        for (format, written, shown) in [
            (Format::Number, "0.30000000000000004", "0.3"),
            (Format::Number, "1200", "1200"),
            (Format::Number, "-0.0", "0"),
            (Format::Number, "1E+20", "100000000000000000000"),
            (Format::Number, "n/a", "n/a"),
            (Format::Percent, "0.125", "12.5%"),
            (Format::Date, "1", "1900-01-01"),
            (Format::Date, "59", "1900-02-28"),
            (Format::Date, "61", "1900-03-01"),
            (Format::Date, "45292", "2024-01-01"),
            (Format::Date, "45351", "2024-02-29"),
            (Format::DateTime, "45292.5", "2024-01-01 12:00"),
            (Format::Time, "0.75", "18:00"),
            (Format::Duration, "1.5", "36:00:00"),
            (Format::Date, "-3", "-3"),
            (Format::Date, "1e300", "1e300"),
        ] {
            let shown = if shown == "1e300" { number(1e300) } else { shown.to_owned() };
            assert_eq!(format.show(written, false), shown, "{written}");
        }
        assert_eq!(Format::Date.show("0", true), "1904-01-01");
        assert_eq!(Format::Date.show("43830", true), "2024-01-01");
    }
}
