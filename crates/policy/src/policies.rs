//! What is in force: a checked set and what the deployment says besides.

use std::sync::Arc;

use m365_types::{ActionSpec, Audience, InternalDomains, Toolset};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::bundle::{PolicyBundle, hex};
use crate::engine::{Answers, Engine};
use crate::error::PolicyErrors;
use crate::facts::Facts;
use crate::{load, rules};

/// What is in force.
#[derive(Debug)]
pub struct Policies {
    frame: Frame,
    engine: Arc<Engine>,
    bundle_hash: Arc<str>,
    hash: Arc<str>,
    dlp: Option<Value>,
    limits: Option<Value>,
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
    pub fn load(
        frame: Frame,
        rows: impl IntoIterator<Item = &'static ActionSpec>,
        bundle: PolicyBundle,
    ) -> Result<Self, PolicyErrors> {
        let rows: Vec<_> = rows.into_iter().collect();
        let set = load::check(&rows, &bundle)?;
        Self::of(frame, Engine::over(rows, set)?, bundle)
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
        Self::of(frame, Engine::over(rows.into_iter().collect(), set)?, bundle)
    }

    fn of(frame: Frame, engine: Engine, bundle: PolicyBundle) -> Result<Self, PolicyErrors> {
        let bundle_hash = bundle.hash()?;
        let hash = name(&frame, &bundle_hash);
        let PolicyBundle { policies: _, dlp, limits } = bundle;
        Ok(Self { frame, engine: Arc::new(engine), bundle_hash: bundle_hash.into(), hash, dlp, limits })
    }

    /// The same set in another deployment.
    #[must_use]
    pub fn in_frame(&self, frame: Frame) -> Self {
        let hash = name(&frame, &self.bundle_hash);
        let (engine, bundle_hash) = (self.engine.clone(), self.bundle_hash.clone());
        Self { frame, engine, bundle_hash, hash, dlp: self.dlp.clone(), limits: self.limits.clone() }
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

    /// What content inspection is told (`dlp.json`).
    #[must_use]
    pub const fn dlp(&self) -> Option<&Value> {
        self.dlp.as_ref()
    }

    /// What the limits are told (`limits.json`).
    #[must_use]
    pub const fn limits(&self) -> Option<&Value> {
        self.limits.as_ref()
    }

    pub(crate) fn answers<'a>(&'a self, facts: &'a Facts<'a>, audience: &'a Audience) -> Answers<'a> {
        self.engine.answers(facts, audience, (&self.frame.internal, self.frame.toolset.profile))
    }
}

fn name(frame: &Frame, bundle_hash: &str) -> Arc<str> {
    hex(&Sha256::digest(rules::in_force(&frame.toolset, bundle_hash))).into()
}
