//! The Cedar schema, made of the tool table: policies are checked against the actions there really are.
//!
//! Invariant: an action of the schema applies to the kinds of resources that [`kind_of`] can give for its row, and to no
//! other, so that a policy which the validator finds impossible is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use m365_types::{ActionSpec, Effect};

use crate::error::PolicyError;

/// The namespace of every name.
pub(crate) const NAMESPACE: &str = "M365";

/// Rows that belong together, by the first part of their audit kind.
#[derive(Debug)]
pub(crate) struct Family {
    /// The first part of the audit kind.
    audit: &'static str,
    /// The action group.
    pub(crate) name: &'static str,
    /// What its rows act on: the first where a target says nothing else.
    kinds: &'static [Kind],
}

/// What a target of a certain beginning is.
#[derive(Debug)]
struct Kind {
    name: &'static str,
    begins: &'static str,
}

const fn kind(name: &'static str, begins: &'static str) -> Kind {
    Kind { name, begins }
}

const fn family(audit: &'static str, name: &'static str, kinds: &'static [Kind]) -> Family {
    Family { audit, name, kinds }
}

const CALENDAR: &[Kind] = &[kind("Calendar", "")];
const CHAT: &[Kind] = &[kind("Chat", "")];
const DIRECTORY: &[Kind] = &[kind("Directory", "")];
const FILES: &[Kind] = &[kind("Drive", ""), kind("Site", "sites")];
const MAILBOX: &[Kind] = &[kind("Mailbox", "")];
const MEETING: &[Kind] = &[kind("Meeting", "")];
const SEARCH: &[Kind] = &[kind("Search", "")];
const SESSION: &[Kind] = &[kind("Session", "")];
const SITES: &[Kind] = &[kind("Site", "")];
const TASKS: &[Kind] = &[kind("List", ""), kind("Plan", "planner/")];
const TEAM: &[Kind] = &[kind("Team", "")];

/// Every family, by audit kind.
const FAMILIES: &[Family] = &[
    family("availability", "calendar", CALENDAR),
    family("calendar", "calendar", CALENDAR),
    family("channel", "teams", TEAM),
    family("channels", "teams", TEAM),
    family("chat", "chats", CHAT),
    family("directory", "people", DIRECTORY),
    family("files", "files", FILES),
    family("mail", "mail", MAILBOX),
    family("mailbox", "mail", MAILBOX),
    family("meeting", "meetings", MEETING),
    family("people", "people", DIRECTORY),
    family("places", "people", DIRECTORY),
    family("presence", "people", DIRECTORY),
    family("profile", "people", DIRECTORY),
    family("search", "search-all", SEARCH),
    family("session", "session", SESSION),
    family("sites", "files", SITES),
    family("tasks", "tasks", TASKS),
    family("teams", "teams", TEAM),
    family("transcript", "meetings", MEETING),
];

/// The types of what an attribute or the context holds, the same for every action.
const TYPES: &str = r#"  // A person who signed in through Cloudflare Access; the id is the e-mail address in lower case.
  entity Person in [Group] { email: String, domain: String };
  // A group as the identity provider names it in the assertion.
  entity Group;
  // A service token of Cloudflare Access; the id is its client id.
  entity Service;

  // Whom the call reaches. `count`: everybody, members of lists included. `unknown`: of whom nobody could say.
  type Recipients = { count: Long, outside: Long, unknown: Long, domains: Set<String> };
  // What Access says of the sign-in: country (ISO 3166-1), methods (RFC 8176) and class; empty where it says nothing.
  type Posture = { country: String, methods: Set<String>, context: String };
  // UTC. `weekday`: 1 is Monday. `day`: days since 1970-01-01.
  type Time = { hour: Long, minute: Long, weekday: Long, day: Long };
  type Call = {
    // "read", "write", "send" or "destroy": what the call does, where a change to what others use too is "send".
    effect: String,
    // Whether anybody but the person hears of it.
    reaches: Bool,
    recipients: Recipients,
    // "untrusted", "confidential": what stands against the person's calls.
    labels: Set<String>,
    // Bytes that go out: body, files and facts.
    size: Long,
    // Files that go along.
    files: Long,
    // The registered client, empty where Access authorizes clients.
    client: String,
    posture: Posture,
    time: Time,
    // "read-only", "standard" or "full".
    profile: String,
    // Asked with false first: what is permitted only with true waits for the person's yes.
    approved: Bool,
    // Whether the yes came from somebody else than the person.
    secondPerson: Bool,
  };
"#;

const TARGET: &str = r#"  // What is acted on. `id`: the target as in the journal, `me` for the person's own. `owner`: "self", "other" or "group".
  // `shared`: others use it too. `internal`: nothing is known that speaks against it being in the organisation.
  // `folder`: path or name, empty where there is none.
"#;

/// The family of a row.
pub(crate) fn family_of(action: &ActionSpec) -> Option<&'static Family> {
    let audit = action.audit.as_str().split('.').next().unwrap_or_default();
    FAMILIES.iter().find(|family| family.audit == audit)
}

/// The entity type of a target of this family.
pub(crate) fn kind_of(family: &'static Family, target: &str) -> &'static str {
    let fits = |kind: &&Kind| !kind.begins.is_empty() && target.starts_with(kind.begins);
    let found = family.kinds.iter().find(fits).or_else(|| family.kinds.first());
    found.map_or("Session", |kind| kind.name)
}

/// The kinds of resources that rows of a family act on.
pub(crate) fn kinds_of(family: &'static Family) -> impl Iterator<Item = &'static str> {
    family.kinds.iter().map(|kind| kind.name)
}

/// The schema of these rows, in Cedar's own form.
///
/// # Errors
/// [`PolicyError::Row`] for a row without a family or with the name of a group.
pub fn schema_text(rows: &[&'static ActionSpec]) -> Result<String, PolicyError> {
    let kinds: BTreeSet<&str> = FAMILIES.iter().flat_map(kinds_of).collect();
    let groups: BTreeSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
    let mut text = format!("namespace {NAMESPACE} {{\n{TYPES}\n");
    // Writing to a `String` cannot fail.
    text.push_str(TARGET);
    let _ = writeln!(
        text,
        "  entity {} = {{ id: String, owner: String, shared: Bool, internal: Bool, folder: String }};",
        kinds.into_iter().collect::<Vec<_>>().join(", ")
    );
    text.push_str("\n  // What a row does to the world, before what it acts on is looked at.\n");
    for effect in Effect::ALL {
        let _ = writeln!(text, "  action \"{}\";", effect.as_str());
    }
    text.push_str("  // Rows that belong together.\n");
    for group in &groups {
        let _ = writeln!(text, "  action \"{group}\";");
    }
    text.push_str("  // The rows of the table.\n");
    for row in rows {
        let family = family_of(row).ok_or_else(|| PolicyError::Row(row.name.to_owned()))?;
        if groups.contains(row.name) || Effect::ALL.iter().any(|effect| effect.as_str() == row.name) {
            return Err(PolicyError::Row(row.name.to_owned()));
        }
        let kinds: Vec<_> = kinds_of(family).collect();
        let _ = writeln!(
            text,
            "  action \"{}\" in [\"{}\", \"{}\"]\n    appliesTo {{ principal: [Person, Service], resource: [{}], context: Call }};",
            row.name,
            row.effect.as_str(),
            family.name,
            kinds.join(", ")
        );
    }
    text.push_str("}\n");
    Ok(text)
}
