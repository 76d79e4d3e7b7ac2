//! The journal as an auditor reads it: `audit tail --json` and `audit verify --json`.

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::json::Look as _;
use crate::site::Site;

/// The journal of a site.
#[derive(Clone, Copy, Debug)]
pub struct Journal<'a> {
    site: &'a Site,
}

/// One record.
#[derive(Clone, Debug)]
pub struct Record(pub Value);

impl<'a> Journal<'a> {
    pub(crate) const fn new(site: &'a Site) -> Self {
        Self { site }
    }

    /// Every record, oldest first within a person.
    ///
    /// # Errors
    /// Where the command fails or does not print JSON lines.
    pub fn records(&self) -> Result<Vec<Record>> {
        let output = self.site.command(&["audit", "tail", "--json"])?;
        ensure!(output.status.success(), "audit tail failed: {}", String::from_utf8_lossy(&output.stderr));
        let text = String::from_utf8(output.stdout)?;
        text.lines()
            .map(|line| Ok(Record(serde_json::from_str(line).with_context(|| format!("not JSON: {line}"))?)))
            .collect()
    }

    /// The records that name this person.
    ///
    /// # Errors
    /// As [`Journal::records`].
    pub fn of(&self, subject: &str) -> Result<Vec<Record>> {
        let mut records = self.records()?;
        records.retain(|record| record.0.to_string().contains(subject));
        Ok(records)
    }

    /// The records of one call.
    ///
    /// # Errors
    /// As [`Journal::records`].
    pub fn of_call(&self, request_id: &str) -> Result<Vec<Record>> {
        let mut records = self.records()?;
        records.retain(|record| record.0.at("/requestId").as_str() == Some(request_id));
        Ok(records)
    }

    /// Checks the chain.
    ///
    /// # Errors
    /// Where the verifier finds fault, or does not say so in JSON.
    pub fn verify(&self) -> Result<()> {
        let output = self.site.command(&["audit", "verify", "--json"])?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        ensure!(
            output.status.success(),
            "audit verify failed: {text}{}",
            String::from_utf8_lossy(&output.stderr)
        );
        for line in text.lines() {
            serde_json::from_str::<Value>(line)
                .with_context(|| format!("audit verify --json printed {line}"))?;
        }
        Ok(())
    }
}

impl Record {
    /// A text field of the record; empty where it has none.
    #[must_use]
    pub fn field(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether the record says so.
    #[must_use]
    pub fn is(&self, phase: &str, verdict: &str) -> bool {
        self.field("phase") == phase && self.field("verdict") == verdict
    }

    /// The exchanges with other systems.
    #[must_use]
    pub fn traces(&self) -> &[Value] {
        self.0.get("traces").and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }
}
