//! The policy in force: the set that ships, or the operator's own, read again as it changes.
//!
//! In scope: when a source is asked, what of its answers is accepted, what stays in force when one is not. Out of scope:
//! the place itself (the host's [`PolicySource`]) and the decision (`m365-policy`).
//!
//! Invariants:
//! * a set that does not load, is not signed, or is older than the one in force changes nothing, and is said loudly;
//! * where the operator has a set of their own and none of it was ever accepted, nothing is decided: never the set that
//!   ships in its place;
//! * within this process, versions only grow.

use std::sync::{Arc, Mutex, PoisonError};

use m365_policy::{Frame, Policies, PolicyBundle, PolicyErrors, SignedBundle};
use m365_ports::{Clock, PolicyDocument, PolicySource, PolicySourceError};
use m365_seal::PolicyVerifier;
use m365_types::{ActionSpec, UnixMillis};
use sha2::{Digest as _, Sha256};

/// What the commands about policy use.
pub use ::m365_policy;

/// The rows that a policy can name.
#[must_use]
pub fn rows() -> Vec<&'static ActionSpec> {
    m365_graph::catalog().map(|action| &action.spec).collect()
}

/// Keeps what is in force.
pub(crate) struct PolicyKeeper {
    frame: Frame,
    /// None where the set that ships is in force for good.
    source: Option<Source>,
    clock: Arc<dyn Clock>,
    state: Mutex<State>,
}

struct Source {
    port: Arc<dyn PolicySource>,
    key: Option<PolicyVerifier>,
}

#[derive(Default)]
struct State {
    in_force: Option<Arc<Policies>>,
    version: u64,
    /// Digest of what the source said last, accepted or not: the same again is not worked through again.
    seen: Option<[u8; 32]>,
    /// Digest of what is in force: an answer that has gone back to it is as it should be.
    accepted: Option<[u8; 32]>,
    asked: Option<UnixMillis>,
    refused: Option<Arc<str>>,
}

/// Why an operator's set does not come into force. The sentence is for the operator.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PolicyRefusal {
    /// The place is empty.
    #[error("there is no policy set in its place")]
    Absent,
    /// It does not load.
    #[error("{0}")]
    Invalid(#[from] PolicyErrors),
    /// Somebody put an older set back.
    #[error(
        "version {offered} is not newer than version {in_force}, which is in force; a set is replaced by a newer one only"
    )]
    Older {
        /// Of the set that is refused.
        offered: u64,
        /// Of the set that stays.
        in_force: u64,
    },
    /// The place does not answer.
    #[error("{0}")]
    Source(#[from] PolicySourceError),
    /// The signature is not the operator's.
    #[error("the signature is not one of the key in POLICY_PUBLIC_KEY")]
    Unsigned,
}

impl From<m365_policy::PolicyError> for PolicyRefusal {
    fn from(error: m365_policy::PolicyError) -> Self {
        Self::Invalid(error.into())
    }
}

impl PolicyKeeper {
    /// Nothing is read before somebody asks. A source whose sets are signed is used where there is a key.
    ///
    /// # Errors
    /// Where the set that ships does not load, which a test rules out.
    pub(crate) fn new(
        frame: Frame,
        source: Option<Arc<dyn PolicySource>>,
        key: Option<PolicyVerifier>,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, PolicyErrors> {
        let source = source.filter(|source| key.is_some() || !source.is_signed());
        let in_force = match &source {
            Some(_) => None,
            None => Some(Arc::new(Policies::standard(frame.clone(), rows())?)),
        };
        let state = Mutex::new(State { in_force, ..State::default() });
        Ok(Self { frame, source: source.map(|port| Source { port, key }), clock, state })
    }

    /// What is in force as far as it was read; none where nothing ever was.
    pub(crate) fn current(&self) -> Option<Arc<Policies>> {
        self.state().in_force.clone()
    }

    /// The same, the source asked first where its last answer is too old.
    pub(crate) async fn fresh(&self) -> Option<Arc<Policies>> {
        let Some(source) = self.source.as_ref().filter(|source| self.is_due(source)) else {
            return self.current();
        };
        // Several may ask at once; the order in which they get here does not matter, since versions only grow and the
        // same answer is worked through once.
        match source.port.read().await {
            Ok(document) => self.take(source, document),
            Err(error) => self.keep_good(&PolicyRefusal::Source(error)),
        }
        self.current()
    }

    /// Whether the source has to be asked, in which case whoever was told so asks it. Where nothing is in force yet,
    /// everybody does.
    fn is_due(&self, source: &Source) -> bool {
        let (now, interval) = (self.clock.now(), source.port.interval());
        let mut state = self.state();
        let old = state.asked.is_none_or(|asked| now.since(asked) >= interval || now < asked);
        if old {
            state.asked = Some(now);
        }
        old || state.in_force.is_none()
    }

    fn take(&self, source: &Source, document: Option<PolicyDocument>) {
        let digest = digest(document.as_ref());
        {
            let mut state = self.state();
            if state.accepted == Some(digest) {
                (state.seen, state.refused) = (Some(digest), None);
            }
            if state.seen == Some(digest) {
                return;
            }
        }
        match self.load(source, document) {
            Ok((policies, version)) => {
                let hash = policies.hash().clone();
                {
                    let mut state = self.state();
                    // Another answer may have come into force meanwhile.
                    if version < state.version {
                        return;
                    }
                    *state = State {
                        in_force: Some(Arc::new(policies)),
                        version,
                        seen: Some(digest),
                        accepted: Some(digest),
                        asked: state.asked,
                        refused: None,
                    };
                }
                tell_change(&hash, version);
            }
            Err(refusal) => {
                self.state().seen = Some(digest);
                self.keep_good(&refusal);
            }
        }
    }

    fn load(
        &self,
        source: &Source,
        document: Option<PolicyDocument>,
    ) -> Result<(Policies, u64), PolicyRefusal> {
        let (bundle, version) = match document.ok_or(PolicyRefusal::Absent)? {
            PolicyDocument::Plain(json) => (PolicyBundle::parse(&json)?, 0),
            PolicyDocument::Signed(json) => self.verified(source, &json)?,
        };
        Ok((Policies::load(self.frame.clone(), rows(), bundle)?, version))
    }

    /// The texts of a signed set: nothing of them is looked at before the signature and the version are.
    fn verified(&self, source: &Source, json: &[u8]) -> Result<(PolicyBundle, u64), PolicyRefusal> {
        let signed = SignedBundle::parse(json)?;
        let message = signed.message()?;
        if !source.key.as_ref().is_some_and(|key| key.verifies(&message, &signed.signature)) {
            return Err(PolicyRefusal::Unsigned);
        }
        let state = self.state();
        if state.in_force.is_some() && signed.version <= state.version {
            return Err(PolicyRefusal::Older { offered: signed.version, in_force: state.version });
        }
        Ok((signed.bundle, signed.version))
    }

    /// Nothing changes; the operator hears of it once for each answer.
    fn keep_good(&self, refusal: &PolicyRefusal) {
        let sentence: Arc<str> = refusal.to_string().into();
        let (said, kept) = {
            let mut state = self.state();
            let said = state.refused.replace(sentence.clone()).is_some_and(|before| before == sentence);
            (said, state.in_force.as_ref().map(|policies| policies.hash().clone()))
        };
        if !said {
            tell_refusal(&sentence, kept.as_deref());
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A set of the operator's did not come into force. The one place for whoever else is to hear of it (`policy.refused`).
pub(crate) fn tell_refusal(sentence: &str, kept: Option<&str>) {
    if let Some(hash) = kept {
        tracing::error!(
            problem = sentence,
            policyHash = hash,
            "a policy set was refused; the one before stays in force"
        );
    } else {
        tracing::error!(
            problem = sentence,
            "a policy set was refused and there is none before it; nothing is decided until that is repaired"
        );
    }
}

/// A set of the operator's came into force. The one place for whoever else is to hear of it (`policy.changed`).
pub(crate) fn tell_change(hash: &str, version: u64) {
    tracing::info!(policyHash = hash, version, "a policy set came into force");
}

fn digest(document: Option<&PolicyDocument>) -> [u8; 32] {
    let mut hasher = Sha256::new();
    match document {
        None => hasher.update([0]),
        Some(PolicyDocument::Plain(json)) => {
            hasher.update([1]);
            hasher.update(json);
        }
        Some(PolicyDocument::Signed(json)) => {
            hasher.update([2]);
            hasher.update(json);
        }
    }
    hasher.finalize().into()
}

#[cfg(test)]
mod tests;
