//! Pages for people: plain language, no script, strict content security policy, readable in light and dark.
//!
//! Sources: Content Security Policy Level 3; Web Content Accessibility Guidelines 2.2, level AA.
//!
//! Invariants: a page is one document without script, picture, font or anything else from elsewhere, so its policy
//! forbids all of it; whatever a client or a stranger wrote is text; the suite drives the pages in a real browser.

mod activity;
mod approve;
mod consent;
mod deed;
mod effect;
mod look_alike;
mod me;
mod moment;
mod permissions;
mod problem;
mod standing;
mod usage;

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use http::{HeaderValue, Response, StatusCode};
use maud::{DOCTYPE, Markup, PreEscaped, html};
use sha2::{Digest as _, Sha256};

pub(crate) use activity::{RECORDS_NEEDED, activities};
pub(crate) use approve::{Answered, Application, Approve, Viewer, answered, approve};
pub(crate) use consent::{Consent, consent};
pub(crate) use me::{Applications, Connection, Me, Notice, Remembered, me};
pub(crate) use problem::{Onward, Problem, problem};
pub(crate) use standing::{HeldLabel, Waiting};
pub(crate) use usage::UsedLimit;

use bytes::Bytes;

const STYLE: &str = include_str!("style.css");

/// `'sha256-…'` of the one style sheet (CSP Level 3, section 2.3.1).
static STYLE_SOURCE: LazyLock<String> =
    LazyLock::new(|| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(STYLE.as_bytes()))));

const CROSS_ORIGIN_OPENER_POLICY: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const PERMISSIONS_POLICY: HeaderName = HeaderName::from_static("permissions-policy");

/// A whole page with its security headers. `form_targets` are the origins a form may lead to, besides ourselves:
/// browsers apply `form-action` to redirects that follow the submission too.
pub(crate) fn page(
    status: StatusCode,
    title: &str,
    form_targets: &[String],
    body: &Markup,
) -> Response<Bytes> {
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                header { p { "Microsoft 365 connections" } }
                main { (body) }
                footer { p { "This page runs no script and loads nothing from elsewhere." } }
            }
        }
    };
    let mut response = Response::new(Bytes::from(document.into_string()));
    *response.status_mut() = status;
    let policy = format!(
        "default-src 'none'; style-src {}; form-action 'self'{}; base-uri 'none'; frame-ancestors 'none'",
        *STYLE_SOURCE,
        form_targets.iter().fold(String::new(), |list, origin| list + " " + origin)
    );
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(CROSS_ORIGIN_OPENER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(PERMISSIONS_POLICY, HeaderValue::from_static("interest-cohort=()"));
    // Every origin comes from a parsed URL, so the policy is always a valid header; without one there is no page.
    if let Ok(policy) = HeaderValue::try_from(policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
        return response;
    }
    let mut refused = Response::new(Bytes::new());
    *refused.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    refused
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_cannot_be_framed_scripted_or_stored() {
        let response =
            page(StatusCode::OK, "<t>", &["https://claude.ai".into()], &html! { p { "<script>x</script>" } });
        let policy = response.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"));
        assert!(policy.contains("form-action 'self' https://claude.ai;") && !policy.contains("script-src"));
        assert_eq!(response.headers()[X_FRAME_OPTIONS], "DENY");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-store");
        let body = String::from_utf8(response.into_body().to_vec()).unwrap();
        assert!(!body.contains("<script") && body.contains("<title>&lt;t&gt;</title>"));
    }
}
