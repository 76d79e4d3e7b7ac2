//! A minimal browser: cookies, redirects followed by hand within a bound, forms sent as a person would send them.
//!
//! Cookies are kept per host without the port, as browsers do; `Secure` cookies work on loopback (a potentially
//! trustworthy origin); a `__Host-` cookie that breaks its rules (RFC 6265bis section 4.1.3) is an error of the site.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::json;
use url::Url;

use crate::control::{Assertion, Control};
use crate::html::{Button, Form, forms, visible_text};
use crate::http::{Answer, Request};

/// More hops than any honest flow has.
const MAX_HOPS: usize = 12;
/// More forms than any honest flow has.
const MAX_FORMS: usize = 6;

/// A browser of one person.
#[derive(Clone, Debug, Default)]
pub struct Browser {
    cookies: Vec<Cookie>,
    /// Redirects to a URL that starts so are returned instead of followed.
    stops: Vec<String>,
}

#[derive(Clone, Debug)]
struct Cookie {
    host: String,
    name: String,
    value: String,
    path: String,
}

/// Where following redirects ended.
#[derive(Debug)]
pub enum Landing {
    /// A page.
    Page(Page),
    /// A redirect to a place that was asked to stop at.
    Stop(Url),
}

/// A page that was loaded.
#[derive(Clone, Debug)]
pub struct Page {
    /// Its URL.
    pub url: Url,
    /// The answer it came with.
    pub answer: Answer,
}

impl Browser {
    /// A browser signed in to Access as this person.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn signed_in(control: &Control, site_host: &Url, email: &str) -> Result<Self> {
        let mut browser = Self::default();
        browser.sign_in(control, site_host, email)?;
        Ok(browser)
    }

    /// Signs in to Access, or again.
    ///
    /// # Errors
    /// Where the sandbox refuses.
    pub fn sign_in(&mut self, control: &Control, site_host: &Url, email: &str) -> Result<()> {
        self.sign_in_by(&control.assertion(&json!({ "email": email }))?, site_host)
    }

    /// Signs in to Access as this assertion says.
    ///
    /// # Errors
    /// Where the site has no host name.
    pub fn sign_in_by(&mut self, assertion: &Assertion, site_host: &Url) -> Result<()> {
        let cookie = &assertion.cookie;
        let (name, value) = cookie.split_once('=').context("the assertion comes with a cookie")?;
        let host = host_of(site_host)?;
        self.put(Cookie { host, name: name.to_owned(), value: value.to_owned(), path: "/".to_owned() });
        Ok(())
    }

    /// Returns redirects to URLs that start so instead of following them.
    pub fn stop_at(&mut self, prefix: &str) {
        self.stops.push(prefix.to_owned());
    }

    /// Follows every redirect again.
    pub fn stop_nowhere(&mut self) {
        self.stops.clear();
    }

    /// Names of the cookies kept.
    #[must_use]
    pub fn cookie_names(&self) -> Vec<&str> {
        self.cookies.iter().map(|cookie| cookie.name.as_str()).collect()
    }

    /// Removes every cookie whose name starts so.
    pub fn forget_cookies(&mut self, prefix: &str) {
        self.cookies.retain(|cookie| !cookie.name.starts_with(prefix));
    }

    /// Changes the value of every cookie whose name starts so.
    pub fn change_cookies(&mut self, prefix: &str, change: impl Fn(&str) -> String) {
        for cookie in self.cookies.iter_mut().filter(|cookie| cookie.name.starts_with(prefix)) {
            cookie.value = change(&cookie.value);
        }
    }

    /// Sends one request with the cookies that belong to it, and keeps those of the answer.
    ///
    /// # Errors
    /// Where there is no answer, or a cookie breaks its rules.
    pub fn send(&mut self, request: Request, url: &Url) -> Result<Answer> {
        let cookies = self.cookies_for(url)?;
        let request = if cookies.is_empty() { request } else { request.header("cookie", &cookies) };
        let answer = request.header("accept", "text/html,*/*;q=0.8").send()?;
        for cookie in answer.headers("set-cookie") {
            self.store(url, cookie).with_context(|| answer.to_string())?;
        }
        Ok(answer)
    }

    /// Opens a URL and follows redirects.
    ///
    /// # Errors
    /// As [`Browser::send`], and for too many redirects.
    pub fn open(&mut self, url: &Url) -> Result<Landing> {
        let answer = self.send(Request::get(url), url)?;
        self.follow(url.clone(), answer)
    }

    /// Opens a URL that must end at a page.
    ///
    /// # Errors
    /// As [`Browser::open`], and where it ends elsewhere.
    pub fn page(&mut self, url: &Url) -> Result<Page> {
        self.open(url)?.page()
    }

    /// Sends a form of the page with this button pressed, and follows redirects.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub fn submit(&mut self, page: &Page, form: &Form, button: Option<&Button>) -> Result<Landing> {
        self.submit_fields(page, form, &form.filled(button))
    }

    /// Sends these fields to the form's action, and follows redirects.
    ///
    /// # Errors
    /// As [`Browser::open`].
    pub fn submit_fields(
        &mut self,
        page: &Page,
        form: &Form,
        fields: &[(String, String)],
    ) -> Result<Landing> {
        let (request, url) = prepare(page, form, fields)?;
        let answer = self.send(request, &url)?;
        self.follow(url, answer)
    }

    /// Opens a URL and agrees to whatever is asked, until a redirect to a URL that starts so; returns that.
    ///
    /// # Errors
    /// As [`Browser::open`], and where it ends at a page without a form, or never.
    pub fn agree(&mut self, url: &Url, redirect: &str) -> Result<Url> {
        self.stop_at(redirect);
        let mut landing = self.open(url)?;
        for _ in 0..MAX_FORMS {
            let page = match landing {
                Landing::Stop(url) => return Ok(url),
                Landing::Page(page) => page,
            };
            page.answer.expect(&[200])?;
            let form = page.form()?;
            landing = self.submit(&page, &form, form.agree())?;
        }
        landing.stop()
    }

    fn follow(&mut self, mut url: Url, mut answer: Answer) -> Result<Landing> {
        for _ in 0..MAX_HOPS {
            if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
                return Ok(Landing::Page(Page { url, answer }));
            }
            let next = answer.location()?;
            if self.stops.iter().any(|stop| next.as_str().starts_with(stop)) {
                return Ok(Landing::Stop(next));
            }
            ensure!(!matches!(answer.status, 307 | 308), "a redirect that repeats the request: {answer}");
            answer = self.send(Request::get(&next), &next)?;
            url = next;
        }
        bail!("more than {MAX_HOPS} redirects, the last: {answer}")
    }

    fn cookies_for(&self, url: &Url) -> Result<String> {
        let host = host_of(url)?;
        let fits = |cookie: &&Cookie| cookie.host == host && path_fits(&cookie.path, url.path());
        let pairs: Vec<_> = self
            .cookies
            .iter()
            .filter(fits)
            .map(|cookie| format!("{}={}", cookie.name, cookie.value))
            .collect();
        Ok(pairs.join("; "))
    }

    fn store(&mut self, url: &Url, header: &str) -> Result<()> {
        let mut parts = header.split(';').map(str::trim);
        let (name, value) =
            parts.next().and_then(|pair| pair.split_once('=')).context("a cookie without a name")?;
        let attributes: Vec<(String, &str)> = parts
            .map(|part| part.split_once('=').unwrap_or((part, "")))
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        let attribute =
            |wanted: &str| attributes.iter().find(|(name, _)| name == wanted).map(|(_, value)| *value);
        let path = attribute("path").filter(|path| path.starts_with('/')).unwrap_or("/");
        if name.starts_with("__Host-") {
            let rules = attribute("secure").is_some() && path == "/" && attribute("domain").is_none();
            ensure!(rules, "a browser drops this __Host- cookie: {header}");
        }
        let ended = attribute("max-age").is_some_and(|age| age.starts_with('-') || age == "0")
            || attribute("expires").is_some_and(|expires| expires.contains("1970"));
        let cookie = Cookie {
            host: host_of(url)?,
            name: name.to_owned(),
            value: value.to_owned(),
            path: path.to_owned(),
        };
        self.cookies.retain(|known| !known.is_same(&cookie));
        if !ended {
            self.put(cookie);
        }
        Ok(())
    }

    fn put(&mut self, cookie: Cookie) {
        self.cookies.retain(|known| !known.is_same(&cookie));
        self.cookies.push(cookie);
    }
}

impl Cookie {
    fn is_same(&self, other: &Self) -> bool {
        (&self.host, &self.name, &self.path) == (&other.host, &other.name, &other.path)
    }
}

impl Landing {
    /// The page.
    ///
    /// # Errors
    /// Where it is a stop.
    pub fn page(self) -> Result<Page> {
        match self {
            Self::Page(page) => Ok(page),
            Self::Stop(url) => bail!("expected a page, was sent to {url}"),
        }
    }

    /// The place that was asked to stop at.
    ///
    /// # Errors
    /// Where it is a page.
    pub fn stop(self) -> Result<Url> {
        match self {
            Self::Page(page) => bail!("expected a redirect to the client, got a page: {}", page.answer),
            Self::Stop(url) => Ok(url),
        }
    }
}

impl Page {
    /// The first form with a button that agrees.
    ///
    /// # Errors
    /// Where there is none.
    pub fn form(&self) -> Result<Form> {
        let form = forms(&self.answer.text()).into_iter().find(|form| form.agree().is_some());
        form.with_context(|| format!("no form on the page {}: {}", self.url, self.answer))
    }

    /// The first form with a button that refuses.
    ///
    /// # Errors
    /// Where there is none.
    pub fn refusal(&self) -> Result<Form> {
        let form = forms(&self.answer.text()).into_iter().find(|form| form.refuse().is_some());
        form.with_context(|| format!("no way to refuse on the page {}: {}", self.url, self.answer))
    }

    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> String {
        visible_text(&self.answer.text())
    }
}

/// The request a browser makes for a form. With `Referrer-Policy: no-referrer` the Origin of a form is `null`
/// (Fetch standard, "append a request `Origin` header").
///
/// # Errors
/// Where the action is not a URL.
pub fn prepare(page: &Page, form: &Form, fields: &[(String, String)]) -> Result<(Request, Url)> {
    let mut url = if form.action.is_empty() { page.url.clone() } else { page.url.join(&form.action)? };
    let pairs: Vec<(&str, &str)> =
        fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    if form.method == "GET" {
        url.query_pairs_mut().clear().extend_pairs(pairs);
        return Ok((Request::get(&url), url));
    }
    let policy = page.answer.headers("referrer-policy").join(",");
    let origin = page.url.origin().ascii_serialization();
    let site = if url.origin() == page.url.origin() { "same-origin" } else { "cross-site" };
    let request = Request::post(&url)
        .form(&pairs)
        .header("origin", if policy.trim() == "no-referrer" { "null" } else { &origin })
        .header("sec-fetch-site", site)
        .header("sec-fetch-mode", "navigate")
        .header("sec-fetch-dest", "document");
    Ok((request, url))
}

fn host_of(url: &Url) -> Result<String> {
    Ok(url.host_str().with_context(|| format!("no host in {url}"))?.to_owned())
}

/// RFC 6265 section 5.1.4.
fn path_fits(cookie: &str, request: &str) -> bool {
    let boundary = cookie.ends_with('/')
        || request.len() == cookie.len()
        || request.as_bytes().get(cookie.len()) == Some(&b'/');
    request.starts_with(cookie) && boundary
}
