//! Characters with separators between them: how numbers are written by people, and spelled to hide them.

use std::ops::ControlFlow;

/// Longest candidate: an IBAN has 34 characters at most.
const LENGTH_MAX: usize = 34;
/// Most separators in a row.
const GAP_MAX: usize = 3;

/// One character of a candidate.
#[derive(Clone, Copy, Default)]
pub(super) struct Sign {
    /// The character, in upper case.
    pub(super) byte: u8,
    /// Where it ends in the text.
    pub(super) end: usize,
    /// Whether a separator precedes it.
    pub(super) opens: bool,
}

/// A candidate: letters and digits in a row, whatever stands between them of spaces, dots and hyphens.
pub(super) struct Spaced<'a> {
    text: &'a [u8],
    start: usize,
    signs: [Sign; LENGTH_MAX],
    len: usize,
}

impl<'a> Spaced<'a> {
    /// Reads from `start` as long as `accepts` likes the next character at its index, and no more than `max`.
    pub(super) fn read(
        text: &'a [u8],
        start: usize,
        max: usize,
        accepts: impl Fn(usize, u8) -> bool,
    ) -> Self {
        let mut spaced = Self { text, start, signs: [Sign::default(); LENGTH_MAX], len: 0 };
        let (mut at, mut gap) = (start, 0);
        while spaced.len < max.min(LENGTH_MAX) {
            let Some(byte) = text.get(at).copied() else { break };
            if is_separator(byte) && gap < GAP_MAX && spaced.len > 0 {
                gap += 1;
            } else if byte.is_ascii_alphanumeric() && accepts(spaced.len, byte.to_ascii_uppercase()) {
                let sign = Sign { byte: byte.to_ascii_uppercase(), end: at + 1, opens: gap > 0 };
                if let Some(place) = spaced.signs.get_mut(spaced.len) {
                    *place = sign;
                }
                spaced.len += 1;
                gap = 0;
            } else {
                break;
            }
            at += 1;
        }
        spaced
    }

    /// Whether so many characters can be read, as [`Spaced::read`] does.
    pub(super) fn is_begun(
        text: &[u8],
        start: usize,
        len: usize,
        accepts: impl Fn(usize, u8) -> bool,
    ) -> bool {
        let (mut count, mut gap) = (0, 0);
        for byte in text.get(start..).unwrap_or_default() {
            if count == len {
                break;
            }
            if is_separator(*byte) && gap < GAP_MAX && count > 0 {
                gap += 1;
            } else if byte.is_ascii_alphanumeric() && accepts(count, byte.to_ascii_uppercase()) {
                count += 1;
                gap = 0;
            } else {
                break;
            }
        }
        count == len
    }

    /// Reads a candidate of a fixed shape: `9` stands for a digit, `A` for a letter, `*` for either.
    pub(super) fn shaped(text: &'a [u8], start: usize, shape: &[u8]) -> Option<Self> {
        let accepts = |index: usize, byte: u8| match shape.get(index) {
            Some(b'9') => byte.is_ascii_digit(),
            Some(b'A') => byte.is_ascii_uppercase(),
            Some(_) => true,
            None => false,
        };
        // Nearly every place fails here, before anything is noted down.
        if !Self::is_begun(text, start, shape.len(), accepts) {
            return None;
        }
        let spaced = Self::read(text, start, shape.len(), accepts);
        (spaced.len == shape.len() && spaced.is_cut(spaced.len)).then_some(spaced)
    }

    pub(super) fn signs(&self) -> &[Sign] {
        self.signs.get(..self.len).unwrap_or_default()
    }

    /// Where the first `len` characters end.
    pub(super) fn end(&self, len: usize) -> usize {
        len.checked_sub(1).and_then(|last| self.signs.get(last)).map_or(self.start, |sign| sign.end)
    }

    /// The characters without what stands between them.
    pub(super) fn text(&self) -> String {
        self.signs().iter().map(|sign| char::from(sign.byte)).collect()
    }

    /// Values of the digits; letters are left out.
    pub(super) fn digits(&self) -> Vec<u32> {
        self.signs().iter().filter_map(|sign| char::from(sign.byte).to_digit(10)).collect()
    }

    /// Whether the first `len` characters end where a group of characters ends.
    pub(super) fn is_cut(&self, len: usize) -> bool {
        match self.signs().get(len) {
            Some(next) => next.opens,
            None => !self.text.get(self.end(len)).is_some_and(u8::is_ascii_alphanumeric),
        }
    }

    /// Whether the first `len` characters are grouped like this.
    pub(super) fn is_grouped(&self, len: usize, groups: &[usize]) -> bool {
        let mut left = groups.iter().copied();
        let mut room = 0;
        let fits = self.signs().iter().take(len).try_for_each(|sign| {
            if sign.opens != (room == 0) && sign.end != self.start + 1 {
                return ControlFlow::Break(());
            }
            if room == 0 {
                room = left.next().unwrap_or_default();
            }
            match room.checked_sub(1) {
                Some(less) => room = less,
                None => return ControlFlow::Break(()),
            }
            ControlFlow::Continue(())
        });
        fits.is_continue() && room == 0 && left.next().is_none()
    }

    /// Whether the first `len` characters stand without separators, and are not a part of a decimal number.
    pub(super) fn is_solid(&self, len: usize) -> bool {
        self.is_grouped(len, &[len]) && !self.follows_number(|byte| matches!(byte, b'.' | b',')) && {
            let end = self.end(len);
            let is_point = matches!(self.text.get(end), Some(b'.' | b','));
            !(is_point && self.text.get(end + 1).is_some_and(u8::is_ascii_digit))
        }
    }

    /// Whether the first `len` characters are spelled one by one, and no other follows or precedes.
    pub(super) fn is_spelled(&self, len: usize) -> bool {
        self.signs().iter().take(len).skip(1).all(|sign| sign.opens) && self.is_whole(len)
    }

    /// Whether no further digit hangs on the first `len` characters by a separator, before or after.
    pub(super) fn is_whole(&self, len: usize) -> bool {
        let behind = self.text.get(self.end(len)..).unwrap_or_default();
        let gap = behind.iter().take(GAP_MAX).take_while(|byte| is_separator(**byte)).count();
        let leads_on = gap > 0 && behind.get(gap).is_some_and(u8::is_ascii_digit);
        !(leads_on || self.follows_number(is_separator))
    }

    /// Whether letters that stand apart are capitals: "at 123456 a" is words around a number.
    pub(super) fn is_no_sentence(&self) -> bool {
        let written = self.text.get(self.start..self.end(self.len)).unwrap_or_default();
        let is_apart = self.signs().iter().any(|sign| sign.opens);
        !(is_apart && written.iter().any(u8::is_ascii_lowercase))
    }

    /// Whether an international telephone number begins here.
    pub(super) fn is_telephone(&self) -> bool {
        self.start.checked_sub(1).and_then(|before| self.text.get(before)) == Some(&b'+')
    }

    fn follows_number(&self, joins: impl Fn(u8) -> bool) -> bool {
        let before = self.text.get(..self.start).unwrap_or_default();
        let gap = before.iter().rev().take(GAP_MAX).take_while(|byte| joins(**byte)).count();
        gap > 0 && before.iter().rev().nth(gap).is_some_and(u8::is_ascii_digit)
    }
}

pub(super) const fn is_separator(byte: u8) -> bool {
    matches!(byte, b' ' | b'.' | b'-')
}

/// Whether the digits pass the Luhn formula (ISO/IEC 7812-1 annex B).
pub(super) fn luhn(digits: &[u32]) -> bool {
    let sum: u32 =
        digits.iter().rev().enumerate().map(|(index, digit)| doubled(*digit, index % 2 == 1)).sum();
    sum.is_multiple_of(10)
}

const fn doubled(digit: u32, is_doubled: bool) -> u32 {
    match (is_doubled, digit * 2) {
        (false, _) => digit,
        (true, double) if double > 9 => double - 9,
        (true, double) => double,
    }
}
