//! Delegated Microsoft Graph permissions, which are also the OAuth scopes of our authorization server: what a
//! client was granted is compared with what a row declares, without a mapping in between.
//!
//! Source: Microsoft Graph permissions reference.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Effect;

macro_rules! scopes {
    ($($variant:ident $text:literal $by:ident $effect:ident $consent:literal,)*) => {
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

            /// The strongest thing it makes possible.
            #[must_use]
            pub const fn effect(self) -> Effect {
                match self { $(Self::$variant => Effect::$effect,)* }
            }

            /// Whether Microsoft lets only an administrator grant it, for the whole organisation. An organisation may also
            /// demand that for others.
            #[must_use]
            pub const fn needs_administrator(self) -> bool {
                match self { $(Self::$variant => scopes!(@$by),)* }
            }
        }
    };
    (@person) => { false };
    (@administrator) => { true };
}

scopes! {
    CalendarsRead "Calendars.Read" person Read "read your calendar",
    CalendarsReadShared "Calendars.Read.Shared" person Read "read calendars that others share with you",
    CalendarsReadWrite "Calendars.ReadWrite" person Send "create and change events in your calendar, and invite people",
    CalendarsReadWriteShared "Calendars.ReadWrite.Shared" person Send "change calendars that others share with you, and invite people",
    ChannelReadBasicAll "Channel.ReadBasic.All" person Read "see the names of the channels in your teams",
    ChannelMemberReadAll "ChannelMember.Read.All" administrator Read "see who is in the channels of your teams",
    ChannelMessageReadAll "ChannelMessage.Read.All" administrator Read "read messages in the channels of your teams",
    ChannelMessageSend "ChannelMessage.Send" person Send "post messages in Teams channels as you",
    ChatCreate "Chat.Create" person Send "open chats as you",
    ChatRead "Chat.Read" person Read "read your chats",
    ChatReadBasic "Chat.ReadBasic" person Read "see which chats you are in, and with whom",
    ChatMessageSend "ChatMessage.Send" person Send "send chat messages as you",
    FilesRead "Files.Read" person Read "read your files",
    FilesReadAll "Files.Read.All" person Read "read every file you can open",
    FilesReadWrite "Files.ReadWrite" person Send "create and change your files, and share them",
    FilesReadWriteAll "Files.ReadWrite.All" person Send "create and change every file you can change, and share them",
    GroupMemberReadBasicAll "GroupMember.ReadBasic.All" administrator Read "see who is in the groups of your organisation",
    MailRead "Mail.Read" person Read "read your mail",
    MailReadShared "Mail.Read.Shared" person Read "read mailboxes that others share with you",
    MailReadBasic "Mail.ReadBasic" person Read "see your mail folders and the headers of your mail",
    MailReadWrite "Mail.ReadWrite" person Destroy "change and delete your mail: drafts, folders, flags",
    MailReadWriteShared "Mail.ReadWrite.Shared" person Send "change mail in mailboxes that others share with you",
    MailSend "Mail.Send" person Send "send mail as you",
    MailSendShared "Mail.Send.Shared" person Send "send mail from mailboxes that others share with you",
    MailboxSettingsRead "MailboxSettings.Read" person Read "see your mailbox settings, such as your time zone",
    MailboxSettingsReadWrite "MailboxSettings.ReadWrite" person Send "change your mailbox settings, such as automatic replies",
    OnlineMeetingTranscriptReadAll "OnlineMeetingTranscript.Read.All" administrator Read "read transcripts of your meetings",
    OnlineMeetingsRead "OnlineMeetings.Read" person Read "see your Teams meetings",
    OnlineMeetingsReadWrite "OnlineMeetings.ReadWrite" person Write "create Teams meetings as you",
    PeopleRead "People.Read" person Read "see the people you work with",
    PlaceReadAll "Place.Read.All" administrator Read "see the rooms of your organisation",
    PresenceReadAll "Presence.Read.All" person Read "see who is available",
    SitesReadAll "Sites.Read.All" person Read "read every SharePoint site you can open",
    TasksRead "Tasks.Read" person Read "read your tasks and plans",
    TasksReadWrite "Tasks.ReadWrite" person Write "create and change your tasks and plans",
    TeamReadBasicAll "Team.ReadBasic.All" person Read "see the names of the teams you are in",
    UserRead "User.Read" person Read "see your profile",
    UserReadAll "User.Read.All" administrator Read "see the full profile of everybody in your organisation",
    UserReadBasicAll "User.ReadBasic.All" person Read "see names and addresses of everybody in your organisation",
}

impl Scope {
    /// The permission for the same in mailboxes and calendars that others share; itself where there is no other.
    #[must_use]
    pub const fn in_other_mailboxes(self) -> Self {
        match self {
            Self::CalendarsRead => Self::CalendarsReadShared,
            Self::CalendarsReadWrite => Self::CalendarsReadWriteShared,
            Self::MailRead | Self::MailReadBasic => Self::MailReadShared,
            Self::MailReadWrite => Self::MailReadWriteShared,
            Self::MailSend => Self::MailSendShared,
            scope => scope,
        }
    }
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
