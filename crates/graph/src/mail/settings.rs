//! The settings of the person's own mailbox: time zone, working hours, automatic replies.
//!
//! Source: Graph `mailboxSettings`. No delegated permission opens those of other mailboxes. Automatic replies answer
//! whoever writes, strangers included, so changing them sends.

use async_trait::async_trait;
use m365_types::{Label, Labels, Method, Recipient, ResolvedEffect, Role, Standing};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::action::{Answer, Context, Invocation};
use crate::arguments::Given;
use crate::effect::{bounded, changed};
use crate::error::ActionError;
use crate::hours::GraphHours;
use crate::mail::send::refuse_too_much_markup_in;
use crate::param::{Choice, DateTime, Optional, Param, Required, Text, optional, required};
use crate::period::{Period, Times};
use crate::shape::{self, Cleaner, outgoing};
use crate::wire::NAME_MAX;
use crate::zone::SETTINGS;

pub(crate) static STATUS: Param<Choice<Status>, Required> = required(
    "status",
    "When to reply",
    Choice {
        options: &[
            ("disabled", Status::Disabled),
            ("alwaysEnabled", Status::Always),
            ("scheduled", Status::Scheduled),
        ],
    },
);
pub(crate) static INTERNAL: Param<Text, Optional> =
    optional("internalMessage", "Reply to colleagues; HTML allowed", MESSAGE);
pub(crate) static EXTERNAL: Param<Text, Optional> =
    optional("externalMessage", "Reply to others; HTML allowed", MESSAGE);
pub(crate) static AUDIENCE: Param<Choice<&'static str>, Optional> = optional(
    "audience",
    "Others who get a reply",
    Choice { options: &[("none", "none"), ("contactsOnly", "contactsOnly"), ("all", "all")] },
);
pub(crate) static START: Param<DateTime, Optional> =
    optional("start", "For scheduled: ISO 8601 with offset or [zone]", DateTime);
pub(crate) static END: Param<DateTime, Optional> = optional("end", "For scheduled: like start", DateTime);

const MESSAGE: Text = Text { min: 1, max: 10_000, lines: true };
/// Characters of a message that are shown.
const MESSAGE_SHOWN: usize = 1_000;

/// Whether and when automatic replies are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    Disabled,
    Always,
    Scheduled,
}

impl Status {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Always => "alwaysEnabled",
            Self::Scheduled => "scheduled",
        }
    }
}

pub(crate) struct GetMailboxSettings;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphSettings {
    time_zone: Option<String>,
    date_format: Option<String>,
    time_format: Option<String>,
    language: Option<GraphLocale>,
    working_hours: Option<GraphHours>,
    automatic_replies_setting: Option<GraphReplies>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GraphLocale {
    locale: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphReplies {
    status: Option<String>,
    external_audience: Option<String>,
    internal_reply_message: Option<String>,
    external_reply_message: Option<String>,
    scheduled_start_date_time: Option<GraphTime>,
    scheduled_end_date_time: Option<GraphTime>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct GraphTime {
    date_time: Option<String>,
    time_zone: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Settings {
    time_zone: String,
    date_format: String,
    time_format: String,
    language: String,
    working_hours: Hours,
    automatic_replies: Replies,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Hours {
    days: Vec<String>,
    start: String,
    end: String,
    time_zone: String,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Replies {
    status: String,
    audience: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    internal_message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    external_message: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    start: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    end: String,
}

#[async_trait]
impl Invocation for GetMailboxSettings {
    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        // Microsoft's description of it declares no `$select`.
        let given: GraphSettings = context.graph.fetch(context.graph.request(&[])?).await?;
        let settings = Settings::of(given);
        let labels = settings.automatic_replies.labels();
        Ok(Answer { labels, ..Answer::whole(settings.words(), json!(settings)) })
    }
}

pub(crate) fn set_automatic_replies(given: &mut Given<'_>) -> Option<Box<dyn Invocation>> {
    let status = given.read(&STATUS);
    let internal = given.read(&INTERNAL);
    let external = given.read(&EXTERNAL);
    let audience = given.read(&AUDIENCE);
    let start = given.read(&START);
    let end = given.read(&END);
    for (name, text) in [("internalMessage", &internal), ("externalMessage", &external)] {
        refuse_too_much_markup_in(given, name, text.as_ref().and_then(Option::as_deref));
    }
    let status = status?;
    let period = match (status, start?, end?) {
        (Status::Scheduled, Some(start), Some(end)) => {
            Some(Period::read(given, ["start", "end"], start, end, None))
        }
        (Status::Scheduled, start, end) => {
            for (name, missing) in [("start", start.is_none()), ("end", end.is_none())] {
                if missing {
                    given.refuse(name, "is required where `status` is scheduled");
                }
            }
            None
        }
        (_, None, None) => None,
        (_, start, _) => {
            let name = if start.is_some() { "start" } else { "end" };
            given.refuse(name, "goes with `status` scheduled only");
            None
        }
    };
    let (internal, external, audience) = (internal?, external?, audience?);
    Some(Box::new(SetAutomaticReplies { status, internal, external, audience, period }))
}

struct SetAutomaticReplies {
    status: Status,
    internal: Option<String>,
    external: Option<String>,
    audience: Option<&'static str>,
    period: Option<Period>,
}

#[async_trait]
impl Invocation for SetAutomaticReplies {
    fn effect(&self) -> ResolvedEffect {
        let times = self.period.as_ref().and_then(Period::known);
        self.seen(&GraphReplies::default(), times.as_ref())
    }

    /// What is not given stays, and goes out: who outside gets a reply, and either text.
    fn must_look(&self) -> bool {
        true
    }

    async fn look(&self, context: &Context<'_>) -> Result<ResolvedEffect, ActionError> {
        let request = context.graph.request_to(Method::Get, SETTINGS, None, &[])?;
        let given: GraphSettings = context.graph.fetch(request).await?;
        let times = match &self.period {
            Some(period) => Some(period.settle(context).await?),
            None => None,
        };
        Ok(self.seen(&given.automatic_replies_setting.unwrap_or_default(), times.as_ref()))
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        let mut request = context.graph.request(&[])?;
        let times = match &self.period {
            Some(period) => Some(period.settle(context).await?),
            None => None,
        };
        request.body = Some(json!({ "automaticRepliesSetting": self.to_graph(times.as_ref()) }).into());
        let given: GraphSettings = context.graph.fetch(request).await?;
        let replies = Replies::of(given.automatic_replies_setting.unwrap_or_default());
        let note = times.as_ref().map(Times::note);
        let text = format!("Automatic replies: {}{}", replies.words(), note.unwrap_or_default());
        Ok(Answer { labels: replies.labels(), ..Answer::whole(text, json!(replies)) })
    }
}

impl SetAutomaticReplies {
    /// What changes where the replies are set as they were seen.
    fn seen(&self, seen: &GraphReplies, times: Option<&Times>) -> ResolvedEffect {
        let audience = self.audience.map(str::to_owned).or_else(|| seen.external_audience.clone());
        let mut effect = ResolvedEffect {
            target: "me/mailboxSettings".to_owned(),
            recipients: self.correspondents(audience.as_deref()),
            ..ResolvedEffect::default()
        };
        effect.facts.push(changed("Automatic replies", self.status.as_str(), seen.status.clone()));
        if let Some(audience) = audience {
            effect.facts.push(changed("To people outside", audience, seen.external_audience.clone()));
        }
        for (name, text, was) in [
            ("Reply to colleagues", &self.internal, &seen.internal_reply_message),
            ("Reply to others", &self.external, &seen.external_reply_message),
        ] {
            let was = was.clone().map(bounded);
            let text = text.as_deref().map(|text| bounded(outgoing::html(text))).or_else(|| was.clone());
            effect.facts.extend(text.map(|text| changed(name, text, was)));
        }
        if let Some(times) = times {
            times.tell(&mut effect);
        }
        effect
    }

    /// Who gets a reply when they write. Where it is not known yet who outside does, that is said.
    fn correspondents(&self, audience: Option<&str>) -> Vec<Recipient> {
        if self.status == Status::Disabled {
            return Vec::new();
        }
        let whoever = |name, said| Recipient::everybody(name, Role::Correspondent, said);
        let outside = match audience {
            Some(audience) if audience.eq_ignore_ascii_case("none") => None,
            Some(audience) if audience.eq_ignore_ascii_case("contactsOnly") => {
                Some(whoever("contacts outside the organisation who write", Standing::Outside))
            }
            Some(_) => Some(whoever("anybody outside the organisation who writes", Standing::Outside)),
            None => Some(whoever("people outside the organisation who write", Standing::Unknown)),
        };
        let colleagues = whoever("colleagues who write", Standing::Inside);
        [colleagues].into_iter().chain(outside).collect()
    }

    fn to_graph(&self, times: Option<&Times>) -> Value {
        let message = |text: &Option<String>| text.as_deref().map(|text| Value::from(outgoing::html(text)));
        let (start, end) = times.map(|times| (times.start.to_graph(), times.end.to_graph())).unzip();
        let fields = [
            ("status", Some(self.status.as_str().into())),
            ("externalAudience", self.audience.map(Value::from)),
            ("internalReplyMessage", message(&self.internal)),
            ("externalReplyMessage", message(&self.external)),
            ("scheduledStartDateTime", start),
            ("scheduledEndDateTime", end),
        ];
        let fields = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
        Value::Object(fields.collect())
    }
}

impl Settings {
    fn of(given: GraphSettings) -> Self {
        let mut cleaner = Cleaner::default();
        let mut line = |text: Option<String>| cleaner.line(text.as_deref(), NAME_MAX);
        let hours = given.working_hours.unwrap_or_default();
        Self {
            time_zone: line(given.time_zone),
            date_format: line(given.date_format),
            time_format: line(given.time_format),
            language: line(given.language.and_then(|language| language.locale)),
            working_hours: Hours {
                days: hours.days(),
                start: hours.start().unwrap_or_default(),
                end: hours.end().unwrap_or_default(),
                time_zone: line(hours.zone_name().map(str::to_owned)),
            },
            automatic_replies: Replies::of(given.automatic_replies_setting.unwrap_or_default()),
        }
    }

    fn words(&self) -> String {
        let Hours { days, start, end, time_zone } = &self.working_hours;
        format!(
            "Time zone: {}\nFormats: {}, {}; language {}\nWorking hours: {} {start} to {end}, {time_zone}\nAutomatic \
             replies: {}",
            self.time_zone,
            self.date_format,
            self.time_format,
            self.language,
            days.join(", "),
            self.automatic_replies.words()
        )
    }
}

impl Replies {
    fn of(given: GraphReplies) -> Self {
        let mut cleaner = Cleaner::default();
        let mut message = |text: Option<String>| cleaner.line(text.as_deref(), MESSAGE_SHOWN);
        let status = shape::id(given.status.as_deref());
        // Graph keeps the period of an earlier schedule; it means nothing where none is set.
        let scheduled = status == "scheduled";
        let time =
            |time: Option<GraphTime>| time.filter(|_| scheduled).map(|time| time.words()).unwrap_or_default();
        Self {
            audience: shape::id(given.external_audience.as_deref()),
            internal_message: message(given.internal_reply_message),
            external_message: message(given.external_reply_message),
            start: time(given.scheduled_start_date_time),
            end: time(given.scheduled_end_date_time),
            status,
        }
    }

    /// The texts of replies are free, and administrators and delegates can set them too.
    fn labels(&self) -> Labels {
        let told = !self.internal_message.is_empty() || !self.external_message.is_empty();
        told.then_some(Label::Untrusted).into_iter().collect()
    }

    fn words(&self) -> String {
        let mut text = self.status.clone();
        if !self.start.is_empty() {
            text = format!("{text} from {} to {}", self.start, self.end);
        }
        text = format!("{text}; outside the organisation: {}", self.audience);
        for (who, message) in [("colleagues", &self.internal_message), ("others", &self.external_message)] {
            if !message.is_empty() {
                text = format!("{text}\nTo {who}: {message}");
            }
        }
        text
    }
}

impl GraphTime {
    /// `2026-11-24T09:00 W. Europe Standard Time`.
    fn words(&self) -> String {
        let at = shape::id(self.date_time.as_deref());
        // Without seconds.
        let length = at.match_indices(':').nth(1).map_or(at.len(), |(seconds, _)| seconds);
        let at = at.get(..length).unwrap_or_default();
        let zone = Cleaner::default().line(self.time_zone.as_deref(), NAME_MAX);
        format!("{at} {zone}").trim().to_owned()
    }
}

#[cfg(test)]
#[path = "settings_tests.rs"]
mod tests;
