//! The table of cases.

use anyhow::Result;
use serde_json::{Value, json};

use crate::adversary;
use crate::site::Site;

/// A team and a channel of the simulated tenant, whose ids follow from their names.
pub(crate) const TEAM: &str = "f9725686-65c0-4611-9d50-98d0157826e7";
pub(crate) const CHANNEL: &str = "19:6b4f793c17c3412a9098e29855658472@thread.tacv2";

/// What posts a message to that channel.
fn post() -> Value {
    json!({ "teamId": TEAM, "channelId": CHANNEL, "message": "m" })
}

/// One case: what must hold, and how it is shown.
#[derive(Debug)]
pub struct Case {
    /// What must hold, as a sentence.
    pub name: &'static str,
    /// The site it needs.
    pub needs: Needs,
    /// Names and values of that site's settings which are not the host's own; never a secret.
    pub settings: Settings,
    /// Shows it, or says what is wrong.
    pub run: fn(&Site) -> Result<()>,
}

/// Names and values of settings.
pub type Settings = &'static [(&'static str, &'static str)];

impl Case {
    /// The same case on a site that starts with these settings.
    const fn with(self, settings: Settings) -> Self {
        Self { settings, ..self }
    }
}

/// The site a case needs. Cases on sites with other settings than the host's own share with those of equal settings.
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
    /// As [`Needs::Process`], and it leaves files that no other case could trust.
    Spent,
}

pub(crate) const fn shared(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Shared, settings: &[], run }
}

pub(crate) const fn own(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Own, settings: &[], run }
}

pub(crate) const fn last(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Last, settings: &[], run }
}

pub(crate) const fn files(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Files, settings: &[], run }
}

pub(crate) const fn native(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Native, settings: &[], run }
}

pub(crate) const fn process(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Process, settings: &[], run }
}

pub(crate) const fn spent(name: &'static str, run: fn(&Site) -> Result<()>) -> Case {
    Case { name, needs: Needs::Spent, settings: &[], run }
}

/// A table row named after its function: the name is the claim. `own(SETTINGS) name` asks for a site with these settings.
macro_rules! table {
    ($group:literal: $($needs:ident $(($settings:expr))? $run:ident,)*) => {
        /// The cases of this group.
        pub(super) const CASES: &[crate::cases::Case] =
            &[$(crate::cases::$needs(concat!($group, "::", stringify!($run)), $run)$(.with($settings))?,)*];
    };
}

mod access_everywhere;
mod approvals;
mod authorize;
mod browser_pages;
mod calendar_tools;
mod canary;
mod cancellation;
mod catalogue_access;
mod catalogue_authorization;
mod catalogue_storage;
mod catalogue_transport;
mod client_document_refusals;
mod client_documents;
mod clients;
mod completions;
mod conformance;
mod consent;
mod continuous_access;
mod crash;
mod credentials;
mod directory_tools;
mod discovery;
mod doctor;
mod early_discovery;
mod elicitation;
mod faults;
mod file_tools;
mod hostile_arguments;
mod journal;
mod mail_tools;
mod managed;
mod mcp_protocol;
mod mcp_transport;
mod me;
mod meeting_tools;
mod microsoft;
mod my_journal;
mod operators;
mod paging;
mod perimeter;
mod policies;
mod portal;
mod progress;
mod prompts;
mod races;
mod reauth;
mod refresh;
mod registration;
mod remembered_consent;
mod request_state;
mod resources;
mod revoke;
mod service_tokens;
mod slow_clients;
mod sse_sessions;
mod sse_transport;
mod summaries;
mod task_tools;
mod team_tools;
mod template_refusals;
mod templates;
mod token;
mod tools;
mod toolsets;

/// Every case, by group. Those with cases that wait long come first, so that the others run meanwhile.
pub const ALL: &[&[Case]] = &[
    browser_pages::CASES,
    canary::CASES,
    slow_clients::CASES,
    faults::CASES,
    cancellation::CASES,
    sse_transport::CASES,
    sse_sessions::CASES,
    mcp_transport::CASES,
    catalogue_transport::CASES,
    catalogue_authorization::CASES,
    catalogue_access::CASES,
    catalogue_storage::CASES,
    discovery::CASES,
    perimeter::CASES,
    registration::CASES,
    client_documents::CASES,
    client_document_refusals::CASES,
    remembered_consent::CASES,
    authorize::CASES,
    consent::CASES,
    token::CASES,
    refresh::CASES,
    races::CASES,
    approvals::CASES,
    policies::CASES,
    revoke::CASES,
    operators::CASES,
    reauth::CASES,
    access_everywhere::CASES,
    early_discovery::CASES,
    managed::CASES,
    service_tokens::CASES,
    portal::CASES,
    microsoft::CASES,
    continuous_access::CASES,
    credentials::CASES,
    me::CASES,
    my_journal::CASES,
    mcp_protocol::CASES,
    tools::CASES,
    toolsets::CASES,
    mail_tools::CASES,
    calendar_tools::CASES,
    meeting_tools::CASES,
    team_tools::CASES,
    directory_tools::CASES,
    file_tools::CASES,
    summaries::CASES,
    task_tools::CASES,
    resources::CASES,
    templates::CASES,
    template_refusals::CASES,
    prompts::CASES,
    completions::CASES,
    paging::CASES,
    progress::CASES,
    elicitation::CASES,
    request_state::CASES,
    hostile_arguments::CASES,
    adversary::scenarios::mail::CASES,
    adversary::scenarios::calendar::CASES,
    adversary::scenarios::teams::CASES,
    adversary::scenarios::files::CASES,
    adversary::scenarios::lookalikes::CASES,
    adversary::scenarios::approvals::CASES,
    adversary::scenarios::changed::CASES,
    adversary::scenarios::labels::CASES,
    adversary::scenarios::protocol::CASES,
    adversary::days::CASES,
    journal::CASES,
    doctor::CASES,
    crash::CASES,
    clients::CASES,
    conformance::CASES,
];
