//! Completion: what is completed, what is filled in already, and how many values there may be.

use super::script::EVERYTHING;
use super::*;

fn prompt() -> Value {
    json!({"type": "ref/prompt", "name": "one"})
}

fn completing(values: usize, total: Option<u64>, has_more: bool) -> Scripted {
    let values = (0..values).map(|number| number.to_string()).collect();
    Scripted::with(|script| {
        script.offers = EVERYTHING;
        script.completion = Completion { values, total, has_more };
    })
}

#[test]
fn an_argument_of_a_prompt_or_a_template_is_completed() {
    let template = json!({"type": "ref/resource", "uri": "scripted://{name}"});
    for revision in every_revision() {
        let server = completing(2, Some(2), false);
        for reference in [prompt(), template.clone()] {
            let params = json!({
                "ref": reference, "argument": {"name": "whom", "value": "Ad"},
                "context": {"arguments": {"team": "Sales"}},
            });
            let expected = json!({"completion": {"values": ["0", "1"], "total": 2, "hasMore": false}});
            let expected = if revision == MODERN { stateless(expected, None) } else { expected };
            assert_eq!(result(&server, revision, "completion/complete", params), expected, "{revision}");
        }
        let call = |reference| CompletionCall {
            reference,
            argument: "whom".into(),
            value: "Ad".into(),
            context: object(json!({"team": "Sales"})),
        };
        let prompt = call(CompletionReference::Prompt("one".into()));
        let template = call(CompletionReference::Template("scripted://{name}".into()));
        assert_eq!(server.heard.lock().unwrap().completions, [prompt, template], "{revision}");
    }
}

#[test]
fn nothing_need_be_filled_in_yet() {
    for context in [None, Some(json!({})), Some(json!({"arguments": {}}))] {
        let server = Scripted::offering_everything();
        let mut params = json!({"ref": prompt(), "argument": {"name": "whom", "value": ""}});
        if let Some(context) = &context {
            params["context"] = context.clone();
        }
        let completed = result(&server, "2025-11-25", "completion/complete", params);
        assert_eq!(completed, json!({"completion": {"values": [], "hasMore": false}}), "{context:?}");
        assert!(server.heard.lock().unwrap().completions[0].context.is_empty());
    }
}

#[test]
fn what_is_out_of_form_reaches_nobody() {
    let argument = json!({"name": "whom", "value": ""});
    let (reference, wrong) = (ProtocolRefusal::CompletionReference, ProtocolRefusal::CompletionArgument);
    let table = [
        (json!({"argument": argument}), reference),
        (json!({"ref": "one", "argument": argument}), reference),
        (json!({"ref": {"name": "one"}, "argument": argument}), reference),
        (json!({"ref": {"type": "ref/prompt", "uri": "one"}, "argument": argument}), reference),
        (json!({"ref": {"type": "ref/resource", "name": "one"}, "argument": argument}), reference),
        (json!({"ref": {"type": "ref/tool", "name": "one"}, "argument": argument}), reference),
        (json!({"ref": prompt()}), wrong),
        (json!({"ref": prompt(), "argument": "whom"}), wrong),
        (json!({"ref": prompt(), "argument": {"name": "whom"}}), wrong),
        (json!({"ref": prompt(), "argument": {"name": "whom", "value": 1}}), wrong),
        (json!({"ref": prompt(), "argument": {"value": ""}}), wrong),
        (json!({"ref": prompt(), "argument": argument, "context": []}), wrong),
        (json!({"ref": prompt(), "argument": argument, "context": {"arguments": null}}), wrong),
    ];
    for (params, expected) in table {
        for revision in every_revision() {
            let server = Scripted::offering_everything();
            let (status, body) = ask(&server, revision, "completion/complete", params.clone());
            assert_eq!((status, &body["error"]["code"]), (200, &json!(-32602)), "{revision} {params}");
            assert_eq!((server.last_refusal(), server.effects()), (Some(expected), 0), "{revision} {params}");
        }
    }
}

#[test]
fn a_reference_to_nothing_is_refused_by_the_application() {
    for revision in every_revision() {
        let server = Scripted::offering_everything();
        let other = json!({"type": "ref/prompt", "name": "other"});
        let params = json!({"ref": other, "argument": {"name": "whom", "value": ""}});
        let (status, body) = ask(&server, revision, "completion/complete", params);
        assert_eq!((status, &body["error"]["code"]), (200, &json!(-32602)), "{revision}");
        assert_eq!((server.last_refusal(), server.effects()), (None, 1));
    }
}

#[test]
fn at_most_a_hundred_values_are_given_and_the_rest_is_told() {
    let table = [
        (100, false, 100, false),
        (100, true, 100, true),
        (101, false, 100, true),
        (0, true, 0, true),
        (1_000, true, 100, true),
    ];
    for (values, has_more, expected, told) in table {
        let params = json!({"ref": prompt(), "argument": {"name": "whom", "value": ""}});
        let server = completing(values, None, has_more);
        let completion = &result(&server, MODERN, "completion/complete", params)["completion"];
        assert_eq!(
            (completion["values"].as_array().map(Vec::len), &completion["hasMore"], completion.get("total")),
            (Some(expected), &json!(told), None),
            "{values}"
        );
    }
}

#[test]
fn completion_asks_for_nothing_so_answers_and_states_mean_nothing_to_it() {
    let server = Scripted::offering_everything();
    let need = json!({"name": "need", "arguments": {"kinds": ["form"], "state": "here"}});
    let state = result(&server, MODERN, "tools/call", &need)["requestState"].clone();
    let params = json!({
        "ref": prompt(), "argument": {"name": "whom", "value": ""}, "requestState": state, "inputResponses": null,
    });
    assert!(result(&server, MODERN, "completion/complete", params)["completion"].is_object());
    assert_eq!(server.client().input(), None);
    let mut again = need;
    again["requestState"] = state;
    assert_eq!(
        result(&server, MODERN, "tools/call", again)["resultType"],
        json!("input_required"),
        "not spent"
    );
}
