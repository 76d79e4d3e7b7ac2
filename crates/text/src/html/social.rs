//! Links to profiles in social networks, which newsletters end with.

use url::Url;

use crate::line::{Line, LineKind, Span};

/// So many profiles in a row are a footer, not something to read.
const FARM_MIN: usize = 3;

/// Hosts and what their network is called.
const NETWORKS: [(&str, &str); 20] = [
    ("bsky.app", "Bluesky"),
    ("discord.com", "Discord"),
    ("discord.gg", "Discord"),
    ("facebook.com", "Facebook"),
    ("fb.com", "Facebook"),
    ("fb.me", "Facebook"),
    ("instagram.com", "Instagram"),
    ("linkedin.com", "LinkedIn"),
    ("mastodon.social", "Mastodon"),
    ("pinterest.com", "Pinterest"),
    ("reddit.com", "Reddit"),
    ("snapchat.com", "Snapchat"),
    ("t.me", "Telegram"),
    ("threads.net", "Threads"),
    ("tiktok.com", "TikTok"),
    ("twitter.com", "X"),
    ("whatsapp.com", "WhatsApp"),
    ("x.com", "X"),
    ("xing.com", "XING"),
    ("youtube.com", "YouTube"),
];

/// The network a link leads to, or that its label names.
pub(crate) fn network(url: &str, label: &str) -> Option<&'static str> {
    let label = label.trim();
    let named = NETWORKS.iter().find(|(_, name)| name.eq_ignore_ascii_case(label));
    if named.is_some() || label.eq_ignore_ascii_case("twitter") {
        return Some(named.map_or("X", |(_, name)| name));
    }
    let url = Url::parse(url).ok()?;
    let host = url.host_str()?;
    let is = |known: &str| host == known || host.strip_suffix(known).is_some_and(|rest| rest.ends_with('.'));
    // A post or a video is content; a profile is one or two segments deep.
    let is_profile =
        url.path_segments().is_none_or(|segments| segments.filter(|s| !s.is_empty()).count() <= 2);
    NETWORKS.iter().find(|(known, _)| is_profile && is(known)).map(|(_, name)| *name)
}

/// Lines in which every run of links to profiles is told in one line without addresses.
pub(crate) fn without_farms(lines: Vec<Line>) -> Vec<Line> {
    let mut kept: Vec<Line> = Vec::with_capacity(lines.len());
    let mut run: Vec<(Line, Vec<&'static str>)> = Vec::new();
    for line in lines {
        if let Some(names) = networks(&line) {
            run.push((line, names));
        } else {
            end_run(&mut kept, &mut run);
            kept.push(line);
        }
    }
    end_run(&mut kept, &mut run);
    kept
}

fn end_run(kept: &mut Vec<Line>, run: &mut Vec<(Line, Vec<&'static str>)>) {
    let mut names: Vec<&str> = Vec::new();
    for name in run.iter().flat_map(|(_, names)| names) {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let taken = std::mem::take(run);
    if names.len() < FARM_MIN {
        kept.extend(taken.into_iter().map(|(line, _)| line));
        return;
    }
    if let Some((first, _)) = taken.into_iter().next() {
        let text = format!("Profiles: {}", names.join(", "));
        kept.push(Line { kind: LineKind::Text, spans: vec![Span { text, ..Span::default() }], ..first });
    }
}

/// The networks of a line that holds nothing but links to them.
fn networks(line: &Line) -> Option<Vec<&'static str>> {
    if !matches!(line.kind, LineKind::Text | LineKind::Item(_)) {
        return None;
    }
    let mut found = Vec::new();
    for span in &line.spans {
        match &span.link {
            Some(url) => found.push(network(url, &span.text)?),
            None if span.text.chars().any(char::is_alphanumeric) => return None,
            None => {}
        }
    }
    (!found.is_empty()).then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_are_known_by_label_and_by_host() {
        assert_eq!(network("https://click.mailer.example/x", "Twitter"), Some("X"));
        assert_eq!(network("https://www.facebook.com/contoso", ""), Some("Facebook"));
        assert_eq!(network("https://www.linkedin.com/company/contoso", "Follow us"), Some("LinkedIn"));
        assert_eq!(network("https://notfacebook.com/contoso", ""), None);
        assert_eq!(network("https://www.linkedin.com/feed/update/urn:li:1/", ""), None);
        assert_eq!(network("https://contoso.example/", "Facebook ads explained"), None);
    }
}
