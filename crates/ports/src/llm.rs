//! Asking a language model, through the gateway.

use async_trait::async_trait;
use m365_types::Intent;

use crate::Trace;

/// Longest prompt, in bytes of all its texts.
pub const PROMPT_BYTES_MAX: usize = 256 * 1024;
/// Most messages of one prompt.
pub const PROMPT_MESSAGES_MAX: usize = 256;
/// Longest answer, in bytes.
pub const LLM_ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What a model is asked for; each has a dynamic route of the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LlmRoute {
    /// `LLM_CLASSIFIER_ROUTE`: judges a text.
    Classifier,
    /// `LLM_SUMMARY_ROUTE`: summarises texts.
    Summary,
}

/// What a model is given. Instructions are ours alone: a text of others can only be a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LlmPrompt {
    /// Where it goes.
    pub route: LlmRoute,
    /// What to do, the `system` message.
    pub instruction: &'static str,
    /// The texts it is about, each one a `user` message, at most [`PROMPT_MESSAGES_MAX`].
    pub messages: Vec<String>,
}

/// A model's answer. It may repeat or obey any text it was given: it is as little to be trusted as those.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LlmAnswer {
    /// The text, not empty, at most [`LLM_ANSWER_BYTES_MAX`].
    pub text: String,
    /// Whether the model stopped because its own limit was reached.
    pub truncated: bool,
    /// The exchange.
    pub trace: Trace,
}

/// Why there is no answer, in words for the person. Classified in one place, by `egress`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LlmRefusal {
    /// The operator's settings name something that the gateway does not know.
    #[error(
        "The AI Gateway does not serve the configured model route (code {code}), so nothing was asked. Tell the operator."
    )]
    Configuration {
        /// The gateway's code.
        code: u32,
    },
    /// Data loss prevention stopped the prompt.
    #[error("Data loss prevention stopped the text on its way to the model, so there is no answer.")]
    DlpRequest,
    /// Data loss prevention stopped the answer.
    #[error("Data loss prevention stopped the answer of the model.")]
    DlpResponse,
    /// The gateway refused for another reason of its own.
    #[error("The AI Gateway refused the request to the model (code {code}). Tell the operator.")]
    Gateway {
        /// The gateway's code.
        code: u32,
    },
    /// Guardrails stopped the answer.
    #[error("The gateway's guardrails stopped the answer of the model.")]
    GuardrailAnswer,
    /// Guardrails stopped the prompt.
    #[error("The gateway's guardrails stopped the text on its way to the model, so there is no answer.")]
    GuardrailPrompt,
    /// The guardrails themselves did not work; nothing passes without them.
    #[error("The gateway's guardrails are not available, and nothing passes without them. Try again later.")]
    GuardrailsDown,
    /// The answer was no stream of chat completion chunks, ended early, or was a cached copy.
    #[error("The answer of the model was incomplete or not usable. Try again.")]
    Malformed,
    /// The model's provider refused.
    #[error("The model's provider refused the request (status {status}). Try again later.")]
    Model {
        /// HTTP status.
        status: u16,
    },
    /// The gateway's account has no credits left.
    #[error("The account of the AI Gateway has no credits left for models. Tell the operator.")]
    NoCredits,
    /// No route is configured for this.
    #[error("No model is configured for this. The operator can name a route of the AI Gateway.")]
    Off,
    /// A policy of the gateway refused.
    #[error("A policy of the AI Gateway does not allow this request to the model. Ask the operator.")]
    Policy,
    /// More text than is ever sent: nothing was.
    #[error("There is more text than a model is asked about at once. Ask about less.")]
    PromptTooLarge,
    /// The gateway's rate limit.
    #[error("The AI Gateway's rate limit was reached. Try again in a minute.")]
    RateLimited,
    /// A spending limit, of the gateway or of a policy.
    #[error("The spending limit for models is used up. Try again later, or ask the operator.")]
    SpendLimit,
    /// The answer was longer than is read.
    #[error("The answer of the model was too long to be used. Ask about less.")]
    TooLong,
    /// Gateway or model could not be reached, or did not answer in time.
    #[error("The model could not be reached, or did not answer in time. Try again.")]
    Unreachable,
    /// The model's provider withheld the answer.
    #[error("The model withheld its answer.")]
    Withheld,
}

/// A question without answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{refusal}")]
pub struct LlmError {
    /// Why.
    pub refusal: LlmRefusal,
    /// The exchange; nothing where nothing was sent.
    pub trace: Option<Trace>,
}

/// The one way to a language model. Consistency: none; each call is one question, nothing of it is kept, and the same
/// question may be answered differently. It changes nothing but what is spent.
#[async_trait]
pub trait Llm: Send + Sync {
    /// Whether this route is configured.
    fn has(&self, route: LlmRoute) -> bool;

    /// Asks once, for a recorded intent, whose person the spending is counted against. Does not retry.
    ///
    /// # Errors
    /// [`LlmError`]
    async fn complete(&self, intent: &Intent, prompt: LlmPrompt) -> Result<LlmAnswer, LlmError>;
}
