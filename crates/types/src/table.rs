//! The vocabulary of the tool table. One row decides the scopes asked of Entra, the Graph paths that egress
//! admits, the MCP annotations, the policy action, the audit kind and the reference documents.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AuditKind, Call, Email, Scope};

/// What a call does to the world; the coarse axis of policy and of the MCP annotations.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Effect {
    /// Looks, changes nothing.
    Read,
    /// Changes only what is the person's own.
    Write,
    /// Reaches other people: sends, invites, posts, shares.
    Send,
    /// Removes something.
    Destroy,
}

impl Effect {
    /// Every effect.
    pub const ALL: &'static [Self] = &[Self::Read, Self::Write, Self::Send, Self::Destroy];

    /// The word used in documents, policy and records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Send => "send",
            Self::Destroy => "destroy",
        }
    }
}

/// Which effects a deployment allows at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Reads only; where `serve` starts.
    ReadOnly,
    /// Reads, and writes that stay with the person.
    Standard,
    /// Everything in the table; where `demo` starts.
    Full,
}

impl Profile {
    /// Every profile.
    pub const ALL: &'static [Self] = &[Self::ReadOnly, Self::Standard, Self::Full];

    /// The word used in configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReadOnly => "read-only",
            Self::Standard => "standard",
            Self::Full => "full",
        }
    }

    /// Reads the word used in configuration.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|profile| profile.as_str() == text)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How an MCP client names the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionKind {
    /// `tools/call` by name.
    Tool,
    /// `resources/read` by URI.
    Resource,
    /// `resources/read` by a URI that a template with one variable makes.
    Template,
    /// `completion/complete` of an argument of a prompt or template.
    Completion,
}

/// One row: something a client can ask for, whatever its kind.
#[derive(Debug, PartialEq, Eq)]
pub struct ActionSpec {
    /// Tool name, resource URI, URI template such as `microsoft://messages/{id}`, or `completion://` and what is
    /// completed; unique in the table; `mcpTool` in gateway metadata and journal.
    pub name: &'static str,
    /// How clients name it.
    pub kind: ActionKind,
    /// Short name for people.
    pub title: &'static str,
    /// One sentence for the model and for the reference documents.
    pub summary: &'static str,
    /// What it does to the world.
    pub effect: Effect,
    /// Delegated permissions it needs, of the grant and of the Microsoft token.
    pub scopes: &'static [Scope],
    /// The Graph calls it may make; egress refuses every other.
    pub calls: &'static [Call],
    /// Whether its result holds text that the person did not write.
    pub untrusted: bool,
    /// The kind of its journal records.
    pub audit: AuditKind,
}

/// Whom one concrete call reaches, worked out from its arguments before the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// People addressed by e-mail.
    pub recipients: Vec<Email>,
    /// The mailbox, team or drive acted on, as an identifier for the record; `me` for the person's own.
    pub target: String,
}
