//! Where a link really leads.
//!
//! Source: the URL standard; the documented form of each gateway's redirect (Microsoft Defender Safe Links, Proofpoint
//! URL Defense, Google, Facebook, LinkedIn, YouTube, Slack); the campaign parameters that analytics products document.
//!
//! Invariant: the result is `https`, `http` or `mailto`, printable ASCII without spaces or brackets, and bounded.

use url::Url;

/// Redirects within redirects.
const DEPTH_MAX: usize = 4;
/// Longest address that is written with its query, and longest at all, in bytes.
const QUERY_MAX: usize = 300;
const ADDRESS_MAX: usize = 600;

/// A link without what follows its readers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    /// The target.
    pub(crate) url: String,
    /// Whether parameters or a redirect were taken away.
    pub(crate) was_tracked: bool,
}

/// A redirect whose target stands in its query: host or its end, start of the path, parameter.
const REDIRECTS: [(&str, &str, &str); 20] = [
    (".safelinks.protection.outlook.com", "/", "url"),
    (".safelinks.protection.office365.us", "/", "url"),
    (".safelinks.protection.partner.outlook.cn", "/", "url"),
    ("statics.teams.cdn.office.net", "/evergreen-assets/safelinks/", "url"),
    ("www.google.com", "/url", "q"),
    ("www.google.com", "/url", "url"),
    ("l.facebook.com", "/l.php", "u"),
    ("lm.facebook.com", "/l.php", "u"),
    ("l.instagram.com", "/", "u"),
    ("www.linkedin.com", "/safety/go", "url"),
    ("www.linkedin.com", "/redir/redirect", "url"),
    ("www.youtube.com", "/redirect", "q"),
    ("slack-redir.net", "/link", "url"),
    ("linkprotect.cudasvc.com", "/url", "a"),
    ("clicktime.symantec.com", "/", "u"),
    (".trendmicro.com", "/wis/clicktime/", "url"),
    ("urldefense.proofpoint.com", "/v1/url", "u"),
    ("steamcommunity.com", "/linkfilter/", "u"),
    ("away.vk.com", "/away.php", "to"),
    ("out.reddit.com", "/", "url"),
];

/// Parameters that tell which mail and which reader a visit came from.
const TRACKING: [&str; 43] = [
    "_bta_c",
    "_bta_tid",
    "_hsenc",
    "_hsmi",
    "_ke",
    "_openstat",
    "ck_subscriber_id",
    "dclid",
    "elq",
    "elqaid",
    "elqat",
    "elqcampaignid",
    "elqtrack",
    "elqtrackid",
    "fbclid",
    "gbraid",
    "gclid",
    "gclsrc",
    "hsctatracking",
    "igsh",
    "igshid",
    "li_fat_id",
    "mc_cid",
    "mc_eid",
    "mc_tc",
    "mkt_tok",
    "ml_subscriber",
    "ml_subscriber_hash",
    "msclkid",
    "oly_anon_id",
    "oly_enc_id",
    "rb_clickid",
    "s_cid",
    "sc_cid",
    "ttclid",
    "twclid",
    "vero_conv",
    "vero_id",
    "wbraid",
    "wickedid",
    "wt.mc_id",
    "yclid",
    "ymclid",
];
const TRACKING_PREFIXES: [&str; 5] = ["utm_", "pk_", "mtm_", "piwik_", "trk_"];

/// Reads the target of a link; nothing where it may not be followed from a mail.
pub(crate) fn clean(href: &str) -> Option<Link> {
    let mut url = Url::parse(href.trim()).ok()?;
    let mut was_tracked = false;
    for _ in 0..DEPTH_MAX {
        let Some(target) = target(&url) else { break };
        url = target;
        was_tracked = true;
    }
    match url.scheme() {
        "mailto" => {
            // What a mail would be filled with is not where it goes.
            url.set_query(None);
            url.set_fragment(None);
        }
        "http" | "https" => was_tracked |= without_tracking(&mut url),
        _ => return None,
    }
    Some(Link { url: written(url), was_tracked })
}

/// The target of a redirect.
fn target(url: &Url) -> Option<Url> {
    let host = url.host_str()?;
    let is = |known: &str| if known.starts_with('.') { host.ends_with(known) } else { host == known };
    let wrapped = REDIRECTS.iter().filter(|(known, path, _)| is(known) && url.path().starts_with(path));
    let found = wrapped.into_iter().find_map(|(.., parameter)| {
        let (_, value) = url.query_pairs().find(|(name, _)| name == parameter)?;
        Url::parse(&value).ok()
    });
    found
        .or_else(|| proofpoint(url, host))
        .filter(|target| matches!(target.scheme(), "http" | "https" | "mailto"))
}

/// Version 2 writes `%` as `-` and `/` as `_`; version 3 has the target between two double underscores.
fn proofpoint(url: &Url, host: &str) -> Option<Url> {
    if host == "urldefense.proofpoint.com" && url.path().starts_with("/v2/url") {
        let (_, value) = url.query_pairs().find(|(name, _)| name == "u")?;
        let escaped = value.replace('-', "%").replace('_', "/");
        let plain = percent_decoded(&escaped)?;
        return Url::parse(&plain).ok();
    }
    if matches!(host, "urldefense.com" | "urldefense.us") && url.path().starts_with("/v3/__") {
        let (_, rest) = url.as_str().split_once("/v3/__")?;
        let (target, _) = rest.split_once("__;")?;
        return Url::parse(target).ok();
    }
    None
}

fn percent_decoded(text: &str) -> Option<String> {
    // A query decodes itself; nothing else in it is special.
    let pair =
        format!("https://x.invalid/?u={}", text.replace('&', "%26").replace('+', "%2B").replace('#', "%23"));
    let url = Url::parse(&pair).ok()?;
    url.query_pairs().next().map(|(_, value)| value.into_owned())
}

/// Takes tracking parameters away, and tells whether there were any. The others stay as they are written.
fn without_tracking(url: &mut Url) -> bool {
    let Some(query) = url.query() else { return false };
    let parts: Vec<&str> = query.split('&').collect();
    let kept: Vec<&str> = parts.iter().copied().filter(|part| !is_tracking(part)).collect();
    let was_tracked = kept.len() < parts.len();
    if was_tracked {
        let kept = kept.join("&");
        url.set_query(if kept.is_empty() { None } else { Some(&kept) });
    }
    was_tracked
}

fn is_tracking(part: &str) -> bool {
    let name = part.split('=').next().unwrap_or_default().to_ascii_lowercase();
    // Broken templates escape the separator twice.
    let name = name.trim_start_matches("amp;");
    TRACKING.binary_search(&name).is_ok() || TRACKING_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// The address as it can stand in markdown. What is too long loses its query, and shows that it did.
fn written(mut url: Url) -> String {
    let cut = url.as_str().len() > QUERY_MAX && (url.query().is_some() || url.fragment().is_some());
    if cut {
        url.set_query(None);
        url.set_fragment(None);
    }
    if !url.username().is_empty() || url.password().is_some() {
        // What stands before an `@` is there to look like a host.
        let _ = url.set_username("");
        let _ = url.set_password(None);
    }
    let mut text = String::with_capacity(url.as_str().len() + 4);
    for c in url.as_str().chars().take(ADDRESS_MAX) {
        match c {
            '(' => text.push_str("%28"),
            ')' => text.push_str("%29"),
            '<' => text.push_str("%3C"),
            '>' => text.push_str("%3E"),
            '|' => text.push_str("%7C"),
            '[' => text.push_str("%5B"),
            ']' => text.push_str("%5D"),
            '`' => text.push_str("%60"),
            '\\' => text.push_str("%5C"),
            c if c.is_ascii_graphic() => text.push(c),
            _ => {}
        }
    }
    if cut || url.as_str().len() > ADDRESS_MAX {
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(href: &str) -> Option<(String, bool)> {
        clean(href).map(|link| (link.url, link.was_tracked))
    }

    #[test]
    fn the_parameters_can_be_searched() {
        assert!(TRACKING.windows(2).all(|pair| pair[0] < pair[1]));
    }

    #[test]
    fn only_the_web_and_mail_are_linked() {
        for href in
            ["javascript:alert(1)", "data:text/html,x", "file:///c:/x", "tel:+491", "#top", "/x", "cid:1", ""]
        {
            assert_eq!(link(href), None, "{href}");
        }
        assert_eq!(link("HTTPS://Contoso.example/a b").unwrap().0, "https://contoso.example/a%20b");
        assert_eq!(
            link("mailto:megan@contoso.example?subject=x&body=y").unwrap().0,
            "mailto:megan@contoso.example"
        );
    }

    #[test]
    fn tracking_is_taken_away_and_nothing_else() {
        for (href, url, was_tracked) in [
            ("https://c.example/?utm_source=a&utm_medium=b", "https://c.example/", true),
            ("https://c.example/p?id=7&fbclid=x&b=%20", "https://c.example/p?id=7&b=%20", true),
            ("https://c.example/p?a=1&amp;UTM_Campaign=x#top", "https://c.example/p?a=1#top", true),
            ("https://c.example/p?mc_cid=1&mc_eid=2", "https://c.example/p", true),
            (
                "https://c.example/p?futm_source=1&gclidx=2",
                "https://c.example/p?futm_source=1&gclidx=2",
                false,
            ),
            ("https://c.example/a_(b)", "https://c.example/a_%28b%29", false),
        ] {
            assert_eq!(link(href), Some((url.to_owned(), was_tracked)), "{href}");
        }
    }

    #[test]
    fn redirects_are_followed_on_paper() {
        for (href, url) in [
            (
                "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Ffabrikam.example%2Fa%3Futm_source%3Dx%26id%3D7&data=05%7C02&sdata=abc%3D&reserved=0",
                "https://fabrikam.example/a?id=7",
            ),
            (
                "https://www.google.com/url?sa=t&q=https://fabrikam.example/x&usg=1",
                "https://fabrikam.example/x",
            ),
            (
                "https://urldefense.proofpoint.com/v2/url?u=https-3A__fabrikam.example_a-2Db&d=x",
                "https://fabrikam.example/a-b",
            ),
            ("https://urldefense.com/v3/__https://fabrikam.example/q__;!!abc$", "https://fabrikam.example/q"),
            (
                "https://nam02.safelinks.protection.outlook.com/?url=https%3A%2F%2Fwww.google.com%2Furl%3Fq%3Dhttps%253A%252F%252Ffabrikam.example%252F",
                "https://fabrikam.example/",
            ),
        ] {
            assert_eq!(link(href), Some((url.to_owned(), true)), "{href}");
        }
        for href in [
            "https://safelinks.protection.outlook.com.evil.example/?url=https%3A%2F%2Fcontoso.example",
            "https://www.google.com/search?q=https://fabrikam.example/x",
        ] {
            assert!(!link(href).unwrap().1, "{href}");
        }
        let inner = "https://eur01.safelinks.protection.outlook.com/?url=javascript%3Aalert(1)";
        assert!(
            link(inner).unwrap().0.starts_with("https://eur01."),
            "not unwrapped into what may not be followed"
        );
    }

    #[test]
    fn an_address_is_bounded_and_does_not_pose_as_another() {
        let long = format!("https://c.example/p?x={}", "y".repeat(400));
        assert_eq!(link(&long).unwrap().0, "https://c.example/p…");
        assert!(link(&format!("https://c.example/{}", "y".repeat(4000))).unwrap().0.len() < ADDRESS_MAX + 10);
        assert_eq!(link("https://contoso.example@evil.example/").unwrap().0, "https://evil.example/");
        assert_eq!(link("https://conto\u{455}o.example/").unwrap().0, "https://xn--contoo-mvf.example/");
    }
}
