//! Forms at `/token` and `/revoke`: the first line is an `Authorization` header, where it is not empty; the rest is the
//! body. `{canary}` is a secret, `{METHOD.id}` and `{METHOD.secret}` are those of a registered client; `Basic {ID}:{SECRET}` is encoded.

#![no_main]

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;
use m365_auth::oauth::form::{Form, MAX_FORM_BYTES};
use m365_auth::oauth::token::{RevocationRequest, TokenRequest};
use m365_fuzz::{CANARY, Estate, PUBLIC_URL, RegisteredClient, now};
use url::form_urlencoded;

/// Parameters whose values nothing may repeat.
const SECRETS: [&str; 5] = ["client_secret", "code", "code_verifier", "refresh_token", "token"];

fuzz_target!(|text: &str| {
    let estate = Estate::get();
    let filled = estate.fill_in(&text.replace("{canary}", CANARY));
    let (line, body) = filled.split_once('\n').unwrap_or(("", &filled));
    let pairs: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let form = match Form::parse(body.as_bytes()) {
        Ok(form) => form,
        Err(error) => {
            assert!(!is_plain(&pairs, body), "{error}");
            return;
        }
    };
    check_form(&form, &pairs);
    let request = TokenRequest::parse(&form, &estate.server);
    if let Ok(request) = &request {
        check_request(request, &form);
    }
    let revocation = RevocationRequest::parse(&form);
    if let Ok(revocation) = &revocation {
        assert_eq!(Some(revocation.token().expose().as_str()), form.text("token"));
    }
    let refusals = [request.as_ref().err(), revocation.as_ref().err()].into_iter().flatten();
    let sentences: Vec<String> = refusals
        .map(|refusal| format!("{refusal} {} {}", refusal.code(), refusal.oauth_error()))
        .chain([authenticate(line, &form)])
        .collect();
    let said = format!("{form:?} {request:?} {revocation:?} {sentences:?}");
    assert!(!is_secret(&pairs) || !said.contains(CANARY), "a secret of the input is repeated: {said}");
});

/// Short, each name once, and nothing that decodes to rubbish.
fn is_plain(pairs: &[(String, String)], body: &str) -> bool {
    let mut names: Vec<&str> = pairs.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let alone = names.windows(2).all(|two| two.first() != two.last());
    let readable =
        !pairs.iter().any(|(name, value)| format!("{name}{value}").contains(char::REPLACEMENT_CHARACTER));
    body.len() <= MAX_FORM_BYTES && pairs.len() <= 40 && alone && readable
}

/// The form says what another reader of the same bytes sees, and says it again when printed.
fn check_form(form: &Form, pairs: &[(String, String)]) {
    let printed = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let again = Form::parse(printed.as_bytes());
    // Printing can only grow it beyond the limit.
    assert!(again.is_ok() || printed.len() > MAX_FORM_BYTES);
    for (name, value) in pairs {
        let seen = (!value.is_empty()).then_some(value.as_str());
        assert_eq!(form.text(name), seen);
        assert!(again.as_ref().is_ok_and(|again| again.text(name) == seen) || again.is_err());
    }
}

fn check_request(request: &TokenRequest, form: &Form) {
    let (kind, token) = match request {
        TokenRequest::Code(_) => ("authorization_code", "code"),
        TokenRequest::Refresh(_) => ("refresh_token", "refresh_token"),
    };
    assert_eq!(
        (form.text("grant_type"), form.text(token)),
        (Some(kind), Some(request.token().expose().as_str()))
    );
    assert!(form.text("resource").is_none_or(is_ours));
    if matches!(request, TokenRequest::Code(_)) {
        assert!(form.text("redirect_uri").is_some());
        let verifier = form.text("code_verifier").expect("a verifier");
        assert!((43..=128).contains(&verifier.len()) && verifier.is_ascii());
    }
}

/// One of the two resources of this server, or the same with a slash; never the server as a whole.
fn is_ours(resource: &str) -> bool {
    let path = resource.strip_suffix('/').unwrap_or(resource).strip_prefix(PUBLIC_URL);
    matches!(path, Some("/mcp" | "/sse"))
}

/// A client that was believed showed what it registered, in the one way it registered. What was said about it.
fn authenticate(line: &str, form: &Form) -> String {
    let estate = Estate::get();
    let line = line
        .strip_prefix("Basic {")
        .and_then(|rest| rest.strip_suffix('}'))
        .map_or_else(|| line.to_owned(), |credentials| format!("Basic {}", STANDARD.encode(credentials)));
    let mut headers = HeaderMap::new();
    if let Ok(value) = HeaderValue::from_str(&line)
        && !line.is_empty()
    {
        headers.insert(header::AUTHORIZATION, value);
    }
    match now(estate.clients.authenticate(&headers, form)) {
        Ok(client) => {
            let known = estate.client(client.id());
            assert!(
                is_proven(known, headers.get(header::AUTHORIZATION), form),
                "{} was not proven",
                known.method
            );
            String::new()
        }
        Err(refusal) => format!("{refusal} {refusal:?} {} {}", refusal.code(), refusal.oauth_error()),
    }
}

fn is_proven(client: &RegisteredClient, line: Option<&HeaderValue>, form: &Form) -> bool {
    let named = form.text("client_id");
    let posted = form.text("client_secret");
    match (client.method, line) {
        ("none", None) => named == Some(&client.id) && posted.is_none(),
        ("client_secret_post", None) => named == Some(&client.id) && posted == Some(&client.secret),
        ("client_secret_basic", Some(line)) => {
            let credentials =
                line.to_str().ok().and_then(|line| line.split_once(' ')).map(|(_, rest)| rest.trim());
            let decoded = credentials.and_then(|text| STANDARD.decode(text).ok());
            let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_default();
            // Each part is form-encoded, so the same words may be spelt in several ways.
            let part = |text: &str| {
                let pair = format!("v={text}");
                form_urlencoded::parse(pair.as_bytes()).next().map(|(_, value)| value.into_owned())
            };
            let (id, secret) = decoded.split_once(':').unwrap_or_default();
            part(id).as_deref() == Some(&client.id)
                && part(secret).as_deref() == Some(&client.secret)
                && posted.is_none()
                && named.is_none_or(|named| named == client.id)
        }
        _ => false,
    }
}

/// Whether the canary stands in values of secret parameters only.
fn is_secret(pairs: &[(String, String)]) -> bool {
    pairs.iter().all(|(name, value)| {
        !name.contains(CANARY) && (SECRETS.contains(&name.as_str()) || !value.contains(CANARY))
    })
}
