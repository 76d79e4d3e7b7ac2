use std::collections::{BTreeSet, VecDeque};
use std::future::Future as _;
use std::sync::Mutex as StdMutex;

use bytes::Bytes;
use http::{HeaderMap, Response};
use m365_types::{Oid, Person, Principal};
use serde_json::{Value, json};

use super::*;
use crate::entra::client::EntraSettings;
use crate::entra::cloud::Cloud;
use crate::entra::credential::ClientCredential;
use crate::oauth::form::Form;
use crate::oauth::transaction::Transactions;
use crate::testing::flow::{Flow, browser, encode, parameter};
use crate::testing::rsa;
use crate::testing::{PUBLIC_URL, block_on, cell_of, person, race};

const TENANT: &str = "11111111-2222-4333-8444-555555555555";
const OID: &str = "aaaaaaaa-2222-4333-8444-555555555555";
const OTHER_OID: &str = "bbbbbbbb-2222-4333-8444-555555555555";
const CLIENT_ID: &str = "app-1";
const MILLI: Duration = Duration::from_millis(1);

/// The capability of continuous access evaluation alone.
const CAPABLE: &str = r#"{"access_token":{"xms_cc":{"values":["cp1"]}}}"#;
/// A challenge, and what Entra is asked for then.
const CHALLENGE: &str = r#"{"access_token":{"nbf":{"essential":true, "value":"1604106651"}}}"#;
const MERGED: &str =
    r#"{"access_token":{"nbf":{"essential":true,"value":"1604106651"},"xms_cc":{"values":["cp1"]}}}"#;

fn json_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// Signs nothing, as no case here has a certificate.
struct NoSigner;

#[async_trait]
impl m365_ports::Signer for NoSigner {
    async fn sign_ps256(&self, _: &Secret<Vec<u8>>, _: &[u8]) -> Result<Vec<u8>, m365_ports::SignerError> {
        Err(m365_ports::SignerError::Unavailable)
    }
}

type Script = Arc<StdMutex<VecDeque<(u16, String)>>>;

struct World {
    flow: Flow,
    session: Arc<MicrosoftSession>,
    script: Script,
}

struct Begun {
    headers: HeaderMap,
    state: String,
    nonce: String,
    url: String,
}

impl World {
    fn new() -> Self {
        Self::in_cloud(Cloud::GLOBAL, ClientCredential::Secret(Secret::new("client-secret-value".into())))
    }

    fn in_cloud(cloud: Cloud, credential: ClientCredential) -> Self {
        let flow = Flow::new();
        let script = Script::default();
        let answers = Arc::clone(&script);
        flow.fixture.outbound.answer(move |request| {
            let (status, body) = if request.uri().path().ends_with("/keys") {
                (200, rsa::key_set(&[rsa::key(0)]))
            } else {
                answers.lock().unwrap().pop_front().expect("an answer for every exchange")
            };
            Ok(Response::builder().status(status).body(Bytes::from(body)).unwrap())
        });
        let settings = EntraSettings {
            cloud,
            base: cloud.login_base(),
            tenant: TenantId::parse(TENANT).unwrap(),
            client_id: CLIENT_ID.into(),
            credential,
            redirect_uri: format!("{PUBLIC_URL}/callback"),
        };
        let fixture = &flow.fixture;
        let outbound = Arc::clone(&fixture.outbound) as _;
        let signer = Arc::new(NoSigner);
        let entra = EntraClient::new(settings, outbound, fixture.clock(), fixture.entropy(), signer).unwrap();
        let session = MicrosoftSession::new(
            fixture.cell_ports(),
            &fixture.keys,
            Arc::new(entra),
            Arc::clone(&fixture.directory) as _,
            format!("{PUBLIC_URL}/connect"),
        );
        Self { session: Arc::new(session), flow, script }
    }

    fn alex(&self) -> Principal {
        self.flow.fixture.principal("alex")
    }

    fn then(&self, status: u16, body: &Value) {
        self.script.lock().unwrap().push_back((status, body.to_string()));
    }

    fn begin(&self, principal: &Principal) -> Begun {
        self.begin_with(principal, None)
    }

    fn begin_with(
        &self,
        principal: &Principal,
        then: Option<crate::oauth::transaction::Authorization>,
    ) -> Begun {
        let transactions: &Transactions = &self.flow.transactions;
        let cookie = transactions.cookie(&HeaderMap::new());
        let scopes = [Scope::MailRead, Scope::UserRead].into_iter().collect();
        let url = self.session.begin(transactions, principal, &cookie, &scopes, then).unwrap();
        let get = |name| parameter(&url, name).unwrap();
        Begun {
            headers: browser(&cookie.set_cookie().unwrap()),
            state: get("state"),
            nonce: get("nonce"),
            url,
        }
    }

    fn finish(
        &self,
        principal: &Principal,
        begun: &Begun,
        query: &[(&'static str, &str)],
    ) -> Result<Linked, LinkRefusal> {
        let mut pairs = vec![("state", begun.state.clone())];
        pairs.extend(query.iter().map(|(name, value)| (*name, (*value).to_owned())));
        let form = Form::parse(encode(&pairs).as_bytes()).unwrap();
        let sign_in = self.flow.transactions.open_sign_in(principal, &begun.headers, &form)?;
        block_on(self.session.finish(self.flow.fixture.request(), principal, sign_in, &form))
    }

    fn claims(&self, nonce: &str) -> Value {
        let now = self.flow.fixture.now().as_secs();
        json!({"iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "aud": CLIENT_ID, "tid": TENANT,
            "oid": OID, "nonce": nonce, "ver": "2.0", "exp": now + 3600, "nbf": now, "iat": now,
            "preferred_username": "Alex@contoso.example", "sub": "pairwise"})
    }

    fn token_answer(id_token: Option<&str>, suffix: &str) -> Value {
        let mut answer = json!({"token_type": "Bearer", "scope": "Mail.Read User.Read profile openid email",
            "expires_in": 4000, "ext_expires_in": 4000, "access_token": format!("graph-access-{suffix}"),
            "refresh_token": format!("graph-refresh-{suffix}")});
        if let Some(id_token) = id_token {
            answer["id_token"] = json!(id_token);
        }
        answer
    }

    /// A whole sign-in whose id token has these changes.
    fn sign_in(&self, principal: &Principal, changes: &[(&str, Value)]) -> Result<Linked, LinkRefusal> {
        let begun = self.begin(principal);
        let mut claims = self.claims(&begun.nonce);
        for (name, value) in changes {
            claims[*name] = value.clone();
        }
        self.then(200, &Self::token_answer(Some(&rsa::key(0).token(&claims)), "1"));
        self.finish(principal, &begun, &[("code", "ms-code")])
    }

    fn linked() -> Self {
        let world = Self::new();
        world.sign_in(&world.alex(), &[]).unwrap();
        world
    }

    fn token(&self, scopes: &[Scope]) -> Result<String, TokenError> {
        let tokens = Arc::clone(&self.session).tokens(self.flow.fixture.request());
        block_on(tokens.access_token(scopes)).map(|token| token.expose().clone())
    }

    fn replace(&self, rejected: &str, claims: Option<&str>) -> Result<String, TokenError> {
        let tokens = Arc::clone(&self.session).tokens(self.flow.fixture.request());
        let rejected = Secret::new(rejected.to_owned());
        block_on(tokens.replace(&rejected, claims)).map(|token| token.expose().clone())
    }

    fn challenged_again(&self, rejected: &str, claims: &str) -> TokenError {
        let tokens = Arc::clone(&self.session).tokens(self.flow.fixture.request());
        block_on(tokens.challenged_again(&Secret::new(rejected.to_owned()), claims))
    }

    /// What the last form that was sent to Entra asked for by `claims`.
    fn sent_claims(&self) -> Value {
        serde_json::from_str(&self.sent("claims").unwrap()).unwrap()
    }

    /// What a sign-in that begins now asks for by `claims`.
    fn sign_in_claims(&self) -> Value {
        serde_json::from_str(&parameter(&self.begin(&self.alex()).url, "claims").unwrap()).unwrap()
    }

    /// A field of the last form that was sent to Entra.
    fn sent(&self, name: &str) -> Option<String> {
        parameter(&format!("https://x/?{}", self.flow.fixture.outbound.last_body_to("/token")), name)
    }

    fn exchanges(&self) -> usize {
        self.flow.fixture.outbound.count("/token")
    }

    fn last(&self) -> String {
        self.flow.fixture.records().pop().unwrap()
    }
}

fn entra_error(code: u32, error: &str) -> Value {
    json!({"error": error, "error_description": format!("AADSTS{code}: <script>secret text</script>"),
        "error_codes": [code], "trace_id": "0000aaaa-11bb-cccc-dd22-eeeeee333333",
        "correlation_id": "aaaa0000-bb11-2222-33cc-444444dddddd"})
}

fn refused_code(result: Result<Linked, LinkRefusal>) -> &'static str {
    result.map(|_| ()).unwrap_err().code()
}

#[test]
fn the_sign_in_page_is_asked_with_pkce_nonce_hint_and_no_prompt() {
    let world = World::new();
    let begun = world.begin(&world.alex());
    let get = |name| parameter(&begun.url, name);
    assert!(
        begun.url.starts_with(&format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/authorize?"))
    );
    assert_eq!(get("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(get("response_mode").as_deref(), Some("query"));
    assert_eq!(get("login_hint").as_deref(), Some("alex@contoso.example"));
    let graph = "https://graph.microsoft.com";
    let scope = format!("{graph}/Mail.Read {graph}/User.Read openid profile email offline_access");
    assert_eq!(get("scope"), Some(scope));
    assert_eq!(get("claims").as_deref(), Some(CAPABLE));
    assert_eq!(get("prompt"), None);
    assert_eq!(world.flow.fixture.records(), [""; 0], "nothing is stored");
}

#[test]
fn a_completed_sign_in_links_the_account_and_seals_its_tokens() {
    let world = World::new();
    let linked = world.sign_in(&world.alex(), &[]).unwrap();
    assert_eq!(linked.account.matched_by, MatchedBy::Email);
    assert!(world.session.account().unwrap().unwrap().is_signed_in);
    assert_eq!(world.last(), "microsoft.linked Done matched_by_email");
    assert_eq!(world.token(&[Scope::MailRead]).unwrap(), "graph-access-1");
    let stored =
        ["microsoft_account", "test_audit"].map(|table| world.flow.fixture.database.dump(table)).concat();
    let bytes = format!("{:?}", b"graph-refresh-1").trim_matches(['[', ']']).to_owned();
    assert!(!stored.contains("graph-") && !stored.contains(&bytes) && !stored.contains("ms-code"));
}

#[test]
fn the_object_id_decides_where_access_sends_one() {
    let with_oid = |oid: &str| Person { oid: Some(Oid::parse(oid).unwrap()), ..person("alex") };
    let world = World::new();
    let principal = world.flow.fixture.principal_of(with_oid(OID));
    let renamed = ("preferred_username", json!("somebody@contoso.example"));
    assert_eq!(world.sign_in(&principal, &[renamed]).unwrap().account.matched_by, MatchedBy::Oid);
    let world = World::new();
    let principal = world.flow.fixture.principal_of(with_oid(OTHER_OID));
    assert_eq!(
        refused_code(world.sign_in(&principal, &[])),
        "microsoft_other_person",
        "equal address, other id"
    );
    assert!(world.session.account().unwrap().is_none());
}

#[test]
fn another_account_and_tenant_and_guests_are_refused() {
    for (changes, code) in [
        (vec![("preferred_username", json!("blair@contoso.example"))], "microsoft_other_person"),
        (vec![("preferred_username", Value::Null)], "microsoft_other_person"),
        (vec![("tid", json!(OTHER_OID))], "microsoft_other_tenant"),
        (vec![("tid", json!("9188040d-6c67-4c5b-b112-36a304b66dad"))], "microsoft_other_tenant"),
        (vec![("acct", json!(1))], "microsoft_guest"),
        (
            vec![("idp", json!("https://sts.windows.net/cccccccc-2222-4333-8444-555555555555/"))],
            "microsoft_guest",
        ),
        (vec![("upn", json!("alex_fabrikam.example#EXT#@contoso.example"))], "microsoft_guest"),
    ] {
        let world = World::new();
        assert_eq!(refused_code(world.sign_in(&world.alex(), &changes)), code, "{changes:?}");
        assert_eq!(world.last(), format!("microsoft.refused Denied {code}"));
        assert!(world.session.account().unwrap().is_none());
    }
}

#[test]
fn every_claim_of_the_id_token_is_checked() {
    let world = World::new();
    let now = world.flow.fixture.now().as_secs();
    for change in [
        ("iss", json!(format!("https://login.microsoftonline.com/{OTHER_OID}/v2.0"))),
        ("iss", json!(format!("https://sts.windows.net/{TENANT}/"))),
        ("aud", json!("app-2")),
        ("aud", json!([CLIENT_ID, "app-2"])),
        ("nonce", json!("another")),
        ("nonce", Value::Null),
        ("ver", json!("1.0")),
        ("oid", Value::Null),
        ("exp", json!(now - 300)),
        ("nbf", json!(now + 301)),
        ("iat", json!(now + 301)),
    ] {
        let world = World::new();
        assert_eq!(
            refused_code(world.sign_in(&world.alex(), std::slice::from_ref(&change))),
            "microsoft_id_token",
            "{change:?}"
        );
    }
    for change in
        [("exp", json!(now - 299)), ("nbf", json!(now + 300)), ("iat", json!(now + 300)), ("acct", json!(0))]
    {
        let world = World::new();
        assert!(world.sign_in(&world.alex(), std::slice::from_ref(&change)).is_ok(), "{change:?}");
    }
    let world = World::new();
    let begun = world.begin(&world.alex());
    world.then(200, &World::token_answer(None, "1"));
    assert_eq!(refused_code(world.finish(&world.alex(), &begun, &[("code", "c")])), "microsoft_id_token");
    let begun = world.begin(&world.alex());
    let forged = rsa::key(1).sign(&json!({"alg": "RS256", "kid": "key-0"}), &world.claims(&begun.nonce));
    world.then(200, &World::token_answer(Some(&forged), "1"));
    assert_eq!(refused_code(world.finish(&world.alex(), &begun, &[("code", "c")])), "microsoft_id_token");
}

#[test]
fn a_callback_is_spent_once_and_bound_to_person_and_browser() {
    let world = World::new();
    let (alex, blair) = (world.alex(), world.flow.fixture.principal("blair"));
    let begun = world.begin(&alex);
    assert_eq!(refused_code(world.finish(&blair, &begun, &[("code", "c")])), "transaction_other_person");
    let elsewhere = Begun {
        headers: HeaderMap::new(),
        state: begun.state.clone(),
        nonce: String::new(),
        url: String::new(),
    };
    assert_eq!(refused_code(world.finish(&alex, &elsewhere, &[("code", "c")])), "transaction_other_browser");
    assert_eq!(world.exchanges(), 0);
    let token = rsa::key(0).token(&world.claims(&begun.nonce));
    world.then(200, &World::token_answer(Some(&token), "1"));
    assert!(world.finish(&alex, &begun, &[("code", "c")]).is_ok());
    assert_eq!(refused_code(world.finish(&alex, &begun, &[("code", "c")])), "transaction_spent");
    assert_eq!(world.exchanges(), 1, "the code of a replayed callback is never sent");
}

#[test]
fn an_error_of_microsoft_is_told_to_the_waiting_client_without_its_text() {
    let world = World::new();
    let client = world.flow.register();
    let alex = world.alex();
    let consent = world.flow.consent(&alex, &client);
    let waiting = world.flow.store.consent_before_sign_in(world.flow.fixture.request(), consent).unwrap();
    let begun = world.begin_with(&alex, Some(waiting));
    let query = [("error", "access_denied"), ("error_description", "AADSTS65004: <script>User declined")];
    let Err(LinkRefusal::Entra { refusal, location }) = world.finish(&alex, &begun, &query) else {
        panic!("Entra refused")
    };
    assert_eq!((refusal.class, refusal.code.as_str()), (Class::SignIn, "AADSTS65004"));
    let location = location.unwrap();
    assert_eq!(parameter(&location, "error").as_deref(), Some("access_denied"));
    assert!(!location.contains("declined") && !refusal.sentence.contains('<'));
    assert_eq!(world.last(), "microsoft.refused Denied AADSTS65004");

    let begun = world.begin(&alex);
    let foreign = [("code", "c"), ("iss", "https://evil.example")];
    assert_eq!(refused_code(world.finish(&alex, &begun, &foreign)), "microsoft_callback");
    let begun = world.begin(&alex);
    assert_eq!(refused_code(world.finish(&alex, &begun, &[])), "microsoft_callback");
}

#[test]
fn a_waiting_authorization_is_handed_back_after_the_sign_in() {
    let world = World::new();
    let client = world.flow.register();
    let alex = world.alex();
    let consent = world.flow.consent(&alex, &client);
    let waiting = world.flow.store.consent_before_sign_in(world.flow.fixture.request(), consent).unwrap();
    let begun = world.begin_with(&alex, Some(waiting));
    let token = rsa::key(0).token(&world.claims(&begun.nonce));
    world.then(200, &World::token_answer(Some(&token), "1"));
    let linked = world.finish(&alex, &begun, &[("code", "c")]).unwrap();
    let issued = world
        .flow
        .store
        .complete(world.flow.fixture.request(), &alex, &linked.authorization.unwrap())
        .unwrap();
    assert!(world.flow.redeem(&client, &parameter(issued.location(), "code").unwrap()).is_ok());
}

#[test]
fn an_account_is_pinned_to_one_person_and_a_person_to_one_account() {
    let world = World::linked();
    let other = [("oid", json!(OTHER_OID))];
    assert_eq!(refused_code(world.sign_in(&world.alex(), &other)), "microsoft_other_account");
    assert!(world.sign_in(&world.alex(), &[]).is_ok(), "the same account again");
    let world = World::new();
    let (tenant, oid) = (TenantId::parse(TENANT).unwrap(), Oid::parse(OID).unwrap());
    world.flow.fixture.directory.pin(cell_of("blair"), tenant, oid);
    assert_eq!(refused_code(world.sign_in(&world.alex(), &[])), "microsoft_taken");
    assert!(world.session.account().unwrap().is_none());
}

#[test]
fn a_token_is_used_while_more_than_a_minute_is_left() {
    let world = World::linked();
    world.flow.advance(Duration::from_secs(3940).checked_sub(MILLI).unwrap());
    assert_eq!(world.token(&[Scope::MailRead]).unwrap(), "graph-access-1");
    world.flow.advance(MILLI);
    world.then(200, &World::token_answer(None, "2"));
    assert_eq!(world.token(&[Scope::MailRead]).unwrap(), "graph-access-2");
    assert_eq!(world.last(), "microsoft.refreshed Done refreshed");
    assert!(world.flow.fixture.outbound.last_body().contains("refresh_token=graph-refresh-1"));
}

#[test]
fn sixteen_parallel_callers_share_one_refresh() {
    let world = World::linked();
    world.flow.advance(Duration::from_secs(4000));
    world.then(200, &World::token_answer(None, "2"));
    let got = race(16, |_| world.token(&[Scope::MailRead]).unwrap());
    assert_eq!(got.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from(["graph-access-2".to_owned()]));
    assert_eq!(world.exchanges(), 2);
}

#[test]
fn an_answer_without_a_new_refresh_token_keeps_the_old_one() {
    let world = World::linked();
    world.flow.advance(Duration::from_secs(4000));
    let mut answer = World::token_answer(None, "2");
    answer.as_object_mut().unwrap().remove("refresh_token");
    world.then(200, &answer);
    assert!(world.token(&[]).is_ok());
    world.flow.advance(Duration::from_secs(4000));
    world.then(200, &World::token_answer(None, "3"));
    assert!(world.token(&[]).is_ok());
    assert!(world.flow.fixture.outbound.last_body().contains("refresh_token=graph-refresh-1"));
}

#[test]
fn a_missing_scope_and_a_missing_link_ask_for_a_sign_in_with_its_address() {
    let world = World::new();
    let Err(TokenError::SignInNeeded { sentence }) = world.token(&[]) else { panic!("a sign-in") };
    assert!(sentence.contains("https://mcp.contoso.example/connect"));
    let world = World::linked();
    let Err(TokenError::SignInNeeded { sentence }) = world.token(&[Scope::MailSend]) else {
        panic!("a sign-in")
    };
    assert!(sentence.contains("Mail.Send"));
    assert_eq!(world.exchanges(), 1);
}

#[test]
fn a_refresh_that_shrinks_the_scopes_asks_for_a_sign_in() {
    let world = World::linked();
    world.flow.advance(Duration::from_secs(4000));
    let mut answer = World::token_answer(None, "2");
    answer["scope"] = json!("User.Read");
    world.then(200, &answer);
    assert!(matches!(world.token(&[Scope::MailRead]), Err(TokenError::SignInNeeded { .. })));
    assert!(world.token(&[Scope::UserRead]).is_ok());
}

#[test]
fn revocation_erases_the_tokens_and_other_refusals_keep_them() {
    for (status, body, kept, kind) in [
        (400, entra_error(50_173, "invalid_grant"), false, "sign-in"),
        (400, entra_error(700_082, "invalid_grant"), false, "sign-in"),
        (400, entra_error(1, "invalid_grant"), false, "sign-in"),
        (400, entra_error(50_057, "invalid_grant"), false, "refused"),
        (400, entra_error(50_076, "invalid_grant"), true, "sign-in"),
        (400, entra_error(53_003, "interaction_required"), true, "refused"),
        (401, entra_error(7_000_222, "invalid_client"), true, "refused"),
        (400, entra_error(90_033, "temporarily_unavailable"), true, "unavailable"),
        (429, entra_error(50_173, "invalid_grant"), true, "unavailable"),
        (503, json!("<html>"), true, "unavailable"),
        (200, json!({"token_type": "mac"}), true, "unavailable"),
    ] {
        let world = World::linked();
        world.flow.advance(Duration::from_secs(4000));
        world.then(status, &body);
        let error = world.token(&[]).unwrap_err();
        let got = match &error {
            TokenError::SignInNeeded { .. } => "sign-in",
            TokenError::Refused { .. } => "refused",
            TokenError::Unavailable { .. } => "unavailable",
        };
        assert_eq!(got, kind, "{body}");
        assert!(!error.to_string().contains("script") && error.to_string().ends_with(['.', ')']), "{error}");
        assert_eq!(world.session.account().unwrap().unwrap().is_signed_in, kept, "{body}");
        assert!(world.last().starts_with("microsoft.refused Failed "));
    }
}

#[test]
fn records_carry_the_trace_of_entra_and_never_a_token() {
    let world = World::linked();
    world.flow.advance(Duration::from_secs(4000));
    world.then(400, &entra_error(50_173, "invalid_grant"));
    assert!(world.token(&[]).is_err());
    assert_eq!(world.last(), "microsoft.refused Failed AADSTS50173");
    let journal = world.flow.fixture.database.dump("test_audit");
    assert!(journal.contains("0000aaaa-11bb-cccc-dd22-eeeeee333333"));
    assert!(!journal.contains("graph-") && !journal.contains("client-secret-value"));
}

#[test]
fn a_rejected_token_is_replaced_once_however_many_report_it() {
    let world = World::linked();
    world.then(200, &World::token_answer(None, "2"));
    let got = race(8, |_| world.replace("graph-access-1", None).unwrap());
    assert!(got.iter().all(|token| token == "graph-access-2"));
    assert_eq!(world.exchanges(), 2);
}

#[test]
fn every_request_for_a_token_declares_the_capability() {
    let world = World::linked();
    assert_eq!(world.sent_claims(), json_of(CAPABLE));
    world.flow.advance(Duration::from_secs(4000));
    world.then(200, &World::token_answer(None, "2"));
    assert!(world.token(&[]).is_ok());
    assert_eq!(world.sent_claims(), json_of(CAPABLE));
}

#[test]
fn a_claims_challenge_travels_to_entra_and_into_the_next_sign_in() {
    let world = World::linked();
    world.then(200, &World::token_answer(None, "2"));
    assert!(world.replace("graph-access-1", Some(CHALLENGE)).is_ok());
    assert_eq!(world.sent_claims(), json_of(MERGED));
    assert_eq!(world.last(), "microsoft.refreshed Done refreshed_after_challenge");
    world.then(400, &entra_error(50_076, "interaction_required"));
    let refused = world.replace("graph-access-2", Some(CHALLENGE));
    assert!(matches!(refused, Err(TokenError::SignInNeeded { .. })));
    let begun = world.begin(&world.alex());
    assert_eq!(world.sign_in_claims(), json_of(MERGED));
    assert_eq!(parameter(&begun.url, "login_hint").as_deref(), Some("alex@contoso.example"));
    let token = rsa::key(0).token(&world.claims(&begun.nonce));
    world.then(200, &World::token_answer(Some(&token), "3"));
    assert!(world.finish(&world.alex(), &begun, &[("code", "c")]).is_ok());
    assert_eq!(world.sent_claims(), json_of(MERGED), "the code is redeemed with the same claims");
    assert_eq!(world.token(&[]).unwrap(), "graph-access-3");
    assert_eq!(world.sign_in_claims(), json_of(CAPABLE), "the sign-in has met the challenge");
}

#[test]
fn a_challenge_of_entra_itself_goes_before_the_one_that_led_to_it() {
    let world = World::linked();
    let mut answer = entra_error(50_076, "interaction_required");
    answer["claims"] = json!(r#"{"access_token":{"polids":{"essential":true,"values":["p"]}}}"#);
    world.then(400, &answer);
    assert!(world.replace("graph-access-1", Some(CHALLENGE)).is_err());
    let claims = parameter(&world.begin(&world.alex()).url, "claims").unwrap();
    assert!(claims.contains("polids") && claims.contains("cp1") && !claims.contains("nbf"), "{claims}");
    let world = World::linked();
    answer["claims"] = json!("<script>");
    world.then(400, &answer);
    assert!(world.replace("graph-access-1", Some(CHALLENGE)).is_err());
    assert_eq!(world.sign_in_claims(), json_of(MERGED));
}

#[test]
fn a_rejected_token_is_gone_before_another_is_asked_for() {
    for claims in [None, Some(CHALLENGE)] {
        let world = World::linked();
        world.then(503, &json!("<html>"));
        assert!(matches!(world.replace("graph-access-1", claims), Err(TokenError::Unavailable { .. })));
        world.then(200, &World::token_answer(None, "2"));
        assert_eq!(world.token(&[]).unwrap(), "graph-access-2", "the rejected one is not handed out again");
    }
}

#[test]
fn who_is_challenged_again_must_sign_in_and_entra_is_asked_nothing_more() {
    let world = World::linked();
    world.then(200, &World::token_answer(None, "2"));
    assert!(world.replace("graph-access-1", Some(CHALLENGE)).is_ok());
    let error = world.challenged_again("graph-access-2", CHALLENGE);
    let TokenError::SignInNeeded { sentence } = error else { panic!("a sign-in: {error}") };
    assert!(sentence.contains("https://mcp.contoso.example/connect"), "{sentence}");
    assert_eq!(world.last(), "microsoft.refused Failed challenged_again");
    let exchanges = world.exchanges();
    for _ in 0..3 {
        assert!(matches!(world.token(&[]), Err(TokenError::SignInNeeded { .. })));
        let replaced = world.replace("graph-access-2", Some(CHALLENGE));
        assert!(matches!(replaced, Err(TokenError::SignInNeeded { .. })));
    }
    assert_eq!(world.exchanges(), exchanges, "a loop would ask Entra again and again");
    assert_eq!(world.sign_in_claims(), json_of(MERGED));
}

#[test]
fn a_token_that_somebody_else_replaced_meanwhile_is_kept() {
    let world = World::linked();
    world.then(200, &World::token_answer(None, "2"));
    assert!(world.replace("graph-access-1", Some(CHALLENGE)).is_ok());
    let late = world.challenged_again("graph-access-1", CHALLENGE);
    assert!(matches!(late, TokenError::Unavailable { .. }));
    assert_eq!(world.token(&[]).unwrap(), "graph-access-2");
}

#[test]
fn a_challenge_that_is_malformed_or_too_long_is_refused_and_not_forwarded() {
    let long = format!(r#"{{"access_token":{{"nbf":"{}"}}}}"#, "9".repeat(5000));
    for claims in ["", "x", "[]", r#"{"scope":{"a":1}}"#, &long] {
        let world = World::linked();
        assert!(matches!(world.replace("graph-access-1", Some(claims)), Err(TokenError::Refused { .. })));
        assert!(matches!(world.challenged_again("graph-access-1", claims), TokenError::Refused { .. }));
        assert_eq!(world.exchanges(), 1);
        assert_eq!(world.sign_in_claims(), json_of(CAPABLE));
    }
}

#[test]
fn a_token_may_live_for_twenty_eight_hours_and_no_longer() {
    for (secs, lasts_secs) in [(28 * 3600, 28 * 3600), (u32::MAX, 28 * 3600), (20 * 3600, 20 * 3600)] {
        let world = World::linked();
        world.flow.advance(Duration::from_secs(4000));
        let mut answer = World::token_answer(None, "2");
        answer["expires_in"] = json!(secs);
        world.then(200, &answer);
        assert!(world.token(&[]).is_ok());
        world.flow.advance(Duration::from_secs(lasts_secs - 60).checked_sub(MILLI).unwrap());
        assert_eq!(world.token(&[]).unwrap(), "graph-access-2");
        world.flow.advance(MILLI);
        world.then(200, &World::token_answer(None, "3"));
        assert_eq!(world.token(&[]).unwrap(), "graph-access-3");
    }
}

#[test]
fn a_cloud_has_its_own_sign_in_and_its_own_names_of_permissions() {
    for cloud in Cloud::ALL {
        let secret = ClientCredential::Secret(Secret::new("client-secret-value".into()));
        let world = World::in_cloud(cloud, secret);
        let begun = world.begin(&world.alex());
        let start = format!("https://{}/{TENANT}/oauth2/v2.0/authorize?", cloud.login_host);
        assert!(begun.url.starts_with(&start), "{}", begun.url);
        let scope = parameter(&begun.url, "scope").unwrap();
        assert!(scope.starts_with(&format!("https://{}/Mail.Read ", cloud.graph_host)), "{scope}");
        let mut claims = world.claims(&begun.nonce);
        claims["iss"] = json!(format!("https://{}/{TENANT}/v2.0", cloud.login_host));
        let mut answer = World::token_answer(Some(&rsa::key(0).token(&claims)), "1");
        let elsewhere = if cloud == Cloud::GLOBAL { Cloud::CHINA } else { Cloud::GLOBAL };
        let foreign = elsewhere.scope_prefix;
        answer["scope"] = json!(format!("{}Mail.Read {foreign}User.Read openid", cloud.scope_prefix));
        world.then(200, &answer);
        let linked = world.finish(&world.alex(), &begun, &[("code", "c")]).unwrap();
        assert_eq!(linked.account.scopes.to_string(), "Mail.Read", "another cloud's permission is none");
        let mut foreign = world.claims(&begun.nonce);
        foreign["iss"] = json!(format!("https://{}/{TENANT}/v2.0", elsewhere.login_host));
        let begun = world.begin(&world.alex());
        foreign["nonce"] = json!(begun.nonce);
        world.then(200, &World::token_answer(Some(&rsa::key(0).token(&foreign)), "2"));
        let refused = world.finish(&world.alex(), &begun, &[("code", "c")]);
        assert_eq!(refused_code(refused), "microsoft_id_token", "{}", cloud.name);
    }
}

/// A platform's token that a test replaces.
struct Platform(StdMutex<Result<String, String>>);

impl m365_ports::RotatingSecret for Platform {
    fn current(&self) -> Result<Secret<String>, String> {
        self.0.lock().unwrap().clone().map(Secret::new)
    }
}

#[test]
fn the_platform_s_token_is_read_for_every_use() {
    let platform = Arc::new(Platform(StdMutex::new(Ok("a.b.c\n".into()))));
    let world = World::in_cloud(Cloud::GLOBAL, ClientCredential::Federated(Arc::clone(&platform) as _));
    world.sign_in(&world.alex(), &[]).unwrap();
    let kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    assert_eq!(world.sent("client_assertion_type").as_deref(), Some(kind));
    assert_eq!(world.sent("client_assertion").as_deref(), Some("a.b.c"));
    assert_eq!(world.sent("client_secret"), None);
    world.flow.advance(Duration::from_secs(4000));
    *platform.0.lock().unwrap() = Ok("d.e.f".into());
    world.then(200, &World::token_answer(None, "2"));
    assert!(world.token(&[]).is_ok());
    assert_eq!(world.sent("client_assertion").as_deref(), Some("d.e.f"));
    world.flow.advance(Duration::from_secs(4000));
    for unusable in [Err("its file is gone".to_owned()), Ok("not a token".to_owned()), Ok(String::new())] {
        *platform.0.lock().unwrap() = unusable;
        let error = world.token(&[]).unwrap_err();
        let TokenError::Refused { sentence } = &error else { panic!("the operator must act: {error}") };
        assert!(sentence.contains("operator") && !sentence.contains("not a token"), "{sentence}");
        assert_eq!(world.last(), "microsoft.refused Failed entra_credential");
    }
    assert_eq!(world.exchanges(), 2, "nothing is sent without a credential");
}

#[test]
fn signing_out_erases_the_tokens_and_a_late_refresh_does_not_bring_them_back() {
    let world = World::linked();
    world.flow.advance(Duration::from_secs(4000));
    world.then(200, &World::token_answer(None, "2"));
    let tokens = Arc::clone(&world.session).tokens(world.flow.fixture.request());
    let mut refreshing = Box::pin(tokens.access_token(&[]));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(refreshing.as_mut().poll(&mut context).is_pending());
    world.session.sign_out(world.flow.fixture.request()).unwrap();
    assert!(matches!(block_on(refreshing), Err(TokenError::SignInNeeded { .. })));
    assert!(!world.session.account().unwrap().unwrap().is_signed_in);
    assert_eq!(world.last(), "microsoft.refreshed Failed overtaken");
}

#[test]
fn what_cannot_be_recorded_is_not_stored() {
    let world = World::new();
    let begun = world.begin(&world.alex());
    let token = rsa::key(0).token(&world.claims(&begun.nonce));
    world.then(200, &World::token_answer(Some(&token), "1"));
    world.flow.fixture.audit.fail(true);
    assert_eq!(refused_code(world.finish(&world.alex(), &begun, &[("code", "c")])), "store_unavailable");
    assert!(world.session.account().unwrap().is_none());
}
