//! Every action as every kind of caller: the answer, the records, and what reached Graph.

use bytes::Bytes;
use http::Request;
use m365_graph::Action;
use m365_types::{ActionKind, Call, Effect, Profile, Scope, ScopeSet};
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{ALEX, Answer, Client, Destination, PUBLIC_URL, Site, graph_path};
use crate::tool_rows::{Row, actions};

/// Whoever the rows name is of the organisation, so that what is found out of them counts.
const INSIDE: [(&str, &str); 1] = [("INTERNAL_DOMAINS", "contoso.example")];

/// A server, a grant of these scopes, and an action about to be called.
struct Scene {
    site: Site,
    client: Client,
    token: String,
}

impl Scene {
    fn new(profile: Profile, scope: &str, row: &Row) -> Self {
        Self::on(Site::new(profile).with(&INSIDE), scope, row)
    }

    fn on(site: Site, scope: &str, row: &Row) -> Self {
        let client = site.register();
        let token = site.grant(&ALEX, &client, scope).access;
        site.network().graph_plays(row.answers());
        Self { site, client, token }
    }

    /// The same after the server was started again under another profile: the grant is older than the profile.
    fn under(self, profile: Profile) -> Self {
        Self { site: self.site.again(profile), ..self }
    }

    /// Calls; where that needs an approval, it is given and the call made again, with nothing of the first left.
    fn call(&self, action: &Action, row: &Row) -> Answer {
        let call = || self.site.call(Some(&self.token), &action.spec, &row.arguments());
        let first = call();
        if !self.site.approve_all(&first) {
            return first;
        }
        self.site.network().take(Destination::Graph);
        self.site.network().graph_plays(row.answers());
        call()
    }

    fn nothing_was_sent(&self, about: &str) {
        assert!(self.site.network().take(Destination::Graph).is_empty(), "{about}: something reached Graph");
    }
}

/// The sentence of a call that was told no, in the form of its kind.
fn sentence(action: &Action, answer: &Answer) -> String {
    let (body, name) = (answer.json(), action.spec.name);
    assert_eq!(answer.status, 200, "{name}: {body}");
    let text = match action.spec.kind {
        ActionKind::Tool => {
            assert_eq!(body["result"]["isError"], true, "{name}: {body}");
            &body["result"]["content"][0]["text"]
        }
        ActionKind::Resource | ActionKind::Template | ActionKind::Completion => &body["error"]["message"],
    };
    text.as_str().unwrap_or_else(|| panic!("{name}: no sentence in {body}")).to_owned()
}

/// The requests in what was sent: those of a batch, or the one that it is.
fn single_requests(sent: &Request<Bytes>) -> Vec<(String, String)> {
    let path = graph_path(sent);
    if path != "/$batch" {
        return vec![(sent.method().to_string(), path)];
    }
    let batch: Value = serde_json::from_slice(sent.body()).unwrap();
    let inner = |one: &Value| {
        let text = |name: &str| one[name].as_str().unwrap().to_owned();
        (text("method"), text("url").split('?').next().unwrap().to_owned())
    };
    batch["requests"].as_array().unwrap().iter().map(inner).collect()
}

fn column<'a>(records: &'a [Value], name: &str) -> Vec<&'a str> {
    records.iter().map(|record| record[name].as_str().unwrap_or("-")).collect()
}

#[test]
fn a_full_grant_performs_each_action_between_two_records() {
    for (action, row) in actions() {
        let scene = Scene::new(Profile::Full, &every_scope(), row);
        let answer = scene.call(action, row);
        let body = answer.json();
        assert_eq!(answer.status, 200, "{}: {body}", row.name);
        match action.spec.kind {
            ActionKind::Tool => assert_ne!(body["result"]["isError"], true, "{}: {body}", row.name),
            ActionKind::Resource | ActionKind::Template => {
                let beginning = row.name.trim_end_matches("{id}");
                let uri = body["result"]["contents"][0]["uri"].as_str();
                assert!(uri.is_some_and(|uri| uri.starts_with(beginning)), "{body}");
            }
            ActionKind::Completion => {
                assert_eq!(body["result"]["completion"]["total"], 1, "{}: {body}", row.name);
            }
        }
        let records = scene.site.records_of(&answer);
        let stages: &[&str] = if row.looks.is_empty() { &["-"] } else { &["look", "-"] };
        assert_eq!(records.len(), 2 * stages.len(), "{}: {records:?}", row.name);
        for (pair, stage) in records.chunks(2).zip(stages) {
            assert_eq!(column(pair, "phase"), ["intent", "outcome"], "{}", row.name);
            assert_eq!(column(pair, "stage"), [*stage; 2], "{}", row.name);
            assert_eq!(column(pair, "kind"), [action.spec.audit.as_str(); 2], "{}", row.name);
            assert_eq!(column(pair, "tool"), [row.name; 2], "{}", row.name);
            assert_eq!(pair[0]["decision"], "permit", "{}", row.name);
            assert_eq!(pair[1]["verdict"], "done", "{}", row.name);
            assert_eq!(pair[1]["intent"], pair[0]["sequence"], "{}", row.name);
        }
    }
}

#[test]
fn each_action_sends_its_own_request_with_five_facts_and_no_token_of_ours() {
    for (action, row) in actions() {
        let scene = Scene::new(Profile::Full, &every_scope(), row);
        let answer = scene.call(action, row);
        let sent = scene.site.network().take(Destination::Graph);
        let seen: Vec<_> = sent.iter().map(|sent| (sent.method().as_str(), graph_path(sent))).collect();
        let expected: Vec<_> =
            row.all().map(|exchange| (exchange.method, exchange.path.to_owned())).collect();
        assert_eq!(seen, expected, "{}", row.name);
        for (place, request) in sent.iter().enumerate() {
            for (method, path) in single_requests(request) {
                let of_row = |call: &&Call| call.method.as_str() == method && call.admits(call.method, &path);
                let call = action.spec.calls.iter().find(of_row);
                let call = call.unwrap_or_else(|| panic!("{}: {method} {path} is in no row", row.name));
                assert!(call.safe || place >= row.looks.len(), "{}: {method} {path} is no look", row.name);
            }
            let header = |name: &str| request.headers()[name].to_str().unwrap();
            let metadata: Value = serde_json::from_str(header("cf-aig-metadata")).unwrap();
            let expected = json!({
                "userId": ALEX.oid, "userEmail": "alex@contoso.example", "mcpTool": row.name,
                "requestId": answer.request_id(), "mcpClient": scene.client.id,
            });
            assert_eq!(metadata, expected, "{}", row.name);
            assert_eq!(header("authorization"), "Bearer entra-access-token", "{}", row.name);
            assert_eq!(header("cf-aig-authorization"), "Bearer gateway-token", "{}", row.name);
            assert!(
                !format!("{request:?}").contains(&scene.token),
                "{}: our token left the server",
                row.name
            );
        }
    }
}

#[test]
fn without_a_token_no_action_is_performed_and_one_record_says_so() {
    for (action, row) in actions() {
        let scene = Scene::new(Profile::Full, &every_scope(), row);
        let answer = scene.site.call(None, &action.spec, &row.arguments());
        assert_eq!(answer.status, 401, "{}", row.name);
        let records = scene.site.records_of(&answer);
        assert_eq!(column(&records, "code"), ["token.missing"], "{}", row.name);
        scene.nothing_was_sent(row.name);
    }
}

#[test]
fn a_narrower_grant_is_told_every_scope_of_the_row_and_the_denial_is_recorded() {
    let needing = || actions().filter(|(action, _)| !action.spec.scopes.is_empty());
    assert!(needing().count() > 0);
    for (action, row) in needing() {
        let of_others = Scope::ALL.iter().filter(|scope| !action.spec.scopes.contains(scope));
        let offered = ScopeSet::parse(&every_scope()).0;
        let narrower: ScopeSet = of_others.copied().filter(|scope| offered.covers(&[*scope])).collect();
        let scene = Scene::new(Profile::Full, &narrower.to_string(), row);
        let answer = scene.call(action, row);
        assert_eq!(answer.status, 403, "{}: {}", row.name, answer.text());
        let challenge = answer.header("www-authenticate").unwrap();
        assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
        let all: ScopeSet = action.spec.scopes.iter().copied().collect();
        assert!(challenge.contains(&format!("scope=\"{all}\"")), "{}: {challenge}", row.name);
        let records = scene.site.records_of(&answer);
        assert_eq!(column(&records, "phase"), ["event"], "{}", row.name);
        assert_eq!(column(&records, "tool"), [row.name], "{}", row.name);
        assert_eq!(column(&records, "decision"), ["deny"], "{}", row.name);
        assert_eq!(column(&records, "code"), ["denied.scopes"], "{}", row.name);
        scene.nothing_was_sent(row.name);
    }
}

#[test]
fn an_action_that_needs_no_scope_is_open_to_the_narrowest_grant() {
    for (action, row) in actions().filter(|(action, _)| action.spec.scopes.is_empty()) {
        let scene = Scene::new(Profile::Full, Scope::UserRead.as_str(), row);
        assert_ne!(scene.call(action, row).json()["result"]["isError"], true, "{}", row.name);
    }
}

#[test]
fn under_the_read_only_profile_every_other_effect_is_refused_recorded_and_unsent() {
    let others = || actions().filter(|(action, _)| action.spec.effect != Effect::Read);
    assert!(others().count() > 0);
    for (action, row) in others() {
        // The grant covers the action, so the profile alone stands in the way.
        let scene = Scene::new(Profile::Full, &every_scope(), row).under(Profile::ReadOnly);
        let answer = scene.call(action, row);
        assert!(sentence(action, &answer).contains("read-only"), "{}", row.name);
        let records = scene.site.records_of(&answer);
        assert_eq!(column(&records, "decision"), ["deny"], "{}", row.name);
        assert_eq!(column(&records, "code"), ["denied.profile"], "{}", row.name);
        scene.nothing_was_sent(row.name);
    }
}

/// Completions that nothing leads to where nobody may post.
const FOR_POSTING: [&str; 2] = ["completion://channels", "completion://teams"];

#[test]
fn under_the_read_only_profile_reads_are_performed() {
    for (action, row) in actions().filter(|(action, _)| action.spec.effect == Effect::Read) {
        let scene = Scene::new(Profile::Full, &every_scope(), row).under(Profile::ReadOnly);
        let answer = scene.call(action, row);
        let records = scene.site.records_of(&answer);
        if action.spec.needs_administrator() {
            assert!(sentence(action, &answer).contains("does not offer"), "{}", row.name);
            assert_eq!(column(&records, "code"), ["denied.not_offered"], "{}", row.name);
            scene.nothing_was_sent(row.name);
            continue;
        }
        if FOR_POSTING.contains(&row.name) {
            assert_eq!(answer.json()["error"]["code"], -32_602, "{}", row.name);
            assert_eq!(column(&records, "code"), ["completion.unknown"], "{}", row.name);
            scene.nothing_was_sent(row.name);
            continue;
        }
        assert_eq!(column(&records, "phase"), ["intent", "outcome"], "{}", row.name);
        assert_eq!(records[1]["verdict"], "done", "{}", row.name);
    }
}

#[test]
fn a_refused_microsoft_token_names_the_sign_in_link_and_reaches_no_graph() {
    for (action, row) in actions().filter(|(_, row)| !row.exchanges.is_empty()) {
        let site = Site::new(Profile::Full);
        site.network().give_short_tokens();
        let scene = Scene::on(site, &every_scope(), row);
        scene.site.network().refuse_tokens();
        // First the refresh is refused, then there is no account to refresh.
        for codes in
            [&["-", "AADSTS700082", "microsoft_sign_in_needed"][..], &["-", "microsoft_sign_in_needed"]]
        {
            let answer = scene.call(action, row);
            let sentence = sentence(action, &answer);
            assert!(sentence.contains(&format!("{PUBLIC_URL}/connect")), "{}: {sentence}", row.name);
            let records = scene.site.records_of(&answer);
            assert_eq!(column(&records, "code"), codes, "{}", row.name);
            assert_eq!(records.last().unwrap()["verdict"], "failed", "{}", row.name);
        }
        scene.nothing_was_sent(row.name);
    }
}

#[test]
fn the_state_of_the_sign_in_gives_the_link_once_microsoft_is_gone() {
    let (mail, mail_row) = actions().find(|(_, row)| row.name == "getEmails").unwrap();
    let (state, state_row) = actions().find(|(_, row)| row.name == "authenticate").unwrap();
    let site = Site::new(Profile::Full);
    site.network().give_short_tokens();
    let scene = Scene::on(site, &every_scope(), mail_row);
    assert_eq!(scene.call(state, state_row).json()["result"]["structuredContent"]["signedIn"], true);
    scene.site.network().refuse_tokens();
    scene.call(mail, mail_row);
    let content = scene.call(state, state_row).json()["result"]["structuredContent"].clone();
    assert_eq!(content["signedIn"], false);
    assert_eq!(content["signInUrl"], format!("{PUBLIC_URL}/connect"));
}

#[test]
fn without_a_journal_no_action_is_performed() {
    for (action, row) in actions() {
        let scene = Scene::new(Profile::Full, &every_scope(), row);
        let before = scene.site.records().len();
        scene.site.fill_journals();
        let answer = scene.call(action, row);
        assert_eq!(answer.status, 503, "{}: {}", row.name, answer.text());
        assert!(answer.json()["error"]["message"].as_str().unwrap().starts_with("Nothing was done"));
        assert_eq!(scene.site.records().len(), before, "{}", row.name);
        scene.nothing_was_sent(row.name);
    }
}

#[test]
fn arguments_of_another_shape_are_all_named_refused_recorded_and_unsent() {
    for (action, row) in actions().filter(|(action, _)| action.spec.kind == ActionKind::Tool) {
        let schema = action.input_schema();
        // A cursor stands for all the others: what is wrong with it is said before they are looked at.
        let names: Vec<&String> = schema["properties"]
            .as_object()
            .into_iter()
            .flat_map(|properties| properties.keys())
            .filter(|name| *name != "cursor")
            .collect();
        if names.is_empty() {
            continue;
        }
        let scene = Scene::new(Profile::Full, &every_scope(), row);
        let wrong: serde_json::Map<_, _> = names.iter().map(|name| ((*name).clone(), json!({}))).collect();
        let answer = scene.site.call(Some(&scene.token), &action.spec, &Value::Object(wrong));
        let sentence = sentence(action, &answer);
        for name in names {
            assert!(sentence.contains(&format!("`{name}`")), "{}: {sentence}", row.name);
        }
        let records = scene.site.records_of(&answer);
        assert_eq!(column(&records, "code"), ["argument.invalid"], "{}", row.name);
        scene.nothing_was_sent(row.name);
    }
}

#[test]
fn a_cursor_that_is_none_is_refused_alone_whatever_stands_beside_it() {
    assert!(actions().any(|(action, _)| action.is_paged()));
    for (action, row) in actions().filter(|(action, _)| action.is_paged()) {
        for cursor in [json!({}), json!(1), json!(""), json!("bm90LW91cnM")] {
            let scene = Scene::new(Profile::Full, &every_scope(), row);
            let arguments = json!({ "cursor": cursor, "count": {}, "days": {}, "query": {} });
            let answer = scene.site.call(Some(&scene.token), &action.spec, &arguments);
            let sentence = sentence(action, &answer);
            assert!(
                sentence.contains("`cursor`") && !sentence.contains("`count`"),
                "{}: {sentence}",
                row.name
            );
            let records = scene.site.records_of(&answer);
            assert_eq!(column(&records, "code"), ["argument.cursor"], "{}", row.name);
            assert_eq!(column(&records, "tool"), [row.name]);
            scene.nothing_was_sent(row.name);
        }
    }
}

/// A text that no argument of a template or completion may be.
fn too_long() -> String {
    "a".repeat(2_000)
}

#[test]
fn what_no_id_can_be_is_no_resource_and_the_refusal_is_recorded_and_unsent() {
    for (action, row) in actions().filter(|(action, _)| action.spec.kind == ActionKind::Template) {
        for id in [&too_long(), "two words\u{7}", "..", ""] {
            let scene = Scene::new(Profile::Full, &every_scope(), row);
            let answer = scene.site.call(Some(&scene.token), &action.spec, &json!({ "id": id }));
            assert_eq!(answer.json()["error"]["code"], -32_602, "{} {id:?}: {}", row.name, answer.text());
            let records = scene.site.records_of(&answer);
            let code = column(&records, "code");
            assert!(
                code == ["argument.invalid"] || code == ["resource.unknown"],
                "{} {id:?}: {code:?}",
                row.name
            );
            scene.nothing_was_sent(row.name);
        }
    }
}

#[test]
fn what_no_argument_can_be_is_completed_by_nothing_and_the_refusal_is_recorded_and_unsent() {
    for (action, row) in actions().filter(|(action, _)| action.spec.kind == ActionKind::Completion) {
        let scene = Scene::new(Profile::Full, &every_scope(), row);
        let mut arguments = row.arguments();
        arguments["value"] = too_long().into();
        let answer = scene.site.call(Some(&scene.token), &action.spec, &arguments);
        let completion = &answer.json()["result"]["completion"];
        assert_eq!(completion["values"], json!([]), "{}: {}", row.name, answer.text());
        let records = scene.site.records_of(&answer);
        assert_eq!(column(&records, "code"), ["argument.invalid"], "{}", row.name);
        scene.nothing_was_sent(row.name);
    }
}

#[test]
fn what_does_not_exist_is_no_resource_completes_nothing_and_is_recorded() {
    for (action, row) in actions() {
        let kind = action.spec.kind;
        if !matches!(kind, ActionKind::Template | ActionKind::Completion) {
            continue;
        }
        let scene = Scene::new(Profile::Full, &every_scope(), row);
        scene.site.network().graph_answers(404, r#"{"error":{"code":"ErrorItemNotFound","message":"m"}}"#);
        let answer = scene.call(action, row);
        let body = answer.json();
        if kind == ActionKind::Template {
            assert_eq!(body["error"]["code"], -32_602, "{}: {body}", row.name);
        } else {
            assert_eq!(body["result"]["completion"]["values"], json!([]), "{}: {body}", row.name);
        }
        let records = scene.site.records_of(&answer);
        assert_eq!(column(&records, "phase"), ["intent", "outcome"], "{}", row.name);
        assert_eq!(records[1]["verdict"], "failed", "{}", row.name);
    }
}
