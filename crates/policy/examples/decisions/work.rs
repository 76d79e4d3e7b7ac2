//! What is measured: one case decided, or the set loaded, a number of times. Of no room of its own, because natively a
//! program runs it and in workerd the Worker for tests.

use std::hint::black_box;

use m365_types::{ActionSpec, InternalDomains, Profile, Toolset};

use crate::policy::{Case, Frame, Policies, PolicyBundle, explain_outcome, parse_case};

const WHO: &str = "alex@contoso.example groups=staff,sales country=CH methods=pwd,otp";

/// Does it so often; nothing where there is no such case.
pub(crate) fn run(case: &str, count: u32, rows: &[&'static ActionSpec]) -> Option<()> {
    match case {
        "load" => (0..count).try_for_each(|_| {
            Policies::load(frame(), rows.iter().copied(), PolicyBundle::standard())
                .ok()
                .map(|set| drop(black_box(set)))
        }),
        "start" => (0..count).try_for_each(|_| {
            Policies::standard(frame(), rows.iter().copied()).ok().map(|set| drop(black_box(set)))
        }),
        _ => {
            let policies = Policies::standard(frame(), rows.iter().copied()).ok()?;
            let case = parsed(case, rows)?;
            for _ in 0..count {
                black_box(explain_outcome(&policies, &black_box(case.facts())));
            }
            Some(())
        }
    }
}

fn parsed(case: &str, rows: &[&'static ActionSpec]) -> Option<Case> {
    let rest = match case {
        "permit" => "getEmails".to_owned(),
        "approval" => "sendEmail to=sam@fabrikam.example labels=untrusted".to_owned(),
        "deny" => "sendEmail to=sam@fabrikam.example labels=confidential,untrusted".to_owned(),
        "people" => {
            let people: Vec<String> = (0..100).map(|n| format!("p{n}@d{}.example", n % 20)).collect();
            format!("sendEmail to={}", people.join(","))
        }
        _ => return None,
    };
    let (who, described) = WHO.split_once(' ')?;
    let (action, rest) = rest.split_once(' ').unwrap_or((&rest, ""));
    parse_case(&format!("{who} {action} {described} {rest}"), rows, &frame().internal).ok()
}

fn frame() -> Frame {
    let internal = InternalDomains::new(["contoso.example".to_owned()]);
    Frame { toolset: Toolset::of(Profile::Full), internal }
}
