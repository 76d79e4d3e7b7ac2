//! The child process that reads a document: what it says, and what ends it.

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::os::unix::process::ExitStatusExt as _;
    use std::process::{Command, Output, Stdio};

    use m365_ports::{DocumentError, DocumentText};

    const LETTER: &[u8] = include_bytes!("../../documents/tests/samples/letter.pdf");
    const GREEDY: &[u8] = include_bytes!("../../documents/tests/samples/memory.pdf");

    /// Starts the child, as the server does, and gives it these parts.
    fn child(parts: &[&[u8]]) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_m365-mcp"))
            .arg("read-document")
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        for part in parts {
            let length = u32::try_from(part.len()).unwrap();
            // A child that has ended already does not take the rest.
            let _taken = stdin.write_all(&length.to_le_bytes()).and_then(|()| stdin.write_all(part));
        }
        drop(stdin);
        child.wait_with_output().unwrap()
    }

    fn answer(output: &Output) -> Result<DocumentText, DocumentError> {
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    #[test]
    fn it_reads_a_document_under_its_limits() {
        let text = answer(&child(&[b"letter.pdf", b"application/pdf", LETTER])).unwrap();
        assert!(text.text.contains("Grüße aus Zürich"));
        assert_eq!((text.hidden, text.truncated), (45, false));
        assert_eq!(answer(&child(&[b"a.png", b"", b"\x89PNG\0"])), Err(DocumentError::Unsupported));
    }

    #[test]
    fn a_document_that_asks_for_too_much_memory_ends_it() {
        let output = child(&[b"a.pdf", b"", GREEDY]);
        // Rust aborts where memory cannot be had.
        assert_eq!((output.status.signal(), output.stdout.len()), (Some(6), 0), "{output:?}");
    }

    #[test]
    fn a_document_that_asks_for_too_much_time_ends_it() {
        // A font is looked at anew wherever it is chosen, and this one is long.
        let drawing = b"/F 1 Tf ".repeat(500_000);
        let objects = [
            b"<</Type/Catalog/Pages 2 0 R>>".to_vec(),
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>".to_vec(),
            b"<</Type/Page/MediaBox[0 0 9 9]/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>>>".to_vec(),
            [format!("<</Length {}>>\nstream\n", drawing.len()).as_bytes(), &drawing, b"\nendstream"]
                .concat(),
            [b"<</Type/Font/Subtype/Type1/X(", b"a".repeat(2 << 20).as_slice(), b")>>"].concat(),
        ];
        let mut slow = b"%PDF-1.7\n".to_vec();
        for (number, object) in objects.iter().enumerate() {
            slow.extend(format!("{} 0 obj\n", number + 1).bytes());
            slow.extend(object.iter().chain(b"\nendobj\n"));
        }
        slow.extend(b"trailer\n<</Size 6/Root 1 0 R>>\n");
        let output = child(&[b"a.pdf", b"", &slow]);
        // The soft and the hard limit of processor time are the same: the system kills at the hard one.
        assert!(matches!(output.status.signal(), Some(9 | 24)) && output.stdout.is_empty(), "{output:?}");
    }

    #[test]
    fn a_request_that_is_none_is_refused_without_an_answer() {
        for parts in [&[b"a.pdf".as_slice()][..], &[b"a.pdf", b"", &vec![0; (8 << 20) + 1]], &[]] {
            let output = child(parts);
            assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
        }
    }
}
