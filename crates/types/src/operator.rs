//! What operators order, and how it is recorded: every order names a person and a reason.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{AccessSubject, AuditKind, CellId, ClientId, IdError};

/// Why an operator acts, in the operator's own words: one line of 3 to 200 characters, kept in records as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reason(String);

impl Reason {
    /// Accepts a line that says something.
    ///
    /// # Errors
    /// [`IdError::Malformed`] for anything shorter, longer or with control characters.
    pub fn parse(text: &str) -> Result<Self, IdError> {
        let text = text.trim();
        let fits = (3..=200).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if fits { Ok(Self(text.to_owned())) } else { Err(IdError::Malformed) }
    }

    /// The words.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Reason {
    type Error = IdError;
    fn try_from(text: String) -> Result<Self, IdError> {
        Self::parse(&text)
    }
}

impl From<Reason> for String {
    fn from(reason: Reason) -> Self {
        reason.0
    }
}

/// An order to cells. A cell carries every order out once, in the order of their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "order", content = "of")]
pub enum Order {
    /// End every session of everyone.
    KillEveryone,
    /// End every session of one person.
    KillPerson(CellId),
    /// End every grant of one client.
    KillClient(ClientId),
    /// Remove the link to the Microsoft account, and end every session of the person.
    Unpin(CellId),
    /// Let a cell that was restored from a copy write again; its sessions end.
    Readmit(CellId),
}

/// The name of an order, without whom it concerns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderKind {
    /// [`Order::KillEveryone`]
    KillEveryone,
    /// [`Order::KillPerson`]
    KillPerson,
    /// [`Order::KillClient`]
    KillClient,
    /// [`Order::Unpin`]
    Unpin,
    /// [`Order::Readmit`]
    Readmit,
}

impl Order {
    /// Which order it is.
    #[must_use]
    pub const fn kind(&self) -> OrderKind {
        match self {
            Self::KillEveryone => OrderKind::KillEveryone,
            Self::KillPerson(_) => OrderKind::KillPerson,
            Self::KillClient(_) => OrderKind::KillClient,
            Self::Unpin(_) => OrderKind::Unpin,
            Self::Readmit(_) => OrderKind::Readmit,
        }
    }

    /// The one cell it is for, where it is for one.
    #[must_use]
    pub const fn cell(&self) -> Option<&CellId> {
        match self {
            Self::KillEveryone | Self::KillClient(_) => None,
            Self::KillPerson(cell) | Self::Unpin(cell) | Self::Readmit(cell) => Some(cell),
        }
    }

    /// Whom it concerns, as an identifier for records.
    #[must_use]
    pub fn target(&self) -> &str {
        match self {
            Self::KillEveryone => "everyone",
            Self::KillClient(client) => client.as_str(),
            Self::KillPerson(cell) | Self::Unpin(cell) | Self::Readmit(cell) => cell.as_str(),
        }
    }
}

impl OrderKind {
    /// The fixed word in records.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::KillEveryone => "kill_everyone",
            Self::KillPerson => "kill_person",
            Self::KillClient => "kill_client",
            Self::Unpin => "unpin",
            Self::Readmit => "readmit",
        }
    }

    /// The kind of its records.
    #[must_use]
    pub const fn audit(self) -> AuditKind {
        match self {
            Self::KillEveryone | Self::KillPerson | Self::KillClient => AuditKind::OperatorKill,
            Self::Unpin => AuditKind::OperatorUnpin,
            Self::Readmit => AuditKind::OperatorReadmit,
        }
    }
}

/// Who ordered what to whom, and why: part of every record of an order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OperatorNote {
    /// The operator.
    pub operator: AccessSubject,
    /// Whom the order concerns: a cell, a client id or `everyone`.
    pub target: String,
    /// Why.
    pub reason: Reason,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_that_says_something() {
        assert_eq!(
            Reason::parse("  laptop stolen, ticket 4711 ").unwrap().as_str(),
            "laptop stolen, ticket 4711"
        );
        for text in ["", "  ", "ab", "two\nlines", "a\u{0}bc", &"x".repeat(201)] {
            assert!(Reason::parse(text).is_err(), "{text:?}");
        }
    }
}
