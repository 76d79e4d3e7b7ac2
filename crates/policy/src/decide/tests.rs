use m365_types::{
    AccessSubject, ActionKind, AuditKind, ClientId, Effect, Email, GrantId, Identity, Person, Posture,
    Principal, Profile, Recipient, RequestId, Role, Scope, Service, Standing, UnixMillis,
};
use proptest::prelude::*;

use super::*;
use crate::visible;

const NEEDED: &[Scope] = &[Scope::MailRead, Scope::MailSend];

const fn action(effect: Effect) -> ActionSpec {
    ActionSpec {
        name: "example",
        kind: ActionKind::Tool,
        title: "Example",
        summary: "An example.",
        effect,
        scopes: NEEDED,
        further_scopes: &[],
        calls: &[],
        untrusted: false,
        sensitivity: &[],
        audit: AuditKind::MailRead,
    }
}

static ACTIONS: [ActionSpec; 4] =
    [action(Effect::Read), action(Effect::Write), action(Effect::Send), action(Effect::Destroy)];

fn actor(kind: PrincipalKind) -> Actor {
    let subject = AccessSubject::parse("subject-1").unwrap();
    let identity = match kind {
        PrincipalKind::Person => Identity::Person(Person {
            subject,
            email: Email::parse("alex@contoso.example").unwrap(),
            oid: None,
            groups: vec![],
            posture: Posture::default(),
        }),
        PrincipalKind::Service => Identity::Service(Service { client_id: subject }),
    };
    #[expect(clippy::disallowed_methods, reason = "the tests stand in for the perimeter")]
    let principal = Principal::issue(identity, UnixMillis::from_secs(1));
    Actor {
        principal,
        microsoft: None,
        client: Some(ClientId::parse("client-1").unwrap()),
        grant: Some(GrantId::from_random([1; 16])),
        request: RequestId::from_random([2; 16]),
    }
}

fn ask(kind: PrincipalKind, action: &'static ActionSpec, profile: Profile, granted: &ScopeSet) -> Decision {
    decide(&policies(&Toolset::of(profile)), question(kind, action, granted, &own()))
}

fn own() -> ResolvedEffect {
    ResolvedEffect { target: "me".to_owned(), ..ResolvedEffect::default() }
}

fn policies(toolset: &Toolset) -> Policies {
    let internal = InternalDomains::new(["contoso.example".to_owned()]);
    Policies::standard(Frame { toolset: toolset.clone(), internal }, "hash")
}

fn question<'a>(
    kind: PrincipalKind,
    action: &'static ActionSpec,
    granted: &'a ScopeSet,
    effect: &'a ResolvedEffect,
) -> Question<'a> {
    Question {
        actor: actor(kind),
        action,
        stage: Stage::Act,
        effect,
        scopes: NEEDED.to_vec(),
        granted,
        labels: Labels::NONE,
        approval: None,
        now: UnixMillis::from_secs(2),
    }
}

fn code(decision: &Decision) -> String {
    match decision {
        Decision::Permit(permit) => permit.basis().to_owned(),
        Decision::Ask(ask) => format!("ask {}", ask.basis),
        Decision::Deny(denial) => denial.code().to_owned(),
    }
}

/// The subsets of the needed scopes, with a foreign one beside them.
fn grants() -> [ScopeSet; 4] {
    [&[][..], &[Scope::MailRead], &[Scope::MailSend, Scope::UserRead], &[Scope::MailRead, Scope::MailSend]]
        .map(|scopes| scopes.iter().copied().collect())
}

#[test]
fn every_combination_of_principal_effect_profile_and_grant_has_its_answer() {
    let mut answers = Vec::new();
    for kind in PrincipalKind::ALL {
        for profile in Profile::ALL {
            for action in &ACTIONS {
                let codes: Vec<_> =
                    grants().iter().map(|granted| code(&ask(*kind, action, *profile, granted))).collect();
                let alike = codes[..3].iter().all(|code| *code == codes[0]);
                assert!(alike, "a partial grant is as good as none: {codes:?}");
                let (kind, effect) = (kind.as_str(), action.effect.as_str());
                answers.push(format!("{kind} {profile} {effect}: {} | {}\n", codes[0], codes[3]));
            }
        }
    }
    assert_eq!(
        answers.concat(),
        "person read-only read: denied.scopes | person.read-only\n\
         person read-only write: denied.profile | denied.profile\n\
         person read-only send: denied.profile | denied.profile\n\
         person read-only destroy: denied.profile | denied.profile\n\
         person standard read: denied.scopes | person.standard\n\
         person standard write: denied.scopes | person.standard\n\
         person standard send: denied.profile | denied.profile\n\
         person standard destroy: denied.profile | denied.profile\n\
         person full read: denied.scopes | person.full\n\
         person full write: denied.scopes | person.full\n\
         person full send: denied.scopes | person.full\n\
         person full destroy: denied.scopes | person.full\n\
         service read-only read: denied.service | denied.service\n\
         service read-only write: denied.service | denied.service\n\
         service read-only send: denied.service | denied.service\n\
         service read-only destroy: denied.service | denied.service\n\
         service standard read: denied.service | denied.service\n\
         service standard write: denied.service | denied.service\n\
         service standard send: denied.service | denied.service\n\
         service standard destroy: denied.service | denied.service\n\
         service full read: denied.service | denied.service\n\
         service full write: denied.service | denied.service\n\
         service full send: denied.service | denied.service\n\
         service full destroy: denied.service | denied.service\n"
    );
}

#[test]
fn the_permit_carries_what_was_asked_and_nothing_else() {
    let granted = NEEDED.iter().copied().collect();
    let Decision::Permit(permit) = ask(PrincipalKind::Person, &ACTIONS[2], Profile::Full, &granted) else {
        panic!("denied");
    };
    assert_eq!(permit.actor(), &actor(PrincipalKind::Person));
    assert_eq!((permit.action(), permit.reach().target.as_str()), (&ACTIONS[2], "me"));
}

#[test]
fn a_denial_for_scopes_names_what_is_missing_and_everything_the_action_needs() {
    let granted = [Scope::MailRead].into_iter().collect();
    let Decision::Deny(denial) = ask(PrincipalKind::Person, &ACTIONS[0], Profile::Full, &granted) else {
        panic!("permitted");
    };
    let all = NEEDED.iter().copied().collect();
    assert_eq!(denial, Denial::Scopes { missing: vec![Scope::MailSend], all });
    assert!(denial.sentence().contains("Mail.Send"));
    assert!(!denial.sentence().contains("Mail.Read"));
}

#[test]
fn an_action_is_shown_exactly_where_a_person_with_every_scope_may_call_it() {
    let granted = Scope::ALL.iter().copied().collect();
    for profile in Profile::ALL {
        for action in &ACTIONS {
            let permitted =
                matches!(ask(PrincipalKind::Person, action, *profile, &granted), Decision::Permit(_));
            assert_eq!(visible(action, &Toolset::of(*profile)), permitted, "{profile} {:?}", action.effect);
        }
    }
}

static ADMINISTERED: ActionSpec =
    ActionSpec { name: "administered", scopes: &[Scope::UserReadAll], ..action(Effect::Read) };

/// The answer to somebody with every permission, for one call of this row.
fn ask_of(toolset: &Toolset, action: &'static ActionSpec, scopes: &[Scope], shared: bool) -> String {
    let granted = Scope::ALL.iter().copied().collect();
    let effect = ResolvedEffect { shared, recipients: colleague(), ..own() };
    let question = question(PrincipalKind::Person, action, &granted, &effect);
    code(&decide(&policies(toolset), Question { scopes: scopes.to_vec(), ..question }))
}

fn colleague() -> Vec<Recipient> {
    let sam = Recipient::at(Email::parse("sam@contoso.example").unwrap(), Role::Member);
    vec![Recipient { said: Standing::Inside, ..sam }]
}

#[test]
fn what_is_not_offered_is_denied_whatever_the_profile_allows() {
    let full = || Toolset::of(Profile::Full);
    for (toolset, answer) in [
        (full(), "person.full"),
        (Toolset { allow: ["example"].into(), ..full() }, "person.full"),
        (Toolset { allow: ["other"].into(), ..full() }, "denied.not_offered"),
        (Toolset { deny: ["example"].into(), ..full() }, "denied.not_offered"),
        (Toolset { allow: ["example"].into(), deny: ["example"].into(), ..full() }, "denied.not_offered"),
    ] {
        assert_eq!(ask_of(&toolset, &ACTIONS[0], NEEDED, false), answer, "{toolset:?}");
        assert_eq!(visible(&ACTIONS[0], &toolset), answer == "person.full");
    }
    // A name does not widen the profile.
    let named = Toolset { allow: ["example"].into(), ..Toolset::of(Profile::ReadOnly) };
    assert_eq!(ask_of(&named, &ACTIONS[2], NEEDED, false), "denied.profile");
}

#[test]
fn what_only_an_administrator_can_grant_is_read_only_where_it_is_named() {
    let needed = ADMINISTERED.scopes;
    for (toolset, answer) in [
        (Toolset::of(Profile::ReadOnly), "denied.not_offered"),
        (Toolset { allow: ["administered"].into(), ..Toolset::of(Profile::ReadOnly) }, "person.read-only"),
        (Toolset::of(Profile::Standard), "person.standard"),
    ] {
        assert_eq!(ask_of(&toolset, &ADMINISTERED, needed, false), answer);
    }
}

#[test]
fn a_change_to_what_others_use_reaches_them() {
    let standard = Toolset::of(Profile::Standard);
    assert_eq!(ask_of(&standard, &ACTIONS[1], NEEDED, false), "person.standard");
    assert_eq!(ask_of(&standard, &ACTIONS[1], NEEDED, true), "denied.profile");
    assert_eq!(ask_of(&standard, &ACTIONS[0], NEEDED, true), "person.standard");
    assert_eq!(ask_of(&Toolset::of(Profile::Full), &ACTIONS[1], NEEDED, true), "person.full");
}

#[test]
fn a_permission_that_the_row_does_not_declare_opens_nothing() {
    static FURTHER: ActionSpec =
        ActionSpec { further_scopes: &[Scope::FilesReadAll], ..action(Effect::Read) };
    let full = Toolset::of(Profile::Full);
    assert_eq!(ask_of(&full, &ACTIONS[0], &[Scope::FilesReadAll], false), "denied.scopes");
    assert_eq!(ask_of(&full, &FURTHER, &[Scope::FilesReadAll], false), "person.full");
}

fn scopes() -> impl Strategy<Value = ScopeSet> {
    proptest::collection::vec(proptest::sample::select(Scope::ALL), 0..9)
        .prop_map(|scopes| scopes.into_iter().collect())
}

proptest! {
    #[test]
    fn narrowing_the_profile_or_the_scopes_never_turns_a_no_into_a_yes(
        kind in proptest::sample::select(PrincipalKind::ALL),
        index in 0_usize..4,
        (wide, narrow) in (0_usize..3).prop_flat_map(|wide| (Just(wide), 0..=wide)),
        granted in scopes(),
        kept in scopes(),
    ) {
        let narrower = granted.intersection(&kept);
        let permitted = |profile: usize, granted: &ScopeSet| {
            matches!(ask(kind, &ACTIONS[index], Profile::ALL[profile], granted), Decision::Permit(_))
        };
        let before = permitted(wide, &granted);
        for after in [permitted(narrow, &granted), permitted(wide, &narrower), permitted(narrow, &narrower)] {
            prop_assert!(before || !after);
        }
    }
}
