use m365_types::{
    AccessSubject, ActionKind, AuditKind, ClientId, Effect, Email, GrantId, Identity, Person, Posture,
    Principal, RequestId, Scope, Service, UnixMillis,
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
        calls: &[],
        untrusted: false,
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
    let reach = Reach { recipients: vec![], target: "me".to_owned() };
    decide(Question { actor: actor(kind), action, reach, profile, granted })
}

fn code(decision: &Decision) -> &'static str {
    match decision {
        Decision::Permit(permit) => permit.basis(),
        Decision::Deny(denial) => denial.code(),
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
            assert_eq!(visible(action, *profile), permitted, "{profile} {:?}", action.effect);
        }
    }
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
