//! An authorization from registration to tokens, as a client and a browser would drive it.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use m365_types::{ClientId, Principal, Scope, ScopeSet, Secret};
use serde_json::json;
use url::Url;

use super::{AUDIENCE, Fixture, PUBLIC_URL, WELCOMES, block_on, client_rules};
use crate::oauth::authorize::{self, AuthorizationRequest, AuthorizeRefusal};
use crate::oauth::client::Clients;
use crate::oauth::form::Form;
use crate::oauth::metadata::ServerMetadata;
use crate::oauth::store::{GrantRefusal, GrantStore, Lifetimes};
use crate::oauth::token::{Redemption, RefreshRequest, TokenRequest, TokenResponse};
use crate::oauth::transaction::{CSRF_FIELD, Consent, ConsentFields, TRANSACTION_FIELD, Transactions};

pub(crate) const REDIRECT: &str = "http://localhost/callback";
pub(crate) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
pub(crate) const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

pub(crate) struct Flow {
    pub(crate) fixture: Fixture,
    pub(crate) clients: Clients,
    pub(crate) server: ServerMetadata,
    pub(crate) transactions: Transactions,
    pub(crate) store: Arc<GrantStore>,
}

impl Flow {
    pub(crate) fn new() -> Self {
        Self::with(Lifetimes::default())
    }

    pub(crate) fn with(lives: Lifetimes) -> Self {
        let fixture = Fixture::new();
        let scopes: ScopeSet = [Scope::MailRead, Scope::MailSend, Scope::UserRead].into_iter().collect();
        let asked = scopes.clone();
        Self {
            clients: Clients::new(fixture.client_ports(), client_rules()),
            server: ServerMetadata { public_url: PUBLIC_URL.into(), asked, scopes, welcomes: WELCOMES },
            transactions: Transactions::new(
                &fixture.keys,
                PUBLIC_URL.into(),
                fixture.clock(),
                fixture.entropy(),
            ),
            store: Arc::new(GrantStore::new(fixture.cell_ports(), &fixture.keys, PUBLIC_URL.into(), lives)),
            fixture,
        }
    }

    pub(crate) fn register(&self) -> ClientId {
        let metadata = json!({
            "redirect_uris": [REDIRECT, "http://127.0.0.1/callback"], "token_endpoint_auth_method": "none",
            "client_name": "Tool"
        });
        block_on(self.clients.register(self.fixture.request(), "/register", metadata.to_string().as_bytes()))
            .unwrap()
            .client()
            .id()
            .clone()
    }

    pub(crate) fn query(client: &ClientId) -> Vec<(&'static str, String)> {
        vec![
            ("client_id", client.to_string()),
            ("redirect_uri", REDIRECT.into()),
            ("response_type", "code".into()),
            ("state", "s t&a=te".into()),
            ("code_challenge", CHALLENGE.into()),
            ("code_challenge_method", "S256".into()),
            ("resource", AUDIENCE.into()),
            ("scope", "Mail.Read Mail.Send".into()),
        ]
    }

    pub(crate) fn authorize(
        &self,
        query: &[(&'static str, String)],
    ) -> Result<AuthorizationRequest, AuthorizeRefusal> {
        block_on(authorize::check(&encode(query), &self.clients, &self.server))
    }

    pub(crate) fn begin(&self, principal: &Principal, client: &ClientId) -> (HeaderMap, ConsentFields) {
        let request = self.authorize(&Self::query(client)).unwrap();
        let cookie = self.transactions.cookie(&HeaderMap::new());
        let fields = self.transactions.begin_consent(principal, &cookie, &request).unwrap();
        (browser(&cookie.set_cookie().unwrap()), fields)
    }

    pub(crate) fn consent(&self, principal: &Principal, client: &ClientId) -> Consent {
        let (headers, fields) = self.begin(principal, client);
        self.transactions.open_consent(principal, &headers, &posted(&fields)).unwrap()
    }

    /// The code of a fresh consent of Alex.
    pub(crate) fn code(&self, client: &ClientId) -> String {
        let principal = self.fixture.principal("alex");
        let consent = self.consent(&principal, client);
        let issued = self.store.consent(self.fixture.request(), &principal, consent).unwrap();
        parameter(issued.location(), "code").unwrap()
    }

    pub(crate) fn redeem(&self, client: &ClientId, code: &str) -> Result<TokenResponse, GrantRefusal> {
        self.store.redeem_code(self.fixture.request(), client, &redemption(code))
    }

    pub(crate) fn tokens(&self, client: &ClientId) -> TokenResponse {
        self.redeem(client, &self.code(client)).unwrap()
    }

    pub(crate) fn refresh(
        &self,
        client: &ClientId,
        token: &Secret<String>,
    ) -> Result<TokenResponse, GrantRefusal> {
        self.store.refresh(self.fixture.request(), client, &refresh_request(token, None))
    }

    pub(crate) fn is_live(&self, token: &Secret<String>) -> bool {
        self.store.authenticate(token, AUDIENCE).is_ok()
    }

    pub(crate) fn advance(&self, by: Duration) {
        self.fixture.advance(by);
    }
}

pub(crate) fn encode(query: &[(&'static str, String)]) -> String {
    let mut serializer = url::form_urlencoded::Serializer::new(String::new());
    serializer.extend_pairs(query);
    serializer.finish()
}

/// What a browser sends back for a `Set-Cookie`.
pub(crate) fn browser(set_cookie: &str) -> HeaderMap {
    let pair = set_cookie.split(';').next().unwrap();
    HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(&format!("a=b; {pair}; c=d")).unwrap())])
}

pub(crate) fn posted(fields: &ConsentFields) -> Form {
    let pairs = [(TRANSACTION_FIELD, fields.transaction.clone()), (CSRF_FIELD, fields.csrf.clone())];
    Form::parse(encode(&pairs).as_bytes()).unwrap()
}

pub(crate) fn parameter(location: &str, name: &str) -> Option<String> {
    Url::parse(location)
        .unwrap()
        .query_pairs()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn token_request(pairs: &[(&'static str, String)]) -> TokenRequest {
    let server = ServerMetadata {
        public_url: PUBLIC_URL.into(),
        scopes: ScopeSet::default(),
        asked: ScopeSet::default(),
        welcomes: WELCOMES,
    };
    TokenRequest::parse(&Form::parse(encode(pairs).as_bytes()).unwrap(), &server).unwrap()
}

pub(crate) fn redemption(code: &str) -> Redemption {
    redemption_with(code, REDIRECT, VERIFIER)
}

pub(crate) fn redemption_with(code: &str, redirect_uri: &str, verifier: &str) -> Redemption {
    let request = token_request(&[
        ("grant_type", "authorization_code".into()),
        ("code", code.into()),
        ("redirect_uri", redirect_uri.into()),
        ("code_verifier", verifier.into()),
        ("resource", AUDIENCE.into()),
    ]);
    let TokenRequest::Code(redemption) = request else { panic!("a code request") };
    redemption
}

pub(crate) fn refresh_request(token: &Secret<String>, scope: Option<&str>) -> RefreshRequest {
    let mut pairs =
        vec![("grant_type", "refresh_token".to_owned()), ("refresh_token", token.expose().clone())];
    pairs.extend(scope.map(|scope| ("scope", scope.to_owned())));
    let TokenRequest::Refresh(refresh) = token_request(&pairs) else { panic!("a refresh request") };
    refresh
}
