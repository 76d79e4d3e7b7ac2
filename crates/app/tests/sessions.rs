//! Sessions of `initialize`: a sealed statement of what a client declared, good for its own grant and nobody else's.

use std::collections::BTreeSet;

use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Answer, PUBLIC_URL, SAM, Site, asking};

/// What a client declares that opens addresses.
fn able() -> Value {
    json!({ "elicitation": { "url": {} } })
}

/// A server whose people have grants and are signed out of Microsoft.
struct Scene {
    site: Site,
    token: String,
    of_other_grant: String,
    of_other_person: String,
}

impl Scene {
    fn new() -> Self {
        let site = Site::new(Profile::Full);
        let grant = |person| site.grant(person, &site.register(), &every_scope()).access;
        let (token, of_other_grant, of_other_person) = (grant(&ALEX), grant(&ALEX), grant(&SAM));
        site.send_own_form(&ALEX, "/me/sign-out", &[]);
        site.send_own_form(&SAM, "/me/sign-out", &[]);
        Self { site, token, of_other_grant, of_other_person }
    }

    fn call(&self, token: &str, session: Option<&str>) -> Answer {
        let call = asking(7, "tools/call", &json!({ "name": "getEmails", "arguments": {} }));
        self.site.ask(self.site.legacy(token, session, &call))
    }

    /// Whether the caller is taken for a client that opens addresses.
    fn opens_addresses(&self, token: &str, session: Option<&str>) -> bool {
        let body = self.call(token, session).json();
        if body["error"]["code"] == -32_042 {
            let asked = &body["error"]["data"]["elicitations"][0];
            assert_eq!(asked["url"], format!("{PUBLIC_URL}/connect"), "{body}");
            assert_eq!(
                (&asked["mode"], body["error"]["data"]["elicitations"].as_array().map(Vec::len)),
                (&json!("url"), Some(1))
            );
            return true;
        }
        let text = body["result"]["content"][0]["text"].as_str().unwrap_or_default();
        assert!(
            body["result"]["isError"] == true && text.contains(&format!("{PUBLIC_URL}/connect")),
            "{body}"
        );
        false
    }
}

#[test]
fn a_session_says_what_its_own_client_declared() {
    let scene = Scene::new();
    for (declared, opens) in [
        (able(), true),
        (json!({ "elicitation": { "url": {}, "form": {} }, "roots": {}, "sampling": {} }), true),
        (json!({ "elicitation": { "form": {} } }), false),
        (json!({ "elicitation": {} }), false),
        (json!({ "roots": {}, "sampling": {} }), false),
        (json!({}), false),
    ] {
        let session = scene.site.initialize(&scene.token, &declared).unwrap();
        assert_eq!(scene.opens_addresses(&scene.token, Some(&session)), opens, "{declared}");
    }
}

#[test]
fn a_session_of_another_grant_or_person_and_one_that_is_none_is_ignored() {
    let scene = Scene::new();
    let session = scene.site.initialize(&scene.token, &able()).unwrap();
    assert!(scene.opens_addresses(&scene.token, Some(&session)));
    for token in [&scene.of_other_grant, &scene.of_other_person] {
        assert!(!scene.opens_addresses(token, Some(&session)));
    }
    let changed = format!("{}A", &session[..session.len() - 1]);
    let long = "A".repeat(20_000);
    for other in ["", "none", &changed, &session[1..], &long] {
        assert!(changed != session && !scene.opens_addresses(&scene.token, Some(other)), "{other:?}");
    }
    assert!(!scene.opens_addresses(&scene.token, None));
}

#[test]
fn two_sessions_at_once_count_as_none() {
    let scene = Scene::new();
    let session = scene.site.initialize(&scene.token, &able()).unwrap();
    let call = asking(7, "tools/call", &json!({ "name": "getEmails", "arguments": {} }));
    let mut request = scene.site.legacy(&scene.token, Some(&session), &call);
    request.headers_mut().append("mcp-session-id", session.parse().unwrap());
    assert_eq!(scene.site.ask(request).json()["result"]["isError"], true);
}

#[test]
fn a_session_outlives_the_server_and_leaves_nothing_in_it() {
    let scene = Scene::new();
    let rows = |scene: &Scene| scene.site.rows("spent_state");
    let session = scene.site.initialize(&scene.token, &able()).unwrap();
    assert_eq!(rows(&scene), 0);
    let scene = Scene { site: scene.site.again(Profile::Full), ..scene };
    assert!(scene.opens_addresses(&scene.token, Some(&session)));
}

#[test]
fn sessions_differ_and_say_nothing_to_whoever_sees_them() {
    let scene = Scene::new();
    let sessions: BTreeSet<String> =
        (0..20).map(|_| scene.site.initialize(&scene.token, &able()).unwrap()).collect();
    assert_eq!(sessions.len(), 20);
    for session in sessions {
        assert!(
            session.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)),
            "{session}"
        );
        // What is sealed may be longer where more was declared, but not by what was declared.
        assert!((60..512).contains(&session.len()), "{session}");
    }
}

#[test]
fn the_stateless_revision_has_no_sessions() {
    let scene = Scene::new();
    let session = scene.site.initialize(&scene.token, &able()).unwrap();
    let name = Some("getEmails");
    let call = json!({ "name": "getEmails", "arguments": {} });
    let mut request = scene.site.message(Some(&scene.token), "tools/call", name, call);
    request.headers_mut().insert("mcp-session-id", session.parse().unwrap());
    let answer = scene.site.ask(request);
    assert_eq!(answer.json()["result"]["isError"], true, "{}", answer.text());
    assert_eq!(answer.header("mcp-session-id"), None);
}

#[test]
fn no_session_is_ended_or_listened_to_by_another_method() {
    let scene = Scene::new();
    let session = scene.site.initialize(&scene.token, &able()).unwrap();
    for method in ["DELETE", "GET"] {
        let mut request = scene.site.legacy(&scene.token, Some(&session), &json!({}));
        *request.method_mut() = method.parse().unwrap();
        let answer = scene.site.ask(request);
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("POST")), "{method}");
    }
    assert!(scene.opens_addresses(&scene.token, Some(&session)));
}
