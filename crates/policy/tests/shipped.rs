//! The policies that ship, over the real table: every case holds, every policy is needed, every question is one of the
//! schema.

#[cfg(test)]
mod shipped {
    use m365_policy::{
        Cases, Facts, Frame, Outcome, Policies, PolicyBundle, STANDARD_CASES, explain, fits_schema,
        parse_case, schema_text,
    };
    use m365_types::{ActionSpec, InternalDomains, Profile, Toolset};

    fn rows() -> Vec<&'static ActionSpec> {
        m365_graph::catalog().map(|action| &action.spec).collect()
    }

    fn load(bundle: PolicyBundle) -> Policies {
        let frame = Frame { toolset: Toolset::of(Profile::Full), internal: InternalDomains::default() };
        Policies::load(frame, rows(), bundle).unwrap_or_else(|errors| panic!("{errors}"))
    }

    fn cases() -> Cases {
        Cases::parse(STANDARD_CASES, &rows()).unwrap_or_else(|error| panic!("standard.tests: {error}"))
    }

    fn failures(policies: &Policies) -> Vec<String> {
        let failed = |case: &m365_policy::Case| {
            Some(format!("{}: {} => {}", case.line, case.text, case.failure(policies)?))
        };
        cases().0.iter().filter_map(failed).collect()
    }

    #[test]
    fn the_policies_that_ship_fit_the_schema_and_every_case_holds() {
        let failures = failures(&load(PolicyBundle::standard()));
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }

    #[test]
    fn without_any_one_of_the_policies_that_ship_a_case_fails() {
        for (file, text) in PolicyBundle::standard().policies {
            for id in ids(&text) {
                let mut bundle = PolicyBundle::standard();
                bundle.policies.insert(file.clone(), without(&text, id));
                assert!(!failures(&load(bundle)).is_empty(), "no case needs the policy {id}");
            }
        }
    }

    fn ids(text: &str) -> Vec<&str> {
        text.split("@id(\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
    }

    /// The text without one policy: from its name to the semicolon.
    fn without(text: &str, id: &str) -> String {
        let begin = text.find(&format!("@id(\"{id}\")")).unwrap();
        let end = begin + text[begin..].find(";\n").unwrap() + 2;
        format!("{}{}", &text[..begin], &text[end..])
    }

    #[test]
    fn every_policy_that_ships_has_a_case_that_names_it() {
        let named: Vec<String> = cases().0.into_iter().filter_map(|case| case.expected?.1).collect();
        for (file, text) in PolicyBundle::standard().policies {
            for id in ids(&text) {
                assert!(named.iter().any(|basis| basis.split(',').any(|one| one == id)), "{file}: {id}");
            }
        }
    }

    /// Targets as the table's reaches write them.
    const TARGETS: [&str; 20] = [
        "",
        "me",
        "chats",
        "chats/19:c",
        "drives/d",
        "drives/d/items/i",
        "groups/g",
        "me/drive/items/i",
        "me/events/e",
        "places",
        "planner/tasks/t",
        "search",
        "sites",
        "sites/s/drive",
        "sites/s/lists/l",
        "teams/t/channels/c",
        "todo/lists/l",
        "users",
        "users/sam@fabrikam.example/events/e",
        "users/blair@contoso.example",
    ];

    #[test]
    fn every_row_with_every_target_makes_a_question_of_the_schema() {
        let policies = load(PolicyBundle::standard());
        let internal = InternalDomains::new(["contoso.example".to_owned()]);
        for row in rows() {
            for who in ["alex@contoso.example", "service:report"] {
                for target in TARGETS {
                    let text = format!("{who} \"{}\" \"target={target}\" to=a@b.example files=2", row.name);
                    let case = parse_case(&text, &rows(), &internal).unwrap();
                    let facts: Facts<'_> = case.facts();
                    assert!(fits_schema(&policies, &facts), "{text}");
                    assert_ne!(explain(&policies, &facts).outcome, Outcome::Error, "{text}");
                }
            }
        }
    }

    #[test]
    fn the_schema_names_every_row_once() {
        let text = schema_text(&rows()).unwrap();
        for row in rows() {
            assert_eq!(text.matches(&format!("action \"{}\" in", row.name)).count(), 1, "{}", row.name);
        }
    }
}
