//! Sealed values: nothing opens but what was sealed, unaltered, in its place.
//!
//! The first byte chooses what is sealed, the second and third a position, the fourth a change; the rest is the value.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::{HeaderMap, HeaderName, HeaderValue};
use libfuzzer_sys::fuzz_target;
use m365_auth::context::{CONTEXT_HEADER, Outgoing};
use m365_auth::oauth::handle::{Handle, TokenKind};
use m365_auth::oauth::transaction::TRANSACTION_FIELD;
use m365_fuzz::{Estate, PUBLIC_URL, form_of};
use m365_seal::{AssociatedData, Key, KeyRing, Keys, NONCE_BYTES, Purpose, Which};
use m365_types::{CellId, GrantId, RequestId, Secret};

fuzz_target!(|input: &[u8]| {
    let [kind, high, low, change, rest @ ..] = input else { return };
    let edit = Edit { at: usize::from(u16::from_be_bytes([*high, *low])), change: *change };
    match kind % 5 {
        0 => garbage(rest),
        1 => value(rest, &edit),
        2 => token(rest, &edit),
        3 => context(rest, &edit),
        _ => page(rest, &edit),
    }
});

/// One changed byte, or, where the change is none, a cut.
struct Edit {
    at: usize,
    change: u8,
}

impl Edit {
    fn apply(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut altered = bytes.to_vec();
        if self.change == 0 {
            altered.truncate(self.at);
        } else {
            *altered.get_mut(self.at)? ^= self.change;
        }
        (altered != bytes).then_some(altered)
    }

    fn apply_text(&self, text: &str) -> Option<String> {
        String::from_utf8(self.apply(text.as_bytes())?).ok()
    }
}

/// Bytes that nobody sealed open nowhere.
fn garbage(bytes: &[u8]) {
    let estate = Estate::get();
    let place = AssociatedData::of(&["table", "column"]);
    for purpose in Purpose::ALL {
        assert!(estate.keys.sealer(*purpose).open(&place, bytes).is_err());
    }
    let text = String::from_utf8_lossy(bytes).into_owned();
    assert!(estate.handles.open(&Secret::new(text.clone())).is_err());
    if let Ok(header) = HeaderValue::from_bytes(bytes) {
        assert!(estate.contexts.open(&estate.cell, &context_header(header)).is_err());
    }
    if let Some(posted) = form_of(&[(TRANSACTION_FIELD, &text)]) {
        assert!(estate.transactions.open_page(&estate.principal, &estate.browser, &posted).is_err());
    }
}

fn value(plain: &[u8], edit: &Edit) {
    let keys = &Estate::get().keys;
    let column = keys.sealer(Purpose::Column);
    let here = AssociatedData::of(&["ab", "c"]);
    let sealed = column.seal([edit.change; NONCE_BYTES], &here, plain);
    let (opened, which) = column.open(&here, &sealed).expect("what was sealed");
    assert_eq!((opened.expose().as_slice(), which), (plain, Which::Current));
    for elsewhere in [&["a", "bc"][..], &["ab"], &["ab", "c", ""], &["c", "ab"]] {
        assert!(column.open(&AssociatedData::of(elsewhere), &sealed).is_err());
    }
    for other in Purpose::ALL.iter().filter(|purpose| **purpose != Purpose::Column) {
        assert!(keys.sealer(*other).open(&here, &sealed).is_err());
    }
    if let Some(altered) = edit.apply(&sealed) {
        assert!(column.open(&here, &altered).is_err());
    }
    let rotated = rotated(keys).sealer(Purpose::Column);
    let (opened, which) = rotated.open(&here, &sealed).expect("sealed under the previous key");
    assert_eq!((opened.expose().as_slice(), which), (plain, Which::Previous));
}

fn rotated(keys: &Keys) -> Keys {
    let previous = Some(keys.encryption.current.clone());
    let encryption = KeyRing { current: Key::from_bytes(*b"another key of thirty-two bytes."), previous };
    Keys { encryption, ..keys.clone() }
}

/// A token's handle says what was put in, and an altered one says nothing.
fn token(rest: &[u8], edit: &Edit) {
    let estate = Estate::get();
    let (kind, prefix, label) = match edit.change % 3 {
        0 => (TokenKind::Access, "m365a_", "access"),
        1 => (TokenKind::Code, "m365c_", "code"),
        _ => (TokenKind::Refresh, "m365r_", "refresh"),
    };
    let handle = Handle {
        cell: estate.cell.clone(),
        grant: GrantId::from_random([edit.change; 16]),
        kind,
        audience: format!("{PUBLIC_URL}/mcp"),
        expires: estate.now,
    };
    let cipher = estate.keys.sealer(Purpose::TokenHandle);
    let place = AssociatedData::of(&["token-handle", label]);
    let sealed = URL_SAFE_NO_PAD.encode(cipher.seal_json([edit.change; NONCE_BYTES], &place, &handle));
    let secret = "s".repeat(43);
    let open = |text: String| estate.handles.open(&Secret::new(text));
    assert_eq!(open(format!("{prefix}{sealed}.{secret}")), Ok(handle));
    for other in ["m365a_", "m365c_", "m365r_", "m365b_", ""].iter().filter(|other| **other != prefix) {
        assert!(open(format!("{other}{sealed}.{secret}")).is_err());
    }
    if let Some(altered) = edit.apply_text(&format!("{prefix}{sealed}.")) {
        assert!(open(format!("{altered}{secret}")).is_err(), "{altered}");
    }
    let more = String::from_utf8_lossy(rest);
    assert!(more.is_empty() || open(format!("{prefix}{sealed}.{secret}{more}")).is_err());
    assert!(more.is_empty() || open(format!("{prefix}{sealed}{more}.{secret}")).is_err());
}

/// A context opens beside its own request id, in its own cell.
fn context(rest: &[u8], edit: &Edit) {
    let estate = Estate::get();
    let route = String::from_utf8_lossy(rest);
    let request = RequestId::from_random([edit.change; 16]);
    let assertion = Some(&estate.assertion);
    let outgoing = Outgoing { request, route: &route, assertion, client: None, errand: None };
    let sealed = estate.contexts.seal(&estate.cell, &outgoing);
    let opened =
        estate.contexts.open(&estate.cell, &context_header(sealed.clone())).expect("what was sealed");
    assert_eq!((opened.request(), opened.route()), (request, route.as_ref()));
    let vouched = opened.vouched().expect("an identity");
    assert_eq!(vouched.identity(), estate.assertion.identity());
    let other = CellId::from_digest([edit.change; 20]);
    assert!(estate.contexts.open(&other, &context_header(sealed.clone())).is_err());
    let altered = edit.apply(sealed.as_bytes()).and_then(|bytes| HeaderValue::from_bytes(&bytes).ok());
    if let Some(altered) = altered {
        // A UUID reads the same in capitals; everything else about the header counts.
        let same = altered.as_bytes().eq_ignore_ascii_case(sealed.as_bytes());
        let answer = estate.contexts.open(&estate.cell, &context_header(altered));
        assert!(answer.is_err() || (same && answer.is_ok_and(|opened| opened.request() == request)));
    }
}

fn context_header(value: HeaderValue) -> HeaderMap {
    HeaderMap::from_iter([(HeaderName::from_static(CONTEXT_HEADER), value)])
}

/// A page's form opens unaltered, once more and again: only spending, which is the store's, ends it.
fn page(rest: &[u8], edit: &Edit) {
    let estate = Estate::get();
    let cookie = estate.transactions.cookie(&estate.browser);
    let sealed = estate.transactions.begin_page(&estate.principal, &cookie).expect("a person");
    let open = |text: &str| {
        let posted = form_of(&[(TRANSACTION_FIELD, text)])?;
        Some(estate.transactions.open_page(&estate.principal, &estate.browser, &posted))
    };
    assert_eq!(open(&sealed), Some(Ok(())));
    if let Some(altered) = edit.apply_text(&sealed) {
        assert_ne!(open(&altered), Some(Ok(())));
    }
    let more = String::from_utf8_lossy(rest);
    assert!(more.is_empty() || open(&format!("{sealed}{more}")) != Some(Ok(())));
    let Some(posted) = form_of(&[(TRANSACTION_FIELD, &sealed), ("csrf", &more)]) else { return };
    let anywhere = estate.transactions.open_consent(&estate.principal, &estate.browser, &posted);
    assert!(anywhere.is_err(), "a page's form passed for a consent");
}
