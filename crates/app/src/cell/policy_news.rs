//! Changes of policy, told by whichever cell hears of them first: a record, and an event for every receiver.
//!
//! The directory numbers every change, and an event is named after its number, so that two cells that tell of the same
//! one tell the same event.

use m365_ports::{AuditLog as _, Durability, PolicySighting, SqlError, Verdict, transact};
use m365_types::{AuditKind, WebhookKind};

use super::Cell;
use super::outbox::id_of;
use crate::policy::News;

/// Code of the record of a set that came into force; that of a refusal says why.
const IN_FORCE: &str = "in_force";

impl Cell {
    /// Tells of what became of policy sets, where nobody has.
    pub(super) async fn tell_policies(&self) {
        let keeper = self.core.policy_keeper();
        for news in keeper.take_news() {
            match self.tell_policy(&news) {
                Ok(()) => keeper.told(&news).await,
                Err(error) => {
                    keeper.put_back(news);
                    tracing::error!(cell = %self.id, %error, "a change of policy could not be recorded; it is told later");
                    self.ring_soon();
                }
            }
        }
    }

    /// The record and the event, in one transaction.
    fn tell_policy(&self, news: &News) -> Result<(), SqlError> {
        let (kind, verdict, tells, code, name) = match &news.sighting {
            PolicySighting::InForce { hash, .. } => {
                (AuditKind::PolicyChanged, Verdict::Done, WebhookKind::PolicyChanged, IN_FORCE, hash)
            }
            PolicySighting::Refused { digest, reason } => (
                AuditKind::PolicyRefused,
                Verdict::Denied,
                WebhookKind::PolicyRefused,
                reason.as_str(),
                digest,
            ),
        };
        let record = self.event(self.core.new_request(), kind, verdict, code);
        let mut event = self.journal.outbox().event(tells, record.at);
        event.id = id_of(&["m365-policy/1", &news.number.to_string(), name]);
        event.request_id = Some(record.request);
        transact(&*self.database, Durability::Full, |sql| {
            self.journal.append(sql, &record)?;
            self.journal.tell(sql, &event)
        })
    }
}
