//! Cases for a policy set as plain text, one a line: who asks for what, and how that must end.
//!
//! ```text
//! inside contoso.example
//! # Words of strangers stand, and Sam is not one of us.
//! alex@contoso.example sendEmail to=sam@fabrikam.example labels=untrusted => approval approval.outside,approval.untrusted
//! ```

use std::collections::BTreeSet;

use m365_types::{
    AccessSubject, ActionSpec, ClientId, EffectFile, Email, Identity, InternalDomains, Label, Labels,
    Members, Person, Posture, Profile, Recipient, ResolvedEffect, Role, Service, Standing, Toolset,
    UnixMillis,
};

use crate::explain::{Explanation, Outcome, explain};
use crate::facts::Facts;
use crate::{Frame, Policies};

/// Most people of one list in a case.
const PEOPLE_MAX: u32 = 1_000_000;
/// When a case is asked that does not say: a Wednesday morning.
const USUAL_TIME: &str = "2026-07-01T09:30Z";

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// Its line, counted from 1.
    pub line: usize,
    /// The line as it is written, without what must come out.
    pub text: String,
    /// What must come out: how it ends, and the policies that decide that where it says so.
    pub expected: Option<(Outcome, Option<String>)>,
    identity: Identity,
    client: Option<ClientId>,
    action: &'static ActionSpec,
    effect: ResolvedEffect,
    labels: Labels,
    now: UnixMillis,
    frame: Frame,
}

/// The cases of one text.
#[derive(Clone, Debug, Default)]
pub struct Cases(pub Vec<Case>);

/// A line that is no case.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct CaseError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl Cases {
    /// Reads a text. Empty lines and those that begin with `#` are left out; `inside DOMAIN…` says which domains are the
    /// organisation's in the lines below it.
    ///
    /// # Errors
    /// The first [`CaseError`].
    pub fn parse(text: &str, rows: &[&'static ActionSpec]) -> Result<Self, CaseError> {
        let mut internal = InternalDomains::default();
        let mut cases = Vec::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            if let Some(domains) = text.strip_prefix("inside ") {
                internal = InternalDomains::new(domains.split_whitespace().map(str::to_owned));
            } else if !text.is_empty() && !text.starts_with('#') {
                let case =
                    parse_case(text, rows, &internal).map_err(|problem| CaseError { line, problem })?;
                cases.push(Case { line, ..case });
            }
        }
        Ok(Self(cases))
    }
}

impl Case {
    /// What the set says to it.
    #[must_use]
    pub fn explain(&self, policies: &Policies) -> Explanation {
        let policies = policies.in_frame(self.frame.clone());
        explain(&policies, &self.facts())
    }

    /// What comes out, where that is not what must.
    #[must_use]
    pub fn failure(&self, policies: &Policies) -> Option<String> {
        let (outcome, basis) = self.expected.as_ref()?;
        let got = self.explain(policies);
        let same = got.outcome == *outcome && basis.as_ref().is_none_or(|basis| *basis == got.basis);
        (!same).then(|| format!("{} {}", got.outcome.as_str(), got.basis))
    }

    /// What a decision on it looks at.
    #[must_use]
    pub const fn facts(&self) -> Facts<'_> {
        Facts {
            identity: &self.identity,
            client: self.client.as_ref(),
            action: self.action,
            effect: &self.effect,
            labels: self.labels,
            now: self.now,
        }
    }
}

/// Reads one case: `WHO ACTION [name=value]… [=> OUTCOME [POLICIES]]`.
///
/// # Errors
/// A sentence.
pub fn parse_case(
    text: &str,
    rows: &[&'static ActionSpec],
    internal: &InternalDomains,
) -> Result<Case, String> {
    let (question, expected) = match text.split_once("=>") {
        Some((question, expected)) => (question.trim(), Some(outcome(expected)?)),
        None => (text.trim(), None),
    };
    let words = words(question)?;
    let [who, action, rest @ ..] = words.as_slice() else {
        return Err("a case is who asks and for which action, for example `alex@contoso.example sendEmail to=sam@fabrikam.example`".to_owned());
    };
    let row = rows.iter().find(|row| row.name == action);
    let row = row.ok_or_else(|| format!("there is no action `{action}`"))?;
    let frame = Frame { toolset: Toolset::of(Profile::Full), internal: internal.clone() };
    let effect = ResolvedEffect { target: "me".to_owned(), ..ResolvedEffect::default() };
    let mut case = Case {
        line: 1,
        text: question.to_owned(),
        expected,
        identity: identity(who)?,
        client: None,
        action: row,
        effect,
        labels: Labels::NONE,
        now: instant(USUAL_TIME)?,
        frame,
    };
    for word in rest {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        case.set(name, value).map_err(|problem| format!("`{word}`: {problem}"))?;
    }
    Ok(case)
}

impl Case {
    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        match name {
            "to" => self.add(value, Standing::Inside)?,
            "unsure" => self.add(value, Standing::Unknown)?,
            "people" => self.effect.recipients.push(people(value)?),
            "labels" => self.labels = labels(value)?,
            "target" => value.clone_into(&mut self.effect.target),
            "folder" => self.effect.folder = Some(value.to_owned()),
            "shared" => self.effect.shared = true,
            "size" => self.resize(number(value)?),
            "files" => {
                let count: usize = number(value)?;
                self.effect.files.resize(count.min(1_000), file());
            }
            "profile" => {
                let profile = Profile::parse(value).ok_or("say `read-only`, `standard` or `full`")?;
                self.frame.toolset.profile = profile;
            }
            "client" => self.client = Some(ClientId::parse(value).map_err(|_| "not the id of a client")?),
            "at" => self.now = instant(value)?,
            "groups" | "country" | "methods" | "context" => self.describe(name, value)?,
            _ => return Err("say to, unsure, people, labels, target, folder, shared, size, files, profile, client, at, groups, country, methods or context".to_owned()),
        }
        Ok(())
    }

    /// Addresses; those of the organisation stand as said.
    fn add(&mut self, addresses: &str, said: Standing) -> Result<(), String> {
        for address in list(addresses) {
            let address = Email::parse(&address).map_err(|_| format!("`{address}` is not an address"))?;
            self.effect.recipients.push(Recipient { said, ..Recipient::at(address, Role::To) });
        }
        Ok(())
    }

    fn describe(&mut self, name: &str, value: &str) -> Result<(), String> {
        let Identity::Person(person) = &mut self.identity else {
            return Err("a service has none".to_owned());
        };
        match name {
            "groups" => person.groups = list(value).collect(),
            "country" => person.posture.country = Some(value.to_owned()),
            "methods" => person.posture.methods = list(value).collect(),
            _ => person.posture.context = Some(value.to_owned()),
        }
        Ok(())
    }

    /// Where the bytes are does not matter to a policy.
    fn resize(&mut self, size: u64) {
        match self.effect.files.first_mut() {
            Some(first) => first.size = size,
            None => self.effect.files.push(EffectFile { size, ..file() }),
        }
    }
}

/// Words between blanks; a value with blanks stands in double quotes.
fn words(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            c if c.is_whitespace() && !quoted => words.extend(Some(std::mem::take(&mut word))),
            c => word.push(c),
        }
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    if quoted { Err("a quotation mark is not closed".to_owned()) } else { Ok(words) }
}

fn outcome(text: &str) -> Result<(Outcome, Option<String>), String> {
    let mut words = text.split_whitespace();
    let word = words.next().unwrap_or_default();
    let known = Outcome::ALL.iter().find(|outcome| outcome.as_str() == word);
    let outcome = known.ok_or("after `=>` comes permit, approval, second-person, deny or error")?;
    let basis = words.next().map(|basis| basis.split(',').collect::<BTreeSet<_>>());
    match words.next() {
        Some(word) => Err(format!("`{word}` is too much; several policies are joined by commas")),
        None => Ok((*outcome, basis.map(|basis| basis.into_iter().collect::<Vec<_>>().join(",")))),
    }
}

fn identity(who: &str) -> Result<Identity, String> {
    if let Some(name) = who.strip_prefix("service:") {
        let client_id = AccessSubject::parse(name).map_err(|_| format!("`{name}` is not a service token"))?;
        return Ok(Identity::Service(Service { client_id }));
    }
    let no_one = || format!("`{who}` is neither an address nor `service:NAME`");
    Ok(Identity::Person(Person {
        subject: AccessSubject::parse("case").map_err(|_| no_one())?,
        email: Email::parse(who).map_err(|_| no_one())?,
        oid: None,
        groups: Vec::new(),
        posture: Posture::default(),
    }))
}

fn labels(value: &str) -> Result<Labels, String> {
    list(value)
        .map(|word| Label::parse(&word).ok_or_else(|| "labels are `untrusted` and `confidential`".to_owned()))
        .collect()
}

/// `60` people inside, or `60/3` of whom three are outside.
fn people(value: &str) -> Result<Recipient, String> {
    let (total, outside) = value.split_once('/').unwrap_or((value, "0"));
    let (total, outside) = (number::<u32>(total)?.min(PEOPLE_MAX), number::<u32>(outside)?);
    let members = Some(Members { total, outside: outside.min(total) });
    Ok(Recipient { members, ..Recipient::everybody("people", Role::Member, Standing::Inside) })
}

fn file() -> EffectFile {
    EffectFile { name: "file".to_owned(), size: 0, digest: String::new() }
}

fn list(value: &str) -> impl Iterator<Item = String> {
    value.split(',').filter(|part| !part.is_empty()).map(str::to_owned)
}

fn number<T: std::str::FromStr>(value: &str) -> Result<T, String> {
    value.parse().map_err(|_| "a number is needed".to_owned())
}

fn instant(value: &str) -> Result<UnixMillis, String> {
    let instant: jiff::Timestamp =
        value.parse().map_err(|_| format!("`{value}` is not an instant such as `{USUAL_TIME}`"))?;
    Ok(UnixMillis::from_millis(u64::try_from(instant.as_millisecond()).unwrap_or_default()))
}

#[cfg(test)]
#[path = "cases_tests.rs"]
mod tests;
