//! The table of cases.

use anyhow::Result;

use crate::site::Site;

/// One case: what must hold, and how it is shown.
#[derive(Debug)]
pub struct Case {
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// The site it needs.
    pub needs: Needs,
    /// Shows it, or says what is wrong.
    pub run: fn(&Site) -> Result<()>,
}

/// The site a case needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    /// One to itself: it uses up what every other case needs, so where all share one site it comes last.
    Last,
    /// One to itself: it moves the clock, rotates keys, or faults what everybody uses.
    Own,
    /// One to itself that is a process: it is killed, or its files are read.
    Process,
    /// Any: it uses people of its own.
    Shared,
}

const fn shared(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Shared, run }
}

const fn own(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Own, run }
}

const fn last(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Last, run }
}

const fn process(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Process, run }
}

/// A table row named after its function: the name is the claim.
macro_rules! table {
    ($group:literal: $($needs:ident $run:ident,)*) => {
        /// The cases of this group.
        pub(super) const CASES: &[crate::cases::Case] = &[$(crate::cases::$needs(concat!($group, "::", stringify!($run)), $run),)*];
    };
}

mod authorize;
mod clients;
mod consent;
mod crash;
mod discovery;
mod faults;
mod hostile_arguments;
mod journal;
mod mcp_protocol;
mod mcp_transport;
mod me;
mod microsoft;
mod perimeter;
mod refresh;
mod registration;
mod resources;
mod revoke;
mod token;
mod tools;

/// Every case, by group.
pub const ALL: &[&[Case]] = &[
    discovery::CASES,
    perimeter::CASES,
    registration::CASES,
    authorize::CASES,
    consent::CASES,
    token::CASES,
    refresh::CASES,
    revoke::CASES,
    microsoft::CASES,
    me::CASES,
    mcp_protocol::CASES,
    mcp_transport::CASES,
    tools::CASES,
    resources::CASES,
    hostile_arguments::CASES,
    faults::CASES,
    journal::CASES,
    crash::CASES,
    clients::CASES,
];
