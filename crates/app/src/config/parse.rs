//! Reading one setting into one type.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use m365_egress::GraphVersion;
use m365_ports::RotatingSecret;
use m365_seal::Key;
use m365_types::{ConfidentialSources, NoPlace, Profile, Secret, TenantId};
use url::{Host, Url};

use super::{ConfigError, Mode, SETTINGS, Source};

pub(super) struct Reader<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) mode: Mode,
}

pub(super) fn wrong<T>(name: &'static str, problem: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError { name, problem: problem.into() })
}

fn default_of(name: &str) -> Option<&'static str> {
    SETTINGS.iter().find(|setting| setting.name == name).and_then(|setting| setting.default)
}

impl Reader<'_> {
    fn text(&self, name: &'static str) -> Result<String, ConfigError> {
        let given =
            self.source.plain(name).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
        match given.or_else(|| default_of(name).map(str::to_owned)) {
            Some(text) => Ok(text),
            None => wrong(name, "is required and has no value"),
        }
    }

    /// A secret of any form.
    pub(super) fn optional_secret(&self, name: &'static str) -> Result<Option<Secret<String>>, ConfigError> {
        let given = self.source.secret(name).or_else(|problem| wrong(name, problem))?;
        Ok(given
            .map(|text| Secret::new(text.expose().trim().to_owned()))
            .filter(|text| !text.expose().is_empty()))
    }

    /// A secret that its platform replaces; it has a value now.
    pub(super) fn rotating_secret(
        &self,
        name: &'static str,
    ) -> Result<Option<Arc<dyn RotatingSecret>>, ConfigError> {
        let source = self.source.rotating_secret(name).or_else(|problem| wrong(name, problem))?;
        let Some(source) = source else { return Ok(None) };
        let is_empty = source.current().is_ok_and(|text| text.expose().trim().is_empty());
        Ok((!is_empty).then_some(source))
    }

    pub(super) fn secret(&self, name: &'static str) -> Result<Secret<String>, ConfigError> {
        match self.optional_word_secret(name)? {
            Some(text) => Ok(text),
            None => wrong(name, "is a required secret and has no value"),
        }
    }

    /// A secret of one word.
    pub(super) fn optional_word_secret(
        &self,
        name: &'static str,
    ) -> Result<Option<Secret<String>>, ConfigError> {
        let text = self.optional_secret(name)?;
        let is_word = |text: &Secret<String>| text.expose().bytes().all(|byte| byte.is_ascii_graphic());
        if text.as_ref().is_none_or(is_word) {
            return Ok(text);
        }
        wrong(name, "has characters that the value cannot have; paste it again without spaces or line breaks")
    }

    pub(super) fn secret_uuid(&self, name: &'static str) -> Result<TenantId, ConfigError> {
        TenantId::parse(self.secret(name)?.expose()).or_else(|_| wrong(name, "is not a GUID"))
    }

    pub(super) fn graph_version(&self, name: &'static str) -> Result<GraphVersion, ConfigError> {
        GraphVersion::parse(self.secret(name)?.expose()).map_or_else(|| wrong(name, "must be v1.0"), Ok)
    }

    pub(super) fn key(&self, name: &'static str) -> Result<Key, ConfigError> {
        Key::parse(&self.secret(name)?).or_else(|error| wrong(name, error.to_string()))
    }

    pub(super) fn optional_key(&self, name: &'static str) -> Result<Option<Key>, ConfigError> {
        match self.optional_secret(name)? {
            Some(text) => Key::parse(&text).map(Some).or_else(|error| wrong(name, error.to_string())),
            None => Ok(None),
        }
    }

    /// An identifier that becomes one path segment or one claim.
    pub(super) fn word(&self, name: &'static str) -> Result<String, ConfigError> {
        let text = self.text(name)?;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if text.len() <= 128 && text.bytes().all(plain) && text != "." && text != ".." {
            return Ok(text);
        }
        wrong(name, "may hold only letters, digits, `-`, `_` and `.`")
    }

    pub(super) fn choice<T: Copy>(
        &self,
        name: &'static str,
        allowed: &[(&str, T)],
    ) -> Result<T, ConfigError> {
        let text = self.text(name)?;
        if let Some((_, value)) = allowed.iter().find(|(word, _)| *word == text) {
            return Ok(*value);
        }
        let words: Vec<&str> = allowed.iter().map(|(word, _)| *word).collect();
        wrong(name, format!("must be one of: {}", words.join(", ")))
    }

    pub(super) fn profile(&self, name: &'static str, default: Profile) -> Result<Profile, ConfigError> {
        let text = self.text(name)?;
        if text.is_empty() {
            return Ok(default);
        }
        let words: Vec<&str> = Profile::ALL.iter().map(|profile| profile.as_str()).collect();
        Profile::parse(&text).map_or_else(|| wrong(name, format!("must be one of: {}", words.join(", "))), Ok)
    }

    /// Names of rows of the tool table.
    pub(super) fn rows(&self, name: &'static str) -> Result<BTreeSet<&'static str>, ConfigError> {
        let row = |given: &String| m365_graph::catalog().find(|row| row.spec.name == given);
        let rows = self.list(name)?.iter().map(|given| row(given).map(|row| row.spec.name)).collect();
        let rows: Option<BTreeSet<_>> = rows;
        rows.map_or_else(
            || {
                wrong(
                    name,
                    "must be names of tools, resources or templates as docs/generated/tools.md has them",
                )
            },
            Ok,
        )
    }

    /// A number of seconds, minutes or hours within these bounds.
    pub(super) fn duration(
        &self,
        name: &'static str,
        bounds: RangeInclusive<Duration>,
    ) -> Result<Duration, ConfigError> {
        let text = self.text(name)?;
        let secs = text.char_indices().last().and_then(|(at, unit)| {
            let factor = match unit {
                's' => 1,
                'm' => 60,
                'h' => 3600,
                _ => return None,
            };
            text.get(..at)?.parse::<u64>().ok()?.checked_mul(factor)
        });
        match secs.map(Duration::from_secs) {
            Some(duration) if bounds.contains(&duration) => Ok(duration),
            _ => {
                let (least, most) = (bounds.start().as_secs() / 60, bounds.end().as_secs() / 3600);
                wrong(name, format!("must be a number and `s`, `m` or `h`, from {least}m to {most}h"))
            }
        }
    }

    /// A value that may be left out, of printable characters without spaces.
    pub(super) fn optional(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let text = self.text(name)?;
        if text.len() > 256 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return wrong(name, "may hold only printable characters without spaces");
        }
        Ok((!text.is_empty()).then_some(text))
    }

    /// A group as an identity provider names it; it may hold spaces.
    pub(super) fn group(&self, name: &'static str) -> Result<Option<String>, ConfigError> {
        let text = self.text(name)?;
        if text.len() > 256 || text.chars().any(char::is_control) {
            return wrong(name, "may not hold control characters, nor more than 256 bytes");
        }
        Ok((!text.is_empty()).then_some(text))
    }

    /// DNS names separated by spaces or commas; `none` for none.
    pub(super) fn hosts(&self, name: &'static str) -> Result<Vec<String>, ConfigError> {
        let hosts = self.list(name)?;
        if hosts == ["none"] {
            return Ok(Vec::new());
        }
        let is_name = |host: &String| {
            let labels_fit = host.split('.').all(|label| {
                let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
                (1..=63).contains(&label.len()) && label.bytes().all(plain) && !label.starts_with('-')
            });
            // The parser decides what is a number in disguise.
            labels_fit && host.contains('.') && matches!(Host::parse(host), Ok(Host::Domain(_)))
        };
        if hosts.iter().all(is_name) {
            return Ok(hosts);
        }
        wrong(name, "must be lower-case host names separated by spaces, or `none`")
    }

    /// Places separated by spaces: the id of a site has commas.
    pub(super) fn confidential_sources(
        &self,
        name: &'static str,
    ) -> Result<ConfidentialSources, ConfigError> {
        self.text(name)?.parse().or_else(|error: NoPlace| wrong(name, error.to_string()))
    }

    /// Texts separated by spaces or commas.
    pub(super) fn list(&self, name: &'static str) -> Result<Vec<String>, ConfigError> {
        let text = self.text(name)?;
        let items = text.split([' ', ',', '\n', '\t']).filter(|item| !item.is_empty());
        Ok(items.map(str::to_owned).collect())
    }

    /// A loopback URL that only development may have.
    pub(super) fn development_url(&self, name: &'static str) -> Result<Option<Url>, ConfigError> {
        if self.text(name)?.is_empty() {
            return Ok(None);
        }
        let url = self.base_url(name)?;
        if self.mode == Mode::Development && is_loopback(&url) {
            return Ok(Some(url));
        }
        wrong(name, "is for development on loopback only; leave it out")
    }

    /// The same, where it may be left out.
    pub(super) fn optional_base_url(&self, name: &'static str) -> Result<Option<Url>, ConfigError> {
        if self.text(name)?.is_empty() { Ok(None) } else { self.base_url(name).map(Some) }
    }

    /// An origin, perhaps with a base path, that is https or, in development, http on a loopback address.
    pub(super) fn base_url(&self, name: &'static str) -> Result<Url, ConfigError> {
        let Ok(url) = Url::parse(&self.text(name)?) else { return wrong(name, "is not a URL") };
        let bare = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !bare || url.host().is_none() {
            return wrong(name, "must be a plain URL without user, query or fragment");
        }
        if name == "PUBLIC_URL" && url.path() != "/" {
            return wrong(name, "must not have a path");
        }
        match (url.scheme(), self.mode) {
            ("https", _) => Ok(url),
            ("http", Mode::Development) if is_loopback(&url) => Ok(url),
            ("http", Mode::Development) => wrong(name, "may be http only on a loopback address"),
            _ => wrong(name, "must be https"),
        }
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}
