//! Labels of links that are addresses themselves.

/// Whether a label says nothing but where its link leads.
pub(super) fn is_same(label: &str, url: &str) -> bool {
    let (label, target) = (bare(label), bare(url));
    if label.is_empty() {
        return false;
    }
    if label == target {
        return true;
    }
    // Programs shorten what they show; the host must be whole all the same.
    let shortened = label.strip_suffix("...").or_else(|| label.strip_suffix('…'));
    shortened.is_some_and(|start| start.contains('/') && target.starts_with(start))
}

/// Whether a reader takes a label for an address.
pub(crate) fn looks_like_one(label: &str) -> bool {
    let label = label.trim();
    let host = bare(label);
    let host = host.split(['/', '?', ':', '#']).next().unwrap_or_default();
    let is_ending = |ending: &str| ending.len() >= 2 && ending.chars().all(char::is_alphabetic);
    label.contains("://")
        || (!label.contains(char::is_whitespace)
            && host.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && is_ending(ending)))
}

fn bare(text: &str) -> String {
    let lower = text.trim().to_lowercase();
    let plain = ["https://", "http://", "mailto:"]
        .into_iter()
        .find_map(|scheme| lower.strip_prefix(scheme))
        .unwrap_or(lower.as_str());
    plain.strip_prefix("www.").unwrap_or(plain).trim_end_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_its_address_says_nothing_more() {
        for (label, url) in [
            ("https://contoso.example/a", "https://contoso.example/a"),
            ("contoso.example", "https://www.contoso.example/"),
            ("Megan@Contoso.example", "mailto:megan@contoso.example"),
            ("https://contoso.example/very/long…", "https://contoso.example/very/long/path"),
        ] {
            assert!(is_same(label, url), "{label}");
        }
        for (label, url) in [
            ("contoso.example", "https://fabrikam.example/"),
            ("https://contoso…", "https://contoso.evil.example/"),
            ("contoso.example/a", "https://contoso.example/b"),
            ("here", "https://contoso.example/"),
            ("", "https://contoso.example/"),
        ] {
            assert!(!is_same(label, url), "{label}");
        }
    }

    #[test]
    fn addresses_are_known_from_words() {
        for label in ["www.contoso.example", "contoso.example/pay", "http://x", "paypal.com", "bank.de:443"] {
            assert!(looks_like_one(label), "{label}");
        }
        for label in ["Read more", "e.g.", "1.5", "Version 2.0", "here", "Mr.X and more"] {
            assert!(!looks_like_one(label), "{label}");
        }
    }
}
