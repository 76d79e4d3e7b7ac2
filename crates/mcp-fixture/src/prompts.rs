//! Prompts: text, arguments, a resource, a picture, and one that asks first.

use m365_mcp::{Content, InputKind, PromptArgumentDescriptor, PromptDescriptor, PromptResult, ResourceBody};
use serde_json::{Map, Value};

use crate::input::{Inquiry, Question};
use crate::{forms, media};

/// One prompt.
pub(crate) struct Prompt {
    pub(crate) name: &'static str,
    description: &'static str,
    arguments: &'static [PromptArgumentDescriptor],
    /// What is asked first.
    pub(crate) inquiry: Option<&'static Inquiry>,
    /// What is said, given the arguments and the answers.
    say: fn(&Map<String, Value>) -> Vec<Content>,
}

const fn argument(name: &'static str, description: &'static str) -> PromptArgumentDescriptor {
    PromptArgumentDescriptor { name, title: name, description, required: true }
}

/// Every prompt.
pub(crate) const PROMPTS: [Prompt; 5] = [
    Prompt {
        name: "test_simple_prompt",
        description: "Says a text.",
        arguments: &[],
        inquiry: None,
        say: |_| vec![Content::Text("This is a simple prompt for testing.".to_owned())],
    },
    Prompt {
        name: "test_prompt_with_arguments",
        description: "Says its arguments.",
        arguments: &[argument("arg1", "First test argument"), argument("arg2", "Second test argument")],
        inquiry: None,
        say: |given| {
            let (first, second) = (text(given, "arg1"), text(given, "arg2"));
            vec![Content::Text(format!("Prompt with arguments: arg1='{first}', arg2='{second}'"))]
        },
    },
    Prompt {
        name: "test_prompt_with_embedded_resource",
        description: "Shows a resource.",
        arguments: &[argument("resourceUri", "URI of the resource to embed")],
        inquiry: None,
        say: |given| {
            let body = ResourceBody::Text("Embedded resource content for testing.".to_owned());
            let uri = text(given, "resourceUri").to_owned();
            vec![
                Content::Resource { uri, mime_type: "text/plain", body },
                Content::Text("Please process the embedded resource above.".to_owned()),
            ]
        },
    },
    Prompt {
        name: "test_prompt_with_image",
        description: "Shows a picture.",
        arguments: &[],
        inquiry: None,
        say: |_| {
            let request = "Please analyze the image above.".to_owned();
            vec![Content::Image(media::picture()), Content::Text(request)]
        },
    },
    Prompt {
        name: "test_input_required_result_prompt",
        description: "Asks what it is about.",
        arguments: &[],
        inquiry: Some(&Inquiry {
            rounds: &[&[Question {
                name: "user_context",
                kind: InputKind::ElicitForm,
                params: |_| forms::of_one("What context should the prompt use?", "context", "string"),
            }]],
            keeps_state: false,
            only_declared: false,
        }),
        say: |answers| {
            let content = answers.get("user_context").and_then(|answer| answer.get("content"));
            let context = content.and_then(|content| content.get("context")).and_then(Value::as_str);
            vec![Content::Text(format!("The context is: {}", context.unwrap_or("unknown")))]
        },
    },
];

/// The list.
pub(crate) fn list() -> Vec<PromptDescriptor> {
    let describe = |prompt: &Prompt| PromptDescriptor {
        name: prompt.name,
        title: prompt.name,
        description: prompt.description,
        arguments: prompt.arguments.to_vec(),
        icons: &[],
    };
    PROMPTS.iter().map(describe).collect()
}

/// The prompt of that name.
pub(crate) fn find(name: &str) -> Option<&'static Prompt> {
    const { &PROMPTS }.iter().find(|prompt| prompt.name == name)
}

impl Prompt {
    /// The first required argument that is not given.
    pub(crate) fn missing(&self, given: &Map<String, Value>) -> Option<&'static str> {
        let is_missing = |name: &str| !given.get(name).is_some_and(Value::is_string);
        self.arguments.iter().map(|argument| argument.name).find(|name| is_missing(name))
    }

    /// What it says, given the arguments or the answers.
    pub(crate) fn say(&self, given: &Map<String, Value>) -> PromptResult {
        PromptResult { description: self.description, messages: (self.say)(given) }
    }
}

fn text<'a>(given: &'a Map<String, Value>, name: &str) -> &'a str {
    given.get(name).and_then(Value::as_str).unwrap_or_default()
}
