//! Words into lines: white space, styles, what pictures stand for.

use super::Flow;
use crate::line::{Span, Style};

impl Flow {
    pub(super) fn text(&mut self, text: &str, keeps_space: bool) {
        for c in text.chars() {
            if !self.sieve.passes(c) {
                continue;
            }
            match c {
                '\n' if keeps_space && self.flat == 0 && self.pre > 0 => self.code_line(),
                '\n' if keeps_space => self.line_break(),
                ' ' | '\t' if self.pre > 0 && self.flat == 0 => {
                    self.sign(if c == '\t' { "    " } else { " " });
                }
                c if c.is_whitespace() => {
                    self.pending.is_drawn |= c == '\u{a0}' && self.spans.is_empty();
                    self.pending.space = true;
                }
                c => self.word(c),
            }
        }
    }

    /// Ends a line of code, which may be empty.
    pub(super) fn code_line(&mut self) {
        if self.spans.is_empty() {
            self.spans.push(Span::default());
        }
        self.finish();
    }

    pub(super) fn word(&mut self, c: char) {
        if self.pending.space && !self.spans.is_empty() {
            self.sign(" ");
        }
        self.pending.space = false;
        self.sign(c.encode_utf8(&mut [0; 4]));
        if let Some(link) = &mut self.link {
            link.has_text = true;
        }
    }

    /// Adds to the span of this style, or begins one.
    pub(super) fn sign(&mut self, text: &str) {
        let style = self.style();
        let link = self.link.as_ref().map(|open| &open.url);
        if self.spans.is_empty() {
            self.zone = self.current_zone();
        }
        match self.spans.last_mut() {
            Some(last) if last.style == style && last.link.as_ref() == link => last.text.push_str(text),
            _ => self.spans.push(Span { text: text.to_owned(), style, link: link.cloned() }),
        }
    }

    pub(super) fn words(&mut self, words: &str) {
        self.text(words, false);
    }

    pub(super) fn picture(&mut self, says: Option<&str>) {
        if let Some(link) = &mut self.link {
            link.has_picture = true;
        }
        match says {
            Some(words) if self.link.is_some() => {
                self.pending.space = true;
                self.words(words);
                self.pending.space = true;
            }
            Some(words) => {
                self.pending.space = true;
                self.words("[Image:");
                self.pending.space = true;
                self.words(words);
                self.pending.space = false;
                self.words("]");
                self.pending.space = true;
            }
            None => {}
        }
    }

    fn style(&self) -> Style {
        if self.pre > 0 {
            return Style::default();
        }
        if self.code > 0 {
            return Style::CODE;
        }
        let depths = [(self.bold, Style::BOLD), (self.italic, Style::ITALIC), (self.struck, Style::STRUCK)];
        let open = depths.into_iter().filter(|(depth, _)| *depth > 0);
        open.fold(Style::default(), |all, (_, style)| all.and(style))
    }
}
