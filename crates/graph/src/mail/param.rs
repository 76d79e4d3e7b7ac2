//! Parameters that several tools of mail take, and the kinds of value that only mail has.

use serde_json::{Map, Value, json};

use crate::param::{
    Addresses, Choice, Default as Otherwise, Identifier, Kind, Optional, Param, Required, Text, defaulted,
    optional, required,
};

pub(crate) static ID: Param<Identifier, Required> = required("id", "Message id", Identifier);
pub(crate) static TO: Param<Addresses, Optional> = optional("to", "Recipients", RECIPIENTS);
pub(crate) static CC: Param<Addresses, Optional> = optional("cc", "Copies", RECIPIENTS);
pub(crate) static BCC: Param<Addresses, Optional> = optional("bcc", "Blind copies", RECIPIENTS);
pub(crate) static COMMENT: Param<Text, Optional> =
    optional("comment", "Text above the original; HTML allowed", COMMENT_TEXT);
pub(crate) static SUBJECT: Param<Text, Required> =
    required("subject", "Subject", Text { min: 0, max: 255, lines: false });
pub(crate) static BODY: Param<Text, Required> =
    required("body", "Body", Text { min: 0, max: 1_000_000, lines: true });
pub(crate) static CONTENT_TYPE: Param<Choice<ContentType>, Otherwise> = defaulted(
    "contentType",
    "Content type",
    Choice { options: &[("text", ContentType::Text), ("html", ContentType::Html)] },
    Otherwise::Text("html"),
);

/// Most recipients of one kind.
const RECIPIENTS: Addresses = Addresses { max: 50 };
pub(crate) const COMMENT_TEXT: Text = Text { min: 1, max: 1_000_000, lines: true };

/// What a body is written in.
#[derive(Clone, Copy)]
pub(crate) enum ContentType {
    Text,
    Html,
}

/// Several short lines of text; repetitions count once.
pub(crate) struct Labels {
    /// Most labels.
    pub(crate) max: usize,
    /// Most characters of one.
    pub(crate) length: usize,
}

impl Kind for Labels {
    type Value = Vec<String>;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "array".into());
        schema.insert("items".to_owned(), json!({ "type": "string" }));
    }

    fn allowed(&self) -> String {
        format!("a list of at most {} lines of 1 to {} characters", self.max, self.length)
    }

    fn read(&self, given: &Value) -> Result<Vec<String>, String> {
        let list = given.as_array().filter(|list| list.len() <= self.max);
        let list = list.ok_or_else(|| "something else".to_owned())?;
        let line = Text { min: 1, max: self.length, lines: false };
        let mut labels = Vec::with_capacity(list.len());
        for (index, entry) in list.iter().enumerate() {
            let label = line.read(entry).map_err(|given| format!("as entry {} {given}", index + 1))?;
            if !labels.contains(&label) {
                labels.push(label);
            }
        }
        Ok(labels)
    }
}

/// A media type without parameters (RFC 9110 section 8.3.1).
pub(crate) struct MediaType;

const MEDIA_TYPE_MAX: usize = 100;

impl Kind for MediaType {
    type Value = String;

    fn describe(&self, schema: &mut Map<String, Value>) {
        schema.insert("type".to_owned(), "string".into());
    }

    fn allowed(&self) -> String {
        "a media type such as `text/csv`".to_owned()
    }

    fn read(&self, given: &Value) -> Result<String, String> {
        let token = |part: &str| {
            let plain = |b: u8| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b);
            !part.is_empty() && part.bytes().all(plain)
        };
        let fits = |text: &&str| {
            text.len() <= MEDIA_TYPE_MAX
                && text.split_once('/').is_some_and(|(kind, subtype)| token(kind) && token(subtype))
        };
        given.as_str().filter(fits).map(str::to_owned).ok_or_else(|| "something else".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_one_line_and_counts_once() {
        let labels = Labels { max: 3, length: 5 };
        assert_eq!(labels.read(&json!(["a", "b", "a"])), Ok(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(labels.read(&json!([])), Ok(Vec::new()));
        for wrong in [
            json!("a"),
            json!([""]),
            json!(["a\nb"]),
            json!(["abcdef"]),
            json!([1]),
            json!(["a", "b", "c", "d"]),
        ] {
            assert!(labels.read(&wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_media_type_carries_nothing_else() {
        for good in ["text/csv", "application/vnd.ms-excel", "image/svg+xml"] {
            assert_eq!(MediaType.read(&json!(good)), Ok(good.to_owned()));
        }
        for wrong in
            ["text", "text/", "/csv", "text/csv; charset=utf-8", "text/csv\r\nx: y", "a/b/c", "ä/b", ""]
        {
            assert!(MediaType.read(&json!(wrong)).is_err(), "{wrong}");
        }
    }
}
