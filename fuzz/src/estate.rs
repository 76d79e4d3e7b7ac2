//! One deployment, one person, three clients.

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, header};
use m365_auth::context::Contexts;
use m365_auth::oauth::client::{ClientLives, ClientPorts, ClientRules, Clients, MetadataHosts};
use m365_auth::oauth::form::Form;
use m365_auth::oauth::handle::Handles;
use m365_auth::oauth::metadata::{ServerMetadata, Welcomes};
use m365_auth::oauth::redirect::{RedirectPolicy, WELL_KNOWN_REDIRECTS};
use m365_auth::oauth::transaction::{BrowserCookie, Transactions};
use m365_auth::perimeter::{ASSERTION_HEADER, AccessSettings, Evidence, Perimeter, VerifiedAssertion, admit};
use m365_ports::{Clock, Entropy, EntropyExt as _, Outbound};
use m365_seal::{CellKind, Key, KeyRing, Keys, cell_id};
use m365_types::{CellId, ClientId, Identity, Principal, RequestId, Scope, ScopeSet, UnixMillis};
use serde_json::{Value, json};

use crate::now;
use crate::ports::{CountingEntropy, FixedClock, MemoryRegistry, Publisher, WillingDirectory};
use crate::signing::SigningKey;

/// `PUBLIC_URL`
pub const PUBLIC_URL: &str = "https://mcp.contoso.example";
/// Issuer of assertions.
pub const TEAM: &str = "https://contoso.cloudflareaccess.com";
/// Audience of assertions.
pub const AUDIENCE: &str = "0123456789abcdef";
/// Host of metadata documents.
pub const DOCUMENT_HOST: &str = "client.example";
/// What every client of the estate registered.
pub const REDIRECTS: [&str; 3] = [
    "http://127.0.0.1/callback",
    "https://claude.ai/api/mcp/auth_callback",
    "https://chatgpt.com/connector/oauth/id-1",
];

/// A client of the estate.
pub struct RegisteredClient {
    /// How it authenticates, and its name in inputs.
    pub method: &'static str,
    /// Its id.
    pub id: String,
    /// Its secret, empty for the public one.
    pub secret: String,
}

const WELCOMES: Welcomes = Welcomes { registration: true, documents: true };

/// The deployment.
pub struct Estate {
    /// Its keys.
    pub keys: Keys,
    /// The moment it stands still at.
    pub now: UnixMillis,
    /// The simulated Access.
    pub access: SigningKey,
    /// Its gate.
    pub perimeter: Perimeter,
    /// Somebody whom the gate let in.
    pub assertion: VerifiedAssertion,
    /// The same as a principal.
    pub principal: Principal,
    /// The person's cell.
    pub cell: CellId,
    /// The three that are registered.
    pub registered: Vec<RegisteredClient>,
    /// Registers and finds clients.
    pub clients: Clients,
    client_ports: ClientPorts,
    /// What it says about itself.
    pub server: ServerMetadata,
    /// Its transactions.
    pub transactions: Transactions,
    /// Its contexts.
    pub contexts: Contexts,
    /// Its token handles.
    pub handles: Handles,
    /// The person's browser, as it sends its cookie.
    pub browser: HeaderMap,
    /// The `NAME=VALUE` of that cookie.
    pub cookie: String,
    documents: Arc<Publisher>,
    registry: Arc<MemoryRegistry>,
    entropy: Arc<CountingEntropy>,
}

impl Estate {
    /// The one of this process.
    pub fn get() -> &'static Self {
        static ESTATE: LazyLock<Estate> = LazyLock::new(Estate::new);
        &ESTATE
    }

    fn new() -> Self {
        let moment = UnixMillis::from_secs(1_795_000_000);
        let clock: Arc<dyn Clock> = Arc::new(FixedClock(moment));
        let counting = Arc::new(CountingEntropy::default());
        let entropy = Arc::clone(&counting) as Arc<dyn Entropy>;
        let access = SigningKey::new();
        let published = Publisher::default();
        published.publish(http::Response::new(access.key_set().into()));
        let outbound: Arc<dyn Outbound> = Arc::new(published);
        let settings = AccessSettings {
            issuer: TEAM.to_owned(),
            audience: AUDIENCE.to_owned(),
            keys_url: http::Uri::from_static("https://contoso.cloudflareaccess.com/cdn-cgi/access/certs"),
        };
        let perimeter = Perimeter::new(settings, outbound, Arc::clone(&clock));
        let assertion = signed_in(&perimeter, &access, moment);
        let principal = admit(Evidence::Assertion(assertion.clone()));
        let Identity::Person(person) = assertion.identity() else { unreachable!("signed in as a person") };
        let cell = cell_id(TEAM, CellKind::User, &person.subject);
        let keys = keys();
        let registry = Arc::new(MemoryRegistry::default());
        let documents = Arc::new(Publisher::default());
        let client_ports = ClientPorts {
            registry: Arc::clone(&registry) as _,
            directory: Arc::new(WillingDirectory),
            documents: Arc::clone(&documents) as _,
            clock: Arc::clone(&clock),
            entropy: Arc::clone(&entropy),
        };
        let clients = Clients::new(client_ports.clone(), rules());
        let methods = ["none", "client_secret_basic", "client_secret_post"];
        let registered = methods.map(|method| register(&clients, method)).into();
        let scopes: ScopeSet = [Scope::MailRead, Scope::MailSend, Scope::UserRead].into_iter().collect();
        let asked = scopes.clone();
        let transactions =
            Transactions::new(&keys, PUBLIC_URL.to_owned(), Arc::clone(&clock), Arc::clone(&entropy));
        let cookie = cookie_of(&transactions.cookie(&HeaderMap::new()));
        let sent = HeaderValue::from_str(&cookie).expect("a cookie is a header value");
        Self {
            now: moment,
            contexts: Contexts::new(&keys, clock, entropy),
            handles: Handles::new(&keys),
            server: ServerMetadata { public_url: PUBLIC_URL.to_owned(), scopes, asked, welcomes: WELCOMES },
            browser: HeaderMap::from_iter([(header::COOKIE, sent)]),
            entropy: counting,
            keys,
            access,
            perimeter,
            assertion,
            principal,
            cell,
            registered,
            clients,
            client_ports,
            documents,
            transactions,
            cookie,
            registry,
        }
    }

    /// A request id.
    pub fn request(&self) -> RequestId {
        RequestId::from_random(self.entropy.bytes())
    }

    /// The same clients as seen by a server that has fetched no document yet, where the host of documents answers with
    /// this one.
    pub fn clients_with(&self, document: http::Response<Bytes>) -> Clients {
        self.documents.publish(document);
        Clients::new(self.client_ports.clone(), rules())
    }

    /// How many clients are kept.
    pub fn kept_clients(&self) -> usize {
        self.registry.len()
    }

    /// Forgets a client, so that a long run does not fill the memory.
    pub fn forget(&self, id: &ClientId) {
        self.registry.forget(id);
    }

    /// Replaces `{METHOD.id}` and `{METHOD.secret}` by the ids and secrets of the registered clients.
    pub fn fill_in(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for client in &self.registered {
            filled = filled.replace(&format!("{{{}.id}}", client.method), &client.id);
            filled = filled.replace(&format!("{{{}.secret}}", client.method), &client.secret);
        }
        filled
    }

    /// The registered client of this id.
    pub fn client(&self, id: &ClientId) -> &RegisteredClient {
        self.registered.iter().find(|client| client.id == id.as_str()).expect("one of the three")
    }

    /// Replaces `{cookie}` by the cookie of the person's browser and `{other}` by that of another one.
    pub fn fill_in_cookies(&self, bytes: &[u8]) -> Vec<u8> {
        let other = cookie_of(&self.transactions.cookie(&HeaderMap::new()));
        let ours = replaced(bytes, b"{cookie}", self.cookie.as_bytes());
        replaced(&ours, b"{other}", other.as_bytes())
    }
}

fn signed_in(perimeter: &Perimeter, access: &SigningKey, moment: UnixMillis) -> VerifiedAssertion {
    let claims = json!({
        "type": "app", "iss": TEAM, "aud": [AUDIENCE], "sub": "alex", "email": "alex@contoso.example",
        "iat": moment.as_secs(), "nbf": moment.as_secs(), "exp": moment.as_secs() + 3600,
    });
    let token = access.sign_claims(&claims.to_string());
    let value = HeaderValue::from_str(&token).expect("a token is a header value");
    let headers = HeaderMap::from_iter([(http::HeaderName::from_static(ASSERTION_HEADER), value)]);
    now(perimeter.verify(&headers)).expect("a good assertion")
}

fn keys() -> Keys {
    let ring = |seed: u8| KeyRing {
        current: Key::from_bytes(std::array::from_fn(|at| seed ^ u8::try_from(at).expect("32 bytes"))),
        previous: None,
    };
    Keys { encryption: ring(1), cookie_encryption: ring(2), cookie: ring(3) }
}

fn rules() -> ClientRules {
    ClientRules {
        redirects: RedirectPolicy::parse(WELL_KNOWN_REDIRECTS).expect("the list of the product"),
        lives: ClientLives::default(),
        registration: true,
        metadata_hosts: MetadataHosts::new(&[DOCUMENT_HOST.to_owned()], &["mcp.contoso.example"]),
    }
}

fn register(clients: &Clients, method: &'static str) -> RegisteredClient {
    let metadata =
        json!({"redirect_uris": REDIRECTS, "token_endpoint_auth_method": method, "client_name": method});
    let request = RequestId::from_random([7; 16]);
    let answer = now(clients.register(request, "/register", metadata.to_string().as_bytes()));
    let registered = answer.expect("good metadata");
    let body: Value = serde_json::from_str(registered.body().expose()).expect("JSON");
    let secret = body.get("client_secret").and_then(Value::as_str).unwrap_or_default().to_owned();
    RegisteredClient { method, id: registered.client().id().to_string(), secret }
}

fn cookie_of(cookie: &BrowserCookie) -> String {
    let header = cookie.set_cookie().expect("a fresh cookie");
    header.split(';').next().expect("a pair").to_owned()
}

pub(crate) fn replaced(bytes: &[u8], word: &[u8], by: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some((first, more)) = rest.split_first() {
        if let Some(behind) = rest.strip_prefix(word) {
            result.extend_from_slice(by);
            rest = behind;
        } else {
            result.push(*first);
            rest = more;
        }
    }
    result
}

/// A form of these fields, as a browser posts it; none where they are more than a form takes.
pub fn form_of(fields: &[(&str, &str)]) -> Option<Form> {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    Form::parse(body.as_bytes()).ok()
}
