//! Cloudflare Access in front: which paths it answers itself, which it lets through, and that nothing forged or
//! unsigned opens a page.
//!
//! Source: Cloudflare's documentation of self-hosted Access applications: a browser without a session is sent to
//! `/cdn-cgi/access/login` of the team domain; anything else may get 401 or 403. A team domain that only the
//! deployment itself names is believed where it is below `cloudflareaccess.com`, or where both are this machine:
//! nothing a deployment answers makes this program dial an address of its choice.

use http::Method;
use m365_app::config::Ingress;
use m365_app::routes::{Gate, ROUTES, Route, bypass_paths, old_transport_paths};
use url::Url;

use super::Examination;
use super::forgery::Forgery;
use super::keys;
use super::report::{Report, Unmet, Verdict, demand};
use super::table::{BYPASS, FORGED, GUARDS, KEYS, UNSIGNED};
use super::text::quoted;
use crate::remote::target::Target;
use crate::remote::wire::{Answer, Ask};

const LOGIN: &str = "/cdn-cgi/access/login";
const TEAM_DOMAINS: &str = ".cloudflareaccess.com";

/// Looks at what Access does with requests that carry no session.
pub(super) async fn examine(examination: &Examination, report: &mut Report) {
    let mut team = examination.team.clone();
    let (mut guarded, mut open) = (Vec::new(), Vec::new());
    for route in ROUTES.iter().filter(|route| matches!(route.gate, Gate::Access | Gate::Operator)) {
        match guard(examination, route).await {
            Ok(login) => {
                guarded.push(route);
                team = team.or(login);
            }
            Err(seen) => open.push(seen),
        }
    }
    let verdict = match open.first() {
        None => Ok(format!("{} paths answered by Access", guarded.len())),
        Some(seen) => {
            Err(Unmet::Failed(format!("{} of {} paths: {seen}", open.len(), open.len() + guarded.len())))
        }
    };
    report.record(&GUARDS, verdict);
    guarded.retain(|route| route.methods == [Method::GET]);
    if guarded.is_empty() {
        report.skip(&[&FORGED, &UNSIGNED], "the pages are open to anybody already");
    } else {
        report.record(&FORGED, forged(examination, &guarded, team.as_ref()).await);
        report.record(&UNSIGNED, unsigned(examination, &guarded).await);
    }
    report.record(&KEYS, keys::published(examination, team.as_ref()).await);
}

/// Looks at the paths that Access lets through where the server authorizes clients.
pub(super) async fn examine_bypass(examination: &Examination, report: &mut Report) {
    report.record(&BYPASS, bypassed(examination).await);
}

/// The team domain a path leads to; an error where it is not Access that answers.
async fn guard(examination: &Examination, route: &Route) -> Result<Option<Target>, String> {
    let method = route.methods.first().unwrap_or(&Method::GET);
    let about = |seen: &str| format!("{method} {} {seen}", route.path);
    let ask = Ask::new(method, examination.target.at(route.path)).header("accept", "text/html");
    let answer =
        examination.wire.send(ask).await.map_err(|error| about(&format!("gave no answer: {error}")))?;
    match (answer.status, answer.redirect()) {
        (_, Some(to)) => login_of(examination, &to).map(Some).map_err(|seen| about(&seen)),
        (401 | 403, None) if answer.header("x-request-id").is_none() => Ok(None),
        (401 | 403, None) => Err(about("reached the server: Access is not in front")),
        (status, None) => Err(about(&format!("answered {status}"))),
    }
}

/// The team domain of a login page.
fn login_of(examination: &Examination, to: &Url) -> Result<Target, String> {
    let strange = || format!("leads to {}", quoted(to.as_str().split('?').next().unwrap_or_default()));
    let login = Target::of(to).filter(|_| to.path().starts_with(LOGIN)).ok_or_else(strange)?;
    let known = match &examination.team {
        Some(team) => login.origin() == team.origin(),
        None => {
            (login.is_https() && login.host().ends_with(TEAM_DOMAINS))
                || (login.is_loopback() && examination.target.is_loopback())
        }
    };
    if known { Ok(login) } else { Err(format!("{}, which is not the team domain", strange())) }
}

/// Whether the answer opens nothing: a login page, 401 or 403.
fn is_shut(examination: &Examination, answer: &Answer) -> bool {
    match answer.redirect() {
        Some(to) => login_of(examination, &to).is_ok(),
        None => matches!(answer.status, 401 | 403),
    }
}

async fn forged(examination: &Examination, guarded: &[&Route], team: Option<&Target>) -> Verdict {
    let now = examination.clock.now();
    let name = keys::a_name(examination, team).await;
    let forgery = Forgery::new(&examination.target, team, name, &*examination.entropy, now)
        .map_err(|fault| Unmet::NotChecked(format!("no key could be made to forge with: {fault}")))?;
    let tries = forgery.headers();
    shut(examination, guarded, &tries).await
}

async fn unsigned(examination: &Examination, guarded: &[&Route]) -> Verdict {
    let somebody = format!("somebody@{}", examination.target.host());
    let names = [
        "cf-access-authenticated-user-email",
        "x-forwarded-user",
        "x-forwarded-email",
        "x-auth-request-email",
        "remote-user",
    ];
    let tries: Vec<_> = names.map(|name| ("unsigned", name, somebody.clone())).into();
    shut(examination, guarded, &tries).await
}

/// Tries each header on each path.
async fn shut(examination: &Examination, guarded: &[&Route], tries: &[(&str, &str, String)]) -> Verdict {
    for route in guarded {
        for (what, name, value) in tries {
            let ask = Ask::get(examination.target.at(route.path)).header("accept", "text/html");
            let answer = examination.wire.send(ask.header(name, value.clone())).await?;
            demand(is_shut(examination, &answer), || {
                format!("GET {} with {name} ({what}) answered {}", route.path, answer.status)
            })?;
        }
    }
    Ok(format!("{} tries on {} paths opened nothing", tries.len(), guarded.len()))
}

/// Each path that the route table lets through answers for itself: no login, no refusal by Access.
async fn bypassed(examination: &Examination) -> Verdict {
    let (paths, old) = (bypass_paths(Ingress::Oauth), old_transport_paths());
    let mut kept = Vec::new();
    for path in &paths {
        // Clients probe for documents that do not exist, and must read a 404 there.
        let probe = path.replace('*', "doctor-probe");
        let answer = examination.wire.send(Ask::get(examination.target.at(&probe))).await?;
        let stopped = answer.redirect().is_some() || answer.status == 403;
        if stopped && old.contains(path) {
            kept.push(*path);
            continue;
        }
        demand(!stopped, || format!("GET {probe} answered {}", answer.status))?;
    }
    let through = format!("{} paths let through", paths.len() - kept.len());
    if kept.is_empty() {
        return Ok(through);
    }
    Ok(format!("{through}; {} guarded, so clients of 2024-11-05 cannot come", kept.join(" and ")))
}
