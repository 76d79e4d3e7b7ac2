//! Access keys and tokens, by the form that their issuers publish.
//!
//! Every one is checked beyond its prefix: a checksum where the issuer put one in, else length, alphabet and variety, so
//! that a placeholder in a manual (`sk_live_xxxxxxxx`) is not a finding.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::Value;

use super::Found;

/// Bytes looked at to judge a token of no fixed length; what follows belongs to it but is not judged.
const JUDGED_BYTES: usize = 256;
/// Bytes of a part of a JWT; a longer one is not taken for one.
const TOKEN_BYTES_MAX: usize = 16 * 1024;
/// Bytes of a handle of ours: the auth crate takes no longer token.
const HANDLE_BYTES_MAX: usize = 1024;

const fn is_base62(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

const fn is_base64url(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

const fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// The characters from `at` that belong to an alphabet, at most `max`.
fn run(text: &str, at: usize, belongs: fn(u8) -> bool, max: usize) -> &str {
    let rest = text.as_bytes().get(at..).unwrap_or_default();
    let len = rest.iter().take(max).take_while(|byte| belongs(**byte)).count();
    text.get(at..at + len).unwrap_or_default()
}

/// A run of exactly so many characters.
fn fixed(text: &str, at: usize, belongs: fn(u8) -> bool, len: usize) -> Option<&str> {
    Some(run(text, at, belongs, len + 1)).filter(|run| run.len() == len)
}

/// Whether the text has so many different characters, and digits among them: words and placeholders do not.
fn is_varied(text: &str, least: usize) -> bool {
    distinct(text) >= least && text.bytes().any(|byte| byte.is_ascii_digit())
}

/// How many different bytes the text has.
pub(super) fn distinct(text: &str) -> usize {
    let mut bytes = text.as_bytes().to_vec();
    bytes.sort_unstable();
    bytes.dedup();
    bytes.len()
}

/// AWS access key id: `AKIA` or `ASIA` and 16 characters of base32 (IAM identifiers, "Unique ID prefixes").
pub(super) fn aws_access_key(text: &str, at: usize) -> Option<Found> {
    let id = fixed(text, at, is_base62, 20)?;
    let is_base32 = id.bytes().all(|byte| matches!(byte, b'A'..=b'Z' | b'2'..=b'7'));
    (is_base32 && distinct(id) >= 8).then(|| Found::sure(at + id.len()))
}

/// AWS secret access key: 40 characters of base64, taken only near its id or its name.
pub(super) fn aws_secret_key(text: &str, at: usize) -> Option<Found> {
    let is_inside =
        at.checked_sub(1).and_then(|before| text.as_bytes().get(before).copied()).is_some_and(is_base64);
    let secret = fixed(text, at, is_base64, 40).filter(|_| !is_inside)?;
    let has = |class: fn(&u8) -> bool| secret.as_bytes().iter().any(class);
    let is_mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase);
    (is_mixed && is_varied(secret, 16)).then(|| Found::in_context(at + secret.len()))
}

/// GitHub: classic tokens end in their CRC-32 as six digits of base 62; fine-grained ones have two fixed parts
/// ("Behind GitHub's new authentication token formats", 2021).
pub(super) fn github_token(text: &str, at: usize) -> Option<Found> {
    const FINE: &str = "github_pat_";
    if text.get(at..).is_some_and(|rest| rest.starts_with(FINE)) {
        let from = at + FINE.len();
        let (id, from) = (fixed(text, from, is_base62, 22)?, from + 23);
        let secret = fixed(text, from, is_base62, 59)?;
        let is_joined = text.as_bytes().get(from - 1) == Some(&b'_');
        return (is_joined && distinct(id) >= 8 && distinct(secret) >= 16).then(|| Found::sure(from + 59));
    }
    let body = fixed(text, at + 4, is_base62, 36)?;
    let (random, checksum) = body.split_at_checked(30)?;
    (base62(crc32(random.as_bytes())) == checksum).then(|| Found::sure(at + 40))
}

/// CRC-32 of ISO-HDLC, the one of zip and PNG.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u32::from(*byte),
            |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 },
        )
    })
}

/// Six digits of base 62, the most significant first.
pub(super) fn base62(mut number: u32) -> String {
    const DIGITS: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut digits = [b'0'; 6];
    for place in digits.iter_mut().rev() {
        *place =
            usize::try_from(number % 62).ok().and_then(|digit| DIGITS.get(digit)).copied().unwrap_or(b'0');
        number /= 62;
    }
    digits.iter().map(|digit| char::from(*digit)).collect()
}

/// Slack: `xoxb-`, `xoxp-` and their kin, with numbers and a secret between hyphens; app-level `xapp-1-`.
pub(super) fn slack_token(text: &str, at: usize) -> Option<Found> {
    let token = run(text, at, |byte| byte.is_ascii_alphanumeric() || byte == b'-', JUDGED_BYTES);
    let (prefix, parts) = token.split_once('-')?;
    let is_prefix = prefix == "xapp" || prefix.strip_prefix("xox").is_some_and(|kind| kind.len() == 1);
    let secret = parts.rsplit('-').next()?;
    let has_number =
        parts.split('-').any(|part| part.len() >= 8 && part.bytes().all(|byte| byte.is_ascii_digit()));
    let is_valid =
        is_prefix && parts.contains('-') && secret.len() >= 20 && distinct(secret) >= 10 && has_number;
    is_valid.then(|| Found::sure(at + token.len()))
}

/// Google API key: `AIza` and 35 characters.
pub(super) fn google_api_key(text: &str, at: usize) -> Option<Found> {
    let key = fixed(text, at, is_base64url, 39)?;
    is_varied(key, 14).then(|| Found::sure(at + key.len()))
}

/// Stripe, live mode: secret and restricted keys. Keys of the test mode move no money.
pub(super) fn stripe_key(text: &str, at: usize) -> Option<Found> {
    let key = run(text, at + 8, is_base62, JUDGED_BYTES);
    (key.len() >= 24 && is_varied(key, 10)).then(|| Found::sure(at + 8 + key.len()))
}

/// Azure Storage and its kin: `AccountKey=` and the base64 of 64 bytes.
pub(super) fn azure_storage_key(text: &str, at: usize) -> Option<Found> {
    let from = at + "AccountKey=".len();
    let key = text.get(from..from + 88)?;
    let is_key = STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 64) && distinct(key) >= 16;
    is_key.then(|| Found::sure(from + 88))
}

/// JSON Web Token (RFC 7519, RFC 7515 section 3.1): a header that is JSON with `alg`, a payload that is a JSON object.
pub(super) fn jwt(text: &str, at: usize) -> Option<Found> {
    // Only where a run begins, so that a long run is read once.
    let before = at.checked_sub(1).and_then(|before| text.as_bytes().get(before).copied());
    if before.is_some_and(|byte| matches!(byte, b'-' | b'_')) {
        return None;
    }
    let header = run(text, at, is_base64url, TOKEN_BYTES_MAX);
    let payload_at = dot(text, at + header.len())?;
    let payload = run(text, payload_at, is_base64url, TOKEN_BYTES_MAX);
    let signature_at = dot(text, payload_at + payload.len())?;
    let signature = run(text, signature_at, is_base64url, TOKEN_BYTES_MAX);
    let json = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let has_algorithm = json(header)?.get("alg").is_some_and(Value::is_string);
    (has_algorithm && json(payload)?.is_object()).then(|| Found::sure(signature_at + signature.len()))
}

/// The place behind a dot that is there.
fn dot(text: &str, at: usize) -> Option<usize> {
    (text.as_bytes().get(at) == Some(&b'.')).then_some(at + 1)
}

/// A token of this server: a sealed handle, a dot, 43 characters of a secret.
pub(super) fn m365_mcp_token(text: &str, at: usize) -> Option<Found> {
    let handle_at = at + "m365a_".len();
    let handle = run(text, handle_at, is_base64url, HANDLE_BYTES_MAX);
    let secret_at = dot(text, handle_at + handle.len())?;
    let secret = fixed(text, secret_at, is_base64url, 43)?;
    (handle.len() >= 40 && distinct(secret) >= 10).then(|| Found::sure(secret_at + 43))
}

/// Keys of language model services: `sk-` and at least 32 characters of great variety, as OpenAI, Anthropic and many
/// after them write them.
pub(super) fn llm_api_key(text: &str, at: usize) -> Option<Found> {
    let key = run(text, at + 3, is_base64url, JUDGED_BYTES);
    let longest = key.split(['-', '_']).map(str::len).max().unwrap_or_default();
    let has_upper = key.bytes().any(|byte| byte.is_ascii_uppercase());
    // Words joined by hyphens are long as well, but no part of them is.
    let is_key = key.len() >= 32 && longest >= 16 && has_upper && is_varied(key, 16);
    is_key.then(|| Found::sure(at + 3 + key.len()))
}
