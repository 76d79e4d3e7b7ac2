//! The state of the sign-in: who, with which Microsoft account, with which permissions. Makes no Graph call.

use async_trait::async_trait;
use m365_types::{ActionKind, ActionSpec, AuditKind, Effect, Reach, Scope};
use serde_json::json;

use crate::action::{Account, Action, Answer, Context, Invocation, Output, own};
use crate::catalog::catalog;
use crate::error::ActionError;

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
    let unavailable: Vec<&str> = catalog()
        .filter(|action| action.spec.kind != ActionKind::Completion)
        .filter(|action| !account.granted.covers(action.spec.scopes))
        .map(|action| action.spec.name)
        .collect();
    let needs_sign_in = account.microsoft.is_none() || !wanting.is_empty();
    let granted: Vec<Scope> = account.granted.iter().collect();
    let text = [
        format!("Signed in as {}. {}", account.email, microsoft_words(account, &wanting)),
        format!(
            "\nThis client was allowed: {}.",
            if granted.is_empty() { "nothing".to_owned() } else { names(&granted).join(", ") }
        ),
        if unavailable.is_empty() {
            String::new()
        } else {
            format!(
                "\nNot allowed to this client: {}. Connect it again to allow more.",
                unavailable.join(", ")
            )
        },
    ]
    .concat();
    let structured = json!({
        "signedIn": !needs_sign_in,
        "email": account.email,
        "microsoftAccount": account.microsoft,
        "granted": names(&granted),
        "missingAtMicrosoft": names(&wanting),
        "unavailable": unavailable,
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
             browser and agree.",
            names(wanting).join(", ")
        ),
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
