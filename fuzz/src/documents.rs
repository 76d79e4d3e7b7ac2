//! What every reader of documents keeps, and Office files around the one part that an input is.

use m365_ports::{DOCUMENT_TEXT_BYTES_MAX, DocumentError};
use m365_text::is_hidden;
use rawzip::ZipArchiveWriter;
use std::io::Write as _;

/// The first bytes of a zip file.
const ZIP: &[u8] = b"PK\x03\x04";

/// Reads an input as a document of that name, and holds what is read against its promises.
pub fn check_document(name: &str, bytes: &[u8]) {
    let read = m365_documents::read(name, "", bytes);
    assert_eq!(read, m365_documents::read(name, "", bytes), "the same document reads alike");
    match read {
        Ok(text) => {
            assert!(text.text.len() <= DOCUMENT_TEXT_BYTES_MAX, "too long");
            let shown = |c: char| !is_hidden(c);
            assert!(text.text.chars().all(shown), "a hidden character: {:?}", text.text);
        }
        Err(error) => assert!(
            !matches!(error, DocumentError::TooSlow | DocumentError::Unavailable),
            "{error} is for hosts to say"
        ),
    }
}

/// An Office file that is a whole, or one around the part that is fuzzed. `parts` names each; the fuzzed one is `{}`, and
/// what stands in front of the `{}` of its text is ours.
pub fn office(input: &[u8], main: &str, parts: &[(&str, &str)]) -> Vec<u8> {
    if input.starts_with(ZIP) {
        return input.to_vec();
    }
    let rels = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"t/officeDocument\" Target=\"{main}\"/></Relationships>"
    );
    let mut written = Vec::new();
    let mut archive = ZipArchiveWriter::new(&mut written);
    let own = [("[Content_Types].xml", "<Types/>"), ("_rels/.rels", rels.as_str())];
    for (name, text) in own.iter().chain(parts) {
        let (mut entry, config) = archive.new_file(name).start().expect("a name");
        let mut writer = config.wrap(&mut entry);
        match text.split_once("{}") {
            Some((before, after)) => {
                for piece in [before.as_bytes(), input, after.as_bytes()] {
                    writer.write_all(piece).expect("memory");
                }
            }
            None => writer.write_all(text.as_bytes()).expect("memory"),
        }
        let (_, descriptor) = writer.finish().expect("memory");
        entry.finish(descriptor).expect("memory");
    }
    archive.finish().expect("memory");
    written
}
