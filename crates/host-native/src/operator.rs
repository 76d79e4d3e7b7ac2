//! `m365-mcp kill`, `unpin`, `readmit` and `visit`: an operator's orders, given through the operator routes of a running
//! deployment, whichever host it runs on.
//!
//! The operator proves themselves as they do in a browser: with a session at Access, which goes to the address that was
//! named and nowhere else. An order for everyone is in force when the first answer has come; the visits that follow
//! only make every cell carry it out at once.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context as _, anyhow, ensure};
use m365_app::config::ConfigError;
use serde_json::{Map, Value, json};

use crate::cli::{Kill, OrderTo, Ordering, Visit};
use crate::environment::Environment;
use crate::output;
use crate::ports::outbound::HyperOutbound;
use crate::remote::credentials::AccessToken;
use crate::remote::target::Target;
use crate::remote::wire::{Ask, Wire};

/// Ends sessions.
///
/// # Errors
/// Where the deployment refuses or cannot be reached; then what was not printed was not done.
pub(crate) async fn kill(arguments: Kill) -> anyhow::Result<ExitCode> {
    let deployment = Deployment::of(&arguments.ordering)?;
    let whom = match (arguments.person, arguments.client) {
        (Some(person), _) => json!({ "person": person }),
        (None, Some(client)) => json!({ "client": client }),
        (None, None) => json!({ "all": true }),
    };
    let is_for_many = whom.get("person").is_none();
    deployment.order("/operator/kill", whom).await?;
    if is_for_many {
        deployment.visit_all().await?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Removes the link between a person and a Microsoft account.
///
/// # Errors
/// As [`kill`].
pub(crate) async fn unpin(arguments: OrderTo) -> anyhow::Result<ExitCode> {
    let deployment = Deployment::of(&arguments.ordering)?;
    deployment.order("/operator/unpin", json!({ "person": arguments.person })).await?;
    Ok(ExitCode::SUCCESS)
}

/// Lets a cell that was restored from a copy write again.
///
/// # Errors
/// As [`kill`].
pub(crate) async fn readmit(arguments: OrderTo) -> anyhow::Result<ExitCode> {
    let deployment = Deployment::of(&arguments.ordering)?;
    deployment.order("/operator/readmit", json!({ "person": arguments.person })).await?;
    Ok(ExitCode::SUCCESS)
}

/// Visits every cell: orders are carried out, and what lies under a previous key is sealed again.
///
/// # Errors
/// As [`kill`].
pub(crate) async fn visit(arguments: Visit) -> anyhow::Result<ExitCode> {
    Deployment::of(&arguments.ordering)?.visit_all().await
}

/// A deployment, and the operator before it.
struct Deployment {
    target: Target,
    token: AccessToken,
    reason: String,
    as_json: bool,
    wire: Wire,
}

/// What visits came to.
#[derive(Clone, Copy, Default)]
struct Sum {
    cells: u64,
    unreached: u64,
    grants: u64,
    calls: u64,
    resealed: u64,
    unreadable: u64,
}

impl Deployment {
    fn of(ordering: &Ordering) -> anyhow::Result<Self> {
        let target = match &ordering.url {
            Some(url) => url.clone(),
            None => Environment::variable("PUBLIC_URL")
                .context("say which deployment: --url, or PUBLIC_URL in the environment")?
                .parse::<Target>()
                .map_err(|problem| ConfigError { name: "PUBLIC_URL", problem })?,
        };
        ensure!(target.is_private(), "a session may travel over https, or on this machine only");
        let token = AccessToken::read(&ordering.access_token_file)
            .map_err(|problem| ConfigError { name: "--access-token-file", problem })?;
        let (reason, as_json) = (ordering.reason.clone(), ordering.json);
        Ok(Self { target, token, reason, as_json, wire: Wire::new(Arc::new(HyperOutbound::new())) })
    }

    async fn order(&self, path: &str, whom: Value) -> anyhow::Result<()> {
        let answer = self.post(path, whom).await?;
        for order in answer.get("orders").and_then(Value::as_array).into_iter().flatten() {
            self.tell(order);
        }
        Ok(())
    }

    async fn visit_all(&self) -> anyhow::Result<ExitCode> {
        let (mut after, mut sum) = (Value::Null, Sum::default());
        loop {
            let answer = self.post("/operator/visit", json!({ "after": after })).await?;
            for visit in answer.get("visited").and_then(Value::as_array).into_iter().flatten() {
                sum.add(visit);
            }
            after = answer.get("next").cloned().unwrap_or_default();
            if after.is_null() {
                break;
            }
        }
        let Sum { cells, unreached, grants, calls, resealed, unreadable } = sum;
        if self.as_json {
            output::line(&json!({ "cells": cells, "unreached": unreached, "grants": grants, "calls": calls, "resealed": resealed, "unreadable": unreadable }).to_string());
        } else {
            output::line(&format!(
                "{cells} cells visited, {unreached} not reached; {grants} grants and {calls} calls ended; {resealed} values sealed again, {unreadable} unreadable and erased."
            ));
        }
        if unreached > 0 {
            output::note(
                "A cell that was not reached carries its orders out before its next act. Run this again.",
            );
            return Ok(ExitCode::FAILURE);
        }
        Ok(ExitCode::SUCCESS)
    }

    async fn post(&self, path: &str, body: Value) -> anyhow::Result<Value> {
        let mut fields: Map<String, Value> =
            if let Value::Object(fields) = body { fields } else { Map::new() };
        fields.insert("reason".to_owned(), self.reason.clone().into());
        fields.retain(|_, value| !value.is_null());
        let ask =
            Ask::post(self.target.at(path)).header("cookie", self.token.cookies(&[])).json(&fields.into());
        let answer =
            self.wire.send(ask).await.map_err(|error| anyhow!("{} does not answer: {error}", self.target))?;
        if answer.status == 200 {
            return Ok(answer.json());
        }
        let body = answer.json();
        let said = |name: &str| {
            body.get(name)
                .and_then(Value::as_str)
                .unwrap_or("-")
                .chars()
                .filter(|c| !c.is_control())
                .take(300)
                .collect::<String>()
        };
        Err(anyhow!(
            "{} refused with status {}: {} (request {})",
            self.target,
            answer.status,
            said("error_description"),
            said("request_id")
        ))
    }

    fn tell(&self, order: &Value) {
        if self.as_json {
            return output::line(&order.to_string());
        }
        let word = |name: &str| order.get(name).and_then(Value::as_str).unwrap_or("everyone").to_owned();
        let of =
            |name: &str| order.pointer(&format!("/carriedOut/{name}")).and_then(Value::as_u64).unwrap_or(0);
        let number = order.get("number").and_then(Value::as_u64).unwrap_or(0);
        let carried = if order.get("carriedOut").is_some_and(Value::is_object) {
            format!("carried out: {} grants and {} calls ended", of("grants"), of("calls"))
        } else {
            "in force within a minute wherever it is not carried out yet".to_owned()
        };
        output::line(&format!("Order {number}, {} for {}: {carried}.", word("order"), word("cell")));
    }
}

impl Sum {
    fn add(&mut self, visit: &Value) {
        let of =
            |name: &str| visit.pointer(&format!("/carriedOut/{name}")).and_then(Value::as_u64).unwrap_or(0);
        self.cells += 1;
        self.unreached += u64::from(!visit.get("carriedOut").is_some_and(Value::is_object));
        self.grants += of("grants");
        self.calls += of("calls");
        self.resealed += of("resealed");
        self.unreadable += of("unreadable");
    }
}
