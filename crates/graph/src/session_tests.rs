use m365_types::ScopeSet;
use serde_json::{Value, json};

use super::state;
use crate::testing::{World, account};

#[test]
fn a_connected_account_needs_no_link() {
    let answer = World::default().run("authenticate", json!({})).unwrap();
    insta::assert_snapshot!(answer.text);
    assert_eq!(
        (&answer.structured["signedIn"], &answer.structured["signInUrl"]),
        (&json!(true), &Value::Null)
    );
}

#[test]
fn a_missing_account_gets_the_link() {
    let mut account = account();
    account.microsoft = None;
    account.microsoft_scopes = ScopeSet::default();
    let answer = state(&account);
    assert!(answer.text.contains("must open https://m365.example/connect in a browser"));
    assert_eq!(answer.structured["signedIn"], false);
    assert_eq!(answer.structured["signInUrl"], "https://m365.example/connect");
}

#[test]
fn a_permission_microsoft_has_not_given_is_named_with_the_link() {
    let mut account = account();
    account.granted = ScopeSet::parse("Mail.Read Mail.Send").0;
    let answer = state(&account);
    assert!(answer.text.contains("Microsoft has not given Mail.Send."), "{}", answer.text);
    assert_eq!(answer.structured["missingAtMicrosoft"], json!(["Mail.Send"]));
    assert_eq!(answer.structured["signedIn"], false);
}

#[test]
fn what_is_not_allowed_is_told_by_the_permission_it_lacks() {
    let mut account = account();
    account.granted = ScopeSet::parse("Mail.Read User.Read").0;
    account.microsoft_scopes = account.granted.clone();
    account.offered =
        vec!["getEmails", "getManager", "listGroupMembers", "listTasks", "listPlannerTasks", "authenticate"];
    let answer = state(&account);
    assert_eq!(
        answer.text,
        "Signed in as alex@contoso.example. The Microsoft account alex@contoso.example is connected.\n\
         This client was allowed: Mail.Read, User.Read.\n\
         Not allowed to this client: GroupMember.ReadBasic.All* (listGroupMembers); Tasks.Read (listTasks, listPlannerTasks); \
         User.Read.All* (getManager). Connect it again to allow more. Only an administrator of the organisation grants those \
         with a *, in Microsoft Entra."
    );
    let unavailable = ["getManager", "listGroupMembers", "listTasks", "listPlannerTasks"];
    assert_eq!(answer.structured["unavailable"], json!(unavailable));
}

#[test]
fn what_is_not_offered_is_not_missed() {
    let mut account = account();
    account.offered = vec!["getEmails", "authenticate"];
    let answer = state(&account);
    assert!(!answer.text.contains("Not allowed"), "{}", answer.text);
    assert_eq!(answer.structured["unavailable"], json!([]));
}

#[test]
fn many_tools_of_one_permission_take_few_words() {
    let mut account = account();
    account.granted = ScopeSet::default();
    account.microsoft_scopes = ScopeSet::default();
    let answer = state(&account);
    assert!(answer.text.contains("This client was allowed: nothing."), "{}", answer.text);
    assert!(answer.text.len() < 4000, "{} bytes", answer.text.len());
    let tools = crate::catalog()
        .filter(|action| action.spec.kind != m365_types::ActionKind::Completion)
        .filter(|action| !action.spec.scopes.is_empty());
    assert_eq!(answer.structured["unavailable"].as_array().unwrap().len(), tools.count());
}

#[test]
fn a_permission_that_microsoft_lacks_says_who_gives_it() {
    let mut account = account();
    account.granted = ScopeSet::parse("User.Read.All").0;
    let answer = state(&account);
    assert!(answer.text.contains("Microsoft has not given User.Read.All*."), "{}", answer.text);
    assert!(answer.text.contains("Only an administrator"), "{}", answer.text);
}
