//! Standalone Teams meetings.
//!
//! Source: Graph `onlineMeeting` resource. Such a meeting is in nobody's calendar, and nobody is invited: the answer
//! says so. Attendees are named by user principal name.

use async_trait::async_trait;
use m365_types::{Effect, Email, Reach, ResolvedEffect, Role};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation, own};
use crate::arguments::Given;
use crate::error::ActionError;
use crate::param::{Addresses, DateTime, Optional, Param, Required, Text, optional, required};
use crate::period::{Period, Times};
use crate::shape;
use crate::standing;

pub(crate) static SUBJECT: Param<Text, Required> =
    required("subject", "Meeting title", Text { min: 0, max: 255, lines: false });
pub(crate) static START_TIME: Param<DateTime, Required> =
    required("startTime", "Start time (ISO 8601); without offset in the mailbox's zone, else UTC", DateTime);
pub(crate) static END_TIME: Param<DateTime, Required> = required("endTime", "End time (ISO 8601)", DateTime);
pub(crate) static ATTENDEES: Param<Addresses, Optional> =
    optional("attendees", "Attendee emails; they are let in, not invited", Addresses { max: 50 });

pub(crate) fn create_teams_meeting(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let subject = given.read(&SUBJECT);
    let start = given.read(&START_TIME);
    let end = given.read(&END_TIME);
    let attendees = given.read(&ATTENDEES);
    let period = Period::read(given, ["startTime", "endTime"], start?, end?, None);
    Some(Box::new(CreateTeamsMeeting {
        subject: subject?,
        period,
        attendees: attendees?.unwrap_or_default(),
    }))
}

struct CreateTeamsMeeting {
    subject: String,
    period: Period,
    attendees: Vec<Email>,
}

impl CreateTeamsMeeting {
    /// What is made, at these times where they are known.
    fn at(&self, times: Option<&Times>) -> ResolvedEffect {
        let mut effect = ResolvedEffect::of(self.reach(), Role::Attendee).with_fact("Subject", &self.subject);
        // Those who are named see the meeting and may come in.
        effect.class = (!self.attendees.is_empty()).then_some(Effect::Send);
        if let Some(times) = times {
            times.tell(&mut effect);
        }
        effect
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Created {
    id: String,
    join_web_url: Option<String>,
    join_meeting_id_settings: Option<JoinSettings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct JoinSettings {
    join_meeting_id: Option<String>,
    passcode: Option<String>,
}

#[async_trait]
impl Invocation for CreateTeamsMeeting {
    fn reach(&self) -> Reach {
        Reach { recipients: self.attendees.clone(), ..own() }
    }

    fn effect(&self) -> ResolvedEffect {
        self.at(self.period.known().as_ref())
    }

    fn must_look(&self) -> bool {
        !self.attendees.is_empty() || !self.period.is_known()
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let mut effect = self.at(Some(&self.period.settle(context).await?));
        // A meeting that lets nobody in asks nothing of Exchange.
        if !self.attendees.is_empty() {
            standing::ask(context, &mut effect.recipients).await?;
        }
        Ok(effect)
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let times = self.period.settle(context).await?;
        let attendees: Vec<Value> = self
            .attendees
            .iter()
            .map(|attendee| json!({ "upn": attendee.as_str(), "role": "attendee" }))
            .collect();
        let mut request = context.graph.request(&[])?;
        request.body = Some(
            json!({
                "subject": self.subject,
                "startDateTime": times.start.to_rfc3339(),
                "endDateTime": times.end.to_rfc3339(),
                "participants": { "attendees": attendees },
            })
            .into(),
        );
        let created: Created = context.graph.fetch(request).await?;
        let join = shape::link(created.join_web_url.as_deref()).ok_or_else(|| context.graph.unreadable())?;
        let text = format!(
            "Meeting created: {join}\n{} It is in nobody's calendar, nobody was invited, and Teams gives no transcript of it: \
             pass the link on, or use createCalendarEvent with `onlineMeeting` for an invitation.{}",
            times.words(),
            times.note()
        );
        let mut structured = json!({
            "id": shape::id(Some(&created.id)), "joinWebUrl": join,
            "startDateTime": times.start.to_rfc3339(), "endDateTime": times.end.to_rfc3339(),
        });
        if let (Some(settings), Some(object)) =
            (&created.join_meeting_id_settings, structured.as_object_mut())
        {
            for (name, value) in
                [("joinMeetingId", &settings.join_meeting_id), ("passcode", &settings.passcode)]
            {
                let value = shape::id(value.as_deref());
                if !value.is_empty() {
                    object.insert(name.to_owned(), value.into());
                }
            }
        }
        Ok(Answer::whole(text, structured))
    }
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;
