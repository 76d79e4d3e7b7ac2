//! Mails as files (RFC 5322, MIME): who, when, what about, what it shows, and what is attached.

use m365_ports::DocumentError;
use mail_parser::{Address, Message, MessageParser, MessagePart, MimeHeaders, PartType};

use crate::Result;
use crate::output::Output;

/// Most beginnings of parts; real mails have tens.
const PARTS_MAX: usize = 20_000;
/// Most addresses of one header that are named.
const ADDRESSES_MAX: usize = 200;
/// Most attachments that are named.
const ATTACHMENTS_MAX: usize = 500;

/// Reads a mail.
pub(crate) fn read(bytes: &[u8], output: &mut Output) -> Result<()> {
    if bytes.windows(3).filter(|window| *window == b"\n--").count() > PARTS_MAX {
        return Err(DocumentError::TooLarge);
    }
    let message = MessageParser::default().parse(bytes).ok_or(DocumentError::Damaged)?;
    headers(&message, output);
    // What a mail program shows: its HTML where there is one.
    for part in message.html_bodies() {
        body(part, output);
    }
    let attachments: Vec<&MessagePart<'_>> = message.attachments().collect();
    if !attachments.is_empty() {
        output.block("", &format!("Attachments ({}):", attachments.len()));
    }
    for attachment in attachments.iter().take(ATTACHMENTS_MAX) {
        output.line("- ", &described(attachment));
    }
    Ok(())
}

fn headers(message: &Message<'_>, output: &mut Output) {
    output.block("# ", message.subject().unwrap_or_default());
    let senders_and_recipients =
        [("From", message.from()), ("To", message.to()), ("Cc", message.cc()), ("Bcc", message.bcc())];
    for (number, (name, address)) in senders_and_recipients.into_iter().enumerate() {
        let Some(address) = address else { continue };
        let line = format!("{name}: {}", named(address));
        if number == 0 {
            output.block("", &line);
        } else {
            output.line("", &line);
        }
    }
    if let Some(date) = message.date() {
        output.line("", &format!("Date: {}", date.to_rfc3339()));
    }
}

fn named(address: &Address<'_>) -> String {
    let names = address.iter().take(ADDRESSES_MAX).map(|address| {
        let place = address.address.as_deref().unwrap_or_default();
        match &address.name {
            Some(name) if !name.is_empty() => format!("{name} <{place}>"),
            _ => place.to_owned(),
        }
    });
    names.collect::<Vec<String>>().join(", ")
}

fn body(part: &MessagePart<'_>, output: &mut Output) {
    match &part.body {
        PartType::Html(html) => {
            let markdown = m365_text::html_to_markdown(html);
            output.count_hidden(markdown.hidden);
            output.cleaned(&markdown.text);
        }
        PartType::Text(text) => {
            let mut is_first = true;
            for line in text.lines() {
                if is_first && line.trim().is_empty() {
                    continue;
                }
                if is_first {
                    output.block("", line);
                } else {
                    output.verbatim(line);
                }
                is_first = false;
            }
        }
        _ => {}
    }
}

fn described(attachment: &MessagePart<'_>) -> String {
    let kind = attachment.content_type().map(|kind| {
        let subtype = kind.subtype().unwrap_or_default();
        format!("{}/{subtype}", kind.ctype())
    });
    let kind = kind.unwrap_or_default();
    if let PartType::Message(message) = &attachment.body {
        return format!("mail \u{201c}{}\u{201d}", message.subject().unwrap_or_default());
    }
    let name = attachment.attachment_name().unwrap_or("unnamed");
    format!("{name} ({kind}, {} bytes)", attachment.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(mail: &str) -> (String, usize) {
        let mut output = Output::new(10_000);
        read(mail.as_bytes(), &mut output).unwrap();
        let text = output.finish();
        (text.text, text.hidden)
    }

    const MIXED: &str = "From: Alex =?utf-8?q?M=C3=BCller?= <alex@contoso.example>\r\nTo: blair@contoso.example,\r\n Morgan <morgan@contoso.example>\r\nDate: Sat, 28 Nov 2026 09:30:00 +0100\r\nSubject: Offer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nDear Blair,\r\n\r\nsee attached.\u{200b}\r\n--B\r\nContent-Type: application/pdf; name=offer.pdf\r\nContent-Disposition: attachment; filename=offer.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--B--\r\n";

    #[test]
    fn headers_body_and_names_of_attachments_are_told() {
        let (text, hidden) = shown(MIXED);
        assert_eq!(
            text,
            "# Offer\n\nFrom: Alex Müller <alex@contoso.example>\nTo: blair@contoso.example, Morgan <morgan@contoso.example>\nDate: 2026-11-28T09:30:00+01:00\n\nDear Blair,\n\nsee attached.\n\nAttachments (1):\n- offer.pdf (application/pdf, 5 bytes)"
        );
        assert_eq!(hidden, 1);
    }

    #[test]
    fn of_two_forms_the_one_that_is_shown_is_read() {
        let (text, hidden) = shown(
            "Subject: x\r\nContent-Type: multipart/alternative; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nplain\r\n--B\r\nContent-Type: text/html\r\n\r\n<p>shown</p><p style=\"display:none\">trap</p>\r\n--B--\r\n",
        );
        assert_eq!((text.as_str(), hidden), ("# x\n\nshown", 4));
    }

    #[test]
    fn a_mail_of_nothing_but_parts_is_refused() {
        let mail =
            format!("Content-Type: multipart/mixed; boundary=B\r\n\r\n{}", "\n--B\n".repeat(PARTS_MAX + 1));
        assert_eq!(read(mail.as_bytes(), &mut Output::new(100)), Err(DocumentError::TooLarge));
    }
}
