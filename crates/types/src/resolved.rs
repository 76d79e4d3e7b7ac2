//! What one call will really do: whom it reaches with what, as Graph says it is now. Policy decides on it, an approval is
//! bound to it, and a person is shown it.
//!
//! Invariant: two calls that would do something different have different effects, so a digest of this is what an
//! approval can be bound to.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{Effect, Email, Reach};

/// Where somebody stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// In the organisation.
    Inside,
    /// Outside it.
    Outside,
    /// Nobody could say.
    #[default]
    Unknown,
}

/// In what way somebody is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// `To`
    To,
    /// `Cc`
    Cc,
    /// `Bcc`
    Bcc,
    /// Invited to a meeting, or told of a change to it.
    Attendee,
    /// Reads along: a member of the chat, team, list or drive acted on.
    Member,
    /// Whoever holds a link.
    Holder,
    /// Whoever writes to the person.
    Correspondent,
}

/// One whom the call reaches: a person, a list of people, or everybody of a place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<Email>,
    /// Name of the person, list or place; text that somebody else may have chosen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// In what way.
    pub role: Role,
    /// What Graph says; [`InternalDomains::standing`] has the last word.
    #[serde(default)]
    pub said: Standing,
    /// How many people are behind it, where it is more than one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<Members>,
}

impl Recipient {
    /// Somebody with an address, of whom Graph has said nothing.
    #[must_use]
    pub const fn at(address: Email, role: Role) -> Self {
        Self { address: Some(address), name: None, role, said: Standing::Unknown, members: None }
    }

    /// Everybody of a place, or whoever fits, of whom Graph says this.
    #[must_use]
    pub fn everybody(name: impl Into<String>, role: Role, said: Standing) -> Self {
        Self { address: None, name: Some(name.into()), role, said, members: None }
    }
}

/// The people behind one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Members {
    /// All of them.
    pub total: u32,
    /// Those outside the organisation.
    pub outside: u32,
}

/// One thing a person should see besides recipients and body, such as `Subject` or `When`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fact {
    /// What it is, a word of ours.
    pub name: String,
    /// What it will be.
    pub value: String,
    /// What it was, where the call changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
}

/// A body as it will go out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectBody {
    /// Whether the text is HTML.
    pub html: bool,
    /// The text.
    pub text: String,
    /// What it was, where the call changes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<String>,
}

/// A file that goes along.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EffectFile {
    /// Its name.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// SHA-256 of its bytes, lower-case hex; what else tells one version from another where the bytes were not read.
    pub digest: String,
    /// What it says, where it could be read: for data loss prevention alone, neither kept nor shown.
    #[serde(skip)]
    pub text: Option<String>,
}

/// What one call will really do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ResolvedEffect {
    /// The mailbox, team or drive acted on, as in [`Reach::target`].
    pub target: String,
    /// Whether others use what is acted on too.
    pub shared: bool,
    /// What it does to the world, where that is something else than what its row does: a move that throws away, an event to
    /// which nobody is invited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<Effect>,
    /// Whom it reaches.
    pub recipients: Vec<Recipient>,
    /// What else a person should see, in this order.
    pub facts: Vec<Fact>,
    /// The body that goes out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<EffectBody>,
    /// The files that go along.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<EffectFile>,
    /// The version of what is acted on: its change key or entity tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Path or name of the folder acted on, for rules about folders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub folder: Option<String>,
}

impl ResolvedEffect {
    /// What the arguments alone say.
    #[must_use]
    pub fn of(reach: Reach, role: Role) -> Self {
        let Reach { recipients, target, shared } = reach;
        let recipients = recipients.into_iter().map(|address| Recipient::at(address, role)).collect();
        Self { target, shared, recipients, ..Self::default() }
    }

    /// Whom it reaches, for the record.
    #[must_use]
    pub fn reach(&self) -> Reach {
        Reach { recipients: self.addresses(), target: self.target.clone(), shared: self.shared }
    }

    /// The same with one more thing to see.
    #[must_use]
    pub fn with_fact(mut self, name: &str, value: impl Into<String>) -> Self {
        self.facts.push(Fact { name: name.to_owned(), value: value.into(), was: None });
        self
    }

    /// The same with a body.
    #[must_use]
    pub fn with_body(mut self, text: impl Into<String>, html: bool) -> Self {
        self.body = Some(EffectBody { html, text: text.into(), was: None });
        self
    }

    /// How many bytes go out: body, files and facts.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let facts: usize = self.facts.iter().map(|fact| fact.value.len()).sum();
        let body = self.body.as_ref().map_or(0, |body| body.text.len());
        let files: u64 = self.files.iter().map(|file| file.size).sum();
        files.saturating_add((facts + body) as u64)
    }

    /// The addresses, for records and limits.
    #[must_use]
    pub fn addresses(&self) -> Vec<Email> {
        self.recipients.iter().filter_map(|recipient| recipient.address.clone()).collect()
    }

    /// Who hears of it, as rules count.
    #[must_use]
    pub fn audience(&self, internal: &InternalDomains) -> Audience {
        let mut audience = Audience::default();
        for recipient in &self.recipients {
            let (total, outside) =
                recipient.members.map_or((1, 0), |members| (members.total, members.outside));
            audience.count = audience.count.saturating_add(total.max(1));
            match internal.standing(recipient) {
                Standing::Inside => {}
                Standing::Outside => audience.outside = audience.outside.saturating_add(outside.max(1)),
                Standing::Unknown => audience.unknown = audience.unknown.saturating_add(1),
            }
            audience.domains.extend(recipient.address.as_ref().map(|address| address.domain().to_owned()));
        }
        // A place that others use too, of which nobody said who they are.
        if self.shared && self.recipients.is_empty() {
            (audience.count, audience.unknown) = (1, 1);
        }
        audience
    }
}

/// Who hears of a call, as rules count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Everybody, members of lists included.
    pub count: u32,
    /// Those outside the organisation.
    pub outside: u32,
    /// Those of whom nobody could say.
    pub unknown: u32,
    /// The domains of the addresses.
    pub domains: BTreeSet<String>,
}

/// The domains of the organisation (`INTERNAL_DOMAINS`): exactly these, no domain below them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InternalDomains(BTreeSet<String>);

impl InternalDomains {
    /// These domains, in lower case.
    pub fn new(domains: impl IntoIterator<Item = String>) -> Self {
        Self(domains.into_iter().map(|domain| domain.to_ascii_lowercase()).collect())
    }

    /// The domains.
    pub fn domains(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether an address is one of the organisation.
    #[must_use]
    pub fn holds(&self, address: &Email) -> bool {
        // A guest is outside though the directory gives them an address of ours (Entra, user principal names of guests).
        self.0.contains(address.domain()) && !address.as_str().contains("#ext#")
    }

    /// Where a recipient stands: an address elsewhere is outside whatever Graph says, one of ours may be a list with
    /// members anywhere and so is where Graph says, and a list is where its outermost member is.
    #[must_use]
    pub fn standing(&self, recipient: &Recipient) -> Standing {
        let foreign = recipient.address.as_ref().is_some_and(|address| !self.holds(address));
        let leaks = recipient.members.is_some_and(|members| members.outside > 0);
        if foreign || leaks { Standing::Outside } else { recipient.said }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn internal() -> InternalDomains {
        InternalDomains::new(["Contoso.Example".to_owned()])
    }

    fn to(address: &str) -> Recipient {
        Recipient::at(Email::parse(address).unwrap(), Role::To)
    }

    #[test]
    fn a_recipient_stands_where_the_outermost_of_what_is_known_says() {
        let list =
            |outside| Recipient { members: Some(Members { total: 9, outside }), ..to("all@contoso.example") };
        for (recipient, standing) in [
            (to("a@contoso.example"), Standing::Unknown),
            (Recipient { said: Standing::Inside, ..to("a@contoso.example") }, Standing::Inside),
            (Recipient { said: Standing::Inside, ..to("a@CONTOSO.example") }, Standing::Inside),
            (to("a@sub.contoso.example"), Standing::Outside),
            (to("a@contoso.example.attacker.example"), Standing::Outside),
            (to("a@contos0.example"), Standing::Outside),
            (
                Recipient { said: Standing::Inside, ..to("g_fabrikam.example#EXT#@contoso.example") },
                Standing::Outside,
            ),
            (Recipient { said: Standing::Inside, ..to("a@attacker.example") }, Standing::Outside),
            (Recipient { said: Standing::Outside, ..to("a@contoso.example") }, Standing::Outside),
            (list(0), Standing::Unknown),
            (list(1), Standing::Outside),
            (Recipient::everybody("team", Role::Member, Standing::Inside), Standing::Inside),
            (Recipient::everybody("team", Role::Member, Standing::Unknown), Standing::Unknown),
        ] {
            assert_eq!(internal().standing(&recipient), standing, "{recipient:?}");
        }
    }

    #[test]
    fn an_audience_counts_members_and_says_how_many_are_outside() {
        let list =
            Recipient { members: Some(Members { total: 40, outside: 3 }), ..to("all@contoso.example") };
        let colleague = Recipient { said: Standing::Inside, ..to("a@contoso.example") };
        let recipients = vec![colleague, to("b@attacker.example"), list];
        let effect = ResolvedEffect { recipients, ..ResolvedEffect::default() };
        let audience = effect.audience(&internal());
        assert_eq!((audience.count, audience.outside, audience.unknown), (42, 4, 0));
        assert_eq!(audience.domains.len(), 2);
        assert_eq!(ResolvedEffect::default().audience(&internal()), Audience::default());
    }

    #[test]
    fn with_no_domain_listed_everybody_is_outside() {
        assert_eq!(InternalDomains::default().standing(&to("a@contoso.example")), Standing::Outside);
    }
}
