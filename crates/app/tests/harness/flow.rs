//! From registration to tokens, as a client and a browser drive it.

use axum::body::Body;
use http::header::{CONTENT_TYPE, COOKIE, HOST, LOCATION, SET_COOKIE};
use http::{Request, request};
use serde_json::{Value, json};
use url::Url;
use url::form_urlencoded::Serializer;

use super::people::Person;
use super::site::{Answer, Site};

pub(crate) const ASSERTION: &str = "cf-access-jwt-assertion";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";
const REDIRECT: &str = "http://127.0.0.1:33418/callback";
/// RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A registered public client.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    pub(crate) id: String,
    /// Path of the resource it wants tokens for.
    resource: &'static str,
}

impl Client {
    /// The same client, where it wants tokens for `/sse`.
    pub(crate) fn streaming(self) -> Self {
        Self { resource: "/sse", ..self }
    }
}

/// Tokens of a grant.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
}

/// Metadata of a public client with a loopback redirect.
pub(crate) fn client_metadata() -> Value {
    json!({ "client_name": "Probe", "redirect_uris": [REDIRECT], "token_endpoint_auth_method": "none" })
}

pub(crate) fn encode(fields: &[(&str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(fields).finish()
}

/// Path and query of the question that an answer asks.
pub(crate) fn question(answer: &Answer) -> String {
    let link = answer.text().split("/approve?a=").nth(1).unwrap_or_else(|| panic!("{}", answer.text()));
    let sealed: String =
        link.chars().take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).collect();
    format!("/approve?a={sealed}")
}

impl Site {
    /// A request to this host.
    pub(crate) fn request(&self, method: &str, target: &str) -> request::Builder {
        Request::builder().method(method).uri(target).header(HOST, &self.host)
    }

    pub(crate) fn post(&self, path: &str, fields: &[(&str, &str)]) -> Request<Body> {
        self.request("POST", path).header(CONTENT_TYPE, FORM).body(encode(fields).into()).unwrap()
    }

    pub(crate) fn register(&self) -> Client {
        let request = self.request("POST", "/register").header(CONTENT_TYPE, "application/json");
        let answer = self.ask(request.body(client_metadata().to_string().into()).unwrap());
        assert_eq!(answer.status, 201, "{answer:?}");
        Client { id: answer.json()["client_id"].as_str().unwrap().to_owned(), resource: "/mcp" }
    }

    /// The person's answer to the client's request for these scopes.
    pub(crate) fn answer_consent(&self, person: &Person, client: &Client, scope: &str, deny: bool) -> Visit {
        let page = self.open_consent(person, client, scope);
        let answer = self.send_consent(&page, deny);
        Visit { location: location(&answer), cookie: page.cookie, assertion: page.assertion }
    }

    /// The page that asks the person.
    pub(crate) fn open_consent(&self, person: &Person, client: &Client, scope: &str) -> ConsentPage {
        let resource = format!("https://{}{}", self.host, client.resource);
        let query = encode(&[
            ("response_type", "code"),
            ("client_id", &client.id),
            ("redirect_uri", REDIRECT),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
            ("state", "state"),
            ("scope", scope),
            ("resource", &resource),
        ]);
        let assertion = person.assertion_with(self.now(), &self.asserted_also());
        let request = self.request("GET", &format!("/authorize?{query}")).header(ASSERTION, &assertion);
        let page = self.ask(request.body(Body::empty()).unwrap());
        assert_eq!(page.status, 200, "{page:?}");
        let (transaction, csrf) = (field(&page, "transaction"), field(&page, "csrf"));
        ConsentPage { transaction, csrf, cookie: cookie(&page), assertion }
    }

    /// What the server says to the form of that page.
    pub(crate) fn send_consent(&self, page: &ConsentPage, deny: bool) -> Answer {
        let choice = if deny { ("deny", "yes") } else { ("decision", "approve") };
        let mut request =
            self.post("/consent", &[("transaction", &page.transaction), ("csrf", &page.csrf), choice]);
        request.headers_mut().insert(ASSERTION, page.assertion.parse().unwrap());
        request.headers_mut().insert(COOKIE, page.cookie.parse().unwrap());
        self.ask(request)
    }

    /// The sign-in at Microsoft, for a browser that was sent there, and the return with what Microsoft said.
    pub(crate) fn return_from_microsoft(&self, person: &Person, visit: Visit, error: Option<&str>) -> Visit {
        let answer = self.come_back(person, &visit, error);
        if error.is_some() {
            return visit;
        }
        Visit { location: location(&answer), ..visit }
    }

    /// What the server says to that return.
    pub(crate) fn come_back(&self, person: &Person, visit: &Visit, error: Option<&str>) -> Answer {
        let code = format!("{}~{}", person.name, parameter(&visit.location, "nonce").unwrap());
        let state = parameter(&visit.location, "state").unwrap();
        let said = error.map_or(("code", code.as_str()), |error| ("error", error));
        let target = format!("/callback?{}", encode(&[said, ("state", &state)]));
        let request = self.request("GET", &target).header(ASSERTION, &visit.assertion);
        self.ask(request.header(COOKIE, &visit.cookie).body(Body::empty()).unwrap())
    }

    /// The person links Microsoft without a client.
    pub(crate) fn connect(&self, person: &Person) {
        let assertion = person.assertion(self.now());
        let request = self.request("GET", "/connect").header(ASSERTION, &assertion);
        let sent = self.ask(request.body(Body::empty()).unwrap());
        let visit = Visit { location: location(&sent), cookie: cookie(&sent), assertion };
        assert_eq!(self.come_back(person, &visit, None).status, 303);
    }

    /// The page that shows the person what is connected.
    pub(crate) fn looks_at_me(&self, person: &Person) -> Answer {
        let request = self.request("GET", "/me").header(ASSERTION, person.assertion(self.now()));
        self.ask(request.body(Body::empty()).unwrap())
    }

    /// The person sends a form of that page, with the first value it has for each of these fields.
    pub(crate) fn send_own_form(&self, person: &Person, path: &str, fields: &[&str]) {
        let page = self.looks_at_me(person);
        let values: Vec<(&str, String)> =
            ["transaction"].iter().chain(fields).map(|name| (*name, field(&page, name))).collect();
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut request = self.post(path, &values);
        request.headers_mut().insert(ASSERTION, person.assertion(self.now()).parse().unwrap());
        request.headers_mut().insert(COOKIE, cookie(&page).parse().unwrap());
        let answer = self.ask(request);
        assert_eq!(answer.status, 303, "{path}: {}", answer.text());
    }

    /// Looks at a question, by path and query.
    pub(crate) fn look_at_question(&self, assertion: &str, question: &str) -> Answer {
        self.ask(self.request("GET", question).header(ASSERTION, assertion).body(Body::empty()).unwrap())
    }

    /// Looks at a question, and answers it.
    pub(crate) fn answer_question(&self, assertion: &str, question: &str, decision: &str) -> Answer {
        let page = self.look_at_question(assertion, question);
        self.answer_page(assertion, &page, question, decision)
    }

    /// Answers a question on a page that was opened before.
    pub(crate) fn answer_page(
        &self,
        assertion: &str,
        page: &Answer,
        question: &str,
        decision: &str,
    ) -> Answer {
        let (transaction, digest) = (field(page, "transaction"), field(page, "digest"));
        let fields =
            [("transaction", transaction.as_str()), ("digest", digest.as_str()), ("decision", decision)];
        let mut request = self.post(&question.replace("/approve?", "/approve/answer?"), &fields);
        request.headers_mut().insert(ASSERTION, assertion.parse().unwrap());
        request.headers_mut().insert(COOKIE, cookie(page).parse().unwrap());
        self.ask(request)
    }

    /// The code of a grant of these scopes.
    pub(crate) fn code(&self, person: &Person, client: &Client, scope: &str) -> String {
        let mut visit = self.answer_consent(person, client, scope, false);
        if !visit.location.as_str().starts_with(REDIRECT) {
            visit = self.return_from_microsoft(person, visit, None);
        }
        parameter(&visit.location, "code").unwrap()
    }

    /// Presents a code.
    pub(crate) fn redeem(&self, client: &Client, code: &str) -> Answer {
        self.ask(self.post(
            "/token",
            &[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", REDIRECT),
                ("client_id", &client.id),
                ("code_verifier", VERIFIER),
            ],
        ))
    }

    /// Presents a refresh token.
    pub(crate) fn refresh(&self, client: &Client, token: &str) -> Answer {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token), ("client_id", &client.id)];
        self.ask(self.post("/token", &fields))
    }

    /// A grant of these scopes.
    pub(crate) fn grant(&self, person: &Person, client: &Client, scope: &str) -> Tokens {
        let answer = self.redeem(client, &self.code(person, client, scope));
        assert_eq!(answer.status, 200, "{answer:?}");
        let text = |name: &str| answer.json()[name].as_str().unwrap().to_owned();
        Tokens { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// The page that asks for consent, in the browser that loaded it.
pub(crate) struct ConsentPage {
    transaction: String,
    csrf: String,
    cookie: String,
    assertion: String,
}

/// A browser between two pages.
pub(crate) struct Visit {
    location: Url,
    cookie: String,
    assertion: String,
}

/// The first value of a hidden field.
fn field(page: &Answer, name: &str) -> String {
    let (_, after) = page.text().split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    after.split('"').next().unwrap().to_owned()
}

/// The cookie that an answer sets.
fn cookie(answer: &Answer) -> String {
    answer.header(SET_COOKIE.as_str()).unwrap().split(';').next().unwrap().to_owned()
}

fn location(answer: &Answer) -> Url {
    let header = answer.header(LOCATION.as_str());
    Url::parse(header.unwrap_or_else(|| panic!("no redirect: {} {}", answer.status, answer.text()))).unwrap()
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
}
