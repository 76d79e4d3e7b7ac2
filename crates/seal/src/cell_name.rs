//! The name of a person's cell: unkeyed, never rotated, grants nothing.

use m365_types::{AccessSubject, CellId};
use sha2::{Digest as _, Sha256};

/// Whose cell it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CellKind {
    /// A person's.
    User,
    /// A service token's.
    Service,
}

/// Base32 of the first 20 bytes of SHA-256 over length-prefixed (`m365-cell/1`, Access team, kind, subject).
#[must_use]
pub fn cell_id(team: &str, kind: CellKind, subject: &AccessSubject) -> CellId {
    let kind = match kind {
        CellKind::User => "user",
        CellKind::Service => "service",
    };
    let mut hash = Sha256::new();
    for part in ["m365-cell/1", team, kind, subject.as_str()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut digest = [0; 20];
    digest.iter_mut().zip(hash.finalize()).for_each(|(to, from)| *to = from);
    CellId::from_digest(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn team_kind_and_subject_all_name_the_cell() {
        let subject = |text| AccessSubject::parse(text).unwrap();
        let id = cell_id("https://a.example", CellKind::User, &subject("s"));
        assert_eq!(id, cell_id("https://a.example", CellKind::User, &subject("s")));
        assert_ne!(id, cell_id("https://b.example", CellKind::User, &subject("s")));
        assert_ne!(id, cell_id("https://a.example", CellKind::Service, &subject("s")));
        assert_ne!(id, cell_id("https://a.example", CellKind::User, &subject("t")));
    }
}
