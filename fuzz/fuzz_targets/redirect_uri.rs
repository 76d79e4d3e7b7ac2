//! Redirect URIs and the patterns of the operator's list: the first line is a URI, the others are patterns.

#![no_main]

use libfuzzer_sys::fuzz_target;
use m365_auth::oauth::redirect::{RedirectPolicy, RedirectUri};
use url::{Host, Url};

fuzz_target!(|text: &str| {
    let mut lines = text.lines();
    let uri = lines.next().unwrap_or_default();
    let patterns: Vec<&str> = lines.collect();
    let parsed = RedirectUri::parse(uri);
    if let Ok(parsed) = &parsed {
        check_uri(uri, parsed);
    }
    let Ok(policy) = RedirectPolicy::parse(&patterns) else { return };
    let Ok(admitted) = policy.admit(uri) else { return };
    assert_eq!(Ok(&admitted), parsed.as_ref(), "what is admitted is what is read");
    let listed = patterns.iter().any(|pattern| leads_where_it_says(pattern, uri));
    assert!(admitted.is_loopback() || listed, "{uri} is on no list");
});

/// What is read prints as it was written, leads where a browser would go, and nowhere in the clear but home.
fn check_uri(text: &str, uri: &RedirectUri) {
    assert_eq!(uri.as_str(), text);
    assert_eq!(RedirectUri::parse(&String::from(uri.clone())).as_ref(), Ok(uri));
    let json = serde_json::to_string(uri).expect("JSON");
    assert_eq!(&serde_json::from_str::<RedirectUri>(&json).expect("what was written"), uri);
    let url = Url::parse(text).expect("a URL for browsers too");
    assert_eq!(url.host_str(), Some(uri.host()));
    assert!(url.fragment().is_none() && url.username().is_empty() && url.password().is_none());
    let at_home = match url.host().expect("a host") {
        Host::Domain(name) => name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    assert_eq!(uri.is_loopback(), at_home && url.scheme() == "http");
    assert!(url.scheme() == "https" || uri.is_loopback(), "{text} is in the clear");
    assert!(uri.admits(uri));
    check_answer(uri, &url);
}

/// An answer goes to the same place and carries its parameters behind those that stood there.
fn check_answer(uri: &RedirectUri, url: &Url) {
    let added = [("code", "c&d=e#f"), ("state", "ü /?")];
    let answer = Url::parse(&uri.with(&added)).expect("a URL");
    assert_eq!((answer.origin(), answer.path()), (url.origin(), url.path()));
    assert!(answer.fragment().is_none());
    let pairs: Vec<(String, String)> = answer.query_pairs().into_owned().collect();
    let (kept, new) = pairs.split_at(pairs.len() - added.len());
    assert!(new.iter().zip(added).all(|(is, wanted)| (is.0.as_str(), is.1.as_str()) == wanted));
    assert!(kept.iter().cloned().eq(url.query_pairs().into_owned()));
    let elsewhere = Url::parse(uri.as_str()).map(|mut other| other.set_port(Some(1)).map(|()| other));
    if let Ok(Ok(other)) = elsewhere
        && let Ok(other) = RedirectUri::parse(other.as_str())
    {
        // A loopback client may listen anywhere; an empty path is the one other difference between spellings.
        let same = Url::parse(other.as_str()).expect("a URL").port() == url.port();
        let bare = url.path() == "/" && url.query().is_none();
        assert!(uri.admits(&other) == uri.is_loopback() || same || bare, "{uri:?} and {other:?}");
    }
}

/// Equal, or equal but for the one segment that the pattern leaves open.
fn leads_where_it_says(pattern: &str, uri: &str) -> bool {
    let (Ok(rule), Ok(url)) = (Url::parse(pattern), Url::parse(uri)) else { return false };
    let segments = |url: &Url| url.path().split('/').map(str::to_owned).collect::<Vec<_>>();
    let (wanted, given) = (segments(&rule), segments(&url));
    let open = |(wanted, given): (&String, &String)| wanted == given || (wanted == "*" && !given.is_empty());
    rule.scheme() == "https"
        && rule.origin() == url.origin()
        && rule.query() == url.query()
        && wanted.len() == given.len()
        && wanted.iter().zip(&given).all(open)
        && wanted.iter().zip(&given).filter(|(wanted, given)| wanted != given).count() <= 1
}
