//! What the metadata of a registered client and of a metadata document have in common (RFC 7591 sections 2 and 2.2).

use serde::Deserialize;
use serde_json::{Map, Value};
use url::Url;

const MAX_NAME_CHARS: usize = 60;
const MAX_LINK_BYTES: usize = 1024;
/// Metadata that is a link (section 2), also with a language tag behind `#` (section 2.2).
const LINKS: [&str; 5] = ["client_uri", "jwks_uri", "logo_uri", "policy_uri", "tos_uri"];

#[derive(Deserialize)]
pub(super) struct Metadata {
    #[serde(default)]
    pub(super) redirect_uris: Vec<String>,
    #[serde(default)]
    pub(super) client_name: Option<String>,
    #[serde(default)]
    pub(super) token_endpoint_auth_method: Option<String>,
    #[serde(default)]
    pub(super) grant_types: Option<Vec<String>>,
    #[serde(default)]
    pub(super) response_types: Option<Vec<String>>,
    #[serde(flatten)]
    pub(super) rest: Map<String, Value>,
}

impl Metadata {
    /// The client's name as a page may show it.
    pub(super) fn name(&self) -> String {
        clean_name(self.client_name.as_deref().unwrap_or_default())
    }

    /// Whether every link is a plain http or https URL. Nothing here is ever dialled; a page might show it.
    pub(super) fn links_are_plain(&self) -> bool {
        self.rest.iter().all(|(name, value)| is_plain_link(name, value))
    }
}

fn is_plain_link(name: &str, value: &Value) -> bool {
    let base = name.split_once('#').map_or(name, |(base, _)| base);
    if !LINKS.contains(&base) || value.is_null() {
        return true;
    }
    let Some(text) = value.as_str() else { return false };
    let Ok(url) = Url::parse(text) else { return false };
    let plain = text.len() <= MAX_LINK_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic());
    let scheme_ok = ["https://", "http://"].iter().any(|scheme| text.starts_with(scheme));
    let anonymous = url.username().is_empty() && url.password().is_none() && url.host().is_some();
    plain && scheme_ok && anonymous
}

fn clean_name(name: &str) -> String {
    let visible: String =
        name.chars().map(|c| if c.is_whitespace() { ' ' } else { c }).filter(|c| !is_hidden(*c)).collect();
    let words: Vec<&str> = visible.split_whitespace().collect();
    let clean: String = words.join(" ").chars().take(MAX_NAME_CHARS).collect();
    // The cut may fall behind a space.
    let clean = clean.trim_end();
    if clean.is_empty() { "Unnamed application".to_owned() } else { clean.to_owned() }
}

/// Characters that show nothing or change the direction or form of their neighbours: control characters, the
/// format characters of Unicode, variation selectors, tags and fillers that look empty.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{600}'..='\u{605}' | '\u{61c}' | '\u{6dd}' | '\u{70f}' | '\u{115f}' | '\u{1160}'
            | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}
