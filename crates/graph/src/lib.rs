//! The Microsoft 365 tool table, one file per family, request building and output shaping.
//!
//! Sources: Microsoft Graph v1.0 reference; the paths, scopes and field sets of each row stand in [`catalog`].
//! In scope: what a client can ask for ([`Action`]), its arguments as data, the Graph requests it makes, retries and
//! token replacement ([`GraphClient`]), answers shaped for a model, lists and where they go on ([`Position`]), prompts
//! ([`Prompt`]) and what completes their arguments, and failures told as sentences ([`ActionError`]).
//! Out of scope: who may do it, recording it, and the connection: policy, journal and egress do that.
//!
//! Invariants:
//! * a request can only be made for a recorded `Intent`, and only with the call its row declares;
//! * arguments are parsed once into types; nothing a client sends can leave its path segment or query phrase;
//! * text that other people wrote reaches the answer only through the cleaner of `shape`, and the text answer keeps it
//!   inside a frame that it cannot close;
//! * Graph's own message text is never shown.

mod action;
mod arguments;
mod calendar;
mod catalog;
mod client;
mod completion;
mod document;
mod effect;
mod error;
mod excerpt;
mod files;
mod hours;
mod lesson;
mod listing;
mod lookup;
mod mail;
mod meetings;
mod members;
mod model;
mod moment;
mod odata;
mod paging;
mod param;
mod people;
mod period;
mod playbook;
mod prompt;
mod retry;
mod session;
mod shape;
mod standing;
mod tasks;
mod teams;
mod template;
#[cfg(test)]
mod testing;
mod watch;
mod wire;
mod zone;

pub use action::{Account, Action, Answer, Context, Invocation};
pub use arguments::{ArgumentError, ArgumentErrors};
pub use catalog::catalog;
pub use client::{GraphClient, Ports};
pub use completion::{Reference, find_completion};
pub use error::ActionError;
pub use lesson::{Lesson, lessons};
pub use lookup::{find_resource, find_template, find_tool};
pub use model::SUMMARY_ROWS;
pub use paging::Position;
pub use prompt::{Prompt, PromptArgument, find_prompt, prompts};
pub use watch::Watch;
pub use zone::ZoneMemory;
