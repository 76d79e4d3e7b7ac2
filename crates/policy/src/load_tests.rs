use m365_types::{ActionKind, AuditKind, Effect, Scope};

use super::*;

static ROW: ActionSpec = ActionSpec {
    name: "sendEmail",
    kind: ActionKind::Tool,
    title: "Send",
    summary: "Sends.",
    effect: Effect::Send,
    scopes: &[Scope::MailSend],
    further_scopes: &[],
    calls: &[],
    untrusted: false,
    sensitivity: &[],
    audit: AuditKind::MailSend,
};

fn errors(files: &[(&str, &str)]) -> String {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    let bundle = PolicyBundle { policies: files.iter().map(owned).collect(), ..PolicyBundle::default() };
    check(&[&ROW], &bundle).err().map(|errors| errors.to_string()).unwrap_or_default()
}

#[test]
fn a_set_that_fits_is_loaded_and_an_empty_one_too() {
    assert_eq!(errors(&[]), "");
    let own = r#"@id("team") permit (principal in M365::Group::"sales", action in M365::Action::"mail", resource is M365::Mailbox)
        when { context.recipients.domains == ["fabrikam.example"] && resource.folder like "Projects/*" && context.size < 1000000
               && context.time.hour >= 8 && context.posture.country == "CH" };"#;
    assert_eq!(errors(&[("own.cedar", own)]), "");
}

#[test]
fn every_mistake_is_said_with_its_file_and_line() {
    let permit = "permit (principal, action, resource);";
    for (text, said) in [
        (
            "// A remark.\npermit (principal, action, resource) when { };",
            "own.cedar:2: this is not a Cedar policy:",
        ),
        ("\n\npermit (principal, action, resource);", "own.cedar:3: a policy needs a name"),
        ("@id(\"Not a name\") permit (principal, action, resource);", "own.cedar:1: a policy needs a name"),
        ("@id(\"a\") forbid (principal, action, resource);", "the policy `a` forbids; write `@message"),
        ("@id(\"a\") permit (principal == ?principal, action, resource);", "a template with `?principal`"),
        (
            "\n@id(\"a\") permit (principal, action, resource) when { context.sise > 1 };",
            "own.cedar:2: the policy `a` does not fit the schema:",
        ),
        (
            "@id(\"a\") permit (principal, action == M365::Action::\"sendEmial\", resource);",
            "the policy `a` does not fit the schema:",
        ),
        (
            "@id(\"a\") permit (principal, action, resource is M365::Drive);",
            "the policy `a` does not fit the schema:",
        ),
        (
            "@id(\"a\") permit (principal, action, resource) when { context.size > \"1\" };",
            "the policy `a` does not fit the schema:",
        ),
    ] {
        let found = errors(&[("own.cedar", text)]);
        assert!(found.contains(said), "{text}\n{found}");
    }
    let twice = [("a.cedar", format!("@id(\"a\") {permit}")), ("b.cedar", format!("\n@id(\"a\") {permit}"))];
    let found = errors(&twice.each_ref().map(|(name, text)| (*name, text.as_str())));
    assert_eq!(
        found,
        "b.cedar:2: another policy is called `a` too; names stand in the records and must differ."
    );
    let each = (0..=POLICIES_MAX).map(|id| format!("@id(\"p{id}\") {permit}"));
    let many = each.collect::<Vec<_>>().join("\n");
    assert!(errors(&[("many.cedar", &many)]).contains("257 policies"));
}
