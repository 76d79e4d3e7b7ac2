//! The state of the sign-in: who, with which Microsoft account, with which permissions. Makes no Graph call.

use std::collections::BTreeMap;

use async_trait::async_trait;
use m365_types::{ActionKind, ActionSpec, AuditKind, Effect, Reach, Scope, ScopeSet};
use serde_json::json;

use crate::action::{Account, Action, Answer, Context, Invocation, Output, own};
use crate::catalog::catalog;
use crate::error::ActionError;

/// Names told for one missing permission; the data has all.
const NAMED_MAX: usize = 3;

pub(crate) struct Authenticate;

#[async_trait]
impl Invocation for Authenticate {
    fn reach(&self) -> Reach {
        own()
    }

    async fn run(&self, context: &Context<'_>) -> Result<Answer, ActionError> {
        Ok(state(context.account))
    }
}

fn state(account: &Account) -> Answer {
    let wanting: Vec<Scope> =
        account.granted.iter().filter(|scope| !account.microsoft_scopes.covers(&[*scope])).collect();
    let unavailable: Vec<&ActionSpec> = catalog()
        .map(|action| &action.spec)
        .filter(|spec| spec.kind != ActionKind::Completion && account.offered.contains(&spec.name))
        .filter(|spec| !account.granted.covers(spec.scopes))
        .collect();
    let needs_sign_in = account.microsoft.is_none() || !wanting.is_empty();
    let granted: Vec<Scope> = account.granted.iter().collect();
    let text = [
        format!("Signed in as {}. {}", account.email, microsoft_words(account, &wanting)),
        format!(
            "\nThis client was allowed: {}.",
            if granted.is_empty() { "nothing".to_owned() } else { names(&granted).join(", ") }
        ),
        unavailable_words(&account.granted, &unavailable),
    ]
    .concat();
    let structured = json!({
        "signedIn": !needs_sign_in,
        "email": account.email,
        "microsoftAccount": account.microsoft,
        "granted": names(&granted),
        "missingAtMicrosoft": names(&wanting),
        "unavailable": unavailable.iter().map(|spec| spec.name).collect::<Vec<_>>(),
        "signInUrl": needs_sign_in.then_some(&account.sign_in_url),
    });
    Answer::whole(text, structured)
}

fn microsoft_words(account: &Account, wanting: &[Scope]) -> String {
    let link = &account.sign_in_url;
    match &account.microsoft {
        None => format!(
            "No Microsoft account is connected. The person must open {link} in a browser and sign in."
        ),
        Some(upn) if wanting.is_empty() => format!("The Microsoft account {upn} is connected."),
        Some(upn) => format!(
            "The Microsoft account {upn} is connected, but Microsoft has not given {}. The person must open {link} in a \
             browser and agree.{}",
            marked(wanting),
            administrator_words(wanting),
        ),
    }
}

/// What is offered and not allowed, by the permissions it lacks.
fn unavailable_words(granted: &ScopeSet, unavailable: &[&ActionSpec]) -> String {
    let mut groups: BTreeMap<Vec<Scope>, Vec<&str>> = BTreeMap::new();
    for spec in unavailable {
        groups.entry(granted.missing(spec.scopes)).or_default().push(spec.name);
    }
    if groups.is_empty() {
        return String::new();
    }
    let words: Vec<String> = groups
        .iter()
        .map(|(missing, lacking)| {
            let mut named = lacking.iter().take(NAMED_MAX).copied().collect::<Vec<_>>().join(", ");
            if lacking.len() > NAMED_MAX {
                named = format!("{named} and {} more", lacking.len() - NAMED_MAX);
            }
            format!("{} ({named})", marked(missing))
        })
        .collect();
    let every: Vec<Scope> = groups.into_keys().flatten().collect();
    format!(
        "\nNot allowed to this client: {}. Connect it again to allow more.{}",
        words.join("; "),
        administrator_words(&every)
    )
}

/// The permissions, those that only an administrator grants with a mark.
fn marked(scopes: &[Scope]) -> String {
    let mark = |scope: &Scope| format!("{scope}{}", if scope.needs_administrator() { "*" } else { "" });
    scopes.iter().map(mark).collect::<Vec<_>>().join(", ")
}

/// What the mark means, where there is one.
fn administrator_words(scopes: &[Scope]) -> &'static str {
    if scopes.iter().any(|scope| scope.needs_administrator()) {
        " Only an administrator of the organisation grants those with a *, in Microsoft Entra."
    } else {
        ""
    }
}

fn names(scopes: &[Scope]) -> Vec<&'static str> {
    scopes.iter().map(|scope| scope.as_str()).collect()
}

/// The rows of this family, in the order clients see them.
pub(crate) static ROWS: [Action; 1] = [Action {
    spec: ActionSpec {
        name: "authenticate",
        kind: ActionKind::Tool,
        title: "Sign-in state",
        summary: "Get authentication URL for Microsoft 365",
        effect: Effect::Read,
        scopes: &[],
        further_scopes: &[],
        calls: &[],
        untrusted: false,
        sensitivity: &[],
        audit: AuditKind::SessionRead,
    },
    paged: false,
    params: &[],
    output: Output::One(&["signedIn", "email", "granted", "missingAtMicrosoft", "unavailable"]),
    parse: |_| Some(Box::new(Authenticate)),
}];

#[cfg(test)]
#[path = "session_tests.rs"]
mod tests;
