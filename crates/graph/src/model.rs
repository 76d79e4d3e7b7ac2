//! Language models: what a question to one that has no answer teaches.
//!
//! Source: the port of language models, whose refusals egress classifies. A model is only asked through
//! [`crate::GraphClient`], which keeps what is confidential from it.

use m365_ports::LlmRefusal;

use crate::lesson::Lesson;
use crate::mail::summary;

/// Names of the rows that ask a model on the route of summaries: offered only where there is one.
pub const SUMMARY_ROWS: [&str; 1] = [summary::NAME];

/// What can go wrong here besides what every call meets.
pub(crate) static LESSONS: [&Lesson; 19] = [
    &STANDING,
    &OFF,
    &CONFIGURATION,
    &DLP_REQUEST,
    &DLP_RESPONSE,
    &GATEWAY,
    &GUARDRAIL_PROMPT,
    &GUARDRAIL_ANSWER,
    &GUARDRAILS_DOWN,
    &MALFORMED,
    &MODEL,
    &NO_CREDITS,
    &POLICY,
    &PROMPT_TOO_LARGE,
    &RATE_LIMITED,
    &SPEND_LIMIT,
    &TOO_LONG,
    &UNREACHABLE,
    &WITHHELD,
];

/// Something confidential stands for the person.
pub(crate) static STANDING: Lesson = Lesson {
    code: "model_confidential_stands",
    why: "Something confidential was read for this person, and while that stands no language model is asked anything. Nothing \
          was sent to one.",
    next: "Read the text itself instead. The person can clear what stands on the page `/me`.",
};
/// No route is configured.
pub(crate) static OFF: Lesson = Lesson {
    code: "model_off",
    why: "No language model is configured for this.",
    next: "Read the text itself instead. Repeating will not help before an operator names a route.",
};
static CONFIGURATION: Lesson = Lesson {
    code: "model_configuration",
    why: "The AI Gateway does not serve the configured model route.",
    next: "An operator must look at the route's name. Read the text itself instead; repeating will not help before that.",
};
static DLP_REQUEST: Lesson = Lesson {
    code: "model_dlp_request",
    why: "The organisation's data loss prevention stopped the text on its way to the language model.",
    next: "Read the text itself instead. Do not repeat it or ask in parts to get past.",
};
static DLP_RESPONSE: Lesson = Lesson {
    code: "model_dlp_response",
    why: "The organisation's data loss prevention stopped the answer of the language model.",
    next: "Read the text itself instead. Do not repeat it or ask in parts to get past.",
};
static GATEWAY: Lesson = Lesson {
    code: "model_gateway_refused",
    why: "The AI Gateway refused the question to the language model for a reason of its own.",
    next: "An administrator must look at the gateway's log. Read the text itself instead.",
};
static GUARDRAIL_PROMPT: Lesson = Lesson {
    code: "model_guardrail_prompt",
    why: "The guardrails of the AI Gateway stopped the text on its way to the language model.",
    next: "Read the text itself instead, and tell the person that it was stopped. Do not repeat it or ask in parts to get past.",
};
static GUARDRAIL_ANSWER: Lesson = Lesson {
    code: "model_guardrail_answer",
    why: "The guardrails of the AI Gateway stopped the answer of the language model.",
    next: "Read the text itself instead, and tell the person that it was stopped. Do not repeat it or ask in parts to get past.",
};
static GUARDRAILS_DOWN: Lesson = Lesson {
    code: "model_guardrails_down",
    why: "The guardrails of the AI Gateway do not work at the moment, and nothing passes without them.",
    next: "Try again {wait}, or read the text itself instead.",
};
static MALFORMED: Lesson = Lesson {
    code: "model_malformed",
    why: "The answer of the language model was incomplete or not usable.",
    next: "Try again {wait}, or read the text itself instead.",
};
static MODEL: Lesson = Lesson {
    code: "model_refused",
    why: "The provider of the language model refused the question.",
    next: "Try again {wait}; if it lasts, tell an administrator. Read the text itself instead.",
};
static NO_CREDITS: Lesson = Lesson {
    code: "model_no_credits",
    why: "The organisation's AI Gateway has no credits left for language models.",
    next: "An administrator must add some. Read the text itself instead; repeating will not help before that.",
};
static POLICY: Lesson = Lesson {
    code: "model_policy",
    why: "A policy of the AI Gateway does not allow this question to a language model.",
    next: "Read the text itself instead. Repeating will not help before an administrator changes the policy.",
};
static PROMPT_TOO_LARGE: Lesson = Lesson {
    code: "model_prompt_too_large",
    why: "There is more text than a language model is asked about at once. Nothing was sent to one.",
    next: "Read the text itself instead. Repeating the same call fails again.",
};
static RATE_LIMITED: Lesson = Lesson {
    code: "model_rate_limited",
    why: "The rate limit of the organisation's AI Gateway for language models is reached.",
    next: "Try again {wait}, not sooner.",
};
static SPEND_LIMIT: Lesson = Lesson {
    code: "model_spend_limit",
    why: "The spending limit for language models is used up.",
    next: "Read the text itself instead. An administrator can say when the limit begins anew, or raise it; do not repeat the call \
           before.",
};
static TOO_LONG: Lesson = Lesson {
    code: "model_too_long",
    why: "The answer of the language model was too long to be used.",
    next: "Ask about something narrower, or read the text itself instead.",
};
static UNREACHABLE: Lesson = Lesson {
    code: "model_unreachable",
    why: "The language model could not be reached, or did not answer in time.",
    next: "Try again {wait}, or read the text itself instead.",
};
static WITHHELD: Lesson = Lesson {
    code: "model_withheld",
    why: "The language model withheld its answer.",
    next: "Read the text itself instead. Repeating the same call will most likely fail again.",
};

/// What a refusal teaches.
pub(crate) const fn lesson(refusal: LlmRefusal) -> &'static Lesson {
    match refusal {
        LlmRefusal::Configuration { .. } => &CONFIGURATION,
        LlmRefusal::DlpRequest => &DLP_REQUEST,
        LlmRefusal::DlpResponse => &DLP_RESPONSE,
        LlmRefusal::Gateway { .. } => &GATEWAY,
        LlmRefusal::GuardrailAnswer => &GUARDRAIL_ANSWER,
        LlmRefusal::GuardrailPrompt => &GUARDRAIL_PROMPT,
        LlmRefusal::GuardrailsDown => &GUARDRAILS_DOWN,
        LlmRefusal::Malformed => &MALFORMED,
        LlmRefusal::Model { .. } => &MODEL,
        LlmRefusal::NoCredits => &NO_CREDITS,
        LlmRefusal::Off => &OFF,
        LlmRefusal::Policy => &POLICY,
        LlmRefusal::PromptTooLarge => &PROMPT_TOO_LARGE,
        LlmRefusal::RateLimited => &RATE_LIMITED,
        LlmRefusal::SpendLimit => &SPEND_LIMIT,
        LlmRefusal::TooLong => &TOO_LONG,
        LlmRefusal::Unreachable => &UNREACHABLE,
        LlmRefusal::Withheld => &WITHHELD,
    }
}
