//! How much of each limit is used, on `/me`.

use m365_policy::{Counts, Per, Window};
use m365_types::UnixMillis;
use maud::{Markup, html};

use super::moment::moment;

/// One limit as the page shows it.
pub(crate) struct UsedLimit {
    /// What is counted.
    pub counts: Counts,
    /// Who shares it.
    pub per: Per,
    /// The client or tool it is counted for, where that is not the person.
    pub of: Option<String>,
    /// For how long.
    pub window: Window,
    /// How much is used.
    pub used: u64,
    /// How much there may be.
    pub at_most: u64,
    /// When it begins anew.
    pub until: UnixMillis,
}

/// The limits of which something is used.
pub(super) fn usage(used: &[UsedLimit]) -> Markup {
    html! {
        h2 #usage { "How much your assistants have done" }
        @if used.is_empty() {
            p { "Nothing that counts today." }
        } @else {
            p .note { "What reaches a limit is refused until the time beside it. Days and minutes are those of UTC." }
            dl {
                @for limit in used {
                    dt { (words(limit)) @if let (Per::Client | Per::Tool, Some(of)) = (limit.per, &limit.of) { " " bdi { (of) } } }
                    dd {
                        (amount(limit.counts, limit.used)) " of " (amount(limit.counts, limit.at_most)) ", until " (moment(limit.until))
                        @if limit.used >= limit.at_most { " " strong { "used up" } }
                    }
                }
            }
        }
    }
}

const fn words(limit: &UsedLimit) -> &'static str {
    match (limit.counts, limit.window) {
        (Counts::Calls, Window::Minute) => "Calls in this minute",
        (Counts::Calls, Window::Day) => "Calls today",
        (Counts::Recipients, Window::Minute) => "People reached in this minute",
        (Counts::Recipients, Window::Day) => "People reached today",
        (Counts::OutsideRecipients, Window::Minute) => "People outside reached in this minute",
        (Counts::OutsideRecipients, Window::Day) => "People outside reached today",
        (Counts::BytesOut, Window::Minute) => "Sent in this minute",
        (Counts::BytesOut, Window::Day) => "Sent today",
    }
}

fn amount(counts: Counts, count: u64) -> String {
    match counts {
        Counts::BytesOut if count >= 1_000_000 => format!("{} MB", count / 1_000_000),
        Counts::BytesOut => format!("{} kB", count.div_ceil(1_000)),
        Counts::Calls | Counts::OutsideRecipients | Counts::Recipients => count.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(counts: Counts, per: Per, of: Option<&str>, used: u64) -> UsedLimit {
        let (window, until) = (Window::Day, UnixMillis::from_secs(86_400));
        UsedLimit { counts, per, of: of.map(str::to_owned), window, used, at_most: 5_000_000, until }
    }

    #[test]
    fn a_limit_says_what_is_counted_how_much_is_left_and_until_when() {
        let shown = [
            limit(Counts::BytesOut, Per::Person, None, 1_500),
            limit(Counts::Calls, Per::Tool, Some("send<Email"), 5_000_000),
        ];
        let page = usage(&shown).into_string();
        for words in ["Sent today", "2 kB of 5 MB, until ", "2 January 1970", "send&lt;Email", "used up"] {
            assert!(page.contains(words), "{words}: {page}");
        }
        assert_eq!(page.matches("used up").count(), 1);
        assert!(usage(&[]).into_string().contains("Nothing that counts today."));
    }
}
