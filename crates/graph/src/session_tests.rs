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
