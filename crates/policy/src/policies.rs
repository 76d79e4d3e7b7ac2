//! What is in force: a checked set and what the deployment says besides.

use std::sync::Arc;

use m365_types::{ActionSpec, Audience, InternalDomains, Toolset, hex};
use sha2::{Digest as _, Sha256};

use crate::bundle::PolicyBundle;
use crate::dlp::{Dlp, DlpRules};
use crate::engine::{Answers, Engine};
use crate::error::{PolicyError, PolicyErrors};
use crate::facts::Facts;
use crate::{Limits, load, rules};

/// What is in force.
#[derive(Debug)]
pub struct Policies {
    frame: Frame,
    engine: Arc<Engine>,
    bundle_hash: Arc<str>,
    hash: Arc<str>,
    content: Arc<Content>,
}

/// What a set says besides who may do what.
#[derive(Debug)]
struct Content {
    dlp: Dlp,
    limits: Limits,
}

impl Content {
    /// What the bundle says, and where it says nothing what ships.
    fn of(rows: &[&'static ActionSpec], bundle: &PolicyBundle) -> Result<Self, PolicyErrors> {
        let names: Vec<&str> = rows.iter().map(|row| row.name).collect();
        let dlp = match &bundle.dlp {
            Some(json) => {
                DlpRules::parse(json, &names).map_err(|error| PolicyError::Dlp(error.to_string()))?
            }
            None => Dlp::standard(),
        };
        let limits = match &bundle.limits {
            Some(json) => Limits::parse(json, names).map_err(PolicyError::Limits)?,
            None => Limits::standard(),
        };
        Ok(Self { dlp, limits })
    }
}

/// What the deployment says besides policy.
#[derive(Clone, Debug)]
pub struct Frame {
    /// What is offered.
    pub toolset: Toolset,
    /// Who is inside.
    pub internal: InternalDomains,
}

impl Policies {
    /// Checks a set against the rows of the table and makes it ready to be asked. Pure, and costs milliseconds.
    ///
    /// # Errors
    /// Everything that is wrong with it. Warnings of the validator are errors: a policy that can never apply is a mistake
    /// that nobody would hear of otherwise.
    #[expect(clippy::needless_pass_by_value, reason = "whoever loads a set is done with it")]
    pub fn load(
        frame: Frame,
        rows: impl IntoIterator<Item = &'static ActionSpec>,
        bundle: PolicyBundle,
    ) -> Result<Self, PolicyErrors> {
        let rows: Vec<_> = rows.into_iter().collect();
        let set = load::check(&rows, &bundle)?;
        let content = Content::of(&rows, &bundle)?;
        Self::of(frame, Engine::over(rows, set)?, content, &bundle)
    }

    /// The set that ships. It is checked when this program is built, so that no start waits for that.
    ///
    /// # Errors
    /// None that a test does not find: where a row has no place in the schema.
    pub fn standard(
        frame: Frame,
        rows: impl IntoIterator<Item = &'static ActionSpec>,
    ) -> Result<Self, PolicyErrors> {
        let bundle = PolicyBundle::standard();
        let set = load::parse(&bundle)?;
        let rows: Vec<_> = rows.into_iter().collect();
        let content = Content::of(&rows, &bundle)?;
        Self::of(frame, Engine::over(rows, set)?, content, &bundle)
    }

    fn of(
        frame: Frame,
        engine: Engine,
        content: Content,
        bundle: &PolicyBundle,
    ) -> Result<Self, PolicyErrors> {
        let bundle_hash = bundle.hash()?;
        let hash = name(&frame, &bundle_hash);
        let (engine, content) = (Arc::new(engine), Arc::new(content));
        Ok(Self { frame, engine, bundle_hash: bundle_hash.into(), hash, content })
    }

    /// The same set in another deployment.
    #[must_use]
    pub fn in_frame(&self, frame: Frame) -> Self {
        let hash = name(&frame, &self.bundle_hash);
        let (engine, bundle_hash) = (self.engine.clone(), self.bundle_hash.clone());
        Self { frame, engine, bundle_hash, hash, content: self.content.clone() }
    }

    /// What the deployment says besides policy.
    #[must_use]
    pub const fn frame(&self) -> &Frame {
        &self.frame
    }

    /// The name of what is in force, in every record: the hash of the set and of what is offered, lower-case hex.
    #[must_use]
    pub const fn hash(&self) -> &Arc<str> {
        &self.hash
    }

    /// The name of the set alone: what `m365-mcp policy check` prints, lower-case hex.
    #[must_use]
    pub const fn bundle_hash(&self) -> &Arc<str> {
        &self.bundle_hash
    }

    /// How many policies the set has.
    #[must_use]
    pub fn count(&self) -> usize {
        self.engine.len()
    }

    /// What is looked for in what goes in and out (`dlp.json`).
    #[must_use]
    pub fn dlp(&self) -> &Dlp {
        &self.content.dlp
    }

    /// How much may be done (`limits.json`).
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.content.limits
    }

    pub(crate) fn answers<'a>(&'a self, facts: &'a Facts<'a>, audience: &'a Audience) -> Answers<'a> {
        self.engine.answers(facts, audience, (&self.frame.internal, self.frame.toolset.profile))
    }
}

fn name(frame: &Frame, bundle_hash: &str) -> Arc<str> {
    hex(&Sha256::digest(rules::in_force(&frame.toolset, bundle_hash))).into()
}
