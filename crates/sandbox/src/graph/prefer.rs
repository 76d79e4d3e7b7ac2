//! The `Prefer` request header and its confirmation.
//!
//! Source: RFC 7240 and Outlook's preferences (`IdType`, `outlook.timezone`, `outlook.body-content-type`). What was
//! honoured is listed in `Preference-Applied`; unknown preferences are ignored, as the RFC asks.

use http::HeaderMap;

use super::errors::GraphError;
use super::zones;

/// The preferences the tenant honours for one request.
#[derive(Clone, Debug, Default)]
pub(super) struct Preferences {
    pub(super) immutable_ids: bool,
    pub(super) text_bodies: bool,
    /// The zone as the caller spelt it, with its rules.
    pub(super) zone: Option<(String, jiff::tz::TimeZone)>,
}

impl Preferences {
    /// Reads every `Prefer` header; several values may share one, separated by commas.
    ///
    /// # Errors
    /// Graph's 400 for a time zone it does not know.
    pub(super) fn read(headers: &HeaderMap) -> Result<Self, GraphError> {
        let mut found = Self::default();
        for header in headers.get_all("prefer") {
            for preference in header.to_str().unwrap_or_default().split(',') {
                let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
                found.take(name.trim(), value.trim().trim_matches('"'))?;
            }
        }
        Ok(found)
    }

    fn take(&mut self, name: &str, value: &str) -> Result<(), GraphError> {
        match name.to_ascii_lowercase().as_str() {
            "idtype" => self.immutable_ids = value.eq_ignore_ascii_case("ImmutableId"),
            "outlook.body-content-type" => self.text_bodies = value.eq_ignore_ascii_case("text"),
            "outlook.timezone" => self.zone = Some((value.to_owned(), zones::zone(value)?)),
            _ => {}
        }
        Ok(())
    }

    /// The `Preference-Applied` value; none when nothing was asked that is honoured.
    pub(super) fn applied(&self) -> Option<String> {
        let mut applied = Vec::new();
        if self.immutable_ids {
            applied.push("IdType=\"ImmutableId\"".to_owned());
        }
        if self.text_bodies {
            applied.push("outlook.body-content-type=\"text\"".to_owned());
        }
        if let Some((name, _)) = &self.zone {
            applied.push(format!("outlook.timezone=\"{name}\""));
        }
        (!applied.is_empty()).then(|| applied.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> Result<Preferences, GraphError> {
        let mut headers = HeaderMap::new();
        headers.insert("prefer", value.parse().unwrap());
        Preferences::read(&headers)
    }

    #[test]
    fn several_preferences_in_one_header_are_all_confirmed() {
        let found = read(
            "IdType=\"ImmutableId\", outlook.body-content-type=\"text\", outlook.timezone=\"Europe/Berlin\", x=1",
        )
        .unwrap();
        assert_eq!(
            found.applied().unwrap(),
            "IdType=\"ImmutableId\", outlook.body-content-type=\"text\", outlook.timezone=\"Europe/Berlin\""
        );
    }

    #[test]
    fn an_unknown_zone_is_refused_and_an_unknown_preference_ignored() {
        assert_eq!(
            read("outlook.timezone=\"Mars/Olympus\"").unwrap_err().code,
            "TimeZoneNotSupportedException"
        );
        assert!(read("respond-async").unwrap().applied().is_none());
    }
}
