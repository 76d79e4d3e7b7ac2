//! `GET /me`, `GET /me/people`, `GET /me/people/{id}` and `GET /me/contacts`.
//!
//! Source: Graph's user, person and contact resources. People come by relevance, without names inside the scored
//! addresses, and cannot be skipped through; `$search` looks at names and addresses.

use serde_json::{Map, Value};

use super::call::{Answer, Call};
use super::errors::{GraphError, Workload};
use super::kql;
use super::odata::next_link;
use super::seed;
use super::view::{Page, View};

const PAGE: usize = 10;
/// Properties of a user that come without `$select`.
pub(super) const DEFAULT_USER: [&str; 11] = [
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
];

/// `GET /me`.
pub(super) fn me(call: &Call<'_>) -> Answer {
    let default: Vec<String> = DEFAULT_USER.map(str::to_owned).to_vec();
    let fields = seed::user(&call.mailbox.owner);
    let selected = call.select().map(|names| format!("({})", names.join(","))).unwrap_or_default();
    let context = format!("https://graph.microsoft.com/v1.0/$metadata#users{selected}/$entity");
    Answer::json(200, &View::new(&fields, Some(call.select().unwrap_or(&default))).context(context))
}

/// `GET /me/people`.
pub(super) fn people(call: &Call<'_>) -> Result<Answer, GraphError> {
    let wanted =
        call.options.search.as_deref().map(kql::unquote).transpose()?.map(|text| text.to_lowercase());
    let content = call.mailbox.read();
    let mut found: Vec<&Map<String, Value>> = content
        .people
        .iter()
        .filter(|person| call.options.filter.passes(person))
        .filter(|person| wanted.as_deref().is_none_or(|text| is_named(person, text)))
        .collect();
    call.options.sort(&mut found, |person| person);
    let (range, _) = call.options.page(found.len(), PAGE);
    let list = Page {
        context: call.context("people"),
        count: None,
        value: found
            .get(range)
            .unwrap_or_default()
            .iter()
            .map(|person| View::new(person, call.select()))
            .collect(),
        next: None,
    };
    Ok(Answer::json(200, &list))
}

/// `GET /me/people/{id}`.
pub(super) fn person(call: &Call<'_>) -> Result<Answer, GraphError> {
    let wanted = call.id(0);
    let content = call.mailbox.read();
    let found = content.people.iter().find(|person| person.get("id").and_then(Value::as_str) == Some(wanted));
    let person = found.ok_or_else(|| nobody(wanted))?;
    let view = View::new(person, call.select()).context(call.context("people") + "/$entity");
    Ok(Answer::json(200, &view))
}

/// `GET /me/contacts`.
pub(super) fn contacts(call: &Call<'_>) -> Result<Answer, GraphError> {
    call.options.check_efficiency()?;
    let content = call.mailbox.read();
    let mut found: Vec<_> =
        content.contacts.iter().filter(|contact| call.options.filter.passes(&contact.fields)).collect();
    call.options.sort(&mut found, |contact| &contact.fields);
    let (range, next) = call.options.page(found.len(), PAGE);
    let view = |contact: &&'_ super::mailbox::Item| contact.id.form(call.prefer.immutable_ids).to_owned();
    let list = Page {
        context: call.context("contacts"),
        count: call.options.count.then_some(found.len()),
        value: found
            .get(range)
            .unwrap_or_default()
            .iter()
            .map(|contact| View::new(&contact.fields, call.select()).always("id", view(contact)))
            .collect(),
        next: next.map(|at| next_link(&call.request.path, &call.request.query, "$skip", at)),
    };
    Ok(Answer::json(200, &list))
}

/// The refusal for an id of no person: their ids are GUIDs and base64, so little else can be one.
fn nobody(id: &str) -> GraphError {
    let shaped = id.chars().all(|sign| sign.is_ascii_alphanumeric() || "+/=-_".contains(sign));
    if shaped { GraphError::not_found(Workload::Exchange, id) } else { GraphError::malformed_id() }
}

/// Whether every word of the search begins a word of the name or an address.
fn is_named(person: &Map<String, Value>, wanted: &str) -> bool {
    let mut known = String::new();
    for name in ["displayName", "userPrincipalName"] {
        known.push(' ');
        known.push_str(person.get(name).and_then(Value::as_str).unwrap_or_default());
    }
    for scored in person.get("scoredEmailAddresses").and_then(Value::as_array).into_iter().flatten() {
        known.push(' ');
        known.push_str(scored.get("address").and_then(Value::as_str).unwrap_or_default());
    }
    let known = known.to_lowercase();
    let starts: Vec<&str> = known.split([' ', '.', '-']).collect();
    wanted.split_whitespace().all(|word| {
        starts.iter().any(|start| start.starts_with(word)) || (word.contains('@') && known.contains(word))
    })
}
