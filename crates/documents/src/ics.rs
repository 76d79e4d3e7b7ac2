//! Calendars (RFC 5545): events and tasks with times and zones as they are written.
//!
//! The content lines of the format are read here: the libraries for it bring zone databases and time types, to
//! interpret what is only told.

use m365_ports::DocumentError;

use crate::Result;
use crate::output::Output;
use crate::plain;

/// Longest line after unfolding, in bytes; the rest is left out.
const LINE_MAX: usize = 64 << 10;
/// Deepest nesting of components.
const DEPTH_MAX: usize = 16;
/// Most attendees of an event that are named.
const ATTENDEES_MAX: usize = 200;
/// Properties of an event that are told, in this order, with what they are called.
const TOLD: [(&str, &str); 14] = [
    ("DTSTART", "Starts"),
    ("DTEND", "Ends"),
    ("DUE", "Due"),
    ("DURATION", "Duration"),
    ("RRULE", "Repeats"),
    ("RECURRENCE-ID", "Instance of"),
    ("EXDATE", "Except"),
    ("LOCATION", "Where"),
    ("STATUS", "Status"),
    ("ORGANIZER", "Organizer"),
    ("ATTENDEE", "Attendee"),
    ("CATEGORIES", "Categories"),
    ("URL", "Link"),
    ("DESCRIPTION", "Description"),
];

/// A content line.
struct Property<'l> {
    name: String,
    parameters: Vec<(String, &'l str)>,
    value: &'l str,
}

/// An event or a task.
#[derive(Default)]
struct Entry {
    is_task: bool,
    summary: String,
    told: Vec<(usize, String)>,
}

/// Reads a calendar.
pub(crate) fn read(bytes: &[u8], output: &mut Output) -> Result<()> {
    let text = plain::decode(bytes);
    let mut open: Vec<String> = Vec::new();
    let mut entry: Option<Entry> = None;
    let mut is_calendar = false;
    for line in unfolded(&text) {
        if output.is_full() {
            break;
        }
        let Some(property) = Property::read(&line) else { continue };
        match property.name.as_str() {
            "BEGIN" => {
                let component = property.value.trim().to_ascii_uppercase();
                // Some programs write an event without the calendar around it.
                is_calendar |= matches!(component.as_str(), "VCALENDAR" | "VEVENT" | "VTODO");
                if open.len() == DEPTH_MAX {
                    return Err(DocumentError::Damaged);
                }
                if matches!(component.as_str(), "VEVENT" | "VTODO") && entry.is_none() {
                    entry = Some(Entry { is_task: component == "VTODO", ..Entry::default() });
                }
                open.push(component);
            }
            "END" => {
                let component = open.pop().unwrap_or_default();
                if matches!(component.as_str(), "VEVENT" | "VTODO")
                    && let Some(entry) = entry.take()
                {
                    entry.write(output);
                }
            }
            name => match (open.last().map(String::as_str), &mut entry) {
                (Some("VEVENT" | "VTODO"), Some(entry)) => entry.take(name, &property),
                (Some("VCALENDAR"), _) if matches!(name, "METHOD" | "X-WR-CALNAME" | "X-WR-TIMEZONE") => {
                    let called = match name {
                        "METHOD" => "Method",
                        "X-WR-CALNAME" => "Calendar",
                        _ => "Zone",
                    };
                    output.line("", &format!("{called}: {}", unescaped(property.value)));
                }
                _ => {}
            },
        }
    }
    if is_calendar { Ok(()) } else { Err(DocumentError::Damaged) }
}

impl Entry {
    fn take(&mut self, name: &str, property: &Property<'_>) {
        if name == "SUMMARY" {
            self.summary = unescaped(property.value);
            return;
        }
        let Some(order) = TOLD.iter().position(|(known, _)| *known == name) else { return };
        let known = self.told.iter().filter(|(other, _)| *other == order).count();
        if known < ATTENDEES_MAX {
            self.told.push((order, property.told()));
        }
    }

    fn write(mut self, output: &mut Output) {
        let kind = if self.is_task { "Task" } else { "Event" };
        output.block("## ", &format!("{kind}: {}", self.summary));
        self.told.sort_by_key(|(order, _)| *order);
        for (order, value) in self.told {
            let called = TOLD.get(order).map_or("", |(_, called)| *called);
            for (number, line) in value.lines().filter(|line| !line.trim().is_empty()).enumerate() {
                let prefix = if number == 0 { format!("- {called}: ") } else { "  ".to_owned() };
                output.line(&prefix, line);
            }
        }
    }
}

impl<'l> Property<'l> {
    /// Reads `NAME;PARAMETER=value;…:value`; nothing where the line has no value.
    fn read(line: &'l str) -> Option<Self> {
        let mut is_quoted = false;
        let mut separators = line.char_indices().filter(|(_, c)| {
            is_quoted ^= *c == '"';
            !is_quoted && matches!(c, ';' | ':')
        });
        let (mut start, mut parts, mut value) = (0, Vec::new(), None);
        for (at, separator) in separators.by_ref() {
            parts.push(line.get(start..at)?);
            start = at + 1;
            if separator == ':' {
                value = line.get(start..);
                break;
            }
        }
        let mut parts = parts.into_iter();
        let name = parts.next()?.trim().to_ascii_uppercase();
        let parameters = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            Some((name.trim().to_ascii_uppercase(), value.trim_matches('"')))
        });
        Some(Self { name, parameters: parameters.collect(), value: value? })
    }

    fn parameter(&self, name: &str) -> Option<&'l str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    fn told(&self) -> String {
        match self.name.as_str() {
            "DTSTART" | "DTEND" | "DUE" | "RECURRENCE-ID" | "EXDATE" => {
                let zone = self.parameter("TZID").map(|zone| format!(" ({zone})")).unwrap_or_default();
                let moments: Vec<String> = self.value.split(',').map(moment).collect();
                format!("{}{zone}", moments.join(", "))
            }
            "ORGANIZER" | "ATTENDEE" => {
                let address = self.value.trim();
                let head = address.get(..7).filter(|head| head.eq_ignore_ascii_case("mailto:"));
                let address = head.and_then(|_| address.get(7..)).unwrap_or(address);
                let name = self.parameter("CN").filter(|name| *name != address);
                let answer =
                    self.parameter("PARTSTAT").map(|answer| format!(", {}", answer.to_ascii_lowercase()));
                match name {
                    Some(name) => format!("{name} <{address}>{}", answer.unwrap_or_default()),
                    None => format!("{address}{}", answer.unwrap_or_default()),
                }
            }
            _ => unescaped(self.value),
        }
    }
}

/// `20261128T090000Z` as `2026-11-28 09:00 UTC`; anything else as it is written.
fn moment(written: &str) -> String {
    let written = written.trim();
    let (local, zone) = written.strip_suffix('Z').map_or((written, ""), |local| (local, " UTC"));
    let (day, time) = local.split_once('T').unwrap_or((local, ""));
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = (day.get(..4), day.get(4..6), day.get(6..8));
    let (Some(year), Some(month), Some(of_month)) = parts else { return written.to_owned() };
    if day.len() != 8 || !are_digits(day) || !are_digits(time) {
        return written.to_owned();
    }
    match (time.get(..2), time.get(2..4), time.get(4..)) {
        (Some(hour), Some(minute), Some("" | "00")) => {
            format!("{year}-{month}-{of_month} {hour}:{minute}{zone}")
        }
        (Some(hour), Some(minute), Some(second)) => {
            format!("{year}-{month}-{of_month} {hour}:{minute}:{second}{zone}")
        }
        _ if time.is_empty() => format!("{year}-{month}-{of_month}"),
        _ => written.to_owned(),
    }
}

/// Lines with their continuations (RFC 5545, 3.1).
fn unfolded(text: &str) -> impl Iterator<Item = String> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        let mut line = lines.next()?.to_owned();
        while let Some(more) = lines.next_if(|more| more.starts_with([' ', '\t'])) {
            if line.len() < LINE_MAX {
                line.push_str(more.get(1..).unwrap_or_default());
            }
        }
        Some(line)
    })
}

/// Text without its escapes (RFC 5545, 3.3.11).
fn unescaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some('n' | 'N') => text.push('\n'),
                Some(escaped) => text.push(escaped),
                None => {}
            },
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(calendar: &str) -> Result<String> {
        let mut output = Output::new(10_000);
        read(calendar.as_bytes(), &mut output).map(|()| output.finish().text)
    }

    #[test]
    fn events_are_told_with_times_and_zones_as_written() {
        let text = shown(
            "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nBEGIN:VTIMEZONE\r\nTZID:X\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT\r\nSUMMARY:Plan\\, part 1\r\nDTEND;TZID=Europe/Berlin:20261128T100000\r\nDTSTART;TZID=Europe/Berlin:20261128T090000\r\nORGANIZER;CN=\"Alex: M\":mailto:alex@contoso.example\r\nATTENDEE;PARTSTAT=ACCEPTED:MAILTO:blair@contoso.example\r\nDESCRIPTION:One\\nTwo lo\r\n ng\r\nBEGIN:VALARM\r\nDESCRIPTION:ring\r\nEND:VALARM\r\nEND:VEVENT\r\nBEGIN:VTODO\r\nSUMMARY:Do\r\nDUE;VALUE=DATE:20261201\r\nEND:VTODO\r\nEND:VCALENDAR\r\n",
        );
        assert_eq!(
            text.unwrap(),
            "Method: REQUEST\n\n## Event: Plan, part 1\n- Starts: 2026-11-28 09:00 (Europe/Berlin)\n- Ends: 2026-11-28 10:00 (Europe/Berlin)\n- Organizer: Alex: M <alex@contoso.example>\n- Attendee: blair@contoso.example, accepted\n- Description: One\n  Two long\n\n## Task: Do\n- Due: 2026-12-01"
        );
    }

    #[test]
    fn moments_are_only_rewritten_where_they_are_moments() {
        for (written, told) in [
            ("20261128T090000Z", "2026-11-28 09:00 UTC"),
            ("20261128T090001", "2026-11-28 09:00:01"),
            ("20261128", "2026-11-28"),
            ("2026-11-28", "2026-11-28"),
            ("20261128T9", "20261128T9"),
            ("x", "x"),
            ("ÄÄÄÄÄÄÄÄ", "ÄÄÄÄÄÄÄÄ"),
        ] {
            assert_eq!(moment(written), told);
        }
    }

    #[test]
    fn what_is_no_calendar_is_damaged_and_endless_nesting_too() {
        assert_eq!(shown("SUMMARY:x\n"), Err(DocumentError::Damaged));
        assert_eq!(shown("BEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT\n").unwrap(), "## Event: x");
        assert_eq!(shown(&"BEGIN:VCALENDAR\n".repeat(40)), Err(DocumentError::Damaged));
    }
}
