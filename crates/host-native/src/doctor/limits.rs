//! Limits of the machine routes: length, type, method; each row of the route table says its own.

use http::Method;
use m365_app::routes::{Content, Gate, ROUTES, Route};

use super::Examination;
use super::report::{Report, Verdict, demand};
use super::table::{METHOD, SIZE, TYPE};
use super::text::quoted;
use crate::remote::wire::Ask;

/// Looks at limits.
pub(super) async fn examine(examination: &Examination, report: &mut Report) {
    report.record(&SIZE, size(examination).await);
    report.record(&TYPE, content_type(examination).await);
    report.record(&METHOD, method(examination).await);
}

/// Routes that read a body of a fixed type before anybody is known.
fn readers() -> impl Iterator<Item = (&'static Route, &'static str)> {
    ROUTES.iter().filter(|route| matches!(route.gate, Gate::Client | Gate::Public)).filter_map(|route| {
        match route.content {
            Content::Form => Some((route, "application/x-www-form-urlencoded")),
            Content::Json => Some((route, "application/json")),
            Content::Any | Content::None => None,
        }
    })
}

async fn size(examination: &Examination) -> Verdict {
    for (route, kind) in readers() {
        let ask = Ask::post(examination.target.at(route.path)).body(kind, "a".repeat(route.body_cap + 1));
        let status = examination.wire.send(ask).await?.status;
        demand(status == 413, || {
            format!("{} bytes to {} answered {status}", route.body_cap + 1, route.path)
        })?;
    }
    Ok(format!("{} paths refuse a body that is too long", readers().count()))
}

async fn content_type(examination: &Examination) -> Verdict {
    for (route, _) in readers() {
        let ask = Ask::post(examination.target.at(route.path)).body("text/plain", "a");
        let status = examination.wire.send(ask).await?.status;
        demand(status == 415, || format!("text to {} answered {status}", route.path))?;
    }
    Ok(format!("{} paths refuse a body of another type", readers().count()))
}

async fn method(examination: &Examination) -> Verdict {
    let fixed = || {
        let before_the_gate = |route: &&Route| matches!(route.gate, Gate::Client | Gate::Public);
        ROUTES.iter().filter(before_the_gate).filter(|route| !route.methods.is_empty())
    };
    for route in fixed() {
        let answer =
            examination.wire.send(Ask::new(&Method::DELETE, examination.target.at(route.path))).await?;
        let allow = answer.header("allow").unwrap_or_default();
        let told = route.methods.iter().all(|method| allow.contains(method.as_str()));
        demand(answer.status == 405 && told, || {
            format!("DELETE {} answered {} with Allow {}", route.path, answer.status, quoted(allow))
        })?;
    }
    Ok(format!("{} paths refuse another method", fixed().count()))
}
