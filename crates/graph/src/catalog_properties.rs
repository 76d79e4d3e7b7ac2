//! What holds of every row of the table, whatever its arguments are.
//!
//! Arguments are drawn from each row's own schema: words of an enumeration, numbers inside and outside their bounds, and
//! strings that are plausible, hostile or random. An accepted call is run against a Graph that answers everything alike.

use futures_util::FutureExt as _;
use m365_ports::GraphRequest;
use m365_types::{Scope, ScopeSet, Stage};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::testing::{REQUEST, Scripted, ScriptedLlm, World, account, intent_of, ok, refused};
use crate::{Account, Action, Context, GraphClient, Invocation, catalog};

/// What somebody may mean well.
const PLAUSIBLE: [&str; 22] = [
    "inbox",
    "Quarterly report",
    "AAMkAD/+=_-",
    "f9725686-65c0-4611-9d50-98d0157826e7",
    "19:6b4f793c17c3412a9098e29855658472@thread.tacv2",
    "b!aBc-_123",
    "01ABCDEF",
    "root",
    "megan.bowen@contoso.example",
    "ana_adatum.example#EXT#@contoso.example",
    "2026-11-24T09:00:00Z",
    "2026-11-24T10:00:00+01:00",
    "2026-11-24T12:00:00[Europe/Berlin]",
    "2026-11-25",
    "Europe/Berlin",
    "W/\"JzEtVGFzayAg\"",
    "https://teams.microsoft.com/l/meetup-join/19%3ameeting_x%40thread.v2/0",
    "report.docx",
    "text",
    "true",
    "1",
    "contoso.sharepoint.com,11111111-2222-3333-4444-555555555555,66666666-7777-8888-9999-000000000000",
];

/// What somebody may mean ill.
const HOSTILE: [&str; 26] = [
    "",
    ".",
    "..",
    "../../users",
    "../me/messages?$select=body#",
    "../../../beta/me/drive/root/children?z=",
    "%2e%2e%2f%2e%2e",
    "%252e%252e",
    "a/b",
    "a\\b",
    "a;b",
    "a?b=c",
    "a#b",
    "a%00b",
    "a\u{0}b",
    "a\r\nX-Evil: 1",
    "a HTTP/1.1",
    "//evil.example/users",
    "https://evil.example/v1.0/me",
    "ceo@contoso.example/messages",
    "me/../users@contoso.example",
    "x') or ('1' eq '1",
    "x\" OR \"mail:ceo",
    "x\\",
    "\u{ff0e}\u{ff0e}/",
    "\u{202e}\u{200b}",
];

/// Draws that are random enough and the same for the same seed.
struct Draw {
    state: u64,
    random: Vec<String>,
}

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 33).unwrap() % end.max(1)
    }

    fn text(&mut self) -> String {
        match self.below(10) {
            0..7 => PLAUSIBLE[self.below(PLAUSIBLE.len())].to_owned(),
            7 if !self.random.is_empty() => {
                let at = self.below(self.random.len());
                self.random[at].clone()
            }
            _ => HOSTILE[self.below(HOSTILE.len())].to_owned(),
        }
    }

    fn value(&mut self, schema: &Value) -> Value {
        if let Some(words) = schema["enum"].as_array().filter(|_| self.below(8) > 0) {
            return words[self.below(words.len())].clone();
        }
        match schema["type"].as_str() {
            Some("integer") => {
                let (min, max) =
                    (schema["minimum"].as_i64().unwrap_or(0), schema["maximum"].as_i64().unwrap_or(100));
                [json!(min), json!(max), json!(min.midpoint(max)), json!(-1), json!(1e9), json!("1")]
                    [self.below(6)]
                .clone()
            }
            Some("boolean") => json!(self.below(2) == 0),
            Some("array") => (0..self.below(3)).map(|_| self.value(&schema["items"])).collect(),
            Some("object") => json!({}),
            _ => self.text().into(),
        }
    }

    fn arguments(&mut self, action: &Action) -> Map<String, Value> {
        let mut arguments = Map::new();
        for param in action.params {
            if param.is_required() || self.below(3) == 0 {
                let value = self.value(&param.schema());
                arguments.insert(param.name().to_owned(), value);
            }
        }
        arguments
    }
}

/// Somebody who was allowed everything, so that nothing is left out for want of a permission.
fn allowed_everything() -> Account {
    let every: ScopeSet = Scope::ALL.iter().copied().collect();
    Account { granted: every.clone(), microsoft_scopes: every, ..account() }
}

/// Answers everything alike: an item that is also a list of one that goes on.
fn graph(request: &GraphRequest) -> Scripted {
    if request.path.ends_with("/manager") {
        return refused(404, None, None);
    }
    let item = json!({
        "id": "AAMkAD=", "@odata.etag": "W/\"x\"", "wellknownListName": "defaultList", "displayName": "x", "name": "x",
        "timeZone": "Europe/Berlin", "size": 3, "file": { "mimeType": "text/plain" },
    });
    let mut answer = item.clone();
    answer["value"] = json!([item]);
    answer["@odata.nextLink"] =
        format!("https://graph.microsoft.com/v1.0{}?$skiptoken=x", request.path).into();
    ok(&answer)
}

/// Every request that the call makes when it looks and when it acts, whatever becomes of it.
fn requests_of(action: &'static Action, invocation: &dyn Invocation) -> Vec<GraphRequest> {
    let mut requests = requests_at(Stage::Look, action, invocation);
    assert!(requests.iter().all(|request| request.call.safe), "{}", action.spec.name);
    requests.extend(requests_at(Stage::Act, action, invocation));
    requests
}

fn requests_at(stage: Stage, action: &'static Action, invocation: &dyn Invocation) -> Vec<GraphRequest> {
    let mut world = World::serving(graph);
    world.llm = Some(ScriptedLlm::answering("x"));
    let intent = intent_of(stage, &action.spec, invocation.scopes(&action.spec));
    let client = GraphClient::new(world.ports(), &intent);
    let account = allowed_everything();
    let context = Context {
        graph: &client,
        now: crate::testing::NOW,
        request: REQUEST,
        account: &account,
        position: None,
        zone: &world.zone,
        documents: &world,
        internal: &crate::testing::INTERNAL,
        confidential: &world.confidential,
    };
    let never = "the fakes never wait";
    if stage == Stage::Act {
        drop(invocation.run(&context).now_or_never().expect(never));
    } else if invocation.must_look() {
        drop(invocation.look(&context).now_or_never().expect(never));
    }
    world.requests()
}

/// What a request may be: one of the row's calls, below the place that its template names or below the mailbox that the
/// arguments name, each variable one segment that is no step.
fn stays_in_its_row(action: &Action, invocation: &dyn Invocation, request: &GraphRequest) {
    let name = action.spec.name;
    let (call, path) = (request.call, request.path.as_str());
    assert!(action.spec.calls.contains(call), "{name}: {call:?}");
    assert!(call.admits(call.method, path), "{name}: {path}");
    let mut template: Vec<&str> = call.template.split('/').skip(1).collect();
    let segments: Vec<&str> = path.split('/').skip(1).collect();
    let mailbox = invocation.mailbox().filter(|_| call.mailbox);
    let mailbox = mailbox.map(|mailbox| m365_types::encode_segment(mailbox.as_str()));
    if let Some(mailbox) = &mailbox {
        template.splice(..1, ["users", mailbox]);
    }
    assert_eq!(segments.len(), template.len(), "{name}: {path}");
    for (segment, wanted) in segments.iter().zip(template) {
        let is_variable = wanted.starts_with('{');
        assert!(is_variable || *segment == wanted, "{name}: {path}");
        assert!(!["", ".", ".."].contains(segment), "{name}: {path}");
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~%".contains(&b);
        assert!(!is_variable || segment.bytes().all(plain), "{name}: {path}");
    }
    for (option, _) in &request.query {
        assert!(option.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'$'), "{name}: {option}");
    }
    assert!(request.prefer.iter().all(|value| !value.contains(['\r', '\n'])), "{name}");
}

/// Draws a call of the row; what is accepted is run and looked at.
fn look(action: &'static Action, draw: &mut Draw) -> bool {
    let arguments = draw.arguments(action);
    let Ok(invocation) = action.parse(&arguments) else { return false };
    let declared: Vec<Scope> = action.spec.all_scopes().collect();
    for scope in invocation.scopes(&action.spec) {
        assert!(
            declared.contains(&scope),
            "{} needs {scope}, which its row does not declare",
            action.spec.name
        );
    }
    for request in requests_of(action, invocation.as_ref()) {
        stays_in_its_row(action, invocation.as_ref(), &request);
    }
    true
}

/// Draws until a row accepts one.
const DRAWS: u64 = 40_000;

/// Without this the properties below could hold of nothing.
#[test]
fn every_row_accepts_some_of_what_is_drawn() {
    let never: Vec<&str> = catalog()
        .filter(|action| !(0..DRAWS).any(|seed| look(action, &mut Draw { state: seed, random: Vec::new() })))
        .map(|action| action.spec.name)
        .collect();
    assert_eq!(never, Vec::<&str>::new());
}

/// And this shows that a request which leaves its row is seen.
#[test]
#[should_panic(expected = "getEmails")]
fn a_request_of_another_row_would_be_seen() {
    let find = |name: &str| catalog().find(|action| action.spec.name == name).unwrap();
    let (emails, user) = (find("getEmails"), find("getUser"));
    let invocation = user.parse(&crate::testing::arguments(json!({ "user": "x" }))).unwrap();
    let request = requests_of(user, invocation.as_ref()).remove(0);
    stays_in_its_row(emails, invocation.as_ref(), &request);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn no_argument_leads_out_of_its_row(
        seed in any::<u64>(),
        random in prop::collection::vec("\\PC{0,40}|[.%/\\\\?#a-z]{0,12}", 0..6),
    ) {
        for action in catalog() {
            look(action, &mut Draw { state: seed, random: random.clone() });
        }
    }
}
