//! The places that an operator calls confidential, whatever the items in them say of themselves
//! (`CONFIDENTIAL_SOURCES`).

use std::str::FromStr;

use crate::Email;

/// The kinds of places: how each is written, and the collection of Graph that [`crate::Reach::target`] names it in. A
/// folder has none: it is told beside the target.
const KINDS: [(&str, Option<&str>); 6] = [
    ("chat", Some("chats")),
    ("drive", Some("drives")),
    ("folder", None),
    ("mailbox", Some("users")),
    ("site", Some("sites")),
    ("team", Some("teams")),
];

/// Places that an operator calls confidential: `mailbox:ceo@contoso.example folder:AAMk… site:contoso.sharepoint.com,…`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConfidentialSources(Vec<Place>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Place {
    /// The collection; none for a folder.
    collection: Option<&'static str>,
    id: String,
}

/// Why a text names no places: its entry of this number, from 1, is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "entry {0} is no place: write `mailbox:` and an address, or `folder:`, `site:`, `drive:`, `team:` or `chat:` and an id"
)]
pub struct NoPlace(usize);

impl FromStr for ConfidentialSources {
    type Err = NoPlace;

    /// Reads places with spaces between them.
    fn from_str(text: &str) -> Result<Self, NoPlace> {
        let place = |(index, word)| Place::parse(word).ok_or(NoPlace(index + 1));
        text.split_whitespace().enumerate().map(place).collect::<Result<_, _>>().map(Self)
    }
}

impl ConfidentialSources {
    /// Whether a call on this target ([`crate::ResolvedEffect::target`]) and in this folder is one in a confidential place.
    /// Letters count alike in either case: what is confidential by mistake is found sooner than what is not.
    ///
    /// The person's own mailbox and drive are `me` there. Where their name is known, ask for `users/{name}` too.
    #[must_use]
    pub fn holds(&self, target: &str, folder: Option<&str>) -> bool {
        self.0.iter().any(|place| match place.collection {
            None => folder.is_some_and(|folder| folder.eq_ignore_ascii_case(&place.id)),
            Some(collection) => is_below(target, collection, &place.id),
        })
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Place {
    fn parse(text: &str) -> Option<Self> {
        let (kind, id) = text.split_once(':')?;
        let (_, collection) = KINDS.iter().find(|(word, _)| *word == kind)?;
        let fits = if kind == "mailbox" { Email::parse(id).is_ok() } else { !id.is_empty() };
        fits.then(|| Self { collection: *collection, id: id.to_owned() })
    }
}

/// Whether a target is `collection/id` or something below it.
fn is_below(target: &str, collection: &str, id: &str) -> bool {
    let place = format!("{collection}/{id}");
    let begins = target.get(..place.len()).is_some_and(|start| start.eq_ignore_ascii_case(&place));
    begins && target.get(place.len()..).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sources(text: &str) -> ConfidentialSources {
        text.parse().unwrap()
    }

    #[test]
    fn a_place_holds_what_is_in_it_and_nothing_beside_it() {
        let sources = sources(
            " mailbox:CEO@contoso.example\tfolder:AAMk/+= site:contoso.sharepoint.com,1,2\ndrive:b!x team:T1 chat:19:c@thread.v2 ",
        );
        for target in [
            "users/ceo@contoso.example",
            "users/ceo@contoso.example/messages/AA",
            "sites/contoso.sharepoint.com,1,2/lists/L",
            "drives/b!x/items/01",
            "teams/t1/channels/c",
            "chats/19:c@thread.v2",
        ] {
            assert!(sources.holds(target, None), "{target}");
        }
        for target in [
            "me",
            "",
            "users",
            "users/ceo@contoso.example.attacker.example",
            "users/x/ceo@contoso.example",
            "sites/contoso.sharepoint.com,1",
            "sites/contoso.sharepoint.com,1,22",
            "drives/b!xy",
            "teams/T",
            "users/T1",
            "me/events/T1",
        ] {
            assert!(!sources.holds(target, None), "{target}");
        }
        assert!(sources.holds("me", Some("AAMk/+=")));
        assert!(!sources.holds("me", Some("AAMk/+")) && !sources.holds("AAMk/+=", None));
    }

    #[test]
    fn nothing_is_confidential_where_nothing_is_named() {
        assert!(sources(" ").is_empty() && !sources("").holds("", Some("")));
        assert!(!sources("team:T").is_empty());
    }

    #[test]
    fn what_is_no_place_is_refused_by_its_number() {
        for word in
            ["inbox", "mailbox:", "mailbox:ceo", "folder:", ":x", "Team:T", "user:a@b.example", "team"]
        {
            let error = format!("team:T {word}").parse::<ConfidentialSources>().unwrap_err();
            assert!(error.to_string().starts_with("entry 2 is no place: write"), "{word}: {error}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_any_target_looked_at(text in "\\PC{0,60}", target in "\\PC{0,60}") {
            if let Ok(sources) = text.parse::<ConfidentialSources>() {
                let _ = sources.holds(&target, Some(&target));
            }
            prop_assert!(!ConfidentialSources::default().holds(&target, Some(&text)));
        }
    }
}
