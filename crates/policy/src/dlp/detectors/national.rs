//! National ids: the numbers by which states know people.
//!
//! Source: each function names the rule of the authority. A number without check digits, or with one that every tenth or
//! eleventh number passes by chance, counts only near a word that says what it is.

use super::Found;
use super::spaced::{Spaced, luhn};

/// A candidate of digits only, and whether it is written as people write this number. Its digits spelled one by one or
/// in a row without separators are taken as well.
fn digits_only<'a>(
    text: &'a str,
    at: usize,
    shape: &[u8],
    groups: &[&[usize]],
) -> Option<(Spaced<'a>, bool)> {
    let number = Spaced::shaped(text.as_bytes(), at, shape)?;
    let len = shape.len();
    let is_grouped = groups.iter().any(|groups| number.is_grouped(len, groups));
    let is_written = is_grouped || number.is_solid(len) || number.is_spelled(len);
    (is_written && !number.is_telephone()).then_some((number, is_grouped))
}

/// Sum of digits with weights.
fn weighted(digits: &[u32], weights: &[u32]) -> u32 {
    digits.iter().zip(weights).map(|(digit, weight)| digit * weight).sum()
}

fn value(digits: &[u32]) -> u64 {
    digits.iter().fold(0, |value, digit| value * 10 + u64::from(*digit))
}

fn part(digits: &[u32], from: usize, len: usize) -> u64 {
    value(digits.get(from..from + len).unwrap_or_default())
}

/// Whether the day exists in the month; the 29th of February always does, since the century is not always known.
const fn is_date(month: u64, day: u64) -> bool {
    let last = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 29,
        _ => 0,
    };
    day >= 1 && day <= last
}

/// United States, Social Security number (Social Security Administration, randomisation of 2011): area not 000, 666 or
/// above 899, group not 00, serial not 0000. It has no check digit.
pub(super) fn us_ssn(text: &str, at: usize) -> Option<Found> {
    let (number, _) = digits_only(text, at, b"999999999", &[&[3, 2, 4]])?;
    let digits = number.digits();
    let (area, group, serial) = (part(&digits, 0, 3), part(&digits, 3, 2), part(&digits, 5, 4));
    // Numbers that were printed in advertisements and are nobody's.
    let is_void = matches!(value(&digits), 78_051_120 | 219_099_999);
    let is_valid = area != 0 && area != 666 && area < 900 && group != 0 && serial != 0 && !is_void;
    is_valid.then(|| Found::in_context(number.end(9)))
}

/// United Kingdom, National Insurance number (HMRC, NIM39110): letters that are never used, suffix A to D.
pub(super) fn uk_nino(text: &str, at: usize) -> Option<Found> {
    let number = Spaced::shaped(text.as_bytes(), at, b"AA999999A").filter(Spaced::is_no_sentence)?;
    let characters = number.text();
    let (prefix, suffix) = (characters.get(..2)?, characters.get(8..)?);
    let is_prefix = !prefix.contains(['D', 'F', 'I', 'Q', 'U', 'V'])
        && !prefix.ends_with('O')
        && !["BG", "GB", "KN", "NK", "NT", "TN", "ZZ"].contains(&prefix);
    let is_grouped =
        [&[9][..], &[2, 2, 2, 2, 1], &[2, 6, 1]].iter().any(|groups| number.is_grouped(9, groups));
    (is_prefix && "ABCD".contains(suffix) && (is_grouped || number.is_spelled(9)))
        .then(|| Found::sure(number.end(9)))
}

/// Germany, tax identification number (§ 139b AO; BZSt): one of the first ten digits occurs two or three times, the
/// others at most once; check digit of ISO 7064 MOD 11,10.
pub(super) fn de_tax_id(text: &str, at: usize) -> Option<Found> {
    let (number, is_grouped) = digits_only(text, at, b"99999999999", &[&[2, 3, 3, 3]])?;
    let digits = number.digits();
    let (check, body) = digits.split_last()?;
    let counts = (0..10).map(|digit| body.iter().filter(|other| **other == digit).count());
    let repeated: Vec<_> = counts.filter(|count| *count > 1).collect();
    let product = body.iter().fold(10, |product, digit| {
        let sum = (digit + product) % 10;
        (if sum == 0 { 10 } else { sum }) * 2 % 11
    });
    let is_valid =
        body.first() != Some(&0) && matches!(repeated[..], [2 | 3]) && (11 - product) % 10 == *check;
    is_valid.then(|| Found { end: number.end(11), is_sure: is_grouped })
}

/// France, NIR (INSEE): sex, year, month, department, commune, order; key 97 minus the rest modulo 97, with Corsica's
/// 2A and 2B counted as 19 and 18.
pub(super) fn fr_nir(text: &str, at: usize) -> Option<Found> {
    let number = Spaced::shaped(text.as_bytes(), at, b"999999*99999999")?;
    let body = number.text().replacen("2A", "19", 1).replacen("2B", "18", 1);
    let digits: Vec<u32> = body.chars().filter_map(|c| c.to_digit(10)).collect();
    let month = part(&digits, 3, 2);
    let is_valid = digits.len() == 15
        && matches!(part(&digits, 0, 1), 1..=4 | 7 | 8)
        && matches!(month, 1..=12 | 20..=42 | 50..=99)
        && 97 - part(&digits, 0, 13) % 97 == part(&digits, 13, 2);
    let groups: [&[usize]; 3] = [&[15], &[13, 2], &[1, 2, 2, 2, 3, 3, 2]];
    let is_written = groups.iter().any(|groups| number.is_grouped(15, groups)) || number.is_spelled(15);
    (is_valid && is_written).then(|| Found::sure(number.end(15)))
}

/// Spain, DNI and NIE (Real Decreto 1553/2005; Orden INT/2058/2008): letter by the rest modulo 23, X, Y and Z of a
/// foreigner's number counted as 0, 1 and 2.
pub(super) fn es_dni_nie(text: &str, at: usize) -> Option<Found> {
    const LETTERS: &str = "TRWAGMYFPDXBNJZSQVHLCKE";
    let number = Spaced::shaped(text.as_bytes(), at, b"99999999A")
        .or_else(|| Spaced::shaped(text.as_bytes(), at, b"A9999999A"))
        .filter(Spaced::is_no_sentence)?;
    let characters = number.text();
    let first = match characters.chars().next()? {
        'X' => 0,
        'Y' => 1,
        'Z' => 2,
        digit => digit.to_digit(10)?,
    };
    let rest: u64 = characters.get(1..8)?.parse().ok()?;
    let index = usize::try_from((u64::from(first) * 10_000_000 + rest) % 23).ok()?;
    let groups: [&[usize]; 5] = [&[9], &[8, 1], &[1, 7, 1], &[2, 3, 3, 1], &[2, 3, 4]];
    let is_written = groups.iter().any(|groups| number.is_grouped(9, groups)) || number.is_spelled(9);
    (is_written && LETTERS.get(index..=index) == characters.get(8..)).then(|| Found::sure(number.end(9)))
}

/// Italy, codice fiscale (Decreto 23 dicembre 1976): name, year, month letter, day, commune; check letter over odd and
/// even places. Digits that were replaced by letters to part two people of one code are read as well.
pub(super) fn it_codice_fiscale(text: &str, at: usize) -> Option<Found> {
    const ODD: [u32; 26] =
        [1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23];
    let number = Spaced::shaped(text.as_bytes(), at, b"AAAAAA**A**A***A")?;
    let characters = number.text();
    let digit = |index: usize| {
        let c = characters.get(index..=index)?.chars().next()?;
        // Omocodia: L M N P Q R S T U V stand for 0 to 9.
        c.to_digit(10).or_else(|| u32::try_from("LMNPQRSTUV".find(c)?).ok())
    };
    let day = digit(9)? * 10 + digit(10)?;
    let has_digits = [6, 7, 12, 13, 14].into_iter().all(|index| digit(index).is_some());
    let has_month = characters.get(8..9).is_some_and(|month| "ABCDEHLMPRST".contains(month));
    let letters = characters.chars().map(|c| c.to_digit(10).unwrap_or_else(|| u32::from(c) - u32::from('A')));
    let sum: u32 = (letters.clone().take(15).enumerate())
        .map(|(index, value)| match index % 2 {
            0 => usize::try_from(value).ok().and_then(|value| ODD.get(value)).copied().unwrap_or_default(),
            _ => value,
        })
        .sum();
    let is_valid = has_digits
        && has_month
        && matches!(day, 1..=31 | 41..=71)
        && letters.clone().nth(15) == Some(sum % 26);
    is_valid.then(|| Found::sure(number.end(16)))
}

/// Netherlands, burgerservicenummer (Wet algemene bepalingen burgerservicenummer): eleven test with weights 9 to 2
/// and -1.
pub(super) fn nl_bsn(text: &str, at: usize) -> Option<Found> {
    let (number, _) = digits_only(text, at, b"999999999", &[&[3, 3, 3], &[4, 2, 3]])?;
    let digits = number.digits();
    // Minus one is ten modulo eleven.
    let sum = weighted(&digits, &[9, 8, 7, 6, 5, 4, 3, 2, 10]);
    (value(&digits) > 0 && sum.is_multiple_of(11)).then(|| Found::in_context(number.end(9)))
}

/// Sweden, personnummer and samordningsnummer (Skatteverket, SKV 704): a date, its day raised by 60 for coordination
/// numbers, and Luhn over the last ten digits.
pub(super) fn se_personnummer(text: &str, at: usize) -> Option<Found> {
    let long = digits_only(text, at, b"999999999999", &[&[8, 4]]);
    let (number, _) = long.or_else(|| digits_only(text, at, b"9999999999", &[&[6, 4]]))?;
    let digits = number.digits();
    let short = digits.get(digits.len().checked_sub(10)?..)?;
    let has_century = digits.len() == 10 || matches!(part(&digits, 0, 2), 18..=20);
    let day = part(short, 4, 2);
    let is_valid =
        has_century && is_date(part(short, 2, 2), if day > 60 { day - 60 } else { day }) && luhn(short);
    is_valid.then(|| Found::in_context(number.end(digits.len())))
}

/// Poland, PESEL (Ustawa o ewidencji ludności): a date whose month carries the century, weights 1 3 7 9.
pub(super) fn pl_pesel(text: &str, at: usize) -> Option<Found> {
    let (number, _) = digits_only(text, at, b"99999999999", &[&[6, 5]])?;
    let digits = number.digits();
    let sum = weighted(&digits, &[1, 3, 7, 9, 1, 3, 7, 9, 1, 3, 1]);
    let is_valid = is_date(part(&digits, 2, 2) % 20, part(&digits, 4, 2)) && sum.is_multiple_of(10);
    is_valid.then(|| Found::in_context(number.end(11)))
}

/// Brazil, CPF (Receita Federal): two check digits modulo 11; eleven equal digits pass and are nobody's.
pub(super) fn br_cpf(text: &str, at: usize) -> Option<Found> {
    let (number, is_grouped) = digits_only(text, at, b"99999999999", &[&[3, 3, 3, 2]])?;
    let digits = number.digits();
    let check = |len: usize| {
        let body = digits.get(..len).unwrap_or_default();
        let sum: u32 =
            body.iter().zip((2..=11).rev().skip(10 - len)).map(|(digit, weight)| digit * weight).sum();
        digits.get(len) == Some(&(sum * 10 % 11 % 10))
    };
    let is_uniform = digits.windows(2).all(|pair| pair.first() == pair.last());
    (!is_uniform && check(9) && check(10)).then(|| Found { end: number.end(11), is_sure: is_grouped })
}
