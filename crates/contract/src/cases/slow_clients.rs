//! Clients that take their time: every wait has an end, and nobody else waits with them.
//!
//! The ends are those of the host that listens: ten seconds for headers and body natively, fifteen for headers in workerd
//! and ten for the body in the Worker. Each case allows twice as long and more, for a machine that is busy.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::http::Request;
use crate::raw;
use crate::session::{Session, bounded};
use crate::site::Site;

table! { "slow_clients":
    shared a_header_without_end_is_cut_off_by_its_deadline,
    shared a_body_that_trickles_is_cut_off_by_its_deadline,
    shared a_connection_that_says_nothing_more_is_closed,
    shared others_are_served_while_clients_dawdle,
    native connections_beyond_the_share_of_an_address_are_refused_and_the_share_comes_back,
}

/// Seconds after which a client that dawdles must have been cut off.
const DEADLINE: usize = 40;
/// Connections that one address of this machine may hold.
const SHARE: usize = 384;

/// The beginning of a request, up to a header that does not end.
fn unfinished(site: &Site) -> String {
    format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nX-Slow: a", site.mcp.authority())
}

fn a_header_without_end_is_cut_off_by_its_deadline(site: &Site) -> Result<()> {
    let answer = raw::trickle(&site.origin, unfinished(site).as_bytes(), b"a", DEADLINE)?;
    let answer = String::from_utf8_lossy(&answer);
    ensure!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "a header without end got {answer}");
    Ok(())
}

fn a_body_that_trickles_is_cut_off_by_its_deadline(site: &Site) -> Result<()> {
    let session = Session::open(site, "trickle")?;
    let host = site.mcp.authority();
    let token = &session.tokens.access;
    let json = "Content-Type: application/json";
    let form = "Content-Type: application/x-www-form-urlencoded";
    for (head, drop_of_more) in [
        (format!("POST /token HTTP/1.1\r\nHost: {host}\r\n{form}\r\nContent-Length: 1000\r\n\r\na=b"), "b"),
        (
            format!("POST /token HTTP/1.1\r\nHost: {host}\r\n{form}\r\nTransfer-Encoding: chunked\r\n\r\n"),
            "1\r\na\r\n",
        ),
        (
            format!(
                "POST /mcp HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n{json}\r\nContent-Length: 1000\r\n\r\n{{"
            ),
            " ",
        ),
    ] {
        let answer = raw::trickle(&site.origin, head.as_bytes(), drop_of_more.as_bytes(), DEADLINE)?;
        let answer = String::from_utf8_lossy(&answer);
        ensure!(answer.starts_with("HTTP/1.1 408"), "a body without end got {answer}");
        ensure!(answer.matches("HTTP/1.1 ").count() == 1, "more than one answer: {answer}");
    }
    ensure!(session.graph_requests()?.is_empty(), "an unfinished call was run");
    session.tool("getEmails", &json!({ "count": 1 }))?.content().map(drop)
}

fn a_connection_that_says_nothing_more_is_closed(site: &Site) -> Result<()> {
    let whole = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n\r\n", site.mcp.authority());
    let answer = raw::trickle(&site.origin, whole.as_bytes(), b"", DEADLINE)?;
    let answer = String::from_utf8_lossy(&answer);
    ensure!(answer.starts_with("HTTP/1.1 200") && answer.matches("HTTP/1.1 ").count() == 1, "{answer}");
    let nothing = raw::trickle(&site.origin, b"", b"", DEADLINE)?;
    ensure!(nothing.is_empty(), "nothing was answered with {:?}", String::from_utf8_lossy(&nothing));
    Ok(())
}

fn others_are_served_while_clients_dawdle(site: &Site) -> Result<()> {
    let session = Session::open(site, "meanwhile")?;
    let held = raw::hold(&site.origin, 60, unfinished(site).as_bytes())?;
    for _ in 0..3 {
        session.tool("getEmails", &json!({ "count": 1 }))?.content()?;
    }
    ensure!(held.count() == 60, "they were not held");
    Ok(())
}

/// The kernel's own cap on connections that nobody has accepted yet does not matter here: each is accepted, and then told.
fn connections_beyond_the_share_of_an_address_are_refused_and_the_share_comes_back(
    site: &Site,
) -> Result<()> {
    let healthy = || {
        let request =
            format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", site.mcp.authority());
        let answer = raw::exchange(&site.origin, request.as_bytes(), Duration::from_secs(30))?;
        Ok::<_, anyhow::Error>(String::from_utf8_lossy(&answer).into_owned())
    };
    ensure!(healthy()?.starts_with("HTTP/1.1 200"), "not healthy to begin with");
    let held = raw::hold(&site.origin, SHARE + 20, unfinished(site).as_bytes())?;
    let refused = healthy()?.to_lowercase();
    ensure!(
        refused.starts_with("http/1.1 503") && refused.contains("retry-after:"),
        "one too many got {refused}"
    );
    drop(held);
    bounded("the places came back", || Ok(healthy()?.starts_with("HTTP/1.1 200")))?;
    Request::get(site.edge("/healthz")?).send()?.expect(&[200]).map(drop)
}
