//! The rules as data, and the engine they become.

use std::collections::BTreeMap;

use m365_types::Effect;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Dlp;
use super::custom::{Custom, DETECTORS_MAX};
use super::detectors::{DETECTORS, Kind};
use super::error::DlpError;
use super::standard;
use super::subject::{Direction, Subject};

/// Most rules.
const RULES_MAX: usize = 64;

/// What a rule does with a call in which it finds something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Action {
    /// Stops the call.
    Block,
    /// Lets it pass and says so.
    Flag,
    /// Replaces what was found.
    Redact,
}

/// Directions a rule looks in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Directions {
    /// What the assistant passes to a tool.
    Arguments,
    /// Both.
    Both,
    /// What a tool answers.
    Results,
}

/// Labels a rule waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Label {
    /// The person's session holds something marked confidential.
    Confidential,
    /// The person's session holds words of strangers.
    Untrusted,
}

/// Recipients a rule waits for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Recipients {
    /// Whoever they are, and where there are none.
    #[default]
    Any,
    /// At least one is outside the organisation.
    External,
    /// None is outside the organisation.
    Internal,
}

/// One rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DlpRule {
    /// Its name, which findings and records carry.
    pub name: String,
    /// Names of detectors, kinds of detectors, patterns or dictionaries.
    pub detectors: Vec<String>,
    /// What it does.
    pub action: Action,
    /// Where it looks.
    pub direction: Directions,
    /// Tools and effect classes it holds for; empty means every one.
    #[serde(default)]
    pub tools: Vec<String>,
    /// It holds only while one of these labels stands; empty means always.
    #[serde(default)]
    pub labels: Vec<Label>,
    /// Whom the call must reach; anything but `any` is for arguments only.
    #[serde(default)]
    pub recipients: Recipients,
    /// How many different values it takes.
    #[serde(default = "one")]
    pub minimum: usize,
    /// What people read besides when it blocks.
    #[serde(default)]
    pub message: Option<String>,
}

const fn one() -> usize {
    1
}

/// The rules of a policy bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DlpRules {
    /// In order; all that hold are applied, and the strictest action wins.
    pub rules: Vec<DlpRule>,
    /// Patterns by name.
    #[serde(default)]
    pub patterns: BTreeMap<String, String>,
    /// Words and phrases by name.
    #[serde(default)]
    pub dictionaries: BTreeMap<String, Vec<String>>,
}

impl DlpRules {
    /// Reads rules and makes them ready. `tools` are the names of the tools there are.
    ///
    /// # Errors
    ///
    /// [`DlpError`] says in a sentence which rule, pattern or dictionary is wrong, and why.
    pub fn parse(json: &Value, tools: &[&str]) -> Result<Dlp, DlpError> {
        match Self::deserialize(json) {
            Ok(rules) => rules.compile(tools),
            Err(error) => Err(culprit(json).unwrap_or(DlpError::Form(error))),
        }
    }

    /// Makes the rules ready.
    ///
    /// # Errors
    ///
    /// As [`DlpRules::parse`].
    pub fn compile(&self, tools: &[&str]) -> Result<Dlp, DlpError> {
        for (what, count, max) in [
            ("rules", self.rules.len(), RULES_MAX),
            ("patterns", self.patterns.len(), DETECTORS_MAX),
            ("dictionaries", self.dictionaries.len(), DETECTORS_MAX),
        ] {
            if count > max {
                return Err(DlpError::TooMany { what, max });
            }
        }
        let mut custom = Custom::default();
        for (name, pattern) in &self.patterns {
            custom.add_pattern(name, pattern)?;
        }
        for (name, entries) in &self.dictionaries {
            custom.add_dictionary(name, entries)?;
        }
        let mut rules: Vec<Rule> = Vec::with_capacity(self.rules.len());
        for rule in &self.rules {
            if rules.iter().any(|other| other.name == rule.name) {
                return Err(DlpError::RuleTwice { rule: rule.name.clone() });
            }
            rules.push(Rule::compile(rule, &custom, tools)?);
        }
        Ok(Dlp { rules, custom })
    }
}

/// The rule that cannot be read, by name or place.
fn culprit(json: &Value) -> Option<DlpError> {
    json.get("rules")?.as_array()?.iter().enumerate().find_map(|(index, rule)| {
        let error = DlpRule::deserialize(rule).err()?;
        let name = rule.get("name").and_then(Value::as_str);
        Some(DlpError::Rule {
            rule: name.map_or_else(|| format!("number {}", index + 1), str::to_owned),
            error,
        })
    })
}

/// Whether a built-in detector or a kind has this name.
pub(super) fn is_builtin(name: &str) -> bool {
    DETECTORS.iter().any(|detector| detector.name == name)
        || Kind::ALL.iter().any(|kind| kind.as_str() == name)
}

/// Which calls a rule holds for, by tool.
#[derive(Debug, Default)]
struct Tools {
    names: Vec<String>,
    effects: Vec<Effect>,
}

impl Tools {
    fn holds(&self, subject: &Subject<'_>) -> bool {
        (self.names.is_empty() && self.effects.is_empty())
            || self.effects.contains(&subject.effect)
            || self.names.iter().any(|name| name == subject.tool)
    }
}

/// A rule made ready: its detectors are numbers.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) detectors: Vec<usize>,
    pub(super) action: Action,
    direction: Directions,
    tools: Tools,
    labels: Vec<Label>,
    recipients: Recipients,
    pub(super) minimum: usize,
    pub(super) message: Option<String>,
}

impl Rule {
    /// One of the rules that hold where no others are given.
    pub(super) fn standard(rule: &standard::Rule) -> Self {
        let is_meant = |kind: &Kind| rule.kinds.contains(kind);
        let detectors = DETECTORS.iter().enumerate().filter(|(_, detector)| is_meant(&detector.kind));
        Self {
            name: rule.name.to_owned(),
            detectors: detectors.map(|(index, _)| index).collect(),
            action: rule.action,
            direction: rule.direction,
            tools: Tools { names: Vec::new(), effects: rule.effects.to_vec() },
            labels: Vec::new(),
            recipients: rule.recipients,
            minimum: 1,
            message: None,
        }
    }

    fn compile(rule: &DlpRule, custom: &Custom, tools: &[&str]) -> Result<Self, DlpError> {
        let name = || rule.name.clone();
        if rule.detectors.is_empty() {
            return Err(DlpError::RuleNothing { rule: name() });
        }
        if rule.minimum == 0 {
            return Err(DlpError::RuleMinimum { rule: name() });
        }
        if rule.recipients != Recipients::Any && rule.direction != Directions::Arguments {
            return Err(DlpError::RuleRecipients { rule: name() });
        }
        let mut detectors = Vec::new();
        for wanted in &rule.detectors {
            let found = named(wanted, custom);
            if found.is_empty() {
                return Err(DlpError::UnknownDetector { rule: name(), detector: wanted.clone() });
            }
            detectors.extend(found);
        }
        detectors.sort_unstable();
        detectors.dedup();
        let mut meant = Tools::default();
        for tool in &rule.tools {
            match Effect::ALL.iter().find(|effect| effect.as_str() == tool) {
                Some(effect) => meant.effects.push(*effect),
                None if tools.contains(&tool.as_str()) => meant.names.push(tool.clone()),
                None => return Err(DlpError::UnknownTool { rule: name(), tool: tool.clone() }),
            }
        }
        Ok(Self {
            name: name(),
            detectors,
            action: rule.action,
            direction: rule.direction,
            tools: meant,
            labels: rule.labels.clone(),
            recipients: rule.recipients,
            minimum: rule.minimum,
            message: rule.message.clone(),
        })
    }

    /// Whether the rule has a say in this.
    pub(super) fn holds(&self, subject: &Subject<'_>) -> bool {
        let is_direction = match self.direction {
            Directions::Arguments => subject.direction == Direction::Arguments,
            Directions::Both => true,
            Directions::Results => subject.direction == Direction::Results,
        };
        let stands = |label: &Label| match label {
            Label::Confidential => subject.confidential,
            Label::Untrusted => subject.untrusted,
        };
        let is_recipient = match self.recipients {
            Recipients::Any => true,
            Recipients::External => subject.external_recipients,
            Recipients::Internal => !subject.external_recipients,
        };
        let is_labelled = self.labels.is_empty() || self.labels.iter().any(stands);
        is_direction && is_recipient && is_labelled && self.tools.holds(subject)
    }
}

/// Numbers of the detectors with this name or of this kind.
fn named(name: &str, custom: &Custom) -> Vec<usize> {
    let built_in = DETECTORS.iter().map(|detector| detector.name == name || detector.kind.as_str() == name);
    let operators = custom.names().iter().map(|other| other == name);
    built_in.chain(operators).enumerate().filter(|(_, is_meant)| *is_meant).map(|(index, _)| index).collect()
}
