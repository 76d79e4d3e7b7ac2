//! `m365-mcp read-document`: the child process that reads one document and ends.
//!
//! It takes its request from standard input, and before that takes from itself what a hostile document could use:
//! memory, processor time, and the ability to open files and sockets, to write files and to start processes. It has no
//! environment and knows no secret. Its answer goes to standard output as JSON.

use std::io::{self, Read, Write as _};
use std::panic;

use m365_ports::{DOCUMENT_BYTES_MAX, DOCUMENT_TEXT_BYTES_MAX, Document, DocumentError, DocumentText};
use rlimit::Resource;

/// The name of the command.
pub(crate) const COMMAND: &str = "read-document";
/// Longest answer: a text whose every byte is escaped, and what stands around it.
pub(crate) const ANSWER_BYTES_MAX: usize = 2 * DOCUMENT_TEXT_BYTES_MAX + 1024;
/// Longest name or type of a document; what is longer is cut.
const HINT_BYTES_MAX: usize = 1024;

/// What the process may use: address space in bytes, processor time in seconds, files to open, bytes to write to a file,
/// bytes of a memory image, processes to start.
const LIMITS: [(Resource, u64); 6] = [
    (Resource::CORE, 0),
    (Resource::FSIZE, 0),
    (Resource::NPROC, 0),
    (Resource::NOFILE, 0),
    (Resource::CPU, 10),
    (Resource::AS, 512 << 20),
];

/// A document as it goes through standard input: three parts, each behind its length.
pub(crate) fn request(document: &Document) -> Vec<u8> {
    let hint = |text: &str| text.as_bytes().get(..HINT_BYTES_MAX).unwrap_or(text.as_bytes()).to_vec();
    let (name, content_type) = (hint(&document.name), hint(&document.content_type));
    let mut request = Vec::with_capacity(document.bytes.len() + name.len() + content_type.len() + 12);
    for part in [name.as_slice(), content_type.as_slice(), &document.bytes] {
        request.extend(u32::try_from(part.len()).unwrap_or(u32::MAX).to_le_bytes());
        request.extend(part);
    }
    request
}

/// Reads the document on standard input and writes what it says to standard output.
///
/// # Errors
/// Where a limit cannot be set, or the request is none.
pub(crate) fn run() -> anyhow::Result<()> {
    for (resource, limit) in LIMITS {
        resource.set(limit, limit)?;
    }
    let mut stdin = io::stdin().lock();
    let name = part(&mut stdin, HINT_BYTES_MAX)?;
    let content_type = part(&mut stdin, HINT_BYTES_MAX)?;
    let bytes = part(&mut stdin, DOCUMENT_BYTES_MAX)?;
    let (name, content_type) = (String::from_utf8_lossy(&name), String::from_utf8_lossy(&content_type));
    let read = panic::catch_unwind(|| m365_documents::read(&name, &content_type, &bytes));
    // A library that gave up on a document has nothing to say about it.
    let read: Result<DocumentText, DocumentError> = read.unwrap_or(Err(DocumentError::Damaged));
    io::stdout().lock().write_all(&serde_json::to_vec(&read)?)?;
    Ok(())
}

fn part(from: &mut impl Read, most: usize) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    from.read_exact(&mut length)?;
    let length = usize::try_from(u32::from_le_bytes(length)).unwrap_or(usize::MAX);
    if length > most {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut part = vec![0; length];
    from.read_exact(&mut part)?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let document = Document {
            name: "a.pdf".into(),
            content_type: "x".repeat(2000),
            bytes: b"bytes".as_slice().into(),
        };
        let request = request(&document);
        let mut from = request.as_slice();
        assert_eq!(part(&mut from, HINT_BYTES_MAX).unwrap(), b"a.pdf");
        assert_eq!(part(&mut from, HINT_BYTES_MAX).unwrap().len(), HINT_BYTES_MAX);
        assert_eq!(part(&mut from, 5).unwrap(), b"bytes");
        assert!(from.is_empty());
    }

    #[test]
    fn a_part_that_is_cut_or_too_long_is_refused() {
        for request in [&[5, 0, 0, 0, b'a'][..], &[5, 0], &[0xFF, 0xFF, 0xFF, 0xFF]] {
            assert!(part(&mut &*request, 10).is_err());
        }
    }
}
