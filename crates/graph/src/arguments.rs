//! Reading arguments: every fault is collected, so a caller learns all of them at once.
//!
//! Invariant: a sentence names the argument, what is allowed and the type, size or number that was given; it never
//! repeats text.

use std::fmt;

use serde_json::{Map, Value};

use crate::param::Parameter;

/// One argument that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArgumentError {
    /// The argument's name.
    pub name: &'static str,
    /// What is allowed and what was given.
    pub sentence: String,
}

/// Every argument that cannot be used, in the order of the row's parameters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct ArgumentErrors(Vec<ArgumentError>);

impl ArgumentErrors {
    /// The faults; at least one.
    pub fn iter(&self) -> impl Iterator<Item = &ArgumentError> {
        self.0.iter()
    }
}

impl fmt::Display for ArgumentErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(&error.sentence)?;
        }
        Ok(())
    }
}

/// The arguments of one call while they are read.
pub(crate) struct Given<'a> {
    arguments: &'a Map<String, Value>,
    errors: Vec<ArgumentError>,
}

impl<'a> Given<'a> {
    pub(crate) const fn new(arguments: &'a Map<String, Value>) -> Self {
        Self { arguments, errors: Vec::new() }
    }

    /// The typed value of a parameter; `None` where it cannot be used, which is then an error of the call.
    pub(crate) fn read<P: Parameter>(&mut self, param: &P) -> Option<P::Value> {
        match param.value(self.arguments.get(param.name())) {
            Ok(value) => Some(value),
            Err(problem) => {
                self.refuse(param.name(), &problem);
                None
            }
        }
    }

    /// Adds a fault that concerns several parameters together.
    pub(crate) fn refuse(&mut self, name: &'static str, problem: &str) {
        self.errors.push(ArgumentError { name, sentence: format!("`{name}` {problem}.") });
    }

    /// The call, if nothing was refused.
    pub(crate) fn finish<T>(self, parsed: Option<T>) -> Result<T, ArgumentErrors> {
        match parsed {
            Some(parsed) if self.errors.is_empty() => Ok(parsed),
            _ => Err(ArgumentErrors(self.errors)),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::testing::arguments;
    use crate::{catalog, find_tool};

    fn refusal(tool: &str, given: Value) -> String {
        match find_tool(tool).unwrap().parse(&arguments(given)) {
            Ok(_) => "accepted".to_owned(),
            Err(errors) => errors.to_string(),
        }
    }

    #[test]
    fn counts_are_whole_numbers_in_range_and_nothing_else() {
        for good in [json!(1), json!(50), json!(10.0), json!(null)] {
            assert_eq!(refusal("getEmails", json!({ "count": good })), "accepted");
        }
        for (bad, given) in [
            (json!(0), "0"),
            (json!(-1), "-1"),
            (json!(1.5), "1.5"),
            (json!(51), "51"),
            (json!(1e9), "1000000000.0"),
            (json!("5"), "a string of 1 character"),
            (json!(true), "true"),
            (json!([5]), "a list of 1 entry"),
        ] {
            assert_eq!(
                refusal("getEmails", json!({ "count": bad })),
                format!("`count` must be a whole number from 1 to 50; given: {given}.")
            );
        }
    }

    #[test]
    fn every_fault_is_told_at_once_and_none_repeats_text() {
        assert_eq!(
            refusal(
                "sendEmail",
                json!({ "to": "secret words", "subject": "a\r\nBcc: x@y.example", "contentType": "markdown" })
            ),
            "`to` must be one e-mail address such as `name@example.com`; given: a string of 12 characters. \
             `subject` must be one line of at most 255 characters; given: a string of 19 characters with a line break or control character. \
             `body` is required: a text of at most 1000000 characters. \
             `contentType` must be one of `text`, `html`; given: a string of 8 characters."
        );
    }

    #[test]
    fn identifiers_that_could_leave_their_segment_are_refused() {
        for hostile in [
            "..",
            ".",
            "../../users",
            "%2e%2e",
            "%252f",
            "a\\b",
            "a;b",
            "a?b",
            "a#b",
            "a b",
            "a\nb",
            "",
            "../messages?$select=body&$top=999#",
            "inbox/../../users",
            "ünbox",
        ] {
            let sentence = refusal("getEmails", json!({ "folder": hostile }));
            assert!(sentence.starts_with("`folder` must be"), "{hostile}: {sentence}");
        }
        for good in ["inbox", "AAMkAD/+=_-", "sentitems"] {
            assert_eq!(refusal("getEmails", json!({ "folder": good })), "accepted", "{good}");
        }
        let channel = json!({ "teamId": "893075dd-2487-4122-925f-022c42e20265", "channelId": "19:561fbd@thread.tacv2", "message": "hi" });
        assert_eq!(refusal("sendTeamsMessage", channel), "accepted");
    }

    #[test]
    fn attendees_are_addresses_and_at_most_fifty() {
        let event = |attendees: Value| json!({ "subject": "s", "start": "2026-11-24T09:00Z", "end": "2026-11-24T10:00Z", "attendees": attendees });
        let many =
            |count: usize| Value::from((0..count).map(|i| format!("p{i}@x.example")).collect::<Vec<_>>());
        assert_eq!(refusal("createCalendarEvent", event(many(50))), "accepted");
        assert_eq!(
            refusal("createCalendarEvent", event(many(51))),
            "`attendees` must be a list of at most 50 e-mail addresses; given: a list of 51 entries."
        );
        assert_eq!(
            refusal("createCalendarEvent", event(json!(["a@x.example", "b@x.example,c@x.example"]))),
            "`attendees` must be a list of at most 50 e-mail addresses; given: as entry 2 a string of 23 characters."
        );
    }

    #[test]
    fn an_address_hides_no_character() {
        assert_ne!(
            refusal("sendEmail", json!({ "to": "a\u{200b}b@x.example", "subject": "", "body": "" })),
            "accepted"
        );
        assert_eq!(
            refusal("sendEmail", json!({ "to": "ab@x.example", "subject": "", "body": "" })),
            "accepted"
        );
    }

    #[test]
    fn text_is_bounded() {
        for (length, fits) in [(1000, true), (1001, false)] {
            assert_eq!(refusal("searchEmails", json!({ "query": "é".repeat(length) })) == "accepted", fits);
        }
        assert_ne!(refusal("searchEmails", json!({ "query": "" })), "accepted");
        assert_ne!(refusal("searchEmails", json!({ "query": "a\0b" })), "accepted");
    }

    #[test]
    fn markup_is_bounded_and_text_is_not_markup() {
        let mail = |kind: &str| json!({ "to": "a@x.example", "subject": "", "body": "<".repeat(5001), "contentType": kind });
        assert_eq!(
            refusal("sendEmail", mail("html")),
            "`body` must have at most 5000 tags, and fewer with attributes."
        );
        assert_eq!(refusal("sendEmail", mail("text")), "accepted");
    }

    #[test]
    fn an_end_must_be_after_its_start() {
        let meeting = |start: &str, end: &str| json!({ "subject": "s", "startTime": start, "endTime": end });
        assert_eq!(
            refusal("createTeamsMeeting", meeting("2026-11-24T10:00:00+01:00", "2026-11-24T09:30:00Z")),
            "accepted"
        );
        for end in ["2026-11-24T09:00:00Z", "2026-11-24T09:59:00+01:00"] {
            assert_eq!(
                refusal("createTeamsMeeting", meeting("2026-11-24T10:00:00+01:00", end)),
                "`endTime` must be later than `startTime`."
            );
        }
    }

    #[test]
    fn unknown_keys_are_ignored() {
        assert_eq!(refusal("getEmails", json!({ "mailbox": "ceo@contoso.example" })), "accepted");
    }

    #[test]
    fn each_action_reads_exactly_the_parameters_its_row_declares() {
        for action in catalog() {
            let given = action.params.iter().map(|param| (param.name().to_owned(), json!({}))).collect();
            let declared: Vec<_> = action.params.iter().map(|param| param.name()).collect();
            let read = match action.parse(&given) {
                Ok(_) => Vec::new(),
                Err(errors) => errors.iter().map(|error| error.name).collect(),
            };
            assert_eq!(read, declared, "{}", action.spec.name);
        }
    }

    #[test]
    fn what_is_not_required_may_be_absent() {
        for action in catalog() {
            let mut required: Vec<_> =
                action.params.iter().filter(|param| param.is_required()).map(|param| param.name()).collect();
            if action.spec.name == "summarizeThread" {
                // One of two parameters names what it is about; the schema cannot say so.
                required.push("id");
            }
            let missing = match action.parse(&arguments(json!({}))) {
                Ok(_) => Vec::new(),
                Err(errors) => errors.iter().map(|error| error.name).collect(),
            };
            assert_eq!(missing, required, "{}", action.spec.name);
        }
    }
}
