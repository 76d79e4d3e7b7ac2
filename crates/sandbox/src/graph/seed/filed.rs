//! Mail that somebody sorted into folders of their own.

use super::{DAY_MS, Placed};
use crate::graph::message::{Letter, Party};
use crate::people::Person;

/// Folder, sender, address, subject and text.
const FILED: [(&str, &str, &str, &str, &str); 5] = [
    (
        "Travel",
        "Rail Desk",
        "tickets@rail.example",
        "Your ticket to Ghent",
        "Coach 12, seat 45, by the window.",
    ),
    (
        "Travel",
        "Hotel Meridian",
        "stay@meridian.example",
        "Reservation M-2207",
        "Two nights, breakfast included.",
    ),
    ("Travel", "Airline", "checkin@airline.example", "Check-in is open", "Bags up to 23 kg are included."),
    (
        "Projects (2026)",
        "Diego Siciliani",
        "diego.siciliani@contoso.example",
        "Kick-off minutes",
        "Owners are named.",
    ),
    ("Projects (2026)", "Yui Tanaka", "yui.tanaka@contoso.example", "Risk list", "Nothing red, two amber."),
];

/// Everything of this kind, one every nine days from two months ago on.
pub(super) fn all(person: &Person, now_ms: i64) -> Vec<Placed> {
    let owner = Party::new(&person.display_name, &person.email);
    let letter = |((folder, name, address, subject, text), number): ((_, &str, &str, &str, &str), i64)| {
        let at_ms = now_ms - (60 + number * 9) * DAY_MS;
        let body = format!("<p>{text}</p>");
        let letter = Letter::new(Party::new(name, address), vec![owner.clone()], subject, body, at_ms);
        Placed { folder, letter }
    };
    FILED.into_iter().zip(0_i64..).map(letter).collect()
}
