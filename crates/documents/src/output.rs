//! The text that is written: clean, bounded, compact.

use m365_ports::DocumentText;
use m365_text::is_hidden;

/// Most cells of one row; the rest is cut off.
const CELLS_MAX: usize = 256;

/// Collects the text of a document up to a limit.
#[derive(Debug)]
pub(crate) struct Output {
    text: String,
    hidden: usize,
    truncated: bool,
    limit: usize,
    first_row: bool,
    sensitivity: Vec<String>,
}

impl Output {
    /// Nothing yet; `limit` in bytes.
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            text: String::new(),
            hidden: 0,
            truncated: false,
            limit,
            first_row: true,
            sensitivity: Vec::new(),
        }
    }

    /// A block with an empty line before it; `prefix` is ours and stays as it is. Nothing where the text is empty.
    pub(crate) fn block(&mut self, prefix: &str, text: &str) {
        self.part("\n\n", prefix, text);
    }

    /// A line of its own; `prefix` is ours and stays as it is. Nothing where the text is empty.
    pub(crate) fn line(&mut self, prefix: &str, text: &str) {
        self.part("\n", prefix, text);
    }

    /// A line with the white space it begins with, as it is.
    pub(crate) fn verbatim(&mut self, line: &str) {
        let body = line.trim_start();
        let indent: String = line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
        let body = self.clean(body);
        let indent = if body.is_empty() { String::new() } else { indent };
        if body.is_empty() && self.text.ends_with('\n') {
            return;
        }
        self.separate("\n");
        self.push(&indent);
        self.push(&body);
    }

    /// The next row begins a table.
    pub(crate) fn table(&mut self) {
        self.first_row = true;
    }

    /// A row of a table. Rows without text are left out.
    pub(crate) fn row<'c>(&mut self, cells: impl IntoIterator<Item = &'c str>) {
        let mut row = String::from("|");
        let (mut columns, mut is_empty) = (0, true);
        for cell in cells {
            if columns == CELLS_MAX || row.len() > self.limit {
                self.truncated = true;
                break;
            }
            let cell = self.clean(cell);
            is_empty &= cell.is_empty();
            row.push(' ');
            row.push_str(&cell.replace('|', "\\|"));
            row.push_str(" |");
            columns += 1;
        }
        if is_empty {
            return;
        }
        self.separate(if self.first_row { "\n\n" } else { "\n" });
        self.push(&row);
        if self.first_row {
            self.push("\n|");
            self.push(&"---|".repeat(columns));
            self.first_row = false;
        }
    }

    /// Counts text that a reader of the document would not have seen.
    pub(crate) fn hide(&mut self, text: &str) {
        self.hidden = self.hidden.saturating_add(text.chars().filter(|c| !c.is_whitespace()).count());
    }

    /// Counts characters that somebody else removed.
    pub(crate) const fn count_hidden(&mut self, characters: usize) {
        self.hidden = self.hidden.saturating_add(characters);
    }

    /// Markdown that another cleaner made.
    pub(crate) fn cleaned(&mut self, markdown: &str) {
        if !markdown.is_empty() {
            self.separate("\n\n");
            self.push(markdown);
        }
    }

    /// Something is missing because a limit was reached.
    pub(crate) const fn truncate(&mut self) {
        self.truncated = true;
    }

    /// Whether anything that comes now is lost.
    pub(crate) const fn is_full(&self) -> bool {
        self.truncated && self.text.len() >= self.limit
    }

    /// A sensitivity label that the document has. Its name is no text of the document, and hides nothing in it.
    pub(crate) fn label(&mut self, name: &str) {
        self.sensitivity.push(name.chars().filter(|c| !c.is_control() && !is_hidden(*c)).collect());
    }

    /// One line without hidden characters, white space collapsed.
    pub(crate) fn clean(&mut self, text: &str) -> String {
        let mut line = String::with_capacity(text.len().min(self.limit));
        let (mut gap, mut behind_visible) = (false, false);
        for c in text.chars() {
            if line.len() > self.limit {
                self.truncated = true;
                break;
            }
            if is_hidden(c) {
                // One joiner, emoji selector or soft hyphen behind a visible character is ordinary typography.
                let typographic = matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}' | '\u{ad}');
                self.hidden += usize::from(!(behind_visible && typographic));
                behind_visible = false;
            } else if c.is_whitespace() {
                gap = !line.is_empty();
                behind_visible = false;
            } else {
                if gap {
                    line.push(' ');
                }
                line.push(c);
                (gap, behind_visible) = (false, true);
            }
        }
        line
    }

    /// What was collected.
    pub(crate) fn finish(mut self) -> DocumentText {
        let end = self.text.trim_end().len();
        self.text.truncate(end);
        let Self { text, hidden, truncated, sensitivity, .. } = self;
        DocumentText { text, hidden, truncated, sensitivity }
    }

    fn part(&mut self, separator: &str, prefix: &str, text: &str) {
        let text = self.clean(text);
        if text.is_empty() {
            return;
        }
        self.separate(separator);
        self.push(prefix);
        self.push(&text);
    }

    fn separate(&mut self, separator: &str) {
        if !self.text.is_empty() {
            self.push(separator);
        }
    }

    fn push(&mut self, text: &str) {
        let left = self.limit.saturating_sub(self.text.len());
        if text.len() <= left && !self.is_full() {
            self.text.push_str(text);
            return;
        }
        self.truncated = true;
        let end = (0..=left).rev().find(|&end| text.is_char_boundary(end)).unwrap_or_default();
        self.text.push_str(text.get(..end).unwrap_or_default());
        // Whatever comes later would stand where this was cut.
        self.limit = self.text.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_lines_and_rows_are_separated() {
        let mut output = Output::new(1000);
        output.block("# ", "Title");
        output.block("", " two\n words ");
        output.line("- ", "item");
        output.line("- ", " \u{200b}");
        output.table();
        output.row(["a|b", "c"]);
        output.row(["", " "]);
        output.row(["1", "2"]);
        let text = output.finish();
        assert_eq!(text.text, "# Title\n\ntwo words\n- item\n\n| a\\|b | c |\n|---|---|\n| 1 | 2 |");
        assert_eq!((text.hidden, text.truncated), (1, false));
    }

    #[test]
    fn hidden_characters_are_removed_and_counted_and_typography_is_not() {
        let mut output = Output::new(1000);
        assert_eq!(
            output.clean("pay \u{202e}now\u{202c} co\u{ad}op 👩\u{200d}💻\u{200b}"),
            "pay now coop 👩💻"
        );
        assert_eq!(output.hidden, 3);
    }

    #[test]
    fn nothing_is_written_behind_the_limit_and_the_result_says_so() {
        let mut output = Output::new(5);
        output.block("", "äbcdef");
        output.block("", "x");
        assert!(output.is_full());
        let text = output.finish();
        assert_eq!((text.text.as_str(), text.truncated), ("äbcd", true));
        let mut output = Output::new(5);
        output.block("", "abcd");
        assert!(!output.is_full());
        assert!(!output.finish().truncated);
    }
}
