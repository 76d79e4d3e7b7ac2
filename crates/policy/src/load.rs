//! From texts to a set that can be asked: parsed, named, and checked against the schema by Cedar's own validator.

use cedar_policy::ffi::DetailedError;
use cedar_policy::{Effect as Verb, Policy, PolicyId, PolicySet, Schema, ValidationMode, Validator};
use m365_types::ActionSpec;

use crate::bundle::{POLICIES_MAX, PolicyBundle, too_large};
use crate::error::{Place, PolicyError, PolicyErrors};
use crate::schema::schema_text;

const ID_MAX: usize = 64;

/// Parses every policy of the bundle and checks it against the schema of these rows.
///
/// # Errors
/// Everything that is wrong, each with its place; first what cannot be read, then what does not fit.
pub(crate) fn check(rows: &[&'static ActionSpec], bundle: &PolicyBundle) -> Result<PolicySet, PolicyErrors> {
    let set = parse(bundle)?;
    let errors = misfits(&set, &schema(rows)?, bundle);
    if errors.is_empty() { Ok(set) } else { Err(PolicyErrors(errors)) }
}

/// The schema of these rows.
///
/// # Errors
/// [`PolicyError::Row`]
pub(crate) fn schema(rows: &[&'static ActionSpec]) -> Result<Schema, PolicyError> {
    let parsed = schema_text(rows)?.parse::<Schema>();
    parsed.map_err(|error| PolicyError::Row(error.to_string()))
}

/// The policies of every file under the names they give themselves.
///
/// # Errors
/// Whatever keeps a policy from being taken up.
pub(crate) fn parse(bundle: &PolicyBundle) -> Result<PolicySet, PolicyErrors> {
    let (mut set, mut errors) = (PolicySet::new(), Vec::new());
    for (file, text) in &bundle.policies {
        match text.parse::<PolicySet>() {
            Err(error) => errors.extend(syntax(file, text, &DetailedError::from(&error))),
            Ok(parsed) => errors.extend(take(&mut set, &parsed, (file, text))),
        }
    }
    let count = set.policies().count();
    if count > POLICIES_MAX {
        errors.push(too_large(format!("{count} policies"), POLICIES_MAX));
    }
    if errors.is_empty() { Ok(set) } else { Err(PolicyErrors(errors)) }
}

/// Takes up the policies of one file; what cannot be taken up is said.
fn take(set: &mut PolicySet, parsed: &PolicySet, (file, text): (&str, &str)) -> Vec<PolicyError> {
    let mut errors = Vec::new();
    if parsed.templates().next().is_some() {
        let problem = "a template with `?principal` or `?resource` is not linked to anything".to_owned();
        errors.push(PolicyError::Syntax { place: whole(file), problem });
    }
    let mut policies: Vec<&Policy> = parsed.policies().collect();
    // Cedar names them by their position; a message about the first is worth more than one about any.
    policies.sort_by_key(|policy| position(policy.id()));
    for policy in policies {
        let Some(id) = policy.annotation("id").filter(|id| is_id(id)) else {
            errors.push(PolicyError::Id { place: place_of(file, text, policy) });
            continue;
        };
        if policy.effect() == Verb::Forbid && policy.annotation("message").is_none_or(str::is_empty) {
            let place = place_of(file, text, policy);
            errors.push(PolicyError::Message { place, id: id.to_owned() });
        }
        if set.add(policy.new_id(PolicyId::new(id))).is_err() {
            errors.push(PolicyError::Duplicate { place: place_of(file, text, policy), id: id.to_owned() });
        }
    }
    errors
}

/// What the validator finds: errors, and warnings as errors.
fn misfits(set: &PolicySet, schema: &Schema, bundle: &PolicyBundle) -> Vec<PolicyError> {
    let found = Validator::new(schema.clone()).validate(set, ValidationMode::Strict);
    let misfit = |id: &PolicyId, detail: &DetailedError| {
        let id: &str = id.as_ref();
        PolicyError::Schema { place: declared(bundle, id), id: id.to_owned(), problem: sentence(detail) }
    };
    let errors = found.validation_errors().map(|error| misfit(error.policy_id(), &error.into()));
    let warnings = found.validation_warnings().map(|warning| misfit(warning.policy_id(), &warning.into()));
    errors.chain(warnings).collect()
}

fn syntax(file: &str, text: &str, detail: &DetailedError) -> Vec<PolicyError> {
    std::iter::once(detail)
        .chain(&detail.related)
        .map(|detail| {
            let offset = detail.source_locations.first().map(|label| label.loc.start);
            let place = offset.map_or_else(|| whole(file), |offset| at(file, text, offset));
            PolicyError::Syntax { place, problem: sentence(detail) }
        })
        .collect()
}

fn sentence(detail: &DetailedError) -> String {
    let message = detail.message.trim_end_matches('.');
    detail.help.as_ref().map_or_else(|| message.to_owned(), |help| format!("{message} ({help})"))
}

/// The line of a policy in its file: the one after as many `;` as policies are before it would be a guess, so the text of
/// the policy is looked for.
fn place_of(file: &str, text: &str, policy: &Policy) -> Place {
    let own = policy.to_string();
    let found = own.lines().next().and_then(|line| text.find(line.trim()));
    found.map_or_else(|| whole(file), |offset| at(file, text, offset))
}

/// Where a policy of this name is declared.
fn declared(bundle: &PolicyBundle, id: &str) -> Place {
    let named = format!("@id(\"{id}\")");
    let found = bundle.policies.iter().find_map(|(file, text)| Some(at(file, text, text.find(&named)?)));
    found.unwrap_or_else(|| whole("-"))
}

fn at(file: &str, text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    Place { file: file.to_owned(), line: before.matches('\n').count() + 1 }
}

fn whole(file: &str) -> Place {
    Place { file: file.to_owned(), line: 0 }
}

/// `policy12` is the thirteenth of its file.
fn position(id: &PolicyId) -> usize {
    let id: &str = id.as_ref();
    id.trim_start_matches("policy").parse().unwrap_or_default()
}

fn is_id(id: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    (1..=ID_MAX).contains(&id.len()) && id.bytes().all(fits)
}

#[cfg(test)]
#[path = "load_tests.rs"]
mod tests;
