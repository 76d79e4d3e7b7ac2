//! A thin HTTP client: every status is an answer, no redirect is followed, no connection is kept.
//!
//! Invariant: an answer renders with the request that caused it, so that a failed expectation explains itself.

use std::fmt;
use std::sync::LazyLock;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;
use ureq::http::{Request as HttpRequest, Uri};
use url::{Position, Url};

/// Longest answer the suite reads, in bytes.
const MAX_ANSWER_BYTES: u64 = 32 * 1024 * 1024;
/// How much of a body an error shows, in characters.
const SHOWN_CHARS: usize = 1500;
/// Marks of internals that no answer may carry.
const INTERNALS: [&str; 7] = [
    "panicked at",
    "stack backtrace",
    "RUST_BACKTRACE",
    "called `Result::unwrap",
    ".rs:",
    "SqliteFailure",
    "/.cargo/",
];

static AGENT: LazyLock<ureq::Agent> = LazyLock::new(|| {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .max_idle_connections(0)
        .allow_non_standard_methods(true)
        .proxy(None)
        .user_agent("m365-contract")
        .timeout_global(Some(Duration::from_secs(90)))
        .build()
        .new_agent()
});

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<Vec<u8>>,
}

/// An answer, and what was asked.
#[derive(Clone)]
pub struct Answer {
    asked: String,
    /// HTTP status.
    pub status: u16,
    headers: Vec<(String, String)>,
    /// Body bytes.
    pub body: Vec<u8>,
}

impl Request {
    /// A request with this method.
    #[must_use]
    pub fn new(method: &str, url: impl AsRef<str>) -> Self {
        Self { method: method.to_owned(), url: url.as_ref().to_owned(), headers: Vec::new(), body: None }
    }

    /// GET
    #[must_use]
    pub fn get(url: impl AsRef<str>) -> Self {
        Self::new("GET", url)
    }

    /// POST
    #[must_use]
    pub fn post(url: impl AsRef<str>) -> Self {
        Self::new("POST", url)
    }

    /// Adds a header; a repeated name is sent twice.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Adds several headers.
    #[must_use]
    pub fn headers(mut self, headers: &[(String, String)]) -> Self {
        self.headers.extend_from_slice(headers);
        self
    }

    /// Adds the bearer token (RFC 6750 section 2.1).
    #[must_use]
    pub fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// Sets the body.
    #[must_use]
    pub fn body(mut self, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = Some(body.into());
        self.header("content-type", content_type)
    }

    /// Sets a body whose type is among the headers already.
    #[must_use]
    pub fn bytes(mut self, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// Sets a form body; names may repeat.
    #[must_use]
    pub fn form(self, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.body("application/x-www-form-urlencoded", body)
    }

    /// Where the request goes, and how HTTP/1.1 writes it there, for a connection of its own.
    ///
    /// # Errors
    /// Where the address is not a URL.
    pub fn on_the_wire(&self) -> Result<(Url, Vec<u8>)> {
        let url = Url::parse(&self.url).with_context(|| format!("not a URL: {self}"))?;
        let target = url[Position::BeforePath..Position::AfterQuery].to_owned();
        let first = format!("{} {target} HTTP/1.1\r\nhost: {}\r\n", self.method, url.authority());
        let body = self.body.as_deref().unwrap_or_default();
        let length = self.body.as_ref().map(|body| ("content-length".to_owned(), body.len().to_string()));
        let fields = self.headers.iter().chain(&length).map(|(name, value)| format!("{name}: {value}\r\n"));
        let head: String = std::iter::once(first).chain(fields).collect();
        Ok((url, [head.as_bytes(), b"\r\n", body].concat()))
    }

    /// Sends the request and reads the whole answer.
    ///
    /// # Errors
    /// Where there is no HTTP answer at all.
    pub fn send(self) -> Result<Answer> {
        let asked = self.to_string();
        let uri: Uri = self.url.parse().with_context(|| format!("not a URL: {asked}"))?;
        let mut request = HttpRequest::builder().method(self.method.as_str()).uri(uri);
        for (name, value) in &self.headers {
            request = request.header(name.as_str(), value.as_str());
        }
        let answer = match self.body {
            Some(body) => AGENT.run(request.body(body)?),
            None => AGENT.run(request.body(())?),
        };
        let mut answer = answer.with_context(|| format!("no answer to {asked}"))?;
        let body = answer.body_mut().with_config().limit(MAX_ANSWER_BYTES).read_to_vec();
        Ok(Answer {
            status: answer.status().as_u16(),
            headers: answer
                .headers()
                .iter()
                .map(|(name, value)| {
                    (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
                })
                .collect(),
            body: body.with_context(|| format!("the answer to {asked} broke off"))?,
            asked,
        })
    }
}

impl Answer {
    /// An answer that came another way.
    #[must_use]
    pub fn new(asked: String, status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        Self { asked, status, headers, body }
    }

    /// The first header of this name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).into_iter().next()
    }

    /// Every header of this name.
    #[must_use]
    pub fn headers(&self, name: &str) -> Vec<&str> {
        self.headers
            .iter()
            .filter(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// Every header, names in lower case.
    #[must_use]
    pub fn all_headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// Where it is not JSON.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| format!("the body is not JSON: {self}"))
    }

    /// The redirect target, resolved against the URL that was asked.
    ///
    /// # Errors
    /// Where there is none or it is not a URL.
    pub fn location(&self) -> Result<Url> {
        let target = self.header("location").with_context(|| format!("no Location: {self}"))?;
        let asked = self.asked.split(' ').nth(1).unwrap_or_default();
        Url::parse(asked)?.join(target).with_context(|| format!("Location is not a URL: {self}"))
    }

    /// Expects one of these statuses, and nothing internal in the body.
    ///
    /// # Errors
    /// Where it is another.
    pub fn expect(&self, allowed: &[u16]) -> Result<&Self> {
        ensure!(allowed.contains(&self.status), "expected status {allowed:?}: {self}");
        let text = self.text();
        if let Some(mark) = INTERNALS.iter().find(|mark| text.contains(**mark)) {
            ensure!(self.status < 400, "the answer shows internals ({mark}): {self}");
        }
        Ok(self)
    }

    /// Expects an OAuth error answer (RFC 6749 section 5.2): one of the statuses, one of the codes, JSON, never stored.
    ///
    /// # Errors
    /// Where it is anything else.
    pub fn expect_oauth_error(&self, statuses: &[u16], codes: &[&str]) -> Result<&Self> {
        self.expect(statuses)?.expect_not_stored()?;
        let body = self.json()?;
        let code = body.get("error").and_then(Value::as_str).unwrap_or_default();
        ensure!(codes.contains(&code), "expected error {codes:?}: {self}");
        ensure!(body.get("access_token").is_none(), "an error carries a token: {self}");
        Ok(self)
    }

    /// Expects that no cache may keep the answer.
    ///
    /// # Errors
    /// Where `Cache-Control` does not say `no-store`.
    pub fn expect_not_stored(&self) -> Result<&Self> {
        let control = self.headers("cache-control").join(", ");
        ensure!(control.contains("no-store"), "Cache-Control is not no-store: {self}");
        Ok(self)
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.url)?;
        if let Some(body) = &self.body {
            write!(f, " {}", shorten(&String::from_utf8_lossy(body), SHOWN_CHARS))?;
        }
        Ok(())
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n-> {}", self.asked, self.status)?;
        for (name, value) in &self.headers {
            writeln!(f, "   {name}: {value}")?;
        }
        f.write_str(&shorten(&self.text(), SHOWN_CHARS))
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn shorten(text: &str, chars: usize) -> String {
    match text.char_indices().nth(chars) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
