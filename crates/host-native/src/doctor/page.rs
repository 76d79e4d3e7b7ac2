//! What a page and its cookies carry: CSP Level 3, RFC 7034, RFC 9111, RFC 6265bis.

use super::report::{Unmet, Verdict, demand};
use super::text::quoted;
use crate::remote::wire::Answer;

/// Headers of a page, and what stands in each.
const PAGE_HEADERS: [(&str, &[&str]); 6] = [
    ("cache-control", &["no-store"]),
    (
        "content-security-policy",
        &["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"],
    ),
    ("cross-origin-opener-policy", &["same-origin"]),
    ("referrer-policy", &["same-origin"]),
    ("x-content-type-options", &["nosniff"]),
    ("x-frame-options", &["DENY"]),
];
const UNSAFE: [&str; 4] = ["unsafe-inline", "unsafe-eval", "script-src", "*"];

/// Looks at the headers of a page.
pub(super) fn headers(page: &Answer) -> Verdict {
    for (name, wanted) in PAGE_HEADERS {
        let found = page.header(name).unwrap_or_default();
        let lacks = wanted.iter().find(|part| !found.contains(**part));
        demand(lacks.is_none(), || format!("{name} is {}", quoted(found)))?;
    }
    let policy = page.all("content-security-policy").join(", ");
    let loose = UNSAFE.iter().find(|word| policy.contains(**word));
    demand(loose.is_none(), || format!("content-security-policy allows {}", quoted(loose.unwrap_or(&""))))?;
    let opened = page.headers.keys().any(|name| name.as_str().starts_with("access-control-allow-"));
    demand(!opened, || "the page may be read by scripts of other sites".to_owned())?;
    Ok(format!("{} headers are as they must be", PAGE_HEADERS.len()))
}

/// Looks at the cookies of a page.
pub(super) fn cookies(page: &Answer) -> Verdict {
    let cookies = own_cookies(page);
    for cookie in &cookies {
        let attributes: Vec<String> =
            cookie.split(';').skip(1).map(|part| part.trim().to_ascii_lowercase()).collect();
        let name = cookie.split('=').next().unwrap_or_default();
        let lacks = ["secure", "httponly", "path=/"]
            .iter()
            .find(|wanted| !attributes.iter().any(|has| has == *wanted));
        demand(lacks.is_none(), || format!("the cookie {} lacks {}", quoted(name), lacks.unwrap_or(&"")))?;
        let bound = name.starts_with("__Host-") && !attributes.iter().any(|has| has.starts_with("domain="));
        demand(bound, || format!("the cookie {} is not bound to this host", quoted(name)))?;
        let lax = attributes.iter().any(|has| matches!(has.as_str(), "samesite=lax" | "samesite=strict"));
        demand(lax, || format!("the cookie {} is sent along by other sites", quoted(name)))?;
    }
    match cookies.len() {
        0 => Err(Unmet::Failed("the page sets no cookie to bind the sign-in to this browser".to_owned())),
        count => Ok(format!("{count} cookies, bound to this host")),
    }
}

/// `name=value` of each cookie, as the next request carries it.
pub(super) fn kept(page: &Answer) -> Vec<String> {
    let pair = |cookie: &&str| cookie.split(';').next().unwrap_or_default().trim().to_owned();
    own_cookies(page).iter().map(pair).collect()
}

/// The cookies of the server; those that Cloudflare sets for itself are its own matter.
fn own_cookies(page: &Answer) -> Vec<&str> {
    let foreign = ["CF_", "__cf", "_cf", "cf_"];
    let cookies = page.all("set-cookie").into_iter();
    cookies.filter(|cookie| !foreign.iter().any(|prefix| cookie.starts_with(prefix))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fakes::answer;
    use super::*;

    const COOKIE: &str = "__Host-m365-browser=a.b; Path=/; Secure; HttpOnly; SameSite=Lax";

    #[test]
    fn a_cookie_must_be_bound_to_the_host_and_out_of_reach_of_scripts() {
        assert!(
            cookies(&answer(200, &[("set-cookie", COOKIE), ("set-cookie", "CF_AppSession=x; Path=/")]))
                .is_ok()
        );
        for (from, to) in [
            ("__Host-", ""),
            ("; Secure", ""),
            ("; HttpOnly", ""),
            ("; Path=/", "; Path=/me"),
            ("; SameSite=Lax", ""),
            ("SameSite=Lax", "SameSite=None"),
            ("; Secure", "; Secure; Domain=example.com"),
        ] {
            let cookie = COOKIE.replace(from, to);
            assert!(cookies(&answer(200, &[("set-cookie", &cookie)])).is_err(), "{cookie}");
        }
        assert!(cookies(&answer(200, &[])).is_err());
    }

    #[test]
    fn a_page_s_policy_may_not_be_loosened() {
        let policy = "default-src 'none'; style-src 'sha256-a'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
        let page = |policy: &str| {
            let headers = [
                ("cache-control", "no-store"),
                ("content-security-policy", policy),
                ("cross-origin-opener-policy", "same-origin"),
                ("referrer-policy", "same-origin"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
            ];
            headers_of(&headers)
        };
        assert!(page(policy).is_ok());
        for worse in [
            "",
            "default-src 'none'",
            &format!("{policy}; script-src https://a"),
            &format!("{policy}; style-src 'unsafe-inline'"),
        ] {
            assert!(page(worse).is_err(), "{worse}");
        }
    }

    fn headers_of(list: &[(&str, &str)]) -> Verdict {
        headers(&answer(200, list))
    }
}
