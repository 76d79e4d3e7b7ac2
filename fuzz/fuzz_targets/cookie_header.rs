//! The browser's cookie among all others: each line is one `Cookie` header; `{cookie}` is ours, as `NAME=VALUE`, and
//! `{other}` that of another browser.

#![no_main]

use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use m365_auth::oauth::transaction::{COOKIE_NAME, TRANSACTION_FIELD};
use m365_fuzz::{Estate, form_of};

fuzz_target!(|input: &[u8]| {
    let estate = Estate::get();
    let filled = estate.fill_in_cookies(input);
    let lines = filled.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    let headers: HeaderMap = lines.map(|line| (header::COOKIE, line)).collect();
    let known = estate.transactions.cookie(&headers).set_cookie().is_none();

    // A page begun in our browser opens only where that browser's cookie is the only one of its name.
    let page =
        estate.transactions.begin_page(&estate.principal, &estate.transactions.cookie(&estate.browser));
    let posted = form_of(&[(TRANSACTION_FIELD, &page.expect("a person"))]).expect("a form");
    let opens = estate.transactions.open_page(&estate.principal, &headers, &posted).is_ok();

    let named = |name: &str| {
        let pairs = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        pairs.flat_map(|line| line.split(';')).map(str::trim).filter(|pair| pair.starts_with(name)).count()
    };
    let ours = format!("{COOKIE_NAME}=");
    assert!(!known || named(&ours) == 1, "one of several cookies was believed");
    assert!(!opens || (known && named(&estate.cookie) == 1), "another browser opened the page");
    assert!(opens || named(&estate.cookie) != 1 || named(&ours) > 1 || is_longer(&headers, &estate.cookie));
});

/// Whether what begins like our cookie goes on.
fn is_longer(headers: &HeaderMap, cookie: &str) -> bool {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    !lines.flat_map(|line| line.split(';')).any(|pair| pair.trim() == cookie)
}
