//! The kinds of journal records, as data: documents and checks derive from this table.

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($variant:ident $name:literal $meaning:literal,)*) => {
        /// What a journal record is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum AuditKind {
            $(#[doc = $meaning] #[serde(rename = $name)] $variant,)*
        }

        impl AuditKind {
            /// Every kind, by name.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name in records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One sentence for the reference documents.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)* }
            }
        }
    };
}

kinds! {
    ApprovalAnswered "approval.answered" "A person said yes or no to what a call would do.",
    ApprovalAsked "approval.asked" "A call waits for a person to approve what it would do.",
    AuthorizeRefused "authorize.refused" "A request for authorization was refused.",
    AvailabilityRead "availability.read" "Free and busy times were read, or times for a meeting looked for.",
    CalendarCancel "calendar.cancel" "An event was cancelled, which tells those invited.",
    CalendarRead "calendar.read" "Calendar data was read.",
    CalendarSend "calendar.send" "An event was created, which invites people.",
    ChannelRead "channel.read" "Messages of a Teams channel were read.",
    ChannelSend "channel.send" "A message was posted to a Teams channel.",
    ChannelsRead "channels.read" "Channels of a team were listed.",
    ChatRead "chat.read" "Chats were listed or read.",
    ChatSend "chat.send" "A chat was opened or a message sent to one.",
    ClientRegistered "client.registered" "A client registered itself dynamically.",
    ConsentDenied "consent.denied" "The person refused a client.",
    ConsentGiven "consent.given" "The person allowed a client.",
    DirectoryRead "directory.read" "People or groups of the organisation were looked up.",
    FilesRead "files.read" "Files were listed or read.",
    FilesShare "files.share" "A link to a file was made.",
    FilesWrite "files.write" "A file was created or replaced.",
    GrantRevoked "grant.revoked" "A grant or one of its tokens was revoked.",
    LabelsCleared "labels.cleared" "The person cleared what stood against their assistant's calls.",
    MailRead "mail.read" "Mail was read.",
    MailSend "mail.send" "Mail was sent.",
    MailTrash "mail.trash" "Mail was moved to the deleted items.",
    MailWrite "mail.write" "Mail was changed: a draft, a folder, a flag.",
    MailboxRead "mailbox.read" "Settings of a mailbox were read.",
    MailboxSend "mailbox.send" "Automatic replies were changed.",
    MeetingRead "meeting.read" "A Teams meeting was looked up.",
    MeetingWrite "meeting.write" "A Teams meeting was created.",
    MicrosoftLinked "microsoft.linked" "A Microsoft account was linked to the person.",
    MicrosoftRefreshed "microsoft.refreshed" "Microsoft tokens were refreshed.",
    MicrosoftRefused "microsoft.refused" "Entra refused a sign-in, a code or a refresh.",
    OperatorKill "operator.kill" "An operator ended sessions.",
    OperatorReadmit "operator.readmit" "An operator admitted a restored cell again.",
    OperatorUnpin "operator.unpin" "An operator removed the link between a person and a Microsoft account.",
    OperatorVisit "operator.visit" "An operator had cells carry out orders and seal values again.",
    PeopleRead "people.read" "People the person works with were listed or read.",
    PlacesRead "places.read" "Rooms were listed.",
    PolicyChanged "policy.changed" "Another set of policies came into force.",
    PolicyRefused "policy.refused" "A set of policies was refused; the one before stays in force.",
    PresenceRead "presence.read" "The presence of people was read.",
    ProfileRead "profile.read" "The person's own profile was read.",
    RequestRefused "request.refused" "A request was refused before it named an action.",
    SearchRead "search.read" "Several services were searched at once.",
    SessionRead "session.read" "The state of the sign-in was asked for.",
    SitesRead "sites.read" "SharePoint sites or lists were read.",
    TasksRead "tasks.read" "Tasks were listed.",
    TasksWrite "tasks.write" "A task was created or changed.",
    TeamsRead "teams.read" "Teams the person is in were listed.",
    TokenIssued "token.issued" "Tokens were issued for an authorization code.",
    TokenRefreshed "token.refreshed" "Tokens were renewed with a refresh token.",
    TokenReused "token.reused" "A code or refresh token was presented a second time; its family ended.",
    TranscriptRead "transcript.read" "Transcripts of a meeting were listed or read.",
    WebhookUndelivered "webhook.undelivered" "A webhook could not be delivered and is given up.",
}

#[cfg(test)]
mod tests {
    use super::AuditKind;

    #[test]
    fn the_table_is_in_alphabetical_order_without_repetition() {
        assert!(AuditKind::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
    }
}
