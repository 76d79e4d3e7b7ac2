//! Composition: configuration, route table, front, cell, pipeline, pages. The same on every host.
//!
//! In scope: putting the rooms together, HTTP status and form of every answer. Out of scope: what the rooms decide.
//!
//! A host builds [`HostPorts`], parses a [`config::Config`], makes one [`Core`], serves [`Front::router`] and hands
//! each cell's requests to a [`Cell`].

mod approval_link;
mod cell;
pub mod config;
mod core;
mod directory;
pub mod errors;
mod front;
mod icons;
mod offer;
mod pages;
mod pipeline;
pub mod policy;
mod respond;
pub mod routes;

pub use cell::{CELL_SCHEMA, Cell, cell_named_in};
pub use core::{Core, HostPorts};
pub use directory::{DIRECTORY_SCHEMA, SqlDirectory, noted_cells, noted_high_water, noted_policy};
pub use front::Front;
pub use respond::unavailable;
