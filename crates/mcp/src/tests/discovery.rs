//! Bodies that only ask what there is, and bodies that are no messages.

use super::*;

const DISCOVERS: [&str; 5] =
    ["tools/list", "prompts/list", "resources/list", "resources/templates/list", "notifications/initialized"];
const ACTS: [&str; 13] = [
    "tools/call",
    "prompts/get",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "completion/complete",
    "logging/setLevel",
    "subscriptions/listen",
    "tasks/list",
    "notifications/cancelled",
    "notifications/progress",
    "Tools/list",
    "",
];

fn in_both_eras(method: &str) -> [Value; 2] {
    let both = [legacy(method, json!({})), modern(method, json!({}))];
    both.map(|mut message| {
        if method.starts_with("notifications/") {
            message.as_object_mut().unwrap().remove("id");
        }
        message
    })
}

#[test]
fn lists_and_what_opens_a_session_only_discover() {
    for method in DISCOVERS {
        for message in in_both_eras(method) {
            assert!(only_discovers(message.to_string().as_bytes()), "{message}");
        }
    }
    let table = [("initialize", true, false), ("ping", false, false), ("server/discover", false, true)];
    for (method, in_legacy, in_modern) in table {
        let [legacy, modern] = in_both_eras(method);
        assert_eq!(only_discovers(legacy.to_string().as_bytes()), in_legacy, "{method}");
        assert_eq!(only_discovers(modern.to_string().as_bytes()), in_modern, "{method}");
    }
}

#[test]
fn whatever_reaches_further_does_not() {
    for method in ACTS {
        for message in in_both_eras(method) {
            assert!(!only_discovers(message.to_string().as_bytes()), "{message}");
        }
    }
    for message in [
        json!({"jsonrpc": "2.0", "id": 1, "result": {}}),
        json!({"jsonrpc": "2.0", "id": 1, "error": {}}),
        json!({"jsonrpc": "2.0", "method": "tools/list"}),
        json!({"jsonrpc": "1.0", "id": 1, "method": "tools/list"}),
        json!({"jsonrpc": "2.0", "id": null, "method": "tools/list"}),
        json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": []}),
        json!({"id": 1, "method": "tools/list"}),
        json!("tools/list"),
        json!(null),
    ] {
        assert!(!only_discovers(message.to_string().as_bytes()), "{message}");
    }
}

#[test]
fn a_batch_discovers_only_where_each_of_its_messages_does() {
    let [list, _] = in_both_eras("tools/list");
    let [call, _] = in_both_eras("tools/call");
    let [initialized, _] = in_both_eras("notifications/initialized");
    let table = [
        (json!([list]), true),
        (json!([list, initialized, list]), true),
        (json!([]), false),
        (json!([list, call]), false),
        (json!([call, list]), false),
        (json!([[list]]), false),
        (json!([list, null]), false),
    ];
    for (batch, expected) in table {
        assert_eq!(only_discovers(batch.to_string().as_bytes()), expected, "{batch}");
    }
}

#[test]
fn what_two_readers_could_read_differently_does_not_only_discover() {
    let table: [&[u8]; 5] = [
        b"",
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\"",
        br#"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}"#,
        br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
        b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/list\xff\"}",
    ];
    for body in table {
        assert!(!only_discovers(body), "{}", String::from_utf8_lossy(body));
    }
}

#[test]
fn nothing_that_only_discovers_reaches_a_tool_a_prompt_or_a_resource() {
    for method in DISCOVERS.into_iter().chain(["initialize", "ping", "server/discover"]) {
        for message in
            in_both_eras(method).into_iter().filter(|message| only_discovers(message.to_string().as_bytes()))
        {
            for version in every_revision().map(Some).chain([None]) {
                let server = Scripted::offering_everything();
                let mut headers = vec![("mcp-method", method), ("mcp-name", "echo")];
                headers.extend(version.map(|version| ("mcp-protocol-version", version)));
                server.post(&headers, &message);
                assert_eq!(server.effects(), 0, "{version:?} {message}");
            }
        }
    }
}

#[test]
fn a_body_is_a_message_where_every_part_of_it_is_one() {
    let good = json!({"jsonrpc": "2.0", "id": 1, "method": "anything"});
    let table = [
        (good.to_string(), true),
        (json!({"jsonrpc": "2.0", "method": "notifications/x"}).to_string(), true),
        (json!({"jsonrpc": "2.0", "id": 1, "error": {}}).to_string(), true),
        (json!([good, good]).to_string(), true),
        (json!([]).to_string(), false),
        (json!([good, {}]).to_string(), false),
        (json!([[good]]).to_string(), false),
        (json!({"jsonrpc": "2.0", "method": "anything"}).to_string(), false),
        (json!({"jsonrpc": "2.0", "id": null, "method": "anything"}).to_string(), false),
        (json!("anything").to_string(), false),
        (format!("{good}{good}"), false),
        (r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"anything"}"#.to_owned(), false),
        (String::new(), false),
    ];
    for (body, expected) in table {
        assert_eq!(is_message(body.as_bytes()), expected, "{body}");
    }
}
