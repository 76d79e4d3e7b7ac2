//! Which case proves which entry of the catalogue of attacks.
//!
//! Every entry that is about the authorization server, Access, transport, egress and storage has a row, and so has every
//! published weakness of the programs this one was measured against. A row says what holds, in a sentence, and names the
//! cases of the black-box suite that show it on both hosts; a test beside the code is named where no black box can show it.
//! `docs/generated/security-cases.md` is made of this table and of what a full run of the tests saw. Invariant: what is
//! named exists.

mod attacks;
mod beyond;
mod original;
mod server;

use crate::cases::{ALL, Case, Needs};

pub use attacks::ATTACKS;
pub use beyond::BEYOND;
pub use original::ORIGINAL;
pub use server::{PEERS, SERVER};

/// One entry.
#[derive(Debug)]
pub struct Row {
    /// Its number in the catalogue: section and entry.
    pub id: &'static str,
    /// What holds, as a sentence.
    pub property: &'static str,
    /// What shows it.
    pub proofs: &'static [Proof],
    /// What must be said beside it: why a host differs, or why more cannot be shown. Empty where there is nothing to say.
    pub note: &'static str,
}

/// What shows that a property holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proof {
    /// A case of the black-box suite, by its name.
    Case(&'static str),
    /// A test beside the code: file and function.
    Test(&'static str, &'static str),
}

/// A part of the catalogue.
#[derive(Debug)]
pub struct Part {
    /// Its heading.
    pub title: &'static str,
    /// Its entries, in order.
    pub rows: &'static [Row],
}

/// The whole catalogue.
pub const CATALOGUE: [Part; 5] = [
    Part { title: "The authorization server", rows: SERVER },
    Part { title: "Attacks on OAuth and Access", rows: ATTACKS },
    Part { title: "Attacks on transport, tools, egress and storage", rows: BEYOND },
    Part { title: "What the TypeScript original got wrong", rows: ORIGINAL },
    Part { title: "What peers got wrong", rows: PEERS },
];

/// Every case that the catalogue names, each once, in the order of its name.
#[must_use]
pub fn named_cases() -> Vec<&'static Case> {
    let proofs = CATALOGUE.iter().flat_map(|part| part.rows).flat_map(|row| row.proofs);
    let names = proofs.filter_map(|proof| match proof {
        Proof::Case(name) => Some(*name),
        Proof::Test(..) => None,
    });
    let mut cases: Vec<&Case> = names.filter_map(case).collect();
    cases.sort_unstable_by_key(|case| case.name);
    cases.dedup_by_key(|case| case.name);
    cases
}

/// The case of this name.
#[must_use]
pub fn case(name: &str) -> Option<&'static Case> {
    ALL.iter().copied().flatten().find(|case| case.name == name)
}

/// Whether the case is about the native host only.
#[must_use]
pub fn is_native_only(case: &Case) -> bool {
    case.needs == Needs::Native
}

const fn row(id: &'static str, property: &'static str, proofs: &'static [Proof], note: &'static str) -> Row {
    Row { id, property, proofs, note }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn rows() -> impl Iterator<Item = &'static Row> {
        CATALOGUE.iter().flat_map(|part| part.rows)
    }

    #[test]
    fn every_case_that_is_named_exists() {
        for row in rows() {
            for proof in row.proofs {
                if let Proof::Case(name) = proof {
                    assert!(case(name).is_some(), "{}: there is no case {name}", row.id);
                }
            }
        }
        assert!(case("nobody::nothing").is_none());
    }

    #[test]
    fn every_test_that_is_named_exists() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for row in rows() {
            for proof in row.proofs {
                if let Proof::Test(file, name) = proof {
                    let text = std::fs::read_to_string(root.join(file)).unwrap_or_default();
                    assert!(
                        text.contains(&format!("fn {name}(")),
                        "{}: there is no test {name} in {file}",
                        row.id
                    );
                }
            }
        }
    }

    #[test]
    fn every_entry_is_there_once_and_is_proven_or_explained() {
        let ids: Vec<&str> = rows().map(|row| row.id).collect();
        let distinct: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(distinct.len(), ids.len(), "an entry stands twice");
        for row in rows() {
            assert!(
                !row.proofs.is_empty() || !row.note.is_empty(),
                "{} is neither proven nor explained",
                row.id
            );
            assert!(
                !row.property.ends_with('.') && (row.note.is_empty() || row.note.ends_with('.')),
                "{}",
                row.id
            );
        }
        for number in 1..=42 {
            assert!(distinct.contains(format!("2.{number}").as_str()), "2.{number} is missing");
        }
    }

    #[test]
    fn where_only_one_host_shows_something_the_reason_stands_beside_it() {
        for row in rows() {
            let native = row.proofs.iter().any(|proof| match proof {
                Proof::Case(name) => case(name).is_some_and(is_native_only),
                Proof::Test(..) => false,
            });
            assert!(!native || !row.note.is_empty(), "{}: why not in a Worker?", row.id);
        }
    }
}
