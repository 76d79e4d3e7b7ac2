//! The cookie that tells one browser from another. It holds randomness and a MAC, nothing about the person.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, header};
use m365_seal::Mac;

/// `__Host-`: only this very host can set or read it, over TLS (RFC 6265bis section 4.1.3.2).
pub const COOKIE_NAME: &str = "__Host-m365-browser";

/// The value of the browser's cookie.
#[derive(Clone)]
pub struct BrowserCookie {
    value: String,
    is_fresh: bool,
}

impl std::fmt::Debug for BrowserCookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BrowserCookie(…)")
    }
}

impl BrowserCookie {
    pub(super) fn fresh(random: [u8; 32], mac: &Mac) -> Self {
        let random = URL_SAFE_NO_PAD.encode(random);
        let tag = URL_SAFE_NO_PAD.encode(mac.tag(random.as_bytes()));
        Self { value: format!("{random}.{tag}"), is_fresh: true }
    }

    /// The one cookie of ours in the request; `None` where there is none, more than one, or one we did not make.
    pub(super) fn from_headers(headers: &HeaderMap, mac: &Mac) -> Option<Self> {
        let mut values = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().strip_prefix(COOKIE_NAME)?.strip_prefix('='));
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        let (random, tag) = value.split_once('.')?;
        let tag = URL_SAFE_NO_PAD.decode(tag).ok()?;
        mac.verify(random.as_bytes(), &tag).then(|| Self { value: value.to_owned(), is_fresh: false })
    }

    /// The `Set-Cookie` header, where the browser does not have it yet. `Lax`, because Microsoft's redirect back
    /// is a navigation from another site.
    #[must_use]
    pub fn set_cookie(&self) -> Option<String> {
        let value = &self.value;
        self.is_fresh.then(|| format!("{COOKIE_NAME}={value}; Path=/; Secure; HttpOnly; SameSite=Lax"))
    }

    /// Whether the browser came without one.
    #[must_use]
    pub const fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    pub(super) fn value(&self) -> &str {
        &self.value
    }
}
