//! What stands against a person's calls because of what their assistant has read.
//!
//! A label belongs to the person, across grants, clients and sessions: a server cannot see where the words that it handed
//! out went on to. Source: Denning, "A Lattice Model of Secure Information Flow" (1976): labels only grow, until the
//! person clears them or they lapse.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Label {
    /// Something was read that its owner marked as confidential, or that came from a place the operator calls so.
    Confidential,
    /// Free text was read that the person did not write: names and titles too.
    Untrusted,
}

impl Label {
    /// Every label.
    pub const ALL: &'static [Self] = &[Self::Confidential, Self::Untrusted];

    /// The word in policy, records and documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Confidential => "confidential",
            Self::Untrusted => "untrusted",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|label| label.as_str() == text)
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of labels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Labels {
    confidential: bool,
    untrusted: bool,
}

impl Labels {
    /// No label.
    pub const NONE: Self = Self { confidential: false, untrusted: false };

    /// These and one more.
    #[must_use]
    pub const fn with(mut self, label: Label) -> Self {
        match label {
            Label::Confidential => self.confidential = true,
            Label::Untrusted => self.untrusted = true,
        }
        self
    }

    /// These and those.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self {
            confidential: self.confidential || other.confidential,
            untrusted: self.untrusted || other.untrusted,
        }
    }

    /// Whether the label is among them.
    #[must_use]
    pub const fn has(self, label: Label) -> bool {
        match label {
            Label::Confidential => self.confidential,
            Label::Untrusted => self.untrusted,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        !self.confidential && !self.untrusted
    }

    /// Those there are, in the order of [`Label::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Label> {
        Label::ALL.iter().copied().filter(move |label| self.has(*label))
    }
}

impl FromIterator<Label> for Labels {
    fn from_iter<I: IntoIterator<Item = Label>>(labels: I) -> Self {
        labels.into_iter().fold(Self::NONE, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_exactly_what_was_put_into_it() {
        for (given, held) in [
            (vec![], vec![]),
            (vec![Label::Untrusted, Label::Untrusted], vec![Label::Untrusted]),
            (vec![Label::Untrusted, Label::Confidential], vec![Label::Confidential, Label::Untrusted]),
        ] {
            let labels: Labels = given.into_iter().collect();
            assert_eq!(labels.iter().collect::<Vec<_>>(), held);
            assert_eq!(labels.is_empty(), held.is_empty());
        }
    }

    #[test]
    fn a_union_has_what_either_has() {
        let (untrusted, confidential) =
            (Labels::NONE.with(Label::Untrusted), Labels::NONE.with(Label::Confidential));
        assert_eq!(untrusted.union(Labels::NONE), untrusted);
        assert!(Label::ALL.iter().all(|label| untrusted.union(confidential).has(*label)));
        assert_eq!(Label::parse("untrusted"), Some(Label::Untrusted));
        assert_eq!(Label::parse("Untrusted"), None);
    }
}
