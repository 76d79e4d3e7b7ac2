//! Plain text in whatever character set.

use std::borrow::Cow;

use encoding_rs::{UTF_8, WINDOWS_1252};

use crate::output::Output;

/// Reads a text.
pub(crate) fn read(bytes: &[u8], output: &mut Output) {
    let text = decode(bytes);
    for line in text.lines() {
        if output.is_full() {
            break;
        }
        output.verbatim(line);
    }
}

/// The text of a file: by its byte order mark, else UTF-8, else the Western European set.
pub(crate) fn decode(bytes: &[u8]) -> Cow<'_, str> {
    if let Some((encoding, mark)) = encoding_rs::Encoding::for_bom(bytes) {
        let (text, _) = encoding.decode_without_bom_handling(bytes.get(mark..).unwrap_or_default());
        return text;
    }
    match UTF_8.decode_without_bom_handling_and_without_replacement(bytes) {
        Some(text) => text,
        None => WINDOWS_1252.decode_without_bom_handling(bytes).0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn character_sets_are_recognised() {
        for (bytes, text) in [
            (&b"gr\xc3\xbcn"[..], "grün"),
            (b"\xef\xbb\xbfgr\xc3\xbcn", "grün"),
            (b"gr\xfcn", "grün"),
            (b"\xff\xfeg\0r\0\xfc\0n\0", "grün"),
            (b"\xfe\xff\0g\0r\0\xfc\0n", "grün"),
        ] {
            assert_eq!(decode(bytes), text);
        }
    }

    #[test]
    fn lines_and_their_indentation_stay() {
        let mut output = Output::new(1000);
        read(b"a:\r\n  b: \xe2\x80\x8bc\n\n\td\n", &mut output);
        let text = output.finish();
        assert_eq!((text.text.trim_start(), text.hidden), ("a:\n  b: c\n\n\td", 1));
    }
}
