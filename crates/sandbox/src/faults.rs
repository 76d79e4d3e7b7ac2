//! Fault injection: what the next matching requests to a simulated system run into.
//!
//! Rules are kept in the order they were asked for; the first that matches a request is taken and its count goes
//! down. Invariant: a rule with `times` is applied exactly that often, however many requests race for it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A simulated system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Target {
    /// Cloudflare Access: the team domain and the edge's login.
    Access,
    /// The hosts of client metadata documents.
    Clients,
    /// Microsoft Entra ID.
    Entra,
    /// Cloudflare AI Gateway.
    Gateway,
    /// Microsoft Graph.
    Graph,
    /// The language models behind the gateway of models.
    Llm,
    /// The hosts that keep content: SharePoint, OneDrive, attachments of Outlook.
    Sharepoint,
    /// The hosts that receive webhooks.
    Webhook,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Entra answers with this AADSTS code, its `error` and its HTTP status.
    Aadsts {
        /// The number after `AADSTS`.
        code: u32,
    },
    /// The gateway serves an answer from its cache although the request forbade it.
    CacheHit,
    /// Graph challenges whatever token it is shown (continuous access evaluation).
    ClaimsChallenge {
        /// The HTTP status, 401 or 403.
        status: u16,
    },
    /// The answer comes late and is otherwise as usual.
    Delay {
        /// How late, in milliseconds.
        ms: u64,
    },
    /// The gateway's data-loss prevention blocks the request.
    DlpRequest,
    /// The gateway's data-loss prevention blocks the response.
    DlpResponse,
    /// The gateway's guardrails stop a prompt.
    GuardrailPrompt,
    /// The gateway's guardrails stop a model's answer.
    GuardrailResponse,
    /// The answer is not what the format promises.
    Malformed,
    /// Too many requests.
    RateLimit,
    /// The connection is closed without an answer.
    Reset,
    /// A spending limit of the gateway is used up.
    SpendLimit,
    /// The system's own error body with this HTTP status.
    Status {
        /// The HTTP status, 400 to 599.
        status: u16,
    },
}

/// Which requests run into which fault, how often.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The system it applies to.
    pub target: Target,
    /// Requests whose path starts so; `None`: all.
    pub path_prefix: Option<String>,
    /// Requests made for this person, by e-mail address; `None`: all.
    pub person: Option<String>,
    /// What goes wrong.
    pub fault: Fault,
    /// How often; `None`: until cleared.
    pub times: Option<u32>,
}

/// The rules in force.
#[derive(Debug, Default)]
pub struct Faults {
    rules: Mutex<Vec<Rule>>,
}

impl Faults {
    /// Adds a rule behind those in force; one with `times` 0 never applies.
    pub fn add(&self, rule: Rule) {
        if rule.times != Some(0) {
            self.rules.lock().unwrap_or_else(PoisonError::into_inner).push(rule);
        }
    }

    /// Takes (and counts down `times` of) the first fault matching target, path prefix and person e-mail.
    #[must_use]
    pub fn take(&self, target: Target, path: &str, person: Option<&str>) -> Option<Fault> {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let position = rules.iter().position(|rule| rule.matches(target, path, person))?;
        let rule = rules.get_mut(position)?;
        let fault = rule.fault;
        if let Some(times) = &mut rule.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                rules.remove(position);
            }
        }
        Some(fault)
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Rule {
    fn matches(&self, target: Target, path: &str, person: Option<&str>) -> bool {
        self.target == target
            && self.path_prefix.as_deref().is_none_or(|prefix| path.starts_with(prefix))
            && self
                .person
                .as_deref()
                .is_none_or(|wanted| person.is_some_and(|person| person.eq_ignore_ascii_case(wanted)))
    }
}

/// Waits as long as a [`Fault::Delay`] says.
#[expect(
    clippy::disallowed_methods,
    reason = "a late answer is what this fault is; no other code of the estate waits"
)]
pub async fn wait_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(fault: Fault) -> Rule {
        Rule { target: Target::Graph, path_prefix: None, person: None, fault, times: None }
    }

    #[test]
    fn a_fault_with_a_count_applies_exactly_that_often() {
        let faults = Faults::default();
        faults.add(Rule { times: Some(2), ..rule(Fault::Reset) });
        faults.add(Rule { times: Some(0), ..rule(Fault::Malformed) });
        let taken: Vec<_> = (0..4).map(|_| faults.take(Target::Graph, "/v1.0/me", None)).collect();
        assert_eq!(taken, [Some(Fault::Reset), Some(Fault::Reset), None, None]);
    }

    #[test]
    fn a_fault_without_a_count_applies_until_cleared() {
        let faults = Faults::default();
        faults.add(rule(Fault::RateLimit));
        for _ in 0..10 {
            assert_eq!(faults.take(Target::Graph, "/", None), Some(Fault::RateLimit));
        }
        faults.clear();
        assert_eq!(faults.take(Target::Graph, "/", None), None);
    }

    #[test]
    fn a_fault_applies_to_its_target_path_and_person_only() {
        let faults = Faults::default();
        faults.add(Rule {
            path_prefix: Some("/v1.0/me/messages".to_owned()),
            person: Some("alex@contoso.example".to_owned()),
            ..rule(Fault::Status { status: 503 })
        });
        let take = |target, path, person| faults.take(target, path, person);
        assert_eq!(take(Target::Entra, "/v1.0/me/messages", Some("alex@contoso.example")), None);
        assert_eq!(take(Target::Graph, "/v1.0/me/events", Some("alex@contoso.example")), None);
        assert_eq!(take(Target::Graph, "/v1.0/me/messages", Some("blair@contoso.example")), None);
        assert_eq!(take(Target::Graph, "/v1.0/me/messages", None), None);
        let hit = take(Target::Graph, "/v1.0/me/messages/1", Some("Alex@contoso.example"));
        assert_eq!(hit, Some(Fault::Status { status: 503 }));
    }
}
