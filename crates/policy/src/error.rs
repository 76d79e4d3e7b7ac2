//! Why a policy set cannot be in force.

use std::fmt;

/// Where in which file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Name of the file.
    pub file: String,
    /// Line, counted from 1; 0 where the whole file is meant.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.file),
            line => write!(f, "{}:{line}", self.file),
        }
    }
}

/// Why a policy set cannot be in force. None of it is in force then.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The bundle is not what its format says.
    #[error("The policy bundle cannot be read: {0}. Make it anew with `m365-mcp policy sign`.")]
    Bundle(String),
    /// The text is not Cedar.
    #[error("{place}: this is not a Cedar policy: {problem}.")]
    Syntax {
        /// Where.
        place: Place,
        /// What the parser says.
        problem: String,
    },
    /// A policy has no name, or one that records cannot carry.
    #[error(
        "{place}: a policy needs a name for the records; write `@id(\"lower-case.name\")` above it, at most 64 letters, digits, dots and hyphens."
    )]
    Id {
        /// Where.
        place: Place,
    },
    /// Two policies have the same name.
    #[error("{place}: another policy is called `{id}` too; names stand in the records and must differ.")]
    Duplicate {
        /// Where the second is.
        place: Place,
        /// The name.
        id: String,
    },
    /// A policy that forbids does not say why.
    #[error(
        "{place}: the policy `{id}` forbids; write `@message(\"…\")` above it, which completes the sentence \"Nothing was done, because …\"."
    )]
    Message {
        /// Where.
        place: Place,
        /// The name.
        id: String,
    },
    /// The set does not fit the schema, or a policy can never apply.
    #[error("{place}: the policy `{id}` does not fit the schema: {problem}.")]
    Schema {
        /// Where.
        place: Place,
        /// The policy.
        id: String,
        /// What the validator says.
        problem: String,
    },
    /// What content inspection is told is not what its format says.
    #[error("dlp.json: {0}")]
    Dlp(crate::dlp::DlpError),
    /// What the limits are told is not what its format says.
    #[error(transparent)]
    Limits(crate::LimitsError),
    /// More than is loaded.
    #[error("The policy set has {what}, and at most {most} are loaded. Make it smaller.")]
    TooLarge {
        /// What there is too much of.
        what: String,
        /// How much is loaded.
        most: usize,
    },
    /// A row of the table does not make an action of the schema: a mistake in this program.
    #[error("The row `{0}` of the table does not make an action of the schema. Tell the maintainers.")]
    Row(String),
}

/// Several at once, or one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for PolicyErrors {}

impl From<PolicyError> for PolicyErrors {
    fn from(error: PolicyError) -> Self {
        Self(vec![error])
    }
}
