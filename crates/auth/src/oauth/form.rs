//! Parameters of a query or form: each at most once (RFC 6749 section 3.1), bounded, UTF-8.

use std::collections::BTreeMap;

use m365_types::Secret;

/// Longest query or form accepted, in bytes.
pub const MAX_FORM_BYTES: usize = 64 * 1024;
const MAX_PARAMETERS: usize = 40;

/// Why parameters cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    /// A parameter stands twice.
    #[error("A parameter appears more than once. Send each parameter once.")]
    Duplicate,
    /// Not percent-encoded UTF-8.
    #[error("The parameters are not valid percent-encoded UTF-8.")]
    Encoding,
    /// Longer, or more parameters, than accepted.
    #[error("The parameters are too long.")]
    TooLong,
}

impl FormError {
    /// Code of the errors table.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Duplicate => "parameter_duplicate",
            Self::Encoding => "parameter_encoding",
            Self::TooLong => "parameters_too_long",
        }
    }
}

/// Parsed parameters. Values may be secrets, so none is ever printed.
pub struct Form(BTreeMap<String, Secret<String>>);

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Form {
    /// Parses `application/x-www-form-urlencoded` bytes: a form body, or a query without its question mark.
    /// A parameter without a value counts as absent (RFC 6749 section 3.1), but still may stand once only.
    ///
    /// # Errors
    /// [`FormError`]
    pub fn parse(text: &[u8]) -> Result<Self, FormError> {
        if text.len() > MAX_FORM_BYTES {
            return Err(FormError::TooLong);
        }
        let mut values = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            // Malformed UTF-8 decodes to the replacement character, which no legitimate parameter holds.
            if name.contains(char::REPLACEMENT_CHARACTER) || value.contains(char::REPLACEMENT_CHARACTER) {
                return Err(FormError::Encoding);
            }
            if values.len() == MAX_PARAMETERS {
                return Err(FormError::TooLong);
            }
            if values.insert(name.into_owned(), Secret::new(value.into_owned())).is_some() {
                return Err(FormError::Duplicate);
            }
        }
        Ok(Self(values))
    }

    /// The value of a parameter, unless absent or empty.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.secret(name).map(|value| value.expose().as_str())
    }

    /// The value of a parameter that is a secret, unless absent or empty.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<&Secret<String>> {
        self.0.get(name).filter(|value| !value.expose().is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_decoded_and_empty_ones_count_as_absent() {
        let form = Form::parse(b"scope=a+b%20c&state=&x=%E2%82%AC").unwrap();
        assert_eq!(
            (form.text("scope"), form.text("state"), form.text("x")),
            (Some("a b c"), None, Some("€"))
        );
        assert_eq!(form.text("missing"), None);
    }

    #[test]
    fn repeated_undecodable_and_endless_parameters_are_refused() {
        let long = vec![b'a'; MAX_FORM_BYTES + 1];
        let many = (0..=MAX_PARAMETERS).map(|i| format!("p{i}=1")).collect::<Vec<_>>().join("&");
        for (text, error) in [
            (&b"a=1&a=1"[..], FormError::Duplicate),
            (b"a=&a=1", FormError::Duplicate),
            (b"redirect_uri=x&redirect%5Furi=y", FormError::Duplicate),
            (b"a=%ff", FormError::Encoding),
            (&long, FormError::TooLong),
            (many.as_bytes(), FormError::TooLong),
        ] {
            assert_eq!(Form::parse(text).unwrap_err(), error);
        }
    }

    #[test]
    fn debug_shows_names_only() {
        assert_eq!(format!("{:?}", Form::parse(b"code=hunter2").unwrap()), r#"{"code"}"#);
    }
}
