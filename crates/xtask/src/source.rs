//! A Rust file as the checks see it: code with comments and literals blanked, and its test part marked.
//!
//! Not a parser: it knows comments, string and character literals and matching braces, which is what the checks
//! need. Blanking keeps every byte position, so a position in the code is a position in the text.

use std::ops::Range;

/// The attribute that marks test code.
const TEST_ATTRIBUTE: &str = "#[cfg(test)]";

/// A Rust source text and what the checks derive from it.
pub(crate) struct Source<'a> {
    text: &'a str,
    code: String,
    tests: Vec<Range<usize>>,
}

impl<'a> Source<'a> {
    /// Blanks comments and literals and finds the items under `#[cfg(test)]`.
    pub(crate) fn new(text: &'a str) -> Self {
        let code = blank(text);
        let tests = test_items(&code);
        Self { text, code, tests }
    }

    /// The code: same length and lines as the text, with comments and literals replaced by spaces.
    pub(crate) fn code(&self) -> &str {
        &self.code
    }

    /// Lines of the file that are not test code; comments and empty lines count.
    pub(crate) fn lines_without_tests(&self) -> usize {
        self.text.lines().count().saturating_sub(self.test_item_lines().iter().sum())
    }

    /// Lines of each item under `#[cfg(test)]`.
    pub(crate) fn test_item_lines(&self) -> Vec<usize> {
        self.tests
            .iter()
            .map(|range| self.text.get(range.clone()).map_or(0, |item| item.lines().count()))
            .collect()
    }

    /// Modules declared under `#[cfg(test)]` whose body is another file: the name, and a `#[path]` if given.
    pub(crate) fn outside_test_modules(&self) -> Vec<(String, Option<String>)> {
        self.tests
            .iter()
            .filter_map(|range| {
                let code = self.code.get(range.clone())?;
                let declaration = code.strip_suffix(';')?;
                let name = declaration.split_whitespace().last()?.to_owned();
                words(code, "mod").next()?;
                Some((name, path_attribute(self.text.get(range.clone())?)))
            })
            .collect()
    }

    /// Positions outside test code where `needle` stands as whole words.
    pub(crate) fn find(&self, needle: &str) -> Vec<usize> {
        words(&self.code, needle).filter(|at| !self.tests.iter().any(|range| range.contains(at))).collect()
    }

    /// The 1-based line of a byte position.
    pub(crate) fn line_of(&self, position: usize) -> usize {
        self.text.as_bytes().iter().take(position).filter(|&&byte| byte == b'\n').count() + 1
    }
}

/// Positions where `needle` occurs and is not part of a longer identifier.
pub(crate) fn words<'t>(text: &'t str, needle: &'t str) -> impl Iterator<Item = usize> + 't {
    let part_of_name =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    text.match_indices(needle).map(|(at, _)| at).filter(move |&at| {
        let bytes = text.as_bytes();
        !part_of_name(at.checked_sub(1).and_then(|before| bytes.get(before)))
            && !part_of_name(bytes.get(at + needle.len()))
    })
}

fn path_attribute(item: &str) -> Option<String> {
    let (_, rest) = item.split_once("#[path")?;
    let (_, rest) = rest.split_once('"')?;
    rest.split_once('"').map(|(path, _)| path.to_owned())
}

/// Replaces comments and the content of literals by spaces, keeping line ends.
fn blank(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    let mut previous = ' ';
    while let Some(first) = rest.chars().next() {
        let length = literal_length(rest, previous);
        let (taken, left) = rest.split_at(length.unwrap_or(first.len_utf8()));
        if length.is_some() {
            code.extend(taken.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
            previous = ' ';
        } else if first.is_ascii() {
            code.push(first);
            previous = first;
        } else {
            code.extend(std::iter::repeat_n(' ', first.len_utf8()));
            previous = 'x';
        }
        rest = left;
    }
    code
}

/// The length of the comment or literal that starts here, if one does.
fn literal_length(rest: &str, previous: char) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment_length(rest));
    }
    if rest.starts_with('"') {
        return Some(quoted_length(rest));
    }
    if let Some(after) = rest.strip_prefix('r')
        && !(previous.is_ascii_alphanumeric() && previous != 'b' && previous != 'c' || previous == '_')
    {
        return raw_string_length(after).map(|length| length + 1);
    }
    if rest.starts_with('\'') {
        return character_length(rest);
    }
    None
}

fn block_comment_length(rest: &str) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(tail) = rest.get(at..).filter(|tail| !tail.is_empty()) {
        if tail.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if tail.starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                break;
            }
        } else {
            at += tail.chars().next().map_or(1, char::len_utf8);
        }
    }
    at
}

fn quoted_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, character) in rest.char_indices().skip(1) {
        match character {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn raw_string_length(after_r: &str) -> Option<usize> {
    let hashes = after_r.bytes().take_while(|&byte| byte == b'#').count();
    let body = after_r.get(hashes..)?.strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = body.find(&end).map_or(body.len(), |at| at + end.len());
    Some(hashes + 1 + length)
}

/// A character literal, or nothing when the quote opens a lifetime.
fn character_length(rest: &str) -> Option<usize> {
    let mut characters = rest.char_indices().skip(1);
    let (_, first) = characters.next()?;
    if first == '\\' {
        characters.next()?;
        return characters.find(|(_, character)| *character == '\'').map(|(at, _)| at + 1);
    }
    characters.next().filter(|(_, character)| *character == '\'').map(|(at, _)| at + 1)
}

/// The items under `#[cfg(test)]`, attribute included: up to the first `;` or the matching brace.
fn test_items(code: &str) -> Vec<Range<usize>> {
    let mut items: Vec<Range<usize>> = Vec::new();
    for (start, _) in code.match_indices(TEST_ATTRIBUTE) {
        if items.last().is_none_or(|item| start >= item.end) {
            items.push(start..item_end(code, start + TEST_ATTRIBUTE.len()));
        }
    }
    items
}

fn item_end(code: &str, from: usize) -> usize {
    let mut braces = 0_usize;
    let mut brackets = 0_usize;
    for (offset, byte) in code.bytes().enumerate().skip(from) {
        match byte {
            b'[' | b'(' => brackets += 1,
            b']' | b')' => brackets = brackets.saturating_sub(1),
            b'{' => braces += 1,
            b'}' if braces == 1 => return offset + 1,
            b'}' => braces = braces.saturating_sub(1),
            b';' if braces == 0 && brackets == 0 => return offset + 1,
            _ => {}
        }
    }
    code.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_literals_are_blanked_and_positions_kept() {
        let text = "let a = \"x // y\"; // tail\nlet b = r#\"q\"q\"#; /* a /* b */ c */ let c = 'x';";
        let code = blank(text);
        assert_eq!(code.len(), text.len());
        assert_eq!(code.split_whitespace().collect::<String>(), "leta=;letb=;letc=;");
    }

    #[test]
    fn lifetimes_and_escaped_quotes_do_not_open_literals() {
        let code = blank("fn f<'a>(x: &'a str) { let q = '\\''; let s = \"\\\"\"; let end = 1; }");
        assert!(code.contains("'a>(x: &'a str)"));
        assert!(code.contains("let end = 1;"));
    }

    #[test]
    fn text_outside_ascii_keeps_its_length() {
        let text = "let a = \"é\"; // ü\nlet b = 1;";
        assert_eq!(blank(text).len(), text.len());
    }

    #[test]
    fn the_test_module_is_cut_and_code_after_it_stays() {
        let source =
            Source::new("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn t() { \"}\"; }\n}\nfn b() {}\n");
        assert_eq!(source.lines_without_tests(), 2);
        assert_eq!(source.test_item_lines(), [4]);
        assert!(source.find("t").is_empty());
        assert_eq!(source.find("b").len(), 1);
    }

    #[test]
    fn a_test_attribute_inside_a_string_cuts_nothing() {
        let source = Source::new("const A: &str = \"#[cfg(test)]\";\nfn b() {}\n");
        assert_eq!(source.lines_without_tests(), 2);
    }

    #[test]
    fn test_modules_in_other_files_are_named_with_their_path() {
        let source = Source::new(
            "#[cfg(test)]\nmod tests;\n#[cfg(test)]\n#[path = \"x_tests.rs\"]\nmod more;\n#[cfg(test)]\nuse a::b;\n",
        );
        let modules = source.outside_test_modules();
        assert_eq!(modules, [("tests".to_owned(), None), ("more".to_owned(), Some("x_tests.rs".to_owned()))]);
    }

    #[test]
    fn words_are_whole_identifiers() {
        assert_eq!(words("env::var_os(env::var)", "env::var").collect::<Vec<_>>(), [12]);
        assert!(words("my_env::vars", "env::var").next().is_none());
    }
}
