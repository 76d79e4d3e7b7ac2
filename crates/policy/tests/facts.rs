//! Every fact that a policy can ask for, over the real table: a policy that asks for nothing else holds for a call that has
//! it, and not for its neighbour that lacks it.

#[cfg(test)]
mod facts {
    use m365_policy::{Cases, Frame, Policies, PolicyBundle};
    use m365_types::{ActionSpec, InternalDomains, Profile, Toolset};

    /// What a policy asks for; a call of which it holds; calls of which it does not.
    const TABLE: &[(&str, &str, &[&str])] = &[
        ("principal is M365::Person", "alex@contoso.example getEmails", &["service:reports getEmails"]),
        (
            "principal == M365::Person::\"alex@contoso.example\"",
            "alex@contoso.example getEmails",
            &["sam@contoso.example getEmails"],
        ),
        (
            "principal in M365::Group::\"sales\"",
            "alex@contoso.example getEmails groups=staff,sales",
            &["alex@contoso.example getEmails groups=staff", "alex@contoso.example getEmails"],
        ),
        (
            "principal is M365::Person && principal.domain == \"contoso.example\"",
            "alex@contoso.example getEmails",
            &["alex@fabrikam.example getEmails"],
        ),
        (
            "principal is M365::Person && principal.email like \"alex@*\"",
            "alex@contoso.example getEmails",
            &["sam@contoso.example getEmails"],
        ),
        (
            "action in M365::Action::\"mail\"",
            "alex@contoso.example sendEmail",
            &["alex@contoso.example listChats"],
        ),
        (
            "action in M365::Action::\"send\"",
            "alex@contoso.example sendEmail",
            &["alex@contoso.example createDraft"],
        ),
        (
            "action == M365::Action::\"getEmail\"",
            "alex@contoso.example getEmail",
            &["alex@contoso.example getEmails"],
        ),
        ("resource is M365::Mailbox", "alex@contoso.example getEmails", &["alex@contoso.example listFolder"]),
        (
            "resource is M365::Site",
            "alex@contoso.example listFolder target=sites/s/drive",
            &["alex@contoso.example listFolder target=drives/d"],
        ),
        (
            "resource.id == \"users/sam@contoso.example\"",
            "alex@contoso.example getEmails target=users/sam@contoso.example",
            &["alex@contoso.example getEmails target=me"],
        ),
        (
            "resource.owner == \"self\"",
            "alex@contoso.example getEmails target=me",
            &[
                "alex@contoso.example getEmails target=users/sam@contoso.example",
                "alex@contoso.example sendTeamsMessage target=teams/t/channels/c",
            ],
        ),
        (
            "resource.owner == \"self\"",
            "alex@contoso.example searchM365 target=search",
            &["alex@contoso.example listFolder target=drives/d"],
        ),
        (
            "resource.owner == \"other\"",
            "alex@contoso.example listFolder target=drives/d",
            &[
                "alex@contoso.example listFolder target=me",
                "alex@contoso.example listFolder target=sites/s/drive",
            ],
        ),
        (
            "resource.owner == \"group\"",
            "alex@contoso.example sendTeamsMessage target=teams/t/channels/c",
            &["alex@contoso.example getEmails target=me"],
        ),
        (
            "resource.internal",
            "alex@contoso.example getEmails target=users/sam@contoso.example",
            &["alex@contoso.example getEmails target=users/sam@fabrikam.example"],
        ),
        (
            "resource.internal",
            "alex@contoso.example sendTeamsMessage target=teams/t/channels/c people=3",
            &[
                "alex@contoso.example sendTeamsMessage target=teams/t/channels/c people=3/1",
                "alex@contoso.example sendTeamsMessage target=teams/t/channels/c unsure=sam@contoso.example",
            ],
        ),
        // The own mailbox is inside, whoever is written to from it.
        (
            "resource.internal",
            "alex@contoso.example sendEmail target=me to=sam@fabrikam.example",
            &["alex@contoso.example sendTeamsMessage target=teams/t/channels/c to=sam@fabrikam.example"],
        ),
        (
            "resource.shared",
            "alex@contoso.example createTask shared=yes",
            &["alex@contoso.example createTask"],
        ),
        (
            "resource.folder like \"Board*\"",
            "alex@contoso.example listFolder folder=Board/2026",
            &["alex@contoso.example listFolder folder=Canteen", "alex@contoso.example listFolder"],
        ),
        (
            "context.effect == \"send\"",
            "alex@contoso.example createTask shared=yes",
            &["alex@contoso.example createTask"],
        ),
        (
            "context.reaches",
            "alex@contoso.example sendEmail to=sam@contoso.example",
            &["alex@contoso.example sendEmail"],
        ),
        (
            "context.recipients.count == 60",
            "alex@contoso.example sendEmail people=60",
            &["alex@contoso.example sendEmail people=59", "alex@contoso.example sendEmail people=61"],
        ),
        (
            "context.recipients.outside == 3",
            "alex@contoso.example sendEmail people=60/3",
            &["alex@contoso.example sendEmail people=60/2", "alex@contoso.example sendEmail people=60"],
        ),
        (
            "context.recipients.unknown == 1",
            "alex@contoso.example sendEmail unsure=sam@contoso.example",
            &["alex@contoso.example sendEmail to=sam@contoso.example"],
        ),
        (
            "context.recipients.domains.contains(\"fabrikam.example\")",
            "alex@contoso.example sendEmail to=sam@fabrikam.example,blair@contoso.example",
            &["alex@contoso.example sendEmail to=sam@contoso.example"],
        ),
        (
            "context.labels.contains(\"untrusted\")",
            "alex@contoso.example sendEmail labels=untrusted,confidential",
            &["alex@contoso.example sendEmail labels=confidential", "alex@contoso.example sendEmail"],
        ),
        (
            "context.size == 1000",
            "alex@contoso.example sendEmail size=1000",
            &["alex@contoso.example sendEmail size=1001", "alex@contoso.example sendEmail"],
        ),
        (
            "context.files == 2",
            "alex@contoso.example sendEmail files=2",
            &["alex@contoso.example sendEmail files=1"],
        ),
        (
            "context.client == \"m365client_one\"",
            "alex@contoso.example getEmails client=m365client_one",
            &["alex@contoso.example getEmails client=m365client_two", "alex@contoso.example getEmails"],
        ),
        (
            "context.posture.country == \"CH\"",
            "alex@contoso.example getEmails country=CH",
            &["alex@contoso.example getEmails country=DE", "service:reports getEmails"],
        ),
        (
            "context.posture.methods.contains(\"hwk\")",
            "alex@contoso.example getEmails methods=pwd,hwk",
            &["alex@contoso.example getEmails methods=pwd"],
        ),
        (
            "context.posture.context == \"c1\"",
            "alex@contoso.example getEmails context=c1",
            &["alex@contoso.example getEmails context=c2"],
        ),
        (
            "context.time.hour == 9",
            "alex@contoso.example getEmails at=2026-11-28T09:59Z",
            &[
                "alex@contoso.example getEmails at=2026-11-28T10:00Z",
                "alex@contoso.example getEmails at=2026-11-28T08:59Z",
            ],
        ),
        (
            "context.time.minute == 30",
            "alex@contoso.example getEmails at=2026-11-28T23:30Z",
            &["alex@contoso.example getEmails at=2026-11-28T23:31Z"],
        ),
        // A Saturday, a Sunday and a Monday.
        (
            "context.time.weekday == 6",
            "alex@contoso.example getEmails at=2026-11-28T23:59Z",
            &["alex@contoso.example getEmails at=2026-11-29T00:00Z"],
        ),
        (
            "context.time.weekday == 7",
            "alex@contoso.example getEmails at=2026-11-29T12:00Z",
            &["alex@contoso.example getEmails at=2026-11-30T12:00Z"],
        ),
        (
            "context.time.weekday == 1",
            "alex@contoso.example getEmails at=2026-11-30T12:00Z",
            &["alex@contoso.example getEmails at=2026-11-28T12:00Z"],
        ),
        (
            "context.time.day == 20785",
            "alex@contoso.example getEmails at=2026-11-28T00:00Z",
            &["alex@contoso.example getEmails at=2026-11-27T23:59Z"],
        ),
        (
            "context.profile == \"full\"",
            "alex@contoso.example getEmails profile=full",
            &["alex@contoso.example getEmails profile=standard"],
        ),
    ];

    fn policies(condition: &str, rows: &[&'static ActionSpec]) -> Policies {
        let text = format!("@id(\"asked\") permit (principal, action, resource) when {{ {condition} }};");
        let bundle =
            PolicyBundle { policies: [("own.cedar".to_owned(), text)].into(), ..PolicyBundle::default() };
        let internal = InternalDomains::new(["contoso.example".to_owned()]);
        let frame = Frame { toolset: Toolset::of(Profile::Full), internal };
        Policies::load(frame, rows.iter().copied(), bundle)
            .unwrap_or_else(|errors| panic!("{condition}: {errors}"))
    }

    #[test]
    fn each_fact_holds_of_a_call_that_has_it_and_of_no_other() {
        let rows: Vec<&'static ActionSpec> = m365_graph::catalog().map(|action| &action.spec).collect();
        for (condition, holds, others) in TABLE {
            let policies = policies(condition, &rows);
            let expect = |call: &str, outcome: &str| {
                let text = format!("inside contoso.example\n{call} => {outcome}\n");
                let cases = Cases::parse(&text, &rows).unwrap_or_else(|error| panic!("{call}: {error}"));
                let failures: Vec<String> =
                    cases.0.iter().filter_map(|case| case.failure(&policies)).collect();
                assert!(failures.is_empty(), "{condition}: {call}: {failures:?}");
            };
            expect(holds, "permit asked");
            for other in *others {
                expect(other, "deny -");
            }
        }
    }

    #[test]
    fn every_attribute_of_the_schema_is_in_the_table() {
        let rows: Vec<&'static ActionSpec> = m365_graph::catalog().map(|action| &action.spec).collect();
        let schema = m365_policy::schema_text(&rows).unwrap();
        let of_type = |begin: &str| {
            let fields = schema.split_once(begin).unwrap().1.split_once('}').unwrap().0;
            fields
                .lines()
                .filter(|line| !line.trim_start().starts_with("//"))
                .flat_map(|line| line.split(','))
                .filter_map(|field| field.split_once(':'))
                .map(|(name, _)| name.trim().to_owned())
                .collect::<Vec<_>>()
        };
        for (begin, prefix) in [
            ("type Call = {", "context."),
            ("type Recipients = {", "context.recipients."),
            ("type Posture = {", "context.posture."),
            ("type Time = {", "context.time."),
            ("Team = {", "resource."),
            ("entity Person in [Group] {", "principal."),
        ] {
            for name in of_type(begin) {
                // A yes is no fact of a call.
                if ["approved", "secondPerson"].contains(&name.as_str()) {
                    continue;
                }
                let asked = format!("{prefix}{name}");
                assert!(TABLE.iter().any(|(condition, ..)| condition.contains(&asked)), "{asked}");
            }
        }
    }
}
