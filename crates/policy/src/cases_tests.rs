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

fn parse(text: &str) -> Result<Cases, String> {
    Cases::parse(text, &[&ROW]).map_err(|error| error.to_string())
}

#[test]
fn a_line_says_everything_a_policy_can_look_at() {
    let text = "inside contoso.example\n# A remark.\n\nalex@contoso.example sendEmail to=a@b.example,c@contoso.example unsure=d@contoso.example \
        people=60/3 labels=untrusted target=users/x@y.example \"folder=Old projects\" shared size=5000 files=2 profile=standard client=c1 \
        at=2026-11-28T22:05Z groups=sales,staff country=CH methods=pwd,otp context=high => approval b,a";
    let cases = parse(text).unwrap().0;
    let [case] = cases.as_slice() else { panic!("{cases:?}") };
    assert_eq!(case.line, 4);
    assert_eq!(case.expected, Some((Outcome::Approval, Some("a,b".to_owned()))));
    let audience = case.effect.audience(&case.frame.internal);
    assert_eq!((audience.count, audience.outside, audience.unknown), (63, 4, 1));
    assert_eq!((case.effect.bytes(), case.effect.files.len()), (5000, 2));
    assert_eq!(case.effect.folder.as_deref(), Some("Old projects"));
    assert!(case.effect.shared && case.labels.has(Label::Untrusted));
    assert_eq!(case.frame.toolset.profile, Profile::Standard);
    assert_eq!(case.now.as_secs(), 1_795_903_500);
}

#[test]
fn a_line_that_is_no_case_is_named() {
    for (line, said) in [
        ("alex@contoso.example", "who asks and for which action"),
        ("alex@contoso.example sendMail", "no action `sendMail`"),
        ("nobody sendEmail", "neither an address nor `service:NAME`"),
        ("alex@contoso.example sendEmail too=x", "say to, unsure"),
        ("alex@contoso.example sendEmail to=x", "not an address"),
        ("alex@contoso.example sendEmail \"to=x", "quotation mark"),
        ("alex@contoso.example sendEmail labels=secret", "labels are"),
        ("alex@contoso.example sendEmail at=noon", "not an instant"),
        ("alex@contoso.example sendEmail => perhaps", "after `=>` comes"),
        ("alex@contoso.example sendEmail => deny a b", "too much"),
        ("service:x sendEmail groups=a", "a service has none"),
    ] {
        let error = parse(&format!("\n{line}")).unwrap_err();
        assert!(error.starts_with("line 2: ") && error.contains(said), "{line}: {error}");
    }
}
