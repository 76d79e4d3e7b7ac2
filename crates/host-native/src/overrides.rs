//! Settings given on the command line of `demo` and `sandbox`, over those that fit the simulated estate.
//!
//! In scope: plain settings of the table. Out of scope: secrets, because other programs can read a command line; what a
//! value means, which the configuration says. Invariant: no refusal shows a value.

use std::collections::BTreeMap;

use anyhow::{Context as _, bail};
use m365_app::config::SETTINGS;

/// What was given, by name; a name given twice has its last value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Overrides(BTreeMap<&'static str, String>);

impl Overrides {
    /// Reads `NAME=VALUE` texts.
    ///
    /// # Errors
    /// A sentence, for a text of another form and for a name that is unknown or of a secret.
    pub(crate) fn parse(given: &[String]) -> anyhow::Result<Self> {
        given.iter().map(|text| pair(text)).collect::<anyhow::Result<_>>().map(Self)
    }

    /// The value of a setting, where one was given.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Every setting that was given.
    pub(crate) fn into_iter(self) -> impl Iterator<Item = (&'static str, String)> {
        self.0.into_iter()
    }
}

fn pair(text: &str) -> anyhow::Result<(&'static str, String)> {
    let (name, value) = text
        .split_once('=')
        .context("--set takes NAME=VALUE; what was given has no equals sign, so write one after the name")?;
    let Some(setting) = SETTINGS.iter().find(|setting| setting.name == name) else {
        bail!("--set {name}: there is no such setting; docs/generated/configuration.md lists them all");
    };
    if setting.secret {
        bail!(
            "--set {name}: this setting is secret, and other programs can read a command line; leave it out, and the one that fits the simulated estate is used"
        );
    }
    Ok((setting.name, value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &[&str]) -> anyhow::Result<Overrides> {
        Overrides::parse(&given.iter().map(|&text| text.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn a_plain_setting_is_taken_and_the_last_value_counts() {
        let taken = parse(&["ACCESS_REAUTH=1h", "PROFILE=a=b", "ACCESS_REAUTH=2h"]).expect("plain settings");
        assert_eq!(taken.value("ACCESS_REAUTH"), Some("2h"));
        assert_eq!(taken.value("PROFILE"), Some("a=b"));
        assert_eq!(taken.value("INGRESS"), None);
    }

    #[test]
    fn unknown_and_secret_names_and_other_texts_are_refused_without_their_values() {
        for given in ["NOBODY=canary", "access_reauth=canary", "COOKIE_SECRET=canary", "canary", "=canary"] {
            let refused = parse(&[given]).expect_err(given).to_string();
            assert!(!refused.contains("canary"), "{refused}");
        }
        assert!(parse(&["ENCRYPTION_KEY_PREVIOUS=x"]).expect_err("secret").to_string().contains("secret"));
    }

    #[test]
    fn every_secret_of_the_table_is_refused() {
        for setting in SETTINGS {
            assert_eq!(parse(&[&format!("{}=x", setting.name)]).is_err(), setting.secret, "{}", setting.name);
        }
    }
}
