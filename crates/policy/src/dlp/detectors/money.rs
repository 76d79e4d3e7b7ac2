//! Payment cards and bank accounts.
//!
//! Source: ISO/IEC 7812-1 (length, Luhn check digit) with the issuer ranges that the schemes publish; ISO 13616 and the
//! IBAN registry of SWIFT (length and structure per country, check digits modulo 97).

use iban::Iban;

use super::Found;
use super::spaced::{Spaced, luhn};

/// First digits of a scheme and the lengths of its numbers.
struct Issuer {
    /// First and last prefix, of equally many digits.
    prefix: (u64, u64),
    /// How many digits the prefix has.
    digits: usize,
    /// Lengths of the number, shortest and longest.
    length: (usize, usize),
}

const fn issuer(prefix: (u64, u64), digits: usize, length: (usize, usize)) -> Issuer {
    Issuer { prefix, digits, length }
}

static ISSUERS: [Issuer; 27] = [
    // American Express.
    issuer((34, 34), 2, (15, 15)),
    issuer((37, 37), 2, (15, 15)),
    // Diners Club.
    issuer((300, 305), 3, (14, 19)),
    issuer((3095, 3095), 4, (14, 19)),
    issuer((36, 36), 2, (14, 19)),
    issuer((38, 39), 2, (14, 19)),
    // Discover.
    issuer((6011, 6011), 4, (16, 19)),
    issuer((644, 649), 3, (16, 19)),
    issuer((65, 65), 2, (16, 19)),
    // JCB.
    issuer((3528, 3589), 4, (16, 19)),
    // Maestro.
    issuer((5018, 5018), 4, (13, 19)),
    issuer((5020, 5020), 4, (13, 19)),
    issuer((5038, 5038), 4, (13, 19)),
    issuer((5893, 5893), 4, (13, 19)),
    issuer((6304, 6304), 4, (13, 19)),
    issuer((6759, 6759), 4, (13, 19)),
    issuer((6761, 6763), 4, (13, 19)),
    // Mastercard.
    issuer((51, 55), 2, (16, 16)),
    issuer((2221, 2720), 4, (16, 16)),
    // Mir.
    issuer((2200, 2204), 4, (16, 19)),
    // RuPay.
    issuer((508, 508), 3, (16, 16)),
    issuer((60, 60), 2, (16, 16)),
    issuer((81, 82), 2, (16, 16)),
    // Troy.
    issuer((9792, 9792), 4, (16, 16)),
    // UnionPay.
    issuer((62, 62), 2, (16, 19)),
    // Visa: 13 and 16 digits, rarely 19.
    issuer((4, 4), 1, (13, 13)),
    issuer((4, 4), 1, (16, 19)),
];

/// How card numbers are printed.
const GROUPS: [&[usize]; 6] =
    [&[4, 4, 4, 4], &[4, 6, 5], &[4, 6, 4], &[4, 4, 4, 4, 3], &[4, 4, 4, 4, 2], &[4, 4, 5]];

const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// The longest telephone number (ITU-T E.164).
const TELEPHONE_DIGITS_MAX: usize = 15;

/// A payment card that begins at `at`.
pub(super) fn payment_card(text: &str, at: usize) -> Option<Found> {
    let is_digit = |_, byte: u8| byte.is_ascii_digit();
    if !Spaced::is_begun(text.as_bytes(), at, *CARD_DIGITS.start(), is_digit) {
        return None;
    }
    let number = Spaced::read(text.as_bytes(), at, CARD_DIGITS.end() + 1, is_digit);
    let digits = number.digits();
    let card = CARD_DIGITS.rev().find(|len| {
        number.is_cut(*len)
            && digits.get(..*len).is_some_and(|digits| luhn(digits) && is_issued(digits))
            && !(number.is_telephone() && *len <= TELEPHONE_DIGITS_MAX)
            && is_card_written(&number, *len)
    })?;
    Some(Found::sure(number.end(card)))
}

fn is_card_written(number: &Spaced<'_>, len: usize) -> bool {
    number.is_solid(len)
        || GROUPS.iter().any(|groups| number.is_grouped(len, groups))
        || number.is_spelled(len)
        // Any other grouping, if nothing else hangs on it and it is not one decimal number.
        || (number.is_whole(len) && number.signs().iter().take(len).filter(|sign| sign.opens).count() > 1)
}

fn is_issued(digits: &[u32]) -> bool {
    ISSUERS.iter().any(|issuer| {
        let prefix =
            digits.iter().take(issuer.digits).fold(0, |prefix, digit| prefix * 10 + u64::from(*digit));
        (issuer.prefix.0..=issuer.prefix.1).contains(&prefix)
            && (issuer.length.0..=issuer.length.1).contains(&digits.len())
    })
}

/// The shortest and the longest IBAN of the registry.
const IBAN_LENGTH: std::ops::RangeInclusive<usize> = 15..=34;

/// An IBAN that begins at `at`.
pub(super) fn iban(text: &str, at: usize) -> Option<Found> {
    let accepts = |index, byte: u8| match index {
        0 | 1 => byte.is_ascii_uppercase(),
        2 | 3 => byte.is_ascii_digit(),
        _ => true,
    };
    if !Spaced::is_begun(text.as_bytes(), at, *IBAN_LENGTH.start(), accepts) {
        return None;
    }
    let account = Spaced::read(text.as_bytes(), at, *IBAN_LENGTH.end(), accepts);
    let characters = account.text();
    let is_iban = |len: &usize| {
        account.is_cut(*len) && characters.get(..*len).is_some_and(|account| account.parse::<Iban>().is_ok())
    };
    IBAN_LENGTH.rev().find(is_iban).map(|len| Found::sure(account.end(len)))
}
