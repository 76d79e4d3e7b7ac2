//! Shapes of Graph's answers that several families read. Every field may be missing or null.

use serde::{Deserialize, Serialize};

use crate::shape::Cleaner;

/// One page of a list.
#[derive(Deserialize)]
pub(crate) struct Page<T> {
    pub(crate) value: Vec<T>,
    #[serde(rename = "@odata.nextLink")]
    pub(crate) next_link: Option<String>,
}

/// Graph's `recipient`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Recipient {
    pub(crate) email_address: Option<EmailAddress>,
}

/// Graph's `emailAddress`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct EmailAddress {
    pub(crate) name: Option<String>,
    pub(crate) address: Option<String>,
}

/// Graph's `itemBody`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct Body {
    pub(crate) content: Option<String>,
}

/// Somebody's name and address, cleaned.
#[derive(Serialize)]
pub(crate) struct Correspondent {
    pub(crate) name: String,
    pub(crate) address: String,
}

pub(crate) const NAME_MAX: usize = 120;
pub(crate) const ADDRESS_MAX: usize = 254;

impl Correspondent {
    pub(crate) fn of(recipient: Option<&Recipient>, cleaner: &mut Cleaner) -> Option<Self> {
        Self::at(recipient?.email_address.as_ref(), cleaner)
    }

    pub(crate) fn at(address: Option<&EmailAddress>, cleaner: &mut Cleaner) -> Option<Self> {
        let given = address?;
        let name = cleaner.line(given.name.as_deref(), NAME_MAX);
        let address = cleaner.line(given.address.as_deref(), ADDRESS_MAX);
        (!name.is_empty() || !address.is_empty()).then_some(Self { name, address })
    }

    /// `Name <address>`, or the one there is.
    pub(crate) fn words(&self) -> String {
        match (self.name.as_str(), self.address.as_str()) {
            ("", address) => address.to_owned(),
            (name, "") => name.to_owned(),
            (name, address) if name.eq_ignore_ascii_case(address) => address.to_owned(),
            (name, address) => format!("{name} <{address}>"),
        }
    }
}
