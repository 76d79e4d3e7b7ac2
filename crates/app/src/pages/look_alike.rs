//! Whether a domain could be taken for one of the organisation's.
//!
//! Sources: Unicode Technical Standard 39 (skeletons of confusable characters), of which the table here holds what looks
//! like letters of host names; RFC 3492 and UTS 46 for names in other alphabets.

use url::Host;

/// Changes by which a name still looks the same at a glance.
const NEAR: usize = 2;

/// What a person should know of a domain before they trust it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Warning {
    /// The name as machines write it, where it has letters of other alphabets.
    pub ascii: Option<String>,
    /// The domain of the organisation that it could be taken for.
    pub like: Option<String>,
}

/// Judges a domain beside those of the organisation; nothing where it is one of them, below one of them, or unlike all.
pub(crate) fn warning<'a>(domain: &str, internal: impl IntoIterator<Item = &'a str>) -> Option<Warning> {
    let domain = domain.to_lowercase();
    let ascii = in_other_letters(&domain);
    let mut like = None;
    for own in internal {
        if domain == own || domain.strip_suffix(own).is_some_and(|below| below.ends_with('.')) {
            return None;
        }
        if looks_like(&domain, own) {
            like = Some(own.to_owned());
        }
    }
    (ascii.is_some() || like.is_some()).then_some(Warning { ascii, like })
}

/// The name as machines write it, where it is not the same or stands for letters of other alphabets.
fn in_other_letters(domain: &str) -> Option<String> {
    let foreign = !domain.is_ascii() || domain.split('.').any(|label| label.starts_with("xn--"));
    foreign.then(|| Host::parse(domain).map_or_else(|_| domain.to_owned(), |host| host.to_string()))
}

fn looks_like(domain: &str, own: &str) -> bool {
    let name = |domain: &str| domain.split('.').next().unwrap_or_default().to_owned();
    // contoso.example.attacker.example, contoso-example.com: the name itself, put before another one.
    let carries = |separator: &str| domain.contains(&own.replace('.', separator));
    let (skeleton, of_own) = (skeleton(domain), self::skeleton(own));
    skeleton == of_own
        || distance(domain, own) <= NEAR
        || distance(&skeleton, &of_own) <= 1
        || carries(".")
        || carries("-")
        || name(domain) == name(own)
}

/// The text with every character in place of which another is easily read replaced by that one.
fn skeleton(domain: &str) -> String {
    let plain: String = domain.chars().map(prototype).collect();
    plain.replace("rn", "m").replace("vv", "w").replace("cl", "d").replace('-', "")
}

const fn prototype(c: char) -> char {
    match c {
        '0' | 'о' | 'ο' | 'ö' | 'ó' | 'ò' | 'ô' | 'õ' | 'ø' | 'ѳ' | 'օ' => 'o',
        '1' | 'i' | '|' | 'і' | 'ı' | 'í' | 'ì' | 'î' | 'ï' | 'ι' | 'ӏ' | 'ł' => 'l',
        '3' | 'е' | 'ε' | 'é' | 'è' | 'ê' | 'ë' | 'ё' => 'e',
        '5' | 'ѕ' | 'ş' | 'š' | 'ś' => 's',
        'а' | 'α' | 'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | '4' => 'a',
        'с' | 'ç' | 'ć' | 'č' | 'ϲ' => 'c',
        'р' | 'ρ' => 'p',
        'у' | 'ý' | 'ÿ' | 'γ' => 'y',
        'х' | 'χ' => 'x',
        'ј' => 'j',
        'һ' => 'h',
        'к' | 'κ' => 'k',
        'м' => 'm',
        'т' | 'τ' | 'ţ' | '7' => 't',
        'п' | 'ñ' | 'ń' | 'ո' => 'n',
        'в' | 'ß' | '8' => 'b',
        'г' => 'r',
        'υ' | 'ü' | 'ú' | 'ù' | 'û' | 'ս' => 'u',
        'ν' => 'v',
        'ԁ' | 'đ' => 'd',
        'ԛ' => 'q',
        'ԝ' | 'ω' => 'w',
        'ɡ' | '9' => 'g',
        'ž' | 'ź' | 'ż' | '2' => 'z',
        other => other,
    }
}

/// How many letters must be put in, taken out or replaced (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in one.chars().enumerate() {
        let mut next = Vec::with_capacity(row.len());
        next.push(at + 1);
        for (pair, known) in row.windows(2).zip(&other) {
            let (&[diagonal, above], Some(&left)) = (pair, next.last()) else { continue };
            next.push((diagonal + usize::from(c != *known)).min(above + 1).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(domain: &str) -> Option<String> {
        warning(domain, ["contoso.example", "northwind.example"]).and_then(|warning| warning.like)
    }

    #[test]
    fn own_domains_and_those_below_them_and_strangers_are_no_look_alikes() {
        for domain in
            ["contoso.example", "CONTOSO.example", "mail.contoso.example", "fabrikam.example", "gmail.com"]
        {
            assert_eq!(warning(domain, ["contoso.example"]), None, "{domain}");
        }
        assert_eq!(warning("anything.example", []), None);
    }

    #[test]
    fn a_name_that_is_nearly_ours_is_told() {
        for domain in [
            "contos0.example",
            "cont0s0.example",
            "contosso.example",
            "cnotoso.example",
            "contoso.exarnple",
            "con-toso.example",
            "contoso.com",
            "contoso.example.attacker.test",
            "contoso-example.com",
            "mail-contoso.example",
        ] {
            assert_eq!(like(domain).as_deref(), Some("contoso.example"), "{domain}");
        }
        assert_eq!(like("northvvind.example").as_deref(), Some("northwind.example"));
    }

    #[test]
    fn letters_of_another_alphabet_are_told_with_the_name_that_machines_use() {
        let cyrillic = warning("соntоsо.example", ["contoso.example"]).unwrap();
        assert!(cyrillic.ascii.unwrap().starts_with("xn--"));
        assert_eq!(cyrillic.like.as_deref(), Some("contoso.example"));
        let unlike = warning("münchen.example", ["contoso.example"]).unwrap();
        assert_eq!((unlike.ascii.as_deref(), unlike.like), (Some("xn--mnchen-3ya.example"), None));
        let written = warning("xn--mnchen-3ya.example", ["contoso.example"]).unwrap();
        assert_eq!(written.ascii.as_deref(), Some("xn--mnchen-3ya.example"));
    }

    #[test]
    fn the_distance_counts_single_letters() {
        for (one, other, expected) in
            [("", "", 0), ("abc", "abc", 0), ("abc", "abd", 1), ("abc", "", 3), ("ab", "ba", 2)]
        {
            assert_eq!(distance(one, other), expected, "{one} {other}");
        }
    }
}
