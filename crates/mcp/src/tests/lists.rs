//! Lists: their pages, prompts and templates, and pictures.

use super::script::{EVERYTHING, ICONS};
use super::*;

/// Every list, with the member that holds its items.
const LISTS: [(&str, &str); 4] = [
    ("tools/list", "tools"),
    ("resources/list", "resources"),
    ("resources/templates/list", "resourceTemplates"),
    ("prompts/list", "prompts"),
];

fn five_in_pages_of_two() -> Scripted {
    Scripted::with(|script| {
        script.offers = EVERYTHING;
        script.items = 5;
        script.page_size = 2;
    })
}

#[test]
fn every_list_comes_in_pages_that_give_each_item_once_and_in_order() {
    let server = five_in_pages_of_two();
    let whole = Scripted::with(|script| {
        script.offers = EVERYTHING;
        script.items = 5;
    });
    for revision in every_revision() {
        for (method, member) in LISTS {
            let (mut seen, mut lengths, mut params) = (Vec::new(), Vec::new(), json!({}));
            loop {
                let page = result(&server, revision, method, params);
                let items = page[member].as_array().unwrap();
                lengths.push(items.len());
                seen.extend(items.clone());
                match page.get("nextCursor") {
                    Some(cursor) => params = json!({"cursor": cursor}),
                    None => break,
                }
            }
            let all = result(&whole, revision, method, json!({}));
            assert_eq!((lengths, &json!(seen)), (vec![2, 2, 1], &all[member]), "{revision} {method}");
            assert_eq!(all.get("nextCursor"), None);
        }
    }
}

#[test]
fn a_page_of_the_stateless_revision_may_be_kept_like_the_whole_list() {
    let page = result(&five_in_pages_of_two(), MODERN, "tools/list", json!({}));
    assert_eq!(
        (&page["resultType"], &page["ttlMs"], &page["cacheScope"]),
        (&json!("complete"), &json!(300_000), &json!("private"))
    );
    assert!(page["nextCursor"].is_string());
}

#[test]
fn a_cursor_of_one_list_is_none_of_another() {
    let server = five_in_pages_of_two();
    for revision in every_revision() {
        for (method, _) in LISTS {
            let page = result(&server, revision, method, json!({}));
            for (other, _) in LISTS {
                let fresh = five_in_pages_of_two();
                let (status, body) = ask(&fresh, revision, other, json!({"cursor": page["nextCursor"]}));
                let expected = if other == method { Value::Null } else { json!(-32602) };
                assert_eq!((status, &body["error"]["code"]), (200, &expected), "{revision} {method} {other}");
                assert_eq!(fresh.last_refusal().is_some(), other != method);
            }
        }
    }
}

#[test]
fn prompts_are_listed_with_the_fields_of_the_revision() {
    let server = Scripted::offering_everything();
    let mut prompt = json!({
        "name": "one", "description": "Greets somebody.",
        "arguments": [{"name": "whom", "description": "Who is greeted.", "required": true}],
    });
    for revision in every_revision() {
        if revision == "2025-06-18" {
            prompt["title"] = json!("Greeting");
            prompt["arguments"][0]["title"] = json!("Whom");
        }
        let list = json!({"prompts": [prompt]});
        let expected = if revision == MODERN { stateless(list, Some(300_000)) } else { list };
        assert_eq!(result(&server, revision, "prompts/list", json!({})), expected, "{revision}");
    }
}

#[test]
fn a_prompt_is_said_by_the_person_in_every_kind_of_content() {
    let server = Scripted::offering_everything();
    let params = json!({"name": "one", "arguments": {"whom": "Adele"}});
    let said = |content: Value| json!({"role": "user", "content": content});
    let expected = json!({"description": "Greets somebody.", "messages": [
        said(json!({"type": "text", "text": "Hello."})),
        said(json!({"type": "image", "data": "AA==", "mimeType": "image/png"})),
        said(json!({"type": "audio", "data": "AA==", "mimeType": "audio/wav"})),
        said(json!({"type": "resource", "resource": {
            "uri": "scripted://one", "mimeType": "text/plain", "text": "contents",
        }})),
    ]});
    for revision in LEGACY {
        assert_eq!(result(&server, revision, "prompts/get", params.clone()), expected, "{revision}");
    }
    assert_eq!(result(&server, MODERN, "prompts/get", params), stateless(expected, None));
    let heard = server.heard.lock().unwrap();
    assert!(heard.prompts.iter().all(|prompt| *prompt == ("one".into(), object(json!({"whom": "Adele"})))));
}

#[test]
fn a_prompt_without_a_name_or_with_another_is_refused() {
    let table = [
        (json!({}), Some(ProtocolRefusal::PromptName), 0),
        (json!({"name": 1}), Some(ProtocolRefusal::PromptName), 0),
        (json!({"name": "one", "arguments": []}), Some(ProtocolRefusal::Arguments), 0),
        (json!({"name": "other"}), None, 1),
    ];
    for (params, refusal, effects) in table {
        for revision in every_revision() {
            let server = Scripted::offering_everything();
            let (status, body) = ask(&server, revision, "prompts/get", params.clone());
            assert_eq!((status, &body["error"]["code"]), (200, &json!(-32602)), "{revision} {params}");
            assert_eq!((server.last_refusal(), server.effects()), (refusal, effects), "{revision} {params}");
        }
    }
}

#[test]
fn a_prompt_is_named_in_the_header_of_the_stateless_revision() {
    for (name, expected) in [("one", 200), ("=?base64?b25l?=", 200), ("two", 400)] {
        let server = Scripted::offering_everything();
        let headers = [("mcp-protocol-version", MODERN), ("mcp-method", "prompts/get"), ("mcp-name", name)];
        let (status, _) = server.post(&headers, &modern("prompts/get", json!({"name": "one"})));
        assert_eq!((status, server.effects()), (expected, usize::from(expected == 200)), "{name}");
    }
}

#[test]
fn templates_are_listed_with_the_fields_of_the_revision() {
    let server = Scripted::default();
    let mut template = json!({
        "uriTemplate": "scripted://{name}", "name": "one", "description": "Any of them.", "mimeType": "text/plain",
    });
    for revision in every_revision() {
        if revision == "2025-06-18" {
            template["title"] = json!("Any");
        }
        let list = json!({"resourceTemplates": [template]});
        let expected = if revision == MODERN { stateless(list, Some(300_000)) } else { list };
        assert_eq!(result(&server, revision, "resources/templates/list", json!({})), expected, "{revision}");
    }
}

#[test]
fn a_resource_of_bytes_is_a_blob() {
    for revision in every_revision() {
        let read =
            result(&Scripted::default(), revision, "resources/read", json!({"uri": "scripted://bytes"}));
        let expected = json!([{"uri": "scripted://bytes", "mimeType": "text/plain", "blob": "AA=="}]);
        assert_eq!(read["contents"], expected, "{revision}");
    }
}

#[test]
fn items_have_pictures_in_the_revisions_that_know_them() {
    let server = Scripted::with(|script| {
        script.offers = EVERYTHING;
        script.icons = ICONS;
    });
    let icons = json!([{"src": "data:image/png;base64,AA==", "mimeType": "image/png", "sizes": ["48x48"]}]);
    for revision in every_revision() {
        for (method, member) in &LISTS[1..] {
            let list = result(&server, revision, method, json!({}));
            let expected = (revision >= "2025-11-25").then_some(&icons);
            assert_eq!(list[member][0].get("icons"), expected, "{revision} {method}");
        }
    }
}

#[test]
fn the_server_shows_its_picture_once_where_a_client_gets_to_know_it() {
    let server = Scripted::with(|script| {
        script.offers = EVERYTHING;
        script.icons = ICONS;
    });
    let own = "io.modelcontextprotocol/serverInfo";
    for revision in LEGACY {
        let opened = result(&server, revision, "initialize", json!({"protocolVersion": revision}));
        assert_eq!(opened["serverInfo"].get("icons").is_some(), revision == "2025-11-25", "{revision}");
    }
    let discovered = result(&server, MODERN, "server/discover", json!({}));
    assert_eq!(discovered["_meta"][own]["icons"].as_array().map(Vec::len), Some(1));
    for (method, params) in LISTS.map(|(method, _)| (method, json!({}))).into_iter().chain([
        ("tools/call", json!({"name": "echo"})),
        ("prompts/get", json!({"name": "one"})),
        ("resources/read", json!({"uri": "scripted://one"})),
    ]) {
        let answer = result(&server, MODERN, method, params);
        assert_eq!(answer["_meta"], json!({own: info()}), "{method}");
    }
}

#[test]
fn what_is_offered_is_declared_where_the_revision_has_a_word_for_it() {
    let server = Scripted::offering_everything();
    let always = json!({"prompts": {}, "resources": {}, "tools": {}});
    let mut declared = always.clone();
    declared["logging"] = json!({});
    declared["resources"] = json!({"subscribe": true});
    for revision in LEGACY {
        if revision == "2025-03-26" {
            declared["completions"] = json!({});
        }
        let opened = result(&server, revision, "initialize", json!({"protocolVersion": revision}));
        assert_eq!(opened["capabilities"], declared, "{revision}");
    }
    let mut declared = always;
    declared["completions"] = json!({});
    assert_eq!(result(&server, MODERN, "server/discover", json!({}))["capabilities"], declared);
}
