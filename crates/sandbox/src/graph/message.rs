//! The message resource: building one, and turning its HTML into text.
//!
//! Source: Outlook's message resource. One builder serves seeded mail, sent mail and drafts, so that all have the
//! same shape. The text form keeps what a reader of the HTML source would find, hidden elements included, because
//! Outlook's conversion does so too: whoever reads it must clean it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::attachment::IMMUTABLE;
use super::ids::{ItemId, change_key, guid};
use super::mailbox::Item;
use super::odata::lookup;
use super::zones::rfc3339;

/// Characters of `bodyPreview`.
const PREVIEW_CHARS: usize = 255;

/// A name and an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Party {
    pub(super) name: String,
    pub(super) address: String,
}

/// One seeded attachment.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attached {
    pub(super) name: &'static str,
    pub(super) content_type: &'static str,
    /// Bytes, where it has no content of its own.
    pub(super) size: u32,
    /// `fileAttachment`, `itemAttachment` or `referenceAttachment`.
    pub(super) kind: &'static str,
    pub(super) inline: bool,
    /// What is in it; nothing where only its description matters.
    pub(super) content: &'static [u8],
}

impl Attached {
    /// A file that is nothing in particular.
    pub(super) const FILE: Self = Self {
        name: "",
        content_type: "application/octet-stream",
        size: 0,
        kind: "fileAttachment",
        inline: false,
        content: &[],
    };

    /// As Graph has it, with both its ids.
    fn json(&self, owner: &str, name: &str, at_ms: i64) -> Value {
        let id = ItemId::of(owner, "attachment", name);
        let paper = || super::seed::paper(self.name).map_or(self.size as usize, |paper| paper.len());
        let size = match (self.content.len(), self.kind) {
            (0, "fileAttachment") => paper(),
            (0, _) => self.size as usize,
            (length, _) => length,
        };
        let content_type = Some(self.content_type).filter(|_| self.kind != "itemAttachment");
        let mut fields = object(json!({
            "@odata.type": format!("#microsoft.graph.{}", self.kind), "id": id.default, IMMUTABLE: id.immutable,
            "name": self.name, "size": size, "contentType": content_type, "isInline": self.inline,
            "lastModifiedDateTime": rfc3339(at_ms),
        }));
        if !self.content.is_empty() {
            fields.insert("contentBytes".to_owned(), STANDARD.encode(self.content).into());
        }
        Value::Object(fields)
    }
}

/// Everything a message is made of.
#[expect(clippy::struct_excessive_bools, reason = "each is an independent property of the resource")]
#[derive(Clone, Debug)]
pub(super) struct Letter {
    pub(super) subject: String,
    pub(super) html: bool,
    pub(super) body: String,
    pub(super) from: Party,
    pub(super) to: Vec<Party>,
    pub(super) cc: Vec<Party>,
    pub(super) bcc: Vec<Party>,
    pub(super) reply_to: Vec<Party>,
    pub(super) at_ms: i64,
    pub(super) is_read: bool,
    pub(super) is_draft: bool,
    pub(super) importance: String,
    /// Messages with the same text here form a conversation.
    pub(super) conversation: String,
    pub(super) attached: Vec<Attached>,
    pub(super) categories: Vec<String>,
    pub(super) flagged: bool,
    /// Whether Outlook sorts it under "Other".
    pub(super) unfocused: bool,
    /// Whether this is an invitation to a meeting.
    pub(super) invitation: bool,
}

impl Party {
    pub(super) fn new(name: &str, address: &str) -> Self {
        Self { name: name.to_owned(), address: address.to_owned() }
    }

    pub(super) fn json(&self) -> Value {
        json!({"emailAddress": {"name": self.name, "address": self.address}})
    }
}

impl Letter {
    /// A plain read message; the rest is set by field.
    pub(super) fn new(from: Party, to: Vec<Party>, subject: &str, body: String, at_ms: i64) -> Self {
        Self {
            subject: subject.to_owned(),
            html: true,
            body,
            from,
            to,
            cc: Vec::new(),
            bcc: Vec::new(),
            reply_to: Vec::new(),
            at_ms,
            is_read: true,
            is_draft: false,
            importance: "normal".to_owned(),
            conversation: subject.to_owned(),
            attached: Vec::new(),
            categories: Vec::new(),
            flagged: false,
            unfocused: false,
            invitation: false,
        }
    }

    /// The letter a stored message was made of, its attachments aside.
    pub(super) fn of(fields: &Map<String, Value>) -> Self {
        let text = |path: &str| lookup(fields, path).as_str().unwrap_or_default().to_owned();
        let party = |value: &Value| {
            let of = |name: &str| value.pointer(&format!("/emailAddress/{name}")).and_then(Value::as_str);
            Party::new(of("name").unwrap_or_default(), of("address").unwrap_or_default())
        };
        let parties =
            |name: &str| lookup(fields, name).as_array().into_iter().flatten().map(party).collect::<Vec<_>>();
        let at_ms = super::zones::parse(&text("receivedDateTime"), &jiff::tz::TimeZone::UTC);
        Self {
            html: text("body/contentType").eq_ignore_ascii_case("html"),
            cc: parties("ccRecipients"),
            bcc: parties("bccRecipients"),
            reply_to: parties("replyTo"),
            importance: text("importance"),
            ..Self::new(
                party(lookup(fields, "from")),
                parties("toRecipients"),
                &text("subject"),
                text("body/content"),
                at_ms.unwrap_or_default(),
            )
        }
    }

    /// The item `name` in the mailbox of `owner` (an object id).
    pub(super) fn into_item(self, owner: &str, name: &str) -> Item {
        let id = ItemId::of(owner, "message", name);
        let parties = |parties: &[Party]| Value::Array(parties.iter().map(Party::json).collect());
        let conversation = change_key(&format!("{owner}\n{}", self.conversation));
        let change_key = change_key(&id.default);
        let text = if self.html { text_of_html(&self.body) } else { self.body.clone() };
        let encoded = percent_encoding::utf8_percent_encode(&id.default, percent_encoding::NON_ALPHANUMERIC);
        let mut fields = object(json!({
            "createdDateTime": rfc3339(self.at_ms - 3_000),
            "lastModifiedDateTime": rfc3339(self.at_ms),
            "changeKey": change_key,
            "categories": self.categories,
            "receivedDateTime": rfc3339(self.at_ms),
            "sentDateTime": rfc3339(self.at_ms - 2_000),
            "hasAttachments": self.attached.iter().any(|attached| !attached.inline),
            "internetMessageId": format!("<{}@{}>", guid(&id.immutable), domain(&self.from.address)),
            "subject": self.subject,
            "bodyPreview": preview(&text),
            "importance": self.importance,
            "conversationId": format!("AAQkAD{conversation}"),
            "conversationIndex": format!("AQ{conversation}"),
            "isDeliveryReceiptRequested": null,
            "isReadReceiptRequested": false,
            "isRead": self.is_read,
            "isDraft": self.is_draft,
            "webLink": format!("https://outlook.office365.com/owa/?ItemID={encoded}&exvsurl=1&viewmodel=ReadMessageItem"),
            "inferenceClassification": if self.unfocused { "other" } else { "focused" },
            "body": {"contentType": if self.html { "html" } else { "text" }, "content": self.body},
            "sender": self.from.json(),
            "from": self.from.json(),
            "toRecipients": parties(&self.to),
            "ccRecipients": parties(&self.cc),
            "bccRecipients": parties(&self.bcc),
            "replyTo": parties(&self.reply_to),
            "flag": {"flagStatus": if self.flagged { "flagged" } else { "notFlagged" }},
        }));
        if self.invitation {
            fields.insert("@odata.type".to_owned(), json!("#microsoft.graph.eventMessageRequest"));
            fields.insert("meetingMessageType".to_owned(), json!("meetingRequest"));
        }
        let attached = self.attached.iter().enumerate();
        let attached =
            attached.map(|(position, file)| file.json(owner, &format!("{name}/{position}"), self.at_ms));
        fields.insert("attachments".to_owned(), attached.collect());
        Item { id, at_ms: self.at_ms, fields }
    }
}

/// The body in the form a request prefers.
pub(super) fn body(fields: &Map<String, Value>, as_text: bool) -> Option<Value> {
    let body = fields.get("body")?;
    let is_html = body.get("contentType").and_then(Value::as_str) == Some("html");
    let content = body.get("content").and_then(Value::as_str).unwrap_or_default();
    Some(match (is_html, as_text) {
        (true, true) => json!({"contentType": "text", "content": text_of_html(content)}),
        (false, false) => {
            json!({"contentType": "html", "content": format!("<html><head></head><body><div style=\"white-space:pre-wrap\">{}</div></body></html>", escape(content))})
        }
        _ => body.clone(),
    })
}

/// Escapes text for HTML.
pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// The part of an address behind the `@`.
pub(super) fn domain(address: &str) -> &str {
    address.rsplit_once('@').map_or("unknown.invalid", |(_, domain)| domain)
}

/// A JSON object, or an empty one where the value is none.
pub(super) fn object(value: Value) -> Map<String, Value> {
    if let Value::Object(map) = value { map } else { Map::new() }
}

pub(super) fn preview(text: &str) -> String {
    let collapsed = text.split_whitespace().collect::<Vec<_>>().join(" ");
    collapsed.chars().take(PREVIEW_CHARS).collect()
}

/// Text of an HTML body: markup, styles, scripts and comments dropped, block ends turned into line ends.
pub(super) fn text_of_html(html: &str) -> String {
    let mut text = String::with_capacity(html.len() / 2);
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (before, tag) = rest.split_at(start);
        push_collapsed(&mut text, before);
        rest = skip_markup(tag, &mut text);
    }
    push_collapsed(&mut text, rest);
    let text = text.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&#8203;", "\u{200B}").replace("&zwnj;", "\u{200C}").replace("&amp;", "&").trim().to_owned()
}

/// What follows the tag, comment, style or script at the start of `tag`.
fn skip_markup<'a>(tag: &'a str, text: &mut String) -> &'a str {
    let after = |end: &str| tag.find(end).and_then(|at| tag.get(at + end.len()..)).unwrap_or("");
    if tag.starts_with("<!--") {
        return after("-->");
    }
    let name: String = tag
        .chars()
        .skip(1)
        .take_while(|sign| sign.is_ascii_alphanumeric() || *sign == '/')
        .collect::<String>()
        .to_ascii_lowercase();
    match name.as_str() {
        "style" => after("</style>"),
        "script" => after("</script>"),
        "title" => after("</title>"),
        "br" | "br/" | "/p" | "/div" | "/tr" | "/li" | "/h1" | "/h2" | "/h3" | "/table" => {
            if !text.ends_with('\n') {
                text.push_str("\r\n");
            }
            after(">")
        }
        _ => after(">"),
    }
}

fn push_collapsed(text: &mut String, piece: &str) {
    for sign in piece.chars() {
        if !sign.is_whitespace() {
            text.push(sign);
        } else if !text.is_empty() && !text.ends_with([' ', '\n']) {
            text.push(' ');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_drops_markup_and_keeps_words() {
        let html = "<html><head><style>p{color:red}</style></head><body><p>One &amp; two</p><!-- no --><div>three<br>four</div></body>";
        assert_eq!(text_of_html(html), "One & two\r\nthree\r\nfour");
        assert_eq!(text_of_html("<p>open <b"), "open");
        assert_eq!(text_of_html("a < b"), "a");
    }

    #[test]
    fn a_message_has_both_body_forms() {
        let letter = Letter::new(
            Party::new("A", "a@x.example"),
            Vec::new(),
            "s",
            "<p>hi</p>".to_owned(),
            1_790_000_000_000,
        );
        let item = letter.into_item("owner", "1");
        assert_eq!(body(&item.fields, true).unwrap(), json!({"contentType": "text", "content": "hi"}));
        assert_eq!(item.fields["bodyPreview"], "hi");
        assert_eq!(item.fields["receivedDateTime"], rfc3339(1_790_000_000_000));
    }
}
