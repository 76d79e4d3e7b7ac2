//! The rooms of the organisation that can be booked.
//!
//! Source: Graph `room` and list places. By which properties Graph filters places is not written down, so the rooms of each
//! page are looked through here. Its own examples give the capacity as text.

use async_trait::async_trait;
use m365_types::Reach;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::action::{Answer, Context, Invocation, at};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::listing::{Bounds, Listed, Wording, gather};
use crate::param::{Integer, Optional, Param, Text, optional};
use crate::shape::{self, Cleaner};
use crate::wire::NAME_MAX;

pub(crate) static BUILDING: Param<Text, Optional> =
    optional("building", "Part of its name", Text { min: 1, max: 100, lines: false });
pub(crate) static CAPACITY: Param<Integer, Optional> =
    optional("capacity", "Seats at least", Integer { min: 1, max: 1000 });
/// Properties that every room has.
pub(crate) const FIELDS: &[&str] = &["name", "address"];
const SELECT: &str = "id,displayName,emailAddress,capacity,building,floorNumber";
const PAGE: usize = 100;
const ROOMS_MAX: usize = 100;
const PAGES_MAX: usize = 5;

pub(crate) fn list_rooms(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let building = given.read(&BUILDING);
    let capacity = given.read(&CAPACITY);
    Some(Box::new(ListRooms { building: building?, capacity: capacity? }))
}

struct ListRooms {
    building: Option<String>,
    capacity: Option<u32>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphRoom {
    display_name: Option<String>,
    email_address: Option<String>,
    capacity: Option<Value>,
    building: Option<String>,
    floor_number: Option<Value>,
}

#[derive(Serialize)]
struct Room {
    name: String,
    address: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    capacity: Option<i64>,
    #[serde(skip_serializing_if = "String::is_empty")]
    building: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    floor: Option<i64>,
}

#[async_trait]
impl Invocation for ListRooms {
    fn reach(&self) -> Reach {
        at("places")
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        request.query = vec![("$top", PAGE.to_string()), ("$select", SELECT.to_owned())];
        let bounds = Bounds { pages: PAGES_MAX, items: ROOMS_MAX, linked: true };
        let rooms = gather::<GraphRoom>(context, &request, bounds).await?;
        let rooms = rooms.filter_map(|room| self.fits(&room).then_some(room));
        let head = |count: usize| format!("{count} room{}.", if count == 1 { "" } else { "s" });
        let narrowed = self.building.is_some() || self.capacity.is_some();
        let wording = Wording {
            name: "rooms",
            none: if narrowed {
                "No such rooms; ask without `building` and `capacity` for all."
            } else {
                "No rooms."
            },
            head: &head,
            more: "There are more.",
        };
        Ok(rooms.answer::<Room>(context, &wording))
    }
}

impl ListRooms {
    fn fits(&self, room: &GraphRoom) -> bool {
        let building = self.building.as_ref().is_none_or(|wanted| {
            let found = room.building.as_deref().unwrap_or_default();
            found.to_lowercase().contains(&wanted.to_lowercase())
        });
        let seats = number(room.capacity.as_ref());
        let seats = self.capacity.is_none_or(|wanted| seats.is_some_and(|seats| seats >= i64::from(wanted)));
        building && seats
    }
}

impl Listed for Room {
    type Given = GraphRoom;

    fn of(given: &GraphRoom, cleaner: &mut Cleaner) -> Self {
        Self {
            name: cleaner.line(given.display_name.as_deref(), NAME_MAX),
            address: shape::id(given.email_address.as_deref()),
            capacity: number(given.capacity.as_ref()),
            building: cleaner.line(given.building.as_deref(), NAME_MAX),
            floor: number(given.floor_number.as_ref()),
        }
    }

    fn words(&self, number: usize) -> String {
        let mut text = format!("{number}. {} <{}>", self.name, self.address);
        let seats = self.capacity.map(|seats| format!("{seats} seats")).unwrap_or_default();
        let floor = self.floor.map(|floor| format!("floor {floor}")).unwrap_or_default();
        for words in [&seats, &self.building, &floor] {
            if !words.is_empty() {
                text.push_str(", ");
                text.push_str(words);
            }
        }
        text
    }
}

/// A number, or a text that is one.
fn number(given: Option<&Value>) -> Option<i64> {
    let given = given?;
    given.as_i64().or_else(|| given.as_str()?.parse().ok())
}

#[cfg(test)]
#[path = "rooms_tests.rs"]
mod tests;
