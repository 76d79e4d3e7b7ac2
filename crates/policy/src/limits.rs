//! How much one person's assistants may do in a minute and in a day.
//!
//! In scope: the limits as data, and what one call costs of each. Out of scope: counting, which is the cell's, in the
//! transaction of the intent; so a limit is exact under any race.
//!
//! A window is a minute or a day of UTC, as the clock has them: what was used is forgotten when the next one begins.

use std::collections::BTreeSet;
use std::time::Duration;

use m365_types::{ActionSpec, Audience, Effect, UnixMillis};
use serde::Deserialize;

/// What is counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Per {
    /// Each client of the person.
    Client,
    /// The person, whatever client calls.
    Person,
    /// Each tool of the person.
    Tool,
}

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Counts {
    /// Bytes that go out to others: body, files and what else a person would see.
    BytesOut,
    /// Calls.
    Calls,
    /// People outside the organisation, or of whom nobody can say, that are reached.
    OutsideRecipients,
    /// People that are reached.
    Recipients,
}

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Window {
    /// A day of UTC.
    Day,
    /// A minute.
    Minute,
}

impl Window {
    /// How long it is.
    #[must_use]
    pub const fn length(self) -> Duration {
        match self {
            Self::Day => Duration::from_hours(24),
            Self::Minute => Duration::from_mins(1),
        }
    }

    /// When the window of this moment began.
    #[must_use]
    pub fn began(self, now: UnixMillis) -> UnixMillis {
        let length = u64::try_from(self.length().as_millis()).unwrap_or(u64::MAX);
        UnixMillis::from_millis(now.as_millis() - now.as_millis() % length)
    }

    /// When it ends.
    #[must_use]
    pub fn ends(self, now: UnixMillis) -> UnixMillis {
        self.began(now).plus(self.length())
    }

    /// The word in sentences.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Minute => "minute",
        }
    }
}

/// One limit.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Limit {
    /// Its name, in records and on pages.
    pub name: String,
    /// What is counted apart.
    pub per: Per,
    /// What is counted.
    pub counts: Counts,
    /// For how long.
    pub window: Window,
    /// How much there may be.
    pub at_most: u64,
    /// Names of rows and words of effects that it is about; empty: every call.
    #[serde(default)]
    pub of: BTreeSet<String>,
}

/// What one call costs.
#[derive(Clone, Debug)]
pub struct Cost<'a> {
    /// The row.
    pub action: &'static ActionSpec,
    /// What it does to the world, a change to what others use as reaching them.
    pub effect: Effect,
    /// The client, `-` where there is none.
    pub client: &'a str,
    /// Whether the call counts as one; the act after a look was counted with the look.
    pub call: bool,
    /// Whom it reaches, and with how many bytes; nothing where it only looks.
    pub reached: Option<(&'a Audience, u64)>,
}

/// Why a list of limits is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LimitsError {
    /// Not the form.
    #[error("limits.json: {0}")]
    Form(String),
    /// Two limits of one name.
    #[error("limits.json: two limits are named `{0}`; give each a name of its own")]
    Twice(String),
    /// Neither a row nor an effect.
    #[error(
        "limits.json: the limit `{limit}` is of `{word}`, which is neither a tool nor one of read, write, send, destroy"
    )]
    Unknown {
        /// The limit.
        limit: String,
        /// The word.
        word: String,
    },
}

/// The limits in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Limits(Vec<Limit>);

const fn is_counted(counts: Counts, effect: Effect) -> bool {
    match counts {
        Counts::Calls => true,
        Counts::BytesOut | Counts::OutsideRecipients | Counts::Recipients => {
            matches!(effect, Effect::Send | Effect::Destroy)
        }
    }
}

impl Limits {
    /// The set that ships: far above what one person's assistants do, below what a runaway or a thief would.
    #[must_use]
    pub fn standard() -> Self {
        let limit = |name: &str, per, counts, window, at_most| Limit {
            name: name.to_owned(),
            per,
            counts,
            window,
            at_most,
            of: BTreeSet::new(),
        };
        let of = |effect: Effect, limit: Limit| Limit { of: [effect.as_str().to_owned()].into(), ..limit };
        Self(vec![
            limit("calls-per-minute", Per::Person, Counts::Calls, Window::Minute, 600),
            limit("calls-per-day", Per::Person, Counts::Calls, Window::Day, 20_000),
            limit("client-calls-per-minute", Per::Client, Counts::Calls, Window::Minute, 600),
            of(Effect::Send, limit("sends-per-minute", Per::Tool, Counts::Calls, Window::Minute, 300)),
            of(Effect::Destroy, limit("removals-per-day", Per::Tool, Counts::Calls, Window::Day, 1_000)),
            limit("recipients-per-day", Per::Person, Counts::Recipients, Window::Day, 2_000),
            limit("outside-recipients-per-day", Per::Person, Counts::OutsideRecipients, Window::Day, 500),
            limit("bytes-out-per-day", Per::Person, Counts::BytesOut, Window::Day, 500_000_000),
        ])
    }

    /// Reads the limits of a policy: `{"limits": [{"name", "per", "counts", "window", "atMost", "of"?}]}`. `rows` are the
    /// names that `of` may hold besides effects.
    ///
    /// # Errors
    /// [`LimitsError`]
    pub fn parse<'r>(
        json: &serde_json::Value,
        rows: impl IntoIterator<Item = &'r str>,
    ) -> Result<Self, LimitsError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Form {
            limits: Vec<Limit>,
        }
        let Form { limits } =
            Form::deserialize(json).map_err(|error| LimitsError::Form(error.to_string()))?;
        let known: BTreeSet<&str> =
            rows.into_iter().chain(Effect::ALL.iter().map(|effect| effect.as_str())).collect();
        let mut names = BTreeSet::new();
        for limit in &limits {
            if !names.insert(limit.name.as_str()) {
                return Err(LimitsError::Twice(limit.name.clone()));
            }
            if let Some(word) = limit.of.iter().find(|word| !known.contains(word.as_str())) {
                return Err(LimitsError::Unknown { limit: limit.name.clone(), word: word.clone() });
            }
        }
        Ok(Self(limits))
    }

    /// Every limit.
    pub fn iter(&self) -> impl Iterator<Item = &Limit> {
        self.0.iter()
    }

    /// What the call costs: each limit it is under, what is counted apart, and how much of it it uses.
    pub fn costs<'a>(&'a self, cost: &'a Cost<'a>) -> impl Iterator<Item = (&'a Limit, &'a str, u64)> {
        self.0.iter().filter_map(move |limit| {
            let key = match limit.per {
                Per::Client => cost.client,
                Per::Person => "-",
                Per::Tool => cost.action.name,
            };
            let is_about = |word: &String| word == cost.action.name || word == cost.effect.as_str();
            let applies = limit.of.is_empty() || limit.of.iter().any(is_about);
            let used = match (limit.counts, cost.reached) {
                _ if !applies || !is_counted(limit.counts, cost.effect) => 0,
                (Counts::Calls, _) => u64::from(cost.call),
                (_, None) => 0,
                (Counts::BytesOut, Some((_, bytes))) => bytes,
                (Counts::OutsideRecipients, Some((audience, _))) => {
                    u64::from(audience.outside) + u64::from(audience.unknown)
                }
                (Counts::Recipients, Some((audience, _))) => u64::from(audience.count),
            };
            (used > 0).then_some((limit, key, used))
        })
    }
}

#[cfg(test)]
mod tests {
    use m365_types::{ActionKind, AuditKind};
    use serde_json::json;

    use super::*;

    static SEND: ActionSpec = ActionSpec {
        name: "sendEmail",
        kind: ActionKind::Tool,
        title: "Send",
        summary: "Sends.",
        effect: Effect::Send,
        scopes: &[],
        further_scopes: &[],
        calls: &[],
        untrusted: false,
        sensitivity: &[],
        audit: AuditKind::MailSend,
    };

    fn used(effect: Effect, call: bool, reached: Option<(&Audience, u64)>) -> Vec<(String, String, u64)> {
        let limits = Limits::standard();
        let cost = Cost { action: &SEND, effect, client: "client-1", call, reached };
        limits.costs(&cost).map(|(limit, key, used)| (limit.name.clone(), key.to_owned(), used)).collect()
    }

    #[test]
    fn a_call_costs_what_it_is_and_what_it_reaches() {
        let audience = Audience { count: 7, outside: 2, unknown: 1, ..Audience::default() };
        let names = |list: Vec<(String, String, u64)>| -> Vec<_> {
            list.into_iter().map(|(name, key, used)| format!("{name} {key} {used}")).collect()
        };
        assert_eq!(
            names(used(Effect::Send, true, Some((&audience, 900)))),
            [
                "calls-per-minute - 1",
                "calls-per-day - 1",
                "client-calls-per-minute client-1 1",
                "sends-per-minute sendEmail 1",
                "recipients-per-day - 7",
                "outside-recipients-per-day - 3",
                "bytes-out-per-day - 900",
            ]
        );
        // The act after a look was counted already, and a look reaches nobody.
        assert_eq!(
            names(used(Effect::Send, false, Some((&audience, 0)))),
            ["recipients-per-day - 7", "outside-recipients-per-day - 3"]
        );
        assert!(names(used(Effect::Send, false, None)).is_empty());
        assert_eq!(used(Effect::Read, true, Some((&audience, 900))).len(), 3);
    }

    #[test]
    fn windows_are_those_of_the_clock() {
        let at = UnixMillis::from_secs(86_400 * 3 + 61);
        assert_eq!(Window::Minute.began(at), UnixMillis::from_secs(86_400 * 3 + 60));
        assert_eq!(Window::Minute.ends(at), UnixMillis::from_secs(86_400 * 3 + 120));
        assert_eq!(Window::Day.began(at), UnixMillis::from_secs(86_400 * 3));
    }

    #[test]
    fn limits_are_read_strictly() {
        let limit = |of: &str| json!({ "name": "a", "per": "tool", "counts": "calls", "window": "day", "atMost": 3, "of": [of] });
        let parse = |value| Limits::parse(&value, ["sendEmail"]);
        assert_eq!(parse(json!({ "limits": [limit("sendEmail")] })).unwrap().iter().count(), 1);
        assert_eq!(parse(json!({ "limits": [limit("destroy")] })).unwrap().iter().count(), 1);
        for wrong in [
            json!({}),
            json!({ "limits": [limit("sendMail")] }),
            json!({ "limits": [limit("send"), limit("send")] }),
            json!({ "limits": [{ "name": "a" }] }),
            json!({ "limits": [], "more": 1 }),
        ] {
            assert!(parse(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
