//! What leaves besides Graph calls: webhooks, questions to models, results to be inspected. All of it is optional.

use m365_seal::{WebhookKey, WebhookKeys};
use url::Url;

use super::ConfigError;
use super::parse::{Reader, wrong};

/// Webhooks, models and inspection.
#[derive(Clone, Debug)]
pub struct Outward {
    /// Who is told what happened; nobody where it is left out.
    pub webhooks: Option<Receivers>,
    /// Language models; none where it is left out.
    pub llm: Option<Models>,
    /// Who looks at results before they are handed out.
    pub inspection: Inspection,
}

/// The receivers of webhooks.
#[derive(Clone, Debug)]
pub struct Receivers {
    /// Their addresses.
    pub urls: Vec<Url>,
    /// What deliveries are signed with.
    pub keys: WebhookKeys,
}

/// The gateway of models and its dynamic routes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Models {
    /// Gateway name.
    pub gateway_id: String,
    /// The route that judges texts.
    pub classifier: Option<String>,
    /// The route that summarises texts.
    pub summary: Option<String>,
}

/// Who looks at results before they are handed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspection {
    /// Data loss prevention of the gateway too: every result goes through it once more.
    Gateway,
    /// This server alone.
    Local,
}

impl Outward {
    /// Whether a model summarises conversations.
    pub(super) fn summarises(&self) -> bool {
        self.llm.as_ref().is_some_and(|models| models.summary.is_some())
    }

    pub(super) fn parse(reader: &Reader<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            llm: models(reader)?,
            webhooks: receivers(reader)?,
            inspection: reader.choice(
                "INSPECT_RESPONSES",
                &[("local", Inspection::Local), ("gateway", Inspection::Gateway)],
            )?,
        })
    }
}

fn models(reader: &Reader<'_>) -> Result<Option<Models>, ConfigError> {
    let gateway_id = reader.optional("AI_GATEWAY_LLM_ID")?;
    let classifier = reader.optional("LLM_CLASSIFIER_ROUTE")?;
    let summary = reader.optional("LLM_SUMMARY_ROUTE")?;
    match gateway_id {
        Some(gateway_id) => Ok(Some(Models { gateway_id, classifier, summary })),
        None if classifier.is_none() && summary.is_none() => Ok(None),
        None => {
            wrong("AI_GATEWAY_LLM_ID", "is missing: a route of models needs the name of the gateway it is on")
        }
    }
}

fn receivers(reader: &Reader<'_>) -> Result<Option<Receivers>, ConfigError> {
    let urls = reader.urls("WEBHOOK_URLS")?;
    let current = reader.webhook_key("WEBHOOK_SECRET")?;
    let previous = reader.webhook_key("WEBHOOK_SECRET_PREVIOUS")?;
    match (urls.is_empty(), current) {
        (true, _) => Ok(None),
        (false, Some(current)) => Ok(Some(Receivers { urls, keys: WebhookKeys { current, previous } })),
        (false, None) => {
            wrong("WEBHOOK_SECRET", "is a required secret where WEBHOOK_URLS names anybody, and has no value")
        }
    }
}

impl Reader<'_> {
    /// URLs separated by spaces or commas. What a receiver's may look like is the destination table's to say.
    fn urls(&self, name: &'static str) -> Result<Vec<Url>, ConfigError> {
        let urls: Result<Vec<Url>, _> = self.list(name)?.iter().map(|text| Url::parse(text)).collect();
        urls.or_else(|_| wrong(name, "must be https URLs separated by spaces"))
    }

    fn webhook_key(&self, name: &'static str) -> Result<Option<WebhookKey>, ConfigError> {
        match self.optional_secret(name)? {
            Some(text) => WebhookKey::parse(&text).map(Some).or_else(|error| wrong(name, error.to_string())),
            None => Ok(None),
        }
    }
}
