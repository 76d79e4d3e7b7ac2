//! How the address is reached: that it answers, TLS, plain http beside it, HSTS (RFC 6797), the clock.

use std::time::Duration;

use m365_app::config::Ingress;
use m365_journal::rfc3339;
use m365_ports::OutboundError;
use m365_types::UnixMillis;
use serde_json::json;

use super::report::{Report, Unmet, Verdict, demand};
use super::table::{CLOCK, HSTS, REACHABLE, REDIRECT, TLS};
use super::text::quoted;
use super::{Examination, managed};
use crate::remote::wire::{Answer, Ask};

const HEALTH: &str = "/healthz";
/// What two clocks may differ by.
const TOLERANCE: Duration = Duration::from_mins(1);
/// Six months, as Cloudflare's own setting recommends at least.
const HSTS_SECS: u64 = 180 * 24 * 60 * 60;

/// Looks at everything below HTTP; `false` where nothing answers, so that nothing else can be looked at.
pub(super) async fn examine(examination: &Examination, mode: Ingress, report: &mut Report) -> bool {
    let target = &examination.target;
    let answer = match examination.wire.send(Ask::get(target.at(HEALTH))).await {
        Ok(answer) => answer,
        Err(error) => {
            unreachable(examination, report, error).await;
            return false;
        }
    };
    report.record(&REACHABLE, healthy(&answer, mode));
    report.record(&TLS, encrypted(examination));
    report.record(&REDIRECT, redirected(examination).await);
    report.record(&HSTS, strict(examination, &answer));
    report.record(&CLOCK, timely(&answer, examination.clock.now()));
    true
}

/// A certificate that is not trusted and a port that nobody listens on look the same to a verifying client. Plain
/// http to the same port tells them apart.
async fn unreachable(examination: &Examination, report: &mut Report, error: OutboundError) {
    let target = &examination.target;
    if target.is_https() && error == OutboundError::Connect && listens(examination, target).await {
        let seen = "something listens there, but not with a certificate that browsers trust for this name";
        report.record(&TLS, Err(Unmet::Failed(seen.to_owned())));
        report.skip(&[&REACHABLE], "no trustworthy connection");
        return;
    }
    report.record(&REACHABLE, Err(error.into()));
}

/// Whether a port that has no trusted certificate is open all the same.
pub(super) async fn listens(examination: &Examination, target: &crate::remote::target::Target) -> bool {
    let plain = Ask::get(format!("{}{HEALTH}", target.without_tls(target.port())));
    !matches!(examination.wire.send(plain).await, Err(OutboundError::Connect | OutboundError::Timeout))
}

fn healthy(answer: &Answer, mode: Ingress) -> Verdict {
    if mode == Ingress::Managed {
        demand(managed::is_of_access(answer), || format!("GET {HEALTH} reached the server"))?;
        return Ok(format!("GET {HEALTH} is answered by Access"));
    }
    let said = answer.text();
    demand(answer.status == 200 && answer.json() == json!({ "status": "ok" }), || {
        format!("GET {HEALTH} answered {} {}", answer.status, quoted(&said))
    })?;
    Ok(format!("GET {HEALTH} answered 200"))
}

fn encrypted(examination: &Examination) -> Verdict {
    let target = &examination.target;
    demand(target.is_private(), || format!("{target} is plain http, and not this machine"))?;
    Ok(if target.is_https() { "the certificate is trusted" } else { "plain http within this machine" }
        .to_owned())
}

async fn redirected(examination: &Examination) -> Verdict {
    let target = &examination.target;
    if !target.has_standard_port() {
        return Err(Unmet::NotChecked("only https on its own port has an http address beside it".to_owned()));
    }
    let plain = Ask::get(format!("{}{HEALTH}", target.without_tls(80)));
    let answer = match examination.wire.send(plain).await {
        Err(OutboundError::Connect | OutboundError::Timeout) => return Ok("port 80 is closed".to_owned()),
        Err(error) => return Err(error.into()),
        Ok(answer) => answer,
    };
    let to = answer.redirect().map(|url| url.origin().ascii_serialization());
    demand(to.as_deref() == Some(target.origin()), || {
        let to = to.as_deref().map(quoted).unwrap_or_default();
        format!("the http address answered {} {to}", answer.status)
    })?;
    Ok("the http address leads to https".to_owned())
}

fn strict(examination: &Examination, answer: &Answer) -> Verdict {
    if !examination.target.is_https() {
        return Err(Unmet::NotChecked("plain http within this machine".to_owned()));
    }
    let header = answer.header("strict-transport-security").unwrap_or_default();
    let age = header
        .split(';')
        .find_map(|part| part.trim().strip_prefix("max-age=")?.trim_matches('"').parse().ok());
    demand(age.is_some_and(|secs: u64| secs >= HSTS_SECS), || {
        format!("Strict-Transport-Security is {}", quoted(header))
    })?;
    Ok(format!("Strict-Transport-Security is {}", quoted(header)))
}

fn timely(answer: &Answer, now: UnixMillis) -> Verdict {
    let header = answer.header("date").unwrap_or_default();
    let said = moment(header).ok_or_else(|| Unmet::Failed(format!("Date is {}", quoted(header))))?;
    let bound = |at: UnixMillis| rfc3339(at).chars().take(said.len()).collect::<String>();
    let earliest = bound(UnixMillis::from_millis(
        now.since(UnixMillis::from_millis(0)).saturating_sub(TOLERANCE).as_millis().try_into().unwrap_or(0),
    ));
    let latest = bound(now.plus(TOLERANCE));
    demand((earliest..=latest).contains(&said), || {
        format!("the server says {said}Z, this machine {}", rfc3339(now))
    })?;
    Ok(format!("the server says {said}Z"))
}

/// An IMF-fixdate (RFC 9110 section 5.6.7) as `2026-11-22T15:04:05`, which sorts as time does.
fn moment(date: &str) -> Option<String> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let parts: Vec<&str> = date.split(' ').collect();
    let [_, day, month, year, time, "GMT"] = parts.as_slice() else { return None };
    let month = MONTHS.iter().position(|name| name == month)? + 1;
    let digits = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_digit());
    let clock: Vec<&str> = time.split(':').collect();
    let plausible =
        digits(day, 2) && digits(year, 4) && clock.len() == 3 && clock.iter().all(|part| digits(part, 2));
    plausible.then(|| format!("{year}-{month:02}-{day}T{time}"))
}

#[cfg(test)]
#[path = "transport_tests.rs"]
mod tests;
