//! The way to a question: to the person's own cell, or as a second person to somebody else's.
//!
//! The link names the cell; it is opened here, so that a forged one reaches none. A second person is somebody of the
//! approvers' group who is not the cell's person. What they answer is recorded in their own cell before it is carried to
//! the other, and how it went after.

use axum::body::Body;
use bytes::Bytes;
use http::Response;
use m365_auth::context::Errand;
use m365_auth::oauth::form::Form;
use m365_auth::perimeter::VerifiedAssertion;
use m365_ports::{CellAccess, Verdict};
use m365_types::{AuditKind, CellId, Identity, OperatorNote, Person, Reason};

use super::gate::Pass;
use super::{Arrival, Front};
use crate::approval_link::{ApprovalLink, LINK_PARAMETER};
use crate::errors;
use crate::respond::Failure;
use crate::routes::Handler;

/// Why somebody else's question stands in an approver's record.
const SECOND_PERSON: &str = "Answered somebody else's question as a second person";

impl Front {
    /// Carries a request about a question to the cell that asks.
    pub(super) async fn to_question(
        &self,
        arrival: &Arrival,
        pass: Pass,
        body: Bytes,
    ) -> Result<Response<Body>, Failure> {
        let query = Form::parse(arrival.head.uri.query().unwrap_or_default().as_bytes())?;
        let link = query.text(LINK_PARAMETER).and_then(|text| self.core.approvals.open(text));
        let link = link.ok_or_else(|| Failure::of(&errors::APPROVAL_UNKNOWN))?;
        if link.cell == pass.cell {
            return self.forward(arrival, &pass, body).await;
        }
        let identity = pass.assertion.as_ref().map(VerifiedAssertion::identity);
        let Some(Identity::Person(person)) = identity else {
            return Err(Failure::of(&errors::ACCESS_SERVICE));
        };
        let group = self.core.config.approvers.as_ref();
        if !group.is_some_and(|group| person.groups.contains(group)) {
            return Err(Failure::of(&errors::APPROVER));
        }
        let answers = arrival.route.handler == Handler::ApproveAnswer;
        let (person, own) = (person.clone(), pass.cell.clone());
        if answers {
            self.note_answer(arrival, &own, &person, (&link, Verdict::Unknown)).await?;
        }
        let there = Pass { cell: link.cell.clone(), ..pass };
        let answer = self.forward_as(arrival, &there, body, Some(&Errand::SecondPerson)).await;
        if answers {
            let taken = answer.as_ref().is_ok_and(|answer| answer.status().is_redirection());
            let verdict = if taken { Verdict::Done } else { Verdict::Failed };
            self.note_answer(arrival, &own, &person, (&link, verdict)).await?;
        }
        answer
    }

    async fn note_answer(
        &self,
        arrival: &Arrival,
        cell: &CellId,
        person: &Person,
        (link, verdict): (&ApprovalLink, Verdict),
    ) -> Result<(), Failure> {
        let note = OperatorNote {
            operator: person.subject.clone(),
            target: link.id.to_string(),
            reason: Reason::parse(SECOND_PERSON).map_err(|_| Failure::of(&errors::INTERNAL))?,
        };
        let (kind, code) = (AuditKind::ApprovalAnswered, "second_person".to_owned());
        let errand = Errand::Note { kind, code, verdict, note };
        self.send_errand(arrival, cell, CellAccess::Create, &errand).await.map(drop)
    }
}
