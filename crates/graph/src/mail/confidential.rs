//! Whether a message says that it is confidential.
//!
//! Sources: `Sensitivity` of RFC 4021 section 2.1.55, which Outlook sends with what its writer marked; `msip_labels`, in which
//! Microsoft Purview writes the sensitivity labels of a message as `MSIP_Label_{id}_{property}={value};`. Graph v1.0 gives
//! no label of a message but in its headers, and headers only where they are selected. A draft has none yet.
//!
//! Which labels are confidential is an organisation's choice, so every enabled label counts, but those that Microsoft's own
//! set has for what is not.

use m365_types::{Label, Labels};
use serde::Deserialize;

/// The property that holds headers.
pub(crate) const HEADERS: &str = "internetMessageHeaders";
/// Names of labels of Microsoft's own set that say nothing is confidential.
const PLAIN: [&str; 4] = ["General", "Non-Business", "Personal", "Public"];

/// One header of a message.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Header {
    name: Option<String>,
    value: Option<String>,
}

/// What the headers of a message say of it.
pub(crate) fn labels(headers: Option<&[Header]>) -> Labels {
    let says = is_confidential(headers.unwrap_or_default());
    says.then_some(Label::Confidential).into_iter().collect()
}

/// Whether these headers mark a message as confidential.
pub(crate) fn is_confidential(headers: &[Header]) -> bool {
    headers.iter().any(Header::says_confidential)
}

impl Header {
    fn says_confidential(&self) -> bool {
        let (name, value) =
            (self.name.as_deref().unwrap_or_default(), self.value.as_deref().unwrap_or_default());
        if name.eq_ignore_ascii_case("sensitivity") {
            // A mark that is not known here is one all the same.
            return !value.trim().is_empty() && !value.trim().eq_ignore_ascii_case("normal");
        }
        name.eq_ignore_ascii_case("msip_labels") && has_label(value)
    }
}

/// Whether a label is enabled that is not known to be plain.
fn has_label(value: &str) -> bool {
    // A long header is folded; what folded it is no part of its words.
    let value: String = value.chars().filter(|c| !c.is_control()).collect();
    let properties: Vec<(&str, &str)> = value.split(';').filter_map(|one| one.split_once('=')).collect();
    let property = |label: &str, wanted: &str| {
        let found = properties.iter().find(|(name, _)| {
            name.trim()
                .rsplit_once('_')
                .is_some_and(|(of, name)| of == label && name.eq_ignore_ascii_case(wanted))
        });
        found.map(|(_, value)| value.trim())
    };
    let labels = properties.iter().filter_map(|(name, value)| {
        let (label, name) = name.trim().rsplit_once('_')?;
        (name.eq_ignore_ascii_case("Enabled") && value.trim().eq_ignore_ascii_case("true")).then_some(label)
    });
    labels.into_iter().any(|label| !is_plain(property(label, "Name").unwrap_or_default()))
}

/// Whether a label of this name says that nothing is confidential.
pub(crate) fn is_plain(name: &str) -> bool {
    PLAIN.iter().any(|plain| name.eq_ignore_ascii_case(plain))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn said(name: &str, value: &str) -> bool {
        let headers: Vec<Header> = serde_json::from_value(
            json!([{ "name": "Received", "value": "from x" }, { "name": name, "value": value }]),
        )
        .unwrap();
        labels(Some(&headers)).has(Label::Confidential)
    }

    #[test]
    fn a_mark_of_outlook_counts() {
        for value in
            ["Company-Confidential", "company-confidential", "Private", " Personal ", "x-of-tomorrow"]
        {
            assert!(said("Sensitivity", value), "{value}");
        }
        for (name, value) in [
            ("Sensitivity", "Normal"),
            ("Sensitivity", ""),
            ("Subject", "Company-Confidential"),
            ("X-Sensitivity", "Private"),
        ] {
            assert!(!said(name, value), "{name}: {value}");
        }
        assert_eq!(labels(None), Labels::NONE);
    }

    #[test]
    fn an_enabled_label_counts_unless_it_is_known_to_be_plain() {
        let label = |enabled: &str, name: &str| {
            format!(
                "MSIP_Label_9e1a_Enabled={enabled}; MSIP_Label_9e1a_SetDate=2026-11-20T08:12:05Z;\r\n \
                 MSIP_Label_9e1a_Name={name}; "
            )
        };
        for name in ["Confidential", "Streng vertraulich", "General Management", ""] {
            assert!(said("msip_labels", &label("true", name)), "{name}");
        }
        assert!(said("MSIP_Labels", "MSIP_Label_9e1a_Enabled=True"));
        for (enabled, name) in [("false", "Confidential"), ("true", "General"), ("true", "public")] {
            assert!(!said("msip_labels", &label(enabled, name)), "{name}");
        }
        let both = label("true", "General") + ";MSIP_Label_77b0_Enabled=true;MSIP_Label_77b0_Name=Secret";
        assert!(said("msip_labels", &both));
        assert!(!said("msip_labels", "no label at all"));
    }
}
