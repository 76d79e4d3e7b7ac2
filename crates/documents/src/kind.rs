//! What a file is: its content first, then the type it was sent with, then the extension of its name.

use m365_ports::DocumentError;

use crate::Result;
use crate::archive::Archive;

/// A kind of file that can be read.
#[derive(Debug)]
pub(crate) enum Kind<'a> {
    /// Word (`.docx`).
    Word(Archive<'a>),
    /// Excel (`.xlsx`).
    Excel(Archive<'a>),
    /// PowerPoint (`.pptx`).
    PowerPoint(Archive<'a>),
    /// Portable Document Format.
    Pdf,
    /// A mail (RFC 5322).
    Mail,
    /// A calendar (RFC 5545).
    Calendar,
    /// Values separated by commas, semicolons or tabs.
    Table,
    /// A page.
    Html,
    /// Plain text.
    Text,
}

/// What type and extension say.
struct Hint {
    content_type: &'static str,
    extensions: &'static [&'static str],
    kind: fn() -> Kind<'static>,
}

/// How far from its beginning a file may say that it is a PDF, in bytes.
const PDF_HEADER_WITHIN: usize = 1024;
/// The first bytes of a compound file: Office before 2007, Outlook messages, and encrypted Office files.
const COMPOUND: &[u8] = b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1";
/// The name of the stream that an encrypted Office file keeps its content in (MS-OFFCRYPTO 2.3.4.4).
const ENCRYPTED_STREAM: &str = "EncryptedPackage";
/// Types and extensions of text that say nothing by their first bytes.
const HINTS: [Hint; 4] = [
    Hint { content_type: "message/rfc822", extensions: &["eml"], kind: || Kind::Mail },
    Hint { content_type: "text/calendar", extensions: &["ics", "ical", "ifb"], kind: || Kind::Calendar },
    Hint { content_type: "text/csv", extensions: &["csv", "tsv", "tab"], kind: || Kind::Table },
    Hint { content_type: "text/html", extensions: &["html", "htm", "xhtml"], kind: || Kind::Html },
];
/// Extensions of text whose content is its text.
const TEXT: [&str; 20] = [
    "txt", "text", "md", "markdown", "log", "json", "xml", "yaml", "yml", "toml", "ini", "cfg", "conf",
    "sql", "py", "js", "ts", "css", "sh", "rst",
];

/// Decides what a file is.
pub(crate) fn of<'a>(name: &str, content_type: &str, bytes: &'a [u8]) -> Result<Kind<'a>> {
    if bytes.is_empty() {
        return Ok(Kind::Text);
    }
    if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        return office(bytes);
    }
    if bytes.starts_with(COMPOUND) {
        return Err(if has_encrypted_stream(bytes) {
            DocumentError::Encrypted
        } else {
            DocumentError::Unsupported
        });
    }
    let head = bytes.get(..PDF_HEADER_WITHIN).unwrap_or(bytes);
    if head.windows(5).any(|window| window == b"%PDF-") {
        return Ok(Kind::Pdf);
    }
    if head.starts_with(b"{\\rtf") {
        return Err(DocumentError::Unsupported);
    }
    text(name, content_type, bytes)
}

/// Which Office document a zip file is, by the type of the part it begins with.
fn office(bytes: &[u8]) -> Result<Kind<'_>> {
    let archive = Archive::open(bytes)?;
    if !archive.has("[Content_Types].xml") {
        return Err(DocumentError::Unsupported);
    }
    let main = archive.main_part()?.to_ascii_lowercase();
    let Some(mut xml) = archive.xml(&main)? else { return Err(DocumentError::Damaged) };
    // The root element tells; the names of folders and types differ between producers.
    let root = loop {
        match xml.next()? {
            crate::xml::Node::Open(element) => break element.name().to_owned(),
            crate::xml::Node::End => return Err(DocumentError::Damaged),
            _ => {}
        }
    };
    drop(xml);
    match root.as_str() {
        "document" => Ok(Kind::Word(archive)),
        "workbook" => Ok(Kind::Excel(archive)),
        "presentation" => Ok(Kind::PowerPoint(archive)),
        _ => Err(DocumentError::Unsupported),
    }
}

fn has_encrypted_stream(bytes: &[u8]) -> bool {
    let name: Vec<u8> = ENCRYPTED_STREAM.encode_utf16().flat_map(u16::to_le_bytes).collect();
    bytes.windows(name.len()).any(|window| window == name)
}

fn text(name: &str, content_type: &str, bytes: &[u8]) -> Result<Kind<'static>> {
    let head = bytes.trim_ascii_start();
    let head = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head);
    if starts_with(head, b"BEGIN:VCALENDAR") {
        return Ok(Kind::Calendar);
    }
    if starts_with(head, b"<!doctype html") || starts_with(head, b"<html") {
        return Ok(Kind::Html);
    }
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let extension =
        name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase()).unwrap_or_default();
    let by_type = HINTS.iter().find(|hint| hint.content_type == essence);
    let by_extension = || HINTS.iter().find(|hint| hint.extensions.contains(&extension.as_str()));
    let hinted = by_type.or_else(by_extension).map(|hint| (hint.kind)());
    let is_utf16 = bytes.starts_with(b"\xFF\xFE") || bytes.starts_with(b"\xFE\xFF");
    // Parts of a mail may be anything; no other text has zero bytes.
    if bytes.contains(&0) && !is_utf16 && !matches!(hinted, Some(Kind::Mail)) {
        return Err(DocumentError::Unsupported);
    }
    if let Some(kind) = hinted {
        return Ok(kind);
    }
    let is_text = essence.starts_with("text/") || TEXT.contains(&extension.as_str());
    if is_text || is_utf16 || std::str::from_utf8(bytes).is_ok() {
        return Ok(Kind::Text);
    }
    Err(DocumentError::Unsupported)
}

fn starts_with(bytes: &[u8], prefix: &[u8]) -> bool {
    bytes.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(name: &str, content_type: &str, bytes: &[u8]) -> String {
        match of(name, content_type, bytes) {
            Ok(kind) => format!("{kind:?}"),
            Err(error) => format!("{error:?}"),
        }
    }

    #[test]
    fn content_comes_before_type_and_type_before_extension() {
        for (name, content_type, bytes, expected) in [
            ("a.txt", "text/plain", &b"%PDF-1.7\n"[..], "Pdf"),
            ("a.pdf", "application/pdf", b"plain words", "Text"),
            ("a.bin", "text/csv; charset=utf-8", b"a,b", "Table"),
            ("a.csv", "text/html", b"<p>a", "Html"),
            ("a.csv", "application/octet-stream", b"a,b", "Table"),
            ("a.eml", "", b"Subject: x\r\n\r\ny", "Mail"),
            ("a.eml", "", b"Subject: x\r\n\r\ny\0", "Mail"),
            ("a", "", b"begin:vcalendar\r\n", "Calendar"),
            ("a", "", b" <!DOCTYPE HTML><p>x", "Html"),
            ("README", "", b"words", "Text"),
            ("a.xyz", "", "\u{fc}".as_bytes(), "Text"),
            ("old.txt", "", b"gr\xfcn", "Text"),
        ] {
            assert_eq!(kind(name, content_type, bytes), expected, "{name} {content_type}");
        }
    }

    #[test]
    fn what_no_reader_knows_is_refused() {
        for bytes in [
            &b"\x89PNG\r\n\x1a\n\0\0"[..],
            b"{\\rtf1 x}",
            b"\xff\x01binary",
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 word",
        ] {
            assert_eq!(kind("a.bin", "", bytes), "Unsupported");
        }
        assert_eq!(kind("a.csv", "text/csv", b"a,\0"), "Unsupported");
        let mut encrypted = COMPOUND.to_vec();
        encrypted.extend(ENCRYPTED_STREAM.encode_utf16().flat_map(u16::to_le_bytes));
        assert_eq!(kind("a.docx", "", &encrypted), "Encrypted");
        assert_eq!(kind("a.docx", "", b"PK\x03\x04 and no directory"), "Damaged");
    }
}
