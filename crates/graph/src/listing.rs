//! Lists: pages gathered from a position on, and one answer made of what was gathered.
//!
//! Sources: Graph's paging page; what clients take of one result (Claude about 150,000 characters, text and data
//! together). An answer ends before its text or its data grows too large for that, and says so.
//!
//! Invariants:
//! * every item knows where it stands, so a list that is continued neither repeats nor loses one, wherever it was cut;
//! * an answer holds at least one item where there is one, so that a continued list comes to its end.

use m365_ports::GraphRequest;
use m365_types::Labels;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::action::{Answer, Context};
use crate::error::ActionError;
use crate::paging::{self, PageStart, Position};
use crate::shape::{Cleaner, framed};
use crate::wire::Page;

/// Most bytes of the text of a list.
pub(crate) const TEXT_MAX_BYTES: usize = 60_000;
/// Most bytes of its items as data; with the text, what Claude takes.
pub(crate) const DATA_MAX_BYTES: usize = 85_000;
/// Room for head, frame and closing lines.
const AROUND_BYTES: usize = 1_000;

/// How much one call gathers.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) pages: usize,
    pub(crate) items: usize,
    /// Whether Graph says where the list goes on. Where it does not, a full answer may not be the last, and the list is
    /// continued by asking for a longer one.
    pub(crate) linked: bool,
}

/// What one call gathered.
pub(crate) struct Found<G> {
    /// Each item with where it stands.
    items: Vec<(G, Position)>,
    /// What follows the last item, where it can be reached.
    next: Option<Position>,
    ending: Ending,
}

/// Why a list ended where it did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// There is no more.
    End,
    /// There is more than one call gathers.
    Bound,
    /// The call took too long.
    Time,
    /// The answer would be too large.
    Size,
}

/// An item of a list: from Graph's to ours, and to words.
pub(crate) trait Listed: Serialize {
    /// As Graph gives it.
    type Given;

    fn of(given: &Self::Given, cleaner: &mut Cleaner) -> Self;

    /// For the text answer, under this number.
    fn words(&self, number: usize) -> String;
}

/// What an answer says around its items.
pub(crate) struct Wording<'a> {
    /// The list's name in the data.
    pub(crate) name: &'static str,
    /// The text where there is nothing.
    pub(crate) none: &'a str,
    /// What begins the text over so many items.
    pub(crate) head: &'a dyn Fn(usize) -> String,
    /// What to do where there is more.
    pub(crate) more: &'static str,
}

/// Asks for the list from the call's position on, and follows its pages within bounds.
pub(crate) async fn gather<G: DeserializeOwned + Send>(
    context: &Context<'_>,
    request: &GraphRequest,
    bounds: Bounds,
) -> Result<Found<G>, ActionError> {
    gather_in_order(context, request, bounds, |_| ()).await
}

/// The same, each page put into an order of its own first. The order must depend on the page alone: a list that is
/// continued within a page finds its place by it.
pub(crate) async fn gather_in_order<G: DeserializeOwned + Send>(
    context: &Context<'_>,
    request: &GraphRequest,
    bounds: Bounds,
    arrange: fn(&mut [G]),
) -> Result<Found<G>, ActionError> {
    let mut at =
        context.position.map_or_else(|| Position::at(PageStart::First, 0, context.now), Position::clone);
    let mut found = Found { items: Vec::new(), next: None, ending: Ending::End };
    for fetched in 0..bounds.pages {
        let mut asked = request.clone();
        asked.query.extend(at.page().option());
        let mut page: Page<G> = match context.graph.fetch(asked).await {
            Ok(page) => page,
            Err(error) if fetched > 0 && error.is_out_of_time() => {
                return Ok(found.ending(Ending::Time, Some(at)));
            }
            Err(error) => return Err(error),
        };
        arrange(&mut page.value);
        for (index, item) in page.value.into_iter().enumerate().skip(at.shown()) {
            let here = at.with_shown(index);
            if found.items.len() == bounds.items {
                return Ok(found.ending(Ending::Bound, Some(here)));
            }
            found.items.push((item, here));
        }
        let Some(link) = page.next_link else {
            if !bounds.linked && found.items.len() == bounds.items {
                let all = at.shown().saturating_add(found.items.len());
                return Ok(found.ending(Ending::Bound, Some(at.with_shown(all))));
            }
            return Ok(found);
        };
        let Some(next) = paging::position(&link, &request.path) else {
            return Ok(found.ending(Ending::Bound, None));
        };
        at = Position::at(next, 0, at.began());
        if found.items.len() >= bounds.items {
            break;
        }
    }
    Ok(found.ending(Ending::Bound, Some(at)))
}

impl<G> Found<G> {
    /// One page that was fetched in another way, from this position on; what follows it, and whether anything does.
    pub(crate) fn from_page(page: Vec<G>, at: &Position, next: Option<Position>, more: bool) -> Self {
        let items = page.into_iter().enumerate().skip(at.shown());
        let items = items.map(|(index, item)| (item, at.with_shown(index))).collect();
        Self { items, next, ending: if more { Ending::Bound } else { Ending::End } }
    }

    fn ending(self, ending: Ending, next: Option<Position>) -> Self {
        Self { next, ending, ..self }
    }

    /// The list of what is made of each item. One that nothing is made of is left out, and the others stay where they are.
    pub(crate) fn filter_map<H>(self, make: impl Fn(G) -> Option<H>) -> Found<H> {
        let items = self.items.into_iter().filter_map(|(item, here)| Some((make(item)?, here))).collect();
        Found { items, next: self.next, ending: self.ending }
    }

    /// Whether nothing follows.
    pub(crate) fn is_whole(&self) -> bool {
        self.ending == Ending::End
    }

    /// The items, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &G> {
        self.items.iter().map(|(item, _)| item)
    }

    /// The answer, cut where it would become too large.
    pub(crate) fn answer<L: Listed<Given = G>>(self, context: &Context<'_>, wording: &Wording<'_>) -> Answer {
        let Self { items, mut next, mut ending } = self;
        let mut cleaner = Cleaner::default();
        let (mut lines, mut data): (Vec<String>, Vec<Value>) = (Vec::new(), Vec::new());
        let (mut text_bytes, mut data_bytes) = (AROUND_BYTES, AROUND_BYTES);
        for (given, here) in items {
            let mut own = Cleaner::default();
            let item = L::of(&given, &mut own);
            let line = item.words(lines.len() + 1);
            let value = json!(item);
            text_bytes += line.len() + 1;
            data_bytes += value.to_string().len() + 1;
            if !lines.is_empty() && (text_bytes > TEXT_MAX_BYTES || data_bytes > DATA_MAX_BYTES) {
                (next, ending) = (Some(here), Ending::Size);
                break;
            }
            cleaner.count_in(&own);
            lines.push(line);
            data.push(value);
        }
        let note = ending.note(wording.more);
        let text = match lines.len() {
            0 if ending == Ending::End => wording.none.to_owned(),
            0 => format!("These pages hold none.{note}"),
            count => {
                let head = format!("{}{note}", (wording.head)(count));
                framed(context.request, &head, &lines.join("\n"), &cleaner)
            }
        };
        let structured = json!({
            "untrusted": true, wording.name: data, "more": ending != Ending::End,
            "hiddenCharactersRemoved": cleaner.hidden(),
        });
        Answer { text, structured, next, labels: Labels::NONE }
    }
}

impl Ending {
    /// The sentence on what is not in the answer, with a space before it.
    fn note(self, more: &str) -> String {
        match self {
            Self::End => String::new(),
            Self::Bound => format!(" {more}"),
            Self::Time => " The list ends here because the call took too long; there are more.".to_owned(),
            Self::Size => " The list was cut here because of its size; there are more.".to_owned(),
        }
    }
}

#[cfg(test)]
#[path = "listing_tests.rs"]
mod tests;
