//! The server over fakes that obey: a clock that stands still, randomness that repeats, databases in memory, and a
//! network that knows every destination and fails the test for any other.

mod cells;
mod database;
mod flow;
mod keys;
mod mcp;
mod models;
mod network;
mod people;
mod ports;
mod site;
mod tasks;
mod underway;

pub(crate) use flow::{ASSERTION, Client, FORM, Tokens, client_metadata, encode, question};
pub(crate) use mcp::{Message, asking, cancelling, succeeded};
pub(crate) use network::{Destination, graph_path};
pub(crate) use people::{ALEX, Person, SAM, service_assertion};
pub(crate) use site::{Answer, PUBLIC_URL, Site, echo_seal};
pub(crate) use underway::{Piece, Reading, Underway};
