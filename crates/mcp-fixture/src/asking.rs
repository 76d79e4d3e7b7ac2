//! Tools that ask the client for something first.

use m365_mcp::InputKind::{ElicitForm, Roots, Sampling};
use serde_json::{Map, Value, json};

use crate::forms;
use crate::input::{Inquiry, Question};
use crate::tools::{Asking, Run, Tool, no_arguments};

const NAME: Question = Question {
    name: "user_name",
    kind: ElicitForm,
    params: |_| forms::of_one("What is your name?", "name", "string"),
};
const CONFIRM: Question = Question {
    name: "confirm",
    kind: ElicitForm,
    params: |_| forms::of_one("Please confirm", "ok", "boolean"),
};
const CAPITAL: Question = Question {
    name: "capital_question",
    kind: Sampling,
    params: |_| forms::sampling("What is the capital of France?", 100),
};
const GREETING: Question =
    Question { name: "greeting", kind: Sampling, params: |_| forms::sampling("Generate a greeting", 50) };
const ROOTS: Question = Question { name: "client_roots", kind: Roots, params: |_| json!({}) };

/// Asked once, answered at once.
const fn once(questions: &'static [&'static [Question]]) -> Inquiry {
    Inquiry { rounds: questions, keeps_state: false, only_declared: false }
}

/// As above, with a state that must come back.
const fn stateful(rounds: &'static [&'static [Question]]) -> Inquiry {
    Inquiry { rounds, keeps_state: true, only_declared: false }
}

const fn row(name: &'static str, description: &'static str, asking: &'static Asking) -> Tool {
    Tool { name, description, input_schema: no_arguments, run: Run::Asks(asking) }
}

/// Every tool that asks.
pub(crate) const TOOLS: [Tool; 13] = [
    Tool {
        input_schema: || text_argument("prompt"),
        ..row(
            "test_sampling",
            "Has the client's model say something.",
            &Asking {
                inquiry: once(&[&[Question {
                    name: "sampling",
                    kind: Sampling,
                    params: |arguments| {
                        forms::sampling(
                            arguments.get("prompt").and_then(Value::as_str).unwrap_or("Hello"),
                            100,
                        )
                    },
                }]]),
                say: |answers| format!("LLM response: {}", text_of(answers, "sampling")),
            },
        )
    },
    Tool {
        input_schema: || text_argument("message"),
        ..row(
            "test_elicitation",
            "Asks for a name and an address.",
            &Asking {
                inquiry: once(&[&[Question { name: "person", kind: ElicitForm, params: forms::person }]]),
                say: |answers| format!("User response: {}", chosen(answers, "person")),
            },
        )
    },
    row(
        "test_elicitation_sep1034_defaults",
        "Asks with values to begin with.",
        &Asking {
            inquiry: once(&[&[Question { name: "defaults", kind: ElicitForm, params: forms::defaults }]]),
            say: |answers| format!("Elicitation completed: {}", chosen(answers, "defaults")),
        },
    ),
    row(
        "test_elicitation_sep1330_enums",
        "Asks to choose from lists.",
        &Asking {
            inquiry: once(&[&[Question { name: "choices", kind: ElicitForm, params: forms::choices }]]),
            say: |answers| format!("Elicitation completed: {}", chosen(answers, "choices")),
        },
    ),
    row(
        "test_streaming_elicitation",
        "Asks for a confirmation.",
        &Asking {
            inquiry: once(&[&[CONFIRM]]),
            say: |answers| format!("Elicitation completed: {}", chosen(answers, "confirm")),
        },
    ),
    row(
        "test_input_required_result_elicitation",
        "Asks for a name.",
        &Asking {
            inquiry: once(&[&[NAME]]),
            say: |answers| format!("Hello, {}!", field(answers, "user_name", "name")),
        },
    ),
    row(
        "test_input_required_result_sampling",
        "Asks a model for a capital.",
        &Asking { inquiry: once(&[&[CAPITAL]]), say: |answers| text_of(answers, "capital_question") },
    ),
    row(
        "test_input_required_result_list_roots",
        "Asks for the client's roots.",
        &Asking {
            inquiry: once(&[&[ROOTS]]),
            say: |answers| format!("Roots: {}", answers.get("client_roots").unwrap_or(&Value::Null)),
        },
    ),
    row(
        "test_input_required_result_request_state",
        "Asks for a confirmation and keeps a state.",
        &Asking { inquiry: stateful(&[&[CONFIRM]]), say: |_| "state-ok".to_owned() },
    ),
    row(
        "test_input_required_result_multiple_inputs",
        "Asks for three things at once.",
        &Asking {
            inquiry: stateful(&[&[NAME, GREETING, ROOTS]]),
            say: |answers| {
                format!("{} {}", text_of(answers, "greeting"), field(answers, "user_name", "name"))
            },
        },
    ),
    row(
        "test_input_required_result_multi_round",
        "Asks twice, the second time for something else.",
        &Asking {
            inquiry: stateful(&[
                &[Question {
                    name: "step1",
                    kind: ElicitForm,
                    params: |_| forms::of_one("Step 1: What is your name?", "name", "string"),
                }],
                &[Question {
                    name: "step2",
                    kind: ElicitForm,
                    params: |_| forms::of_one("Step 2: What is your favorite color?", "color", "string"),
                }],
            ]),
            say: |answers| format!("Your color is {}.", field(answers, "step2", "color")),
        },
    ),
    row(
        "test_input_required_result_tampered_state",
        "Keeps a state that nobody can forge.",
        &Asking { inquiry: stateful(&[&[CONFIRM]]), say: |_| "state-ok".to_owned() },
    ),
    row(
        "test_input_required_result_capabilities",
        "Asks for no more than the client can be asked.",
        &Asking {
            inquiry: Inquiry { rounds: &[&[NAME, CAPITAL]], keeps_state: false, only_declared: true },
            say: |answers| Value::Object(answers.clone()).to_string(),
        },
    ),
];

fn text_argument(name: &str) -> Value {
    json!({ "type": "object", "properties": { name: { "type": "string" } }, "required": [name] })
}

/// The text that a model said.
fn text_of(answers: &Map<String, Value>, name: &str) -> String {
    let content = answers.get(name).and_then(|answer| answer.get("content"));
    let text = content.and_then(|content| content.get("text")).and_then(Value::as_str);
    text.unwrap_or("nothing").to_owned()
}

/// What a person did, and what they filled in.
fn chosen(answers: &Map<String, Value>, name: &str) -> String {
    let answer = answers.get(name);
    let part = |name: &str| answer.and_then(|answer| answer.get(name)).cloned().unwrap_or_default();
    format!("action={}, content={}", part("action").as_str().unwrap_or("none"), part("content"))
}

fn field(answers: &Map<String, Value>, name: &str, field: &str) -> String {
    let content = answers.get(name).and_then(|answer| answer.get("content"));
    let text = content.and_then(|content| content.get(field)).and_then(Value::as_str);
    text.unwrap_or("nobody").to_owned()
}
