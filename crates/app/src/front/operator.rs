//! What operators order: recorded before it is done, put into the directory's log, and carried to the cells it is for.
//!
//! The order is in force once the directory has it: a cell that cannot be reached now carries it out before its next
//! act, and no cell acts on a copy of the log that is older than a minute.

use bytes::Bytes;
use http::{Response, StatusCode};
use m365_auth::context::Errand;
use m365_ports::{IssuedOrder, KnownPerson, Verdict};
use m365_types::{AccessSubject, AuditKind, CellId, ClientId, OperatorNote, Order, Reason};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Arrival, Front};
use crate::errors;
use crate::respond::{self, Failure};
use crate::routes::Handler;

/// Cells visited in one request: a Worker may make so many calls of its own, and a client waits for them.
const VISITED_AT_ONCE: u64 = 50;

/// An operator whom the gate let in.
pub(super) struct Operator {
    /// Who.
    pub(super) subject: AccessSubject,
    /// Their own cell, where their orders are recorded.
    pub(super) cell: CellId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Asked {
    reason: Option<Reason>,
    person: Option<String>,
    client: Option<ClientId>,
    #[serde(default)]
    all: bool,
    after: Option<CellId>,
}

impl Front {
    /// Answers a row of the operator gate.
    pub(super) async fn operate(
        &self,
        arrival: &Arrival,
        operator: &Operator,
        body: &Bytes,
    ) -> Result<Response<Bytes>, Failure> {
        let asked: Asked = serde_json::from_slice(body).map_err(|_| misunderstood("The body is not a JSON object of `reason` and whom it concerns, or a value in it is malformed."))?;
        let reason = asked
            .reason
            .clone()
            .ok_or_else(|| misunderstood("Say why: `reason` is one line of 3 to 200 characters."))?;
        let note = |target: &str| OperatorNote {
            operator: operator.subject.clone(),
            target: target.to_owned(),
            reason: reason.clone(),
        };
        if arrival.route.handler == Handler::OperatorVisit {
            let note = note("cells");
            self.noted(arrival, operator, AuditKind::OperatorVisit, "visit", &note).await?;
            return self.visit_all(arrival, asked.after.as_ref()).await;
        }
        let orders = self.orders(arrival.route.handler, &asked).await?;
        let mut carried = Vec::with_capacity(orders.len());
        for order in orders {
            let note = note(order.target());
            let (kind, word) = (order.kind().audit(), order.kind().as_str());
            // The cell of an operator that was restored itself cannot record before it is readmitted: there the order
            // in the log is the record.
            if !matches!(&order, Order::Readmit(cell) if *cell == operator.cell) {
                self.noted(arrival, operator, kind, word, &note).await?;
            }
            carried.push(self.give(arrival, operator, order, note).await?);
        }
        Ok(respond::json(
            StatusCode::OK,
            &json!({ "requestId": arrival.request.to_string(), "orders": carried }),
        ))
    }

    /// What is ordered by this request.
    async fn orders(&self, handler: Handler, asked: &Asked) -> Result<Vec<Order>, Failure> {
        let only_person = "Name one `person`: an e-mail address, an Access subject or a cell.";
        match (handler, &asked.person, &asked.client, asked.all) {
            (Handler::OperatorKill, None, None, true) => Ok(vec![Order::KillEveryone]),
            (Handler::OperatorKill, None, Some(client), false) => Ok(vec![Order::KillClient(client.clone())]),
            (Handler::OperatorKill, Some(person), None, false) => {
                let people = self.people(person).await?;
                Ok(people.into_iter().map(|person| Order::KillPerson(person.cell)).collect())
            }
            (Handler::OperatorKill, ..) => {
                Err(misunderstood("Name exactly one of `person`, `client` and `all`: true."))
            }
            (Handler::OperatorUnpin, Some(person), None, false) => {
                Ok(vec![Order::Unpin(self.one(person).await?)])
            }
            (Handler::OperatorReadmit, Some(person), None, false) => {
                // A restored cell may be of someone whom a restored directory does not know.
                let cell = match CellId::parse(person) {
                    Ok(cell) => cell,
                    Err(_) => self.one(person).await?,
                };
                Ok(vec![Order::Readmit(cell)])
            }
            _ => Err(misunderstood(only_person)),
        }
    }

    async fn people(&self, name: &str) -> Result<Vec<KnownPerson>, Failure> {
        let found = self.core.ports.directory.find_people(name).await;
        let found = found.map_err(|_| Failure::of(&errors::STANDING))?;
        if found.is_empty() { Err(Failure::of(&errors::PERSON_UNKNOWN)) } else { Ok(found) }
    }

    async fn one(&self, name: &str) -> Result<CellId, Failure> {
        let mut found = self.people(name).await?;
        match (found.pop(), found.is_empty()) {
            (Some(person), true) => Ok(person.cell),
            _ => Err(misunderstood(
                "Several people have had that address: name the Access subject or the cell.",
            )),
        }
    }

    /// Puts the order into the log, carries it to its cell at once, and records how that went.
    async fn give(
        &self,
        arrival: &Arrival,
        operator: &Operator,
        order: Order,
        note: OperatorNote,
    ) -> Result<Value, Failure> {
        let (kind, cell) = (order.kind(), order.cell().cloned());
        if let Order::KillClient(client) = &order {
            // Before the order, so that the client cannot come back between the two.
            self.core.clients.forget(client).await?;
        }
        let issued = IssuedOrder {
            order,
            note: note.clone(),
            at: self.core.ports.clock.now(),
            request: arrival.request,
        };
        let number = self.core.ports.directory.issue(issued).await;
        let number = number.map_err(|_| Failure::of(&errors::STANDING))?;
        let visited = match &cell {
            Some(cell) => self.visit(arrival, cell).await,
            None => Value::Null,
        };
        tracing::warn!(requestId = %arrival.request, order = kind.as_str(), number, "an operator's order");
        let errand =
            Errand::Note { kind: kind.audit(), code: "ordered".to_owned(), verdict: Verdict::Done, note };
        self.send_errand(arrival, &operator.cell, m365_ports::CellAccess::Create, &errand).await?;
        Ok(json!({ "order": kind.as_str(), "number": number, "cell": cell, "carriedOut": visited }))
    }

    /// Records in the operator's own cell what they are about to do. Without the record nothing is done.
    async fn noted(
        &self,
        arrival: &Arrival,
        operator: &Operator,
        kind: AuditKind,
        code: &str,
        note: &OperatorNote,
    ) -> Result<(), Failure> {
        let (code, note) = (code.to_owned(), note.clone());
        let errand = Errand::Note { kind, code, verdict: Verdict::Unknown, note };
        self.send_errand(arrival, &operator.cell, m365_ports::CellAccess::Create, &errand).await.map(drop)
    }

    /// Visits a part of the cells, in the order of their names.
    async fn visit_all(&self, arrival: &Arrival, after: Option<&CellId>) -> Result<Response<Bytes>, Failure> {
        let cells = self.core.ports.directory.cells(after, VISITED_AT_ONCE).await;
        let cells = cells.map_err(|_| Failure::of(&errors::STANDING))?;
        let next = cells.last().filter(|_| cells.len() as u64 == VISITED_AT_ONCE);
        let mut visited = Vec::with_capacity(cells.len());
        for cell in &cells {
            visited.push(json!({ "cell": cell, "carriedOut": self.visit(arrival, cell).await }));
        }
        let body = json!({ "requestId": arrival.request.to_string(), "visited": visited, "next": next });
        Ok(respond::json(StatusCode::OK, &body))
    }

    /// Has one cell carry out its orders; `null` where it could not be reached and will do so by itself.
    async fn visit(&self, arrival: &Arrival, cell: &CellId) -> Value {
        let sent = self.send_errand(arrival, cell, m365_ports::CellAccess::Existing, &Errand::Visit).await;
        match sent.map(|answer| serde_json::from_slice(answer.body())) {
            Ok(Ok(done)) => done,
            Ok(Err(_)) | Err(_) => Value::Null,
        }
    }
}

fn misunderstood(sentence: &str) -> Failure {
    Failure::of(&errors::REQUEST_MALFORMED).saying(sentence)
}
