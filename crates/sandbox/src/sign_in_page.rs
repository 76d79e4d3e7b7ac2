//! The pages on which somebody signs in to a simulated system, and its notices.
//!
//! Plain forms without scripts, so they work everywhere. Invariant: everything shown is escaped by the template,
//! and the policy admits nothing but this page's own style sheet. `form-action` is left open on purpose: browsers
//! apply it to the redirects after a form too, and those end at whatever client asked for the sign-in.

use axum::response::{IntoResponse as _, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY};
use http::{HeaderName, HeaderValue, StatusCode};
use maud::{DOCTYPE, Markup, html};

use crate::entropy;

const STYLE: &str = "
:root{color-scheme:light dark;--ink:#1c1e21;--paper:#f4f5f7;--card:#fff;--line:#d7dae0;--soft:#5a616b;--accent:#0b57d0}
@media(prefers-color-scheme:dark){:root{--ink:#e8eaed;--paper:#16181c;--card:#202329;--line:#3a3f47;--soft:#a3abb6;--accent:#8ab4f8}}
*{box-sizing:border-box}
body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.5rem;background:var(--paper);color:var(--ink);
font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:26rem;background:var(--card);border:1px solid var(--line);border-radius:.75rem;padding:1.75rem}
h1{font-size:1.25rem;margin:0 0 .25rem}
p{margin:.25rem 0 1rem;color:var(--soft);overflow-wrap:anywhere}
form{margin:0 0 .5rem}
button{width:100%;text-align:left;font:inherit;color:inherit;background:none;border:1px solid var(--line);
border-radius:.5rem;padding:.65rem .9rem;cursor:pointer}
button:hover{border-color:var(--accent)}
button:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
button span{display:block;color:var(--soft);font-size:.875rem}
footer{margin-top:1.25rem;font-size:.8125rem;color:var(--soft)}
";

/// One person to sign in as: a form that carries `fields`.
pub(crate) struct Choice {
    /// Name for people to read.
    pub(crate) name: String,
    /// The e-mail address under the name.
    pub(crate) email: String,
    /// Hidden fields of the form.
    pub(crate) fields: Vec<(String, String)>,
}

/// Where the forms of a page go.
pub(crate) struct Destination<'a> {
    /// `get` or `post`.
    pub(crate) method: &'a str,
    /// The address.
    pub(crate) action: &'a str,
}

/// A page that asks who signs in.
pub(crate) fn choose(title: &str, explanation: &str, to: &Destination<'_>, choices: &[Choice]) -> Response {
    let forms = html! {
        p { (explanation) }
        @for choice in choices {
            form method=(to.method) action=(to.action) {
                @for (name, value) in &choice.fields {
                    input type="hidden" name=(name) value=(value);
                }
                button type="submit" { (choice.name) span { (choice.email) } }
            }
        }
    };
    page(StatusCode::OK, title, &forms)
}

/// A page that says one thing.
pub(crate) fn notice(status: StatusCode, title: &str, sentence: &str) -> Response {
    page(status, title, &html! { p { (sentence) } })
}

fn page(status: StatusCode, title: &str, content: &Markup) -> Response {
    let nonce = entropy::secret();
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) }
                style nonce=(nonce) { (maud::PreEscaped(STYLE)) }
            }
            body {
                main {
                    h1 { (title) }
                    (content)
                    footer { "Simulated for development and tests: nobody signs in to a real account here." }
                }
            }
        }
    };
    let policy =
        format!("default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; frame-ancestors 'none'");
    let mut response = (status, markup.into_string()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}
