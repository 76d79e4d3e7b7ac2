//! What every refusal keeps to, whatever it refuses: a client error unless another was expected, nothing of a secret in
//! its body, its headers, the log or the records, and exactly one audit record under the request id it names.
//!
//! The record is one of the person's journal or of the perimeter's. A connection that is refused before a request was
//! read has neither id nor record. Of a flood the perimeter keeps so many records a minute and counts the rest, so a
//! [`Rule`] begins in a minute of its own, which only a case that is alone on its site may do.

use anyhow::{Context as _, Result, ensure};

use crate::http::Answer;
use crate::journal::Record;
use crate::site::Site;

/// Seconds until a minute has passed that may have been used up.
const A_MINUTE: u64 = 61;
/// What a credential of ours or of Microsoft begins with. Their kinds are public, so four more characters make a secret.
const CREDENTIALS: [&str; 5] = ["m365a_", "m365r_", "m365c_", "EwB4A8l6", "eyJhbGciOi"];

/// Refusals of one case, to be looked up in the records together.
#[derive(Debug)]
pub struct Rule<'a> {
    site: &'a Site,
    secrets: Vec<String>,
    refused: Vec<Refused>,
}

#[derive(Debug)]
struct Refused {
    about: String,
    request_id: String,
}

impl<'a> Rule<'a> {
    /// The rule for the refusals of one case.
    ///
    /// # Errors
    /// Where the clock of the estate cannot be moved.
    pub fn on(site: &'a Site) -> Result<Self> {
        site.advance(A_MINUTE)?;
        Ok(Self { site, secrets: Vec::new(), refused: Vec::new() })
    }

    /// Names something that no refusal, log line or record may repeat.
    pub fn hide(&mut self, secret: &str) {
        self.secrets.push(secret.to_owned());
    }

    /// Expects a refusal with one of these statuses.
    ///
    /// # Errors
    /// Where it has another status, names no request, or shows a secret.
    pub fn refused(&mut self, about: &str, answer: &Answer, statuses: &[u16]) -> Result<()> {
        answer.expect(statuses).with_context(|| about.to_owned())?;
        let headers = answer.all_headers().iter().map(|(_, value)| value.as_str());
        for text in headers.chain([answer.text().as_str()]) {
            self.expect_hidden(about, text)?;
        }
        let request_id =
            answer.header("x-request-id").with_context(|| format!("{about}: no id: {answer}"))?;
        self.refused.push(Refused { about: about.to_owned(), request_id: request_id.to_owned() });
        Ok(())
    }

    /// Expects one record of each refusal, and no secret in records or log. Returns the records, one for each refusal in
    /// their order; none where the site's journals cannot be read.
    ///
    /// # Errors
    /// Where it is otherwise.
    pub fn hold(&self) -> Result<Vec<Record>> {
        let Some(journal) = self.site.journal() else { return Ok(Vec::new()) };
        let records = journal.records()?;
        let mut found = Vec::new();
        for Refused { about, request_id } in &self.refused {
            let of_it: Vec<_> =
                records.iter().filter(|record| record.field("requestId") == request_id).collect();
            let [record] = of_it.as_slice() else {
                anyhow::bail!("{about}: {} records of {request_id}, not one: {of_it:?}", of_it.len())
            };
            self.expect_hidden(about, &record.0.to_string())?;
            found.push((*record).clone());
        }
        for line in self.site.output()?.lines() {
            self.expect_hidden("the log", line)?;
        }
        Ok(found)
    }

    fn expect_hidden(&self, about: &str, text: &str) -> Result<()> {
        let secret = self.secrets.iter().find(|secret| text.contains(secret.as_str()));
        ensure!(secret.is_none(), "{about}: a secret is shown: {text}");
        for mark in CREDENTIALS {
            let shown = text
                .split(mark)
                .skip(1)
                .any(|rest| rest.chars().take(4).all(is_token_character) && rest.len() >= 4);
            ensure!(!shown, "{about}: a credential is shown ({mark}…): {text}");
        }
        Ok(())
    }
}

const fn is_token_character(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}
