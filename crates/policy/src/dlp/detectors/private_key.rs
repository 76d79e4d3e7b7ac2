//! Private keys: PEM blocks (RFC 7468, RFC 1421, RFC 4880), OpenSSH, PuTTY.
//!
//! A heading alone, as manuals print it, is not a key; a body without its end, as a cut-off message has it, is one.

use super::Found;
use super::keys::distinct;

/// What stands between `BEGIN` and `PRIVATE KEY`.
const KINDS: [&str; 8] = ["", "RSA ", "EC ", "DSA ", "ENCRYPTED ", "OPENSSH ", "PGP ", "SSH2 ENCRYPTED "];
/// The body of the smallest key in use: Ed25519 in PKCS#8 has 64 characters.
const BODY_CHARS_MIN: usize = 40;
const BODY_VARIETY_MIN: usize = 12;
/// A line of a body that has no end is at least so long, but for the last.
const LINE_CHARS_MIN: usize = 40;
/// Header lines of RFC 1421 between the heading and the body, and their length.
const HEADERS_MAX: usize = 8;
const HEADER_BYTES_MAX: usize = 256;

/// A key that begins with the hyphens of its heading, or with PuTTY's `Private-Lines: `.
pub(super) fn private_key(text: &str, at: usize) -> Option<Found> {
    let rest = text.get(at..)?;
    let (body, is_putty) = match rest.strip_prefix("Private-Lines: ") {
        Some(rest) => (rest.trim_start_matches(|c: char| c.is_ascii_digit()), true),
        None => (behind_heading(rest)?, false),
    };
    let body = if is_putty { body } else { behind_headers(body) };
    let open = stretch(body, is_body);
    let behind = body.get(open..)?;
    let (key, end) = if behind.starts_with("-----END ") {
        (open, behind.find("KEY").map(|key| open + key).and_then(|key| closing(body, key)))
    } else {
        (unclosed(body), None)
    };
    let letters: String =
        body.get(..key)?.replace("\\n", "").replace("\\r", "").chars().filter(|c| !is_space(*c)).collect();
    let is_key = letters.len() >= BODY_CHARS_MIN && distinct(&letters) >= BODY_VARIETY_MIN;
    is_key.then(|| Found::sure(at + (rest.len() - body.len()) + end.unwrap_or(key)))
}

fn behind_heading(rest: &str) -> Option<&str> {
    let rest = rest.strip_prefix("-----BEGIN ")?;
    let rest = KINDS.iter().find_map(|kind| rest.strip_prefix(kind)?.strip_prefix("PRIVATE KEY"))?;
    rest.strip_prefix(" BLOCK").unwrap_or(rest).strip_prefix("-----")
}

/// Skips lines like `Proc-Type: 4,ENCRYPTED`.
fn behind_headers(mut body: &str) -> &str {
    for _ in 0..HEADERS_MAX {
        let start = stretch(body, is_space);
        let line: &str = body.get(start..).unwrap_or_default();
        let limit = line.char_indices().map(|(at, _)| at).take_while(|at| *at <= HEADER_BYTES_MAX).last();
        let line = line.get(..limit.unwrap_or_default()).unwrap_or_default();
        let end = line.find("\\n").into_iter().chain(line.find('\n')).min();
        match end.and_then(|end| line.get(..end)) {
            Some(header) if header.contains(": ") => {
                body = body.get(start + header.len()..).unwrap_or_default();
            }
            _ => break,
        }
    }
    body
}

/// The end of the line `-----END … KEY-----` whose word `KEY` stands at `key`.
fn closing(body: &str, key: usize) -> Option<usize> {
    const LONGEST: usize = 48;
    let from = body.get(key..)?;
    let dashes = from.find("-----").filter(|dashes| *dashes <= LONGEST)?;
    Some(key + dashes + 5)
}

/// Length of the leading characters that belong, with line breaks written as `\n` among them.
fn stretch(text: &str, belongs: fn(char) -> bool) -> usize {
    let mut at = 0;
    while let Some(rest) = text.get(at..) {
        if rest.starts_with("\\n") || rest.starts_with("\\r") {
            at += 2;
            continue;
        }
        match rest.chars().next() {
            Some(c) if belongs(c) => at += c.len_utf8(),
            _ => break,
        }
    }
    at
}

/// Length of a body that nothing ends: long lines, and the last.
fn unclosed(body: &str) -> usize {
    let (mut end, mut at, mut is_long) = (0, 0, true);
    while is_long {
        at += stretch(body.get(at..).unwrap_or_default(), is_space);
        let line = body
            .get(at..)
            .unwrap_or_default()
            .bytes()
            .take_while(|byte| is_letter(char::from(*byte)))
            .count();
        if line == 0 {
            break;
        }
        at += line;
        end = at;
        is_long = line >= LINE_CHARS_MIN;
    }
    end
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\n' | '\r' | '\t')
}

const fn is_letter(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

const fn is_body(c: char) -> bool {
    is_letter(c) || is_space(c)
}
