use std::sync::OnceLock;

use m365_types::{
    AccessSubject, ActionKind, ApprovalId, AuditKind, ClientId, Email, GrantId, Identity, InternalDomains,
    Label, Members, Person, Posture, Principal, Profile, Recipient, RequestId, Role, Scope, Service,
    Standing, Toolset,
};
use proptest::prelude::*;

use super::*;
use crate::{Frame, PolicyBundle, visible};

const NEEDED: &[Scope] = &[Scope::MailRead, Scope::MailSend];

const fn action(name: &'static str, effect: Effect) -> ActionSpec {
    ActionSpec {
        name,
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

static ACTIONS: [ActionSpec; 4] = [
    action("example", Effect::Read),
    action("changes", Effect::Write),
    action("sends", Effect::Send),
    action("removes", Effect::Destroy),
];

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
    static LOADED: OnceLock<Policies> = OnceLock::new();
    let internal = InternalDomains::new(["contoso.example".to_owned()]);
    let frame = Frame { toolset: toolset.clone(), internal };
    let rows = || ACTIONS.iter().chain([&ADMINISTERED, &FURTHER]);
    LOADED
        .get_or_init(|| Policies::load(frame.clone(), rows(), PolicyBundle::standard()).unwrap())
        .in_frame(frame)
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
            let answer = ask(PrincipalKind::Person, action, *profile, &granted);
            let permitted = matches!(answer, Decision::Permit(_) | Decision::Ask(_));
            assert_eq!(visible(action, &Toolset::of(*profile)), permitted, "{profile} {:?}", action.effect);
        }
    }
}

static ADMINISTERED: ActionSpec =
    ActionSpec { scopes: &[Scope::UserReadAll], ..action("administered", Effect::Read) };
static FURTHER: ActionSpec =
    ActionSpec { further_scopes: &[Scope::FilesReadAll], ..action("further", Effect::Read) };

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
    let named = Toolset { allow: ["sends"].into(), ..Toolset::of(Profile::ReadOnly) };
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

fn recipients() -> impl Strategy<Value = Vec<Recipient>> {
    let address = proptest::sample::select(
        &[
            "blair@contoso.example",
            "sam@fabrikam.example",
            "list@contoso.example",
            "a@contoso.example.evil.example",
        ][..],
    );
    let said = proptest::sample::select(&[Standing::Inside, Standing::Outside, Standing::Unknown][..]);
    let members = proptest::option::of((0..80_u32, 0..3_u32));
    let one = (proptest::option::of(address), said, members).prop_map(|(address, said, members)| Recipient {
        address: address.map(|address| Email::parse(address).unwrap()),
        members: members.map(|(total, outside)| Members { total, outside }),
        ..Recipient::everybody("name", Role::Member, said)
    });
    proptest::collection::vec(one, 0..4)
}

fn labels() -> impl Strategy<Value = Labels> {
    proptest::collection::vec(proptest::sample::select(Label::ALL), 0..3)
        .prop_map(|labels| labels.into_iter().collect())
}

fn effects() -> impl Strategy<Value = ResolvedEffect> {
    let target = proptest::sample::select(&["", "me", "users/a@b.example", "drives/d", "sites/s/drive"][..]);
    (target, any::<bool>(), recipients()).prop_map(|(target, shared, recipients)| ResolvedEffect {
        target: target.to_owned(),
        shared,
        recipients,
        ..ResolvedEffect::default()
    })
}

fn approval(by_second_person: bool) -> Approval {
    Approval { id: ApprovalId::from_random([3; 16]), by_second_person }
}

/// How far an answer opens the door: 0 not at all, 1 with somebody's yes, 2 at once.
fn openness(decision: &Decision) -> u8 {
    match decision {
        Decision::Deny(_) => 0,
        Decision::Ask(_) => 1,
        Decision::Permit(_) => 2,
    }
}

proptest! {
    #[test]
    fn the_decision_only_closes_as_labels_and_strangers_are_added_and_no_approval_opens_a_no(
        kind in proptest::sample::select(PrincipalKind::ALL),
        profile in proptest::sample::select(Profile::ALL),
        index in 0_usize..4,
        effect in effects(),
        more in recipients(),
        (before, added) in (labels(), labels()),
        now in any::<u64>(),
    ) {
        let policies = policies(&Toolset::of(profile));
        let granted = Scope::ALL.iter().copied().collect();
        let ask = |effect: &ResolvedEffect, labels: Labels, approval: Option<Approval>| {
            let question = question(kind, &ACTIONS[index], &granted, effect);
            decide(&policies, Question { labels, approval, now: UnixMillis::from_millis(now), ..question })
        };
        let first = ask(&effect, before, None);
        // A narrower profile closes it further.
        for narrower in Profile::ALL.iter().take_while(|narrower| **narrower != profile) {
            let policies = self::policies(&Toolset::of(*narrower));
            let question = question(kind, &ACTIONS[index], &granted, &effect);
            let narrow = decide(&policies, Question { labels: before, ..question });
            prop_assert!(openness(&narrow) <= openness(&first));
        }
        // Deterministic.
        prop_assert_eq!(code(&first), code(&ask(&effect, before, None)));
        prop_assert!(openness(&ask(&effect, before.union(added), None)) <= openness(&first));
        let mut wider = effect.clone();
        wider.recipients.extend(more);
        // A place of which nobody said who uses it is better known once somebody is named.
        if !(effect.shared && effect.recipients.is_empty()) {
            prop_assert!(openness(&ask(&wider, before, None)) <= openness(&first));
        }
        for by_second_person in [false, true] {
            let approved = ask(&effect, before, Some(approval(by_second_person)));
            if openness(&first) == 0 {
                prop_assert_eq!(code(&approved), code(&first));
            } else {
                prop_assert_eq!(openness(&approved), 2);
            }
        }
    }
}

/// The same rows under policies of an operator's own.
fn own_policies(text: &str) -> Policies {
    let bundle = PolicyBundle {
        policies: [("own.cedar".to_owned(), text.to_owned())].into(),
        ..PolicyBundle::default()
    };
    let frame = policies(&Toolset::of(Profile::Full)).frame().clone();
    Policies::load(frame, &ACTIONS, bundle).unwrap()
}

#[test]
fn an_approval_counts_for_what_it_is() {
    let granted = Scope::ALL.iter().copied().collect();
    let four_eyes = own_policies(
        r#"@id("four-eyes") permit (principal, action, resource) when { context.approved && context.secondPerson };"#,
    );
    let own = own();
    let ask = |approval| {
        let question = question(PrincipalKind::Person, &ACTIONS[2], &granted, &own);
        decide(&four_eyes, Question { approval, ..question })
    };
    for approval in [None, Some(approval(false))] {
        let Decision::Ask(asked) = ask(approval) else { panic!("not asked") };
        assert!(asked.second_person && asked.basis == "-", "{asked:?}");
    }
    assert_eq!(code(&ask(Some(approval(true)))), "four-eyes");
}

#[test]
fn a_look_is_permitted_where_the_act_would_be_asked_for_and_never_where_it_would_be_denied() {
    let granted = Scope::ALL.iter().copied().collect();
    let stranger = Recipient::at(Email::parse("sam@fabrikam.example").unwrap(), Role::To);
    let outside = ResolvedEffect { recipients: vec![stranger], ..own() };
    let staged = |stage, labels| {
        let question = question(PrincipalKind::Person, &ACTIONS[2], &granted, &outside);
        decide(&policies(&Toolset::of(Profile::Full)), Question { stage, labels, ..question })
    };
    let Decision::Permit(permit) = staged(Stage::Look, Labels::NONE) else { panic!("no look") };
    assert_eq!((permit.terms().stage, permit.basis()), (Stage::Look, "approval.outside"));
    assert_eq!(code(&staged(Stage::Act, Labels::NONE)), "ask approval.outside");
    let confidential: Labels = [Label::Confidential].into_iter().collect();
    for stage in [Stage::Look, Stage::Act] {
        assert_eq!(code(&staged(stage, confidential)), "denied.rule");
    }
}

#[test]
fn a_no_says_which_rule_speaks_against_it_or_that_none_permits_it() {
    let granted = Scope::ALL.iter().copied().collect();
    let said = |text: &str, profile, action: &'static ActionSpec| {
        let policies = own_policies(text);
        let policies = policies.in_frame(Frame { toolset: Toolset::of(profile), ..policies.frame().clone() });
        let own = own();
        let question = question(PrincipalKind::Person, action, &granted, &own);
        match decide(&policies, question) {
            Decision::Deny(denial) => denial,
            other => panic!("{other:?}"),
        }
    };
    let rule = |rule: &str, reason: &str| Denial::Rule { rule: rule.to_owned(), reason: reason.to_owned() };
    let forbids = r#"@id("shut") @message("it is shut") forbid (principal, action, resource);
                     @id("also") @message("it is late") forbid (principal, action, resource);"#;
    assert_eq!(said(forbids, Profile::Full, &ACTIONS[0]), rule("also,shut", "it is late, and it is shut"));
    let reads = r#"@id("reads") permit (principal, action, resource) when { context.effect == "read" };"#;
    assert_eq!(said(reads, Profile::Full, &ACTIONS[2]), rule("-", "no rule permits it"));
    // What the profile rules out is the profile's no, unless a rule names itself.
    let profile = Denial::Profile { effect: Effect::Send, profile: Profile::ReadOnly };
    assert_eq!(said(reads, Profile::ReadOnly, &ACTIONS[2]), profile);
    assert_eq!(said(forbids, Profile::ReadOnly, &ACTIONS[2]).code(), "denied.rule");
}

#[test]
fn what_cannot_be_evaluated_or_is_not_known_is_denied() {
    let granted = Scope::ALL.iter().copied().collect();
    // A rule that forbids and overflows must not be left out, as Cedar would.
    let broken = own_policies(
        r#"@id("all") permit (principal, action, resource);
           @id("large") @message("it is large")
           forbid (principal, action, resource) when { context.time.day * 9223372036854775807 > 5 };"#,
    );
    let own = own();
    let at = |now| {
        let question = question(PrincipalKind::Person, &ACTIONS[2], &granted, &own);
        decide(&broken, Question { now, ..question })
    };
    assert_eq!(code(&at(UnixMillis::from_secs(86_400 * 2))), "denied.policy_error");
    assert_eq!(code(&at(UnixMillis::from_secs(86_400))), "denied.rule");
    assert_eq!(code(&at(UnixMillis::from_secs(1))), "all");
    let stranger = question(PrincipalKind::Person, &FURTHER, &granted, &own);
    assert_eq!(code(&decide(&broken, stranger)), "denied.policy_error");
}
