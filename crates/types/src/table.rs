//! The vocabulary of the tool table. One row decides the scopes asked of Entra, the Graph paths that egress
//! admits, the MCP annotations, the policy action, the audit kind and the reference documents.

use std::collections::BTreeSet;
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

/// By what a result tells that it holds something confidential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sensitivity {
    /// `sensitivity` of an event: personal, private or confidential.
    EventSensitivity,
    /// Sensitivity label of a file.
    FileLabel,
    /// Headers of a message: `Sensitivity` (RFC 4021 section 2.1.55), and the label that Microsoft Purview writes.
    MessageSensitivity,
    /// Where it lies: a place that the operator calls confidential.
    Place,
}

impl Sensitivity {
    /// Every way.
    pub const ALL: &'static [Self] =
        &[Self::EventSensitivity, Self::FileLabel, Self::MessageSensitivity, Self::Place];

    /// The words used in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventSensitivity => "event sensitivity",
            Self::FileLabel => "file label",
            Self::MessageSensitivity => "message sensitivity",
            Self::Place => "place",
        }
    }
}

/// What a deployment offers: a profile, and names that narrow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toolset {
    /// Which effects are allowed at all.
    pub profile: Profile,
    /// Names of rows; where there are any, nothing else is offered but what completes arguments.
    pub allow: BTreeSet<&'static str>,
    /// Names of rows that are not offered.
    pub deny: BTreeSet<&'static str>,
}

impl Toolset {
    /// A profile with nothing narrowed.
    #[must_use]
    pub const fn of(profile: Profile) -> Self {
        Self { profile, allow: BTreeSet::new(), deny: BTreeSet::new() }
    }

    /// Whether the row may be offered, its effect aside. A read-only deployment is one that people can use without an
    /// administrator's consent, so there a row that needs it must be named.
    #[must_use]
    pub fn admits(&self, action: &ActionSpec) -> bool {
        if self.deny.contains(action.name) {
            return false;
        }
        if self.allow.is_empty() || action.kind == ActionKind::Completion {
            return self.profile != Profile::ReadOnly || !action.needs_administrator();
        }
        self.allow.contains(action.name)
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
    /// Delegated permissions it needs, of the grant and of the Microsoft token, where its arguments name nothing else.
    pub scopes: &'static [Scope],
    /// Permissions that some arguments need instead or besides: another mailbox, a drive elsewhere. They are asked for
    /// when such a call is made.
    pub further_scopes: &'static [Scope],
    /// The Graph calls it may make; egress refuses every other.
    pub calls: &'static [Call],
    /// Whether its result holds text that the person did not write.
    pub untrusted: bool,
    /// How its result tells that it holds something confidential; nothing where it cannot tell.
    pub sensitivity: &'static [Sensitivity],
    /// The kind of its journal records.
    pub audit: AuditKind,
}

impl ActionSpec {
    /// Whether every call needs a permission that only an administrator can grant.
    #[must_use]
    pub fn needs_administrator(&self) -> bool {
        self.scopes.iter().any(|scope| scope.needs_administrator())
    }

    /// Every permission a call may need.
    pub fn all_scopes(&self) -> impl Iterator<Item = Scope> {
        self.scopes.iter().chain(self.further_scopes).copied()
    }
}

/// Whom one concrete call reaches, worked out from its arguments before the decision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// People addressed by e-mail.
    pub recipients: Vec<Email>,
    /// The mailbox, team or drive acted on, as an identifier for the record; `me` for the person's own.
    pub target: String,
    /// Whether others use what is acted on too: a shared mailbox, a drive elsewhere. Changing it reaches them.
    pub shared: bool,
}
