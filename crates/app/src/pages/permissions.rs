//! What an application may do, in plain words, sorted by how far it reaches.

use m365_types::{Effect, Scope, ScopeSet};
use maud::{Markup, html};

/// Heading of a group.
const fn heading(effect: Effect) -> &'static str {
    match effect {
        Effect::Read => "Read",
        Effect::Write => "Change what is yours",
        Effect::Send => "Reach other people in your name",
        Effect::Destroy => "Delete",
    }
}

/// Nobody reads a list to its end.
const FURTHEST_FIRST: [Effect; 4] = [Effect::Send, Effect::Destroy, Effect::Write, Effect::Read];

/// The permissions by group, those that reach furthest first.
pub(super) fn permissions(scopes: &ScopeSet) -> Markup {
    html! {
        @for group in FURTHEST_FIRST {
            @let members: Vec<Scope> = scopes.iter().filter(|scope| scope.effect() == group).collect();
            @if !members.is_empty() {
                div .group {
                    h3 { (heading(group)) }
                    ul { @for scope in members { li { (scope.consent()) " " code .scope { (scope) } @if scope.needs_administrator() { " (an administrator grants it)" } } } }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_permission_is_shown_as_weaker_than_what_it_lets_a_tool_do() {
        let rank = |effect: Effect| FURTHEST_FIRST.iter().position(|known| *known == effect);
        for action in m365_graph::catalog() {
            let spec = &action.spec;
            let shown = spec.scopes.iter().map(|scope| rank(scope.effect())).min();
            assert!(spec.scopes.is_empty() || shown <= Some(rank(spec.effect)), "{}", spec.name);
        }
    }

    #[test]
    fn every_permission_is_shown_once_under_a_heading_of_its_own_kind() {
        let shown = permissions(&Scope::ALL.iter().copied().collect()).into_string();
        for scope in Scope::ALL {
            assert_eq!(shown.matches(&format!(">{scope}<")).count(), 1, "{shown}");
        }
        let (reach, read) = (shown.find("Reach other people").unwrap(), shown.find(">Read<").unwrap());
        assert!(reach < shown.find("Mail.Send").unwrap() && shown.find("Mail.Send").unwrap() < read);
        assert!(!permissions(&[Scope::MailRead].into_iter().collect()).into_string().contains("Reach"));
    }
}
