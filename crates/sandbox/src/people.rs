//! The people of the simulated tenant: one register for Access, Entra and Graph.
//!
//! Ids derive from the e-mail address by SHA-256, so that a restart, or another estate, gives the same person the
//! same ids. Invariant: e-mail addresses are kept and compared in lower case; no two people share one.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// The verified domain of the simulated tenant.
pub const TENANT_NAME: &str = "contoso.example";

/// One person: an Access identity, an Entra account and a mailbox.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent property of the person")]
pub struct Person {
    /// E-mail address and user principal name, in lower case.
    pub email: String,
    /// Name for people to read.
    pub display_name: String,
    /// Entra object id (UUID), which is also the Graph `id`.
    pub oid: String,
    /// Access subject (UUID).
    pub access_subject: String,
    /// Names of the groups this person is in.
    pub groups: Vec<String>,
    /// Whether this is a guest of the tenant.
    pub guest: bool,
    /// Domain this person belongs to, in lower case.
    pub domain: String,
    /// E-mail address of the Microsoft account that Entra signs in for this person; `None`: their own.
    pub microsoft: Option<String>,
    /// Whether this person may consent; `false`: Entra asks for an administrator (AADSTS90094).
    pub consent: bool,
    /// Whether an administrator has consented for this person to what only an administrator can grant.
    #[serde(default = "yes")]
    pub admin_consent: bool,
    /// E-mail addresses, in lower case, of those who may open this person's mailbox and calendar.
    #[serde(default)]
    pub delegates: Vec<String>,
    /// E-mail address, in lower case, of whom this person reports to.
    #[serde(default)]
    pub manager: Option<String>,
    /// Whether it is a shared mailbox, which everybody of the tenant may open and nobody signs in to.
    #[serde(default)]
    pub shared: bool,
    /// What applications may read of transcripts.
    #[serde(default)]
    pub transcripts: Transcripts,
}

/// The tenant's setting for transcripts (`EnableGraphTranscriptAccess` and speaker attribution).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Transcripts {
    /// Everything.
    #[default]
    On,
    /// Nothing, as Microsoft delivers it.
    Off,
    /// The words without the names of those who said them.
    Unattributed,
}

const fn yes() -> bool {
    true
}

/// The shared mailbox of the tenant.
pub const SHARED_MAILBOX: &str = "support@contoso.example";

/// The shared mailbox with this address, or object id, in any letter case.
#[must_use]
pub fn shared_mailbox(named: &str) -> Option<Arc<Person>> {
    let mailbox = Person { shared: true, ..Person::named("Contoso Support", SHARED_MAILBOX) };
    let is_it = named.eq_ignore_ascii_case(SHARED_MAILBOX) || named == mailbox.oid;
    is_it.then(|| Arc::new(mailbox))
}

impl Person {
    /// Somebody of the tenant with nothing particular about them.
    fn named(display_name: &str, email: &str) -> Self {
        Self {
            oid: derived_id("entra oid", email),
            access_subject: derived_id("access subject", email),
            display_name: display_name.to_owned(),
            groups: Vec::new(),
            guest: false,
            domain: TENANT_NAME.to_owned(),
            microsoft: None,
            consent: true,
            admin_consent: true,
            delegates: Vec::new(),
            manager: None,
            shared: false,
            transcripts: Transcripts::On,
            email: email.to_owned(),
        }
    }

    /// Whether this mailbox may be opened by somebody.
    #[must_use]
    pub fn admits(&self, somebody: &Self) -> bool {
        self.oid == somebody.oid || self.shared && !somebody.guest || self.delegates.contains(&somebody.email)
    }
}

/// What to change about a person, or how to add one; a field left out keeps its value or takes the default.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PersonEntry {
    /// E-mail address; the key.
    pub email: String,
    /// Name for people to read; made from the address when left out.
    pub display_name: Option<String>,
    /// Domain; that of the address when left out.
    pub domain: Option<String>,
    /// Group names.
    pub groups: Option<Vec<String>>,
    /// Whether this is a guest.
    pub guest: Option<bool>,
    /// The Microsoft account to sign in instead; the person's own address ends that.
    pub microsoft: Option<String>,
    /// Whether this person may consent.
    pub consent: Option<bool>,
    /// Whether an administrator has consented for this person.
    pub admin_consent: Option<bool>,
    /// Who may open this person's mailbox and calendar.
    pub delegates: Option<Vec<String>>,
    /// Whom this person reports to.
    pub manager: Option<String>,
    /// What applications may read of transcripts.
    pub transcripts: Option<Transcripts>,
}

/// Why a person was not added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PersonRefused {
    /// The address is not an address.
    #[error("\"{0}\" is not an e-mail address: write it as name@domain, without spaces.")]
    Address(String),
    /// The Microsoft account does not exist.
    #[error("There is no person \"{0}\" to sign in as: add that person first.")]
    UnknownMicrosoftAccount(String),
}

#[derive(Debug, Default)]
struct Register {
    by_email: BTreeMap<String, Arc<Person>>,
    by_oid: BTreeMap<String, Arc<Person>>,
}

/// The register of people.
#[derive(Debug, Default)]
pub struct People {
    register: RwLock<Register>,
}

impl People {
    /// The register at the first start: Alex, Blair, and Morgan who is operator and auditor.
    #[must_use]
    pub fn at_first_start() -> Self {
        let people = Self::default();
        for (name, groups) in [
            ("Alex Wilber", &[][..]),
            ("Blair Stone", &[]),
            ("Morgan Reed", &["m365-operators", "m365-auditors"]),
        ] {
            let first = name.split(' ').next().unwrap_or(name).to_lowercase();
            let email = format!("{first}@{TENANT_NAME}");
            let groups = groups.iter().map(|&group| group.to_owned()).collect();
            people.insert(Person { groups, ..Person::named(name, &email) });
        }
        people
    }

    /// The register as it was saved.
    #[must_use]
    pub fn restored(saved: Vec<Person>) -> Self {
        let people = Self::default();
        for person in saved {
            people.insert(person);
        }
        people
    }

    /// The person with this e-mail address, in any letter case.
    #[must_use]
    pub fn find(&self, email: &str) -> Option<Arc<Person>> {
        let register = self.register.read().unwrap_or_else(PoisonError::into_inner);
        register.by_email.get(&email.to_lowercase()).cloned()
    }

    /// The person with this Entra object id.
    #[must_use]
    pub fn find_oid(&self, oid: &str) -> Option<Arc<Person>> {
        let register = self.register.read().unwrap_or_else(PoisonError::into_inner);
        register.by_oid.get(oid).cloned()
    }

    /// Everybody, by e-mail address.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Person>> {
        let register = self.register.read().unwrap_or_else(PoisonError::into_inner);
        register.by_email.values().cloned().collect()
    }

    /// Adds a person, or changes the named fields of one.
    ///
    /// # Errors
    /// [`PersonRefused`] when the address is not one, or the Microsoft account is nobody.
    pub fn add(&self, entry: PersonEntry) -> Result<Arc<Person>, PersonRefused> {
        let email = entry.email.to_lowercase();
        let domain_of_address = parse_domain(&email)?.to_owned();
        let known = self.find(&email);
        let microsoft = match entry.microsoft.map(|account| account.to_lowercase()) {
            Some(account) if account == email => None,
            Some(account) => match self.find(&account) {
                Some(_) => Some(account),
                None => return Err(PersonRefused::UnknownMicrosoftAccount(account)),
            },
            None => known.as_ref().and_then(|person| person.microsoft.clone()),
        };
        let known = known.as_deref();
        let guest = entry.guest.or(known.map(|person| person.guest)).unwrap_or(false);
        Ok(self.insert(Person {
            oid: derived_id("entra oid", &email),
            access_subject: derived_id("access subject", &email),
            display_name: entry
                .display_name
                .or_else(|| known.map(|person| person.display_name.clone()))
                .unwrap_or_else(|| name_from_address(&email)),
            groups: entry.groups.or_else(|| known.map(|person| person.groups.clone())).unwrap_or_default(),
            guest,
            domain: entry
                .domain
                .map(|domain| domain.to_lowercase())
                .or_else(|| known.map(|person| person.domain.clone()))
                .unwrap_or(domain_of_address),
            microsoft,
            consent: entry.consent.or(known.map(|person| person.consent)).unwrap_or(true),
            admin_consent: entry.admin_consent.or(known.map(|person| person.admin_consent)).unwrap_or(true),
            delegates: entry
                .delegates
                .map(|delegates| delegates.iter().map(|delegate| delegate.to_lowercase()).collect())
                .or_else(|| known.map(|person| person.delegates.clone()))
                .unwrap_or_default(),
            manager: entry
                .manager
                .map(|manager| manager.to_lowercase())
                .or_else(|| known.and_then(|person| person.manager.clone())),
            shared: false,
            transcripts: entry.transcripts.or(known.map(|person| person.transcripts)).unwrap_or_default(),
            email,
        }))
    }

    fn insert(&self, person: Person) -> Arc<Person> {
        let person = Arc::new(person);
        let mut register = self.register.write().unwrap_or_else(PoisonError::into_inner);
        register.by_oid.insert(person.oid.clone(), Arc::clone(&person));
        register.by_email.insert(person.email.clone(), Arc::clone(&person));
        person
    }
}

/// A UUID that depends only on `purpose` and `email`.
#[must_use]
pub fn derived_id(purpose: &str, email: &str) -> String {
    let digest = Sha256::digest(format!("m365-sandbox/{purpose}/{email}"));
    let mut first = [0_u8; 16];
    for (byte, digested) in first.iter_mut().zip(digest.iter()) {
        *byte = *digested;
    }
    uuid::Builder::from_random_bytes(first).into_uuid().to_string()
}

fn parse_domain(email: &str) -> Result<&str, PersonRefused> {
    let refused = || PersonRefused::Address(email.chars().take(80).collect());
    let (local, domain) = email.split_once('@').ok_or_else(refused)?;
    let plain = |text: &str| {
        !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "._-+'#".contains(c))
    };
    if email.len() <= 254 && plain(local) && plain(domain) { Ok(domain) } else { Err(refused()) }
}

fn name_from_address(email: &str) -> String {
    let local = email.split('@').next().unwrap_or(email);
    let words = local.split(['.', '_', '-', '+']).filter(|word| !word.is_empty());
    let capitalised = words.map(|word| {
        let mut letters = word.chars();
        letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
    });
    capitalised.collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(email: &str) -> PersonEntry {
        PersonEntry { email: email.to_owned(), ..PersonEntry::default() }
    }

    #[test]
    fn the_first_three_people_have_ids_that_depend_on_their_address_only() {
        let (one, other) = (People::at_first_start(), People::at_first_start());
        assert_eq!(one.all(), other.all());
        assert_eq!(one.all().len(), 3);
        let morgan = one.find("Morgan@Contoso.example").expect("morgan is known in any letter case");
        assert_eq!(morgan.groups, ["m365-operators", "m365-auditors"]);
        assert_ne!(morgan.oid, morgan.access_subject);
        assert_eq!(one.find_oid(&morgan.oid), Some(morgan));
    }

    #[test]
    fn changing_one_field_keeps_the_others() {
        let people = People::at_first_start();
        let before = people.find("morgan@contoso.example").expect("morgan");
        let change = PersonEntry { consent: Some(false), ..entry("morgan@contoso.example") };
        let after = people.add(change).expect("changed");
        assert_eq!((after.groups.clone(), after.oid.clone()), (before.groups.clone(), before.oid.clone()));
        assert!(!after.consent);
    }

    #[test]
    fn a_new_person_gets_a_name_and_a_domain_from_the_address() {
        let person = People::default().add(entry("kim.lee@fabrikam.example")).expect("added");
        assert_eq!((person.display_name.as_str(), person.domain.as_str()), ("Kim Lee", "fabrikam.example"));
    }

    #[test]
    fn an_address_that_is_none_is_refused() {
        for email in
            ["", "kim", "@contoso.example", "kim@", "kim@a@b", "kim lee@contoso.example", "k\u{0}@c.example"]
        {
            let refused = People::default().add(entry(email));
            assert!(matches!(refused, Err(PersonRefused::Address(_))), "{email}");
        }
    }

    #[test]
    fn the_microsoft_account_of_a_person_must_be_somebody() {
        let people = People::at_first_start();
        let as_other = |account: &str| PersonEntry {
            microsoft: Some(account.to_owned()),
            ..entry("alex@contoso.example")
        };
        assert!(people.add(as_other("nobody@contoso.example")).is_err());
        let alex = people.add(as_other("blair@contoso.example")).expect("known");
        assert_eq!(alex.microsoft.as_deref(), Some("blair@contoso.example"));
        let alex = people.add(as_other("alex@contoso.example")).expect("own account");
        assert_eq!(alex.microsoft, None);
    }
}
