//! Completions: what may be typed for the arguments of the prompts and the template.

use m365_mcp::{Completion, CompletionCall, CompletionReference, Refusal};

use crate::{prompts, resources};

/// Values of one argument.
struct Choices {
    of: Owner,
    argument: &'static str,
    values: &'static [&'static str],
}

/// What the argument belongs to.
enum Owner {
    Prompt(&'static str),
    Template(&'static str),
}

const CHOICES: [Choices; 3] = [
    Choices {
        of: Owner::Prompt("test_prompt_with_arguments"),
        argument: "arg1",
        values: &["paris", "park", "party", "testValue1"],
    },
    Choices {
        of: Owner::Prompt("test_prompt_with_arguments"),
        argument: "arg2",
        values: &["testValue2", "world"],
    },
    Choices { of: Owner::Template(resources::TEMPLATE), argument: "id", values: &["123", "124"] },
];

/// The values that begin with what was typed; none for an argument without values.
pub(crate) fn complete(call: &CompletionCall) -> Result<Completion, Refusal> {
    let is_known = match &call.reference {
        CompletionReference::Prompt(name) => prompts::PROMPTS.iter().any(|prompt| prompt.name == name),
        CompletionReference::Template(uri) => uri == resources::TEMPLATE,
    };
    if !is_known {
        return Err(Refusal::UnknownReference);
    }
    let belongs = |choices: &&Choices| choices.of.is(&call.reference) && choices.argument == call.argument;
    let values = CHOICES.iter().find(belongs).map_or(&[][..], |choices| choices.values);
    let fits: Vec<String> = values
        .iter()
        .filter(|value| value.starts_with(&call.value))
        .map(|value| (*value).to_owned())
        .collect();
    Ok(Completion { total: u64::try_from(fits.len()).ok(), values: fits, has_more: false })
}

impl Owner {
    fn is(&self, reference: &CompletionReference) -> bool {
        match (self, reference) {
            (Self::Prompt(ours), CompletionReference::Prompt(theirs))
            | (Self::Template(ours), CompletionReference::Template(theirs)) => ours == theirs,
            (Self::Prompt(_) | Self::Template(_), _) => false,
        }
    }
}
