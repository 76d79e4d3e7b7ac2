//! The round trip of a sign-in with the operator's own session: register, authorize, consent, code, tokens,
//! revocation (RFC 7591, RFC 6749 section 4.1, RFC 7636, RFC 9207, RFC 7009).
//!
//! Everything is sent to paths of the address under examination, never to endpoints that its metadata name, and no
//! redirect is followed: the code is read off the redirect to the client. The grant asks for the canary's scope alone
//! and is revoked at the end, whatever happened in between.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use m365_app::config::Ingress;
use m365_ports::EntropyExt as _;
use m365_types::Secret;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::canary::{self, SCOPE};
use super::form::PageForm;
use super::mcp_gate::MCP;
use super::report::{Report, Unmet, Verdict, demand};
use super::table::{
    CALL, CONSENT, COOKIE, Check, JOURNAL, MICROSOFT, PAGE, REGISTER, REVOKED, SESSION, TOKEN, TOOLS,
};
use super::text::quoted;
use super::{Examination, page};
use crate::remote::credentials::AccessToken;
use crate::remote::wire::{Answer, Ask, encoded};

/// Where the code is to be sent: this machine, where nothing listens. It is read off the redirect.
const CLIENT: &str = "http://127.0.0.1/callback";
/// An access token lives an hour at most.
const LONGEST_LIFE_SECS: u64 = 3600;
/// Path that every sign-in page of Entra has.
const MICROSOFT_PATH: &str = "/oauth2/v2.0/authorize";
/// In the order in which one leads to the next.
const STEPS: &[&Check] =
    &[&SESSION, &PAGE, &REGISTER, &COOKIE, &CONSENT, &MICROSOFT, &TOKEN, &TOOLS, &CALL, &JOURNAL, &REVOKED];

/// One authorization under way.
struct Attempt {
    client_id: String,
    verifier: Secret<String>,
    state: String,
}

/// What the answer to the consent page led to.
enum Led {
    /// The code.
    Code(Secret<String>),
    /// Microsoft's sign-in, which only a person can pass.
    Microsoft,
}

/// Tokens of the grant.
pub(super) struct Tokens {
    /// Access token.
    pub(super) access: Secret<String>,
    /// Refresh token.
    pub(super) refresh: Secret<String>,
}

/// Goes through the round trip.
pub(super) async fn examine(examination: &Examination, mode: Ingress, report: &mut Report) {
    let Some(token) = &examination.access_token else {
        report.skip(STEPS, "no credential was given with --access-token-file");
        return;
    };
    if !examination.target.is_private() {
        report.skip(STEPS, "credentials are not sent without TLS");
        return;
    }
    report.hide(token.secret());
    match session(examination, token).await {
        Ok(me) => {
            report.record(&SESSION, Ok("the operator's page opens".to_owned()));
            report.record(&PAGE, page::headers(&me));
        }
        Err(unmet) => {
            report.record(&SESSION, Err(unmet));
            report.skip(after(&SESSION), "the operator is not signed in");
            return;
        }
    }
    if mode == Ingress::Managed {
        return report.skip(after(&PAGE), super::managed::SHUT);
    }
    if let Some(attempt) = registered(examination, report).await {
        consented(examination, token, attempt, report).await;
    }
}

/// The steps that cannot be taken once this one has failed.
fn after(step: &Check) -> &'static [&'static Check] {
    let place = STEPS.iter().position(|known| known.id == step.id);
    place.and_then(|place| STEPS.get(place + 1..)).unwrap_or_default()
}

async fn session(examination: &Examination, token: &AccessToken) -> Result<Answer, Unmet> {
    let ask = Ask::get(examination.target.at("/me")).header("cookie", token.cookies(&[]));
    let answer = examination.wire.send(ask.header("accept", "text/html")).await?;
    let is_page = answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html"));
    demand(answer.status == 200 && is_page, || match answer.redirect() {
        Some(_) => {
            "Access sends the operator to its login page: the token has expired or is for another application"
                .to_owned()
        }
        None => format!("GET /me with the operator's token answered {}", answer.status),
    })?;
    Ok(answer)
}

async fn registered(examination: &Examination, report: &mut Report) -> Option<Attempt> {
    let metadata = json!({
        "client_name": "m365-mcp doctor",
        "redirect_uris": [CLIENT],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    });
    let register = async {
        let answer =
            examination.wire.send(Ask::post(examination.target.at("/register")).json(&metadata)).await?;
        if answer.status == 403 && answer.json().get("error") == Some(&json!("access_denied")) {
            return Err(Unmet::NotChecked("clients cannot register themselves here".to_owned()));
        }
        demand(answer.status == 201, || format!("POST /register answered {}", answer.status))?;
        let id = answer.json().get("client_id").and_then(Value::as_str).unwrap_or_default().to_owned();
        let plain = !id.is_empty() && id.len() <= 512 && id.bytes().all(|byte| byte.is_ascii_graphic());
        demand(plain, || "POST /register answered without a client id".to_owned())?;
        Ok(id)
    };
    let client_id = match register.await {
        Ok(client_id) => client_id,
        Err(unmet) => {
            report.record(&REGISTER, Err(unmet));
            report.skip(after(&REGISTER), "there is no client");
            return None;
        }
    };
    report.record(&REGISTER, Ok("a public client was registered".to_owned()));
    let random = || URL_SAFE_NO_PAD.encode(examination.entropy.bytes::<32>());
    let attempt = Attempt { client_id, verifier: Secret::new(random()), state: random() };
    report.hide(&attempt.verifier);
    Some(attempt)
}

async fn consented(examination: &Examination, token: &AccessToken, attempt: Attempt, report: &mut Report) {
    let asked = match consent_page(examination, token, &attempt).await {
        Ok(asked) => asked,
        Err(unmet) => {
            report.record(&CONSENT, Err(unmet));
            report.skip(&[&COOKIE], "there is no page");
            return report.skip(after(&CONSENT), "there is no consent");
        }
    };
    report.record(&COOKIE, page::cookies(&asked));
    match answered(examination, token, &attempt, &asked).await {
        Err(unmet) => {
            report.record(&CONSENT, Err(unmet));
            report.skip(after(&CONSENT), "there is no consent");
        }
        Ok(Led::Microsoft) => {
            report.record(&CONSENT, Ok("the person is asked, and the answer leads to Microsoft".to_owned()));
            let seen = "the answer leads to Microsoft's sign-in, which only a person can pass";
            report.record(&MICROSOFT, Err(Unmet::Failed(seen.to_owned())));
            report.skip(after(&MICROSOFT), "no Microsoft account is connected");
        }
        Ok(Led::Code(code)) => {
            report.hide(&code);
            report.record(
                &CONSENT,
                Ok("the person is asked, and the answer is a code for the client".to_owned()),
            );
            report.record(&MICROSOFT, Ok("a Microsoft account is connected".to_owned()));
            with_code(examination, token, &attempt, &code, report).await;
        }
    }
}

async fn consent_page(
    examination: &Examination,
    token: &AccessToken,
    attempt: &Attempt,
) -> Result<Answer, Unmet> {
    let target = &examination.target;
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(attempt.verifier.expose().as_bytes()));
    let query = encoded(&[
        ("response_type", "code"),
        ("client_id", &attempt.client_id),
        ("redirect_uri", CLIENT),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("state", &attempt.state),
        ("scope", SCOPE),
        ("resource", &target.at(MCP)),
    ]);
    let ask = Ask::get(target.at(&format!("/authorize?{query}"))).header("accept", "text/html");
    let asked = examination.wire.send(ask.header("cookie", token.cookies(&[]))).await?;
    demand(asked.status == 200, || format!("GET /authorize answered {}", asked.status))?;
    Ok(asked)
}

async fn answered(
    examination: &Examination,
    token: &AccessToken,
    attempt: &Attempt,
    asked: &Answer,
) -> Result<Led, Unmet> {
    let target = &examination.target;
    let form = PageForm::of(asked).filter(|form| form.action == "/consent");
    let form =
        form.ok_or_else(|| Unmet::Failed("GET /authorize answered without a form for /consent".to_owned()))?;
    let ask = Ask::post(target.at("/consent")).form(&form.pairs()).header("origin", target.origin());
    let answer = examination.wire.send(ask.header("cookie", token.cookies(&page::kept(asked)))).await?;
    let to = answer
        .redirect()
        .ok_or_else(|| Unmet::Failed(format!("POST /consent answered {}", answer.status)))?;
    if to.path().ends_with(MICROSOFT_PATH) {
        return Ok(Led::Microsoft);
    }
    let client = to.as_str().split('?').next() == Some(CLIENT) && to.fragment().is_none();
    demand(client, || {
        format!("POST /consent leads to {}", quoted(to.as_str().split('?').next().unwrap_or_default()))
    })?;
    read_code(&to, attempt, target.origin()).map(Led::Code)
}

fn read_code(to: &Url, attempt: &Attempt, issuer: &str) -> Result<Secret<String>, Unmet> {
    let parameter =
        |name: &str| to.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value.into_owned());
    demand(parameter("error").is_none(), || {
        format!("the client is told the error {}", quoted(&parameter("error").unwrap_or_default()))
    })?;
    demand(parameter("state").as_ref() == Some(&attempt.state), || {
        "the client gets another state".to_owned()
    })?;
    demand(parameter("iss").as_deref() == Some(issuer), || {
        format!("the client is told the issuer {}", quoted(&parameter("iss").unwrap_or_default()))
    })?;
    parameter("code").map(Secret::new).ok_or_else(|| Unmet::Failed("the client gets no code".to_owned()))
}

async fn with_code(
    examination: &Examination,
    token: &AccessToken,
    attempt: &Attempt,
    code: &Secret<String>,
    report: &mut Report,
) {
    let (tokens, verdict) = redeemed(examination, attempt, code).await;
    if let Some(Tokens { access, refresh }) = &tokens {
        report.hide(access);
        report.hide(refresh);
    }
    report.record(&TOKEN, verdict);
    let Some(tokens) = tokens else {
        return report.skip(after(&TOKEN), "there is no token");
    };
    canary::examine(examination, token, &tokens, report).await;
    report.record(&REVOKED, revoked(examination, attempt, &tokens).await);
}

/// Tokens where there are any, even where something about them is wrong: they have to be revoked.
async fn redeemed(
    examination: &Examination,
    attempt: &Attempt,
    code: &Secret<String>,
) -> (Option<Tokens>, Verdict) {
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", code.expose()),
        ("redirect_uri", CLIENT),
        ("client_id", &attempt.client_id),
        ("code_verifier", attempt.verifier.expose()),
        ("resource", &examination.target.at(MCP)),
    ];
    let answer = match examination.wire.send(Ask::post(examination.target.at("/token")).form(&fields)).await {
        Ok(answer) => answer,
        Err(error) => return (None, Err(error.into())),
    };
    let body = answer.json();
    let text = |name: &str| body.get(name).and_then(Value::as_str);
    let header_safe = |token: &&str| !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
    let secret = |name: &str| text(name).filter(header_safe).map(|token| Secret::new(token.to_owned()));
    let (Some(access), Some(refresh)) = (secret("access_token"), secret("refresh_token")) else {
        let word = text("error").map(quoted).unwrap_or_default();
        return (None, Err(Unmet::Failed(format!("POST /token answered {} {word}", answer.status))));
    };
    (Some(Tokens { access, refresh }), sound(&answer, &body))
}

fn sound(answer: &Answer, body: &Value) -> Verdict {
    let text = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
    let stored = !answer.header("cache-control").unwrap_or_default().contains("no-store");
    demand(!stored, || "a cache may keep the tokens".to_owned())?;
    demand(text("token_type").eq_ignore_ascii_case("bearer"), || {
        format!("token_type is {}", quoted(text("token_type")))
    })?;
    let life = body.get("expires_in").and_then(Value::as_u64).unwrap_or(u64::MAX);
    demand(life <= LONGEST_LIFE_SECS, || format!("the access token lives {life} seconds"))?;
    let wider = text("scope").split(' ').any(|scope| !scope.is_empty() && scope != SCOPE);
    demand(!wider, || format!("the grant is {}, asked was {SCOPE}", quoted(text("scope"))))?;
    Ok(format!("an access token for {life} seconds, scope {SCOPE}"))
}

async fn revoked(examination: &Examination, attempt: &Attempt, tokens: &Tokens) -> Verdict {
    let target = &examination.target;
    let refresh = tokens.refresh.expose().as_str();
    let fields = [("token", refresh), ("client_id", attempt.client_id.as_str())];
    let answer = examination.wire.send(Ask::post(target.at("/revoke")).form(&fields)).await?;
    demand(answer.status == 200, || format!("POST /revoke answered {}", answer.status))?;
    let listed = canary::send(examination, &tokens.access, "tools/list", None).await?;
    demand(listed.status == 401, || format!("the revoked access token answered {}", listed.status))?;
    let fields = [
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", attempt.client_id.as_str()),
    ];
    let again = examination.wire.send(Ask::post(target.at("/token")).form(&fields)).await?;
    demand(again.status == 400, || format!("the revoked refresh token answered {}", again.status))?;
    Ok("both tokens are refused".to_owned())
}
