//! Reading one setting into one type.

use std::time::Duration;

use m365_egress::GraphVersion;
use m365_seal::Key;
use m365_types::{Profile, Secret, TenantId};
use url::{Host, Url};

use super::{ConfigError, Mode, SETTINGS, Source};

pub(super) struct Reader<'a> {
    pub(super) source: &'a dyn Source,
    pub(super) mode: Mode,
}

const REAUTH_MIN: Duration = Duration::from_mins(5);
const REAUTH_MAX: Duration = Duration::from_hours(24);

fn wrong<T>(name: &'static str, problem: impl Into<String>) -> Result<T, ConfigError> {
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

    fn optional_secret(&self, name: &'static str) -> Result<Option<Secret<String>>, ConfigError> {
        let given = self.source.secret(name).or_else(|problem| wrong(name, problem))?;
        Ok(given
            .map(|text| Secret::new(text.expose().trim().to_owned()))
            .filter(|text| !text.expose().is_empty()))
    }

    pub(super) fn secret(&self, name: &'static str) -> Result<Secret<String>, ConfigError> {
        match self.optional_secret(name)? {
            Some(text) if text.expose().bytes().all(|byte| byte.is_ascii_graphic()) => Ok(text),
            Some(_) => wrong(
                name,
                "has characters that the value cannot have; paste it again without spaces or line breaks",
            ),
            None => wrong(name, "is a required secret and has no value"),
        }
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

    pub(super) fn duration(&self, name: &'static str) -> Result<Duration, ConfigError> {
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
            Some(duration) if (REAUTH_MIN..=REAUTH_MAX).contains(&duration) => Ok(duration),
            _ => wrong(name, "must be a number and `s`, `m` or `h`, from 5m to 24h"),
        }
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
