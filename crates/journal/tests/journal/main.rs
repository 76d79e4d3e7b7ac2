//! The journal against real SQLite.

#[cfg(test)]
mod append;
#[cfg(test)]
mod chain;
#[cfg(test)]
mod database;
#[cfg(test)]
mod scene;
