//! What does happen: the store over SQLite, its journal, and everything that clients and browsers hold.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use m365_journal::{Journal, Provenance, records_after, schema, verify};
use m365_ports::{AuditLog, Database};
use m365_seal::Purpose;
use m365_types::{ClientId, GrantId, Identity, Principal, Secret};
use serde_json::{Value, json};

use super::model::{LIVES, Model, Outcome};
use super::step::{Answer, Asked, BROWSERS, By, CLIENTS, Check, DOCUMENT_CLIENT, End, Kind, Step};
use crate::oauth::authorize::AuthorizationRequest;
use crate::oauth::form::Form;
use crate::oauth::grant::{Ending, GrantRefusal};
use crate::oauth::store::{CellPorts, GrantStore, IssuedCode};
use crate::oauth::token::TokenResponse;
use crate::oauth::transaction::{
    Authorization, BrowserCookie, CSRF_FIELD, ConsentFields, REMEMBER_FIELD, TRANSACTION_FIELD,
};
use crate::perimeter::{Evidence, VerifiedAssertion, admit};
use crate::testing::flow::{
    Flow, REDIRECT, VERIFIER, browser, encode, parameter, redemption_with, refresh_request,
};
use crate::testing::{AUDIENCE, PUBLIC_URL, block_on, person};

const DOCUMENT: &str = "https://client.example/oauth/client.json";
const HTTPS_REDIRECT: &str = "https://client.example/callback";

pub(super) struct World {
    model: Model,
    flow: Flow,
    ports: CellPorts,
    store: GrantStore,
    clients: [ClientId; CLIENTS],
    browsers: [BrowserCookie; BROWSERS],
    forms: Vec<(usize, ConsentFields)>,
    waiting: Vec<Authorization>,
    grants: Vec<(GrantId, Secret<String>)>,
    pairs: Vec<TokenResponse>,
    /// How far the journal was read.
    read: u64,
}

impl World {
    pub(super) fn new() -> Self {
        let flow = Flow::with(LIVES);
        publish_document(&flow);
        let (ports, clients) = (with_journal(&flow), clients(&flow));
        let store = GrantStore::new(ports.clone(), &flow.fixture.keys, PUBLIC_URL.into(), LIVES);
        let browsers = std::array::from_fn(|_| flow.transactions.cookie(&HeaderMap::new()));
        Self {
            model: Model::new(flow.fixture.now()),
            flow,
            ports,
            store,
            clients,
            browsers,
            forms: Vec::new(),
            waiting: Vec::new(),
            grants: Vec::new(),
            pairs: Vec::new(),
            read: 0,
        }
    }

    /// Takes the step in both worlds and compares them.
    pub(super) fn take(&mut self, step: &Step) {
        match step {
            Step::SignIn => self.model.asserted = self.model.now,
            Step::Connect { client, remember } => {
                self.begin(*client, 0);
                self.answer(self.forms.len() - 1, By::Themselves, Answer::Allow { remember: *remember });
                if let Some(grant) = self.grants.len().checked_sub(1) {
                    self.redeem(grant, true, Check::Right);
                }
            }
            Step::Begin { client, browser } => self.begin(*client, *browser),
            Step::Answer { form, by, answer } => {
                if let Some(form) = form.of(self.forms.len()) {
                    self.answer(form, *by, *answer);
                }
            }
            Step::Complete { waiting } => {
                if let Some(waiting) = waiting.of(self.waiting.len()) {
                    self.complete(waiting);
                }
            }
            Step::AskAgain => self.ask_again(),
            Step::Redeem { grant, by_owner, check } => {
                if let Some(grant) = grant.of(self.grants.len()) {
                    self.redeem(grant, *by_owner, *check);
                }
            }
            Step::Refresh { token, by_owner, asked } => {
                if let Some(pair) = token.of(self.pairs.len()) {
                    self.refresh(pair, *by_owner, *asked);
                }
            }
            Step::RefreshTwice { token, between } => {
                if let Some(pair) = token.of(self.pairs.len()) {
                    self.refresh(pair, true, Asked::Everything);
                    self.wait(*between);
                    self.refresh(pair, true, Asked::Everything);
                }
            }
            Step::Revoke { kind, token, by_owner } => {
                let held = if *kind == Kind::Code { self.grants.len() } else { self.pairs.len() };
                if let Some(index) = token.of(held) {
                    self.revoke(*kind, index, *by_owner);
                }
            }
            Step::End(end) => self.end(*end),
            Step::Wait { millis } => self.wait(*millis),
            Step::Sweep => {
                self.store.sweep().unwrap();
                self.model.sweep();
            }
        }
        self.compare_records();
        self.compare_tokens();
        self.check_tables();
        self.model.check();
    }

    fn wait(&mut self, millis: u64) {
        self.flow.advance(Duration::from_millis(millis));
        self.model.now = self.flow.fixture.now();
        keep_registered(&self.flow, &self.clients);
    }

    /// The records of the whole life are one chain.
    pub(super) fn verify_chain(&self) {
        let verified = verify(&*self.ports.database, &self.ports.cell, None, &mut |_| {}).unwrap();
        assert_eq!(verified.records, self.read);
    }

    fn principal(&self, name: &str) -> Principal {
        let identity = Identity::Person(person(name));
        admit(Evidence::Assertion(VerifiedAssertion::for_test(identity, self.model.asserted)))
    }

    /// The client whose token it is, or another one.
    fn presenter(&self, owner: usize, by_owner: bool) -> (usize, ClientId) {
        let client = if by_owner { owner } else { (owner + 1) % CLIENTS };
        (client, self.clients[client].clone())
    }

    fn asked(&self, client: usize) -> AuthorizationRequest {
        let mut query = Flow::query(&self.clients[client]);
        query.retain(|(name, _)| *name != "redirect_uri");
        query.push(("redirect_uri", redirect_of(client).to_owned()));
        self.flow.authorize(&query).unwrap()
    }

    fn begin(&mut self, client: usize, browser: usize) {
        let (principal, asked) = (self.principal("alex"), self.asked(client));
        let fields = self.flow.transactions.begin_consent(&principal, &self.browsers[browser], &asked);
        self.forms.push((browser, fields.unwrap()));
        self.model.begin(client);
    }

    fn answer(&mut self, form: usize, by: By, answer: Answer) {
        let (shown_in, fields) = self.forms[form].clone();
        let (name, used) = match by {
            By::OtherBrowser => ("alex", (shown_in + 1) % BROWSERS),
            By::OtherPerson => ("blair", shown_in),
            By::ForeignForm | By::Themselves => ("alex", shown_in),
        };
        let csrf = if by == By::ForeignForm { "A".repeat(43) } else { fields.csrf };
        let remembers =
            matches!(answer, Answer::Allow { remember: true } | Answer::SignInFirst { remember: true });
        let wish = if remembers { "yes" } else { "no" };
        let pairs =
            [(TRANSACTION_FIELD, fields.transaction), (CSRF_FIELD, csrf), (REMEMBER_FIELD, wish.to_owned())];
        let posted = Form::parse(encode(&pairs).as_bytes()).unwrap();
        let headers = browser(&self.browsers[used].set_cookie().unwrap());
        let principal = self.principal(name);
        let got = match self.flow.transactions.open_consent(&principal, &headers, &posted) {
            Err(refusal) => Outcome::Refused(refusal.code()),
            Ok(consent) => {
                assert_eq!(consent.client(), &self.clients[self.model.client_of_form(form)]);
                let (request, consent) = (self.flow.fixture.request(), consent.remembered_as_asked(&posted));
                match answer {
                    Answer::Allow { .. } => {
                        let issued = self.store.consent(request, &principal, consent);
                        self.keep_code(issued)
                    }
                    Answer::Deny => {
                        self.store.deny(request, consent).map_or_else(refused, |_| Outcome::Quiet)
                    }
                    Answer::SignInFirst { .. } => match self.store.consent_before_sign_in(request, consent) {
                        Err(refusal) => refused(refusal),
                        Ok(waiting) => {
                            self.waiting.push(waiting);
                            Outcome::Waiting(self.waiting.len() - 1)
                        }
                    },
                }
            }
        };
        assert_eq!(got, self.model.answer(form, by, answer));
    }

    fn complete(&mut self, waiting: usize) {
        let Some(expected) = self.model.complete(waiting) else { return };
        let (request, principal) = (self.flow.fixture.request(), self.principal("alex"));
        let issued = self.store.complete(request, &principal, &self.waiting[waiting]);
        assert_eq!(self.keep_code(issued), expected);
    }

    fn ask_again(&mut self) {
        let (request, principal) = (self.flow.fixture.request(), self.principal("alex"));
        let asked = self.asked(DOCUMENT_CLIENT);
        let got = match self.store.consent_remembered(request, &principal, &asked) {
            Ok(None) => Outcome::AskFirst,
            Ok(Some(issued)) => self.keep_code(Ok(issued)),
            Err(refusal) => refused(refusal),
        };
        assert_eq!(got, self.model.ask_again());
    }

    fn keep_code(&mut self, issued: Result<IssuedCode, GrantRefusal>) -> Outcome {
        match issued {
            Err(refusal) => refused(refusal),
            Ok(issued) => {
                let code = Secret::new(parameter(issued.location(), "code").unwrap());
                assert!(self.grants.iter().all(|(_, known)| known.expose() != code.expose()));
                self.grants.push((issued.grant(), code));
                Outcome::Code(self.grants.len() - 1)
            }
        }
    }

    fn redeem(&mut self, grant: usize, by_owner: bool, check: Check) {
        let owner = self.model.client_of_grant(grant);
        let (client, id) = self.presenter(owner, by_owner);
        let code = &self.grants[grant].1;
        let code = if check == Check::Forged { forged(code) } else { code.clone() };
        let elsewhere = format!("{}/other", redirect_of(owner));
        let redirect = if check == Check::Redirect { &elsewhere } else { redirect_of(owner) };
        let wrong = "x".repeat(43);
        let verifier = if check == Check::Verifier { &wrong } else { VERIFIER };
        let redemption = redemption_with(code.expose(), redirect, verifier);
        let got = self.store.redeem_code(self.flow.fixture.request(), &id, &redemption);
        let got = self.keep_tokens(got);
        assert_eq!(got, self.model.redeem(grant, client, check));
    }

    fn refresh(&mut self, pair: usize, by_owner: bool, asked: Asked) {
        let owner = self.model.client_of_grant(self.model.grant_of_pair(pair));
        let (client, id) = self.presenter(owner, by_owner);
        let token = self.pairs[pair].refresh_token();
        let token = if asked == Asked::Forged { forged(token) } else { token.clone() };
        let scope = match asked {
            Asked::Everything | Asked::Forged => None,
            Asked::Less => Some("Mail.Read"),
            Asked::More => Some("Mail.Read User.Read"),
        };
        let got = self.store.refresh(self.flow.fixture.request(), &id, &refresh_request(&token, scope));
        let got = self.keep_tokens(got);
        assert_eq!(got, self.model.refresh(pair, client, asked));
    }

    /// An answer that was given before is told by its tokens, both of them.
    fn keep_tokens(&mut self, answer: Result<TokenResponse, GrantRefusal>) -> Outcome {
        let issued = match answer {
            Err(refusal) => return refused(refusal),
            Ok(issued) => issued,
        };
        let words = |pair: &TokenResponse| {
            (pair.access_token().expose().clone(), pair.refresh_token().expose().clone())
        };
        if let Some(known) = self.pairs.iter().position(|pair| words(pair) == words(&issued)) {
            return Outcome::Repeated(known);
        }
        self.pairs.push(issued);
        Outcome::Tokens(self.pairs.len() - 1)
    }

    fn revoke(&mut self, kind: Kind, index: usize, by_owner: bool) {
        let grant = if kind == Kind::Code { index } else { self.model.grant_of_pair(index) };
        let (client, id) = self.presenter(self.model.client_of_grant(grant), by_owner);
        let token = match kind {
            Kind::Access => self.pairs[index].access_token(),
            Kind::Code => &self.grants[index].1,
            Kind::Refresh => self.pairs[index].refresh_token(),
        };
        self.store.revoke(self.flow.fixture.request(), &id, token).unwrap();
        self.model.revoke(kind, index, client);
    }

    fn end(&mut self, end: End) {
        let request = self.flow.fixture.request();
        let by_operator = |client: Option<&ClientId>| {
            self.ports
                .transition(|sql| self.store.end_every(sql, request, client, Ending::ByOperator))
                .unwrap()
        };
        let ended = match end {
            End::One(grant) => grant
                .of(self.grants.len())
                .map_or(0, |grant| u64::from(self.store.end(request, self.grants[grant].0).unwrap())),
            End::All => self.store.end_all(request).unwrap(),
            End::Kill => by_operator(None),
            End::Client(client) => by_operator(Some(&self.clients[client])),
        };
        assert_eq!(Outcome::Ended(ended), self.model.end_by(end));
    }

    /// Every step wrote the records that the model expects of it, and no other.
    fn compare_records(&mut self) {
        let entries = records_after(&*self.ports.database, self.read, 1000).unwrap();
        self.read += entries.len() as u64;
        let mut written: Vec<(String, String)> = entries
            .iter()
            .map(|entry| {
                let record: Value = serde_json::from_str(&entry.record).unwrap();
                let word = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
                (word("kind"), word("code"))
            })
            .collect();
        written.sort_unstable();
        let mut expected: Vec<(String, String)> =
            self.model.records.drain(..).map(|(kind, code)| (kind.to_owned(), code.to_owned())).collect();
        expected.sort_unstable();
        assert_eq!(written, expected);
    }

    fn compare_tokens(&self) {
        for (pair, (works, narrow)) in self.pairs.iter().zip(self.model.access()) {
            let live = self.store.authenticate(pair.access_token(), AUDIENCE);
            assert_eq!(live.is_ok(), works, "{live:?}");
            if let Ok(live) = live {
                let wanted = if narrow { "Mail.Read" } else { "Mail.Read Mail.Send" };
                assert_eq!(live.scopes().to_string(), wanted);
            }
        }
        let listed: BTreeSet<GrantId> =
            self.store.grants().unwrap().into_iter().map(|summary| summary.grant).collect();
        let expected: BTreeSet<GrantId> = self.model.live().map(|grant| self.grants[grant].0).collect();
        assert_eq!(listed, expected, "the person sees the grants that are alive");
    }

    fn check_tables(&self) {
        let count = |query: &str| self.flow.fixture.database.integer(query);
        let left = count(
            "SELECT COUNT(*) FROM auth_token t JOIN auth_grant g ON g.id = t.grant_id WHERE g.phase = 'ended'",
        );
        assert_eq!(left, 0, "an ended grant has tokens");
        let now = self.model.now.as_millis();
        let remembered = count(&format!("SELECT COUNT(*) FROM auth_remembered WHERE expires > {now}"));
        assert_eq!(usize::try_from(remembered), Ok(self.model.remembered()), "consents are remembered");
        let most = count(
            "SELECT COALESCE(MAX(current), 0) FROM (SELECT COUNT(*) AS current FROM auth_token
             WHERE kind = 'refresh' AND superseded_at IS NULL GROUP BY grant_id)",
        );
        assert!(most <= 1, "a grant has {most} refresh tokens that were not replaced");
    }
}

fn refused(refusal: GrantRefusal) -> Outcome {
    Outcome::Refused(refusal.code())
}

fn redirect_of(client: usize) -> &'static str {
    if client == DOCUMENT_CLIENT { HTTPS_REDIRECT } else { REDIRECT }
}

/// A guessed secret behind the real handle.
fn forged(token: &Secret<String>) -> Secret<String> {
    let (handle, _) = token.expose().rsplit_once('.').unwrap();
    Secret::new(format!("{handle}.{}", "A".repeat(43)))
}

fn publish_document(flow: &Flow) {
    let document = json!({"client_id": DOCUMENT, "client_name": "Tool", "redirect_uris": [HTTPS_REDIRECT]});
    flow.fixture.outbound.answer(move |_| {
        let body = Bytes::from(document.to_string());
        Ok(http::Response::builder().header(CONTENT_TYPE, "application/json").body(body).unwrap())
    });
}

fn clients(flow: &Flow) -> [ClientId; CLIENTS] {
    let clients = [flow.register(), flow.register(), ClientId::parse(DOCUMENT).unwrap()];
    keep_registered(flow, &clients);
    clients
}

/// Registrations do not end here: this is about what comes of them.
fn keep_registered(flow: &Flow, clients: &[ClientId]) {
    for client in clients {
        block_on(flow.clients.keep(client)).unwrap();
    }
}

/// The cell of the fixture with the journal that ships.
fn with_journal(flow: &Flow) -> CellPorts {
    let ports = flow.fixture.cell_ports();
    flow.fixture.database.create(schema());
    let digests = flow.fixture.keys.mac(Purpose::JournalDigest);
    let provenance = Provenance { policy: Arc::new(|| "-".into()), build: "model".into() };
    let database = Arc::clone(&ports.database) as Arc<dyn Database>;
    let journal = Journal::open(database, ports.cell.clone(), digests, provenance);
    CellPorts { audit: Arc::new(journal) as Arc<dyn AuditLog>, ..ports }
}
