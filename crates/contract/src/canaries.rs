//! Secrets that are planted, and looked for where they must not be: as they are, in base64, in hex, percent-encoded.
//!
//! What is long is looked for in pieces, so that it is found where a file splits it, and in each of the three ways in which
//! base64 (RFC 4648) can cut the bytes around it. Invariant: an alarm shows the name of a secret, never the secret.

use std::collections::HashMap;

use anyhow::{Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

/// Bytes of a piece; also the least that a planted secret must have in common with what is found.
const PIECE: usize = 24;
/// Bytes by which forms are looked up.
const INDEX: usize = 8;

/// The planted secrets.
#[derive(Debug, Default)]
pub struct Canaries {
    names: Vec<String>,
    /// By its first bytes: a form, whose secret it is.
    forms: HashMap<[u8; INDEX], Vec<(Vec<u8>, usize)>>,
}

impl Canaries {
    /// Plants a secret of at least `INDEX` bytes under a name that may be shown.
    ///
    /// # Errors
    /// Where it is too short to be told from chance.
    pub fn plant(&mut self, name: &str, secret: &[u8]) -> Result<()> {
        if secret.len() < INDEX {
            bail!("{name} is too short to be looked for");
        }
        let number = self.names.len();
        self.names.push(name.to_owned());
        for piece in pieces(secret) {
            for form in forms(piece) {
                let Some(index) = form.first_chunk::<INDEX>().copied() else { continue };
                self.forms.entry(index).or_default().push((form, number));
            }
        }
        Ok(())
    }

    /// How many are planted.
    #[must_use]
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// The name of a secret that stands in the bytes.
    #[must_use]
    pub fn found_in(&self, bytes: &[u8]) -> Option<&str> {
        (0..bytes.len()).find_map(|at| {
            let rest = bytes.get(at..)?;
            let candidates = self.forms.get(rest.first_chunk::<INDEX>()?)?;
            let (_, number) = candidates.iter().find(|(form, _)| rest.starts_with(form))?;
            self.names.get(*number).map(String::as_str)
        })
    }

    /// Expects that none stands in the bytes of this place.
    ///
    /// # Errors
    /// Where one does; it is named.
    pub fn expect_none(&self, place: &str, bytes: &[u8]) -> Result<()> {
        match self.found_in(bytes) {
            Some(name) => bail!("{name} is in {place}"),
            None => Ok(()),
        }
    }
}

/// Beginning, middle and end of what is long, and all of what is short.
fn pieces(secret: &[u8]) -> Vec<&[u8]> {
    let length = secret.len();
    if length <= PIECE {
        return vec![secret];
    }
    [0, (length - PIECE) / 2, length - PIECE]
        .into_iter()
        .filter_map(|at| secret.get(at..at + PIECE))
        .collect()
}

fn each(bytes: &[u8], form: fn(u8) -> String) -> String {
    bytes.iter().map(|byte| form(*byte)).collect()
}

/// Every form in which the bytes may stand somewhere.
fn forms(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut forms = vec![
        bytes.to_vec(),
        each(bytes, |byte| format!("{byte:02x}")).into_bytes(),
        each(bytes, |byte| format!("{byte:02X}")).into_bytes(),
        each(bytes, |byte| format!("%{byte:02x}")).into_bytes(),
        each(bytes, |byte| format!("%{byte:02X}")).into_bytes(),
        url::form_urlencoded::byte_serialize(bytes).collect::<String>().into_bytes(),
    ];
    for before in 0..3 {
        let shifted = [vec![0; before], bytes.to_vec()].concat();
        // The characters at both ends also hold bits of what stands beside the secret.
        let whole = shifted.len() / 3 * 4;
        let first = if before == 0 { 0 } else { 4 };
        for encoded in [STANDARD.encode(&shifted), URL_SAFE_NO_PAD.encode(&shifted)] {
            forms.extend(encoded.as_bytes().get(first..whole).map(<[u8]>::to_vec));
        }
    }
    forms.sort_unstable();
    forms.dedup();
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "canary-7f3a/91+bc?secret=words of more than one piece";

    fn planted() -> Canaries {
        let mut canaries = Canaries::default();
        canaries.plant("the secret", SECRET.as_bytes()).expect("long enough");
        canaries
    }

    #[test]
    fn a_secret_is_found_in_each_of_its_forms_wherever_it_stands() {
        let canaries = planted();
        for before in ["", "x", "xy", "xyz"] {
            let text = format!("{before}{SECRET}{before}");
            let hex = each(text.as_bytes(), |byte| format!("{byte:02X}"));
            let percent = each(text.as_bytes(), |byte| format!("%{byte:02x}"));
            let form: String = url::form_urlencoded::byte_serialize(text.as_bytes()).collect();
            for shown in
                [text.clone(), hex, percent, form, STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)]
            {
                assert_eq!(canaries.found_in(shown.as_bytes()), Some("the secret"), "{shown}");
            }
        }
        let (half, _) = SECRET.split_at(30);
        assert!(canaries.found_in(half.as_bytes()).is_some(), "half of it is not found");
    }

    #[test]
    fn what_only_resembles_it_is_not_an_alarm() {
        let canaries = planted();
        for text in ["", "canary", "canary-7f3a/91+bc", "another text altogether, longer than any piece"] {
            assert_eq!(canaries.found_in(text.as_bytes()), None, "{text}");
        }
        assert!(Canaries::default().plant("short", b"short").is_err());
    }

    #[test]
    fn an_alarm_names_the_secret_and_does_not_show_it() {
        let alarm = planted().expect_none("a log", SECRET.as_bytes()).expect_err("it is there").to_string();
        assert_eq!(alarm, "the secret is in a log");
    }
}
