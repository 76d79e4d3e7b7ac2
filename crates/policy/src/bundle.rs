//! A policy set as texts, before it is in force: Cedar files, and what content inspection and limits are told.
//!
//! Source: RFC 8785 for the canonical form, so that the same texts have the same hash wherever they come from.

use std::collections::BTreeMap;

use m365_types::hex;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::error::PolicyError;

/// Longest canonical form, in bytes: what a Worker can check while a call waits.
pub const BUNDLE_BYTES_MAX: usize = 256 << 10;
/// Most files of policies.
pub const POLICY_FILES_MAX: usize = 64;
/// Most policies.
pub const POLICIES_MAX: usize = 256;

/// The files that ship, by name.
const STANDARD: &[(&str, &str)] = &[
    ("approvals.cedar", include_str!("../policies/approvals.cedar")),
    ("confidential.cedar", include_str!("../policies/confidential.cedar")),
    ("lookups.cedar", include_str!("../policies/lookups.cedar")),
    ("profiles.cedar", include_str!("../policies/profiles.cedar")),
    ("services.cedar", include_str!("../policies/services.cedar")),
];

/// The cases that the set that ships is held against.
pub const STANDARD_CASES: &str = include_str!("../policies/standard.tests");

/// A policy set as texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyBundle {
    /// Cedar texts by file name.
    pub policies: BTreeMap<String, String>,
    /// What content inspection is told (`dlp.json`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dlp: Option<Value>,
    /// What the limits are told (`limits.json`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<Value>,
}

impl PolicyBundle {
    /// The set that ships.
    #[must_use]
    pub fn standard() -> Self {
        let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        Self { policies: STANDARD.iter().map(owned).collect(), dlp: None, limits: None }
    }

    /// Reads the JSON form.
    ///
    /// # Errors
    /// [`PolicyError::Bundle`] where it is not JSON of this form, [`PolicyError::TooLarge`].
    pub fn parse(json: &[u8]) -> Result<Self, PolicyError> {
        if json.len() > BUNDLE_BYTES_MAX {
            return Err(too_large(format!("{} bytes", json.len()), BUNDLE_BYTES_MAX));
        }
        serde_json::from_slice(json).map_err(|error| PolicyError::Bundle(error.to_string()))
    }

    /// The JSON form that the hash and a signature are over.
    ///
    /// # Errors
    /// [`PolicyError::Bundle`] where a number in it has no canonical form, [`PolicyError::TooLarge`].
    pub fn canonical(&self) -> Result<Vec<u8>, PolicyError> {
        let bytes =
            serde_json_canonicalizer::to_vec(self).map_err(|error| PolicyError::Bundle(error.to_string()))?;
        if bytes.len() > BUNDLE_BYTES_MAX {
            return Err(too_large(format!("{} bytes", bytes.len()), BUNDLE_BYTES_MAX));
        }
        if self.policies.len() > POLICY_FILES_MAX {
            return Err(too_large(format!("{} files", self.policies.len()), POLICY_FILES_MAX));
        }
        Ok(bytes)
    }

    /// SHA-256 of the canonical form, lower-case hex: the name of the set.
    ///
    /// # Errors
    /// As [`PolicyBundle::canonical`].
    pub fn hash(&self) -> Result<String, PolicyError> {
        Ok(hex(&Sha256::digest(self.canonical()?)))
    }
}

/// A set for a place that others can write to: the texts, a number that only grows, and the operator's signature over
/// both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedBundle {
    /// The texts.
    pub bundle: PolicyBundle,
    /// Larger than that of every set before it.
    pub version: u64,
    /// Ed25519 (RFC 8032) over [`SignedBundle::message`], base64url without padding.
    pub signature: String,
}

/// What tells a signature over a policy set from one over anything else.
const SIGNED: &str = "m365-mcp policy bundle 1\n";
/// Room for version and signature beside the texts, and for a JSON text that is not canonical.
const SIGNED_BYTES_MAX: usize = 2 * BUNDLE_BYTES_MAX;

impl SignedBundle {
    /// Reads the JSON form. Whether the signature is the operator's is for whoever knows the key.
    ///
    /// # Errors
    /// [`PolicyError::Bundle`] where it is not JSON of this form, [`PolicyError::TooLarge`].
    pub fn parse(json: &[u8]) -> Result<Self, PolicyError> {
        if json.len() > SIGNED_BYTES_MAX {
            return Err(too_large(format!("{} bytes", json.len()), SIGNED_BYTES_MAX));
        }
        serde_json::from_slice(json).map_err(|error| PolicyError::Bundle(error.to_string()))
    }

    /// What the signature is over.
    ///
    /// # Errors
    /// As [`PolicyBundle::canonical`].
    pub fn message(&self) -> Result<Vec<u8>, PolicyError> {
        let mut message = format!("{SIGNED}{}\n", self.version).into_bytes();
        message.extend(self.bundle.canonical()?);
        Ok(message)
    }
}

pub(crate) const fn too_large(what: String, most: usize) -> PolicyError {
    PolicyError::TooLarge { what, most }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_names_the_content_and_not_the_order_of_writing() {
        let bundle = PolicyBundle::standard();
        let hash = bundle.hash().unwrap();
        assert_eq!(hash.len(), 64);
        let read = PolicyBundle::parse(&bundle.canonical().unwrap()).unwrap();
        assert_eq!(read.hash().unwrap(), hash);
        let limits = |json: &str| PolicyBundle {
            limits: serde_json::from_str(json).unwrap(),
            ..PolicyBundle::standard()
        };
        assert_eq!(limits(r#"{"a":1,"b":2}"#).hash(), limits(r#"{"b":2,"a":1}"#).hash());
        assert_ne!(limits(r#"{"a":1,"b":2}"#).hash().unwrap(), hash);
    }

    #[test]
    fn what_is_unknown_or_too_large_is_refused() {
        assert!(matches!(PolicyBundle::parse(br#"{"policies":{},"more":1}"#), Err(PolicyError::Bundle(_))));
        assert!(matches!(PolicyBundle::parse(b"{"), Err(PolicyError::Bundle(_))));
        let long = vec![b' '; BUNDLE_BYTES_MAX + 1];
        assert!(matches!(PolicyBundle::parse(&long), Err(PolicyError::TooLarge { .. })));
        let files = (0..=POLICY_FILES_MAX).map(|file| (file.to_string(), String::new())).collect();
        let many = PolicyBundle { policies: files, ..PolicyBundle::default() };
        assert!(matches!(many.hash(), Err(PolicyError::TooLarge { .. })));
    }
}
