//! The three resources.

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::json::Look as _;
use crate::mcp::{LEGACY, MODERN};
use crate::session::Session;
use crate::site::Site;

const THREE: [(&str, &str); 3] = [
    ("microsoft://calendars", "/v1.0/me/calendars"),
    ("microsoft://profile", "/v1.0/me"),
    ("microsoft://teams", "/v1.0/me/joinedTeams"),
];

table! { "resources":
    shared exactly_three_resources_are_listed,
    shared each_resource_reads_its_path_as_json,
    shared a_resource_that_fails_is_an_error_and_not_a_body,
    shared teams_are_asked_without_select,
}

fn exactly_three_resources_are_listed(site: &Site) -> Result<()> {
    let session = Session::open(site, "resource-list")?;
    let reply = session.mcp.send("resources/list", &Value::Null)?;
    let mut uris: Vec<_> =
        reply.result()?.list("/resources")?.iter().filter_map(|item| item.at("/uri").as_str()).collect();
    uris.sort_unstable();
    ensure!(uris == THREE.map(|(uri, _)| uri), "resources: {}", reply.answer);
    for item in reply.result()?.list("/resources")? {
        ensure!(item.text("/mimeType")? == "application/json" && !item.text("/name")?.is_empty(), "{item}");
    }
    Ok(())
}

fn each_resource_reads_its_path_as_json(site: &Site) -> Result<()> {
    let session = Session::open(site, "resource-read")?;
    for (uri, path) in THREE {
        for version in [MODERN, LEGACY[0]] {
            let reply = session.mcp.speaking(version).resource(uri)?;
            let content = reply.result()?.at("/contents/0").clone();
            ensure!(
                content.text("/uri")? == uri && content.text("/mimeType")? == "application/json",
                "{}",
                reply.answer
            );
            serde_json::from_str::<Value>(content.text("/text")?)?;
            ensure!(session.last_graph_request()?.path() == path, "{}", session.last_graph_request()?.line());
        }
    }
    let modern = session.mcp.resource("microsoft://profile")?;
    ensure!(modern.result()?.text("/cacheScope")? == "private", "cacheScope: {}", modern.answer);
    Ok(())
}

fn a_resource_that_fails_is_an_error_and_not_a_body(site: &Site) -> Result<()> {
    let session = Session::with_scope(site, "resource-scope", "Mail.Read")?;
    let reply = session.mcp.resource("microsoft://calendars")?;
    reply.answer.expect(&[403])?;
    ensure!(reply.message.get("result").is_none(), "a failure came as a result: {}", reply.answer);
    ensure!(session.graph_requests()?.is_empty(), "Graph was called without the scope");
    Ok(())
}

fn teams_are_asked_without_select(site: &Site) -> Result<()> {
    let session = Session::open(site, "joined")?;
    let reply = session.mcp.resource("microsoft://teams")?;
    ensure!(reply.result()?.text("/contents/0/text")?.contains("Operations"), "{}", reply.answer);
    ensure!(session.last_graph_request()?.option("$select").is_none(), "joinedTeams takes no $select");
    Ok(())
}
