//! What the front asks of a cell on an operator's order, or for a second person.

use bytes::Bytes;
use http::{Response, StatusCode};
use m365_auth::context::Errand;
use m365_ports::{AuditLog as _, Durability, transact};
use serde_json::json;

use super::{Cell, Inside};
use crate::errors;
use crate::respond::{Failure, json};
use crate::routes::{Handler, ROUTES};

impl Cell {
    /// Runs the errand.
    pub(super) async fn run_errand(
        &self,
        inside: &Inside<'_>,
        errand: &Errand,
    ) -> Result<Response<Bytes>, Failure> {
        match errand {
            Errand::Visit => self.visit().await,
            Errand::SecondPerson => {
                self.stand().await?;
                match ROUTES.iter().find(|route| route.path == inside.context.route()) {
                    Some(route) if route.handler.is_linked() => {
                        self.approve_as_second(inside, route.handler == Handler::ApproveAnswer)
                    }
                    _ => Err(Failure::of(&errors::INTERNAL)),
                }
            }
            Errand::Note { kind, code, verdict, note } => {
                self.stand().await?;
                let mut event = self.event(inside.request, *kind, *verdict, code);
                event.subject = Some(note.operator.clone());
                event.operator = Some(note.clone());
                transact(&*self.database, Durability::Full, |sql| self.journal.append(sql, &event))?;
                Ok(json(StatusCode::OK, &json!({})))
            }
        }
    }

    /// Carries out what was ordered and seals again what is under a previous key.
    async fn visit(&self) -> Result<Response<Bytes>, Failure> {
        let done = self.look().await?;
        self.stand().await?;
        self.tell_directory().await;
        let (resealed, last) = match self.known_rooms()? {
            Some(rooms) => (rooms.microsoft.reseal()?, rooms.grants.last_token_ends()?),
            None => Default::default(),
        };
        Ok(json(
            StatusCode::OK,
            &json!({
                "orders": done.orders,
                "grants": done.grants,
                "erased": done.erased,
                "calls": done.calls,
                "resealed": resealed.resealed,
                "unreadable": resealed.unreadable,
                "lastTokenEnds": last.map(m365_journal::rfc3339),
            }),
        ))
    }
}
