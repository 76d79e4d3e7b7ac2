//! Values separated by commas, semicolons, tabs or bars (RFC 4180 and what spreadsheets make of it).

use crate::output::Output;
use crate::plain;

/// What may separate values; the first is the standard one.
const SEPARATORS: [u8; 4] = [b',', b';', b'\t', b'|'];
/// How much of a file is looked at to find out, in bytes.
const LOOKED_AT: usize = 4096;

/// Reads a table.
pub(crate) fn read(bytes: &[u8], output: &mut Output) {
    let text = plain::decode(bytes);
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(separator(&text))
        .has_headers(false)
        .flexible(true)
        .from_reader(text.as_bytes());
    let mut record = ::csv::StringRecord::new();
    // The text is UTF-8 by now and rows may have any length, so nothing is left that could be wrong with one.
    while !output.is_full() && reader.read_record(&mut record).unwrap_or(false) {
        output.row(record.iter());
    }
}

/// The separator that is most frequent outside of quotes.
fn separator(text: &str) -> u8 {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut is_quoted = false;
    for byte in text.bytes().take(LOOKED_AT) {
        is_quoted ^= byte == b'"';
        for (count, separator) in counts.iter_mut().zip(SEPARATORS) {
            *count += usize::from(!is_quoted && byte == separator);
        }
    }
    let best = SEPARATORS.into_iter().zip(counts).rev().max_by_key(|(_, count)| *count);
    best.map_or(b',', |(separator, _)| separator)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let mut output = Output::new(1000);
        read(text.as_bytes(), &mut output);
        output.finish().text
    }

    #[test]
    fn rows_become_a_table_whatever_separates_them() {
        let table = "| Name | Sum |\n|---|---|\n| Ann, Bo | 1.5 |";
        for text in ["Name,Sum\r\n\"Ann, Bo\",1.5\r\n", "Name;Sum\nAnn, Bo;1.5", "Name\tSum\nAnn, Bo\t1.5\n"]
        {
            assert_eq!(shown(text), table, "{text:?}");
        }
    }

    #[test]
    fn broken_quotes_and_uneven_rows_are_read_all_the_same() {
        assert_eq!(shown("a,b\nc\n\"d,e"), "| a | b |\n|---|---|\n| c |\n| d,e |");
        assert_eq!(shown(""), "");
    }
}
