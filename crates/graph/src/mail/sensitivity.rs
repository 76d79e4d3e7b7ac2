//! How a message tells that it is confidential.
//!
//! Sources: RFC 4021 section 2.1.55 (`Sensitivity`: personal, private or company-confidential); Microsoft Purview, which
//! writes the sensitivity label into the header `msip_labels`.

use serde::Deserialize;

/// Graph's `internetMessageHeader`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Header {
    name: Option<String>,
    value: Option<String>,
}

/// Whether these headers mark a message as confidential. Names of Purview's labels are the organisation's own, so any label
/// counts: what is not labelled is what may be handed on.
pub(crate) fn is_confidential(headers: &[Header]) -> bool {
    headers.iter().any(|header| {
        let (name, value) = (header.name.as_deref().unwrap_or_default(), header.value.as_deref());
        let value = value.unwrap_or_default().trim();
        if name.eq_ignore_ascii_case("sensitivity") {
            return !value.is_empty() && !value.eq_ignore_ascii_case("normal");
        }
        name.eq_ignore_ascii_case("msip_labels") && value.to_ascii_lowercase().contains("_enabled=true")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(name: &str, value: &str) -> bool {
        is_confidential(&[
            Header::default(),
            Header { name: Some(name.to_owned()), value: Some(value.to_owned()) },
        ])
    }

    #[test]
    fn sensitivity_and_labels_mark_a_message_and_nothing_else_does() {
        for (name, value, confidential) in [
            ("Sensitivity", "Company-Confidential", true),
            ("sensitivity", "private", true),
            ("SENSITIVITY", " Personal ", true),
            ("Sensitivity", "x-of-tomorrow", true),
            ("Sensitivity", "Normal", false),
            ("Sensitivity", "", false),
            ("msip_labels", "MSIP_Label_1_Enabled=True; MSIP_Label_1_Name=Internal", true),
            ("msip_labels", "MSIP_Label_1_Enabled=False", false),
            ("Subject", "Company-Confidential", false),
            ("X-Sensitivity", "private", false),
        ] {
            assert_eq!(marked(name, value), confidential, "{name}: {value}");
        }
        assert!(!is_confidential(&[]));
    }
}
