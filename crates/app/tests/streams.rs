//! Streams of the transport of 2024-11-05: whose they are, what comes into them, and everything that ends them.

use std::collections::BTreeSet;
use std::time::Duration;

use axum::body::Body;
use http::header::AUTHORIZATION;
use m365_types::Profile;
use serde_json::{Value, json};

use crate::callers::every_scope;
use crate::harness::{
    ALEX, Answer, Client, Destination, PUBLIC_URL, Person, Piece, Reading, SAM, Site, Tokens, asking,
    succeeded,
};

const TICK: Duration = Duration::from_millis(1);
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const ALMOST_IDLE: Duration = Duration::from_millis(15 * 60 * 1000 - 1);
/// What is left of an hour after four times fourteen minutes, less a tick.
const ALMOST_THE_REST: Duration = Duration::from_millis(4 * 60 * 1000 - 1);
const COMMENT: &str = ": still here\n\n";

/// A person with a client that has a token for `/sse`.
struct Holder {
    person: &'static Person,
    client: Client,
    tokens: Tokens,
}

impl Holder {
    fn on(site: &Site, person: &'static Person) -> Self {
        let client = site.register().streaming();
        let tokens = site.grant(person, &client, &every_scope());
        Self { person, client, tokens }
    }

    fn open(&self, site: &Site) -> (Reading, String) {
        open(site, &self.tokens.access)
    }
}

/// Opens a stream, and gives the address its first event names.
fn open(site: &Site, token: &str) -> (Reading, String) {
    let request = site.request("GET", "/sse").header(AUTHORIZATION, format!("Bearer {token}"));
    let mut stream = site.open(request.body(Body::empty()).unwrap());
    assert_eq!(stream.status, 200);
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(stream.headers[name], value);
    }
    let first = stream.text();
    let address = first.strip_prefix("event: endpoint\ndata: ").and_then(|rest| rest.strip_suffix("\n\n"));
    let address = address.unwrap_or_else(|| panic!("{first}")).to_owned();
    assert_eq!(stream.next(), Piece::Nothing);
    (stream, address)
}

fn ping(id: u64) -> Value {
    asking(id, "ping", &json!({}))
}

fn post(site: &Site, token: &str, address: &str, message: &Value) -> Answer {
    site.ask(site.posting(address, Some(token), message))
}

/// Fails unless the stream answers.
fn answers(site: &Site, token: &str, (stream, address): (&mut Reading, &str)) {
    let answer = post(site, token, address, &ping(1));
    assert_eq!(answer.status, 202, "{}", answer.text());
    assert_eq!(stream.message(), json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
    assert_eq!(stream.next(), Piece::Nothing);
}

/// Fails unless the address takes no message of this token, and that is recorded.
fn takes_nothing(site: &Site, token: &str, address: &str, about: &str) {
    let answer = post(site, token, address, &ping(1));
    assert_eq!(answer.status, 404, "{about}: {}", answer.text());
    let records = site.records_of(&answer);
    assert_eq!((records.len(), &records[0]["code"]), (1, &json!("stream.unknown")), "{about}");
    assert_eq!((&records[0]["kind"], &records[0]["phase"]), (&json!("request.refused"), &json!("event")));
}

#[test]
fn an_accepted_message_is_answered_in_the_stream_and_nowhere_else() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    let (mut stream, address) = alex.open(&site);
    let params = json!({ "protocolVersion": "2024-11-05", "capabilities": {}, "clientInfo": {} });
    let accepted = post(&site, &alex.tokens.access, &address, &asking(1, "initialize", &params));
    assert_eq!((accepted.status.as_u16(), accepted.text()), (202, ""));
    assert_eq!(accepted.header("cache-control"), Some("no-store"));
    assert_eq!(accepted.header("mcp-session-id"), None);
    assert_eq!(stream.message()["result"]["protocolVersion"], "2024-11-05");
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    assert_eq!(post(&site, &alex.tokens.access, &address, &initialized).status, 202);
    assert_eq!(stream.next(), Piece::Nothing, "a notification is not answered");
    let called = post(
        &site,
        &alex.tokens.access,
        &address,
        &asking(2, "tools/call", &json!({ "name": "authenticate" })),
    );
    let answer = stream.message();
    assert!(answer["id"] == 2 && succeeded(&answer), "{answer}");
    assert_eq!(site.records_of(&called).len(), 2, "a call is recorded under the id of its message");
    let unknown = post(&site, &alex.tokens.access, &address, &asking(3, "tools/none", &json!({})));
    assert_eq!((unknown.status.as_u16(), &stream.message()["error"]["code"]), (202, &json!(-32_601)));
    assert_eq!(site.records_of(&unknown)[0]["code"], "mcp.unknown-method-legacy");
}

#[test]
fn ids_are_unguessable_and_no_two_are_the_same() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    let opened: Vec<(Reading, String)> = (0..8).map(|_| alex.open(&site)).collect();
    let ids: BTreeSet<&str> =
        opened.iter().map(|(_, address)| address.strip_prefix("/messages?sessionId=").unwrap()).collect();
    assert_eq!(ids.len(), 8);
    for id in ids {
        // 256 bits in Base64.
        assert_eq!(id.len(), 43, "{id}");
        assert!(id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{id}");
    }
}

#[test]
fn a_ninth_stream_ends_the_oldest_of_its_person_and_no_other() {
    let site = Site::new(Profile::Full);
    let (alex, sam) = (Holder::on(&site, &ALEX), Holder::on(&site, &SAM));
    let other = Holder::on(&site, &ALEX);
    let (mut of_sam, address_of_sam) = sam.open(&site);
    let (mut oldest, oldest_address) = alex.open(&site);
    let mut others: Vec<(Reading, String)> =
        (0..7).map(|number| if number % 2 == 0 { other.open(&site) } else { alex.open(&site) }).collect();
    answers(&site, &alex.tokens.access, (&mut oldest, &oldest_address));
    let (mut ninth, ninth_address) = other.open(&site);
    assert_eq!(oldest.next(), Piece::End);
    takes_nothing(&site, &alex.tokens.access, &oldest_address, "the oldest");
    for (number, (stream, address)) in others.iter_mut().enumerate() {
        let token = if number % 2 == 0 { &other.tokens.access } else { &alex.tokens.access };
        answers(&site, token, (stream, address));
    }
    answers(&site, &other.tokens.access, (&mut ninth, &ninth_address));
    answers(&site, &sam.tokens.access, (&mut of_sam, &address_of_sam));
}

#[test]
fn a_stream_that_ended_leaves_its_place_to_another() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    let (mut first, address) = alex.open(&site);
    let (left, left_address) = alex.open(&site);
    left.leave();
    takes_nothing(&site, &alex.tokens.access, &left_address, "after its reader left");
    let _others: Vec<_> = (0..7).map(|_| alex.open(&site)).collect();
    answers(&site, &alex.tokens.access, (&mut first, &address));
}

#[test]
fn a_stream_that_nobody_posts_to_ends_after_a_quarter_of_an_hour() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    let (mut stream, address) = alex.open(&site);
    site.clock().advance(ALMOST_IDLE);
    site.timer().let_pass(KEEP_ALIVE);
    assert_eq!(stream.text(), COMMENT);
    site.timer().let_pass(Duration::ZERO);
    assert_eq!(post(&site, &alex.tokens.access, &address, &ping(1)).status, 202);
    stream.message();
    site.clock().advance(ALMOST_IDLE);
    site.timer().let_pass(KEEP_ALIVE);
    assert_eq!(stream.text(), COMMENT, "a message counts as use");
    site.clock().advance(TICK);
    assert_eq!(stream.next(), Piece::End, "a comment does not");
    takes_nothing(&site, &alex.tokens.access, &address, "after a quarter of an hour");
}

#[test]
fn a_message_that_comes_too_late_ends_the_stream_before_its_next_comment() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    let (mut stream, address) = alex.open(&site);
    site.clock().advance(ALMOST_IDLE + TICK);
    takes_nothing(&site, &alex.tokens.access, &address, "after a quarter of an hour");
    assert_eq!(stream.next(), Piece::End);
}

#[test]
fn a_stream_ends_with_the_newest_token_that_was_used_with_it() {
    let step = Duration::from_mins(14);
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    let (mut stream, address) = alex.open(&site);
    for _ in 0..4 {
        site.clock().advance(step);
        answers(&site, &alex.tokens.access, (&mut stream, &address));
    }
    let renewed = site.refresh(&alex.client, &alex.tokens.refresh).json();
    let renewed = renewed["access_token"].as_str().unwrap();
    let (mut unrenewed, _) = open(&site, &alex.tokens.access);
    answers(&site, renewed, (&mut stream, &address));
    // The first token ends an hour after it was given.
    site.clock().advance(ALMOST_THE_REST);
    site.timer().let_pass(KEEP_ALIVE);
    assert_eq!((stream.text(), unrenewed.text()), (COMMENT.to_owned(), COMMENT.to_owned()));
    site.clock().advance(TICK);
    assert_eq!((stream.text(), unrenewed.next()), (COMMENT.to_owned(), Piece::End));
    site.timer().let_pass(Duration::ZERO);
    assert_eq!(post(&site, &alex.tokens.access, &address, &ping(1)).status, 401);
    answers(&site, renewed, (&mut stream, &address));
}

/// A way to end the grants of ALEX.
struct Ending {
    about: &'static str,
    perform: fn(&Site, &Holder),
}

const ENDINGS: [Ending; 7] = [
    Ending {
        about: "the person ends it",
        perform: |site, holder| site.send_own_form(holder.person, "/me/revoke", &["grant"]),
    },
    Ending {
        about: "the person ends everything",
        perform: |site, holder| site.send_own_form(holder.person, "/me/revoke-all", &[]),
    },
    Ending {
        about: "the person allows the client anew",
        perform: |site, holder| drop(site.grant(holder.person, &holder.client, &every_scope())),
    },
    Ending { about: "the client gives it back", perform: give_back },
    Ending {
        about: "a refresh token is used twice",
        perform: |site, holder| {
            assert_eq!(site.refresh(&holder.client, &holder.tokens.refresh).status, 200);
            site.clock().advance(Duration::from_mins(1));
            assert_eq!(site.refresh(&holder.client, &holder.tokens.refresh).status, 400);
        },
    },
    Ending { about: "an operator ends it", perform: |site, _| order(site, "/operator/kill") },
    Ending { about: "an operator unlinks the person", perform: |site, _| order(site, "/operator/unpin") },
];

fn give_back(site: &Site, holder: &Holder) {
    let fields = [("token", holder.tokens.refresh.as_str()), ("client_id", &holder.client.id)];
    assert_eq!(site.ask(site.post("/revoke", &fields)).status, 200);
}

fn order(site: &Site, path: &str) {
    let order = json!({ "reason": "a test of streams", "person": "alex@contoso.example" });
    assert_eq!(site.operate(path, &order).status, 200);
}

#[test]
fn a_stream_ends_with_its_grant_whoever_ends_that_and_no_other_does() {
    for Ending { about, perform } in ENDINGS {
        let site = Site::new(Profile::Full);
        let (alex, sam) = (Holder::on(&site, &ALEX), Holder::on(&site, &SAM));
        let (mut stream, address) = alex.open(&site);
        let (mut of_sam, address_of_sam) = sam.open(&site);
        perform(&site, &alex);
        assert_eq!(stream.next(), Piece::End, "{about}");
        assert_eq!(post(&site, &alex.tokens.access, &address, &ping(1)).status, 401, "{about}");
        let again = site.grant(&ALEX, &alex.client, &every_scope()).access;
        takes_nothing(&site, &again, &address, about);
        answers(&site, &sam.tokens.access, (&mut of_sam, &address_of_sam));
    }
}

#[test]
fn only_the_streams_of_the_client_that_an_order_names_end() {
    let site = Site::new(Profile::Full);
    let (named, other) = (Holder::on(&site, &ALEX), Holder::on(&site, &ALEX));
    let (mut ended, _) = named.open(&site);
    let (mut stream, address) = other.open(&site);
    let order = json!({ "reason": "a test of streams", "client": named.client.id });
    assert_eq!(site.operate("/operator/kill", &order).status, 200);
    site.clock().advance(Duration::from_secs(30));
    answers(&site, &other.tokens.access, (&mut stream, &address));
    assert_eq!(ended.next(), Piece::End);
}

#[test]
fn one_grant_of_a_person_ends_without_the_other() {
    let site = Site::new(Profile::Full);
    let (given_back, kept) = (Holder::on(&site, &ALEX), Holder::on(&site, &ALEX));
    let (mut ended, _) = given_back.open(&site);
    let (mut stream, address) = kept.open(&site);
    give_back(&site, &given_back);
    assert_eq!(ended.next(), Piece::End);
    answers(&site, &kept.tokens.access, (&mut stream, &address));
}

#[test]
fn a_stream_takes_no_message_of_another_grant_or_person() {
    let site = Site::new(Profile::Full);
    let (alex, sam) = (Holder::on(&site, &ALEX), Holder::on(&site, &SAM));
    let other = Holder::on(&site, &ALEX);
    let (mut stream, address) = alex.open(&site);
    for (token, about) in
        [(&other.tokens.access, "another grant of the person"), (&sam.tokens.access, "another person")]
    {
        takes_nothing(&site, token, &address, about);
    }
    let of_mcp = site.grant(&ALEX, &site.register(), &every_scope()).access;
    assert_eq!(post(&site, &of_mcp, &address, &ping(1)).status, 401);
    assert_eq!(stream.next(), Piece::Nothing);
    answers(&site, &alex.tokens.access, (&mut stream, &address));
}

#[test]
fn a_message_names_exactly_one_stream_by_its_whole_id() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    let (mut stream, address) = alex.open(&site);
    let id = address.strip_prefix("/messages?sessionId=").unwrap();
    for query in [
        String::new(),
        "?".to_owned(),
        "?sessionId=".to_owned(),
        format!("?sessionid={id}"),
        format!("?sessionId={id}&sessionId={id}"),
        format!("?sessionId={}", &id[1..]),
        format!("?sessionId={id}A"),
        format!("?sessionId={}", id.to_lowercase()),
        format!("?session_id={id}"),
    ] {
        takes_nothing(&site, &alex.tokens.access, &format!("/messages{query}"), &query);
    }
    assert_eq!(stream.next(), Piece::Nothing);
    answers(&site, &alex.tokens.access, (&mut stream, &format!("{address}&more=1")));
}

#[test]
fn what_is_no_message_is_refused_where_it_is_posted_and_recorded() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    let (mut stream, address) = alex.open(&site);
    for (content, body, status, code) in [
        ("application/json", "", 400, "request.malformed"),
        ("application/json", "{", 400, "request.malformed"),
        ("application/json", r#"{"jsonrpc":"2.0","id":1}"#, 400, "request.malformed"),
        ("application/json", r#"{"id":1,"method":"ping"}"#, 400, "request.malformed"),
        ("application/json", "[]", 400, "request.malformed"),
        ("text/plain", r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, 415, "request.content_type"),
    ] {
        let mut request = site.posting(&address, Some(&alex.tokens.access), &json!({}));
        request.headers_mut().insert("content-type", content.parse().unwrap());
        *request.body_mut() = body.into();
        let answer = site.ask(request);
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text());
        let records = site.records_of(&answer);
        assert_eq!((records.len(), &records[0]["code"]), (1, &json!(code)), "{body}");
    }
    assert_eq!(stream.next(), Piece::Nothing);
}

#[test]
fn what_a_client_declared_in_its_stream_counts_there() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    site.send_own_form(&ALEX, "/me/sign-out", &[]);
    let (mut stream, address) = alex.open(&site);
    let (mut other, other_address) = alex.open(&site);
    let able = json!({ "elicitation": { "url": {} } });
    let params = json!({ "protocolVersion": "2025-11-25", "capabilities": able, "clientInfo": {} });
    post(&site, &alex.tokens.access, &address, &asking(1, "initialize", &params));
    stream.message();
    let call = asking(2, "tools/call", &json!({ "name": "getEmails", "arguments": {} }));
    let calls = |address: &str| {
        let mut request = site.posting(address, Some(&alex.tokens.access), &call);
        request.headers_mut().insert("mcp-protocol-version", "2025-11-25".parse().unwrap());
        assert_eq!(site.ask(request).status, 202);
    };
    calls(&address);
    let asked = stream.message();
    assert_eq!(asked["error"]["data"]["elicitations"][0]["url"], format!("{PUBLIC_URL}/connect"), "{asked}");
    calls(&other_address);
    assert_eq!(other.message()["result"]["isError"], true);
}

#[test]
fn a_call_goes_on_when_its_reader_leaves_and_its_outcome_is_recorded() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    site.network().graph_answers(201, r#"{"id":"draft-1"}"#);
    site.network().hold(Destination::Graph);
    let (stream, address) = alex.open(&site);
    let params = json!({ "name": "createDraft", "arguments": { "subject": "s", "body": "b" } });
    let accepted = post(&site, &alex.tokens.access, &address, &asking(1, "tools/call", &params));
    stream.leave();
    assert_eq!(site.records_of(&accepted).len(), 1, "only the intent");
    site.network().release();
    site.settle();
    assert_eq!(site.records_of(&accepted)[1]["verdict"], "done");
}

#[test]
fn posts_to_the_address_of_the_stream_are_answered_at_once() {
    let site = Site::new(Profile::Full);
    let alex = Holder::on(&site, &ALEX);
    let list = asking(1, "tools/list", &json!({}));
    let answer = post(&site, &alex.tokens.access, "/sse", &list);
    assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, Some("application/json")));
    assert!(answer.json()["result"]["tools"].is_array());
    for method in ["DELETE", "PUT", "HEAD"] {
        let mut request = site.posting("/sse", Some(&alex.tokens.access), &list);
        *request.method_mut() = method.parse().unwrap();
        let answer = site.ask(request);
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some("GET, POST")), "{method}");
    }
}
