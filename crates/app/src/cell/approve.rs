//! `/approve`: the person, or a second one, looks at a question and answers it.
//!
//! Who comes is decided before: the front sends people to their own cell, and somebody else only as [`Errand::SecondPerson`].
//! An answer counts for what was shown: the form carries the digest of it, and the question keeps its own.
//!
//! [`Errand::SecondPerson`]: m365_auth::context::Errand::SecondPerson

use bytes::Bytes;
use http::Response;
use http::header::SET_COOKIE;
use m365_auth::oauth::form::Form;
use m365_graph::find_tool;
use m365_ports::{AuditLog as _, Durability, SqlError, Verdict, transact};
use m365_types::{AuditKind, OperatorNote, Person, Principal, Reason, hex};

use super::approvals::{ApprovalState, StoredApproval};
use super::me::publisher;
use super::{Cell, Inside};
use crate::approval_link::LINK_PARAMETER;
use crate::errors;
use crate::pages::{self, Answered, Viewer};
use crate::respond::{Failure, see_other};

const GRANT_ENDED: &str = "The application's access has ended since, so nothing can happen by this question any more. Connect the application again if you want to go on.";
const CHANGED: &str = "What the call would do has changed since, or it was asked anew, so this question does not count any more. See your connections for the question that waits now.";
const NOT_CALLED: &str = "It was approved, but the assistant did not make the call in time, so nothing has happened. If it should still happen, ask your assistant to try again: it then gives you a new link.";
const NEEDS_ANOTHER: &str =
    "The rules demand that somebody else approves this. Send the link to a person of the approvers' group.";
/// Why somebody else stands in a person's record.
const SECOND_PERSON: &str = "Answered as the second person that policy demands";

/// What a form says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Decision {
    Approve,
    Deny,
    DenyAndEnd,
}

impl Decision {
    fn of(form: &Form) -> Result<Self, Failure> {
        match form.text("decision") {
            Some("approve") => Ok(Self::Approve),
            Some("deny") => Ok(Self::Deny),
            Some("deny-and-end") => Ok(Self::DenyAndEnd),
            _ => Err(Failure::of(&errors::CONSENT_INCOMPLETE)),
        }
    }

    /// The state it leads to, and the fixed word of its record.
    const fn outcome(self) -> (ApprovalState, &'static str) {
        match self {
            Self::Approve => (ApprovalState::Approved, "approved"),
            Self::Deny => (ApprovalState::Denied, "denied"),
            Self::DenyAndEnd => (ApprovalState::Denied, "denied_and_ended"),
        }
    }
}

impl Cell {
    /// `GET /approve`, for the cell's own person.
    pub(super) fn approve(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        self.show(inside, Viewer::Owner)
    }

    /// `POST /approve/answer`, for the cell's own person.
    pub(super) fn approve_answer(&self, inside: &Inside<'_>) -> Result<Response<Bytes>, Failure> {
        self.answer(inside, Viewer::Owner)
    }

    /// Either, for somebody else whom the front found in the approvers' group.
    pub(super) fn approve_as_second(
        &self,
        inside: &Inside<'_>,
        answers: bool,
    ) -> Result<Response<Bytes>, Failure> {
        if answers {
            self.answer(inside, Viewer::SecondPerson)
        } else {
            self.show(inside, Viewer::SecondPerson)
        }
    }

    fn show(&self, inside: &Inside<'_>, viewer: Viewer) -> Result<Response<Bytes>, Failure> {
        let principal = Self::person(inside)?;
        let asked = self.question(inside, &principal, viewer)?;
        let kind = find_tool(&asked.tool).map_or(AuditKind::ApprovalAsked, |action| action.spec.audit);
        let is_over = asked.expires <= self.now();
        let answered = |answer| Ok(pages::answered(answer, viewer, kind, asked.expires));
        match asked.state {
            ApprovalState::Denied => answered(Answered::Denied),
            ApprovalState::Spent => answered(Answered::Spent),
            ApprovalState::Approved if !is_over && self.may_still_happen(&asked) => {
                answered(Answered::Approved)
            }
            ApprovalState::Asked | ApprovalState::Approved | ApprovalState::Void => {
                self.still_asked(&asked)?;
                self.ask_on_page(inside, &principal, viewer, (&asked, kind))
            }
        }
    }

    fn ask_on_page(
        &self,
        inside: &Inside<'_>,
        principal: &Principal,
        viewer: Viewer,
        (asked, kind): (&StoredApproval, AuditKind),
    ) -> Result<Response<Bytes>, Failure> {
        let cookie = self.core.transactions.cookie(inside.http.headers());
        let application = self.application(asked)?;
        let mut response = pages::approve(&pages::Approve {
            viewer,
            second_person: asked.second_person,
            person: asked.shown.person.as_ref(),
            application: application.as_ref(),
            kind,
            tool: &asked.tool,
            effect: &asked.shown.effect,
            arguments: &asked.shown.arguments,
            internal: &self.core.config.internal,
            reason: &asked.reason,
            ends: asked.expires,
            address: &self.approve_url(&asked.link),
            action: &format!("/approve/answer?{LINK_PARAMETER}={}", asked.link),
            digest: &hex(&asked.digest),
            transaction: &self.core.transactions.begin_page(principal, &cookie)?,
        });
        if let Some(cookie) = cookie.set_cookie() {
            let value = cookie.try_into().map_err(|_| Failure::of(&errors::INTERNAL))?;
            response.headers_mut().insert(SET_COOKIE, value);
        }
        Ok(response)
    }

    fn answer(&self, inside: &Inside<'_>, viewer: Viewer) -> Result<Response<Bytes>, Failure> {
        let form = self.own_form(inside)?;
        let principal = Self::person(inside)?;
        let decision = Decision::of(&form)?;
        let asked = self.question(inside, &principal, viewer)?;
        match (viewer, decision) {
            (Viewer::Owner, Decision::Approve) if asked.second_person => {
                return Err(Failure::of(&errors::APPROVER).saying(NEEDS_ANOTHER));
            }
            // Whose application it is ends it.
            (Viewer::SecondPerson, Decision::DenyAndEnd) => return Err(Failure::of(&errors::APPROVER)),
            _ => {}
        }
        if form.text("digest") != Some(hex(&asked.digest).as_str()) {
            return Err(Failure::of(&errors::APPROVAL_CHANGED));
        }
        self.still_asked(&asked)?;
        if let (Decision::DenyAndEnd, Some(grant)) = (decision, asked.grant) {
            // First what protects more: should the second step fail, the question is void.
            self.rooms(inside)?.grants.end(inside.request, grant)?;
        }
        let (state, code) = decision.outcome();
        let mut event = self.event(inside.request, AuditKind::ApprovalAnswered, Verdict::Done, code);
        event.subject = self.known_rooms()?.map(|rooms| rooms.owner.clone());
        event.client.clone_from(&asked.client);
        event.grant = asked.grant;
        event.approval = Some(asked.id);
        if let (Viewer::SecondPerson, Some(person)) = (viewer, principal.person()) {
            event.operator = Some(note(person, &asked)?);
        }
        let answered = transact(&*self.database, Durability::Full, |sql| {
            let answered = self.answer_approval(sql, asked.id, state)?;
            if answered {
                self.journal.append(sql, &event)?;
            }
            Ok::<_, SqlError>(answered)
        })?;
        if !answered {
            return Err(Failure::of(&errors::APPROVAL_ANSWERED));
        }
        see_other(&format!("/approve?{LINK_PARAMETER}={}", asked.link), None)
    }

    /// The question of this link, where this person may look at it.
    fn question(
        &self,
        inside: &Inside<'_>,
        principal: &Principal,
        viewer: Viewer,
    ) -> Result<StoredApproval, Failure> {
        let unknown = || Failure::of(&errors::APPROVAL_UNKNOWN);
        let query = Form::parse(inside.http.uri().query().unwrap_or_default().as_bytes())?;
        let link = query.text(LINK_PARAMETER).and_then(|text| self.core.approvals.open(text));
        let link = link.filter(|link| link.cell == self.id).ok_or_else(unknown)?;
        let found = transact(&*self.database, Durability::Process, |sql| self.approval(sql, link.id))?;
        let found = found.ok_or_else(unknown)?;
        let person = principal.person().ok_or_else(|| Failure::of(&errors::ACCESS_SERVICE))?;
        let is_own = self.core.cell_of(&person.subject) == self.id;
        let may_look = match viewer {
            Viewer::Owner => is_own,
            // One person with two sign-ins is no second person.
            Viewer::SecondPerson => {
                found.second_person && !is_own && found.shown.person.as_ref() != Some(&person.email)
            }
        };
        if may_look { Ok(found) } else { Err(Failure::of(&errors::APPROVER)) }
    }

    /// Whether the question can be answered.
    fn still_asked(&self, asked: &StoredApproval) -> Result<(), Failure> {
        let ended = || Failure::of(&errors::APPROVAL_ENDED);
        match asked.state {
            ApprovalState::Void => Err(ended().saying(CHANGED)),
            ApprovalState::Denied | ApprovalState::Spent => Err(Failure::of(&errors::APPROVAL_ANSWERED)),
            _ if !self.may_still_happen(asked) => Err(ended().saying(GRANT_ENDED)),
            ApprovalState::Approved if asked.expires <= self.now() => Err(ended().saying(NOT_CALLED)),
            ApprovalState::Approved => Err(Failure::of(&errors::APPROVAL_ANSWERED)),
            ApprovalState::Asked if asked.expires <= self.now() => Err(ended()),
            ApprovalState::Asked => Ok(()),
        }
    }

    fn may_still_happen(&self, asked: &StoredApproval) -> bool {
        asked.grant.is_none_or(|grant| self.has_grant(grant))
    }

    /// The application that asks, by the name it gave itself.
    pub(super) fn application(&self, asked: &StoredApproval) -> Result<Option<pages::Application>, Failure> {
        let (Some(client), Some(rooms)) = (&asked.client, self.known_rooms()?) else { return Ok(None) };
        let name = rooms.grants.client_names()?.remove(client).unwrap_or_else(|| client.to_string());
        Ok(Some(pages::Application { name, document_host: publisher(client) }))
    }
}

fn note(person: &Person, asked: &StoredApproval) -> Result<OperatorNote, Failure> {
    let reason = Reason::parse(SECOND_PERSON).map_err(|_| Failure::of(&errors::INTERNAL))?;
    Ok(OperatorNote { operator: person.subject.clone(), target: asked.id.to_string(), reason })
}
