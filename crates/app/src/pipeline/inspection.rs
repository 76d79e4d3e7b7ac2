//! Data loss prevention on the way of a call: on its arguments, on what it would really do, and on its answer.
//!
//! What the gateway's own data loss prevention cannot see is seen here: words inside attachments and files, which travel
//! encoded, and answers, which do not pass the gateway. With `INSPECT_RESPONSES=gateway` answers pass it too, by the echo.
//!
//! Invariants: what is blocked goes nowhere; what is redacted is the only copy that goes on; what was found is recorded by
//! rule and detector, never by its text.

use m365_graph::Answer;
use m365_policy::dlp::{BLOCKED, Direction, Finding, Inspection, Subject, Verdict};
use m365_policy::effect_of;
use m365_ports::{EchoError, Trace};
use m365_types::{Intent, Label, Labels, ResolvedEffect};
use serde_json::json;

use super::Stop;
use super::call::{Call, Unanswered};
use super::decision::Denied;
use crate::errors;

/// What was noticed on the way of a call, for its record.
#[derive(Default)]
pub(super) struct Remarks {
    /// Fixed words.
    pub(super) notes: Vec<String>,
    /// Exchanges besides those of the call itself.
    pub(super) traces: Vec<Trace>,
}

impl Remarks {
    pub(super) fn note(&mut self, word: &str) {
        self.notes.push(word.to_owned());
    }

    fn found(&mut self, findings: &[Finding]) {
        for finding in findings {
            let word = format!("dlp.{}.{}", finding.rule, finding.detector);
            // Text and data of an answer hold the same.
            if !self.notes.contains(&word) {
                self.notes.push(word);
            }
        }
    }
}

const ECHOED: &str = "The organisation's data loss prevention stopped the answer because of what is in it (found by the gateway). Ask for something narrower, or ask the security team. Repeating the same call fails again.";

impl Call {
    /// Inspects the arguments. Where something in them is redacted, the call goes on as if it had been given the copy.
    pub(super) fn inspect_arguments(&mut self, labels: Labels) -> Result<(), Stop> {
        let effect = self.invocation.effect();
        let policies = self.policies()?;
        let subject = self.subject(Direction::Arguments, labels, Some(&effect));
        let Inspection { verdict, findings } = policies.dlp().inspect_json(&subject, &self.arguments);
        self.remarks.found(&findings);
        match verdict {
            Verdict::Clean | Verdict::Flagged => Ok(()),
            Verdict::Blocked { rule, sentence } => Err(self.blocked(&rule, sentence)),
            Verdict::Redacted(copy) => {
                let parsed = copy.as_object().map(|copy| self.action.parse(copy));
                let Some(Ok(invocation)) = parsed else {
                    let sentence = "Nothing was done: the organisation's data loss prevention takes something out of the arguments, and without it they do not fit. Take the sensitive content out yourself.";
                    return Err(self.blocked("redaction", sentence.to_owned()));
                };
                (self.invocation, self.arguments) = (invocation, copy);
                Ok(())
            }
        }
    }

    /// Inspects what the call would really do: the body of a draft, the words inside its files. Nothing can be taken out of
    /// that here, so a rule that would redact blocks.
    pub(super) fn inspect_effect(&mut self, labels: Labels, effect: &ResolvedEffect) -> Result<(), Stop> {
        let policies = self.policies()?;
        let subject = self.subject(Direction::Arguments, labels, Some(effect));
        let files: Vec<_> = effect.files.iter().map(|file| json!([file.name, file.text])).collect();
        let body = effect.body.as_ref().map(|body| &body.text);
        let facts: Vec<_> = effect.facts.iter().map(|fact| json!([fact.name, fact.value])).collect();
        let content = json!({ "body": body, "facts": facts, "files": files });
        let Inspection { verdict, findings } = policies.dlp().inspect_json(&subject, &content);
        self.remarks.found(&findings);
        match verdict {
            Verdict::Clean | Verdict::Flagged => Ok(()),
            Verdict::Blocked { rule, sentence } => Err(self.blocked(&rule, sentence)),
            Verdict::Redacted(_) => {
                let sentence = "Nothing was done: the organisation's data loss prevention does not let what the item holds go out as it is. Take the sensitive content out of it, then call again.";
                Err(self.blocked("redaction", sentence.to_owned()))
            }
        }
    }

    /// Inspects an answer; what comes back is what may be handed out.
    pub(super) async fn inspect_answer(
        &self,
        intent: &Intent,
        mut answer: Answer,
        remarks: &mut Remarks,
    ) -> Result<Answer, Unanswered> {
        let Ok(policies) = self.policies() else {
            return Err(Unanswered::withheld(errors::POLICY.code, errors::POLICY.sentence.to_owned()));
        };
        let labels = intent.permit().terms().labels.union(self.labels(&answer));
        let subject = self.subject(Direction::Results, labels, None);
        let text = policies.dlp().inspect_text(&subject, &answer.text);
        remarks.found(&text.findings);
        match text.verdict {
            Verdict::Clean | Verdict::Flagged => {}
            Verdict::Redacted(copy) => answer.text = copy,
            Verdict::Blocked { sentence, .. } => return Err(Unanswered::withheld(BLOCKED, sentence)),
        }
        let data = policies.dlp().inspect_json(&subject, &answer.structured);
        remarks.found(&data.findings);
        match data.verdict {
            Verdict::Clean | Verdict::Flagged => {}
            Verdict::Redacted(copy) => answer.structured = copy,
            Verdict::Blocked { sentence, .. } => return Err(Unanswered::withheld(BLOCKED, sentence)),
        }
        self.check(intent, &mut answer, remarks).await;
        self.echo(intent, &answer, remarks).await?;
        Ok(answer)
    }

    /// Has the gateway see the answer, where the operator wants that.
    async fn echo(&self, intent: &Intent, answer: &Answer, remarks: &mut Remarks) -> Result<(), Unanswered> {
        let Some(echo) = &self.cell.core().echo else { return Ok(()) };
        let payload = json!({ "text": answer.text, "data": answer.structured }).to_string();
        let error = match echo.inspect(intent, payload.into()).await {
            Ok(inspection) => {
                if inspection.flagged {
                    remarks.note("dlp.gateway.flagged");
                }
                remarks.traces.push(inspection.trace);
                return Ok(());
            }
            Err(error) => error,
        };
        remarks.traces.extend(error.trace().cloned());
        Err(match error {
            EchoError::DlpBlocked { .. } => Unanswered::withheld(BLOCKED, ECHOED.to_owned()),
            other => Unanswered::withheld(
                "dlp.unavailable",
                format!(
                    "The answer is withheld: {other}. Try again in a minute, and tell the operator if it stays so."
                ),
            ),
        })
    }

    fn subject<'a>(
        &'a self,
        direction: Direction,
        labels: Labels,
        effect: Option<&ResolvedEffect>,
    ) -> Subject<'a> {
        let internal = &self.cell.core().config.internal;
        let audience = effect.map(|effect| effect.audience(internal));
        Subject {
            direction,
            tool: self.action.spec.name,
            effect: effect.map_or(self.action.spec.effect, |effect| effect_of(&self.action.spec, effect)),
            untrusted: labels.has(Label::Untrusted),
            confidential: labels.has(Label::Confidential),
            // Of whom nobody can say is not inside.
            external_recipients: audience
                .is_some_and(|audience| audience.outside > 0 || audience.unknown > 0),
        }
    }

    fn blocked(&self, rule: &str, sentence: String) -> Stop {
        let denied = Denied { code: BLOCKED, basis: Some(rule) };
        self.cell.record_denial(&self.actor, self.action, denied);
        Stop::Told(sentence)
    }
}
