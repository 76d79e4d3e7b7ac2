//! The claims challenge of continuous access evaluation.
//!
//! Source: Microsoft identity platform, claims challenges; RFC 9110 section 11.6.1 for the header. There can be
//! several headers and several challenges in each; parameters come in any order and may be quoted. The claims are base64
//! in either alphabet, padded or not. A challenge that names a parameter twice is nobody's word.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use http::HeaderMap;
use http::header::WWW_AUTHENTICATE;

/// Longer claims are no challenge Entra would make.
const CLAIMS_MAX_BYTES: usize = 8 * 1024;
const CONFIG: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);

/// The decoded claims, JSON, of a Bearer challenge with `error="insufficient_claims"`.
pub(crate) fn claims(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(challenges).filter(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer")).find_map(
        |challenge| {
            let insufficient = challenge.only("error") == Some("insufficient_claims");
            decode(challenge.only("claims").filter(|_| insufficient)?)
        },
    )
}

fn decode(claims: &str) -> Option<String> {
    if claims.len() > CLAIMS_MAX_BYTES {
        return None;
    }
    let bytes = STANDARD.decode(claims).or_else(|_| URL_SAFE.decode(claims)).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    serde_json::from_str::<serde_json::Map<_, _>>(&text).ok().map(|_| text)
}

#[derive(Debug)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// The value of a parameter, which a challenge may hold once (RFC 9110 section 11.2).
    fn only(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value.as_str())
    }
}

/// Splits one header: a word followed by `=` is a parameter of the challenge before it, any other word begins one.
fn challenges(header: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    let mut rest = header;
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',', '=', '"']);
        if rest.is_empty() {
            return found;
        }
        let (word, after) = split_word(rest);
        if let Some(value) = after.trim_start().strip_prefix('=') {
            let (value, after) = split_value(value.trim_start());
            if let Some(challenge) = found.last_mut() {
                challenge.parameters.push((word.to_owned(), value));
            }
            rest = after;
        } else {
            found.push(Challenge { scheme: word.to_owned(), parameters: Vec::new() });
            rest = after;
        }
    }
}

fn split_word(text: &str) -> (&str, &str) {
    text.split_at(text.find([' ', '\t', ',', '=', '"']).unwrap_or(text.len()))
}

/// A quoted string with its escapes resolved, or everything up to a comma or space.
fn split_value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, rest) = text.split_at(text.find([' ', '\t', ',']).unwrap_or(text.len()));
        return (value.to_owned(), rest);
    };
    let mut value = String::new();
    let mut escaped = false;
    for (index, character) in quoted.char_indices() {
        match character {
            '"' if !escaped => return (value, quoted.get(index + 1..).unwrap_or("")),
            '\\' if !escaped => escaped = true,
            _ => {
                value.push(character);
                escaped = false;
            }
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    const ENCODED: &str =
        "eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwgInZhbHVlIjoiMTYwNDEwNjY1MSJ9fX0=";
    const DECODED: &str = r#"{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}"#;

    /// Claims whose text differs in the two alphabets.
    const PLUS_AND_SLASH: &str = r#"{"access_token":{"acrs":{"value":"~~~???>>>"}}}"#;

    fn claims_of(values: &[&str]) -> Option<String> {
        let headers =
            values.iter().map(|value| (WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap())).collect();
        claims(&headers)
    }

    #[test]
    fn a_challenge_is_found_among_others_in_any_order_and_quoting() {
        let bare = ENCODED.trim_end_matches('=');
        for values in [
            vec![format!(r#"Bearer realm="", error="insufficient_claims", claims="{ENCODED}""#)],
            vec![format!(r#"bearer claims="{ENCODED}", a="x, y=\"z\"", error=insufficient_claims"#)],
            vec![format!(r#"Bearer error="insufficient_claims",claims={bare}"#)],
            vec![
                "Basic realm=\"a\"".to_owned(),
                format!(r#"Bearer error="insufficient_claims", claims="{bare}""#),
            ],
            vec![format!(r#"PoP nonce="n", Bearer error="insufficient_claims", claims="{ENCODED}""#)],
        ] {
            let values: Vec<_> = values.iter().map(String::as_str).collect();
            assert_eq!(claims_of(&values).as_deref(), Some(DECODED), "{values:?}");
        }
    }

    #[test]
    fn claims_come_in_either_alphabet_and_from_whichever_header_has_them() {
        let engines = [STANDARD.encode(PLUS_AND_SLASH), URL_SAFE.encode(PLUS_AND_SLASH)];
        assert_ne!(engines[0], engines[1]);
        for encoded in engines {
            for encoded in [encoded.trim_end_matches('='), encoded.as_str()] {
                let value = format!(r#"Bearer error="insufficient_claims", claims="{encoded}""#);
                assert_eq!(claims_of(&[&value]).as_deref(), Some(PLUS_AND_SLASH), "{encoded}");
            }
        }
        let broken = r#"Bearer error="insufficient_claims", claims="!!!""#;
        let other = r#"Bearer error="invalid_token""#;
        let good = format!(r#"Bearer error="insufficient_claims", claims="{ENCODED}""#);
        assert_eq!(claims_of(&[broken, other, &good]).as_deref(), Some(DECODED));
        assert_eq!(claims_of(&[&good, broken]).as_deref(), Some(DECODED));
        let escaped =
            format!(r#"Bearer realm="a\\\"b, claims=x", error="insufficient_cl\aims", claims="{ENCODED}""#);
        assert_eq!(claims_of(&[&escaped]).as_deref(), Some(DECODED));
    }

    #[test]
    fn claims_are_read_up_to_their_bound_and_not_beyond() {
        let of = |length: usize| {
            let text = format!(r#"{{"access_token":{{"a":"{}"}}}}"#, "x".repeat(length));
            format!(r#"Bearer error="insufficient_claims", claims="{}""#, STANDARD.encode(text))
        };
        // Base64 makes four characters of three bytes; the frame around the text has 26.
        assert!(claims_of(&[&of(CLAIMS_MAX_BYTES / 4 * 3 - 26)]).is_some());
        assert!(claims_of(&[&of(CLAIMS_MAX_BYTES / 4 * 3 - 25 + 3)]).is_none());
    }

    #[test]
    fn anything_else_is_no_challenge() {
        for value in [
            r#"Bearer realm="", client_id="00000003-0000-0000-c000-000000000000""#.to_owned(),
            format!(r#"Bearer error="invalid_token", claims="{ENCODED}""#),
            format!(r#"Basic error="insufficient_claims", claims="{ENCODED}""#),
            format!(r#"PoP error="insufficient_claims", Bearer claims="{ENCODED}""#),
            format!(r#"error="insufficient_claims", claims="{ENCODED}""#),
            r#"Bearer error="insufficient_claims", claims="!!!""#.to_owned(),
            r#"Bearer error="insufficient_claims", claims="WzFd""#.to_owned(),
            format!(r#"Bearer error="insufficient_claims", claims="{}""#, "A".repeat(9000)),
            r#"Bearer error="insufficient_claims"#.to_owned(),
            format!(r#"Bearer error="insufficient_claims", claims="{ENCODED}", claims="{ENCODED}""#),
            format!(r#"Bearer error="insufficient_claims", error="x", claims="{ENCODED}""#),
            format!(r#"Bearer error="INSUFFICIENT_CLAIMS", claims="{ENCODED}""#),
        ] {
            assert_eq!(claims_of(&[&value]), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn splitting_ends_on_any_header(header in "[ -~]{0,200}") {
            prop_assert!(challenges(&header).len() <= header.len());
        }
    }
}
