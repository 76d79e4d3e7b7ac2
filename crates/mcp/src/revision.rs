//! Protocol revisions, what each of them knows, and which era a message speaks.
//!
//! Source: MCP 2026-07-28, "Versioning and Compatibility"; changelogs of the earlier revisions.

/// A protocol revision, oldest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Revision {
    /// 2024-11-05: tools without annotations.
    V2024_11_05,
    /// 2025-03-26: tool annotations, JSON-RPC batches.
    V2025_03_26,
    /// 2025-06-18: titles, structured results, version header; no batches.
    V2025_06_18,
    /// 2025-11-25: website of the implementation; input errors are tool results.
    V2025_11_25,
    /// 2026-07-28: stateless; metadata in every request.
    V2026_07_28,
}

/// Whether a message belongs to the revisions opened with `initialize` or to the stateless ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Era {
    /// 2025-11-25 and earlier.
    Legacy,
    /// 2026-07-28 and later.
    Modern,
}

/// The `MCP-Protocol-Version` header as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionHeader<'a> {
    /// There is none.
    Absent,
    /// Exactly one, of plausible form.
    Named(&'a str),
    /// More than one, or not a short plain text.
    Unusable,
}

impl Revision {
    /// Every revision, oldest first.
    pub const ALL: &'static [Self] =
        &[Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25, Self::V2026_07_28];
    /// The revisions told to clients, newest first.
    pub(crate) const ADVERTISED: [Self; 4] =
        [Self::V2026_07_28, Self::V2025_11_25, Self::V2025_06_18, Self::V2025_03_26];
    /// What a request without a version header speaks.
    pub(crate) const ASSUMED: Self = Self::V2025_03_26;
    /// What `initialize` answers when the client asks for a revision it cannot give.
    pub(crate) const NEWEST_LEGACY: Self = Self::V2025_11_25;

    /// The date on the wire.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
            Self::V2026_07_28 => "2026-07-28",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|revision| revision.as_str() == text)
    }

    pub(crate) fn era(self) -> Era {
        if self >= Self::V2026_07_28 { Era::Modern } else { Era::Legacy }
    }

    pub(crate) fn has_annotations(self) -> bool {
        self >= Self::V2025_03_26
    }

    pub(crate) fn has_batches(self) -> bool {
        self == Self::V2025_03_26
    }

    /// Titles, output schemas and structured results came together.
    pub(crate) fn has_structure(self) -> bool {
        self >= Self::V2025_06_18
    }

    /// Pictures and the website of the implementation came together, and so did elicitation by URL.
    pub(crate) fn has_icons(self) -> bool {
        self >= Self::V2025_11_25
    }
}

/// Decides the era of one message: modern where its own metadata names a revision, or where the header is not a
/// known legacy revision; `initialize` without such metadata is legacy whatever the header says.
pub(crate) fn era(method: Option<&str>, names_revision: bool, header: VersionHeader<'_>) -> Era {
    if names_revision {
        return Era::Modern;
    }
    if method == Some("initialize") {
        return Era::Legacy;
    }
    match header {
        VersionHeader::Absent => Era::Legacy,
        VersionHeader::Named(text) => Revision::parse(text).map_or(Era::Modern, Revision::era),
        VersionHeader::Unusable => Era::Modern,
    }
}

#[cfg(test)]
mod tests {
    use super::VersionHeader::{Absent, Named, Unusable};
    use super::*;

    #[test]
    fn the_era_follows_from_metadata_then_method_then_header() {
        use Era::{Legacy, Modern};
        let table = [
            (Some("tools/list"), true, Absent, Modern),
            (Some("tools/list"), true, Named("2025-11-25"), Modern),
            (Some("tools/list"), true, Named("2026-07-28"), Modern),
            (Some("initialize"), true, Absent, Modern),
            (Some("initialize"), false, Absent, Legacy),
            (Some("initialize"), false, Named("2025-06-18"), Legacy),
            (Some("initialize"), false, Named("2026-07-28"), Legacy),
            (Some("initialize"), false, Named("2099-01-01"), Legacy),
            (Some("initialize"), false, Unusable, Legacy),
            (Some("tools/list"), false, Absent, Legacy),
            (Some("tools/list"), false, Named("2024-11-05"), Legacy),
            (Some("tools/list"), false, Named("2025-03-26"), Legacy),
            (Some("tools/list"), false, Named("2025-06-18"), Legacy),
            (Some("tools/list"), false, Named("2025-11-25"), Legacy),
            (Some("tools/list"), false, Named("2026-07-28"), Modern),
            (Some("tools/list"), false, Named("2000-01-01"), Modern),
            (Some("tools/list"), false, Named("2099-01-01"), Modern),
            (Some("tools/list"), false, Named("rubbish"), Modern),
            (Some("tools/list"), false, Unusable, Modern),
            (None, false, Absent, Legacy),
            (None, false, Named("2026-07-28"), Modern),
        ];
        for (method, names_revision, header, expected) in table {
            assert_eq!(
                era(method, names_revision, header),
                expected,
                "{method:?} {names_revision} {header:?}"
            );
        }
    }

    #[test]
    fn every_revision_reads_back_and_nothing_else_does() {
        assert!(Revision::ALL.iter().all(|revision| Revision::parse(revision.as_str()) == Some(*revision)));
        assert!(Revision::ALL.windows(2).all(|pair| pair[0] < pair[1]));
        for text in ["", "2025-11-2", "2025-11-25 ", "2026-07-29", "DRAFT-2026"] {
            assert_eq!(Revision::parse(text), None, "{text}");
        }
    }
}
