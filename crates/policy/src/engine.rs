//! The set in force, asked with and without a yes. Every answer but Cedar's unclouded one is a no.

use std::sync::OnceLock;

use cedar_policy::{Authorizer, Decision as Cedar, PolicyId, PolicySet, Schema};
use m365_types::{ActionSpec, Audience, InternalDomains, Profile};

use crate::error::PolicyErrors;
use crate::facts::{Asked, Facts, Vocabulary, Yes};
use crate::load;

/// A checked set with what is made once.
pub(crate) struct Engine {
    set: PolicySet,
    rows: Vec<&'static ActionSpec>,
    /// Made where a test asks for it.
    schema: OnceLock<Option<Schema>>,
    vocabulary: Vocabulary,
    authorizer: Authorizer,
}

/// Cedar's answer to one question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it is permitted.
    pub allowed: bool,
    /// The policies that decided, in alphabetical order; none where no policy applied.
    pub policies: Vec<String>,
    /// What they say to people, in the same order; nothing of those that say nothing.
    pub messages: Vec<String>,
    /// Whether something could not be evaluated, which makes it a no.
    pub failed: bool,
}

/// The answers without a yes, with the person's, and with a second person's. The later ones are asked for only where the
/// earlier ones are a no.
pub(crate) struct Answers<'a> {
    engine: &'a Engine,
    asked: Option<Asked<'a>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine(…)")
    }
}

impl Engine {
    /// A set over these rows; its names are made once.
    ///
    /// # Errors
    /// [`PolicyErrors`] where a row has no place in the schema.
    pub(crate) fn over(rows: Vec<&'static ActionSpec>, set: PolicySet) -> Result<Self, PolicyErrors> {
        let vocabulary = Vocabulary::of(&rows)?;
        Ok(Self { set, rows, schema: OnceLock::new(), vocabulary, authorizer: Authorizer::new() })
    }

    fn schema(&self) -> Option<&Schema> {
        self.schema.get_or_init(|| load::schema(&self.rows).ok()).as_ref()
    }

    /// The questions that these facts make.
    pub(crate) fn answers<'a>(
        &'a self,
        facts: &'a Facts<'a>,
        audience: &'a Audience,
        frame: (&InternalDomains, Profile),
    ) -> Answers<'a> {
        Answers { engine: self, asked: self.vocabulary.ask(facts, audience, frame) }
    }

    /// How many policies there are.
    pub(crate) fn len(&self) -> usize {
        self.set.policies().count()
    }

    fn message(&self, id: &PolicyId) -> Option<String> {
        self.set.annotation(id, "message").map(str::to_owned)
    }
}

impl Answers<'_> {
    /// The answer with this yes.
    pub(crate) fn with(&self, yes: Yes) -> Verdict {
        self.asked.as_ref().and_then(|asked| self.evaluate(asked, yes)).unwrap_or(Verdict {
            allowed: false,
            policies: Vec::new(),
            messages: Vec::new(),
            failed: true,
        })
    }

    /// Whether Cedar finds the question to be one of the schema. Costs as much as the answer, so only tests ask.
    pub(crate) fn fits_schema(&self) -> bool {
        let (Some(asked), Some(schema)) = (&self.asked, self.engine.schema()) else { return false };
        let entities = cedar_policy::Entities::from_entities(asked.entities.clone(), Some(schema));
        asked.with(Yes::Nobodys, Some(schema)).is_some() && entities.is_ok()
    }

    fn evaluate(&self, asked: &Asked<'_>, yes: Yes) -> Option<Verdict> {
        let engine = self.engine;
        let response = engine.authorizer.is_authorized(&asked.with(yes, None)?, &engine.set, &asked.entities);
        // Cedar leaves a policy out that cannot be evaluated; one that forbids would then not forbid.
        let failed = response.diagnostics().errors().next().is_some();
        let mut ids: Vec<&PolicyId> = response.diagnostics().reason().collect();
        ids.sort_by(|left, right| AsRef::<str>::as_ref(left).cmp(right.as_ref()));
        Some(Verdict {
            allowed: !failed && response.decision() == Cedar::Allow,
            messages: ids.iter().filter_map(|id| engine.message(id)).collect(),
            policies: ids.into_iter().map(ToString::to_string).collect(),
            failed,
        })
    }
}
