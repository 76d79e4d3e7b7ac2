use http::HeaderValue;
use http::header::COOKIE;

use super::*;
use crate::testing::Fixture;
use crate::testing::flow::{Flow, browser, encode, posted};

fn open(
    flow: &Flow,
    name: &str,
    headers: &HeaderMap,
    fields: &ConsentFields,
) -> Result<ClientId, TransactionRefusal> {
    let principal = flow.fixture.principal(name);
    flow.transactions
        .open_consent(&principal, headers, &posted(fields))
        .map(|consent| consent.client().clone())
}

#[test]
fn a_form_returns_from_the_same_browser_and_person_within_ten_minutes() {
    let flow = Flow::new();
    let client = flow.register();
    let (headers, fields) = flow.begin(&flow.fixture.principal("alex"), &client);
    assert_eq!(open(&flow, "alex", &headers, &fields), Ok(client));
    flow.advance(LIFE.checked_sub(Duration::from_millis(1)).unwrap());
    assert!(open(&flow, "alex", &headers, &fields).is_ok());
    flow.advance(Duration::from_millis(1));
    assert_eq!(open(&flow, "alex", &headers, &fields), Err(TransactionRefusal::Expired));
    assert_eq!(flow.fixture.database.integer("SELECT COUNT(*) FROM auth_spent"), 0, "opening stores nothing");
}

#[test]
fn another_person_or_browser_cannot_use_it() {
    let flow = Flow::new();
    let client = flow.register();
    let (headers, fields) = flow.begin(&flow.fixture.principal("alex"), &client);
    assert_eq!(open(&flow, "blair", &headers, &fields), Err(TransactionRefusal::OtherPerson));
    let other = flow.transactions.cookie(&HeaderMap::new()).set_cookie().unwrap();
    assert_eq!(open(&flow, "alex", &browser(&other), &fields), Err(TransactionRefusal::OtherBrowser));
    assert_eq!(open(&flow, "alex", &HeaderMap::new(), &fields), Err(TransactionRefusal::OtherBrowser));
}

#[test]
fn the_csrf_token_is_that_of_the_very_form() {
    let flow = Flow::new();
    let client = flow.register();
    let alex = flow.fixture.principal("alex");
    let (headers, fields) = flow.begin(&alex, &client);
    let (_, foreign) = flow.begin(&alex, &client);
    for csrf in [String::new(), foreign.csrf, "A".repeat(43), "not base64!".into()] {
        let fields = ConsentFields { transaction: fields.transaction.clone(), csrf };
        assert_eq!(open(&flow, "alex", &headers, &fields), Err(TransactionRefusal::Csrf));
    }
}

#[test]
fn a_form_of_a_page_opens_for_its_person_and_browser_and_is_no_consent() {
    let flow = Flow::new();
    let alex = flow.fixture.principal("alex");
    let cookie = flow.transactions.cookie(&HeaderMap::new());
    let headers = browser(&cookie.set_cookie().unwrap());
    let page = flow.transactions.begin_page(&alex, &cookie).unwrap();
    let form = posted(&ConsentFields { transaction: page, csrf: String::new() });
    let open = |name: &str, headers: &HeaderMap| {
        flow.transactions.open_page(&flow.fixture.principal(name), headers, &form)
    };
    assert_eq!(open("alex", &headers), Ok(()));
    assert_eq!(open("alex", &headers), Ok(()), "what such a form does may be done twice");
    assert_eq!(open("blair", &headers), Err(TransactionRefusal::OtherPerson));
    assert_eq!(open("alex", &HeaderMap::new()), Err(TransactionRefusal::OtherBrowser));
    let consent = flow.transactions.open_consent(&alex, &headers, &form).map(drop);
    assert_eq!(consent, Err(TransactionRefusal::Invalid));
    flow.advance(LIFE);
    assert_eq!(open("alex", &headers), Err(TransactionRefusal::Expired));
}

#[test]
fn altered_truncated_and_misplaced_transactions_do_not_open() {
    let flow = Flow::new();
    let client = flow.register();
    let alex = flow.fixture.principal("alex");
    let (headers, fields) = flow.begin(&alex, &client);
    let mut flipped = fields.transaction.clone().into_bytes();
    flipped[60] = if flipped[60] == b'A' { b'B' } else { b'A' };
    let half = fields.transaction[..fields.transaction.len() / 2].to_owned();
    for transaction in
        [String::from_utf8(flipped).unwrap(), half, String::new(), "A".repeat(MAX_SEALED_BYTES + 1)]
    {
        let fields = ConsentFields { transaction, csrf: fields.csrf.clone() };
        assert_eq!(open(&flow, "alex", &headers, &fields), Err(TransactionRefusal::Invalid));
    }
    let callback = Form::parse(encode(&[("state", fields.transaction.clone())]).as_bytes()).unwrap();
    let opened = flow.transactions.open_sign_in(&alex, &headers, &callback);
    assert_eq!(opened.map(|_| ()), Err(TransactionRefusal::Invalid), "a consent is no sign-in");
    let elsewhere = Transactions::new(
        &flow.fixture.keys,
        "https://other.contoso.example".into(),
        flow.fixture.clock(),
        flow.fixture.entropy(),
    );
    let opened = elsewhere.open_consent(&alex, &headers, &posted(&fields));
    assert_eq!(opened.map(|_| ()), Err(TransactionRefusal::Invalid), "another PUBLIC_URL");
}

#[test]
fn the_cookie_is_kept_where_it_is_ours_and_replaced_where_it_is_not() {
    let fixture = Fixture::new();
    let transactions =
        Transactions::new(&fixture.keys, "https://a.example".into(), fixture.clock(), fixture.entropy());
    let fresh = transactions.cookie(&HeaderMap::new());
    let set = fresh.set_cookie().unwrap();
    assert!(
        set.starts_with("__Host-m365-browser=") && set.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax")
    );
    let kept = transactions.cookie(&browser(&set));
    assert_eq!((kept.value(), kept.set_cookie()), (fresh.value(), None));
    let mut twice = browser(&set);
    twice.append(COOKIE, twice[COOKIE].clone());
    let forged = format!("{COOKIE_NAME}={}.{}", "A".repeat(43), "A".repeat(43));
    let forged = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&forged).unwrap())]);
    for headers in [twice, forged, browser("__Host-m365-browser=x"), browser("__Host-m365-browser=")] {
        assert!(transactions.cookie(&headers).set_cookie().is_some());
    }
}

#[test]
fn a_service_cannot_consent() {
    use m365_types::{Identity, Service};

    use crate::perimeter::{Evidence, VerifiedAssertion, admit};
    let flow = Flow::new();
    let request = flow.authorize(&Flow::query(&flow.register())).unwrap();
    let service = Identity::Service(Service { client_id: AccessSubject::parse("id.access").unwrap() });
    let principal = admit(Evidence::Assertion(VerifiedAssertion::for_test(service, flow.fixture.now())));
    let cookie = flow.transactions.cookie(&HeaderMap::new());
    let refused = flow.transactions.begin_consent(&principal, &cookie, &request).map(|_| ());
    assert_eq!(refused, Err(TransactionRefusal::NotAPerson));
}
