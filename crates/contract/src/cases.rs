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
    /// Any whose journals can be read: it uses people of its own.
    Files,
    /// One to itself: it uses up what every other case needs, so where all share one site it comes last.
    Last,
    /// One to itself that is the native host: it is about what one process of an operating system may do, or about what
    /// only our own HTTP listener sees. On another host it makes no sense, and is listed there as not of that host.
    Native,
    /// One to itself: it moves the clock, rotates keys, or faults what everybody uses.
    Own,
    /// One to itself that is a process: it is killed, or its files are changed.
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

const fn files(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Files, run }
}

const fn native(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Native, run }
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
mod doctor;
mod faults;
mod hostile_arguments;
mod journal;
mod mcp_protocol;
mod mcp_transport;
mod me;
mod microsoft;
mod my_journal;
mod perimeter;
mod refresh;
mod registration;
mod resources;
mod revoke;
mod token;
mod tools;

/// Every case, by group. Those with cases that wait long come first, so that the others run meanwhile.
pub const ALL: &[&[Case]] = &[
    faults::CASES,
    mcp_transport::CASES,
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
    my_journal::CASES,
    mcp_protocol::CASES,
    tools::CASES,
    resources::CASES,
    hostile_arguments::CASES,
    journal::CASES,
    doctor::CASES,
    crash::CASES,
    clients::CASES,
];
