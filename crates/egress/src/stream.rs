//! A model's answer, put together from a stream of chat completion chunks.
//!
//! Sources: HTML Living Standard, "Server-sent events" (lines, fields, events); OpenAI API, chat completions with
//! `stream: true` (chunks, `[DONE]`), which the gateway answers whatever model stands behind a route.
//!
//! In scope: the text of the first choice. Out of scope: tool calls, which are never offered; anything else in a chunk.
//! An answer counts only where the stream says that it is complete.

use m365_ports::{LLM_ANSWER_BYTES_MAX, LlmRefusal};
use serde::Deserialize;
use serde_json::Value;

/// Marks the end of a stream.
const DONE: &str = "[DONE]";

/// What a whole stream says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Assembled {
    pub(crate) text: String,
    /// Whether the model's own limit ended it.
    pub(crate) truncated: bool,
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<Choice>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default)]
    index: u64,
    #[serde(default)]
    delta: Delta,
    finish_reason: Option<String>,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<String>,
}

/// Reads the stream to its end.
///
/// # Errors
/// [`LlmRefusal::Malformed`], [`LlmRefusal::TooLong`], [`LlmRefusal::Withheld`], or [`LlmRefusal::Model`] with status 200
/// where the stream itself reports an error.
pub(crate) fn assemble(body: &[u8]) -> Result<Assembled, LlmRefusal> {
    let body = std::str::from_utf8(body).map_err(|_| LlmRefusal::Malformed)?;
    let (mut text, mut finished, mut truncated) = (String::new(), false, false);
    for event in events(body) {
        if event == DONE {
            finished = true;
            break;
        }
        let chunk: Chunk = serde_json::from_str(&event).map_err(|_| LlmRefusal::Malformed)?;
        if chunk.error.is_some() {
            return Err(LlmRefusal::Model { status: 200 });
        }
        let Some(choice) = chunk.choices.into_iter().find(|choice| choice.index == 0) else { continue };
        text.push_str(&choice.delta.content.unwrap_or_default());
        if text.len() > LLM_ANSWER_BYTES_MAX {
            return Err(LlmRefusal::TooLong);
        }
        match choice.finish_reason.as_deref() {
            None => {}
            Some("content_filter") => return Err(LlmRefusal::Withheld),
            Some(reason) => {
                finished = true;
                truncated |= reason == "length";
            }
        }
    }
    if !finished || text.trim().is_empty() {
        return Err(LlmRefusal::Malformed);
    }
    Ok(Assembled { text, truncated })
}

/// The data of each event that has any. An event that no empty line ends is not dispatched.
fn events(body: &str) -> Vec<String> {
    let body = body.strip_prefix('\u{feff}').unwrap_or(body).replace("\r\n", "\n");
    let (mut events, mut data) = (Vec::new(), None::<String>);
    for line in body.split_inclusive(['\n', '\r']) {
        let Some(line) = line.strip_suffix(['\n', '\r']) else { break };
        if line.is_empty() {
            events.extend(data.take());
        } else if let Some(value) = line.strip_prefix("data:") {
            let value = value.strip_prefix(' ').unwrap_or(value);
            data = Some(data.take().map_or_else(|| value.to_owned(), |before| format!("{before}\n{value}")));
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chunk(content: &str, finish: Option<&str>) -> String {
        let choice = json!({"index": 0, "delta": {"content": content}, "finish_reason": finish});
        format!("data: {}\n\n", json!({"object": "chat.completion.chunk", "choices": [choice]}))
    }

    fn assembled(parts: &[&str]) -> Result<Assembled, LlmRefusal> {
        assemble(parts.concat().as_bytes())
    }

    #[test]
    fn an_answer_is_the_text_of_its_chunks() {
        let role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"},\"finish_reason\":null}]}\n\n";
        let usage = "data: {\"choices\":[],\"usage\":{}}\n\n";
        let parts = [
            ": comment\n\n",
            role,
            &chunk("One ", None),
            &chunk("two", None),
            &chunk("", Some("stop")),
            usage,
            "data: [DONE]\n\n",
        ];
        let whole = Assembled { text: "One two".to_owned(), truncated: false };
        assert_eq!(assembled(&parts).unwrap(), whole);
        assert_eq!(assemble(parts.concat().replace('\n', "\r\n").as_bytes()).unwrap(), whole);
        assert_eq!(assemble(parts.concat().replace('\n', "\r").as_bytes()).unwrap(), whole);
        assert!(assembled(&[&chunk("One", Some("length"))]).unwrap().truncated);
    }

    #[test]
    fn what_does_not_say_that_it_is_complete_is_no_answer() {
        let cut = chunk("One", Some("stop"));
        for parts in [
            &[chunk("One", None).as_str()][..],
            &["data: [DONE]\n\n"],
            &[&chunk("  ", Some("stop"))],
            &[cut.trim_end()],
            &[""],
            &["data: not json\n\n"],
            &["{\"choices\":[{\"message\":{\"content\":\"One\"}}]}"],
        ] {
            assert_eq!(assembled(parts), Err(LlmRefusal::Malformed), "{parts:?}");
        }
        assert_eq!(assemble(b"data: \xff\n\n"), Err(LlmRefusal::Malformed));
    }

    #[test]
    fn errors_and_limits_end_the_reading() {
        let error = "data: {\"error\":{\"message\":\"overloaded\"}}\n\n";
        assert_eq!(assembled(&[&chunk("One", None), error]), Err(LlmRefusal::Model { status: 200 }));
        let withheld = chunk("One", Some("content_filter"));
        assert_eq!(assembled(&[&withheld]), Err(LlmRefusal::Withheld));
        let long = chunk(&"x".repeat(LLM_ANSWER_BYTES_MAX / 2 + 1), None);
        assert_eq!(assembled(&[&long, &long, &chunk("", Some("stop"))]), Err(LlmRefusal::TooLong));
        let beside = "data: {\"choices\":[{\"index\":1,\"delta\":{\"content\":\"other\"}}]}\n\n";
        assert_eq!(assembled(&[beside, &chunk("One", Some("stop"))]).unwrap().text, "One");
    }

    proptest::proptest! {
        #[test]
        fn no_stream_makes_it_panic_or_exceed_its_limit(body in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
            let framed = [b"data: ", body.as_slice(), b"\n\n"].concat();
            for bytes in [body, framed] {
                if let Ok(found) = assemble(&bytes) {
                    proptest::prop_assert!(found.text.len() <= LLM_ANSWER_BYTES_MAX);
                }
            }
        }
    }
}
