//! The Durable Object classes.

mod cell;
mod directory;
