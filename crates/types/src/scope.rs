//! Delegated Microsoft Graph permissions, which are also the OAuth scopes of our authorization server: what a
//! client was granted is compared with what a row declares, without a mapping in between.
//!
//! Source: Microsoft Graph permissions reference.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! scopes {
    ($($variant:ident $text:literal $consent:literal,)*) => {
        /// One delegated permission of Microsoft Graph.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Scope {
            $(#[doc = concat!("`", $text, "`")] #[serde(rename = $text)] $variant,)*
        }

        impl Scope {
            /// Every scope, in the order of their names.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the wire, for Entra and for MCP clients.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// What it allows, in the words of a consent page: completes "This application could …".
            #[must_use]
            pub const fn consent(self) -> &'static str {
                match self { $(Self::$variant => $consent,)* }
            }
        }
    };
}

scopes! {
    CalendarsRead "Calendars.Read" "read your calendar",
    CalendarsReadWrite "Calendars.ReadWrite" "create and change events in your calendar, and invite people",
    ChannelReadBasicAll "Channel.ReadBasic.All" "see the names of the channels in your teams",
    ChannelMessageSend "ChannelMessage.Send" "post messages in Teams channels as you",
    FilesRead "Files.Read" "read your files",
    MailRead "Mail.Read" "read your mail",
    MailSend "Mail.Send" "send mail as you",
    OnlineMeetingsReadWrite "OnlineMeetings.ReadWrite" "create Teams meetings as you",
    PeopleRead "People.Read" "see the people you work with",
    TeamReadBasicAll "Team.ReadBasic.All" "see the names of the teams you are in",
    UserRead "User.Read" "see your profile",
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A set of scopes; its text form is space-separated (RFC 6749 section 3.3), in the order of the names.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScopeSet(BTreeSet<Scope>);

impl ScopeSet {
    /// The known scopes named in a space-separated list, and whether an unknown one was left out.
    #[must_use]
    pub fn parse(text: &str) -> (Self, bool) {
        Self::parse_below("", text)
    }

    /// The same for a list whose names may begin with this prefix, as Entra writes them for the Graph of its cloud.
    #[must_use]
    pub fn parse_below(prefix: &str, text: &str) -> (Self, bool) {
        let mut unknown = false;
        let mut set = BTreeSet::new();
        for name in text.split_ascii_whitespace() {
            let name = name.strip_prefix(prefix).unwrap_or(name);
            match Scope::ALL.iter().find(|scope| scope.as_str() == name) {
                Some(scope) => {
                    set.insert(*scope);
                }
                None => unknown = true,
            }
        }
        (Self(set), unknown)
    }

    /// Whether every one of `needed` is in the set.
    #[must_use]
    pub fn covers(&self, needed: &[Scope]) -> bool {
        needed.iter().all(|scope| self.0.contains(scope))
    }

    /// Whether every scope of `other` is in the set.
    #[must_use]
    pub fn contains_all(&self, other: &Self) -> bool {
        other.0.is_subset(&self.0)
    }

    /// The scopes in both.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        Self(self.0.intersection(&other.0).copied().collect())
    }

    /// The scopes in either.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        Self(self.0.union(&other.0).copied().collect())
    }

    /// The scopes of `needed` that are not in the set.
    #[must_use]
    pub fn missing(&self, needed: &[Scope]) -> Vec<Scope> {
        needed.iter().filter(|scope| !self.0.contains(scope)).copied().collect()
    }

    /// The scopes in the order of their names.
    pub fn iter(&self) -> impl Iterator<Item = Scope> + '_ {
        self.0.iter().copied()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().collect())
    }
}

impl fmt::Display for ScopeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, scope) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(" ")?;
            }
            f.write_str(scope.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parsing_keeps_known_scopes_and_reports_unknown_ones() {
        let (set, unknown) = ScopeSet::parse("Mail.Send Mail.Read");
        assert_eq!((set.to_string().as_str(), unknown), ("Mail.Read Mail.Send", false));
        let (set, unknown) = ScopeSet::parse("Mail.Read Mail.ReadAnything mail.read");
        assert_eq!((set.to_string().as_str(), unknown), ("Mail.Read", true));
    }

    #[test]
    fn a_prefix_is_taken_off_where_it_is_the_one_that_was_named() {
        let text = "Mail.Send https://graph.example/Mail.Read https://graph.other.example/User.Read";
        let (set, unknown) = ScopeSet::parse_below("https://graph.example/", text);
        assert_eq!((set.to_string().as_str(), unknown), ("Mail.Read Mail.Send", true));
        assert_eq!(ScopeSet::parse(text).0.to_string(), "Mail.Send");
    }

    #[test]
    fn covering_needs_every_scope() {
        let (set, _) = ScopeSet::parse("Mail.Read");
        assert!(set.covers(&[Scope::MailRead]));
        assert!(!set.covers(&[Scope::MailRead, Scope::MailSend]));
        assert_eq!(set.missing(&[Scope::MailRead, Scope::MailSend]), [Scope::MailSend]);
    }

    #[test]
    fn the_table_is_in_alphabetical_order() {
        assert!(Scope::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    }
}
