//! The journal of a cell, which also tells receivers of webhooks what they are to know.
//!
//! Which records are told of is one table. An event is held in the transaction of its record, so neither is there without
//! the other; whoever appends a record does not have to think of it.

use std::ops::Deref;

use m365_journal::Journal;
use m365_policy::dlp::BLOCKED;
use m365_ports::{AuditEvent, AuditLog, Sql, SqlError, Verdict};
use m365_types::{AuditKind, WebhookEvent, WebhookKind};

use super::outbox::Outbox;

/// Records that receivers are told of.
struct Cause {
    /// The kind of the record; any where there is none.
    kind: Option<AuditKind>,
    /// Its code; any where there is none.
    code: Option<&'static str>,
    tells: WebhookKind,
}

const fn of_kind(kind: AuditKind, tells: WebhookKind) -> Cause {
    Cause { kind: Some(kind), code: None, tells }
}

const fn mismatch(code: &'static str) -> Cause {
    Cause { kind: None, code: Some(code), tells: WebhookKind::IdentityMismatch }
}

const CAUSES: &[Cause] = &[
    of_kind(AuditKind::ApprovalAsked, WebhookKind::ApprovalAsked),
    of_kind(AuditKind::ApprovalAnswered, WebhookKind::ApprovalDecided),
    of_kind(AuditKind::TokenReused, WebhookKind::TokenReused),
    // Once for an order, in the cell of the operator; the cells that carry it out have records of the same kind.
    Cause { kind: Some(AuditKind::OperatorKill), code: Some("ordered"), tells: WebhookKind::OperatorKill },
    Cause { kind: None, code: Some(BLOCKED), tells: WebhookKind::DlpBlocked },
    mismatch("assertion_other_person"),
    mismatch("microsoft_other_account"),
    mismatch("microsoft_other_person"),
    mismatch("microsoft_taken"),
    mismatch("transaction_other_person"),
];

/// The journal with what is told of it. Everything else it does itself.
pub(crate) struct Announced {
    journal: Journal,
    outbox: Outbox,
}

impl Announced {
    pub(super) const fn new(journal: Journal, outbox: Outbox) -> Self {
        Self { journal, outbox }
    }

    /// Holds an event for every receiver. One that finds no room is not lost without a record.
    ///
    /// # Errors
    /// [`SqlError`]; the caller's transaction must then fail too.
    pub(super) fn tell(&self, sql: &dyn Sql, event: &WebhookEvent) -> Result<(), SqlError> {
        if self.outbox.hold(sql, event)? {
            return Ok(());
        }
        tracing::error!(webhookId = %event.id, kind = event.kind.as_str(), "too many webhooks wait: one is given up");
        match event.request_id {
            Some(request) => self.journal.append(sql, &undelivered(event, request)).map(drop),
            None => Ok(()),
        }
    }

    pub(super) const fn outbox(&self) -> &Outbox {
        &self.outbox
    }
}

impl Deref for Announced {
    type Target = Journal;

    fn deref(&self) -> &Journal {
        &self.journal
    }
}

impl AuditLog for Announced {
    fn append(&self, sql: &dyn Sql, event: &AuditEvent) -> Result<u64, SqlError> {
        let sequence = self.journal.append(sql, event)?;
        if let Some(kind) = told_of(event.kind, &event.code) {
            let mut told = self.outbox.event(kind, event.at);
            told.request_id = Some(event.request);
            told.grant = event.grant;
            told.client.clone_from(&event.client);
            told.approval = event.approval;
            self.tell(sql, &told)?;
        }
        Ok(sequence)
    }
}

/// The record of an event that is given up.
pub(super) fn undelivered(event: &WebhookEvent, request: m365_types::RequestId) -> AuditEvent {
    AuditEvent {
        at: event.at,
        kind: AuditKind::WebhookUndelivered,
        verdict: Verdict::Failed,
        request,
        subject: None,
        microsoft: None,
        client: event.client.clone(),
        grant: event.grant,
        code: event.kind.as_str().to_owned(),
        traces: Vec::new(),
        posture: None,
        operator: None,
        approval: event.approval,
    }
}

/// What receivers are told of a record of this kind with this code.
pub(super) fn told_of(kind: AuditKind, code: &str) -> Option<WebhookKind> {
    let fits = |cause: &&Cause| {
        cause.kind.is_none_or(|wanted| wanted == kind) && cause.code.is_none_or(|wanted| wanted == code)
    };
    CAUSES.iter().find(fits).map(|cause| cause.tells)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_in_the_table_is_told() {
        for (kind, code, tells) in [
            (AuditKind::TokenReused, "refresh_reused", Some(WebhookKind::TokenReused)),
            (AuditKind::OperatorKill, "ordered", Some(WebhookKind::OperatorKill)),
            (AuditKind::OperatorKill, "kill_person", None),
            (AuditKind::MicrosoftRefused, "microsoft_other_person", Some(WebhookKind::IdentityMismatch)),
            (AuditKind::RequestRefused, "assertion_other_person", Some(WebhookKind::IdentityMismatch)),
            (AuditKind::MicrosoftRefused, "AADSTS50105", None),
            (AuditKind::MailSend, "dlp.blocked", Some(WebhookKind::DlpBlocked)),
            (AuditKind::MailSend, "dlp.unavailable", None),
            (AuditKind::TokenRefreshed, "refreshed", None),
            (AuditKind::WebhookUndelivered, "token.reused", None),
        ] {
            assert_eq!(told_of(kind, code), tells, "{kind:?} {code}");
        }
    }
}
